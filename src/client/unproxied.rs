//! Stands in for `proxy` and `tunnel` in a build that goes through no proxies.

use std::borrow::Cow;

use crate::error::Result;
use crate::event::Made;
use crate::http::{Origin, Url};
use crate::net::{Connect, Transport};

use super::auth::Credentials;
use super::dial::Dial;
use super::request::Request;
use super::route::Way;

/// None, whatever the environment says.
#[derive(Debug)]
pub(crate) struct Proxy;

/// There are none: without a variant there is no value, and nothing to be done for one.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Server {}

impl Proxy {
    pub(super) fn none() -> Proxy {
        Proxy
    }

    pub(super) fn from_env() -> Proxy {
        Proxy
    }

    pub(super) fn way(&self, url: &Url, _: &dyn Connect) -> Result<Way> {
        Ok(Way::Direct(url.origin()))
    }

    pub(super) fn dress(&self, _: &mut Cow<'_, Request>) -> Result<()> {
        Ok(())
    }
}

impl Server {
    pub(super) fn first_hop(&self) -> &Origin {
        match *self {}
    }

    pub(super) fn asks_for(&self) -> Option<(&Credentials, &Origin)> {
        match *self {}
    }

    pub(super) fn is_answered_at_once(&self) -> bool {
        match *self {}
    }
}

impl Dial<'_> {
    pub(super) fn reach(&self, server: &Server, _: &mut Made) -> Result<Box<dyn Transport>> {
        match *server {}
    }

    pub(super) fn through(
        &self,
        server: &Server,
        _: &Origin,
        _: &mut Made,
    ) -> Result<Box<dyn Transport>> {
        match *server {}
    }
}
