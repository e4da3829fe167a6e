//! The SOCKS handshake: messages byte by byte, every refusal by name. Every row in every piece, see
//! `properties::socks`.

use pannier::http::Host;
use pannier::proto::socks::{Error, Handshake, Login, Refusal, Version};

use crate::properties::socks::everyway;

const OPEN_5: &[u8] = b"\x05\x00\x00\x01\x0a\x00\x00\x01\x1f\x90";

fn host(text: &str) -> Host {
    Host::parse(text).unwrap()
}

fn login(user: &'static str, password: &'static str) -> Option<Login<'static>> {
    Some(Login { user: user.as_bytes(), password: password.as_bytes() })
}

#[test]
fn ok_what_is_sent() {
    let hello = &b"\x05\x01\x00"[..];
    let hello_login = &b"\x05\x02\x00\x02"[..];
    let said = b"\x01\x04user\x06secret";
    for (version, name, login, wire, sent) in [
        (
            Version::V5,
            "example.com",
            None,
            [b"\x05\x00", OPEN_5].concat(),
            [hello, b"\x05\x01\x00\x03\x0bexample.com\x01\xbb"].concat(),
        ),
        (
            Version::V5,
            "192.0.2.1",
            None,
            [b"\x05\x00", OPEN_5].concat(),
            [hello, b"\x05\x01\x00\x01\xc0\x00\x02\x01\x01\xbb"].concat(),
        ),
        (
            Version::V5,
            "[2001:db8::1]",
            None,
            [b"\x05\x00", OPEN_5].concat(),
            [hello, b"\x05\x01\x00\x04\x20\x01\x0d\xb8", &[0; 11], b"\x01\x01\xbb"].concat(),
        ),
        (
            Version::V5,
            "a",
            login("user", "secret"),
            [b"\x05\x02\x01\x00", OPEN_5].concat(),
            [hello_login, said, b"\x05\x01\x00\x03\x01a\x01\xbb"].concat(),
        ),
        (
            // A proxy may do without, and say another version of the login's reply.
            Version::V5,
            "a",
            login("user", "secret"),
            [b"\x05\x00", OPEN_5].concat(),
            [hello_login, b"\x05\x01\x00\x03\x01a\x01\xbb"].concat(),
        ),
        (
            Version::V5,
            "a",
            login("u", ""),
            [b"\x05\x02\x05\x00", OPEN_5].concat(),
            [hello_login, b"\x01\x01u\x00\x05\x01\x00\x03\x01a\x01\xbb"].concat(),
        ),
        (
            Version::V4,
            "192.0.2.1",
            None,
            b"\x00\x5a\x01\xbb\xc0\x00\x02\x01".to_vec(),
            b"\x04\x01\x01\xbb\xc0\x00\x02\x01\x00".to_vec(),
        ),
        (
            Version::V4,
            "example.com",
            login("me", "unsaid"),
            b"\x00\x5a\xff\xff\xff\xff\xff\xff".to_vec(),
            b"\x04\x01\x01\xbb\x00\x00\x00\x01me\x00example.com\x00".to_vec(),
        ),
    ] {
        let outcome = everyway(version, &host(name), 443, login, &wire);
        assert_eq!(outcome.result, Ok(true), "{}", name);
        assert_eq!((outcome.taken, outcome.sent), (wire.len(), sent), "{}", name);
    }
}

#[test]
fn ok_the_bound_address_may_be_of_any_kind() {
    for address in [&b"\x01abcd"[..], b"\x04abcdefghijklmnop", b"\x03\x00", b"\x03\x05hello"] {
        let wire = [b"\x05\x00\x05\x00\xff", address, b"\x00\x50"].concat();
        let outcome = everyway(Version::V5, &host("a"), 80, None, &wire);
        assert_eq!((outcome.result, outcome.taken), (Ok(true), wire.len()));
    }
    let longest = [b"\x05\x00\x05\x00\x00\x03\xff", &[b'x'; 255][..], b"\x00\x50"].concat();
    assert_eq!(everyway(Version::V5, &host("a"), 80, None, &longest).result, Ok(true));
}

