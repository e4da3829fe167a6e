//! Which text is which URL: a table that always runs, and the public vectors of the WHATWG URL
//! standard, which the environment has to provide.

use std::path::Path;

use pannier::http::{Url, UrlError};

use crate::support::json::Json;

const BASE: &str = "http://user:pw@base.example:81/dir/sub/file?query#fragment";

/// A text and the URL it is by itself; "" where it is none.
const ABSOLUTE: [(&str, &str); 64] = [
    ("http://example.com", "http://example.com/"),
    ("https://example.com?q", "https://example.com/?q"),
    ("http://example.com#f", "http://example.com/#f"),
    ("hTtP:////\\//EXAMPLE.com", "http://example.com/"),
    ("https:example.com/a", "https://example.com/a"),
    ("http:\\example.com\\a\\b?c\\d#e\\f", "http://example.com/a/b?c\\d#e\\f"),
    (" \u{1f}\0http://h/ \u{1}", "http://h/"),
    ("ht\ntp:/\t/h\r\n/a\tb?c\nd#e\rf", "http://h/ab?cd#ef"),
    ("http://h:80", "http://h/"),
    ("http://h:443", "http://h:443/"),
    ("https://h:443", "https://h/"),
    ("http://h:", "http://h/"),
    ("http://h:0", "http://h:0/"),
    ("http://h:0000065535", "http://h:65535/"),
    ("http://h:65536", ""),
    ("http://h:-1", ""),
    ("http://h:+80", ""),
    ("http://h:8 0", ""),
    ("http://h:80a", ""),
    ("http://h:\u{ff11}", ""),
    ("http://:80", ""),
    ("http:///", ""),
    ("http://u@", ""),
    ("http://u:p@:80/", ""),
    ("http://@h", "http://h/"),
    ("http://:@h", "http://h/"),
    ("http://u:@h", "http://u@h/"),
    ("http://u@v:w@x@h", "http://u%40v:w%40x@h/"),
    ("http://u u:p/@h", ""),
    ("http://a;b=c|é:[d]^@h", "http://a%3Bb%3Dc%7C%C3%A9:%5Bd%5D%5E@h/"),
    ("http://h#@evil.example/", "http://h/#@evil.example/"),
    ("http://h?@evil.example/", "http://h/?@evil.example/"),
    ("http://h\\@evil.example/", "http://h/@evil.example/"),
    ("http://127.1/", "http://127.0.0.1/"),
    ("http://0x7f.0.0.01./", "http://127.0.0.1/"),
    ("http://%31%32%37.1/", "http://127.0.0.1/"),
    ("http://127.0.0.1.example/", "http://127.0.0.1.example/"),
    ("http://1.2.3.4.5/", ""),
    ("http://[2001:DB8:0:0::1.2.3.4]:8080/", "http://[2001:db8::102:304]:8080/"),
    ("http://[fe80::1%25eth0]/", ""),
    ("http://[::1]80/", ""),
    ("http://EX%41mple.%63om/", "http://example.com/"),
    ("http://a%2fb/", ""),
    ("http://a%00b/", ""),
    ("http://a%25b/", ""),
    ("http://a<b/", ""),
    ("http://a_b-~!$&'()*+,;=.c/", "http://a_b-~!$&'()*+,;=.c/"),
    ("http://example.com./", "http://example.com./"),
    ("http://a..b/", "http://a..b/"),
    ("http://XN--BCHER-KVA.example/", "http://xn--bcher-kva.example/"),
    ("http://xn--/", ""),
    ("http://a.xn--abc-/", ""),
    ("http://xn--99999999/", ""),
    ("http://h/a/./b/../c/%2E%2e/d/.%2E/%2e", "http://h/a/"),
    ("http://h/../../..", "http://h/"),
    ("http://h/a/..b/...", "http://h/a/..b/..."),
    ("http://h//a//../b", "http://h//a/b"),
    ("http://h/ \"#<>?^`{}|[]'é%zz%", "http://h/%20%22#%3C%3E?^%60{}|[]'%C3%A9%zz%"),
    ("http://h/a \"<>^`{}|[]'é", "http://h/a%20%22%3C%3E%5E%60%7B%7D|[]'%C3%A9"),
    ("http://h/?a \"<>^`{}|[]'é", "http://h/?a%20%22%3C%3E^`{}|[]%27%C3%A9"),
    ("http://h/\u{7f}\u{1}", "http://h/%7F"),
    ("http://h/?\u{1}x", "http://h/?%01x"),
    ("http://h/%0d%0aX:y", "http://h/%0d%0aX:y"),
    ("http://h/?a?b#c?d#e", "http://h/?a?b#c?d#e"),
];

/// A reference and what it is against [`BASE`]; "" where it is nothing.
const RELATIVE: [(&str, &str); 30] = [
    ("", "http://user:pw@base.example:81/dir/sub/file?query"),
    ("  ", "http://user:pw@base.example:81/dir/sub/file?query"),
    ("#", "http://user:pw@base.example:81/dir/sub/file?query#"),
    ("#new", "http://user:pw@base.example:81/dir/sub/file?query#new"),
    ("?", "http://user:pw@base.example:81/dir/sub/file?"),
    ("?new", "http://user:pw@base.example:81/dir/sub/file?new"),
    ("new", "http://user:pw@base.example:81/dir/sub/new"),
    ("new?q#f", "http://user:pw@base.example:81/dir/sub/new?q#f"),
    (".", "http://user:pw@base.example:81/dir/sub/"),
    ("..", "http://user:pw@base.example:81/dir/"),
    ("../..", "http://user:pw@base.example:81/"),
    ("../../../../new", "http://user:pw@base.example:81/new"),
    ("a/../../b", "http://user:pw@base.example:81/dir/b"),
    ("./a:b", "http://user:pw@base.example:81/dir/sub/a:b"),
    ("a:b", ""),
    ("1:b", "http://user:pw@base.example:81/dir/sub/1:b"),
    ("/", "http://user:pw@base.example:81/"),
    ("/new", "http://user:pw@base.example:81/new"),
    ("\\new\\..", "http://user:pw@base.example:81/"),
    ("/../new", "http://user:pw@base.example:81/new"),
    ("//other", "http://other/"),
    ("\\/other:80/a", "http://other/a"),
    ("///other/..", "http://other/"),
    ("//", ""),
    ("//u:p@other?q", "http://u:p@other/?q"),
    ("http:new", "http://user:pw@base.example:81/dir/sub/new"),
    ("http:/new", "http://user:pw@base.example:81/new"),
    ("HTTP:", "http://user:pw@base.example:81/dir/sub/file?query"),
    ("https:new", "https://new/"),
    ("javascript:alert(1)", ""),
];

