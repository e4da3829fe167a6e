//! Events as the library tells them, and the exchanges that they are.

use pannier::http::StatusCode;
use pannier::{CloseReason, Event, Phase};

use super::*;

const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\n\r\n";

/// A call to which things happen, each a millisecond after the one before.
struct Call {
    trace: Trace,
    at: Instant,
}

impl Call {
    fn new(clock: Clock, client: usize) -> Call {
        let mut trace = Trace::new(clock, client, "GET", &url("http://u:p@a/x"));
        trace = trace.keeping(None, 4);
        Call { trace, at: Instant::now() + Duration::from_millis(1) }
    }

    fn tell(&mut self, events: &[Event<'_>]) -> &mut Call {
        for event in events {
            self.trace.note(self.at, event);
            self.at += Duration::from_millis(1);
        }
        self
    }
}

fn url(text: &str) -> Url {
    Url::parse(text).expect("the tests write URLs")
}

fn connecting() -> Event<'static> {
    Event::Connecting { address: ([127, 0, 0, 1], 80).into() }
}

fn connected(connection: u64) -> Event<'static> {
    Event::Connected { connection, local: None, remote: None }
}

fn reused(connection: u64) -> Event<'static> {
    Event::Reused { connection, local: None, remote: None, exchanges: 1, idle: Duration::ZERO }
}

fn request(connection: u64) -> [Event<'static>; 2] {
    let bytes = b"HEAD /x HTTP/1.1\r\n\r\n";
    [Event::RequestHead { connection, stream: None, bytes, length: 20 }, Event::RequestEnd]
}

fn head(status: StatusCode) -> Event<'static> {
    Event::ResponseHead { status, head: HEAD }
}

fn phases(exchange: &Exchange) -> Vec<Phase> {
    exchange.spans.iter().map(|span| span.phase).collect()
}

#[test]
fn ok_phases_follow_each_other_without_gaps() {
    let mut call = Call::new(Clock::start(), 0);
    let addresses = &[([127, 0, 0, 1], 80).into()];
    call.tell(&[Event::Queued, Event::Resolving { host: "a" }, Event::Resolved { addresses }]);
    call.tell(&[connecting(), connecting(), Event::Handshaking, connected(7)]);
    call.tell(&request(7)).tell(&[head(StatusCode::OK), Event::ResponseEnd]);
    call.trace.content(b"abc", 3);
    let exchanges = call.trace.end();
    let exchange = &exchanges[0];
    assert_eq!(exchanges.len(), 1);
    use Phase::*;
    assert_eq!(phases(exchange), [Queue, Resolve, Connect, Tls, Send, Wait, Receive]);
    assert_eq!(exchange.spans[0].from, exchange.began);
    assert!(exchange.spans.windows(2).all(|pair| pair[0].to == pair[1].from));
    assert_eq!(exchange.spans[2].time(), Duration::from_millis(3));
    let sum: Duration = exchange.spans.iter().map(Span::time).sum();
    assert_eq!(exchange.began + sum, exchange.ended());
    assert_eq!((exchange.method.as_str(), exchange.url.as_str()), ("HEAD", "http://a/x"));
    assert_eq!((exchange.received, exchange.content.as_deref()), (Some(3), Some(&b"abc"[..])));
    assert!(exchange.complete && exchange.error.is_none());
}

#[test]
fn ok_redirects_and_retries_are_exchanges_of_their_own() {
    let mut call = Call::new(Clock::start(), 0);
    let (from, to) = (url("http://a/x"), url("http://u@b/y"));
    let redirect = Event::Redirecting { status: StatusCode::FOUND, from: &from, to: &to };
    call.tell(&[connecting(), connected(1)]).tell(&request(1));
    // What is left of a response may be read away after its redirect was announced.
    call.tell(&[head(StatusCode::FOUND), redirect, Event::ResponseEnd]);
    call.tell(&[Event::Kept { connection: 1 }, reused(2)]).tell(&request(2));
    let error = pannier::get("ftp://a/").expect_err("pannier speaks no FTP");
    call.tell(&[Event::Closed { connection: 2, reason: CloseReason::Fault }]);
    call.tell(&[Event::Retrying { error: &error }, connecting(), connected(3)]).tell(&request(3));
    call.trace.fail("it broke");
    let exchanges = call.trace.end();
    let urls: Vec<&str> = exchanges.iter().map(|exchange| exchange.url.as_str()).collect();
    assert_eq!(urls, ["http://a/x", "http://b/y", "http://b/y"]);
    assert_eq!(exchanges[0].status, Some(302));
    assert_eq!(exchanges[0].redirect.as_ref().map(Url::as_str), Some("http://b/y"));
    assert!(exchanges[0].complete);
    assert_eq!(phases(&exchanges[1]), [Phase::Send, Phase::Wait]);
    assert!(exchanges[1].error.as_ref().is_some_and(|text| text.ends_with("it was sent again")));
    assert_eq!(exchanges[2].error.as_deref(), Some("it broke"));
    assert!(exchanges[1].carrier.is_some_and(|carrier| carrier.reused));
    assert!(exchanges.windows(2).all(|pair| pair[0].ended() <= pair[1].began));
}

