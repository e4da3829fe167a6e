//! Finding addresses by the system's resolver, inside a deadline.
//!
//! `getaddrinfo` can be neither interrupted nor given a timeout. So a caller that has a deadline or
//! a cancel token waits for a lookup that runs on a thread of its own, and leaves when it must. The
//! threads are bounded, and a name that is being looked up is not looked up a second time: whoever
//! asks meanwhile gets the same answer. Answers are not kept beyond that; the system's resolver
//! knows how long they last, and this one does not.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::http::is_localhost;

use super::watched::{start_thread, Watched};
use super::{cancelled, CancelToken, Deadline, Resolve};

/// The system's resolver.
///
/// Clones are one resolver: they share lookups under way and the bound on their number.
/// `localhost` and the names below it are the loopback addresses without a lookup
/// (RFC 6761 §6.3).
#[derive(Clone)]
pub struct SystemResolver(Arc<Desk>);

/// Where names are handed in.
struct Desk {
    lookup: Box<Lookup>,
    /// Guards the books; nothing is locked inside it.
    books: Mutex<Books>,
}

/// Asks the system for the addresses of a name; the port is put in later.
type Lookup = dyn Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync;

#[derive(Default)]
struct Books {
    /// Oldest first; no more than there are callers that wait.
    flights: Vec<Booking>,
    threads: usize,
}

/// A lookup of one name.
struct Booking {
    host: Box<str>,
    flight: Arc<Flight>,
    /// Has it to wait for a thread?
    queued: bool,
}

/// The answer to a lookup, for everyone who waits.
type Flight = Watched<Option<Answer>>;

/// An [`io::Error`] cannot be cloned.
#[derive(Clone, Debug)]
enum Answer {
    Found(Vec<SocketAddr>),
    Failed(ErrorKind, Arc<str>),
}

/// Who makes a lookup that is not under way yet.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Caller,
    Thread,
}

impl SystemResolver {
    /// A resolver with no lookup under way.
    pub fn new() -> SystemResolver {
        SystemResolver::with_lookup(|host| Ok((host, 0).to_socket_addrs()?.collect()))
    }

    fn with_lookup(
        lookup: impl Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static,
    ) -> SystemResolver {
        SystemResolver(Arc::new(Desk { lookup: Box::new(lookup), books: Mutex::default() }))
    }
}

impl Resolve for SystemResolver {
    fn resolve(
        &self,
        host: &str,
        port: u16,
        deadline: Deadline,
        cancel: Option<&CancelToken>,
    ) -> io::Result<Vec<SocketAddr>> {
        if is_localhost(host) {
            return Ok(loopback(port));
        }
        if cancel.map_or(false, CancelToken::is_cancelled) {
            return Err(cancelled());
        }
        let by = match deadline.left()? {
            None if cancel.is_none() => By::Caller,
            _ => By::Thread,
        };
        let flight = self.0.board(host, by);
        match flight.wait_for(deadline, cancel, |answer| answer.clone())? {
            Answer::Found(addresses) => Ok(with_port(addresses, port)),
            Answer::Failed(kind, text) => Err(io::Error::new(kind, text.to_string())),
        }
    }
}

impl Default for SystemResolver {
    fn default() -> SystemResolver {
        SystemResolver::new()
    }
}

impl fmt::Debug for SystemResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SystemResolver(lookups: {})", self.0.books().flights.len())
    }
}

impl Desk {
    /// The flight of this name: the one under way, or a new one.
    fn board(self: &Arc<Desk>, host: &str, by: By) -> Arc<Flight> {
        let mut books = self.books();
        if let Some(place) = books.place(host) {
            return Arc::clone(&books.flights[place].flight);
        }
        let flight = Watched::new(None);
        let queued = by == By::Thread;
        books.flights.push(Booking { host: host.into(), flight: Arc::clone(&flight), queued });
        if !queued {
            drop(books);
            self.fly(host);
            return flight;
        }
        if books.threads < MOST_THREADS {
            books.threads += 1;
            drop(books);
            self.start_thread();
        }
        flight
    }

    fn start_thread(self: &Arc<Desk>) {
        let desk = Arc::clone(self);
        let work = move || {
            while let Some(host) = desk.next() {
                desk.fly(&host);
            }
        };
        let started = start_thread("pannier-resolve", STACK_SIZE, Box::new(work));
        if let Err(error) = started {
            self.strand(&error);
        }
    }

    /// The next name that someone still waits for, or the end of a thread.
    fn next(&self) -> Option<Box<str>> {
        let mut books = self.books();
        // New passengers come through the books only, which are locked.
        books.flights.retain(|booking| !booking.queued || Arc::strong_count(&booking.flight) > 1);
        match books.flights.iter_mut().find(|booking| booking.queued) {
            Some(booking) => {
                booking.queued = false;
                Some(booking.host.clone())
            }
            None => {
                books.threads -= 1;
                None
            }
        }
    }

