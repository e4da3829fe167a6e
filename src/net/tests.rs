//! Real sockets on loopback: each promise of [`Transport`], kept by TCP and by Unix domain sockets.

use super::*;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// The far end of a transport: what a peer does, whatever the socket.
trait Peer: Read + Write + Send {
    fn set_read_timeout(&self, timeout: Duration);
}

impl Peer for TcpStream {
    fn set_read_timeout(&self, timeout: Duration) {
        TcpStream::set_read_timeout(self, Some(timeout)).unwrap();
    }
}

#[cfg(unix)]
impl Peer for std::os::unix::net::UnixStream {
    fn set_read_timeout(&self, timeout: Duration) {
        std::os::unix::net::UnixStream::set_read_timeout(self, Some(timeout)).unwrap();
    }
}

type Pair = (Box<dyn Transport>, Box<dyn Peer>);

fn tcp_streams() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (near, listener.accept().unwrap().0)
}

fn tcp() -> Pair {
    let (near, far) = tcp_streams();
    let peer = near.peer_addr().unwrap();
    (Box::new(TcpTransport::fresh(near, peer).unwrap()), Box::new(far))
}

#[cfg(unix)]
fn unix() -> Pair {
    let (near, far) = std::os::unix::net::UnixStream::pair().unwrap();
    (Box::new(UnixTransport::new(near).unwrap()), Box::new(far))
}

fn kinds() -> Vec<fn() -> Pair> {
    vec![
        tcp,
        #[cfg(unix)]
        unix,
    ]
}

fn after(milliseconds: u64) -> Deadline {
    Deadline::after(Instant::now(), Duration::from_millis(milliseconds))
}

/// Five calls against a deadline of 100 ms each. None ends early, and the median of them is not
/// more than 50 ms late; a single one may be, on a machine that is busy.
fn assert_deadline_holds(mut call: impl FnMut(Deadline)) {
    let limit = Duration::from_millis(100);
    let mut lateness: Vec<Duration> = (0..5)
        .map(|_| {
            let start = Instant::now();
            call(Deadline::after(start, limit));
            start.elapsed().checked_sub(limit).expect("ended early")
        })
        .collect();
    lateness.sort();
    assert!(lateness[2] <= Duration::from_millis(50), "{:?}", lateness);
}

fn read_on(transport: &mut dyn Transport, deadline: Deadline) -> io::Error {
    let mut buffer = [0; 64];
    loop {
        match transport.read(&mut buffer, deadline) {
            Ok(0) => panic!("an orderly end"),
            Ok(_) => {}
            Err(error) => return error,
        }
    }
}

fn write_on(transport: &mut dyn Transport, deadline: Deadline) -> io::Error {
    let bytes = vec![b'x'; 1 << 20];
    loop {
        match transport.write(&bytes, deadline) {
            Ok(count) => assert!(count > 0),
            Err(error) => return error,
        }
    }
}

/// Runs the peer's part until the transport's part is done.
fn beside<P: Send>(
    peer: P,
    mut part: impl FnMut(&mut P) -> io::Result<()> + Send,
    body: impl FnOnce(),
) {
    thread::scope(|scope| {
        let (done, is_done) = mpsc::channel::<()>();
        scope.spawn(move || {
            let mut peer = peer;
            while is_done.try_recv() == Err(mpsc::TryRecvError::Empty) {
                if part(&mut peer).is_err() {
                    return;
                }
            }
        });
        body();
        drop(done);
    });
}

#[test]
fn err_a_silent_peer_is_timed_out() {
    for kind in kinds() {
        let (mut transport, _peer) = kind();
        assert_deadline_holds(|deadline| {
            let error = transport.read(&mut [0; 64], deadline).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TimedOut);
        });
    }
}

