//! One thread of a batch: takes requests, makes their exchanges, and hands on what came of them.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::iter;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::{Arc, PoisonError};
use std::thread;

use super::window::{Job, Turn};
use super::Shared;

/// Starts a worker. False if the system has no thread to give, as long as there is another one.
pub(super) fn start<R: Send + 'static>(shared: &Arc<Shared<R>>) -> bool {
    shared.outbox.add_source();
    let desk = Arc::clone(shared);
    let builder = thread::Builder::new().name("pannier-batch".into());
    let work = move || {
        let worked = catch_unwind(AssertUnwindSafe(|| work(&desk)));
        if let Err(panic) = worked {
            desk.window.stop();
            desk.outbox.put_panic(panic);
        }
        desk.outbox.remove_source();
    };
    let spawned = builder.stack_size(shared.rules.stack_size).spawn(work);
    let mut workers = shared.workers.lock().unwrap_or_else(PoisonError::into_inner);
    match spawned {
        Ok(worker) => workers.push(worker),
        Err(error) => {
            let first = workers.is_empty();
            drop(workers);
            shared.outbox.remove_source();
            assert!(!first, "no thread for a batch: {}", error);
            return false;
        }
    }
    true
}

fn work<R>(shared: &Shared<R>) {
    let mut done = None;
    while let Some((job, turn)) = shared.window.next(done.take()) {
        let wanted = match shared.rules.pipeline_depth {
            1 => exchange(shared, job),
            _ => pipeline(shared, job, &turn),
        };
        if !wanted {
            return;
        }
        done = Some(turn);
    }
}

/// Makes one exchange. False when nobody wants the result any more.
fn exchange<R>(shared: &Shared<R>, (index, request): Job) -> bool {
    let result = request.and_then(|request| shared.client.send(&request));
    shared.outbox.put(index, (shared.task)(index, result))
}

/// Makes exchanges with one origin as long as it has the turn.
fn pipeline<R>(shared: &Shared<R>, first: Job, turn: &Turn) -> bool {
    let indices = RefCell::new(VecDeque::new());
    let jobs = iter::once(first).chain(iter::from_fn(|| shared.window.more(turn)));
    let requests = jobs.map(|(index, request)| {
        indices.borrow_mut().push_back(index);
        request
    });
    let mut results = shared.client.pipeline(requests).depth(shared.rules.pipeline_depth);
    results.all(|result| {
        let index = indices.borrow_mut().pop_front().expect("a result has a request before it");
        shared.outbox.put(index, (shared.task)(index, result))
    })
}
