//! Requests through proxies: what the proxy reads, what it must not, and whose connections are whose.

use std::error::Error as _;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use pannier::http::Method;
use pannier::net::{CancelToken, Deadline, Resolve, Script};
use pannier::proto::socks;
use pannier::{Client, CloseReason, Credentials, Error, ErrorKind, Event, Observer};
use pannier::{Phase, PoolConfig, Protocol, Proxy};

use crate::support::peer::{Peer, Wire};
use crate::support::plain_tls::PlainTls;
use crate::support::recorder::Recorder;
use crate::support::{builder, client, once, EMPTY, OK};

const GRANTED: &str = "HTTP/1.1 200 Connection established\r\n\r\n";

/// A proxy that is this peer.
fn at(peer: &Peer, scheme: &str) -> Proxy {
    Proxy::new(&format!("{}://{}", scheme, peer.address())).unwrap()
}

fn through(proxy: Proxy) -> Client {
    let builder = builder().user_agent("agent").proxy(proxy);
    #[cfg(feature = "gzip")]
    let builder = builder.decoding(pannier::Decoding::none());
    builder.build()
}

fn text(client: &Client, url: &str) -> Result<String, Error> {
    client.get(url).send()?.text()
}

fn expect_connect(wire: &mut Wire, there: &str, more: &str) {
    wire.expect(format!(
        "CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n{1}User-Agent: agent\r\n\r\n",
        there, more
    ));
}

// --- forwarded requests -------------------------------------------------------------------------------

#[test]
fn ok_one_connection_to_the_proxy_serves_many_origins() {
    let peer = Peer::play(|peer| {
        let mut wire = peer.accept();
        wire.expect(
            "GET http://one.test/a?b HTTP/1.1\r\nHost: one.test\r\nUser-Agent: agent\r\n\
             Accept: */*\r\n\r\n",
        );
        wire.send(OK);
        wire.expect(
            "GET http://two.test:8080/ HTTP/1.1\r\nHost: two.test:8080\r\nUser-Agent: agent\r\n\
             Accept: */*\r\n\r\n",
        );
        wire.send(OK);
        wire.expect_end();
        peer.expect_nobody();
    });
    let client = through(at(&peer, "http"));
    assert_eq!(text(&client, "http://one.test/a?b#c").unwrap(), "ok");
    assert_eq!(text(&client, "http://two.test:8080").unwrap(), "ok");
    assert_eq!(client.pool_stats().created, 1);
}

#[test]
fn ok_what_one_origin_sends_unasked_answers_no_other_behind_the_same_proxy() {
    let forged = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged";
    let first = Script::new().expect_until("\r\n\r\n").reply(OK).reply(forged);
    let scripts = Script::connections([first.expect_until("\r\n\r\n"), once(OK)]);
    let proxy = Proxy::new("http://proxy.test").unwrap();
    let client = builder().connector(scripts).proxy(proxy).build();
    assert_eq!(text(&client, "http://one.test/").unwrap(), "ok");
    assert_eq!(text(&client, "http://two.test/").unwrap(), "ok");
    assert_eq!(client.pool_stats().closed(CloseReason::ClosedWhileIdle), 1);
}

#[test]
fn ok_credentials_go_to_the_proxy_alone() {
    let peer = Peer::play(|peer| {
        let mut wire = peer.accept();
        wire.expect(
            "GET http://one.test/ HTTP/1.1\r\nHost: one.test\r\n\
             Proxy-Authorization: Basic dTpw\r\nAuthorization: Basic bWU6c2VjcmV0\r\n\
             User-Agent: agent\r\nAccept: */*\r\nX-Proxy: 1\r\n\r\n",
        );
        let origin = peer.port();
        wire.send(format!(
            "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{}/\r\nContent-Length: 0\r\n\r\n",
            origin
        ));
        let mut direct = peer.accept();
        direct.expect(format!(
            "GET / HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nUser-Agent: agent\r\nAccept: */*\r\n\r\n",
            origin
        ));
        direct
            .send("HTTP/1.1 302 Found\r\nLocation: http://two.test/\r\nContent-Length: 0\r\n\r\n");
        wire.expect(
            "GET http://two.test/ HTTP/1.1\r\nHost: two.test\r\n\
             Proxy-Authorization: Basic dTpw\r\nUser-Agent: agent\r\nAccept: */*\r\n\
             X-Proxy: 1\r\n\r\n",
        );
        wire.send(OK);
        wire.expect_end();
    });
    let proxy = Proxy::new(&format!("http://u:p@{}", peer.address())).unwrap();
    let proxy = proxy.no_proxy("127.0.0.0/8").header("X-Proxy", "1").unwrap();
    let client = through(proxy.header("Proxy-Connection", "Keep-Alive").unwrap());
    assert_eq!(text(&client, "http://me:secret@one.test/").unwrap(), "ok");
}

