//! What there is to transfer, in order and one at a time: operations, their URLs and globs, lists.
//!
//! Nothing is made before it is asked for, so that neither a glob nor a list of a million URLs ever
//! sits in memory. What cannot be set up at all is an error, and the end.

use std::sync::Arc;
use std::vec;

use crate::args::Global;
use crate::etag;
use crate::exit::{self, Failure};
use crate::glob::{Expansion, Glob};
use crate::list::List;
use crate::operation::{Operation, Out, Place, Slot};
use crate::usage::Usage;
use crate::warn::warn;

/// One transfer to make.
pub struct Job {
    pub op: Arc<Operation>,
    pub output: Option<Out>,
    pub upload: Option<Vec<u8>>,
    pub url: Expansion,
    /// Which line of which list the URL is from.
    pub place: Option<String>,
    /// From which of the run's URLs, globs and lists it is, and which of the run's transfers.
    pub number: usize,
    pub transfer: u64,
}

impl Job {
    /// May the URL be more than was given: with the name of a file or a query behind it?
    pub fn completes_url(&self) -> bool {
        self.upload.is_some() || self.op.get || self.op.query.is_some()
    }
}

/// The jobs of a run.
pub struct Jobs {
    global: Global,
    operations: vec::IntoIter<Operation>,
    current: Option<Current>,
    /// Slots of the operations that were begun.
    slots: usize,
    transfers: u64,
    /// Was there an operation that could not be begun?
    skipped: bool,
}

/// How far an operation is.
struct Current {
    op: Arc<Operation>,
    /// The slot that comes next.
    slot: usize,
    source: Option<Source>,
}

/// A slot: every URL with every file to send to it.
struct Source {
    output: Option<Out>,
    uploads: Option<Glob>,
    urls: Urls,
}

enum Urls {
    /// A glob, and which of its pairs with an upload comes next.
    Glob(Glob, u64),
    /// A list, how many URLs it has given, the present one, and which upload comes next for that.
    List { list: List, count: u64, present: Option<Target>, upload: u64 },
}

/// A URL and its place in the list.
type Target = (Expansion, String);

/// What to send, to which URL, and where that is from.
type Errand = (Option<Vec<u8>>, Expansion, Option<String>);

impl Jobs {
    pub fn new(global: Global, operations: Vec<Operation>) -> Jobs {
        Jobs {
            global,
            operations: operations.into_iter(),
            current: None,
            slots: 0,
            transfers: 0,
            skipped: false,
        }
    }

    fn advance(&mut self) -> Result<Option<Job>, Failure> {
        loop {
            if self.current.is_none() {
                self.current = match self.operations.next() {
                    Some(op) => Current::begin(op, self.global)?,
                    None if std::mem::take(&mut self.skipped) && self.transfers == 0 => {
                        return Err(Failure::new(exit::READ_ERROR, "no transfer performed"));
                    }
                    None => return Ok(None),
                };
                self.skipped |= self.current.is_none();
                self.slots += self.current.as_ref().map_or(0, |current| current.op.slots.len());
            }
            let Some(current) = &mut self.current else { continue };
            match current.advance(self.global)? {
                Some(job) => {
                    self.transfers += 1;
                    let number = self.slots - current.op.slots.len() + job.number;
                    return Ok(Some(Job { number, transfer: self.transfers - 1, ..job }));
                }
                None => self.current = None,
            }
        }
    }
}

impl Iterator for Jobs {
    type Item = Result<Job, Failure>;

    fn next(&mut self) -> Option<Result<Job, Failure>> {
        let next = self.advance();
        if next.is_err() {
            self.operations = Vec::new().into_iter();
            self.current = None;
        }
        next.transpose()
    }
}

impl Current {
    /// The operation, unless it is to be skipped, which a warning has told.
    fn begin(mut op: Operation, global: Global) -> Result<Option<Current>, Failure> {
        consistent(&op, global)?;
        op.login.complete(global)?;
        op.proxy.complete()?;
        etag::compare(&mut op, global);
        if !etag::can_be_saved(&op, global) {
            return Ok(None);
        }
        op.keep_data();
        op.form.end();
        Ok(Some(Current { op: Arc::new(op), slot: 0, source: None }))
    }

