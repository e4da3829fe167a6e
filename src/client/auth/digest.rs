//! Digest authentication (RFC 7616): a challenge, and the answers to it.
//!
//! MD5 and SHA-256, each as it is or for a session, with the protection `auth`, `auth-int` or the one
//! of RFC 2069 that has no name. SHA-512-256 is not here: a challenge that asks for it is not
//! answered. Neither is one that cannot be read in full, since a parameter that got lost may be the
//! one that says how to hash. The parameters of an answer stand in the order in which curl has them,
//! quoted where curl quotes them.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::Arc;

use crate::coding::hash::{hex, md5, sha256};
use crate::error::{Error, ErrorKind, Result};
use crate::http::challenge::Challenge;
use crate::http::list;
use crate::http::percent::{self, EncodeSet};

use super::super::random::unguessable;
use super::{Login, Message};

/// What a challenge began, and every later answer goes on with.
pub(super) struct Session {
    terms: Arc<Terms>,
    nonce: Vec<u8>,
    /// How many answers the nonce has had.
    count: AtomicU32,
}

/// What stays when the nonce changes. Never shown: who has the hash of a password can answer for
/// whoever has the password.
struct Terms {
    hash: Hash,
    /// As the challenge spells it, if it does.
    algorithm: Option<Vec<u8>>,
    /// The whole parameter that names the user.
    user: Vec<u8>,
    hashes_user: bool,
    realm: Vec<u8>,
    opaque: Option<Vec<u8>>,
    protection: Protection,
    own_nonce: String,
    /// `H(A1)`
    secret: String,
}

/// RFC 7616 §3.3, `qop`: what an answer protects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protection {
    /// None was offered, so that the answer has the form of RFC 2069.
    Unnamed,
    Auth,
    /// The content too.
    AuthInt,
}

impl Session {
    /// The session that this challenge begins for a user, unless it cannot be answered.
    pub(super) fn begin(
        challenge: &Challenge<'_>,
        login: &Login,
        content_is_known: bool,
        own_nonce: String,
    ) -> Result<Option<Session>> {
        let value = |name: &str| challenge.parameter(name).unwrap_or_default().to_vec();
        let (hash, for_session, protection) = match form(challenge, content_is_known) {
            Some(form) => form,
            None => return Ok(None),
        };
        let (realm, nonce) = (value("realm"), value("nonce"));
        let name = login.user.as_slice();
        // RFC 7616 §3.4.2.
        let mut secret = hash.hex(&[name, b":", &realm, b":", &login.password]);
        if for_session {
            secret = hash.hex(&[secret.as_bytes(), b":", &nonce, b":", own_nonce.as_bytes()]);
        }
        let hashes_user = is_word(challenge, "userhash", "true");
        let user = match hashes_user {
            // RFC 7616 §3.4.4.
            true => quoted("username", hash.hex(&[name, b":", &realm]).as_bytes())?,
            false => user(name, is_word(challenge, "charset", "UTF-8"))?,
        };
        let terms = Terms {
            hash,
            algorithm: challenge.parameter("algorithm").map(<[u8]>::to_vec),
            user,
            hashes_user,
            realm,
            opaque: challenge.parameter("opaque").map(<[u8]>::to_vec),
            protection,
            own_nonce,
            secret,
        };
        Ok(Some(Session { terms: Arc::new(terms), nonce, count: AtomicU32::new(0) }))
    }

    /// The same session with the nonce that the server wants to see next (RFC 7616 §3.5).
    pub(super) fn renewed(&self, nonce: &[u8]) -> Session {
        let terms = Arc::clone(&self.terms);
        Session { terms, nonce: nonce.to_vec(), count: AtomicU32::new(0) }
    }

