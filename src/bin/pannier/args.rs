//! What was asked for: the command line and config files as a list of operations.
//!
//! `--next` begins an operation; the options before it are forgotten, but for the global ones.
//! Nothing here touches the network. Files named by `@` are read at once, as curl does, so that
//! their errors are errors of the command line.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::config_file;
use crate::data;
use crate::flags::{self, Flag, Set};
use crate::lab;
use crate::warn::warn;

/// A command line, read.
#[derive(Default)]
pub struct Args {
    pub global: Global,
    /// At least one.
    pub operations: Vec<Operation>,
    pub lab: lab::Options,
    /// The category asked for, or "".
    pub help: Option<String>,
    pub version: bool,
    /// How many config files are being read: none on the command line itself.
    depth: u32,
}

/// Options that hold for all operations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Global {
    pub silent: bool,
    pub show_error: bool,
    pub verbose: bool,
}

impl Global {
    /// Are errors told?
    pub fn tells_errors(self) -> bool {
        !self.silent || self.show_error
    }
}

/// The URLs between two `--next` with their options.
pub struct Operation {
    pub slots: Vec<Slot>,
    pub method: Option<String>,
    /// Lines as given: `Name: value`, `Name:` or `Name;`.
    pub headers: Vec<Vec<u8>>,
    pub data: Option<Vec<u8>>,
    pub json: bool,
    pub query: Option<Vec<u8>>,
    pub get: bool,
    pub head: bool,
    pub show_headers: bool,
    pub output_dir: Option<Vec<u8>>,
    pub create_dirs: bool,
    pub dump_header: Option<Vec<u8>>,
    pub user_agent: Option<Vec<u8>>,
    pub referer: Option<Vec<u8>>,
    pub auto_referer: bool,
    pub cookies: Option<Vec<u8>>,
    pub user: Option<Vec<u8>>,
    pub bearer: Option<String>,
    pub fail: Fail,
    pub range: Option<String>,
    pub max_filesize: Option<u64>,
    pub resolve: Vec<String>,
    pub connect_to: Vec<Vec<u8>>,
    pub unix: Option<UnixPath>,
    pub family: Family,
    pub version: Version,
    pub target: Option<String>,
    pub path_as_is: bool,
    pub ignore_content_length: bool,
    pub raw: bool,
    pub connect_timeout: Option<Duration>,
    pub max_time: Option<Duration>,
    pub location: bool,
    pub location_trusted: bool,
    /// `None`: any number.
    pub max_redirs: Option<u32>,
    pub post301: bool,
    pub post302: bool,
    pub post303: bool,
    pub write_out: Option<Vec<u8>>,
    pub globoff: bool,
}

/// A URL with what it alone has: where its output goes and what is sent to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slot {
    pub url: Option<Vec<u8>>,
    pub output: Option<Out>,
    pub upload: Option<Vec<u8>>,
}

/// Where output goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Out {
    Stdout,
    /// A path in which `#1` stands for what the first glob matched; `-` is standard output.
    File(Vec<u8>),
    /// The last segment of the URL's path.
    Remote,
}

/// What a status of 400 or more does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fail {
    Never,
    WithoutBody,
    WithBody,
}

/// Which addresses may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    Any,
    V4,
    V6,
}

/// The version of HTTP to speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    Http10,
    Http11,
}

/// A Unix domain socket.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum UnixPath {
    Named(Vec<u8>),
    Abstract(Vec<u8>),
}

/// What is wrong with an option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    Unknown,
    NeedsValue,
    TakesNoValue,
    NotANumber,
    NotPositive,
    NotText,
    /// A file could not be read: told already, or told by this sentence.
    Unreadable(String),
    /// A sentence.
    Wrong(String),
    /// An option in a config file; the inner message is complete.
    Nested(Usage),
}

/// A command line that cannot be obeyed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    pub message: String,
    pub code: u8,
}

