//! The netrc file: which name and password go to which host.
//!
//! The format has no standard; this is what curl reads. [`Netrc`] says what an entry is. Keywords have no
//! case; `macdef` begins a macro, which an empty line ends; a word in double quotes may hold white space
//! and, behind backslashes, quotes and `\n \r \t`.

use std::sync::Arc;
use std::{error, fmt};

use super::{Credentials, HostKeys};

/// Names and passwords by host, as a netrc file has them.
///
/// An entry is `machine HOST` or `default`, then any of `login NAME`, `password WORD` and `account WORD`
/// (which nobody here asks for), divided by white space. A word may stand in double quotes; lines that
/// begin with `#` are comments; macros are skipped, and so are words that are none of this.
///
/// Hosts are compared whole and without case, whatever the port. The first entry that fits holds,
/// `default` too. Clones share the entries. Nothing of it is ever displayed.
///
/// ```
/// use pannier::{Client, Credentials, Netrc};
///
/// let file = "machine example.com login me password \"my secret\"\n";
/// let netrc = Netrc::parse(file)?;
/// assert_eq!(netrc.find("EXAMPLE.com", None), Some((&b"me"[..], &b"my secret"[..])));
/// assert_eq!(netrc.find("www.example.com", None), None);
/// assert_eq!(netrc.find("example.com", Some(b"you")), None);
///
/// let client = Client::builder().netrc(netrc.by(Credentials::any)).build();
/// # Ok::<(), pannier::InvalidNetrc>(())
/// ```
#[derive(Clone)]
pub struct Netrc(Arc<Inner>);

struct Inner {
    entries: Arc<[Entry]>,
    /// What is shown for each of them.
    credentials: Vec<Credentials>,
    kind: Kind,
}

/// What makes credentials of a name and a password.
type Kind = fn(Vec<u8>, Vec<u8>) -> Credentials;

#[derive(Default)]
struct Entry {
    /// `None` is `default`.
    host: Option<Vec<u8>>,
    /// `None` fits every name.
    login: Option<Vec<u8>>,
    password: Option<Vec<u8>>,
}

impl Netrc {
    /// Reads the content of a netrc file. Its names and passwords are for Basic authentication
    /// unless [`by`](Netrc::by) says otherwise.
    ///
    /// # Errors
    /// A quoted word is not closed, a word is longer than 4 KiB, or the file longer than 128 KiB.
    pub fn parse(text: impl AsRef<[u8]>) -> Result<Netrc, InvalidNetrc> {
        let text = text.as_ref();
        if text.len() > LONGEST_FILE {
            return Err(InvalidNetrc { line: 1, rule: Rule::FileTooLong });
        }
        let mut words = Words { text, at: 0 };
        let mut entries: Vec<Entry> = Vec::new();
        while let Some(keyword) = words.keyword()? {
            match (keyword, entries.last_mut()) {
                (Keyword::Machine, _) => {
                    let host = words.next()?;
                    entries.extend(host.map(|host| Entry { host: Some(host), ..Entry::default() }));
                }
                (Keyword::Default, _) => entries.push(Entry::default()),
                (Keyword::Macdef, _) => words.skip_macro(),
                (Keyword::Login, Some(entry)) => entry.login = words.next()?,
                (Keyword::Password, Some(entry)) => entry.password = words.next()?,
                (Keyword::Account, _) | (Keyword::Login | Keyword::Password, None) => {
                    drop(words.next()?);
                }
            }
        }
        Ok(Netrc::of(entries.into(), Credentials::basic))
    }

    /// The same for another kind of authentication: [`Credentials::digest`] or [`Credentials::any`].
    #[must_use]
    pub fn by(self, kind: fn(Vec<u8>, Vec<u8>) -> Credentials) -> Netrc {
        Netrc::of(Arc::clone(&self.0.entries), kind)
    }

    /// The name and the password for a host, those of this user if one is given. An IPv6 address has
    /// no brackets here.
    pub fn find<'a>(&'a self, host: &str, user: Option<&'a [u8]>) -> Option<(&'a [u8], &'a [u8])> {
        let entry = &self.0.entries[self.position(host, user)?];
        let user = entry.login.as_deref().or(user);
        Some((user.unwrap_or_default(), entry.password.as_deref().unwrap_or_default()))
    }

    fn of(entries: Arc<[Entry]>, kind: Kind) -> Netrc {
        let value = |value: &Option<Vec<u8>>| value.clone().unwrap_or_default();
        let credentials =
            entries.iter().map(|entry| kind(value(&entry.login), value(&entry.password))).collect();
        Netrc(Arc::new(Inner { entries, credentials, kind }))
    }

    fn position(&self, host: &str, user: Option<&[u8]>) -> Option<usize> {
        self.0.entries.iter().position(|entry| entry.is_for(host) && entry.has(user))
    }
}

impl HostKeys for Netrc {
    fn credentials(&self, host: &str, user: Option<&[u8]>) -> Option<Credentials> {
        let index = self.position(host, user)?;
        if self.0.entries[index].login.is_some() {
            return Some(self.0.credentials[index].clone());
        }
        let (user, password) = self.find(host, user)?;
        Some((self.0.kind)(user.to_vec(), password.to_vec()))
    }
}

