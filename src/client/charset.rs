//! The text of content: in which charset it is, by a byte order mark or by `Content-Type`
//! (RFC 9110 §8.3.2). A charset that is not known is an error, and never taken for another.

use crate::coding::Charset;
use crate::error::{Error, ErrorKind, Result};
use crate::http::{list, Headers};

/// The text of content with these fields.
pub(super) fn text(headers: &Headers, bytes: Vec<u8>) -> Result<String> {
    let (charset, at) = match (Charset::marked(&bytes), label(headers)) {
        (Some(marked), _) => marked,
        (None, None) => (Charset::Utf8, 0),
        (None, Some(label)) => match Charset::labelled(&label) {
            Some(charset) => (charset, 0),
            None => return Err(unknown(&label)),
        },
    };
    if charset == Charset::Utf8 && at == 0 {
        // Nearly always valid, and then not copied.
        return Ok(String::from_utf8(bytes)
            .unwrap_or_else(|error| charset.decode(error.as_bytes()).into_owned()));
    }
    Ok(charset.decode(&bytes[at..]).into_owned())
}

/// The value of the parameter `charset`, if there is one.
fn label(headers: &Headers) -> Option<Vec<u8>> {
    let kind = headers.get_bytes("Content-Type")?;
    let (_, rest) = list::split_parameters(kind).ok()?;
    let is_charset = |parameter: &list::Parameter<'_>| parameter.is("charset");
    let charset = list::parameters(rest).find_map(|found| found.ok().filter(is_charset))?;
    Some(charset.value().to_vec()).filter(|label| !label.is_empty())
}

fn unknown(label: &[u8]) -> Error {
    let text = format!(
        "the charset {:?} is not supported; bytes() gets the content as it is",
        String::from_utf8_lossy(label)
    );
    Error::new(ErrorKind::Charset).message(text)
}
