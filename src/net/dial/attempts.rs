//! The attempts of one dialling: one by one where the caller can wait for each, else a race.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{TcpConnect, STAGGER};
use crate::net::watched::{start_thread, Place, Watched};
use crate::net::{cancelled, text_of, CancelToken, Deadline, Dialing, Step};

/// The attempts of one dialling.
pub(super) struct Attempts<'a, 'd> {
    maker: &'a TcpConnect,
    dialing: Dialing<'d>,
    /// Each once, in the order of their turns.
    addresses: &'a [SocketAddr],
    /// How many of them have had theirs.
    begun: usize,
    refused: Vec<(SocketAddr, io::Error)>,
}

/// Where the threads of a race leave what they got.
#[derive(Default)]
struct Track {
    /// Oldest first.
    answers: Vec<Opened>,
    over: bool,
}

type Opened = (SocketAddr, io::Result<TcpStream>);
type Connected = (SocketAddr, TcpStream);

impl<'a, 'd> Attempts<'a, 'd> {
    pub(super) fn new(
        maker: &'a TcpConnect,
        dialing: Dialing<'d>,
        addresses: &'a [SocketAddr],
    ) -> Attempts<'a, 'd> {
        Attempts { maker, dialing, addresses, begun: 0, refused: Vec::new() }
    }

    /// The first connection to stand, or what every address answered.
    pub(super) fn run(&mut self) -> io::Result<Connected> {
        if self.dialing.cancel.map_or(false, CancelToken::is_cancelled) {
            return Err(cancelled());
        }
        match self.one_by_one(self.addresses) {
            Ok((address, stream)) => {
                self.learn(Some(address), None);
                (self.dialing.progress)(Step::Connected(address));
                Ok((address, stream))
            }
            Err(error) => {
                self.learn(None, Some(error.kind()));
                Err(self.explain(error))
            }
        }
    }

    /// Remembers who failed, who kept silent to the end, and who was outrun by a later one.
    fn learn(&self, winner: Option<SocketAddr>, failure: Option<ErrorKind>) {
        let timed_out = failure == Some(ErrorKind::TimedOut);
        let place = |winner| self.begun().iter().position(|address| *address == winner);
        let outrun = winner.and_then(place).unwrap_or(0);
        let mut failures = self.maker.failures();
        for (index, address) in self.begun().iter().enumerate() {
            if timed_out || index < outrun || self.refusal(address).is_some() {
                failures.record(*address, Instant::now());
            }
        }
        if let Some(winner) = winner {
            failures.forget(winner);
        }
    }

    /// Tries in this thread as long as that can be waited for, and races the rest. A loopback address
    /// answers at once or hardly ever, which is waited for even under a token: a thread for it would
    /// cost as much as the connection.
    fn one_by_one(&mut self, mut rest: &[SocketAddr]) -> io::Result<Connected> {
        while let [address, others @ ..] = rest {
            let patience = match (others, self.dialing.cancel) {
                ([], None) => None,
                (_, None) if address.ip().is_loopback() => Some(self.maker.stagger.max(AN_INSTANT)),
                (_, Some(_)) if address.ip().is_loopback() => Some(UNCANCELLED),
                _ => break,
            };
            let error = match self.open_here(*address, patience)? {
                Ok(stream) => return Ok((*address, stream)),
                Err(error) => error,
            };
            if error.kind() == ErrorKind::TimedOut && patience.is_some() {
                break;
            }
            self.refused(*address, error);
            rest = others;
        }
        self.race(rest)
    }

    fn open_here(
        &mut self,
        address: SocketAddr,
        patience: Option<Duration>,
    ) -> io::Result<io::Result<TcpStream>> {
        let left = self.dialing.deadline.left()?;
        let within = match (left, patience) {
            (Some(left), Some(patience)) => Some(left.min(patience)),
            (left, patience) => left.or(patience),
        };
        self.started(address);
        Ok((self.maker.open)(address, within))
    }

    fn race(&mut self, addresses: &[SocketAddr]) -> io::Result<Connected> {
        let track = Watched::new(Track::default());
        let result = self.first_of(addresses, &track);
        // Connections that come second are closed: these here, later ones by their threads.
        drop(track.update(|track| {
            track.over = true;
            std::mem::take(&mut track.answers)
        }));
        result
    }

