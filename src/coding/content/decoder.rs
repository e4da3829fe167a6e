//! Several codings, one around the other, decoded as one.

use super::{Deflate, Error, Gzip};

/// A coding that can be decoded (RFC 9110 §8.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// RFC 9110 §8.4.1.3.
    Gzip,
    /// RFC 9110 §8.4.1.2.
    Deflate,
}

impl Coding {
    /// The coding of this name, which is case-insensitive.
    ///
    /// ```
    /// use pannier::coding::Coding;
    /// assert_eq!(Coding::named(b"X-GZIP"), Some(Coding::Gzip));
    /// assert_eq!(Coding::named(b"br"), None);
    /// ```
    pub fn named(name: &[u8]) -> Option<Coding> {
        let is = |other: &[u8]| name.eq_ignore_ascii_case(other);
        match () {
            () if is(b"gzip") || is(b"x-gzip") => Some(Coding::Gzip),
            () if is(b"deflate") => Some(Coding::Deflate),
            () => None,
        }
    }
}

/// A decoder of codings that were applied one after the other.
///
/// ```
/// use pannier::coding::{Coding, Decoder};
///
/// let mut decoder = Decoder::new(&[Coding::Deflate]);
/// let mut output = [0; 16];
/// let (_, produced) = decoder.read(b"\xcb\x48\xcd\xc9\xc9\x07\0", &mut output)?;
/// assert_eq!(&output[..produced], b"hello");
/// decoder.finish()?;
/// # Ok::<(), pannier::coding::Error>(())
/// ```
#[derive(Debug)]
pub struct Decoder {
    /// The coding that was applied last comes first.
    stages: Vec<Stage>,
    begun: bool,
}

#[derive(Debug)]
struct Stage {
    kind: Kind,
    /// What the stage before has decoded: the bytes from `start` to `end` were not taken yet.
    coded: Vec<u8>,
    start: usize,
    end: usize,
}

#[derive(Debug)]
enum Kind {
    Gzip(Gzip),
    Deflate(Deflate),
}

impl Decoder {
    /// A decoder of these codings, in the order in which they were applied, as `Content-Encoding` has
    /// them.
    pub fn new(codings: &[Coding]) -> Decoder {
        let stage = |(index, coding): (usize, &Coding)| Stage {
            kind: match coding {
                Coding::Gzip => Kind::Gzip(Gzip::new()),
                Coding::Deflate => Kind::Deflate(Deflate::new()),
            },
            coded: if index == 0 { Vec::new() } else { vec![0; BETWEEN] },
            start: 0,
            end: 0,
        };
        let stages = codings.iter().rev().enumerate().map(stage).collect();
        Decoder { stages, begun: false }
    }

    /// Decodes: says how much of `input` was taken and how much of `output` was filled. If neither is
    /// anything although there is both, the rest of the input comes behind the end of the coding.
    ///
    /// # Errors
    /// The rule that was broken, once all that came before is handed out; the same again from then on.
    pub fn read(&mut self, input: &[u8], output: &mut [u8]) -> Result<(usize, usize), Error> {
        self.begun |= !input.is_empty();
        read(&mut self.stages, input, output)
    }

    /// Is there an end here, with everything handed out?
    pub fn is_complete(&self) -> bool {
        self.stages.iter().all(|stage| stage.start == stage.end && stage.kind.is_complete())
    }

    /// The input has ended. No input at all stands for no data, whatever the coding: servers announce
    /// codings for content that they then leave empty.
    ///
    /// # Errors
    /// [`Error::Truncated`] if it ended too early.
    pub fn finish(&self) -> Result<(), Error> {
        match self.begun && !self.is_complete() {
            true => Err(Error::Truncated),
            false => Ok(()),
        }
    }
}

/// Has the last stage decode what those before have decoded.
fn read(stages: &mut [Stage], input: &[u8], output: &mut [u8]) -> Result<(usize, usize), Error> {
    let (last, before) = match stages.split_last_mut() {
        Some((last, [])) => return last.kind.read(input, output),
        Some(split) => split,
        None => return Ok(copy(input, output)),
    };
    let (mut taken, mut filled) = (0, 0);
    loop {
        let coded = &last.coded[last.start..last.end];
        let step = last.kind.read(coded, &mut output[filled..]).and_then(|(consumed, produced)| {
            last.start += consumed;
            filled += produced;
            match (consumed, produced) {
                (0, 0) => last.refill(before, &input[taken..], filled < output.len()),
                _ => Ok(Some(0)),
            }
        });
        match step {
            Ok(Some(count)) => taken += count,
            Ok(None) => break,
            Err(_) if filled > 0 => break,
            Err(error) => return Err(error),
        }
    }
    Ok((taken, filled))
}

impl Stage {
    /// Has the stages before decode more, if all was taken. Returns how much of `input` they took, or
    /// `None` if there is nothing to go on with.
    fn refill(
        &mut self,
        before: &mut [Stage],
        input: &[u8],
        room: bool,
    ) -> Result<Option<usize>, Error> {
        if self.start < self.end {
            return match room {
                true => Err(Error::Trailing),
                false => Ok(None),
            };
        }
        let (consumed, produced) = read(before, input, &mut self.coded)?;
        self.start = 0;
        self.end = produced;
        Ok((consumed + produced > 0).then_some(consumed))
    }
}

impl Kind {
    fn read(&mut self, input: &[u8], output: &mut [u8]) -> Result<(usize, usize), Error> {
        match self {
            Kind::Gzip(gzip) => gzip.read(input, output),
            Kind::Deflate(deflate) => deflate.read(input, output),
        }
    }

    fn is_complete(&self) -> bool {
        match self {
            Kind::Gzip(gzip) => gzip.is_complete(),
            Kind::Deflate(deflate) => deflate.is_complete(),
        }
    }
}

fn copy(input: &[u8], output: &mut [u8]) -> (usize, usize) {
    let count = input.len().min(output.len());
    output[..count].copy_from_slice(&input[..count]);
    (count, count)
}

/// What one coding may be ahead of the next.
const BETWEEN: usize = 16 << 10;