impl Usage {
    fn new(word: &str, problem: Problem) -> Usage {
        let code = match problem {
            Problem::Unreadable(_) => 26,
            Problem::Nested(usage) => return usage,
            _ => 2,
        };
        Usage { message: format!("option {}: {}", word, problem), code }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Unknown => f.write_str("is unknown"),
            Problem::NeedsValue => f.write_str("requires parameter"),
            Problem::TakesNoValue => f.write_str("had unsupported trailing garbage"),
            Problem::NotANumber => f.write_str("expected a proper numerical parameter"),
            Problem::NotPositive => f.write_str("expected a positive numerical parameter"),
            Problem::NotText => f.write_str("expected text in UTF-8"),
            Problem::Unreadable(why) | Problem::Wrong(why) => f.write_str(why),
            Problem::Nested(usage) => f.write_str(&usage.message),
        }
    }
}

impl Args {
    /// No operation but one empty one.
    pub fn new() -> Args {
        Args { operations: vec![Operation::new()], ..Args::default() }
    }

    /// Reads the words behind the program's name. Unless the first is `-q`, `default_config` comes
    /// before them.
    pub fn parse(words: &[Vec<u8>], default_config: Option<PathBuf>) -> Result<Args, Usage> {
        let mut args = Args::new();
        let quiet =
            words.first().is_some_and(|word| word.starts_with(b"-q") || word == b"--disable");
        if let (false, Some(path)) = (quiet, default_config) {
            let text = std::fs::read(&path).unwrap_or_default();
            args.read_lines(&path.to_string_lossy(), &text)?;
        }
        args.read_words(words)?;
        Ok(args)
    }

    /// The operation that options now belong to.
    pub fn op(&mut self) -> &mut Operation {
        if self.operations.is_empty() {
            self.operations.push(Operation::new());
        }
        self.operations.last_mut().expect("one was pushed if there was none")
    }

    /// `--next`.
    pub fn next(&mut self) -> Result<(), Problem> {
        if self.op().slots.iter().any(|slot| slot.url.is_some()) {
            self.operations.push(Operation::new());
            Ok(())
        } else if self.depth > 0 {
            // A config file may begin with it, whatever came before.
            Ok(())
        } else {
            Err(Problem::Wrong("missing URL before --next".to_owned()))
        }
    }

    /// `--config`.
    pub fn read_config(&mut self, name: &[u8]) -> Result<(), Problem> {
        if self.depth >= MAX_DEPTH {
            return Err(Problem::Wrong("config files are nested too deeply".to_owned()));
        }
        let text = data::read_file(name)
            .map_err(|error| Problem::Unreadable(format!("cannot read config: {}", error)))?;
        self.read_lines(&String::from_utf8_lossy(name), &text).map_err(Problem::Nested)
    }

    /// `--range`, with curl's repairs.
    pub fn set_range(&mut self, value: &[u8]) -> Result<(), Problem> {
        let mut range = text(value)?;
        if range.bytes().all(|byte| byte.is_ascii_digit()) {
            warn(
                self.global,
                "A specified range MUST include at least one dash (-). Appending one for you!",
            );
            range.push('-');
        } else if !range.bytes().all(|b| b.is_ascii_digit() || b == b'-' || b == b',') {
            warn(
                self.global,
                "Invalid character is found in given range. A specified range MUST have only \
                 digits in 'start'-'stop'. The server's response to this request is uncertain.",
            );
        }
        self.op().range = Some(range);
        Ok(())
    }

    fn read_words(&mut self, words: &[Vec<u8>]) -> Result<(), Usage> {
        let mut rest = words.iter();
        let mut options = true;
        while let Some(word) = rest.next() {
            if options && word == b"--" {
                options = false;
            } else if options && word.first() == Some(&b'-') {
                let (next, used) = (
                    rest.as_slice().first(),
                    self.option(word, rest.as_slice().first().map(Vec::as_slice))?,
                );
                if used && next.is_some() {
                    rest.next();
                }
            } else {
                self.op().add_url(word);
            }
        }
        Ok(())
    }

