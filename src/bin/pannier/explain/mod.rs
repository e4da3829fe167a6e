//! Failures of the library in curl's words, with curl's codes.
//!
//! The kind of an error says what it is, its phase whether a proxy is to blame, and the errors below it
//! which rule a peer has broken.

#[cfg(feature = "http2")]
mod http2;

use std::error::Error as _;
use std::io;
use std::time::Duration;

use pannier::http::UrlError;
use pannier::proto::h1;
use pannier::{Error, ErrorKind, Phase};

use crate::connect::Elsewhere;
use crate::exit::{self, Failure};
use crate::head;

/// What a message needs to know besides the error.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    pub host: String,
    pub port: u16,
    /// Are these a proxy's?
    pub proxied: bool,
    pub elapsed: Duration,
    /// Bytes of content that came, and how many were announced.
    pub received: u64,
    pub expected: Option<u64>,
    pub max_redirs: Option<u32>,
}

/// What the program makes of a failure of the library.
pub fn failure(error: &Error, facts: &Facts) -> Failure {
    if let Some(failure) = at_proxy(error, facts) {
        return failure;
    }
    if let Some(failure) = cause::<h1::Error>(error).and_then(broken_rule) {
        return failure;
    }
    #[cfg(feature = "http2")]
    if let Some(failure) = http2::failure(error, facts) {
        return failure;
    }
    let (code, message) = match error.kind() {
        ErrorKind::InvalidUrl => (exit::BAD_URL, format!("URL rejected: {}", error)),
        ErrorKind::UnsupportedScheme => return unsupported(error),
        ErrorKind::InvalidRequest => (exit::BAD_ARGUMENT, error.to_string()),
        ErrorKind::Resolve => (exit::UNRESOLVED, format!("Could not resolve host: {}", facts.host)),
        ErrorKind::Connect | ErrorKind::AddressRefused => match cause::<Elsewhere>(error) {
            Some(elsewhere) => (exit::INTERFACE_FAILED, elsewhere.to_string()),
            None => (exit::NOT_CONNECTED, not_connected(cause(error), facts)),
        },
        ErrorKind::Tls => (exit::TLS_FAILED, error.to_string()),
        ErrorKind::Timeout => (exit::TIMED_OUT, timed_out(error.phase(), facts)),
        ErrorKind::Cancelled => (exit::ABORTED, error.to_string()),
        ErrorKind::EmptyResponse => (exit::EMPTY_REPLY, "Empty reply from server".to_owned()),
        ErrorKind::Send => (exit::SEND_FAILED, system("Send failure", error)),
        ErrorKind::Receive => (exit::RECEIVE_FAILED, system("Recv failure", error)),
        ErrorKind::Protocol => (exit::WEIRD_REPLY, error.to_string()),
        ErrorKind::Framing | ErrorKind::TooLarge => (exit::RECEIVE_FAILED, error.to_string()),
        ErrorKind::Coding => (exit::BAD_CODING, error.to_string()),
        ErrorKind::Truncated => (exit::PARTIAL, cut_short(facts)),
        ErrorKind::TooManyRedirects => (exit::TOO_MANY_REDIRECTS, too_many_redirects(facts)),
        ErrorKind::Redirect => (exit::BAD_URL, error.to_string()),
        ErrorKind::Body => (exit::READ_ERROR, error.to_string()),
        _ => (exit::USAGE, error.to_string()),
    };
    let refused = cause::<io::Error>(error)
        .is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused);
    Failure { refused, ..Failure::new(code, message) }
}

/// The failure that the time was over before all had come.
pub fn late(facts: &Facts) -> Failure {
    Failure::new(exit::TIMED_OUT, timed_out(Some(Phase::Receive), facts))
}

/// The part of a head that was refused, or ended too early, which stands before what is wrong with it, as
/// curl shows it: it takes a head line by line.
pub fn sound_part<'a>(head: &'a [u8], error: &Error) -> &'a [u8] {
    match cause::<h1::Error>(error) {
        Some(h1::Error::ContentLength) => before_field(head, "content-length", 0),
        Some(h1::Error::ContentLengthsDiffer) => before_field(head, "content-length", 1),
        Some(h1::Error::TransferCoding) => before_field(head, "transfer-encoding", 0),
        Some(h1::Error::StatusLine | h1::Error::Version) => &[],
        _ => head::valid_lines(head),
    }
}

/// What stands before the field line of this name that so many others of that name precede.
fn before_field<'a>(head: &'a [u8], name: &str, others: usize) -> &'a [u8] {
    let named = |line: &&[u8]| {
        let line = line.split(|&byte| byte == b':').next().unwrap_or_default();
        line.eq_ignore_ascii_case(name.as_bytes())
    };
    let mut at = 0;
    let starts = head.split_inclusive(|&byte| byte == b'\n').map(|line| {
        at += line.len();
        (at - line.len(), line)
    });
    let faulty = starts.filter(|(_, line)| named(line)).nth(others);
    faulty.map_or(&[], |(start, _)| &head[..start])
}

/// What curl says about a rule that the peer broke, where its code differs from the kind's.
fn broken_rule(rule: &h1::Error) -> Option<Failure> {
    let (code, message) = match rule {
        h1::Error::StatusLine | h1::Error::Version => {
            (exit::UNSUPPORTED, format!("Unsupported HTTP response: {}", rule))
        }
        h1::Error::TransferCoding => {
            (exit::BAD_CODING, format!("Unsolicited Transfer-Encoding found: {}", rule))
        }
        h1::Error::ContentLength | h1::Error::ContentLengthsDiffer => {
            (exit::WEIRD_REPLY, format!("Invalid Content-Length: {}", rule))
        }
        h1::Error::ClosedInHead => (exit::PARTIAL, rule.to_string()),
        _ => return None,
    };
    Some(Failure::new(code, message))
}

