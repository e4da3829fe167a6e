//! How much a peer may ask for without giving anything (RFC 9113 §10.5).
//!
//! Many frames cost their sender little and bring nothing: PING, SETTINGS, unknown types, empty DATA,
//! padding, updates of windows that nobody waits for. Each is legitimate by itself, so what is
//! bounded is their surplus over frames that do bring something, in either direction.

use super::Error;

/// A balance that idle frames draw on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    left: u32,
    most: u32,
    /// Bytes of answers that may be in the output still.
    answers: usize,
}

impl Budget {
    pub(super) fn new(most: u32) -> Budget {
        Budget { left: most, most, answers: 0 }
    }

    /// A frame came that brought nothing.
    pub(super) fn idle(&mut self) -> Result<(), Error> {
        self.left = self.left.checked_sub(1).ok_or(Error::Flood)?;
        Ok(())
    }

    /// A frame came that brought nothing, in so many bytes of payload: what is long costs more.
    pub(super) fn idle_bytes(&mut self, length: u32) -> Result<(), Error> {
        let cost = 1 + length / PIECE;
        self.left = self.left.checked_sub(cost).ok_or(Error::Flood)?;
        Ok(())
    }

    /// A frame came, or went, that carried something.
    pub(super) fn useful(&mut self) {
        self.left = self.left.saturating_add(WORTH).min(self.most);
    }

    /// An answer of `length` bytes is to be added to what waits in the output, `waiting` bytes now.
    pub(super) fn answer(&mut self, length: usize, waiting: usize) -> Result<(), Error> {
        // What has been taken out of the output was as many of the answers as possible.
        self.answers = self.answers.min(waiting) + length;
        match self.answers <= MOST_ANSWERS {
            true => Ok(()),
            false => Err(Error::AnswersUnread),
        }
    }
}

/// How many idle frames go with a useful one. A server that reads an upload in small pieces sends
/// two updates of windows for each, so that one DATA frame of ours may bring a dozen.
pub(super) const WORTH: u32 = 16;

/// Bytes of an idle frame that weigh as much as one without any: as much as padding can add to DATA.
const PIECE: u32 = 256;

/// Answers that are kept for a peer that does not read them: some 4,000 to PING, 7,000 to SETTINGS.
const MOST_ANSWERS: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn err_idle_frames_use_the_budget_up() {
        let mut budget = Budget::new(20);
        for _ in 0..20 {
            budget.idle().unwrap();
        }
        assert_eq!(budget.idle(), Err(Error::Flood));
        budget.useful();
        assert_eq!((budget.idle(), budget.left), (Ok(()), 15));
        budget.useful();
        budget.useful();
        assert_eq!(budget.left, 20);
    }

    #[test]
    fn err_long_idle_frames_use_it_up_sooner() {
        for (length, count) in [(0, 100), (255, 100), (256, 50), (16_384, 1)] {
            let mut budget = Budget::new(100);
            for _ in 0..count {
                budget.idle_bytes(length).unwrap();
            }
            assert_eq!(budget.idle_bytes(length), Err(Error::Flood), "{}", length);
        }
    }

    #[test]
    fn err_answers_pile_up_only_while_nobody_takes_them() {
        let mut budget = Budget::new(1);
        let half = MOST_ANSWERS / 2;
        budget.answer(half, 1 << 20).unwrap();
        budget.answer(half, half + (1 << 20)).unwrap();
        assert_eq!(budget.answer(1, 2 * half), Err(Error::AnswersUnread));
        assert_eq!(budget.answer(half, half), Ok(()));
        assert_eq!(budget.answer(MOST_ANSWERS, 0), Ok(()));
    }
}
