//! httparse: the parser of heads that hyper and ureq use, in its fastest form (fields left uninitialised).

use super::{repeat, Client, Prepared, Task};
use crate::workloads::Work;
use crate::{heads, Failure};
use httparse::{Header, ParserConfig, Response, Status};
use std::hint::black_box;
use std::mem::MaybeUninit;

pub struct Httparse;

impl Client for Httparse {
    fn name(&self) -> &'static str {
        "httparse"
    }

    fn prepare(&self, task: &Task) -> Option<Prepared> {
        let fields = match task.work {
            Work::Head { fields } => fields,
            _ => return None,
        };
        let head = heads::response(fields, "Content-Length: 100");
        let config = ParserConfig::default();
        Some(repeat(head.len() as u64, move || parse(&config, black_box(&head))))
    }
}

fn parse(config: &ParserConfig, head: &[u8]) -> Result<u64, Failure> {
    let mut fields = [const { MaybeUninit::<Header<'_>>::uninit() }; MOST_FIELDS];
    let mut response = Response::new(&mut []);
    match config.parse_response_with_uninit_headers(&mut response, head, &mut fields)? {
        Status::Complete(length) => {
            black_box(&response);
            Ok(length as u64)
        }
        Status::Partial => Err("httparse wants more of a whole head".into()),
    }
}

/// As many as pannier accepts by default.
const MOST_FIELDS: usize = 128;
