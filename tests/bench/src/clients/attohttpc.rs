//! attohttpc: a connection a request; its bodies write themselves, here by pieces of 64 KiB.

use super::{repeat, Client, Prepared, Task, CONFIRMED};
use crate::buffer::{drain, save, Pages, Source};
use crate::workloads::Work;
use crate::Failure;
use attohttpc::body::{Body, BodyKind};
use attohttpc::RequestBuilder;
use std::fs::File;
use std::io::{self, Read, Write};

pub struct Attohttpc;

impl Client for Attohttpc {
    fn name(&self) -> &'static str {
        "attohttpc"
    }

    fn prepare(&self, task: &Task) -> Option<Prepared> {
        let url = task.url();
        let path = task.file.clone();
        let mut buffer = Pages::piece();
        let mut session = attohttpc::Session::new();
        if let Some(deadline) = task.deadline {
            session.timeout(deadline);
        }
        Some(match task.work {
            Work::Get { body } | Work::Connect { body } => repeat(body, move || {
                let (_, _, mut reader) = session.get(&url).send()?.split();
                Ok(drain(&mut reader, &mut buffer)?)
            }),
            Work::GetFile { body } => repeat(body, move || {
                let (_, _, mut reader) = session.get(&url).send()?.split();
                Ok(save(&mut reader, &path, &mut buffer)?)
            }),
            Work::PutSized { body } => repeat(CONFIRMED, move || {
                let content = Streamed::new(Source::new(body), BodyKind::KnownLength(body));
                confirmed(session.put(&url).body(content), &mut buffer)
            }),
            Work::PutChunked { body } => repeat(CONFIRMED, move || {
                let content = Streamed::new(Source::new(body), BodyKind::Chunked);
                confirmed(session.put(&url).body(content), &mut buffer)
            }),
            Work::PutFile { body } => repeat(CONFIRMED, move || {
                let content = Streamed::new(File::open(&path)?, BodyKind::KnownLength(body));
                confirmed(session.put(&url).body(content), &mut buffer)
            }),
            _ => return None,
        })
    }
}

fn confirmed<B: Body>(request: RequestBuilder<B>, buffer: &mut [u8]) -> Result<u64, Failure> {
    let (_, _, mut reader) = request.send()?.split();
    Ok(drain(&mut reader, buffer)?)
}

struct Streamed<R> {
    reader: R,
    kind: BodyKind,
    buffer: Pages,
}

impl<R: Read> Streamed<R> {
    fn new(reader: R, kind: BodyKind) -> Streamed<R> {
        Streamed { reader, kind, buffer: Pages::piece() }
    }
}

impl<R: Read> Body for Streamed<R> {
    fn kind(&mut self) -> io::Result<BodyKind> {
        Ok(self.kind)
    }

    fn write<W: Write>(&mut self, mut writer: W) -> io::Result<()> {
        loop {
            match self.reader.read(&mut self.buffer)? {
                0 => return Ok(()),
                length => writer.write_all(&self.buffer[..length])?,
            }
        }
    }
}
