//! Public suffixes: domains under which anyone may have a name, so that no cookie may be for all of
//! one (RFC 6265bis §5.7, step 9).

use std::collections::HashMap;
use std::fmt;
use std::io::{self, BufRead};
use std::sync::Arc;

use crate::http::to_ascii;

/// Which domains are public suffixes. Clones share the list.
///
/// The list is the one of <https://publicsuffix.org/list/>, both of its parts; systems have it as
/// `/usr/share/publicsuffix/public_suffix_list.dat`. Without one ([`default`](Default::default)) all
/// names of one label are taken for such, `localhost` excepted, and of two labels the commonest:
/// `co.uk`, `com.au` and some hundreds more. So nobody gets a cookie for a whole country, but a
/// hoster's customers can set cookies for each other.
///
/// ```
/// use pannier::cookies::PublicSuffixes;
///
/// let list = PublicSuffixes::read("// a comment\ncom\n*.ck\n!www.ck\n".as_bytes())?;
/// assert!(list.contains("com") && !list.contains("example.com"));
/// assert!(list.contains("any.ck") && !list.contains("www.ck"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct PublicSuffixes {
    listed: Option<Arc<HashMap<Box<str>, Rule>>>,
}

/// What a list says of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rule {
    /// Is it one itself?
    itself: bool,
    /// Are all names one label below?
    below: bool,
    /// Is it none though it is one label below such?
    exception: bool,
}

impl PublicSuffixes {
    /// Reads a list: one rule per line, up to the first white space, in UTF-8. Names of other
    /// scripts are turned into Punycode, as hosts of URLs have it.
    ///
    /// # Errors
    /// It cannot be read, is not UTF-8, or has no rule.
    pub fn read(reader: impl BufRead) -> io::Result<PublicSuffixes> {
        let mut rules = HashMap::new();
        for line in reader.lines() {
            let line = line?;
            let rule = line.split_whitespace().next().unwrap_or_default();
            if !rule.is_empty() && !rule.starts_with("//") {
                enter(&mut rules, rule);
            }
        }
        if rules.is_empty() {
            let text = "there is no rule in the list of public suffixes";
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        Ok(PublicSuffixes { listed: Some(Arc::new(rules)) })
    }

    /// Is the domain, in any case and with or without a dot at its end, a public suffix?
    pub fn contains(&self, domain: &str) -> bool {
        let domain = domain.strip_suffix('.').unwrap_or(domain).to_ascii_lowercase();
        match &self.listed {
            _ if domain == "localhost" => false,
            Some(rules) => is_listed(rules, &domain),
            None => is_common(&domain),
        }
    }
}

/// Adds one line of a list.
fn enter(rules: &mut HashMap<Box<str>, Rule>, line: &str) {
    let (name, set): (&str, fn(&mut Rule)) = match (line.strip_prefix('!'), line.strip_prefix("*."))
    {
        (Some(name), _) => (name, |rule| rule.exception = true),
        (_, Some(name)) => (name, |rule| rule.below = true),
        _ => (line, |rule| rule.itself = true),
    };
    let labels: Option<Vec<String>> = name.split('.').map(to_ascii).collect();
    if let Some(labels) = labels {
        let none = Rule { itself: false, below: false, exception: false };
        set(rules.entry(labels.join(".").into()).or_insert(none));
    }
}

/// The rule with the most labels decides, an exception before all others. Where there is none, it is
/// `*`: a name of one label is a public suffix. What is below one `*` is given away, so what stands
/// behind it is a public suffix too, as libpsl has it.
fn is_listed(rules: &HashMap<Box<str>, Rule>, domain: &str) -> bool {
    let mut name = domain;
    loop {
        let parent = name.split_once('.').map(|(_, parent)| parent);
        let rule = rules.get(name);
        if rule.map_or(false, |rule| rule.exception) {
            return false;
        }
        let below = |rule: &Rule| rule.below;
        let by_parent = parent.and_then(|parent| rules.get(parent)).map_or(false, below);
        if by_parent || rule.map_or(false, |rule| rule.itself || rule.below) {
            return name.len() == domain.len();
        }
        name = match parent {
            Some(parent) => parent,
            None => return name.len() == domain.len(),
        };
    }
}

fn is_common(domain: &str) -> bool {
    let (label, country) = match domain.split_once('.') {
        Some((label, country)) if !country.contains('.') => (label, country),
        Some(_) => return false,
        None => return true,
    };
    let known = COMMON.iter().find(|(known, _)| *known == country);
    known.map_or(false, |(_, labels)| {
        *labels == "*" || labels.split(' ').any(|known| known == label)
    })
}

impl fmt::Debug for PublicSuffixes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rules = self.listed.as_ref().map(|rules| rules.len());
        f.debug_struct("PublicSuffixes").field("rules", &rules).finish()
    }
}

