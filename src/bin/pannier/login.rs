//! Who the user is: `-u`, what the URL says, a netrc file or a token, and how it is to be shown.
//!
//! As curl has it, `-u` comes before the netrc file, and that before the URL, unless it is only
//! `--netrc-optional` and the URL has a password. Every transfer has credentials of its
//! own, so that each begins with what the server asks for.

use std::env;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use pannier::http::{percent, Url};
use pannier::{Credentials, Netrc};

use crate::args::Global;
use crate::config_file::folder;
use crate::data;
use crate::exit::{self, Failure};
use crate::warn::{self, warn};

/// What the options say.
#[derive(Default)]
pub struct Login {
    /// `name:password`, or a name alone.
    pub user: Option<Vec<u8>>,
    pub bearer: Option<String>,
    pub schemes: Schemes,
    pub netrc: bool,
    pub netrc_optional: bool,
    pub netrc_file: Option<Vec<u8>>,
    /// What the netrc file says, once it has been read.
    known: Option<Netrc>,
}

/// By which schemes a password may be shown. curl has a set of these; with more than one the server
/// chooses, and without any it is Basic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Schemes {
    pub any: bool,
    pub digest: bool,
    pub basic: bool,
}

/// Name and password.
pub type User = (Vec<u8>, Vec<u8>);

/// What makes credentials of them.
pub type Kind = fn(Vec<u8>, Vec<u8>) -> Credentials;

impl Login {
    /// Asks for the password that `-u name` leaves out and reads the netrc file, once for all
    /// transfers of the operation.
    pub fn complete(&mut self, global: Global) -> Result<(), Failure> {
        if let (None, Some(user)) = (&self.bearer, &mut self.user) {
            add_password("host", user)?;
        }
        let wanted = self.netrc || self.netrc_optional || self.netrc_file.is_some();
        if !wanted || self.bearer.is_some() {
            return Ok(());
        }
        match self.read_netrc() {
            Ok(netrc) => self.known = netrc.map(|netrc| netrc.by(self.schemes.kind())),
            Err(problem) if self.netrc_optional || self.user.is_some() => warn(global, &problem),
            Err(problem) => return Err(Failure::new(exit::READ_ERROR, problem)),
        }
        Ok(())
    }

    /// What is shown to this URL.
    pub fn credentials(&self, url: &Url) -> Option<Credentials> {
        if let Some(token) = &self.bearer {
            return Some(Credentials::bearer(token.as_str()));
        }
        let (user, password) = self.find(url)?;
        Some(self.schemes.kind()(user, password))
    }

    /// Where others are looked up that redirects lead to.
    pub fn known(&self) -> Option<&Netrc> {
        self.known.as_ref()
    }

    fn find(&self, url: &Url) -> Option<User> {
        if let Some(user) = &self.user {
            return Some(user_and_password(user));
        }
        let user = percent::decode(url.username());
        let password = url.password().map(percent::decode);
        let settled = self.netrc_optional && password.is_some();
        if let (Some(netrc), false) = (&self.known, settled) {
            let user = Some(user.as_slice()).filter(|user| !user.is_empty());
            let host = url.host_str().trim_matches(['[', ']']);
            if let Some((user, password)) = netrc.find(host, user) {
                return Some((user.to_vec(), password.to_vec()));
            }
        }
        let has_some = !user.is_empty() || password.is_some();
        has_some.then(|| (user, password.unwrap_or_default()))
    }

    /// That a file which nobody named is not there means nothing.
    fn read_netrc(&self) -> Result<Option<Netrc>, String> {
        let named = self.netrc_file.as_ref().map(|name| data::path(name).to_owned());
        let Some(path) = named.clone().or_else(default_netrc) else { return Ok(None) };
        let told = |what: &dyn std::fmt::Display| format!("{}: {}", path.display(), what);
        match File::open(&path).and_then(read_bounded) {
            Ok(text) => Netrc::parse(text).map(Some).map_err(|error| told(&error)),
            Err(_) if named.is_none() && !path.exists() => Ok(None),
            Err(error) => Err(told(&error)),
        }
    }
}

impl Schemes {
    /// What makes credentials of a name and a password.
    pub fn kind(self) -> Kind {
        match self {
            Schemes { any: true, .. } | Schemes { digest: true, basic: true, .. } => {
                Credentials::any
            }
            Schemes { digest: true, .. } => Credentials::digest,
            _ => Credentials::basic,
        }
    }
}

/// What stands before the first colon, and what behind it.
pub fn user_and_password(given: &[u8]) -> User {
    let colon = given.iter().position(|&byte| byte == b':').unwrap_or(given.len());
    let password = given.get(colon + 1..).unwrap_or_default();
    (given[..colon].to_vec(), password.to_vec())
}

