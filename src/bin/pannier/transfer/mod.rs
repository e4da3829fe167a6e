//! One try of a transfer: the plan made a request for the library, and what comes made output.

mod ask;
mod relay;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::Instant;

use pannier::http::challenge::{self, Challenge};
use pannier::http::{token, Headers, StatusCode, Url};
use pannier::{Error, ErrorKind, Response};

pub use self::ask::{request, Asked};

use crate::args::Global;
use crate::condition;
use crate::connect::Route;
use crate::etag;
use crate::exit::{self, Failure};
use crate::explain::{self, Facts};
use crate::head::Fields;
use crate::operation::{Fail, Operation};
use crate::output::{Dump, Output};
use crate::progress::screen;
use crate::protocols::{self, From};
use crate::resume::{Fate, Start};
use crate::retry::{Retries, Verdict};
use crate::warn::warn;
use crate::watch::{End, Watcher, MOST_HEADS};

/// All that a try needs once its request has been sent.
pub struct Transfer<'a> {
    pub op: &'a Operation,
    pub global: Global,
    pub route: &'a Route,
    pub watcher: &'a Watcher,
    pub output: &'a mut Output,
    pub dump: Option<&'a mut Dump>,
    pub retries: &'a mut Retries,
    /// Where it goes on.
    pub start: &'a mut Start,
}

/// What has come of it so far.
#[derive(Debug, Default)]
pub struct Progress {
    /// Bytes of content as they were sent, and of what was made of them.
    pub downloaded: u64,
    pub delivered: u64,
    /// Bytes that `Content-Length` announces.
    pub expected: Option<u64>,
    /// The URL that answered.
    pub effective: Option<Url>,
    /// What the status says about another try, once one has come.
    pub verdict: Option<Verdict>,
    /// Something was read of a body that cannot be read again.
    pub spent: Arc<AtomicBool>,
}

