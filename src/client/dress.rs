//! What a request is given at the moment when it is sent, and what is kept of its response.
//!
//! A [`Request`] is complete, but what changes from one sending to the next cannot be a part of it.
//! It is put in here, whichever way the request goes out: alone, pipelined or by hand, for the
//! first time, again, or after a redirect. And whichever way a final response comes, its head is
//! looked at here before anyone decides what follows from it. Nothing of this is kept in the request
//! itself, so what is made from it, the next one after a redirect above all, begins anew.

use std::borrow::Cow;

use crate::error::Result;
use crate::proto::ResponseHead;

use super::auth::{Message, Party};
use super::call::Call;
use super::request::{invalid, Request};

impl Call<'_> {
    /// The request as it goes out now.
    pub(super) fn dress<'r>(&self, request: &'r Request) -> Result<Cow<'r, Request>> {
        match self.has_dress(request) {
            true => self.dressed(request),
            false => Ok(Cow::Borrowed(request)),
        }
    }

    /// Is there anything that it may be given? For most there is not.
    fn has_dress(&self, request: &Request) -> bool {
        #[cfg(feature = "cookies")]
        if self.carrier(request).is_some() {
            return true;
        }
        !Party::is_none(request)
    }

    /// Not inlined, so that a request that is given nothing pays nothing for this.
    #[inline(never)]
    fn dressed<'r>(&self, request: &'r Request) -> Result<Cow<'r, Request>> {
        let dressed = self.with_credentials(request)?;
        #[cfg(feature = "cookies")]
        let dressed = self.with_cookies(dressed)?;
        Ok(dressed)
    }

    /// The request with the answers to what its origin, and a proxy that forwards it, are known to ask for,
    /// and with what else is for that proxy.
    fn with_credentials<'r>(&self, request: &'r Request) -> Result<Cow<'r, Request>> {
        let mut dressed = Cow::Borrowed(request);
        if let Some(origin) = Party::origin(request) {
            show(&origin, request, &mut dressed)?;
        }
        if let Some(server) = request.route().forwarder() {
            self.client.config().proxy.dress(&mut dressed)?;
            if let Some(proxy) = Party::proxy(server) {
                show(&proxy, request, &mut dressed)?;
            }
        }
        Ok(dressed)
    }

    /// Keeps what the head of a final response to `request` says for those that follow.
    pub(super) fn heed(&self, request: &Request, head: &ResponseHead) {
        if !Party::is_none(request) {
            Party::all(request).for_each(|party| party.informed(head));
        }
        #[cfg(feature = "cookies")]
        self.keep_cookies(request, head);
    }
}

/// Puts in what is shown to the party, behind Host, where who reads it looks first.
fn show(party: &Party<'_>, request: &Request, dressed: &mut Cow<'_, Request>) -> Result<()> {
    let (name, target) = (party.role.field(), request.target_at_origin()?);
    if request.headers().contains(name) {
        return Ok(());
    }
    let content = request.body().in_memory();
    let message = Message { method: request.method(), target: target.as_str(), content };
    match party.answer(&message)? {
        Some(value) => {
            let headers = dressed.to_mut().headers_mut();
            headers.insert_behind("Host", name, &value).map_err(invalid)
        }
        None => Ok(()),
    }
}
