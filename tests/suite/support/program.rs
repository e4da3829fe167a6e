//! The program from outside: starting it, a server for it, a folder for its files.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

/// A server that answers every request by a function, and remembers what it was asked.
pub struct Peer {
    pub address: String,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
pub struct Seen {
    connections: usize,
    requests: Vec<String>,
}

impl Peer {
    pub fn start(answer: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Peer {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound").to_string();
        let seen = Arc::<Mutex<Seen>>::default();
        let (answer, shared) = (Arc::new(answer), seen.clone());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                shared.lock().expect("no test panics inside").connections += 1;
                let (answer, shared) = (answer.clone(), shared.clone());
                thread::spawn(move || serve(stream, &*answer, &shared));
            }
        });
        Peer { address, seen }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{}", self.address, path)
    }

    pub fn connections(&self) -> usize {
        self.seen.lock().expect("no test panics inside").connections
    }

    pub fn requests(&self) -> Vec<String> {
        self.seen.lock().expect("no test panics inside").requests.clone()
    }
}

fn serve(mut stream: TcpStream, answer: &dyn Fn(&str) -> Answer, seen: &Mutex<Seen>) {
    let _ = stream.set_nodelay(true);
    while let Some(request) = read_request(&mut stream) {
        let Answer(answer) = answer(&request);
        seen.lock().expect("no test panics inside").requests.push(request);
        let closes = answer.concat().is_empty() || contains(&answer.concat(), "Connection: close");
        for piece in &answer {
            if piece == HOLD {
                let _ = stream.read(&mut [0]);
                return;
            }
            if stream.write_all(piece).is_err() {
                return;
            }
        }
        if closes {
            return;
        }
    }
}

/// A head and what its length or chunks say follows; `None` at the end of the connection.
pub fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    let ends = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
        match length.and_then(|length| length.parse::<usize>().ok()) {
            Some(length) => body.len() >= length,
            None => !head.contains("chunked") || body.ends_with("0\r\n\r\n"),
        }
    };
    while !ends(&bytes) {
        match stream.read(&mut byte) {
            Ok(1) => bytes.push(byte[0]),
            _ => return None,
        }
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The pieces of an answer, each written by itself. [`HOLD`] keeps the connection open and silent;
/// an answer without bytes closes it.
pub struct Answer(pub Vec<Vec<u8>>);

impl From<&str> for Answer {
    fn from(text: &str) -> Answer {
        Answer(vec![text.into()])
    }
}

/// A response of this content.
pub fn sized(content: &str) -> Answer {
    Answer(vec![format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", content.len(), content)
        .into_bytes()])
}

fn contains(bytes: &[u8], text: &str) -> bool {
    String::from_utf8_lossy(bytes).contains(text)
}

/// An address at which nobody listens.
pub fn closed_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener.local_addr().expect("it is bound").to_string()
}

/// A folder that goes with its value.
pub struct Dir(PathBuf);

impl Dir {
    pub fn new(name: &str) -> Dir {
        let name = format!("pannier-{}-{}-{:?}", name, std::process::id(), thread::current().id());
        let path = std::env::temp_dir().join(name.replace(['(', ')'], ""));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("the temporary folder is writable");
        Dir(path)
    }

    pub fn path(&self, name: &str) -> String {
        self.0.join(name).to_string_lossy().into_owned()
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap_or_else(|error| panic!("{}: {}", name, error))
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(Path::new(&self.0));
    }
}

/// The program with these arguments, and neither config file nor proxies of whoever runs the tests.
pub fn command(words: &[&str]) -> Command {
    let mut command = unproxied(env!("CARGO_BIN_EXE_pannier"));
    command.arg("-q").args(words).stdin(Stdio::null());
    command
}

/// What runs the program by way of another.
pub fn unproxied(program: &str) -> Command {
    let mut command = Command::new(program);
    for name in ["http_proxy", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"] {
        command.env_remove(name);
    }
    command
}

pub fn pannier(words: &[&str]) -> Output {
    command(words).output().expect("the program starts")
}

/// The same with something on standard input.
pub fn fed(words: &[&str], input: impl AsRef<[u8]>) -> Output {
    feed(command(words), input)
}

/// The same without a terminal that the program could ask; `None` where that cannot be had.
pub fn fed_without_terminal(words: &[&str], input: impl AsRef<[u8]>) -> Option<Output> {
    let mut setsid = unproxied("setsid");
    setsid.args(["-w", env!("CARGO_BIN_EXE_pannier"), "-q"]).args(words);
    let probe = Command::new("setsid").args(["-w", "true"]).status();
    matches!(probe, Ok(status) if status.success()).then(|| feed(setsid, input))
}

fn feed(mut command: Command, input: impl AsRef<[u8]>) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().expect("it was asked for");
    match stdin.write_all(input.as_ref()) {
        // It had no use for it, and is gone already.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
        written => written.expect("the program reads"),
    }
    drop(stdin);
    child.wait_with_output().expect("the program ends")
}

/// The same with a reader of its output that goes away after so many bytes.
pub fn abandoned(words: &[&str], after: usize) -> Output {
    let mut child = command(words)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdout = child.stdout.take().expect("it was asked for");
    stdout.read_exact(&mut vec![0; after]).expect("the program writes");
    drop(stdout);
    child.wait_with_output().expect("the program ends")
}

pub trait Text {
    /// Standard output, standard error and exit code; -1 for a signal.
    fn text(&self) -> (&str, &str, i32);
}

impl Text for Output {
    fn text(&self) -> (&str, &str, i32) {
        let text = |bytes| std::str::from_utf8(bytes).expect("the tests write text");
        (text(&self.stdout), text(&self.stderr), self.status.code().unwrap_or(-1))
    }
}

/// Not sent: see [`Answer`].
pub const HOLD: &[u8] = b"\0hold";