/// Countries and what stands before them where names are given away one label further down.
const COMMON: [(&str, &str); 70] = [
    ("ae", "ac co gov mil net org sch"),
    ("ar", "com edu gob gov int mil net org tur"),
    ("at", "ac co gv or"),
    ("au", "asn com edu gov id net org"),
    ("bd", "*"),
    ("bo", "com edu gob int mil net org"),
    ("br", "com edu gov jus leg mil net org"),
    ("ck", "*"),
    ("cl", "co gob gov mil"),
    ("cn", "ac com edu gov mil net org"),
    ("co", "com edu gov mil net nom org"),
    ("cr", "ac co ed fi go or sa"),
    ("cy", "ac com gov ltd net org"),
    ("do", "com edu gob gov mil net org"),
    ("ec", "com edu fin gob gov info med mil net org"),
    ("eg", "com edu eun gov mil name net org sci"),
    ("er", "*"),
    ("es", "com edu gob nom org"),
    ("fj", "ac biz com gov info mil name net org pro"),
    ("fk", "*"),
    ("fr", "asso com gouv nom prd tm"),
    ("gh", "com edu gov mil org"),
    ("gr", "com edu gov net org"),
    ("gt", "com edu gob ind mil net org"),
    ("hk", "com edu gov idv net org"),
    ("hn", "com edu gob mil net org"),
    ("hu", "2000 co info org priv sport tm"),
    ("id", "ac biz co desa go mil my net or sch web"),
    ("il", "ac co gov idf k12 muni net org"),
    ("in", "ac co edu firm gen gov ind mil net nic org res"),
    ("ir", "ac co gov id net org sch"),
    ("jm", "*"),
    ("jp", "ac ad co ed go gr lg ne or"),
    ("ke", "ac co go info me mobi ne or sc"),
    ("kh", "*"),
    ("kr", "ac co es go hs kg mil ms ne or pe re sc"),
    ("kw", "com edu gov net org"),
    ("lb", "com edu gov net org"),
    ("lk", "ac com edu gov ltd net org sch web"),
    ("ma", "ac co gov net org press"),
    ("mm", "*"),
    ("mt", "com edu net org"),
    ("mx", "com edu gob net org"),
    ("my", "biz com edu gov mil name net org"),
    ("ng", "com edu gov mil mobi name net org sch"),
    ("ni", "ac co com edu gob net org"),
    ("np", "*"),
    ("nz", "ac co cri geek gen govt iwi kiwi maori mil net org school"),
    ("pa", "ac com edu gob net org sld"),
    ("pe", "com edu gob mil net nom org"),
    ("pg", "*"),
    ("ph", "com edu gov mil net ngo org"),
    ("pk", "biz com edu gov net org web"),
    ("pl", "com edu gov info mil net org"),
    ("pt", "com edu gov int net nome org publ"),
    ("py", "com coop edu gov mil net org"),
    ("ro", "com firm info nom nt org rec store tm www"),
    ("rs", "ac co edu gov in org"),
    ("sa", "com edu gov med net org pub sch"),
    ("sg", "com edu gov net org per"),
    ("sv", "com edu gob org red"),
    ("th", "ac co go in mi net or"),
    ("tr", "av bel biz com dr edu gen gov info k12 mil name net org pol tel tv web"),
    ("tw", "club com edu game gov idv mil net org"),
    ("ua", "com edu gov in net org"),
    ("uk", "ac co gov ltd me net nhs org plc police sch"),
    ("uy", "com edu gub mil net org"),
    ("ve", "co com edu gob gov info mil net org web"),
    ("vn", "ac biz com edu gov health info int name net org pro"),
    ("za", "ac agric alt co edu gov law mil net ngo nis nom org school tm web"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn list() -> PublicSuffixes {
        // The rules that <https://github.com/publicsuffix/list/wiki/Format> explains, in small.
        let text = [
            "// a comment",
            "com",
            "ac",
            "com.ac",
            "",
            "jp",
            "*.kobe.jp",
            "!city.kobe.jp",
            "*.ck",
            "!www.ck",
            "\u{516c}\u{53f8}.cn",
            "*.hosts.test",
            "github.io and more",
            "  io",
            "UK",
            "CO.uk\r",
        ]
        .join("\n");
        PublicSuffixes::read(text.as_bytes()).expect("it is a list")
    }

    #[test]
    fn ok_rules_of_a_list() {
        let list = list();
        for (domain, expected) in [
            ("com", true),
            ("COM", true),
            ("com.", true),
            ("example.com", false),
            ("a.b.example.com", false),
            ("ac", true),
            ("com.ac", true),
            ("example.com.ac", false),
            ("jp", true),
            ("example.jp", false),
            ("kobe.jp", true),
            ("c.kobe.jp", true),
            ("b.c.kobe.jp", false),
            ("city.kobe.jp", false),
            ("www.city.kobe.jp", false),
            ("hosts.test", true),
            ("a.hosts.test", true),
            ("b.a.hosts.test", false),
            ("ck", true),
            ("test.ck", true),
            ("b.test.ck", false),
            ("www.ck", false),
            ("a.www.ck", false),
            ("xn--55qx5d.cn", true),
            ("example.xn--55qx5d.cn", false),
            ("github.io", true),
            ("user.github.io", false),
            ("io", true),
            ("co.uk", true),
            ("co.UK.", true),
            ("unlisted", true),
            ("example.unlisted", false),
            ("localhost", false),
        ] {
            assert_eq!(list.contains(domain), expected, "{}", domain);
        }
    }

    #[test]
    fn ok_what_is_known_without_a_list() {
        let none = PublicSuffixes::default();
        for (domain, expected) in [
            ("com", true),
            ("Com.", true),
            ("anything", true),
            ("localhost", false),
            ("co.uk", true),
            ("CO.UK", true),
            ("co.uk.", true),
            ("com.au", true),
            ("any.np", true),
            ("a.any.np", false),
            ("example.co.uk", false),
            ("example.uk", false),
            ("co.com", false),
            ("c.uk", false),
            ("ac co.uk", false),
            ("", true),
        ] {
            assert_eq!(none.contains(domain), expected, "{}", domain);
        }
        assert!(COMMON.windows(2).all(|pair| pair[0].0 < pair[1].0), "they stand in order");
    }

    #[test]
    fn err_what_is_no_list() {
        for text in [&b""[..], b"// nothing\n\n", b"com\n\xff\n"] {
            let error = PublicSuffixes::read(text).expect_err("it is none");
            assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        }
    }
}
