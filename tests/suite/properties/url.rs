//! URLs: what was parsed parses to itself, and so does what was joined.

use pannier::http::Url;

/// The first line is a URL, the second a reference to resolve against it.
pub fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (first, second) = text.split_once('\n').unwrap_or((&text, ""));
    let base = match Url::parse(first) {
        Ok(url) => url,
        Err(_) => return,
    };
    holds(&base);
    if let Ok(joined) = base.join(second) {
        holds(&joined);
    }
    let itself = base.join(base.as_str()).expect("a URL is a reference");
    assert_eq!(itself, base);
}

fn holds(url: &Url) {
    let again = Url::parse(url.as_str()).expect("what was parsed");
    assert_eq!(&again, url);
    assert_eq!(again.as_str(), url.as_str());
    assert_eq!(again.origin(), url.origin());
    for (what, text) in [
        ("target", url.target()),
        ("path", url.path()),
        ("authority", url.authority()),
        ("URL", url.as_str()),
    ] {
        let visible = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        assert!(visible, "the {} of {:?} is {:?}", what, url, text);
        assert!(what == "URL" || !text.contains('#'), "the {} of {:?}: {:?}", what, url, text);
    }
    assert!(url.path().starts_with('/') && url.target().starts_with(url.path()), "{:?}", url);
    assert!(!url.authority().contains(&['/', '?', '@'][..]), "{:?}", url);
    let segments = url.path().split('/');
    assert!(segments.clone().all(|segment| segment != "." && segment != ".."), "{:?}", url);
}
