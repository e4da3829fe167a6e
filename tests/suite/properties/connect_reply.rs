//! A proxy's answer to CONNECT: whatever it sends, the outcome is the same at every split, and no more
//! than the limits is read, even if it never stops.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use pannier::net::{Connect, Deadline, Dialing, Interrupt, Readiness, Transport};
use pannier::{Client, Credentials, ErrorKind, Event, Limits, Observer, Proxy};

use super::Dice;

pub fn check(data: &[u8]) {
    let whole = ask(data, usize::MAX, 1);
    for step in [1, 3, 0] {
        assert_eq!(ask(data, step, 1), whole, "pieces of {}", step);
    }
    ask(data, usize::MAX, (1 << 20) / data.len().max(1));
}

const HEAD: usize = 512;
const INTERIM: usize = 3;

/// All that is read of one connection: interim heads and a final one, a refusal's content if the
/// connection shall be used once more, and as much as comes along with each.
const MOST: usize = HEAD * (INTERIM + 2) + (64 << 10) + (16 << 10);

/// The statuses that came; without a good one the failure too, for what follows that is not the
/// proxy's. When a line without an end is refused, and for what, may depend on how it comes.
fn ask(data: &[u8], step: usize, times: usize) -> (Vec<u16>, Option<ErrorKind>) {
    let told = Arc::new(Told::default());
    let proxy = Proxy::new("http://proxy.example").unwrap();
    let client = Client::builder()
        .proxy(proxy.credentials(Credentials::any("user", "secret")).tunnel_http(true))
        .limits(Limits::default().head_bytes(HEAD).head_lines(8).interim_responses(INTERIM))
        .connector(Answers { bytes: data.into(), step, times })
        .observer(told.clone())
        .build();
    let sent = client.get("http://example.com/").send();
    let statuses = std::mem::take(&mut *told.0.lock().unwrap());
    let good = matches!(statuses.last(), Some(200..=299));
    let failure = sent.err().map(|error| match error.kind() {
        ErrorKind::TooLarge => ErrorKind::Protocol,
        kind => kind,
    });
    assert!(good || failure.is_some(), "an answer without a tunnel");
    (statuses, failure.filter(|_| !good))
}

#[derive(Default)]
struct Told(Mutex<Vec<u16>>);

impl Observer for Told {
    fn event(&self, _: Instant, event: &Event<'_>) {
        if let Event::TunnelResponse { status, .. } = event {
            self.0.lock().unwrap().push(status.as_u16());
        }
    }
}

/// Connections on each of which these bytes come so many times.
#[derive(Debug)]
struct Answers {
    bytes: Arc<[u8]>,
    step: usize,
    times: usize,
}

impl Connect for Answers {
    fn connect(&self, _: Dialing<'_>) -> io::Result<Box<dyn Transport>> {
        let (bytes, dice) = (self.bytes.clone(), Dice::new(&self.bytes));
        let left = bytes.len() * self.times;
        Ok(Box::new(Wire { bytes, dice, step: self.step, left, read: 0 }))
    }
}

struct Wire {
    bytes: Arc<[u8]>,
    dice: Dice,
    step: usize,
    left: usize,
    read: usize,
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Wire({} left)", self.left)
    }
}

impl Transport for Wire {
    fn read(&mut self, buffer: &mut [u8], _: Deadline) -> io::Result<usize> {
        let step = if self.step == 0 { self.dice.roll(9) } else { self.step };
        let start = match self.bytes.len() {
            0 => 0,
            length => (length - self.left % length) % length,
        };
        let here = self.bytes[start..].len().min(buffer.len()).min(step).min(self.left);
        buffer[..here].copy_from_slice(&self.bytes[start..start + here]);
        self.left -= here;
        self.read += here;
        assert!(self.read <= MOST, "{} bytes were read", self.read);
        Ok(here)
    }

    fn write(&mut self, bytes: &[u8], _: Deadline) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn readiness(&mut self) -> io::Result<Readiness> {
        Ok(if self.left > 0 { Readiness::Data } else { Readiness::Closed })
    }

    fn interrupt_handle(&self) -> Option<Arc<dyn Interrupt>> {
        None
    }
}
