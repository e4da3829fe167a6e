//! Dialling in a network that a test makes up: addresses that answer, refuse or keep silent.

use std::io::Read;
use std::net::TcpListener;
use std::thread::{self, ThreadId};

use super::attempts::MOST_RUNNING;
use super::*;
use crate::http::{Origin, Scheme};
use crate::net::watched::Watched;
use crate::net::{CancelToken, Deadline};

const A1: &str = "192.0.2.1:80";
const A2: &str = "192.0.2.2:80";
const B1: &str = "[2001:db8::1]:80";
/// The system's own number for a connection that TCP gave up.
const TIMED_OUT: i32 = match () {
    _ if cfg!(windows) => 10060,
    _ if cfg!(target_os = "linux") => 110,
    _ => 60,
};
const FOREVER: Duration = Duration::from_secs(1_000_000);

/// Finds the addresses it was made with.
#[derive(Debug)]
struct Fixed(Vec<SocketAddr>);

impl Resolve for Fixed {
    fn resolve(
        &self,
        _: &str,
        _: u16,
        _: Deadline,
        _: Option<&CancelToken>,
    ) -> io::Result<Vec<SocketAddr>> {
        Ok(self.0.clone())
    }
}

/// Where an address was connected to, and within what time.
type Open = (ThreadId, Option<Duration>);

/// A network in which some addresses answer, some refuse, and the others keep silent until they
/// are told to answer.
struct Network {
    listener: TcpListener,
    answer: Vec<SocketAddr>,
    refuse: Vec<SocketAddr>,
    told: Arc<Watched<Told>>,
    opened: Arc<Watched<Vec<Open>>>,
}

impl Network {
    fn new(answer: &[&str], refuse: &[&str]) -> Network {
        Network {
            listener: TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).unwrap(),
            answer: parse(answer),
            refuse: parse(refuse),
            told: Watched::new(Told::default()),
            opened: Watched::new(Vec::new()),
        }
    }

    fn maker(&self, found: &[&str]) -> TcpConnect {
        let (answer, refuse) = (self.answer.clone(), self.refuse.clone());
        let (told, opened) = (Arc::clone(&self.told), Arc::clone(&self.opened));
        let target = self.listener.local_addr().unwrap();
        let open = move |address, within| {
            opened.update(|opened| opened.push((thread::current().id(), within)));
            if refuse.contains(&address) {
                return Err(ErrorKind::ConnectionRefused.into());
            }
            if !answer.contains(&address) {
                let limit = Deadline::after_opt(Instant::now(), within);
                told.wait_for(limit, None, |told| told.includes(address).then_some(()))?;
            }
            TcpStream::connect(target)
        };
        TcpConnect {
            open: Arc::new(open),
            ..TcpConnect::new().resolver(Arc::new(Fixed(parse(found))))
        }
    }

    fn tell(&self, address: &str) {
        self.told.update(|told| told.some.push(address.parse().unwrap()));
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.told.update(|told| told.all = true);
    }
}

/// Which silent addresses were told to answer.
#[derive(Default)]
struct Told {
    some: Vec<SocketAddr>,
    all: bool,
}

impl Told {
    fn includes(&self, address: SocketAddr) -> bool {
        self.all || self.some.contains(&address)
    }
}

fn parse(addresses: &[&str]) -> Vec<SocketAddr> {
    addresses.iter().map(|text| text.parse().unwrap()).collect()
}

fn soon(milliseconds: u64) -> Deadline {
    Deadline::after(Instant::now(), Duration::from_millis(milliseconds))
}

fn domain() -> Host {
    Host::Domain("a.example".into())
}

/// Dials and tells the steps, one word each.
fn dial(
    maker: &TcpConnect,
    host: Host,
    deadline: Deadline,
    cancel: Option<&CancelToken>,
) -> (Vec<String>, io::Result<Box<dyn Transport>>) {
    let mut steps = Vec::new();
    let result = maker.connect(Dialing {
        origin: &Origin::new(Scheme::Http, host, 80),
        deadline,
        cancel,
        progress: &mut |step| {
            steps.push(match step {
                Step::Resolving(name) => format!("resolving {}", name),
                Step::Resolved(order) => format!("resolved {:?}", order),
                Step::Connecting(address) => format!("connecting {}", address),
                Step::Refused(address) => format!("refused {}", address),
                Step::Connected(address) => format!("connected {}", address),
            })
        },
    });
    (steps, result)
}

fn steps(maker: &TcpConnect) -> Vec<String> {
    let (steps, result) = dial(maker, domain(), Deadline::NEVER, None);
    result.unwrap();
    steps
}

