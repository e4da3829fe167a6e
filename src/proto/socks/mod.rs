//! The SOCKS handshake (RFC 1928, RFC 1929, and the SOCKS4 and 4A memos), without the wire.
//!
//! ```text
//!  SOCKS4   request ► Granted? ──────────────────────────────────────► Open
//!  SOCKS5   methods ► Method? ──┬──────────────────────► request ► Reply? ► Open
//!                               └► user, password ► Login? ──┘
//! ```
//!
//! One command is spoken, CONNECT. Without authentication or by user and password: GSS-API is not
//! offered. What the proxy sends is refused at the first byte that says no, and read no further than
//! its reply goes.

mod error;

use crate::http::Host;

pub use self::error::{Error, Refusal};

/// Which SOCKS is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// SOCKS4, with names as SOCKS4A has them. It knows a user, no password, and no IPv6.
    V4,
    /// SOCKS5 (RFC 1928).
    V5,
}

/// User and password, as far as the version has them.
#[derive(Clone, Copy)]
pub struct Login<'a> {
    /// The user.
    pub user: &'a [u8],
    /// The password; SOCKS4 has none.
    pub password: &'a [u8],
}

/// A handshake under way.
///
/// ```
/// use pannier::http::Host;
/// use pannier::proto::socks::{Handshake, Version};
///
/// let mut out = Vec::new();
/// let host = Host::parse("example.com")?;
/// let mut handshake = Handshake::begin(Version::V5, &host, 80, None, &mut out)?;
/// assert_eq!(out, [5, 1, 0]);
///
/// out.clear();
/// assert_eq!(handshake.recv(&[5, 0], &mut out)?, 2);
/// assert_eq!(out, b"\x05\x01\x00\x03\x0bexample.com\x00\x50");
/// assert_eq!(handshake.recv(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0], &mut out)?, 10);
/// assert!(handshake.is_open());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Handshake(State);

/// What is waited for, with what is sent after it.
enum State {
    Granted,
    Method { login: Option<Vec<u8>>, request: Vec<u8> },
    Login { request: Vec<u8> },
    Reply,
    Open,
}

impl Handshake {
    /// Begins: appends to `out` what is to be sent first, to be connected to this host and port. If the
    /// host is a name, it is the proxy that looks it up.
    ///
    /// # Errors
    /// The host or the login cannot be said in this version. Nothing is to be sent then.
    pub fn begin(
        version: Version,
        host: &Host,
        port: u16,
        login: Option<Login<'_>>,
        out: &mut Vec<u8>,
    ) -> Result<Handshake, Error> {
        match version {
            Version::V4 => {
                out.extend(request_4(host, port, login)?);
                Ok(Handshake(State::Granted))
            }
            Version::V5 => {
                let login = login.map(login_5).transpose()?;
                let request = request_5(host, port)?;
                match login {
                    Some(_) => out.extend([5, 2, NO_AUTHENTICATION, USER_PASSWORD]),
                    None => out.extend([5, 1, NO_AUTHENTICATION]),
                }
                Ok(Handshake(State::Method { login, request }))
            }
        }
    }

    /// Reads on in `input`, the unconsumed bytes from the proxy, and appends to `out` what is to be
    /// sent now. Returns how much was consumed; if nothing, more input is needed. Once the way is
    /// [open](Handshake::is_open) nothing is consumed any more.
    ///
    /// # Errors
    /// The proxy refuses, or breaks the protocol.
    pub fn recv(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<usize, Error> {
        let used = match &mut self.0 {
            State::Open => return Ok(0),
            State::Granted => granted(input)?,
            State::Method { login, .. } => method(input, login.is_some())?,
            State::Login { .. } => login_reply(input)?,
            State::Reply => reply(input)?,
        };
        if let Some(used) = used {
            self.step(input, out);
            return Ok(used);
        }
        Ok(0)
    }

    /// Has the proxy connected? What comes from now on is the destination's.
    pub fn is_open(&self) -> bool {
        matches!(self.0, State::Open)
    }

    /// The message that was waited for has come.
    fn step(&mut self, message: &[u8], out: &mut Vec<u8>) {
        self.0 = match std::mem::replace(&mut self.0, State::Open) {
            State::Method { login: Some(login), request } if message[1] == USER_PASSWORD => {
                out.extend(login);
                State::Login { request }
            }
            State::Method { request, .. } | State::Login { request } => {
                out.extend(request);
                State::Reply
            }
            State::Granted | State::Reply | State::Open => State::Open,
        };
    }
}

/// The login is not shown.
impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            State::Granted => "Granted",
            State::Method { .. } => "Method",
            State::Login { .. } => "Login",
            State::Reply => "Reply",
            State::Open => "Open",
        })
    }
}

impl std::fmt::Debug for Login<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Login(***)")
    }
}

