//! Why a text is no URL: the rule that it breaks, and as much of the text as may be shown.

use std::{error, fmt};

use super::marks;

/// The text is no URL that this crate can use.
///
/// The message quotes the text, cut to a bounded length and with the password masked.
///
/// ```
/// use pannier::http::Url;
/// let error = Url::parse("http://user:secret@h:99999/").unwrap_err();
/// assert_eq!(error.to_string(), r#"the port of "http://user:***@h:99999/" is above 65535"#);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct UrlError(Box<Fault>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Fault {
    /// The input as it may be shown.
    input: Box<str>,
    rule: Rule,
}

/// The rule that was broken, with what its sentence needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    Relative,
    Scheme(Box<str>),
    HostEmpty,
    HostNotAscii(Box<str>),
    HostByte(u8),
    HostLabel(Box<str>),
    HostIpv4,
    HostIpv6,
    PortNotDigits,
    PortTooBig,
}

impl UrlError {
    pub(super) fn new(input: &str, rule: Rule) -> UrlError {
        let input = bounded(&masked(input));
        UrlError(Box::new(Fault { input, rule }))
    }

    /// The text has a scheme, and it is neither http nor https.
    pub fn is_unsupported_scheme(&self) -> bool {
        self.scheme().is_some()
    }

    /// The scheme that is neither http nor https, in lower case. In `localhost:8080` it is
    /// `localhost`.
    pub fn scheme(&self) -> Option<&str> {
        match &self.0.rule {
            Rule::Scheme(scheme) => Some(scheme),
            _ => None,
        }
    }

    /// The text has no scheme, and there was no base to resolve it against: `example.com/path`.
    pub fn is_relative(&self) -> bool {
        self.0.rule == Rule::Relative
    }
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let input = &self.0.input;
        match &self.0.rule {
            Rule::Relative => write!(
                f,
                "{:?} has no scheme, such as http://, and there is no base to resolve it against",
                input
            ),
            Rule::Scheme(scheme) => write!(
                f,
                "the scheme {:?} of {:?} is neither http nor https",
                bounded(scheme),
                input
            ),
            Rule::HostEmpty => write!(f, "the host of {:?} is empty", input),
            Rule::HostNotAscii(host) => write!(
                f,
                "the host {:?} of {:?} is not ASCII: write it as Punycode (xn--…)",
                self.shown(host),
                input
            ),
            Rule::HostByte(byte) => write!(
                f,
                "the host of {:?} has the forbidden character {:?}",
                input,
                char::from(*byte)
            ),
            Rule::HostLabel(label) => write!(
                f,
                "the label {:?} in the host of {:?} is not valid Punycode",
                self.shown(label),
                input
            ),
            Rule::HostIpv4 => {
                write!(f, "the host of {:?} ends in a number but is no IPv4 address", input)
            }
            Rule::HostIpv6 => write!(f, "the host of {:?} is no IPv6 address", input),
            Rule::PortNotDigits => write!(f, "the port of {:?} is not a number", input),
            Rule::PortTooBig => write!(f, "the port of {:?} is above 65535", input),
        }
    }
}

impl UrlError {
    /// A part of the input. A password with a `/` in it ends the authority too early, and what
    /// is then taken for the host is a piece of it: what the mask covers is not shown here either.
    fn shown(&self, part: &str) -> Box<str> {
        let input = &self.0.input;
        if marks::contains(input, MASK) && !marks::contains(input, part) {
            return MASK.into();
        }
        bounded(part)
    }
}

impl fmt::Debug for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UrlError({})", self)
    }
}

impl error::Error for UrlError {}

/// The text with what may be a password replaced.
///
/// It is a text that failed to parse, so nobody can say for sure where its password ends. The mask
/// covers all from the first colon behind the scheme to the last `@`: rather too much than too little.
pub(super) fn masked(input: &str) -> String {
    let authority = authority_start(input);
    let end = match marks::rfind(input, b'@') {
        Some(end) if end > authority => end,
        _ => return input.to_owned(),
    };
    match authority + marks::find(&input[authority..end], b":") {
        colon if colon < end => [&input[..=colon], MASK, &input[end..]].concat(),
        _ => input.to_owned(),
    }
}

