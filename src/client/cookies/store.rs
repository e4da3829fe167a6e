//! Where cookies are kept, without lock and clock (RFC 6265bis §5.7 and §5.8.3).
//!
//! They stand in the order of their creation, in one list that is searched from end to end: its
//! length is bounded, and most have a dozen. At the bounds the least recently used go first.

use std::cmp::Reverse;

use super::cookie::{Cookie, Scope, Seconds};
use super::refused::Refused;
use super::request_uri::RequestUri;
use super::Habits;

/// Cookies, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Store {
    kept: Vec<Kept>,
    /// Counts what is put in and taken out.
    uses: u64,
}

#[derive(Debug)]
struct Kept {
    cookie: Cookie,
    source: Source,
    last_use: u64,
}

/// Where a cookie comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// From a response, or as if it were.
    Response,
    /// From a file. It never takes the place of one that a response has set.
    File,
}

impl Store {
    /// Takes in what has come from there.
    pub(super) fn receive(
        &mut self,
        cookie: Cookie,
        uri: &RequestUri<'_>,
        now: Seconds,
    ) -> Result<(), Refused> {
        self.evict_ended(now);
        let in_the_clear = !cookie.secure && !uri.secure;
        if in_the_clear && self.kept.iter().any(|kept| cookie.overlays(&kept.cookie)) {
            return Err(Refused::Overlay);
        }
        self.put(cookie, Source::Response, now);
        Ok(())
    }

    /// Steps 23 and 24: the cookie takes the place of the old one, whose age it keeps. One that has
    /// ended leaves no other.
    pub(super) fn put(&mut self, cookie: Cookie, source: Source, now: Seconds) {
        let old = self.kept.iter().position(|kept| cookie.replaces(&kept.cookie));
        self.uses += 1;
        let ended = cookie.has_ended(now);
        let new = Kept { cookie, source, last_use: self.uses };
        match old {
            Some(at) if source == Source::File && self.kept[at].source == Source::Response => {}
            Some(at) if ended => drop(self.kept.remove(at)),
            Some(at) => self.kept[at] = new,
            None if ended => {}
            None => {
                let domain = new.cookie.domain.clone();
                self.kept.push(new);
                self.bound(&domain);
            }
        }
    }

    /// The cookies for a request there, as one field value; empty if there are none.
    ///
    /// Those with longer paths come first. Of paths of one length RFC 6265bis has the older ones
    /// first; curl those with longer domains, then with longer names, then the newer ones.
    pub(super) fn field(&mut self, uri: &RequestUri<'_>, habits: Habits, now: Seconds) -> Vec<u8> {
        self.evict_ended(now);
        self.uses += 1;
        let matching = self.kept.iter_mut().filter(|kept| kept.cookie.goes_to(uri));
        let mut chosen: Vec<&mut Kept> = matching.take(MOST_SENT).collect();
        match habits {
            Habits::Standard => chosen.sort_by_key(|kept| Reverse(kept.cookie.path.len())),
            Habits::Curl => {
                chosen.reverse();
                chosen.sort_by_key(|kept| Reverse(lengths(&kept.cookie)));
            }
        }
        let (mut field, mut length) = (Vec::new(), "Cookie: ".len());
        for kept in chosen {
            let (name, value) = (&*kept.cookie.name, &*kept.cookie.value);
            let separator = if field.is_empty() { "" } else { "; " };
            length += separator.len() + name.len() + 1 + value.len();
            if length >= LONGEST_FIELD {
                break;
            }
            for part in [separator.as_bytes(), name, b"=", value] {
                field.extend_from_slice(part);
            }
            kept.last_use = self.uses;
        }
        field
    }

    /// All that have not ended, the oldest first.
    pub(super) fn cookies(&mut self, now: Seconds) -> impl DoubleEndedIterator<Item = &Cookie> {
        self.evict_ended(now);
        self.kept.iter().map(|kept| &kept.cookie)
    }

    /// The same, and they are gone.
    pub(super) fn into_cookies(self) -> impl DoubleEndedIterator<Item = Cookie> {
        self.kept.into_iter().map(|kept| kept.cookie)
    }