#[test]
fn ok_what_is_given_for_a_proxy_does_not_leave_it() {
    let peer = Peer::play(|peer| {
        let mut wire = peer.accept();
        let head = wire.expect_request("GET http://one.test/");
        assert!(head.contains("Proxy-Authorization: Basic own\r\n"), "{}", head);
        wire.send("HTTP/1.1 302 Found\r\nLocation: http://two.test/\r\nContent-Length: 0\r\n\r\n");
        let head = wire.expect_request("GET http://two.test/");
        assert!(head.contains("Proxy-Authorization: Basic own\r\n"), "{}", head);
        assert!(head.contains("Proxy-Connection: Keep-Alive\r\n"), "{}", head);
        wire.send(format!(
            "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{}/\r\nContent-Length: 0\r\n\r\n",
            peer.port()
        ));
        let mut direct = peer.accept();
        let head = direct.expect_request("GET /");
        assert!(!head.contains("Proxy-"), "{}", head);
        direct.send(OK);
        direct.expect_end();
    });
    let client = through(at(&peer, "http").no_proxy("127.0.0.1"));
    let request = client.get("http://one.test/").header("Proxy-Authorization", "Basic own");
    let response = request.header("Proxy-Connection", "Keep-Alive").send().unwrap();
    assert_eq!(response.text().unwrap(), "ok");
}

#[test]
fn ok_a_challenge_of_the_proxy_is_answered_once_and_remembered() {
    let peer = Peer::play(|peer| {
        let mut wire = peer.accept();
        let head = wire.expect_request("GET http://one.test/a");
        assert!(!head.contains("Authorization"), "{}", head);
        wire.send(
            "HTTP/1.1 407 Who\r\nContent-Length: 3\r\n\
             Proxy-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\r\n\r\nwho",
        );
        for (target, count) in [("a", "00000001"), ("b", "00000002")] {
            let head = wire.expect_request(&format!("GET http://one.test/{}", target));
            assert!(head.contains("Proxy-Authorization: Digest username=\"u\""), "{}", head);
            assert!(head.contains(&format!("uri=\"/{}\"", target)), "{}", head);
            assert!(head.contains(&format!("nc={}", count)), "{}", head);
            wire.send(OK);
        }
        wire.expect_end();
    });
    let client = through(at(&peer, "http").credentials(Credentials::digest("u", "p")));
    assert_eq!(text(&client, "http://one.test/a").unwrap(), "ok");
    assert_eq!(text(&client, "http://one.test/b").unwrap(), "ok");
}

#[test]
fn ok_wrong_credentials_are_final_and_the_response_is_the_callers() {
    let refusal = "HTTP/1.1 407 Who\r\nContent-Length: 3\r\n\
                   Proxy-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n\r\nwho";
    let peer = Peer::answers([refusal, refusal]);
    let client = through(at(&peer, "http").credentials(Credentials::any("u", "wrong")));
    let response = client.get("http://one.test/").send().unwrap();
    assert_eq!(response.status().as_u16(), 407);
    assert_eq!(response.text().unwrap(), "who");
}

#[test]
fn ok_content_waits_for_the_challenge_of_the_proxy_and_then_of_the_origin() {
    let peer = Peer::play(|peer| {
        let mut wire = peer.accept();
        let head = wire.expect_request("POST http://one.test/");
        assert!(head.contains("Content-Length: 0\r\n"), "{}", head);
        let digest = "Digest realm=\"r\", nonce=\"n\"";
        wire.send(format!(
            "HTTP/1.1 407 Who\r\nContent-Length: 0\r\nProxy-Authenticate: {}\r\n\r\n",
            digest
        ));
        let head = wire.expect_request("POST http://one.test/");
        assert!(head.contains("Content-Length: 0\r\n"), "{}", head);
        assert!(head.contains("Proxy-Authorization: Digest"), "{}", head);
        wire.send(format!(
            "HTTP/1.1 401 Who\r\nContent-Length: 0\r\nWWW-Authenticate: {}\r\n\r\n",
            digest
        ));
        let head = wire.expect_request("POST http://one.test/");
        assert!(head.contains("Proxy-Authorization: Digest"), "{}", head);
        assert!(head.contains("\r\nAuthorization: Digest"), "{}", head);
        wire.expect("content");
        wire.send(OK);
        wire.expect_end();
    });
    let client = through(at(&peer, "http").credentials(Credentials::digest("u", "p")));
    let request = client.post("http://one.test/").credentials(Credentials::digest("me", "x"));
    assert_eq!(request.body("content").send().unwrap().text().unwrap(), "ok");
}

