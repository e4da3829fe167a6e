//! One stop of a call on its way: a request, how it goes out, and what follows from its response.
//!
//! A redirect leads to the next stop. Credentials do not: a server that asks for them is answered by
//! the same request with other fields, at the same stop, and neither is counted as the other. After
//! an answer was refused, the response that refuses it is what the caller gets.

use std::borrow::Cow;

use crate::error::Result;
use crate::http::{StatusCode, Version};
use crate::proto::h1::ResponseHead;

use super::auth::{Credentials, Keys, News};
use super::redirect;
use super::request::Request;

/// A request, and how it goes out.
pub(super) struct Hop<'r> {
    pub(super) request: Cow<'r, Request>,
    /// The same without its content, as long as that waits for the server to name its challenge.
    asking: Option<Box<Request>>,
    /// How often a challenge was answered.
    answers: usize,
}

/// What follows from a final response.
pub(super) enum Next {
    /// It is what the caller gets.
    Nothing,
    /// The same request, with credentials that answer the response.
    Answer,
    /// The same request, with the content that was not sent before.
    Content,
    /// The request that it points to.
    Redirect(Request),
}

impl<'r> Hop<'r> {
    /// The request goes out as it is.
    pub(super) fn whole(request: Cow<'r, Request>) -> Hop<'r> {
        Hop { request, asking: None, answers: 0 }
    }

    /// The request goes out, or asks first.
    pub(super) fn new(request: Cow<'r, Request>) -> Result<Hop<'r>> {
        let asking = match request.credentials() {
            Some(credentials) if asks_first(&request, credentials) => {
                Some(Box::new(request.without_content()?))
            }
            _ => None,
        };
        Ok(Hop { asking, ..Hop::whole(request) })
    }

    /// What goes out.
    pub(super) fn sent(&self) -> &Request {
        self.asking.as_deref().unwrap_or(&self.request)
    }

    /// The same stop once more, in the version that the response to it had.
    pub(super) fn again(mut self, answers: bool, version: Version) -> Result<Hop<'r>> {
        self.asking = None;
        self.answers += usize::from(answers);
        if version == Version::Http10 {
            self.request = Cow::Owned(self.request.in_http10()?);
        }
        Ok(self)
    }

    /// What follows from this response, after so many redirects.
    #[inline]
    pub(super) fn next(&self, head: &ResponseHead, keys: &Keys, followed: usize) -> Result<Next> {
        match self.request.credentials().is_some() || head.status().is_redirection() {
            true => self.follow(head, keys, followed),
            false => Ok(Next::Nothing),
        }
    }

    fn follow(&self, head: &ResponseHead, keys: &Keys, followed: usize) -> Result<Next> {
        let (request, status) = (&*self.request, head.status());
        match request.credentials() {
            Some(credentials) if status == StatusCode::UNAUTHORIZED => {
                self.challenged(credentials, head)
            }
            _ if self.asking.is_some() && status.is_success() => Ok(Next::Content),
            _ if status.is_redirection() => {
                let next = redirect::next(request.redirects(), request, head, followed, keys)?;
                Ok(next.map_or(Next::Nothing, Next::Redirect))
            }
            _ => Ok(Next::Nothing),
        }
    }

    fn challenged(&self, credentials: &Credentials, head: &ResponseHead) -> Result<Next> {
        let request = &*self.request;
        match credentials.take_challenge(request, head)? {
            News::Answerable if self.answers == 0 => Ok(Next::Answer),
            News::Stale if self.answers < MOST_ANSWERS => Ok(Next::Answer),
            _ => {
                if self.answers > 0 {
                    credentials.refused(request.origin());
                }
                Ok(Next::Nothing)
            }
        }
    }
}

/// Would the content be sent in vain, or, if it can be sent only once, perhaps be?
fn asks_first(request: &Request, credentials: &Credentials) -> bool {
    let body = request.body();
    !body.is_empty() && credentials.asks_first(request.origin(), body.is_replayable())
}

/// Each nonce may be too old once, but not for ever.
const MOST_ANSWERS: usize = 3;