/// A failure at a proxy, before the request itself went out.
fn at_proxy(error: &Error, facts: &Facts) -> Option<Failure> {
    let (code, message) = match (error.kind(), error.phase()) {
        (ErrorKind::Resolve, Some(Phase::Resolve)) if facts.proxied => {
            (exit::UNRESOLVED_PROXY, format!("Could not resolve proxy: {}", facts.host))
        }
        (ErrorKind::Timeout | ErrorKind::Cancelled | ErrorKind::ShutDown, _) => return None,
        (ErrorKind::Proxy, None) => (exit::UNRESOLVED_PROXY, error.to_string()),
        (ErrorKind::Proxy, _) => match error.status() {
            Some(status) => (
                exit::RECEIVE_FAILED,
                format!("CONNECT tunnel failed, response {}", status.as_u16()),
            ),
            None => (exit::PROXY, error.to_string()),
        },
        (ErrorKind::Resolve, Some(Phase::Tunnel)) => (exit::PROXY, error.to_string()),
        (_, Some(Phase::Tunnel)) => {
            (exit::RECEIVE_FAILED, format!("Proxy CONNECT aborted: {}", error))
        }
        _ => return None,
    };
    Some(Failure::new(code, message))
}

/// curl's sentence if nobody listens there. What else is in the way, a path that is too long or no
/// descriptor left, is named.
fn not_connected(error: Option<&io::Error>, facts: &Facts) -> String {
    let reason = match error {
        Some(error) if error.kind() != io::ErrorKind::ConnectionRefused => plain(error),
        _ => "Couldn't connect to server".to_owned(),
    };
    format!(
        "Failed to connect to {} port {} after {} ms: {}",
        facts.host,
        facts.port,
        facts.elapsed.as_millis(),
        reason
    )
}

fn timed_out(phase: Option<Phase>, facts: &Facts) -> String {
    let elapsed = facts.elapsed.as_millis();
    match (phase, facts.expected) {
        (Some(Phase::Resolve), _) => format!("Resolving timed out after {} milliseconds", elapsed),
        (Some(Phase::Connect | Phase::Tunnel | Phase::Tls), _) => {
            format!("Connection timed out after {} milliseconds", elapsed)
        }
        (_, Some(expected)) => format!(
            "Operation timed out after {} milliseconds with {} out of {} bytes received",
            elapsed, facts.received, expected
        ),
        (_, None) => format!(
            "Operation timed out after {} milliseconds with {} bytes received",
            elapsed, facts.received
        ),
    }
}

fn cut_short(facts: &Facts) -> String {
    match facts.expected {
        Some(expected) => format!(
            "transfer closed with {} bytes remaining to read",
            expected.saturating_sub(facts.received)
        ),
        None => "transfer closed with outstanding read data remaining".to_owned(),
    }
}

fn too_many_redirects(facts: &Facts) -> String {
    format!("Maximum ({}) redirects followed", facts.max_redirs.unwrap_or(u32::MAX))
}

fn unsupported(error: &Error) -> Failure {
    match cause::<UrlError>(error) {
        Some(url) => Failure::url(url),
        None => Failure::new(exit::UNSUPPORTED, "Protocol \"https\" not supported"),
    }
}

/// `Recv failure: Connection reset by peer`.
fn system(what: &str, error: &Error) -> String {
    let text = match cause::<io::Error>(error) {
        Some(error) => plain(error),
        None => error.to_string(),
    };
    format!("{}: {}", what, text)
}

/// The system's words, without the number that std adds.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

/// The first error of type `T` below this one.
fn cause<T: std::error::Error + 'static>(error: &Error) -> Option<&T> {
    let mut next = error.source();
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        // An io::Error shows its inner error by `get_ref`, and only that one's source by `source`.
        next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_messages_are_curls() {
        let facts = Facts {
            host: "h".to_owned(),
            port: 1,
            proxied: false,
            elapsed: Duration::from_millis(301),
            received: 6,
            expected: Some(60),
            max_redirs: Some(50),
        };
        let open = Facts { expected: None, ..facts.clone() };
        for (message, expected) in [
            (
                not_connected(Some(&io::ErrorKind::ConnectionRefused.into()), &facts),
                "Failed to connect to h port 1 after 301 ms: Couldn't connect to server",
            ),
            (
                not_connected(Some(&io::ErrorKind::PermissionDenied.into()), &facts),
                "Failed to connect to h port 1 after 301 ms: permission denied",
            ),
            (cut_short(&facts), "transfer closed with 54 bytes remaining to read"),
            (cut_short(&open), "transfer closed with outstanding read data remaining"),
            (
                timed_out(Some(Phase::Receive), &facts),
                "Operation timed out after 301 milliseconds with 6 out of 60 bytes received",
            ),
            (
                timed_out(None, &open),
                "Operation timed out after 301 milliseconds with 6 bytes received",
            ),
            (
                timed_out(Some(Phase::Connect), &facts),
                "Connection timed out after 301 milliseconds",
            ),
            (too_many_redirects(&facts), "Maximum (50) redirects followed"),
        ] {
            assert_eq!(message, expected);
        }
    }
}
