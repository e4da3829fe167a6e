//! From the text of a URL to what is asked for: scheme guessed, uploads named, queries added.

use pannier::http::{percent, Scheme, Url, UrlLeniency};

use crate::data;
use crate::exit::{self, Failure};
use crate::operation::Operation;
use crate::protocols::{self, From};

/// The URL in `text`, with a scheme before it if it has none, and the pieces of `-G` and
/// `--url-query`.
pub fn url(op: &Operation, given: &[u8], upload: Option<&[u8]>) -> Result<Url, Failure> {
    let full = url_text(op, given)?;
    let full = match upload {
        Some(file) if !matches!(file, b"-" | b".") => with_file_name(&full, file),
        _ => full,
    };
    // A proxy, or `--resolve`, may know names that end in a number.
    let leniency = leniency().path_as_is(op.path_as_is).numeric_names(true);
    let mut url = Url::parse_with(&full, leniency).map_err(|error| Failure::url(&error))?;
    if url.host_str().len() > LONGEST_HOST {
        return Err(rejected(given, "has a host name that is too long"));
    }
    protocols::check(op, &url, From::CommandLine)?;
    let data = op.data.as_deref().filter(|_| op.get);
    for piece in data.into_iter().chain(op.query.as_deref()).filter(|piece| !piece.is_empty()) {
        url.append_raw_query(&text(piece));
    }
    Ok(url)
}

fn url_text(op: &Operation, given: &[u8]) -> Result<String, Failure> {
    // What a pasted line end or blank would do to a request line is none of the user's wishes.
    if given.is_empty() || given.iter().any(|&byte| byte <= b' ' || byte == 0x7f) {
        return Err(rejected(given, "is empty or has a space or a control character"));
    }
    let text = with_two_slashes(text(given));
    let (scheme, rest) = text.split_once("://").unwrap_or(("http", text.as_str()));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    // The library would take more slashes than these for two.
    if authority.is_empty() && is_spoken(scheme) {
        return Err(rejected(given, "names no host"));
    }
    // Readers differ on which `@` ends the userinfo, hence on which host is meant.
    if authority.matches('@').count() > 1 {
        return Err(rejected(given, "has more than one @ before its path"));
    }
    let has_scheme = text.split_once("://").is_some_and(|(scheme, _)| is_scheme(scheme));
    let scheme = op.default_scheme.unwrap_or(Scheme::Http);
    Ok(if has_scheme { text } else { format!("{}://{}", scheme, text) })
}

fn rejected(given: &[u8], why: &str) -> Failure {
    let shown: String = masked(&String::from_utf8_lossy(given)).chars().take(MAX_SHOWN).collect();
    Failure::new(exit::BAD_URL, format!("URL rejected: {:?} {}", shown, why))
}

/// The text with stars, as many as there were bytes, for what may be userinfo.
pub fn masked(url: &str) -> String {
    let start = before_authority(url);
    match url.rfind('@') {
        Some(end) if end > start => [&url[..start], &"*".repeat(end - start), &url[end..]].concat(),
        _ => url.to_owned(),
    }
}

/// The length of the scheme and the slashes behind it, however many, with which a URL begins, if it does.
pub fn before_authority(url: &str) -> usize {
    let (scheme, rest) = url.split_once(':').unwrap_or_default();
    let slashes = rest.len() - rest.trim_start_matches('/').len();
    match is_scheme(scheme) && slashes > 0 {
        true => scheme.len() + 1 + slashes,
        false => 0,
    }
}

