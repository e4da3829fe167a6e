//! Exit codes and messages: curl's, for every way in which a transfer can fail.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use pannier::http::UrlError;
use pannier::proto::h1;
use pannier::{Error, ErrorKind, Phase};

/// Why a transfer failed: the code to exit with and what to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub code: u8,
    /// Without the program's name; empty if nothing is to be said.
    pub message: String,
    /// Nobody listens there.
    pub refused: bool,
}

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

/// No such protocol, or it may not be used.
pub const UNSUPPORTED: u8 = 1;
/// What the server sends makes no sense.
pub const WEIRD_REPLY: u8 = 8;
/// A URL must not have a user name.
pub const LOGIN_DENIED: u8 = 67;
/// A command line that makes no sense.
pub const USAGE: u8 = 2;
/// Aborted by this side.
pub const ABORTED: u8 = 42;
/// What is said then.
pub const ABORTED_WITH_ANOTHER: &str = "Transfer aborted due to critical error in another transfer";
/// Not all of it was transferred.
pub const PARTIAL: u8 = 18;
/// The server does not go on where it was asked to.
pub const RANGE_ERROR: u8 = 33;
/// The time is over.
pub const TIMED_OUT: u8 = 28;
/// The proxy's name has no address, or its URL is none.
pub const UNRESOLVED_PROXY: u8 = 5;
/// No connection.
pub const NOT_CONNECTED: u8 = 7;
/// A SOCKS proxy made no connection.
pub const PROXY: u8 = 97;
/// The host's name has no address.
pub const UNRESOLVED: u8 = 6;
/// No such URL.
pub const BAD_URL: u8 = 3;
/// `--fail` and a status of 400 or more.
pub const HTTP_ERROR: u8 = 22;
/// Output cannot be written.
pub const WRITE_ERROR: u8 = 23;
/// The server does not take the upload.
pub const UPLOAD_FAILED: u8 = 25;
/// A file to send cannot be read.
pub const READ_ERROR: u8 = 26;
/// A `--lab` that did not work.
pub const LAB_FAILED: u8 = 2;
/// What Rust exits with after a panic.
pub const PANICKED: u8 = 101;
/// A request that cannot be made.
pub const BAD_ARGUMENT: u8 = 43;
/// `--resolve` or `--connect-to` of no known form.
pub const BAD_OPTION_SYNTAX: u8 = 49;
/// A redirect asks for a body that is gone.
pub const REWIND_FAILED: u8 = 65;
/// More than `--max-filesize`.
pub const TOO_LARGE: u8 = 63;

impl Failure {
    pub fn new(code: u8, message: impl Into<String>) -> Failure {
        Failure { code, message: message.into(), refused: false }
    }

    /// Is nothing to be said?
    pub fn is_silent(&self) -> bool {
        self.message.is_empty()
    }

    /// The failure of output; silent if its reader has gone.
    pub fn output(error: &io::Error) -> Failure {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::new(WRITE_ERROR, ""),
            _ => Failure::new(
                WRITE_ERROR,
                format!("Failure writing output to destination: {}", error),
            ),
        }
    }

    /// Is this side to blame, so that trying again is no use?
    pub fn is_local(&self) -> bool {
        matches!(
            self.code,
            USAGE | BAD_URL | WRITE_ERROR | READ_ERROR | BAD_ARGUMENT | BAD_OPTION_SYNTAX
        )
    }

    /// A URL that is none, or of another protocol.
    pub fn url(error: &UrlError) -> Failure {
        match error.scheme() {
            Some(scheme) => Failure::new(1, format!("Protocol \"{}\" not supported", scheme)),
            None => Failure::new(BAD_URL, format!("URL rejected: {}", error)),
        }
    }

    /// The failure of the library, in curl's words.
    pub fn transfer(error: &Error, facts: &Facts) -> Failure {
        if let Some(failure) = at_proxy(error, facts) {
            return failure;
        }
        if let Some(failure) = cause::<h1::Error>(error).and_then(broken_rule) {
            return failure;
        }
        let (code, message) = match error.kind() {
            ErrorKind::InvalidUrl => (BAD_URL, format!("URL rejected: {}", error)),
            ErrorKind::UnsupportedScheme => return unsupported(error),
            ErrorKind::InvalidRequest => (BAD_ARGUMENT, error.to_string()),
            ErrorKind::Resolve => (6, format!("Could not resolve host: {}", facts.host)),
            ErrorKind::Connect | ErrorKind::AddressRefused => {
                (7, not_connected(cause(error), facts))
            }
            ErrorKind::Tls => (35, error.to_string()),
            ErrorKind::Timeout => (28, timed_out(error.phase(), facts)),
            ErrorKind::Cancelled => (42, error.to_string()),
            ErrorKind::EmptyResponse => (52, "Empty reply from server".to_owned()),
            ErrorKind::Send => (55, system("Send failure", error)),
            ErrorKind::Receive => (56, system("Recv failure", error)),
            ErrorKind::Protocol => (WEIRD_REPLY, error.to_string()),
            ErrorKind::Framing | ErrorKind::TooLarge => (56, error.to_string()),
            ErrorKind::Coding => (61, error.to_string()),
            ErrorKind::Truncated => (PARTIAL, cut_short(facts)),
            ErrorKind::TooManyRedirects => (47, too_many_redirects(facts)),
            ErrorKind::Redirect => (BAD_URL, error.to_string()),
            ErrorKind::Body => (READ_ERROR, error.to_string()),
            _ => (2, error.to_string()),
        };
        let refused = cause::<io::Error>(error)
            .is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused);
        Failure { refused, ..Failure::new(code, message) }
    }
}