    /// Keeps those for which this holds; how many are gone.
    pub(super) fn retain(&mut self, keep: impl Fn(&Cookie) -> bool) -> usize {
        let before = self.kept.len();
        self.kept.retain(|kept| keep(&kept.cookie));
        before - self.kept.len()
    }

    fn evict_ended(&mut self, now: Seconds) {
        self.retain(|cookie| !cookie.has_ended(now));
    }

    /// §5.7: no more for one domain than a number, of which those that need not be secret go first,
    /// and no more in all than another.
    fn bound(&mut self, domain: &str) {
        let shares = |kept: &Kept| kept.cookie.domain.eq_ignore_ascii_case(domain);
        if self.kept.iter().filter(|kept| shares(kept)).count() > MOST_OF_DOMAIN {
            let rank = |kept: &Kept| shares(kept).then_some((kept.cookie.secure, kept.last_use));
            self.evict_first(rank);
        }
        if self.kept.len() > MOST {
            self.evict_first(|kept| Some(kept.last_use));
        }
    }

    /// Removes the one of the lowest rank, of those that have one.
    fn evict_first<R: Ord>(&mut self, rank: impl Fn(&Kept) -> Option<R>) {
        let ranked = self.kept.iter().enumerate().filter_map(|(at, kept)| Some((rank(kept)?, at)));
        if let Some((_, at)) = ranked.min() {
            self.kept.remove(at);
        }
    }
}

/// What curl sorts by. A domain that was only assumed has no length.
fn lengths(cookie: &Cookie) -> (usize, usize, usize) {
    let domain = match cookie.scope {
        Scope::AssumedHost => 0,
        Scope::Host | Scope::Domain => cookie.domain.len(),
    };
    (cookie.path.len(), domain, cookie.name.len())
}

/// Kept for one domain. Browsers keep 180.
pub(super) const MOST_OF_DOMAIN: usize = 200;

/// Kept in all (§5.7).
pub(super) const MOST: usize = 3000;

/// Taken from one response, as by curl.
pub(super) const MOST_RECEIVED: usize = 50;

/// Sent with one request, as by curl: the oldest of those that match.
const MOST_SENT: usize = 150;

