//! The compound values that many fields share: comma-separated lists (RFC 9110 §5.6.1), quoted
//! strings (§5.6.4) and parameters (§5.6.6).
//!
//! All of it borrows from the value. Nothing here is for entity tags: a backslash in `"a\"` is a
//! character of the tag, but in a quoted string it escapes the one behind it.

use std::borrow::Cow;
use std::iter::FusedIterator;
use std::{error, fmt};

use super::token::{is_field_byte, is_ows, is_token, is_token_byte, trim_ows};

/// The elements of a comma-separated list, without white space around them.
///
/// Empty elements are skipped, and a comma in a quoted string separates nothing. The first error
/// ends the list.
///
/// ```
/// use pannier::http::list;
/// let elements: Result<Vec<_>, _> = list::elements(b"gzip, , x=\"a, b\"").collect();
/// assert_eq!(elements?, [&b"gzip"[..], b"x=\"a, b\""]);
/// # Ok::<(), list::Malformed>(())
/// ```
pub fn elements(value: &[u8]) -> Elements<'_> {
    Elements(Parts { value, next: Some(0), separator: b',' })
}

/// Splits an element at its first semicolon: what it is, and its parameters for [`parameters`].
///
/// ```
/// use pannier::http::list;
/// let (media_type, rest) = list::split_parameters(b"text/html ; charset=utf-8")?;
/// assert_eq!((media_type, rest), (&b"text/html"[..], &b"; charset=utf-8"[..]));
/// # Ok::<(), list::Malformed>(())
/// ```
///
/// # Errors
/// A quoted string before the semicolon is malformed.
pub fn split_parameters(element: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
    let end = find_separator(element, 0, b';')?.unwrap_or(element.len());
    Ok((trim_ows(&element[..end]), &element[end..]))
}

/// The parameters of an element: nothing, or `;name=value;name="value"` with white space around
/// the semicolons only. Empty ones are skipped. The first error ends the list.
///
/// ```
/// use pannier::http::list;
/// let parameters: Result<Vec<_>, _> = list::parameters(b"; q=0.5;; title=\"a \\\"b\\\"\"").collect();
/// let parameters = parameters?;
/// assert!(parameters[0].is("Q") && parameters[0].value() == &b"0.5"[..]);
/// assert!(parameters[1].is("title") && parameters[1].value() == &b"a \"b\""[..]);
/// # Ok::<(), list::Malformed>(())
/// ```
pub fn parameters(rest: &[u8]) -> Parameters<'_> {
    Parameters(Parts { value: rest, next: Some(0), separator: b';' })
}

/// One `name=value` or `name="value"`, as it is also an element of some lists.
///
/// # Errors
/// The name is no token, there is no `=`, or the value is neither a token nor a quoted string.
pub fn parameter(text: &[u8]) -> Result<Parameter<'_>, Malformed> {
    let (name, rest) = parameter_name(text)?;
    // RFC 9110 §5.6.6: parameter = parameter-name "=" parameter-value, without white space.
    let value = match rest {
        [b'=', value @ ..] => value,
        _ => return Err(Malformed::at(name.len(), Rule::Equals)),
    };
    let value = token_or_quoted(value).map_err(|error| error.behind(name.len() + 1))?;
    Ok(Parameter { name, value })
}

/// The same as challenges and credentials have it (RFC 9110 §11.2): there may be white space around
/// the `=`. A value that is neither a token nor a quoted string is taken as it is if it has no quote
/// in it, since servers leave base64 unquoted.
pub(crate) fn auth_parameter(text: &[u8]) -> Result<Parameter<'_>, Malformed> {
    let (name, rest) = parameter_name(text)?;
    let value = match trim_start(rest) {
        [b'=', value @ ..] => trim_ows(value),
        _ => return Err(Malformed::at(name.len(), Rule::Equals)),
    };
    let value = match token_or_quoted(value) {
        Err(_) if !value.contains(&b'"') => Cow::Borrowed(value),
        value => value.map_err(|error| error.behind(text.len() - rest.len() + 1))?,
    };
    Ok(Parameter { name, value })
}

fn parameter_name(text: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
    let end = text.iter().position(|&byte| !is_token_byte(byte));
    match text.split_at(end.unwrap_or(text.len())) {
        ([], _) => Err(Malformed::at(0, Rule::Name)),
        parts => Ok(parts),
    }
}

