//! The request of a try: the plan as the library takes it, with what the options say of timeouts,
//! redirects and codings.

use std::borrow::Cow;
use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::Duration;

use pannier::http::{Method, Url};
#[cfg(feature = "gzip")]
use pannier::Decoding;
use pannier::{Body, Client, RedirectPolicy, RequestBuilder, Timeouts};

use crate::args::Global;
use crate::exit::{self, Failure};
use crate::operation::Operation;
use crate::patient::Patient;
use crate::protocols;
use crate::request::{Payload, Plan};
use crate::watch::Watcher;

/// What was asked for.
pub struct Asked {
    pub url: Url,
    pub is_head: bool,
    /// Nothing is sent.
    pub is_plain: bool,
    /// Its body can be read only once.
    pub streams: bool,
}

impl Asked {
    fn of(plan: &Plan) -> Asked {
        Asked {
            url: plan.url.clone(),
            is_head: plan.method == "HEAD",
            is_plain: matches!(plan.payload, Payload::None),
            streams: match &plan.payload {
                Payload::Form(form, _) => !form.is_replayable(),
                payload => matches!(payload, Payload::Stream(_) | Payload::Stdin),
            },
        }
    }

    /// Does it ask for content, and send none?
    pub fn is_download(&self) -> bool {
        self.is_plain && !self.is_head
    }
}

/// The request of a plan, and what is to be remembered of it.
pub fn request(
    op: &Operation,
    global: Global,
    client: &Client,
    watcher: &Arc<Watcher>,
    plan: Plan,
    spent: &Arc<AtomicBool>,
) -> Result<(RequestBuilder, Asked), Failure> {
    let asked = Asked::of(&plan);
    let method = Method::new(&plan.method)
        .map_err(|error| Failure::new(exit::BAD_ARGUMENT, error.to_string()))?;
    let mut builder = client.request(method, &plan.url);
    for name in &plan.without {
        builder = builder.without_header(name);
    }
    for (name, value) in &plan.lines {
        builder = builder.header(name, value);
    }
    if let Some(credentials) = plan.credentials {
        builder = builder.credentials(credentials);
    }
    if let Some(netrc) = plan.netrc {
        builder = builder.netrc(netrc);
    }
    // What may be ended: with others, for its speed, or for the heads of redirects without end.
    if global.parallel || op.slowness().is_some() || op.location {
        builder = builder.cancel(watcher.token());
    }
    let builder = builder.body(body(plan.payload, spent)?).observer(watcher.clone());
    Ok((with_policies(builder, op), asked))
}

/// What the options say of every request alike.
fn with_policies(mut builder: RequestBuilder, op: &Operation) -> RequestBuilder {
    if let Some(target) = &op.target {
        builder = builder.target(target);
    }
    let builder = builder
        .raw_transfer(op.raw)
        .timeouts(timeouts(op))
        .redirects(redirects(op))
        .protocol(op.version);
    #[cfg(feature = "gzip")]
    let builder = builder.decoding(match op.compressed && !op.raw {
        true => Decoding::always(),
        false => Decoding::none(),
    });
    builder
}

fn body(payload: Payload, spent: &Arc<AtomicBool>) -> Result<Body, Failure> {
    Ok(match payload {
        Payload::None => Body::empty(),
        Payload::Bytes(Cow::Borrowed(bytes)) => Body::from(bytes),
        Payload::Bytes(Cow::Owned(bytes)) => Body::from(bytes),
        Payload::File(file, _) => Body::file(file).map_err(|error| {
            Failure::new(exit::READ_ERROR, format!("the upload cannot be read: {}", error))
        })?,
        Payload::Form(form, _) => {
            // What it reads from pipes cannot be told from outside: none of it is read twice.
            spent.fetch_or(!form.is_replayable(), Ordering::Relaxed);
            form
        }
        Payload::Stream(file) => read_once(Patient::new(file), spent)?,
        Payload::Stdin => read_once(Patient::stdin(), spent)?,
    })
}

fn read_once<R: Read + Send + 'static>(
    reader: io::Result<R>,
    spent: &Arc<AtomicBool>,
) -> Result<Body, Failure> {
    let unreadable =
        |error| Failure::new(exit::READ_ERROR, format!("the upload cannot be read: {}", error));
    let reader = reader.map_err(unreadable)?;
    Ok(Body::reader(Once { reader, spent: spent.clone() }))
}

/// A reader that can be read once, and tells when that has begun.
struct Once<R> {
    reader: R,
    spent: Arc<AtomicBool>,
}

impl<R: Read> Read for Once<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.spent.store(true, Ordering::Relaxed);
        self.reader.read(buffer)
    }
}

fn redirects(op: &Operation) -> RedirectPolicy {
    if !op.location {
        return RedirectPolicy::none();
    }
    let policy = match op.max_redirs {
        Some(limit) => RedirectPolicy::limited(limit as usize),
        None => RedirectPolicy::unlimited(),
    };
    protocols::guarded(op, policy)
        .keep_post_301(op.post301)
        .keep_post_302(op.post302)
        .keep_post_303(op.post303)
        .keep_method(op.method.is_some())
        .trusted(op.location_trusted)
        .auto_referer(op.auto_referer)
        .allow_downgrade(true)
        .like_curl(true)
}

fn timeouts(op: &Operation) -> Timeouts {
    let with =
        |set: fn(Timeouts, Duration) -> Timeouts, time: Option<Duration>, timeouts| match time {
            Some(time) => set(timeouts, time),
            None => timeouts,
        };
    let timeouts = with(Timeouts::connect, op.connect_timeout, Timeouts::default());
    let timeouts = with(Timeouts::expect_continue, op.expect100_timeout, timeouts);
    with(Timeouts::total, op.max_time, timeouts)
}