#[test]
fn err_a_peer_that_drips_is_timed_out() {
    for kind in kinds() {
        let (mut transport, peer) = kind();
        let drip = |peer: &mut Box<dyn Peer>| {
            thread::sleep(Duration::from_millis(5));
            peer.write_all(b"x")
        };
        beside(peer, drip, || {
            assert_deadline_holds(|deadline| {
                let error = read_on(&mut *transport, deadline);
                assert_eq!(error.kind(), ErrorKind::TimedOut);
            });
            drop(transport);
        });
    }
}

#[test]
fn err_a_peer_that_does_not_read_is_timed_out() {
    for kind in kinds() {
        let (mut transport, _peer) = kind();
        assert_deadline_holds(|deadline| {
            let error = write_on(&mut *transport, deadline);
            assert_eq!(error.kind(), ErrorKind::TimedOut);
        });
    }
}

#[test]
fn err_a_peer_that_reads_in_drips_is_timed_out() {
    for kind in kinds() {
        let (mut transport, peer) = kind();
        peer.set_read_timeout(Duration::from_millis(100));
        let sip = |peer: &mut Box<dyn Peer>| {
            thread::sleep(Duration::from_millis(20));
            match peer.read(&mut [0; 16 * 1024]) {
                Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
                _ => Ok(()),
            }
        };
        beside(peer, sip, || {
            assert_deadline_holds(|deadline| {
                let error = write_on(&mut *transport, deadline);
                assert_eq!(error.kind(), ErrorKind::TimedOut);
            });
            drop(transport);
        });
    }
}

#[test]
fn ok_a_timeout_left_over_does_not_end_a_later_call() {
    for kind in kinds() {
        let (mut transport, mut peer) = kind();
        assert!(transport.read(&mut [0], after(1)).is_err());
        for deadline in [after(20_000), Deadline::NEVER] {
            thread::scope(|scope| {
                let reading = scope.spawn(|| transport.read(&mut [0; 9], deadline));
                // Longer than the timeout in force: the read is in its second wait, or later.
                thread::sleep(Duration::from_millis(20));
                peer.write_all(b"late").unwrap();
                assert_eq!(reading.join().unwrap().unwrap(), 4);
            });
        }
    }
}

#[test]
fn err_an_interrupt_ends_blocked_calls_and_is_no_end_of_stream() {
    for kind in kinds() {
        for call in [read_on, write_on] {
            let (mut transport, _peer) = kind();
            let token = CancelToken::new();
            let handle = transport.interrupt_handle().unwrap();
            let registration = token.register(handle).unwrap();
            thread::scope(|scope| {
                let (about_to, is_about_to) = mpsc::channel();
                let transport = &mut transport;
                let blocked = scope.spawn(move || {
                    about_to.send(()).unwrap();
                    call(&mut **transport, Deadline::NEVER)
                });
                is_about_to.recv().unwrap();
                token.cancel();
                assert_eq!(blocked.join().unwrap().to_string(), "cancelled");
            });
            drop(registration);
            assert_eq!(read_on(&mut *transport, Deadline::NEVER).to_string(), "cancelled");
        }
    }
}

#[test]
fn ok_readiness_consumes_nothing() {
    for kind in kinds() {
        let (mut transport, mut peer) = kind();
        assert_eq!(transport.readiness().unwrap(), Readiness::Quiet);
        peer.write_all(b"abc").unwrap();
        for _ in 0..3 {
            assert_eq!(transport.readiness().unwrap(), Readiness::Data);
        }
        let mut read = Vec::new();
        while read.len() < 3 {
            let mut buffer = [0; 9];
            let count = transport.read(&mut buffer, after(20_000)).unwrap();
            read.extend_from_slice(&buffer[..count]);
        }
        assert_eq!(read, b"abc");
        assert_eq!(transport.readiness().unwrap(), Readiness::Quiet);
        drop(peer);
        for _ in 0..3 {
            assert_eq!(transport.readiness().unwrap(), Readiness::Closed);
            assert_eq!(transport.read(&mut [0], after(20_000)).unwrap(), 0);
        }
    }
}

