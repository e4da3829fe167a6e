//! minreq: a connection a request, and uploads from memory only.

use super::{repeat, Client, Prepared, Task, CONFIRMED};
use crate::buffer::{drain, save, Pages, Source};
use crate::workloads::Work;
use minreq::Request;
use std::io::Read;

pub struct Minreq;

impl Client for Minreq {
    fn name(&self) -> &'static str {
        "minreq"
    }

    fn prepare(&self, task: &Task) -> Option<Prepared> {
        let url = task.url();
        let path = task.file.clone();
        let mut buffer = Pages::piece();
        let deadline = task.deadline;
        let limited = move |request: Request| match deadline {
            Some(deadline) => request.with_timeout(deadline.as_secs()),
            None => request,
        };
        Some(match task.work {
            Work::Get { body } | Work::Connect { body } => repeat(body, move || {
                let mut response = limited(minreq::get(&url)).send_lazy()?;
                Ok(drain(&mut response, &mut buffer)?)
            }),
            Work::GetFile { body } => repeat(body, move || {
                let mut response = limited(minreq::get(&url)).send_lazy()?;
                Ok(save(&mut response, &path, &mut buffer)?)
            }),
            Work::PutSized { body } => repeat(CONFIRMED, move || {
                let mut content = Vec::with_capacity(body as usize);
                Source::new(body).read_to_end(&mut content)?;
                let mut response = limited(minreq::put(&url)).with_body(content).send_lazy()?;
                Ok(drain(&mut response, &mut buffer)?)
            }),
            Work::PutChunked { .. }
            | Work::PutFile { .. }
            | Work::Pipeline { .. }
            | Work::Streams { .. }
            | Work::Head { .. }
            | Work::Inflate { .. }
            | Work::GetCoded { .. } => return None,
        })
    }
}
