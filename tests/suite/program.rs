//! The program from outside: what it sends, what it writes, how it exits.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::support::peer;
use crate::support::program::{
    abandoned, closed_address, command, fed, fed_without_terminal, pannier, read_request, sized,
    unproxied, Answer, Dir, Peer, Text, HOLD,
};

#[test]
fn ok_several_urls_share_one_connection_also_across_next() {
    let peer = Peer::start(|_| sized("hello"));
    let url = peer.url("/{a,b}");
    let run = pannier(&["-sS", &url, &url, "--next", "-sSL", "-H", "X: y", &url]);
    assert_eq!(run.text(), ("hellohellohellohellohellohello", "", 0));
    assert_eq!(peer.connections(), 1);
}

#[cfg(not(feature = "proxy"))]
#[test]
fn ok_without_proxies_the_environment_is_not_asked_for_any() {
    let peer = Peer::start(|_| sized("direct"));
    let mut command = command(&["-sS", &peer.url("/"), "-w", " %{proxy_used}"]);
    let run = command.env("http_proxy", closed_address()).output().expect("the program starts");
    assert_eq!(run.text(), ("direct 0", "", 0));
}

#[test]
fn ok_fields_go_out_in_curls_order() {
    let peer = Peer::start(|_| sized(""));
    let arguments =
        "-s -u u:p -e from -b a=b -H X-One:1 -H Accept: -H X-Two; -d a=b --data-urlencode c=d+e";
    let mut words: Vec<&str> = arguments.split(' ').collect();
    let url = peer.url("/x?y#z");
    words.push(&url);
    assert_eq!(pannier(&words).text(), ("", "", 0));
    let expected = format!(
        "POST /x?y HTTP/1.1\r\nHost: {}\r\nAuthorization: Basic dTpw\r\nUser-Agent: pannier/{}\r\n\
         Referer: from\r\nCookie: a=b\r\nX-One: 1\r\nX-Two:\r\nContent-Length: 11\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n\r\na=b&c=d%2Be",
        peer.address,
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(peer.requests(), [expected]);
}

#[test]
fn ok_a_password_is_asked_for_once() {
    let peer = Peer::start(|_| sized(""));
    let (a, b) = (peer.url("/{a,b}"), peer.url("/c"));
    let run = match fed_without_terminal(&["-sS", "-u", "u", &a, &b], "p\nq\n") {
        Some(run) => run,
        None => return println!("without setsid the program would ask whoever runs the tests"),
    };
    assert_eq!(run.text(), ("", "Enter host password for user 'u':\n", 0));
    let requests = peer.requests();
    assert_eq!(requests.len(), 3);
    for request in requests {
        assert!(request.contains("\r\nAuthorization: Basic dTpw\r\n"), "{}", request);
    }
    let run = pannier(&["-sS", "-u", "u", "--oauth2-bearer", "t", &b]);
    assert_eq!(run.text(), ("", "", 0), "a name beside a token is not used");
}

#[test]
fn ok_marks_of_urls_go_out_as_they_are_typed_and_pointed_to() {
    let there = r#"/"<>^`|\..\{}?'"<>\{}"#;
    let peer = Peer::start(move |request| match request.starts_with("GET /go ") {
        true => format!("HTTP/1.1 302 Go\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", there)
            .as_str()
            .into(),
        false => sized("ok"),
    });
    let (typed, go) = (peer.url(there), peer.url("/go"));
    assert_eq!(pannier(&["-sSL", "-g", &typed, &go]).text(), ("okok", "", 0));
    let targets: Vec<String> = peer.requests().iter().map(|request| target(request)).collect();
    assert_eq!(targets, [there, "/go", there]);
}

fn target(request: &str) -> String {
    request.split(' ').nth(1).unwrap_or_default().to_owned()
}

#[test]
fn ok_heads_of_redirects_and_trailers_are_shown() {
    let peer = Peer::start(|request| match request.starts_with("GET /a ") {
        true => "HTTP/1.1 302 Go\r\nLocation: b\r\nContent-Length: 4\r\n\r\nlost".into(),
        false => {
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nT: v\r\n\r\n"
                .into()
        }
    });
    let dir = Dir::new("heads");
    let dump = dir.path("dump");
    let run = pannier(&["-sSiL", "-D", &dump, &peer.url("/a")]);
    let head = "HTTP/1.1 302 Go\r\nLocation: b\r\nContent-Length: 4\r\n\r\n\
                HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert_eq!(run.text(), (&*format!("{}hiT: v\r\n", head), "", 0));
    assert_eq!(dir.read("dump"), format!("{}T: v\r\n", head));
}

#[test]
fn ok_and_err_where_a_redirect_points_is_written_unless_it_was_followed() {
    let peer = Peer::start(|request| {
        let location = match request.split(' ').nth(1) {
            Some("/relative") => "b/../c?d=e f",
            Some("/foreign") => "ht3p://localhost/ a",
            Some("/bad") => "http://",
            Some("/none") => "",
            _ => return sized("ok"),
        };
        format!("HTTP/1.1 301 Go\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", location)
            .as_str()
            .into()
    });
    let home = peer.url("");
    for (words, path, expected, code) in [
        ("", "/relative", "URL/c?d=e%20f", 0),
        ("-L --max-redirs 0", "/relative", "URL/c?d=e%20f", 47),
        ("-L", "/relative", "", 0),
        ("", "/foreign", "ht3p://localhost/ a", 0),
        ("-L", "/foreign", "", 1),
        ("", "/bad", "http://", 0),
        ("", "/none", "", 0),
        ("", "/200", "", 0),
    ] {
        let url = peer.url(path);
        let mut words: Vec<&str> = words.split_whitespace().collect();
        words.extend(["-s", "-o", "-", "-w", "|%{redirect_url}", &url]);
        let run = pannier(&words);
        let written = run.text().0.split_once('|').map(|(_, url)| url.replace(&home, "URL"));
        assert_eq!((written.as_deref(), run.text().2), (Some(expected), code), "{:?}", words);
    }
}

#[test]
fn err_a_head_that_is_refused_is_shown_as_far_as_it_is_sound() {
    for (field, code) in [
        ("Content-Length: -6", 8),
        ("content-length: 1\r\nContent-Length: 2", 8),
        ("Transfer-Encoding: foo", 61),
        ("Content-Length: \r-6", 8),
        ("X: a\rb", 8),
        ("X: a\0b", 8),
        ("no colon", 8),
        ("a name: b", 8),
    ] {
        let peer = Peer::start(move |_| {
            format!("HTTP/1.1 200 OK\r\nA: b\r\n{}\r\nC: d\r\n\r\nhello", field).as_str().into()
        });
        let dir = Dir::new("faulty");
        let (file, dump) = (dir.path("file"), dir.path("dump"));
        let run = pannier(&["-si", "-o", &file, "-D", &dump, &peer.url("/")]);
        assert_eq!(run.text(), ("", "", code));
        let first = field.split_once("\r\n").map(|(first, _)| format!("{}\r\n", first));
        let sound = format!("HTTP/1.1 200 OK\r\nA: b\r\n{}", first.unwrap_or_default());
        assert_eq!((dir.read("file"), dir.read("dump")), (sound.clone(), sound));
    }
}

#[test]
fn err_a_head_that_ends_too_early_is_shown_as_far_as_it_came() {
    for (lines, rest) in [
        ("HTTP/1.1 200 OK\r\nA: b\r\nConnection: close\r\n", ""),
        ("HTTP/1.1 200 OK\r\nA: b\r\n", "Connection: close\r"),
        ("HTTP/1.1 100 Go on\r\n\r\nHTTP/1.1 200 OK\r\n", "Connection: close"),
        ("", "HTTP/1.1 200 Connection: close"),
    ] {
        let peer = Peer::start(move |_| [lines, rest].concat().as_str().into());
        let run = pannier(&["-si", "-w", "%{exitcode}", &peer.url("/")]);
        assert_eq!(run.text(), (&*format!("{}18", lines), "", 18));
    }
    let lines = "HTTP/1.1 200 OK\r\nA: b\r\n";
    let peer = Peer::start(move |_| Answer(vec![lines.into(), b"C: ".to_vec(), HOLD.to_vec()]));
    let run = pannier(&["-si", "-m", "0.3", &peer.url("/")]);
    assert_eq!(run.text(), (lines, "", 28));
}

#[test]
fn ok_and_err_a_head_may_be_as_long_as_curls() {
    let peer = Peer::start(|request| {
        let (lines, value) = match request.split(' ').nth(1) {
            Some("/lines") => (4900, "b".to_owned()),
            Some("/bytes") => (29, "b".repeat(10_000)),
            Some("/many") => (5001, "b".to_owned()),
            _ => (31, "b".repeat(10_000)),
        };
        let fields: String =
            (0..lines).map(|n| format!("Set-Cookie: c{}={}\r\n", n, value)).collect();
        let head = format!("HTTP/1.1 200 OK\r\n{}Content-Length: 2\r\n\r\nok", fields);
        Answer(vec![head.into_bytes()])
    });
    let keeping: &[&str] = if cfg!(feature = "cookies") { &["-b", ""] } else { &[] };
    for (path, expected) in [("/lines", 0), ("/bytes", 0), ("/many", 56), ("/long", 56)] {
        let output = pannier(&[&["-s", &peer.url(path)], keeping].concat());
        assert_eq!(output.status.code(), Some(expected), "{}", path);
    }
}

#[test]
fn ok_a_trailer_section_in_pieces_ends_the_response() {
    let answer =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nT: v\r\n\r\n";
    let peer = Peer::start(move |_| Answer(answer.bytes().map(|byte| vec![byte]).collect()));
    assert_eq!(pannier(&["-sS", "-m", "10", &peer.url("/")]).text(), ("hi", "", 0));
}

#[test]
fn ok_output_goes_where_it_is_sent() {
    let peer = Peer::start(|request| sized(request.split(' ').nth(1).unwrap_or_default()));
    let dir = Dir::new("outputs");
    let folder = dir.path("made/here");
    let url = peer.url("/{a,b}/[1-2]");
    let words = [
        "-sS",
        "--create-dirs",
        "--output-dir",
        &folder,
        "-o",
        "#1-#2",
        &url,
        "-O",
        &peer.url("/x/n?q"),
        "-o",
        "/there/x",
        &peer.url("/x"),
    ];
    assert_eq!(pannier(&words).text(), ("", "", 0));
    for (name, content) in
        [("a-1", "/a/1"), ("a-2", "/a/2"), ("b-2", "/b/2"), ("n", "/x/n?q"), ("there/x", "/x")]
    {
        assert_eq!(dir.read(&format!("made/here/{}", name)), content);
    }
    let heads = dir.path("made/for/heads");
    assert_eq!(pannier(&["-sS", "-D", &heads, &peer.url("/")]).text().2, 23);
    assert_eq!(pannier(&["-sS", "--create-dirs", "-D", &heads, &peer.url("/")]).text().2, 0);
    assert!(dir.read("made/for/heads").starts_with("HTTP/1.1 200 OK\r\n"));
}

#[test]
fn ok_a_template_is_read_without_its_line_ends() {
    let peer = Peer::start(|_| sized(""));
    let dir = Dir::new("template");
    fs::write(dir.path("lines"), "%{http_code}\\n\r\n%{exitcode}\n")
        .expect("the folder is writable");
    let run = pannier(&["-sS", "-w", &format!("@{}", dir.path("lines")), &peer.url("/")]);
    assert_eq!(run.text(), ("200\n0", "", 0));
}

#[test]
fn ok_a_file_that_cannot_be_had_is_no_place_for_a_template() {
    let peer = Peer::start(|_| sized(""));
    let dir = Dir::new("template-files");
    let (kept, none) = (dir.path("kept"), dir.path("no/such"));
    let template = format!("a%output{{{}}}b%output{{{}}}c%{{stdout}}d%output{{{1}}}e", kept, none);
    let run = pannier(&["-s", "-w", &template, &peer.url("/[1-2]")]);
    let (stdout, stderr, code) = run.text();
    assert_eq!((stdout, code, dir.read("kept").as_str()), ("adeade", 0, "bc"));
    let message = format!("pannier: --write-out cannot write to '{}': ", none);
    assert_eq!(stderr.matches(&message).count(), 4, "{}", stderr);
}

#[test]
fn ok_the_url_of_a_transfer_is_told_with_what_the_options_add() {
    let peer = Peer::start(|_| sized(""));
    let dir = Dir::new("added");
    let file = dir.path("a b");
    fs::write(&file, "").expect("the folder is writable");
    for (words, added) in [
        (&["-T", &file][..], "a%20b"),
        (&["-G", "-d", "a=b"], "?a=b"),
        (&["--url-query", "a=b"], "?a=b"),
        (&[], ""),
    ] {
        let url = peer.url("/");
        let run = pannier(&[words, &["-sS", "-w", "%{url}", &url]].concat());
        assert_eq!(run.text(), (&*format!("{}{}", url, added), "", 0));
    }
}

#[test]
fn ok_urls_of_a_glob_have_its_number() {
    let peer = Peer::start(|_| sized(""));
    let (glob, plain) = (peer.url("/{a,b}"), peer.url("/"));
    let write = ["-w", "%{urlnum}.%{xfer_id} "];
    let words = [&["-sS"], &write[..], &[&glob, &plain, "--next", "-sS"], &write[..], &[&glob]];
    assert_eq!(pannier(&words.concat()).text(), ("0.0 0.1 1.2 2.3 2.4 ", "", 0));
}

#[test]
fn ok_a_file_without_a_name_is_none_to_send() {
    let peer = Peer::start(|_| sized(""));
    let dir = Dir::new("unnamed");
    let (file, url) = (dir.path("file"), peer.url("/"));
    fs::write(&file, "sent").expect("the folder is writable");
    assert_eq!(pannier(&["-sS", "-T", "", &url, "-T", &file, &url]).text(), ("", "", 0));
    let starts: Vec<String> =
        peer.requests().iter().map(|request| request[..9].to_owned()).collect();
    assert_eq!(starts, ["GET / HTT", "PUT /file"]);
}

#[test]
fn err_what_fails_leaves_no_file_that_looks_whole() {
    let peer = Peer::start(|request| match request.split(' ').nth(1) {
        Some("/short") => {
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\nhello".into()
        }
        Some("/large") => sized("too much"),
        Some("/missing") => "HTTP/1.1 404 No\r\nContent-Length: 4\r\n\r\ngone".into(),
        _ => sized(""),
    });
    let closed = format!("http://{}/", closed_address());
    for (options, url, code, left) in [
        ("", peer.url("/short"), 18, Some("hello")),
        ("--max-filesize 3", peer.url("/large"), 63, None),
        ("-f", peer.url("/missing"), 22, None),
        ("--fail-with-body", peer.url("/missing"), 22, Some("gone")),
        ("-i", closed, 7, None),
        ("", peer.url("/empty"), 0, Some("")),
    ] {
        let dir = Dir::new("left");
        let file = dir.path("file");
        let mut words = vec!["-sS", "-o", &file, &url];
        words.extend(options.split(' ').filter(|word| !word.is_empty()));
        let run = pannier(&words);
        assert_eq!(run.status.code(), Some(code), "{}: {:?}", url, run);
        let found = fs::read_to_string(&file).ok();
        assert_eq!(found.as_deref(), left, "{}", url);
    }
}

#[test]
fn err_messages_and_codes_are_curls() {
    let peer = Peer::start(|request| match request.split(' ').nth(1) {
        Some("/empty") => "".into(),
        Some("/loop") => "HTTP/1.1 302 Go\r\nLocation: /loop\r\nContent-Length: 0\r\n\r\n".into(),
        Some("/bad") => "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello".into(),
        Some("/coded") => "HTTP/1.1 200 OK\r\nTransfer-Encoding: foo\r\n\r\nhello".into(),
        Some("/old") => "hello".into(),
        Some("/same") => "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n".into(),
        Some("/vast") => "HTTP/1.1 200 OK\r\nConnection: close\r\n\
                          Content-Length: 36893488147419103232\r\n\r\nhello"
            .into(),
        _ => "HTTP/1.1 404 No\r\nContent-Length: 9\r\nConnection: close\r\n\r\nhello".into(),
    });
    for (words, code, message) in [
        ("-sS -f URL/404", 22, "pannier: (22) The requested URL returned error: 404\n"),
        ("-sS URL/short -o /dev/null", 18, "pannier: (18) transfer closed with 4 bytes remaining to read\n"),
        ("-sS URL/empty", 52, "pannier: (52) Empty reply from server\n"),
        ("-sSL --max-redirs 2 URL/loop", 47, "pannier: (47) Maximum (2) redirects followed\n"),
        ("-sS --max-filesize 8 URL/short", 63, "pannier: (63) Maximum file size exceeded\n"),
        ("-sS --max-filesize 8 -I URL/short", 63, "pannier: (63) Maximum file size exceeded\n"),
        ("-sS --max-filesize 8 URL/same", 0, ""),
        ("-sS --max-filesize 8 URL/vast", 63, "pannier: (63) Maximum file size exceeded\n"),
        ("-s --max-filesize 8 --ignore-content-length URL/vast", 0, ""),
        ("-s URL/bad", 8, ""),
        ("-sS URL/coded", 61, "pannier: (61) Unsolicited Transfer-Encoding found: "),
        ("-s URL/old", 1, ""),
        ("-sS http://a.invalid/", 6, "pannier: (6) Could not resolve host: a.invalid\n"),
        ("-sS URL/{a", 3, "pannier: (3) unmatched brace in URL position 5:\nURL/{a\n    ^\n"),
        ("-sS ftp://a/", 1, "pannier: (1) Protocol \"ftp\" not supported\n"),
        ("-sS http:///", 3, "pannier: (3) URL rejected: \"http:///\" names no host\n"),
        ("-sS file:///a", 1, "pannier: (1) Protocol \"file\" not supported\n"),
        ("-sS -T /no/such/file URL/", 26, "pannier: (26) Can't open '/no/such/file'"),
        ("-sS --resolve a URL/", 49, "pannier: (49) Couldn't parse the --resolve entry 'a'\n"),
        ("-sS -X GE(T URL/", 43, "pannier: (43) "),
        ("--nonsense", 2, "pannier: option --nonsense: is unknown\npannier: try 'pannier --help' for more information\n"),
        ("-s", 2, "pannier: (2) no URL specified\npannier: try 'pannier --help' for more information\n"),
        ("-sS -G -d a -T b URL/", 2, "pannier: (2) You can only select one HTTP request method! You asked for both PUT (-T, --upload-file) and GET (-G, --get).\n"),
        ("-sS -d a -I URL/", 2, "pannier: (2) You can only select one HTTP request method! You asked for both POST (-d, --data) and HEAD (-I, --head).\n"),
        ("-o", 2, "pannier: option -o: requires parameter\n"),
    ] {
        let is_glob = words.contains('{');
        let address = peer.address.to_string();
        let words = if is_glob { words.to_owned() } else { words.replace("URL", &address) };
        let run = pannier(&words.split(' ').collect::<Vec<_>>());
        let (_, stderr, found) = run.text();
        assert_eq!(found, code, "{}: {}", words, stderr);
        assert!(stderr.starts_with(message), "{}: {}", words, stderr);
        assert!(!message.is_empty() || stderr.is_empty(), "{}: {}", words, stderr);
    }
}

#[test]
fn err_heads_without_end_are_not_all_kept() {
    // As curl 8 has it, 6,144,000 bytes are for the heads of all responses of a transfer.
    let head = |line: &str| {
        let mut head = format!("HTTP/1.1 {}\r\nContent-Length: 0\r\nX: ", line).into_bytes();
        head.resize(200_000 - 4, b'y');
        [&head[..], b"\r\n\r\n"].concat()
    };
    let (go, end) = (head("302 Go\r\nLocation: /end"), head("200 OK"));
    for redirects in [30, usize::MAX] {
        let (go, end, count) = (go.clone(), end.clone(), AtomicUsize::new(0));
        let peer = Peer::start(move |_| match count.fetch_add(1, Ordering::SeqCst) < redirects {
            true => Answer(vec![go.clone()]),
            false => Answer(vec![end.clone()]),
        });
        let dir = Dir::new("heads");
        let url = peer.url("/");
        let run = pannier(&["-sSL", "--max-redirs", "-1", "-D", &dir.path("heads"), &url]);
        let message = "pannier: (56) Too large response headers: 6200000 > 6144000\n";
        assert_eq!(run.text(), ("", message, 56));
        assert_eq!((peer.requests().len(), dir.read("heads").len()), (31, 6_200_000));
    }
}

#[test]
fn ok_a_file_named_like_an_option_is_doubted() {
    let peer = Peer::start(|_| sized("ok"));
    let dir = Dir::new("flag-like");
    let mut command = command(&["-D", "-v", "-o", "-", &peer.url("/")]);
    let run = command.current_dir(dir.path("")).output().expect("it starts");
    let warning = "Warning: The filename argument '-v' looks like a flag.\n";
    assert_eq!((run.text(), dir.read("-v").is_empty()), (("ok", warning, 0), false));
}

#[test]
fn err_silence_is_ended_by_max_time() {
    let peer = Peer::start(|_| {
        Answer(vec![b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi".to_vec(), HOLD.to_vec()])
    });
    let run = pannier(&["-sS", "-m", "0.2", &peer.url("/")]);
    let (stdout, stderr, code) = run.text();
    assert_eq!((stdout, code), ("hi", 28));
    assert!(stderr.ends_with("milliseconds with 2 out of 9 bytes received\n"), "{}", stderr);
}

#[test]
fn ok_options_come_from_standard_input_too() {
    let peer = Peer::start(|_| sized("ok"));
    let config = format!(
        "# comment\nurl = \"{}\"\nuser-agent: none\n-H \"A: b\\tc\"\nsilent\n",
        peer.url("/")
    );
    assert_eq!(fed(&["-K", "-"], &config).text(), ("ok", "", 0));
    assert!(peer.requests()[0].contains("\r\nUser-Agent: none\r\nAccept: */*\r\nA: b\tc\r\n"));
    let run = fed(&["-K", "-"], "url = a\nnonsense\n");
    let (_, stderr, code) = run.text();
    assert_eq!(code, 2);
    assert!(stderr.starts_with("pannier: -:2: option --nonsense: is unknown\n"), "{}", stderr);
}

#[test]
fn ok_the_users_own_options_come_first_unless_they_are_not_wanted() {
    let peer = Peer::start(|_| sized("ok"));
    let dir = Dir::new("curlrc");
    fs::write(dir.path(".curlrc"), "-A mine\n").expect("the folder is writable");
    for (home, words, agent) in [
        (dir.path(""), &["-s"][..], "mine"),
        (dir.path(""), &["-q", "-s"], "pannier/"),
        (dir.path(""), &["-s", "-A", "other"], "other"),
        // What lies where the program runs is nobody's.
        (String::new(), &["-s"], "pannier/"),
    ] {
        let mut command = unproxied(env!("CARGO_BIN_EXE_pannier"));
        for name in ["CURL_HOME", "XDG_CONFIG_HOME", "USERPROFILE"] {
            command.env_remove(name);
        }
        command.env("HOME", &home).current_dir(dir.path("")).args(words).arg(peer.url("/"));
        assert_eq!(command.output().expect("it starts").text(), ("ok", "", 0));
        let request = peer.requests().pop().unwrap_or_default();
        assert!(request.contains(&format!("\r\nUser-Agent: {}", agent)), "{}", request);
    }
}

#[test]
fn ok_an_upload_from_standard_input_is_chunked() {
    let peer = Peer::start(|_| sized("ok"));
    let words = ["-sS", "-T", "-", "-H", "Expect:", &peer.url("/place")];
    assert_eq!(fed(&words, "hello").text(), ("ok", "", 0));
    let request = &peer.requests()[0];
    assert!(request.starts_with("PUT /place HTTP/1.1\r\n"), "{}", request);
    assert!(request.contains("\r\nTransfer-Encoding: chunked\r\n"), "{}", request);
    assert!(request.ends_with("\r\n\r\n5\r\nhello\r\n0\r\n\r\n"), "{}", request);
}

#[test]
fn ok_standard_input_that_gives_nothing_holds_up_neither_an_answer_nor_the_end() {
    const REFUSAL: &str = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig";
    for (answer, time, expected) in [(REFUSAL, "15", ("big", 0)), ("", "1", ("", 28))] {
        let peer = peer::Peer::play(move |peer| {
            let mut wire = peer.accept();
            wire.expect_until("piece");
            wire.send(answer);
            wire.rest();
        });
        let words = ["-s", "-m", time, "-H", "Expect:", "-T", "-", &peer.url("/")];
        let mut child =
            command(&words).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(b"piece").unwrap();
        let output = child.wait_with_output().unwrap();
        drop(stdin);
        let (stdout, _, code) = output.text();
        assert_eq!((stdout, code), expected);
    }
}

#[test]
fn ok_what_one_upload_leaves_of_standard_input_is_for_the_next() {
    let peer = Peer::start(|_| sized("ok"));
    let (first, second) = (peer.url("/first"), peer.url("/second"));
    let words = ["-sS", "-T", "-", "-H", "Content-Length: 3", &first, "-T", "-", &second];
    let output = fed(&[&words[..], &["--next", "-sS", "-T", "-", &second]].concat(), "abcdef");
    assert_eq!(output.text().2, 0);
    let requests = peer.requests();
    assert!(requests[0].ends_with("\r\n\r\nabc"), "{:?}", requests);
    assert!(requests[1].ends_with("\r\n\r\ndef"), "{:?}", requests);
}

#[test]
fn ok_write_out_tells_the_same_for_success_and_failure() {
    let peer = Peer::start(|_| sized("hello"));
    let format = "%{http_code} %{num_connects} %{size_download} %{exitcode} %{errormsg}\\n";
    let run = pannier(&["-s", "-o", "/dev/null", "-w", format, &peer.url("/a"), &peer.url("/b")]);
    assert_eq!(run.text().0, "200 1 5 0 \nhello200 0 5 0 \n");
    let run = pannier(&[
        "-s",
        "-w",
        "%{stderr}%{http_code} %{method} %{exitcode} %{onerror}failed",
        "-dx",
        &closed_address(),
    ]);
    assert_eq!(run.text(), ("", "000 POST 7 failed", 7));
    for (url, effective) in [
        ("HTTP://127.0.0.1:1", "http://127.0.0.1:1/"),
        ("http://u:p@a b/", "http://***@a b/"),
        ("ftp://a/x", "ftp://a/x"),
    ] {
        let run = pannier(&["-s", "-w", "%{url_effective}", url]);
        assert_eq!(run.text().0, effective);
    }
}

#[test]
fn ok_write_out_tells_the_fields_of_all_responses() {
    let peer = Peer::start(|request| match request.split(' ').nth(1) {
        Some("/") => {
            "HTTP/1.1 302 Go\r\nA: 1\r\nA: 2\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n".into()
        }
        _ => {
            "HTTP/1.1 103 Early\r\nA: 0\r\n\r\nHTTP/1.1 200 OK\r\na: 3\r\nContent-Length: 0\r\n\r\n"
                .into()
        }
    });
    let run = pannier(&["-sL", "-w", "%header{a} %header{a:all:, }", &peer.url("/")]);
    assert_eq!(run.text(), ("3 1, 2, 3", "", 0));
}

#[test]
fn ok_connections_go_where_the_options_say() {
    let peer = Peer::start(|request| sized(request.split("\r\n").nth(1).unwrap_or_default()));
    let port = peer.address.rsplit(':').next().unwrap_or_default().to_owned();
    let resolve = format!("example.test:{}:127.0.0.1", port);
    let run = pannier(&["-sS", "--resolve", &resolve, &format!("http://example.test:{}/", port)]);
    assert_eq!(run.text(), (&*format!("Host: example.test:{}", port), "", 0));
    let elsewhere = format!("::{}", peer.address);
    let run = pannier(&["-sS", "--connect-to", &elsewhere, "http://other.test:8081/"]);
    assert_eq!(run.text(), ("Host: other.test:8081", "", 0));
    let (url, format) = (peer.url("/"), "%{num_connects}");
    let run = pannier(&[
        "-sS",
        "-w",
        format,
        &url,
        "--next",
        "-sS",
        "-w",
        format,
        "--connect-to",
        &elsewhere,
        &url,
    ]);
    assert!(
        run.text().0.ends_with('0'),
        "a rule without effect parts connections: {:?}",
        run.text()
    );
}

#[cfg(unix)]
#[test]
fn ok_unix_sockets() {
    let dir = Dir::new("unix");
    let path = dir.path("socket");
    let listener =
        std::os::unix::net::UnixListener::bind(&path).expect("the path is short and free");
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("the program connects");
        let mut head = [0; 4096];
        let count = stream.read(&mut head).expect("it sends a request");
        stream.write_all(&sized("ok").0.concat()).expect("it reads the response");
        String::from_utf8_lossy(&head[..count]).into_owned()
    });
    let run = pannier(&["-sS", "--unix-socket", &path, "http://name.test/x"]);
    assert_eq!(run.text(), ("ok", "", 0));
    let request = server.join().expect("the server ends");
    assert!(request.starts_with("GET /x HTTP/1.1\r\nHost: name.test\r\n"), "{}", request);
}

#[cfg(target_os = "linux")]
#[test]
fn err_standard_output_takes_nothing() {
    let peer = Peer::start(|_| sized("ok"));
    let full = || fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has one");
    let read_only = || fs::File::open("/dev/null").expect("Linux has one");
    let url = peer.url("/");
    for words in [&["-sS", &url][..], &["-sS", "-w", "text", "-o", "/dev/null", &url], &["-V"]] {
        for stdout in [full(), read_only()] {
            let run = command(words).stdout(stdout).output().expect("the program starts");
            assert_eq!(run.status.code(), Some(23), "{:?}: {:?}", words, run);
        }
    }
}

#[test]
fn ok_output_is_not_held_back() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = listener.local_addr().expect("it is bound").to_string();
    let (seen, was_seen) = std::sync::mpsc::channel::<()>();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("the program connects");
        assert!(read_request(&mut stream).is_some());
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi";
        stream.write_all(answer).expect("it reads the response");
        let _ = was_seen.recv();
        let _ = stream.write_all(b"!");
    });
    let mut child = command(&["-sS", "-m", "5", &address])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut start = [0; 2];
    let stdout = child.stdout.as_mut().expect("it was asked for");
    stdout.read_exact(&mut start).expect("the first piece is written");
    assert_eq!(&start, b"hi");
    seen.send(()).expect("the server waits");
    let run = child.wait_with_output().expect("the program ends");
    assert_eq!(run.text(), ("!", "", 0));
    server.join().expect("the server ends");
}

