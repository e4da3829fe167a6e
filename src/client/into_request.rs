//! What a batch or a pipeline takes for a request.

use crate::error::Result;

use super::builder::RequestBuilder;
use super::request::Request;

/// A request, or what becomes one: a [`Request`], a [`RequestBuilder`], or a result of building one.
///
/// What cannot be built is a result like any other, at its place.
pub trait IntoRequest {
    /// The request.
    ///
    /// # Errors
    /// Those of [`RequestBuilder::build`].
    fn into_request(self) -> Result<Request>;
}

impl IntoRequest for Request {
    fn into_request(self) -> Result<Request> {
        Ok(self)
    }
}

impl IntoRequest for &Request {
    fn into_request(self) -> Result<Request> {
        Ok(self.clone())
    }
}

impl IntoRequest for RequestBuilder {
    fn into_request(self) -> Result<Request> {
        self.build()
    }
}

impl IntoRequest for Result<Request> {
    fn into_request(self) -> Result<Request> {
        self
    }
}