// --- tunnels ------------------------------------------------------------------------------------------

#[test]
fn ok_a_tunnel_belongs_to_its_origin_and_keeps_the_proxys_secrets_out() {
    let peer = Peer::play(|peer| {
        for origin in ["one.test", "two.test"] {
            let mut wire = peer.accept();
            let fields = "Proxy-Authorization: Basic dTpw\r\n";
            expect_connect(&mut wire, &format!("{}:443", origin), fields);
            wire.send(GRANTED);
            for answer in [OK, OK] {
                let head = wire.expect_request("GET /");
                assert!(head.starts_with(&format!("GET / HTTP/1.1\r\nHost: {}\r\n", origin)));
                assert!(!head.contains("Proxy"), "{}", head);
                wire.send(answer);
            }
            peer.stall(wire);
        }
    });
    let proxy = Proxy::new(&format!("http://u:p@{}", peer.address())).unwrap();
    let client = builder().user_agent("agent").tls(PlainTls).proxy(proxy).build();
    for origin in ["one.test", "two.test"] {
        for _ in 0..2 {
            assert_eq!(text(&client, &format!("https://{}/", origin)).unwrap(), "ok");
        }
    }
    assert_eq!((client.pool_stats().created, client.pool_stats().reused), (2, 2));
}

#[test]
fn ok_http_goes_through_a_tunnel_if_asked_to() {
    let peer = Peer::play(|peer| {
        let mut wire = peer.accept();
        wire.expect(
            "CONNECT one.test:80 HTTP/1.0\r\nHost: one.test:80\r\nUser-Agent: other\r\n\
             Proxy-Connection: Keep-Alive\r\nX-Proxy: 1\r\n\r\n",
        );
        wire.send("HTTP/1.0 200 OK\r\n\r\n");
        wire.expect("GET / HTTP/1.1\r\nHost: one.test\r\nUser-Agent: agent\r\nAccept: */*\r\n\r\n");
        wire.send(OK);
        wire.expect_end();
    });
    let proxy = at(&peer, "http").tunnel_http(true).protocol(Protocol::Http10);
    let proxy = proxy.header("User-Agent", "other").unwrap();
    let proxy = proxy.header("Proxy-Connection", "Keep-Alive").unwrap();
    let client = through(proxy.header("X-Proxy", "1").unwrap());
    assert_eq!(text(&client, "http://one.test/").unwrap(), "ok");
}

#[test]
fn ok_a_2xx_opens_the_tunnel_at_once_whatever_it_says() {
    for head in [
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 299 Well\r\nConnection: close\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    ] {
        let peer = Peer::answers([head, OK]);
        let client = through(at(&peer, "http").tunnel_http(true));
        assert_eq!(text(&client, "http://one.test/").unwrap(), "ok", "{}", head);
    }
}

fn refused(answer: &'static str) -> Error {
    let peer = Peer::play(move |peer| {
        let mut wire = peer.accept();
        wire.expect_head();
        wire.send(answer);
        assert_eq!(wire.rest(), "", "something was sent after the refusal");
        peer.expect_nobody();
    });
    let client = through(at(&peer, "http").tunnel_http(true));
    let error = text(&client, "http://one.test/").unwrap_err();
    drop(client);
    assert_eq!(error.phase(), Some(Phase::Tunnel));
    assert!(error.is_connect() && error.is_safe_to_retry() && error.bytes_sent() == 0);
    error
}

#[test]
fn err_a_refusal_is_an_error_and_never_goes_around_the_proxy() {
    for (answer, status) in [
        ("HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nevil", 403),
        ("HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n", 407),
        ("HTTP/1.1 302 Found\r\nLocation: http://evil.test/\r\nContent-Length: 0\r\n\r\n", 302),
        ("HTTP/1.1 502 Bad\r\n\r\nsome text", 502),
    ] {
        let error = refused(answer);
        assert_eq!(error.kind(), ErrorKind::Proxy);
        assert_eq!(error.status().map(|status| status.as_u16()), Some(status));
        let shown = error.to_string();
        assert!(shown.contains("answered CONNECT one.test:80 with"), "{}", shown);
    }
    for (answer, kind) in [
        (
            "HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
            ErrorKind::Protocol,
        ),
        ("SSH-2.0-x\r\n", ErrorKind::Protocol),
        ("HTTP/1.1 101 Switching\r\n\r\n", ErrorKind::Protocol),
    ] {
        assert_eq!(refused(answer).kind(), kind, "{}", answer);
    }
}

