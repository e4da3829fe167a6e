//! Cookies (RFC 6265bis): what servers ask to be told again, and who is told.
//!
//! A [`Jar`] keeps cookies. A client that has one gives every request the cookies that its URL may
//! have, at each hop of a redirect anew, and stores what every final response sets:
//!
//! ```
//! use pannier::cookies::Jar;
//! use pannier::net::Script;
//! use pannier::Client;
//!
//! let reply = "HTTP/1.1 200 OK\r\nSet-Cookie: id=7; Path=/\r\nContent-Length: 2\r\n\r\nok";
//! let script = Script::new()
//!     .expect_until("\r\n\r\n")
//!     .reply(reply)
//!     .expect_until("Cookie: id=7\r\n\r\n")
//!     .reply(reply);
//! let jar = Jar::new();
//! let client = Client::builder().cookies(jar.clone()).connector(script.repeated()).build();
//! client.get("http://example.com/").send()?.text()?;
//! client.get("http://example.com/").send()?.text()?;
//! assert_eq!(jar.cookies()[0].value(), b"7");
//! # Ok::<(), pannier::Error>(())
//! ```
//!
//! What is refused is refused for a named reason ([`Refused`]), and harms no other cookie. Cookies
//! without a name are among it, as in RFC 6265: some servers take `=__Host-a=b` for a name. So are
//! tabs inside, which the file of a jar cannot hold.
//!
//! **Public suffixes.** Nobody may set a cookie for all of `com` or `co.uk`. A jar knows which names
//! those are from a list ([`PublicSuffixes`]) that the caller loads. Without one it takes all names of
//! one label for such, `localhost` excepted, and the commonest ones of two labels.
//!
//! **Secure.** Cookies with `Secure` come from and go to `https`, and to this very machine:
//! `localhost`, names below it, and loopback addresses, as browsers have it, and as names are looked up
//! here (RFC 6761 §6.3).
//!
//! **SameSite** speaks of pages that contain others, which a client of this kind does not have: every
//! request is one that its caller has asked for, and so a same-site one (§5.2). `Strict` and `Lax`
//! change nothing, and `None` without `Secure` is refused.
//!
//! **Bounds.** A name with its value has at most 4096 bytes, an attribute 1024 (§5.6). 50 cookies are
//! taken from one response, 200 are kept for one domain and 3000 in all (§5.7). 150 are sent with a
//! request, in at most 8190 bytes. None lives for longer than 400 days (§5.5).

mod carry;
mod cookie;
mod date;
mod file;
mod jar;
mod lines;
mod receive;
mod refused;
mod request_uri;
mod set_cookie;
mod store;
mod suffixes;

pub(super) use self::carry::Carrier;
pub use self::cookie::{Cookie, SameSite};
pub use self::file::Reading;
pub use self::jar::Jar;
pub use self::refused::Refused;
pub use self::suffixes::PublicSuffixes;

/// Whose way is gone where there are several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Habits {
    /// That of RFC 6265bis.
    #[default]
    Standard,
    /// That of curl 8.
    Curl,
}
