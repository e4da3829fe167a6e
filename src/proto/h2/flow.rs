//! Flow control (RFC 9113 §5.2, §6.9): how many bytes of content may be under way.
//!
//! A window is signed, since a change of the peer's settings may take back what has been spent
//! already (§6.9.2). What is received is owed to the peer until it is given back; that happens at half
//! of the window, so that a long transfer costs two small frames a window and never waits for one.

/// What may still be sent, or received, on a stream or a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window(i64);

/// A window would become larger than 2^31-1 (RFC 9113 §6.9.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Overflow;

/// More was received than the window allows (RFC 9113 §6.9.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Exceeded;

impl Window {
    /// RFC 9113 §6.9.1: the largest that a window may be.
    pub(super) const MAX: u32 = (1 << 31) - 1;

    pub(super) const fn new(size: u32) -> Window {
        Window(size as i64)
    }

    /// How many bytes fit. None while the window is negative.
    pub(super) fn room(self) -> u64 {
        u64::try_from(self.0).unwrap_or(0)
    }

    /// Takes bytes that fit.
    pub(super) fn take(&mut self, count: u64) -> Result<(), Exceeded> {
        if count > self.room() {
            return Err(Exceeded);
        }
        self.0 -= count as i64;
        Ok(())
    }

    /// Moves the upper end of the window.
    pub(super) fn shift(&mut self, by: i64) -> Result<(), Overflow> {
        let moved = self.0.saturating_add(by);
        if moved > i64::from(Window::MAX) {
            return Err(Overflow);
        }
        self.0 = moved;
        Ok(())
    }
}

/// What the peer may send, and what we owe it.
///
/// ```text
///  │◄──────────────────────── size ────────────────────────►│
///  │ window: may come │ unread: with the reader │ owed      │
/// ```
#[derive(Clone, Copy, Debug)]
pub(super) struct RecvWindow {
    window: Window,
    size: u32,
    /// Taken by the reader, but not given back to the peer.
    owed: u32,
    /// Given back since the size has changed.
    passed: u64,
}

impl RecvWindow {
    pub(super) fn new(size: u32) -> RecvWindow {
        RecvWindow { window: Window::new(size), size, owed: 0, passed: 0 }
    }

    /// What the peer may still send.
    pub(super) fn room(&self) -> u64 {
        self.window.room()
    }

    /// The payload of a DATA frame, padding included, is on its way to the reader.
    pub(super) fn recv(&mut self, length: u32) -> Result<(), Exceeded> {
        self.window.take(u64::from(length))
    }

    /// The reader has taken so much. Returns the increment that is to be sent now, or 0.
    ///
    /// The size doubles, up to `most`, when a whole window has passed since it last did and the reader
    /// has no more than a quarter of it before him: then it is the window that the peer waits for.
    pub(super) fn release(&mut self, count: u32, most: u32) -> u32 {
        // No reader can take what has not come.
        let owed = u64::from(self.owed) + u64::from(count);
        self.owed = owed.min(u64::try_from(self.spent()).unwrap_or(0)) as u32;
        if self.owed == 0 || self.owed < self.size / 2 {
            return 0;
        }
        let unread = self.spent() - i64::from(self.owed);
        self.passed += u64::from(self.owed);
        let mut increment = self.owed;
        if self.passed >= u64::from(self.size) && unread <= i64::from(self.size / 4) {
            let grown = self.size.saturating_mul(2).min(most).max(self.size);
            increment += grown - self.size;
            self.size = grown;
            self.passed = 0;
        }
        self.owed = 0;
        self.window.0 += i64::from(increment);
        increment
    }

    /// The peer has heard of the size that was announced: it is smaller by so much than what had to be
    /// expected before.
    pub(super) fn shrink(&mut self, by: u32) {
        self.window.0 -= i64::from(by);
        self.size = self.size.saturating_sub(by);
    }

    /// How much of the window is with the reader or owed.
    fn spent(&self) -> i64 {
        i64::from(self.size) - self.window.0
    }
}

/// RFC 9113 §6.9.2: the window of a connection, and that of streams before any SETTINGS.
pub(super) const INITIAL_WINDOW: u32 = 65_535;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_a_window_may_be_negative() {
        let mut window = Window::new(10);
        window.take(8).unwrap();
        window.shift(-5).unwrap();
        assert_eq!((window, window.room()), (Window(-3), 0));
        assert_eq!(window.take(1), Err(Exceeded));
        window.shift(4).unwrap();
        assert_eq!(window.room(), 1);
    }

    #[test]
    fn err_a_window_ends_at_31_bits() {
        let mut window = Window::new(Window::MAX);
        assert_eq!(window.shift(1), Err(Overflow));
        assert_eq!(window.room(), u64::from(Window::MAX));
        let mut window = Window(-1);
        assert_eq!(window.shift(1 << 31), Ok(()));
    }

    #[test]
    fn ok_half_a_window_is_given_back_at_once() {
        let mut window = RecvWindow::new(100);
        window.recv(100).unwrap();
        assert_eq!(window.recv(1), Err(Exceeded));
        assert_eq!(window.release(49, 100), 0);
        assert_eq!(window.release(1, 100), 50);
        assert_eq!(window.room(), 50);
        assert_eq!(window.release(1_000, 100), 50, "no more than what came");
        assert_eq!(window.room(), 100);
    }

    #[test]
    fn ok_a_window_grows_with_a_reader_that_keeps_up() {
        let mut window = RecvWindow::new(100);
        let mut given = Vec::new();
        for _ in 0..12 {
            window.recv(50).unwrap();
            given.push(window.release(50, 400));
        }
        assert_eq!(given, [50, 150, 0, 100, 0, 300, 0, 0, 0, 200, 0, 0]);
        assert_eq!(window.size, 400);
    }

    #[test]
    fn ok_a_window_stays_while_much_is_unread() {
        let mut window = RecvWindow::new(100);
        window.recv(90).unwrap();
        assert_eq!(window.release(50, 400), 50);
        window.recv(60).unwrap();
        assert_eq!(window.release(60, 400), 60, "40 are unread");
        assert_eq!(window.size, 100);
    }
}
