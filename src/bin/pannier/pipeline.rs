//! What one thread does: one job after the other, or with `--pipeline` several at a time on one
//! connection.
//!
//! Pipelined jobs are begun in their order, and end in it. What is not fit for it goes out alone: that
//! is decided by the library, as is the depth that a server can bear. As many jobs as may be in flight
//! are fetched before the first is waited for. Another try of a job is a request of its own.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::iter;

use crate::exit::Failure;
use crate::job::{Attempt, Begun, Ended, Session, Work};
use crate::jobs::Job;

/// Where the jobs come from.
pub type Next<'a> = dyn FnMut() -> Option<Result<Job, Failure>> + 'a;

/// Told how each job ended; false if none is to be begun any more.
pub type Told<'a> = dyn FnMut(Ended) -> bool + 'a;

/// Does the jobs, as many at a time as `depth` says.
pub fn run(session: &Session, depth: usize, next: &mut Next<'_>, told: &mut Told<'_>) {
    match depth {
        0 | 1 => one_by_one(session, next, told),
        _ => in_flight(session, depth, next, told),
    }
}

fn one_by_one(session: &Session, next: &mut Next<'_>, told: &mut Told<'_>) {
    while let Some(job) = next() {
        if !told(session.go_on(session.begin(job))) {
            return;
        }
    }
}

fn in_flight(session: &Session, depth: usize, next: &mut Next<'_>, told: &mut Told<'_>) {
    let mut held = None;
    while let Some(first) = held.take().or_else(|| Some(session.begin(next()?))) {
        let go_on = match first {
            Begun::Ready(work, attempt) => {
                lane(session, depth, (work, attempt), next, &mut held, told)
            }
            begun => told(session.go_on(begun)),
        };
        if !go_on {
            return;
        }
    }
}

/// Jobs of one client; the first that is none of its is held back. False if none is to follow.
fn lane(
    session: &Session,
    depth: usize,
    first: (Box<Work>, Box<Attempt>),
    next: &mut Next<'_>,
    held: &mut Option<Begun>,
    told: &mut Told<'_>,
) -> bool {
    let (client, number) = (first.1.client.clone(), first.1.number);
    let waiting = RefCell::new(VecDeque::new());
    let others = iter::from_fn(|| {
        if held.is_some() {
            return None;
        }
        match session.begin(next()?) {
            Begun::Ready(work, attempt) if attempt.number == number => Some((work, attempt)),
            other => {
                *held = Some(other);
                None
            }
        }
    });
    let requests = iter::once(first).chain(others).map(|(work, attempt)| {
        waiting.borrow_mut().push_back((work, attempt.sent));
        attempt.request
    });
    let mut responses = client.pipeline(requests).depth(depth);
    responses.all(|response| {
        let first = waiting.borrow_mut().pop_front();
        let (work, sent) = first.expect("a response has a request before it");
        told(session.finish(*work, Ok((sent, response))))
    })
}
