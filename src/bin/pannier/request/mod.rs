//! From options to what is to be sent: every field in curl's order, and the body.
//!
//! The order is: Host, Authorization, Range, User-Agent, Accept, TE, Accept-Encoding, Referer,
//! Proxy-Connection, Transfer-Encoding, Cookie, the condition of `-z`, then the `-H` lines in theirs,
//! then Content-Length, Content-Type and Expect. A `-H` of the same name takes the place of any of
//! them. CR, LF and NUL are refused here and once more by the library: nothing a caller hands in
//! becomes a second line.

mod custom;
mod payload;
mod section;

use pannier::http::Url;
use pannier::{Credentials, Netrc};

pub use self::custom::{custom_lines, Custom};
pub use self::payload::Payload;
use self::section::{Line, Section};
use crate::exit::Failure;
use crate::operation::Operation;
use crate::resume::{self, Start};

/// A request, ready to be handed to the library.
#[derive(Debug)]
pub struct Plan {
    pub method: String,
    pub url: Url,
    /// A field is made of them behind Host, when the request is sent.
    pub credentials: Option<Credentials>,
    pub netrc: Option<Netrc>,
    pub lines: Vec<Line>,
    /// Fields that the library would add, and shall not.
    pub without: Vec<String>,
    pub payload: Payload,
}

/// What `op` sends to this URL from `start` on, or to a proxy that is to read it; `upload` is what `-T`
/// of this transfer opened.
pub fn plan(
    op: &Operation,
    url: Url,
    upload: Option<Payload>,
    start: &Start,
    to_proxy: bool,
) -> Result<Plan, Failure> {
    let mut section = Section::new(op)?;
    let payload = match (upload, &op.data) {
        (Some(upload), _) => resume::rest_of(upload, start.at)?,
        (None, Some(data)) if !op.get && !op.head => Payload::Bytes(data.clone()),
        _ if !op.form.is_empty() => section.form(op)?,
        _ => Payload::None,
    };
    start.check(&payload)?;
    section.host();
    section.range(op, &payload, start);
    section.usual(op, &payload, to_proxy)?;
    section.condition(op);
    section.given();
    section.describe(op, &payload);
    section.connection();
    Ok(Plan {
        method: method(op, &payload),
        without: section.without(&payload),
        credentials: section.credentials(op, &url),
        netrc: op.login.known().cloned(),
        lines: section.checked()?,
        url: url.without_credentials(),
        payload,
    })
}

fn method(op: &Operation, payload: &Payload) -> String {
    let usual = match payload {
        Payload::Bytes(_) | Payload::Form(..) => "POST",
        Payload::None if op.head => "HEAD",
        Payload::None => "GET",
        _ => "PUT",
    };
    op.method.clone().unwrap_or_else(|| usual.to_owned())
}