/// Where the slashes end that follow an http scheme or any `scheme:` with slashes.
///
/// What is before the colon of `user:secret@host` looks like a scheme and is none.
fn authority_start(input: &str) -> usize {
    let start = input.bytes().take_while(|&byte| byte <= b' ').count();
    let (scheme, rest) = match marks::split_once(input, b":") {
        Some(parts) => parts,
        None => return start,
    };
    let after = marks::trim_start(rest, b"/\\\t\n\r");
    let is_http = scheme.get(start..).and_then(super::Scheme::from_name).is_some();
    if is_http || after.len() < rest.len() {
        return input.len() - after.len();
    }
    start
}

fn bounded(text: &str) -> Box<str> {
    if text.len() <= SHOWN_BYTES {
        return text.into();
    }
    let mut end = SHOWN_BYTES;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    [&text[..end], "…"].concat().into()
}

/// Enough for nearly every URL that a person looks at; a line of a log stays a line.
const SHOWN_BYTES: usize = 160;

const MASK: &str = "***";

#[cfg(test)]
mod tests {
    use super::super::Url;

    #[test]
    fn err_each_sentence_names_the_rule() {
        for (input, sentence) in [
            ("h:99999/", r#"the scheme "h" of "h:99999/" is neither http nor https"#),
            ("http://h:99999/", r#"the port of "http://h:99999/" is above 65535"#),
            ("http://h:+5/", r#"the port of "http://h:+5/" is not a number"#),
            ("http://:5/", r#"the host of "http://:5/" is empty"#),
            ("http://a b/", r#"the host of "http://a b/" has the forbidden character ' '"#),
            ("http://a%0a/", r#"the host of "http://a%0a/" has the forbidden character '\n'"#),
            (
                "http://1.2.3.256",
                r#"the host of "http://1.2.3.256" ends in a number but is no IPv4 address"#,
            ),
            ("http://[::1", r#"the host of "http://[::1" is no IPv6 address"#),
            (
                "http://bücher.example/",
                r#"the host "bücher.example" of "http://bücher.example/" is not ASCII: write it as Punycode (xn--…)"#,
            ),
            (
                "http://a.xn--.b",
                r#"the label "xn--" in the host of "http://a.xn--.b" is not valid Punycode"#,
            ),
            (
                "a/b",
                r#""a/b" has no scheme, such as http://, and there is no base to resolve it against"#,
            ),
        ] {
            let shown = Url::parse(input).map_or_else(|error| error.to_string(), |_| String::new());
            assert_eq!(shown, sentence);
        }
    }

    #[test]
    fn err_no_password_is_ever_shown() {
        for input in [
            "http://user:secret@h:99999/",
            "http://user:secret@bücher/",
            "http://user:secret@/",
            "http:user:secret@h:x",
            "http:\\\\user:secret@h:x",
            "  ht\ntp://user:secret@h:x/",
            "//user:secret@h/",
            "user:secret@host/path",
            "ftp://user:secret@host/",
            "ftp:user:secret@host/",
            "http://user:secret/secret@h/",
            "http://user:p#secret@h/",
            "http://user:p@sécret/x@h/",
            "http://user:p@xn--secret-/x@h/",
            "http://user:a:secret@h:x",
            "http://:secret@h:x",
            "/a:secret@b",
        ] {
            let error = Url::parse(input).unwrap_err();
            for text in [error.to_string(), format!("{:?}", error)] {
                assert!(!text.contains("cret"), "{}", text);
            }
        }
    }

    #[test]
    fn err_a_long_input_is_cut() {
        let long = "é".repeat(10_000);
        for input in
            [format!("http://h:x/{}", long), format!("http://{}/", long), "a".repeat(10_000) + ":"]
        {
            let error = Url::parse(&input).unwrap_err();
            assert!(error.to_string().len() < 500, "{}", error);
        }
    }

    #[test]
    fn err_what_can_be_told_apart() {
        for (input, relative, scheme) in [
            ("example.com/", true, None),
            ("//example.com/", true, None),
            ("", true, None),
            ("1http://h/", true, None),
            ("FTP://h/", false, Some("ftp")),
            ("localhost:80", false, Some("localhost")),
            ("https+x.-://h", false, Some("https+x.-")),
            ("http://", false, None),
        ] {
            let error = Url::parse(input).unwrap_err();
            assert_eq!(error.is_relative(), relative, "{}", input);
            assert_eq!(error.is_unsupported_scheme(), scheme.is_some(), "{}", input);
            assert_eq!(error.scheme(), scheme);
        }
    }
}
