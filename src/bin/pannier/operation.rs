//! What one operation asks for: its URLs, each with its output and upload, and the options for all.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;
use std::{fs, io};

use pannier::http::Scheme;
use pannier::net::Family;
use pannier::Protocol;

use crate::condition::Condition;
use crate::cookies;
use crate::data;
use crate::form::Form;
use crate::login::Login;
use crate::protocols::Protocols;
use crate::proxy;
use crate::resume::Resume;
use crate::usage::Problem;

/// The URLs between two `--next` with their options.
#[derive(Default)]
pub struct Operation {
    pub slots: Vec<Slot>,
    pub method: Option<String>,
    /// Lines as given: `Name: value`, `Name:` or `Name;`.
    pub headers: Vec<Vec<u8>>,
    pub data: Option<Cow<'static, [u8]>>,
    pub json: bool,
    pub form: Form,
    pub query: Option<Vec<u8>>,
    pub get: bool,
    pub head: bool,
    pub show_headers: bool,
    pub output_dir: Option<Vec<u8>>,
    /// Slots that are added from now on have a remote name unless they say otherwise.
    pub remote_names: bool,
    pub clobber: Clobber,
    /// `-O` takes the name that the server gives.
    pub remote_header_name: bool,
    pub remote_time: bool,
    pub remove_on_error: bool,
    pub create_dirs: bool,
    pub skip_existing: bool,
    pub dump_header: Option<Vec<u8>>,
    /// Has a transfer begun the file of `dump_header`? Guards the making of it too.
    pub dump_begun: Mutex<bool>,
    pub user_agent: Option<Vec<u8>>,
    pub referer: Option<Vec<u8>>,
    pub auto_referer: bool,
    pub cookies: cookies::Options,
    pub login: Login,
    pub fail: Fail,
    pub range: Option<String>,
    pub resume: Option<Resume>,
    pub condition: Option<Condition>,
    pub etag_save: Option<Vec<u8>>,
    pub etag_compare: Option<Vec<u8>>,
    pub max_filesize: Option<u64>,
    pub resolve: Vec<String>,
    pub connect_to: Vec<Vec<u8>>,
    pub unix: Option<UnixPath>,
    pub interface: Option<String>,
    pub proxy: proxy::Options,
    pub family: Family,
    pub public_only: bool,
    pub version: Protocol,
    pub target: Option<String>,
    pub path_as_is: bool,
    pub protocols: Protocols,
    /// Where redirects may lead to, if `protocols` has it too.
    pub redirect_protocols: Protocols,
    /// Of URLs without a scheme.
    pub default_scheme: Option<Scheme>,
    pub disallow_username: bool,
    pub ignore_content_length: bool,
    pub http09: bool,
    pub raw: bool,
    pub compressed: bool,
    pub tr_encoding: bool,
    pub connect_timeout: Option<Duration>,
    /// How long an address is tried before the next one is too.
    pub stagger: Option<Duration>,
    pub max_time: Option<Duration>,
    pub expect100_timeout: Option<Duration>,
    pub location: bool,
    pub location_trusted: bool,
    /// `None`: any number.
    pub max_redirs: Option<u32>,
    pub post301: bool,
    pub post302: bool,
    pub post303: bool,
    pub write_out: Option<Vec<u8>>,
    pub globoff: bool,
    pub retry: Retry,
    /// Bytes per second, in each direction.
    pub limit_rate: Option<u64>,
    pub speed_limit: Option<u64>,
    pub speed_time: Option<u64>,
    taken: Taken,
}

/// `--retry` and what belongs to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retry {
    pub times: u64,
    pub delay: Option<Duration>,
    pub max_time: Option<Duration>,
    pub all_errors: bool,
    pub refused: bool,
}

/// What a transfer must not be slower than: so many bytes per second, over so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slowness {
    pub limit: u64,
    pub time: Duration,
}

/// How many slots have each of their parts. They are filled from the front.
#[derive(Default)]
struct Taken {
    urls: usize,
    outputs: usize,
    uploads: usize,
}

/// A URL with what it alone has: where its output goes and what is sent to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slot {
    pub url: Option<Place>,
    pub output: Option<Out>,
    pub upload: Option<Vec<u8>>,
}

/// Where the URLs of a slot come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A URL, perhaps with globs.
    Url(Vec<u8>),
    /// A URL that has none, whatever it looks like.
    Literal(Vec<u8>),
    /// A file with one URL per line; `-` is standard input.
    List(Vec<u8>),
}

/// Where output goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Out {
    Stdout,
    Nowhere,
    /// A path in which `#1` stands for what the first glob matched; `-` is standard output.
    File(Vec<u8>),
    /// The last segment of the URL's path.
    Remote,
}

