//! The chunked transfer coding (RFC 9112 §7.1), in both directions.
//!
//! Decoding is a codec step: some input in, some output out, at any split of either, in one pass.
//! Sizes are bounded in digits and checked for overflow, extensions are skipped and bounded by line
//! and by how much more than the data they are, CRLF is CRLF. The decoder stops before the trailer
//! section, which is a field section like that of a head and is read by the same parser.

use crate::http::token::{hex_digit, is_field_byte, is_ows};

use super::Error;

/// A decoder of one chunked body.
///
/// ```
/// use pannier::proto::h1::ChunkedDecoder;
///
/// let mut decoder = ChunkedDecoder::new(4096);
/// let mut output = [0; 16];
/// let (consumed, produced) = decoder.read(b"5;x=y\r\nhello\r\n0\r\n\r\n", &mut output)?;
/// assert_eq!(&output[..produced], b"hello");
/// assert!(decoder.is_done());
/// assert_eq!(consumed, 17); // the trailer section is left
/// # Ok::<(), pannier::proto::h1::Error>(())
/// ```
///
/// # Progress
/// `read` consumes all of its input unless the output is full, the last chunk has been read, or an
/// error is next. So with room for output, a call that consumes nothing has been given nothing.
#[derive(Clone, Debug)]
pub struct ChunkedDecoder {
    state: State,
    /// How long a line with extensions may be.
    max_line: usize,
    /// By how many bytes the extensions so far are more than the data behind them.
    extensions: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Before or in the digits of a size.
    Size { value: u64, digits: u8 },
    /// White space after the size, which only an extension may follow.
    Space { value: u64, length: usize },
    /// In the extensions of a chunk.
    Extension { value: u64, length: usize, quote: Quote },
    /// Before the LF of a size line.
    SizeEnd { value: u64 },
    /// This many bytes of data are left, at least one.
    Data { left: u64 },
    /// Before the CR that ends the data.
    DataCr,
    /// Before the LF that ends the data.
    DataLf,
    /// After the line of the last chunk.
    Done,
}

/// Where an extension is within a quoted string, in which a `;` or `=` means nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quote {
    Outside,
    Inside,
    Escaped,
}

impl ChunkedDecoder {
    /// A decoder at the beginning of a body, that takes size lines of up to `max_line` bytes.
    pub fn new(max_line: usize) -> ChunkedDecoder {
        ChunkedDecoder { state: State::Size { value: 0, digits: 0 }, max_line, extensions: 0 }
    }

    /// Has the line of the last chunk been read? What follows is the trailer section.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// How many bytes of data of the present chunk are still to come. They may be taken from
    /// elsewhere than `read`, if [`skip`](ChunkedDecoder::skip) is told.
    pub fn data_left(&self) -> u64 {
        match self.state {
            State::Data { left } => left,
            _ => 0,
        }
    }

    /// Says that `count` bytes of data went to the reader directly, no more than `data_left`.
    pub fn skip(&mut self, count: u64) {
        if let State::Data { left } = self.state {
            debug_assert!(count <= left);
            self.state = State::after_data(left.saturating_sub(count));
        }
    }

    /// Decodes some of `input` into `output`: how much was consumed, how much produced.
    ///
    /// # Errors
    /// The first rule that the coding breaks. What was produced before is handed out first, and the
    /// error comes with the next call.
    pub fn read(&mut self, input: &[u8], output: &mut [u8]) -> Result<(usize, usize), Error> {
        let (mut consumed, mut produced) = (0, 0);
        while consumed < input.len() && self.state != State::Done {
            if let State::Data { left } = self.state {
                let room = (input.len() - consumed).min(output.len() - produced);
                let count = usize::try_from(left).map_or(room, |left| left.min(room));
                if count == 0 {
                    break;
                }
                output[produced..produced + count]
                    .copy_from_slice(&input[consumed..consumed + count]);
                consumed += count;
                produced += count;
                self.state = State::after_data(left - count as u64);
            } else {
                match self.frame(&input[consumed..]) {
                    Ok(count) => consumed += count,
                    Err(_) if produced > 0 => break,
                    Err(error) => return Err(error),
                }
            }
        }
        Ok((consumed, produced))
    }