#[cfg(unix)]
#[test]
fn err_what_is_in_the_way_of_a_connection_is_named() {
    let long = "/a".repeat(100);
    for (path, reason) in [(&*long, "SUN_LEN"), ("/no/such/socket", "No such file or directory")] {
        let run = pannier(&["-sS", "--unix-socket", path, "http://name.test/"]);
        let (_, stderr, code) = run.text();
        assert_eq!(code, 7);
        assert!(stderr.contains("Failed to connect to name.test port 80 after"), "{}", stderr);
        assert!(stderr.contains(path) && stderr.contains(reason), "{}", stderr);
    }
}

#[test]
fn ok_a_reader_that_goes_away_is_no_news() {
    let peer = Peer::start(|_| sized(&"line\n".repeat(1_000_000)));
    assert_eq!(abandoned(&["-sS", &peer.url("/")], 0).text(), ("", "", 23));
}

#[test]
fn ok_verbose_tells_the_exchange() {
    let peer = Peer::start(|_| sized("ok"));
    let run = pannier(&["-sv", &peer.url("/")]);
    let (_, stderr, _) = run.text();
    for line in
        ["*   Trying 127.0.0.1:", "> GET / HTTP/1.1\r\n", "< HTTP/1.1 200 OK\r\n", " left intact\n"]
    {
        assert!(stderr.contains(line), "no {:?} in {}", line, stderr);
    }
}

