//! Authentication (RFC 9110 §11): [`Credentials`], and what they remember of whom they were shown.
//!
//! Basic (RFC 7617) and Bearer (RFC 6750) are sent at once, [`Digest`](digest) (RFC 7616) answers
//! challenges; what asks for anything else, Negotiate or NTLM above all, is not answered. All this is
//! the same for origins and proxies: what differs are the names of the fields and who is asked, and
//! that is an argument.

mod digest;
mod keys;
mod memory;
mod netrc;
mod party;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::coding::base64;
use crate::error::{Error, ErrorKind, Result};
use crate::http::{challenge, percent, Method, Origin, Url};

use self::digest::Session;
pub(super) use self::keys::{show, strip, Keys};
use self::memory::{Known, Memory};
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
pub struct Credentials(Arc<Inner>);

struct Inner {
    secret: Secret,
    /// Guards what was found out about each place; nothing is locked inside.
    memory: Mutex<Memory>,
}

enum Secret {
    Token(String),
    Password(Schemes, Login),
}

struct Login {
    user: Vec<u8>,
    password: Vec<u8>,
}

/// By which schemes a password may be shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Schemes {
    Basic,
    Digest,
    Any,
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

/// What came of a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// It cannot be answered, or not in another way than it was.
    Nothing,
    /// The answer was right, but to a nonce that is too old (RFC 7616 §3.3, `stale`).
    Stale,
    /// It can be answered.
    Answerable,
}

impl Credentials {
    /// A name and a password for Basic authentication (RFC 7617), which shows both to whoever can read
    /// the connection. They are sent without being asked for. A name with a colon is refused when it
    /// is to be sent.
    pub fn basic(user: impl Into<Vec<u8>>, password: impl Into<Vec<u8>>) -> Credentials {
        Credentials::password(Schemes::Basic, user.into(), password.into())
    }

    /// A name and a password for Digest authentication (RFC 7616), which shows neither. The server is
    /// asked first: a request with content goes out without it, is answered by a challenge, and is
    /// sent again. From then on the server's nonce is known.
    pub fn digest(user: impl Into<Vec<u8>>, password: impl Into<Vec<u8>>) -> Credentials {
        Credentials::password(Schemes::Digest, user.into(), password.into())
    }

    /// A name and a password for the best scheme that the server offers: Digest with SHA-256, Digest
    /// with MD5, Basic. The server is asked first, by the whole request if that can be sent again.
    pub fn any(user: impl Into<Vec<u8>>, password: impl Into<Vec<u8>>) -> Credentials {
        Credentials::password(Schemes::Any, user.into(), password.into())
    }

    /// A token for Bearer authentication (RFC 6750), sent without being asked for.
    pub fn bearer(token: impl Into<String>) -> Credentials {
        Credentials::new(Secret::Token(token.into()))
    }

    fn password(schemes: Schemes, user: Vec<u8>, password: Vec<u8>) -> Credentials {
        Credentials::new(Secret::Password(schemes, Login { user, password }))
    }

    fn new(secret: Secret) -> Credentials {
        Credentials(Arc::new(Inner { secret, memory: Mutex::default() }))
    }

    /// The name and the password that a URL names, if it does.
    pub(super) fn of_url(url: &Url) -> Option<Credentials> {
        let (user, password) = (url.username(), url.password().unwrap_or_default());
        let basic = || Credentials::basic(percent::decode(user), percent::decode(password));
        url.has_userinfo().then(basic)
    }

    /// The name and the password, if they are such.
    pub(super) fn user_and_password(&self) -> Option<(&[u8], &[u8])> {
        match &self.0.secret {
            Secret::Token(_) => None,
            Secret::Password(_, Login { user, password }) => Some((user, password)),
        }
    }

    /// Are these the same, with the same memory?
    pub(super) fn is(&self, other: &Credentials) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The value of the field that shows them, if that needs no challenge.
    pub(super) fn at_once(&self) -> Result<Option<String>> {
        match &self.0.secret {
            Secret::Token(token) => Ok(Some(format!("Bearer {}", token))),
            Secret::Password(Schemes::Basic, login) => login.basic().map(Some),
            Secret::Password(..) => Ok(None),
        }
    }