    /// How far the coding goes in `input`, data and all, at most `limit` bytes. For those who hand
    /// the coded bytes on as they are.
    pub(super) fn pass(&mut self, input: &[u8], limit: usize) -> Result<usize, Error> {
        let input = &input[..input.len().min(limit)];
        let mut consumed = 0;
        while consumed < input.len() && self.state != State::Done {
            if let State::Data { left } = self.state {
                let room = input.len() - consumed;
                let count = usize::try_from(left).map_or(room, |left| left.min(room));
                self.state = State::after_data(left - count as u64);
                consumed += count;
                continue;
            }
            match self.frame(&input[consumed..]) {
                Ok(count) => consumed += count,
                Err(_) if consumed > 0 => break,
                Err(error) => return Err(error),
            }
        }
        Ok(consumed)
    }

    /// Reads framing at the beginning of `input`, which is not empty: the whole of what commonly
    /// stands between two chunks if it is there, else one byte.
    #[inline]
    fn frame(&mut self, input: &[u8]) -> Result<usize, Error> {
        match self.state {
            State::DataCr => {
                if let [b'\r', b'\n', ref line @ ..] = *input {
                    self.state = State::Size { value: 0, digits: 0 };
                    return Ok(2 + self.plain_size_line(line));
                }
            }
            State::Size { digits: 0, .. } => {
                let length = self.plain_size_line(input);
                if length > 0 {
                    return Ok(length);
                }
            }
            _ => {}
        }
        self.state = self.step(input[0])?;
        Ok(1)
    }

    /// A complete size line without extensions, of up to eight digits; 0 if there is none.
    #[inline]
    fn plain_size_line(&mut self, input: &[u8]) -> usize {
        let mut value = 0;
        for (index, &byte) in input.iter().take(9).enumerate() {
            match hex_digit(byte) {
                Some(digit) if index < 8 => value = value << 4 | u64::from(digit),
                None if index > 0 && byte == b'\r' && input.get(index + 1) == Some(&b'\n') => {
                    self.state = self.line(value);
                    return index + 2;
                }
                _ => return 0,
            }
        }
        0
    }

    /// One byte of framing.
    fn step(&mut self, byte: u8) -> Result<State, Error> {
        match self.state {
            State::Size { value, digits } => self.size(value, digits, byte),
            State::Space { value, length } => match byte {
                b';' => self.extension(value, length, Quote::Outside),
                _ if is_ows(byte) => {
                    self.count(length)?;
                    Ok(State::Space { value, length: length + 1 })
                }
                _ => Err(Error::ChunkSize),
            },
            State::Extension { value, length, quote } => match (quote, byte) {
                (Quote::Outside, b'\r') => Ok(State::SizeEnd { value }),
                (_, byte) if !is_field_byte(byte) => Err(Error::ChunkSize),
                (Quote::Outside, b'"') => self.extension(value, length, Quote::Inside),
                (Quote::Inside, b'"') => self.extension(value, length, Quote::Outside),
                (Quote::Inside, b'\\') => self.extension(value, length, Quote::Escaped),
                (Quote::Escaped, _) => self.extension(value, length, Quote::Inside),
                (quote, _) => self.extension(value, length, quote),
            },
            State::SizeEnd { value } if byte == b'\n' => Ok(self.line(value)),
            State::SizeEnd { .. } => Err(Error::ChunkSize),
            State::DataCr if byte == b'\r' => Ok(State::DataLf),
            State::DataLf if byte == b'\n' => Ok(State::Size { value: 0, digits: 0 }),
            State::DataCr | State::DataLf => Err(Error::ChunkEnd),
            state @ (State::Data { .. } | State::Done) => Ok(state),
        }
    }

