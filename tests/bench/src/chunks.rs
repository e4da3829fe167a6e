//! Passes over a chunked body, looking at nothing but the size lines: the least work that finds its end.
//!
//! The raw loop and the server use it on bytes that this program has written itself, so it knows neither
//! extensions nor trailers and checks little.

use std::io;

/// How far a chunked body has been passed over; the least work that finds its end. Trailers are not known here.
#[derive(Default)]
pub struct Chunks {
    /// Bytes of the current chunk, with the line end behind it, still to come.
    left: u64,
    /// The size line read so far.
    size: u64,
    last: bool,
    /// Content passed over.
    pub content: u64,
}

impl Chunks {
    /// Passes over these bytes; true at the end of the body.
    pub fn skip(&mut self, bytes: &[u8]) -> io::Result<bool> {
        let mut at = 0;
        while at < bytes.len() {
            if self.left > 0 {
                let step = self.left.min((bytes.len() - at) as u64);
                self.left -= step;
                at += step as usize;
                if self.last && self.left == 0 {
                    return Ok(true);
                }
                continue;
            }
            let byte = bytes[at];
            at += 1;
            match byte {
                b'0'..=b'9' => self.size = self.size << 4 | u64::from(byte - b'0'),
                b'a'..=b'f' | b'A'..=b'F' => {
                    self.size = self.size << 4 | u64::from((byte | 32) - b'a' + 10)
                }
                b'\r' => {}
                b'\n' => {
                    self.content += self.size;
                    self.last = self.size == 0;
                    self.left = self.size + 2;
                    self.size = 0;
                }
                _ => return Err(io::Error::new(io::ErrorKind::InvalidData, "no chunk size")),
            }
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::Chunks;

    #[test]
    fn err_a_size_line_of_other_bytes() {
        assert!(Chunks::default().skip(b"xyz\r\n").is_err());
    }
}
