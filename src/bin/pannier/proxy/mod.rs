//! `-x` and what belongs to it: which proxy is used, from the options or the environment, with curl's
//! defaults.
//!
//! Only `http` has proxies here, since this program makes no TLS. The library never sends
//! `Proxy-Connection`; curl does, and so does this program, by a field of its own.

#[cfg(not(feature = "proxy"))]
mod none;
#[cfg(feature = "proxy")]
mod proxies;

#[cfg(not(feature = "proxy"))]
pub use self::none::{give, Proxies, Proxy};
#[cfg(feature = "proxy")]
pub use self::proxies::{give, Proxies, Proxy};
use crate::exit::Failure;
use crate::login::{self, Schemes};
use crate::operation::header_lines;
use crate::usage::Problem;
use crate::values;

/// What the options say.
#[derive(Default)]
pub struct Options {
    /// Empty: none, whatever the environment says.
    pub named: Option<String>,
    pub kind: Kind,
    /// `--preproxy`
    pub before: Option<String>,
    /// `name:password`, or a name alone.
    pub user: Option<Vec<u8>>,
    pub schemes: Schemes,
    /// Lines as given.
    pub headers: Vec<Vec<u8>>,
    /// Requests go by CONNECT.
    pub tunnel: bool,
    /// Hosts that are asked directly.
    pub no_proxy: Option<String>,
    /// The heads of CONNECT are not shown.
    pub suppress_heads: bool,
}

impl Options {
    /// A proxy; the last one counts.
    pub fn set(&mut self, kind: Kind, value: &[u8]) -> Result<(), Problem> {
        self.named = Some(values::text(value)?);
        self.kind = kind;
        Ok(())
    }

    /// A line for the proxy, or `@file` with one per line.
    pub fn add_header(&mut self, value: &[u8]) -> Result<(), Problem> {
        self.headers.extend(header_lines(value)?);
        Ok(())
    }

    /// Asks for the password that `-U name` leaves out, once for all transfers of the operation.
    pub fn complete(&mut self) -> Result<(), Failure> {
        self.user.as_mut().map_or(Ok(()), |user| login::add_password("proxy", user))
    }
}

/// By which option a proxy is named, which says what it is if its URL does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    #[default]
    Http,
    Http10,
    Socks4,
    Socks4a,
    Socks5,
    Socks5h,
}
