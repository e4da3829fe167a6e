//! What was asked for: the command line and config files as a list of operations.
//!
//! `--next` begins an operation; the options before it are forgotten, but for the global ones
//! and the addresses of `--resolve`.
//! Nothing here touches the network. Files named by `@` are read at once, as curl does, so that
//! their errors are errors of the command line.

use std::path::PathBuf;
use std::time::Duration;

use pannier::http::token::decimal;

use crate::config_file;
use crate::data;
use crate::etag;
use crate::exit::{self, Failure};
use crate::flags::{self, Flag, Set};
use crate::lab;
use crate::list::List;
use crate::log::Manner;
use crate::operation::Operation;
use crate::progress::screen;
use crate::refused;
use crate::reports::Reports;
use crate::resume;
use crate::usage::{Problem, Usage};
use crate::values::{self, text};
use crate::warn::warn;

/// A command line, read.
#[derive(Default)]
pub struct Args {
    pub global: Global,
    /// At least one.
    pub operations: Vec<Operation>,
    pub lab: lab::Options,
    pub reports: Reports,
    /// Where `--trace` writes.
    pub trace: Option<Vec<u8>>,
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
    pub manner: Manner,
    /// Each part of the log has its time.
    pub trace_time: bool,
    pub progress_bar: bool,
    /// Names of fields are not made to stand out on a terminal.
    pub plain_output: bool,
    pub no_progress_meter: bool,
    pub parallel: bool,
    /// How many transfers run at a time; `None` is [`PARALLEL`].
    pub parallel_max: Option<usize>,
    /// How many connections to one host there may be then; `None` is any number.
    pub parallel_max_host: Option<usize>,
    /// How many requests may be in flight on a connection; 0 is 1.
    pub pipeline: usize,
    pub fail_early: bool,
    /// How far apart transfers begin.
    pub rate: Duration,
    pub jsonl: bool,
}

impl Global {
    /// Are errors told?
    pub fn tells_errors(self) -> bool {
        !self.silent || self.show_error
    }

    /// Is what happens told in sentences?
    pub fn is_verbose(self) -> bool {
        self.manner == Manner::Verbose
    }

