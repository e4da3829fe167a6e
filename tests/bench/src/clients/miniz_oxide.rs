//! miniz_oxide: the decoder that most of the ecosystem uses. It has neither header nor checksum of gzip, so
//! it does a little less than the others.

use super::{repeat, Client, Prepared, Task};
use crate::buffer::Pages;
use crate::content::LENGTH;
use crate::workloads::Work;
use crate::Failure;
use miniz_oxide::inflate::stream::{inflate, InflateState};
use miniz_oxide::{DataFormat, MZFlush, MZStatus};
use std::hint::black_box;

pub struct MinizOxide;

impl Client for MinizOxide {
    fn name(&self) -> &'static str {
        "miniz_oxide"
    }

    fn prepare(&self, task: &Task) -> Option<Prepared> {
        let content = match task.work {
            Work::Inflate { content } => content,
            _ => return None,
        };
        let coded = content.gzip();
        let mut output = Pages::piece();
        Some(repeat(LENGTH as u64, move || decode(black_box(&coded[HEADER..]), &mut output)))
    }
}

fn decode(mut input: &[u8], output: &mut [u8]) -> Result<u64, Failure> {
    let mut state = InflateState::new_boxed(DataFormat::Raw);
    let mut total = 0;
    loop {
        let step = inflate(&mut state, input, output, MZFlush::None);
        input = &input[step.bytes_consumed..];
        total += step.bytes_written as u64;
        let status = step.status.map_err(|error| format!("miniz_oxide: {error:?}"))?;
        if status == MZStatus::StreamEnd {
            return Ok(total);
        }
    }
}

/// A gzip header without a name.
const HEADER: usize = 10;
