//! Request methods (RFC 9110 §9): any token, with the properties of the registered ones.

use std::str::FromStr;
use std::{error, fmt};

use super::token::is_token;

/// A request method: a case-sensitive token.
///
/// ```
/// use pannier::http::Method;
/// assert!(Method::PUT.is_idempotent() && !Method::PUT.is_safe());
/// assert_eq!(Method::new("PURGE")?.as_str(), "PURGE");
/// assert!("GE T".parse::<Method>().is_err());
/// # Ok::<(), pannier::http::InvalidMethod>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Method(Name);

#[derive(Clone, PartialEq, Eq, Hash)]
enum Name {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
    Connect,
    Options,
    Trace,
    Extension(Box<str>),
}

impl Method {
    /// `GET`: transfer a representation of the resource.
    pub const GET: Method = Method(Name::Get);
    /// `HEAD`: the same without content.
    pub const HEAD: Method = Method(Name::Head);
    /// `POST`: process the content by the resource's own semantics.
    pub const POST: Method = Method(Name::Post);
    /// `PUT`: replace the resource.
    pub const PUT: Method = Method(Name::Put);
    /// `PATCH`: change part of the resource (RFC 5789).
    pub const PATCH: Method = Method(Name::Patch);
    /// `DELETE`: remove the resource.
    pub const DELETE: Method = Method(Name::Delete);
    /// `CONNECT`: make a tunnel.
    pub const CONNECT: Method = Method(Name::Connect);
    /// `OPTIONS`: describe the communication options.
    pub const OPTIONS: Method = Method(Name::Options);
    /// `TRACE`: loop the message back.
    pub const TRACE: Method = Method(Name::Trace);

    const REGISTERED: [Method; 9] = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::CONNECT,
        Method::OPTIONS,
        Method::TRACE,
    ];

    /// A method of this name, spelled as given: methods are case-sensitive.
    ///
    /// # Errors
    /// The name is empty or has a byte that no token may have.
    pub fn new(name: &str) -> Result<Method, InvalidMethod> {
        if let Some(known) = Method::REGISTERED.iter().find(|m| m.as_str() == name) {
            return Ok(known.clone());
        }
        if !is_token(name.as_bytes()) {
            return Err(InvalidMethod(name.into()));
        }
        Ok(Method(Name::Extension(name.into())))
    }

    /// The name as it goes on the wire.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Name::Get => "GET",
            Name::Head => "HEAD",
            Name::Post => "POST",
            Name::Put => "PUT",
            Name::Patch => "PATCH",
            Name::Delete => "DELETE",
            Name::Connect => "CONNECT",
            Name::Options => "OPTIONS",
            Name::Trace => "TRACE",
            Name::Extension(name) => name,
        }
    }

    /// Safe methods ask for nothing but an answer (RFC 9110 §9.2.1). Unknown methods are not safe.
    pub fn is_safe(&self) -> bool {
        matches!(self.0, Name::Get | Name::Head | Name::Options | Name::Trace)
    }

    /// Idempotent methods may be sent twice with the effect of once (RFC 9110 §9.2.2).
    pub fn is_idempotent(&self) -> bool {
        self.is_safe() || matches!(self.0, Name::Put | Name::Delete)
    }
}

/// The same as [`Method::new`].
impl FromStr for Method {
    type Err = InvalidMethod;

    fn from_str(name: &str) -> Result<Method, InvalidMethod> {
        Method::new(name)
    }
}

impl fmt::Debug for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The name is no token, so it can be no method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidMethod(Box<str>);

impl fmt::Display for InvalidMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the method {:?} is not a token", self.0)
    }
}

impl error::Error for InvalidMethod {}
