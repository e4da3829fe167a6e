//! `-J`: the name that the server gives a file by `Content-Disposition` (RFC 6266), or, if it gives
//! none, by the place that a redirect leads to.
//!
//! Read as curl reads it: `filename=` in that spelling, with either quote or none, and of a path the
//! last part only; `filename*` is not looked at. A name is nothing but a name: it leads to no other
//! folder, hides nothing, and opens no device.

use pannier::http::token::trim_ows;

use crate::head::Fields;

/// What a head says about the name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Naming {
    /// The name of where a redirect leads to.
    Meanwhile(Vec<u8>),
    /// What comes later does not matter.
    Final(Vec<u8>),
}

/// The name in this head, of a response that is neither an error nor an interim one.
pub fn naming(head: &[u8]) -> Option<Naming> {
    let status = head.split(|&byte| byte == b' ').nth(1)?;
    let is_redirect = status.first() == Some(&b'3');
    if !is_redirect && status.first() != Some(&b'2') {
        return None;
    }
    let fields = Fields::of(head);
    if let Some(name) = fields.all("content-disposition").find_map(file_name) {
        return Some(Naming::Final(name));
    }
    let place = fields.get("location").filter(|_| is_redirect)?;
    let path = place.split(|byte| b"?#".contains(byte)).next()?;
    safe(path).map(Naming::Meanwhile)
}

/// The value of the parameter `filename`.
fn file_name(disposition: &[u8]) -> Option<Vec<u8>> {
    let mut rest = disposition;
    loop {
        rest = &rest[rest.iter().position(u8::is_ascii_alphabetic)?..];
        if let Some(value) = rest.strip_prefix(b"filename=") {
            return safe(unquoted(trim_ows(value)));
        }
        rest = &rest[rest.iter().position(|&byte| byte == b';')?..];
    }
}

/// Up to the quote that it begins with, or else to the next parameter.
fn unquoted(value: &[u8]) -> &[u8] {
    let (text, end) = match value {
        [quote @ (b'"' | b'\''), text @ ..] => (text, *quote),
        text => (text, b';'),
    };
    text.split(|&byte| byte == end).next().unwrap_or_default()
}

/// The last part of a path, with `_` where its first dot would hide it, and before what is a device
/// on the system that has such names.
fn safe(path: &[u8]) -> Option<Vec<u8>> {
    let name = path.rsplit(|byte| b"/\\".contains(byte)).next().filter(|name| !name.is_empty())?;
    let mut name = name.to_vec();
    if name[0] == b'.' {
        name[0] = b'_';
    }
    if cfg!(windows) && is_device(&name) {
        name.insert(0, b'_');
    }
    Some(name)
}

/// Does Windows take it for a device, whatever comes behind a dot?
fn is_device(name: &[u8]) -> bool {
    let stem = name.split(|byte| b". :".contains(byte)).next().unwrap_or_default();
    let stem = String::from_utf8_lossy(stem).to_ascii_uppercase();
    let is_numbered = |prefix| {
        let digit = stem.strip_prefix(prefix).map(str::as_bytes);
        matches!(digit, Some([b'1'..=b'9']))
    };
    ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"].contains(&stem.as_str())
        || is_numbered("COM")
        || is_numbered("LPT")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_names_of_dispositions() {
        for (value, expected) in [
            ("attachment; filename=\"a b.txt\"", Some("a b.txt")),
            ("attachment; filename='a;b'; x=y", Some("a;b")),
            ("filename=name1370; charset=funny; option=strange", Some("name1370")),
            ("inline; filename= name ; x", Some("name ")),
            ("attachment; filename=\"/etc/pass\\wd\"", Some("wd")),
            ("attachment; filename=\"../../x\"", Some("x")),
            ("attachment; filename=.bashrc", Some("_bashrc")),
            ("attachment; filename=..", Some("_.")),
            ("attachment; filename=dir/", None),
            ("attachment; filename=\"\"", None),
            ("attachment; filename*=UTF-8''a", None),
            ("attachment; filename*=UTF-8''a; filename=b", Some("b")),
            ("attachment; Filename=b", None),
            ("attachment; xfilename=b", None),
            ("", None),
        ] {
            let found = file_name(value.as_bytes());
            assert_eq!(found, expected.map(|name| name.into()), "{}", value);
        }
    }

    #[test]
    fn ok_heads_that_name_a_file() {
        let name = |text: &str| text.as_bytes().to_vec();
        for (head, expected) in [
            (
                "HTTP/1.1 200 OK\r\ncontent-disposition: filename=a\r\n\r\n",
                Some(Naming::Final(name("a"))),
            ),
            ("HTTP/1.1 200 OK\r\nLocation: /a\r\n\r\n", None),
            ("HTTP/1.1 302 Go\r\nLocation: /b/a?q\r\n\r\n", Some(Naming::Meanwhile(name("a")))),
            ("HTTP/1.1 302 Go\r\nLocation: /b/\r\n\r\n", None),
            ("HTTP/1.1 404 No\r\nContent-Disposition: filename=a\r\n\r\n", None),
            ("HTTP/1.1 103 Hints\r\nContent-Disposition: filename=a\r\n\r\n", None),
            ("", None),
        ] {
            assert_eq!(naming(head.as_bytes()), expected, "{}", head);
        }
    }

    #[test]
    fn ok_devices_of_windows() {
        for (name, expected) in
            [("con", true), ("nul.txt", true), ("COM1", true), ("com0", false), ("console", false)]
        {
            assert_eq!(is_device(name.as_bytes()), expected, "{}", name);
        }
    }
}
