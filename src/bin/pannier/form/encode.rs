//! `encoder=`: the transfer encodings of MIME (RFC 2045 §6), for servers that still want one.

use std::io::{self, ErrorKind, Read};

use pannier::coding::base64;

use crate::exit::{self, Failure};

/// An encoding of content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoder {
    Binary,
    EightBit,
    SevenBit,
    Base64,
    QuotedPrintable,
}

impl Encoder {
    /// The encoder of this name.
    pub fn named(name: &[u8]) -> Result<Encoder, Failure> {
        let known =
            ALL.into_iter().find(|known| name.eq_ignore_ascii_case(known.name().as_bytes()));
        known.ok_or_else(|| {
            let text = format!("there is no encoder '{}'", String::from_utf8_lossy(name));
            Failure::new(exit::BAD_ARGUMENT, text)
        })
    }

    pub fn name(self) -> &'static str {
        match self {
            Encoder::Binary => "binary",
            Encoder::EightBit => "8bit",
            Encoder::SevenBit => "7bit",
            Encoder::Base64 => "base64",
            Encoder::QuotedPrintable => "quoted-printable",
        }
    }

    /// How long content of this length becomes; that depends on what it is where bytes are quoted.
    pub fn length(self, plain: u64) -> Option<u64> {
        let groups = plain / 3 + u64::from(plain % 3 > 0);
        match self {
            _ if plain == 0 => Some(0),
            Encoder::QuotedPrintable => None,
            Encoder::Base64 => groups.checked_mul(4)?.checked_add((groups - 1) / (WIDTH / 4) * 2),
            Encoder::Binary | Encoder::EightBit | Encoder::SevenBit => Some(plain),
        }
    }

    /// The encoded content.
    pub fn encode<R: Read>(self, plain: R) -> Encoded<R> {
        Encoded {
            encoder: self,
            plain,
            input: Vec::new(),
            at_end: false,
            output: Vec::new(),
            column: 0,
        }
    }
}

/// Reads encoded what another reader gives.
pub struct Encoded<R> {
    encoder: Encoder,
    plain: R,
    /// What was read and not encoded yet.
    input: Vec<u8>,
    at_end: bool,
    /// What was encoded and not handed out yet.
    output: Vec<u8>,
    /// How long the present line is.
    column: usize,
}

impl<R: Read> Read for Encoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.output.is_empty() && !(self.at_end && self.input.is_empty()) {
            let mut piece = [0; PIECE];
            let count = self.plain.read(&mut piece)?;
            self.at_end = count == 0;
            self.input.extend_from_slice(&piece[..count]);
            self.step()?;
        }
        let count = buffer.len().min(self.output.len());
        buffer[..count].copy_from_slice(&self.output[..count]);
        self.output.drain(..count);
        Ok(count)
    }
}

impl<R> Encoded<R> {
    /// Encodes as much of the input as does not depend on what follows it.
    fn step(&mut self) -> io::Result<()> {
        let used = match self.encoder {
            Encoder::Base64 => self.base64(),
            Encoder::QuotedPrintable => self.quoted_printable(),
            Encoder::SevenBit if !self.input.is_ascii() => {
                let text = "content that is to be 7bit has bytes of 8 bits";
                return Err(io::Error::new(ErrorKind::InvalidData, text));
            }
            Encoder::Binary | Encoder::EightBit | Encoder::SevenBit => {
                self.output.extend_from_slice(&self.input);
                self.input.len()
            }
        };
        self.input.drain(..used);
        Ok(())
    }

    /// RFC 2045 §6.8: lines of 76, and no line end behind the last.
    fn base64(&mut self) -> usize {
        let whole = self.input.len() / LINE * LINE;
        let used = if self.at_end { self.input.len() } else { whole };
        for line in self.input[..used].chunks(LINE) {
            if std::mem::replace(&mut self.column, line.len()) > 0 {
                self.output.extend_from_slice(b"\r\n");
            }
            self.output.extend_from_slice(base64::encode(line).as_bytes());
        }
        used
    }

