//! The origin over HTTP/2 (RFC 9113) with prior knowledge.
//!
//! What the client sends is read here, at once; it has its effect a round trip later, in the
//! [answers]. Requests are read for their path, content that comes with them for nothing. A client
//! that breaks a rule of frames or of field blocks is told which kind of rule by GOAWAY.

mod answers;

use std::net::TcpStream;
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use pannier::proto::h2::frame::{self, Frame, Settings};
use pannier::proto::h2::hpack::{Decoder, Encoder};
use pannier::proto::h2::ErrorCode;

use self::answers::{Answer, Answers};
use super::{number, size, Shared};

/// What came from the client and has an effect.
enum Came {
    /// A request, for so much content.
    Request {
        stream: u32,
        content: u64,
    },
    /// The settings that matter here, as far as they were changed.
    Settings {
        initial_window: Option<i64>,
        table: Option<usize>,
    },
    Ping([u8; 8]),
    /// Room for so much on a stream, or on the connection, which is stream 0.
    Window {
        stream: u32,
        increment: i64,
    },
    /// The stream is not wanted any more.
    Reset(u32),
    /// There will be no more.
    End(ErrorCode),
}

/// Reads here and answers on a thread of its own. It is the client that gives the connection up, so
/// that this is never said: false.
pub fn serve(stream: &TcpStream, shared: &Shared) -> bool {
    let (told, came) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(move || Answers::new(stream, shared).give(&came));
        let mut reading = Reading { told, decoder: Decoder::new(TABLE), block: None };
        let code = reading.read(stream, shared).err().unwrap_or(ErrorCode::NO_ERROR);
        let _ = reading.told.send((Instant::now(), Came::End(code)));
    });
    false
}

/// What crosses of answers with so much content each, one after the other.
pub fn sizes(contents: impl Iterator<Item = u64>) -> Vec<u64> {
    let mut encoder = Encoder::new();
    let size = |content| {
        let mut answer = Answer::new(1, content, i64::MAX);
        let mut size = 0;
        while !answer.is_given() {
            size += answer.segment(i64::MAX, &mut encoder).0.len() as u64;
        }
        size
    };
    contents.map(size).collect()
}

/// Frames on their way in.
struct Reading {
    told: mpsc::Sender<(Instant, Came)>,
    decoder: Decoder,
    /// A field block that goes on in the next frame, and its stream.
    block: Option<(u32, Vec<u8>)>,
}

impl Reading {
    /// Reads until the client has no more, or breaks a rule.
    fn read(&mut self, stream: &TcpStream, shared: &Shared) -> Result<(), ErrorCode> {
        let mut unread = Vec::new();
        let mut buffer = [0; 16 * 1024];
        let mut begun = false;
        loop {
            let count = shared.read(stream, &mut buffer).unwrap_or(0);
            if count == 0 {
                return Ok(());
            }
            let at = Instant::now();
            unread.extend(&buffer[..count]);
            let mut rest = &unread[..];
            if !begun {
                match rest.strip_prefix(PREFACE) {
                    Some(behind) => rest = behind,
                    None if PREFACE.starts_with(rest) => continue,
                    None => return Err(ErrorCode::PROTOCOL_ERROR),
                }
                begun = true;
            }
            let code = |error: frame::Error| error.code();
            while let Some((frame, length)) = Frame::read(rest, MAX_FRAME_SIZE).map_err(code)? {
                rest = &rest[length..];
                if let Some(came) = self.take(frame)? {
                    self.told.send((at, came)).map_err(|_| ErrorCode::NO_ERROR)?;
                }
            }
            unread.drain(..unread.len() - rest.len());
        }
    }

    fn take(&mut self, frame: Frame<'_>) -> Result<Option<Came>, ErrorCode> {
        // RFC 9113 §6.10: nothing may stand between the frames of a field block.
        let is_next = matches!(frame, Frame::Continuation { .. });
        if self.block.is_some() != is_next {
            return Err(ErrorCode::PROTOCOL_ERROR);
        }
        Ok(match frame {
            Frame::Headers { stream, fragment, end_headers, .. } => {
                self.block = Some((stream, Vec::new()));
                self.fragment(stream, fragment, end_headers)?
            }
            Frame::Continuation { stream, fragment, end_headers } => {
                self.fragment(stream, fragment, end_headers)?
            }
            Frame::Settings(settings) if !settings.is_ack() => Some(settings_of(&settings)),
            Frame::Ping { ack: false, payload } => Some(Came::Ping(payload)),
            Frame::WindowUpdate { stream, increment } => {
                Some(Came::Window { stream, increment: increment.into() })
            }
            Frame::RstStream { stream, .. } => Some(Came::Reset(stream)),
            // After its GOAWAY the client closes, when it has what it waits for.
            _ => None,
        })
    }

    /// The next piece of the field block; the request, if that was the last.
    fn fragment(
        &mut self,
        stream: u32,
        fragment: &[u8],
        is_last: bool,
    ) -> Result<Option<Came>, ErrorCode> {
        let Some((begun, block)) = &mut self.block else { return Ok(None) };
        if *begun != stream {
            return Err(ErrorCode::PROTOCOL_ERROR);
        }
        block.extend(fragment);
        if block.len() > LONGEST_BLOCK {
            return Err(ErrorCode::ENHANCE_YOUR_CALM);
        }
        if !is_last {
            return Ok(None);
        }
        let mut path = String::new();
        let mut sink = |name: &[u8], value: &[u8]| {
            if name == b":path" {
                path = String::from_utf8_lossy(value).into_owned();
            }
        };
        self.decoder.decode(block, &mut sink).map_err(|_| ErrorCode::COMPRESSION_ERROR)?;
        self.block = None;
        Ok(Some(Came::Request { stream, content: size(number(&path)) }))
    }
}

fn settings_of(settings: &Settings<'_>) -> Came {
    let last = |wanted| settings.iter().filter(|(id, _)| *id == wanted).last();
    Came::Settings {
        initial_window: last(Settings::INITIAL_WINDOW_SIZE).map(|(_, value)| value.into()),
        table: last(Settings::HEADER_TABLE_SIZE).map(|(_, value)| value as usize),
    }
}

/// RFC 9113 §3.4.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// The values that hold where no SETTINGS say otherwise (RFC 9113 §6.5.2).
const MAX_FRAME_SIZE: u32 = 16_384;
const TABLE: usize = 4096;
/// Those of this laboratory have some hundred bytes.
const LONGEST_BLOCK: usize = 64 << 10;

#[cfg(test)]
mod tests;
