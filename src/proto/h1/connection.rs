//! One client connection of HTTP/1 (RFC 9112 §9): requests out, responses in, in order.
//!
//! ```text
//!            send_head         send_data*          send_end
//!   Ready ──────────────► Length | Chunked ──────────────────► Ready       (writing)
//!
//!                Informational*       Head             Data*  Trailers?
//!   Head ─────────────────────────────► Length | Chunked | UntilClose ─┐   (reading)
//!    ▲                                  │ none                          │
//!    └──────────────── End ◄────────────┴───────────────────────────────┘
//! ```
//!
//! The two sides run independently, so that a final response may come while the request's content
//! is still being sent. The requests that wait for a response are a queue; with more than one in it
//! the connection is pipelined. The end of the peer's stream is an event of its own, never a read of
//! nothing: where it comes decides whether a response is complete.

use std::collections::VecDeque;

use crate::http::Headers;
use crate::proto::{CloseReason, Limits, ResponseHead};

use super::chunked::{ChunkedDecoder, SizeLine};
use super::fields::FieldSection;
use super::framing::{response_framing, RequestKind};
use super::repeated::Repeated;
use super::request::{InFlight, Intent, PreparedHead};
use super::response::LONGEST;
use super::{Error, Framing, HeadParser, KeepAlive, Leniency, RequestHead, Transfer};

/// The state of one connection, without the connection.
///
/// ```
/// use pannier::http::{Headers, Method, Version};
/// use pannier::proto::h1::{Connection, Event, Leniency, RequestHead, Target, Transfer};
/// use pannier::proto::Limits;
///
/// let mut connection = Connection::new(Limits::default(), Leniency::default());
/// let mut wire = Vec::new();
/// let head = RequestHead {
///     method: &Method::GET,
///     target: &Target::verbatim("/")?,
///     version: Version::Http11,
///     headers: &Headers::new(),
///     transfer: Transfer::Decoded,
/// };
/// connection.send_head(&head, &mut wire)?;
///
/// let input = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
/// let mut content = [0; 64];
/// let (used, event) = connection.recv(input, &mut content)?;
/// assert!(matches!(event, Some(Event::Head(head)) if head.status().as_u16() == 200));
/// let (_, event) = connection.recv(&input[used..], &mut content)?;
/// assert!(matches!(event, Some(Event::Data(5))));
/// let (_, event) = connection.recv(b"", &mut content)?;
/// assert!(matches!(event, Some(Event::End)));
/// assert_eq!(connection.persistence(), Ok(()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Connection {
    limits: Limits,
    leniency: Leniency,
    parser: HeadParser,
    /// Requests whose responses have not ended, oldest first.
    in_flight: VecDeque<InFlight>,
    writing: Writing,
    reading: Reading,
    /// The trailer section that is read now.
    trailers: FieldSection,
    /// Interim responses since the last final one.
    interim: usize,
    keep_alive: KeepAlive,
    closing: Option<CloseReason>,
    /// The response that is read now has a `Content-Encoding`.
    coded: bool,
    /// The response that is read now says that none comes after it.
    last: bool,
    /// No head has come yet.
    fresh: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writing {
    Ready,
    Length { left: u64 },
    Chunked,
}

#[derive(Debug)]
enum Reading {
    Head,
    Length {
        left: u64,
        total: u64,
    },
    Chunked {
        decoder: ChunkedDecoder,
        received: u64,
    },
    Trailers {
        received: u64,
    },
    /// A trailer section of which this much is still to be handed on raw.
    RawTrailers {
        left: usize,
        received: u64,
    },
    UntilClose,
    /// The content has ended, but the event has not been taken yet.
    Ended,
    Switched,
    Failed(Error),
}

/// What happened on the connection.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// An interim response (1xx): the final one is still to come.
    Informational(ResponseHead),
    /// The head of the final response to the oldest request in flight.
    Head(ResponseHead),
    /// This much content stands at the beginning of the output, at least one byte.
    Data(usize),
    /// The trailer section of a chunked response, if it is not empty. Its fields change nothing.
    Trailers(Headers),
    /// The response is complete.
    End,
    /// After the head of a 101, or of a 2xx to CONNECT: what follows is not HTTP, and the rest of the
    /// input belongs to the other protocol.
    Switched,
}

/// The framing around a piece of outgoing content.
#[derive(Clone, Copy, Debug)]
pub struct DataFrame {
    /// What goes before it.
    pub before: SizeLine,
    /// What goes after it.
    pub after: &'static [u8],
}