/// What a quoted string says: without the quotes, and each escaped character by itself.
///
/// ```
/// use pannier::http::list;
/// assert_eq!(list::unquote(b"\"a \\\"b\\\"\"")?, &b"a \"b\""[..]);
/// assert!(list::unquote(b"\"a").is_err());
/// # Ok::<(), list::Malformed>(())
/// ```
///
/// # Errors
/// The text is not one quoted string from its first to its last byte.
pub fn unquote(text: &[u8]) -> Result<Cow<'_, [u8]>, Malformed> {
    if text.first() != Some(&b'"') {
        return Err(Malformed::at(0, Rule::Quote));
    }
    let end = quoted_end(text, 0)?;
    if end < text.len() {
        return Err(Malformed::at(end, Rule::Surplus));
    }
    let inner = &text[1..end - 1];
    if !inner.contains(&b'\\') {
        return Ok(Cow::Borrowed(inner));
    }
    let mut bytes = inner.iter();
    let mut unescaped = Vec::with_capacity(inner.len());
    while let Some(&byte) = bytes.next() {
        // The end has been found, so no backslash is the last.
        let escaped = if byte == b'\\' { bytes.next() } else { None };
        unescaped.push(*escaped.unwrap_or(&byte));
    }
    Ok(Cow::Owned(unescaped))
}

/// The text as a quoted string, with a backslash before each quote and backslash.
///
/// ```
/// use pannier::http::list;
/// assert_eq!(list::quote(b"a \"b\"")?, b"\"a \\\"b\\\"\"");
/// assert!(list::quote(b"a\r\nb").is_err());
/// # Ok::<(), list::Malformed>(())
/// ```
///
/// # Errors
/// The text has a control character other than tab: no quoted string can hold it.
pub fn quote(text: &[u8]) -> Result<Vec<u8>, Malformed> {
    let mut quoted = Vec::with_capacity(text.len() + 2);
    quoted.push(b'"');
    for (index, &byte) in text.iter().enumerate() {
        if !is_field_byte(byte) {
            return Err(Malformed::at(index, Rule::Control));
        }
        if matches!(byte, b'"' | b'\\') {
            quoted.push(b'\\');
        }
        quoted.push(byte);
    }
    quoted.push(b'"');
    Ok(quoted)
}

/// The elements of a list, from [`elements`].
#[derive(Clone, Debug)]
pub struct Elements<'a>(Parts<'a>);

impl<'a> Iterator for Elements<'a> {
    type Item = Result<&'a [u8], Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|part| part.map(|(_, element)| element))
    }
}

impl FusedIterator for Elements<'_> {}

/// The parameters of an element, from [`parameters`].
#[derive(Clone, Debug)]
pub struct Parameters<'a>(Parts<'a>);

impl<'a> Iterator for Parameters<'a> {
    type Item = Result<Parameter<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        let parameter = self.0.next()?.and_then(|(start, text)| {
            let before = self.0.value[..start].iter().rev().find(|&&byte| !is_ows(byte));
            if before != Some(&b';') {
                return Err(Malformed::at(start, Rule::Semicolon));
            }
            parameter(text).map_err(|error| error.behind(start))
        });
        if parameter.is_err() {
            self.0.next = None;
        }
        Some(parameter)
    }
}

impl FusedIterator for Parameters<'_> {}

/// A name and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter<'a> {
    name: &'a [u8],
    value: Cow<'a, [u8]>,
}

impl<'a> Parameter<'a> {
    /// The name as spelled; it is a token.
    pub fn name(&self) -> &'a [u8] {
        self.name
    }

    /// Is this the name? RFC 9110 §5.6.6: names are case-insensitive.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }

    /// The value: a token, or what a quoted string says.
    pub fn value(&self) -> &[u8] {
        &self.value
    }
}

/// The value does not follow the grammar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    at: usize,
    rule: Rule,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    Unclosed,
    Control,
    Quote,
    Surplus,
    Name,
    Equals,
    Value,
    Semicolon,
}

impl Malformed {
    fn at(at: usize, rule: Rule) -> Malformed {
        Malformed { at, rule }
    }

    fn behind(self, bytes: usize) -> Malformed {
        Malformed::at(self.at + bytes, self.rule)
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rule = match self.rule {
            Rule::Unclosed => "the quoted string is not closed",
            Rule::Control => "a quoted string has a control character",
            Rule::Quote => "a quoted string does not begin with a quote",
            Rule::Surplus => "something follows the quoted string",
            Rule::Name => "the name of a parameter is no token",
            Rule::Equals => "the name of a parameter is not followed by `=`",
            Rule::Value => "the value of a parameter is neither a token nor a quoted string",
            Rule::Semicolon => "no semicolon is before the first parameter",
        };
        write!(f, "{} (byte {})", rule, self.at)
    }
}

