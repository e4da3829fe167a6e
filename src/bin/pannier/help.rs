//! `-h` and `-V`.

use std::env::consts;

use crate::flags::{Category, Flag, Set, FLAGS};
use crate::refused;

/// The help for a category: "" for the important options, "all" for every one.
///
/// # Errors
/// There is no such category; the text says which there are.
pub fn help(category: &str) -> Result<String, String> {
    let wanted = |flag: &&Flag| match category {
        "" => flag.category == Category::Important,
        "all" => true,
        name => flag.category.name() == name,
    };
    let offered = FLAGS.iter().filter(|flag| is_offered(flag.category));
    let rows: Vec<(String, &str)> = offered.filter(wanted).map(row).collect();
    if rows.is_empty() {
        return Err(format!("no category '{}'; there are: all, {}", category, names().join(", ")));
    }
    let width = rows.iter().map(|(names, _)| names.len()).max().unwrap_or(0);
    let mut text = String::from("Usage: pannier [options...] <url>\n");
    for (names, help) in rows {
        text.push_str(&format!("{:width$}  {}\n", names, help, width = width));
    }
    if category.is_empty() {
        text.push_str("\nThis is not the full help: \"-h all\" lists every option, and \"-h <category>\" those of\n");
        text.push_str(&format!("{}.\n", names().join(", ")));
    }
    Ok(text)
}

/// The version, and what it can do.
pub fn version() -> String {
    let features: Vec<&str> =
        FEATURES.iter().filter(|(_, is_there)| *is_there).map(|(name, _)| *name).collect();
    format!(
        "pannier {} ({}-{}) std\nProtocols: http\nFeatures: {}\n",
        env!("CARGO_PKG_VERSION"),
        consts::ARCH,
        consts::OS,
        features.join(" ")
    )
}

fn names() -> Vec<&'static str> {
    let offered = CATEGORIES.iter().filter(|&&category| is_offered(category));
    offered.map(|category| category.name()).collect()
}

/// Is what the options under this heading are for built in?
fn is_offered(category: Category) -> bool {
    refused::by_category(category).is_none()
}

fn row(flag: &Flag) -> (String, &'static str) {
    let short = match flag.short {
        Some(letter) => format!("-{},", letter),
        None => String::new(),
    };
    let value = match flag.set {
        Set::Value(name, _) | Set::Optional(name, ..) => name,
        Set::Switch(_) | Set::Act(_) => "",
    };
    (format!(" {:3} --{} {}", short, flag.long, value).trim_end().to_owned(), flag.help)
}

/// What is built in, by the names of Cargo's features and of curl.
const FEATURES: [(&str, bool); 7] = [
    ("cookies", cfg!(feature = "cookies")),
    ("gzip", cfg!(feature = "gzip")),
    ("HTTP2", cfg!(feature = "http2")),
    ("IPv6", true),
    ("Largefile", true),
    ("proxy", cfg!(feature = "proxy")),
    ("UnixSockets", cfg!(unix)),
];

const CATEGORIES: [Category; 12] = [
    Category::Important,
    Category::Auth,
    Category::Connection,
    Category::General,
    Category::Http,
    Category::Lab,
    Category::Output,
    Category::Parallel,
    Category::Post,
    Category::Proxy,
    Category::Retry,
    Category::Verbose,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_every_option_is_in_the_help_and_has_a_category() {
        let all = help("all").expect("there are options");
        for flag in FLAGS {
            let is_listed = all.contains(&format!(" --{}", flag.long));
            assert_eq!(is_listed, is_offered(flag.category), "{}", flag.long);
            assert!(CATEGORIES.contains(&flag.category));
        }
        for category in CATEGORIES {
            assert_eq!(help(category.name()).is_ok(), is_offered(category));
        }
        assert!(help("nonsense").is_err());
    }

    #[test]
    fn ok_lines_fit_a_terminal() {
        for line in help("all").expect("there are options").lines() {
            assert!(line.chars().count() <= 100, "{}", line);
        }
    }

    #[test]
    fn ok_the_version_comes_second() {
        assert!(version().starts_with(concat!("pannier ", env!("CARGO_PKG_VERSION"), " ")));
        assert_eq!(version().contains(" gzip "), cfg!(feature = "gzip"));
        assert_eq!(version().contains(" HTTP2 "), cfg!(feature = "http2"));
        assert_eq!(version().contains(" proxy "), cfg!(feature = "proxy"));
    }
}
