//! What is asked of a socket, and what becomes of its answers, with one that answers from a list.

use super::*;
use std::collections::VecDeque;
use std::sync::Mutex;

const TIMED_OUT: i32 = if cfg!(windows) { 10060 } else { 110 };
const CONNECTION_RESET: i32 = if cfg!(windows) { 10054 } else { 104 };

/// Answers from a list and counts what is set.
#[derive(Debug, Default)]
struct Fake {
    is_winsock: bool,
    answers: Mutex<VecDeque<io::Result<usize>>>,
    set: Mutex<Vec<(Direction, Option<Duration>)>>,
}

impl Fake {
    fn stream(answers: impl IntoIterator<Item = io::Result<usize>>) -> Stream<Fake> {
        Stream::fresh(Fake {
            answers: Mutex::new(answers.into_iter().collect()),
            ..Fake::default()
        })
    }

    fn next(&self) -> io::Result<usize> {
        self.answers.lock().unwrap().pop_front().unwrap_or(Ok(1))
    }
}

impl Socket for Fake {
    fn recv(&self, _: &mut [u8]) -> io::Result<usize> {
        self.next()
    }
    fn send(&self, _: &[u8]) -> io::Result<usize> {
        self.next()
    }
    fn timeout(&self, _: Direction) -> io::Result<Option<Duration>> {
        Ok(Some(Duration::from_secs(1)))
    }
    fn set_timeout(&self, direction: Direction, timeout: Option<Duration>) -> io::Result<()> {
        self.set.lock().unwrap().push((direction, timeout));
        Ok(())
    }
    fn set_nonblocking(&self, _: bool) -> io::Result<()> {
        Ok(())
    }
    fn shutdown(&self) -> io::Result<()> {
        Ok(())
    }
    fn is_winsock(&self) -> bool {
        self.is_winsock
    }
}

fn seconds(seconds: u64) -> Deadline {
    Deadline::after(Instant::now(), Duration::from_secs(seconds))
}

fn times_set(stream: &Stream<Fake>) -> usize {
    stream.socket().set.lock().unwrap().len()
}

#[test]
fn ok_a_thousand_exchanges_set_each_timeout_once() {
    let mut stream = Fake::stream([]);
    stream.write(b"x", seconds(20)).unwrap();
    stream.read(&mut [0], seconds(20)).unwrap();
    assert_eq!(times_set(&stream), 2);
    for _ in 0..1000 {
        let deadline = seconds(20);
        stream.write(b"x", deadline).unwrap();
        stream.read(&mut [0], deadline).unwrap();
    }
    assert_eq!(times_set(&stream), 2);
}

#[test]
fn ok_without_deadline_nothing_is_set() {
    let mut stream = Fake::stream([]);
    stream.write(b"x", Deadline::NEVER).unwrap();
    stream.read(&mut [0], Deadline::NEVER).unwrap();
    assert_eq!(times_set(&stream), 0);
}

#[test]
fn ok_a_longer_timeout_than_what_is_left_is_replaced_and_a_shorter_kept() {
    let mut stream = Fake::stream([]);
    for (left, times) in [(20, 1), (10, 2), (20, 2), (10, 2), (1, 3)] {
        stream.read(&mut [0], seconds(left)).unwrap();
        assert_eq!(times_set(&stream), times, "{} s left", left);
    }
}

#[test]
fn ok_a_timeout_may_be_20_ms_longer_than_what_is_left() {
    let (now, ms) = (Instant::now(), Duration::from_millis);
    for (in_force, left, too_long) in [
        (None, ms(100), true),
        (Some(Duration::MAX), ms(100), true),
        (Some(ms(1)), ms(100), false),
        (Some(ms(10)), ms(1), false),
        (Some(ms(100)), ms(80), false),
        (Some(ms(100)), ms(79), true),
        (Some(ms(7_000)), ms(7_980), false),
        (Some(ms(7_000)), ms(7_979), true),
    ] {
        let found = waits_too_long(in_force.map(latest), now, now + left);
        assert_eq!(found, too_long, "{:?} {:?}", in_force, left);
    }
}

#[test]
fn ok_a_timeout_of_an_earlier_exchange_that_expires_is_not_the_deadline() {
    let expiry = || Err(ErrorKind::WouldBlock.into());
    let mut stream = Fake::stream([Ok(1), expiry(), Ok(2), expiry(), Ok(3)]);
    assert_eq!(stream.read(&mut [0; 9], seconds(1)).unwrap(), 1);
    assert_eq!(stream.read(&mut [0; 9], seconds(20)).unwrap(), 2);
    assert_eq!(times_set(&stream), 2);
    assert_eq!(stream.read(&mut [0; 9], Deadline::NEVER).unwrap(), 3);
    let last = stream.socket().set.lock().unwrap().pop();
    assert_eq!(last, Some((Direction::Read, None)));
}

#[test]
fn ok_a_long_timeout_ends_early_and_is_followed_by_shorter_ones() {
    let expiry = || Err(ErrorKind::WouldBlock.into());
    let mut stream = Fake::stream([expiry(), Ok(1)]);
    stream.read(&mut [0; 9], seconds(16)).unwrap();
    let set = stream.socket().set.lock().unwrap().clone();
    assert_eq!(set.len(), 2);
    for (_, timeout) in set {
        let timeout = timeout.unwrap();
        let at_most = latest(timeout);
        assert!(timeout > Duration::from_secs(13), "{:?}", timeout);
        assert!(at_most <= Duration::from_secs(16), "{:?}", timeout);
    }
}

