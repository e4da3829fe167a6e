//! The requests that were taken from the iterator and wait for a worker, by route.
//!
//! Whose turn it is: the route on which the fewest workers are busy, and of those the one whose
//! request came first. A route gets no more workers than it may have connections, for the others
//! would only wait for one; and if there are several routes, a quarter of the workers is left to
//! the others, so that one that does not answer cannot hold up the rest. That holds as far as the
//! window reaches: requests to one slow route that fill it are in the way of what comes after.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::error::Result;

use super::super::request::Request;
use super::super::route::Route;

/// A request and its index.
pub(super) type Job = (usize, Result<Request>);

/// Requests between the feeder and the workers.
pub(super) struct Window {
    capacity: usize,
    /// How many workers one route may have while it is the only one, and when there are several.
    alone: usize,
    among_others: usize,
    /// Guards all that changes. Nothing is locked inside it.
    state: Mutex<State>,
    /// Something was put in, or the end has come.
    filled: Condvar,
    /// There is room again, or the end has come.
    drained: Condvar,
}

#[derive(Default)]
struct State {
    lanes: Vec<Lane>,
    /// Requests in all the lanes.
    waiting: usize,
    /// The route of the newest request, its index, and when it was another one last.
    last_route: Option<Arc<Route>>,
    newest: usize,
    changed: Option<usize>,
    /// Workers that wait for work, and whether the feeder waits for room.
    idle_workers: usize,
    feeder_waits: bool,
    /// Nothing more is put in.
    ended: bool,
    /// Nothing more is given out.
    stopped: bool,
}

/// The requests to one route; those that could not be built have none.
struct Lane {
    route: Option<Arc<Route>>,
    jobs: VecDeque<Job>,
    busy: usize,
}

/// The right of one worker to work for a route, to be given back.
pub(super) struct Turn(Option<Arc<Route>>);

impl Window {
    pub(super) fn new(concurrency: usize, depth: usize, per_origin: usize) -> Window {
        let others = (concurrency / 4).max(1);
        let alone = per_origin.min(concurrency);
        Window {
            // How far the iterator is pulled ahead of the workers.
            capacity: concurrency.saturating_mul(depth).saturating_mul(2).max(LEAST_CAPACITY),
            alone,
            among_others: alone.min(concurrency - others).max(1),
            state: Mutex::default(),
            filled: Condvar::new(),
            drained: Condvar::new(),
        }
    }

    /// Waits for room. False if no more requests are wanted.
    pub(super) fn wait_for_room(&self) -> bool {
        let mut state = self.lock();
        // Not for each single one: between full and half empty the feeder sleeps.
        if state.waiting >= self.capacity {
            while state.waiting > self.capacity / 2 && !state.stopped {
                state.feeder_waits = true;
                state = self.drained.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            state.feeder_waits = false;
        }
        !state.stopped
    }

    /// Puts a request in. Says whether there are as many workers that wait for work.
    pub(super) fn put(&self, job: Job) -> bool {
        let route = job.1.as_ref().ok().map(|request| request.route().clone());
        let mut state = self.lock();
        if state.ended {
            return true;
        }
        state.note(&route, job.0);
        state.waiting += 1;
        state.lane(route).jobs.push_back(job);
        let (idle, enough) = (state.idle_workers > 0, state.idle_workers >= state.waiting);
        drop(state);
        // What waits already may be for routes that are busy enough, so who is idle looks at this.
        if idle {
            self.filled.notify_one();
        }
        enough
    }

    /// No more will be put in; what is put in nevertheless is forgotten.
    pub(super) fn end(&self) {
        self.lock().ended = true;
        self.filled.notify_all();
    }

    /// No more is given out: everyone goes home.
    pub(super) fn stop(&self) {
        self.lock().stopped = true;
        self.filled.notify_all();
        self.drained.notify_all();
    }

    /// The next request, waited for; the turn before is given back. `None` at the end.
    pub(super) fn next(&self, done: Option<Turn>) -> Option<(Job, Turn)> {
        let mut state = self.lock();
        if let Some(Turn(route)) = done {
            state.give_back(&route);
            if state.idle_workers > 0 && state.waiting > 0 {
                // The route has room for one more, who may not be this one.
                self.filled.notify_one();
            }
        }
        loop {
            if state.stopped || (state.ended && state.waiting == 0) {
                drop(state);
                // Whoever waits for a route to have room sees that nothing is left for it.
                self.filled.notify_all();
                return None;
            }
            if let Some((job, turn)) = self.take(&mut state) {
                self.taken(&mut state);
                return Some((job, turn));
            }
            state.idle_workers += 1;
            state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.idle_workers -= 1;
        }
    }

    /// One more request to the same route, if there is one at once and it is not another's turn.
    pub(super) fn more(&self, turn: &Turn) -> Option<Job> {
        let mut state = self.lock();
        let busy = state.lanes.iter().find(|lane| lane.route == turn.0)?.busy;
        let deserves = |lane: &Lane| !lane.jobs.is_empty() && lane.busy < busy;
        if state.stopped || state.lanes.iter().any(deserves) {
            return None;
        }
        let job = state.lane(turn.0.clone()).jobs.pop_front()?;
        self.taken(&mut state);
        Some(job)
    }

    fn take(&self, state: &mut State) -> Option<(Job, Turn)> {
        let most = if state.has_several_routes() { self.among_others } else { self.alone };
        let open = |lane: &&mut Lane| !lane.jobs.is_empty() && lane.busy < most;
        let turn = |lane: &&mut Lane| (lane.busy, lane.jobs.front().map(|(index, _)| *index));
        let lane = state.lanes.iter_mut().filter(open).min_by_key(turn)?;
        lane.busy += 1;
        Some((lane.jobs.pop_front()?, Turn(lane.route.clone())))
    }

    fn taken(&self, state: &mut State) {
        state.waiting -= 1;
        if state.feeder_waits && state.waiting <= self.capacity / 2 {
            self.drained.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn note(&mut self, route: &Option<Arc<Route>>, index: usize) {
        self.newest = index;
        if route.is_none() || self.last_route == *route {
            return;
        }
        if self.last_route.is_some() {
            self.changed = Some(index);
        }
        self.last_route = route.clone();
    }

    /// Are there others than one, or were there not long ago?
    fn has_several_routes(&self) -> bool {
        self.changed.map_or(false, |changed| self.newest - changed < LONG_AGO)
    }

    fn lane(&mut self, route: Option<Arc<Route>>) -> &mut Lane {
        let known = self.lanes.iter().position(|lane| lane.route == route);
        let at = known.unwrap_or_else(|| {
            self.lanes.push(Lane { route, jobs: VecDeque::new(), busy: 0 });
            self.lanes.len() - 1
        });
        &mut self.lanes[at]
    }

    fn give_back(&mut self, route: &Option<Arc<Route>>) {
        let lane = self.lanes.iter().position(|lane| lane.route == *route);
        if let Some(at) = lane {
            let lane = &mut self.lanes[at];
            lane.busy -= 1;
            if lane.busy == 0 && lane.jobs.is_empty() && self.lanes.len() > 1 {
                self.lanes.swap_remove(at);
            }
        }
    }
}

/// After so many requests to one route, others are not expected any more.
const LONG_AGO: usize = 1000;

/// Enough that a few slow routes among many do not soon fill it.
const LEAST_CAPACITY: usize = 256;