#[test]
fn ok_a_pipelined_exchange_has_the_connection_of_the_one_before_it() {
    let journal = Journal::new(None);
    let remote = Some(([127, 0, 0, 1], 80).into());
    for first in [&[Event::Connected { connection: 5, local: None, remote }][..], &[]] {
        let mut call = Call::new(journal.clock(), 0);
        call.tell(first).tell(&request(5)).tell(&[head(StatusCode::OK), Event::ResponseEnd]);
        journal.enter(call.trace.end());
    }
    let exchanges = journal.take();
    assert!(exchanges.iter().all(|e| phases(e) == [Phase::Send, Phase::Wait, Phase::Receive]));
    let carriers: Vec<_> = exchanges.iter().filter_map(|exchange| exchange.carrier).collect();
    let carrier = |reused| Carrier { client: 0, id: 1, stream: None, reused, remote };
    assert_eq!(carriers, [carrier(false), carrier(true)]);
}

#[test]
fn ok_a_pause_before_another_attempt_belongs_to_neither() {
    let mut call = Call::new(Clock::start(), 0);
    let error = pannier::get("ftp://a/").expect_err("pannier speaks no FTP");
    call.tell(&[connecting(), connected(1)]).tell(&request(1));
    call.tell(&[head(StatusCode::SERVICE_UNAVAILABLE), Event::ResponseEnd]);
    call.tell(&[Event::Kept { connection: 1 }, Event::Retrying { error: &error }]);
    call.at += Duration::from_secs(1);
    call.tell(&[reused(1)]).tell(&request(1)).tell(&[head(StatusCode::OK), Event::ResponseEnd]);
    let exchanges = call.trace.end();
    let told: Vec<_> = exchanges.iter().map(|e| (e.status, e.error.as_deref())).collect();
    assert_eq!(told, [(Some(503), None), (Some(200), None)]);
    assert!(exchanges[1].began >= exchanges[0].ended() + Duration::from_secs(1));
}

#[test]
fn ok_an_exchange_that_came_to_its_end_has_not_failed() {
    let mut call = Call::new(Clock::start(), 0);
    call.tell(&[connecting(), connected(1)]).tell(&request(1));
    call.tell(&[head(StatusCode::OK), Event::ResponseEnd]);
    call.trace.fail("the disk is full");
    assert_eq!(call.trace.end()[0].error, None);
}

#[test]
fn ok_content_is_kept_only_if_it_is_short() {
    let mut call = Call::new(Clock::start(), 0);
    for (piece, kept) in [("ab", Some("ab")), ("cd", Some("abcd")), ("e", None), ("f", None)] {
        call.trace.content(piece.as_bytes(), piece.len() as u64);
        let exchange = call.trace.clone().end().remove(0);
        assert_eq!(exchange.content.as_deref(), kept.map(str::as_bytes));
    }
}

#[test]
fn ok_connections_of_different_clients_have_different_numbers() {
    let journal = Journal::new(None);
    for client in [4, 2, 4] {
        let mut call = Call::new(journal.clock(), client);
        call.tell(&[connecting(), connected(1)]);
        journal.enter(call.trace.end());
    }
    let exchanges = journal.take();
    let numbers: Vec<_> = exchanges.iter().map(|e| e.carrier.map(|carrier| carrier.id)).collect();
    assert_eq!(numbers, [Some(1), Some(2), Some(1)]);
}
