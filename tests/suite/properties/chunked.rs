//! The chunked coding: the decoder agrees with a naive one at every split, and undoes the encoder.

use pannier::proto::h1::{ChunkedDecoder, Error, SizeLine};

use super::Dice;

/// What is in a coded body: its content, how long it is up to the end of the line of the last
/// chunk, and whether that line is there.
type Decoded = (Vec<u8>, usize, bool);

pub fn check(data: &[u8]) {
    let naive = reference(data);
    for (step, room) in [(usize::MAX, 1 << 16), (1, 64), (usize::MAX, 1), (3, 2), (0, 5)] {
        let decoded = decode(data, step, room);
        match (&decoded, &naive) {
            (Ok(decoded), Some(naive)) => assert_eq!(decoded, naive, "pieces of {}", step),
            (Err(_), None) => {}
            other => panic!("pieces of {}, decoder and reference: {:?}", step, other),
        }
    }
    let pieces = data.len() % 37 + 1;
    let content = &data[..data.len().min(4096)];
    let coded = encode(content, pieces);
    assert_eq!(decode(&coded, 11, 64), Ok((content.to_vec(), coded.len(), true)));
}

const MAX_LINE: usize = 16;

fn decode(wire: &[u8], step: usize, room: usize) -> Result<Decoded, Error> {
    let mut dice = Dice::new(wire);
    let mut decoder = ChunkedDecoder::new(MAX_LINE);
    let (mut content, mut at) = (Vec::new(), 0);
    let mut output = vec![0; room];
    while at < wire.len() && !decoder.is_done() {
        let step = if step == 0 { dice.roll(9) } else { step };
        let input = &wire[at..wire.len().min(at.saturating_add(step))];
        let (consumed, produced) = decoder.read(input, &mut output)?;
        assert!(produced <= consumed && consumed <= input.len(), "{} of {}", produced, consumed);
        assert!(consumed > 0, "nothing consumed of {} bytes", input.len());
        content.extend_from_slice(&output[..produced]);
        at += consumed;
    }
    Ok((content, at, decoder.is_done()))
}

fn encode(content: &[u8], size: usize) -> Vec<u8> {
    let mut wire = Vec::new();
    for piece in content.chunks(size) {
        wire.extend_from_slice(SizeLine::new(piece.len() as u64).as_bytes());
        wire.extend_from_slice(piece);
        wire.extend_from_slice(b"\r\n");
    }
    wire.extend_from_slice(b"0\r\n");
    wire
}

/// RFC 9112 §7.1, read off the grammar; `None` for what it does not allow or the limits forbid.
fn reference(wire: &[u8]) -> Option<Decoded> {
    let (mut content, mut rest, mut extensions) = (Vec::new(), wire, 0);
    loop {
        let digits = rest.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        if digits > 16 {
            return None;
        }
        let text = std::str::from_utf8(&rest[..digits]).ok()?;
        rest = &rest[digits..];
        if rest.is_empty() {
            return Some((content, wire.len(), false));
        }
        let size = u64::from_str_radix(text, 16).ok()?;
        let (line, ended) = extension(rest)?;
        extensions += line;
        if line > MAX_LINE || extensions > 4 * MAX_LINE {
            return None;
        }
        rest = &rest[line..];
        if !ended {
            return Some((content, wire.len(), false));
        }
        rest = match crlf(rest)? {
            Some(rest) => rest,
            None => return Some((content, wire.len(), false)),
        };
        if size == 0 {
            return Some((content, wire.len() - rest.len(), true));
        }
        let announced = usize::try_from(size).unwrap_or(usize::MAX);
        extensions = extensions.saturating_sub(announced);
        let here = announced.min(rest.len());
        content.extend_from_slice(&rest[..here]);
        rest = &rest[here..];
        rest = match crlf(rest)? {
            Some(rest) if here as u64 == size => rest,
            _ => return Some((content, wire.len(), false)),
        };
    }
}

/// The rest after CRLF; nothing in it if it is not all there; `None` if something else is.
fn crlf(bytes: &[u8]) -> Option<Option<&[u8]>> {
    match bytes {
        [b'\r', b'\n', rest @ ..] => Some(Some(rest)),
        [] | [b'\r'] => Some(None),
        _ => None,
    }
}

/// How long the extensions are, and whether they have ended: at a CR outside of quotes.
fn extension(bytes: &[u8]) -> Option<(usize, bool)> {
    let blank = bytes.iter().take_while(|&&byte| byte == b' ' || byte == b'\t').count();
    match bytes.get(blank) {
        None => return Some((blank, false)),
        Some(b'\r') if blank == 0 => return Some((0, true)),
        Some(b';') => {}
        Some(_) => return None,
    }
    let (mut quoted, mut escaped) = (false, false);
    for (index, &byte) in bytes.iter().enumerate().skip(blank) {
        match byte {
            b'\r' if !quoted => return Some((index, true)),
            0..=8 | 10..=31 | 127 => return None,
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ => {}
        }
    }
    Some((bytes.len(), false))
}
