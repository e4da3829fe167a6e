//! pannier with several threads that share a client: over HTTP/2 each has a stream of the same connection.

use super::pannier::over_http2;
use super::{shared, Client, Prepared, Task, DEADLINE};
use crate::buffer::drain;
use crate::crowds::threads::PIECE;
use crate::workloads::Work;
use pannier::{Client as Pooled, Timeouts};

pub struct PannierThreads;

impl Client for PannierThreads {
    fn name(&self) -> &'static str {
        "pannier-threads"
    }

    fn prepare(&self, task: &Task) -> Option<Prepared> {
        match task.work {
            // Of one thread it is pannier itself.
            Work::Streams { depth: 1, .. } => None,
            Work::Streams { body, depth } => {
                let builder = Pooled::builder().timeouts(Timeouts::default().total(DEADLINE));
                let client = over_http2(builder).build();
                Some(match client.get(task.url()).build() {
                    Ok(request) => shared(depth, body, move || {
                        Ok(drain(&mut client.send(&request)?, &mut [0; PIECE])?)
                    }),
                    Err(error) => Err(error.into()),
                })
            }
            _ => None,
        }
    }
}
