//! nghttpd, the server of nghttp2.

use pannier::ErrorKind;

use super::h2;
use crate::support::daemon::Daemon;

fn start(more: &[&str]) -> Daemon {
    let nghttpd = Daemon::start("nghttpd", |folder, address| {
        let (ip, port) = (address.ip().to_string(), address.port().to_string());
        let html = folder.text() + "/html";
        let words = ["--no-tls", "--address", &ip, "--htdocs", &html].map(String::from);
        let more = more.iter().map(|word| word.to_string());
        words.into_iter().chain(more).chain([port]).collect()
    });
    h2::fill(&nghttpd);
    nghttpd
}

#[test]
#[ignore = "needs nghttpd"]
fn ok_it_serves_files() {
    h2::serves(&start(&[]), 100);
}

#[test]
#[ignore = "needs nghttpd"]
fn ok_few_streams_and_tables_of_any_size_will_do() {
    h2::serves(&start(&["--max-concurrent-streams", "2"]), 2);
    h2::serves(&start(&["--header-table-size", "0", "--encoder-header-table-size", "0"]), 100);
    h2::serves(&start(&["--header-table-size", "65536", "--padding", "255"]), 100);
}

#[test]
#[ignore = "needs nghttpd"]
fn err_content_in_an_answer_to_head_costs_no_connection() {
    let nghttpd = start(&[]);
    let client = h2::client();
    for _ in 0..2 {
        // It sends the page that it would send to GET.
        let result = client.head(nghttpd.url("/missing")).send().and_then(|head| head.bytes());
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Framing);
        assert_eq!(client.get(nghttpd.url("/small")).send().unwrap().text().unwrap(), "hello");
    }
    assert_eq!(client.pool_stats().created, 1);
}

#[test]
#[ignore = "needs nghttpd"]
fn ok_what_is_sent_comes_back() {
    h2::echoes(&start(&["--echo-upload"]), "/");
}

#[test]
#[ignore = "needs nghttpd"]
fn ok_content_that_is_not_wanted_is_left_unsent() {
    h2::refuses_uploads(&start(&["--early-response"]), "/small", 200);
}

#[test]
#[ignore = "needs nghttpd"]
fn ok_trailers_come_after_the_content() {
    let nghttpd = start(&["--trailer", "x-end: yes"]);
    h2::sends_trailers(&nghttpd, &["/small", "/large", "/n/9"], ("x-end", "yes"));
}
