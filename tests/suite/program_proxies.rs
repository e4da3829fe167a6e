//! The program behind proxies: what its options and the environment come to, and its exit codes.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use crate::support::program::{closed_address, command, pannier, sized, Answer, Dir, Peer, Text};

const AGENT: &str = concat!("User-Agent: pannier/", env!("CARGO_PKG_VERSION"), "\r\n");

/// A proxy that opens every tunnel, and answers whatever comes through it, or to itself.
fn proxy() -> Peer {
    Peer::start(|request| match request.starts_with("CONNECT ") {
        true => "HTTP/1.1 200 Well\r\nX-Tunnel: 1\r\nContent-Length: 7\r\n\r\n".into(),
        false => sized("hello"),
    })
}

#[test]
fn ok_requests_are_forwarded_as_curl_has_them() {
    let proxy = proxy();
    let run = pannier(&[
        "-sS",
        "-x",
        &proxy.address,
        "-U",
        "u:p",
        "-u",
        "me:secret",
        "-e",
        "ref",
        "-H",
        "X: y",
        "--proxy-header",
        "X-Proxy: 1",
        "http://a.test/b#c",
        "-w",
        " %{proxy_used} %{http_connect}",
    ]);
    assert_eq!(run.text(), ("hello 1 000", "", 0));
    let expected = format!(
        "GET http://a.test/b HTTP/1.1\r\nHost: a.test\r\nProxy-Authorization: Basic dTpw\r\n\
         Authorization: Basic bWU6c2VjcmV0\r\n{}Accept: */*\r\nReferer: ref\r\n\
         Proxy-Connection: Keep-Alive\r\nX: y\r\nX-Proxy: 1\r\n\r\n",
        AGENT
    );
    assert_eq!(proxy.requests(), [expected]);
}

#[test]
fn ok_tunnels_have_fields_of_their_own_and_show_their_heads() {
    let proxy = proxy();
    let words = ["-sSi", "-p", "--proxy1.0", &proxy.address, "http://a.test/"];
    let more = ["-H", "X: y", "--proxy-header", "X-Proxy: 1", "-w", " %{http_connect}"];
    let run = pannier(&[&words[..], &more].concat());
    let tunnel = "HTTP/1.1 200 Well\r\nX-Tunnel: 1\r\nContent-Length: 7\r\n\r\n";
    let shown = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello 200";
    assert_eq!(run.text(), (&*[tunnel, shown].concat(), "", 0));
    let run = pannier(&[&words[..], &more, &["--suppress-connect-headers"]].concat());
    assert_eq!(run.text(), (shown, "", 0));
    let connect = format!(
        "CONNECT a.test:80 HTTP/1.0\r\nHost: a.test:80\r\n{}Proxy-Connection: Keep-Alive\r\n\
         X-Proxy: 1\r\n\r\n",
        AGENT
    );
    let request = format!("GET / HTTP/1.1\r\nHost: a.test\r\n{}Accept: */*\r\nX: y\r\n\r\n", AGENT);
    assert_eq!(proxy.requests()[..2], [connect, request]);
}

#[test]
fn ok_userinfo_is_not_in_the_request_target() {
    let proxy = proxy();
    let run = pannier(&["-sS", "-x", &proxy.address, "http://joe:hunter2@a.test/b"]);
    assert_eq!(run.text(), ("hello", "", 0));
    let request = &proxy.requests()[0];
    assert!(request.starts_with("GET http://a.test/b HTTP/1.1\r\nHost: a.test\r\n"), "{}", request);
    assert!(request.contains("Authorization: Basic am9lOmh1bnRlcjI=\r\n"), "{}", request);
    assert!(!request.contains("hunter2"), "{}", request);
}

#[test]
fn ok_connect_to_asks_the_proxy_for_the_other_place() {
    let proxy = proxy();
    let run = pannier(&["-sS", "-x", &proxy.address, "--connect-to", "::b:99", "http://a.test/"]);
    assert_eq!(run.text(), ("hello", "", 0));
    let requests = proxy.requests();
    assert!(requests[0].starts_with("CONNECT b:99 HTTP/1.1\r\nHost: b:99\r\n"), "{:?}", requests);
    assert!(requests[1].starts_with("GET / HTTP/1.1\r\nHost: a.test\r\n"), "{:?}", requests);
}

