//! What credentials remember: for each place to which they were shown, how it wants to be answered.

use std::sync::Arc;

use crate::http::Origin;

use super::digest::Session;

/// How a place wants to be answered.
#[derive(Clone)]
pub(super) enum Known {
    Basic,
    Digest(Arc<Session>),
}

/// The places that asked last.
#[derive(Default)]
pub(super) struct Memory(Vec<(Origin, Known)>);

impl Memory {
    pub(super) fn get(&self, place: &Origin) -> Option<Known> {
        self.0.iter().find(|(known, _)| known == place).map(|(_, known)| known.clone())
    }

    pub(super) fn put(&mut self, place: &Origin, known: Known) {
        self.forget(place);
        if self.0.len() == MOST {
            self.0.remove(0);
        }
        self.0.push((place.clone(), known));
    }

    pub(super) fn forget(&mut self, place: &Origin) {
        self.0.retain(|(known, _)| known != place);
    }
}

/// One password is hardly good for more places than that.
const MOST: usize = 32;
