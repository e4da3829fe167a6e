//! Whose credentials a request is given: its own, those of its URL, those that the client was given for
//! the origin, or those of a netrc file.

use std::sync::Arc;

use crate::error::Result;
use crate::http::{percent, Headers, Origin, Url};

use super::super::request::invalid;
use super::{Credentials, Netrc};

/// What a client has for whom. Each is given to the origin or host that it is for, and to no other.
#[derive(Debug, Default)]
pub(in super::super) struct Keys {
    by_origin: Vec<(Origin, Credentials)>,
    pub(in super::super) netrc: Option<Netrc>,
}

impl Keys {
    pub(in super::super) fn insert(&mut self, origin: Origin, credentials: Credentials) {
        self.by_origin.retain(|(known, _)| *known != origin);
        self.by_origin.push((origin, credentials));
    }

    /// The credentials for this URL, if the request has none of its own. A URL that names a user but
    /// no password has the netrc file look for one.
    pub(in super::super) fn find(&self, url: &Url, netrc: Option<&Netrc>) -> Option<Credentials> {
        match self.by_origin.is_empty() && netrc.is_none() && !has_userinfo(url) {
            true => None,
            false => self.find_for(url, netrc),
        }
    }

    fn find_for(&self, url: &Url, netrc: Option<&Netrc>) -> Option<Credentials> {
        let user = Some(percent::decode(url.username())).filter(|user| !user.is_empty());
        let of_url = || {
            let password = percent::decode(url.password().unwrap_or_default());
            Credentials::basic(user.clone().unwrap_or_default(), password)
        };
        if url.password().is_some() {
            return Some(of_url());
        }
        let host = || url.host_str().trim_matches(&['[', ']'][..]);
        self.of_origin(url)
            .or_else(|| netrc?.credentials(host(), user.as_deref()))
            .or_else(|| user.as_ref().map(|_| of_url()))
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
pub(in super::super) fn show(
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
pub(in super::super) fn strip(url: Arc<Url>) -> Arc<Url> {
    match has_userinfo(&url) {
        true => Arc::new(url.without_credentials()),
        false => url,
    }
}

/// Does the URL name a user, or a password?
pub(in super::super) fn has_userinfo(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}