    /// How many transfers run at a time.
    pub fn width(self) -> usize {
        match self.parallel {
            true => self.parallel_max.unwrap_or(PARALLEL),
            false => 1,
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
        let conflict = |op| resume::conflict(op).or_else(|| etag::conflict(op));
        match args.operations.iter().find_map(conflict) {
            Some(message) => Err(Usage { message: message.to_owned(), code: exit::USAGE }),
            None => Ok(args),
        }
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
            let mut next = Operation::new();
            // What names were said to be is known from then on.
            next.resolve.clone_from(&self.op().resolve);
            self.operations.push(next);
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

    /// `--url @file`: as if each URL in the file were given, and `-O` with it.
    pub fn add_listed(&mut self, file: &[u8]) -> Result<(), Problem> {
        let unreadable = |failure: Failure| Problem::Unreadable(failure.message);
        for entry in List::open(file).map_err(unreadable)? {
            self.op().add_listed(&entry.map_err(unreadable)?.text);
        }
        Ok(())
    }

    /// `--parallel-max`, with curl's repairs.
    pub fn set_parallel_max(&mut self, value: &[u8]) -> Result<(), Problem> {
        self.global.parallel_max = width(value)?;
        Ok(())
    }

    /// `--parallel-max-host`, with the same.
    pub fn set_parallel_max_host(&mut self, value: &[u8]) -> Result<(), Problem> {
        self.global.parallel_max_host = width(value)?;
        Ok(())
    }

    /// `-v`, unless it is switched off.
    pub fn set_verbose(&mut self, on: bool) {
        match (on, self.global.manner) {
            (true, manner) => {
                if matches!(manner, Manner::Ascii | Manner::Hex) {
                    let text = "-v, --verbose overrides an earlier trace/verbose option";
                    warn(self.global, text);
                }
                self.global.manner = Manner::Verbose;
            }
            (false, Manner::Verbose) => self.global.manner = Manner::Silent,
            (false, _) => {}
        }
    }

    /// `--trace` or `--trace-ascii`, written to a file.
    pub fn set_trace(&mut self, manner: Manner, name: &str, file: &[u8]) {
        if !matches!(self.global.manner, Manner::Silent) && self.global.manner != manner {
            let text = format!("--{} overrides an earlier trace/verbose option", name);
            warn(self.global, &text);
        }
        self.global.manner = manner;
        self.trace = Some(file.to_vec());
    }

    /// `--stderr`, from now on.
    pub fn set_stderr(&mut self, name: &[u8]) {
        if screen::redirect(name).is_err() {
            warn(self.global, &format!("Failed to open {}", String::from_utf8_lossy(name)));
        }
    }

    /// `--range`, with curl's repairs.
    pub fn set_range(&mut self, value: &[u8]) -> Result<(), Problem> {
        let mut range = text(values::content(value)?)?;
        let digits = value.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let first = decimal(&value[..digits]).filter(|_| value.get(digits) != Some(&b'-'));
        if let Some(first) = first {
            warn(
                self.global,
                "A specified range MUST include at least one dash (-). Appending one for you!",
            );
            range = format!("{}-", first);
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
                let next = rest.as_slice().first().map(Vec::as_slice);
                if self.option(word, next)? {
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
            return self.obey_long(name, next);
        }
        let letters = &word[1..];
        if letters.is_empty() {
            return Err(Problem::Unknown);
        }
        for (index, &letter) in letters.iter().enumerate() {
            let flag = short_option(char::from(letter))?;
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

    /// A value may stand behind a `=` too.
    fn obey_long(&mut self, word: &[u8], next: Option<&[u8]>) -> Result<bool, Problem> {
        let mut parts = word.splitn(2, |&byte| byte == b'=');
        let name = parts.next().unwrap_or_default();
        let name = std::str::from_utf8(name).map_err(|_| Problem::Unknown)?;
        let (flag, on) = long_option(name)?;
        let Some(value) = parts.next() else { return self.set(flag, on, next) };
        match self.set(flag, on, Some(value))? {
            true => Ok(false),
            false => Err(Problem::TakesNoValue),
        }
    }

    fn set(&mut self, flag: &Flag, on: bool, value: Option<&[u8]>) -> Result<bool, Problem> {
        if let Some(problem) = refused::by_category(flag.category) {
            return Err(problem);
        }
        match flag.set {
            Set::Switch(set) => {
                set(self, on);
                Ok(false)
            }
            Set::Act(act) => act(self).map(|()| false),
            Set::Optional(_, fits, set) => {
                let value = value.filter(|value| fits(value));
                set(self, value).map(|()| value.is_some())
            }
            Set::Value(hint, set) => {
                let value = value.ok_or(Problem::NeedsValue)?;
                self.doubt(flag.long, hint, value);
                set(self, value).map(|()| true)
            }
        }
    }

    /// Warns of a value that is most likely not meant as one.
    fn doubt(&self, option: &str, hint: &str, value: &[u8]) {
        if value.starts_with(CURLY_QUOTE) {
            // Not the argument itself, which may be a secret.
            let text = format!(
                "The argument of '--{}' starts with a Unicode character. Maybe ASCII was intended?",
                option
            );
            warn(self.global, &text);
        }
        if matches!(hint, "<file>" | "<path>") && value.starts_with(b"-") && value.len() > 1 {
            let name = String::from_utf8_lossy(value);
            warn(self.global, &format!("The filename argument '{}' looks like a flag.", name));
        }
    }
}

/// The option of this name and whether it is switched on. Some are named by their opposite.
fn long_option(name: &str) -> Result<(&'static Flag, bool), Problem> {
    if let Some(flag) = flags::by_long(name) {
        return Ok((flag, true));
    }
    if let Some(problem) = refused::by_long(name) {
        return Err(problem);
    }
    let opposite = match name.strip_prefix("no-") {
        Some(name) => flags::by_long(name),
        None => flags::by_long(&format!("no-{}", name)),
    };
    let opposite = opposite.filter(|flag| matches!(flag.set, Set::Switch(_)));
    opposite.map(|flag| (flag, false)).ok_or(Problem::Unknown)
}

fn short_option(letter: char) -> Result<&'static Flag, Problem> {
    let problem = || refused::by_short(letter).unwrap_or(Problem::Unknown);
    flags::by_short(letter).ok_or_else(problem)
}

/// How many at a time; 0 leaves that open, and what is too much is the most that there may be.
fn width(value: &[u8]) -> Result<Option<usize>, Problem> {
    let count = usize::try_from(values::count(value)?).unwrap_or(usize::MAX);
    Ok(Some(count.min(MAX_PARALLEL)).filter(|&count| count > 0))
}

/// Config files may name config files, but not for ever.
const MAX_DEPTH: u32 = 16;
/// curl's default and bound of `--parallel-max`.
const PARALLEL: usize = 50;
const MAX_PARALLEL: usize = 65_535;
/// How the typographic quotes begin in UTF-8: a sign of a command pasted from a text processor.
const CURLY_QUOTE: &[u8] = b"\xe2\x80";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::{Out, Place, Slowness};
    #[cfg(feature = "http2")]
    use pannier::Protocol;

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
    fn ok_long_options_take_a_value_behind_an_equals_sign() {
        let op = first("--output=a=b --user-agent= --url=u");
        assert_eq!(op.slots[0].output, Some(Out::File(b"a=b".to_vec())));
        assert_eq!(op.slots[0].url, Some(Place::Url(b"u".to_vec())));
        assert_eq!(op.user_agent.as_deref(), Some(&b""[..]));
    }

    #[test]
    fn ok_a_range_that_is_only_a_number_has_no_end() {
        for (given, expected) in [
            ("5", "5-"),
            ("010", "10-"),
            ("1k", "1-"),
            ("1,5-6", "1-"),
            ("5-", "5-"),
            ("-5", "-5"),
            ("1-2,4-5", "1-2,4-5"),
            ("x", "x"),
            ("99999999999999999999", "99999999999999999999"),
        ] {
            let words = format!("-s -r {} a", given);
            assert_eq!(first(&words).range.as_deref(), Some(expected), "{}", given);
        }
    }

    #[test]
    fn err_nothing_where_a_name_should_be() {
        for word in ["-o", "-D", "-r", "--trace", "--netrc-file", "--etag-save", "--unix-socket"] {
            let words = [word, "", "a"].map(|word| word.as_bytes().to_vec());
            let usage = Args::parse(&words, None).err().expect(word);
            let expected = format!("option {}: blank argument where content is expected", word);
            assert_eq!((usage.message, usage.code), (expected, exit::USAGE));
        }
    }

    #[test]
    fn ok_booleans_are_switched_off_by_no() {
        assert!(!first("-L --no-location a").location);
        assert!(first("--no-location -L a").location);
        for (words, off) in [
            ("--buffer --progress-meter a", false),
            ("--no-progress-meter a", true),
            ("--no-progress-meter --progress-meter a", false),
        ] {
            let args = parse(words).unwrap_or_else(|usage| panic!("{}", usage.message));
            assert_eq!(args.global.no_progress_meter, off, "{}", words);
        }
    }

    #[test]
    fn err_what_the_table_does_not_have() {
        for (words, message) in [
            ("--foo a", "option --foo: is unknown"),
            ("--foo=x a", "option --foo=x: is unknown"),
            ("--head=x a", "option --head=x: had unsupported trailing garbage"),
            ("--max-time=x a", "option --max-time=x: expected a proper numerical parameter"),
            ("-sW a", "option -sW: is unknown"),
            ("-", "option -: is unknown"),
            ("a -o", "option -o: requires parameter"),
            ("-so", "option -so: requires parameter"),
            ("--no-output a", "option --no-output: is unknown"),
            ("-m abc a", "option -m: expected a proper numerical parameter"),
            ("-m +5 a", "option -m: expected a proper numerical parameter"),
            ("-m -5 a", "option -m: expected a positive numerical parameter"),
            ("--max-redirs -2 a", "option --max-redirs: expected a proper numerical parameter"),
            ("--next a", "option --next: missing URL before --next"),
            ("--ssh a", "option --ssh: is unknown"),
            ("--cacert x a", "option --cacert: needs TLS, which is not built in"),
            ("-sk a", "option -sk: needs TLS, which is not built in"),
            ("--keepalive a", "option --keepalive: std has no way to set this of a connection"),
            ("--no-xattr a", "option --no-xattr: is unknown"),
        ] {
            let usage = parse(words).err().unwrap_or_else(|| panic!("{} is taken", words));
            assert_eq!((usage.message.as_str(), usage.code), (message, 2));
        }
    }

    #[test]
    fn ok_urls_outputs_and_uploads_pair_in_order() {
        let op = first("-o 1 a -T x -T y b -o 2 -o 3");
        let urls: Vec<_> = op.slots.iter().map(|slot| slot.url.clone()).collect();
        let url = |text: &[u8]| Some(Place::Url(text.to_vec()));
        assert_eq!(urls, [url(b"a"), url(b"b"), None]);
        let uploads: Vec<_> = op.slots.iter().map(|slot| slot.upload.as_deref()).collect();
        assert_eq!(uploads, [Some(&b"x"[..]), Some(b"y"), None]);
        assert_eq!(op.slots[2].output, Some(Out::File(b"3".to_vec())));
    }

    #[test]
    fn ok_remote_name_all_holds_for_what_follows_it() {
        let op = first("a --remote-name-all b c d e --no-remote-name -o f -O -o -");
        let outputs: Vec<_> = op.slots.into_iter().map(|slot| slot.output).collect();
        let file = |name: &[u8]| Some(Out::File(name.to_vec()));
        let expected =
            [Some(Out::Stdout), file(b"f"), Some(Out::Remote), file(b"-"), Some(Out::Remote)];
        assert_eq!(outputs, expected);
    }

    #[test]
    fn ok_a_speed_to_keep_has_defaults() {
        let slowness = |limit, secs| Some(Slowness { limit, time: Duration::from_secs(secs) });
        for (words, expected) in [
            ("a", None),
            ("-Y 5 a", slowness(5, 30)),
            ("-y 5 a", slowness(1, 5)),
            ("-y 5 -Y 7 a", slowness(7, 5)),
            ("-y 0 -Y 7 a", None),
        ] {
            assert_eq!(first(words).slowness(), expected, "{}", words);
        }
    }

    #[cfg(feature = "http2")]
    #[test]
    fn ok_the_last_version_counts() {
        for (words, expected) in [
            ("--http1.0 --http2 a", Protocol::Http2),
            ("--http2 --http1.1 a", Protocol::Http11),
            ("--http2 --http2-prior-knowledge a", Protocol::Http2PriorKnowledge),
            ("--http2-prior-knowledge --http2 a", Protocol::Http2),
            ("--http2-prior-knowledge -0 --http0.9 a", Protocol::Http10),
        ] {
            assert_eq!(first(words).version, expected, "{}", words);
        }
    }

    #[test]
    fn err_versions_that_are_not_there() {
        let refused = |words| parse(words).err().map(|usage| usage.message);
        let message = "option --http3: needs HTTP/3, which is not built in";
        assert_eq!(refused("--http3 a").as_deref(), Some(message));
        let message = "option --http2: needs HTTP/2, and this pannier was built without http2";
        let expected = if cfg!(feature = "http2") { None } else { Some(message) };
        assert_eq!(refused("--http2 a").as_deref(), expected);
    }

    #[test]
    fn err_proxies_that_are_not_there() {
        let why = "needs proxies, and this pannier was built without proxy";
        for option in ["-x", "-sU", "--noproxy", "--no-proxytunnel", "--socks5"] {
            let refused = parse(&format!("{} a b", option)).err().map(|usage| usage.message);
            let message = format!("option {}: {}", option, why);
            let expected = if cfg!(feature = "proxy") { None } else { Some(message) };
            assert_eq!(refused, expected);
        }
    }

    #[test]
    fn ok_next_starts_afresh_but_for_global_options() {
        let args = parse("-s -L a --next -- -b").unwrap_or_else(|u| panic!("{}", u.message));
        assert!(args.global.silent);
        assert!(args.operations[0].location && !args.operations[1].location);
        assert_eq!(args.operations[1].slots[0].url, Some(Place::Url(b"-b".to_vec())));
    }

    #[test]
    fn ok_next_keeps_the_addresses_of_names() {
        let words = "--resolve a:1:::1 a --next --resolve -a:1 b --next c";
        let args = parse(words).unwrap_or_else(|u| panic!("{}", u.message));
        let known = args.operations.iter().map(|op| op.resolve.join(" ")).collect::<Vec<_>>();
        assert_eq!(known, ["a:1:::1", "a:1:::1 -a:1", "a:1:::1 -a:1"]);
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
