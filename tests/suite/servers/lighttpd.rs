//! lighttpd.

use super::origin;
use crate::support::daemon::Daemon;

fn start(directives: &str) -> Daemon {
    Daemon::start("lighttpd", |folder, address| {
        let configuration = folder.write(
            "lighttpd.conf",
            format!(
                "server.document-root = \"{folder}/html\"
                 server.bind = \"{host}\"
                 server.port = {port}
                 server.errorlog = \"{folder}/error.log\"
                 mimetype.assign = ( \"\" => \"text/plain\" )
                 index-file.names = ( \"index.html\" )
                 {directives}\n",
                folder = folder.text(),
                host = address.ip(),
                port = address.port(),
                directives = directives
            ),
        );
        vec!["-D".into(), "-f".into(), configuration]
    })
}

#[test]
#[ignore = "needs lighttpd"]
fn ok_it_serves_files() {
    origin::serves_files(&start("server.max-keep-alive-requests = 1000"));
}

#[test]
#[ignore = "needs lighttpd"]
fn ok_no_request_is_lost_where_it_ends_connections() {
    origin::serves_files(&start("server.max-keep-alive-requests = 20"));
}