impl Transfer<'_> {
    /// Writes what has come of the request.
    pub fn receive(
        &mut self,
        asked: &Asked,
        sent: Result<Response, Error>,
        progress: &mut Progress,
    ) -> Result<(), Failure> {
        self.judge(&sent, progress);
        let heads = self.show_heads();
        if let Err(error) = &sent {
            let head = self.watcher.take_faulty_head();
            self.show(explain::sound_part(&head, error))?;
        }
        let response = sent.map_err(|error| {
            // Only what cannot be sent twice fails so, and over HTTP/1.0 not even once more.
            match asked.streams.then(|| self.not_rewound(&error)).flatten() {
                Some(failure) => failure,
                None => self.explain(&error, asked, progress),
            }
        })?;
        heads?;
        if let Some(end) = self.watcher.end() {
            return Err(ended(end));
        }
        if asked.streams && progress.spent.load(Ordering::Relaxed) && self.asks_again(&response) {
            let text = "the server wants the request body again, which cannot be sent twice";
            return Err(Failure::new(exit::REWIND_FAILED, text));
        }
        self.watcher.came(response.local_addr(), response.remote_addr());
        progress.effective = Some(response.url().clone());
        let announced = length_field(self.op, &response).and_then(token::decimal);
        progress.expected = announced.filter(|_| !asked.is_head);
        let mut response = match response.into_stream() {
            Ok(stream) => return self.relay(stream, asked, progress),
            Err(response) => response,
        };
        let failed = self.op.fail != Fail::Never && self.is_failure(&response, asked);
        if !failed || self.op.fail == Fail::WithBody {
            self.deliver(&mut response, asked, progress)?;
        }
        match failed {
            true => Err(http_error(&response)),
            false => Ok(()),
        }
    }

    /// Writes what follows the head, and completes the output.
    fn deliver(
        &mut self,
        response: &mut Response,
        asked: &Asked,
        progress: &mut Progress,
    ) -> Result<(), Failure> {
        if self.is_announced_too_large(response) {
            return Err(too_large());
        }
        // `-I -X GET` asks for no content either, but gets some.
        if !self.op.head {
            self.copy(response, asked, progress)?;
        }
        if let Some(trailers) = response.trailers() {
            self.show(&section(trailers))?;
        }
        etag::save(self.op, response)?;
        // What has not changed is as it was.
        if self.watcher.status() != StatusCode::NOT_MODIFIED.as_u16() {
            self.output.finish()?;
        }
        self.set_time(response);
        Ok(())
    }

    /// Whether this response is a reason to try again.
    fn judge(&mut self, sent: &Result<Response, Error>, progress: &mut Progress) {
        let Ok(response) = sent else { return };
        let (status, head) = (response.status().as_u16(), response.head_bytes());
        let verdict = self.retries.after_response(status, head, Instant::now());
        let again = matches!(verdict, Verdict::Yes(_));
        if again && progress.spent.load(Ordering::Relaxed) {
            warn(self.global, SPENT);
        } else if verdict != Verdict::No {
            progress.verdict = Some(verdict);
        }
    }

    /// A download that goes on and finds no more has not failed.
    fn is_failure(&self, response: &Response, asked: &Asked) -> bool {
        let status = response.status().as_u16();
        status >= 400 && !(status == 416 && asked.is_download() && self.start.at > 0)
    }

    /// Whether content that comes is taken, now that there is some.
    fn takes_content(&mut self, response: &Response, asked: &Asked) -> Result<bool, Failure> {
        if !asked.is_download() || self.start.at == 0 {
            return Ok(self.is_wanted(response));
        }
        let fate = self.start.fate(response)?;
        if fate == Fate::TakenAnew {
            *self.start = Start::default();
            self.output.begin_anew();
        }
        Ok(fate != Fate::Ignored)
    }

    fn set_time(&mut self, response: &Response) {
        let time = condition::last_modified(response).filter(|_| self.op.remote_time);
        if let Some(Err(error)) = time.map(|time| self.output.set_time(time)) {
            warn(self.global, &format!("Failed to set the time of {}", error));
        }
    }

    /// Has it the age that is asked for?
    fn is_wanted(&self, response: &Response) -> bool {
        let condition = self.op.condition.filter(|_| self.op.range.is_none());
        let holds = condition.map_or(true, |condition| condition.holds(response));
        if !holds {
            self.watcher.takes_for(StatusCode::NOT_MODIFIED);
        }
        holds
    }

    fn copy(
        &mut self,
        response: &mut Response,
        asked: &Asked,
        progress: &mut Progress,
    ) -> Result<(), Failure> {
        let mut buffer = vec![0; BUFFER];
        loop {
            let count = match response.read_body(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(count) => count,
                Err(error) => {
                    progress.downloaded = response.content_received();
                    return Err(self.explain(&error, asked, progress));
                }
            };
            if progress.delivered == 0 && !self.takes_content(response, asked)? {
                return Ok(());
            }
            progress.downloaded = response.content_received();
            self.take(&buffer[..count], progress)?;
        }
    }

    /// Writes this piece of what comes, as far as there is room for it.
    fn take(&mut self, piece: &[u8], progress: &mut Progress) -> Result<(), Failure> {
        let room = self.op.max_filesize.map_or(u64::MAX, |most| most - progress.delivered);
        let taken = usize::try_from(room).map_or(piece.len(), |room| room.min(piece.len()));
        self.watcher.content(&piece[..taken], progress.downloaded);
        self.output.write(&piece[..taken])?;
        progress.delivered += taken as u64;
        self.watcher.received(progress.downloaded, progress.expected);
        match taken < piece.len() {
            true => Err(too_large()),
            false => Ok(()),
        }
    }

    /// Also by a number that none of 64 bits can hold.
    fn is_announced_too_large(&self, response: &Response) -> bool {
        let Some(most) = self.op.max_filesize else { return false };
        // RFC 9110 §8.6: that of a 304 is the length of what does not come.
        if response.status() == StatusCode::NOT_MODIFIED {
            return false;
        }
        length_field(self.op, response).is_some_and(|digits| match token::decimal(digits) {
            Some(announced) => announced > most,
            None => digits.iter().all(u8::is_ascii_digit),
        })
    }

    fn show_heads(&mut self) -> Result<(), Failure> {
        let heads = self.watcher.take_heads();
        // The first one that is shown makes the file.
        heads.iter().for_each(|head| self.output.take_name(head));
        for head in heads {
            self.show(&head)?;
        }
        Ok(())
    }

    fn show(&mut self, head: &[u8]) -> Result<(), Failure> {
        // Nothing to show must not make a file.
        if head.is_empty() {
            return Ok(());
        }
        let both = self.dump.is_some() && self.op.show_headers;
        let styled = !self.global.plain_output && self.output.is_on_terminal();
        let styled = styled && screen::can_draw();
        // Both may go to the same place: line by line then, as curl does.
        for piece in head.split_inclusive(|&byte| both && byte == b'\n') {
            if let Some(dump) = &mut self.dump {
                dump.write(piece)?;
            }
            match self.op.show_headers {
                false => {}
                true if styled => self.output.write(&with_bold_names(piece))?,
                true => self.output.write(piece)?,
            }
        }
        Ok(())
    }

    fn not_rewound(&self, error: &Error) -> Option<Failure> {
        let http10 = self.watcher.record().head.starts_with(b"HTTP/1.0");
        let code = match error.kind() {
            ErrorKind::Redirect | ErrorKind::InvalidRequest if http10 => exit::UPLOAD_FAILED,
            ErrorKind::Redirect => exit::REWIND_FAILED,
            _ => return None,
        };
        Some(Failure::new(code, error.to_string()))
    }

    /// RFC 7616 §3.3, `stale`: would the same request do, with another nonce?
    fn asks_again(&self, response: &Response) -> bool {
        let (field, schemes) = match response.status().as_u16() {
            401 => ("WWW-Authenticate", self.op.login.schemes),
            407 => ("Proxy-Authenticate", self.op.proxy.schemes),
            _ => return false,
        };
        let is_stale = |challenge: &Challenge<'_>| {
            let stale = challenge.parameter("stale");
            challenge.is("Digest") && stale.is_some_and(|word| word.eq_ignore_ascii_case(b"true"))
        };
        let mut challenges = response.headers().get_all(field).flat_map(challenge::parse);
        (schemes.any || schemes.digest) && challenges.any(|challenge| is_stale(&challenge))
    }

    /// Is the failure that a redirect leads to where one may not go?
    fn refused_redirect(&self, error: &Error, from: &Url, head: &[u8]) -> Option<Failure> {
        if error.kind() != ErrorKind::Redirect {
            return None;
        }
        let fields = Fields::of(head);
        let to = from.join(std::str::from_utf8(fields.get("location")?).ok()?).ok()?;
        protocols::check(self.op, &to, From::Redirect).err()
    }

    fn explain(&self, error: &Error, asked: &Asked, progress: &Progress) -> Failure {
        if let (ErrorKind::Cancelled, Some(end)) = (error.kind(), self.watcher.end()) {
            return ended(end);
        }
        let record = self.watcher.record();
        let url = record.effective.as_ref().unwrap_or(&asked.url);
        if let Some(failure) = self.refused_redirect(error, url, &record.head) {
            return failure;
        }
        let failure = explain::failure(error, &self.facts(asked, progress));
        match failure.code == exit::UNSUPPORTED && self.op.http09 && asked.is_head {
            // It can be no content, where there is none.
            true => Failure::new(exit::WEIRD_REPLY, "Weird server reply"),
            false => failure,
        }
    }

    fn facts(&self, asked: &Asked, progress: &Progress) -> Facts {
        let record = self.watcher.record();
        let url = record.effective.as_ref().unwrap_or(&asked.url);
        let (target, proxied) = self.route.target(url);
        Facts {
            host: target.host().to_string(),
            port: target.port(),
            proxied,
            elapsed: match record.is_connected() {
                true => record.began.elapsed(),
                false => record.hop_elapsed(),
            },
            received: progress.downloaded,
            expected: progress.expected,
            max_redirs: self.op.max_redirs,
        }
    }
}