fn winsock(answers: impl IntoIterator<Item = io::Result<usize>>) -> Stream<Fake> {
    let mut stream = Fake::stream(answers);
    Arc::get_mut(&mut stream.shared).unwrap().socket.is_winsock = true;
    stream
}

#[test]
fn ok_on_windows_a_call_has_no_timeout_and_waits_by_itself() {
    let not_yet = || Err(ErrorKind::WouldBlock.into());
    let again = || Err(ErrorKind::Interrupted.into());
    let mut stream = winsock([not_yet(), again(), not_yet(), Ok(3), again(), Ok(2)]);
    assert_eq!(stream.read(&mut [0; 9], Deadline::NEVER).unwrap(), 3);
    assert_eq!(stream.write(b"12345", seconds(20)).unwrap(), 2);
    assert_eq!(times_set(&stream), 0);
}

#[test]
fn err_on_windows_a_call_ends_at_its_deadline_and_when_it_is_interrupted() {
    let forever = || (0..100).map(|_| Err(ErrorKind::WouldBlock.into()));
    for call in [
        (|stream, deadline| stream.read(&mut [0; 9], deadline)) as fn(&mut Stream<Fake>, _) -> _,
        |stream, deadline| stream.write(b"12345", deadline),
    ] {
        let mut stream = winsock(forever());
        let soon = Deadline::after(Instant::now(), Duration::from_millis(5));
        assert_eq!(call(&mut stream, soon).unwrap_err().kind(), ErrorKind::TimedOut);
        stream.interrupt_handle().interrupt();
        assert_eq!(call(&mut stream, seconds(20)).unwrap_err().to_string(), "cancelled");
    }
}

#[test]
fn err_on_windows_a_verdict_of_tcp_is_no_timeout() {
    let mut stream = winsock([Ok(3), Err(io::Error::from_raw_os_error(TIMED_OUT)), Ok(0)]);
    assert_eq!(stream.read(&mut [0; 9], Deadline::NEVER).unwrap(), 3);
    for _ in 0..2 {
        let error = stream.read(&mut [0; 9], Deadline::NEVER).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    }
}

#[test]
fn ok_interrupted_calls_are_made_again() {
    let mut stream = Fake::stream([Err(ErrorKind::Interrupted.into()), Ok(5)]);
    assert_eq!(stream.write(b"12345", Deadline::NEVER).unwrap(), 5);
}

#[test]
fn ok_an_adopted_socket_has_its_timeouts_asked() {
    let stream = Fake::stream([Err(ErrorKind::WouldBlock.into()), Ok(1)]);
    let socket = Arc::try_unwrap(stream.shared).ok().unwrap().socket;
    let mut adopted = Stream::adopt(socket).unwrap();
    assert_eq!(adopted.read(&mut [0], Deadline::NEVER).unwrap(), 1);
    assert_eq!(times_set(&adopted), 1);
}

#[test]
fn ok_nothing_to_move_is_no_call() {
    let mut stream = Fake::stream([Ok(9)]);
    assert_eq!(stream.read(&mut [], Deadline::NEVER).unwrap(), 0);
    assert_eq!(stream.write(&[], Deadline::NEVER).unwrap(), 0);
    assert_eq!(stream.read(&mut [0; 9], Deadline::NEVER).unwrap(), 9);
}

#[test]
fn err_nothing_left_is_timed_out_without_a_call() {
    let mut stream = Fake::stream([Ok(9)]);
    let error = stream.read(&mut [0; 9], seconds(0)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert_eq!(stream.read(&mut [0; 9], Deadline::NEVER).unwrap(), 9);
}

#[test]
fn err_after_a_reset_no_end_is_orderly() {
    let reset = || Err(io::Error::from_raw_os_error(CONNECTION_RESET));
    let mut stream = Fake::stream([reset(), Ok(3), Ok(0), Ok(0)]);
    assert!(stream.write(b"x", Deadline::NEVER).is_err());
    assert_eq!(stream.read(&mut [0; 9], Deadline::NEVER).unwrap(), 3);
    let error = stream.read(&mut [0; 9], Deadline::NEVER).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(CONNECTION_RESET));
    assert!(stream.glance(|socket| socket.recv(&mut [0])).is_err());
}

#[test]
fn ok_a_broken_pipe_leaves_the_peers_end_orderly() {
    let mut stream = Fake::stream([Err(ErrorKind::BrokenPipe.into()), Ok(0)]);
    assert!(stream.write(b"x", Deadline::NEVER).is_err());
    assert_eq!(stream.read(&mut [0; 9], Deadline::NEVER).unwrap(), 0);
}

#[test]
fn err_an_interrupted_stream_has_no_end() {
    let mut stream = Fake::stream([Ok(0), Err(ErrorKind::BrokenPipe.into())]);
    stream.interrupt_handle().interrupt();
    let read = stream.read(&mut [0], Deadline::NEVER).unwrap_err();
    let write = stream.write(b"x", Deadline::NEVER).unwrap_err();
    assert_eq!((read.to_string(), write.to_string()), ("cancelled".into(), "cancelled".into()));
}