    fn read_lines(&mut self, file: &str, text: &[u8]) -> Result<(), Usage> {
        self.depth += 1;
        for line in config_file::lines(text) {
            let place = || format!("{}:{}", file, line.number);
            if line.unquoted_rest {
                let text = format!(
                    "{}: warning: '{}' uses unquoted whitespace in the option value that may \
                     cause unexpected results!",
                    place(),
                    String::from_utf8_lossy(&line.option)
                );
                warn(self.global, &text);
            }
            self.config_option(&line).map_err(|usage| Usage {
                message: format!("{}: {}", place(), usage.message),
                code: usage.code,
            })?;
        }
        self.depth -= 1;
        Ok(())
    }

    fn config_option(&mut self, line: &config_file::Line) -> Result<(), Usage> {
        let mut word = line.option.clone();
        if !word.starts_with(b"-") {
            word.splice(0..0, *b"--");
        }
        let used = self.option(&word, line.value.as_deref())?;
        match &line.value {
            Some(value) if !used && !value.is_empty() => {
                let shown = String::from_utf8_lossy(&line.option);
                Err(Usage::new(&shown, Problem::TakesNoValue))
            }
            _ => Ok(()),
        }
    }

    /// Obeys one word of options; true if it took `next`.
    fn option(&mut self, word: &[u8], next: Option<&[u8]>) -> Result<bool, Usage> {
        let shown = String::from_utf8_lossy(word).into_owned();
        self.obey(word, next).map_err(|problem| Usage::new(&shown, problem))
    }

    fn obey(&mut self, word: &[u8], next: Option<&[u8]>) -> Result<bool, Problem> {
        if let Some(name) = word.strip_prefix(b"--") {
            let name = std::str::from_utf8(name).map_err(|_| Problem::Unknown)?;
            let (flag, on) = long_option(name).ok_or(Problem::Unknown)?;
            return self.set(flag, on, next);
        }
        let letters = &word[1..];
        if letters.is_empty() {
            return Err(Problem::Unknown);
        }
        for (index, &letter) in letters.iter().enumerate() {
            let flag = flags::by_short(char::from(letter)).ok_or(Problem::Unknown)?;
            let attached = &letters[index + 1..];
            if matches!(flag.set, Set::Value(..)) && !attached.is_empty() {
                self.set(flag, true, Some(attached))?;
                return Ok(false);
            }
            let last = attached.is_empty();
            let used = self.set(flag, true, next.filter(|_| last))?;
            if last {
                return Ok(used);
            }
        }
        Ok(false)
    }

    fn set(&mut self, flag: &Flag, on: bool, value: Option<&[u8]>) -> Result<bool, Problem> {
        match flag.set {
            Set::Switch(set) => {
                set(self, on);
                Ok(false)
            }
            Set::Act(act) => act(self).map(|()| false),
            Set::Optional(_, set) => {
                let value = value.filter(|value| !value.starts_with(b"-"));
                set(self, value).map(|()| value.is_some())
            }
            Set::Value(_, set) => {
                let value = value.ok_or(Problem::NeedsValue)?;
                if value.starts_with(CURLY_QUOTE) {
                    let text = format!(
                        "The argument '{}' starts with a Unicode character. Maybe ASCII was intended?",
                        String::from_utf8_lossy(value)
                    );
                    warn(self.global, &text);
                }
                set(self, value).map(|()| true)
            }
        }
    }
}

/// The option of this name and whether it is switched on. Some are named by their opposite.
fn long_option(name: &str) -> Option<(&'static Flag, bool)> {
    if let Some(flag) = flags::by_long(name) {
        return Some((flag, true));
    }
    let opposite = match name.strip_prefix("no-") {
        Some(name) => flags::by_long(name),
        None => flags::by_long(&format!("no-{}", name)),
    };
    opposite.filter(|flag| matches!(flag.set, Set::Switch(_))).map(|flag| (flag, false))
}

