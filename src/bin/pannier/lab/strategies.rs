//! The ways to fetch a page and its objects, one row each.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pannier::http::Url;
#[cfg(feature = "http2")]
use pannier::Protocol;
use pannier::{Client, ClientBuilder, PoolConfig, RequestBuilder, Response, Result};

use super::ideal::Task;
use super::origin::Far;
use super::path::Path;
use crate::journal::{Clock, Exchange, SharedTrace, Trace};

/// A way to use connections.
pub struct Strategy {
    pub name: &'static str,
    /// What it does, in a clause.
    pub method: &'static str,
    /// What that costs and what it saves.
    pub sentences: [&'static str; 2],
    pub fetch: fn(&Visit) -> Result<()>,
    /// The least time that it can take.
    pub ideal: fn(&Task) -> Duration,
}

/// The first is what the others are compared with.
pub const STRATEGIES: &[Strategy] = &[
    Strategy {
        name: "serial",
        method: "a connection for each exchange, one after the other",
        sentences: [
            "Every exchange waits a round trip for its handshake and one for its answer.",
            "Every connection begins with the small window of slow start.",
        ],
        fetch: serial,
        ideal: Task::serial,
    },
    Strategy {
        name: "parallel",
        method: "a connection for each exchange, six at a time",
        sentences: [
            "Six exchanges wait at the same time, so six waits cost as much as one.",
            "Each still pays for its handshake and begins with a small window.",
        ],
        fetch: parallel,
        ideal: |task| task.parallel(WIDTH),
    },
    Strategy {
        name: "persistent",
        method: "one connection, kept",
        sentences: [
            "One handshake for all, and the window keeps what it has grown to.",
            "Each exchange still waits a round trip before the next may begin.",
        ],
        fetch: persistent,
        ideal: Task::persistent,
    },
    Strategy {
        name: "parallel + persistent",
        method: "six connections, kept",
        sentences: [
            "Six handshakes at the same time, then none; and six waits at the same time.",
            "Each connection has to grow a window of its own.",
        ],
        fetch: parallel_persistent,
        ideal: |task| task.parallel_persistent(WIDTH),
    },
    Strategy {
        name: "pipelined",
        method: "one connection, up to 16 requests ahead of their answers",
        sentences: [
            "Requests leave without waiting for answers: one wait and one window for all.",
            "The answers come in order, so a late one holds up those behind it.",
        ],
        fetch: pipelined,
        ideal: Task::pipelined,
    },
    #[cfg(feature = "http2")]
    Strategy {
        name: "multiplexed",
        method: "one connection, a stream of HTTP/2 for each exchange",
        sentences: [
            "Requests leave at once: one wait and one window for all, as if pipelined.",
            "The answers take turns, so a late one holds up no other.",
        ],
        fetch: multiplexed,
        ideal: Task::multiplexed,
    },
];

fn serial(visit: &Visit) -> Result<()> {
    let client = visit.client().build();
    visit.urls(0).try_for_each(|url| visit.fetch(&client, url, closing))
}

fn parallel(visit: &Visit) -> Result<()> {
    let client = visit.client().build();
    visit.fetch(&client, visit.page.clone(), closing)?;
    visit.batch(&client, closing, WIDTH)
}

fn persistent(visit: &Visit) -> Result<()> {
    let client = visit.client().build();
    visit.urls(0).try_for_each(|url| visit.fetch(&client, url, keeping))
}

fn parallel_persistent(visit: &Visit) -> Result<()> {
    let pool = PoolConfig::default().max_per_origin(WIDTH).max_idle_per_origin(WIDTH);
    let client = visit.client().pool(pool).build();
    visit.fetch(&client, visit.page.clone(), keeping)?;
    visit.batch(&client, keeping, WIDTH)
}

/// The page shows that the origin keeps connections; only then are requests sent ahead.
fn pipelined(visit: &Visit) -> Result<()> {
    let client = visit.client().build();
    visit.fetch(&client, visit.page.clone(), keeping)?;
    visit.pipeline(&client)
}

/// The page makes the connection that all objects share.
#[cfg(feature = "http2")]
fn multiplexed(visit: &Visit) -> Result<()> {
    let client = visit.client().protocol(Protocol::Http2PriorKnowledge).build();
    visit.fetch(&client, visit.page.clone(), keeping)?;
    visit.batch(&client, keeping, STREAMS)
}

/// What makes a request one of a strategy's.
type Shape = fn(RequestBuilder) -> RequestBuilder;

/// A request after which the connection is closed.
fn closing(request: RequestBuilder) -> RequestBuilder {
    request.header("Connection", "close")
}

/// A request after which it is kept.
fn keeping(request: RequestBuilder) -> RequestBuilder {
    request
}

/// A page to be fetched with its objects, and what has come of it.
pub struct Visit {
    page: Url,
    path: Path,
    objects: u64,
    clock: Clock,
    /// Guards what has happened; nothing else is locked inside.
    seen: Arc<Mutex<Seen>>,
}

/// What has happened in a visit.
#[derive(Debug, Default)]
pub struct Seen {
    pub exchanges: Vec<Exchange>,
    /// Bytes of content.
    pub bytes: u64,
}

impl Visit {
    /// Nothing has been fetched.
    pub fn new(page: Url, path: Path, objects: u64) -> Visit {
        Visit { page, path, objects, clock: Clock::start(), seen: Arc::default() }
    }

