//! What several threads that share a connection do to one another, where that hangs on who does what at
//! which moment. Whole exchanges are tested from outside.

use std::io;
use std::sync::{Arc, Condvar};
use std::thread;
use std::time::{Duration, Instant};

use super::link::{Link, Waiter};
use crate::conn::exchange::{Facts, Failure};
use crate::error::ErrorKind;
use crate::event::{Made, Phase};
use crate::http::{Headers, Host, Method, Origin, Scheme};
use crate::net::{Connect, Deadline, Dialing, Interrupt, Readiness, Script, Transport, Watched};
use crate::proto::h2::{Config, RequestHead, StreamId};
use crate::proto::Limits;

fn link(script: Script) -> Link {
    let origin = Origin::new(Scheme::Http, Host::Domain("a.example".into()), 80);
    let dialing =
        Dialing { origin: &origin, deadline: Deadline::NEVER, cancel: None, progress: &mut |_| {} };
    let transport = script.repeated().connect(dialing).unwrap();
    link_over(transport)
}

fn link_over(transport: Box<dyn Transport>) -> Link {
    let facts = Facts::new(&*transport, 1, Made::default());
    Link::new(transport, Config::default(), Limits::default(), facts)
}

/// Opens a stream without waiting for one; `None` if there are as many as may be.
fn try_open(link: &Link, signal: &Arc<Condvar>) -> Option<StreamId> {
    let headers = Headers::new();
    let head = RequestHead {
        method: &Method::GET,
        scheme: "http",
        authority: Some(b"a.example"),
        path: Some("/"),
        headers: &headers,
        sensitive: &[],
    };
    let opened = link.lock().open(&head, true, Some(signal));
    opened.unwrap_or_else(|failure| panic!("{:?}", failure)).map(|opened| opened.stream)
}

fn open(link: &Link) -> (StreamId, Arc<Condvar>) {
    let signal = Arc::default();
    (try_open(link, &signal).expect("there is room"), signal)
}

/// Long enough for whatever is not stuck.
fn soon() -> Deadline {
    Deadline::after(Instant::now(), Duration::from_secs(10))
}

fn waiter<'a>(stream: Option<StreamId>, signal: &'a Arc<Condvar>) -> Waiter<'a> {
    Waiter { deadline: soon(), ..Waiter::new(stream, signal) }
}

/// Waits until a stream can be opened.
fn wait_to_open(link: &Link, signal: &Arc<Condvar>) {
    let mut waiter = waiter(None, signal);
    let opened =
        link.wait(&mut waiter, |books, _| books.engine.can_open().is_ok().then_some(Ok(())));
    opened.unwrap();
    // Who is woken by his deadline looks once more.
    assert!(!waiter.deadline.is_past(Instant::now()));
}

fn wait_for_end(link: &Link, stream: StreamId, signal: &Arc<Condvar>) -> Result<(), Failure> {
    link.wait(&mut waiter(Some(stream), signal), |books, _| {
        books.slots.get(stream)?.ended.then_some(Ok(()))
    })
}

fn until(is_so: impl Fn() -> bool) {
    while !is_so() {
        thread::yield_now();
    }
}

#[test]
fn ok_a_look_at_a_connection_that_takes_no_more_leaves_it_to_those_who_use_it() {
    let script = Script::new()
        .reply([SETTINGS, b"\0\0\x08\x07\0\0\0\0\0\x7f\xff\xff\xff\0\0\0\0"].concat())
        .expect_until(ACK)
        .reply(answer(1))
        .stall();
    let link = link(script);
    let (stream, signal) = open(&link);
    assert!(!link.is_alive());
    assert!(!link.is_alive());
    wait_for_end(&link, stream, &signal).unwrap();
}

#[test]
fn ok_who_reads_while_waiting_for_a_stream_learns_that_another_gave_one_up() {
    let link = link(Script::new().reply(at_most(1)).expect_until(RESET).stall());
    let (stream, _) = open(&link);
    assert!(link.is_alive());
    thread::scope(|scope| {
        let waiting = scope.spawn(|| wait_to_open(&link, &Arc::default()));
        until(|| !link.lock().halves.can_read());
        drop(link.lock().close(stream));
        link.flush(soon());
        waiting.join().unwrap();
    });
}

