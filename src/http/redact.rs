//! Header sections that may be shown: without what would let their reader act in the name of somebody
//! else.
//!
//! Credentials are known by their names: `Authorization` and `Proxy-Authorization` (RFC 9110 §11.6.2,
//! §11.7.2), `Cookie` and `Set-Cookie` (RFC 6265 §4), and `Cookie2` (RFC 2965). Of their values only the
//! scheme, the names of cookies and the known attributes are left, and URL references lose their
//! userinfo. What else is a secret, only the caller knows. Targets and content are not looked into.

use std::borrow::Cow;

use super::token::trim_ows;

/// What stands in place of a secret.
pub const REDACTED: &str = "(redacted)";

/// The value of a field as it may be shown.
///
/// ```
/// use pannier::http::redact;
/// assert_eq!(*redact::value("Authorization", b"Basic dTpw"), *b"Basic (redacted)");
/// assert_eq!(*redact::value("set-cookie", b"id=7; Path=/"), *b"id=(redacted); Path=/");
/// assert_eq!(*redact::value("Accept", b"*/*"), *b"*/*");
/// ```
pub fn value<'a>(name: impl AsRef<[u8]>, value: &'a [u8]) -> Cow<'a, [u8]> {
    let named = |other: &str| name.as_ref().eq_ignore_ascii_case(other.as_bytes());
    if named("authorization") || named("proxy-authorization") {
        credentials(value).into()
    } else if named("cookie") || named("cookie2") {
        let pairs: Vec<_> = value.split(|&byte| byte == b';').map(without_value).collect();
        pairs.join(&b';').into()
    } else if named("set-cookie") {
        let mut pieces = value.split(|&byte| byte == b';');
        let pair = pieces.next().map(without_value);
        let shown: Vec<_> = pair.into_iter().chain(pieces.map(attribute)).collect();
        shown.join(&b';').into()
    } else if REFERENCES.iter().any(|other| named(other)) {
        reference(value)
    } else {
        value.into()
    }
}

/// A head as it may be shown, line by line, and without the values of the fields in `secret`. Its
/// length is another then.
///
/// ```
/// use pannier::http::redact;
/// let head = b"GET / HTTP/1.1\r\nCookie: a=b\r\nX-Key: 7\r\n\r\n";
/// let shown = b"GET / HTTP/1.1\r\nCookie: a=(redacted)\r\nX-Key: (redacted)\r\n\r\n";
/// assert_eq!(*redact::head(head, &["x-key"]), *shown);
/// ```
pub fn head<'a, S: AsRef<str>>(head: &'a [u8], secret: &[S]) -> Cow<'a, [u8]> {
    let mut shown = Vec::with_capacity(head.len());
    let mut is_secret = false;
    for line in head.split_inclusive(|&byte| byte == b'\n') {
        // A folded line is as secret as the one that it continues.
        if !matches!(line.first(), Some(b' ' | b'\t')) {
            let start = shown.len();
            push_line(&mut shown, line, secret);
            is_secret = shown[start..] != *line;
        } else if !is_secret {
            shown.extend_from_slice(line);
        }
    }
    match shown == head {
        true => head.into(),
        false => shown.into(),
    }
}

/// A URL, or a reference, as it may be shown: without userinfo. Readers differ on which `@` ends that;
/// here it is the last one. And they differ on how many slashes, of either kind, come before an authority:
/// here it is any number behind a scheme, and elsewhere two or more.
///
/// ```
/// use pannier::http::redact;
/// assert_eq!(*redact::reference(b"http://me:secret@host/a@b"), *b"http://(redacted)@host/a@b");
/// ```
pub fn reference(value: &[u8]) -> Cow<'_, [u8]> {
    let start = match authority_start(value) {
        Some(start) => start,
        None => return value.into(),
    };
    let authority = value[start..].split(|byte| b"/?#".contains(byte)).next().unwrap_or(b"");
    match authority.iter().rposition(|&byte| byte == b'@') {
        Some(at) => [&value[..start], REDACTED.as_bytes(), &value[start + at..]].concat().into(),
        None => value.into(),
    }
}

/// Where the authority of a reference begins, if it may have one. Readers pass over white space.
fn authority_start(reference: &[u8]) -> Option<usize> {
    let mark = reference.iter().position(|byte| b":/\\?#".contains(byte))?;
    let scheme = if reference[mark] == b':' { mark + 1 } else { 0 };
    let is_slash = |byte: &&u8| b"/\\".contains(byte);
    let before = reference[scheme..].iter().take_while(|byte| **byte <= b' ' || is_slash(byte));
    let slashes = before.clone().filter(is_slash).count();
    (scheme > 0 || slashes >= 2).then_some(scheme + before.count())
}

fn push_line<S: AsRef<str>>(shown: &mut Vec<u8>, line: &[u8], secret: &[S]) {
    let colon = match line.iter().position(|&byte| byte == b':') {
        Some(colon) => colon,
        None => return shown.extend_from_slice(line),
    };
    let end = line.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n')).map_or(0, |at| at + 1);
    let (name, text) = (trim_ows(&line[..colon]), trim_ows(&line[colon + 1..end]));
    let is_secret = secret.iter().any(|other| name.eq_ignore_ascii_case(other.as_ref().as_bytes()));
    let visible = match is_secret {
        true => REDACTED.as_bytes().into(),
        false => value(name, text),
    };
    if *visible == *text {
        return shown.extend_from_slice(line);
    }
    shown.extend_from_slice(&line[..=colon]);
    shown.push(b' ');
    shown.extend_from_slice(&visible);
    shown.extend_from_slice(&line[end..]);
}

