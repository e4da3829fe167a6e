//! lighttpd.

use super::origin;
#[cfg(feature = "http2")]
use super::{h2, upstream};
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

#[cfg(feature = "http2")]
fn start_h2(directives: &str) -> Daemon {
    let flags =
        "server.feature-flags = ( \"server.h2proto\" => \"enable\", \"server.h2c\" => \"enable\" )";
    let lighttpd = start(&format!("{}\n{}", flags, directives));
    h2::fill(&lighttpd);
    lighttpd
}

#[cfg(feature = "http2")]
#[test]
#[ignore = "needs lighttpd"]
fn ok_h2_it_serves_files_and_passes_on() {
    let upstream = upstream::start();
    let lighttpd = start_h2(&format!(
        "server.modules = ( \"mod_proxy\" )
         $HTTP[\"url\"] =~ \"^/up/\" {{
             proxy.server = ( \"\" => ( ( \"host\" => \"{}\", \"port\" => {} ) ) )
         }}",
        upstream.address().ip(),
        upstream.address().port()
    ));
    h2::serves(&lighttpd, 8);
    h2::heads_come_without_content(&lighttpd);
    // What it passes on to a server of HTTP/1.1 it wants to know the length of.
    h2::echoes_what_has_a_length(&lighttpd, "/up/echo");
    h2::speaks_http1_to_the_others(&lighttpd);
}

#[cfg(feature = "http2")]
#[test]
#[ignore = "needs lighttpd"]
fn ok_h2_a_connection_that_it_let_go_is_replaced() {
    h2::lets_idle_connections_go(&start_h2("server.max-keep-alive-idle = 1"));
}

#[cfg(feature = "http2")]
#[test]
#[ignore = "needs lighttpd"]
fn ok_h2_an_upload_that_is_refused_early_gets_its_answer() {
    h2::refuses_uploads(&start_h2("server.max-request-size = 1"), "/small", 413);
}