#[test]
fn err_a_proxy_that_says_nothing() {
    let peer = Peer::play(|peer| {
        let mut wire = peer.accept();
        wire.expect_head();
        wire.close();
    });
    let client = through(at(&peer, "http").tunnel_http(true));
    let error = text(&client, "http://one.test/").unwrap_err();
    assert_eq!((error.kind(), error.phase()), (ErrorKind::EmptyResponse, Some(Phase::Tunnel)));
}

/// A challenge to CONNECT, and whether its answer comes on the same connection.
fn asks_again(answer: &'static str, same: bool) {
    let peer = Peer::play(move |peer| {
        let mut wire = peer.accept();
        expect_connect(&mut wire, "one.test:80", "");
        wire.send(answer);
        let mut wire = match same {
            true => wire,
            false => {
                let next = peer.accept();
                peer.stall(wire);
                next
            }
        };
        let head = wire.expect_request("CONNECT one.test:80");
        assert!(head.contains("Proxy-Authorization: Digest username=\"u\""), "{}", head);
        assert!(head.contains("uri=\"one.test:80\""), "{}", head);
        wire.send(GRANTED);
        let head = wire.expect_request("GET /");
        assert!(!head.contains("Authorization"), "{}", head);
        wire.send(OK);
        peer.stall(wire);
    });
    let proxy = at(&peer, "http").tunnel_http(true);
    let client = through(proxy.credentials(Credentials::digest("u", "p")));
    assert_eq!(text(&client, "http://one.test/").unwrap(), "ok");
}

#[test]
fn ok_a_challenge_to_connect_is_answered_where_the_connection_stands() {
    asks_again(
        "HTTP/1.1 407 Who\r\nProxy-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n\
         Transfer-Encoding: chunked\r\n\r\n3\r\nwho\r\n0\r\n\r\n",
        true,
    );
    asks_again(
        "HTTP/1.1 407 Who\r\nProxy-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n\
         Connection: close\r\nContent-Length: 0\r\n\r\n",
        false,
    );
    asks_again(
        "HTTP/1.1 407 Who\r\nProxy-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n\
         Content-Length: 10737418240\r\n\r\nwho",
        false,
    );
    asks_again(
        "HTTP/1.1 407 Who\r\nProxy-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n\
         Content-Length: 5\r\n\r\nwho",
        false,
    );
}

#[test]
fn err_wrong_credentials_are_tried_once() {
    let challenge = "HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\
                     Proxy-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n\r\n";
    let peer = Peer::answers([challenge, challenge]);
    let proxy = at(&peer, "http").tunnel_http(true);
    let client = through(proxy.credentials(Credentials::any("u", "wrong")));
    let error = text(&client, "http://one.test/").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Proxy);
    assert_eq!(error.status().map(|status| status.as_u16()), Some(407));
}

#[test]
fn ok_a_connect_of_the_callers_own_is_forwarded() {
    let peer = Peer::play(|peer| {
        let mut wire = peer.accept();
        wire.expect_request("CONNECT one.test:22");
        wire.send([GRANTED, "SSH-2.0-x\r\n"].concat());
        wire.expect("ping");
        wire.send("pong");
        wire.close();
    });
    let client = through(at(&peer, "http"));
    let response = client.request(Method::CONNECT, "http://one.test:22").send().unwrap();
    let mut stream = response.into_stream().unwrap();
    let mut greeting = [0; 11];
    stream.read_exact(&mut greeting).unwrap();
    assert_eq!(&greeting, b"SSH-2.0-x\r\n");
    stream.write_all(b"ping").unwrap();
    let mut rest = String::new();
    stream.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "pong");
}

// --- SOCKS --------------------------------------------------------------------------------------------

/// Knows every name.
#[derive(Debug)]
struct Names(Vec<SocketAddr>);

impl Resolve for Names {
    fn resolve(
        &self,
        _: &str,
        port: u16,
        _: Deadline,
        _: Option<&CancelToken>,
    ) -> std::io::Result<Vec<SocketAddr>> {
        let mut found = self.0.clone();
        found.iter_mut().for_each(|address| address.set_port(port));
        Ok(found)
    }
}

const OPEN_5: &[u8] = b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00";

