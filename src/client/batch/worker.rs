//! One thread of a batch: takes requests, makes their exchanges, and hands on what came of them.

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::{Arc, PoisonError};
use std::thread;

use super::window::Work;
use super::Shared;

/// Starts a worker. False if the system has no thread to give, as long as there is another one.
pub(super) fn start<R: Send + 'static>(shared: &Arc<Shared<R>>) -> bool {
    let mut workers = shared.workers.lock().unwrap_or_else(PoisonError::into_inner);
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
    match builder.stack_size(shared.rules.stack_size).spawn(work) {
        Ok(worker) => workers.push(worker),
        Err(error) => {
            shared.outbox.remove_source();
            assert!(!workers.is_empty(), "no thread for a batch: {}", error);
            return false;
        }
    }
    true
}

fn work<R>(shared: &Shared<R>) {
    let mut done = None;
    while let Some(mut work) = shared.window.next(done.take()) {
        if !process(shared, &mut work) {
            return;
        }
        done = Some(work);
    }
}

/// Makes the exchanges of `work`. False when nobody wants their results any more.
fn process<R>(shared: &Shared<R>, work: &mut Work) -> bool {
    let mut jobs = work.jobs.drain(..);
    jobs.all(|(index, request)| {
        let result = request.and_then(|request| shared.client.send(&request));
        shared.outbox.put(index, (shared.task)(index, result))
    })
}