#[test]
fn ok_the_laboratory_prints_its_table() {
    let run =
        pannier(&["--lab", "--lab-objects", "3", "--lab-rtt", "2ms", "--lab-bandwidth", "1G"]);
    let (stdout, stderr, code) = run.text();
    assert_eq!((stderr, code), ("", 0));
    assert!(stdout.lines().all(|line| line.chars().count() <= 80), "{}", stdout);
    // The columns behind the two times: made, at once, round trips, bytes.
    let columns = |name: &str| -> Vec<&str> {
        let row = stdout.lines().find_map(|line| line.strip_prefix(name));
        let row = row.unwrap_or_else(|| panic!("no {:?} in\n{}", name, stdout));
        row.split_whitespace().skip(4).collect()
    };
    assert_eq!(columns("serial  ")[..2], ["4", "1"]);
    assert_eq!(columns("parallel  ")[0], "4");
    assert_eq!(columns("persistent  ")[..2], ["1", "1"]);
    assert_eq!(columns("pipelined  ")[..2], ["1", "1"]);
    let mut names = vec!["serial", "parallel", "persistent", "parallel + persistent", "pipelined"];
    if cfg!(feature = "http2") {
        assert_eq!(columns("multiplexed  ")[..2], ["1", "1"]);
        names.push("multiplexed");
    }
    for name in names {
        let name = &format!("{}  ", name);
        assert_eq!(columns(name)[3..5], ["50", "kB"], "{}", name);
    }
}