    /// Makes the lookup and tells everyone who waits.
    fn fly(&self, host: &str) {
        let answer = match (self.lookup)(host) {
            Ok(found) if found.is_empty() => {
                Answer::Failed(ErrorKind::NotFound, no_address(host).into())
            }
            Ok(found) => Answer::Found(found),
            Err(error) => failure(host, &error),
        };
        self.land(host, answer);
    }

    fn land(&self, host: &str, answer: Answer) {
        let mut books = self.books();
        let booking = books.place(host).map(|place| books.flights.remove(place));
        drop(books);
        if let Some(booking) = booking {
            booking.flight.update(|slot| *slot = Some(answer));
        }
    }

    /// There is no thread to be had. Names in the queue wait for those that run; with none, all of
    /// them fail.
    fn strand(&self, error: &io::Error) {
        let mut books = self.books();
        if books.threads > 1 {
            books.threads -= 1;
            return;
        }
        drop(books);
        let failed = Answer::Failed(error.kind(), error.to_string().into());
        while let Some(host) = self.next() {
            self.land(&host, failed.clone());
        }
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Books {
    fn place(&self, host: &str) -> Option<usize> {
        self.flights.iter().position(|booking| *booking.host == *host)
    }
}

fn with_port(mut addresses: Vec<SocketAddr>, port: u16) -> Vec<SocketAddr> {
    addresses.iter_mut().for_each(|address| address.set_port(port));
    addresses
}

fn loopback(port: u16) -> Vec<SocketAddr> {
    vec![(Ipv6Addr::LOCALHOST, port).into(), (Ipv4Addr::LOCALHOST, port).into()]
}

fn no_address(host: &str) -> String {
    format!("the name {} has no address", host)
}

fn failure(host: &str, error: &io::Error) -> Answer {
    let text = error.to_string();
    let (kind, text) = match is_no_such_name(error, &text) {
        true => (ErrorKind::NotFound, format!("no such name: {} ({})", host, text)),
        false => (error.kind(), format!("cannot look up {}: {}", host, text)),
    };
    Answer::Failed(kind, text.into())
}

/// std reports each failure of `getaddrinfo` as one kind, so the text must tell them apart. It is
/// the C library's own and, as nobody sets a locale, English.
fn is_no_such_name(error: &io::Error, text: &str) -> bool {
    let by_number = cfg!(windows) && matches!(error.raw_os_error(), Some(11001 | 11004));
    by_number || NO_SUCH_NAME.iter().any(|known| text.ends_with(known))
}

/// glibc (two of them), musl, the BSDs and macOS (two).
const NO_SUCH_NAME: [&str; 5] = [
    "Name or service not known",
    "No address associated with hostname",
    "Name does not resolve",
    "nodename nor servname provided",
    "hostname nor servname provided",
];

/// Lookups at once. One that hangs does so for the system resolver's own timeout, 5 to 30 s; this
/// many hanging names do not hold up the next unless all of them do.
const MOST_THREADS: usize = 16;

/// glibc's resolver keeps packets of up to 64 KiB on the stack, and modules of the name service
/// switch are other people's code. Only touched pages count.
const STACK_SIZE: usize = 256 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;
    use std::time::{Duration, Instant};

    /// A resolver whose lookups count themselves and wait until the gate opens.
    struct Gated {
        resolver: SystemResolver,
        gate: Arc<Watched<bool>>,
        lookups: Arc<Watched<usize>>,
    }

    fn gated() -> Gated {
        let (gate, lookups) = (Watched::new(false), Watched::new(0));
        let (at_gate, counter) = (Arc::clone(&gate), Arc::clone(&lookups));
        let resolver = SystemResolver::with_lookup(move |_| {
            counter.update(|count| *count += 1);
            at_gate.wait_for(Deadline::NEVER, None, |open| open.then_some(()))?;
            Ok(vec![([192, 0, 2, 1], 0).into()])
        });
        Gated { resolver, gate, lookups }
    }

    impl Gated {
        fn open(&self) {
            self.gate.update(|open| *open = true);
        }

        fn wait_for_lookups(&self, wanted: usize) {
            self.lookups
                .wait_for(soon(20_000), None, |count| (*count >= wanted).then_some(()))
                .unwrap();
        }
    }

    impl Drop for Gated {
        fn drop(&mut self) {
            self.open();
        }
    }

    fn soon(milliseconds: u64) -> Deadline {
        Deadline::after(Instant::now(), Duration::from_millis(milliseconds))
    }

    #[test]
    fn ok_localhost_names_need_no_lookup() {
        let resolver = SystemResolver::with_lookup(|host| panic!("{} was looked up", host));
        for name in ["localhost", "LocalHost", "localhost.", "a.b.localhost"] {
            let found = resolver.resolve(name, 80, Deadline::NEVER, None).unwrap();
            assert!(found.iter().all(|address| address.ip().is_loopback()));
            assert!(found.iter().all(|address| address.port() == 80));
            assert_eq!(found.len(), 2, "{}", name);
        }
        for name in ["localhost.example", "notlocalhost", "", "."] {
            assert!(!is_localhost(name), "{}", name);
        }
    }

    #[test]
    fn ok_one_lookup_serves_all_who_ask_meanwhile_each_with_its_port() {
        let gated = gated();
        thread::scope(|scope| {
            let ask = |port| {
                let resolver = gated.resolver.clone();
                scope.spawn(move || resolver.resolve("a.example", port, soon(20_000), None))
            };
            let first = ask(80);
            gated.wait_for_lookups(1);
            let second = ask(443);
            while Arc::strong_count(&gated.resolver.0.books().flights[0].flight) < 3 {
                thread::yield_now();
            }
            gated.open();
            assert_eq!(first.join().unwrap().unwrap(), [([192, 0, 2, 1], 80).into()]);
            assert_eq!(second.join().unwrap().unwrap(), [([192, 0, 2, 1], 443).into()]);
        });
        assert_eq!(*gated.lookups.lock(), 1);
        assert!(gated.resolver.0.books().flights.is_empty());
    }

    #[test]
    fn err_a_stalled_lookup_times_out_and_its_thread_is_shared_by_the_next() {
        let gated = gated();
        // Whoever leaves before the thread looks into the queue is skipped: ask again.
        while *gated.lookups.lock() == 0 {
            let _ = gated.resolver.resolve("a.example", 80, soon(5), None);
        }
        for _ in 0..3 {
            let deadline = soon(20);
            let error = gated.resolver.resolve("a.example", 80, deadline, None).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TimedOut);
            assert!(deadline.is_past(Instant::now()));
        }
        assert_eq!(*gated.lookups.lock(), 1);
        assert_eq!(gated.resolver.0.books().threads, 1);
    }