#[test]
fn ok_who_sleeps_until_there_is_a_stream_is_woken_by_the_end_of_a_response_that_nobody_takes() {
    let script = Script::new()
        .reply(at_most(2))
        .expect_until("ping now")
        .reply(answer(1))
        .expect_until("and then")
        .reply(answer(3))
        .stall();
    let link = link(script);
    let ((_, _), (second, reader)) = (open(&link), open(&link));
    let opener = Arc::default();
    assert!(link.is_alive());
    let ping = |payload: &[u8; 8]| {
        link.lock().engine.ping(*payload);
        link.flush(soon());
    };
    thread::scope(|scope| {
        let reading = scope.spawn(|| wait_for_end(&link, second, &reader));
        until(|| !link.lock().halves.can_read());
        let waiting = scope.spawn(|| wait_to_open(&link, &opener));
        until(|| Arc::strong_count(&opener) > 1);
        ping(b"ping now");
        waiting.join().unwrap();
        ping(b"and then");
        reading.join().unwrap().unwrap();
    });
}

#[test]
fn ok_what_the_peer_did_not_take_at_first_is_written_though_another_one_reads_for_long() {
    let wire = Watched::new(Wire::default());
    let transport = Box::new(Reluctant(Arc::clone(&wire)));
    let link = link_over(transport);
    let ((first, reader), (second, writer)) = (open(&link), open(&link));
    link.flush(soon());
    thread::scope(|scope| {
        let reading = scope.spawn(|| wait_for_end(&link, first, &reader));
        until(|| !link.lock().halves.can_read());
        wire.update(|wire| wire.refusals = 1);
        link.lock().engine.ping([0; 8]);
        let written = link.wait(&mut waiter(Some(second), &writer), |books, _| {
            (!books.has_unsent()).then_some(Ok(()))
        });
        wire.update(|wire| wire.ended = true);
        written.unwrap();
        match reading.join().unwrap() {
            Err(Failure::Http2(fault)) => {
                assert_eq!(fault.explain(Phase::Wait).kind(), ErrorKind::EmptyResponse);
            }
            other => panic!("{:?}", other),
        }
    });
    assert_eq!(wire.lock().refusals, 0);
}

/// A transport that does not take some writes, and from which nothing comes but the end.
#[derive(Debug)]
struct Reluctant(Arc<Watched<Wire>>);

#[derive(Debug, Default)]
struct Wire {
    refusals: u32,
    ended: bool,
}

impl Transport for Reluctant {
    fn read(&mut self, _: &mut [u8], deadline: Deadline) -> io::Result<usize> {
        self.0.wait_for(deadline, None, |wire| wire.ended.then_some(0))
    }

    fn write(&mut self, bytes: &[u8], _: Deadline) -> io::Result<usize> {
        let mut wire = self.0.lock();
        if wire.refusals > 0 {
            wire.refusals -= 1;
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(bytes.len())
    }

    fn readiness(&mut self) -> io::Result<Readiness> {
        Ok(Readiness::Quiet)
    }

    fn interrupt_handle(&self) -> Option<Arc<dyn Interrupt>> {
        None
    }

    fn try_clone(&self) -> io::Result<Box<dyn Transport>> {
        Ok(Box::new(Reluctant(Arc::clone(&self.0))))
    }
}

/// A response without content.
fn answer(stream: u8) -> [u8; 10] {
    [0, 0, 1, 1, 5, 0, 0, 0, stream, 0x88]
}

/// SETTINGS_MAX_CONCURRENT_STREAMS.
fn at_most(streams: u8) -> [u8; 15] {
    [0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, streams]
}

const SETTINGS: &[u8] = b"\0\0\0\x04\0\0\0\0\0";
const ACK: &[u8] = b"\0\0\0\x04\x01\0\0\0\0";
/// RST_STREAM of the first stream: CANCEL.
const RESET: &[u8] = b"\0\0\x04\x03\0\0\0\0\x01\0\0\0\x08";

/// Takes nothing, and has nothing to give.
#[derive(Debug)]
struct Broken;

impl Transport for Broken {
    fn read(&mut self, _: &mut [u8], deadline: Deadline) -> io::Result<usize> {
        let never = Watched::new(()).wait_for(deadline, None, |_| None::<()>);
        never.map(|()| 0)
    }

    fn write(&mut self, _: &[u8], _: Deadline) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn readiness(&mut self) -> io::Result<Readiness> {
        Ok(Readiness::Quiet)
    }

    fn interrupt_handle(&self) -> Option<Arc<dyn Interrupt>> {
        None
    }

    fn try_clone(&self) -> io::Result<Box<dyn Transport>> {
        Ok(Box::new(Broken))
    }
}

#[test]
fn err_what_cannot_be_written_is_not_waited_for_though_reading_finds_no_end() {
    let link = link_over(Box::new(Broken));
    let (stream, signal) = open(&link);
    let failure = wait_for_end(&link, stream, &signal).unwrap_err();
    match failure {
        Failure::Receive(error) => assert_eq!(error.kind(), io::ErrorKind::BrokenPipe),
        failure => panic!("{:?}", failure),
    }
    assert_eq!(link.lock().room(), 0);
}
