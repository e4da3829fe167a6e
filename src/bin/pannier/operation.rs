//! What one operation asks for: its URLs, each with its output and upload, and the options for all.

use std::time::Duration;

use pannier::net::Family;
use pannier::Protocol;

use crate::data;
use crate::usage::Problem;

/// The URLs between two `--next` with their options.
#[derive(Default)]
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
    pub version: Protocol,
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

/// curl's default.
pub const DEFAULT_REDIRECTS: u32 = 50;
