//! The clients of a run: one for all transfers that may share connections.
//!
//! Transfers that differ in where connections go, or in what is read on them, have clients of their
//! own, since those are settings of a client.

use pannier::http::{Headers, Origin};
use pannier::{Client, Leniency};

use crate::connect::Route;
use crate::exit::Failure;
use crate::operation::Operation;

/// Clients by what they were set to.
#[derive(Default)]
pub struct Clients(Vec<(Setting, Client)>);

#[derive(Clone, Debug, PartialEq)]
struct Setting {
    route: Route,
    ignore_content_length: bool,
}

impl Clients {
    /// The client for a transfer from `origin`, its number, and its route.
    pub fn get(
        &mut self,
        op: &Operation,
        origin: &Origin,
    ) -> Result<(Client, usize, Route), Failure> {
        let route = Route::new(op)?;
        let setting = Setting {
            // A redirect may lead to where the rules do have an effect.
            route: if op.location { route } else { route.simplified(origin) },
            ignore_content_length: op.ignore_content_length,
        };
        let route = setting.route.clone();
        let number = self.0.iter().position(|(known, _)| *known == setting).unwrap_or_else(|| {
            let client = build(&setting);
            self.0.push((setting, client));
            self.0.len() - 1
        });
        Ok((self.0[number].1.clone(), number, route))
    }
}

fn build(setting: &Setting) -> Client {
    Client::builder()
        .connector(setting.route.connector())
        .leniency(Leniency::default().ignore_content_length(setting.ignore_content_length))
        // Every field comes from the options, in their order.
        .user_agent("")
        .default_headers(Headers::new())
        .build()
}
