//! ureq: as it comes, and with buffers of 64 KiB in place of its 128 KiB, which some processors copy into slowly.

use super::{repeat, Client, Prepared, Task, CONFIRMED};
use crate::buffer::{drain, save, Pages, Source};
use crate::workloads::Work;
use crate::Failure;
use std::fs::File;
use ureq::http::Response;
use ureq::{Agent, Body, RequestBuilder, SendBody};

pub struct Ureq {
    pub name: &'static str,
    pub buffer: Option<usize>,
}

impl Client for Ureq {
    fn name(&self) -> &'static str {
        self.name
    }

    fn prepare(&self, task: &Task) -> Option<Prepared> {
        let mut config = Agent::config_builder().timeout_global(task.deadline);
        if let Some(size) = self.buffer {
            config = config.input_buffer_size(size).output_buffer_size(size);
        }
        let agent = Agent::new_with_config(config.build());
        let url = task.url();
        let path = task.file.clone();
        let mut buffer = Pages::piece();
        Some(match task.work {
            Work::Get { body } | Work::Connect { body } => repeat(body, move || {
                let mut response = agent.get(&url).call()?;
                Ok(drain(&mut response.body_mut().as_reader(), &mut buffer)?)
            }),
            Work::GetFile { body } => repeat(body, move || {
                let mut response = agent.get(&url).call()?;
                Ok(save(&mut response.body_mut().as_reader(), &path, &mut buffer)?)
            }),
            Work::PutSized { body } => repeat(CONFIRMED, move || {
                let request = agent.put(&url).header("content-length", body.to_string());
                confirmed(request, SendBody::from_owned_reader(Source::new(body)), &mut buffer)
            }),
            Work::PutChunked { body } => repeat(CONFIRMED, move || {
                confirmed(
                    agent.put(&url),
                    SendBody::from_owned_reader(Source::new(body)),
                    &mut buffer,
                )
            }),
            Work::PutFile { body } => repeat(CONFIRMED, move || {
                let request = agent.put(&url).header("content-length", body.to_string());
                confirmed(request, SendBody::from_owned_reader(File::open(&path)?), &mut buffer)
            }),
            _ => return None,
        })
    }
}

fn confirmed(
    request: RequestBuilder<ureq::typestate::WithBody>,
    body: SendBody<'static>,
    buffer: &mut [u8],
) -> Result<u64, Failure> {
    let mut response: Response<Body> = request.send(body)?;
    Ok(drain(&mut response.body_mut().as_reader(), buffer)?)
}