    /// RFC 2045 §6.7: line ends stay if they are CRLF, and lines that are too long are broken softly.
    fn quoted_printable(&mut self) -> usize {
        let mut at = 0;
        while let Some(&byte) = self.input.get(at) {
            // What a byte becomes may depend on the two bytes behind the next one.
            if !self.at_end && self.input.len() - at < 4 {
                break;
            }
            let rest = &self.input[at + 1..];
            if byte == b'\r' && rest.first() == Some(&b'\n') {
                self.output.extend_from_slice(b"\r\n");
                self.column = 0;
                at += 2;
                continue;
            }
            let line_ends = rest.is_empty() || rest.starts_with(b"\r\n");
            let plain = match byte {
                b' ' | b'\t' => !line_ends,
                b'=' => false,
                byte => byte.is_ascii_graphic(),
            };
            let length = if plain { 1 } else { 3 };
            let width = WIDTH as usize - usize::from(!line_ends);
            if self.column + length > width {
                self.output.extend_from_slice(b"=\r\n");
                self.column = 0;
            }
            match plain {
                true => self.output.push(byte),
                false => self.output.extend_from_slice(format!("={:02X}", byte).as_bytes()),
            }
            self.column += length;
            at += 1;
        }
        at
    }
}

const ALL: [Encoder; 5] = [
    Encoder::Binary,
    Encoder::EightBit,
    Encoder::SevenBit,
    Encoder::Base64,
    Encoder::QuotedPrintable,
];

/// Characters of an encoded line (RFC 2045 §6.7, §6.8).
const WIDTH: u64 = 76;
/// Bytes that are such a line in base64.
const LINE: usize = 57;
/// One read.
const PIECE: usize = 8 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives its bytes so many at a time.
    struct Pieces<'a>(&'a [u8], usize);

    impl Read for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(self.0.len()).min(buffer.len());
            buffer[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    fn encoded(name: &str, plain: &[u8]) -> io::Result<String> {
        let encoder = Encoder::named(name.as_bytes()).expect("it is known");
        let read = |step| {
            let mut text = String::new();
            encoder.encode(Pieces(plain, step)).read_to_string(&mut text).map(|_| text)
        };
        let whole = read(usize::MAX);
        for step in [1, 2, 3, 57, 58] {
            assert_eq!(read(step).ok(), whole.as_ref().ok().cloned(), "{}", step);
        }
        if let (Ok(text), Some(length)) = (&whole, encoder.length(plain.len() as u64)) {
            assert_eq!(text.len() as u64, length, "{}", text);
        }
        whole
    }

    #[test]
    fn ok_lines_are_as_rfc_2045_has_them() {
        let (x75, x76) = ("x".repeat(75), "x".repeat(76));
        for (name, plain, expected) in [
            ("binary", "a\r\n\u{e9}", "a\r\n\u{e9}".to_owned()),
            ("8BIT", "", String::new()),
            ("7bit", "a=\n", "a=\n".to_owned()),
            ("base64", "", String::new()),
            ("base64", "foob", "Zm9vYg==".to_owned()),
            ("base64", &"f".repeat(57), "ZmZm".repeat(19)),
            ("base64", &"f".repeat(58), format!("{}\r\nZg==", "ZmZm".repeat(19))),
            ("base64", &"f".repeat(114), format!("{0}\r\n{0}", "ZmZm".repeat(19))),
            ("quoted-printable", "", String::new()),
            ("quoted-printable", "a=b \u{e9}", "a=3Db =C3=A9".to_owned()),
            ("quoted-printable", "a \r\nb\t", "a=20\r\nb=09".to_owned()),
            ("quoted-printable", "a\nb\rc", "a=0Ab=0Dc".to_owned()),
            ("quoted-printable", &x76, x76.clone()),
            ("quoted-printable", &format!("{}\r\ny", x76), format!("{}\r\ny", x76)),
            ("quoted-printable", &format!("{}x", x76), format!("{}=\r\nxx", x75)),
            (
                "quoted-printable",
                &format!("{}==", &x75[2..]),
                format!("{}=3D=\r\n=3D", &x75[2..]).replace("=3D=\r\n=3D", "=\r\n=3D=3D"),
            ),
        ] {
            assert_eq!(
                encoded(name, plain.as_bytes()).ok(),
                Some(expected),
                "{} {:?}",
                name,
                plain
            );
        }
    }

    #[test]
    fn err_an_encoder_that_is_not_known_and_content_of_8_bits() {
        assert_eq!(Encoder::named(b"rot13").map_err(|failure| failure.code), Err(43));
        assert!(encoded("7bit", "\u{e9}".as_bytes()).is_err());
    }
}
