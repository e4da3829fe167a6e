//! Addresses that must not be connected to are not, however a request is led to them.

use std::error::Error as _;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;
use std::time::Duration;

use pannier::net::{AddressPolicy, AddressRefused, CancelToken, Deadline, Resolve, TcpConnect};
use pannier::{Client, ErrorKind, RetryPolicy, Timeouts};

use crate::support::builder;
use crate::support::peer::Peer;
use crate::support::program::{pannier, Text};
use crate::support::recorder::Recorder;

/// Finds what it was told to, the first time the first and so on, and the last ever after.
#[derive(Debug)]
struct Finds {
    answers: Vec<Vec<SocketAddr>>,
    asked: AtomicUsize,
}

impl Finds {
    fn new(answers: &[&[SocketAddr]]) -> Arc<Finds> {
        let answers = answers.iter().map(|answer| answer.to_vec()).collect();
        Arc::new(Finds { answers, asked: AtomicUsize::new(0) })
    }
}

impl Resolve for Finds {
    fn resolve(
        &self,
        _: &str,
        _: u16,
        _: Deadline,
        _: Option<&CancelToken>,
    ) -> io::Result<Vec<SocketAddr>> {
        let turn = self.asked.fetch_add(1, Ordering::Relaxed);
        Ok(self.answers[turn.min(self.answers.len() - 1)].clone())
    }
}

fn guarded(resolver: &Arc<Finds>, policy: AddressPolicy) -> Client {
    let connector = TcpConnect::new().resolver(resolver.clone()).guard(policy);
    let timeouts = Timeouts::default().total(Duration::from_secs(15));
    Client::builder().timeouts(timeouts).connector(connector).build()
}

/// Lets through what has this port.
fn only(port: u16) -> AddressPolicy {
    AddressPolicy::by(move |address| match address.port() == port {
        true => Ok(()),
        false => Err("not the peer"),
    })
}

fn private(port: u16) -> SocketAddr {
    ([10, 0, 0, 1], port).into()
}

#[test]
fn err_an_address_of_ones_own_however_it_is_written() {
    let peer = Peer::play(|_| {});
    let port = peer.address().port();
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0",
        "localhost",
        "LOCALHOST.",
        "a.localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::]",
        "169.254.169.254",
        "[fe80::1]",
        "127.0.0.1%2e",
    ] {
        let recorder = Recorder::new();
        let client =
            builder().addresses(AddressPolicy::public_only()).observer(recorder.clone()).build();
        let error = client.get(format!("http://{}:{}/", host, port)).send().unwrap_err();
        let told = recorder.take();
        assert!(!told.iter().any(|told| told.starts_with("connecting")), "{}: {:?}", host, told);
        if error.kind() == ErrorKind::InvalidUrl {
            continue; // refused even before
        }
        assert_eq!(error.kind(), ErrorKind::AddressRefused, "{}: {}", host, error);
        assert!(error.is_connect() && error.is_safe_to_retry());
        let source = error.source().unwrap().downcast_ref::<io::Error>().unwrap();
        let refused = source.get_ref().unwrap().downcast_ref::<AddressRefused>().unwrap();
        assert_eq!(refused.address().port(), port);
        assert!(error.to_string().starts_with(&refused.to_string()), "{}", error);
    }
}

#[test]
fn ok_of_a_name_with_several_addresses_only_those_allowed_are_tried() {
    let peer = Peer::answers(["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"]);
    let address = peer.address();
    let resolver = Finds::new(&[&[private(1), address, private(2)]]);
    let recorder = Recorder::new();
    let client = guarded(&resolver, only(address.port()));
    client.get("http://a.test/").observer(recorder.clone()).send().unwrap();
    let connecting = recorder.take().iter().filter(|told| *told == "connecting").count();
    assert_eq!(connecting, 1);
}

#[test]
fn err_a_resolver_does_not_lift_the_guard() {
    let finds = || Finds { answers: vec![vec![private(80)]], asked: AtomicUsize::new(0) };
    let policy = AddressPolicy::public_only;
    for client in [
        builder().addresses(policy()).resolver(finds()).build(),
        builder().resolver(finds()).addresses(policy()).build(),
    ] {
        let error = client.get("http://a.test/").send().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddressRefused, "{}", error);
        assert!(error.to_string().starts_with("10.0.0.1 is refused"), "{}", error);
    }
}

#[test]
fn err_a_redirect_into_ones_own_network() {
    let stranger = Peer::play(|peer| peer.expect_nobody());
    let target = stranger.address().port();
    let peer = Peer::play(move |peer| {
        let mut wire = peer.accept();
        let location = format!("http://127.0.0.1:{}/", target);
        let head = format!("HTTP/1.1 302 Found\r\nLocation: {}\r\n", location);
        wire.exchange("GET /", head + "Content-Length: 0\r\n\r\n");
        wire.expect_end();
    });
    let client = builder().addresses(only(peer.address().port())).build();
    let error = client.get(peer.url("/")).send().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddressRefused);
    assert!(error.to_string().contains("127.0.0.1 is refused: it is not the peer"), "{}", error);
    assert_eq!(error.url().unwrap().as_str(), stranger.url("/"));
}

#[test]
fn err_a_name_that_leads_elsewhere_the_second_time() {
    let closes = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    let peer = Peer::answers([closes]);
    let resolver = Finds::new(&[&[peer.address()], &[private(80)]]);
    let client = guarded(&resolver, only(peer.address().port()));
    client.get("http://a.test/").send().unwrap();
    // What was judged before says nothing of the next connection.
    let error = client.get("http://a.test/").send().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddressRefused);
    assert_eq!(resolver.asked.load(Ordering::Relaxed), 2);
}

#[test]
fn err_a_refused_address_is_not_tried_again() {
    let resolver = Finds::new(&[&[private(80)]]);
    let client = guarded(&resolver, AddressPolicy::public_only());
    let policy = RetryPolicy::attempts(5).backoff(Duration::from_secs(10), Duration::from_secs(10));
    let error = client.get("http://a.test/").retries(policy).send().unwrap_err();
    assert_eq!(error.to_string(), "10.0.0.1 is refused: it is private (http://a.test/)");
    assert_eq!(resolver.asked.load(Ordering::Relaxed), 1);
}

#[test]
fn err_the_program_with_public_only() {
    let peer = Peer::play(|peer| peer.expect_nobody());
    let run = pannier(&["-sS", "--public-only", &peer.url("/")]);
    let (out, err, code) = run.text();
    assert_eq!((out, code), ("", 7));
    assert!(err.ends_with(": 127.0.0.1 is refused: it is loopback\n"), "{}", err);
}
