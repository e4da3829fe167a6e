//! Many requests at once: a pool of threads over any iterator of requests.
//!
//! ```text
//!   iterator ──► Window ──► worker ──► Outbox ──► Results
//!    (feeder)    by origin  (exchange)            (the caller)
//! ```
//!
//! One thread per exchange under way is all there is: it blocks in the exchange, so that there is no
//! event loop, and what a caller may do with a response is not restricted. The iterator is pulled a
//! little ahead of the workers and no further; results wait, a little, for whoever takes them. So
//! the memory that a batch needs does not depend on its length.

mod feeder;
mod outbox;
mod results;
mod window;
mod worker;

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::error::Result;
use crate::net::{CancelToken, Deadline, Interrupt};

pub use self::results::Results;

use self::outbox::{Found, Outbox};
use self::window::Window;
use super::into_request::IntoRequest;
use super::request::Request;
use super::response::Response;
use super::Client;

/// Requests that are sent by several threads; made by [`Client::batch`].
///
/// ```
/// use pannier::net::Script;
/// use pannier::Client;
///
/// let script = Script::new()
///     .expect_until("\r\n\r\n")
///     .reply("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
/// let client = Client::builder().connector(script.repeated()).build();
///
/// let urls = ["http://a.example/", "http://b.example/", "http://c.example/"];
/// let requests = urls.iter().map(|url| client.get(*url)).collect::<Vec<_>>();
/// for (index, result) in client.batch(requests).concurrency(2).run() {
///     println!("{}: {}", urls[index], result?.status());
/// }
/// # Ok::<(), pannier::Error>(())
/// ```
#[must_use = "a batch does nothing until it is run"]
pub struct Batch<I> {
    client: Client,
    requests: I,
    rules: Rules,
}

/// How a batch is worked off.
#[derive(Clone)]
struct Rules {
    concurrency: usize,
    pipeline_depth: usize,
    stack_size: usize,
    timeout: Option<Duration>,
    cancel: Option<CancelToken>,
}

/// What feeder, workers and caller share.
struct Shared<R> {
    client: Client,
    rules: Rules,
    deadline: Deadline,
    /// Cancelled by the caller's own token, and when the results are dropped.
    cancel: CancelToken,
    window: Window,
    outbox: Outbox<R>,
    task: Box<Task<R>>,
    /// Guards the list; nothing is locked inside it.
    workers: Mutex<Vec<JoinHandle<()>>>,
    /// Is nothing more taken from the iterator?
    fed: AtomicBool,
}

/// Ends the feeding of a batch when it is cancelled.
struct Ender<R>(Weak<Shared<R>>);

impl<R: Send + 'static> Interrupt for Ender<R> {
    fn interrupt(&self) {
        if let Some(shared) = self.0.upgrade() {
            shared.end_feeding();
        }
    }
}

/// What is done with each result, on the thread of its worker.
type Task<R> = dyn Fn(usize, Result<Response>) -> R + Send + Sync;

