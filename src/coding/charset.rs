//! Text from bytes, for the charsets that content still comes in: UTF-8, windows-1252 and UTF-16.
//!
//! Labels and their meaning are those of the WHATWG Encoding Standard (§4.2), which browsers obey: what calls
//! itself ISO-8859-1 or US-ASCII is windows-1252. A byte order mark counts more than any label. Bytes that
//! have no meaning become U+FFFD, and never an error.

use std::borrow::Cow;

/// A charset that can be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    /// RFC 3629.
    Utf8,
    /// ISO-8859-1, with characters in place of the control codes from 0x80 to 0x9f.
    Windows1252,
    /// RFC 2781, the high byte first.
    Utf16Be,
    /// RFC 2781, the low byte first.
    Utf16Le,
}

impl Charset {
    /// The charset of this label, in any case and with white space around it.
    ///
    /// ```
    /// use pannier::coding::Charset;
    /// assert_eq!(Charset::labelled(b"UTF8"), Some(Charset::Utf8));
    /// assert_eq!(Charset::labelled(b" iso-8859-1 "), Some(Charset::Windows1252));
    /// assert_eq!(Charset::labelled(b"koi8-r"), None);
    /// ```
    pub fn labelled(label: &[u8]) -> Option<Charset> {
        let mut words = label.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let label = words.next().filter(|_| words.next().is_none())?;
        let is_one_of = |labels: &[u8]| {
            labels.split(|&byte| byte == b' ').any(|known| known.eq_ignore_ascii_case(label))
        };
        let found = LABELS.iter().find(|(_, labels)| is_one_of(labels));
        found.map(|(charset, _)| *charset)
    }

    /// The charset that a byte order mark names, and the length of the mark.
    ///
    /// ```
    /// use pannier::coding::Charset;
    /// assert_eq!(Charset::marked(b"\xff\xfeh\0i\0"), Some((Charset::Utf16Le, 2)));
    /// assert_eq!(Charset::marked(b"hi"), None);
    /// ```
    pub fn marked(bytes: &[u8]) -> Option<(Charset, usize)> {
        match bytes {
            [0xef, 0xbb, 0xbf, ..] => Some((Charset::Utf8, 3)),
            [0xfe, 0xff, ..] => Some((Charset::Utf16Be, 2)),
            [0xff, 0xfe, ..] => Some((Charset::Utf16Le, 2)),
            _ => None,
        }
    }

    /// The text of these bytes, without a byte order mark.
    ///
    /// ```
    /// use pannier::coding::Charset;
    /// assert_eq!(Charset::Windows1252.decode(b"\x80 5"), "\u{20ac} 5");
    /// assert_eq!(Charset::Utf16Be.decode(b"\0h\0i!"), "hi\u{fffd}");
    /// ```
    pub fn decode(self, bytes: &[u8]) -> Cow<'_, str> {
        match self {
            Charset::Utf8 => String::from_utf8_lossy(bytes),
            Charset::Windows1252 => windows_1252(bytes),
            Charset::Utf16Be => utf_16(bytes, u16::from_be_bytes),
            Charset::Utf16Le => utf_16(bytes, u16::from_le_bytes),
        }
    }
}

fn windows_1252(bytes: &[u8]) -> Cow<'_, str> {
    if let (true, Ok(text)) = (bytes.is_ascii(), std::str::from_utf8(bytes)) {
        return text.into();
    }
    let character = |&byte: &u8| match byte {
        0x80..=0x9f => WINDOWS_1252[usize::from(byte - 0x80)],
        byte => char::from(byte),
    };
    bytes.iter().map(character).collect()
}

fn utf_16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Cow<'_, str> {
    let pairs = bytes.chunks_exact(2);
    let half = pairs.remainder().first().map(|_| char::REPLACEMENT_CHARACTER);
    let units = pairs.map(|pair| unit([pair[0], pair[1]]));
    let characters = char::decode_utf16(units);
    characters.map(|found| found.unwrap_or(char::REPLACEMENT_CHARACTER)).chain(half).collect()
}

/// What each charset may be called, word by word.
const LABELS: [(Charset, &[u8]); 4] = [
    (Charset::Utf8, b"utf-8 utf8 unicode-1-1-utf-8 unicode11utf8 unicode20utf8 x-unicode20utf8"),
    (
        Charset::Windows1252,
        b"iso-8859-1 us-ascii windows-1252 ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 \
          iso-ir-100 iso8859-1 iso88591 iso_8859-1 iso_8859-1:1987 l1 latin1 x-cp1252",
    ),
    (Charset::Utf16Be, b"utf-16be unicodefffe"),
    (Charset::Utf16Le, b"utf-16 utf-16le csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff"),
];

/// From 0x80 on. Five of them stay control codes.
const WINDOWS_1252: [char; 32] = [
    '\u{20ac}', '\u{81}', '\u{201a}', '\u{192}', '\u{201e}', '\u{2026}', '\u{2020}', '\u{2021}',
    '\u{2c6}', '\u{2030}', '\u{160}', '\u{2039}', '\u{152}', '\u{8d}', '\u{17d}', '\u{8f}',
    '\u{90}', '\u{2018}', '\u{2019}', '\u{201c}', '\u{201d}', '\u{2022}', '\u{2013}', '\u{2014}',
    '\u{2dc}', '\u{2122}', '\u{161}', '\u{203a}', '\u{153}', '\u{9d}', '\u{17e}', '\u{178}',
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_what_has_no_meaning_is_replaced() {
        let table: [(Charset, &[u8], &str); 8] = [
            (Charset::Utf8, b"a\xffb", "a\u{fffd}b"),
            (Charset::Utf8, b"\xe2\x82", "\u{fffd}"),
            (Charset::Windows1252, b"caf\xe9", "caf\u{e9}"),
            (Charset::Windows1252, b"\x93x\x94\x81", "\u{201c}x\u{201d}\u{81}"),
            (Charset::Utf16Le, b"h\0\x3d\xd8\x00\xde", "h\u{1f600}"),
            (Charset::Utf16Be, b"\xd8\x3d\xde\x00", "\u{1f600}"),
            (Charset::Utf16Be, b"\xd8\x3d\0h", "\u{fffd}h"),
            (Charset::Utf16Le, b"h\0i", "h\u{fffd}"),
        ];
        for (charset, bytes, text) in table {
            assert_eq!(charset.decode(bytes), text, "{:?} {:?}", charset, bytes);
        }
    }
}
