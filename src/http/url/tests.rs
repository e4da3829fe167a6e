//! The parts of a URL, its changes, and what holds for every text. Which text gives which URL is
//! told by the tables in `tests/suite/urls.rs`.

use proptest::prelude::*;

use super::*;

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn path_as_is(text: &str) -> Result<Url, UrlError> {
    Url::parse_with(text, UrlLeniency::default().path_as_is(true))
}

#[test]
fn ok_every_part_of_a_full_url() {
    let full = url("HTTPS://us%40er:p%3aw@EXAMPLE.com:8443/a/b?c=d&e?#f#g");
    assert_eq!(full.as_str(), "https://us%40er:p%3aw@example.com:8443/a/b?c=d&e?#f#g");
    assert_eq!(full.scheme(), Scheme::Https);
    assert_eq!(full.username(), "us%40er");
    assert_eq!(full.password(), Some("p%3aw"));
    assert_eq!(percent::decode(full.username()), b"us@er");
    assert_eq!(full.host(), &Host::Domain("example.com".into()));
    assert_eq!(full.host_str(), "example.com");
    assert_eq!((full.port(), full.explicit_port()), (8443, Some(8443)));
    assert_eq!(full.path(), "/a/b");
    assert_eq!(full.query(), Some("c=d&e?"));
    assert_eq!(full.fragment(), Some("f#g"));
    assert_eq!(full.target(), "/a/b?c=d&e?");
    assert_eq!(full.authority(), "example.com:8443");
    assert_eq!(full.origin().to_string(), "https://example.com:8443");
}

#[test]
fn ok_every_part_of_a_bare_url() {
    let bare = url("http://[::1]");
    assert_eq!(bare.as_str(), "http://[::1]/");
    assert_eq!((bare.username(), bare.password()), ("", None));
    assert_eq!(bare.host(), &Host::Ipv6(1.into()));
    assert_eq!((bare.host_str(), bare.authority()), ("[::1]", "[::1]"));
    assert_eq!((bare.port(), bare.explicit_port()), (80, None));
    assert_eq!((bare.path(), bare.target()), ("/", "/"));
    assert_eq!((bare.query(), bare.fragment()), (None, None));
}

#[test]
fn ok_empty_is_not_absent() {
    for (text, username, password, query, fragment) in [
        ("http://u@h/", "u", None, None, None),
        ("http://:p@h/?", "", Some("p"), Some(""), None),
        ("http://u:p@h/#", "u", Some("p"), None, Some("")),
        ("http://h/?#", "", None, Some(""), Some("")),
        ("http://h/#?", "", None, None, Some("?")),
    ] {
        let url = url(text);
        assert_eq!(url.as_str(), text);
        assert_eq!((url.username(), url.password()), (username, password), "{}", text);
        assert_eq!((url.query(), url.fragment()), (query, fragment), "{}", text);
    }
}

#[test]
fn ok_credentials_and_fragment_can_be_left_out() {
    for (text, without_credentials, without_fragment) in [
        ("http://u:p@h:1/a?b#c", "http://h:1/a?b#c", "http://u:p@h:1/a?b"),
        ("http://:p@h/", "http://h/", "http://:p@h/"),
        ("http://h/#", "http://h/#", "http://h/"),
    ] {
        let url = url(text);
        for (changed, expected) in [
            (url.without_credentials(), without_credentials),
            (url.without_fragment(), without_fragment),
        ] {
            assert_eq!(changed.as_str(), expected);
            assert_same_parts(&changed);
        }
    }
}

#[test]
fn ok_queries_grow() {
    for (text, raw, expected) in [
        ("http://h/", "a=b", "http://h/?a=b"),
        ("http://h/?", "a=b", "http://h/?a=b"),
        ("http://h/?x", "a=b", "http://h/?x&a=b"),
        ("http://h/?x#y", "a b#c\r\n'é", "http://h/?x&a%20b%23c%0D%0A%27%C3%A9#y"),
        ("http://h/#", "", "http://h/?#"),
    ] {
        let mut url = url(text);
        url.append_raw_query(raw);
        assert_eq!(url.as_str(), expected);
        assert_same_parts(&url);
    }
    let mut url = url("http://h/#f");
    url.append_query("a b", "1&2");
    url.append_query("", "#");
    assert_eq!(url.as_str(), "http://h/?a+b=1%262&=%23#f");
    assert_same_parts(&url);
}

