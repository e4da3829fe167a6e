//! The clients of a run: one for all transfers that may share connections.
//!
//! Transfers that differ in where connections go, in the version they speak or in how redirects are
//! followed have clients of their own, since those are settings of a client.

use pannier::http::{Headers, Origin};
use pannier::{Client, Leniency, Protocol, RedirectPolicy};

use crate::connect::Route;
use crate::exit::Failure;
use crate::operation::{Operation, Version};

/// Clients by what they were set to.
#[derive(Default)]
pub struct Clients(Vec<(Setting, Client)>);

#[derive(Clone, Debug, PartialEq)]
struct Setting {
    route: Route,
    redirects: RedirectPolicy,
    version: Version,
    ignore_content_length: bool,
}

impl Clients {
    /// The client for a transfer from `origin`, and its route.
    pub fn get(&mut self, op: &Operation, origin: &Origin) -> Result<(Client, Route), Failure> {
        let route = Route::new(op)?;
        let setting = Setting {
            // A redirect may lead to where the rules do have an effect.
            route: if op.location { route } else { route.simplified(origin) },
            redirects: redirects(op),
            version: op.version,
            ignore_content_length: op.ignore_content_length,
        };
        let route = setting.route.clone();
        if let Some((_, client)) = self.0.iter().find(|(known, _)| *known == setting) {
            return Ok((client.clone(), route));
        }
        let client = build(&setting);
        self.0.push((setting, client.clone()));
        Ok((client, route))
    }
}

fn build(setting: &Setting) -> Client {
    let protocol = match setting.version {
        Version::Http10 => Protocol::Http10,
        Version::Http11 => Protocol::Http11,
    };
    Client::builder()
        .connector(setting.route.connector())
        .redirects(setting.redirects)
        .protocol(protocol)
        .leniency(Leniency::default().ignore_content_length(setting.ignore_content_length))
        // Every field comes from the options, in their order.
        .user_agent("")
        .default_headers(Headers::new())
        .build()
}

fn redirects(op: &Operation) -> RedirectPolicy {
    if !op.location {
        return RedirectPolicy::none();
    }
    let policy = match op.max_redirs {
        Some(limit) => RedirectPolicy::limited(limit as usize),
        None => RedirectPolicy::unlimited(),
    };
    policy
        .keep_post_301(op.post301)
        .keep_post_302(op.post302)
        .keep_post_303(op.post303)
        .keep_method(op.method.is_some())
        .trusted(op.location_trusted)
        .auto_referer(op.auto_referer)
        .allow_downgrade(true)
}