impl error::Error for Malformed {}

/// What is between separators, trimmed, with its place; empty parts are skipped.
#[derive(Clone, Debug)]
struct Parts<'a> {
    value: &'a [u8],
    /// Where the next part begins, if there is one.
    next: Option<usize>,
    separator: u8,
}

impl<'a> Parts<'a> {
    fn next(&mut self) -> Option<Result<(usize, &'a [u8]), Malformed>> {
        while let Some(start) = self.next.take() {
            let end = match find_separator(self.value, start, self.separator) {
                Ok(end) => end,
                Err(error) => return Some(Err(error)),
            };
            self.next = end.map(|end| end + 1);
            let part = &self.value[start..end.unwrap_or(self.value.len())];
            let trimmed = trim_ows(part);
            if !trimmed.is_empty() {
                let leading = part.len() - trim_start(part).len();
                return Some(Ok((start + leading, trimmed)));
            }
        }
        None
    }
}

fn trim_start(part: &[u8]) -> &[u8] {
    let leading = part.iter().take_while(|&&byte| is_ows(byte)).count();
    &part[leading..]
}

/// Where the next separator is that no quoted string holds.
fn find_separator(
    value: &[u8],
    mut index: usize,
    separator: u8,
) -> Result<Option<usize>, Malformed> {
    while let Some(&byte) = value.get(index) {
        if byte == separator {
            return Ok(Some(index));
        }
        index = if byte == b'"' { quoted_end(value, index)? } else { index + 1 };
    }
    Ok(None)
}

/// Where the quoted string ends that begins at `start`: the byte behind its closing quote.
fn quoted_end(value: &[u8], start: usize) -> Result<usize, Malformed> {
    let mut index = start + 1;
    while let Some(&byte) = value.get(index) {
        // RFC 9110 §5.6.4: quoted-pair = "\" ( HTAB / SP / VCHAR / obs-text )
        let escaped = if byte == b'\\' { value.get(index + 1) } else { None };
        if !is_field_byte(*escaped.unwrap_or(&byte)) {
            return Err(Malformed::at(index, Rule::Control));
        }
        index += if escaped.is_some() { 2 } else { 1 };
        if byte == b'"' {
            return Ok(index);
        }
    }
    Err(Malformed::at(start, Rule::Unclosed))
}

