//! The value of a `Set-Cookie` field, taken apart (RFC 6265bis §5.6). Any text is read as something;
//! what it is worth is decided in [`receive`](super::receive).

use crate::http::token::{decimal_or_most, trim_ows};

use super::cookie::{SameSite, Seconds};
use super::date;
use super::refused::Refused;

/// A name, a value, and the last one of each attribute.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct SetCookie<'a> {
    pub(super) name: &'a [u8],
    pub(super) value: &'a [u8],
    pub(super) max_age: Option<Seconds>,
    pub(super) expires: Option<Seconds>,
    /// Without a leading dot; not empty.
    pub(super) domain: Option<&'a [u8]>,
    /// Whatever was given.
    pub(super) path: Option<&'a [u8]>,
    pub(super) secure: bool,
    pub(super) http_only: bool,
    pub(super) same_site: SameSite,
}

impl<'a> SetCookie<'a> {
    pub(super) fn parse(text: &'a [u8]) -> Result<SetCookie<'a>, Refused> {
        if text.iter().any(|&byte| byte.is_ascii_control() && byte != b'\t') {
            return Err(Refused::Control);
        }
        let mut parts = text.split(|&byte| byte == b';');
        let (name, value) = match pair(parts.next().unwrap_or_default()) {
            (name, Some(value)) if !name.is_empty() => (name, value),
            _ => return Err(Refused::Nameless),
        };
        if name.len() + value.len() > LARGEST {
            return Err(Refused::TooLarge);
        }
        let mut cookie = SetCookie { name, value, ..SetCookie::default() };
        for part in parts {
            let (name, value) = pair(part);
            cookie.attribute(name, value.unwrap_or_default());
        }
        Ok(cookie)
    }

    /// §5.6.1 to §5.6.7. Of several the last counts.
    fn attribute(&mut self, name: &[u8], value: &'a [u8]) {
        if value.len() > LARGEST_ATTRIBUTE {
            return;
        }
        match &*name.to_ascii_lowercase() {
            b"expires" => self.expires = date::parse(value).or(self.expires),
            b"max-age" => self.max_age = max_age(value).or(self.max_age),
            b"domain" => {
                let domain = value.strip_prefix(b".").unwrap_or(value);
                self.domain = Some(domain).filter(|domain| !domain.is_empty());
            }
            b"path" => self.path = Some(value),
            b"secure" => self.secure = true,
            b"httponly" => self.http_only = true,
            b"samesite" => {
                self.same_site = match &*value.to_ascii_lowercase() {
                    b"none" => SameSite::None,
                    b"lax" => SameSite::Lax,
                    b"strict" => SameSite::Strict,
                    _ => SameSite::Unset,
                }
            }
            _ => {}
        }
    }
}

/// What stands before and behind the first `=`, if there is one, without white space around.
fn pair(part: &[u8]) -> (&[u8], Option<&[u8]>) {
    match part.iter().position(|&byte| byte == b'=') {
        Some(at) => (trim_ows(&part[..at]), Some(trim_ows(&part[at + 1..]))),
        None => (trim_ows(part), None),
    }
}

/// §5.6.2: so many seconds from now; none for what is negative, and the most there can be for what is
/// more than that.
fn max_age(value: &[u8]) -> Option<Seconds> {
    match value.strip_prefix(b"-") {
        Some(digits) => decimal_or_most(digits).map(|_| 0),
        None => decimal_or_most(value),
    }
}

/// §5.6, step 5 of the first part: name and value together.
pub(super) const LARGEST: usize = 4096;

/// §5.6, step 6 of the second part: the value of an attribute.
pub(super) const LARGEST_ATTRIBUTE: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<SetCookie<'_>, Refused> {
        SetCookie::parse(text.as_bytes())
    }

    #[test]
    fn ok_names_and_values() {
        // §5.6, the first algorithm
        for (text, name, value) in [
            ("a=b", "a", "b"),
            ("a=", "a", ""),
            ("  a  =  b  ", "a", "b"),
            ("\ta\t=\tb\t \t;\tc", "a", "b"),
            ("a=b=c", "a", "b=c"),
            ("a== b", "a", "= b"),
            ("a=\"b\"", "a", "\"b\""),
            ("a=\" b \" ;", "a", "\" b \""),
            ("a=\"b;c\"", "a", "\"b"),
            ("a=b, c=d", "a", "b, c=d"),
            ("a b=c d", "a b", "c d"),
            ("a=%3B;x", "a", "%3B"),
            ("\u{6625}=\u{8282}", "\u{6625}", "\u{8282}"),
            ("Domain=x; Path=/", "Domain", "x"),
        ] {
            let cookie = parsed(text).unwrap_or_else(|refused| panic!("{}: {}", text, refused));
            assert_eq!((cookie.name, cookie.value), (name.as_bytes(), value.as_bytes()));
        }
    }

    #[test]
    fn err_no_cookies() {
        for text in ["", ";", "=", "=a", "  =a", "a", "a; b=c", "   ", "\t", "; a=b"] {
            assert_eq!(parsed(text), Err(Refused::Nameless), "{:?}", text);
        }
        for byte in (0..=0x1f).chain([0x7f]).filter(|&byte| byte != b'\t') {
            for text in [&b"a=b?"[..], b"a?=b", b"a=b; c?", b"a=b; Path=/?"] {
                let text: Vec<u8> =
                    text.iter().map(|&other| if other == b'?' { byte } else { other }).collect();
                assert_eq!(SetCookie::parse(&text), Err(Refused::Control), "{:?}", text);
            }
        }
        for (name, value, fits) in
            [(4095, 1, true), (1, 4095, true), (4096, 1, false), (4000, 97, false)]
        {
            let text = format!("{}={}; Path=/", "n".repeat(name), "v".repeat(value));
            assert_eq!(parsed(&text).is_ok(), fits, "{} {}", name, value);
        }
    }

    #[test]
    fn ok_attributes() {
        // §5.6, the second algorithm, and §5.6.3 to §5.6.7
        type Check = fn(&SetCookie<'_>) -> bool;
        let checks: [(&str, Check); 26] = [
            ("Secure", |c| c.secure),
            ("  seCURe  =x", |c| c.secure),
            ("\"Secure\"", |c| !c.secure),
            ("Secure x", |c| !c.secure),
            ("x; Secure; y", |c| c.secure),
            ("x=\"a;Secure;\"", |c| c.secure),
            ("HTTPONLY", |c| c.http_only),
            ("Domain=a.test", |c| c.domain == Some(b"a.test")),
            ("Domain=.a.test", |c| c.domain == Some(b"a.test")),
            ("Domain=..a.test", |c| c.domain == Some(b".a.test")),
            ("Domain=a; Domain=b", |c| c.domain == Some(b"b")),
            ("Domain=a; Domain=", |c| c.domain.is_none()),
            ("Domain=a; Domain=.", |c| c.domain.is_none()),
            ("Domain", |c| c.domain.is_none()),
            ("Path=/a", |c| c.path == Some(b"/a")),
            ("\tpath\t=\t/a\t", |c| c.path == Some(b"/a")),
            ("Path=/a; Path=b", |c| c.path == Some(b"b")),
            ("Path=/a; Path", |c| c.path == Some(b"")),
            ("SameSite=lax", |c| c.same_site == SameSite::Lax),
            ("SameSite=STRICT", |c| c.same_site == SameSite::Strict),
            ("SameSite=None", |c| c.same_site == SameSite::None),
            ("SameSite=Lax; SameSite=x", |c| c.same_site == SameSite::Unset),
            ("Max-Age=5; Expires=Thu, 01 Jan 1970 00:01:00 GMT", |c| {
                c.max_age == Some(5) && c.expires == Some(60)
            }),
            ("Max-Age=5; Max-Age=x", |c| c.max_age == Some(5)),
            ("Expires=Thu, 01 Jan 1970 00:01:00 GMT; Expires=never", |c| c.expires == Some(60)),
            ("Version=1; Comment=\"Domain=x", |c| c.domain.is_none()),
        ];
        for (text, check) in checks {
            let text = format!("a=b; {}", text);
            assert!(check(&parsed(&text).expect("it has a name")), "{}", text);
        }
    }

    #[test]
    fn ok_attributes_that_are_too_long_are_passed_over() {
        for (length, taken) in [(1024, true), (1025, false)] {
            let path = format!("/{}", "p".repeat(length - 1));
            let text = format!("a=b; Path=/x; Path={}", path);
            let expected = if taken { path.as_bytes() } else { b"/x" };
            assert_eq!(parsed(&text).map(|cookie| cookie.path), Ok(Some(expected)));
        }
    }

    #[test]
    fn ok_max_ages() {
        // §5.6.2
        for (text, expected) in [
            ("0", Some(0)),
            ("60", Some(60)),
            ("0060", Some(60)),
            ("-1", Some(0)),
            ("-0", Some(0)),
            ("-99999999999999999999999", Some(0)),
            ("18446744073709551615", Some(u64::MAX)),
            ("99999999999999999999999", Some(u64::MAX)),
            ("", None),
            ("-", None),
            ("--1", None),
            ("+1", None),
            ("1.5", None),
            ("1 2", None),
            ("\"60\"", None),
            ("3600, c=d", None),
            ("\u{661}", None),
        ] {
            assert_eq!(max_age(text.as_bytes()), expected, "{}", text);
        }
    }
}
