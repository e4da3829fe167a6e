//! A new connection, or one that comes back before it is made: whichever is there first.
//!
//! While others to the same origin are in use, one of them may come back before a handshake over a
//! long way is done. So the connection is made on a thread of its own, and the call waits in the
//! queue of the pool for that one or any other. A connection that comes second is not lost: it goes
//! to the next who waits, or becomes idle.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::conn::{Connection, Expectation, Grant};
use crate::error::{Error, ErrorKind, Result};
use crate::event::{Observer, Phase, Timings};
use crate::http::Origin;
use crate::net::{start_thread, CancelToken, Deadline, Watched};

use super::call::Call;
use super::checkout::Obtained;
use super::dial::{Dial, Maker};
use super::exchange::vacate;
use super::request::Request;
use super::{Place, Pool};

/// A dialling on a thread of its own.
struct Aside {
    maker: Arc<Maker>,
    pool: Arc<Pool>,
    place: Place,
    expectation: Expectation<Arc<Origin>, Box<Connection>>,
    origin: Arc<Origin>,
    deadline: Deadline,
    cancel: CancelToken,
    observer: Option<Arc<dyn Observer>>,
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
    /// Has a connection made in `place`, and waits for it or for another.
    pub(super) fn race(
        &self,
        request: &Request,
        place: Place,
        timings: &mut Timings,
    ) -> Result<Obtained> {
        let (maker, pool) = (self.client.maker(), self.client.pool());
        let waiting = pool.expect(request.origin());
        let failure = Arc::<Mutex<Option<Error>>>::default();
        let aside = Aside {
            maker: Arc::clone(maker),
            pool: Arc::clone(pool),
            place,
            expectation: waiting.expectation(),
            origin: Arc::clone(request.origin()),
            deadline: self.until(self.timeouts.connect),
            cancel: CancelToken::child_of(self.cancel.into_iter().chain([&maker.cancel])),
            observer: self.observer.cloned(),
            failure: Arc::clone(&failure),
            counted: Counted::new(&maker.aside),
        };
        let blame = |error| self.blame(Phase::Connect, ErrorKind::Connect, error);
        if let Err(error) = start_thread("pannier-dial", STACK_SIZE, Box::new(|| aside.run())) {
            waiting.leave();
            return Err(blame(error));
        }
        let granted = waiting.wait(self.deadline, self.cancel).map_err(blame)?;
        if let Grant::Failed = granted {
            let failure = failure.lock().unwrap_or_else(PoisonError::into_inner).take();
            return Err(failure.unwrap_or_else(|| Error::new(ErrorKind::Connect)));
        }
        let obtained = self.accept(request, granted)?;
        if let Obtained::Kept(_) = obtained {
            timings.queued = Some(Instant::now());
        }
        Ok(obtained)
    }
}

impl Aside {
    fn run(self) {
        let _counted = self.counted;
        let dial = Dial {
            maker: &self.maker,
            origin: &self.origin,
            deadline: self.deadline,
            cancel: Some(&self.cancel),
            observer: self.observer.as_ref(),
        };
        match dial.run() {
            Ok(connection) => {
                self.pool.count_created();
                let connection = self.place.fill(connection);
                for (connection, reason) in self.expectation.fulfil(connection, Instant::now()) {
                    drop(vacate(connection, reason, self.observer.as_ref()));
                }
            }
            Err(error) => {
                *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                drop(self.place);
                self.expectation.fail();
            }
        }
    }
}

/// For a connect and a TLS handshake. Only what is touched counts.
const STACK_SIZE: usize = 256 << 10;
