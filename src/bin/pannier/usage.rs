//! What is wrong with a command line, in curl's words.

use std::fmt;

use crate::exit;
use crate::warn;

/// What is wrong with an option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    Unknown,
    NeedsValue,
    TakesNoValue,
    Blank,
    NotANumber,
    NotPositive,
    BadlyUsed,
    TooLarge,
    NotText,
    UnknownProtocol,
    /// The system cannot do it, or what is built in; why not, and the code to exit with.
    Impossible(&'static str, u8),
    /// A file could not be read: told already, or told by this sentence.
    Unreadable(String),
    /// A sentence.
    Wrong(String),
    /// An option in a config file; the inner message is complete.
    Nested(Usage),
}

/// A command line that cannot be obeyed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    pub message: String,
    pub code: u8,
}

impl Usage {
    /// The problem with the option written so.
    pub fn new(word: &str, problem: Problem) -> Usage {
        let code = match problem {
            Problem::Unreadable(_) => exit::READ_ERROR,
            Problem::Nested(usage) => return usage,
            Problem::UnknownProtocol => exit::UNSUPPORTED,
            Problem::Impossible(_, code) => code,
            _ => exit::USAGE,
        };
        Usage { message: format!("option {}: {}", word, problem), code }
    }

    /// Says so on standard error, even with `-s`.
    pub fn tell(&self) {
        warn::complain(&self.message);
        warn::complain("try 'pannier --help' for more information");
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Unknown => f.write_str("is unknown"),
            Problem::NeedsValue => f.write_str("requires parameter"),
            Problem::TakesNoValue => f.write_str("had unsupported trailing garbage"),
            Problem::Blank => f.write_str("blank argument where content is expected"),
            Problem::NotANumber => f.write_str("expected a proper numerical parameter"),
            Problem::NotPositive => f.write_str("expected a positive numerical parameter"),
            Problem::BadlyUsed => f.write_str("is badly used here"),
            Problem::TooLarge => f.write_str("too large number"),
            Problem::NotText => f.write_str("expected text in UTF-8"),
            Problem::UnknownProtocol => f.write_str("a specified protocol is unsupported"),
            Problem::Impossible(why, _) => f.write_str(why),
            Problem::Unreadable(why) | Problem::Wrong(why) => f.write_str(why),
            Problem::Nested(usage) => f.write_str(&usage.message),
        }
    }
}
