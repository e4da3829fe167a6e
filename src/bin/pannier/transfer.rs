//! One transfer: hand the plan to the library, and what comes to the output.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use pannier::coding::base64;
use pannier::http::{Headers, Method, Url};
use pannier::{Body, Client, Error, ErrorKind, RedirectPolicy, RequestBuilder, Response, Timeouts};

use crate::connect::Route;
use crate::exit::{self, Facts, Failure};
use crate::operation::{Fail, Operation};
use crate::output::{Dump, Output};
use crate::request::{Line, Payload, Plan};
use crate::watch::Watcher;

/// All that a transfer needs.
pub struct Transfer<'a> {
    pub op: &'a Operation,
    pub client: &'a Client,
    pub route: &'a Route,
    pub watcher: &'a Arc<Watcher>,
    pub output: &'a mut Output,
    pub dump: Option<&'a mut Dump>,
}

/// What has come of it so far.
#[derive(Debug, Default)]
pub struct Progress {
    /// Bytes of content.
    pub downloaded: u64,
    /// Bytes that `Content-Length` announces.
    pub expected: Option<u64>,
    /// The URL that answered.
    pub effective: Option<Url>,
    pub redirect_url: Option<String>,
}

impl Transfer<'_> {
    /// Sends the request and writes the response.
    pub fn run(&mut self, plan: Plan, progress: &mut Progress) -> Result<(), Failure> {
        let (url, streams) =
            (plan.url.clone(), matches!(plan.payload, Payload::Stream(_) | Payload::Stdin));
        let is_head = plan.method == "HEAD";
        let sent = self.builder(plan)?.send();
        self.show_heads()?;
        let mut response = sent.map_err(|error| self.explain(&error, &url, progress, streams))?;
        progress.effective = Some(response.url().clone());
        progress.redirect_url = response.redirect_url().map(|url| url.to_string());
        progress.expected = response.content_length().filter(|_| !is_head);
        let failed = self.op.fail != Fail::Never && response.status().as_u16() >= 400;
        if failed && self.op.fail == Fail::WithoutBody {
            return Err(http_error(&response));
        }
        // `-I -X GET` asks for no content either, but gets some.
        if !self.op.head {
            self.announced_too_large(progress)?;
            self.copy(&mut response, progress, &url)?;
        }
        if let Some(trailers) = response.trailers() {
            self.show(&section(trailers))?;
        }
        self.output.finish()?;
        match failed {
            true => Err(http_error(&response)),
            false => Ok(()),
        }
    }

    fn builder(&self, plan: Plan) -> Result<RequestBuilder, Failure> {
        let bad =
            |error: &dyn std::fmt::Display| Failure::new(exit::BAD_ARGUMENT, error.to_string());
        let method = Method::new(&plan.method).map_err(|error| bad(&error))?;
        let mut builder = self.client.request(method, &plan.url);
        for name in &plan.without {
            builder = builder.without_header(name);
        }
        for line in &plan.lines {
            builder = match line {
                Line::Field(name, value) => builder.header(name, value),
                Line::Basic(user, password) => {
                    let pair = [user.as_slice(), b":", password].concat();
                    builder.header("Authorization", format!("Basic {}", base64::encode(&pair)))
                }
            };
        }
        if let Some(target) = &self.op.target {
            builder = builder.target(target);
        }
        let body = body(plan.payload)?;
        Ok(builder
            .body(body)
            .raw_transfer(self.op.raw)
            .timeouts(timeouts(self.op))
            .redirects(redirects(self.op))
            .protocol(self.op.version)
            .observer(self.watcher.clone()))
    }

    fn copy(
        &mut self,
        response: &mut Response,
        progress: &mut Progress,
        url: &Url,
    ) -> Result<(), Failure> {
        let mut buffer = vec![0; BUFFER];
        loop {
            let count = match response.read_body(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(count) => count,
                Err(error) => return Err(self.explain(&error, url, progress, false)),
            };
            let room = self.op.max_filesize.map_or(u64::MAX, |most| most - progress.downloaded);
            let taken = usize::try_from(room).map_or(count, |room| room.min(count));
            self.watcher.content(&buffer[..taken]);
            self.output.write(&buffer[..taken])?;
            progress.downloaded += taken as u64;
            self.watcher.received(progress.downloaded, progress.expected);
            if taken < count {
                return Err(too_large());
            }
        }
    }

    fn announced_too_large(&self, progress: &Progress) -> Result<(), Failure> {
        match (self.op.max_filesize, progress.expected) {
            (Some(most), Some(announced)) if announced > most => Err(too_large()),
            _ => Ok(()),
        }
    }

    fn show_heads(&mut self) -> Result<(), Failure> {
        for head in self.watcher.take_heads() {
            self.show(&head)?;
        }
        Ok(())
    }

    fn show(&mut self, head: &[u8]) -> Result<(), Failure> {
        if let Some(dump) = &mut self.dump {
            dump.write(head)?;
        }
        match self.op.show_headers {
            true => self.output.write(head),
            false => Ok(()),
        }
    }

    fn explain(&self, error: &Error, url: &Url, progress: &Progress, streams: bool) -> Failure {
        let record = self.watcher.record();
        // Only what cannot be sent twice fails here, and over HTTP/1.0 not even once more.
        if error.kind() == ErrorKind::Redirect && streams {
            let http10 = record.head.starts_with(b"HTTP/1.0");
            let code = if http10 { exit::UPLOAD_FAILED } else { exit::REWIND_FAILED };
            return Failure::new(code, error.to_string());
        }
        let (host, port) = self.route.target(&record.effective.as_ref().unwrap_or(url).origin());
        let facts = Facts {
            host,
            port,
            elapsed: match record.is_connected() {
                true => record.began.elapsed(),
                false => record.hop_elapsed(),
            },
            received: progress.downloaded,
            expected: progress.expected,
            max_redirs: self.op.max_redirs,
        };
        Failure::transfer(error, &facts)
    }
}

