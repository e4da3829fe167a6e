//! The vocabulary of HTTP (RFC 9110): values that keep their own rules.
//!
//! Everything here is a value: no clock, no socket, no bytes in flight. A value that exists is
//! valid, so CR, LF and NUL cannot reach the wire through any of them.

pub mod challenge;
pub mod date;
mod headers;
pub mod list;
mod method;
pub(crate) mod range;
pub mod redact;
mod status;
pub mod token;
pub mod trailer;
mod url;
mod version;

pub(crate) use self::headers::Field;
pub use self::headers::{Headers, InvalidHeader};
pub use self::method::{InvalidMethod, Method};
pub use self::range::ContentRange;
pub use self::status::StatusCode;
pub(crate) use self::url::is_localhost;
#[cfg(feature = "cookies")]
pub(crate) use self::url::to_ascii;
pub use self::url::{form, percent, Host, Origin, Scheme, Url, UrlError, UrlLeniency};
pub use self::version::Version;