#[test]
fn ok_dot_segments_stay_when_asked() {
    for (text, path) in [
        ("http://h/a/../b/./c/..", "/a/../b/./c/.."),
        ("http://h/..", "/.."),
        ("http://h\\.\\%2e%2E/", "/./%2e%2E/"),
        ("http://h", "/"),
        ("http://h/a b", "/a%20b"),
    ] {
        let url = path_as_is(text).unwrap();
        assert_eq!(url.path(), path);
    }
    let base = path_as_is("http://h/../a/./b").unwrap();
    assert_eq!(base.join("../x/./y").unwrap().path(), "/../a/x/y");
    assert_eq!(base.join("?q").unwrap().target(), "/../a/./b?q");
}

#[test]
fn ok_marks_stay_when_asked() {
    let lenient = UrlLeniency::default().marks_as_is(true);
    for (text, target) in [
        (r#"http://h/a{b}"<>^`|\..\c/../d\?'"<>`\"#, r#"/a{b}"<>^`|\..\c/../d\?'"<>`\"#),
        ("http://h/\\..?", "/\\..?"),
        ("http://h/\u{1} é?\u{7f} é", "/%01%20%C3%A9?%7F%20%C3%A9"),
    ] {
        let as_is = lenient.path_as_is(true);
        assert_eq!(Url::parse_with(text, as_is).unwrap().target(), target);
    }
    let base = Url::parse_with("http://h/{a}/b", lenient).unwrap();
    for (reference, expected) in [
        ("c\\d\"", "http://h/{a}/c\\d\""),
        ("\\\\i/{", "http://h/{a}/\\\\i/{"),
        ("../c", "http://h/c"),
        ("#{", "http://h/{a}/b#{"),
    ] {
        assert_eq!(base.join_with(reference, lenient).unwrap().as_str(), expected);
    }
    assert_eq!(base.join("{c}").unwrap().path(), "/{a}/%7Bc%7D");
    for text in ["http://h\\a/", "http://h:80\\@i/", "http:\\\\h/"] {
        assert!(Url::parse_with(text, lenient).is_err(), "{}", text);
    }
}

#[test]
fn ok_names_may_end_in_numbers_if_asked_for() {
    let lenient = UrlLeniency::default().numeric_names(true);
    for (text, host) in [
        ("http://test.83/", "test.83"),
        ("http://TEST.0x4.:8080/a", "test.0x4."),
        ("http://1.2.3.4.5/", "1.2.3.4.5"),
        ("http://256.1.1.1/", "256.1.1.1"),
        ("http://0x7f.1/", "127.0.0.1"),
        ("http://1.2.3.4./", "1.2.3.4"),
    ] {
        let url = Url::parse_with(text, lenient).unwrap();
        assert_eq!(url.host_str(), host, "{}", text);
        assert_eq!(url.join("b").unwrap().host(), url.host());
    }
    let base = Url::parse_with("http://test.83/", lenient).unwrap();
    assert_eq!(base.join("//test.84/").unwrap().host_str(), "test.84");
    assert!(url("http://test/").join("//test.84/").is_err());
    assert!(Url::parse_with("http://a b.1/", lenient).is_err());
}

#[test]
fn ok_debug_masks_the_password_and_display_does_not() {
    let with = url("http://u:secret@h/");
    assert_eq!(format!("{:?}", with), r#""http://u:***@h/""#);
    assert_eq!(with.to_string(), "http://u:secret@h/");
    assert_eq!(format!("{:?}", url("http://u@h/")), r#""http://u@h/""#);
}

#[test]
fn ok_urls_compare_by_their_text() {
    assert_eq!(url("http://h:80/a/.."), url("HTTP://H"));
    assert_ne!(url("http://h/"), url("http://h/#"));
    assert!(url("http://a/") < url("http://b/"));
}

#[test]
fn ok_long_inputs_take_linear_time() {
    // Each of these would take very long if anything were looked at again and again.
    let many = 1 << 18;
    for text in [
        "http://h/".to_owned() + &"a/../".repeat(many),
        "http://h/".to_owned() + &"a/".repeat(many) + &"../".repeat(many),
        "http://h/".to_owned() + &"/".repeat(many),
        "http://h/?".to_owned() + &" ".repeat(many),
        "http://".to_owned() + &"@".repeat(many) + "h/",
        "http://".to_owned() + &"a.".repeat(many),
        "http://".to_owned() + &"%61".repeat(many),
        "http://h/".to_owned() + &"\t".repeat(many),
    ] {
        assert!(Url::parse(&text).is_ok(), "{}", &text[..20]);
    }
}

/// The parts, which are offsets, are those that the text has when it is read anew.
fn assert_same_parts(url: &Url) {
    let again = Url::parse(url.as_str()).unwrap();
    assert_eq!(format!("{:?}", Offsets::of(url)), format!("{:?}", Offsets::of(&again)));
    assert_eq!(url, &again);
}

#[derive(Debug)]
#[allow(dead_code)] // Compared by their `Debug`.
struct Offsets<'a>(&'a str, &'a Host, Option<u16>, [usize; 6]);

impl Offsets<'_> {
    fn of(url: &Url) -> Offsets<'_> {
        let offsets = [
            url.username_end,
            url.host_start,
            url.host_end,
            url.path_start,
            url.path_end,
            url.query_end,
        ];
        Offsets(url.as_str(), url.host(), url.port, offsets)
    }
}

/// Texts that are URLs often enough, and strange in every part.
fn any_url() -> impl Strategy<Value = String> {
    let scheme = "(http|https|HTTP|hTTps|http\t)";
    let slashes = "[/\\\\]{0,3}";
    let userinfo = "([a-z:@%#é ]{0,6}@)?";
    let host = "([a-zA-Z0-9.%\\-]{1,8}|[0-9.x]{1,9}|\\[[0-9a-f:]{0,12}\\]|h)";
    let rest = any_reference();
    (scheme, slashes, userinfo, host, "(:[0-9]{0,6})?", rest)
        .prop_map(|(a, b, c, d, e, f)| format!("{}:{}{}{}{}{}", a, b, c, d, e, f))
}

fn any_reference() -> &'static str {
    "([/\\\\.?#:@%a-c2eE'\"<>`{}^| \t\r\n\u{0}-\u{1f}é\u{7f}]|%2e|http:|//h|\\.\\.){0,16}"
}

