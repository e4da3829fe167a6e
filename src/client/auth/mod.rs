//! Authentication (RFC 9110 §11): [`Credentials`], and what they remember of whom they were shown.
//!
//! Basic (RFC 7617) and Bearer (RFC 6750) are sent at once, [`Digest`](digest) (RFC 7616) answers
//! challenges; what asks for anything else, Negotiate or NTLM above all, is not answered. All this is
//! the same for origins and proxies: what differs are the names of the fields and who is asked, and
//! that is an argument.

mod dialogue;
mod digest;
mod keys;
mod memory;
mod netrc;
mod party;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use crate::coding::base64;
use crate::error::{Error, ErrorKind, Result};
use crate::http::{percent, Method, Url};

use self::dialogue::{Asked, Dialogue, News, Schemes};
pub(super) use self::keys::{show, strip, HostKeys, Keys};
pub use self::netrc::{InvalidNetrc, Netrc};
pub(super) use self::party::{Party, Role};

/// What a server, or a proxy, is shown (RFC 9110 §11): a name and a password, or a token.
///
/// Clones are the same credentials: they share what was found out about the servers that asked for
/// them, so that a second request can answer before it is asked. Nothing of them is ever displayed.
///
/// ```
/// use pannier::net::Script;
/// use pannier::{Client, Credentials};
///
/// let script = Script::new()
///     .expect_until("\r\n\r\n")
///     .reply("HTTP/1.1 401 No\r\nContent-Length: 0\r\n")
///     .reply("WWW-Authenticate: Digest realm=\"mine\", nonce=\"n\", qop=\"auth\"\r\n\r\n")
///     .expect_until("\r\n\r\n")
///     .reply("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
/// let client = Client::builder().connector(script.repeated()).build();
///
/// let request = client.get("http://example.com/").credentials(Credentials::digest("me", "secret"));
/// assert_eq!(request.send()?.text()?, "hello");
/// # Ok::<(), pannier::Error>(())
/// ```
#[derive(Clone)]
pub struct Credentials(Arc<Secret>);

enum Secret {
    Token(String),
    /// For Basic authentication.
    Password(Login),
    Asked(Box<dyn Dialogue>),
}

/// A name and a password.
pub(super) struct Login {
    user: Vec<u8>,
    password: Vec<u8>,
}

/// What an answer is about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message<'a> {
    pub(super) method: &'a Method,
    /// The request target (RFC 7616 §3.4, `uri`).
    pub(super) target: &'a str,
    /// The whole content, if it is in memory.
    pub(super) content: Option<&'a [u8]>,
}

impl Credentials {
    /// A name and a password for Basic authentication (RFC 7617), which shows both to whoever can read
    /// the connection. They are sent without being asked for. A name with a colon is refused when it
    /// is to be sent.
    pub fn basic(user: impl Into<Vec<u8>>, password: impl Into<Vec<u8>>) -> Credentials {
        Credentials::new(Secret::Password(Login::new(user, password)))
    }

    /// A name and a password for Digest authentication (RFC 7616), which shows neither. The server is
    /// asked first: a request with content goes out without it, is answered by a challenge, and is
    /// sent again. From then on the server's nonce is known, and only content that can be sent but once
    /// is held back, since a nonce may have become too old.
    ///
    /// A server that answers a request without content by 2xx is sent it again with content, and has
    /// processed both. What else it answers, a 400 since there is no content for instance, is the
    /// response: such credentials are for places that ask for them.
    pub fn digest(user: impl Into<Vec<u8>>, password: impl Into<Vec<u8>>) -> Credentials {
        Credentials::asked(Schemes::Digest, Login::new(user, password))
    }

    /// A name and a password for the best scheme that the server offers: Digest with SHA-256, Digest
    /// with MD5, Basic. The server is asked first, by the whole request if that can be sent again, and
    /// else by one without content, as [`digest`](Credentials::digest) says.
    pub fn any(user: impl Into<Vec<u8>>, password: impl Into<Vec<u8>>) -> Credentials {
        Credentials::asked(Schemes::Any, Login::new(user, password))
    }

    /// A token for Bearer authentication (RFC 6750), sent without being asked for.
    pub fn bearer(token: impl Into<String>) -> Credentials {
        Credentials::new(Secret::Token(token.into()))
    }

    fn asked(schemes: Schemes, login: Login) -> Credentials {
        Credentials::new(Secret::Asked(Box::new(Asked::new(schemes, login))))
    }

    fn new(secret: Secret) -> Credentials {
        Credentials(Arc::new(secret))
    }

    /// The name and the password that a URL names, if it does.
    pub(super) fn of_url(url: &Url) -> Option<Credentials> {
        let (user, password) = (url.username(), url.password().unwrap_or_default());
        let basic = || Credentials::basic(percent::decode(user), percent::decode(password));
        url.has_userinfo().then(basic)
    }

    /// The value of the field that shows them, if that needs no challenge.
    pub(super) fn at_once(&self) -> Result<Option<String>> {
        match &*self.0 {
            Secret::Token(token) => Ok(Some(format!("Bearer {}", token))),
            Secret::Password(login) => login.basic().map(Some),
            Secret::Asked(_) => Ok(None),
        }
    }

    /// Who answers for them, if they wait to be asked.
    pub(super) fn dialogue(&self) -> Option<&dyn Dialogue> {
        match &*self.0 {
            Secret::Token(_) | Secret::Password(_) => None,
            Secret::Asked(dialogue) => Some(&**dialogue),
        }
    }
}

/// What only who goes through a proxy has to know of them.
#[cfg(feature = "proxy")]
impl Credentials {
    /// The name and the password, if they are such.
    pub(super) fn user_and_password(&self) -> Option<(&[u8], &[u8])> {
        let Login { user, password } = match &*self.0 {
            Secret::Token(_) => return None,
            Secret::Password(login) => login,
            Secret::Asked(dialogue) => dialogue.login(),
        };
        Some((user, password))
    }

    /// Are these the same, with the same memory?
    pub(super) fn is(&self, other: &Credentials) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// The kind only: whatever else there is would be a secret.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &*self.0 {
            Secret::Token(_) => "bearer",
            Secret::Password(_) => "basic",
            Secret::Asked(dialogue) => dialogue.name(),
        };
        write!(f, "Credentials({})", kind)
    }
}

impl Login {
    fn new(user: impl Into<Vec<u8>>, password: impl Into<Vec<u8>>) -> Login {
        Login { user: user.into(), password: password.into() }
    }

    /// `Basic` and the credentials in base64 (RFC 7617 §2).
    fn basic(&self) -> Result<String> {
        if self.user.contains(&b':') {
            let text = "the user name has a colon, where Basic ends it (RFC 7617 §2)";
            return Err(Error::new(ErrorKind::InvalidRequest).message(text));
        }
        let pair = [&self.user[..], b":", &self.password].concat();
        Ok(format!("Basic {}", base64::encode(&pair)))
    }
}
