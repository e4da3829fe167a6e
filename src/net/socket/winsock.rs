//! How a call waits on a socket of Windows.
//!
//! A timeout of the socket is of no use there. Shutting the socket down wakes nobody who waits on it, so that
//! no call could be cancelled; and by the documentation of `SO_RCVTIMEO` and `SO_SNDTIMEO` nobody knows what a
//! call has moved whose timeout ran out. So no call blocks: it is made again after a pause, which grows with
//! the time that it has waited.

use std::io::{self, ErrorKind};
use std::thread;
use std::time::{Duration, Instant};

use super::{Deadline, Shared, Socket};

/// Makes a call again and again until it is done or the deadline has come. The socket is left in a mode
/// that does not block.
pub(super) fn wait<S: Socket>(
    shared: &Shared<S>,
    deadline: Deadline,
    mut call: impl FnMut(&S) -> io::Result<usize>,
) -> io::Result<usize> {
    shared.socket.set_nonblocking(true)?;
    let began = Instant::now();
    loop {
        let left = deadline.left()?;
        match call(&shared.socket) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock && !shared.is_interrupted() => {
                let pause = (began.elapsed() / SHARE).clamp(SHORTEST, LONGEST);
                thread::sleep(left.map_or(pause, |left| left.min(pause)));
            }
            done => return done,
        }
    }
}

/// A call is later by no more than this part of what it waits.
const SHARE: u32 = 16;

const SHORTEST: Duration = Duration::from_millis(1);

/// How long a call that is cancelled may not notice it.
const LONGEST: Duration = Duration::from_millis(20);
