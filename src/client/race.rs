//! A new connection, or one that comes back before it is made: whichever is there first.
//!
//! While others to the same origin are in use, one of them may come back before a handshake over a
//! long way is done. So the connection is made on a thread of its own, and the call waits in the
//! queue of the pool for that one or any other. A connection that comes second is not lost: it goes
//! to the next who waits, or becomes idle. Where it could not stay, nothing is raced: `Place::has_rivals`.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::conn::{Connection, Expectation, Grant};
use crate::error::{Error, ErrorKind, Result};
use crate::event::{Phase, Timings};
use crate::net::{start_thread, CancelToken, Deadline, Watched};

use super::call::Call;
use super::checkout::Obtained;
use super::dial::{Dial, Maker};
use super::exchange::vacate;
use super::listener::Listener;
use super::request::Request;
use super::route::Route;
use super::{Place, Pool};

/// A dialling on a thread of its own.
struct Aside {
    maker: Arc<Maker>,
    pool: Arc<Pool>,
    place: Place,
    expectation: Expectation<Arc<Route>, Connection>,
    route: Arc<Route>,
    deadline: Deadline,
    cancel: CancelToken,
    observer: Option<Arc<dyn Listener>>,
    failure: Arc<Mutex<Option<Error>>>,
    /// The last field: when it is dropped, nothing of this is left.
    counted: Counted,
}

/// One of the diallings aside, as long as it lasts.
struct Counted(Arc<Watched<usize>>);

impl Counted {
    fn new(count: &Arc<Watched<usize>>) -> Counted {
        count.update(|count| *count += 1);
        Counted(Arc::clone(count))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.update(|count| *count -= 1);
    }
}

impl Call<'_> {
    /// Has a connection made in `place`, and waits for it or for another. Nothing comes of it if the
    /// pool is to be asked again.
    #[cold]
    pub(super) fn race(
        &self,
        request: &Request,
        place: Place,
        timings: &mut Timings,
    ) -> Result<Option<Obtained>> {
        let (maker, pool) = (self.client.maker(), self.client.pool());
        let waiting = pool.expect(request.route());
        let failure = Arc::<Mutex<Option<Error>>>::default();
        let now = Instant::now();
        let aside = Aside {
            maker: Arc::clone(maker),
            pool: Arc::clone(pool),
            place,
            expectation: waiting.expectation(),
            route: Arc::clone(request.route()),
            deadline: self.until(self.timeouts.connect).earlier(Deadline::after(now, LONGEST)),
            cancel: CancelToken::child_of(self.cancel.into_iter().chain([&maker.cancel])),
            observer: self.observer.cloned(),
            failure: Arc::clone(&failure),
            counted: Counted::new(&maker.aside),
        };
        aside.start();
        // The thread knows better what it was about when the time was over.
        let patience =
            self.deadline.instant().map_or(Deadline::NEVER, |at| Deadline::after(at, GRACE));
        let blame = |error| self.blame(Phase::Connect, ErrorKind::Connect, error);
        let granted = waiting.wait(patience, self.cancel).map_err(blame)?;
        if let Grant::Failed = granted {
            let failure = failure.lock().unwrap_or_else(PoisonError::into_inner).take();
            let lost = || Error::new(ErrorKind::Connect).message("the dialling thread panicked");
            return Err(failure.unwrap_or_else(lost));
        }
        let obtained = self.accept(request, granted)?;
        if let Some(Obtained::Kept(_)) = obtained {
            timings.queued = Some(Instant::now());
        }
        Ok(obtained)
    }
}

impl Aside {
    /// Runs on a thread of its own, or here if there is none to be had.
    fn start(self) {
        let aside = Arc::new(Mutex::new(Some(self)));
        let take = |aside: &Mutex<Option<Aside>>| {
            aside.lock().unwrap_or_else(PoisonError::into_inner).take()
        };
        let thread = Arc::clone(&aside);
        let run = move |aside: &Mutex<Option<Aside>>| {
            if let Some(aside) = take(aside) {
                aside.run();
            }
        };
        let work = move || run(&thread);
        if start_thread("pannier-dial", STACK_SIZE, Box::new(work)).is_err() {
            run(&aside);
        }
    }

    fn run(self) {
        let _counted = self.counted;
        let dial = Dial {
            maker: &self.maker,
            route: &self.route,
            deadline: self.deadline,
            cancel: Some(&self.cancel),
            observer: self.observer.as_ref(),
        };
        match dial.run() {
            Ok(connection) => {
                self.pool.count_created();
                let born = connection.facts().born;
                let connection = self.place.fill(connection, born);
                for (connection, reason) in self.expectation.fulfil(connection, Instant::now()) {
                    drop(vacate(connection, reason, self.observer.as_ref()));
                }
            }
            Err(error) => {
                *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                drop(self.place);
                drop(self.expectation);
            }
        }
    }
}

/// What threads mostly have: connectors, TLS adapters and observers are other people's code. Only what
/// is touched counts.
const STACK_SIZE: usize = 2 << 20;

/// A dialling that nobody waits for any more must end though its call had no deadline. TCP gives up by
/// itself at about the same time.
const LONGEST: Duration = Duration::from_secs(120);

/// Well under the 50 ms that a call may be late.
const GRACE: Duration = Duration::from_millis(20);