fn body(payload: Payload) -> Result<Body, Failure> {
    Ok(match payload {
        Payload::None => Body::empty(),
        Payload::Bytes(bytes) => Body::from(bytes),
        Payload::File(file, _) => Body::file(file).map_err(|error| {
            Failure::new(exit::READ_ERROR, format!("the upload cannot be read: {}", error))
        })?,
        Payload::Stream(file) => Body::reader(file),
        Payload::Stdin => Body::reader(io::stdin()),
    })
}

fn redirects(op: &Operation) -> RedirectPolicy {
    if !op.location {
        return RedirectPolicy::none();
    }
    let policy = match op.max_redirs {
        Some(limit) => RedirectPolicy::limited(limit as usize),
        None => RedirectPolicy::unlimited(),
    };
    policy
        .keep_post_301(op.post301)
        .keep_post_302(op.post302)
        .keep_post_303(op.post303)
        .keep_method(op.method.is_some())
        .trusted(op.location_trusted)
        .auto_referer(op.auto_referer)
        .allow_downgrade(true)
}

fn timeouts(op: &Operation) -> Timeouts {
    let with =
        |set: fn(Timeouts, Duration) -> Timeouts, time: Option<Duration>, timeouts| match time {
            Some(time) => set(timeouts, time),
            None => timeouts,
        };
    let timeouts = with(Timeouts::connect, op.connect_timeout, Timeouts::default());
    with(Timeouts::total, op.max_time, timeouts)
}

/// A trailer section as it came, but for white space.
fn section(trailers: &Headers) -> Vec<u8> {
    let lines =
        trailers.iter().map(|(name, value)| [name.as_bytes(), b": ", value, b"\r\n"].concat());
    lines.collect::<Vec<_>>().concat()
}

fn http_error(response: &Response) -> Failure {
    let message = format!("The requested URL returned error: {}", response.status().as_u16());
    Failure::new(exit::HTTP_ERROR, message)
}

fn too_large() -> Failure {
    Failure::new(exit::TOO_LARGE, "Maximum file size exceeded")
}

/// Large enough that the system calls do not count.
const BUFFER: usize = 64 * 1024;
