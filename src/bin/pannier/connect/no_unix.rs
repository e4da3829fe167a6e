//! Stands in for `unix` where there are no such sockets.

use std::io;

use pannier::net::{Dialing, Transport};

use crate::operation::UnixPath;

pub fn connect(_: &UnixPath, _: Dialing<'_>) -> io::Result<Box<dyn Transport>> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "Unix domain sockets are not supported here"))
}