#[test]
fn ok_the_environment_is_read_as_curl_reads_it() {
    let (proxy, origin) = (proxy(), Peer::start(|_| sized("direct")));
    let here = format!("http://{}/", origin.address);
    let by_user = format!("http://u:p@{}", proxy.address);
    for (vars, words, expected) in [
        (&[("http_proxy", &*proxy.address)][..], &[][..], "hello"),
        (&[("http_proxy", &*by_user)], &[], "hello"),
        (&[("HTTP_PROXY", &*proxy.address)], &[], "direct"),
        (&[("ALL_PROXY", &*proxy.address)], &[], "hello"),
        (&[("http_proxy", &*proxy.address)], &["-x", ""], "direct"),
        (&[("http_proxy", &*proxy.address), ("NO_PROXY", "127.0.0.1")], &[], "direct"),
        (&[("NO_PROXY", "127.0.0.0/8")], &["-x", &*proxy.address], "direct"),
        (&[("no_proxy", "127.0.0.1")], &["-x", &*proxy.address, "--noproxy", "a"], "hello"),
        (&[("no_proxy", "a")], &["-x", &*proxy.address, "--noproxy", "*"], "direct"),
    ] {
        let mut command = command(&[&["-sS", &here], words].concat());
        let run = command.envs(vars.iter().copied()).output().expect("the program starts");
        assert_eq!(run.text(), (expected, "", 0), "{:?} {:?}", vars, words);
    }
    let authorized = |request: &&String| request.contains("Proxy-Authorization: Basic dTpw\r\n");
    assert_eq!(proxy.requests().iter().filter(authorized).count(), 1);
    assert!(origin.requests().iter().all(|request| !request.contains("Proxy")));
}

#[test]
fn ok_a_redirect_leaves_the_proxy_and_comes_back() {
    let origin = Peer::start(|_| {
        "HTTP/1.1 302 Go\r\nLocation: http://b.test/end\r\nContent-Length: 0\r\n\r\n".into()
    });
    let there = format!("http://{}/", origin.address);
    let proxy = Peer::start(move |request| match request.contains("/end ") {
        true => sized("end"),
        false => Answer(vec![format!(
            "HTTP/1.1 302 Go\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n",
            there
        )
        .into_bytes()]),
    });
    let words = ["-sSL", "-x", &proxy.address, "-U", "u:p", "--noproxy", "127.0.0.1"];
    let run = pannier(&[&words[..], &["http://a.test/", "-w", " %{proxy_used}"]].concat());
    assert_eq!(run.text(), ("end 1", "", 0));
    assert_eq!((proxy.connections(), origin.connections()), (1, 1));
    assert!(!origin.requests()[0].contains("Proxy"), "{:?}", origin.requests());
    assert!(proxy.requests().iter().all(|request| request.contains("Proxy-Authorization: Basic")));
}

#[test]
fn ok_digest_is_answered_by_the_proxy_options() {
    let challenge = "Proxy-Authenticate: Basic realm=\"r\"\r\n\
                     Proxy-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n";
    for (option, answer) in [("--proxy-digest", "Digest username"), ("--proxy-anyauth", "Digest")] {
        let proxy = Peer::start(move |request| match request.contains("Proxy-Authorization: D") {
            true if request.starts_with("CONNECT ") => "HTTP/1.1 200 OK\r\n\r\n".into(),
            true => sized("hello"),
            false if request.starts_with("GET / ") => sized("hello"),
            false => Answer(vec![format!(
                "HTTP/1.1 407 Who\r\n{}Content-Length: 3\r\n\r\nwho",
                challenge
            )
            .into_bytes()]),
        });
        let user = format!("http://u:p@{}", proxy.address);
        for tunnel in ["--no-proxytunnel", "--proxytunnel"] {
            let run = pannier(&["-sS", option, tunnel, "-x", &user, "http://a.test/"]);
            assert_eq!(run.text(), ("hello", "", 0), "{} {}", option, tunnel);
        }
        let requests = proxy.requests();
        assert_eq!(requests.len(), 5, "{:?}", requests);
        assert!(requests[1].contains(answer) && requests[3].contains(answer));
        assert!(!requests[4].contains("Authorization"), "{}", requests[4]);
    }
}

