//! Event streams: split anywhere, the same events come, and they are those of the standard's algorithm
//! carried out on the whole text.

use std::io::Read;
use std::time::Duration;

use pannier::{EventStream, Lines, ServerEvent};

use super::Dice;

pub fn check(data: &[u8]) {
    let (expected, last_id) = reference(data);
    for step in [usize::MAX, 1, 0] {
        let mut stream = EventStream::new(Pieces::new(data, step));
        let events: Vec<ServerEvent> =
            stream.by_ref().map(|event| event.expect("nothing is too long")).collect();
        assert_eq!(events, expected, "pieces of {}", step);
        assert_eq!(stream.last_event_id(), last_id);
        assert!(stream.next().is_none());
        let lines: Result<Vec<String>, _> = Lines::new(Pieces::new(data, step)).collect();
        assert_eq!(lines.expect("nothing is too long"), naive_lines(data));
    }
}

/// Gives some bytes at a time; a step of 0 is one that changes.
struct Pieces<'a> {
    data: &'a [u8],
    step: usize,
    dice: Dice,
}

impl<'a> Pieces<'a> {
    fn new(data: &'a [u8], step: usize) -> Pieces<'a> {
        Pieces { data, step, dice: Dice::new(data) }
    }
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let step = if self.step == 0 { self.dice.roll(9) } else { self.step };
        let count = step.min(self.data.len()).min(buffer.len());
        let (now, later) = self.data.split_at(count);
        buffer[..count].copy_from_slice(now);
        self.data = later;
        Ok(count)
    }
}

/// The text without its mark, every line end a LF.
fn unified(data: &[u8]) -> String {
    let text = String::from_utf8_lossy(data);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    text.replace("\r\n", "\n").replace('\r', "\n")
}

fn naive_lines(data: &[u8]) -> Vec<String> {
    let text = unified(data);
    let mut lines = text.split('\n').map(str::to_owned).collect::<Vec<_>>();
    if text.is_empty() || text.ends_with('\n') {
        lines.pop();
    }
    lines
}

/// HTML standard §9.2.6, and the id that the next request would give.
fn reference(data: &[u8]) -> (Vec<ServerEvent>, String) {
    let text = unified(data);
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let lines = if text.contains('\n') { whole.split('\n').collect() } else { Vec::new() };
    let (mut data_buffer, mut type_buffer, mut id_buffer) =
        (String::new(), String::new(), String::new());
    let (mut events, mut last_id, mut retry) = (Vec::new(), String::new(), None);
    for line in lines {
        if line.is_empty() {
            last_id = id_buffer.clone();
            if !data_buffer.is_empty() {
                data_buffer.pop();
                let event = if type_buffer.is_empty() { "message" } else { &type_buffer };
                events.push(ServerEvent {
                    event: event.to_owned(),
                    data: data_buffer,
                    id: last_id.clone(),
                    retry,
                });
            }
            (data_buffer, type_buffer) = (String::new(), String::new());
            continue;
        }
        let (field, value) = match line.find(':') {
            Some(0) => continue,
            Some(at) => (&line[..at], &line[at + 1..]),
            None => (line, ""),
        };
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => type_buffer = value.to_owned(),
            "data" => data_buffer += &format!("{}\n", value),
            "id" if !value.contains('\0') => id_buffer = value.to_owned(),
            "retry" if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) => {
                let millis = value.bytes().fold(0_u64, |sum, digit| {
                    sum.saturating_mul(10).saturating_add(u64::from(digit - b'0'))
                });
                retry = Some(Duration::from_millis(millis));
            }
            _ => {}
        }
    }
    (events, last_id)
}
