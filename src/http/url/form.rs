//! `application/x-www-form-urlencoded` of the WHATWG URL standard §5: pairs of names and values as
//! a form sends them and as most queries hold them. A space is `+`.

use std::iter::FusedIterator;

use super::percent;

/// The pairs in this format.
///
/// ```
/// use pannier::http::form;
/// assert_eq!(form::serialize([("q", "a b"), ("é", "1+1&2")]), "q=a+b&%C3%A9=1%2B1%262");
/// ```
pub fn serialize<K, V>(pairs: impl IntoIterator<Item = (K, V)>) -> String
where
    K: AsRef<str>,
    V: AsRef<str>,
{
    let mut text = String::new();
    for (name, value) in pairs {
        if !text.is_empty() {
            text.push('&');
        }
        push_pair(&mut text, name.as_ref(), value.as_ref());
    }
    text
}

/// The pairs that the text holds, decoded. Bytes that are not UTF-8 become U+FFFD; a part without
/// `=` is a name with an empty value; empty parts are skipped. Nothing is an error.
///
/// ```
/// use pannier::http::form;
/// let pairs: Vec<_> = form::parse("q=a+b&&flag&x=1=2").collect();
/// let expected = [("q", "a b"), ("flag", ""), ("x", "1=2")];
/// assert!(pairs.iter().map(|(name, value)| (&**name, &**value)).eq(expected));
/// ```
pub fn parse(text: &str) -> Pairs<'_> {
    Pairs(text)
}

/// The pairs of a form, from [`parse`].
#[derive(Clone, Debug)]
pub struct Pairs<'a>(&'a str);

impl Iterator for Pairs<'_> {
    type Item = (String, String);

    fn next(&mut self) -> Option<(String, String)> {
        while !self.0.is_empty() {
            let (part, rest) = self.0.split_once('&').unwrap_or((self.0, ""));
            self.0 = rest;
            if !part.is_empty() {
                let (name, value) = part.split_once('=').unwrap_or((part, ""));
                return Some((decode(name), decode(value)));
            }
        }
        None
    }
}

impl FusedIterator for Pairs<'_> {}

pub(super) fn push_pair(out: &mut String, name: &str, value: &str) {
    push(out, name);
    out.push('=');
    push(out, value);
}

fn push(out: &mut String, text: &str) {
    for (index, word) in text.split(' ').enumerate() {
        if index > 0 {
            out.push('+');
        }
        percent::push(out, word, percent::FORM);
    }
}

fn decode(text: &str) -> String {
    let bytes = percent::decode(&text.replace('+', " "));
    match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_serialize_writes_every_mark() {
        for (pair, text) in [
            (("a", "b"), "a=b"),
            (("", ""), "="),
            (("a b", "  "), "a+b=++"),
            (("*-._", "~!'()"), "*-._=%7E%21%27%28%29"),
            (("\r\n", "%41"), "%0D%0A=%2541"),
            (("é", "\u{1f600}"), "%C3%A9=%F0%9F%98%80"),
        ] {
            assert_eq!(serialize([pair]), text);
            assert_eq!(parse(text).next(), Some((pair.0.into(), pair.1.into())), "{:?}", text);
        }
        assert_eq!(serialize([("a", "1"), ("", "2")]), "a=1&=2");
        assert_eq!(serialize::<&str, &str>([]), "");
    }

    #[test]
    fn ok_parse_takes_anything() {
        for (text, pairs) in [
            ("", &[][..]),
            ("&&", &[]),
            ("a", &[("a", "")]),
            ("=", &[("", "")]),
            ("a=b=c", &[("a", "b=c")]),
            ("&a=1&", &[("a", "1")]),
            ("%2B=+&%=%zz", &[("+", " "), ("%", "%zz")]),
            ("%ff=a%C3", &[("\u{fffd}", "a\u{fffd}")]),
        ] {
            let parsed: Vec<_> = parse(text).collect();
            let parsed: Vec<_> = parsed.iter().map(|(n, v)| (&**n, &**v)).collect();
            assert_eq!(parsed, pairs, "{:?}", text);
        }
    }
}