impl Connection {
    /// A new connection, on which nothing was sent or received.
    pub fn new(limits: Limits, leniency: Leniency) -> Connection {
        Connection {
            limits,
            leniency,
            parser: HeadParser::new(limits, leniency),
            in_flight: VecDeque::new(),
            writing: Writing::Ready,
            reading: Reading::Head,
            trailers: FieldSection::new(),
            interim: 0,
            keep_alive: KeepAlive::default(),
            closing: None,
            coded: false,
            last: false,
            fresh: true,
        }
    }

    /// Sends a request head: appends it to `out` and puts the request in flight. The framing of the
    /// content follows from its fields; unless it is [`Framing::Empty`] the content comes next.
    ///
    /// # Errors
    /// [`Error::NotReady`] if the content of the request before is unfinished, that request may end
    /// HTTP on this connection, or it is to close; [`Error::RequestFraming`] for framing fields that are
    /// invalid. Nothing is sent then.
    pub fn send_head(
        &mut self,
        head: &RequestHead<'_>,
        out: &mut Vec<u8>,
    ) -> Result<Framing, Error> {
        self.send_prepared(&PreparedHead::new(*head)?, out)
    }

    /// The same with a head of which it is known already what it means.
    ///
    /// # Errors
    /// [`Error::NotReady`] as for [`send_head`](Connection::send_head).
    pub fn send_prepared(
        &mut self,
        prepared: &PreparedHead<'_>,
        out: &mut Vec<u8>,
    ) -> Result<Framing, Error> {
        // RFC 9110 §9.3.6, §7.8: what is sent behind a CONNECT or an upgrade may go into the tunnel,
        // or to the other protocol.
        let switches = self.in_flight.back().map_or(false, InFlight::may_switch);
        if self.writing != Writing::Ready || self.closing.is_some() || switches {
            return Err(Error::NotReady);
        }
        let Intent { framing, close, in_flight } = prepared.intent;
        prepared.head.write_to(out);
        self.writing = match framing {
            Framing::Length(left) => Writing::Length { left },
            Framing::Chunked => Writing::Chunked,
            _ => Writing::Ready,
        };
        self.closing = close;
        self.in_flight.push_back(in_flight);
        Ok(framing)
    }

    /// Sends `length` bytes of content: returns what must stand around them. No bytes, no frame.
    ///
    /// # Errors
    /// [`Error::ContentTooLong`] if fewer are left, or none are due.
    pub fn send_data(&mut self, length: u64) -> Result<DataFrame, Error> {
        let bare = DataFrame { before: SizeLine::EMPTY, after: b"" };
        match &mut self.writing {
            _ if length == 0 => Ok(bare),
            Writing::Chunked => Ok(DataFrame { before: SizeLine::new(length), after: b"\r\n" }),
            Writing::Length { left } if length <= *left => {
                *left -= length;
                Ok(bare)
            }
            Writing::Length { .. } | Writing::Ready => Err(Error::ContentTooLong),
        }
    }

