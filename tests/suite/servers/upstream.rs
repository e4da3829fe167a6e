//! A server of HTTP/1.1 for those that pass requests on: it has what `content` has, and gives back what it
//! is sent.

use pannier::http::token;

use super::h2;
use crate::support::peer::Wire;
use crate::support::site::Site;

/// What is asked for may have `/up` before it.
pub fn start() -> Site {
    Site::serve(|mut wire| while answer_next(&mut wire) {})
}

/// False at the end of the connection.
fn answer_next(wire: &mut Wire) -> bool {
    let head = match wire.next_head() {
        Some(head) => head,
        None => return false,
    };
    let mut words = head.split(' ');
    let (method, target) = (words.next().unwrap(), words.next().unwrap());
    let sent = recv_content(wire, &head);
    let found = match method {
        "POST" => Some(sent),
        _ => h2::content(target.split('?').next().unwrap().trim_start_matches("/up")),
    };
    let status = if found.is_some() { "200 OK" } else { "404 Not Found" };
    let content = found.unwrap_or_default();
    let head = format!("HTTP/1.1 {}\r\nContent-Length: {}\r\n\r\n", status, content.len());
    let content = if method == "HEAD" { Vec::new() } else { content };
    wire.try_send([head.into_bytes(), content].concat())
}

fn recv_content(wire: &mut Wire, head: &str) -> Vec<u8> {
    if let Some(length) = field(head, "content-length") {
        return wire.expect_bytes(token::decimal(length.as_bytes()).unwrap() as usize);
    }
    let mut content = Vec::new();
    while field(head, "transfer-encoding").is_some() {
        let line = wire.expect_until("\r\n");
        let size = usize::from_str_radix(line.trim_end(), 16).unwrap();
        if size == 0 {
            while wire.expect_until("\r\n") != "\r\n" {}
            break;
        }
        content.extend(wire.expect_bytes(size));
        wire.expect("\r\n");
    }
    content
}

fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut fields = head.lines().filter_map(|line| line.split_once(':'));
    fields.find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}
