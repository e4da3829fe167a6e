//! From the events of one call to its exchanges.
//!
//! A phase ends where the next begins, so that the phases of an exchange have no gaps and their sum
//! is its time.

use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use pannier::http::Url;
use pannier::{Event, Observer, Phase};

use super::{Carrier, Clock, Exchange, Span};

/// Follows one call through its redirects and retries.
#[derive(Clone, Debug)]
pub struct Trace {
    clock: Clock,
    /// Which of the run's clients makes the call.
    client: usize,
    /// The most content that is kept of a response, and whether that of the request is.
    keeps: Option<usize>,
    post: Option<Vec<u8>>,
    done: Vec<Exchange>,
    exchange: Exchange,
    open: Option<(Phase, Duration)>,
    /// Has anything happened yet?
    begun: bool,
}

impl Trace {
    /// A call of this client that begins now, or with its first event: it may have to wait for a
    /// thread.
    pub fn new(clock: Clock, client: usize, method: &str, url: &Url) -> Trace {
        let began = clock.since(Instant::now());
        Trace {
            clock,
            client,
            keeps: None,
            post: None,
            done: Vec::new(),
            exchange: Exchange::new(method, url, began),
            open: None,
            begun: false,
        }
    }

    /// Keeps the content of the request, which is `post` if it is in memory, and that of responses
    /// up to so many bytes.
    pub fn keeping(mut self, post: Option<&[u8]>, most: usize) -> Trace {
        self.post = post.map(<[u8]>::to_vec);
        self.exchange.post = self.post.clone();
        self.keeps = Some(most);
        self
    }

    /// Takes note of `event`.
    pub fn note(&mut self, at: Instant, event: &Event<'_>) {
        let at = self.clock.since(at);
        if !std::mem::replace(&mut self.begun, true) {
            self.exchange.began = at;
        }
        match *event {
            Event::Queued => self.enter(Phase::Queue, at),
            Event::Resolving { .. } => self.enter(Phase::Resolve, at),
            Event::Resolved { .. } | Event::Connecting { .. } => self.enter(Phase::Connect, at),
            Event::Tunnelling { .. } => self.enter(Phase::Tunnel, at),
            Event::Handshaking => self.enter(Phase::Tls, at),
            Event::Connected { connection, remote, .. } => {
                self.carry(at, connection, false, remote)
            }
            Event::Reused { connection, remote, .. } => self.carry(at, connection, true, remote),
            Event::RequestHead { connection, stream, bytes, length } => {
                // A request that is pipelined goes out on what another has.
                if self.exchange.carrier.is_none() || self.exchange.is_over() {
                    self.carry(at, connection, true, None);
                }
                if let Some(carrier) = &mut self.exchange.carrier {
                    carrier.stream = stream;
                }
                let method = bytes.split(|&byte| byte == b' ').next().unwrap_or_default();
                self.exchange.method = String::from_utf8_lossy(method).into_owned();
                self.exchange.request = bytes.to_vec();
                self.exchange.request_size = length;
            }
            Event::RequestBody { bytes } => self.exchange.sent += bytes.len() as u64,
            Event::RequestEnd => self.enter(Phase::Wait, at),
            Event::ResponseHead { status, head } => {
                self.enter(Phase::Receive, at);
                self.exchange.status = Some(status.as_u16());
                self.exchange.response = head.to_vec();
            }
            Event::ResponseEnd => {
                self.leave(at);
                self.exchange.complete = true;
            }
            Event::Redirecting { to, .. } => {
                self.exchange.redirect = Some(to.without_credentials())
            }
            Event::Retrying { error } => {
                self.leave(at);
                self.fail(&format!("{}; it was sent again", error));
            }
            Event::Kept { connection } | Event::Closed { connection, .. }
                if self.exchange.carrier.map(|carrier| carrier.id) == Some(connection) =>
            {
                self.leave(at);
            }
            _ => {}
        }
    }

    /// This content of the response under way came, of so many bytes as they were sent.
    pub fn content(&mut self, bytes: &[u8], received: u64) {
        let exchange = &mut self.exchange;
        exchange.received = Some(received);
        let size = exchange.size.get_or_insert(0);
        let first = *size == 0;
        *size += bytes.len() as u64;
        let fits = self.keeps.is_some_and(|most| *size <= most as u64);
        match (&mut exchange.content, fits) {
            (Some(content), true) => content.extend(bytes),
            (None, true) if first => exchange.content = Some(bytes.to_vec()),
            _ => exchange.content = None,
        }
    }

    /// So many bytes of content came in all.
    pub fn received(&mut self, bytes: u64) {
        self.exchange.received = Some(bytes);
    }

    /// The call failed. An exchange that had come to its end did not.
    pub fn fail(&mut self, message: &str) {
        if !self.exchange.complete && self.exchange.error.is_none() {
            self.exchange.error = Some(message.to_owned());
        }
    }

    /// The call is over: its exchanges in their order. A phase that was under way ends here.
    pub fn end(mut self) -> Vec<Exchange> {
        let now = self.clock.since(Instant::now());
        self.leave(now);
        self.done.push(self.exchange);
        self.done
    }

    fn carry(&mut self, at: Duration, id: u64, reused: bool, remote: Option<SocketAddr>) {
        self.enter(Phase::Send, at);
        let client = self.client;
        self.exchange.carrier = Some(Carrier { client, id, stream: None, reused, remote });
    }

    /// A phase begins, of the next exchange if this one is over. Phases do not go back: a second
    /// address that is tried is still connecting.
    fn enter(&mut self, phase: Phase, at: Duration) {
        if self.exchange.is_over() && phase <= Phase::Send {
            self.next(at);
        }
        match self.open {
            Some((open, _)) if open >= phase => return,
            Some(_) => self.leave(at),
            None => {}
        }
        let from = if self.exchange.spans.is_empty() { self.exchange.began } else { at };
        self.open = Some((phase, from));
    }

    /// The phase under way is over.
    fn leave(&mut self, at: Duration) {
        if let Some((phase, from)) = self.open.take() {
            self.exchange.spans.push(Span { phase, from, to: at.max(from) });
        }
    }

    fn next(&mut self, at: Duration) {
        self.leave(at);
        let url = self.exchange.redirect.clone().unwrap_or_else(|| self.exchange.url.clone());
        let mut next = Exchange::new(&self.exchange.method, &url, at);
        next.post = self.post.clone();
        self.done.push(std::mem::replace(&mut self.exchange, next));
    }
}

/// A trace that is itself the observer, for calls that have no other.
#[derive(Debug)]
pub struct SharedTrace(Mutex<Option<Trace>>);

impl SharedTrace {
    /// An observer that keeps this trace. The lock guards it alone; nothing is locked inside.
    pub fn new(trace: Trace) -> SharedTrace {
        SharedTrace(Mutex::new(Some(trace)))
    }

    /// The trace, and an end to the observing.
    pub fn take(&self) -> Option<Trace> {
        self.lock().take()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Trace>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for SharedTrace {
    fn event(&self, at: Instant, event: &Event<'_>) {
        if let Some(trace) = &mut *self.lock() {
            trace.note(at, event);
        }
    }
}
