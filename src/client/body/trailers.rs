//! Fields that are known only when the content has been sent (RFC 9110 §6.5).

use std::io;

use crate::error::{Error, ErrorKind, Result};
use crate::http::{token, trailer, Headers};

/// The names that are announced, and what makes the fields.
pub(crate) struct Trailers {
    names: Vec<String>,
    make: Box<dyn Fn() -> Headers + Send + Sync>,
}

impl Trailers {
    pub(super) fn new(
        names: Vec<String>,
        make: impl Fn() -> Headers + Send + Sync + 'static,
    ) -> Trailers {
        Trailers { names, make: Box::new(make) }
    }

    /// The value of `Trailer`.
    ///
    /// # Errors
    /// A name is none, or must not be in a trailer section.
    pub(crate) fn announcement(&self) -> Result<String> {
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

    /// The fields, now that the content has ended.
    ///
    /// # Errors
    /// One was not announced, so that nobody has checked its name, and the recipient may drop it.
    pub(crate) fn fields(&self) -> io::Result<Headers> {
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
