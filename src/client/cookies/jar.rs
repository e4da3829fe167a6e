//! A store that may be shared: with a lock, a clock and files.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use crate::http::Url;

use super::cookie::{seconds, Cookie, Seconds};
use super::file::{self, Reading};
use super::lines::Lines;
use super::receive::{self, Rules};
use super::refused::Refused;
use super::request_uri::RequestUri;
use super::store::{Source, Store, MOST_RECEIVED};
use super::suffixes::PublicSuffixes;
use super::Habits;

/// Cookies by the rules of RFC 6265bis, for one client or for several.
///
/// Clones share the cookies. They last as long as any of them: nothing is written anywhere unless
/// [`save`](Jar::save) is called.
///
/// ```
/// use pannier::cookies::Jar;
/// use pannier::http::Url;
///
/// let jar = Jar::new();
/// let url = Url::parse("https://example.com/a/b")?;
/// jar.set(&url, "id=7; Path=/; Secure").unwrap();
/// jar.set(&url, "page=1").unwrap();
/// assert_eq!(jar.field(&url), b"page=1; id=7");
/// assert_eq!(jar.field(&Url::parse("https://example.com/")?), b"id=7");
/// assert_eq!(jar.field(&Url::parse("http://example.com/")?), b"");
/// # Ok::<(), pannier::http::UrlError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Jar {
    rules: Rules,
    /// Guards the cookies. Nothing else is locked inside, nothing waited for, and no clock read.
    store: Arc<Mutex<Store>>,
}

impl Jar {
    /// An empty jar.
    pub fn new() -> Jar {
        Jar::default()
    }

    /// Which domains are public suffixes, for this jar and the clones that are made of it from now
    /// on. Default: the commonest ones, as [`PublicSuffixes`] says.
    #[must_use]
    pub fn public_suffixes(mut self, suffixes: PublicSuffixes) -> Jar {
        self.rules.suffixes = suffixes;
        self
    }

    /// Does as curl does where RFC 6265bis would have it otherwise, for this jar and the clones that
    /// are made of it from now on: cookies whose paths are of one length are sent by the lengths of
    /// domain and name, and the newer ones first; a `Path` loses its quotes and its last slash; a
    /// `Domain` keeps its spelling; the longest lifetime is rounded to a minute; `SameSite=None` does not
    /// ask for `Secure`.
    #[must_use]
    pub fn like_curl(mut self) -> Jar {
        self.rules.habits = Habits::Curl;
        self
    }

    /// Takes in a cookie as if a response from `url` had this `Set-Cookie` value. One whose time is
    /// over removes the one that it would replace.
    ///
    /// # Errors
    /// It is none, or `url` may not set it.
    pub fn set(&self, url: &Url, set_cookie: impl AsRef<[u8]>) -> Result<(), Refused> {
        self.receive(&RequestUri::of(url), set_cookie.as_ref(), now())
    }

    /// The value of a `Cookie` field for a request to `url`: empty if there is no cookie for it.
    pub fn field(&self, url: &Url) -> Vec<u8> {
        self.field_for(&RequestUri::of(url))
    }

    /// All cookies, the oldest first.
    pub fn cookies(&self) -> Vec<Cookie> {
        let now = now();
        self.store().cookies(now).cloned().collect()
    }

    /// Removes the cookies of this domain, path and name, and says whether there were any.
    pub fn remove(&self, domain: &str, path: &str, name: impl AsRef<[u8]>) -> bool {
        let name = name.as_ref();
        let is_other = |cookie: &Cookie| {
            !cookie.domain().eq_ignore_ascii_case(domain)
                || cookie.path() != path
                || cookie.name() != name
        };
        self.store().retain(is_other) > 0
    }

    /// Removes all cookies.
    pub fn clear(&self) {
        self.store().retain(|_| false);
    }

    /// Removes the cookies that end with the session.
    pub fn end_session(&self) {
        self.store().retain(|cookie| cookie.expires.is_some());
    }

