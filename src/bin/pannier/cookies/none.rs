//! Built without cookies: no operation can ask for a jar, so there is none.

use pannier::http::Url;
use pannier::ClientBuilder;

use super::Options;
use crate::args::Global;

/// No cookies.
#[derive(Default)]
pub struct Cookies(());

impl Cookies {
    /// The builder as it is.
    pub fn give(&self, builder: ClientBuilder) -> ClientBuilder {
        builder
    }

    /// Nothing begins.
    pub fn begin(&self, _: &Options, _: &Url, _: Global) {}

    /// Nothing is kept.
    pub fn save(&self, _: Global) {}
}