    /// The next answer, unless it has to cover content that is not known.
    pub(super) fn answer(&self, message: &Message<'_>) -> Result<Option<Vec<u8>>> {
        let Terms { hash, protection, own_nonce, secret, .. } = &*self.terms;
        let action = match self.action(message) {
            Some(action) => action,
            None => return Ok(None),
        };
        // After 2^32 answers the count begins anew, and the server will ask for another nonce.
        let count = self.count.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        let count = format!("{:08x}", count);
        // RFC 7616 §3.4.1.
        let mut hashed: Vec<&[u8]> = vec![secret.as_bytes(), b":", &self.nonce, b":"];
        if let Some(protection) = protection.name() {
            for part in [&*count, own_nonce, protection] {
                hashed.extend([part.as_bytes(), b":"]);
            }
        }
        hashed.push(action.as_bytes());
        self.write(message, &count, &hash.hex(&hashed)).map(Some)
    }

    /// `H(A2)` (RFC 7616 §3.4.3).
    fn action(&self, message: &Message<'_>) -> Option<String> {
        let hash = self.terms.hash;
        let (method, target) = (message.method.as_str().as_bytes(), message.target.as_bytes());
        if self.terms.protection != Protection::AuthInt {
            return Some(hash.hex(&[method, b":", target]));
        }
        let content = hash.hex(&[message.content?]);
        Some(hash.hex(&[method, b":", target, b":", content.as_bytes()]))
    }

    fn write(&self, message: &Message<'_>, count: &str, response: &str) -> Result<Vec<u8>> {
        let terms = &*self.terms;
        let mut parameters = vec![
            terms.user.clone(),
            quoted("realm", &terms.realm)?,
            quoted("nonce", &self.nonce)?,
            quoted("uri", message.target.as_bytes())?,
        ];
        // RFC 7616 §3.4: count and protection are never quoted.
        if let Some(protection) = terms.protection.name() {
            parameters.push(quoted("cnonce", terms.own_nonce.as_bytes())?);
            parameters.push(format!("nc={}", count).into_bytes());
            parameters.push(format!("qop={}", protection).into_bytes());
        }
        parameters.push(quoted("response", response.as_bytes())?);
        if let Some(opaque) = &terms.opaque {
            parameters.push(quoted("opaque", opaque)?);
        }
        if let Some(algorithm) = &terms.algorithm {
            parameters.push([&b"algorithm="[..], algorithm].concat());
        }
        if terms.hashes_user {
            parameters.push(b"userhash=true".to_vec());
        }
        Ok([&b"Digest "[..], &parameters.join(&b", "[..])].concat())
    }
}

impl Protection {
    fn name(self) -> Option<&'static str> {
        match self {
            Protection::Unnamed => None,
            Protection::Auth => Some("auth"),
            Protection::AuthInt => Some("auth-int"),
        }
    }
}

/// How good the challenge is, if it can be answered.
pub(super) fn strength(challenge: &Challenge<'_>, content_is_known: bool) -> Option<Hash> {
    form(challenge, content_is_known).map(|(hash, ..)| hash)
}

/// What an answer to the challenge is like: the hash, whether for a session, and the protection.
fn form(challenge: &Challenge<'_>, content_is_known: bool) -> Option<(Hash, bool, Protection)> {
    let (hash, for_session) = algorithm(challenge)?;
    let protection = protection(challenge, content_is_known)?;
    let parameters = challenge.parameters().iter();
    let size: usize = parameters.map(|parameter| parameter.value().len()).sum();
    // A session has the client's nonce in it, which comes with a protection only.
    let contradicts = for_session && protection == Protection::Unnamed;
    let answerable = challenge.parameter("nonce").is_some() && size <= LONGEST && !contradicts;
    answerable.then_some((hash, for_session, protection))
}

/// 8 KiB: an answer repeats the challenge, and servers take no longer heads than that.
const LONGEST: usize = 8 << 10;

/// RFC 7616 §3.3, `stale`: was only the nonce wrong?
pub(super) fn is_stale(challenge: &Challenge<'_>) -> bool {
    is_word(challenge, "stale", "true")
}

