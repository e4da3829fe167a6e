//! The way through a SOCKS proxy: the engine of `proto::socks` over a transport that leads to it.
//!
//! After the reply the transport leads to the destination, which has not been spoken to yet: what
//! comes together with the reply can answer nothing, and is refused.

use std::io;

use crate::http::Host;
use crate::net::{Deadline, Transport};
use crate::proto::buffer::Buffer;
use crate::proto::socks::{Error, Handshake, Login, Version, LONGEST};

use super::Failure;

/// Has the proxy at the other end connect to this host and port.
pub(crate) fn open(
    transport: &mut dyn Transport,
    version: Version,
    (host, port): (&Host, u16),
    login: Option<Login<'_>>,
    deadline: Deadline,
) -> Result<(), Failure> {
    let mut output = Vec::new();
    let begun = Handshake::begin(version, host, port, login, &mut output);
    let mut handshake = begun.map_err(Failure::Socks)?;
    let mut input = Buffer::new();
    loop {
        write(transport, &mut output, deadline)?;
        let used = handshake.recv(input.unread(), &mut output).map_err(Failure::Socks)?;
        input.consume(used);
        match handshake.is_open() {
            true if input.is_empty() => return Ok(()),
            true => return Err(Failure::Socks(Error::SurplusBytes)),
            false if used == 0 => read(transport, &mut input, deadline)?,
            false => {}
        }
    }
}

fn write(
    transport: &mut dyn Transport,
    output: &mut Vec<u8>,
    deadline: Deadline,
) -> Result<(), Failure> {
    while !output.is_empty() {
        match transport.write(output, deadline).map_err(Failure::Send)? {
            0 => return Err(Failure::Send(io::ErrorKind::WriteZero.into())),
            count => drop(output.drain(..count)),
        }
    }
    Ok(())
}

/// No message is longer than the room there is, so the engine never waits for more than that.
fn read(
    transport: &mut dyn Transport,
    input: &mut Buffer,
    deadline: Deadline,
) -> Result<(), Failure> {
    let room = LONGEST + 1 - input.unread().len();
    let room = &mut input.spare(room)[..room];
    match transport.read(room, deadline).map_err(Failure::Receive)? {
        0 => Err(Failure::Socks(Error::Closed)),
        count => {
            input.filled(count);
            Ok(())
        }
    }
}
