//! HTTP/2 on the wire (RFC 9113), without the wire.
//!
//! The parts stand on one another: [`frame`] reads and writes single frames, [`hpack`] packs fields
//! (RFC 7541), and [`Connection`] is the engine of a client: it keeps the states of streams, windows and
//! settings, and says what the peer has sent and what must be sent to it.
//!
//! A server that pushes is refused (§8.4), priorities (§5.3) are read and not obeyed, and there is no
//! upgrade from HTTP/1.1, which RFC 9113 has dropped. What a peer may ask for without giving anything is
//! bounded by [`Config`] (§10.5).
//!
//! A whole exchange, from bytes to bytes:
//!
//! ```
//! use pannier::http::{Headers, Method};
//! use pannier::proto::h2::{frame::Frame, frame::Settings, hpack};
//! use pannier::proto::h2::{Config, Connection, Event, RequestHead};
//! use pannier::proto::Limits;
//!
//! let mut connection = Connection::new(Config::default(), Limits::default());
//! let head = RequestHead {
//!     method: &Method::GET,
//!     scheme: "https",
//!     authority: Some(b"example.com"),
//!     path: Some("/"),
//!     headers: &Headers::new(),
//!     sensitive: &[],
//! };
//! let stream = connection.open(&head, true)?;
//! assert!(connection.output().starts_with(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
//! connection.output().clear(); // it has been sent
//!
//! // What a server answers.
//! let mut block = Vec::new();
//! let mut encoder = hpack::Encoder::new();
//! encoder.begin(&mut block);
//! encoder.field(b":status", b"200", hpack::Indexing::Incremental, &mut block);
//! encoder.field(b"content-length", b"5", hpack::Indexing::Without, &mut block);
//! let mut input = Vec::new();
//! Settings::write(&[(Settings::MAX_CONCURRENT_STREAMS, 50)], &mut input);
//! Frame::headers(stream, &block, false).write_to(&mut input);
//! Frame::data(stream, b"hello", true).write_to(&mut input);
//!
//! let (mut used, mut content) = (0, Vec::new());
//! loop {
//!     let (count, event) = connection.recv(&input[used..])?;
//!     used += count;
//!     match event {
//!         Some(Event::Settings) => assert_eq!(connection.capacity(), 50),
//!         Some(Event::Head { head, end: false, .. }) => {
//!             assert_eq!(head.as_bytes(), b"HTTP/2 200 \r\ncontent-length: 5\r\n\r\n");
//!         }
//!         Some(Event::Data { data, end, .. }) => {
//!             content.extend_from_slice(data);
//!             connection.release(stream, data.len());
//!             assert!(end);
//!         }
//!         Some(other) => panic!("{:?}", other),
//!         None => break, // more has to be read
//!     }
//! }
//! assert_eq!(content, b"hello");
//! let mut acknowledgement = Vec::new();
//! Frame::Settings(Settings::ACK).write_to(&mut acknowledgement);
//! assert_eq!(connection.output(), &acknowledgement);
//! assert_eq!(connection.recv_eof(), Ok(()));
//! # Ok::<(), pannier::proto::h2::Error>(())
//! ```

mod budget;
mod code;
mod config;
mod connection;
mod error;
mod event;
mod flow;
pub mod frame;
pub mod hpack;
mod message;
mod request;
mod settings;
mod stream;
mod streams;

pub use self::code::ErrorCode;
pub use self::config::Config;
pub use self::connection::Connection;
pub use self::error::Error;
pub use self::event::{Event, Refusal, Reset, Unprocessed};
pub(crate) use self::request::shown_fields;
pub use self::request::RequestHead;

/// The number of a stream: odd, and higher than those before it (RFC 9113 §5.1.1).
pub type StreamId = u32;