#[test]
fn ok_the_laboratory_leaves_its_exchanges_to_be_looked_at() {
    let dir = Dir::new("lab");
    let (har, drawing) = (dir.path("lab.har"), dir.path("lab.svg"));
    let words = ["--lab", "--lab-objects", "1", "--lab-rtt", "0", "--har", &har];
    let run = pannier(&[&words[..], &["--waterfall", "--waterfall", &drawing]].concat());
    let (_, stderr, code) = run.text();
    assert_eq!(code, 0, "{}", stderr);
    assert!(stderr.contains("\nparallel: 2 exchanges on 2 connections in "), "{}", stderr);
    let har = dir.read("lab.har");
    assert!(har.contains("\"title\": \"persistent\"") && har.contains("/object/1\""), "{}", har);
    assert!(dir.read("lab.svg").contains(">parallel + persistent</text>"));
}

#[test]
fn err_a_laboratory_that_would_never_end() {
    for (option, value, bound) in [
        ("--lab-rtt", "11s", "is at most 10s"),
        ("--lab-objects", "1001", "is at most 1000"),
        ("--lab-bandwidth", "1k", "is at least 10k"),
    ] {
        let run = pannier(&["--lab", option, value]);
        let (_, stderr, code) = run.text();
        assert_eq!(code, 2);
        assert!(stderr.contains(&format!("option {}: {}", option, bound)), "{}", stderr);
    }
}