fn is_scheme(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

/// curl takes one slash behind the scheme, or three, for a slip of the hand.
fn with_two_slashes(text: String) -> String {
    let (scheme, rest) = text.split_once(':').unwrap_or_default();
    let slashes = rest.len() - rest.trim_start_matches('/').len();
    match is_spoken(scheme) && matches!(slashes, 1 | 3) {
        true => format!("{}://{}", scheme, &rest[slashes..]),
        false => text,
    }
}

fn is_spoken(scheme: &str) -> bool {
    ["http", "https"].iter().any(|name| scheme.eq_ignore_ascii_case(name))
}

/// How every URL is read, given or pointed to.
pub fn leniency() -> UrlLeniency {
    UrlLeniency::default().marks_as_is(true)
}

/// The bytes of a URL as text: what is no UTF-8 has its bytes outside ASCII as `%XX`.
pub fn text(bytes: &[u8]) -> String {
    let text = String::from_utf8(bytes.to_vec());
    text.unwrap_or_else(|_| percent::encode(bytes, percent::CONTROL))
}

/// The URL with the name of the file behind the slash that its path ends in.
fn with_file_name(text: &str, file: &[u8]) -> String {
    let end = text.find(['?', '#']).unwrap_or(text.len());
    let (place, rest) = text.split_at(end);
    let authority = place.find("://").map_or(0, |at| at + 3);
    let slash = match place[authority..].contains('/') {
        true if !place.ends_with('/') => return text.to_owned(),
        true => "",
        false => "/",
    };
    let name = file.rsplit(|&byte| byte == b'/').next().unwrap_or(file);
    let name = String::from_utf8_lossy(&data::percent_encoded(name)).into_owned();
    format!("{}{}{}{}", place, slash, name, rest)
}

/// No more of a URL is repeated in an error.
pub const MAX_SHOWN: usize = 512;
/// curl's bound. A name that can be looked up is much shorter (RFC 1035 §2.3.4), but a proxy may know
/// others.
const LONGEST_HOST: usize = 65_535;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn err_what_no_url_has() {
        for text in [
            "http://a/b c",
            "http://a/\r\nX",
            "",
            "http://a\t/",
            "http://u@a:80@b/",
            "http:////a/",
            "//a/",
            "http://?a",
            "é.test/",
            "é",
        ] {
            let failure = url(&Operation::new(), text.as_bytes(), None).expect_err(text);
            assert_eq!(failure.code, exit::BAD_URL, "{:?}", text);
        }
    }

    #[test]
    fn err_a_url_is_shown_without_what_may_be_secret() {
        for (text, message) in [
            ("", r#""" is empty or has a space or a control character"#),
            (
                "http://u:p@h/a\n",
                r#""http://***@h/a\n" is empty or has a space or a control character"#,
            ),
            ("u@v@h/", r#""***@h/" has more than one @ before its path"#),
            ("http:/u@v@h", r#""http:/***@h" has more than one @ before its path"#),
            (
                "u:p@h/?http:// ",
                r#""***@h/?http:// " is empty or has a space or a control character"#,
            ),
        ] {
            let failure = url(&Operation::new(), text.as_bytes(), None).expect_err(text);
            assert_eq!(failure.message, format!("URL rejected: {}", message));
        }
    }

    #[test]
    fn ok_and_err_a_host_may_be_as_long_as_curls() {
        for (length, code) in [(65_535, None), (65_536, Some(exit::BAD_URL))] {
            let text = format!("http://{}/", "a".repeat(length));
            let found = url(&Operation::new(), text.as_bytes(), None);
            assert_eq!(found.err().map(|failure| failure.code), code, "{}", length);
        }
    }

    #[test]
    fn ok_slips_of_the_hand() {
        for (text, expected) in [
            ("http:/a/b", "http://a/b"),
            ("HTTP:///a:80/b", "http://a/b"),
            ("http://a//b", "http://a//b"),
            ("a/b", "http://a/b"),
            ("http", "http://http/"),
            ("a:80/b", "http://a/b"),
        ] {
            let url = url(&Operation::new(), text.as_bytes(), None).map(|url| url.to_string());
            assert_eq!(url.map_err(|failure| failure.message).as_deref(), Ok(expected), "{}", text);
        }
    }

    #[test]
    fn ok_an_upload_takes_its_name_to_the_folder() {
        for (text, expected) in [
            ("http://a/", "http://a/f%20x"),
            ("http://a", "http://a/f%20x"),
            ("http://a/b/?q", "http://a/b/f%20x?q"),
            ("http://a/b", "http://a/b"),
        ] {
            assert_eq!(with_file_name(text, b"dir/f x"), expected);
        }
    }
}