#[test]
fn ok_the_next_address_is_tried_at_once_when_one_refuses_and_last_the_next_time() {
    let network = Network::new(&[A1], &[B1, A2]);
    let maker = network.maker(&[B1, A2, A1]).stagger(FOREVER);
    let expected = [
        "resolving a.example".to_owned(),
        format!("resolved [{}, {}, {}]", B1, A2, A1),
        format!("connecting {}", B1),
        format!("refused {}", B1),
        format!("connecting {}", A2),
        format!("refused {}", A2),
        format!("connecting {}", A1),
        format!("connected {}", A1),
    ];
    assert_eq!(steps(&maker), expected);
    assert_eq!(
        steps(&maker)[1..],
        [
            format!("resolved [{}, {}, {}]", A1, B1, A2),
            format!("connecting {}", A1),
            format!("connected {}", A1),
        ]
    );
}

#[test]
fn ok_a_silent_address_is_overtaken_remembered_and_closed_when_it_answers_late() {
    let network = Network::new(&[A1], &[]);
    let maker = network.maker(&[B1, A2, A1]).stagger(Duration::from_millis(1));
    let (said, transport) = dial(&maker, domain(), Deadline::NEVER, None);
    let order = [B1, A2, A1].map(|address| format!("connecting {}", address));
    assert_eq!(said[2..5], order);
    assert_eq!(transport.unwrap().peer_addr(), Some(A1.parse().unwrap()));
    assert_eq!(steps(&maker)[2], format!("connecting {}", A1));
    network.tell(B1);
    // The two connections that were used, then the late one, though A2 is silent still: each ends.
    for _ in 0..3 {
        let (mut peer, _) = network.listener.accept().unwrap();
        peer.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        assert_eq!(peer.read(&mut [0]).unwrap(), 0);
    }
}

#[test]
fn err_the_message_names_each_address_and_its_answer() {
    let network = Network::new(&[], &[A1, A2, B1]);
    for (found, family, text) in [
        (&[A1][..], Family::Any, format!("cannot connect to {}: connection refused", A1)),
        (
            &[A1, B1],
            Family::Any,
            format!("cannot connect to {}: connection refused; {}: connection refused", A1, B1),
        ),
        (&[A1, B1], Family::V6, format!("cannot connect to {}: connection refused", B1)),
    ] {
        let maker = network.maker(found).family(family);
        let error = dial(&maker, domain(), Deadline::NEVER, None).1.unwrap_err();
        assert_eq!(error.to_string(), text);
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    }
}

#[test]
fn err_a_host_without_address_of_the_family() {
    let network = Network::new(&[A1], &[]);
    let maker = network.maker(&[A1]).family(Family::V6);
    for (host, text) in [
        (domain(), "a.example has no IPv6 address"),
        (Host::Ipv4([192, 0, 2, 1].into()), "192.0.2.1 has no IPv6 address"),
    ] {
        let error = dial(&maker, host, Deadline::NEVER, None).1.unwrap_err();
        assert_eq!((error.kind(), error.to_string()), (ErrorKind::NotFound, text.into()));
    }
}

#[test]
fn err_silence_ends_at_the_deadline() {
    for found in [&[A1][..], &[A1, A2], &["127.0.0.1:80", "[::1]:80"]] {
        let network = Network::new(&[], &[]);
        let maker = network.maker(found).stagger(Duration::from_millis(1));
        let deadline = soon(30);
        let error = dial(&maker, domain(), deadline, None).1.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut, "{}", error);
        assert!(deadline.is_past(Instant::now()));
        assert!(error.to_string().contains(found[0]), "{}", error);
    }
}

#[test]
fn err_a_deadline_that_is_past_dials_nobody() {
    let network = Network::new(&[A1], &[]);
    let error = dial(&network.maker(&[A1]), domain(), soon(0), None).1.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert!(network.opened.lock().is_empty());
}

#[test]
fn err_cancelling_leaves_silent_addresses_at_once() {
    for found in [&[A1][..], &[A1, A2], &["127.0.0.1:80"]] {
        let network = Network::new(&[], &[]);
        let maker = network.maker(found);
        let token = CancelToken::new();
        thread::scope(|scope| {
            let dialing = scope
                .spawn(|| dial(&maker, domain(), Deadline::NEVER, Some(&token)).1.unwrap_err());
            let never = Deadline::NEVER;
            let under_way = |opened: &mut Vec<_>| (!opened.is_empty()).then_some(());
            network.opened.wait_for(never, None, under_way).unwrap();
            token.cancel();
            assert_eq!(dialing.join().unwrap().to_string(), "cancelled");
        });
        let (_, again) = dial(&maker, domain(), Deadline::NEVER, Some(&token));
        assert_eq!(again.unwrap_err().to_string(), "cancelled");
    }
}