    /// Ends the content: returns what must follow it.
    ///
    /// # Errors
    /// [`Error::ContentTooShort`] if more was announced.
    pub fn send_end(&mut self) -> Result<&'static [u8], Error> {
        let last: &[u8] = match self.writing {
            Writing::Length { left } if left > 0 => return Err(Error::ContentTooShort(left)),
            Writing::Length { .. } | Writing::Ready => b"",
            Writing::Chunked => b"0\r\n\r\n",
        };
        self.writing = Writing::Ready;
        Ok(last)
    }

    /// Ends chunked content with a trailer section (RFC 9112 §7.1.2): appends what must follow to `out`.
    /// Which fields may be there is for [`trailer::is_allowed`](crate::http::trailer::is_allowed) to say.
    ///
    /// # Errors
    /// [`Error::RequestFraming`] if the content is not chunked, so that there is no place for one.
    pub fn send_trailers(&mut self, trailers: &Headers, out: &mut Vec<u8>) -> Result<(), Error> {
        if self.writing != Writing::Chunked {
            return Err(Error::RequestFraming);
        }
        out.extend_from_slice(b"0\r\n");
        trailers.write_to(out);
        out.extend_from_slice(b"\r\n");
        self.writing = Writing::Ready;
        Ok(())
    }

    /// Reads on in `input`, the unconsumed bytes from the peer; content goes to `output`. Returns how
    /// much was consumed and what happened. Without an event more input is needed, in addition to
    /// what was not consumed.
    ///
    /// A content byte is consumed only if `output` has room for it; with an empty `output` the engine
    /// still reads heads and finds ends.
    ///
    /// # Errors
    /// The rule that the peer broke. The connection has failed then, and the same error comes again.
    pub fn recv(
        &mut self,
        input: &[u8],
        output: &mut [u8],
    ) -> Result<(usize, Option<Event>), Error> {
        let result = match self.reading {
            Reading::Head => self.recv_head(input),
            Reading::Trailers { .. } => self.recv_trailers(input, output),
            Reading::Ended => Ok((0, Some(self.end(input)))),
            Reading::Switched => Ok((0, Some(Event::Switched))),
            Reading::Failed(error) => return Err(error),
            _ => self.recv_data(input, output),
        };
        result.map_err(|error| self.fail(error))
    }

    /// The peer's stream has ended, orderly. Everything before it was given to `recv`.
    ///
    /// # Errors
    /// The response in flight is not complete, unless its content was to run until the close.
    pub fn recv_eof(&mut self) -> Result<Event, Error> {
        let error = match &self.reading {
            Reading::UntilClose | Reading::Ended => return Ok(self.end(b"")),
            Reading::Switched => return Ok(Event::Switched),
            Reading::Failed(error) => return Err(*error),
            // After an interim response it is no longer as if nothing had come.
            Reading::Head if self.parser.is_at_start() => match self.interim {
                0 => Error::ClosedBeforeResponse,
                _ => Error::ClosedAfterInterim,
            },
            Reading::Head => Error::ClosedInHead,
            Reading::Length { left, total } => {
                Error::Truncated { received: total - left, expected: Some(*total) }
            }
            Reading::Chunked { received, .. }
            | Reading::Trailers { received }
            | Reading::RawTrailers { received, .. } => {
                Error::Truncated { received: *received, expected: None }
            }
        };
        Err(self.fail(error))
    }

    /// How many bytes the reader may take from the peer directly into its own memory, instead of
    /// handing them to `recv`, if nothing unconsumed is left.
    pub fn direct(&self) -> u64 {
        match &self.reading {
            Reading::Length { left, .. } => *left,
            Reading::Chunked { decoder, .. } if self.transfer() == Transfer::Decoded => {
                decoder.data_left()
            }
            Reading::UntilClose => u64::MAX,
            _ => 0,
        }
    }

    /// Can the response end without another byte of content? If not, there is no use in asking.
    pub fn may_end(&self) -> bool {
        !matches!(self.reading, Reading::Head | Reading::Length { .. } | Reading::UntilClose)
    }

    /// Is the end of the peer's stream that of the content?
    pub fn ends_with_stream(&self) -> bool {
        matches!(self.reading, Reading::UntilClose)
    }

    /// Is the last of the content in `input`, what is unconsumed? A trailer section may follow it still,
    /// and what is broken there counts as the last, since nothing is read beyond it.
    pub fn ends_within(&self, input: &[u8]) -> bool {
        match &self.reading {
            Reading::Length { left, .. } => input.len() as u64 >= *left,
            Reading::Chunked { decoder, .. } => {
                let mut ahead = decoder.clone();
                let mut rest = input;
                while !rest.is_empty() && !ahead.is_done() {
                    match ahead.pass(rest, rest.len()) {
                        Ok(count) => rest = &rest[count..],
                        Err(_) => return true,
                    }
                }
                ahead.is_done()
            }
            Reading::Head | Reading::UntilClose => false,
            _ => true,
        }
    }

    /// Says that `count` bytes were taken directly, at most [`direct`](Connection::direct).
    pub fn recv_direct(&mut self, count: u64) {
        match &mut self.reading {
            Reading::Length { left, .. } => {
                *left = left.saturating_sub(count);
                if *left == 0 {
                    self.reading = Reading::Ended;
                }
            }
            Reading::Chunked { decoder, received } => {
                decoder.skip(count);
                *received += count;
            }
            _ => {}
        }
    }

    /// May the connection carry another exchange? It may after a complete one, if nothing on either
    /// side speaks against it (RFC 9112 §9.3).
    ///
    /// # Errors
    /// Why not.
    pub fn persistence(&self) -> Result<(), CloseReason> {
        match (self.closing, self.writing, &self.reading) {
            (Some(reason), _, _) => Err(reason),
            (None, _, Reading::Switched) => Err(CloseReason::Upgraded),
            (None, Writing::Ready, Reading::Head) if self.in_flight.is_empty() => Ok(()),
            (None, Writing::Ready, _) => Err(CloseReason::UnfinishedResponse),
            (None, _, _) => Err(CloseReason::UnfinishedRequest),
        }
    }

    /// Had the last final head a `Content-Encoding`? That is no matter of the connection, but it is
    /// found on the way to what is.
    pub fn is_coded(&self) -> bool {
        self.coded
    }

    /// Why the connection ends after what is under way, if that is known already.
    pub fn close_reason(&self) -> Option<CloseReason> {
        self.closing
    }

    /// Does the request that was sent last want to hear 100 Continue before its content
    /// (RFC 9110 §10.1.1)?
    pub fn expects_continue(&self) -> bool {
        self.in_flight.back().map_or(false, |request| request.expects_continue)
    }

    /// What the last response's `Keep-Alive` said.
    pub fn keep_alive(&self) -> KeepAlive {
        self.keep_alive
    }

    /// How many requests wait for the end of their response.
    pub fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// How many bytes of content are left, if the length is known.
    pub fn content_left(&self) -> Option<u64> {
        match &self.reading {
            Reading::Length { left, .. } => Some(*left),
            Reading::Ended => Some(0),
            _ => None,
        }
    }

    /// On its own, so that the calls for content and its end, which do little, stay short.
    #[inline(never)]
    fn recv_head(&mut self, input: &[u8]) -> Result<(usize, Option<Event>), Error> {
        let request = match self.in_flight.front() {
            Some(request) => *request,
            None if input.is_empty() => return Ok((0, None)),
            None => return Err(Error::Unsolicited),
        };
        if self.leniency.http09 && self.is_simple(request, input) {
            self.reading = Reading::UntilClose;
            self.last = true;
            self.close_for(CloseReason::CloseDelimited);
            return Ok((0, Some(Event::Head(ResponseHead::simple()))));
        }
        match self.parser.parse(input)? {
            Some((used, head)) => self.heed_head(request, used, head),
            None => Ok((0, None)),
        }
    }

    /// Heeds the head of a response to `request`, and hands it on.
    fn heed_head(
        &mut self,
        request: InFlight,
        used: usize,
        head: ResponseHead,
    ) -> Result<(usize, Option<Event>), Error> {
        self.fresh = false;
        match head.status().as_u16() {
            101 if request.asks_upgrade => self.reading = self.switched(),
            101 => return Err(Error::UnaskedUpgrade),
            100..=199 => {
                self.count_interim()?;
                return Ok((used, Some(Event::Informational(head))));
            }
            _ => self.final_head(request, &head)?,
        }
        Ok((used, Some(Event::Head(head))))
    }

    /// Is this no head at all, but the content of HTTP/0.9?
    fn is_simple(&self, request: InFlight, input: &[u8]) -> bool {
        let may_be = self.fresh && self.in_flight.len() == 1 && request.kind == RequestKind::Other;
        let prefix = &NAME[..NAME.len().min(input.len())];
        may_be && !input.starts_with(prefix)
    }

    fn count_interim(&mut self) -> Result<(), Error> {
        self.interim += 1;
        match self.interim <= self.limits.interim_responses {
            true => Ok(()),
            false => Err(Error::TooManyInterim(self.limits.interim_responses)),
        }
    }

    /// HTTP ends here. RFC 9110 §7.8: nothing else can begin before the request was sent whole, or it would
    /// be taken for a part of that.
    fn switched(&mut self) -> Reading {
        self.closing = Some(match self.writing {
            Writing::Ready => CloseReason::Upgraded,
            Writing::Length { .. } | Writing::Chunked => CloseReason::UnfinishedRequest,
        });
        Reading::Switched
    }

    fn final_head(&mut self, request: InFlight, head: &ResponseHead) -> Result<(), Error> {
        let control = self.parser.control(head.headers());
        let (framing, reason) = response_framing(&request, head, control)?;
        self.interim = 0;
        self.keep_alive = control.hints();
        self.coded = control.is_coded();
        let asked = CloseReason::RequestedByServer;
        let version = control.close_reason(head.version(), asked, CloseReason::Http10);
        if let Some(reason) = reason.or(version) {
            self.last = true;
            self.close_for(reason);
        }
        self.reading = match framing {
            Framing::Empty => Reading::Ended,
            Framing::Length(total) => Reading::Length { left: total, total },
            Framing::Chunked => Reading::Chunked {
                decoder: ChunkedDecoder::new(self.limits.chunk_line),
                received: 0,
            },
            Framing::UntilClose => Reading::UntilClose,
            Framing::Switched => self.switched(),
        };
        Ok(())
    }

    fn recv_data(
        &mut self,
        input: &[u8],
        output: &mut [u8],
    ) -> Result<(usize, Option<Event>), Error> {
        let transfer = self.transfer();
        let (consumed, produced) = match &mut self.reading {
            Reading::Chunked { decoder, received } if transfer == Transfer::Raw => {
                let count = decoder.pass(input, output.len())?;
                *received += count as u64;
                (count, copy(&input[..count], output))
            }
            Reading::Chunked { decoder, received } => {
                let (consumed, produced) = decoder.read(input, output)?;
                *received += produced as u64;
                (consumed, produced)
            }
            Reading::Length { left, .. } => {
                let limit = usize::try_from(*left).unwrap_or(usize::MAX).min(input.len());
                let count = copy(&input[..limit], output);
                *left -= count as u64;
                (count, count)
            }
            Reading::RawTrailers { left, received } => {
                let count = copy(&input[..input.len().min(*left)], output);
                *left -= count;
                *received += count as u64;
                (count, count)
            }
            Reading::UntilClose => {
                let count = copy(input, output);
                (count, count)
            }
            _ => (0, 0),
        };
        self.after_data();
        match produced {
            0 => self.after_framing(consumed, input, output),
            _ => Ok((consumed, Some(Event::Data(produced)))),
        }
    }

    /// Moves on where the content has come to its end.
    fn after_data(&mut self) {
        match &self.reading {
            Reading::Length { left: 0, .. } | Reading::RawTrailers { left: 0, .. } => {
                self.reading = Reading::Ended
            }
            Reading::Chunked { decoder, received } if decoder.is_done() => {
                self.trailers = FieldSection::new();
                self.reading = Reading::Trailers { received: *received };
            }
            _ => {}
        }
    }

    /// Nothing came for the output: what comes after the content may be there.
    fn after_framing(
        &mut self,
        consumed: usize,
        input: &[u8],
        output: &mut [u8],
    ) -> Result<(usize, Option<Event>), Error> {
        let rest = &input[consumed..];
        match self.reading {
            Reading::Ended => Ok((consumed, Some(self.end(rest)))),
            Reading::Trailers { .. } => {
                let (used, event) = self.recv_trailers(rest, output)?;
                Ok((consumed + used, event))
            }
            _ => Ok((consumed, None)),
        }
    }

    fn recv_trailers(
        &mut self,
        input: &[u8],
        output: &mut [u8],
    ) -> Result<(usize, Option<Event>), Error> {
        let received = match self.reading {
            Reading::Trailers { received } => received,
            _ => return Ok((0, None)),
        };
        let most = self.limits.head_lines;
        // The empty line comes where no trailers do.
        let limit = self.limits.trailer_bytes.clamp("\r\n".len(), LONGEST);
        let within = &input[..input.len().min(limit)];
        let end = match self.trailers.parse(within, &Repeated::default(), most, self.leniency)? {
            Some(end) => end,
            None if input.len() > limit => {
                return Err(Error::TrailerTooLong(self.limits.trailer_bytes))
            }
            None => return Ok((0, None)),
        };
        if self.transfer() == Transfer::Raw {
            self.reading = Reading::RawTrailers { left: end, received };
            return self.recv_data(input, output);
        }
        self.reading = Reading::Ended;
        match end > 2 {
            true => Ok((end, Some(Event::Trailers(self.trailers.take(&input[..end]))))),
            false => Ok((end, Some(self.end(&input[end..])))),
        }
    }

    /// The oldest exchange is complete; `rest` is what followed it.
    fn end(&mut self, rest: &[u8]) -> Event {
        self.in_flight.pop_front();
        // RFC 9112 §9.6: nothing after the response that closes is read as an answer to the requests
        // behind it. Least of all where its end is in doubt.
        self.reading = match self.last && !self.in_flight.is_empty() {
            true => Reading::Failed(Error::ClosedBeforeResponse),
            false => Reading::Head,
        };
        if self.in_flight.is_empty() {
            if self.writing != Writing::Ready {
                self.close_for(CloseReason::UnfinishedRequest);
            }
            // RFC 9112 §9.2: what no request asked for can never answer the next one.
            if !rest.is_empty() {
                self.close_for(CloseReason::SurplusBytes);
            }
        }
        Event::End
    }

    fn transfer(&self) -> Transfer {
        self.in_flight.front().map_or(Transfer::Decoded, |request| request.transfer)
    }

    /// The first reason counts.
    fn close_for(&mut self, reason: CloseReason) {
        self.closing.get_or_insert(reason);
    }

    fn fail(&mut self, error: Error) -> Error {
        self.reading = Reading::Failed(error);
        self.closing = Some(CloseReason::Fault);
        error
    }
}

fn copy(input: &[u8], output: &mut [u8]) -> usize {
    let count = input.len().min(output.len());
    output[..count].copy_from_slice(&input[..count]);
    count
}

/// How every response begins that has a head.
const NAME: &[u8] = b"HTTP/";
