//! Server-sent events (HTML standard §9.2): a response that goes on for as long as there is news.
//!
//! The stream is read and understood here, event by event. Connecting again when it ends is the
//! caller's affair, who knows whether that is wanted: [`EventStream::last_event_id`] is what the next
//! request should say in `Last-Event-ID`, unless it is empty, and [`EventStream::retry`] how long to wait
//! before it.

use std::fmt;
use std::io::Read;
use std::mem;
use std::time::Duration;

use crate::error::Result;
use crate::http::token;

use super::lines::{Lines, LONGEST};
use super::response::Response;

/// One event of an [`EventStream`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerEvent {
    /// What kind of event it is; `message` if it does not say.
    pub event: String,
    /// Its data; the lines of several `data` fields are joined by LF.
    pub data: String,
    /// The last id that this event or one before it in the same stream has given; empty if none has.
    pub id: String,
    /// How long to wait before connecting again, as far as the stream has said by now.
    pub retry: Option<Duration>,
}

/// The events of a [`Response`], or of any other reader, in order (HTML standard §9.2).
///
/// ```
/// use std::time::Duration;
/// use pannier::net::Script;
/// use pannier::{Client, Timeouts};
///
/// let script = Script::new()
///     .expect_until("\r\n\r\n")
///     .reply("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: hello\n\n")
///     .reply("id: 7\nevent: rise\ndata: the sun\ndata: is up\n\n")
///     .stall();
/// let client = Client::builder().connector(script.repeated()).build();
///
/// // Servers send a comment now and then. If not even that comes, the connection is dead.
/// let idle = Timeouts::default().read(Duration::from_millis(50));
/// let request = client.get("http://example.com/news").header("Accept", "text/event-stream");
/// let mut events = request.timeouts(idle).send()?.events()?;
///
/// let event = events.next().expect("there is one")?;
/// assert_eq!((&*event.event, &*event.data, &*event.id), ("rise", "the sun\nis up", "7"));
/// assert!(events.next().expect("an error").unwrap_err().is_timeout());
/// assert!(events.next().is_none());
/// assert_eq!(events.last_event_id(), "7"); // for the next request
/// # Ok::<(), pannier::Error>(())
/// ```
///
/// How long nothing may come is [`Timeouts::read`](crate::Timeouts::read); a total timeout would end
/// the stream whatever comes. An event that has not come to its end when the stream does is dropped.
/// After an error there is nothing more. Dropping the stream closes its connection.
///
/// Who connects again says in `Last-Event-ID` which event came last. A stream knows its own events only,
/// so what it was asked after holds until it has given an id:
///
/// ```
/// use pannier::net::Script;
/// use pannier::Client;
///
/// let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
/// let first = Script::new().expect_until("\r\n\r\n").reply(head).reply("id: 7\ndata: a\n\n").close();
/// let again = Script::new().expect_until("Last-Event-ID: 7\r\n").expect_until("\r\n\r\n");
/// let again = again.reply(head).reply("data: b\n\n").close();
/// let scripts = Script::connections([first, again.clone(), again]);
/// let client = Client::builder().connector(scripts).build();
///
/// let (mut last, mut news) = (String::new(), Vec::new());
/// for _ in 0..3 {
///     let mut request = client.get("http://example.com/news");
///     if !last.is_empty() {
///         request = request.header("Last-Event-ID", &last);
///     }
///     let mut events = request.send()?.events()?;
///     for event in events.by_ref() {
///         news.push(event?.data);
///     }
///     if !events.last_event_id().is_empty() {
///         last = events.last_event_id().to_owned();
///     }
/// }
/// assert_eq!(news, ["a", "b", "b"]);
/// # Ok::<(), pannier::Error>(())
/// ```
pub struct EventStream<R = Response> {
    lines: Lines<R>,
    /// What has come of the next event.
    event: String,
    data: Option<String>,
    id: String,
    /// The id as of the last event.
    last_id: String,
    retry: Option<Duration>,
    longest: usize,
}

impl<R: Read> EventStream<R> {
    /// The events in what `reader` gives, whatever its media type.
    pub fn new(reader: R) -> EventStream<R> {
        EventStream {
            lines: Lines::new(reader),
            event: String::new(),
            data: None,
            id: String::new(),
            last_id: String::new(),
            retry: None,
            longest: LONGEST,
        }
    }

    /// How many bytes a line, and the data of an event, may have; more are an error. Default 1 MiB.
    #[must_use]
    pub fn max_length(mut self, bytes: usize) -> EventStream<R> {
        self.lines = self.lines.max_length(bytes);
        self.longest = bytes;
        self
    }

    /// The id of the last event that had one, for the `Last-Event-ID` of the next request. Empty if no
    /// event of this stream had one: that of the request for it, if it had any, is to be sent again then.
    pub fn last_event_id(&self) -> &str {
        &self.last_id
    }

    /// How long to wait before connecting again, if the stream has said so.
    pub fn retry(&self) -> Option<Duration> {
        self.retry
    }

    /// HTML standard §9.2.6.
    fn next_event(&mut self) -> Result<Option<ServerEvent>> {
        loop {
            // Only a line that was ended is one.
            let line = match self.lines.read_line()?.filter(|line| line.ended) {
                Some(line) => line.text,
                None => return Ok(None),
            };
            if line.is_empty() {
                if let Some(event) = self.dispatch() {
                    return Ok(Some(event));
                }
            } else {
                self.field(&line)?;
            }
        }
    }

    /// `name:value`, `name: value`, `name`, or a comment, whose name is empty.
    fn field(&mut self, line: &str) -> Result<()> {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "event" => self.event = value.to_owned(),
            "data" => return self.add_data(value),
            "id" if !value.contains('\0') => self.id = value.to_owned(),
            "retry" => self.retry = milliseconds(value).or(self.retry),
            _ => {}
        }
        Ok(())
    }

    fn add_data(&mut self, value: &str) -> Result<()> {
        let length = self.data.as_ref().map_or(0, |data| data.len() + 1);
        if length + value.len() > self.longest {
            return Err(self.lines.too_long("the data of an event", self.longest));
        }
        match &mut self.data {
            Some(data) => {
                data.push('\n');
                data.push_str(value);
            }
            None => self.data = Some(value.to_owned()),
        }
        Ok(())
    }

    /// The event that an empty line ends, if there is one: it needs data.
    fn dispatch(&mut self) -> Option<ServerEvent> {
        self.last_id.clone_from(&self.id);
        let event = mem::take(&mut self.event);
        let data = self.data.take()?;
        let event = if event.is_empty() { "message".to_owned() } else { event };
        Some(ServerEvent { event, data, id: self.last_id.clone(), retry: self.retry })
    }
}

impl<R: Read> Iterator for EventStream<R> {
    type Item = Result<ServerEvent>;

    fn next(&mut self) -> Option<Result<ServerEvent>> {
        self.next_event().transpose()
    }
}

impl<R> fmt::Debug for EventStream<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStream")
            .field("last_event_id", &self.last_id)
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}

/// Digits and nothing else.
fn milliseconds(value: &str) -> Option<Duration> {
    token::decimal_or_most(value.as_bytes()).map(Duration::from_millis)
}
