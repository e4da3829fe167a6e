//! The engine as a client of a few lines: requests in words, responses as text.

use pannier::http::{Headers, Method, Version};
use pannier::proto::h1::{Connection, Error, Event, Framing, RequestHead, Target, Transfer};
use pannier::proto::CloseReason;
use pannier::{Leniency, Limits};

/// A response of two bytes.
pub const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// A connection, and what went out on it.
pub struct Client {
    pub connection: Connection,
    pub sent: Vec<u8>,
}

impl Client {
    pub fn new() -> Client {
        let connection = Connection::new(Limits::default(), Leniency::default());
        Client { connection, sent: Vec::new() }
    }

    pub fn send(&mut self, line: &str, fields: &[(&str, &str)]) -> Result<Framing, Error> {
        let parts = line.split(' ').collect::<Vec<_>>();
        let mut headers = Headers::new();
        for (name, value) in fields {
            headers.append(name, value).unwrap();
        }
        let head = RequestHead {
            method: &Method::new(parts[0]).unwrap(),
            target: &Target::verbatim(parts[1]).unwrap(),
            version: if parts[2] == "HTTP/1.0" { Version::Http10 } else { Version::Http11 },
            headers: &headers,
            transfer: Transfer::Decoded,
        };
        self.connection.send_head(&head, &mut self.sent)
    }

    pub fn get(&mut self) {
        assert_eq!(self.send("GET / HTTP/1.1", &[]), Ok(Framing::Empty));
    }

    /// Everything that `input` brings, as text.
    pub fn receive(&mut self, mut input: &[u8]) -> String {
        let mut seen = String::new();
        let mut output = [0; 64];
        loop {
            match self.connection.recv(input, &mut output) {
                Err(error) => return seen + &format!("{:?}", error),
                Ok((used, None)) => {
                    assert_eq!(used, input.len(), "all of the input is of use");
                    return seen.trim_end().to_owned();
                }
                Ok((used, Some(event))) => {
                    input = &input[used..];
                    seen += &match event {
                        Event::Informational(head) | Event::Head(head) => head.status().to_string(),
                        Event::Data(count) => String::from_utf8_lossy(&output[..count]).into(),
                        Event::Switched => return seen + "Switched",
                        other => format!("{:?}", other),
                    };
                    seen.push(' ');
                }
            }
        }
    }

    pub fn persistence(&self) -> Result<(), CloseReason> {
        self.connection.persistence()
    }
}