#[test]
fn ok_the_name_is_looked_up_by_whom_the_scheme_says() {
    let by_address = &b"\x05\x01\x00\x01\xc0\x00\x02\x07\x00\x50"[..];
    let by_name = &b"\x05\x01\x00\x03\x08one.test\x00\x50"[..];
    for (scheme, talk) in [
        ("socks5", [(&b"\x05\x01\x00"[..], &b"\x05\x00"[..]), (by_address, OPEN_5)]),
        ("socks5h", [(&b"\x05\x01\x00"[..], &b"\x05\x00"[..]), (by_name, OPEN_5)]),
        (
            "socks4",
            [
                (&b"\x04\x01\x00\x50\xc0\x00\x02\x07\x00"[..], &b"\x00\x5a\0\0\0\0\0\0"[..]),
                (b"", b""),
            ],
        ),
        (
            "socks4a",
            [
                (&b"\x04\x01\x00\x50\0\0\0\x01\0one.test\0"[..], &b"\x00\x5a\0\0\0\0\0\0"[..]),
                (b"", b""),
            ],
        ),
    ] {
        let peer = Peer::play(move |peer| {
            let mut wire = peer.accept();
            for (expected, answer) in talk {
                wire.expect(expected);
                wire.send(answer);
            }
            wire.exchange("GET /", OK);
            wire.exchange("GET /again", OK);
            wire.expect_end();
        });
        let names = Names(vec![([192, 0, 2, 7], 0).into()]);
        let client = builder().resolver(names).proxy(at(&peer, scheme)).build();
        assert_eq!(text(&client, "http://one.test/").unwrap(), "ok", "{}", scheme);
        assert_eq!(text(&client, "http://one.test/again").unwrap(), "ok", "{}", scheme);
    }
}

#[test]
fn ok_the_next_address_is_tried_if_the_proxy_cannot_reach_one() {
    let peer = Peer::play(|peer| {
        let mut wire = peer.accept();
        wire.expect(b"\x05\x01\x00");
        wire.send(b"\x05\x00");
        let head = wire.expect_bytes(22);
        assert_eq!(&head[..4], b"\x05\x01\x00\x04");
        wire.send(b"\x05\x04\x00\x01\0\0\0\0\0\0");
        drop(wire);
        let mut wire = peer.accept();
        wire.expect(b"\x05\x01\x00");
        wire.send(b"\x05\x00");
        wire.expect(b"\x05\x01\x00\x01\xc0\x00\x02\x07\x00\x50");
        wire.send(OPEN_5);
        wire.exchange("GET /", OK);
        wire.expect_end();
    });
    let names = Names(vec!["[2001:db8::1]:0".parse().unwrap(), ([192, 0, 2, 7], 0).into()]);
    let client = builder().resolver(names).proxy(at(&peer, "socks5")).build();
    assert_eq!(text(&client, "http://one.test/").unwrap(), "ok");
}

#[test]
fn err_what_a_socks_proxy_refuses() {
    for (answers, shown) in [
        ([&b"\x05\xff"[..], b""], "takes none of the authentication methods offered"),
        ([b"\x05\x02", b"\x01\x01"], "refused user and password"),
        ([b"\x05\x00", b"\x05\x02"], "refused: not allowed by its rules (code 2)"),
        ([b"\x05\x00", b""], "closed the connection inside the handshake"),
        ([b"\x05", b""], "closed the connection inside the handshake"),
        ([b"HTTP/1.1 400 Bad\r\n\r\n", b""], "does not speak SOCKS"),
        (
            [b"\x05\x00", b"\x05\x00\x00\x01\0\0\0\0\0\0HTTP/1.1 200 OK\r\n\r\n"],
            "sent bytes behind its reply",
        ),
    ] {
        let peer = Peer::play(move |peer| {
            let mut wire = peer.accept();
            wire.expect(b"\x05\x02\x00\x02");
            wire.send(answers[0]);
            if !answers[1].is_empty() {
                wire.expect_bytes(6);
                wire.send(answers[1]);
            }
            wire.leave();
        });
        let proxy = Proxy::new(&format!("socks5h://joe:hunter2@{}", peer.address())).unwrap();
        let error = text(&through(proxy), "http://one.test/").unwrap_err();
        assert_eq!((error.kind(), error.phase()), (ErrorKind::Proxy, Some(Phase::Tunnel)));
        let text = error.to_string();
        assert!(text.contains(shown), "{}", text);
        assert!(text.contains(&format!("when socks5h://{} was", peer.address())), "{}", text);
        assert!(text.contains("asked for one.test:80"), "{}", text);
        assert!(!text.contains("joe") && !text.contains("hunter2"), "{}", text);
    }
}