/// The failure of a transfer that was ended from outside.
fn ended(end: End) -> Failure {
    match end {
        End::Aborted => Failure::new(exit::ABORTED, exit::ABORTED_WITH_ANOTHER),
        End::TooManyHeads(bytes) => Failure::new(
            exit::RECEIVE_FAILED,
            format!("Too large response headers: {} > {}", bytes, MOST_HEADS),
        ),
        End::TooSlow(slowness) => Failure::new(
            exit::TIMED_OUT,
            format!(
                "Operation too slow. Less than {} bytes/sec transferred the last {} seconds",
                slowness.limit,
                slowness.time.as_secs()
            ),
        ),
    }
}

/// A head in which the names of fields stand out, by the sequences of ECMA-48 that curl uses.
fn with_bold_names(head: &[u8]) -> Vec<u8> {
    let lines = head.split_inclusive(|&byte| byte == b'\n');
    let styled = |line: &[u8]| match line.iter().position(|&byte| byte == b':') {
        Some(colon) => [b"\x1b[1m", &line[..colon], b"\x1b[0m", &line[colon..]].concat(),
        None => line.to_vec(),
    };
    lines.flat_map(styled).collect()
}

/// A trailer section as it came, but for white space.
fn section(trailers: &Headers) -> Vec<u8> {
    let lines =
        trailers.iter().map(|(name, value)| [name.as_bytes(), b": ", value, b"\r\n"].concat());
    lines.collect::<Vec<_>>().concat()
}

/// The length of the content as it is sent, if that is heeded.
fn length_field<'a>(op: &Operation, response: &'a Response) -> Option<&'a [u8]> {
    let mut lengths = response.headers().get_list("Content-Length");
    lengths.next().filter(|_| !op.ignore_content_length)
}

fn http_error(response: &Response) -> Failure {
    let message = format!("The requested URL returned error: {}", response.status().as_u16());
    Failure::new(exit::HTTP_ERROR, message)
}

fn too_large() -> Failure {
    Failure::new(exit::TOO_LARGE, "Maximum file size exceeded")
}

/// Why a transfer is not tried again.
pub const SPENT: &str = "No retry: what was sent came from a pipe and cannot be read again.";
/// Large enough that the system calls do not count.
const BUFFER: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_names_of_fields_stand_out() {
        let head = b"HTTP/1.1 200 OK\r\nA: b:c\r\n\r\n";
        let expected = b"HTTP/1.1 200 OK\r\n\x1b[1mA\x1b[0m: b:c\r\n\r\n";
        assert_eq!(with_bold_names(head), expected);
    }
}
