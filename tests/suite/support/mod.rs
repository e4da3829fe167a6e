//! What the tests of several subjects share.

pub mod client;
pub mod code;
pub mod counted;
pub mod daemon;
pub mod json;
pub mod peer;
pub mod plain_tls;
pub mod program;
pub mod recorder;
pub mod site;
#[cfg(target_os = "linux")]
pub mod unruly;

use std::time::Duration;

use pannier::net::{Script, Scripts};
use pannier::{Client, ClientBuilder, Response, Timeouts};

/// A client with a deadline far away, so that a test that goes wrong ends.
pub fn client() -> Client {
    builder().build()
}

pub fn builder() -> ClientBuilder {
    Client::builder().timeouts(Timeouts::default().total(Duration::from_secs(15)))
}

/// A connection that answers one request head with this and then closes.
pub fn once(answer: impl AsRef<[u8]>) -> Script {
    Script::new().expect_until("\r\n\r\n").reply(answer).close()
}

/// A client whose next connections follow these scripts, and what it writes to them.
pub fn scripted(scripts: impl IntoIterator<Item = Script>) -> (Client, Scripts) {
    let scripts = Script::connections(scripts);
    (builder().connector(scripts.clone()).build(), scripts)
}

/// Reads a response to its end without letting it go.
pub fn read_all(response: &mut Response) -> Result<Vec<u8>, pannier::Error> {
    let mut bytes = Vec::new();
    response.copy_to(&mut bytes)?;
    Ok(bytes)
}

/// A response that announces `length` bytes of content, with the first `sent` of them.
pub fn sized(status: &str, length: usize, sent: usize) -> String {
    let head = format!("HTTP/1.1 {}\r\nContent-Length: {}\r\n\r\n", status, length);
    head + &"x".repeat(sent)
}

/// A response that needs nothing read.
pub const EMPTY: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

/// A response with two bytes.
pub const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
