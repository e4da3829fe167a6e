//! Whose credentials a request is given: its own, those of its URL, those that the client was given for
//! the origin, or those of a netrc file.

use std::fmt;
use std::sync::Arc;

use crate::error::Result;
use crate::http::{percent, Headers, Origin, Url};

use super::super::request::invalid;
use super::Credentials;

/// What a client has for whom. Each is given to the origin or host that it is for, and to no other.
#[derive(Debug, Default)]
pub(in crate::client) struct Keys {
    by_origin: Vec<(Origin, Credentials)>,
    pub(in crate::client) netrc: Option<Arc<dyn HostKeys>>,
}

/// Credentials by host. Of this there is one kind, [`Netrc`](super::Netrc); it is a trait so that a program
/// that has no such file does not carry it.
pub(in crate::client) trait HostKeys: fmt::Debug + Send + Sync {
    /// Those for a host, of this user if one is given. If the name is in the file too, all that are found
    /// for it share what they remember.
    fn credentials(&self, host: &str, user: Option<&[u8]>) -> Option<Credentials>;
}

impl Keys {
    pub(in crate::client) fn insert(&mut self, origin: Origin, credentials: Credentials) {
        self.by_origin.retain(|(known, _)| *known != origin);
        self.by_origin.push((origin, credentials));
    }

    /// The credentials for this URL, if the request has none of its own. A URL that names a user but
    /// no password has the netrc file look for one.
    pub(in crate::client) fn find(
        &self,
        url: &Url,
        netrc: Option<&dyn HostKeys>,
    ) -> Option<Credentials> {
        match self.by_origin.is_empty() && netrc.is_none() && !url.has_userinfo() {
            true => None,
            false => self.find_for(url, netrc),
        }
    }

    fn find_for(&self, url: &Url, netrc: Option<&dyn HostKeys>) -> Option<Credentials> {
        if url.password().is_some() {
            return Credentials::of_url(url);
        }
        let user = Some(percent::decode(url.username())).filter(|user| !user.is_empty());
        self.of_origin(url)
            .or_else(|| netrc?.credentials(url.bare_host_str(), user.as_deref()))
            .or_else(|| Credentials::of_url(url))
    }

    fn of_origin(&self, url: &Url) -> Option<Credentials> {
        if self.by_origin.is_empty() {
            return None;
        }
        let origin = url.origin();
        let found = self.by_origin.iter().find(|(known, _)| *known == origin);
        found.map(|(_, credentials)| credentials.clone())
    }
}

/// Puts credentials that go out unasked into the field that is for them. Others are returned.
pub(in crate::client) fn show(
    credentials: Option<Credentials>,
    headers: &mut Headers,
) -> Result<Option<Credentials>> {
    let credentials = match credentials {
        Some(credentials) => credentials,
        None => return Ok(None),
    };
    match credentials.at_once()? {
        Some(value) => {
            headers.insert_behind("Host", "Authorization", value).map_err(invalid)?;
            Ok(None)
        }
        None => Ok(Some(credentials)),
    }
}

/// The URL without userinfo, which never goes anywhere.
pub(in crate::client) fn strip(url: Arc<Url>) -> Arc<Url> {
    match url.has_userinfo() {
        true => Arc::new(url.without_credentials()),
        false => url,
    }
}
