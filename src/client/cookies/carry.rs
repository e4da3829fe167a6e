//! Cookies on the way: put into a request as it goes out, taken from the head that comes back.
//!
//! Each sending has its own, so a redirect or another try may carry others. A request that wants a
//! tunnel is one to the proxy, which gets none and sets none.

use std::borrow::Cow;

use crate::error::Result;
use crate::http::Method;
use crate::proto::ResponseHead;

use super::super::call::Call;
use super::super::request::{invalid, Request};
use super::jar::Jar;
use super::request_uri::RequestUri;

/// What carries cookies: a [`Jar`]. A trait so that a program whose client has none does not carry the
/// rules of cookies either.
pub(in crate::client) trait Carrier: Send + Sync {
    /// The request with the cookies for it before those that it has, in one field. It stands where the
    /// caller's stood, even if that is empty.
    fn carry<'r>(&self, request: Cow<'r, Request>) -> Result<Cow<'r, Request>>;

    /// Stores what the response sets.
    fn keep(&self, request: &Request, head: &ResponseHead);
}

impl Call<'_> {
    /// The request with what the jar has for it.
    #[inline]
    pub(in crate::client) fn with_cookies<'r>(
        &self,
        request: Cow<'r, Request>,
    ) -> Result<Cow<'r, Request>> {
        match self.carrier(&request) {
            Some(carrier) => carrier.carry(request),
            None => Ok(request),
        }
    }

    /// Stores what the response sets.
    #[inline]
    pub(in crate::client) fn keep_cookies(&self, request: &Request, head: &ResponseHead) {
        if let Some(carrier) = self.carrier(request) {
            carrier.keep(request, head);
        }
    }

    /// Who has the cookies of the request, if there is a jar and it takes part.
    #[inline]
    pub(in crate::client) fn carrier(&self, request: &Request) -> Option<&dyn Carrier> {
        let carrier = self.client.config().cookies.as_deref();
        carrier.filter(|_| request.takes_cookies() && *request.method() != Method::CONNECT)
    }
}

impl Carrier for Jar {
    fn carry<'r>(&self, mut request: Cow<'r, Request>) -> Result<Cow<'r, Request>> {
        let mut field = self.field_for(&uri(&request));
        let own = request.headers().get_all("Cookie").collect::<Vec<_>>();
        if field.is_empty() && !own.iter().any(|own| own.is_empty()) {
            return Ok(request);
        }
        for own in own.iter().filter(|own| !own.is_empty()) {
            if !field.is_empty() {
                field.extend_from_slice(b"; ");
            }
            field.extend_from_slice(own);
        }
        let headers = request.to_mut().headers_mut();
        match field.is_empty() {
            true => drop(headers.remove("Cookie")),
            false => headers.set("Cookie", &field).map_err(invalid)?,
        }
        Ok(request)
    }

    fn keep(&self, request: &Request, head: &ResponseHead) {
        let mut values = head.headers().get_all("Set-Cookie").peekable();
        if values.peek().is_some() {
            self.receive_all(&uri(request), values);
        }
    }
}

fn uri(request: &Request) -> RequestUri<'_> {
    RequestUri::addressed(request.url(), request.headers().get_bytes("Host"))
}
