//! What happens on a connection, in curl's words.

use std::net::SocketAddr;
use std::sync::Arc;

use pannier::http::{redact, StatusCode, Url};
use pannier::Event;

use crate::head::{self, Fields};
use crate::log::{Log, Part};
use crate::proxy::Proxy;

/// Puts events into words.
pub struct Narrator {
    log: Arc<Log>,
    /// Whom the connection is for.
    host: String,
    /// Addresses that were told already: one that answers is reported once more.
    tried: Vec<SocketAddr>,
    proxy: Proxy,
}

impl Narrator {
    /// A narrator of the transfer from this host.
    pub fn new(log: Arc<Log>, host: String) -> Narrator {
        Narrator { log, host, tried: Vec::new(), proxy: Proxy::none() }
    }

    /// The transfer from `url` goes through these proxies, as far as they apply.
    pub fn goes_by(&mut self, proxy: Proxy, url: &Url) {
        self.proxy = proxy;
        self.turn_to(url);
    }

    /// Connections lead to the proxy, if there is one.
    fn turn_to(&mut self, url: &Url) {
        let hop = self.proxy.first_hop(url);
        self.host = hop.map_or_else(|| url.host_str().to_owned(), |hop| hop.host().to_string());
    }

    /// Shows the event, if it is worth it.
    pub fn tell(&mut self, event: &Event<'_>) {
        match *event {
            Event::RequestHead { stream, bytes, .. } => {
                if let Some(stream) = stream {
                    let text = format!("using HTTP/2, stream {}", stream);
                    self.log.show(Part::Info(&text));
                }
                self.log.show(Part::SentHead(bytes));
            }
            Event::TunnelRequest { bytes, .. } => self.log.show(Part::SentHead(bytes)),
            Event::TunnelResponse { status, head } => {
                self.log.show(Part::Head(&redact::head::<&str>(head, &[])));
                for line in tunnel_sentences(status, head) {
                    self.log.show(Part::Info(&line));
                }
            }
            Event::RequestBody { bytes } => self.log.show(Part::SentContent(bytes)),
            Event::Informational { head, .. } | Event::ResponseHead { head, .. } => {
                self.log.show(Part::Head(&redact::head::<&str>(head, &[])));
            }
            Event::FaultyHead { bytes } => {
                let head = head::valid_lines(bytes);
                self.log.show(Part::Head(&redact::head::<&str>(head, &[])));
            }
            _ => {
                if let Some(text) = self.sentence(event) {
                    self.log.show(Part::Info(&text));
                }
            }
        }
    }

    /// Shows content that came.
    pub fn content(&self, bytes: &[u8]) {
        self.log.show(Part::Content(bytes));
    }

    fn sentence(&mut self, event: &Event<'_>) -> Option<String> {
        let host = &self.host;
        Some(match *event {
            Event::Resolved { addresses } => {
                let addresses: Vec<String> = addresses.iter().map(|a| a.ip().to_string()).collect();
                format!("Host {} was resolved: {}", host, addresses.join(", "))
            }
            Event::Connecting { address } if self.tried.contains(&address) => return None,
            Event::Connecting { address } => {
                self.tried.push(address);
                format!("  Trying {}...", address)
            }
            Event::Refused { address } => format!("connect to {} failed", address),
            Event::Tunnelling { host, port } => {
                format!("Establish tunnel to {}:{} through the proxy", host, port)
            }
            Event::Connected { connection, remote, .. } => {
                self.tried.clear();
                match remote {
                    Some(remote) => format!(
                        "Connected to {} ({}) port {} (#{})",
                        host,
                        remote.ip(),
                        remote.port(),
                        connection
                    ),
                    None => format!("Connected to {} (#{})", host, connection),
                }
            }
            Event::Reused { connection, .. } => {
                format!("Re-using existing connection #{} with host {}", connection, host)
            }
            Event::Redirecting { to, .. } => {
                let text = format!("Issue another request to this URL: '{}'", to);
                self.turn_to(to);
                text
            }
            Event::Authenticating { url, .. } => {
                format!("Issue another request to this URL: '{}'", url)
            }
            Event::Retrying { error } => {
                format!("Connection died, retrying a fresh connect: {}", error)
            }
            Event::Kept { connection } => {
                format!("Connection #{} to host {} left intact", connection, host)
            }
            Event::Closed { connection, reason } => {
                format!("Closing connection {}: {}", connection, reason)
            }
            _ => return None,
        })
    }
}

/// What a 2xx to CONNECT comes to: the tunnel stands, whatever its fields say of content.
fn tunnel_sentences(status: StatusCode, head: &[u8]) -> Vec<String> {
    if !status.is_success() {
        return Vec::new();
    }
    let code = status.as_u16();
    let fields = Fields::of(head);
    let is_there = |name: &&str| fields.get(name).is_some();
    let ignored = ["Content-Length", "Transfer-Encoding"].into_iter().filter(is_there);
    let mut lines: Vec<String> =
        ignored.map(|name| format!("Ignoring {} in CONNECT {} response", name, code)).collect();
    lines.push(format!("CONNECT tunnel established, response {}", code));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Global;
    use crate::log::Manner;

    #[test]
    fn ok_an_address_is_tried_once() {
        let global = Global { manner: Manner::Verbose, ..Global::default() };
        let log = Log::open(global, None).expect("it is wanted");
        let mut narrator = Narrator::new(Arc::new(log), "h".to_owned());
        let address = ([127, 0, 0, 1], 80).into();
        let text = narrator.sentence(&Event::Connecting { address });
        assert_eq!(text.as_deref(), Some("  Trying 127.0.0.1:80..."));
        assert_eq!(narrator.sentence(&Event::Connecting { address }), None);
    }
}
