//! The SOCKS handshake: whatever the proxy sends, the outcome is the same at every split, no more than
//! its messages is taken, and nothing that follows them.

use pannier::http::Host;
use pannier::proto::socks::{Error, Handshake, Login, Version, LONGEST};

use super::Dice;

/// What became of a handshake: what was sent, how much was taken, and whether the way is open.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    pub sent: Vec<u8>,
    pub taken: usize,
    pub result: Result<bool, Error>,
}

/// The first byte says what is spoken; the others are what the proxy sends.
pub fn check(data: &[u8]) {
    let (&first, wire) = match data.split_first() {
        Some(split) => split,
        None => return,
    };
    let version = if first & 1 == 0 { Version::V5 } else { Version::V4 };
    let login = Login { user: b"user", password: b"secret" };
    let login = Some(login).filter(|_| first & 2 == 2);
    let host = Host::parse(["example.com", "192.0.2.1", "[::1]"][usize::from(first >> 2) % 3]);
    everyway(version, &host.unwrap(), 80, login, wire);
}

/// The outcome, which is the same however the bytes come.
pub fn everyway(
    version: Version,
    host: &Host,
    port: u16,
    login: Option<Login<'_>>,
    wire: &[u8],
) -> Outcome {
    let whole = drive(version, host, port, login, wire, usize::MAX);
    for step in [1, 2, 3, 0] {
        let pieces = drive(version, host, port, login, wire, step);
        assert_eq!(pieces, whole, "pieces of {}", step);
    }
    assert!(whole.taken <= 2 + 2 + LONGEST);
    if whole.result == Ok(true) {
        let more = [wire, b"more"].concat();
        assert_eq!(drive(version, host, port, login, &more, usize::MAX), whole);
    }
    whole
}

fn drive(
    version: Version,
    host: &Host,
    port: u16,
    login: Option<Login<'_>>,
    wire: &[u8],
    step: usize,
) -> Outcome {
    let mut dice = Dice::new(wire);
    let (mut sent, mut taken, mut come) = (Vec::new(), 0, 0);
    let mut handshake = match Handshake::begin(version, host, port, login, &mut sent) {
        Ok(handshake) => handshake,
        Err(error) => return Outcome { sent, taken, result: Err(error) },
    };
    while !handshake.is_open() {
        match handshake.recv(&wire[taken..come], &mut sent) {
            Ok(0) if come == wire.len() => break,
            Ok(0) => {
                assert!(come - taken <= LONGEST, "{} bytes are no message", come - taken);
                let step = if step == 0 { dice.roll(9) } else { step };
                come = wire.len().min(come.saturating_add(step));
            }
            Ok(count) => taken += count,
            Err(error) => return Outcome { sent, taken, result: Err(error) },
        }
    }
    Outcome { sent, taken, result: Ok(handshake.is_open()) }
}
