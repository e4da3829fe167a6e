//! The program with many transfers: side by side, from lists, told of in JSON; and their files.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use crate::support::json::Json;
use crate::support::peer as wire;
use crate::support::program::{
    abandoned, closed_address, command, fed, pannier, sized, unproxied, Answer, Dir, Peer, Text,
    HOLD,
};
use crate::support::site::Site;

#[test]
fn ok_a_stalled_transfer_holds_nobody_up() {
    let gate = Gate::default();
    let shut = gate.clone();
    // The first answer comes when all others have been asked for.
    let peer = Peer::start(move |request| match request.starts_with("GET /0 ") {
        true => {
            shut.wait_for(5);
            sized("late")
        }
        false => {
            shut.pass();
            sized("early ")
        }
    });
    let run = pannier(&["-sSZ", "--parallel-max", "2", "-m", "15", &peer.url("/[0-5]")]);
    let (stdout, stderr, code) = run.text();
    assert_eq!((stderr, code), ("", 0));
    assert_eq!((stdout.matches("early ").count(), stdout.matches("late").count()), (5, 1));
    assert!(peer.connections() <= 2, "{} connections", peer.connections());
}

#[test]
fn err_the_exit_code_is_that_of_the_last_failure() {
    let peer = Peer::start(|request| match request.split(' ').nth(1) {
        Some("/reset") => "".into(),
        Some("/404") => "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n".into(),
        _ => sized("ok"),
    });
    for (paths, code) in [("/{404,a,b}", 22), ("/{a,reset,b}", 52), ("/{a,b}", 0)] {
        let run = pannier(&["-sfZ", "--parallel-max", "1", &peer.url(paths)]);
        assert_eq!(run.text().2, code, "{}", paths);
    }
    let run = pannier(&["-sf", &peer.url("/{404,a}")]);
    assert_eq!(run.text(), ("ok", "", 0), "without -Z the last transfer counts");
}

#[test]
fn err_the_first_failure_ends_all_if_that_is_asked_for() {
    let peer = Peer::start(|request| match request.split(' ').nth(1) {
        Some("/404") => "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n".into(),
        _ => Answer(vec![HOLD.to_vec()]),
    });
    let words = ["-sSf", "--fail-early", "-m", "15", &peer.url("/{404,a,b}")];
    let error = "pannier: (22) The requested URL returned error: 404\n";
    assert_eq!(pannier(&words).text(), ("", error, 22));
    assert_eq!(peer.requests().len(), 1);

    let run = pannier(&["-sSfZ", "--fail-early", "-m", "15", &peer.url("/{a,b,404}")]);
    let (stdout, stderr, code) = run.text();
    assert_eq!((stdout, code), ("", 22));
    assert_eq!(stderr.matches("(42) Transfer aborted due to critical error").count(), 2);
}

#[test]
fn err_a_pause_before_a_retry_is_cut_short_by_the_end_of_all() {
    let gate = Gate::default();
    let (open, shut) = (gate.clone(), gate);
    let peer = Peer::start(move |request| match request.starts_with("GET /busy ") {
        true => {
            open.pass();
            "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n".into()
        }
        false => {
            shut.wait_for(1);
            "".into()
        }
    });
    let words = ["-sSZ", "--fail-early", "--retry", "9", "--retry-delay", "3600"];
    let run = pannier(&[&words[..], &[&peer.url("/{busy,gone}")]].concat());
    assert_eq!(run.text().2, 52);
}

