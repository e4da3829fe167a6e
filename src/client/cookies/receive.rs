//! What a cookie that comes from somewhere may be (RFC 6265bis §5.7, steps 1 to 22). What else there
//! is in the store, which step 16 and the last ones ask for, is looked at in
//! [`Store::put`](super::store::Store::put).

use std::borrow::Cow;
use std::str::from_utf8;

use super::cookie::{Cookie, SameSite, Scope, Seconds};
use super::refused::Refused;
use super::request_uri::{domain_matches, RequestUri};
use super::set_cookie::{SetCookie, LARGEST_ATTRIBUTE};
use super::suffixes::PublicSuffixes;
use super::Habits;

/// What cookies are judged by.
#[derive(Clone, Debug, Default)]
pub(super) struct Rules {
    pub(super) suffixes: PublicSuffixes,
    pub(super) habits: Habits,
}

/// The cookie that a response from there sets by this text.
pub(super) fn cookie(
    text: &[u8],
    uri: &RequestUri<'_>,
    rules: &Rules,
    now: Seconds,
) -> Result<Cookie, Refused> {
    let set = SetCookie::parse(text)?;
    let (domain, scope) = domain(&set, uri, rules)?;
    let cookie = Cookie {
        name: set.name.into(),
        value: set.value.into(),
        domain: domain.into(),
        scope,
        path: path(&set, uri, rules.habits)?.into(),
        expires: expires(&set, now, rules.habits),
        secure: set.secure,
        http_only: set.http_only,
        same_site: set.same_site,
    };
    if cookie.secure && !uri.secure {
        return Err(Refused::Insecure);
    }
    check(&cookie)?;
    // Step 21: `__Host-` asks for a `Path` that is there.
    if has_prefix(&cookie.name, HOST) && set.path.is_none() {
        return Err(Refused::Prefix);
    }
    // Step 19, which curl does not know.
    let is_bare = cookie.same_site == SameSite::None && !cookie.secure;
    match is_bare && rules.habits == Habits::Standard {
        true => Err(Refused::SameSite),
        false => Ok(cookie),
    }
}

/// What holds for every cookie, wherever it comes from (steps 3, 20 and 21).
pub(super) fn check(cookie: &Cookie) -> Result<(), Refused> {
    let parts: [&[u8]; 3] = [&cookie.name, &cookie.value, cookie.path.as_bytes()];
    if parts.iter().any(|part| part.iter().any(u8::is_ascii_control)) {
        return Err(Refused::Control);
    }
    // A file takes a dot before a domain for a mark.
    if cookie.domain.starts_with('.') || cookie.domain.len() > LONGEST_HOST {
        return Err(Refused::Domain);
    }
    if !cookie.path.is_ascii() || cookie.path.len() > LARGEST_ATTRIBUTE {
        return Err(Refused::Path);
    }
    let whole_host = cookie.is_host_only() && &*cookie.path == "/";
    let kept = match () {
        () if has_prefix(&cookie.name, SECURE) => cookie.secure,
        () if has_prefix(&cookie.name, HOST) => cookie.secure && whole_host,
        () => true,
    };
    if kept {
        Ok(())
    } else {
        Err(Refused::Prefix)
    }
}

/// Steps 7 to 10.
fn domain<'a>(
    set: &SetCookie<'a>,
    uri: &'a RequestUri<'_>,
    rules: &Rules,
) -> Result<(Cow<'a, str>, Scope), Refused> {
    let host_only = || Ok((uri.host.as_ref().into(), Scope::Host));
    let named = match set.domain {
        Some(named) => from_utf8(named).map_err(|_| Refused::Domain)?,
        None => return host_only(),
    };
    let same = named.eq_ignore_ascii_case(&uri.host);
    if same && (uri.is_ip || rules.suffixes.contains(named)) {
        return host_only();
    }
    if uri.is_ip || !domain_matches(&uri.host, named) {
        return Err(Refused::Domain);
    }
    if rules.suffixes.contains(named) {
        return Err(Refused::PublicSuffix);
    }
    Ok(match rules.habits {
        Habits::Standard => (named.to_ascii_lowercase().into(), Scope::Domain),
        Habits::Curl => (named.into(), Scope::Domain),
    })
}

