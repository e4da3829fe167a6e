//! What an observer is told, in which order, and what the timings say.

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{mpsc, Arc, Mutex};
use std::time::{Duration, Instant};

use pannier::net::Script;
use pannier::{Body, Event, Observer, Timings};

use crate::support::peer::Peer;
use crate::support::plain_tls::PlainTls;
use crate::support::recorder::Recorder;
use crate::support::{builder, client, once, read_all, EMPTY, OK};

#[test]
fn ok_a_whole_exchange_is_told_in_order() {
    let peer = Peer::play(|peer| {
        let mut wire = peer.accept();
        wire.expect_request("POST /a");
        wire.expect("hello");
        wire.send("HTTP/1.1 103 Early Hints\r\n\r\n");
        wire.send(OK);
        wire.exchange("GET /b", "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
        wire.expect_end();
    });
    let client = client();
    let recorder = Recorder::new();
    let request = client.post(peer.url("/a")).body("hello").observer(recorder.clone());
    let mut response = request.send().unwrap();
    let expected = [
        "connecting",
        "connected 1",
        "request head 1 POST /a HTTP/1.1",
        "request body 5",
        "request end",
        "informational 103",
        "response head 200",
    ];
    assert_eq!(recorder.take(), expected);
    read_all(&mut response).unwrap();
    assert_eq!(recorder.take(), ["response end", "kept 1"]);
    client.get(peer.url("/b")).observer(recorder.clone()).send().unwrap();
    let expected = [
        "reused 1 after 1",
        "request head 1 GET /b HTTP/1.1",
        "request end",
        "response head 204",
        "response end",
        "closed 1 RequestedByServer",
    ];
    assert_eq!(recorder.take(), expected);
}

#[test]
fn ok_a_handshake_is_told_between_connecting_and_connected() {
    let (recorder, connector) = (Recorder::new(), once(EMPTY).repeated());
    let client = builder().connector(connector).tls(PlainTls).observer(recorder.clone()).build();
    client.get("https://example.com/").send().unwrap();
    assert_eq!(recorder.take()[..2], ["handshaking", "connected 1"]);
}

#[test]
fn ok_lookups_redirects_and_retries_are_told() {
    let peer = Peer::play(|peer| {
        let mut wire = peer.accept();
        wire.exchange(
            "GET /a",
            "HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 2\r\n\r\nxx",
        );
        wire.expect_request("GET /b");
        wire.close();
        let mut wire = peer.accept();
        wire.exchange("GET /b", EMPTY);
        wire.expect_end();
    });
    let recorder = Recorder::new();
    let client = builder().observer(recorder.clone()).build();
    let origin = format!("http://localhost:{}", peer.address().port());
    client.get(format!("{}/a", origin)).send().unwrap();
    let told = recorder.take();
    let redirecting = format!("redirecting 302 {}/a {}/b", origin, origin);
    let expected = [
        "resolving localhost",
        "resolved",
        "connected 1",
        "request head 1 GET /a HTTP/1.1",
        "request end",
        "response head 302",
        "response end",
        "kept 1",
        &redirecting,
        "reused 1 after 1",
        "request head 1 GET /b HTTP/1.1",
        "request end",
        "closed 1 Fault",
        "retrying after EmptyResponse",
        "resolving localhost",
        "resolved",
        "connected 2",
        "request head 2 GET /b HTTP/1.1",
        "request end",
        "response head 200",
        "response end",
        "kept 2",
    ];
    // How many addresses are tried, and in which order, is not known here.
    let attempts = ["connecting", "refused"];
    let told: Vec<_> = told.iter().filter(|told| !attempts.contains(&told.as_str())).collect();
    assert_eq!(told, expected);
}

#[test]
fn ok_a_response_that_is_not_read_to_its_end_has_no_end() {
    let recorder = Recorder::new();
    let scripts = once("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n").repeated();
    let client = builder().connector(scripts).observer(recorder.clone()).build();
    drop(client.get("http://a.test/").send().unwrap());
    let told = recorder.take();
    assert_eq!(told[told.len() - 2..], ["response head 200", "closed 1 UnfinishedResponse"]);
}

#[test]
fn err_a_head_that_breaks_the_protocol_or_ends_too_early_is_told_as_it_came() {
    for head in
        ["HTTP/1.1 200 OK\r\nContent-Length: -6\r\n\r\nhello", "HTTP/1.1 200 OK\r\nContent-"]
    {
        let recorder = Recorder::new();
        let answer = ["HTTP/1.1 103 Hints\r\n\r\n", head].concat();
        let connector = once(answer).repeated();
        let client = builder().connector(connector).observer(recorder.clone()).build();
        client.get("http://a.test/").send().unwrap_err();
        let told = recorder.take();
        let expected = ["informational 103", &format!("faulty head {:?}", head)];
        assert_eq!(told[told.len() - 3..told.len() - 1], expected);
    }
}

#[test]
fn ok_a_connection_that_leaves_http_is_told_as_closed() {
    let recorder = Recorder::new();
    let answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n";
    let client = builder().connector(once(answer).repeated()).observer(recorder.clone()).build();
    let request = client.get("http://a.test/").header("Upgrade", "x");
    let response = request.header("Connection", "upgrade").send().unwrap();
    let told = recorder.take();
    let expected = ["response head 101", "response end", "closed 1 Upgraded"];
    assert_eq!(told[told.len() - 3..], expected);
    drop(response.into_stream().unwrap());
    assert!(recorder.take().is_empty());
}

#[test]
fn ok_the_steps_of_a_long_upload_are_told_as_they_are_made() {
    let bodies = [Body::from(vec![b'x'; 600_000]), Body::sized(std::io::repeat(b'x'), 600_000)];
    for body in bodies {
        let recorder = Recorder::new();
        let scripts = Script::connections([Script::new().reply(EMPTY)]);
        let client = builder().connector(scripts).observer(recorder.clone()).build();
        client.post("http://a.test/").body(body).send().unwrap();
        let told = recorder.take();
        let steps: Vec<u64> = told
            .iter()
            .filter_map(|told| told.strip_prefix("request body ")?.parse().ok())
            .collect();
        assert_eq!(steps.iter().sum::<u64>(), 600_000);
        assert!(steps.len() > 2 && !steps.contains(&0), "{:?}", steps);
    }
}

#[test]
fn ok_an_observer_is_told_no_secret_of_a_request() {
    struct Heads(Mutex<Vec<(String, u64)>>);
    impl Observer for Heads {
        fn event(&self, _: Instant, event: &Event<'_>) {
            if let Event::RequestHead { bytes, length, .. } = event {
                let text = String::from_utf8_lossy(bytes).into_owned();
                self.0.lock().unwrap().push((text, *length));
            }
        }
    }
    let heads = Arc::new(Heads(Mutex::default()));
    let client = builder().connector(once(EMPTY).repeated()).user_agent("").build();
    let request = client.get("http://user:secret@a.test/").header("X-Key", "secret");
    let request = request.header("Cookie", "sid=secret").sensitive("x-key");
    request.observer(heads.clone()).send().unwrap();
    let (text, length) = heads.0.lock().unwrap().pop().unwrap();
    assert!(!text.contains("secret"), "{}", text);
    for line in ["X-Key: (redacted)", "Cookie: sid=(redacted)", "Authorization: Basic (redacted)"] {
        assert!(text.contains(&format!("\r\n{}\r\n", line)), "{}", text);
    }
    let grown = 3 * "(redacted)".len() - "secretsecret".len() - "dXNlcjpzZWNyZXQ=".len();
    assert_eq!(length, (text.len() - grown) as u64);
}

#[test]
fn ok_the_observer_of_a_request_takes_the_place_of_the_clients() {
    let (general, own) = (Recorder::new(), Recorder::new());
    let client = builder().connector(once(EMPTY).repeated()).observer(general.clone()).build();
    client.get("http://a.test/").observer(own.clone()).send().unwrap();
    assert!(general.take().is_empty() && !own.take().is_empty());
}

#[test]
fn ok_timings_follow_each_other_and_add_up() {
    let (head, has_head) = mpsc::channel();
    let peer = Peer::play(move |peer| {
        let mut wire = peer.accept();
        wire.expect_request("GET /");
        std::thread::sleep(Duration::from_millis(20));
        wire.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
        has_head.recv().unwrap();
        std::thread::sleep(Duration::from_millis(20));
        wire.send("ok");
        wire.exchange("GET /", EMPTY);
        wire.expect_end();
    });
    let client = client();
    let began = Instant::now();
    let mut response = client.get(peer.url("/")).send().unwrap();
    let at_head = *response.timings();
    head.send(()).unwrap();
    assert!(at_head.receive().is_none() && at_head.total().is_none());
    read_all(&mut response).unwrap();
    let elapsed = began.elapsed();
    let timings: Timings = *response.timings();
    assert_eq!((timings.resolve(), timings.tls()), (None, None));
    assert!(timings.wait().unwrap() >= Duration::from_millis(20));
    assert!(timings.receive().unwrap() >= Duration::from_millis(20));
    let parts = [timings.connect(), timings.send(), timings.wait(), timings.receive()];
    let sum: Duration = parts.into_iter().map(Option::unwrap).sum();
    let total = timings.total().unwrap();
    assert!(sum <= total && total <= elapsed, "{:?} {:?} {:?}", sum, total, elapsed);
    let again = client.get(peer.url("/")).send().unwrap();
    assert_eq!(again.timings().connect(), None);
    assert!(again.timings().send().is_some() && again.timings().total().is_some());
}

#[test]
fn ok_a_response_that_comes_before_the_content_takes_the_time_until_then() {
    let pause = Duration::from_millis(20);
    let peer = Peer::play(move |peer| {
        let mut wire = peer.accept();
        wire.expect_head();
        std::thread::sleep(pause);
        wire.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n");
        wire.expect_end();
    });
    let request = client().put(peer.url("/")).expect_continue().body("hello");
    let timings = *request.send().unwrap().timings();
    assert!(timings.send().unwrap() >= pause && timings.total().unwrap() >= pause, "{:?}", timings);
    assert_eq!((timings.wait(), timings.receive()), (Some(Duration::ZERO), Some(Duration::ZERO)));
}

#[test]
fn ok_a_response_tells_its_connection() {
    let peer = Peer::answers([OK, EMPTY]);
    let client = client();
    let first = client.get(peer.url("/")).send().unwrap();
    assert_eq!(first.remote_addr(), Some(peer.address()));
    assert_eq!(first.connection().remote_addr(), Some(peer.address()));
    let local = first.local_addr().unwrap();
    assert!(local.ip().is_loopback() && first.connection().local_addr() == Some(local));
    assert_eq!((first.connection().id(), first.connection().exchanges()), (1, 1));
    assert!(!first.connection().is_reused());
    first.bytes().unwrap();
    let second = client.get(peer.url("/")).send().unwrap();
    assert_eq!(second.local_addr(), Some(local));
    assert!(second.connection().is_reused() && second.connection().age() > Duration::ZERO);
}

/// Panics at each event from some on: as one does that unwraps a lock which its first panic has poisoned.
struct Fragile {
    heard: AtomicUsize,
    until: usize,
}

impl Observer for Fragile {
    fn event(&self, _: Instant, _: &Event<'_>) {
        let heard = self.heard.fetch_add(1, Ordering::Relaxed);
        assert!(heard < self.until, "on purpose");
    }
}

#[test]
fn err_an_observer_that_panics_again_and_again_does_not_abort_the_process() {
    let client = builder().connector(once(OK).repeated()).build();
    for until in 0..20 {
        let observer = Arc::new(Fragile { heard: AtomicUsize::new(0), until });
        let request = client.get("http://example.com/").observer(observer.clone());
        let result = catch_unwind(AssertUnwindSafe(|| read_all(&mut request.send().unwrap())));
        assert_eq!(result.is_err(), observer.heard.load(Ordering::Relaxed) > until);
        client.close_idle();
    }
    assert_eq!(client.pool_stats().active, 0);
}