#[test]
fn ok_no_more_connections_than_may_be() {
    let site = || {
        Site::answering(|target| {
            let body = target.to_owned();
            format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", body.len(), body)
                .into_bytes()
        })
    };
    for options in [["--parallel-max", "3"], ["--parallel-max-host", "3"]] {
        let site = site();
        let words = ["-sSZ", "-o", "/dev/null", "-w", "%{http_code}\\n", &site.url("/[1-200]")];
        let run = pannier(&[&words[..], &options].concat());
        assert_eq!(run.text(), (&*"200\n".repeat(200), "", 0));
        assert!(site.accepted() <= 3, "{:?}: {} connections", options, site.accepted());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn err_transfers_for_which_there_are_no_descriptors_fail_by_themselves() {
    let peer = Peer::start(|_| Answer(vec![HOLD.to_vec()]));
    let script = format!(
        "ulimit -n 40; exec {} -q -sZ --parallel-max 200 -m 1 -o /dev/null -w '%{{exitcode}}\\n' '{}'",
        env!("CARGO_BIN_EXE_pannier"),
        peer.url("/[1-200]")
    );
    let run = unproxied("sh").args(["-c", &script]).output().expect("there is a shell");
    let (stdout, stderr, _) = run.text();
    let codes: Vec<&str> = stdout.lines().collect();
    assert_eq!((codes.len(), stderr), (200, ""));
    assert!(codes.iter().all(|code| ["28", "7", "23"].contains(code)), "{}", stdout);
    assert!(codes.contains(&"28") && codes.contains(&"7"), "{}", stdout);
}

#[test]
fn ok_what_is_short_comes_whole() {
    let peer = Peer::start(|request| {
        let letter = request["GET /".len()..].chars().next().unwrap_or('?');
        let half = letter.to_string().repeat(20_000);
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", 2 * half.len());
        Answer(vec![head.into_bytes(), half.clone().into_bytes(), half.into_bytes()])
    });
    let run = pannier(&["-sSZ", &peer.url("/[a-z]")]);
    let (stdout, _, code) = run.text();
    assert_eq!((stdout.len(), code), (26 * 40_000, 0));
    for whole in stdout.as_bytes().chunks(40_000) {
        assert!(whole.iter().all(|byte| *byte == whole[0]), "two are mixed");
    }
}

#[test]
fn ok_requests_go_out_before_they_are_answered_if_that_is_asked_for() {
    for options in [&["-sS"][..], &["-sSZ", "--parallel-max", "1"]] {
        let peer = wire::Peer::play(|peer| {
            let mut wire = peer.accept();
            wire.exchange("GET /1", answer("1"));
            for number in 2..=4 {
                wire.expect_request(&format!("GET /{}", number));
            }
            assert!(wire.is_quiet_for(Duration::from_millis(20)), "three are enough");
            wire.send([answer("2"), answer("3"), answer("4")].concat());
            wire.exchange("GET /5", answer("5"));
            wire.expect_end();
        });
        let words = ["--pipeline", "3", "-w", "(%{xfer_id} %{conn_id} %{num_connects})"];
        let run = pannier(&[options, &words, &[&peer.url("/[1-5]")]].concat());
        let expected = "1(0 1 1)2(1 1 0)3(2 1 0)4(3 1 0)5(4 1 0)";
        assert_eq!(run.text(), (expected, "", 0));
    }
}

#[test]
fn ok_what_a_broken_connection_owes_is_asked_for_again_and_in_order() {
    let peer = wire::Peer::play(|peer| {
        let mut wire = peer.accept();
        wire.exchange("GET /1", answer("1"));
        for number in 2..=4 {
            wire.expect_request(&format!("GET /{}", number));
        }
        wire.send(answer("2"));
        wire.reset();
        for number in 3..=4 {
            let mut wire = peer.accept();
            wire.exchange(&format!("GET /{}", number), answer(&number.to_string()));
        }
    });
    let run = pannier(&["-sS", "--pipeline", "3", &peer.url("/[1-4]")]);
    assert_eq!(run.text(), ("1234", "", 0));
}

#[test]
fn ok_failures_and_retries_keep_their_place_among_pipelined_transfers() {
    let busy = Mutex::new(true);
    let peer = Peer::start(move |request| match request.split(' ').nth(1) {
        Some("/3") if std::mem::take(&mut *busy.lock().expect("nobody panics inside")) => {
            "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy".into()
        }
        Some("/5") => "HTTP/1.1 404 No\r\nContent-Length: 4\r\n\r\ngone".into(),
        path => sized(path.unwrap_or_default()),
    });
    let list: Vec<String> = (1..=4).map(|number| peer.url(&format!("/{}", number))).collect();
    let list =
        format!("{}\nhttp://a b/\n{}\n{}\n", list.join("\n"), peer.url("/5"), peer.url("/6"));
    let words = "-sf --pipeline 4 --retry 1 --retry-delay 0.01 -w [%{exitcode}] --from -";
    let words: Vec<&str> = words.split(' ').collect();
    let run = fed(&words, &list);
    assert_eq!(run.text(), ("/1[0]/2[0]/3[0]/4[0][3][22]/6[0]", "", 0));
    let run = fed(&[&["--fail-early"], &words[..]].concat(), &list);
    assert_eq!(run.text(), ("/1[0]/2[0]/3[0]/4[0][3]", "", 3));
}

#[test]
fn ok_who_waits_for_others_to_be_answered_is_not_slow() {
    let peer = wire::Peer::play(|peer| {
        let mut wire = peer.accept();
        wire.exchange("GET /1", answer("1"));
        wire.expect_request("GET /2");
        wire.expect_request("GET /3");
        wire.send("HTTP/1.1 200 OK\r\nContent-Length: 160\r\n\r\n");
        // Slow, but no slower than it may be; and all the while nothing comes of the third.
        for _ in 0..16 {
            wire.send("0123456789");
            assert!(wire.is_quiet_for(Duration::from_millis(100)));
        }
        wire.send(answer("3"));
        wire.expect_end();
    });
    let words = ["-sS", "--pipeline", "3", "-Y", "20", "-y", "1", &peer.url("/[1-3]")];
    assert_eq!(pannier(&words).text(), (&*format!("1{}3", "0123456789".repeat(16)), "", 0));
}

#[test]
fn ok_what_must_not_be_repeated_is_not_pipelined() {
    let peer = wire::Peer::play(|peer| {
        let mut wire = peer.accept();
        for number in 1..=3 {
            let head = wire.expect_request(&format!("POST /{}", number));
            assert!(head.contains("Content-Length: 1\r\n"), "{}", head);
            wire.expect("x");
            assert!(wire.is_quiet_for(Duration::from_millis(20)));
            wire.send(answer("ok"));
        }
        wire.expect_end();
    });
    let run = pannier(&["-sS", "--pipeline", "9", "-d", "x", &peer.url("/[1-3]")]);
    assert_eq!(run.text(), ("okokok", "", 0));
}

#[test]
fn ok_a_list_names_the_urls() {
    let peer = Peer::start(|request| sized(request.split(' ').nth(1).unwrap_or_default()));
    let dir = Dir::new("list");
    let list = format!(
        "# comment\n\n{}\r\n  {}\n{}",
        peer.url("/a"),
        peer.url("/b?[1-2]"),
        peer.url("/c")
    );
    fs::write(dir.path("list"), list).expect("the folder is there");
    let (list, into) = (dir.path("list"), dir.path("out"));
    let words = ["-sS", "--create-dirs", "--output-dir", &into, "--from", &list];
    let named: [&[&str]; 3] = [&["--remote-name-all"], &["-O"], &["-Z", "-o", "file-#1"]];
    for (options, files) in
        named.iter().zip([["a", "b", "c"], ["a", "b", "c"], ["file-1", "file-2", "file-3"]])
    {
        let run = pannier(&[options, &words[..]].concat());
        assert_eq!(run.text(), ("", "", 0), "{:?}", options);
        for (file, content) in files.iter().zip(["/a", "/b?[1-2]", "/c"]) {
            assert_eq!(dir.read(&format!("out/{}", file)), content, "{:?}", options);
        }
        fs::remove_dir_all(&into).expect("it was just made");
    }
    let words = ["-sS", "--from", &list, &peer.url("/d")];
    assert_eq!(pannier(&words).text().0, "/a/b?[1-2]/c/d", "it stands where a URL would");
}

#[test]
fn ok_listed_urls_are_given_with_names_for_their_files() {
    let peer = Peer::start(|request| sized(request.split(' ').nth(1).unwrap_or_default()));
    let dir = Dir::new("listed");
    let list = format!("# comment\n{}\n{}\n", peer.url("/a"), peer.url("/b?[1-2]"));
    fs::write(dir.path("list"), list).expect("the folder is writable");
    let (at, into) = (format!("@{}", dir.path("list")), dir.path(""));
    let words = ["-sS", "--output-dir", &into, "--url", &at, "--url", &peer.url("/c")];
    assert_eq!(pannier(&words).text(), ("/c", "", 0));
    assert_eq!((dir.read("a").as_str(), dir.read("b").as_str()), ("/a", "/b?[1-2]"));
    let words = ["-sS", "--output-dir", &into, "--url", &at, "-o", "-"];
    assert_eq!(pannier(&words).text(), ("/a", "", 0), "the others have names still");
    let run = pannier(&["--url", "@/no/such/list"]);
    let (_, stderr, code) = run.text();
    assert!(code == 26 && stderr.contains(" --url: cannot read the list /no/such/"), "{}", stderr);
}

#[test]
fn err_a_bad_line_is_named_and_the_others_go_on() {
    let peer = Peer::start(|_| sized("ok"));
    let list = format!("{}\nhttp://a b/\n{}\n", peer.url("/1"), peer.url("/2"));
    let run = fed(&["-sS", "--from", "-"], &list);
    let (stdout, stderr, code) = run.text();
    assert_eq!((stdout, code), ("okok", 0));
    assert!(stderr.starts_with("pannier: (3) -:2: URL rejected: "), "{}", stderr);
    let run = fed(&["-sS", "-O", "--path-as-is", "--from", "-"], peer.url("/.."));
    let (_, stderr, code) = run.text();
    assert_eq!(code, 23);
    assert!(stderr.starts_with("pannier: (23) -:1: Remote file name"), "{}", stderr);
    let run = pannier(&["-sS", "--from", "/no/such/list"]);
    let (_, stderr, code) = run.text();
    assert_eq!(code, 26);
    assert!(stderr.contains("cannot read the list /no/such/list: "), "{}", stderr);
}

#[test]
fn ok_a_line_is_worked_off_before_the_next_one_comes() {
    for options in [&["-sS"][..], &["-sSZ"]] {
        let peer = Peer::start(|_| sized("ok"));
        let mut child = command(&[options, &["--jsonl", "--from", "-"]].concat())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut stdin = child.stdin.take().expect("it was asked for");
        let mut lines = BufReader::new(child.stdout.take().expect("it was asked for")).lines();
        for number in 1..=3 {
            writeln!(stdin, "{}", peer.url(&format!("/{}", number))).expect("the program reads");
            let line = lines.next().and_then(Result::ok).expect("a line for each");
            let url = Json::parse(&line).get("url").and_then(Json::as_str).map(str::to_owned);
            assert_eq!(url, Some(peer.url(&format!("/{}", number))));
        }
        drop(stdin);
        assert_eq!(child.wait().expect("the program ends").code(), Some(0));
        assert_eq!(peer.connections(), 1);
    }
}

#[test]
fn err_a_list_that_never_ends_does_not_keep_a_run_that_has() {
    let peer = Peer::start(|_| "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n".into());
    for options in [&["-sf"][..], &["-sfZ"]] {
        let mut child = command(&[options, &["--fail-early", "--from", "-"]].concat())
            .stdin(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut stdin = child.stdin.take().expect("it was asked for");
        writeln!(stdin, "{}", peer.url("/")).expect("the program reads");
        assert_eq!(child.wait().expect("the program ends").code(), Some(22));
        drop(stdin);
    }
}

#[test]
fn ok_each_transfer_is_a_line_of_json() {
    let peer = Peer::start(|request| match request.split(' ').nth(1) {
        Some("/go") => "HTTP/1.1 302 Go\r\nLocation: /a\r\nContent-Length: 0\r\n\r\n".into(),
        _ => sized("hello"),
    });
    let dir = Dir::new("jsonl");
    let (file, closed) = (dir.path("file"), format!("http://{}/", closed_address()));
    let words = ["-sL", "--jsonl", "-d", "a=b", &peer.url("/go"), "-o", &file, &closed];
    let run = pannier(&words);
    assert_eq!(run.text().2, 7);
    let lines: Vec<Json> = run.text().0.lines().map(Json::parse).collect();
    let member = |line: usize, name: &str| lines[line].get(name).cloned().unwrap_or(Json::Null);
    let number = |text: &str| Json::Number(text.to_owned());
    let text = |text: &str| Json::String(text.to_owned());
    assert_eq!(lines.len(), 2);
    for (name, value) in [
        ("url", text(&peer.url("/go"))),
        ("final_url", text(&peer.url("/a"))),
        ("method", text("GET")),
        ("status", number("200")),
        ("http_version", text("1.1")),
        ("received", number("5")),
        ("redirects", number("1")),
        ("retries", number("0")),
        ("connection", number("1")),
        ("reused", Json::Bool(false)),
        ("file", text(&file)),
        ("error", Json::Null),
    ] {
        assert_eq!(member(0, name), value, "{}", name);
    }
    let total = lines[0].get("time").and_then(|time| time.get("total"));
    assert!(matches!(total, Some(Json::Number(text)) if text.parse::<f64>().is_ok()));
    assert_eq!(dir.read("file"), "hello");
    assert_eq!(member(1, "status"), Json::Null);
    let error = member(1, "error");
    assert_eq!(error.get("code").and_then(Json::as_u64), Some(7));
    let message = error.get("message").and_then(Json::as_str).unwrap_or_default();
    assert!(message.starts_with("Failed to connect to 127.0.0.1 port "), "{}", message);
}

#[test]
fn ok_json_is_valid_whatever_a_url_holds_and_content_goes_nowhere() {
    let peer = Peer::start(|_| sized("\u{0}not a line of JSON\n"));
    let mut list = peer.url("/\"\\\u{1f600}").into_bytes();
    list.extend(b"\xff\x7f\x01\n");
    list.extend(peer.url("/\"\\\u{1f600}\u{e9}").into_bytes());
    let run = fed(&["-s", "--jsonl", "--from", "-"], list);
    let lines: Vec<Json> = run.text().0.lines().map(Json::parse).collect();
    let urls: Vec<_> = lines.iter().filter_map(|line| line.get("url")?.as_str()).collect();
    let odd = peer.url("/\"\\\u{1f600}\u{fffd}\u{7f}\u{1}");
    assert_eq!(urls, [odd, peer.url("/\"\\\u{1f600}\u{e9}")]);
    assert_eq!(lines[1].get("received").and_then(Json::as_u64), Some(20));
}

#[test]
fn ok_json_tells_of_reuse_and_retries() {
    let busy = Mutex::new(true);
    let peer = Peer::start(move |_| {
        let mut busy = busy.lock().expect("nobody panics inside");
        match std::mem::take(&mut *busy) {
            true => "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n".into(),
            false => sized("ok"),
        }
    });
    let words = ["-s", "--jsonl", "--retry", "1", "--retry-delay", "0.01", &peer.url("/[1-2]")];
    let run = pannier(&words);
    let lines: Vec<Json> = run.text().0.lines().map(Json::parse).collect();
    let values = |name: &str| -> Vec<_> {
        lines.iter().filter_map(|line| line.get(name)).cloned().collect()
    };
    assert_eq!(values("retries"), [Json::Number("1".into()), Json::Number("0".into())]);
    assert_eq!(values("reused"), [Json::Bool(true), Json::Bool(true)]);
}

#[test]
fn err_a_reader_of_json_that_has_seen_enough_is_no_news() {
    let peer = Peer::start(|_| sized("ok"));
    for options in [&["-S"][..], &["-SZ"]] {
        let run = abandoned(&[options, &["--jsonl", &peer.url("/[1-100000]")]].concat(), 10);
        assert_eq!(run.text(), ("", "", 23));
    }
}

#[test]
fn ok_every_try_of_every_transfer_is_in_the_report_of_the_run() {
    let dir = Dir::new("har");
    let file = dir.path("har");
    for options in [&["-Z"][..], &["--pipeline", "3"], &["-Z", "--pipeline", "3"]] {
        let busy = Mutex::new(true);
        let peer = Peer::start(move |request| match request.split(' ').nth(1) {
            Some("/3") if std::mem::take(&mut *busy.lock().expect("nobody panics inside")) => {
                "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n".into()
            }
            path => sized(path.unwrap_or_default()),
        });
        let words = ["-s", "--retry", "1", "--retry-delay", "0.01", "-o", "/dev/null"];
        let report = ["--har", &file, &peer.url("/[1-5]")];
        let run = pannier(&[options, &words, &report].concat());
        assert_eq!(run.text(), ("", "", 0));
        let har = Json::parse(&dir.read("har"));
        let entries = har.get("log").and_then(|log| log.get("entries")).map(Json::elements);
        let mut found: Vec<_> = entries.unwrap_or_default().iter().map(what).collect();
        found.sort();
        let status = |number| if number == 3 { vec![200, 503] } else { vec![200] };
        let expected: Vec<_> = (1..=5)
            .flat_map(|number| status(number).into_iter().map(move |status| (number, status)))
            .map(|(number, status)| (peer.url(&format!("/{}", number)), Some(status)))
            .collect();
        assert_eq!(found, expected, "{:?}", options);
    }

    fn what(entry: &Json) -> (String, Option<u64>) {
        let url = entry.get("request").and_then(|request| request.get("url"));
        let status = entry.get("response").and_then(|response| response.get("status"));
        let url = url.and_then(Json::as_str).unwrap_or_default().to_owned();
        (url, status.and_then(Json::as_u64))
    }
}

#[test]
fn err_json_leaves_no_standard_output() {
    for words in [&["--jsonl", "-o", "-", "http://a/"][..], &["--jsonl", "-D", "-", "http://a/"]] {
        let run = pannier(words);
        let (_, stderr, code) = run.text();
        assert_eq!(code, 2);
        assert!(stderr.contains("--jsonl leaves no standard output"), "{}", stderr);
    }
}

#[test]
fn ok_a_file_is_not_written_over_if_that_is_asked_for() {
    let peer = Peer::start(|request| sized(request.split(' ').nth(1).unwrap_or_default()));
    let dir = Dir::new("clobber");
    let file = dir.path("file");
    let words = ["-sS", "--no-clobber", "-w", "%{filename_effective}\\n", "-o", &file];
    for (path, name) in [("/1", "file"), ("/2", "file.1"), ("/3", "file.2")] {
        let run = pannier(&[&words[..], &[&peer.url(path)]].concat());
        assert_eq!(run.text(), (&*format!("{}\n", dir.path(name)), "", 0));
        assert_eq!(dir.read(name), path);
    }
    pannier(&[&words[..], &["--clobber", &peer.url("/4")]].concat());
    assert_eq!(dir.read("file"), "/4");
    for number in 3..100 {
        fs::write(dir.path(&format!("file.{}", number)), "").expect("the folder is there");
    }
    let run = pannier(&[&words[..], &[&peer.url("/5")]].concat());
    assert_eq!(run.text().2, 23, "there are a hundred already");
}

#[test]
fn ok_files_of_one_name_side_by_side_are_several() {
    let peer = Peer::start(|request| sized(request.split(' ').nth(1).unwrap_or_default()));
    let dir = Dir::new("names");
    let into = dir.path("");
    let words = ["-sSZ", "--no-clobber", "--remote-name-all", "--output-dir", &into];
    let run = pannier(&[&words[..], &[&peer.url("/[1-9]/file")]].concat());
    assert_eq!(run.text(), ("", "", 0));
    let names =
        ["file", "file.1", "file.2", "file.3", "file.4", "file.5", "file.6", "file.7", "file.8"];
    let mut contents = names.map(|name| dir.read(name));
    contents.sort();
    assert_eq!(contents, [1, 2, 3, 4, 5, 6, 7, 8, 9].map(|number| format!("/{}/file", number)));
}

#[test]
fn err_a_file_that_is_not_whole_is_removed_if_that_is_asked_for() {
    let peer = Peer::start(|request| match request.split(' ').nth(1) {
        Some("/404") => "HTTP/1.1 404 No\r\nContent-Length: 4\r\n\r\ngone".into(),
        Some("/good") => sized("good"),
        _ => "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\nhello".into(),
    });
    let dir = Dir::new("remove");
    let file = dir.path("file");
    for (options, path, code, left) in [
        ("-s", "/short", 18, true),
        ("--remove-on-error", "/short", 18, false),
        ("--remove-on-error", "/good", 0, true),
    ] {
        let run = pannier(&["-s", options, "-o", &file, &peer.url(path)]);
        assert_eq!(run.text().2, code);
        assert_eq!(fs::remove_file(&file).is_ok(), left, "{} {}", options, path);
    }
    fs::write(&file, "mine").expect("the folder is there");
    let run = pannier(&["-sf", "--remove-on-error", "-o", &file, &peer.url("/404")]);
    assert_eq!((run.text().2, &*dir.read("file")), (22, "mine"), "nothing of it was written");
}

#[test]
fn ok_remote_names_hold_for_all_that_follows() {
    let peer = Peer::start(|request| sized(request.split(' ').nth(1).unwrap_or_default()));
    let dir = Dir::new("all");
    let into = dir.path("");
    let words =
        ["-sS", "--output-dir", &into, &peer.url("/a"), "--remote-name-all", &peer.url("/{b,c}")];
    assert_eq!(pannier(&words).text(), ("/a", "", 0));
    assert_eq!((&*dir.read("b"), &*dir.read("c")), ("/b", "/c"));
    let words = ["-sS", "--remote-name-all", "--no-remote-name", &peer.url("/d")];
    assert_eq!(pannier(&words).text(), ("/d", "", 0));
}

#[test]
fn ok_heads_of_all_are_dumped_side_by_side() {
    let peer = Peer::start(|_| sized("ok"));
    let dir = Dir::new("dump");
    let dump = dir.path("dump");
    fs::write(&dump, "old").expect("the folder is there");
    let run = pannier(&["-sSZ", "-D", &dump, "-o", "/dev/null", &peer.url("/[1-50]")]);
    assert_eq!(run.text(), ("", "", 0));
    assert_eq!(dir.read("dump"), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n".repeat(50));
}

#[test]
fn ok_there_is_no_progress_but_on_a_terminal() {
    let peer = Peer::start(|_| {
        Answer(vec![b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi".to_vec(), HOLD.to_vec()])
    });
    for options in [&["-m", "0.9"][..], &["-Z", "-m", "0.9"]] {
        let run = pannier(&[options, &["-o", "/dev/null", &peer.url("/")]].concat());
        let (_, stderr, code) = run.text();
        assert_eq!((stderr.lines().count(), code), (1, 28), "{}", stderr);
        assert!(stderr.starts_with("pannier: (28) Operation timed out"), "{}", stderr);
    }
}

/// A response of this content.
fn answer(content: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", content.len(), content)
}

/// Opens when enough have passed.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<usize>, Condvar)>);

impl Gate {
    fn pass(&self) {
        *self.0 .0.lock().expect("nobody panics inside") += 1;
        self.0 .1.notify_all();
    }

    fn wait_for(&self, count: usize) {
        let passed = self.0 .0.lock().expect("nobody panics inside");
        let patience = Duration::from_secs(20);
        drop(self.0 .1.wait_timeout_while(passed, patience, |passed| *passed < count));
    }
}
