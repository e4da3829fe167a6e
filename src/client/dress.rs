//! What a request is given at the moment when it is sent, and what is kept of its response.
//!
//! A [`Request`] is complete, but what changes from one sending to the next cannot be a part of it.
//! It is put in here, whichever way the request goes out: alone, pipelined or by hand, for the
//! first time, again, or after a redirect. And whichever way a final response comes, its head is
//! looked at here before anyone decides what follows from it. Nothing of this is kept in the request
//! itself, so what is made from it, the next one after a redirect above all, begins anew.

use std::borrow::Cow;

use crate::error::Result;
use crate::proto::h1::ResponseHead;

use super::call::Call;
use super::request::Request;

impl Call<'_> {
    /// The request as it goes out now.
    pub(super) fn dress<'r>(&self, request: &'r Request) -> Result<Cow<'r, Request>> {
        let dressed = with_credentials(request)?;
        #[cfg(feature = "cookies")]
        let dressed = self.with_cookies(dressed)?;
        Ok(dressed)
    }

    /// Keeps what the head of a final response to `request` says for those that follow.
    pub(super) fn heed(&self, request: &Request, head: &ResponseHead) {
        if let Some(credentials) = request.credentials() {
            credentials.informed(request.origin(), head.headers().get_all("Authentication-Info"));
        }
        #[cfg(feature = "cookies")]
        self.keep_cookies(request, head);
    }
}

/// The request with the answer to what its origin is known to ask for.
fn with_credentials(request: &Request) -> Result<Cow<'_, Request>> {
    let mut dressed = Cow::Borrowed(request);
    if let Some(credentials) = request.credentials() {
        if let Some(value) = credentials.answer_origin(request)? {
            dressed.to_mut().insert("Authorization", &value)?;
        }
    }
    Ok(dressed)
}
