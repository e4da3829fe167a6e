//! The program's credentials: `-u` and its kinds, netrc files, and what there is not.

use std::fs;

use crate::support::program::{
    command, fed, fed_without_terminal, pannier, Answer, Dir, Peer, Text,
};

/// A server that asks for these, and is content with anything.
fn asking(challenges: &'static str) -> Peer {
    Peer::start(move |request| match request.contains("\r\nAuthorization: ") {
        true => "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".into(),
        false => {
            let head = "HTTP/1.1 401 No\r\nContent-Length: 2\r\n";
            Answer(vec![format!("{}{}\r\nno", head, challenges).into_bytes()])
        }
    })
}

/// What was shown with each request: the scheme, and what Basic says.
fn shown(peer: &Peer) -> Vec<String> {
    let requests = peer.requests();
    let value = |request: &String| {
        let line = request.lines().find_map(|line| line.strip_prefix("Authorization: "));
        match line {
            Some(line) if line.starts_with("Digest ") => "Digest".to_owned(),
            line => line.unwrap_or("-").to_owned(),
        }
    };
    requests.iter().map(value).collect()
}

const BOTH: &str = "WWW-Authenticate: Basic realm=x, Digest realm=r, nonce=n, qop=auth\r\n";
const NONE: &str = "WWW-Authenticate: Negotiate\r\n";

#[test]
fn ok_each_kind_is_shown_as_it_is_asked_for() {
    let table: [(&[&str], &str, &[&str]); 12] = [
        (&["-u", "a:b"], BOTH, &["Basic YTpi"]),
        (&["-u", "a:b", "--basic"], BOTH, &["Basic YTpi"]),
        (&["-u", "a:b", "--digest", "--no-digest"], BOTH, &["Basic YTpi"]),
        (&["-u", "a:b", "--digest"], BOTH, &["-", "Digest"]),
        (&["-u", "a:b", "--digest", "--basic"], BOTH, &["-", "Digest"]),
        (&["-u", "a:b", "--anyauth"], BOTH, &["-", "Digest"]),
        (&["-u", "a:b", "--anyauth"], "WWW-Authenticate: Basic\r\n", &["-", "Basic YTpi"]),
        (&["-u", "a:b", "--anyauth"], NONE, &["-"]),
        (&["--anyauth"], BOTH, &["-"]),
        (&["-u", ":"], BOTH, &["Basic Og=="]),
        (&["-u", "a:b", "--digest", "-H", "Authorization: own"], BOTH, &["own"]),
        (&["--oauth2-bearer", "t", "-u", "a"], BOTH, &["Bearer t"]),
    ];
    for (words, challenges, expected) in table {
        let peer = asking(challenges);
        let run = pannier(&[&["-s", &peer.url("/")], words].concat());
        let content = if expected.last() == Some(&"-") { "no" } else { "ok" };
        assert_eq!(run.text(), (content, "", 0), "{:?}", words);
        assert_eq!(shown(&peer), expected, "{:?}", words);
        assert_eq!(peer.connections(), 1);
    }
}

#[test]
fn ok_each_transfer_asks_anew_and_shows_the_head_that_asks() {
    let peer = asking(BOTH);
    let run = pannier(&["-si", "--digest", "-u", "a:b", &peer.url("/[1-2]")]);
    let heads = format!(
        "HTTP/1.1 401 No\r\nContent-Length: 2\r\n{}\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        BOTH
    );
    assert_eq!(run.text(), (heads.repeat(2).as_str(), "", 0));
    assert_eq!(shown(&peer), ["-", "Digest", "-", "Digest"]);
    assert!(peer.requests()[3].contains(", nc=00000001, "));
}

