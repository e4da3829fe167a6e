//! pannier itself: one client, a request built once, with a deadline unless said otherwise.

use super::{check, repeat, Client, Prepared, Session, Task, CONFIRMED, DEADLINE};
use crate::buffer::{drain, Pages, Source};
use crate::content::LENGTH;
use crate::workloads::Work;
use crate::{heads, Failure};
use pannier::coding::Gzip;
use pannier::proto::h1::HeadParser;
use pannier::{
    Body, Client as Pooled, ClientBuilder, Leniency, Limits, Protocol, Request, Timeouts,
};
use std::fs::File;
use std::hint::black_box;
use std::iter;

pub struct Pannier;

impl Client for Pannier {
    fn name(&self) -> &'static str {
        "pannier"
    }

    fn prepare(&self, task: &Task) -> Option<Prepared> {
        let timeouts = match task.work {
            Work::Connect { .. } => Timeouts::default(),
            _ => Timeouts::default().total(DEADLINE),
        };
        let mut builder = Pooled::builder().timeouts(timeouts);
        if let Work::Streams { .. } = task.work {
            builder = over_http2(builder);
        }
        let client = builder.build();
        let url = task.url();
        let path = task.file.clone();
        let mut buffer = Pages::piece();
        Some(match task.work {
            Work::Get { body } | Work::Connect { body } | Work::Streams { body, depth: 1 } => {
                let request = match client.get(&url).build() {
                    Ok(request) => request,
                    Err(error) => return Some(Err(error.into())),
                };
                repeat(body, move || Ok(drain(&mut client.send(&request)?, &mut buffer)?))
            }
            Work::GetFile { body } => repeat(body, move || {
                let mut file = File::create(&path)?;
                Ok(client.get(&url).send()?.copy_to(&mut file)?)
            }),
            Work::PutSized { body } => repeat(CONFIRMED, move || {
                let content = Body::sized(Source::new(body), body);
                Ok(drain(&mut client.put(&url).body(content).send()?, &mut buffer)?)
            }),
            Work::PutChunked { body } => repeat(CONFIRMED, move || {
                let content = Body::reader(Source::new(body));
                Ok(drain(&mut client.put(&url).body(content).send()?, &mut buffer)?)
            }),
            Work::PutFile { .. } => repeat(CONFIRMED, move || {
                let content = Body::file(File::open(&path)?)?;
                Ok(drain(&mut client.put(&url).body(content).send()?, &mut buffer)?)
            }),
            // A pipeline has so many streams open where the connection has streams.
            Work::Pipeline { body, depth } | Work::Streams { body, depth } => {
                let request = client.get(&url).build();
                request.map_err(Failure::from).map(|request| -> Box<dyn Session> {
                    Box::new(Pipelined { client, request, depth, body, buffer })
                })
            }
            Work::GetCoded { .. } => match client.get(&url).build() {
                Ok(request) => repeat(LENGTH as u64, move || {
                    Ok(drain(&mut client.send(&request)?, &mut buffer)?)
                }),
                Err(error) => return Some(Err(error.into())),
            },
            Work::Inflate { content } => {
                let coded = content.gzip();
                repeat(LENGTH as u64, move || inflate(black_box(&coded), &mut buffer))
            }
            Work::Head { fields } => {
                let head = heads::response(fields, "Content-Length: 100");
                let mut parser = HeadParser::new(Limits::default(), Leniency::default());
                repeat(head.len() as u64, move || parse(&mut parser, black_box(&head)))
            }
        })
    }
}

/// Makes it speak HTTP/2 to every origin, without asking.
pub fn over_http2(builder: ClientBuilder) -> ClientBuilder {
    builder.protocol(Protocol::Http2PriorKnowledge)
}

struct Pipelined {
    client: Pooled,
    request: Request,
    depth: usize,
    body: u64,
    buffer: Pages,
}

impl Session for Pipelined {
    fn run(&mut self, requests: u32) -> Result<(), Failure> {
        let requests = iter::repeat_n(&self.request, requests as usize);
        for response in self.client.pipeline(requests).depth(self.depth) {
            check(drain(&mut response?, &mut self.buffer)?, self.body)?;
        }
        Ok(())
    }
}

fn parse(parser: &mut HeadParser, head: &[u8]) -> Result<u64, Failure> {
    Ok(black_box(pannier_parse_head(parser, head)) as u64)
}

fn inflate(coded: &[u8], output: &mut [u8]) -> Result<u64, Failure> {
    let mut gzip = Gzip::new();
    let (mut at, mut total) = (0, 0);
    while !gzip.is_complete() {
        let (taken, made) = gzip.read(&coded[at..], output)?;
        at += taken;
        total += made as u64;
    }
    Ok(total)
}

/// Parses one whole response head with the engine's parser and returns its length. As with httparse,
/// every field is split into name and value and checked, and the memory for that is reused.
fn pannier_parse_head(parser: &mut HeadParser, head: &[u8]) -> usize {
    match parser.scan(head) {
        Ok(Some(length)) => {
            parser.reset();
            length
        }
        _ => 0,
    }
}
