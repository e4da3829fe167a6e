//! A stand-in for TLS that negotiates a protocol (RFC 7301) and encrypts nothing.

use std::io;
use std::sync::{Arc, Mutex};

use pannier::http::Host;
use pannier::net::{Deadline, Interrupt, Readiness, Tls, Transport};

/// A handshake in which the server chooses this protocol. Clones are one.
#[derive(Clone, Debug)]
pub struct Negotiating {
    chosen: Option<&'static str>,
    offered: Arc<Mutex<Vec<Vec<String>>>>,
}

impl Negotiating {
    pub fn new(chosen: Option<&'static str>) -> Negotiating {
        Negotiating { chosen, offered: Arc::default() }
    }

    /// What was offered in each handshake.
    pub fn offered(&self) -> Vec<Vec<String>> {
        self.offered.lock().unwrap().clone()
    }
}

impl Tls for Negotiating {
    fn handshake(
        &self,
        _: &Host,
        transport: Box<dyn Transport>,
        protocols: &[&[u8]],
        _: Deadline,
    ) -> io::Result<Box<dyn Transport>> {
        let text = |name: &&[u8]| String::from_utf8(name.to_vec()).unwrap();
        self.offered.lock().unwrap().push(protocols.iter().map(text).collect());
        Ok(Box::new(Negotiated { inner: transport, chosen: self.chosen }))
    }
}

#[derive(Debug)]
struct Negotiated {
    inner: Box<dyn Transport>,
    chosen: Option<&'static str>,
}

impl Transport for Negotiated {
    fn read(&mut self, buffer: &mut [u8], deadline: Deadline) -> io::Result<usize> {
        self.inner.read(buffer, deadline)
    }

    fn write(&mut self, bytes: &[u8], deadline: Deadline) -> io::Result<usize> {
        self.inner.write(bytes, deadline)
    }

    fn readiness(&mut self) -> io::Result<Readiness> {
        self.inner.readiness()
    }

    fn interrupt_handle(&self) -> Option<Arc<dyn Interrupt>> {
        self.inner.interrupt_handle()
    }

    fn try_clone(&self) -> io::Result<Box<dyn Transport>> {
        let inner = self.inner.try_clone()?;
        Ok(Box::new(Negotiated { inner, chosen: self.chosen }))
    }

    fn application_protocol(&self) -> Option<&[u8]> {
        self.chosen.map(str::as_bytes)
    }
}