/// A SOCKS5 proxy for one connection, at which the origin is.
fn socks(asked: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = listener.local_addr().expect("it is bound").to_string();
    thread::spawn(move || {
        let (mut wire, _) = listener.accept().expect("the program connects");
        let mut expect = |bytes: &[u8], answer: &[u8]| {
            let mut read = vec![0; bytes.len()];
            wire.read_exact(&mut read).expect("the program asks");
            assert_eq!(read, bytes);
            wire.write_all(answer).expect("the program listens");
        };
        expect(b"\x05\x02\x00\x02", b"\x05\x02");
        expect(b"\x01\x01u\x01p", b"\x01\x00");
        expect(asked, b"\x05\x00\x00\x01\0\0\0\0\0\0");
        expect(b"GET / HTTP/1.1\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    });
    address
}

/// A SOCKS5 proxy that takes no method.
fn unwilling() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = listener.local_addr().expect("it is bound").to_string();
    thread::spawn(move || {
        let (mut wire, _) = listener.accept().expect("the program connects");
        wire.write_all(b"\x05\xff").expect("the program listens");
        let _ = wire.read_to_end(&mut Vec::new());
    });
    address
}

#[test]
fn ok_socks_by_option_and_by_scheme() {
    let by_name = b"\x05\x01\x00\x03\x06a.test\x00\x50";
    let by_address = b"\x05\x01\x00\x01\x7f\x00\x00\x01\x00\x50";
    for (option, asked, scheme, url) in [
        ("--socks5-hostname", &by_name[..], "", "http://a.test/"),
        ("-x", by_name, "socks5h://", "http://a.test/"),
        ("--preproxy", by_name, "socks5h://", "http://a.test/"),
        ("--socks5", by_address, "", "http://127.0.0.1/"),
    ] {
        let proxy = socks(asked);
        let run = match option {
            "--preproxy" => pannier(&["-sS", option, &format!("{}u:p@{}", scheme, proxy), url]),
            _ => pannier(&["-sS", option, &[scheme, &proxy].concat(), "-U", "u:p", url]),
        };
        assert_eq!(run.text(), ("hello", "", 0), "{}", option);
    }
}

#[test]
fn ok_a_connection_to_a_proxy_counts_even_if_nothing_leads_on() {
    let proxy = Peer::start(|request| match request {
        request if request.starts_with("GET ") => sized(""),
        request if request.contains("Proxy-Authorization: ") => "HTTP/1.1 200 Well\r\n\r\n".into(),
        request if request.contains("CONNECT kept") => DIGEST.replace('#', "").as_str().into(),
        _ => DIGEST.replace('#', "Connection: close\r\n").as_str().into(),
    });
    let words = ["-s", "-p", "-x", &proxy.address, "-w", "%{num_connects}"];
    for (more, expected) in [
        (&["http://kept/"][..], ("1", 56)),
        (&["http://new/"], ("1", 56)),
        (&["--proxy-digest", "-U", "a:b", "http://kept/"], ("1", 0)),
        (&["--proxy-digest", "-U", "a:b", "http://new/"], ("2", 0)),
    ] {
        let run = pannier(&[&words[..], more].concat());
        let (count, _, code) = run.text();
        assert_eq!((count, code), expected, "{:?}", more);
    }
    let run = pannier(&["-s", "-x", &closed_address(), "http://a/", "-w", "%{num_connects}"]);
    assert_eq!(run.text(), ("0", "", 7));
}

/// An answer to CONNECT.
const DIGEST: &str = "HTTP/1.1 407 No\r\nProxy-Authenticate: Digest realm=r, nonce=n, qop=auth\r\n\
                      #Content-Length: 0\r\n\r\n";

#[test]
fn err_every_failure_has_curls_code() {
    let refusing = Peer::start(|_| "HTTP/1.1 403 No\r\nContent-Length: 4\r\n\r\nevil".into());
    let silent = Peer::start(|_| "".into());
    let (closed, full) = (closed_address(), unwilling());
    for (words, code, message) in [
        (&["-x", "no-such-host.invalid"][..], 5, "Could not resolve proxy: no-such-host.invalid"),
        (&["-x", "http://u:hunter2@h:x"], 5, "Unsupported proxy syntax"),
        (&["-x", "ftp://u:hunter2@h"], 7, "Unsupported proxy scheme"),
        (&["-x", &closed], 7, "Failed to connect to 127.0.0.1 port"),
        (&["-p", "-x", &refusing.address], 56, "CONNECT tunnel failed, response 403"),
        (&["-p", "-x", &silent.address], 56, "Proxy CONNECT aborted"),
        (&["-x", &silent.address], 52, "Empty reply from server"),
        (&["--socks5-hostname", &full], 97, "takes none of the authentication methods"),
        (&["--socks5-hostname", &closed], 7, "Failed to connect to 127.0.0.1 port"),
        (&["--proxy-cacert", "f"], 2, "not built in"),
        (&["--socks5-gssapi"], 2, "not built in"),
    ] {
        let run = pannier(&[&["-sS", "-m", "10", "http://a.test/"], words].concat());
        let (stdout, stderr, exit) = run.text();
        assert_eq!((stdout, exit), ("", code), "{:?}: {}", words, stderr);
        assert!(stderr.contains(message), "{:?}: {}", words, stderr);
        assert!(!stderr.contains("hunter2"), "{}", stderr);
    }
}

#[test]
fn ok_what_is_told_of_a_tunnel_has_no_secret() {
    let proxy = proxy();
    let dir = Dir::new("proxies");
    let har = dir.path("har");
    let user = format!("http://joe:hunter2@{}", proxy.address);
    let run = pannier(&["-v", "-p", "-x", &user, "--har", &har, "http://a.test/"]);
    let (_, stderr, code) = run.text();
    assert_eq!(code, 0, "{}", stderr);
    let address = &proxy.address;
    for line in [
        &*format!("*   Trying {}...\n", address),
        "* Establish tunnel to a.test:80 through the proxy\n",
        "> CONNECT a.test:80 HTTP/1.1\r\n",
        "> Proxy-Authorization: Basic (redacted)\r\n",
        "< HTTP/1.1 200 Well\r\n",
        "* Ignoring Content-Length in CONNECT 200 response\n",
        "* CONNECT tunnel established, response 200\n",
        "* Connected to 127.0.0.1 (127.0.0.1) port ",
        "> GET / HTTP/1.1\r\n",
        "* Connection #1 to host 127.0.0.1 left intact\n",
    ] {
        assert!(stderr.contains(line), "{}\nis not in\n{}", line, stderr);
    }
    let har = dir.read("har");
    assert!(har.contains("\"http://a.test/\"") && !har.contains("CONNECT"), "{}", har);
    for log in [stderr, &har] {
        assert!(!log.contains("hunter2") && !log.contains("am9lOmh1bnRlcjI="), "{}", log);
    }
}
