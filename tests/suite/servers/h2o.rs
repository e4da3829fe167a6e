//! H2O.

use pannier::ErrorKind;

use super::{h2, upstream};
use crate::support::daemon::Daemon;

fn start(directives: &str, paths: &str) -> Daemon {
    let h2o = Daemon::start("h2o", |folder, address| {
        let configuration = folder.write(
            "h2o.yaml",
            format!(
                "listen:\n  host: {host}\n  port: {port}\n\
                 error-log: {folder}/error.log\n\
                 num-threads: 1\n\
                 {directives}\n\
                 hosts:\n  default:\n    paths:\n{paths}      /:\n        file.dir: {folder}/html\n",
                host = address.ip(),
                port = address.port(),
                folder = folder.text(),
                directives = directives,
                paths = paths
            ),
        );
        ["-m", "worker", "-c", &configuration].map(String::from).to_vec()
    });
    h2::fill(&h2o);
    h2o
}

#[test]
#[ignore = "needs h2o"]
fn ok_it_serves_files() {
    let h2o = start("", "");
    h2::serves(&h2o, 100);
    h2::heads_come_without_content(&h2o);
    h2::speaks_http1_to_the_others(&h2o);
}

#[test]
#[ignore = "needs h2o"]
fn ok_what_it_passes_on_comes_back() {
    let upstream = upstream::start();
    let path = format!("      /up:\n        proxy.reverse.url: \"{}\"\n", upstream.url("/"));
    h2::echoes(&start("", &path), "/up/echo");
}

#[test]
#[ignore = "needs h2o"]
fn ok_an_upload_that_is_refused_early_gets_its_answer() {
    h2::refuses_uploads(&start("", ""), "/small", 405);
}

#[test]
#[ignore = "needs h2o"]
fn err_an_upload_that_it_refuses_costs_no_connection() {
    let h2o = start("limit-request-body: 1000", "");
    let client = h2::client();
    let upload = client.post(h2o.url("/small")).body(vec![b'x'; 1 << 20]);
    // It says REFUSED_STREAM, so that it is asked again.
    assert_eq!(upload.send().unwrap_err().kind(), ErrorKind::Reset);
    assert_eq!((client.pool_stats().created, client.pool_stats().retried), (1, 3));
    for _ in 0..2 {
        assert_eq!(client.get(h2o.url("/small")).send().unwrap().text().unwrap(), "hello");
    }
    assert_eq!(client.pool_stats().created, 1);
}

#[test]
#[ignore = "needs h2o"]
fn ok_a_connection_that_it_let_go_is_replaced() {
    h2::lets_idle_connections_go(&start("http2-idle-timeout: 1", ""));
}