    /// What has happened, in the order in which it began.
    pub fn into_seen(self) -> (Clock, Seen) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.exchanges.sort_by_key(|exchange| exchange.began);
        (self.clock, std::mem::take(&mut *seen))
    }

    /// A client to which the origin is as far away as the path says.
    fn client(&self) -> ClientBuilder {
        Client::builder().connector(Far::new(self.path))
    }

    /// The URLs from this number on; 0 is the page.
    fn urls(&self, first: u64) -> impl Iterator<Item = Url> + '_ {
        (first..=self.objects).map(|number| match number {
            0 => self.page.clone(),
            number => self
                .page
                .join(&format!("object/{}", number))
                .expect("a path of letters and digits resolves against any URL"),
        })
    }

    /// One exchange.
    fn fetch(&self, client: &Client, url: Url, shape: Shape) -> Result<()> {
        let trace = self.trace(&url);
        let request = shape(client.get(url)).observer(trace.clone());
        finish(request.send(), &trace, &self.seen)
    }

    /// All objects on one connection, many ahead of their answers.
    fn pipeline(&self, client: &Client) -> Result<()> {
        let (requests, traces) = self.objects(client, keeping);
        let mut answers = client.pipeline(requests).depth(DEPTH).zip(traces);
        answers.try_for_each(|(result, trace)| finish(result, &trace, &self.seen))
    }

    /// All objects, so many at a time.
    fn batch(&self, client: &Client, shape: Shape, width: usize) -> Result<()> {
        let (requests, traces) = self.objects(client, shape);
        let seen = self.seen.clone();
        let mut done = client
            .batch(requests)
            .concurrency(width)
            .map(move |index, result| finish(result, &traces[index], &seen));
        done.try_for_each(|(_, result)| result)
    }

    /// The requests of all objects, each with what watches it.
    fn objects(
        &self,
        client: &Client,
        shape: Shape,
    ) -> (Vec<RequestBuilder>, Vec<Arc<SharedTrace>>) {
        let watched = self.urls(1).map(|url| {
            let trace = self.trace(&url);
            (shape(client.get(url)).observer(trace.clone()), trace)
        });
        watched.unzip()
    }

    fn trace(&self, url: &Url) -> Arc<SharedTrace> {
        Arc::new(SharedTrace::new(Trace::new(self.clock, 0, "GET", url)))
    }
}

/// Reads the content, and enters the exchange.
fn finish(result: Result<Response>, trace: &SharedTrace, seen: &Mutex<Seen>) -> Result<()> {
    let bytes = result?.error_for_status()?.bytes()?.len() as u64;
    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    seen.bytes += bytes;
    if let Some(mut trace) = trace.take() {
        trace.received(bytes);
        seen.exchanges.extend(trace.end());
    }
    Ok(())
}

/// How many connections a browser opens to an origin over HTTP/1.1.
const WIDTH: usize = 6;
/// How many requests may be ahead of their answers.
const DEPTH: usize = 16;
/// How many streams there may be at once: as many as the origin takes.
#[cfg(feature = "http2")]
const STREAMS: usize = 100;
