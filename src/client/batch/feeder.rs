//! The thread that pulls the iterator, and starts workers as there is work for them.
//!
//! It is a thread of its own because the iterator may block, on standard input for instance, and
//! then holds up nothing but itself: a batch that is cancelled, or whose time is over, does not wait
//! for it.

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Arc;
use std::thread;

use super::super::into_request::IntoRequest;
use super::{worker, Shared};

pub(super) fn start<R, I>(shared: &Arc<Shared<R>>, requests: I)
where
    R: Send + 'static,
    I: Iterator + Send + 'static,
    I::Item: IntoRequest,
{
    shared.outbox.add_source();
    let desk = Arc::clone(shared);
    let work = move || {
        let fed = catch_unwind(AssertUnwindSafe(|| feed(&desk, requests)));
        if let Err(panic) = fed {
            desk.outbox.put_panic(panic);
        }
        desk.end_feeding();
    };
    let builder = thread::Builder::new().name("pannier-feeder".into());
    if let Err(error) = builder.spawn(work) {
        shared.outbox.put_panic(Box::new(format!("no thread for a batch: {}", error)));
        shared.end_feeding();
    }
}

fn feed<R, I>(shared: &Arc<Shared<R>>, requests: I)
where
    R: Send + 'static,
    I: Iterator,
    I::Item: IntoRequest,
{
    let mut workers = 0;
    for (index, request) in requests.enumerate() {
        let request = request.into_request().map(|request| shared.prepare(request));
        let served = shared.window.put((index, request));
        if !served && workers < shared.rules.concurrency && worker::start(shared) {
            workers += 1;
        }
        if !shared.window.wait_for_room() || shared.is_over() {
            return;
        }
    }
}
