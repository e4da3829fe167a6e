//! What a URL can be made from, and what it means when it cannot.

use crate::error::{Error, ErrorKind, Result};
use crate::http::{Url, UrlError};

/// What a URL can be made from: text, as `&str`, `String` or `&String`, or a [`Url`] or `&Url`.
pub trait IntoUrl: sealed::Sealed {}

impl<T: sealed::Sealed> IntoUrl for T {}

pub(crate) mod sealed {
    use super::*;

    pub trait Sealed {
        fn into_url(self) -> Result<Url>;
    }

    impl Sealed for Url {
        fn into_url(self) -> Result<Url> {
            Ok(self)
        }
    }

    impl Sealed for &Url {
        fn into_url(self) -> Result<Url> {
            Ok(self.clone())
        }
    }

    impl Sealed for &str {
        fn into_url(self) -> Result<Url> {
            Url::parse(self).map_err(unusable)
        }
    }

    impl Sealed for &String {
        fn into_url(self) -> Result<Url> {
            self.as_str().into_url()
        }
    }

    impl Sealed for String {
        fn into_url(self) -> Result<Url> {
            self.as_str().into_url()
        }
    }

    fn unusable(error: UrlError) -> Error {
        let kind = match error.is_unsupported_scheme() {
            true => ErrorKind::UnsupportedScheme,
            false => ErrorKind::InvalidUrl,
        };
        Error::new(kind).message(error.to_string()).cause(error)
    }
}
