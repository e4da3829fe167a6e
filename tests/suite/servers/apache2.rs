//! Apache httpd.

use super::origin;
use crate::support::client;
use crate::support::daemon::Daemon;

/// The event MPM with the modules that the subjects need, and these directives.
pub fn start(directives: &str) -> Daemon {
    Daemon::start("apache2", |folder, address| {
        let load = |name: &&str| format!("LoadModule {0}_module modules/mod_{0}.so\n", name);
        let modules: String = MODULES.iter().map(load).collect();
        let configuration = folder.write(
            "apache.conf",
            format!(
                "ServerRoot /usr/lib/apache2
                 {modules}
                 {user}
                 ServerName localhost
                 Listen {address}
                 DefaultRuntimeDir {folder}
                 PidFile {folder}/pid
                 ErrorLog {folder}/error.log
                 Mutex pthread
                 StartServers 1
                 DocumentRoot {folder}/html
                 DirectoryIndex index.html
                 <Directory {folder}/html>
                     Require all granted
                 </Directory>
                 {directives}\n",
                modules = modules,
                user = if is_root() { "User www-data\nGroup www-data" } else { "" },
                address = address,
                folder = folder.text(),
                directives = directives
            ),
        );
        vec!["-f".into(), configuration, "-DFOREGROUND".into()]
    })
}

/// Then it becomes another user, who must be named.
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").unwrap().uid() == 0
}

const MODULES: [&str; 11] = [
    "mpm_event",
    "authz_core",
    "authn_core",
    "authn_file",
    "authz_user",
    "auth_basic",
    "auth_digest",
    "dir",
    "alias",
    "filter",
    "deflate",
];

#[test]
#[ignore = "needs apache2"]
fn ok_it_serves_files() {
    origin::serves_files(&start("MaxKeepAliveRequests 100"));
}

#[test]
#[ignore = "needs apache2"]
fn ok_what_it_says_of_the_connection_is_kept_to() {
    // So many besides the first.
    let apache = start("MaxKeepAliveRequests 4\nKeepAliveTimeout 5");
    apache.folder.serve("small", b"hello");
    let client = client();
    for number in 0..15 {
        let response = client.get(apache.url("/small")).send().unwrap();
        assert_eq!(response.connection().exchanges(), number % 5 + 1);
        assert_eq!(response.text().unwrap(), "hello");
    }
    let stats = client.pool_stats();
    assert_eq!((stats.created, stats.retried), (3, 0));
}