/// May a file that is there be written over?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Clobber {
    /// If it was named by whoever runs this, or after the URL; not if the server named it.
    #[default]
    Usual,
    Always,
    /// Write to another one.
    Never,
}

/// What a status of 400 or more does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fail {
    #[default]
    Never,
    WithoutBody,
    WithBody,
}

/// A Unix domain socket.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum UnixPath {
    Named(Vec<u8>),
    Abstract(Vec<u8>),
}

impl Operation {
    /// Nothing asked for.
    pub fn new() -> Operation {
        Operation { max_redirs: Some(DEFAULT_REDIRECTS), ..Operation::default() }
    }

    /// A URL, for the first slot that has none.
    pub fn add_url(&mut self, url: &[u8]) {
        self.add_place(Place::Url(url.to_vec()));
    }

    /// A list of URLs, for the first slot that has none.
    pub fn add_list(&mut self, file: &[u8]) {
        self.add_place(Place::List(file.to_vec()));
    }

    /// A URL without globs that names its output, for the first slot that has none.
    pub fn add_listed(&mut self, url: &[u8]) {
        let slot = self.slot(|taken| &mut taken.urls);
        slot.url = Some(Place::Literal(url.to_vec()));
        slot.output = Some(Out::Remote);
    }

    /// Makes the folders that a file of this name is to be in, if they are to be made.
    pub fn make_dirs(&self, path: &Path) -> io::Result<()> {
        match path.parent() {
            Some(folder) if self.create_dirs => fs::create_dir_all(folder).map_err(|error| {
                io::Error::new(error.kind(), format!("{}: {}", folder.display(), error))
            }),
            _ => Ok(()),
        }
    }

    /// An output, for the first slot that has none.
    pub fn add_output(&mut self, out: Out) {
        self.slot(|taken| &mut taken.outputs).output = Some(out);
    }

    /// A file to send, for the first slot that has none; no name at all leaves that slot without.
    pub fn add_upload(&mut self, file: &[u8]) {
        let file = Some(file.to_vec()).filter(|name| !name.is_empty());
        self.slot(|taken| &mut taken.uploads).upload = file;
    }

    /// `--speed-limit` and `--speed-time`; each has a default beside the other.
    pub fn slowness(&self) -> Option<Slowness> {
        let limit = self.speed_limit.or(self.speed_time.map(|_| 1))?;
        let time = self.speed_time.unwrap_or(30);
        let slowness = Slowness { limit, time: Duration::from_secs(time) };
        Some(slowness).filter(|slow| slow.limit > 0 && !slow.time.is_zero())
    }

    fn add_place(&mut self, place: Place) {
        self.slot(|taken| &mut taken.urls).url = Some(place);
    }

    /// The first slot that lacks the part that is counted there.
    fn slot(&mut self, part: fn(&mut Taken) -> &mut usize) -> &mut Slot {
        let count = part(&mut self.taken);
        let index = *count;
        *count += 1;
        if index == self.slots.len() {
            // An output of its own takes the place of this one.
            let output = self.remote_names.then_some(Out::Remote);
            self.slots.push(Slot { output, ..Slot::default() });
        }
        &mut self.slots[index]
    }

    /// A piece of form data; pieces are joined by `&`.
    pub fn add_data(&mut self, piece: Vec<u8>) -> Result<(), Problem> {
        match &mut self.data {
            Some(data) => {
                data.to_mut().push(b'&');
                data.to_mut().extend(piece);
            }
            None => self.data = Some(piece.into()),
        }
        Ok(())
    }

    /// A piece of JSON; pieces follow each other as they are.
    pub fn add_json(&mut self, piece: Vec<u8>) -> Result<(), Problem> {
        self.json = true;
        match &mut self.data {
            Some(data) => data.to_mut().extend(piece),
            None => self.data = Some(piece.into()),
        }
        Ok(())
    }

    /// The data is complete. It stays in memory until the program ends, once for all transfers.
    pub fn keep_data(&mut self) {
        let kept = self.data.take().map(|data| &*data.into_owned().leak());
        self.data = kept.map(Cow::Borrowed);
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
        self.headers.extend(header_lines(value)?);
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

/// A header line, or those of a file.
pub fn header_lines(value: &[u8]) -> Result<Vec<Vec<u8>>, Problem> {
    let Some(name) = value.strip_prefix(b"@") else { return Ok(vec![value.to_vec()]) };
    let text = data::read_file(name).map_err(data::unreadable)?;
    let lines = text.split(|&byte| byte == b'\n');
    let lines = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    Ok(lines.filter(|line| !line.is_empty()).map(<[u8]>::to_vec).collect())
}

/// curl's default.
pub const DEFAULT_REDIRECTS: u32 = 50;