/// SOCKS4: version, command, port, address, user. A name follows where the address is 0.0.0.1, which
/// no host has (SOCKS4A).
fn request_4(host: &Host, port: u16, login: Option<Login<'_>>) -> Result<Vec<u8>, Error> {
    let (address, name) = match host {
        Host::Ipv4(address) => (address.octets(), None),
        Host::Ipv6(_) => return Err(Error::Ipv6),
        Host::Domain(name) => ([0, 0, 0, 1], Some(name)),
    };
    let user = login.map_or(&b""[..], |login| login.user);
    if user.contains(&0) {
        return Err(Error::UserHasNul);
    }
    let mut request = vec![4, COMMAND_CONNECT];
    request.extend(port.to_be_bytes());
    request.extend(address);
    request.extend(short(user, Error::UserTooLong)?.1);
    request.push(0);
    if let Some(name) = name {
        request.extend(short(name.as_bytes(), Error::NameTooLong)?.1);
        request.push(0);
    }
    Ok(request)
}

/// RFC 1928 §4, §5.
fn request_5(host: &Host, port: u16) -> Result<Vec<u8>, Error> {
    let mut request = vec![5, COMMAND_CONNECT, 0];
    match host {
        Host::Ipv4(address) => {
            request.push(IPV4);
            request.extend(address.octets());
        }
        Host::Ipv6(address) => {
            request.push(IPV6);
            request.extend(address.octets());
        }
        Host::Domain(name) => {
            let (length, name) = short(name.as_bytes(), Error::NameTooLong)?;
            request.extend([NAME, length]);
            request.extend(name);
        }
    }
    request.extend(port.to_be_bytes());
    Ok(request)
}

/// RFC 1929 §2.
fn login_5(login: Login<'_>) -> Result<Vec<u8>, Error> {
    let mut message = vec![1];
    for (text, error) in
        [(login.user, Error::UserTooLong), (login.password, Error::PasswordTooLong)]
    {
        let (length, text) = short(text, error)?;
        message.push(length);
        message.extend(text);
    }
    Ok(message)
}

/// A text whose length is said in one byte.
fn short(text: &[u8], too_long: Error) -> Result<(u8, &[u8]), Error> {
    let length = u8::try_from(text.len()).map_err(|_| too_long)?;
    Ok((length, text))
}

/// SOCKS4: a zero, the code, and six bytes without meaning here.
fn granted(input: &[u8]) -> Result<Option<usize>, Error> {
    match *input {
        [] => Ok(None),
        [version, ..] if version != 0 => Err(Error::Version(version)),
        [_] | [_, 90] => Ok(None),
        [_, 90, ..] => Ok(Some(8).filter(|&length| length <= input.len())),
        [_, code, ..] => Err(Error::Refused(Refusal::V4(code))),
    }
}

/// RFC 1928 §3. The proxy chooses among what was offered.
fn method(input: &[u8], with_login: bool) -> Result<Option<usize>, Error> {
    match *input {
        [] => Ok(None),
        [version, ..] if version != 5 => Err(Error::Version(version)),
        [_] => Ok(None),
        [_, NO_AUTHENTICATION, ..] => Ok(Some(2)),
        [_, USER_PASSWORD, ..] if with_login => Ok(Some(2)),
        [_, NO_METHOD | USER_PASSWORD, ..] => Err(Error::NoMethod),
        [_, method, ..] => Err(Error::Method(method)),
    }
}

/// RFC 1929 §2. The version is not looked at: there are proxies that say 5 here.
fn login_reply(input: &[u8]) -> Result<Option<usize>, Error> {
    match *input {
        [] | [_] => Ok(None),
        [_, 0, ..] => Ok(Some(2)),
        [_, _, ..] => Err(Error::LoginRefused),
    }
}

/// RFC 1928 §6. The address that the proxy is bound to has no meaning here, but a length.
fn reply(input: &[u8]) -> Result<Option<usize>, Error> {
    match *input {
        [] => return Ok(None),
        [version, ..] if version != 5 => return Err(Error::Version(version)),
        [_] => return Ok(None),
        [_, 0, ..] => {}
        [_, code, ..] => return Err(Error::Refused(Refusal::V5(code))),
    }
    let address = match (input.get(3), input.get(4)) {
        (None, _) => return Ok(None),
        (Some(&IPV4), _) => 4,
        (Some(&IPV6), _) => 16,
        (Some(&NAME), None) => return Ok(None),
        (Some(&NAME), Some(&length)) => 1 + usize::from(length),
        (Some(&other), _) => return Err(Error::AddressType(other)),
    };
    Ok(Some(4 + address + 2).filter(|&length| length <= input.len()))
}

const COMMAND_CONNECT: u8 = 1;

const NO_AUTHENTICATION: u8 = 0;
const USER_PASSWORD: u8 = 2;
const NO_METHOD: u8 = 0xff;

const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;

/// The longest message of a proxy: the reply with a name of 255 bytes.
pub const LONGEST: usize = 4 + 1 + 255 + 2;