    fn advance(&mut self, global: Global) -> Result<Option<Job>, Failure> {
        loop {
            if let Some(source) = &mut self.source {
                if let Some((upload, url, place)) = source.advance()? {
                    return Ok(Some(Job {
                        op: self.op.clone(),
                        output: source.output.clone(),
                        upload,
                        url,
                        place,
                        number: self.slot - 1,
                        transfer: 0,
                    }));
                }
                self.source = None;
            }
            let Some(slot) = self.op.slots.get(self.slot) else { return Ok(None) };
            self.slot += 1;
            match &slot.url {
                Some(place) => self.source = Some(Source::open(&self.op, slot, place)?),
                None => {
                    // Slots are filled from the front: none that follows has a URL either.
                    self.slot = self.op.slots.len();
                    warn(global, "Got more output options than URLs");
                }
            }
        }
    }
}

impl Source {
    fn open(op: &Operation, slot: &Slot, place: &Place) -> Result<Source, Failure> {
        let urls = match place {
            Place::Url(text) => Urls::Glob(glob(op, text)?, 0),
            Place::Literal(text) => Urls::Glob(Glob::literal(text), 0),
            Place::List(name) => {
                Urls::List { list: List::open(name)?, count: 0, present: None, upload: 0 }
            }
        };
        let uploads = slot.upload.as_ref().map(|name| glob(op, name)).transpose()?;
        Ok(Source { output: slot.output.clone(), uploads, urls })
    }

    /// The next upload and URL.
    fn advance(&mut self) -> Result<Option<Errand>, Failure> {
        let uploads = self.uploads.as_ref();
        let (files, nth) = (uploads.map_or(1, Glob::count), |index| {
            uploads.map(|uploads| uploads.nth(index).text)
        });
        match &mut self.urls {
            Urls::Glob(glob, next) => {
                let (index, urls) = (*next, glob.count());
                *next += 1;
                let (upload, url) = (index / urls, index % urls);
                Ok((upload < files).then(|| (nth(upload), glob.nth(url), None)))
            }
            Urls::List { list, count, present, upload } => {
                if present.is_none() || *upload == files {
                    (*present, *upload) = (next_of(list, count)?, 0);
                }
                *upload += 1;
                let target = present.clone();
                Ok(target.map(|(url, place)| (nth(*upload - 1), url, Some(place))))
            }
        }
    }
}

/// The next URL of a list; `#1` in an output's name stands for its number.
fn next_of(list: &mut List, count: &mut u64) -> Result<Option<Target>, Failure> {
    let Some(entry) = list.next().transpose()? else { return Ok(None) };
    *count += 1;
    let matches = vec![count.to_string().into_bytes()];
    Ok(Some((Expansion { text: entry.text, matches }, entry.place)))
}

fn glob(op: &Operation, text: &[u8]) -> Result<Glob, Failure> {
    match op.globoff {
        true => Ok(Glob::literal(text)),
        false => Glob::parse(text).map_err(|error| Failure::new(exit::BAD_URL, error.show(text))),
    }
}

/// Options that exclude each other, or nothing to do.
fn consistent(op: &Operation, global: Global) -> Result<(), Failure> {
    if op.slots.iter().all(|slot| slot.url.is_none()) {
        let usage = Usage { message: "(2) no URL specified".to_owned(), code: exit::USAGE };
        usage.tell();
        return Err(Failure::new(usage.code, ""));
    }
    let to_stdout = |out: &Option<Out>| matches!(out, Some(Out::File(name)) if name == b"-");
    let heads = op.dump_header.as_deref() == Some(b"-");
    if global.jsonl && (heads || op.slots.iter().any(|slot| to_stdout(&slot.output))) {
        let message = "--jsonl leaves no standard output for '-o -' or '-D -'";
        return Err(Failure::new(exit::USAGE, message));
    }
    let asked = [
        (op.slots.iter().any(|slot| slot.upload.is_some()), "PUT (-T, --upload-file)"),
        (op.data.is_some() && !op.get, "POST (-d, --data)"),
        (!op.form.is_empty(), "multipart formpost (-F, --form)"),
        (op.data.is_some() && op.get && !op.head, "GET (-G, --get)"),
        (op.head, "HEAD (-I, --head)"),
    ];
    let asked: Vec<&str> =
        asked.iter().filter(|(asked, _)| *asked).map(|(_, name)| *name).collect();
    if let [first, second, ..] = asked[..] {
        let text = format!(
            "You can only select one HTTP request method! You asked for both {} and {}.",
            first, second
        );
        return Err(Failure::new(exit::USAGE, text));
    }
    Ok(())
}