    #[test]
    fn err_cancelling_ends_a_stalled_lookup() {
        let gated = gated();
        let token = CancelToken::new();
        thread::scope(|scope| {
            let asking = scope.spawn(|| {
                let never = Deadline::NEVER;
                gated.resolver.resolve("a.example", 80, never, Some(&token))
            });
            gated.wait_for_lookups(1);
            token.cancel();
            let error = asking.join().unwrap().unwrap_err();
            assert_eq!(error.to_string(), "cancelled");
        });
        let again = gated.resolver.resolve("b.example", 80, Deadline::NEVER, Some(&token));
        assert_eq!(again.unwrap_err().to_string(), "cancelled");
        assert_eq!(*gated.lookups.lock(), 1);
    }

    #[test]
    fn ok_threads_are_bounded_and_names_nobody_waits_for_are_skipped() {
        let gated = gated();
        let give_up = |name: &str| {
            let error = gated.resolver.resolve(name, 80, soon(1), None).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TimedOut);
        };
        (0..MOST_THREADS).for_each(|index| {
            // Whoever leaves before its thread looks into the queue is skipped: ask again.
            while *gated.lookups.lock() <= index {
                give_up(&format!("{}.example", index));
            }
        });
        give_up("left.example");
        assert_eq!(*gated.lookups.lock(), MOST_THREADS);
        thread::scope(|scope| {
            let last =
                scope.spawn(|| gated.resolver.resolve("last.example", 80, soon(20_000), None));
            while gated.resolver.0.books().place("last.example").is_none() {
                thread::yield_now();
            }
            gated.open();
            assert!(last.join().unwrap().is_ok());
        });
        assert_eq!(*gated.lookups.lock(), MOST_THREADS + 1);
    }

    #[test]
    fn ok_without_deadline_the_lookup_is_made_by_the_caller() {
        let caller = thread::current().id();
        let resolver = SystemResolver::with_lookup(move |_| {
            assert_eq!(thread::current().id(), caller);
            Ok(vec![([192, 0, 2, 1], 0).into()])
        });
        assert!(resolver.resolve("a.example", 80, Deadline::NEVER, None).is_ok());
    }

    #[test]
    fn err_failures_say_whether_the_name_exists() {
        for (says, kind) in [
            (
                "failed to lookup address information: Name or service not known",
                ErrorKind::NotFound,
            ),
            ("failed to lookup address information: Name does not resolve", ErrorKind::NotFound),
            (
                "failed to lookup address information: Temporary failure in name resolution",
                ErrorKind::Other,
            ),
        ] {
            let resolver =
                SystemResolver::with_lookup(move |_| Err(io::Error::new(ErrorKind::Other, says)));
            for deadline in [Deadline::NEVER, soon(20_000)] {
                let error = resolver.resolve("a.example", 80, deadline, None).unwrap_err();
                assert_eq!(error.kind(), kind, "{}", says);
                assert!(error.to_string().contains("a.example"), "{}", error);
                assert!(error.to_string().contains(says), "{}", error);
            }
        }
    }

    #[test]
    fn err_an_empty_answer_is_no_such_name_and_is_not_kept() {
        let lookups = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&lookups);
        let resolver = SystemResolver::with_lookup(move |_| {
            counter.fetch_add(1, Ordering::SeqCst);
            Ok(Vec::new())
        });
        for _ in 0..2 {
            let error = resolver.resolve("a.example", 80, soon(20_000), None).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotFound);
        }
        assert_eq!(lookups.load(Ordering::SeqCst), 2);
    }
}