/// No netrc file is longer than that, and it may be no file at all.
fn read_bounded(file: File) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    file.take(1 << 20).read_to_end(&mut text)?;
    Ok(text)
}

/// `$NETRC`, or `.netrc` in the home folder.
fn default_netrc() -> Option<PathBuf> {
    match env::var_os("NETRC") {
        Some(path) => Some(PathBuf::from(path)),
        None => Some(folder("HOME").or_else(|| folder("USERPROFILE"))?.join(".netrc")),
    }
}

/// Completes a name without a colon by the password, which is asked for.
pub fn add_password(whose: &str, user: &mut Vec<u8>) -> Result<(), Failure> {
    if !user.contains(&b':') {
        let password = ask_password(whose, user)?;
        user.push(b':');
        user.extend(password);
    }
    Ok(())
}

/// Asks at the terminal, wherever standard input comes from, with the echo off if there is an `stty`.
/// Without a terminal it is a line of standard input, and at its end there is no password.
fn ask_password(whose: &str, user: &[u8]) -> Result<Vec<u8>, Failure> {
    let user = String::from_utf8_lossy(user);
    let prompt = format!("Enter {} password for user '{}':", whose, user);
    warn::write(prompt.as_bytes());
    let read = match File::open("/dev/tty") {
        Ok(terminal) => without_echo(&terminal, || line(&mut BufReader::new(&terminal))),
        Err(_) => line(&mut io::stdin().lock()),
    };
    warn::write(b"\n");
    read.map_err(|error| Failure::new(exit::READ_ERROR, format!("no password: {}", error)))
}

fn without_echo<T>(terminal: &File, read: impl FnOnce() -> T) -> T {
    let echo = |mode: &str| {
        let input = terminal.try_clone().map(Stdio::from);
        let stty = input.and_then(|input| Command::new("stty").arg(mode).stdin(input).status());
        stty.is_ok_and(|status| status.success())
    };
    let hidden = echo("-echo");
    let result = read();
    if hidden {
        echo("echo");
    }
    result
}

fn line(input: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    input.read_until(b'\n', &mut line)?;
    while matches!(line.last(), Some(b'\n' | b'\r')) {
        line.pop();
    }
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "machine a login n password p\nmachine a login u password q\n\
                        machine ::1 login six password p";

    /// The name and the password, with a colon between.
    fn found(login: Login, url: &str) -> Option<String> {
        let url = Url::parse(url).expect("it is one");
        let (user, password) = login.find(&url)?;
        Some(String::from_utf8([user, password].join(&b':')).expect("it is text"))
    }

    fn login(user: &str, file: &str, optional: bool) -> Login {
        let user = Some(user.as_bytes().to_vec()).filter(|user| !user.is_empty());
        let known = Some(Netrc::parse(file).expect("it is one"));
        Login { user, known, netrc_optional: optional, ..Login::default() }
    }

    #[test]
    fn ok_what_comes_first_is_shown() {
        for (user, url, required, optional) in [
            ("x:y:z", "http://n@a/", Some("x:y:z"), Some("x:y:z")),
            (":", "http://a/", Some(":"), Some(":")),
            ("", "http://a/", Some("n:p"), Some("n:p")),
            ("", "http://u@a/", Some("u:q"), Some("u:q")),
            ("", "http://u:r@a/", Some("u:q"), Some("u:r")),
            ("", "http://v:r@a/", Some("v:r"), Some("v:r")),
            ("", "http://v%40@a/", Some("v@:"), Some("v@:")),
            ("", "http://b/", None, None),
            ("", "http://[::1]:81/", Some("six:p"), Some("six:p")),
        ] {
            for (optional, expected) in [(false, required), (true, optional)] {
                let login = login(user, FILE, optional);
                let shown = found(login, url);
                assert_eq!(shown.as_deref(), expected, "{} {} {}", user, url, optional);
            }
        }
    }

    #[test]
    fn ok_several_kinds_leave_the_choice_to_the_server() {
        for ((any, digest, basic), shown) in [
            ((false, false, false), "Credentials(basic)"),
            ((false, false, true), "Credentials(basic)"),
            ((false, true, false), "Credentials(digest)"),
            ((false, true, true), "Credentials(any)"),
            ((true, false, false), "Credentials(any)"),
        ] {
            let schemes = Schemes { any, digest, basic };
            let login = Login { schemes, ..login("u:p", "", false) };
            let url = Url::parse("http://a/").expect("it is one");
            assert_eq!(format!("{:?}", login.credentials(&url).expect("there are some")), shown);
        }
    }
}