    /// Takes in the cookies of a file in the format of Netscape and curl, and of `Set-Cookie` lines
    /// that name a domain. What is neither is passed over, and so is what has ended. A cookie that a
    /// response has set stays as it is.
    ///
    /// # Errors
    /// The reader's. Nothing has been taken in then.
    pub fn load(&self, reader: impl Read) -> io::Result<()> {
        self.load_with(reader, &Reading::new())
    }

    /// The same in this way.
    ///
    /// # Errors
    /// As for [`load`](Jar::load).
    pub fn load_with(&self, reader: impl Read, reading: &Reading) -> io::Result<()> {
        let now = now();
        let mut lines = Lines::new(BufReader::new(reader));
        let mut loaded = Store::default();
        while let Some(line) = lines.next()? {
            if let Some(cookie) = reading.cookie(line, &self.rules, now) {
                loaded.put(cookie, Source::File, now);
            }
        }
        let mut store = self.store();
        let mut put = |cookie| store.put(cookie, Source::File, now);
        match self.rules.habits {
            // The newest ones come first in a file.
            Habits::Standard => loaded.into_cookies().rev().for_each(&mut put),
            Habits::Curl => loaded.into_cookies().for_each(&mut put),
        }
        Ok(())
    }

    /// Writes the cookies as a file that curl, browsers' tools and [`load`](Jar::load) read, session
    /// cookies included: the newest first.
    ///
    /// ```
    /// use pannier::cookies::Jar;
    /// use pannier::http::Url;
    ///
    /// let jar = Jar::new();
    /// let url = Url::parse("http://www.example.com/")?;
    /// jar.set(&url, "id=7; Domain=example.com; HttpOnly").unwrap();
    /// let mut file = Vec::new();
    /// jar.save(&mut file).unwrap();
    /// assert!(file.ends_with(b"\n\n#HttpOnly_.example.com\tTRUE\t/\tFALSE\t0\tid\t7\n"));
    /// # Ok::<(), pannier::http::UrlError>(())
    /// ```
    ///
    /// # Errors
    /// The writer's.
    pub fn save(&self, mut writer: impl Write) -> io::Result<()> {
        let (now, mut text) = (now(), file::HEADER.as_bytes().to_vec());
        for cookie in self.store().cookies(now).rev() {
            file::write(cookie, &mut text);
        }
        writer.write_all(&text)?;
        writer.flush()
    }

    /// The same to a file, which has its old content until the new one is complete. A new file can be
    /// read by its owner only.
    ///
    /// # Errors
    /// The file, or one beside it that takes its name in the end, cannot be written.
    pub fn save_file(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let path = path.as_ref();
        // What a link leads to is replaced, not the link.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let old = fs::metadata(&path).ok();
        if old.as_ref().map_or(false, |old| !old.is_file()) {
            return self.save(File::create(&path)?);
        }
        let beside = beside(&path);
        let written = private(&beside).and_then(|file| {
            if let Some(old) = old {
                file.set_permissions(old.permissions())?;
            }
            self.save(file)?;
            fs::rename(&beside, &path)
        });
        if written.is_err() {
            // It may not be there at all.
            let _ = fs::remove_file(&beside);
        }
        written
    }

    /// What a request there has to be given.
    pub(super) fn field_for(&self, uri: &RequestUri<'_>) -> Vec<u8> {
        let now = now();
        self.store().field(uri, self.rules.habits, now)
    }

    /// Takes in what a response from there sets. What is refused is of no account.
    pub(super) fn receive_all<'a>(
        &self,
        uri: &RequestUri<'_>,
        values: impl Iterator<Item = &'a [u8]>,
    ) {
        let now = now();
        for value in values.take(MOST_RECEIVED) {
            let _ = self.receive(uri, value, now);
        }
    }

    fn receive(&self, uri: &RequestUri<'_>, value: &[u8], now: Seconds) -> Result<(), Refused> {
        let cookie = receive::cookie(value, uri, &self.rules, now)?;
        self.store().receive(cookie, uri, now)
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn now() -> Seconds {
    seconds(SystemTime::now())
}

/// A name in the same folder that nobody else has.
fn beside(path: &Path) -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}-{}.tmp", process::id(), COUNT.fetch_add(1, Ordering::Relaxed)));
    path.with_file_name(name)
}

/// A new file for its owner only.
fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
