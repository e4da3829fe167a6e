//! Exit codes, which are curl's, and failures: what to exit with and what to say.

use std::io;

use pannier::http::UrlError;

/// Why a transfer failed: the code to exit with and what to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub code: u8,
    /// Without the program's name; empty if nothing is to be said.
    pub message: String,
    /// Nobody listens there.
    pub refused: bool,
}

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
            Some(scheme) => {
                Failure::new(UNSUPPORTED, format!("Protocol \"{}\" not supported", scheme))
            }
            None => Failure::new(BAD_URL, format!("URL rejected: {}", error)),
        }
    }
}

/// No such protocol, or it may not be used.
pub const UNSUPPORTED: u8 = 1;
/// A command line that makes no sense.
pub const USAGE: u8 = 2;
/// A `--lab` that did not work.
pub const LAB_FAILED: u8 = 2;
/// No such URL.
pub const BAD_URL: u8 = 3;
/// The proxy's name has no address, or its URL is none.
pub const UNRESOLVED_PROXY: u8 = 5;
/// The host's name has no address.
pub const UNRESOLVED: u8 = 6;
/// No connection.
pub const NOT_CONNECTED: u8 = 7;
/// What the server sends makes no sense.
pub const WEIRD_REPLY: u8 = 8;
/// A rule of a connection of HTTP/2 was broken.
#[cfg(feature = "http2")]
pub const FRAMING_LAYER: u8 = 16;
/// Not all of it was transferred.
pub const PARTIAL: u8 = 18;
/// `--fail` and a status of 400 or more.
pub const HTTP_ERROR: u8 = 22;
/// Output cannot be written.
pub const WRITE_ERROR: u8 = 23;
/// The server does not take the upload.
pub const UPLOAD_FAILED: u8 = 25;
/// A file to send cannot be read.
pub const READ_ERROR: u8 = 26;
/// The time is over.
pub const TIMED_OUT: u8 = 28;
/// The server does not go on where it was asked to.
pub const RANGE_ERROR: u8 = 33;
/// No TLS connection.
pub const TLS_FAILED: u8 = 35;
/// Aborted by this side.
pub const ABORTED: u8 = 42;
/// A request that cannot be made.
pub const BAD_ARGUMENT: u8 = 43;
/// An end of the connection that cannot be had.
pub const INTERFACE_FAILED: u8 = 45;
/// More redirects than `--max-redirs`.
pub const TOO_MANY_REDIRECTS: u8 = 47;
/// `--resolve` or `--connect-to` of no known form.
pub const BAD_OPTION_SYNTAX: u8 = 49;
/// Not a byte came.
pub const EMPTY_REPLY: u8 = 52;
/// The connection failed while something was sent.
pub const SEND_FAILED: u8 = 55;
/// It failed while something was received.
pub const RECEIVE_FAILED: u8 = 56;
/// Content, or a transfer, in a coding that cannot be undone.
pub const BAD_CODING: u8 = 61;
/// More than `--max-filesize`.
pub const TOO_LARGE: u8 = 63;
/// A redirect asks for a body that is gone.
pub const REWIND_FAILED: u8 = 65;
/// A URL must not have a user name.
pub const LOGIN_DENIED: u8 = 67;
/// A stream of HTTP/2 was reset, or makes no sense.
#[cfg(feature = "http2")]
pub const STREAM: u8 = 92;
/// A SOCKS proxy made no connection.
pub const PROXY: u8 = 97;
/// What Rust exits with after a panic.
pub const PANICKED: u8 = 101;

/// What is said of a transfer that another one has ended.
pub const ABORTED_WITH_ANOTHER: &str = "Transfer aborted due to critical error in another transfer";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_a_reader_that_has_gone_is_no_news() {
        let gone = Failure::output(&io::ErrorKind::BrokenPipe.into());
        assert_eq!(gone, Failure::new(WRITE_ERROR, ""));
    }
}
