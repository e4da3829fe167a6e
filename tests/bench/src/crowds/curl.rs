//! libcurl's multi interface: one thread, and a handle a connection that is used again and again.

use super::{Job, BODY};
use crate::clients::check;
use crate::Failure;
use curl::easy::{Easy2, Handler, WriteError};
use curl::multi::{Easy2Handle, Multi};
use std::time::Duration;

pub fn multi(job: &Job) -> Result<(), Failure> {
    let mut multi = Multi::new();
    multi.set_max_connects(job.connections)?;
    let mut idle = Vec::new();
    for _ in 0..job.connections.min(job.requests as usize) {
        let mut easy = Easy2::new(Received(0));
        easy.url(&job.url())?;
        idle.push(easy);
    }
    perform(&multi, &mut idle, job.requests, BODY)
}

/// So many requests by these handles, all of them at work as long as there is enough to do.
pub fn perform(
    multi: &Multi,
    idle: &mut Vec<Easy2<Received>>,
    requests: u32,
    body: u64,
) -> Result<(), Failure> {
    let begun = idle.len().min(requests as usize);
    let mut left = requests as usize - begun;
    let begin = idle.drain(idle.len() - begun..).enumerate();
    let begin = begin.map(|(token, easy)| Ok(Some(start(multi, easy, token)?)));
    let mut handles = begin.collect::<Result<Vec<_>, Failure>>()?;
    let mut running = begun;
    while running > 0 {
        multi.perform()?;
        for token in finished(multi)? {
            let handle = handles[token].take().ok_or("a handle finished twice")?;
            let mut easy = multi.remove2(handle)?;
            check(std::mem::take(&mut easy.get_mut().0), body)?;
            if left > 0 {
                handles[token] = Some(start(multi, easy, token)?);
                left -= 1;
            } else {
                idle.push(easy);
                running -= 1;
            }
        }
        multi.wait(&mut [], Duration::from_secs(1))?;
    }
    Ok(())
}

type Handle = Easy2Handle<Received>;

fn start(multi: &Multi, easy: Easy2<Received>, token: usize) -> Result<Handle, Failure> {
    let mut handle = multi.add2(easy)?;
    handle.set_token(token)?;
    Ok(handle)
}

/// The tokens of those that have finished well; an error if one has not.
fn finished(multi: &Multi) -> Result<Vec<usize>, Failure> {
    let mut outcomes = Vec::new();
    multi.messages(|message| {
        let outcome = message.result().unwrap_or(Ok(()));
        outcomes.push(outcome.and_then(|()| message.token()));
    });
    Ok(outcomes.into_iter().collect::<Result<_, _>>()?)
}

/// How many bytes of content came.
pub struct Received(pub u64);

impl Handler for Received {
    fn write(&mut self, data: &[u8]) -> Result<usize, WriteError> {
        self.0 += data.len() as u64;
        Ok(data.len())
    }
}