#[test]
fn err_what_the_proxy_refuses_or_breaks() {
    let v5 = |code| Error::Refused(Refusal::V5(code));
    let v4 = |code| Error::Refused(Refusal::V4(code));
    for (version, login, wire, error) in [
        (Version::V5, None, &b"\x04"[..], Error::Version(4)),
        (Version::V5, None, b"H", Error::Version(b'H')),
        (Version::V5, None, b"\x05\xff", Error::NoMethod),
        (Version::V5, None, b"\x05\x02", Error::NoMethod),
        (Version::V5, None, b"\x05\x01", Error::Method(1)),
        (Version::V5, login("u", "p"), b"\x05\xff", Error::NoMethod),
        (Version::V5, login("u", "p"), b"\x05\x01", Error::Method(1)),
        (Version::V5, login("u", "p"), b"\x05\x02\x01\x01", Error::LoginRefused),
        (Version::V5, login("u", "p"), b"\x05\x02\x01\xff", Error::LoginRefused),
        (Version::V5, None, b"\x05\x00\x04", Error::Version(4)),
        (Version::V5, None, b"\x05\x00\x05\x01", v5(1)),
        (Version::V5, None, b"\x05\x00\x05\x02", v5(2)),
        (Version::V5, None, b"\x05\x00\x05\x08", v5(8)),
        (Version::V5, None, b"\x05\x00\x05\xfe", v5(254)),
        (Version::V5, None, b"\x05\x00\x05\x00\x00\x02", Error::AddressType(2)),
        (Version::V4, None, b"\x04", Error::Version(4)),
        (Version::V4, None, b"\x00\x5b", v4(91)),
        (Version::V4, None, b"\x00\x5c", v4(92)),
        (Version::V4, None, b"\x00\x5d", v4(93)),
        (Version::V4, None, b"\x00\x00", v4(0)),
    ] {
        for more in [&b""[..], b"and more"] {
            let wire = [wire, more].concat();
            let outcome = everyway(version, &host("a"), 80, login, &wire);
            assert_eq!(outcome.result, Err(error), "{:?}", wire);
        }
        let before = &wire[..wire.len() - 1];
        assert_eq!(everyway(version, &host("a"), 80, login, before).result, Ok(false));
    }
}

#[test]
fn err_what_cannot_be_said() {
    let long = "x".repeat(256);
    let text = |length: usize| -> &'static str { Box::leak("x".repeat(length).into_boxed_str()) };
    let long_host = Host::parse(&long).unwrap();
    for (version, host, login, error) in [
        (Version::V5, &long_host, None, Error::NameTooLong),
        (Version::V4, &long_host, None, Error::NameTooLong),
        (Version::V5, &host("a"), login(text(256), ""), Error::UserTooLong),
        (Version::V5, &host("a"), login("", text(256)), Error::PasswordTooLong),
        (Version::V4, &host("a"), login(text(256), ""), Error::UserTooLong),
        (Version::V4, &host("a"), login("a\0b", ""), Error::UserHasNul),
        (Version::V4, &host("[::1]"), None, Error::Ipv6),
    ] {
        let mut out = Vec::new();
        let begun = Handshake::begin(version, host, 80, login, &mut out);
        assert_eq!(begun.err(), Some(error));
        assert_eq!(out, b"");
    }
    let fits = Host::parse(&long[..255]).unwrap();
    for version in [Version::V4, Version::V5] {
        let login = login(text(255), text(255));
        assert!(Handshake::begin(version, &fits, 80, login, &mut Vec::new()).is_ok());
    }
}

#[test]
fn ok_no_login_is_shown() {
    let login = login("joe", "hunter2");
    let handshake = Handshake::begin(Version::V5, &host("a"), 80, login, &mut Vec::new());
    let shown = format!("{:?} {:?}", handshake, login);
    assert!(!shown.contains("joe") && !shown.contains("hunter2"), "{}", shown);
}

#[test]
fn ok_every_refusal_has_a_meaning_of_its_own() {
    let known = [91, 92, 93].map(Refusal::V4).into_iter().chain((1..=8).map(Refusal::V5));
    let meanings: Vec<&str> = known.map(Refusal::explain).collect();
    for (at, meaning) in meanings.iter().enumerate() {
        assert!(!meanings[..at].contains(meaning), "{}", meaning);
    }
    let error = Error::Refused(Refusal::V5(5)).to_string();
    assert_eq!(error, "the SOCKS proxy refused: the connection was refused (code 5)");
}
