//! Which URLs may be used at all: `--proto`, `--proto-redir` and `--disallow-username-in-url`.

use pannier::http::{Scheme, Url};
use pannier::RedirectPolicy;

use crate::args::Global;
use crate::exit::{self, Failure};
use crate::operation::Operation;
use crate::usage::Problem;
use crate::warn::warn;

/// A set of the protocols that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Protocols {
    http: bool,
    https: bool,
}

impl Protocols {
    const NONE: Protocols = Protocols { http: false, https: false };
    const ALL: Protocols = Protocols { http: true, https: true };

    /// What is left of all by a list such as `=http,https` or `-all,+http`. With `=` a name stands for
    /// itself alone, with `-` it is taken away, otherwise added. A warning tells of names that nobody
    /// knows.
    pub fn parse(global: Global, list: &[u8]) -> Protocols {
        let list = String::from_utf8_lossy(list);
        let words = list.split(',').filter(|word| !word.is_empty());
        words.fold(Protocols::ALL, |set, word| set.changed(global, word))
    }

    fn changed(mut self, global: Global, word: &str) -> Protocols {
        let name = word.strip_prefix(['=', '-', '+']).unwrap_or(word);
        let takes_away = word.starts_with('-');
        if word.starts_with('=') {
            self = Protocols::NONE;
        }
        match name.to_ascii_lowercase().as_str() {
            "all" => match takes_away {
                true => Protocols::NONE,
                false => Protocols::ALL,
            },
            "http" => Protocols { http: !takes_away, ..self },
            "https" => Protocols { https: !takes_away, ..self },
            _ => {
                warn(global, &format!("unrecognized protocol '{}'", name));
                self
            }
        }
    }

    fn has(self, scheme: Scheme) -> bool {
        match scheme {
            Scheme::Http => self.http,
            Scheme::Https => self.https,
        }
    }
}

impl Default for Protocols {
    fn default() -> Protocols {
        Protocols::ALL
    }
}

/// Where a URL comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    CommandLine,
    Redirect,
}

/// May this URL be used?
pub fn check(op: &Operation, url: &Url, from: From) -> Result<(), Failure> {
    let (suffix, is_allowed) = match from {
        From::CommandLine => ("", op.protocols.has(url.scheme())),
        From::Redirect => (" in redirect", follows(op, url.scheme())),
    };
    if !is_allowed {
        let message = format!("Protocol \"{}\" disabled{}", url.scheme(), suffix);
        return Err(Failure::new(exit::UNSUPPORTED, message));
    }
    let has_user = !url.username().is_empty() || url.password().is_some();
    match op.disallow_username && has_user {
        true => Err(Failure::new(exit::LOGIN_DENIED, "Login denied: the URL has a user name")),
        false => Ok(()),
    }
}

/// The policy, for redirects to where one may go only.
pub fn guarded(op: &Operation, mut policy: RedirectPolicy) -> RedirectPolicy {
    for scheme in [Scheme::Http, Scheme::Https] {
        if !follows(op, scheme) {
            policy = policy.refuse_scheme(scheme);
        }
    }
    policy.refuse_userinfo(op.disallow_username)
}

/// A redirect has to be allowed by both options.
fn follows(op: &Operation, scheme: Scheme) -> bool {
    op.protocols.has(scheme) && op.redirect_protocols.has(scheme)
}

/// The value of `--proto-default`.
pub fn known(name: &[u8]) -> Result<Scheme, Problem> {
    match name.to_ascii_lowercase().as_slice() {
        b"http" => Ok(Scheme::Http),
        b"https" => Ok(Scheme::Https),
        _ => Err(Problem::UnknownProtocol),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_lists_change_the_set_of_all() {
        let quiet = Global { silent: true, ..Global::default() };
        for (list, http, https) in [
            ("", true, true),
            ("http", true, true),
            ("=http", true, false),
            ("=HTTP,https", true, true),
            ("-http", false, true),
            ("-all,https", false, true),
            ("-all,+http", true, false),
            ("=gopher", false, false),
            ("gopher,-https", true, false),
            ("=http,=https", false, true),
            ("=all,,-http", false, true),
            ("-all", false, false),
        ] {
            assert_eq!(
                Protocols::parse(quiet, list.as_bytes()),
                Protocols { http, https },
                "{}",
                list
            );
        }
    }
}
