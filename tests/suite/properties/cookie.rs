//! Cookies: what is taken is sound, what is sent may be sent, and no more is kept than fits.

use std::time::{Duration, SystemTime};

use pannier::cookies::{Cookie, Jar, PublicSuffixes, Refused, SameSite};
use pannier::http::{Headers, Scheme, Url};

/// The first line is the URL of responses, the second that of a request; each line that follows is a
/// `Set-Cookie` value.
pub fn check(data: &[u8]) {
    let mut lines = data.split(|&byte| byte == b'\n');
    let mut url = || Url::parse(std::str::from_utf8(lines.next()?).ok()?).ok();
    let (from, to) = match (url(), url()) {
        (Some(from), Some(to)) => (from, to),
        _ => return,
    };
    let values: Vec<&[u8]> = lines.collect();
    let now = SystemTime::now();
    for value in &values {
        if let Ok(cookie) = Cookie::parse(value, &from, now) {
            valid(&cookie);
            rightful(&cookie, value, &from, now);
        }
    }
    for (jar, like_curl) in [(Jar::new(), false), (Jar::new().like_curl(), true)] {
        for value in &values {
            set(&jar, like_curl, &from, value, now);
        }
        bounded(&jar);
        sent(&jar, &from);
        sent(&jar, &to);
    }
}

/// What every cookie is that there can be.
pub fn valid(cookie: &Cookie) {
    let (name, value, path) = (cookie.name(), cookie.value(), cookie.path());
    let plain = |bytes: &[u8]| !bytes.iter().any(|&byte| byte < b' ' || byte == 0x7f);
    assert!(
        !name.is_empty() && plain(name) && plain(value) && plain(path.as_bytes()),
        "{:?}",
        cookie
    );
    assert!(
        !name.iter().any(|byte| b"=;".contains(byte)) && !value.contains(&b';'),
        "{:?}",
        cookie
    );
    assert!(name.len() + value.len() <= 4096, "{:?}", cookie);
    assert!(path.starts_with('/') && path.is_ascii() && path.len() <= 1024, "{:?}", cookie);
    let domain = cookie.domain();
    let is_domain = domain.is_ascii() && !domain.is_empty() && domain.len() <= 254;
    assert!(is_domain && !domain.contains(|c: char| c.is_ascii_whitespace()), "{:?}", cookie);
    let public = PublicSuffixes::default().contains(domain);
    assert!(cookie.is_host_only() || !public, "{:?}", cookie);
    let name = name.to_ascii_lowercase();
    let promised = name.starts_with(b"__host-");
    assert!(cookie.is_secure() || !(promised || name.starts_with(b"__secure-")), "{:?}", cookie);
    assert!(!promised || cookie.is_host_only() && path == "/", "{:?}", cookie);
}

/// It is what the text says, and its sender may set it.
fn rightful(cookie: &Cookie, text: &[u8], from: &Url, now: SystemTime) {
    let pair = text.split(|&byte| byte == b';').next().unwrap_or_default();
    let equals = pair.iter().position(|&byte| byte == b'=').expect("a name has an end");
    assert_eq!(cookie.name(), trim(&pair[..equals]));
    assert_eq!(cookie.value(), trim(&pair[equals + 1..]));
    assert!(cookie.is_secure() || cookie.same_site() != SameSite::None, "{:?}", cookie);
    assert!(!cookie.is_secure() || is_secure(from), "{:?} from {}", cookie, from);
    assert!(!cookie.is_host_only() || cookie.domain() == host(from), "{:?}", cookie);
    assert!(goes_to_host(cookie, from), "{:?} from {}", cookie, from);
    let latest = now + Duration::from_secs(400 * 86_400);
    assert!(cookie.expires().iter().all(|&end| end <= latest), "{:?}", cookie);
}

fn set(jar: &Jar, like_curl: bool, from: &Url, text: &[u8], now: SystemTime) {
    let expected = match Cookie::parse(text, from, now).map(drop) {
        Err(Refused::SameSite) if like_curl => Ok(()),
        expected => expected,
    };
    match (jar.set(from, text), expected) {
        (Err(Refused::Overlay), Ok(())) => assert!(!is_secure(from)),
        // To curl it is a path: without its quotes.
        (Err(Refused::Control), expected) if like_curl && expected != Err(Refused::Control) => {
            assert!(text.windows(2).any(|word| word == b"=\"") && text.contains(&b'\t'));
        }
        // Curl's path may be another: without its quotes or its last slash.
        (found, expected) => assert!(
            found == expected || text.windows(6).any(|word| word.eq_ignore_ascii_case(b"__host")),
            "{:?}: {:?}, {:?}",
            String::from_utf8_lossy(text),
            found,
            expected
        ),
    }
}

