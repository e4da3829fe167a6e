//! `--limit-rate`: a transport that moves no more bytes per second than it may, in each direction.
//!
//! It reads and writes small pieces and rests after each for as long as the piece should have taken,
//! so that the peer sees an even stream and TCP slows it down. An exchange begins with a little to
//! spare, which its heads need. A connection carries one transfer at a time, in HTTP/2 too if there is
//! a limit; hence it is one of the transfer.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use pannier::net::{Deadline, Interrupt, Readiness, Transport};

/// A transport with its pace.
#[derive(Debug)]
pub struct Paced {
    inner: Box<dyn Transport>,
    input: Pace,
    output: Pace,
    /// What was read last is answered by the next write, with which an exchange begins.
    has_read: bool,
    /// In HTTP/2 it need not: frames are written while content comes.
    is_http2: bool,
}

/// The pace of one direction.
#[derive(Debug)]
struct Pace {
    /// Bytes per second, at least 1.
    rate: u64,
    /// When all that has moved should have.
    due: Instant,
}

impl Paced {
    pub fn new(inner: Box<dyn Transport>, rate: u64) -> Paced {
        let now = Instant::now();
        let pace = || Pace::new(rate, now);
        Paced { inner, input: pace(), output: pace(), has_read: false, is_http2: false }
    }
}

impl Pace {
    fn new(rate: u64, now: Instant) -> Pace {
        let mut pace = Pace { rate: rate.max(1), due: now };
        pace.spare(now);
        pace
    }

    /// What may move at once is there again.
    fn spare(&mut self, now: Instant) {
        let spare = self.time_for(SPARE.max(self.rate / PIECES));
        self.due = now.checked_sub(spare).unwrap_or(now);
    }

    /// How many of the bytes that are wanted may move now.
    fn piece(&self, wanted: usize, now: Instant) -> usize {
        let owed = now.saturating_duration_since(self.due).as_nanos() * u128::from(self.rate);
        let owed = u64::try_from(owed / NANOS).unwrap_or(u64::MAX);
        let most = owed.max(self.rate / PIECES).max(1);
        usize::try_from(most).map_or(wanted, |most| wanted.min(most))
    }

    /// Rests until the next piece may move.
    fn rest(&self, deadline: Deadline) -> io::Result<()> {
        let now = Instant::now();
        let rest = self.due.saturating_duration_since(now);
        let left = deadline.remaining(now)?;
        thread::sleep(left.map_or(rest, |left| left.min(rest)));
        deadline.remaining(Instant::now()).map(|_| ())
    }

    /// So much has moved. Time in which nothing did is made up for by one piece at most.
    fn moved(&mut self, count: usize, now: Instant) {
        let piece = self.time_for(SPARE.max(self.rate / PIECES));
        let earliest = now.checked_sub(piece).unwrap_or(self.due);
        self.due = self.due.max(earliest) + self.time_for(count as u64);
    }

    fn time_for(&self, bytes: u64) -> Duration {
        let nanos = u128::from(bytes) * NANOS / u128::from(self.rate);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

impl Transport for Paced {
    fn read(&mut self, buffer: &mut [u8], deadline: Deadline) -> io::Result<usize> {
        self.input.rest(deadline)?;
        let piece = self.input.piece(buffer.len(), Instant::now());
        let count = self.inner.read(&mut buffer[..piece], deadline)?;
        self.input.moved(count, Instant::now());
        self.has_read = true;
        Ok(count)
    }

    fn write(&mut self, bytes: &[u8], deadline: Deadline) -> io::Result<usize> {
        self.is_http2 |= bytes.starts_with(b"PRI ");
        if std::mem::take(&mut self.has_read) && !self.is_http2 {
            self.input.spare(Instant::now());
            self.output.spare(Instant::now());
        }
        self.output.rest(deadline)?;
        let piece = self.output.piece(bytes.len(), Instant::now());
        let count = self.inner.write(&bytes[..piece], deadline)?;
        self.output.moved(count, Instant::now());
        Ok(count)
    }

    fn readiness(&mut self) -> io::Result<Readiness> {
        self.inner.readiness()
    }

    fn interrupt_handle(&self) -> Option<Arc<dyn Interrupt>> {
        self.inner.interrupt_handle()
    }

    fn local_addr(&self) -> Option<SocketAddr> {
        self.inner.local_addr()
    }

    fn peer_addr(&self) -> Option<SocketAddr> {
        self.inner.peer_addr()
    }

    fn application_protocol(&self) -> Option<&[u8]> {
        self.inner.application_protocol()
    }
}

/// What heads need, more or less.
const SPARE: u64 = 1024;
/// Pieces per second.
const PIECES: u64 = 8;
const NANOS: u128 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_a_piece_is_small_but_never_nothing() {
        let now = Instant::now();
        for (rate, wanted, piece) in [(1, 10, 1), (80, 100, 10), (80, 4, 4), (80, 0, 0)] {
            let pace = Pace { rate, due: now };
            assert_eq!(pace.piece(wanted, now), piece, "{} of {}", rate, wanted);
        }
        assert_eq!(Pace { rate: 80, due: now }.piece(1000, now + Duration::from_secs(2)), 160);
    }

    #[test]
    fn ok_rest_is_as_long_as_what_moved_should_take() {
        let now = Instant::now();
        let mut pace = Pace::new(1000, now);
        pace.moved(5000, now);
        pace.moved(6024, now);
        assert_eq!(pace.due, now + Duration::from_secs(10));
        pace.moved(2024, now + Duration::from_secs(60));
        assert_eq!(pace.due, now + Duration::from_secs(61), "a rest was made up for");
        let soon = Deadline::after(Instant::now(), Duration::from_millis(1));
        assert_eq!(pace.rest(soon).map_err(|error| error.kind()), Err(io::ErrorKind::TimedOut));
    }
}