#[test]
fn err_content_that_is_gone_is_asked_for_again() {
    let stale = "WWW-Authenticate: Digest realm=r, nonce=m, stale=true\r\n";
    let anew = "WWW-Authenticate: Digest realm=r, nonce=m\r\n";
    for (again, expected) in [(stale, ("", 65)), (anew, ("no", 0))] {
        let peer = Peer::start(move |request| {
            let challenge = match request.contains("\r\nAuthorization: ") {
                true => again,
                false => "WWW-Authenticate: Digest realm=r, nonce=n\r\n",
            };
            let head = "HTTP/1.1 401 No\r\nContent-Length: 2\r\n";
            Answer(vec![format!("{}{}\r\nno", head, challenge).into_bytes()])
        });
        let words = ["-s", "--digest", "-u", "a:b", "-T", "-", &peer.url("/")];
        let run = fed(&words, "hello");
        let (content, _, code) = run.text();
        assert_eq!((content, code), expected);
        assert!(peer.requests()[1].contains("hello"));
        assert_eq!(shown(&peer), ["-", "Digest"]);
    }
}

#[test]
fn ok_content_goes_out_once_with_digest() {
    let peer = asking(BOTH);
    let run = pannier(&["-s", "--digest", "-u", "a:b", "-d", "hello", &peer.url("/")]);
    assert_eq!(run.text(), ("ok", "", 0));
    let [first, second] = &peer.requests()[..] else { panic!("{:?}", peer.requests()) };
    assert!(first.contains("\r\nContent-Length: 0\r\nContent-Type: "), "{}", first);
    assert!(second.ends_with("\r\n\r\nhello"), "{}", second);
}

#[test]
fn err_what_is_not_there_is_refused_by_name() {
    for word in ["--ntlm", "--negotiate", "--aws-sigv4"] {
        let run = pannier(&[word, "-u", "a:b", "http://127.0.0.1:1/"]);
        let (_, stderr, code) = run.text();
        let expected = format!("pannier: option {}: asks for an authentication that is not", word);
        assert!(code == 2 && stderr.starts_with(&expected), "{}", stderr);
    }
}

#[test]
fn ok_a_password_that_nobody_gives_is_empty() {
    let peer = asking(BOTH);
    let url = peer.url("/");
    if let Some(run) = fed_without_terminal(&["-sS", "-u", "a", &url], "") {
        assert_eq!(run.text(), ("ok", "Enter host password for user 'a':\n", 0));
        assert_eq!(shown(&peer), ["Basic YTo="]);
    }
}

/// A netrc file for the host of all these servers.
fn netrc(dir: &Dir, text: &str) -> String {
    let path = dir.path("netrc");
    fs::write(&path, text).expect("the folder is writable");
    path
}

#[test]
fn ok_netrc_is_looked_into_as_curl_does() {
    let dir = Dir::new("netrc");
    let path =
        netrc(&dir, "machine 127.0.0.1 login n password p\nmachine 127.0.0.1 login m password q");
    let file = ["--netrc-file", path.as_str()];
    let table: [(&[&str], &str, &str); 10] = [
        (&[], "", "Basic bjpw"),
        (&["-n"], "", "Basic bjpw"),
        (&["--netrc-optional"], "", "Basic bjpw"),
        (&["-n"], "m@", "Basic bTpx"),
        (&["-n"], "m:w@", "Basic bTpx"),
        (&["--netrc-optional"], "m:w@", "Basic bTp3"),
        (&["--netrc-optional"], "m@", "Basic bTpx"),
        (&["--netrc-optional"], ":w@", "Basic Onc="),
        (&["-n"], "z:w@", "Basic ejp3"),
        (&["-n", "-u", "a:b"], "m@", "Basic YTpi"),
    ];
    for (words, userinfo, expected) in table {
        let peer = asking(BOTH);
        let url = format!("http://{}{}/", userinfo, peer.address);
        let run = pannier(&[&["-s", &url], &file[..], words].concat());
        assert_eq!(run.text(), ("ok", "", 0), "{:?} {}", words, userinfo);
        assert_eq!(shown(&peer), [expected], "{:?} {}", words, userinfo);
    }
    let peer = asking(BOTH);
    let run = pannier(&[&["-s", "--digest", &peer.url("/")], &file[..]].concat());
    assert_eq!(run.text(), ("ok", "", 0));
    assert_eq!(shown(&peer), ["-", "Digest"]);
}

