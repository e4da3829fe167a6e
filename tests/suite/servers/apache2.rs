//! Apache httpd.

use pannier::{Client, Credentials};

use super::origin;
#[cfg(feature = "http2")]
use super::{h2, upstream};
use crate::support::daemon::Daemon;
use crate::support::{builder, client};

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
                directives = directives.replace("FOLDER", &folder.text())
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

const MODULES: [&str; 14] = [
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
    "http2",
    "proxy",
    "proxy_http",
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

/// Two places, each behind an authentication of its own.
fn protected() -> Daemon {
    let apache = start(
        "Alias /digest FOLDER/html
         Alias /basic FOLDER/html
         <Location /digest>
             AuthType Digest
             AuthName \"a realm\"
             AuthDigestProvider file
             AuthUserFile FOLDER/digest
             AuthDigestQop auth
             Require valid-user
         </Location>
         <Location /basic>
             AuthType Basic
             AuthName \"a realm\"
             AuthUserFile FOLDER/basic
             Require valid-user
         </Location>",
    );
    // Of the password `secret`.
    apache.folder.write("digest", "me:a realm:d53248d57311eb6d1c1fc7f2ff531dff\n");
    apache.folder.write("basic", "me:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n");
    apache.folder.serve("small", b"hello");
    apache
}

fn statuses(client: &Client, apache: &Daemon, paths: &[&str]) -> Vec<u16> {
    let status = |path: &&str| client.get(apache.url(path)).send().unwrap().status().as_u16();
    paths.iter().map(status).collect()
}

#[test]
#[ignore = "needs apache2"]
fn ok_credentials_open_what_is_protected_on_one_connection() {
    let apache = protected();
    let paths = ["/digest/small", "/basic/small", "/digest/small?a=%20b", "/small"];
    let origin = pannier::http::Url::parse(&apache.url("/")).unwrap().origin();
    for (credentials, expected) in [
        (Credentials::any("me", "secret"), [200, 200, 200, 200]),
        (Credentials::digest("me", "secret"), [200, 401, 200, 200]),
        (Credentials::basic("me", "secret"), [401, 200, 401, 200]),
    ] {
        let client = builder().credentials(origin.clone(), credentials).build();
        assert_eq!(statuses(&client, &apache, &paths), expected);
        assert_eq!(client.pool_stats().created, 1);
    }
}

#[test]
#[ignore = "needs apache2"]
fn err_a_wrong_password_is_tried_once() {
    let apache = protected();
    for path in ["/digest/small", "/basic/small"] {
        let wrong = Credentials::any("me", "wrong");
        let response = client().get(apache.url(path)).credentials(wrong).send().unwrap();
        assert_eq!(response.status().as_u16(), 401);
        // The question, and the answer that was refused.
        assert_eq!(response.connection().exchanges(), 2);
    }
}

#[cfg(feature = "gzip")]
#[test]
#[ignore = "needs apache2"]
fn ok_what_it_compresses_is_decoded() {
    let apache = start("SetOutputFilter DEFLATE");
    let text = b"pannier ".repeat(10_000);
    apache.folder.serve("text.html", &text);
    let client = client();
    for _ in 0..3 {
        let response = client.get(apache.url("/text.html")).send().unwrap();
        assert!(response.is_decoded());
        assert_eq!(response.bytes().unwrap(), text);
    }
    assert_eq!(client.pool_stats().created, 1);
}

#[cfg(feature = "http2")]
fn start_h2(directives: &str) -> Daemon {
    let apache = start(&format!("Protocols h2c http/1.1\nH2Direct on\n{}", directives));
    h2::fill(&apache);
    apache
}

#[cfg(feature = "http2")]
#[test]
#[ignore = "needs apache2"]
fn ok_h2_it_serves_files_and_passes_on() {
    let upstream = upstream::start();
    let apache = start_h2(&format!("ProxyPass /up/ {}", upstream.url("/")));
    h2::serves_what_is_read(&apache, 100);
    // Of a HEADERS frame that it reads together with an RST_STREAM before, Apache httpd 2.4.68 finds every
    // field invalid, and ends the connection with COMPRESSION_ERROR; read apart, the same bytes are fine.
    h2::an_answer_given_up_costs_no_request(&apache);
    h2::heads_come_without_content(&apache);
    h2::echoes(&apache, "/up/echo");
    h2::speaks_http1_to_the_others(&apache);
}

#[cfg(feature = "http2")]
#[test]
#[ignore = "needs apache2"]
fn ok_h2_a_connection_that_it_let_go_is_replaced() {
    h2::lets_idle_connections_go(&start_h2("KeepAliveTimeout 1"));
}

#[cfg(feature = "http2")]
#[test]
#[ignore = "needs apache2"]
fn ok_h2_an_upload_that_is_refused_early_gets_its_answer() {
    let denied = "<Location /echo>\nRequire all denied\n</Location>";
    // The upload ends by RST_STREAM, of which see above.
    h2::answers_uploads(&start_h2(denied), "/echo", 403);
}