    /// `chunk-size = 1*HEXDIG`, then CRLF or an extension.
    fn size(&mut self, value: u64, digits: u8, byte: u8) -> Result<State, Error> {
        match (hex_digit(byte), byte) {
            // Sixteen digits are 64 bits; more are an overflow, or zeros without end.
            (Some(_), _) if digits == 16 => Err(Error::ChunkTooLarge),
            (Some(digit), _) => {
                Ok(State::Size { value: value << 4 | u64::from(digit), digits: digits + 1 })
            }
            (None, _) if digits == 0 => Err(Error::ChunkSize),
            (None, b'\r') => Ok(State::SizeEnd { value }),
            (None, b';') => self.extension(value, 0, Quote::Outside),
            (None, _) if is_ows(byte) => {
                self.count(0)?;
                Ok(State::Space { value, length: 1 })
            }
            (None, _) => Err(Error::ChunkSize),
        }
    }

    fn extension(&mut self, value: u64, length: usize, quote: Quote) -> Result<State, Error> {
        self.count(length)?;
        Ok(State::Extension { value, length: length + 1, quote })
    }

    /// After a size line: data, or the end. A body of any length may have an extension in each chunk, if
    /// only it has more data than that.
    fn line(&mut self, size: u64) -> State {
        if size == 0 {
            return State::Done;
        }
        let data = usize::try_from(size).unwrap_or(usize::MAX);
        self.extensions = self.extensions.saturating_sub(data);
        State::Data { left: size }
    }

    fn count(&mut self, length: usize) -> Result<(), Error> {
        self.extensions += 1;
        match length < self.max_line && self.extensions <= self.max_line.saturating_mul(4) {
            true => Ok(()),
            false => Err(Error::ChunkLineTooLong(self.max_line)),
        }
    }
}

impl State {
    fn after_data(left: u64) -> State {
        match left {
            0 => State::DataCr,
            left => State::Data { left },
        }
    }
}

/// The size line before a chunk of outgoing data.
///
/// ```
/// use pannier::proto::h1::SizeLine;
/// assert_eq!(SizeLine::new(65536).as_bytes(), b"10000\r\n");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct SizeLine {
    bytes: [u8; SizeLine::MAX],
    start: u8,
}

impl SizeLine {
    /// The longest size line: sixteen digits and CRLF.
    pub const MAX: usize = 18;

    /// No line at all.
    pub const EMPTY: SizeLine = SizeLine { bytes: [0; SizeLine::MAX], start: SizeLine::MAX as u8 };

    /// The line for a chunk of `size` bytes. A size of 0 would be the last chunk.
    pub fn new(size: u64) -> SizeLine {
        let mut bytes = [0; SizeLine::MAX];
        bytes[16..].copy_from_slice(b"\r\n");
        let (mut start, mut left) = (16, size);
        while start == 16 || left > 0 {
            start -= 1;
            bytes[start] = b"0123456789abcdef"[(left & 15) as usize];
            left >>= 4;
        }
        SizeLine { bytes, start: start as u8 }
    }

    /// The line, CRLF included.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[usize::from(self.start)..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The content and what is left of `wire`, fed in pieces of `step` bytes with `room` for output.
    fn decode(wire: &[u8], step: usize, room: usize) -> Result<(Vec<u8>, usize, bool), Error> {
        let mut decoder = ChunkedDecoder::new(64);
        let (mut content, mut at) = (Vec::new(), 0);
        let mut output = vec![0; room];
        while at < wire.len() && !decoder.is_done() {
            let end = wire.len().min(at + step);
            let (consumed, produced) = decoder.read(&wire[at..end], &mut output)?;
            assert!(consumed > 0);
            content.extend_from_slice(&output[..produced]);
            at += consumed;
        }
        Ok((content, at, decoder.is_done()))
    }