impl Entry {
    fn is_for(&self, host: &str) -> bool {
        self.host.as_ref().map_or(true, |own| own.eq_ignore_ascii_case(host.as_bytes()))
    }

    /// Is there anything in it for this user?
    fn has(&self, user: Option<&[u8]>) -> bool {
        match (&self.login, user) {
            (Some(login), Some(user)) => login == user && self.password.is_some(),
            (Some(_), None) => true,
            (None, _) => self.password.is_some(),
        }
    }
}

/// How many entries there are: whatever else there is would be a secret.
impl fmt::Debug for Netrc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Netrc({} entries)", self.0.entries.len())
    }
}

#[derive(Clone, Copy)]
enum Keyword {
    Machine,
    Default,
    Login,
    Password,
    Account,
    Macdef,
}

const KEYWORDS: [(&str, Keyword); 6] = [
    ("machine", Keyword::Machine),
    ("default", Keyword::Default),
    ("login", Keyword::Login),
    ("password", Keyword::Password),
    ("account", Keyword::Account),
    ("macdef", Keyword::Macdef),
];

/// The words of a file, and how far it has been read.
struct Words<'a> {
    text: &'a [u8],
    at: usize,
}

impl Words<'_> {
    /// The next word that says what follows, and is not quoted.
    fn keyword(&mut self) -> Result<Option<Keyword>, InvalidNetrc> {
        loop {
            self.skip_space();
            let quoted = self.peek() == Some(b'"');
            let word = match self.next()? {
                Some(word) => word,
                None => return Ok(None),
            };
            let is = |name: &str| !quoted && word.eq_ignore_ascii_case(name.as_bytes());
            if let Some((_, keyword)) = KEYWORDS.iter().find(|(name, _)| is(name)) {
                return Ok(Some(*keyword));
            }
        }
    }

    fn next(&mut self) -> Result<Option<Vec<u8>>, InvalidNetrc> {
        self.skip_space();
        let (start, mut word) = (self.at, Vec::new());
        match self.peek() {
            None => return Ok(None),
            Some(b'"') => self.quoted(&mut word)?,
            Some(_) => {
                let length = self.text[self.at..].iter().take_while(|byte| !is_space(byte)).count();
                self.at += length;
                word.extend_from_slice(&self.text[start..self.at]);
            }
        }
        match word.len() > LONGEST_WORD {
            true => Err(self.fault(start, Rule::WordTooLong)),
            false => Ok(Some(word)),
        }
    }

    fn quoted(&mut self, word: &mut Vec<u8>) -> Result<(), InvalidNetrc> {
        let start = self.at;
        self.at += 1;
        while let Some(byte) = self.take() {
            match byte {
                b'"' => return Ok(()),
                b'\\' => word.push(match self.take() {
                    Some(b'n') => b'\n',
                    Some(b'r') => b'\r',
                    Some(b't') => b'\t',
                    Some(other) => other,
                    None => break,
                }),
                byte => word.push(byte),
            }
        }
        Err(self.fault(start, Rule::Unclosed))
    }

    /// White space, and lines that are comments.
    fn skip_space(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b'#' if self.begins_line() => self.skip_line(),
                byte if is_space(&byte) => self.at += 1,
                _ => return,
            }
        }
    }

    /// Up to a line that is empty.
    fn skip_macro(&mut self) {
        loop {
            self.skip_line();
            self.at += usize::from(self.peek().is_some());
            let line = self.text[self.at..].split(|&byte| byte == b'\n').next();
            if self.peek().is_none() || matches!(line, Some(b"" | b"\r")) {
                return;
            }
        }
    }

    fn skip_line(&mut self) {
        self.at += self.text[self.at..].iter().take_while(|&&byte| byte != b'\n').count();
    }

    /// Is there nothing but blanks before this place in its line?
    fn begins_line(&self) -> bool {
        let before = self.text[..self.at].iter().rev();
        !before.take_while(|&&byte| byte != b'\n').any(|byte| !is_space(byte))
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn take(&mut self) -> Option<u8> {
        let byte = self.peek();
        self.at += usize::from(byte.is_some());
        byte
    }

    fn fault(&self, at: usize, rule: Rule) -> InvalidNetrc {
        let line = 1 + self.text[..at].iter().filter(|&&byte| byte == b'\n').count();
        InvalidNetrc { line, rule }
    }
}

fn is_space(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// The text is no netrc file.
#[derive(Clone, PartialEq, Eq)]
pub struct InvalidNetrc {
    line: usize,
    rule: Rule,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Rule {
    Unclosed,
    WordTooLong,
    FileTooLong,
}

/// Where, and what: never what is written there.
impl fmt::Display for InvalidNetrc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rule = match self.rule {
            Rule::Unclosed => "a quoted word is not closed",
            Rule::WordTooLong => "a word is longer than 4 KiB",
            Rule::FileTooLong => return f.write_str("the netrc file is longer than 128 KiB"),
        };
        write!(f, "line {} of the netrc file: {}", self.line, rule)
    }
}

