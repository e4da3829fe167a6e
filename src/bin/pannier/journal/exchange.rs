//! One exchange: a request on the wire, what answered it, and its phases.

use std::net::SocketAddr;
use std::time::Duration;

use pannier::http::Url;
use pannier::Phase;

/// A request and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Exchange {
    pub method: String,
    /// Without userinfo.
    pub url: Url,
    pub began: Duration,
    /// The phases, each where the one before ends, the first from the beginning.
    pub spans: Vec<Span>,
    /// What carried it; `None` if it did not come to that.
    pub carrier: Option<Carrier>,
    /// The request's head without what nobody else may know; empty if none was sent.
    pub request: Vec<u8>,
    /// How long it was on the wire.
    pub request_size: u64,
    /// Bytes of content that were sent.
    pub sent: u64,
    /// The content that was to be sent, if it was in memory and is kept.
    pub post: Option<Vec<u8>>,
    /// The final status.
    pub status: Option<u16>,
    /// The head of the final response as it came.
    pub response: Vec<u8>,
    /// Bytes of content that came, as far as anybody counted.
    pub received: Option<u64>,
    /// Bytes that were made of them, if somebody took them.
    pub size: Option<u64>,
    /// The content, if it is short and kept.
    pub content: Option<Vec<u8>>,
    /// Where the client went from here.
    pub redirect: Option<Url>,
    /// Did the response come to its end?
    pub complete: bool,
    /// Why it did not.
    pub error: Option<String>,
}

/// The connection of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Carrier {
    /// Which of the run's clients it belongs to.
    pub client: usize,
    pub id: u64,
    /// Which of its streams, in HTTP/2.
    pub stream: Option<u32>,
    /// Had it carried an exchange before?
    pub reused: bool,
    pub remote: Option<SocketAddr>,
}

/// From when to when a phase lasted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub phase: Phase,
    pub from: Duration,
    pub to: Duration,
}

impl Span {
    /// How long it lasted.
    pub fn time(&self) -> Duration {
        self.to.saturating_sub(self.from)
    }
}

impl Exchange {
    /// An exchange of which nothing is known but what is asked.
    pub fn new(method: &str, url: &Url, began: Duration) -> Exchange {
        Exchange {
            method: method.to_owned(),
            url: url.without_credentials(),
            began,
            spans: Vec::new(),
            carrier: None,
            request: Vec::new(),
            request_size: 0,
            sent: 0,
            post: None,
            status: None,
            response: Vec::new(),
            received: None,
            size: None,
            content: None,
            redirect: None,
            complete: false,
            error: None,
        }
    }

    /// When its last phase ended.
    pub fn ended(&self) -> Duration {
        self.spans.last().map_or(self.began, |span| span.to)
    }

    /// Was it answered, or has it failed? What happens then belongs to the next one.
    pub fn is_over(&self) -> bool {
        self.status.is_some() || self.error.is_some()
    }
}
