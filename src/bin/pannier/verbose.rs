//! `-v`: what happens, in lines that begin with `*`, `>` and `<`, as curl has them.

use std::net::SocketAddr;

use pannier::http::{redact, StatusCode, Url};
use pannier::{Event, Proxy};

use crate::record;

/// Puts events into words.
pub struct Narrator {
    /// Whom the connection is for.
    host: String,
    /// Addresses that were told already: one that answers is reported once more.
    tried: Vec<SocketAddr>,
    proxy: Proxy,
}

impl Narrator {
    /// A narrator of the transfer from this host.
    pub fn new(host: String) -> Narrator {
        Narrator { host, tried: Vec::new(), proxy: Proxy::none() }
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

    /// The event as complete lines; often none.
    pub fn tell(&mut self, event: &Event<'_>) -> Vec<u8> {
        match *event {
            Event::RequestHead { bytes, .. } => marked(b'>', bytes),
            Event::Informational { head, .. } | Event::ResponseHead { head, .. } => {
                marked(b'<', &redact::head::<&str>(head, &[]))
            }
            Event::TunnelRequest { bytes, .. } => marked(b'>', bytes),
            Event::TunnelResponse { status, head } => {
                let mut text = marked(b'<', &redact::head::<&str>(head, &[]));
                for line in tunnel_sentences(status, head) {
                    text.extend(format!("* {}\n", line).into_bytes());
                }
                text
            }
            _ => match self.sentence(event) {
                Some(text) => format!("* {}\n", text).into_bytes(),
                None => Vec::new(),
            },
        }
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
    let fields = record::fields(head);
    let is_there = |name: &&str| fields.iter().any(|(other, _)| other.eq_ignore_ascii_case(name));
    let ignored = ["Content-Length", "Transfer-Encoding"].into_iter().filter(is_there);
    let mut lines: Vec<String> =
        ignored.map(|name| format!("Ignoring {} in CONNECT {} response", name, code)).collect();
    lines.push(format!("CONNECT tunnel established, response {}", code));
    lines
}

/// Each line with the mark before it.
fn marked(mark: u8, head: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(head.len() + 64);
    for line in head.split_inclusive(|&byte| byte == b'\n') {
        text.extend([mark, b' ']);
        text.extend(line);
    }
    if !head.ends_with(b"\n") {
        text.push(b'\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use pannier::http::StatusCode;

    #[test]
    fn ok_heads_are_marked_line_by_line() {
        let mut narrator = Narrator::new("h".to_owned());
        let head = b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n";
        let text = narrator.tell(&Event::ResponseHead { status: StatusCode::OK, head });
        assert_eq!(text, b"< HTTP/1.1 200 OK\r\n< A: b\r\n< \r\n");
    }

    #[test]
    fn ok_an_address_is_tried_once() {
        let mut narrator = Narrator::new("h".to_owned());
        let address = ([127, 0, 0, 1], 80).into();
        assert_eq!(narrator.tell(&Event::Connecting { address }), b"*   Trying 127.0.0.1:80...\n");
        assert_eq!(narrator.tell(&Event::Connecting { address }), b"");
    }
}
