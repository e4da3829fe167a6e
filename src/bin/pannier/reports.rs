//! What a run leaves behind besides content: the HAR file.
//!
//! It tells the whole run, so it is written when that is over, also if transfers failed.

use crate::exit::Failure;
use crate::har;
use crate::journal::Journal;
use crate::output::Dump;

/// Which reports are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reports {
    /// A file; `-` is standard output.
    pub har: Option<Vec<u8>>,
}

impl Reports {
    /// Is any of them wanted?
    pub fn are_wanted(&self) -> bool {
        self.har.is_some()
    }

    /// Writes those that are wanted.
    pub fn write(&self, journal: Journal) -> Result<(), Failure> {
        let clock = journal.clock;
        let exchanges = journal.into_exchanges();
        if let Some(name) = &self.har {
            write(name, &har::document(&clock, &exchanges))?;
        }
        Ok(())
    }
}

fn write(name: &[u8], text: &str) -> Result<(), Failure> {
    Dump::open(name, false)?.write(text.as_bytes())
}
