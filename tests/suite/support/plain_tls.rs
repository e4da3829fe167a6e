//! A stand-in for TLS that encrypts nothing: what matters to the tests is which scheme was asked.

use std::io;

use pannier::http::Host;
use pannier::net::{Deadline, Tls, Transport};

#[derive(Clone, Copy, Debug)]
pub struct PlainTls;

impl Tls for PlainTls {
    fn handshake(
        &self,
        _: &Host,
        transport: Box<dyn Transport>,
        _: &[&[u8]],
        _: Deadline,
    ) -> io::Result<Box<dyn Transport>> {
        Ok(transport)
    }
}

/// Sends one byte and waits for one, as a handshake does.
#[derive(Clone, Copy, Debug)]
pub struct OneByteTls;

impl Tls for OneByteTls {
    fn handshake(
        &self,
        _: &Host,
        mut transport: Box<dyn Transport>,
        _: &[&[u8]],
        deadline: Deadline,
    ) -> io::Result<Box<dyn Transport>> {
        transport.write(&[0x16], deadline)?;
        match transport.read(&mut [0], deadline)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(transport),
        }
    }
}
