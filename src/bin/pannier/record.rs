//! What a transfer has done so far, put together from the library's events.
//!
//! The numbers are the same whether the transfer succeeds or fails, which is why they come from
//! events and not from the response.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use pannier::http::Url;
use pannier::Event;

use crate::head::Fields;
use crate::proxy::Proxy;

/// Counts, addresses and times of one transfer, over all its redirects.
#[derive(Clone, Debug)]
pub struct Record {
    pub began: Instant,
    pub lookup: Duration,
    pub connect: Duration,
    pub pretransfer: Duration,
    pub posttransfer: Duration,
    pub starttransfer: Duration,
    pub redirect: Duration,
    pub connects: u64,
    /// Is the connection that is being made among them?
    counted: bool,
    pub redirects: u64,
    pub connection: Option<u64>,
    /// Which of its streams, in HTTP/2.
    pub stream: Option<u32>,
    /// Where the last redirect led.
    pub effective: Option<Url>,
    pub local: Option<SocketAddr>,
    pub remote: Option<SocketAddr>,
    /// The method that is to be sent, or was last, and the Referer that was.
    pub method: String,
    pub referer: Option<String>,
    /// Bytes of all heads, in each direction.
    pub head_bytes_sent: u64,
    pub head_bytes_received: u64,
    pub uploaded: u64,
    /// The final status of the last exchange; 0 if none came.
    pub status: u16,
    /// The last head, as it came.
    pub head: Vec<u8>,
    /// Those of all final responses until now.
    pub finals: Vec<Vec<u8>>,
    /// Heads that have not been shown yet. Kept only if they are to be.
    pub unshown: Vec<Vec<u8>>,
    /// What came in place of a head and was refused, kept on the same condition.
    pub faulty: Vec<u8>,
    keeps_heads: bool,
    /// Are those of CONNECT left out?
    suppresses_tunnels: bool,
    /// The status that the last CONNECT was answered with; 0 if there was none.
    pub tunnel_status: u16,
    proxy: Proxy,
    /// Did the last exchange go through a proxy?
    pub proxied: bool,
    hop: Hop,
}

/// The exchange under way: when it began and what of it has come.
#[derive(Clone, Copy, Debug)]
struct Hop {
    began: Instant,
    connected: bool,
    answered: bool,
}

impl Record {
    /// Nothing has happened yet. `keeps_heads`: they will be shown.
    pub fn new(began: Instant, keeps_heads: bool) -> Record {
        Record {
            began,
            lookup: Duration::ZERO,
            connect: Duration::ZERO,
            pretransfer: Duration::ZERO,
            posttransfer: Duration::ZERO,
            starttransfer: Duration::ZERO,
            redirect: Duration::ZERO,
            connects: 0,
            counted: false,
            redirects: 0,
            connection: None,
            stream: None,
            effective: None,
            local: None,
            remote: None,
            method: String::new(),
            finals: Vec::new(),
            referer: None,
            head_bytes_sent: 0,
            head_bytes_received: 0,
            uploaded: 0,
            status: 0,
            head: Vec::new(),
            unshown: Vec::new(),
            faulty: Vec::new(),
            keeps_heads,
            suppresses_tunnels: false,
            tunnel_status: 0,
            proxy: Proxy::none(),
            proxied: false,
            hop: Hop { began, connected: false, answered: false },
        }
    }

    /// The heads of CONNECT are not to be shown, if this is on.
    pub fn suppress_tunnels(self, on: bool) -> Record {
        Record { suppresses_tunnels: on, ..self }
    }

    /// A record of the same kind in which nothing has happened yet.
    pub fn afresh(&self, began: Instant) -> Record {
        Record::new(began, self.keeps_heads).suppress_tunnels(self.suppresses_tunnels)
    }

    /// The transfer from `url` goes through these proxies, as far as they apply.
    pub fn goes_by(&mut self, proxy: Proxy, url: &Url) {
        self.proxied = proxy.first_hop(url).is_some();
        self.proxy = proxy;
    }

