//! libcurl's easy interface: as it comes, and with receive and send buffers of 512 KiB.
//!
//! It hands the body to a callback out of its own buffer, so nothing is copied to the caller.

use super::curl_streams::Streams;
use super::{repeat, Client, Prepared, Session, Task, CONFIRMED};
use crate::buffer::Source;
use crate::workloads::Work;
use crate::Failure;
use curl::easy::{Easy, HttpVersion, WriteError};
use std::fs::File;
use std::io::{Read, Write};

pub struct Curl {
    pub name: &'static str,
    pub buffer: Option<usize>,
}

impl Client for Curl {
    fn name(&self) -> &'static str {
        self.name
    }

    fn prepare(&self, task: &Task) -> Option<Prepared> {
        let mut easy = match self.handle(task) {
            Ok(easy) => easy,
            Err(error) => return Some(Err(error.into())),
        };
        let path = task.file.clone();
        Some(match task.work {
            Work::Get { body } | Work::Connect { body } | Work::Streams { body, depth: 1 } => {
                repeat(body, move || perform(&mut easy))
            }
            Work::Streams { body, depth } => Streams::new(task, body, depth)
                .map(|session| -> Box<dyn Session> { Box::new(session) }),
            Work::GetFile { body } => repeat(body, move || {
                let mut file = File::create(&path)?;
                let mut total = 0;
                let mut transfer = easy.transfer();
                transfer.write_function(|data| {
                    total += data.len() as u64;
                    file.write_all(data).map(|()| data.len()).map_err(|_| WriteError::Pause)
                })?;
                transfer.perform()?;
                drop(transfer);
                Ok(total)
            }),
            Work::PutSized { body } | Work::PutFile { body } => {
                let from_file = matches!(task.work, Work::PutFile { .. });
                repeat(CONFIRMED, move || {
                    easy.in_filesize(body)?;
                    if from_file {
                        upload(&mut easy, File::open(&path)?)
                    } else {
                        upload(&mut easy, Source::new(body))
                    }
                })
            }
            Work::PutChunked { body } => {
                repeat(CONFIRMED, move || upload(&mut easy, Source::new(body)))
            }
            _ => return None,
        })
    }
}

impl Curl {
    fn handle(&self, task: &Task) -> Result<Easy, curl::Error> {
        let mut easy = Easy::new();
        easy.url(&task.url())?;
        if let Some(deadline) = task.deadline {
            easy.timeout(deadline)?;
        }
        if let Some(size) = self.buffer {
            easy.buffer_size(size)?;
            easy.upload_buffer_size(size)?;
        }
        let puts = matches!(
            task.work,
            Work::PutSized { .. } | Work::PutChunked { .. } | Work::PutFile { .. }
        );
        if puts {
            easy.upload(true)?;
        }
        if let Work::Streams { .. } = task.work {
            easy.http_version(HttpVersion::V2PriorKnowledge)?;
        }
        Ok(easy)
    }
}

fn perform(easy: &mut Easy) -> Result<u64, Failure> {
    let mut total = 0;
    let mut transfer = easy.transfer();
    transfer.write_function(|data| {
        total += data.len() as u64;
        Ok(data.len())
    })?;
    transfer.perform()?;
    drop(transfer);
    Ok(total)
}

fn upload(easy: &mut Easy, mut source: impl Read) -> Result<u64, Failure> {
    let mut total = 0;
    let mut transfer = easy.transfer();
    transfer
        .read_function(|buffer| source.read(buffer).map_err(|_| curl::easy::ReadError::Abort))?;
    transfer.write_function(|data| {
        total += data.len() as u64;
        Ok(data.len())
    })?;
    transfer.perform()?;
    drop(transfer);
    Ok(total)
}