/// The field must be shorter than this, its name included, as with curl: servers take 8 KiB for a line.
const LONGEST_FIELD: usize = 8190;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::cookies::receive::{self, Rules};
    use crate::http::Url;

    const NOW: Seconds = 1_700_000_000;

    #[derive(Default)]
    struct Test(Store);

    impl Test {
        fn set_at(&mut self, url: &str, text: &str, now: Seconds) -> Result<(), Refused> {
            let url = Url::parse(url).expect("it is one");
            let uri = RequestUri::of(&url);
            let cookie = receive::cookie(text.as_bytes(), &uri, &Rules::default(), now)?;
            self.0.receive(cookie, &uri, now)
        }

        fn set(&mut self, url: &str, text: &str) {
            assert_eq!(self.set_at(url, text, NOW), Ok(()), "{} from {}", text, url);
        }

        fn field_of(&mut self, url: &str, habits: Habits, now: Seconds) -> String {
            let url = Url::parse(url).expect("it is one");
            let field = self.0.field(&RequestUri::of(&url), habits, now);
            String::from_utf8(field).expect("the tests write text")
        }

        fn field(&mut self, url: &str) -> String {
            self.field_of(url, Habits::Standard, NOW)
        }
    }

    #[test]
    fn ok_cookies_go_where_they_belong() {
        // §5.8.3, step 3
        let mut test = Test::default();
        test.set("http://a.test/", "host=1");
        test.set("http://a.test/", "domain=1; Domain=a.test");
        test.set("http://a.test/", "path=1; Path=/p");
        test.set("https://a.test/", "secure=1; Secure");
        test.set("http://10.0.0.1/", "ip=1; Domain=10.0.0.1");
        test.set("http://localhost/", "here=1; Secure");
        for (url, expected) in [
            ("http://a.test/", "host=1; domain=1"),
            ("http://a.test:8080/", "host=1; domain=1"),
            ("http://a.test/p", "path=1; host=1; domain=1"),
            ("http://a.test/p/q?r", "path=1; host=1; domain=1"),
            ("http://a.test/pq", "host=1; domain=1"),
            ("https://a.test/", "host=1; domain=1; secure=1"),
            ("http://b.a.test/", "domain=1"),
            ("http://ba.test/", ""),
            ("http://test/", ""),
            ("http://a.test./", ""),
            ("http://10.0.0.1/", "ip=1"),
            ("http://9.0.0.1/", ""),
            ("http://localhost/", "here=1"),
            ("http://127.0.0.1/", ""),
        ] {
            assert_eq!(test.field(url), expected, "{}", url);
        }
    }

    #[test]
    fn ok_order() {
        // §5.8.3, step 4, and curl's
        let mut test = Test::default();
        for text in ["a=1", "bb=2", "c=3; Path=/x/y", "d=4; Domain=a.test", "e=5; Path=/x", "f=6"] {
            test.set("http://b.a.test/", text);
        }
        test.set("http://b.a.test/", "a=7");
        for (habits, expected) in [
            (Habits::Standard, "c=3; e=5; a=7; bb=2; d=4; f=6"),
            (Habits::Curl, "c=3; e=5; bb=2; f=6; a=7; d=4"),
        ] {
            assert_eq!(test.field_of("http://b.a.test/x/y", habits, NOW), expected);
        }
    }

    #[test]
    fn ok_the_same_cookie_is_replaced() {
        // §5.7, step 23
        let mut test = Test::default();
        test.set("http://a.test/", "a=1");
        test.set("http://a.test/", "b=2");
        test.set("http://a.test/", "a=3");
        assert_eq!(test.field("http://a.test/"), "a=3; b=2");
        test.set("http://a.test/", "A=4");
        test.set("http://a.test/", "a=5; Domain=a.test");
        test.set("http://a.test/", "a=6; Path=/x");
        assert_eq!(test.field("http://a.test/x"), "a=6; a=3; b=2; A=4; a=5");
        test.set("http://a.test/", "a=; Max-Age=0");
        test.set("http://a.test/", "c=; Max-Age=0");
        assert_eq!(test.field("http://a.test/x"), "a=6; b=2; A=4; a=5");
    }

    #[test]
    fn ok_cookies_end() {
        let mut test = Test::default();
        test.set("http://a.test/", "a=1; Max-Age=10");
        test.set("http://a.test/", "b=2");
        assert_eq!(test.field_of("http://a.test/", Habits::Standard, NOW + 10), "a=1; b=2");
        assert_eq!(test.0.cookies(NOW + 10).count(), 2);
        assert_eq!(test.0.cookies(NOW + 11).count(), 1);
        assert_eq!(test.field_of("http://a.test/", Habits::Standard, NOW + 11), "b=2");
    }

    #[test]
    fn err_nothing_in_the_clear_hides_what_is_secure() {
        // §5.7, step 16
        for (text, from, expected) in [
            ("a=2; Path=/login", "http://a.test/", Err(Refused::Overlay)),
            ("a=2; Path=/login/en", "http://a.test/", Err(Refused::Overlay)),
            ("a=2; Path=/login; Domain=a.test", "http://b.a.test/", Err(Refused::Overlay)),
            ("a=2; Path=/login", "http://b.a.test/", Err(Refused::Overlay)),
            ("a=2; Path=/login", "http://b.test/", Ok(())),
            ("a=2; Path=/", "http://a.test/", Ok(())),
            ("a=2; Path=/log", "http://a.test/", Ok(())),
            ("a=2; Path=/loginhelper", "http://a.test/", Ok(())),
            ("A=2; Path=/login", "http://a.test/", Ok(())),
            ("a=2; Path=/login", "https://a.test/", Ok(())),
        ] {
            let mut test = Test::default();
            test.set("https://a.test/", "a=1; Path=/login; Domain=a.test; Secure");
            assert_eq!(test.set_at(from, text, NOW), expected, "{} from {}", text, from);
        }
        let mut test = Test::default();
        test.set("https://a.test/", "a=1; Secure");
        let removal = test.set_at("http://a.test/", "a=; Max-Age=0", NOW);
        assert_eq!(removal, Err(Refused::Overlay), "nor does it remove one");
        assert_eq!(test.field("https://a.test/"), "a=1");
    }

    #[test]
    fn ok_files_yield_to_responses() {
        let mut test = Test::default();
        test.set("http://a.test/", "a=1");
        let from_file = |text: &str| {
            let url = Url::parse("http://a.test/").expect("it is one");
            receive::cookie(text.as_bytes(), &RequestUri::of(&url), &Rules::default(), NOW)
        };
        for text in ["a=2", "b=3", "b=4", "a=; Max-Age=0"] {
            test.0.put(from_file(text).expect("it is one"), Source::File, NOW);
        }
        assert_eq!(test.field("http://a.test/"), "a=1; b=4");
        test.set("http://a.test/", "b=5");
        assert_eq!(test.field("http://a.test/"), "a=1; b=5");
    }

    #[test]
    fn ok_of_one_domain_those_in_the_clear_go_first() {
        let mut test = Test::default();
        test.set("https://a.test/", "secure=1; Secure");
        test.set("https://a.test/", "first=1");
        test.set("https://a.test/", "used=1; Path=/used");
        for number in 3..MOST_OF_DOMAIN {
            test.set("https://a.test/", &format!("n{}=1", number));
        }
        test.set("https://b.test/", "other=1");
        assert!(test.field("https://a.test/used").starts_with("used=1; secure=1; first=1; n3"));
        test.set("https://a.test/", "more=1");
        let left: Vec<_> = test.0.cookies(NOW).map(|cookie| cookie.name().to_vec()).collect();
        assert_eq!(left.len(), MOST_OF_DOMAIN + 1);
        // It was the first that the request had no room for.
        assert!(!left.contains(&b"n150".to_vec()));
        // None but the secure one have been used again.
        for number in 0..MOST_OF_DOMAIN - 1 {
            test.set("https://a.test/", &format!("{}=1", number));
        }
        let left: Vec<_> = test.0.cookies(NOW).map(|cookie| cookie.name().to_vec()).collect();
        assert_eq!(left[..3], [&b"secure"[..], b"other", b"0"]);
        assert_eq!(left.len(), MOST_OF_DOMAIN + 1);
    }

    #[test]
    fn ok_of_all_the_least_recently_used_goes() {
        let mut test = Test::default();
        for number in 0..MOST {
            test.set(&format!("http://n{}.test/", number), "a=1");
        }
        assert_eq!(test.field("http://n0.test/"), "a=1");
        test.set("http://last.test/", "a=1");
        assert_eq!(test.0.cookies(NOW).count(), MOST);
        for (host, expected) in [("n0", "a=1"), ("n1", ""), ("n2", "a=1"), ("last", "a=1")] {
            assert_eq!(test.field(&format!("http://{}.test/", host)), expected, "{}", host);
        }
    }

    #[test]
    fn ok_the_field_is_bounded() {
        let mut test = Test::default();
        for number in 0..160 {
            test.set("http://a.test/", &format!("n{:03}=1", number));
        }
        let field = test.field("http://a.test/");
        assert_eq!(field.split("; ").count(), MOST_SENT);
        assert!(field.starts_with("n000=1; ") && field.ends_with("; n149=1"));
        // With `Cookie: `, two of 4000 bytes and two separators there is room for 177 bytes.
        for (last, expected) in [(177, 8181), (178, 8002)] {
            let mut test = Test::default();
            for (name, length) in [("a", 4000), ("b", 4000), ("c", last)] {
                test.set("http://a.test/", &format!("{}={}", name, "x".repeat(length - 2)));
            }
            assert_eq!(test.field("http://a.test/").len(), expected, "{}", last);
        }
    }
}