    /// Takes note of `event`.
    pub fn note(&mut self, at: Instant, event: &Event<'_>) {
        let since = at.saturating_duration_since(self.began);
        match *event {
            Event::Resolved { .. } => self.lookup = since,
            Event::Connecting { address } => {
                if self.lookup <= self.redirect {
                    self.lookup = since;
                }
                self.remote = Some(address);
                self.counted = false;
            }
            Event::Tunnelling { .. } => self.count(),
            Event::Connected { connection, local, remote } => {
                self.count();
                self.counted = false;
                self.stands(since, connection, local, remote);
            }
            Event::Reused { connection, local, remote, .. } => {
                self.lookup = since;
                self.stands(since, connection, local, remote);
            }
            Event::RequestHead { connection, stream, bytes, length } => {
                // Behind other requests in flight, nothing was said of the connection before.
                self.connection = Some(connection);
                self.stream = stream;
                self.hop.connected = true;
                self.pretransfer = since;
                self.head_bytes_sent += length;
                let method = bytes.split(|&byte| byte == b' ').next().unwrap_or_default();
                self.method = String::from_utf8_lossy(method).into_owned();
                let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
                self.referer = Fields::of(bytes).get("referer").map(text);
            }
            Event::TunnelRequest { length, .. } => self.head_bytes_sent += length,
            Event::TunnelResponse { status, head } => {
                self.tunnel_status = status.as_u16();
                self.head_bytes_received += head.len() as u64;
                if self.keeps_heads && !self.suppresses_tunnels {
                    self.unshown.push(head.to_vec());
                }
            }
            Event::RequestEnd => self.posttransfer = since,
            Event::RequestBody { bytes } => self.uploaded += bytes.len() as u64,
            Event::Informational { head, .. } => self.came(since, head, None),
            Event::ResponseHead { head, status } => self.came(since, head, Some(status.as_u16())),
            Event::FaultyHead { bytes } if self.keeps_heads => self.faulty = bytes.to_vec(),
            Event::Redirecting { to, .. } => {
                self.proxied = self.proxy.first_hop(to).is_some();
                self.effective = Some(to.clone());
                self.redirects += 1;
                self.uploaded = 0;
                self.redirect = since;
                self.hop = Hop { began: at, connected: false, answered: false };
            }
            Event::Authenticating { .. } => {
                self.uploaded = 0;
                self.hop = Hop { began: at, connected: false, answered: false };
            }
            Event::Retrying { .. } => self.hop.connected = false,
            _ => {}
        }
    }

    /// Was a connection made or taken for the exchange under way?
    pub fn is_connected(&self) -> bool {
        self.hop.connected
    }

    /// How long the exchange under way has lasted.
    pub fn hop_elapsed(&self) -> Duration {
        self.hop.began.elapsed()
    }

    /// A connection that is to lead through a tunnel counts once it stands to the proxy.
    fn count(&mut self) {
        if !std::mem::replace(&mut self.counted, true) {
            self.connects += 1;
        }
    }

    fn stands(
        &mut self,
        since: Duration,
        id: u64,
        local: Option<SocketAddr>,
        remote: Option<SocketAddr>,
    ) {
        self.connect = since;
        self.connection = Some(id);
        self.local = local;
        self.remote = remote;
        self.hop.connected = true;
    }

    fn came(&mut self, since: Duration, head: &[u8], status: Option<u16>) {
        if !self.hop.answered {
            self.hop.answered = true;
            self.starttransfer = since;
        }
        // HTTP/0.9 has none.
        let status = if head.is_empty() { Some(0) } else { status };
        self.status = status.unwrap_or(self.status);
        self.head_bytes_received += head.len() as u64;
        self.head = head.to_vec();
        if status.is_some() {
            self.finals.push(self.head.clone());
        }
        if self.keeps_heads {
            self.unshown.push(self.head.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pannier::http::StatusCode;

    #[test]
    fn ok_interim_heads_count_but_are_no_status() {
        let now = Instant::now();
        let mut record = Record::new(now, true);
        let interim = b"HTTP/1.1 100 Continue\r\n\r\n";
        record.note(now, &Event::Informational { status: StatusCode::CONTINUE, head: interim });
        assert_eq!((record.status, record.unshown.len()), (0, 1));
        let head = b"HTTP/1.1 200 OK\r\n\r\n";
        record.note(now, &Event::ResponseHead { status: StatusCode::OK, head });
        assert_eq!(record.status, 200);
        assert_eq!(record.head_bytes_received, (interim.len() + head.len()) as u64);
    }
}