#[test]
fn ok_texts_are_the_urls_of_the_table() {
    for (input, expected) in ABSOLUTE {
        assert_eq!(text_of(Url::parse(input)), expected, "{:?}", input);
    }
}

#[test]
fn ok_references_resolve_as_in_the_table() {
    let base = Url::parse(BASE).expect("the base is a URL");
    for (reference, expected) in RELATIVE {
        assert_eq!(text_of(base.join(reference)), expected, "{:?}", reference);
    }
}

/// Each input whose result is not the standard's: what it is here ("" where it is refused), and why.
const DIFFERENCES: [(&str, &str, &str); 7] = [
    (
        "http://GOO\u{200b}\u{2060}\u{feff}goo.com",
        "",
        "not ASCII: the tables of UTS #46 drop characters without width",
    ),
    (
        "http://\u{ff27}\u{ff4f}.com",
        "",
        "not ASCII: the tables map full-width letters",
    ),
    (
        "http://\u{ff10}\u{ff38}\u{ff43}\u{ff10}\u{ff0e}\u{ff10}\u{ff12}\u{ff15}\u{ff10}\u{ff0e}\u{ff10}\u{ff11}",
        "",
        "not ASCII: the tables map full-width digits and dots",
    ),
    (
        "https://fa\u{df}.ExAmPlE/",
        "",
        "not ASCII: to be written as xn--fa-hia.example",
    ),
    (
        "https://a%C2%ADb/",
        "",
        "not ASCII: the tables drop the soft hyphen",
    ),
    (
        "http://a.b.c.XN--pokxncvks",
        "http://a.b.c.xn--pokxncvks/",
        "good Punycode: only the tables know that no name may have U+3253",
    ),
    (
        "http://a.b.c.Xn--pokxncvks",
        "http://a.b.c.xn--pokxncvks/",
        "the same",
    ),
];

#[test]
#[ignore = "needs PANNIER_VECTORS"]
fn ok_public_vectors_agree_but_for_the_differences_listed() {
    let folder = std::env::var_os("PANNIER_VECTORS").expect("PANNIER_VECTORS names a folder");
    let text = std::fs::read_to_string(Path::new(&folder).join("urls.json")).expect("urls.json");
    let cases = Json::parse(&text);
    assert!(cases.elements().len() > 100, "the file has no cases");

    let mut faults = Vec::new();
    let mut unmet: Vec<&str> = DIFFERENCES.iter().map(|(input, ..)| *input).collect();
    for case in cases.elements() {
        let input = field(case, "input").expect("a case has an input");
        unmet.retain(|listed| *listed != input);
        let result = match field(case, "base") {
            Some(base) => Url::parse(base).expect("a base is a URL").join(input),
            None => Url::parse(input),
        };
        let agrees = agrees(case, &result);
        let is_as_it_should_be = match DIFFERENCES.iter().find(|(listed, ..)| *listed == input) {
            Some((_, ours, _)) => !agrees && text_of(result.clone()) == *ours,
            None => agrees,
        };
        if !is_as_it_should_be {
            let theirs = field(case, "href");
            faults.push(format!("{:?}: {:?}, in the vectors {:?}", input, result, theirs));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(unmet.is_empty(), "no case has {:?}", unmet);
}

fn agrees(case: &Json, result: &Result<Url, UrlError>) -> bool {
    match (result, case.get("failure")) {
        (Err(_), Some(_)) => true,
        (Ok(url), None) => parts(url).iter().all(|(name, ours)| match field(case, name) {
            Some(theirs) => theirs == ours,
            // A few cases leave it out.
            None => *name == "origin",
        }),
        _ => false,
    }
}

/// The URL as the vectors describe one.
fn parts(url: &Url) -> [(&'static str, String); 11] {
    let marked = |mark: &str, part: Option<&str>| match part {
        Some(part) if !part.is_empty() => [mark, part].concat(),
        _ => String::new(),
    };
    let port = url.explicit_port().map(|port| port.to_string());
    [
        ("href", url.to_string()),
        ("origin", url.origin().to_string()),
        ("protocol", format!("{}:", url.scheme())),
        ("username", url.username().into()),
        ("password", url.password().unwrap_or("").into()),
        ("host", url.authority().into()),
        ("hostname", url.host_str().into()),
        ("port", port.unwrap_or_default()),
        ("pathname", url.path().into()),
        ("search", marked("?", url.query())),
        ("hash", marked("#", url.fragment())),
    ]
}

fn field<'a>(case: &'a Json, name: &str) -> Option<&'a str> {
    case.get(name).and_then(Json::as_str)
}

fn text_of(result: Result<Url, UrlError>) -> String {
    result.map_or_else(|_| String::new(), |url| url.to_string())
}
