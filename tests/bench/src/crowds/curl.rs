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
    let begun = job.connections.min(job.requests as usize);
    let mut left = job.requests as usize - begun;
    let mut handles = Vec::with_capacity(begun);
    for token in 0..begun {
        let mut easy = Easy2::new(Received(0));
        easy.url(&job.url())?;
        handles.push(Some(start(&multi, easy, token)?));
    }
    let mut running = begun;
    while running > 0 {
        multi.perform()?;
        for token in finished(&multi)? {
            let handle = handles[token].take().ok_or("a handle finished twice")?;
            let mut easy = multi.remove2(handle)?;
            check(std::mem::take(&mut easy.get_mut().0), BODY)?;
            if left > 0 {
                handles[token] = Some(start(&multi, easy, token)?);
                left -= 1;
            } else {
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
struct Received(u64);

impl Handler for Received {
    fn write(&mut self, data: &[u8]) -> Result<usize, WriteError> {
        self.0 += data.len() as u64;
        Ok(data.len())
    }
}
