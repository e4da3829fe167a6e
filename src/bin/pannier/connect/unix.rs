//! `--unix-socket` and `--abstract-unix-socket`, where the system has them.

use std::io;
#[cfg(unix)]
use std::os::unix::net::UnixStream;

#[cfg(unix)]
use pannier::net::{Connect, UnixConnect};
use pannier::net::{Dialing, Transport};

use crate::operation::UnixPath;

/// A connection to this socket, whatever the origin.
#[cfg(unix)]
pub fn connect(path: &UnixPath, dialing: Dialing<'_>) -> io::Result<Box<dyn Transport>> {
    let connector = match path {
        UnixPath::Named(name) => UnixConnect::new(crate::data::path(name)),
        UnixPath::Abstract(name) => {
            let (shown, name) = (String::from_utf8_lossy(name), name.clone());
            let shown = format!("abstract socket {}", shown);
            UnixConnect::with(shown, move || abstract_socket(&name))
        }
    };
    connector.connect(dialing)
}

/// There is none.
#[cfg(not(unix))]
pub fn connect(_: &UnixPath, _: Dialing<'_>) -> io::Result<Box<dyn Transport>> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "Unix domain sockets are not supported here"))
}

#[cfg(target_os = "linux")]
fn abstract_socket(name: &[u8]) -> io::Result<UnixStream> {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::SocketAddr;
    UnixStream::connect_addr(&SocketAddr::from_abstract_name(name)?)
}

#[cfg(all(unix, not(target_os = "linux")))]
fn abstract_socket(_: &[u8]) -> io::Result<UnixStream> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "this system has no abstract sockets"))
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixListener};
    use std::time::{Duration, Instant};

    use pannier::net::Deadline;

    fn dial(name: &str, deadline: Deadline) -> io::Result<Box<dyn Transport>> {
        connect(
            &UnixPath::Abstract(name.into()),
            Dialing {
                origin: &pannier::http::Url::parse("http://a/").unwrap().origin(),
                deadline,
                cancel: None,
                progress: &mut |_| {},
            },
        )
    }

    #[test]
    fn ok_and_err_an_abstract_socket_is_dialled_within_its_deadline_and_named() {
        let name = format!("pannier-{}", std::process::id());
        let after = |time| Deadline::after(Instant::now(), Duration::from_millis(time));
        let shown = format!("cannot connect to abstract socket {}: ", name);
        let missing = dial(&name, after(20_000)).unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::ConnectionRefused);
        assert!(missing.to_string().starts_with(&shown), "{}", missing);
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let listener = UnixListener::bind_addr(&address).unwrap();
        dial(&name, after(20_000)).unwrap();
        // Nobody accepts, so that the queue is full in the end.
        let mut waiting = Vec::new();
        let error = loop {
            match dial(&name, after(100)) {
                Ok(transport) => waiting.push(transport),
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut, "{}", error);
        assert!(error.to_string().starts_with(&shown), "{}", error);
        drop(listener);
    }
}