    /// The value of the field that answers what `place` is known to ask for.
    pub(super) fn answer(&self, place: &Origin, message: &Message<'_>) -> Result<Option<Vec<u8>>> {
        let known = self.memory().get(place);
        match (known, &self.0.secret) {
            (Some(Known::Digest(session)), _) => session.answer(message),
            (Some(Known::Basic), Secret::Password(_, login)) => {
                login.basic().map(|value| Some(value.into_bytes()))
            }
            _ => Ok(None),
        }
    }

    /// Must `place` be asked by a request without the content, since the content would be sent in vain
    /// or, if it can be sent only once, might be?
    pub(super) fn asks_first(&self, place: &Origin, replayable: bool) -> bool {
        let schemes = match &self.0.secret {
            Secret::Password(schemes, _) => *schemes,
            Secret::Token(_) => Schemes::Basic,
        };
        match (schemes, self.memory().get(place)) {
            (Schemes::Basic, _) | (_, Some(Known::Basic)) => false,
            (Schemes::Digest, None) => true,
            (_, Some(Known::Digest(_))) | (Schemes::Any, None) => !replayable,
        }
    }

    /// Takes note of what `place` asks for, by the values of `WWW-Authenticate` or
    /// `Proxy-Authenticate`. Only what protects the content needs to know it.
    pub(super) fn challenged<'v>(
        &self,
        place: &Origin,
        values: impl Iterator<Item = &'v [u8]>,
        content_is_known: bool,
    ) -> Result<News> {
        let (schemes, login) = match &self.0.secret {
            Secret::Password(schemes, login) => (*schemes, login),
            Secret::Token(_) => return Ok(News::Nothing),
        };
        let offers: Vec<_> = values.flat_map(challenge::parse).collect();
        let digest = offers
            .iter()
            .filter(|_| schemes != Schemes::Basic)
            .filter_map(|offer| Some((digest::strength(offer, content_is_known)?, offer)))
            // Of equals the first.
            .reduce(|best, other| if other.0 > best.0 { other } else { best });
        let mut memory = self.memory();
        if let Some((_, challenge)) = digest {
            let session = Session::begin(challenge, login, content_is_known, digest::own_nonce())?;
            return Ok(match session {
                Some(session) => {
                    memory.put(place, Known::Digest(Arc::new(session)));
                    if digest::is_stale(challenge) {
                        News::Stale
                    } else {
                        News::Answerable
                    }
                }
                None => News::Nothing,
            });
        }
        let may_be_basic = schemes == Schemes::Any && !login.user.contains(&b':');
        let was_basic = matches!(memory.get(place), Some(Known::Basic));
        if may_be_basic && !was_basic && offers.iter().any(|offer| offer.is("Basic")) {
            memory.put(place, Known::Basic);
            return Ok(News::Answerable);
        }
        Ok(News::Nothing)
    }

    /// Takes note of the nonce that `place` wants to see next, by the values of `Authentication-Info`
    /// or `Proxy-Authentication-Info` (RFC 7616 §3.5).
    pub(super) fn informed<'v>(&self, place: &Origin, values: impl Iterator<Item = &'v [u8]>) {
        let nonce = values.filter_map(digest::next_nonce).last();
        let mut memory = self.memory();
        if let (Some(nonce), Some(Known::Digest(session))) = (nonce, memory.get(place)) {
            memory.put(place, Known::Digest(Arc::new(session.renewed(&nonce))));
        }
    }

    /// A redirect that is trusted leads from one place to another. Basic is the same everywhere, so that
    /// who answered by it need not be asked again; Digest is not.
    pub(super) fn carry(&self, from: &Origin, to: &Origin) {
        let mut memory = self.memory();
        if let (Some(Known::Basic), None) = (memory.get(from), memory.get(to)) {
            memory.put(to, Known::Basic);
        }
    }

    /// What was tried at `place` is of no use.
    pub(super) fn refused(&self, place: &Origin) {
        self.memory().forget(place);
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The kind only: whatever else there is would be a secret.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.0.secret {
            Secret::Token(_) => "bearer",
            Secret::Password(Schemes::Basic, _) => "basic",
            Secret::Password(Schemes::Digest, _) => "digest",
            Secret::Password(Schemes::Any, _) => "any",
        };
        write!(f, "Credentials({})", kind)
    }
}

impl Login {
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