    /// Whole, byte by byte, and with little room: the same.
    fn everyway(wire: &[u8]) -> Result<(Vec<u8>, usize, bool), Error> {
        let whole = decode(wire, usize::MAX / 2, 1024);
        for (step, room) in [(1, 1024), (usize::MAX / 2, 1), (3, 2), (7, 5)] {
            assert_eq!(decode(wire, step, room), whole, "{:?}", String::from_utf8_lossy(wire));
        }
        whole
    }

    #[test]
    fn ok_chunks_are_joined_and_the_trailer_is_left() {
        let table: [(&[u8], &[u8]); 7] = [
            (b"0\r\n", b""),
            (b"5\r\nhello\r\n0\r\n", b"hello"),
            (b"005\r\nhello\r\n0000000000000000\r\n", b"hello"),
            (b"a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n", b"01234567890123456789"),
            (b"5;a=b;c=\"x;\\\"y\"\r\nhello\r\n0;last\r\n", b"hello"),
            (b"5 ;a\r\nhello\r\n0\r\n", b"hello"),
            (b"2\r\n\r\n\r\n1\r\n0\r\n0\r\n", b"\r\n0"),
        ];
        for (wire, content) in table {
            assert_eq!(everyway(wire), Ok((content.to_vec(), wire.len(), true)));
            let trailed = [wire, b"X: y\r\n\r\n0\r\n"].concat();
            assert_eq!(everyway(&trailed), Ok((content.to_vec(), wire.len(), true)));
        }
    }

    #[test]
    fn ok_a_cut_at_any_place_is_not_done() {
        let wire = b"5;a=b\r\nhello\r\n10\r\n0123456789abcdef\r\n0\r\n";
        for end in 0..wire.len() {
            let (_, consumed, done) = everyway(&wire[..end]).unwrap();
            assert_eq!((consumed, done), (end, false));
        }
    }

    #[test]
    fn err_what_is_no_chunk() {
        let long = [b"5;".to_vec(), vec![b'a'; 70]].concat();
        let many =
            b"1;0123456789012345678901234567890123456789012345678901234567\r\nx\r\n".repeat(5);
        let table: [(&[u8], Error); 22] = [
            (b"\r\n", Error::ChunkSize),
            (b";x\r\n", Error::ChunkSize),
            (b"+5\r\nhello", Error::ChunkSize),
            (b"-5\r\nhello", Error::ChunkSize),
            (b" 5\r\nhello", Error::ChunkSize),
            (b"0x5\r\nhello", Error::ChunkSize),
            (b"5_0\r\nhello", Error::ChunkSize),
            (b"5 \r\nhello", Error::ChunkSize),
            (b"5 x\r\nhello", Error::ChunkSize),
            (b"5\nhello", Error::ChunkSize),
            (b"5\r\rhello", Error::ChunkSize),
            (b"5;a\nhello", Error::ChunkSize),
            (b"5;a\r\rhello", Error::ChunkSize),
            (b"5;\0\r\nhello", Error::ChunkSize),
            (b"g\r\n", Error::ChunkSize),
            (b"10000000000000005\r\nhello", Error::ChunkTooLarge),
            (b"00000000000000000\r\n", Error::ChunkTooLarge),
            (b"5\r\nhelloXY0\r\n", Error::ChunkEnd),
            (b"5\r\nhello\n0\r\n", Error::ChunkEnd),
            (b"5\r\nhello\r0\r\n", Error::ChunkEnd),
            (&long, Error::ChunkLineTooLong(64)),
            (&many, Error::ChunkLineTooLong(64)),
        ];
        for (wire, error) in table {
            assert_eq!(everyway(wire), Err(error), "{:?}", String::from_utf8_lossy(wire));
        }
    }

    #[test]
    fn ok_size_lines_are_hexadecimal() {
        for (size, line) in
            [(0, "0\r\n"), (1, "1\r\n"), (0xabc, "abc\r\n"), (u64::MAX, "ffffffffffffffff\r\n")]
        {
            assert_eq!(SizeLine::new(size).as_bytes(), line.as_bytes());
        }
    }
}