#[test]
fn err_what_cannot_be_said_in_socks() {
    let peer = Peer::play(|peer| {
        for _ in 0..2 {
            peer.accept().expect_end();
        }
    });
    let long = "x".repeat(256);
    let proxy = Proxy::new(&format!("socks5h://{}:p@{}", long, peer.address())).unwrap();
    let error = text(&through(proxy), "http://one.test/").unwrap_err();
    let cause = error.source().and_then(|source| source.downcast_ref());
    assert_eq!(cause, Some(&socks::Error::UserTooLong));
    let error = text(&through(at(&peer, "socks4a")), "http://[::1]/").unwrap_err();
    let cause = error.source().and_then(|source| source.downcast_ref());
    assert_eq!(cause, Some(&socks::Error::Ipv6));
}

#[test]
fn ok_an_http_proxy_is_reached_through_socks() {
    let peer = Peer::play(|peer| {
        let mut wire = peer.accept();
        wire.expect(b"\x05\x02\x00\x02");
        wire.send(b"\x05\x02");
        wire.expect(b"\x01\x01s\x01t");
        wire.send(b"\x01\x00");
        wire.expect(b"\x05\x01\x00\x03\x0aproxy.test\x0c\x38");
        wire.send(OPEN_5);
        let fields = "Proxy-Authorization: Basic dTpw\r\n";
        expect_connect(&mut wire, "one.test:443", fields);
        wire.send(GRANTED);
        wire.exchange("GET /", OK);
        wire.expect_end();
    });
    let proxy = Proxy::new("http://u:p@proxy.test:3128").unwrap();
    let proxy = proxy.reached_through(&format!("socks5h://s:t@{}", peer.address())).unwrap();
    let client = builder().user_agent("agent").tls(PlainTls).proxy(proxy).build();
    let mut response = client.get("https://one.test/").send().unwrap();
    assert!(response.timings().tunnel().is_some() && response.timings().tls().is_some());
    assert_eq!(crate::support::read_all(&mut response).unwrap(), b"ok");
}

// --- whose connections are whose ----------------------------------------------------------------------

#[test]
fn ok_connections_through_different_proxies_are_never_mixed() {
    let proxies = [(); 2].map(|()| Peer::answers([EMPTY]));
    let [one, two] = &proxies;
    let proxy = Proxy::none().for_http(&format!("http://{}", one.address())).unwrap();
    let proxy = proxy.for_https(&format!("http://{}", two.address())).unwrap();
    let client = builder().proxy(proxy).build();
    client.get("http://one.test/").send().unwrap();
    // The one who answers for http knows nothing of https.
    let error = client.get("https://one.test/").send().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnsupportedScheme);
    let other = builder().proxy(at(two, "http")).build();
    other.get("http://one.test/").send().unwrap();
    assert_eq!((client.pool_stats().created, other.pool_stats().created), (1, 1));
}

#[test]
fn ok_a_request_goes_by_the_route_it_was_built_for() {
    // Two clients name one proxy by different users: the requests of both, sent by one client.
    let peer = Peer::play(|peer| {
        let mut wires = ["YTo=", "Yjo=", "YTo="].map(|user| {
            let mut wire = peer.accept();
            let head = wire.expect_request("CONNECT one.test:80");
            let field = format!("Proxy-Authorization: Basic {}\r\n", user);
            assert!(head.contains(&field), "{}", head);
            wire.send(GRANTED);
            wire.exchange("GET /", EMPTY);
            wire
        });
        wires[0].exchange("GET /", EMPTY);
        wires.into_iter().for_each(Wire::expect_end);
    });
    let named = |user: &str| {
        let url = format!("http://{}@{}", user, peer.address());
        through(Proxy::new(&url).unwrap().tunnel_http(true))
    };
    let (a, b, other_a) = (named("a"), named("b"), named("a"));
    for built in [&a, &b, &other_a, &a] {
        let request = built.get("http://one.test/").build().unwrap();
        a.send(&request).unwrap();
    }
    assert_eq!((a.pool_stats().created, a.pool_stats().reused), (3, 1));
}