/// The `nextnonce` of a value of `Authentication-Info`, which is a list of parameters
/// (RFC 7615 §3).
pub(super) fn next_nonce(value: &[u8]) -> Option<Vec<u8>> {
    let parameters = list::elements(value).flatten().filter_map(|e| list::auth_parameter(e).ok());
    let nonce = parameters.filter(|parameter| parameter.is("nextnonce")).last()?;
    (nonce.value().len() <= LONGEST).then(|| nonce.value().to_vec())
}

/// The hashes, the stronger one last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hash {
    Md5,
    Sha256,
}

impl Hash {
    fn hex(self, pieces: &[&[u8]]) -> String {
        match self {
            Hash::Md5 => hex(&md5(pieces)),
            Hash::Sha256 => hex(&sha256(pieces)),
        }
    }
}

/// RFC 7616 §3.3, `algorithm`: which hash, and whether for a session. Without one it is MD5.
fn algorithm(challenge: &Challenge<'_>) -> Option<(Hash, bool)> {
    if !challenge.is("Digest") || challenge.is_malformed() {
        return None;
    }
    let name = challenge.parameter("algorithm").unwrap_or(b"MD5");
    let known = ALGORITHMS.iter().find(|(known, ..)| name.eq_ignore_ascii_case(known.as_bytes()));
    known.map(|&(_, hash, for_session)| (hash, for_session))
}

const ALGORITHMS: [(&str, Hash, bool); 4] = [
    ("MD5", Hash::Md5, false),
    ("MD5-sess", Hash::Md5, true),
    ("SHA-256", Hash::Sha256, false),
    ("SHA-256-sess", Hash::Sha256, true),
];

/// `auth` if it is offered, since it suits every content and every server means the same by it. What
/// is not known is skipped (RFC 7616 §3.3), but what offers nothing else cannot be answered.
fn protection(challenge: &Challenge<'_>, content_is_known: bool) -> Option<Protection> {
    let offered = match challenge.parameter("qop") {
        Some(offered) => offered,
        None => return Some(Protection::Unnamed),
    };
    let offers = |protection: Protection| {
        let name = protection.name().unwrap_or_default().as_bytes();
        list::elements(offered).flatten().any(|element| element.eq_ignore_ascii_case(name))
    };
    match () {
        () if list::elements(offered).next().is_none() => Some(Protection::Unnamed),
        () if offers(Protection::Auth) => Some(Protection::Auth),
        () if offers(Protection::AuthInt) && content_is_known => Some(Protection::AuthInt),
        () => None,
    }
}

fn is_word(challenge: &Challenge<'_>, name: &str, word: &str) -> bool {
    challenge.parameter(name).map_or(false, |value| value.eq_ignore_ascii_case(word.as_bytes()))
}

/// RFC 7616 §3.4: `username`, or `username*` (RFC 8187) for a name beyond ASCII where the server
/// reads UTF-8.
fn user(name: &[u8], utf8: bool) -> Result<Vec<u8>> {
    if name.is_ascii() || !utf8 || std::str::from_utf8(name).is_err() {
        return quoted("username", name);
    }
    let name = percent::encode(name, &ATTRIBUTE);
    Ok(format!("username*=UTF-8''{}", name).into_bytes())
}

fn quoted(name: &str, value: &[u8]) -> Result<Vec<u8>> {
    let value = list::quote(value).map_err(|_| {
        let text = "the user name has a control character, which no Digest credentials can have";
        Error::new(ErrorKind::InvalidRequest).message(text)
    })?;
    Ok([name.as_bytes(), b"=", &value].concat())
}

/// 128 bits that nobody can foretell.
pub(super) fn own_nonce() -> String {
    format!("{:032x}", unguessable())
}

/// Everything but letters, digits and `-._`: they are `attr-char`s (RFC 8187 §3.2.1).
const ATTRIBUTE: EncodeSet = EncodeSet::with(percent::FORM, b"*");