#[test]
fn ok_netrc_is_in_the_home_folder_or_where_the_environment_says() {
    let dir = Dir::new("netrc-home");
    let path = netrc(&dir, "default login n password p");
    fs::write(dir.path(".netrc"), "default login h password p").expect("the folder is writable");
    for (file, expected) in [(Some(&path), "Basic bjpw"), (None, "Basic aDpw")] {
        let peer = asking(BOTH);
        let mut command = command(&["-s", "-n", &peer.url("/")]);
        command.env("HOME", dir.path("")).env_remove("NETRC");
        let run = command.envs(file.map(|file| ("NETRC", file))).output().expect("it starts");
        assert_eq!(run.text(), ("ok", "", 0));
        assert_eq!(shown(&peer), [expected]);
    }
    // A file that is not there means nothing if nobody named it.
    let peer = asking(BOTH);
    let mut command = command(&["-s", "-n", &peer.url("/")]);
    let run = command.env("HOME", "/nowhere").env_remove("NETRC").output().expect("it starts");
    assert_eq!(run.text(), ("no", "", 0));
}

#[test]
fn err_a_name_that_basic_cannot_show() {
    let dir = Dir::new("netrc-colon");
    let path = netrc(&dir, "default login a:b password secret");
    let run = pannier(&["-sS", "--netrc-file", &path, "http://127.0.0.1/"]);
    let message = "pannier: (43) the user name has a colon, where Basic ends it (RFC 7617 §2)\n";
    assert_eq!(run.text(), ("", message, 43));
}

#[test]
fn err_a_netrc_file_that_cannot_be_read() {
    let dir = Dir::new("netrc-bad");
    let path = netrc(&dir, "machine 127.0.0.1\nlogin n password \"secret");
    for (file, what) in [
        (dir.path(""), ""),
        (dir.path("missing"), ""),
        (path, "line 2 of the netrc file: a quoted word is not closed"),
    ] {
        let peer = asking(BOTH);
        let url = peer.url("/");
        let words = ["-sS", "--netrc-file", &file, &url];
        let run = pannier(&words);
        let (_, stderr, code) = run.text();
        assert!(code == 26 && stderr.contains(&file) && stderr.contains(what), "{}", stderr);
        assert!(!stderr.contains("secret"));
        let run = pannier(&[&words[..], &["--netrc-optional"]].concat());
        assert_eq!(run.text(), ("no", "", 0));
        assert_eq!(peer.requests().len(), 1);
    }
}

#[test]
fn ok_a_redirect_to_another_host_is_shown_what_netrc_has_for_that() {
    let dir = Dir::new("netrc-hops");
    for (text, expected) in [
        (
            "machine 127.0.0.1 login n password p\nmachine localhost login m password q",
            "Basic bTpx",
        ),
        ("machine 127.0.0.1 login n password p\ndefault", "-"),
        ("machine 127.0.0.1 login n password p\nmachine ocalhost login x password y", "-"),
    ] {
        let there = Peer::start(|_| "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".into());
        let port = there.address.rsplit(':').next().expect("it has one").to_owned();
        let here = Peer::start(move |_| {
            let head = "HTTP/1.1 302 Go\r\nContent-Length: 0\r\n";
            let head = format!("{}Location: http://localhost:{}/\r\n\r\n", head, port);
            Answer(vec![head.into_bytes()])
        });
        let path = netrc(&dir, text);
        let run = pannier(&["-s4L", "--netrc-file", &path, &here.url("/")]);
        assert_eq!(run.text(), ("ok", "", 0));
        assert_eq!(shown(&here), ["Basic bjpw"]);
        assert_eq!(shown(&there), [expected]);
    }
}