impl Operation {
    /// Nothing asked for.
    pub fn new() -> Operation {
        Operation {
            slots: Vec::new(),
            method: None,
            headers: Vec::new(),
            data: None,
            json: false,
            query: None,
            get: false,
            head: false,
            show_headers: false,
            output_dir: None,
            create_dirs: false,
            dump_header: None,
            user_agent: None,
            referer: None,
            auto_referer: false,
            cookies: None,
            user: None,
            bearer: None,
            fail: Fail::Never,
            range: None,
            max_filesize: None,
            resolve: Vec::new(),
            connect_to: Vec::new(),
            unix: None,
            family: Family::Any,
            version: Version::Http11,
            target: None,
            path_as_is: false,
            ignore_content_length: false,
            raw: false,
            connect_timeout: None,
            max_time: None,
            location: false,
            location_trusted: false,
            max_redirs: Some(DEFAULT_REDIRECTS),
            post301: false,
            post302: false,
            post303: false,
            write_out: None,
            globoff: false,
        }
    }

    /// A URL, for the first slot that has none.
    pub fn add_url(&mut self, url: &[u8]) {
        self.slot(|slot| slot.url.is_none()).url = Some(url.to_vec());
    }

    /// An output, for the first slot that has none.
    pub fn add_output(&mut self, out: Out) {
        self.slot(|slot| slot.output.is_none()).output = Some(out);
    }

    /// A file to send, for the first slot that has none.
    pub fn add_upload(&mut self, file: &[u8]) {
        self.slot(|slot| slot.upload.is_none()).upload = Some(file.to_vec());
    }

    fn slot(&mut self, free: fn(&Slot) -> bool) -> &mut Slot {
        let index = match self.slots.iter().position(free) {
            Some(index) => index,
            None => {
                self.slots.push(Slot::default());
                self.slots.len() - 1
            }
        };
        &mut self.slots[index]
    }

    /// A piece of form data; pieces are joined by `&`.
    pub fn add_data(&mut self, piece: Vec<u8>) -> Result<(), Problem> {
        match &mut self.data {
            Some(data) => {
                data.push(b'&');
                data.extend(piece);
            }
            None => self.data = Some(piece),
        }
        Ok(())
    }

    /// A piece of JSON; pieces follow each other as they are.
    pub fn add_json(&mut self, piece: Vec<u8>) -> Result<(), Problem> {
        self.json = true;
        self.data.get_or_insert_with(Vec::new).extend(piece);
        Ok(())
    }

    /// A piece of the query; pieces are joined by `&`.
    pub fn add_query(&mut self, piece: Vec<u8>) -> Result<(), Problem> {
        match &mut self.query {
            Some(query) => {
                query.push(b'&');
                query.extend(piece);
            }
            None => self.query = Some(piece),
        }
        Ok(())
    }

    /// A header line, or `@file` with one per line.
    pub fn add_header(&mut self, value: &[u8]) -> Result<(), Problem> {
        match value.strip_prefix(b"@") {
            None => self.headers.push(value.to_vec()),
            Some(name) => {
                let text = data::read_file(name).map_err(data::unreadable)?;
                let lines = text.split(|&byte| byte == b'\n');
                let lines = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line));
                self.headers.extend(lines.filter(|line| !line.is_empty()).map(<[u8]>::to_vec));
            }
        }
        Ok(())
    }

    /// Cookies to send. Without a `=` the value would name a file.
    pub fn add_cookie(&mut self, value: &[u8]) -> Result<(), Problem> {
        if !value.contains(&b'=') {
            let sentence = "takes NAME=VALUE pairs; cookie files are not supported yet";
            return Err(Problem::Wrong(sentence.to_owned()));
        }
        match &mut self.cookies {
            Some(cookies) => {
                cookies.push(b';');
                cookies.extend(value);
            }
            None => self.cookies = Some(value.to_vec()),
        }
        Ok(())
    }

    /// The Referer, perhaps with `;auto` behind it.
    pub fn set_referer(&mut self, value: &[u8]) {
        let (value, auto) = match value.strip_suffix(b";auto") {
            Some(value) => (value, true),
            None => (value, false),
        };
        self.auto_referer = auto;
        self.referer = Some(value.to_vec()).filter(|value| !value.is_empty());
    }
}