    fn first_of(
        &mut self,
        addresses: &[SocketAddr],
        track: &Arc<Watched<Track>>,
    ) -> io::Result<Connected> {
        let mut waiting = addresses;
        let mut running = 0;
        let mut due = Deadline::after(Instant::now(), Duration::ZERO);
        loop {
            let now = Instant::now();
            self.dialing.deadline.remaining(now)?;
            if let ([address, rest @ ..], true) = (waiting, due.is_past(now)) {
                let pause = match self.place(running == 0)? {
                    Some(place) => {
                        self.open_aside(*address, place, track)?;
                        (waiting, running) = (rest, running + 1);
                        self.maker.stagger
                    }
                    None => self.maker.stagger.max(STAGGER),
                };
                due = Deadline::after(Instant::now(), pause);
            }
            if running == 0 {
                return Err(self.last_error());
            }
            let idle = waiting.is_empty() || running == MOST_RUNNING;
            let turn = if idle { Deadline::NEVER } else { due };
            let until = self.dialing.deadline.earlier(turn);
            let answer = track.wait_for(until, self.dialing.cancel, Track::first);
            match answer {
                Ok((address, Ok(stream))) => return Ok((address, stream)),
                Ok((address, Err(error))) => {
                    self.refused(address, error);
                    running -= 1;
                    due = Deadline::after(now, Duration::ZERO);
                }
                // The next one's turn has come, or the deadline.
                Err(error) if error.kind() == ErrorKind::TimedOut => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// A place for one more attempt. The first of a dialling waits for it; none of the others holds
    /// up the answers to those under way.
    fn place(&self, first: bool) -> io::Result<Option<Place>> {
        match first {
            true => self.maker.room.enter(self.dialing.deadline, self.dialing.cancel).map(Some),
            false => Ok(self.maker.room.try_enter()),
        }
    }

    fn open_aside(
        &mut self,
        address: SocketAddr,
        place: Place,
        track: &Arc<Watched<Track>>,
    ) -> io::Result<()> {
        let left = self.dialing.deadline.left()?;
        self.started(address);
        let within = left.unwrap_or(LONGEST_ATTEMPT);
        let (open, results) = (Arc::clone(&self.maker.open), Arc::clone(track));
        let work = move || {
            let opened = open(address, Some(within));
            drop(place);
            results.hand_in((address, opened));
        };
        let started = start_thread("pannier-connect", STACK_SIZE, Box::new(work));
        if let Err(error) = started {
            track.hand_in((address, Err(error)));
        }
        Ok(())
    }

    fn started(&mut self, address: SocketAddr) {
        (self.dialing.progress)(Step::Connecting(address));
        if !self.begun().contains(&address) {
            self.begun += 1;
        }
    }

    fn begun(&self) -> &[SocketAddr] {
        &self.addresses[..self.begun]
    }

    fn refused(&mut self, address: SocketAddr, error: io::Error) {
        (self.dialing.progress)(Step::Refused(address));
        self.refused.push((address, error));
    }

    fn refusal(&self, address: &SocketAddr) -> Option<&io::Error> {
        self.refused.iter().find(|(refused, _)| refused == address).map(|(_, error)| error)
    }

    fn last_error(&self) -> io::Error {
        let last = self.begun().iter().rev().find_map(|address| self.refusal(address));
        last.map_or(ErrorKind::NotFound, io::Error::kind).into()
    }

    /// The error with what each address answered; one of a token stays as it is.
    fn explain(&self, error: io::Error) -> io::Error {
        if self.dialing.cancel.map_or(false, CancelToken::is_cancelled) {
            return cancelled();
        }
        let mut text = String::new();
        for address in self.begun() {
            let refusal = self.refusal(address);
            let answer = refusal.map_or("no answer in time".to_owned(), io::Error::to_string);
            text.push_str(if text.is_empty() { "cannot connect to " } else { "; " });
            text.push_str(&format!("{}: {}", text_of(address), answer));
        }
        if text.is_empty() {
            text.push_str("no time was left to connect");
        }
        // The system gives up by itself as well, and that is no deadline's doing.
        let kind = match error.kind() {
            ErrorKind::TimedOut if !self.dialing.deadline.is_past(Instant::now()) => {
                ErrorKind::Other
            }
            kind => kind,
        };
        io::Error::new(kind, text)
    }
}

impl Track {
    fn first(&mut self) -> Option<Opened> {
        (!self.answers.is_empty()).then(|| self.answers.remove(0))
    }
}

impl Watched<Track> {
    fn hand_in(&self, opened: Opened) {
        let late = self.update(|track| match track.over {
            true => Some(opened),
            false => {
                track.answers.push(opened);
                None
            }
        });
        // Closed here, where no lock is held.
        drop(late);
    }
}

/// An attempt that nobody limits is given up by most systems after about two minutes; its thread
/// must not depend on that.
const LONGEST_ATTEMPT: Duration = Duration::from_secs(300);

/// std takes no wait for no time at all.
const AN_INSTANT: Duration = Duration::from_millis(1);

/// How long a cancel may go unheard.
const UNCANCELLED: Duration = Duration::from_millis(20);

/// Attempts, and so threads, at once. A name with more addresses than this, all of them silent, is
/// as good as down.
pub(super) const MOST_RUNNING: usize = 16;

/// A connect needs next to nothing; std rounds up to what the system demands.
const STACK_SIZE: usize = 64 * 1024;
