//! zlib-rs: the fastest decoder of deflate in Rust, alone and behind the raw loop over a socket.

use super::{raw, repeat, Client, Prepared, Task};
use crate::buffer::Pages;
use crate::content::{Content, LENGTH};
use crate::workloads::Work;
use crate::Failure;
use std::hint::black_box;
use std::io::Read;
use zlib_rs::{Inflate, InflateFlush, Status};

pub struct ZlibRs;

impl Client for ZlibRs {
    fn name(&self) -> &'static str {
        "zlib-rs"
    }

    fn prepare(&self, task: &Task) -> Option<Prepared> {
        let mut output = Pages::piece();
        Some(match task.work {
            Work::Inflate { content } => {
                let coded = content.gzip();
                repeat(LENGTH as u64, move || {
                    let mut inflate = new();
                    step(&mut inflate, black_box(&coded), &mut output)?;
                    Ok(inflate.total_out())
                })
            }
            Work::GetCoded { content } => get(task, content, output),
            _ => return None,
        })
    }
}

fn get(task: &Task, content: Content, mut output: Pages) -> Prepared {
    let mut stream = raw::connect(task.address)?;
    let request = raw::head("GET", task.address, "Accept-Encoding: gzip");
    let length = content.gzip().len();
    let mut input = Pages::piece();
    repeat(LENGTH as u64, move || {
        std::io::Write::write_all(&mut stream, &request)?;
        let (head, mut filled) = raw::read_head(&mut stream, &mut input)?;
        let (mut at, mut left) = (head, length);
        let mut inflate = new();
        loop {
            step(&mut inflate, &input[at..filled], &mut output)?;
            left -= filled - at;
            if left == 0 {
                return Ok(inflate.total_out());
            }
            at = 0;
            filled = stream.read(&mut input)?;
        }
    })
}

fn new() -> Inflate {
    // More than 15 bits stand for gzip.
    Inflate::new(true, 16 + 15)
}

fn step(inflate: &mut Inflate, input: &[u8], output: &mut [u8]) -> Result<(), Failure> {
    let before = inflate.total_in();
    loop {
        let (taken, made) = (inflate.total_in() - before, inflate.total_out());
        let status = inflate.decompress(&input[taken as usize..], output, InflateFlush::NoFlush);
        match status.map_err(|error| format!("zlib-rs: {error:?}"))? {
            Status::StreamEnd => return Ok(()),
            _ if inflate.total_in() - before == input.len() as u64
                && inflate.total_out() - made < output.len() as u64 =>
            {
                return Ok(());
            }
            _ => {}
        }
    }
}