#[test]
fn ok_a_read_after_a_look_yields_all_that_is_there() {
    for kind in kinds() {
        let (mut transport, mut peer) = kind();
        // In parts that a small buffer ends, then to the end of what came.
        peer.write_all(b"abcdef").unwrap();
        for (size, expected) in [(1, &b"a"[..]), (2, b"bc"), (64, b"def")] {
            assert_eq!(transport.readiness().unwrap(), Readiness::Data);
            assert_eq!(transport.read(&mut [], after(20_000)).unwrap(), 0);
            let mut buffer = vec![0; size];
            let count = transport.read(&mut buffer, after(20_000)).unwrap();
            assert_eq!(&buffer[..count], expected);
        }
        assert_eq!(transport.readiness().unwrap(), Readiness::Quiet);
        // One byte, and nothing or the end behind it.
        peer.write_all(b"g").unwrap();
        assert_eq!(transport.readiness().unwrap(), Readiness::Data);
        assert_eq!(transport.read(&mut [0; 64], after(20_000)).unwrap(), 1);
        let error = transport.read(&mut [0; 64], after(1)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        peer.write_all(b"h").unwrap();
        assert_eq!(transport.readiness().unwrap(), Readiness::Data);
        drop(peer);
        assert_eq!(transport.read(&mut [0; 64], after(20_000)).unwrap(), 1);
        assert_eq!(transport.read(&mut [0; 64], after(20_000)).unwrap(), 0);
    }
}

#[test]
fn ok_after_readiness_the_socket_waits_again() {
    for kind in kinds() {
        let (mut transport, _peer) = kind();
        assert_eq!(transport.readiness().unwrap(), Readiness::Quiet);
        assert_deadline_holds(|deadline| {
            let error = transport.read(&mut [0], deadline).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TimedOut);
        });
    }
}

/// A peer that goes while bytes to it are unread resets the connection.
#[test]
fn err_a_reset_is_never_an_end_however_often_it_is_read() {
    for kind in kinds() {
        for look_first in [true, false] {
            let (mut transport, mut peer) = kind();
            transport.write(b"unread", after(20_000)).unwrap();
            // One byte is awaited, so that the rest is known to lie there unread.
            peer.read_exact(&mut [0]).unwrap();
            drop(peer);
            if look_first {
                assert!(transport.readiness().is_err());
            }
            for _ in 0..3 {
                let error = transport.read(&mut [0; 9], after(20_000)).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::ConnectionReset);
            }
        }
    }
}

#[test]
fn ok_a_socket_made_elsewhere_may_have_any_mode_and_timeouts() {
    let (near, mut far) = tcp_streams();
    near.set_nonblocking(true).unwrap();
    near.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    let mut transport = TcpTransport::new(near).unwrap();
    assert_eq!(transport.peer_addr(), far.local_addr().ok());
    assert_eq!(transport.local_addr(), far.peer_addr().ok());
    thread::scope(|scope| {
        let reading = scope.spawn(|| transport.read(&mut [0; 9], Deadline::NEVER));
        thread::sleep(Duration::from_millis(20));
        far.write_all(b"late").unwrap();
        assert_eq!(reading.join().unwrap().unwrap(), 4);
    });
}

fn dial(
    maker: &dyn Connect,
    host: Host,
    port: u16,
    deadline: Deadline,
) -> io::Result<Box<dyn Transport>> {
    maker.connect(Dialing {
        origin: &Origin::new(crate::http::Scheme::Http, host, port),
        deadline,
        cancel: None,
        progress: &mut |_| {},
    })
}

#[test]
fn ok_tcp_reaches_a_literal_address_and_localhost() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let maker = TcpConnect::new();
    for host in [Host::Ipv4(Ipv4Addr::LOCALHOST), Host::Domain("localhost".into())] {
        for deadline in [Deadline::NEVER, after(20_000)] {
            let mut transport = dial(&maker, host.clone(), port, deadline).unwrap();
            transport.write(b"hello", deadline).unwrap();
            let mut heard = [0; 5];
            let (mut peer, _) = listener.accept().unwrap();
            peer.read_exact(&mut heard).unwrap();
            assert_eq!(&heard, b"hello");
            assert_eq!(transport.peer_addr(), listener.local_addr().ok());
        }
    }
}