/// An argument that has to be text.
pub fn text(value: &[u8]) -> Result<String, Problem> {
    String::from_utf8(value.to_vec()).map_err(|_| Problem::NotText)
}

/// A number without sign.
pub fn number(value: &[u8]) -> Result<u64, Problem> {
    pannier::http::token::decimal(value).ok_or(Problem::NotANumber)
}

/// Bytes; 0 is no limit.
pub fn size(value: &[u8]) -> Result<Option<u64>, Problem> {
    let (digits, unit) = match value {
        [digits @ .., b'k' | b'K'] => (digits, 1 << 10),
        [digits @ .., b'm' | b'M'] => (digits, 1 << 20),
        [digits @ .., b'g' | b'G'] => (digits, 1 << 30),
        digits => (digits, 1),
    };
    let bytes = number(digits)?.checked_mul(unit).ok_or(Problem::NotANumber)?;
    Ok(Some(bytes).filter(|&bytes| bytes > 0))
}

/// Redirects to follow; -1 is any number.
pub fn redirects(value: &[u8]) -> Result<Option<u32>, Problem> {
    match value {
        b"-1" => Ok(None),
        value => u32::try_from(number(value)?).map(Some).map_err(|_| Problem::NotANumber),
    }
}

/// Seconds with up to nine decimals; 0 is no limit.
pub fn seconds(value: &[u8]) -> Result<Option<Duration>, Problem> {
    if value.starts_with(b"-") {
        return Err(Problem::NotPositive);
    }
    let mut parts = value.splitn(2, |&byte| byte == b'.');
    let whole = number(parts.next().unwrap_or_default())?;
    let nanos = match parts.next() {
        Some(digits) => fraction(digits)?,
        None => 0,
    };
    Ok(Some(Duration::new(whole, nanos)).filter(|time| !time.is_zero()))
}

/// A time such as `40ms`, `40` or `0.2s`.
pub fn milliseconds(value: &[u8]) -> Result<Duration, Problem> {
    let time = match value.strip_suffix(b"ms") {
        Some(digits) => Some(Duration::from_millis(number(digits)?)),
        None => match value.strip_suffix(b"s") {
            Some(digits) => seconds(digits)?,
            None => Some(Duration::from_millis(number(value)?)),
        },
    };
    Ok(time.unwrap_or_default())
}

fn fraction(digits: &[u8]) -> Result<u32, Problem> {
    if digits.is_empty() {
        return Ok(0);
    }
    let digits = &digits[..digits.len().min(9)];
    let value = number(digits)? * 10u64.pow(9 - digits.len() as u32);
    u32::try_from(value).map_err(|_| Problem::NotANumber)
}