#[test]
fn ok_bounds_count_for_each_route() {
    let peer = Peer::play(|peer| {
        let mut wire = peer.accept();
        wire.exchange("GET http://one.test/", EMPTY);
        wire.exchange("GET http://two.test/", EMPTY);
        let mut direct = peer.accept();
        direct.exchange("GET /", EMPTY);
        direct.expect_end();
        wire.expect_end();
    });
    let pool = PoolConfig::default().max_per_origin(1);
    let client = builder().pool(pool).proxy(at(&peer, "http").no_proxy("127.0.0.1")).build();
    for url in ["http://one.test/", "http://two.test/", &peer.url("/")] {
        client.get(url).send().unwrap();
    }
    assert_eq!(client.pool_stats().created, 2);
    assert_eq!(client.pool_stats().idle, 2);
}

#[test]
fn ok_requests_are_pipelined_through_the_proxy_to_several_origins() {
    let peer = Peer::play(|peer| {
        let mut wire = peer.accept();
        wire.exchange("GET http://one.test/", OK);
        wire.expect_request("GET http://two.test/");
        wire.expect_request("GET http://three.test/");
        wire.send([OK, OK].concat());
        wire.expect_end();
    });
    let client = through(at(&peer, "http"));
    let urls = ["http://one.test/", "http://two.test/", "http://three.test/"];
    for response in client.pipeline(urls.map(|url| client.get(url))) {
        assert_eq!(response.unwrap().text().unwrap(), "ok");
    }
}

// --- which proxy --------------------------------------------------------------------------------------

fn hop(proxy: &Proxy, url: &str) -> String {
    let url = pannier::http::Url::parse(url).unwrap();
    proxy.first_hop(&url).map_or_else(String::new, |origin| origin.to_string())
}

#[test]
fn ok_proxies_and_their_ports() {
    for (text, expected) in [
        ("proxy", "http://proxy"),
        ("proxy:80", "http://proxy"),
        ("proxy:443", "http://proxy:443"),
        ("HTTP://Proxy:3128/path?query", "http://proxy:3128"),
        ("http://u:p@[::1]:8080", "http://[::1]:8080"),
        ("https://proxy", "https://proxy"),
        ("https://proxy:80", "https://proxy:80"),
        ("socks4://proxy", "http://proxy:1080"),
        ("socks5h://proxy:80", "http://proxy"),
        ("socks://127.1", "http://127.0.0.1:1080"),
        (" http://proxy:1 ", "http://proxy:1"),
    ] {
        let proxy = Proxy::new(text).unwrap();
        assert_eq!(hop(&proxy, "http://a/"), expected, "{}", text);
        assert_eq!(hop(&proxy, "https://a/"), expected, "{}", text);
    }
    for text in ["", "ftp://proxy", "http://", "http://pro xy", "http://proxy:x", "socks6://p"] {
        let error = Proxy::new(text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Proxy, "{}", text);
    }
    for text in ["http://u:hunter2@proxy:x", "u:hunter2://proxy", "ftp://u:hunter2@h"] {
        let shown = format!("{0} {0:?}", Proxy::new(text).unwrap_err());
        assert!(!shown.contains("hunter2"), "{}", shown);
    }
}

#[test]
fn ok_what_the_environment_says() {
    let vars = |vars: &[(&'static str, &'static str)]| {
        let vars = vars.to_vec();
        Proxy::from_vars(move |name| {
            vars.iter().find(|(known, _)| *known == name).map(|(_, value)| value.to_string())
        })
    };
    for (set, http, https) in [
        (&[][..], "", ""),
        (&[("http_proxy", "a")], "http://a", ""),
        // CVE-2016-5385
        (&[("HTTP_PROXY", "a")], "", ""),
        (&[("https_proxy", "b"), ("HTTPS_PROXY", "c")], "", "http://b"),
        (&[("HTTPS_PROXY", "c")], "", "http://c"),
        (&[("all_proxy", "d"), ("ALL_PROXY", "e")], "http://d", "http://d"),
        (&[("ALL_PROXY", "e"), ("http_proxy", "a")], "http://a", "http://e"),
        (&[("http_proxy", ""), ("all_proxy", "d")], "http://d", "http://d"),
        (&[("all_proxy", "socks5://d"), ("no_proxy", ".host")], "", ""),
        (&[("all_proxy", "d"), ("no_proxy", ""), ("NO_PROXY", "host")], "", ""),
        (
            &[("all_proxy", "d"), ("no_proxy", "other"), ("NO_PROXY", "host")],
            "http://d",
            "http://d",
        ),
    ] {
        let proxy = vars(set);
        assert_eq!(hop(&proxy, "http://a.host/"), http, "{:?}", set);
        assert_eq!(hop(&proxy, "https://a.host/"), https, "{:?}", set);
        for here in ["http://localhost/", "https://127.0.0.1/", "http://[::1]:8/"] {
            assert_eq!(hop(&proxy, here), "");
        }
    }
    let everywhere = vars(&[("all_proxy", "d")]).no_proxy("");
    assert_eq!(hop(&everywhere, "http://localhost/"), "http://d");
}