impl fmt::Debug for InvalidNetrc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InvalidNetrc({})", self)
    }
}

impl error::Error for InvalidNetrc {}

const LONGEST_FILE: usize = 128 << 10;
const LONGEST_WORD: usize = 4 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn found(file: &str, host: &str, user: &str) -> Option<(String, String)> {
        let user = Some(user.as_bytes()).filter(|user| !user.is_empty());
        let netrc = Netrc::parse(file).unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        netrc.find(host, user).map(|(user, password)| (text(user), text(password)))
    }

    #[test]
    fn ok_entries_are_found_by_host_and_name() {
        let two = "machine a login x password 1\nmachine a login y password 2\n";
        let first = "default login d password 0\n machine a login x password 1";
        let odd =
            "machine a\npassword w\npassword p1\nlogin x\n\nmachine a\n\nmachine a\nlogin y\n\
            machine a\npassword w\npassword \"p2\\r\"\nlogin y";
        let table = [
            ("machine a login x password y", "a", "", Some(("x", "y"))),
            ("MACHINE A\r\n\tLogin x\r\n\tPASSWORD y\r\n", "a", "", Some(("x", "y"))),
            ("machine a login x password y", "A", "", Some(("x", "y"))),
            ("machine a login x password y", "aa", "", None),
            ("machine a login x password y", "a.", "", None),
            ("machine a login x password y", "", "", None),
            ("machine a password y login x account z", "a", "", Some(("x", "y"))),
            ("machine a account login login x password y", "a", "", Some(("x", "y"))),
            ("machine a login login password password", "a", "", Some(("login", "password"))),
            ("machine ::1 login x password y", "::1", "", Some(("x", "y"))),
            (two, "a", "", Some(("x", "1"))),
            (two, "a", "y", Some(("y", "2"))),
            (two, "a", "Y", None),
            (odd, "a", "", Some(("x", "p1"))),
            (odd, "a", "y", Some(("y", "p2\r"))),
            // Half an entry.
            ("machine a login x", "a", "", Some(("x", ""))),
            ("machine a login x", "a", "x", None),
            ("machine a password y", "a", "", Some(("", "y"))),
            ("machine a password y", "a", "z", Some(("z", "y"))),
            ("machine a", "a", "", None),
            ("machine a login", "a", "", None),
            ("machine", "a", "", None),
            ("login x password y machine b", "b", "", None),
            // The first that fits, and the default fits all.
            (first, "a", "", Some(("d", "0"))),
            (first, "a", "x", Some(("x", "1"))),
            ("machine a login x password y default", "b", "", None),
            ("machine a login x password y default login z", "b", "", Some(("z", ""))),
            ("machine a default login z password q", "a", "", Some(("z", "q"))),
            // What is not an entry.
            ("# machine a login x password y\nmachine a login z", "a", "", Some(("z", ""))),
            (" \t#machine a\n", "a", "", None),
            ("machine a login x password #y", "a", "", Some(("x", "#y"))),
            ("machine a login x # no\n password y", "a", "", Some(("x", "y"))),
            ("what machine a ever login x", "a", "", Some(("x", ""))),
            ("macdef m\nmachine a login x\n\nmachine a login y", "a", "", Some(("y", ""))),
            ("macdef m\n\"machine a\r\n\r\nmachine a login y", "a", "", Some(("y", ""))),
            ("macdef m\n\nmachine a login y", "a", "", Some(("y", ""))),
            ("macdef", "a", "", None),
            // Quotes.
            ("machine a login \"x y\" password \"\"", "a", "", Some(("x y", ""))),
            (
                "machine \"a\" login \"\\\"\\n\\r\\t\\a\\\\\" password y",
                "a",
                "",
                Some(("\"\n\r\ta\\", "y")),
            ),
            ("machine a login x\"y password \"z\"w", "a", "", Some(("x\"y", "z"))),
            ("machine a login x password \"y\n# z\"", "a", "", Some(("x", "y\n# z"))),
            ("\"machine\" a login x", "a", "", None),
        ];
        for (file, host, user, expected) in table {
            let expected = expected.map(|(user, password)| (user.into(), password.into()));
            assert_eq!(found(file, host, user), expected, "{:?} {} {}", file, host, user);
        }
    }

    #[test]
    fn err_what_never_ends() {
        let long = format!("machine a\nlogin {}", "x".repeat(4097));
        for (file, message) in [
            ("machine a\n login \"x", "line 2 of the netrc file: a quoted word is not closed"),
            ("\"\\", "line 1 of the netrc file: a quoted word is not closed"),
            (&long, "line 2 of the netrc file: a word is longer than 4 KiB"),
            (&" ".repeat(131_073), "the netrc file is longer than 128 KiB"),
        ] {
            assert_eq!(Netrc::parse(file).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn ok_nothing_secret_is_shown() {
        let netrc = Netrc::parse("machine a login x password y").unwrap();
        assert_eq!(format!("{:?}", netrc), "Netrc(1 entries)");
    }
}
