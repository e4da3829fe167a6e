//! What comes after a connection has left HTTP: after 101, which the options can ask for by fields, and
//! in a tunnel. It is written as it comes, as curl does; nothing is sent.

use std::io::{self, Read};

use pannier::net::Deadline;
use pannier::Stream;

use crate::exit::Failure;
use crate::explain;

use super::{ended, Asked, Progress, Transfer, BUFFER};

impl Transfer<'_> {
    /// Writes what comes, until the server closes the connection.
    pub(super) fn relay(
        &mut self,
        mut stream: Stream,
        asked: &Asked,
        progress: &mut Progress,
    ) -> Result<(), Failure> {
        // What fields say of content means nothing here.
        progress.expected = None;
        if let Some(time) = self.op.max_time {
            stream.set_deadline(Deadline::after(self.watcher.record().began, time));
        }
        let mut buffer = vec![0; BUFFER];
        while !self.op.head {
            let count = match stream.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.explain_stream(error, asked, progress)),
            };
            progress.downloaded += count as u64;
            self.take(&buffer[..count], progress)?;
        }
        self.output.finish()
    }

    fn explain_stream(&self, error: io::Error, asked: &Asked, progress: &Progress) -> Failure {
        match (self.watcher.end(), error.kind()) {
            (Some(end), _) => ended(end),
            (None, io::ErrorKind::TimedOut) => explain::late(&self.facts(asked, progress)),
            (None, _) => self.explain(&error.into(), asked, progress),
        }
    }
}