/// Step 11, with §5.6.4.
fn path<'a>(set: &SetCookie<'a>, uri: &RequestUri<'a>, habits: Habits) -> Result<&'a str, Refused> {
    let named = from_utf8(set.path.unwrap_or_default()).map_err(|_| Refused::Path)?;
    let path = tidied(named, habits);
    match path.starts_with('/') {
        true => Ok(path),
        false => Ok(uri.default_path()),
    }
}

/// A path as it is kept: curl's are without quotes and without a slash at their end. So that what was
/// tidied stays as it is, all slashes go where curl takes one.
pub(super) fn tidied(path: &str, habits: Habits) -> &str {
    if habits == Habits::Standard {
        return path;
    }
    let path = match path.strip_prefix('"') {
        Some(path) => path.strip_suffix('"').unwrap_or(path),
        None => path,
    };
    match path.trim_end_matches('/') {
        "" if path.starts_with('/') => "/",
        shorter => shorter,
    }
}

/// Step 6, and the limit of §5.5.
fn expires(set: &SetCookie<'_>, now: Seconds, habits: Habits) -> Option<Seconds> {
    let latest = now.saturating_add(LONGEST);
    let wanted = match (set.max_age, set.expires) {
        (Some(0), _) => 0,
        (Some(age), _) => now.saturating_add(age),
        (None, Some(time)) => time,
        (None, None) => return None,
    };
    Some(match habits {
        // The file has no other 0 than that of a session.
        _ if wanted <= latest => wanted.max(1),
        Habits::Standard => latest,
        // To the nearest minute.
        Habits::Curl => (latest + 30) / 60 * 60,
    })
}

/// §5.4: compared without case.
fn has_prefix(name: &[u8], prefix: &[u8]) -> bool {
    name.get(..prefix.len()).map_or(false, |start| start.eq_ignore_ascii_case(prefix))
}

const SECURE: &[u8] = b"__Secure-";
const HOST: &[u8] = b"__Host-";

/// What DNS allows, and a dot (RFC 1035 §2.3.4).
const LONGEST_HOST: usize = 254;