impl<I> Batch<I>
where
    I: Iterator + Send + 'static,
    I::Item: IntoRequest,
{
    pub(super) fn new(client: &Client, requests: I) -> Batch<I> {
        let rules = Rules {
            concurrency: CONCURRENCY,
            pipeline_depth: 1,
            stack_size: STACK_SIZE,
            timeout: None,
            cancel: None,
        };
        Batch { client: client.clone(), requests, rules }
    }

    /// How many threads work at once, at most; no more are started than there is work for.
    /// Default 8; 0 counts as 1. More than [`PoolConfig::max_total`](crate::PoolConfig::max_total) wait
    /// for one another, and over several origins they take connections from one another.
    pub fn concurrency(mut self, threads: usize) -> Batch<I> {
        self.rules.concurrency = threads.max(1);
        self
    }

    /// How many requests may be under way on one connection (RFC 9112 §9.3.2), as for
    /// [`Client::pipeline`]. Default 1: no pipelining.
    pub fn pipeline_depth(mut self, depth: usize) -> Batch<I> {
        self.rules.pipeline_depth = depth.max(1);
        self
    }

    /// How much stack each thread has. Default 256 KiB, of which only what is touched is memory;
    /// what is given to [`map`](Batch::map) may need more.
    pub fn stack_size(mut self, bytes: usize) -> Batch<I> {
        self.rules.stack_size = bytes;
        self
    }

    /// How long the batch as a whole may take, beside the timeouts of each request. What was taken from
    /// the iterator and is not done by then fails with
    /// [`ErrorKind::Timeout`](crate::ErrorKind::Timeout), and nothing more is taken.
    pub fn timeout(mut self, timeout: Duration) -> Batch<I> {
        self.rules.timeout = Some(timeout);
        self
    }

    /// Ends the batch when the token is cancelled: what is under way, and what was taken from the
    /// iterator already, fails with [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled), and
    /// nothing more is taken.
    pub fn cancel(mut self, token: CancelToken) -> Batch<I> {
        self.rules.cancel = Some(token);
        self
    }

    /// Sends the requests; the responses come as they finish, each with the index of its request,
    /// and with its content in memory, up to [`Limits::body`](crate::Limits::body).
    pub fn run(self) -> Results<Result<Response>> {
        self.map(|_, result| result.and_then(Response::into_memory))
    }

    /// Sends the requests and gives each response to `task`, on the thread that received its head and
    /// before its content is read; what `task` returns comes with the index of the request.
    ///
    /// A panic in `task` ends the batch and goes on in whoever takes the results.
    pub fn map<R, F>(self, task: F) -> Results<R>
    where
        R: Send + 'static,
        F: Fn(usize, Result<Response>) -> R + Send + Sync + 'static,
    {
        let cancel = CancelToken::child_of(self.rules.cancel.as_ref());
        self.client.pool().begin_bustle(self.rules.concurrency);
        let config = self.client.config();
        // A connection of HTTP/2 takes as many as its server allows, and who has to wait does so in the pool.
        let per_origin = match config.spoken.may_be_http2() {
            true => usize::MAX,
            false => config.pool.most_per_origin(),
        };
        let shared = Arc::new(Shared {
            deadline: Deadline::after_opt(Instant::now(), self.rules.timeout),
            window: Window::new(self.rules.concurrency, self.rules.pipeline_depth, per_origin),
            outbox: Outbox::new(self.rules.concurrency),
            task: Box::new(task),
            workers: Mutex::default(),
            fed: AtomicBool::new(false),
            client: self.client,
            rules: self.rules,
            cancel,
        });
        feeder::start(&shared, self.requests);
        let ender = Ender(Arc::downgrade(&shared));
        let registration = shared.cancel.register(Arc::new(ender)).ok();
        if registration.is_none() {
            shared.end_feeding();
        }
        Results::new(shared, registration)
    }

    /// Sends the requests and waits for all of them. The results stand in the order of the requests;
    /// after a cancel or the timeout, those that were not taken from the iterator have none.
    pub fn collect(self) -> Vec<Result<Response>> {
        let mut results: Vec<_> = self.run().collect();
        results.sort_unstable_by_key(|(index, _)| *index);
        results.into_iter().map(|(_, result)| result).collect()
    }
}

impl<R> Shared<R> {
    /// The request as a part of this batch.
    fn prepare(&self, mut request: Request) -> Request {
        request.until = request.until.earlier(self.deadline);
        request.cancel = Some(match &request.cancel {
            None => self.cancel.clone(),
            Some(own) => CancelToken::child_of([own, &self.cancel]),
        });
        request
    }

    /// Has the batch come to an end before its iterator?
    fn is_over(&self) -> bool {
        self.cancel.is_cancelled() || self.deadline.is_past(Instant::now())
    }

    /// Nothing more is taken from the iterator, though that may be in the middle of making it.
    fn end_feeding(&self) {
        if !self.fed.swap(true, Ordering::AcqRel) {
            self.window.end();
            self.outbox.remove_source();
        }
    }

    /// Results, waited for. When the time of the batch is over, what is under way still has some.
    fn take(&self, emptied: &mut VecDeque<(usize, R)>) -> Found<R> {
        let found = self.outbox.take(emptied, self.deadline).or_else(|| {
            self.end_feeding();
            self.outbox.take(emptied, Deadline::NEVER)
        });
        found.unwrap_or(Found::End)
    }

    fn join_workers(&self) {
        let workers = {
            let mut workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *workers)
        };
        for worker in workers {
            // A panic has reached the outbox.
            let _ = worker.join();
        }
    }
}

impl<R> Drop for Shared<R> {
    fn drop(&mut self) {
        self.client.pool().end_bustle(self.rules.concurrency);
    }
}

impl<I> fmt::Debug for Batch<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("concurrency", &self.rules.concurrency)
            .field("pipeline_depth", &self.rules.pipeline_depth)
            .field("timeout", &self.rules.timeout)
            .finish_non_exhaustive()
    }
}

/// What browsers and download tools use is of this order; more is for the caller to decide, since it
/// is the server that bears it.
const CONCURRENCY: usize = 8;

/// An exchange needs about 30 KiB of it, in a debug build.
const STACK_SIZE: usize = 256 << 10;
