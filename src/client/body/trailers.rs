//! Fields that are known only when the content has been sent (RFC 9110 §6.5).

use std::io;

use crate::error::{Error, ErrorKind, Result};
use crate::http::{token, trailer, Headers};

/// What goes out behind the content: a trait so that a program whose requests have no such fields does not
/// carry what checks them.
pub(crate) trait Trailers: Send + Sync {
    /// The value of `Trailer`.
    ///
    /// # Errors
    /// A name is none, or must not be in a trailer section.
    fn announcement(&self) -> Result<String>;

    /// The fields, now that the content has ended.
    ///
    /// # Errors
    /// One was not announced, so that nobody has checked its name, and the recipient may drop it.
    fn fields(&self) -> io::Result<Headers>;
}

/// The names that are announced, and what makes the fields.
pub(super) struct Announced<F> {
    pub(super) names: Vec<String>,
    pub(super) make: F,
}

impl<F: Fn() -> Headers + Send + Sync> Trailers for Announced<F> {
    fn announcement(&self) -> Result<String> {
        let may_be = |name: &&String| token::is_token(name.as_bytes()) && trailer::is_allowed(name);
        match self.names.iter().find(|name| !may_be(name)) {
            None => Ok(self.names.join(", ")),
            Some(name) => {
                let text =
                    format!("{:?} cannot be the name of a trailer field (RFC 9110 §6.5.1)", name);
                Err(Error::new(ErrorKind::InvalidRequest).message(text))
            }
        }
    }

    fn fields(&self) -> io::Result<Headers> {
        let fields = (self.make)();
        let known = |name: &str| self.names.iter().any(|known| known.eq_ignore_ascii_case(name));
        let stranger = fields.iter().map(|(name, _)| name).find(|name| !known(name));
        match stranger.map(str::to_owned) {
            None => Ok(fields),
            Some(name) => {
                let text = format!("the trailer field {} was not announced", name);
                Err(io::Error::new(io::ErrorKind::InvalidInput, text))
            }
        }
    }
}
