//! What a run leaves behind besides content: the HAR file and the waterfall.
//!
//! Both tell the whole run, so they are written when it is over, also if transfers failed. The chart
//! goes to standard error, as the progress does, and so never mixes with content.

use crate::exit::Failure;
use crate::har;
use crate::journal::{Clock, Exchange, Journal};
use crate::output::Dump;
use crate::warn;
use crate::waterfall::{svg, terminal, Chart};

/// Which reports are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reports {
    /// A file; `-` is standard output.
    pub har: Option<Vec<u8>>,
    pub waterfall: bool,
    pub drawing: Option<Vec<u8>>,
}

/// Is this word behind `--waterfall` the file to draw to? It is if it ends in `.svg` and is no URL.
pub fn names_drawing(word: &[u8]) -> bool {
    word.len() > SUFFIX.len()
        && word[word.len() - SUFFIX.len()..].eq_ignore_ascii_case(SUFFIX)
        && !word.starts_with(b"-")
        && !word.windows(3).any(|bytes| bytes == b"://")
}

impl Reports {
    /// `--waterfall`, with a file behind it or not.
    pub fn add_waterfall(&mut self, drawing: Option<&[u8]>) {
        match drawing {
            Some(name) => self.drawing = Some(name.to_vec()),
            None => self.waterfall = true,
        }
    }

    /// Where what they need is kept, if any is wanted. Only a HAR file has content.
    pub fn journal(&self) -> Option<Journal> {
        let are_wanted = self.har.is_some() || self.waterfall || self.drawing.is_some();
        are_wanted.then(|| Journal::new(self.har.as_ref().map(|_| KEPT)))
    }

    /// Writes those that are wanted of a run.
    pub fn write(&self, journal: Journal) -> Result<(), Failure> {
        let clock = journal.clock();
        self.write_parts(vec![("", clock, journal.into_exchanges())])
    }

    /// Writes those that are wanted of several runs that are to be compared, each with its name.
    pub fn write_parts(&self, parts: Vec<(&str, Clock, Vec<Exchange>)>) -> Result<(), Failure> {
        if let Some(name) = &self.har {
            write(name, &har::document(&parts))?;
        }
        let charts: Vec<_> =
            parts.iter().map(|(name, _, exchanges)| (*name, Chart::new(exchanges))).collect();
        if let Some(name) = &self.drawing {
            write(name, &svg::draw(&charts))?;
        }
        if self.waterfall {
            // Content may have ended in the middle of a line.
            let look = terminal::Look::of_stderr();
            let charts = charts.iter().map(|(name, chart)| terminal::draw(name, chart, look));
            warn::write(format!("\n{}", charts.collect::<Vec<_>>().join("\n")).as_bytes());
        }
        Ok(())
    }
}

fn write(name: &[u8], text: &str) -> Result<(), Failure> {
    Dump::open(name, false)?.write(text.as_bytes())
}

const SUFFIX: &[u8] = b".svg";
/// The most content of a response that is kept: what a person would look at in a report.
const KEPT: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_only_a_file_name_is_taken_for_one() {
        for (word, expected) in [
            ("chart.svg", true),
            ("out/Chart.SVG", true),
            (".svg", false),
            ("-o.svg", false),
            ("http://a/picture.svg", false),
            ("localhost", false),
        ] {
            assert_eq!(names_drawing(word.as_bytes()), expected, "{}", word);
        }
    }
}