#[test]
fn err_a_variable_that_names_no_proxy_stops_what_it_is_for() {
    let proxy = Proxy::from_vars(|name| match name {
        "http_proxy" => Some("ftp://u:hunter2@proxy".into()),
        "no_proxy" => Some("direct.test".into()),
        _ => None,
    });
    let client = builder().proxy(proxy).connector(once(EMPTY).repeated()).build();
    let error = client.get("http://one.test/").send().unwrap_err();
    assert_eq!((error.kind(), error.phase()), (ErrorKind::Proxy, None));
    assert!(!error.to_string().contains("hunter2"), "{}", error);
    client.get("http://direct.test/").send().unwrap();
}

#[test]
fn err_a_proxy_that_cannot_be_reached_is_named() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://joe:hunter2@127.0.0.1:{}", port);
    let client = through(Proxy::new(&url).unwrap());
    let error = client.get("http://one.test/").send().unwrap_err();
    assert_eq!((error.kind(), error.phase()), (ErrorKind::Connect, Some(Phase::Connect)));
    let shown = format!("{0} {0:?} {1:?}", error, client);
    assert!(shown.contains(&format!("the proxy http://127.0.0.1:{}", port)), "{}", shown);
    assert!(!shown.contains("joe") && !shown.contains("hunter2"), "{}", shown);
}

#[test]
fn err_an_https_proxy_needs_tls() {
    let client = through(Proxy::new("https://127.0.0.1:1").unwrap());
    let error = client.get("http://one.test/").send().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnsupportedScheme);
}

// --- what is told -------------------------------------------------------------------------------------

#[test]
fn ok_every_step_is_told_in_order_and_no_secret_with_it() {
    let peer = Peer::answers([GRANTED, EMPTY]);
    let recorder = Recorder::new();
    let proxy = Proxy::new(&format!("http://joe:hunter2@{}", peer.address())).unwrap();
    let client = builder().tls(PlainTls).proxy(proxy).observer(recorder.clone()).build();
    client.get("https://one.test/").send().unwrap();
    let told = recorder.take();
    let steps: Vec<&str> = told.iter().map(|step| step.split('\r').next().unwrap()).collect();
    assert_eq!(
        steps[..8],
        [
            "connecting",
            "tunnelling one.test:443",
            "tunnel request CONNECT one.test:443 HTTP/1.1",
            "tunnel response 200",
            "handshaking",
            "connected 1",
            "request head 1 GET / HTTP/1.1",
            "request end",
        ]
    );
    let all = told.concat();
    assert!(!all.contains("hunter2") && !all.contains("am9lOmh1bnRlcjI="), "{}", all);
}

#[test]
fn ok_of_what_the_proxy_alone_gets_observers_are_not_told_what_is_secret() {
    struct Heads(Mutex<String>);
    impl Observer for Heads {
        fn event(&self, _: Instant, event: &Event<'_>) {
            if let Event::TunnelRequest { bytes, .. } | Event::RequestHead { bytes, .. } = event {
                self.0.lock().unwrap().push_str(&String::from_utf8_lossy(bytes));
            }
        }
    }
    let peers = [Peer::answers([GRANTED, EMPTY]), Peer::answers([EMPTY])];
    for (url, peer) in ["https://one.test/", "http://one.test/"].iter().zip(peers) {
        let heads = Arc::new(Heads(Mutex::default()));
        let proxy = Proxy::new(&format!("http://{}", peer.address())).unwrap();
        let proxy = proxy.header("X-Key", "seven").unwrap().header("X-Name", "joe").unwrap();
        let client = builder().tls(PlainTls).proxy(proxy.sensitive("x-key"));
        client.observer(heads.clone()).build().get(*url).send().unwrap();
        let told = heads.0.lock().unwrap();
        assert!(told.contains("X-Key: (redacted)\r\nX-Name: joe\r\n"), "{}", told);
        assert!(!told.contains("seven"), "{}", told);
    }
}

#[test]
fn ok_the_default_client_does_as_the_environment_says() {
    // What it says here cannot be known; but this host is never asked through a proxy.
    let peer = Peer::answers([OK]);
    assert_eq!(client().get(peer.url("/")).send().unwrap().text().unwrap(), "ok");
}
