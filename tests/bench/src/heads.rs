//! Response heads as real servers send them: 8 fields of nginx, 20 behind a content delivery network, 60 long ones.

use std::fmt::Write;

/// A whole head, its empty line included, of `fields` field lines that announce `framing`.
pub fn response(fields: usize, framing: &str) -> Vec<u8> {
    let mut head = String::from("HTTP/1.1 200 OK\r\n");
    let known = NGINX.iter().chain(DELIVERY).take(fields - 1);
    let mut lines = 1;
    for line in known {
        head.push_str(line);
        head.push_str("\r\n");
        lines += 1;
    }
    for index in lines..fields {
        let value = &FILLER[index % 24..][..24 + index * 7 % 40];
        write!(head, "X-Upstream-Detail-{index:02}: {value}\r\n")
            .expect("a String takes whatever is written");
    }
    head.push_str(framing);
    head.push_str("\r\n\r\n");
    head.into_bytes()
}

/// Names and values of the same without what HTTP/2 forbids (RFC 9113 §8.2.2), and without framing.
pub fn without_connection() -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines = NGINX.iter().chain(DELIVERY);
    lines.filter_map(|line| line.split_once(": ")).filter(|(name, _)| *name != "Connection")
}

const NGINX: &[&str] = &[
    "Server: nginx/1.22.1",
    "Date: Tue, 23 Sep 2025 10:11:12 GMT",
    "Content-Type: application/octet-stream",
    "Last-Modified: Mon, 22 Sep 2025 08:09:10 GMT",
    "Connection: keep-alive",
    "ETag: \"68d103a6-64\"",
    "Accept-Ranges: bytes",
];

const DELIVERY: &[&str] = &[
    "Cache-Control: public, max-age=31536000, immutable",
    "Vary: Accept-Encoding, Origin",
    "Age: 84321",
    "Via: 1.1 varnish, 1.1 varnish",
    "X-Served-By: cache-fra-eddf8230058-FRA, cache-ams21055-AMS",
    "X-Cache: HIT, HIT",
    "X-Cache-Hits: 21, 1",
    "X-Timer: S1758622272.123456,VS0,VE1",
    "Strict-Transport-Security: max-age=31536000; includeSubDomains",
    "X-Content-Type-Options: nosniff",
    "Access-Control-Allow-Origin: *",
    "Timing-Allow-Origin: *",
];

const FILLER: &str = "q=0.8, region=eu-central-1; trace=4bf92f3577b34da6a3ce929d0e0e4736; \
                      span=00f067aa0ba902b7; tier=edge";

#[cfg(test)]
mod tests {
    use super::response;

    #[test]
    fn ok_a_head_has_as_many_fields_as_asked_for() {
        for fields in [2, 8, 20, 60] {
            let head = String::from_utf8(response(fields, "Content-Length: 100"))
                .expect("heads are ASCII");
            assert_eq!(head.matches("\r\n").count(), fields + 2, "{head}");
            assert!(head.ends_with("\r\nContent-Length: 100\r\n\r\n"), "{head}");
        }
    }
}
