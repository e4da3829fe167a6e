//! Why a cookie is not taken.

use std::{error, fmt};

/// Why a cookie is not taken. Other cookies of the same response are not concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refused {
    /// It holds a control byte, or a tab that is not at the edge of one of its parts.
    Control,
    /// It has no name.
    Nameless,
    /// Name and value together have more than 4096 bytes.
    TooLarge,
    /// It is meant for a domain that its sender is no part of.
    Domain,
    /// It is meant for a public suffix, such as `com`.
    PublicSuffix,
    /// Its path is not ASCII, as the path of every request is, or has more than 1024 bytes.
    Path,
    /// It is to be secret, and came in the clear.
    Insecure,
    /// It came in the clear and would hide a secret one of the same name.
    Overlay,
    /// It says `SameSite=None` but not `Secure`.
    SameSite,
    /// Its name begins with `__Secure-` or `__Host-`, and it is not what that promises.
    Prefix,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refused::Control => "the cookie holds a control byte",
            Refused::Nameless => "the cookie has no name",
            Refused::TooLarge => "the cookie has more than 4096 bytes",
            Refused::Domain => "the cookie is for a domain that its sender is no part of",
            Refused::PublicSuffix => "the cookie is for a public suffix",
            Refused::Path => "the path of the cookie is too long or not ASCII",
            Refused::Insecure => "the cookie is marked Secure and came in the clear",
            Refused::Overlay => "the cookie came in the clear and would hide one marked Secure",
            Refused::SameSite => "the cookie has SameSite=None without Secure",
            Refused::Prefix => "the cookie is not what the prefix of its name promises",
        })
    }
}

impl error::Error for Refused {}
