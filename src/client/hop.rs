//! One stop of a call on its way: a request, how it goes out, and what follows from its response.
//!
//! A redirect leads to the next stop. Credentials do not: a server that asks for them is answered by
//! the same request with other fields, at the same stop, and neither is counted as the other. After
//! an answer was refused, the response that refuses it is what the caller gets.

use std::borrow::Cow;

use crate::error::Result;
use crate::http::Version;
use crate::proto::ResponseHead;

use super::auth::{Party, Role};
use super::config::Config;
use super::redirect;
use super::request::Request;

/// A request, and how it goes out.
pub(super) struct Hop<'r> {
    pub(super) request: Cow<'r, Request>,
    /// The same without its content, as long as that waits for the server to name its challenge.
    asking: Option<Box<Request>>,
    /// How often a challenge was answered: the origin's, and the proxy's.
    answers: [usize; 2],
}

/// What follows from a final response.
pub(super) enum Next {
    /// It is what the caller gets.
    Nothing,
    /// The same request, with credentials that answer the response of this one.
    Answer(Role),
    /// The same request, with the content that was not sent before.
    Content,
    /// The request that it points to.
    Redirect(Request),
}

/// Can another exchange have the content?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repeat {
    /// It was not sent yet, or can be sent again.
    Possible,
    /// It is gone.
    Impossible,
}

impl<'r> Hop<'r> {
    /// The request goes out as it is.
    pub(super) fn whole(request: Cow<'r, Request>) -> Hop<'r> {
        Hop { request, asking: None, answers: [0; 2] }
    }

    /// Has the request ask before its content goes out, if somebody may want that.
    pub(super) fn ask_first(&mut self) -> Result<()> {
        let request = &*self.request;
        if !Party::is_none(request) && Party::all(request).any(|party| asks_first(request, &party))
        {
            self.asking = Some(Box::new(request.without_content()?));
        }
        Ok(())
    }

    /// What goes out.
    pub(super) fn sent(&self) -> &Request {
        self.asking.as_deref().unwrap_or(&self.request)
    }

    /// The same stop once more, with an answer to whom asked, in the version that the response had. After
    /// a proxy the origin may still be to be asked.
    pub(super) fn again(&mut self, answered: Option<Role>, version: Version) -> Result<()> {
        let origin = Party::origin(&self.request);
        let still = origin.map_or(false, |origin| asks_first(&self.request, &origin));
        if !(answered == Some(Role::Proxy) && still) {
            self.asking = None;
        }
        if let Some(role) = answered {
            self.answers[role as usize] += 1;
        }
        if version == Version::Http10 {
            self.request = Cow::Owned(self.request.in_http10()?);
        }
        Ok(())
    }

    /// What follows from this response, after so many redirects.
    pub(super) fn next(
        &self,
        head: &ResponseHead,
        config: &Config,
        followed: usize,
    ) -> Result<Next> {
        let (request, status) = (&*self.request, head.status());
        if status.is_redirection() {
            let next = redirect::next(config, request, head, followed, self.repeat())?;
            return Ok(next.map_or(Next::Nothing, Next::Redirect));
        }
        if status.is_success() && self.asking.is_some() {
            return Ok(Next::Content);
        }
        match status.is_client_error() {
            true => self.challenged(head),
            false => Ok(Next::Nothing),
        }
    }

    fn challenged(&self, head: &ResponseHead) -> Result<Next> {
        let content_is_known = self.request.body().in_memory().is_some();
        for party in Party::all(&self.request) {
            let answers = self.answers[party.role as usize];
            if party.challenged(head, content_is_known, answers)? {
                return Ok(match self.repeat() {
                    Repeat::Possible => Next::Answer(party.role),
                    Repeat::Impossible => Next::Nothing,
                });
            }
        }
        Ok(Next::Nothing)
    }

    fn repeat(&self) -> Repeat {
        match self.asking.is_some() || self.request.body().is_replayable() {
            true => Repeat::Possible,
            false => Repeat::Impossible,
        }
    }
}

/// May anything follow from a response with this head? From most nothing does.
#[inline]
pub(super) fn may_lead_on(request: &Request, head: &ResponseHead) -> bool {
    head.status().is_redirection() || !Party::is_none(request)
}

/// Would the content be sent in vain, or, if it can be sent only once, perhaps be?
fn asks_first(request: &Request, party: &Party<'_>) -> bool {
    let body = request.body();
    !body.is_empty() && party.asks_first(body.is_replayable())
}
