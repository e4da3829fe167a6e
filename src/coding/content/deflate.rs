//! The content coding `deflate`, decoded: zlib (RFC 1950) around deflate, or deflate alone, as some
//! servers send it.
//!
//! Which of them it is the first two bytes say: those of zlib name the method, a window of up to 32 KiB,
//! and are together a multiple of 31. Data that zlib's checksum disagrees with is refused, and so is a
//! preset dictionary, for HTTP has none.

use super::part::Part;
use super::{Adler32, Error, Inflate};

/// A decoder of the content coding `deflate`.
///
/// ```
/// use pannier::coding::Deflate;
///
/// let zlib = b"\x78\x9c\xcb\x48\xcd\xc9\xc9\x07\0\x06\x2c\x02\x15";
/// for coded in [&zlib[..], &zlib[2..9]] {
///     let mut output = [0; 16];
///     let mut deflate = Deflate::new();
///     let (consumed, produced) = deflate.read(coded, &mut output)?;
///     assert_eq!((consumed, &output[..produced]), (coded.len(), &b"hello"[..]));
///     assert!(deflate.is_complete());
/// }
/// # Ok::<(), pannier::coding::Error>(())
/// ```
#[derive(Debug)]
pub struct Deflate {
    state: State,
    part: Part,
    /// If it is zlib.
    sum: Option<Adler32>,
    inflate: Inflate,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Header,
    Data,
    Trailer,
    Ended,
    Failed(Error),
}

impl Deflate {
    /// A decoder at the beginning of its input.
    pub fn new() -> Deflate {
        Deflate { state: State::Header, part: Part::default(), sum: None, inflate: Inflate::new() }
    }

    /// Decodes: says how much of `input` was taken and how much of `output` was filled. If there is
    /// room in the output afterwards, what is left of the input comes behind the end.
    ///
    /// # Errors
    /// The rule that was broken, once all that came before is handed out; the same again from then on.
    pub fn read(&mut self, input: &[u8], output: &mut [u8]) -> Result<(usize, usize), Error> {
        let (mut rest, mut filled) = (input, 0);
        loop {
            let next = match self.state {
                State::Data => {
                    let (count, next) = self.data(&mut rest, &mut output[filled..]);
                    filled += count;
                    next
                }
                _ => self.step(&mut rest),
            };
            match next {
                Ok(Some(state)) => self.state = state,
                Ok(None) => break,
                Err(error) => self.state = State::Failed(error),
            }
        }
        match self.state {
            State::Failed(error) if filled == 0 => Err(error),
            _ => Ok((input.len() - rest.len(), filled)),
        }
    }

    /// Was everything decoded and handed out?
    pub fn is_complete(&self) -> bool {
        matches!(self.state, State::Ended)
    }

    /// Goes on to another state, or as far as the input goes.
    fn step(&mut self, input: &mut &[u8]) -> Result<Option<State>, Error> {
        match self.state {
            State::Header => match self.part.take(input) {
                Some(header) => self.header(header),
                None => Ok(None),
            },
            State::Trailer => self.trailer(input),
            State::Data | State::Ended | State::Failed(_) => Ok(None),
        }
    }

    /// RFC 1950 §2.2: method and window, check bits and flags.
    fn header(&mut self, header: [u8; 2]) -> Result<Option<State>, Error> {
        let [method, flags] = header;
        let is_zlib =
            method & 0x0f == 8 && method >> 4 <= 7 && u16::from_be_bytes(header) % 31 == 0;
        if !is_zlib {
            // No deflate is shorter, so all of it is taken.
            let taken = self.inflate.read(&header, &mut [])?;
            debug_assert_eq!(taken, (2, 0));
        } else if flags & DICTIONARY != 0 {
            return Err(Error::Dictionary);
        } else {
            self.sum = Some(Adler32::new());
        }
        Ok(Some(State::Data))
    }

    fn data(
        &mut self,
        input: &mut &[u8],
        output: &mut [u8],
    ) -> (usize, Result<Option<State>, Error>) {
        let sum = &mut self.sum;
        let note = |bytes: &[u8]| sum.iter_mut().for_each(|sum| sum.update(bytes));
        let (count, result) = self.inflate.read_noting(input, output, note);
        let end = if self.sum.is_some() { State::Trailer } else { State::Ended };
        (count, result.map(|()| self.inflate.is_complete().then_some(end)))
    }

    /// RFC 1950 §2.2: the checksum of the data, the highest byte first.
    fn trailer(&mut self, input: &mut &[u8]) -> Result<Option<State>, Error> {
        let expected = self.sum.as_ref().map(Adler32::value);
        match self.part.take(input) {
            None => Ok(None),
            Some(sum) if Some(u32::from_be_bytes(sum)) == expected => Ok(Some(State::Ended)),
            Some(_) => Err(Error::Checksum),
        }
    }
}

impl Default for Deflate {
    fn default() -> Deflate {
        Deflate::new()
    }
}

/// The flag for a preset dictionary.
const DICTIONARY: u8 = 1 << 5;
