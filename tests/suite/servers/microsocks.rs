//! MicroSocks, a SOCKS5 server, with and without users.

use std::error::Error as _;

use pannier::proto::socks::Error as SocksError;
use pannier::{Client, ErrorKind, Proxy};

use crate::support::builder;
use crate::support::daemon::Daemon;
use crate::support::site::Site;

fn start(more: &[&str]) -> Daemon {
    Daemon::start("microsocks", |_, address| {
        let (ip, port) = (address.ip().to_string(), address.port().to_string());
        let words = ["-i", &ip, "-p", &port].map(str::to_owned);
        words.into_iter().chain(more.iter().map(|word| word.to_string())).collect()
    })
}

fn through(microsocks: &Daemon, scheme: &str, user: &str) -> Client {
    let url = format!("{}://{}{}", scheme, user, microsocks.address);
    builder().proxy(Proxy::new(&url).unwrap()).build()
}

#[test]
#[ignore = "needs microsocks"]
fn ok_names_are_looked_up_here_or_there() {
    let site = Site::echoing();
    for (more, user) in [(&[][..], ""), (&["-u", "user", "-P", "secret"], "user:secret@")] {
        let microsocks = start(more);
        for scheme in ["socks5", "socks5h"] {
            let client = through(&microsocks, scheme, user);
            // Only one of the two addresses of localhost has a listener.
            for host in ["127.0.0.1", "localhost"] {
                for target in ["/one", "/two"] {
                    let url = format!("http://{}:{}{}", host, site.address().port(), target);
                    let response = client.get(url).send().unwrap();
                    assert_eq!(response.text().unwrap(), target, "{} {}", scheme, host);
                }
            }
            assert_eq!((client.pool_stats().created, client.pool_stats().reused), (2, 2));
        }
    }
}

#[test]
#[ignore = "needs microsocks"]
fn err_what_it_refuses() {
    let microsocks = start(&["-u", "user", "-P", "secret"]);
    for (user, expected) in [("", SocksError::NoMethod), ("user:wrong@", SocksError::LoginRefused)]
    {
        let client = through(&microsocks, "socks5h", user);
        let error = client.get("http://127.0.0.1:1/").send().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Proxy);
        let cause = error.source().and_then(|source| source.downcast_ref());
        assert_eq!(cause, Some(&expected));
    }
    let client = through(&microsocks, "socks5h", "user:secret@");
    let error = client.get("http://127.0.0.1:1/").send().unwrap_err();
    assert!(error.to_string().contains("the connection was refused (code 5)"), "{}", error);
}