#[test]
fn ok_one_address_and_loopback_are_dialled_in_the_callers_thread() {
    let here = thread::current().id();
    let network = Network::new(&[A1, "127.0.0.1:80"], &["[::1]:80"]);
    let maker = network.maker(&["[::1]:80", "127.0.0.1:80"]);
    assert_eq!(steps(&maker).len(), 6);
    dial(&maker, Host::Ipv4([192, 0, 2, 1].into()), Deadline::NEVER, None).1.unwrap();
    let opened = std::mem::take(&mut *network.opened.lock());
    assert_eq!(opened, [(here, Some(STAGGER)), (here, None), (here, None)]);
    dial(&maker, Host::Ipv4([192, 0, 2, 1].into()), soon(20_000), None).1.unwrap();
    let opened = std::mem::take(&mut *network.opened.lock());
    assert!(matches!(opened[..], [(thread, Some(_))] if thread == here));
    let token = CancelToken::new();
    dial(&maker, domain(), Deadline::NEVER, Some(&token)).1.unwrap();
    let opened = std::mem::take(&mut *network.opened.lock());
    assert!(opened.iter().all(|(thread, within)| *thread == here && *within < Some(STAGGER)));
    dial(&maker, Host::Ipv4([192, 0, 2, 1].into()), Deadline::NEVER, Some(&token)).1.unwrap();
    assert!(network.opened.lock().iter().all(|(thread, _)| *thread != here));
}

#[test]
fn ok_a_silent_loopback_address_does_not_hold_up_the_other() {
    let network = Network::new(&["127.0.0.1:80"], &[]);
    for stagger in [Duration::ZERO, Duration::from_millis(1)] {
        let maker = network.maker(&["[::1]:80", "127.0.0.1:80"]).stagger(stagger);
        assert_eq!(steps(&maker).last().unwrap(), "connected 127.0.0.1:80");
    }
    assert!(network.opened.lock().iter().all(|(_, within)| *within != Some(Duration::ZERO)));
}

#[test]
fn err_attempts_at_once_are_bounded() {
    let many: Vec<String> = (1..100).map(|n| format!("192.0.2.{}:80", n)).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let network = Network::new(&[], &[]);
    let maker = network.maker(&many).stagger(Duration::ZERO);
    let token = CancelToken::new();
    let all_run = |opened: &mut Vec<_>| (opened.len() >= MOST_RUNNING).then_some(());
    thread::scope(|scope| {
        let dialing = scope.spawn(|| dial(&maker, domain(), Deadline::NEVER, Some(&token)).0);
        network.opened.wait_for(Deadline::NEVER, None, all_run).unwrap();
        token.cancel();
        let steps = dialing.join().unwrap();
        assert_eq!(steps.len(), 2 + MOST_RUNNING);
    });
}

#[test]
fn err_attempts_that_were_left_behind_are_bounded_and_the_next_one_waits() {
    let network = Network::new(&[], &[]);
    let maker = network.maker(&[A1, A2]).stagger(Duration::ZERO);
    thread::scope(|scope| {
        for begun in 1.. {
            let (maker, token) = (maker.clone(), CancelToken::new());
            let enough = |opened: &mut Vec<_>| (opened.len() >= 2 * begun).then_some(());
            let handle = token.clone();
            let dialing =
                scope.spawn(move || dial(&maker, domain(), Deadline::NEVER, Some(&handle)).1.err());
            network.opened.wait_for(Deadline::NEVER, None, enough).unwrap();
            token.cancel();
            assert_eq!(dialing.join().unwrap().unwrap().to_string(), "cancelled");
            if 2 * begun == MOST_ASIDE {
                break;
            }
        }
    });
    // Nothing new begins, and both ways out are open.
    let error = dial(&maker, domain(), soon(30), None).1.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    let token = CancelToken::new();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| dial(&maker, domain(), Deadline::NEVER, Some(&token)).1.err());
        token.cancel();
        assert_eq!(waiting.join().unwrap().unwrap().to_string(), "cancelled");
    });
    assert_eq!(network.opened.lock().len(), MOST_ASIDE);
    // When those left behind have ended there is room again.
    network.tell(A1);
    dial(&maker, domain(), soon(20_000), None).1.unwrap();
}

#[test]
fn err_an_attempt_that_the_system_gives_up_is_not_the_deadline() {
    for found in [&[A1][..], &[A1, A2], &["127.0.0.1:80", "[::1]:80"]] {
        for deadline in [Deadline::NEVER, soon(20_000)] {
            let maker = TcpConnect {
                open: Arc::new(|_, _| Err(io::Error::from_raw_os_error(TIMED_OUT))),
                ..TcpConnect::new().resolver(Arc::new(Fixed(parse(found))))
            };
            for token in [None, Some(CancelToken::new())] {
                let error = dial(&maker, domain(), deadline, token.as_ref()).1.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Other, "{}", error);
                assert!(error.to_string().contains(found[0]), "{}", error);
            }
        }
    }
}