/// 400 days (§5.5).
const LONGEST: Seconds = 400 * 24 * 60 * 60;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Url;

    const NOW: Seconds = 1_700_000_000;

    fn received(text: &str, url: &str, habits: Habits) -> Result<Cookie, Refused> {
        let url = Url::parse(url).expect("it is one");
        let rules = Rules { habits, ..Rules::default() };
        cookie(text.as_bytes(), &RequestUri::of(&url), &rules, NOW)
    }

    fn standard(attributes: &str, url: &str) -> Result<Cookie, Refused> {
        received(&format!("a=b; {}", attributes), url, Habits::Standard)
    }

    #[test]
    fn ok_and_err_domains() {
        // §5.7, steps 7 to 10: the domain with a dot before it if it is more than a host.
        for (attribute, host, expected) in [
            ("", "a.test", Ok("a.test")),
            ("Domain=", "a.test", Ok("a.test")),
            ("Domain=.", "a.test", Ok("a.test")),
            ("Domain=a.test", "a.test", Ok(".a.test")),
            ("Domain=.a.test", "a.test", Ok(".a.test")),
            ("Domain=A.Test", "a.TEST", Ok(".a.test")),
            ("Domain=a.test", "b.a.test", Ok(".a.test")),
            ("Domain=a.test", "c.b.a.test", Ok(".a.test")),
            ("Domain=b.a.test; Domain=a.test", "b.a.test", Ok(".a.test")),
            ("Domain=a.test; Domain=", "b.a.test", Ok("b.a.test")),
            ("Domain=b.a.test", "a.test", Err(Refused::Domain)),
            ("Domain=b.test", "a.test", Err(Refused::Domain)),
            ("Domain=a.test", "ba.test", Err(Refused::Domain)),
            ("Domain=..a.test", "b.a.test", Err(Refused::Domain)),
            ("Domain=..a.test", "b..a.test", Err(Refused::Domain)),
            ("", ".a.test", Err(Refused::Domain)),
            ("Domain=a.test.", "a.test", Err(Refused::Domain)),
            ("Domain=a.test", "a.test.", Err(Refused::Domain)),
            ("Domain=a.test:80", "a.test", Err(Refused::Domain)),
            ("Domain=http://a.test", "a.test", Err(Refused::Domain)),
            ("Domain=%61.test", "a.test", Err(Refused::Domain)),
            ("Domain=\u{e9}.test", "a.test", Err(Refused::Domain)),
            ("Domain=test", "a.test", Err(Refused::PublicSuffix)),
            ("Domain=.TEST", "a.test", Err(Refused::PublicSuffix)),
            ("Domain=test.", "a.test.", Err(Refused::PublicSuffix)),
            ("Domain=com", "com", Ok("com")),
            ("Domain=co.uk", "a.co.uk", Err(Refused::PublicSuffix)),
            ("Domain=.Co.Uk", "a.co.uk", Err(Refused::PublicSuffix)),
            ("Domain=co.uk.", "a.co.uk.", Err(Refused::PublicSuffix)),
            ("Domain=co.uk", "co.uk", Ok("co.uk")),
            ("Domain=a.co.uk", "b.a.co.uk", Ok(".a.co.uk")),
            ("Domain=localhost", "localhost", Ok(".localhost")),
            ("Domain=localhost", "a.localhost", Ok(".localhost")),
            ("Domain=127.0.0.1", "127.0.0.1", Ok("127.0.0.1")),
            ("Domain=.127.0.0.1", "127.0.0.1", Ok("127.0.0.1")),
            ("Domain=.0.0.1", "127.0.0.1", Err(Refused::Domain)),
            ("Domain=0.0.1", "127.0.0.1", Err(Refused::Domain)),
            ("Domain=1", "127.0.0.1", Err(Refused::Domain)),
            ("Domain=::1", "[::1]", Ok("::1")),
            ("Domain=[::1]", "[::1]", Err(Refused::Domain)),
            ("Domain=:1", "[::1]", Err(Refused::Domain)),
        ] {
            let found = standard(attribute, &format!("http://{}/", host)).map(|cookie| {
                format!("{}{}", if cookie.is_host_only() { "" } else { "." }, cookie.domain)
            });
            assert_eq!(found, expected.map(str::to_owned), "{} from {}", attribute, host);
        }
        let long = format!("http://{}test/", "a.".repeat(126));
        assert_eq!(standard("", &long), Err(Refused::Domain));
    }

    #[test]
    fn ok_and_err_paths() {
        // §5.6.4 and §5.7, step 11; then what curl makes of it.
        for (attribute, expected, curl) in [
            ("", "/x/y", "/x/y"),
            ("Path", "/x/y", "/x/y"),
            ("Path=", "/x/y", "/x/y"),
            ("Path=a", "/x/y", "/x/y"),
            ("Path=/", "/", "/"),
            ("Path=/a", "/a", "/a"),
            ("Path=/a/", "/a/", "/a"),
            ("Path=//", "//", "/"),
            ("Path=/a///", "/a///", "/a"),
            ("Path=/A b?c#d", "/A b?c#d", "/A b?c#d"),
            ("Path=\"/a/\"", "/x/y", "/a"),
            ("Path=\"/\"", "/x/y", "/"),
            ("Path=\"/a", "/x/y", "/a"),
            ("Path=\"", "/x/y", "/x/y"),
            ("Path=\"\"", "/x/y", "/x/y"),
            ("Path=/a; Path=", "/x/y", "/x/y"),
            ("Path=; Path=/a", "/a", "/a"),
        ] {
            let text = format!("a=b; {}", attribute);
            for (habits, expected) in [(Habits::Standard, expected), (Habits::Curl, curl)] {
                let cookie = received(&text, "http://a.test/x/y/z?q/", habits);
                assert_eq!(cookie.map(|cookie| cookie.path), Ok(expected.into()), "{}", text);
            }
        }
        let url = "http://a.test/";
        assert_eq!(standard("Path=/\u{e9}", url), Err(Refused::Path));
        assert_eq!(standard("Path=/a\tb", url), Err(Refused::Control));
        let quoted = received("a=b; Path=\"/a\tb", url, Habits::Curl);
        assert_eq!(quoted.map(drop), Err(Refused::Control));
        let long = format!("http://a.test/{}/", "p".repeat(1024));
        assert_eq!(standard("", &long), Err(Refused::Path));
    }

    #[test]
    fn ok_ends() {
        // §5.7, step 6; §5.5
        let limit = NOW + 34_560_000;
        for (attribute, expected) in [
            ("", None),
            ("Max-Age=x", None),
            ("Expires=never", None),
            ("Max-Age=60", Some(NOW + 60)),
            ("Max-Age=0", Some(1)),
            ("Max-Age=-1", Some(1)),
            ("Max-Age=34560000", Some(limit)),
            ("Max-Age=34560001", Some(limit)),
            ("Max-Age=99999999999999999999999", Some(limit)),
            ("Max-Age=9223372036854775807", Some(limit)),
            ("Expires=Tue, 14 Nov 2023 22:14:20 GMT", Some(NOW + 60)),
            ("Expires=Thu, 01 Jan 1970 00:00:00 GMT", Some(1)),
            ("Expires=Thu, 01 Jan 1601 00:00:00 GMT", Some(1)),
            ("Expires=Fri, 31 Dec 9999 23:59:59 GMT", Some(limit)),
            ("Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT", Some(NOW + 60)),
            ("Expires=Tue, 14 Nov 2023 22:14:20 GMT; Max-Age=0", Some(1)),
        ] {
            let cookie = standard(attribute, "http://a.test/").expect("it is one");
            assert_eq!(cookie.expires, expected, "{}", attribute);
            assert_eq!(cookie.has_ended(NOW), expected == Some(1), "{}", attribute);
        }
        let cookie = received("a=b; Max-Age=99999999", "http://a.test/", Habits::Curl);
        let rounded = (limit + 30) / 60 * 60;
        assert_eq!(cookie.map(|cookie| cookie.expires), Ok(Some(rounded)));
    }

    #[test]
    fn ok_and_err_secure_and_prefixes() {
        // §5.7, steps 12, 13, 19 to 21, and §5.4
        let (http, https) = ("http://a.test/", "https://a.test/");
        for (text, url, expected) in [
            ("a=b; Secure", http, Err(Refused::Insecure)),
            ("a=b; Secure", https, Ok(())),
            ("a=b; Secure", "http://localhost/", Ok(())),
            ("a=b; Secure", "http://127.0.0.1/", Ok(())),
            ("a=b; Secure", "http://[::1]/", Ok(())),
            ("a=b; Secure", "http://127.0.0.1.test/", Err(Refused::Insecure)),
            ("a=b; SameSite=None", https, Err(Refused::SameSite)),
            ("a=b; SameSite=None; Secure", https, Ok(())),
            ("a=b; SameSite=Strict", http, Ok(())),
            ("a=b; SameSite=Lax", http, Ok(())),
            ("__Secure-a=b", https, Err(Refused::Prefix)),
            ("__Secure-a=b; Secure", https, Ok(())),
            ("__Secure-a=b; Secure", http, Err(Refused::Insecure)),
            ("__secure-a=b", https, Err(Refused::Prefix)),
            ("__SECURE-=b", http, Err(Refused::Prefix)),
            ("__Secure=b", http, Ok(())),
            ("__Host-a=b; Secure; Path=/", https, Ok(())),
            ("__host-a=b; Secure; Path=/", https, Ok(())),
            ("__Host-a=b; Secure; Path=/; Domain=", https, Ok(())),
            ("__Host-a=b; Secure; Path=/; Domain=a.test", https, Err(Refused::Prefix)),
            ("__HOST-a=b; Path=/", https, Err(Refused::Prefix)),
            ("__Host-a=b; Secure", https, Err(Refused::Prefix)),
            ("__Host-a=b; Secure; Path=x", https, Ok(())),
            ("__Host-a=b; Secure; Path=/x", https, Err(Refused::Prefix)),
            ("__Host-a=b; Secure; Path=/", http, Err(Refused::Insecure)),
            ("a=b\tc", https, Err(Refused::Control)),
            ("a\tb=c", https, Err(Refused::Control)),
            ("a=b; x=\tc\td", https, Ok(())),
        ] {
            let found = received(text, url, Habits::Standard).map(drop);
            assert_eq!(found, expected, "{} from {}", text, url);
        }
        let kept = received("a=b; SameSite=None", http, Habits::Curl).map(drop);
        assert_eq!(kept, Ok(()), "curl knows no SameSite");
    }

    #[test]
    fn ok_curl_keeps_the_spelling_of_a_domain() {
        let cookie = received("a=b; Domain=.A.Test", "http://b.a.test/", Habits::Curl);
        assert_eq!(cookie.map(|cookie| cookie.domain), Ok("A.Test".into()));
    }
}