fn token_or_quoted(value: &[u8]) -> Result<Cow<'_, [u8]>, Malformed> {
    if value.first() == Some(&b'"') {
        return unquote(value);
    }
    if !is_token(value) {
        return Err(Malformed::at(0, Rule::Value));
    }
    Ok(Cow::Borrowed(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split(value: &str) -> Result<Vec<&str>, String> {
        elements(value.as_bytes())
            .map(|element| match element {
                Ok(element) => Ok(std::str::from_utf8(element).unwrap()),
                Err(error) => Err(error.to_string()),
            })
            .collect()
    }

    #[test]
    fn ok_elements_are_split_at_commas_and_trimmed() {
        for (value, expected) in [
            ("", &[][..]),
            (" , ,\t,", &[]),
            ("a", &["a"]),
            (" a ,b\t", &["a", "b"]),
            (",a,,b,", &["a", "b"]),
            ("a b, c", &["a b", "c"]),
            (r#""a,b",c"#, &[r#""a,b""#, "c"]),
            (r#"x="\",",y"#, &[r#"x="\",""#, "y"]),
            (r#""\\",y"#, &[r#""\\""#, "y"]),
            (r#"a"b,c"d,e"#, &[r#"a"b,c"d"#, "e"]),
            (r"a\,b", &[r"a\", "b"]),
        ] {
            assert_eq!(split(value).as_deref(), Ok(expected), "{:?}", value);
        }
    }

    #[test]
    fn err_a_list_with_a_broken_quoted_string() {
        for (value, at) in [("a, \"b, c", 3), ("\"", 0), ("\"\\\"", 0), ("\"\\", 0)] {
            let error = format!("the quoted string is not closed (byte {})", at);
            assert_eq!(split(value), Err(error), "{:?}", value);
        }
        for (value, at) in [("\"a\nb\"", 2), ("a,\"\\\0\"", 3), ("\"\x7f\"", 1)] {
            let error = format!("a quoted string has a control character (byte {})", at);
            assert_eq!(split(value), Err(error), "{:?}", value);
        }
    }

    #[test]
    fn ok_an_error_ends_the_list() {
        let results: Vec<_> = elements(b"a,\"b").map(|element| element.is_ok()).collect();
        assert_eq!(results, [true, false]);
        let results: Vec<_> = parameters(b";a=1;b;c=2").map(|p| p.is_ok()).collect();
        assert_eq!(results, [true, false]);
    }

    fn pairs(rest: &str) -> Result<Vec<(String, String)>, String> {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        parameters(rest.as_bytes())
            .map(|parameter| match parameter {
                Ok(parameter) => Ok((text(parameter.name()), text(parameter.value()))),
                Err(error) => Err(error.to_string()),
            })
            .collect()
    }

    #[test]
    fn ok_parameters_are_tokens_or_quoted_strings() {
        for (rest, expected) in [
            ("", &[][..]),
            (";", &[]),
            (" ; ;", &[]),
            (";a=b", &[("a", "b")]),
            (" ; a=b ;\tC=\"d\"", &[("a", "b"), ("C", "d")]),
            (r#";a="";b="x;y=\"z\\""#, &[("a", ""), ("b", r#"x;y="z\"#)]),
        ] {
            let expected: Vec<_> = expected.iter().map(|&(n, v)| (n.into(), v.into())).collect();
            assert_eq!(pairs(rest), Ok(expected), "{:?}", rest);
        }
    }

    #[test]
    fn err_parameters_that_are_none() {
        for (rest, error) in [
            ("a=b", "no semicolon is before the first parameter (byte 0)"),
            (" a;b=c", "no semicolon is before the first parameter (byte 1)"),
            ("; =b", "the name of a parameter is no token (byte 2)"),
            (";a", "the name of a parameter is not followed by `=` (byte 2)"),
            (";a =b", "the name of a parameter is not followed by `=` (byte 2)"),
            (";a= b", "the value of a parameter is neither a token nor a quoted string (byte 3)"),
            (";a=", "the value of a parameter is neither a token nor a quoted string (byte 3)"),
            (
                ";x=1;a=b c",
                "the value of a parameter is neither a token nor a quoted string (byte 7)",
            ),
            (";a=\"b\"c", "something follows the quoted string (byte 6)"),
            (";a=\"b", "the quoted string is not closed (byte 3)"),
        ] {
            assert_eq!(pairs(rest), Err(error.into()), "{:?}", rest);
        }
    }

    #[test]
    fn ok_an_element_is_split_from_its_parameters() {
        for (element, value, rest) in [
            ("a", "a", ""),
            (" a ;b=c", "a", ";b=c"),
            ("\"a;b\";c=d", "\"a;b\"", ";c=d"),
            (";b=c", "", ";b=c"),
        ] {
            let split = split_parameters(element.as_bytes());
            assert_eq!(split, Ok((value.as_bytes(), rest.as_bytes())), "{:?}", element);
        }
        assert!(split_parameters(b"\"a;b").is_err());
    }

    #[test]
    fn err_what_is_not_one_quoted_string() {
        for text in
            ["", "a", "\"", "\"a", "a\"", "\"a\"b", "\"a\" ", "\"\\\"", "\"\r\"", "\"\\\r\""]
        {
            assert!(unquote(text.as_bytes()).is_err(), "{:?}", text);
        }
    }

    #[test]
    fn ok_a_string_without_escapes_is_borrowed() {
        assert!(matches!(unquote(b"\"a b\""), Ok(Cow::Borrowed(b"a b"))));
        assert_eq!(unquote(b"\"\\a\\\\\"").unwrap(), &b"a\\"[..]);
    }

    proptest! {
        #[test]
        fn ok_what_is_quoted_is_one_element_and_comes_back(text in "[ -~\t\u{80}-\u{ff}]{0,20}") {
            let quoted = quote(text.as_bytes()).unwrap();
            prop_assert_eq!(unquote(&quoted).unwrap(), text.as_bytes());
            let list = [b"a, ", &quoted[..], b" , b"].concat();
            let found: Result<Vec<_>, _> = elements(&list).collect();
            prop_assert_eq!(found.unwrap(), [&b"a"[..], &quoted, b"b"]);
        }

        #[test]
        fn ok_any_bytes_end(bytes in proptest::collection::vec(proptest::sample::select(&b"a=;,\"\\ \n\xff"[..]), 0..24)) {
            prop_assert!(elements(&bytes).count() <= bytes.len());
            prop_assert!(parameters(&bytes).count() <= bytes.len());
        }
    }
}
