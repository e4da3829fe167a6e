//! reqwest's blocking client, which runs its asynchronous one on a thread of its own.

use super::{repeat, shared, Client, Prepared, Task, CONFIRMED};
use crate::buffer::{drain, save, Pages, Source};
use crate::crowds::threads::PIECE;
use crate::workloads::Work;
use reqwest::blocking::{Body, Client as Blocking};
use std::fs::File;

pub struct Reqwest;

impl Client for Reqwest {
    fn name(&self) -> &'static str {
        "reqwest"
    }

    fn prepare(&self, task: &Task) -> Option<Prepared> {
        let mut builder = Blocking::builder().timeout(task.deadline);
        if let Work::Streams { .. } = task.work {
            builder = builder.http2_prior_knowledge();
        }
        let client = match builder.build() {
            Ok(client) => client,
            Err(error) => return Some(Err(error.into())),
        };
        let url = task.url();
        let path = task.file.clone();
        let mut buffer = Pages::piece();
        Some(match task.work {
            Work::Get { body } | Work::Connect { body } | Work::Streams { body, depth: 1 } => {
                repeat(body, move || Ok(drain(&mut client.get(&url).send()?, &mut buffer)?))
            }
            Work::GetFile { body } => {
                repeat(body, move || Ok(save(&mut client.get(&url).send()?, &path, &mut buffer)?))
            }
            Work::PutSized { body } => repeat(CONFIRMED, move || {
                let content = Body::sized(Source::new(body), body);
                Ok(drain(&mut client.put(&url).body(content).send()?, &mut buffer)?)
            }),
            Work::PutChunked { body } => repeat(CONFIRMED, move || {
                let content = Body::new(Source::new(body));
                Ok(drain(&mut client.put(&url).body(content).send()?, &mut buffer)?)
            }),
            Work::PutFile { body } => repeat(CONFIRMED, move || {
                let content = Body::sized(File::open(&path)?, body);
                Ok(drain(&mut client.put(&url).body(content).send()?, &mut buffer)?)
            }),
            Work::Streams { body, depth } => shared(depth, body, move || {
                Ok(drain(&mut client.get(&url).send()?, &mut [0; PIECE])?)
            }),
            _ => return None,
        })
    }
}
