//! Conversations with scripts.

use std::time::{Duration, Instant};

use super::*;
use crate::http::{Host, Origin, Scheme};
use crate::net::Deadline;

fn connect(scripts: &Scripts) -> io::Result<Box<dyn Transport>> {
    scripts.connect(Dialing {
        origin: &Origin::new(Scheme::Http, Host::Domain("a.example".into()), 80),
        deadline: Deadline::NEVER,
        cancel: None,
        progress: &mut |_| {},
    })
}

fn play(script: Script) -> Box<dyn Transport> {
    connect(&script.repeated()).unwrap()
}

fn read(transport: &mut dyn Transport) -> io::Result<String> {
    let mut buffer = [0; 64];
    let count = transport.read(&mut buffer, soon())?;
    Ok(String::from_utf8(buffer[..count].to_vec()).unwrap())
}

fn soon() -> Deadline {
    Deadline::after(Instant::now(), Duration::from_millis(10))
}

/// Carries out a conversation: `>` writes, `<` reads, `?` asks for the readiness. What comes
/// out is one word each.
fn converse(script: Script, talk: &[&str]) -> Vec<String> {
    let mut transport = play(script);
    let word = |act: &&str| match act.split_at(1) {
        (">", bytes) => match transport.write(bytes.as_bytes(), soon()) {
            Ok(count) => count.to_string(),
            Err(error) => format!("{:?}", error.kind()),
        },
        ("<", _) => read(&mut *transport).unwrap_or_else(|e| format!("{:?}", e.kind())),
        _ => match transport.readiness() {
            Ok(readiness) => format!("{:?}", readiness),
            Err(error) => format!("{:?}", error.kind()),
        },
    };
    talk.iter().map(word).collect()
}

#[test]
fn ok_conversations_follow_their_script() {
    let script = Script::new;
    for (script, talk, words) in [
        (
            script().expect("ab").reply("cd"),
            &["?", ">a", "<", "?", ">b", "?", "<", "?"][..],
            &["Quiet", "1", "TimedOut", "Quiet", "1", "Data", "cd", "Quiet"][..],
        ),
        (
            script().expect("ab").reply("cd"),
            &[">ab", "<", "<", ">x"],
            &["2", "cd", "Other", "Other"],
        ),
        (
            script().expect("a").reply("").reply("b").close(),
            &[">a", "<", "<", "?", ">x", "<"],
            &["1", "b", "", "Closed", "1", ""],
        ),
        (
            script().expect("a").reply("b").reset(),
            &[">a", "<", "?", "<", ">x"],
            &["1", "b", "ConnectionReset", "ConnectionReset", "ConnectionReset"],
        ),
        (
            script().expect("a").reply("b").stall(),
            &[">a", "<", "?", "<", ">x"],
            &["1", "b", "Quiet", "TimedOut", "TimedOut"],
        ),
        (script().expect("a").stall(), &[">abc", ">bc"], &["1", "TimedOut"]),
        (script().stall(), &[">a", "<"], &["TimedOut", "TimedOut"]),
        (script().reply("b").stall(), &[">a", "<", ">a"], &["1", "b", "TimedOut"]),
        // Two requests before the first reply is read.
        (
            script().expect("1").reply("a").expect("2").reply("b"),
            &[">12", "<", "<"],
            &["2", "a", "b"],
        ),
        (
            script().expect_until("\n\n").reply("a"),
            &[">x\n", "<", ">\ny", ">z"],
            &["2", "TimedOut", "Other", "Other"],
        ),
        (
            script().expect_until("\n\n").expect("y").reply("a"),
            &[">x\n", ">\n", ">y", "<"],
            &["2", "1", "1", "a"],
        ),
        (script().reply_in_pieces("abcde", 2), &["<", "<", "<"], &["ab", "cd", "e"]),
        (
            script().take_in_pieces(2).expect("abc").reply("d"),
            &[">abc", ">c", "<"],
            &["2", "1", "d"],
        ),
        (script().reply("d").close(), &[">abc", ">c", "<", "<", ">x"], &["3", "1", "d", "", "1"]),
        (
            script().expect("a").reply("b").expect("c").reset(),
            &[">a", ">c", "<", "<"],
            &["1", "1", "b", "ConnectionReset"],
        ),
    ] {
        assert_eq!(converse(script.clone(), talk), words, "{:?} {:?}", script, talk);
    }
}

#[test]
fn err_a_mismatch_shows_both_sides() {
    let mut transport = play(Script::new().expect("GET /\r\n"));
    let error = transport.write(b"GET /x\r\n", Deadline::NEVER).unwrap_err();
    let text = r#"the script expected "GET /\r\n", but "GET /x\r\n" was written"#;
    assert_eq!(error.to_string(), text);
    let mut transport = play(Script::new().expect("a"));
    let error = transport.write(b"ab", Deadline::NEVER).unwrap_err();
    let text = r#"the script expected nothing more, but "b" was written"#;
    assert_eq!(error.to_string(), text);
}

#[test]
fn ok_each_connection_has_its_script_and_what_was_written() {
    let scripts = Script::connections([
        Script::new().reply("first"),
        Script::refused(),
        Script::new().reply("third"),
    ]);
    let mut first = connect(&scripts).unwrap();
    let refused = connect(&scripts).unwrap_err();
    let mut third = connect(&scripts).unwrap();
    third.write(b"to the third", soon()).unwrap();
    first.write(b"to the first", soon()).unwrap();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    assert_eq!(read(&mut *first).unwrap(), "first");
    assert_eq!(read(&mut *third).unwrap(), "third");
    let fourth = connect(&scripts).unwrap_err();
    assert_eq!(fourth.to_string(), "the script has no connection 3");
    assert_eq!(scripts.count(), 4);
    let written: Vec<_> = (0..4).map(|index| scripts.written(index)).collect();
    assert_eq!(written, [&b"to the first"[..], b"", b"to the third", b""]);
}

#[test]
fn err_an_interrupt_ends_a_stall_without_deadline() {
    let mut transport = play(Script::new().stall());
    let token = CancelToken::new();
    let handle = transport.interrupt_handle().unwrap();
    let _registration = token.register(handle).unwrap();
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| transport.read(&mut [0], Deadline::NEVER));
        token.cancel();
        let error = reading.join().unwrap().unwrap_err();
        assert_eq!(error.to_string(), "cancelled");
    });
    assert!(transport.write(b"x", Deadline::NEVER).is_err());
    assert!(transport.readiness().is_err());
}

#[test]
fn err_no_time_left_is_timed_out_even_if_there_is_something_to_read() {
    let mut transport = play(Script::new().reply("x"));
    let past = Deadline::after(Instant::now(), Duration::ZERO);
    let read = transport.read(&mut [0], past).unwrap_err();
    let write = transport.write(b"x", past).unwrap_err();
    assert_eq!((read.kind(), write.kind()), (ErrorKind::TimedOut, ErrorKind::TimedOut));
    assert_eq!(transport.read(&mut [], past).unwrap(), 0);
}