/// curl's default.
pub const DEFAULT_REDIRECTS: u32 = 50;
/// Config files may name config files, but not for ever.
const MAX_DEPTH: u32 = 16;
/// How the typographic quotes begin in UTF-8: a sign of a command pasted from a text processor.
const CURLY_QUOTE: &[u8] = b"\xe2\x80";

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &str) -> Result<Args, Usage> {
        let words: Vec<Vec<u8>> = words.split(' ').map(|word| word.into()).collect();
        Args::parse(&words, None)
    }

    fn first(words: &str) -> Operation {
        let mut args = parse(words).unwrap_or_else(|usage| panic!("{}", usage.message));
        args.operations.remove(0)
    }

    #[test]
    fn ok_short_options_combine_and_take_the_rest_as_value() {
        let args = parse("-sSLo file http://a/").unwrap_or_else(|u| panic!("{}", u.message));
        assert!(args.global.silent && args.global.show_error);
        let op = &args.operations[0];
        assert!(op.location);
        assert_eq!(op.slots[0].output, Some(Out::File(b"file".to_vec())));
        assert_eq!(first("-ofile a").slots[0].output, Some(Out::File(b"file".to_vec())));
    }

    #[test]
    fn ok_booleans_are_switched_off_by_no() {
        assert!(!first("-L --no-location a").location);
        assert!(first("--no-location -L a").location);
        assert!(parse("--buffer --progress-meter a").is_ok());
    }

    #[test]
    fn err_what_the_table_does_not_have() {
        for (words, message) in [
            ("--foo a", "option --foo: is unknown"),
            ("--output=x a", "option --output=x: is unknown"),
            ("-sZ a", "option -sZ: is unknown"),
            ("-", "option -: is unknown"),
            ("a -o", "option -o: requires parameter"),
            ("-so", "option -so: requires parameter"),
            ("--no-output a", "option --no-output: is unknown"),
            ("-m abc a", "option -m: expected a proper numerical parameter"),
            ("-m +5 a", "option -m: expected a proper numerical parameter"),
            ("-m -5 a", "option -m: expected a positive numerical parameter"),
            ("--max-redirs -2 a", "option --max-redirs: expected a proper numerical parameter"),
            ("--next a", "option --next: missing URL before --next"),
            ("--compressed a", "option --compressed: is unknown"),
        ] {
            let usage = parse(words).err().unwrap_or_else(|| panic!("{} is taken", words));
            assert_eq!((usage.message.as_str(), usage.code), (message, 2));
        }
    }

    #[test]
    fn ok_urls_outputs_and_uploads_pair_in_order() {
        let op = first("-o 1 a -T x -T y b -o 2 -o 3");
        let urls: Vec<_> = op.slots.iter().map(|slot| slot.url.as_deref()).collect();
        assert_eq!(urls, [Some(&b"a"[..]), Some(b"b"), None]);
        let uploads: Vec<_> = op.slots.iter().map(|slot| slot.upload.as_deref()).collect();
        assert_eq!(uploads, [Some(&b"x"[..]), Some(b"y"), None]);
        assert_eq!(op.slots[2].output, Some(Out::File(b"3".to_vec())));
    }

    #[test]
    fn ok_next_starts_afresh_but_for_global_options() {
        let args = parse("-s -L a --next -- -b").unwrap_or_else(|u| panic!("{}", u.message));
        assert!(args.global.silent);
        assert!(args.operations[0].location && !args.operations[1].location);
        assert_eq!(args.operations[1].slots[0].url.as_deref(), Some(&b"-b"[..]));
    }

    #[test]
    fn ok_times_and_sizes() {
        for (text, millis) in [("2", 2000), ("0.25", 250), (".5", 0), ("1.", 1000), ("0.0015", 1)] {
            let time = seconds(text.as_bytes()).ok().flatten().map(|time| time.as_millis());
            // Digits must precede the point.
            let expected = if text == ".5" { None } else { Some(millis) };
            assert_eq!(time, expected, "{}", text);
        }
        assert_eq!(seconds(b"0"), Ok(None));
        assert_eq!(size(b"2k"), Ok(Some(2048)));
        assert_eq!(size(b"0"), Ok(None));
        assert!(size(b"18446744073709551615G").is_err());
        assert_eq!(milliseconds(b"40ms"), Ok(Duration::from_millis(40)));
        assert_eq!(milliseconds(b"0.2s"), Ok(Duration::from_millis(200)));
    }

    #[test]
    fn ok_data_joins_and_json_concatenates() {
        assert_eq!(first("-d a=1 --data-raw @b x").data.as_deref(), Some(&b"a=1&@b"[..]));
        assert_eq!(first("--json {1, --json 2} x").data.as_deref(), Some(&b"{1,2}"[..]));
    }

    #[test]
    fn ok_referer_auto() {
        let op = first("-e here;auto x");
        assert!(op.auto_referer && op.referer.as_deref() == Some(b"here"));
        let op = first("-e ;auto x");
        assert!(op.auto_referer && op.referer.is_none());
    }
}
