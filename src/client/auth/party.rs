//! Who may ask a request for credentials: its origin, and a proxy that reads it.
//!
//! Both do it in the same way, each by a status and fields of its own (RFC 9110 §11.6, §11.7), and
//! what is for one of them says nothing about the other.

use crate::error::Result;
use crate::http::{Origin, StatusCode};
use crate::proto::ResponseHead;

use super::super::proxy::Server;
use super::super::request::Request;
use super::{Credentials, Message, News};

/// One of them, who has something to be shown.
pub(in crate::client) struct Party<'a> {
    pub(in crate::client) role: Role,
    credentials: &'a Credentials,
    place: Origin,
}

/// Which of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::client) enum Role {
    Origin,
    Proxy,
}

impl Role {
    /// The field that shows credentials.
    pub(in crate::client) fn field(self) -> &'static str {
        match self {
            Role::Origin => "Authorization",
            Role::Proxy => "Proxy-Authorization",
        }
    }

    /// The status and the field that ask for them.
    fn challenge(self) -> (StatusCode, &'static str) {
        match self {
            Role::Origin => (StatusCode::UNAUTHORIZED, "WWW-Authenticate"),
            Role::Proxy => (StatusCode::PROXY_AUTHENTICATION_REQUIRED, "Proxy-Authenticate"),
        }
    }

    /// The field of a response that was given after they were right.
    fn info(self) -> &'static str {
        match self {
            Role::Origin => "Authentication-Info",
            Role::Proxy => "Proxy-Authentication-Info",
        }
    }
}

impl<'a> Party<'a> {
    /// The origin of the request, if it is to be answered when it asks.
    pub(in crate::client) fn origin(request: &'a Request) -> Option<Party<'a>> {
        let credentials = request.credentials()?;
        Some(Party { role: Role::Origin, credentials, place: request.url().origin() })
    }

    /// The proxy, if there is something to show it.
    pub(in crate::client) fn proxy(server: &'a Server) -> Option<Party<'a>> {
        let (credentials, place) = server.asks_for()?;
        Some(Party { role: Role::Proxy, credentials, place: place.clone() })
    }

    /// May nobody ask this request, as is mostly so?
    #[inline]
    pub(in crate::client) fn is_none(request: &Request) -> bool {
        request.credentials().is_none() && request.route().forwarder().is_none()
    }

    /// All who may ask this request.
    pub(in crate::client) fn all(request: &'a Request) -> impl Iterator<Item = Party<'a>> {
        let proxy = request.route().forwarder().and_then(|server| Party::proxy(server));
        proxy.into_iter().chain(Party::origin(request))
    }

    /// What is shown: at once, or since it was asked for before.
    pub(in crate::client) fn answer(&self, message: &Message<'_>) -> Result<Option<Vec<u8>>> {
        match self.credentials.at_once()? {
            Some(value) => Ok(Some(value.into_bytes())),
            None => {
                let dialogue = self.credentials.dialogue();
                dialogue.map_or(Ok(None), |dialogue| dialogue.answer(&self.place, message))
            }
        }
    }

    /// Must it be asked before content is sent?
    pub(in crate::client) fn asks_first(&self, replayable: bool) -> bool {
        let dialogue = self.credentials.dialogue();
        dialogue.map_or(false, |dialogue| dialogue.asks_first(&self.place, replayable))
    }

    /// What comes of this response, if it asks; `answers` were given before, in vain.
    pub(in crate::client) fn challenged(
        &self,
        head: &ResponseHead,
        content_is_known: bool,
        answers: usize,
    ) -> Result<bool> {
        let (status, field) = self.role.challenge();
        let dialogue = match self.credentials.dialogue() {
            Some(dialogue) if head.status() == status => dialogue,
            _ => return Ok(false),
        };
        let values = &mut head.headers().get_all(field);
        let goes_on = match dialogue.challenged(&self.place, values, content_is_known)? {
            News::Answerable => answers == 0,
            News::Stale => answers < MOST_ANSWERS,
            News::Nothing => false,
        };
        if !goes_on && answers > 0 {
            dialogue.refused(&self.place);
        }
        Ok(goes_on)
    }

    /// Takes note of what a response says about the next one.
    pub(in crate::client) fn informed(&self, head: &ResponseHead) {
        if let Some(dialogue) = self.credentials.dialogue() {
            dialogue.informed(&self.place, &mut head.headers().get_all(self.role.info()));
        }
    }
}

/// Each nonce may be too old once, but not for ever.
const MOST_ANSWERS: usize = 3;