proptest! {
    #[test]
    fn ok_parse_is_idempotent(text in any_url()) {
        if let Ok(url) = Url::parse(&text) {
            assert_same_parts(&url);
        }
    }

    #[test]
    fn ok_join_of_nothing_is_the_url_without_fragment(text in any_url()) {
        if let Ok(url) = Url::parse(&text) {
            let joined = url.join("").unwrap();
            prop_assert_eq!(&joined, &url.without_fragment());
            assert_same_parts(&joined);
        }
    }

    #[test]
    fn ok_what_join_gives_is_normal(reference in any_reference(), base in any_url()) {
        if let Ok(base) = Url::parse(&base) {
            if let Ok(joined) = base.join(&reference) {
                assert_same_parts(&joined);
            }
        }
    }

    #[test]
    fn ok_join_of_an_absolute_url_is_that_url(text in any_url()) {
        if let Ok(parsed) = Url::parse(&text) {
            for base in ["http://u:p@base/a/b?c#d", "https://base/"] {
                prop_assert_eq!(&url(base).join(parsed.as_str()).unwrap(), &parsed);
            }
        }
    }

    #[test]
    fn ok_an_output_is_printable_ascii(text in any_url(), name in ".{0,8}") {
        let marks_as_is = Url::parse_with(&text, UrlLeniency::default().marks_as_is(true));
        for url in [Url::parse(&text), path_as_is(&text), marks_as_is].into_iter().flatten() {
            let mut url = url;
            url.append_query(&name, &text);
            url.append_raw_query(&name);
            prop_assert!(url.as_str().bytes().all(|byte| byte.is_ascii_graphic()), "{}", url);
        }
    }

    #[test]
    fn ok_any_text_is_normal_or_refused(text in ".{0,24}", base in any_url()) {
        if let Ok(host) = Host::parse(&text) {
            prop_assert_eq!(Host::parse(&host.to_string()).ok(), Some(host));
        }
        let joined = Url::parse(&base).and_then(|base| base.join(&text));
        for read in [Url::parse(&text), joined] {
            match read {
                Ok(url) => assert_same_parts(&url),
                Err(error) => prop_assert!(!error.to_string().is_empty()),
            }
        }
    }
}
