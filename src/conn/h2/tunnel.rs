//! What a CONNECT has opened (RFC 9113 §8.5): the DATA of a stream as a transport of its own.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::event::Phase;
use crate::net::{Deadline, Interrupt, Readiness, Transport};

use super::super::exchange::Failure;
use super::{Exchange, Part};

/// A stream that has left HTTP. Dropping it resets the stream, unless both sides have ended it.
#[derive(Debug)]
pub(super) struct Tunnel {
    exchange: Exchange,
}

impl Tunnel {
    pub(super) fn new(exchange: Exchange) -> Tunnel {
        Tunnel { exchange }
    }
}

impl Transport for Tunnel {
    fn read(&mut self, buffer: &mut [u8], deadline: Deadline) -> io::Result<usize> {
        self.exchange.read(buffer, deadline).map_err(to_io)
    }

    fn write(&mut self, bytes: &[u8], deadline: Deadline) -> io::Result<usize> {
        self.exchange.write_raw(bytes, deadline).map_err(to_io)
    }

    fn readiness(&mut self) -> io::Result<Readiness> {
        let stream = match self.exchange.part {
            Part::Tunnel(asked) => asked.stream,
            _ => return Ok(Readiness::Closed),
        };
        let mut books = self.exchange.link.lock();
        Ok(match books.slots.get(stream) {
            Some(slot) if !slot.data.is_empty() => Readiness::Data,
            Some(slot) if !slot.ended && slot.reset.is_none() => Readiness::Quiet,
            _ => Readiness::Closed,
        })
    }

    fn interrupt_handle(&self) -> Option<Arc<dyn Interrupt>> {
        let signal = self.exchange.signal.as_ref()?;
        Some(self.exchange.link.waker(signal))
    }

    fn local_addr(&self) -> Option<SocketAddr> {
        self.exchange.link.facts.local
    }

    fn peer_addr(&self) -> Option<SocketAddr> {
        self.exchange.link.facts.remote
    }
}

fn to_io(failure: Failure) -> io::Error {
    match failure {
        Failure::Send(error) | Failure::Receive(error) | Failure::Content(error) => error,
        Failure::Http2(fault) => fault.explain(Phase::Receive).into(),
        _ => io::ErrorKind::UnexpectedEof.into(),
    }
}
