//! What is shown only to who asks for it: a name and a password, by the best scheme that is offered.
//!
//! What came of each challenge is remembered by place, so that the next request is answered before it
//! is asked.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::Result;
use crate::http::{challenge, Origin};

use super::digest::{self, Session};
use super::memory::{Known, Memory};
use super::{Login, Message};

/// The two sides of a challenge. Of this there is one kind, [`Asked`]; it is a trait so that a program that
/// makes no such credentials does not carry the hashes, and all else that is reached from here alone.
pub(in crate::client) trait Dialogue: Send + Sync {
    /// What is shown in the end.
    #[cfg_attr(not(feature = "proxy"), allow(dead_code))] // SOCKS alone asks for both in clear.
    fn login(&self) -> &Login;

    /// The name of the schemes.
    fn name(&self) -> &'static str;

    /// The value of the field that answers what `place` is known to ask for.
    fn answer(&self, place: &Origin, message: &Message<'_>) -> Result<Option<Vec<u8>>>;

    /// Must `place` be asked by a request without the content, since the content would be sent in vain
    /// or, if it can be sent only once, might be?
    fn asks_first(&self, place: &Origin, replayable: bool) -> bool;

    /// Takes note of what `place` asks for, by the values of `WWW-Authenticate` or
    /// `Proxy-Authenticate`. Only what protects the content needs to know it.
    fn challenged(
        &self,
        place: &Origin,
        values: &mut dyn Iterator<Item = &[u8]>,
        content_is_known: bool,
    ) -> Result<News>;

    /// Takes note of the nonce that `place` wants to see next, by the values of `Authentication-Info`
    /// or `Proxy-Authentication-Info` (RFC 7616 §3.5).
    fn informed(&self, place: &Origin, values: &mut dyn Iterator<Item = &[u8]>);

    /// A redirect that is trusted leads from one place to another. Basic is the same everywhere, so that
    /// who answered by it need not be asked again; Digest is not.
    fn carry(&self, from: &Origin, to: &Origin);

    /// What was tried at `place` is of no use.
    fn refused(&self, place: &Origin);
}

/// What came of a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::client) enum News {
    /// It cannot be answered, or not in another way than it was.
    Nothing,
    /// The answer was right, but to a nonce that is too old (RFC 7616 §3.3, `stale`).
    Stale,
    /// It can be answered.
    Answerable,
}

/// By which schemes a password may be shown when it is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Schemes {
    Digest,
    /// Basic too.
    Any,
}

/// A password, and what is known of who asked for it.
pub(super) struct Asked {
    schemes: Schemes,
    login: Login,
    /// Guards what was found out about each place; nothing is locked inside.
    memory: Mutex<Memory>,
}

impl Asked {
    pub(super) fn new(schemes: Schemes, login: Login) -> Asked {
        Asked { schemes, login, memory: Mutex::default() }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Dialogue for Asked {
    fn login(&self) -> &Login {
        &self.login
    }

    fn name(&self) -> &'static str {
        match self.schemes {
            Schemes::Digest => "digest",
            Schemes::Any => "any",
        }
    }

    fn answer(&self, place: &Origin, message: &Message<'_>) -> Result<Option<Vec<u8>>> {
        let known = self.memory().get(place);
        match known {
            Some(Known::Digest(session)) => session.answer(message),
            Some(Known::Basic) => self.login.basic().map(|value| Some(value.into_bytes())),
            None => Ok(None),
        }
    }

    fn asks_first(&self, place: &Origin, replayable: bool) -> bool {
        match (self.schemes, self.memory().get(place)) {
            (_, Some(Known::Basic)) => false,
            (Schemes::Digest, None) => true,
            (_, Some(Known::Digest(_))) | (Schemes::Any, None) => !replayable,
        }
    }

    fn challenged(
        &self,
        place: &Origin,
        values: &mut dyn Iterator<Item = &[u8]>,
        content_is_known: bool,
    ) -> Result<News> {
        let offers: Vec<_> = values.flat_map(challenge::parse).collect();
        let digest = offers
            .iter()
            .filter_map(|offer| Some((digest::strength(offer, content_is_known)?, offer)))
            // Of equals the first.
            .reduce(|best, other| if other.0 > best.0 { other } else { best });
        let (login, mut memory) = (&self.login, self.memory());
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
        let may_be_basic = self.schemes == Schemes::Any && !login.user.contains(&b':');
        let was_basic = matches!(memory.get(place), Some(Known::Basic));
        if may_be_basic && !was_basic && offers.iter().any(|offer| offer.is("Basic")) {
            memory.put(place, Known::Basic);
            return Ok(News::Answerable);
        }
        Ok(News::Nothing)
    }

    fn informed(&self, place: &Origin, values: &mut dyn Iterator<Item = &[u8]>) {
        let nonce = values.filter_map(digest::next_nonce).last();
        let mut memory = self.memory();
        if let (Some(nonce), Some(Known::Digest(session))) = (nonce, memory.get(place)) {
            memory.put(place, Known::Digest(Arc::new(session.renewed(&nonce))));
        }
    }

    fn carry(&self, from: &Origin, to: &Origin) {
        let mut memory = self.memory();
        if let (Some(Known::Basic), None) = (memory.get(from), memory.get(to)) {
            memory.put(to, Known::Basic);
        }
    }

    fn refused(&self, place: &Origin) {
        self.memory().forget(place);
    }
}