/// The part of a head that was refused which stands before what is wrong with it, as curl shows it: it
/// takes a head line by line. Nothing if that is not to be found out.
pub fn sound_part<'a>(head: &'a [u8], error: &Error) -> &'a [u8] {
    let (name, nth) = match cause::<h1::Error>(error) {
        Some(h1::Error::ContentLength) => ("content-length", 0),
        Some(h1::Error::ContentLengthsDiffer) => ("content-length", 1),
        Some(h1::Error::TransferCoding) => ("transfer-encoding", 0),
        _ => return &[],
    };
    let named = |line: &&[u8]| {
        let line = line.split(|&byte| byte == b':').next().unwrap_or_default();
        line.eq_ignore_ascii_case(name.as_bytes())
    };
    let mut at = 0;
    let starts = head.split_inclusive(|&byte| byte == b'\n').map(|line| {
        at += line.len();
        (at - line.len(), line)
    });
    let faulty = starts.filter(|(_, line)| named(line)).nth(nth);
    faulty.map_or(&[], |(start, _)| &head[..start])
}

/// What curl says about a rule that the peer broke, where its code differs from the kind's.
fn broken_rule(rule: &h1::Error) -> Option<Failure> {
    let (code, message) = match rule {
        h1::Error::StatusLine | h1::Error::Version => {
            (UNSUPPORTED, format!("Unsupported HTTP response: {}", rule))
        }
        h1::Error::TransferCoding => (61, format!("Unsolicited Transfer-Encoding found: {}", rule)),
        h1::Error::ContentLength | h1::Error::ContentLengthsDiffer => {
            (WEIRD_REPLY, format!("Invalid Content-Length: {}", rule))
        }
        h1::Error::ClosedInHead => (56, format!("Recv failure: {}", rule)),
        _ => return None,
    };
    Some(Failure::new(code, message))
}

/// A failure at a proxy, before the request itself went out.
fn at_proxy(error: &Error, facts: &Facts) -> Option<Failure> {
    let (code, message) = match (error.kind(), error.phase()) {
        (ErrorKind::Resolve, Some(Phase::Resolve)) if facts.proxied => {
            (UNRESOLVED_PROXY, format!("Could not resolve proxy: {}", facts.host))
        }
        (ErrorKind::Timeout | ErrorKind::Cancelled | ErrorKind::ShutDown, _) => return None,
        (ErrorKind::Proxy, None) => (UNRESOLVED_PROXY, error.to_string()),
        (ErrorKind::Proxy, _) => match error.status() {
            Some(status) => (56, format!("CONNECT tunnel failed, response {}", status.as_u16())),
            None => (PROXY, error.to_string()),
        },
        (ErrorKind::Resolve, Some(Phase::Tunnel)) => (PROXY, error.to_string()),
        (_, Some(Phase::Tunnel)) => (56, format!("Proxy CONNECT aborted: {}", error)),
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
        None => Failure::new(1, "Protocol \"https\" not supported"),
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

    #[test]
    fn ok_a_reader_that_has_gone_is_no_news() {
        let gone = Failure::output(&io::ErrorKind::BrokenPipe.into());
        assert_eq!(gone, Failure::new(WRITE_ERROR, ""));
    }
}
