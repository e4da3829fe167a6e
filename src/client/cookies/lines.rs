//! The lines of a file, of which none takes more memory than its bound.

use std::io::{self, BufRead};

/// Reads line by line. Of those that are too long nothing is seen.
pub(super) struct Lines<R> {
    reader: R,
    line: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(reader: R) -> Lines<R> {
        Lines { reader, line: Vec::new() }
    }

    /// The next line, without its end; `None` if there is none any more.
    pub(super) fn next(&mut self) -> io::Result<Option<&[u8]>> {
        while let Some(fits) = self.fill()? {
            if fits {
                let line = &*self.line;
                let line = line.strip_suffix(b"\n").unwrap_or(line);
                return Ok(Some(line.strip_suffix(b"\r").unwrap_or(line)));
            }
        }
        Ok(None)
    }

    /// Reads up to the end of a line, and says whether all of it is there.
    fn fill(&mut self) -> io::Result<Option<bool>> {
        self.line.clear();
        let (mut some, mut fits) = (false, true);
        loop {
            let bytes = match self.reader.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                bytes => bytes?,
            };
            if bytes.is_empty() {
                return Ok(some.then_some(fits));
            }
            let end = bytes.iter().position(|&byte| byte == b'\n');
            let count = end.map_or(bytes.len(), |end| end + 1);
            fits &= self.line.len() + count <= LONGEST;
            if fits {
                self.line.extend_from_slice(&bytes[..count]);
            }
            some = true;
            self.reader.consume(count);
            if end.is_some() {
                return Ok(Some(fits));
            }
        }
    }
}

/// The longest line that a jar writes has 5.4 KiB; one of header fields may say more.
const LONGEST: usize = 8 << 10;

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    fn lines(text: &[u8], buffer: usize) -> Vec<Vec<u8>> {
        let mut lines = Lines::new(BufReader::with_capacity(buffer, text));
        let mut all = Vec::new();
        while let Some(line) = lines.next().expect("memory can be read") {
            all.push(line.to_vec());
        }
        all
    }

    #[test]
    fn ok_lines_whole_and_in_pieces() {
        let just = vec![b'x'; LONGEST - 1];
        let above = vec![b'x'; LONGEST];
        let text = [b"a\r\n\nb\rc\n", &*just, b"\n", &*above, b"\n", &*above, b"x\nd"].concat();
        let expected = [b"a".to_vec(), Vec::new(), b"b\rc".to_vec(), just, b"d".to_vec()];
        for buffer in [1, 2, 3, 1000, 1 << 20] {
            assert_eq!(lines(&text, buffer), expected, "{}", buffer);
        }
        assert_eq!(lines(b"", 8), Vec::<Vec<u8>>::new());
        assert_eq!(lines(b"\n", 8), [b""]);
    }
}