#[test]
fn err_tcp_to_a_port_where_nobody_listens_is_refused() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let host = Host::Ipv4(Ipv4Addr::LOCALHOST);
    let error = dial(&TcpConnect::new(), host, address.port(), after(20_000)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    assert!(error.to_string().contains(&address.to_string()), "{}", error);
}

#[cfg(unix)]
mod unix_domain {
    use super::*;
    use std::os::unix::net::UnixListener;
    use std::path::PathBuf;

    /// A path nobody else uses, gone at the end.
    struct SocketPath(PathBuf);

    impl SocketPath {
        fn new(name: &str) -> SocketPath {
            let name = format!("pannier-{}-{}", std::process::id(), name);
            SocketPath(std::env::temp_dir().join(name))
        }
    }

    impl Drop for SocketPath {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    #[test]
    fn ok_a_unix_socket_is_reached_for_any_origin() {
        let path = SocketPath::new("reached");
        let listener = UnixListener::bind(&path.0).unwrap();
        let maker = UnixConnect::new(&path.0);
        for deadline in [Deadline::NEVER, after(20_000)] {
            let host = Host::Domain("any.example".into());
            let mut transport = dial(&maker, host, 80, deadline).unwrap();
            transport.write(b"hello", deadline).unwrap();
            let mut heard = [0; 5];
            listener.accept().unwrap().0.read_exact(&mut heard).unwrap();
            assert_eq!(&heard, b"hello");
        }
    }

    #[test]
    fn err_no_unix_socket_at_the_path() {
        let path = SocketPath::new("missing");
        for deadline in [Deadline::NEVER, after(20_000)] {
            let host = Host::Domain("any.example".into());
            let error = dial(&UnixConnect::new(&path.0), host, 80, deadline).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotFound);
            let text = format!("cannot connect to {}", path.0.display());
            assert!(error.to_string().starts_with(&text), "{}", error);
        }
    }

    #[test]
    fn ok_and_err_what_a_function_opens() {
        for deadline in [Deadline::NEVER, after(20_000)] {
            let (near, mut far) = std::os::unix::net::UnixStream::pair().unwrap();
            near.set_nonblocking(true).unwrap();
            let maker = UnixConnect::with("a pair", move || near.try_clone());
            let host = Host::Domain("any.example".into());
            let mut transport = dial(&maker, host.clone(), 80, deadline).unwrap();
            let error = transport.read(&mut [0], after(20)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TimedOut);
            transport.write(b"x", deadline).unwrap();
            far.read_exact(&mut [0]).unwrap();
            let maker = UnixConnect::with("a pair", || Err(ErrorKind::PermissionDenied.into()));
            let error = dial(&maker, host, 80, deadline).unwrap_err();
            assert_eq!(error.to_string(), "cannot connect to a pair: permission denied");
        }
    }

    #[test]
    fn err_openers_that_never_return_are_bounded_and_left_at_the_deadline() {
        let (gate, opened) = (watched::Watched::new(false), watched::Watched::new(0));
        let (seen, count) = (gate.clone(), opened.clone());
        let maker = UnixConnect::with("nobody", move || {
            count.update(|count| *count += 1);
            seen.wait_for(Deadline::NEVER, None, |open| open.then_some(()))?;
            Err(ErrorKind::ConnectionRefused.into())
        });
        let host = Host::Domain("any.example".into());
        let all = |count: &mut usize| (*count == 16).then_some(());
        while opened.wait_for(after(1), None, all).is_err() {
            let error = dial(&maker, host.clone(), 80, after(5)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TimedOut);
        }
        assert!(dial(&maker, host.clone(), 80, after(20)).is_err());
        assert_eq!(*opened.lock(), 16);
        gate.update(|open| *open = true);
        let error = dial(&maker, host, 80, after(20_000)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    }
}