/// What is sent unless `-A` says otherwise.
pub const USER_AGENT: &str = concat!("pannier/", env!("CARGO_PKG_VERSION"));

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Args;
    use crate::exit;
    use crate::operation::Place;

    fn op(words: &str) -> Operation {
        let words: Vec<Vec<u8>> = words.split('|').map(|word| word.into()).collect();
        let mut args =
            Args::parse(&words, None).unwrap_or_else(|usage| panic!("{}", usage.message));
        args.operations.remove(0)
    }

    fn sent(words: &str) -> String {
        let op = op(words);
        let Some(Place::Url(text)) = op.slots[0].url.clone() else { panic!("no URL is given") };
        let url = crate::address::url(&op, &text, None).unwrap_or_else(|f| panic!("{}", f.message));
        let plan = plan(&op, url, None, &Start::default(), false)
            .unwrap_or_else(|f| panic!("{}", f.message));
        let mut text = format!("{} {}", plan.method, plan.url.target());
        if let Some(credentials) = plan.credentials {
            text.push_str(&format!("|{:?}", credentials));
        }
        for (name, value) in plan.lines {
            text.push_str(&format!("|{}: {}", name, String::from_utf8_lossy(&value)));
        }
        text.replace(concat!("|User-Agent: pannier/", env!("CARGO_PKG_VERSION")), "|UA")
    }

    #[test]
    fn ok_fields_stand_in_curls_order() {
        for (words, expected) in [
            ("http://a/", "GET /|UA|Accept: */*"),
            ("a/b?c#d", "GET /b?c|UA|Accept: */*"),
            (
                "-u|u:p|-r|1-2|-e|ref|-b|c=d|-H|X: y|http://a/x",
                "GET /x|Credentials(basic)|Range: bytes=1-2|UA|Accept: */*|Referer: ref|Cookie: c=d|X: y",
            ),
            (
                "-z|dec 12 12:00:00 1999 GMT|-b|c=d|-H|X: y|http://a/",
                "GET /|UA|Accept: */*|Cookie: c=d|If-Modified-Since: Sun, 12 Dec 1999 12:00:00 GMT|X: y",
            ),
            ("-z|-1999-12-12|http://a/", "GET /|UA|Accept: */*|If-Unmodified-Since: Sun, 12 Dec 1999 00:00:00 GMT"),
            ("-z|=1999-12-12|http://a/", "GET /|UA|Accept: */*|Last-Modified: Sun, 12 Dec 1999 00:00:00 GMT"),
            ("-z|1999-12-12|-H|if-modified-since: x|http://a/", "GET /|UA|Accept: */*|if-modified-since: x"),
            (
                "-d|foo|-H|X: y|http://a/",
                "POST /|UA|Accept: */*|X: y|Content-Length: 3|Content-Type: application/x-www-form-urlencoded",
            ),
            ("-d||http://a/", "POST /|UA|Accept: */*|Content-Length: 0|Content-Type: application/x-www-form-urlencoded"),
            ("-H|Host: h|-H|accept: q|http://a/", "GET /|Host: h|UA|accept: q"),
            ("-H|Accept:|-A||http://a/", "GET /"),
            ("-H|X-C;|-H|X-T:|-H|X-U;  |-H|X-V;z|-H|nothing|http://a/", "GET /|UA|Accept: */*|X-C: "),
            ("-H|X: foo; |http://a/", "GET /|UA|Accept: */*|X: foo; "),
            ("-I|http://a/", "HEAD /|UA|Accept: */*"),
            ("-G|-d|q=1|-d|r=2|http://a/?p", "GET /?p&q=1&r=2|UA|Accept: */*"),
            ("-I|-G|-d|q|http://a/", "HEAD /?q|UA|Accept: */*"),
            ("-X|PURGE|http://a/", "PURGE /|UA|Accept: */*"),
            (
                "--json|{}|http://a/",
                "POST /|UA|Content-Type: application/json|Accept: application/json|Content-Length: 2",
            ),
            ("http://u%40:p%3A@a/", "GET /|Credentials(basic)|UA|Accept: */*"),
            ("-u|x:y|http://u:p@a/", "GET /|Credentials(basic)|UA|Accept: */*"),
            ("-u|x:y|-H|authorization: z|http://a/", "GET /|UA|Accept: */*|authorization: z"),
            ("--oauth2-bearer|t|http://a/", "GET /|Credentials(bearer)|UA|Accept: */*"),
            ("--url-query|a=b c|--url-query|+d|http://a/", "GET /?a=b+c&d|UA|Accept: */*"),
        ] {
            assert_eq!(sent(words), expected, "{}", words);
        }
    }

    #[test]
    fn err_line_ends_in_what_the_caller_hands_in() {
        for words in [
            "-H|X: a\r\nB: c|http://a/",
            "-A|a\nb|http://a/",
            "-e|a\rb|http://a/",
            "-b|a=b\n|http://a/",
        ] {
            let op = op(words);
            let url = Url::parse("http://a/").expect("it is one");
            let failure = plan(&op, url, None, &Start::default(), false).expect_err(words);
            assert_eq!(failure.code, exit::BAD_ARGUMENT, "{}", words);
        }
    }
}
