//! The floor of pipelining: as many requests as may be in flight in one call, and for every read that
//! brought answers as many requests more.

use super::raw::{connect, head, read_some};
use super::{Client, Prepared, Session, Task};
use crate::answer::Answer;
use crate::buffer::Pages;
use crate::server::Reply;
use crate::workloads::Work;
use crate::Failure;
use std::io::{self, Write};
use std::net::TcpStream;

pub struct RawPipelined;

impl Client for RawPipelined {
    fn name(&self) -> &'static str {
        "raw-pipelined"
    }

    fn prepare(&self, task: &Task) -> Option<Prepared> {
        match task.work {
            Work::Pipeline { depth, .. } => Some(match Pipelined::new(task, depth) {
                Ok(session) => Ok(Box::new(session)),
                Err(error) => Err(error.into()),
            }),
            _ => None,
        }
    }
}

struct Pipelined {
    stream: TcpStream,
    /// As many requests as may be in flight, and the length of one.
    requests: Vec<u8>,
    request: usize,
    answer: usize,
    depth: usize,
    buffer: Pages,
}

impl Pipelined {
    fn new(task: &Task, depth: usize) -> io::Result<Pipelined> {
        let request = head("GET", task.address, "Accept: */*");
        Ok(Pipelined {
            stream: connect(task.address)?,
            requests: request.repeat(depth),
            request: request.len(),
            answer: Answer::new(Reply::Pipelined(0)).into_bytes().len(),
            depth,
            buffer: Pages::piece(),
        })
    }

    fn send(&mut self, count: usize) -> io::Result<()> {
        self.stream.write_all(&self.requests[..count * self.request])
    }
}

impl Session for Pipelined {
    fn run(&mut self, requests: u32) -> Result<(), Failure> {
        let total = requests as usize;
        let (mut sent, mut received) = (total.min(self.depth), 0);
        self.send(sent)?;
        while received < total * self.answer {
            received += read_some(&mut self.stream, &mut self.buffer)?;
            let more = (received / self.answer + self.depth).min(total) - sent;
            if more > 0 {
                self.send(more)?;
                sent += more;
            }
        }
        Ok(())
    }
}