/// No two are the same, and there are not too many.
pub fn bounded(jar: &Jar) {
    let cookies = jar.cookies();
    assert!(cookies.len() <= 3000);
    let mut keys: Vec<_> = cookies.iter().map(key).collect();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), cookies.len());
    let mut domains: Vec<_> = cookies.iter().map(|cookie| cookie.domain()).collect();
    domains.sort_unstable();
    let most = domains.windows(201).find(|domains| domains[0] == domains[200]);
    assert_eq!(most, None);
    cookies.iter().for_each(valid);
}

fn key(cookie: &Cookie) -> (Vec<u8>, String, bool, String) {
    let domain = cookie.domain().to_ascii_lowercase();
    (cookie.name().to_vec(), domain, cookie.is_host_only(), cookie.path().to_owned())
}

/// The field holds those that match, each once, longer paths first, and can be sent.
fn sent(jar: &Jar, to: &Url) {
    let before = jar.cookies();
    let field = jar.field(to);
    if jar.cookies().len() < before.len() {
        return; // one has ended in between
    }
    assert!(Headers::new().append("Cookie", &field).is_ok());
    assert!("Cookie: ".len() + field.len() < 8190);
    let mut left: Vec<&Cookie> = before.iter().filter(|cookie| goes_to(cookie, to)).collect();
    let matching = left.len();
    assert!(before.iter().all(|cookie| cookie.matches(to) == goes_to(cookie, to)));
    let (mut count, mut longest, mut rest) = (0, usize::MAX, &*field);
    while !rest.is_empty() {
        let fits = |cookie: &&Cookie| {
            let pair = [cookie.name(), b"=", cookie.value()].concat();
            let ends = |behind: &[u8]| behind.is_empty() || behind.starts_with(b"; ");
            rest.strip_prefix(&*pair).into_iter().any(ends)
        };
        // Of several the first in order: that of the longest path.
        let found = left.iter().enumerate().filter(|(_, cookie)| fits(cookie));
        let (at, _) = found.max_by_key(|(_, cookie)| cookie.path().len()).expect("it matches");
        let cookie = left.remove(at);
        assert!(cookie.path().len() <= longest, "{:?}", String::from_utf8_lossy(&field));
        longest = cookie.path().len();
        rest = &rest[cookie.name().len() + 1 + cookie.value().len()..];
        rest = rest.strip_prefix(b"; ").unwrap_or(rest);
        count += 1;
    }
    let full =
        count == 150 || left.iter().any(|c| field.len() + c.name().len() + c.value().len() > 8178);
    assert!(count == matching || full, "{} of {}", count, matching);
}

/// RFC 6265bis §5.8.3, step 3, once more and slowly.
fn goes_to(cookie: &Cookie, to: &Url) -> bool {
    let (path, request) = (cookie.path(), to.path());
    let below = |prefix: &str| request.starts_with(prefix);
    let in_path =
        request == path || below(&format!("{}/", path)) || path.ends_with('/') && below(path);
    goes_to_host(cookie, to) && in_path && (is_secure(to) || !cookie.is_secure())
}

fn goes_to_host(cookie: &Cookie, to: &Url) -> bool {
    let domain = cookie.domain().to_ascii_lowercase();
    let is_below = host(to).ends_with(&format!(".{}", domain));
    host(to) == domain || is_below && !cookie.is_host_only() && to.host().ip().is_none()
}

fn is_secure(url: &Url) -> bool {
    let local = url.host().ip().map_or(host(url) == "localhost", |address| address.is_loopback());
    url.scheme() == Scheme::Https || local
}

fn host(url: &Url) -> &str {
    url.host_str().trim_start_matches('[').trim_end_matches(']')
}

fn trim(bytes: &[u8]) -> &[u8] {
    let blank = |byte: &u8| b" \t".contains(byte);
    let start = bytes.iter().position(|byte| !blank(byte)).unwrap_or(bytes.len());
    let end = bytes.iter().rposition(|byte| !blank(byte)).map_or(start, |last| last + 1);
    &bytes[start..end]
}