/// Only of schemes that are known is it certain that they are no part of the secret.
fn credentials(value: &[u8]) -> Vec<u8> {
    let space = value.iter().position(|&byte| byte == b' ').unwrap_or(0);
    let scheme = &value[..space];
    match SCHEMES.iter().any(|known| scheme.eq_ignore_ascii_case(known.as_bytes())) {
        true => [scheme, b" ", REDACTED.as_bytes()].concat(),
        false => REDACTED.into(),
    }
}

/// A cookie's name and what stands for its value.
fn without_value(pair: &[u8]) -> Vec<u8> {
    match pair.iter().position(|&byte| byte == b'=') {
        Some(equals) => [&pair[..=equals], REDACTED.as_bytes()].concat(),
        None => REDACTED.into(),
    }
}

/// An attribute of a cookie. What is none may be the value of another cookie that got lost here.
fn attribute(piece: &[u8]) -> Vec<u8> {
    let name = trim_ows(piece.split(|&byte| byte == b'=').next().unwrap_or_default());
    match ATTRIBUTES.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes())) {
        true => piece.to_vec(),
        false if trim_ows(piece).is_empty() => piece.to_vec(),
        false => without_value(piece),
    }
}

/// Attributes of cookies (RFC 6265 §4.1.2, its revision, and what browsers have added).
const ATTRIBUTES: [&str; 9] = [
    "Expires",
    "Max-Age",
    "Domain",
    "Path",
    "Secure",
    "HttpOnly",
    "SameSite",
    "Partitioned",
    "Priority",
];

/// Fields whose value is a URL reference.
const REFERENCES: [&str; 3] = ["location", "content-location", "referer"];
const SCHEMES: [&str; 5] = ["Basic", "Bearer", "Digest", "Negotiate", "NTLM"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_credentials_are_replaced_and_their_names_left() {
        for (name, given, expected) in [
            ("Authorization", "Basic dTpw", "Basic (redacted)"),
            ("AUTHORIZATION", "secret", "(redacted)"),
            ("Authorization", "my secret", "(redacted)"),
            ("Authorization", "", "(redacted)"),
            ("Proxy-Authorization", "Digest a=\"b\", c=d", "Digest (redacted)"),
            ("Cookie", "a=1; b=2=3;c", "a=(redacted); b=(redacted);(redacted)"),
            ("Set-Cookie", "a=1; Path=/", "a=(redacted); Path=/"),
            ("set-cookie", "a=1", "a=(redacted)"),
            ("Set-Cookie", "a=1;PATH=/;secure; ;", "a=(redacted);PATH=/;secure; ;"),
            ("Set-Cookie", "a=1; b=2;  c", "a=(redacted); b=(redacted);(redacted)"),
            ("Set-Cookie", "a=1; =2", "a=(redacted); =(redacted)"),
            ("Cookie2", "a=1", "a=(redacted)"),
            ("Accept", "a=1", "a=1"),
            ("Location", "http://u:p@h/a@b", "http://(redacted)@h/a@b"),
            ("location", "//u:p@q@h?x", "//(redacted)@h?x"),
            ("Location", "/a@b", "/a@b"),
            ("Location", "/a//b@c", "/a//b@c"),
            ("Location", "http:////u:p@h/", "http:////(redacted)@h/"),
            ("Location", "http:u:p@h/", "http:(redacted)@h/"),
            ("Location", "http:\\\\u:p@h/", "http:\\\\(redacted)@h/"),
            ("Location", "\\/u:p@h", "\\/(redacted)@h"),
            ("Location", "http:/\t/u:p@h", "http:/\t/(redacted)@h"),
            ("Referer", "http://h/a//b@c", "http://h/a//b@c"),
        ] {
            assert_eq!(*value(name, given.as_bytes()), *expected.as_bytes(), "{}", given);
        }
    }

    #[test]
    fn ok_white_space_hides_no_authority() {
        for (given, expected) in [
            (" //u:p@h", " //(redacted)@h"),
            ("\x01/\n/u:p@h", "\x01/\n/(redacted)@h"),
            ("http:\r\n//u:p@h", "http:\r\n//(redacted)@h"),
            ("/\ta@b", "/\ta@b"),
        ] {
            assert_eq!(*reference(given.as_bytes()), *expected.as_bytes(), "{:?}", given);
        }
    }

    #[test]
    fn ok_lines_of_a_head_are_replaced_and_all_others_left_as_they_are() {
        for (given, expected) in [
            ("GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"),
            ("A:b\r\nauthorization:Bearer x\r\n", "A:b\r\nauthorization: Bearer (redacted)\r\n"),
            ("Cookie: a=b\n c\n d: e\nF:  g \n", "Cookie: a=(redacted)\nF:  g \n"),
            ("X : 1\r\nY: 2\r\n", "X : (redacted)\r\nY: 2\r\n"),
            ("A: b\n c", "A: b\n c"),
            ("Set-Cookie", "Set-Cookie"),
            ("Set-Cookie:", "Set-Cookie: (redacted)"),
            ("", ""),
        ] {
            assert_eq!(*head(given.as_bytes(), &["x"]), *expected.as_bytes(), "{:?}", given);
        }
    }
}
