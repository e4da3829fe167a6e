//! Tinyproxy: a small proxy that answers CONNECT in HTTP/1.0 and keeps no connection.

use pannier::{Client, ErrorKind, Proxy};

use crate::support::builder;
use crate::support::daemon::Daemon;
use crate::support::plain_tls::PlainTls;
use crate::support::site::Site;

fn start(directives: &str) -> Daemon {
    Daemon::start("tinyproxy", |folder, address| {
        let configuration = folder.write(
            "tinyproxy.conf",
            format!(
                "Listen {}\nPort {}\nTimeout 10\nMaxClients 20\nLogFile \"{}/error.log\"\n{}\n",
                address.ip(),
                address.port(),
                folder.text(),
                directives
            ),
        );
        vec!["-d".into(), "-c".into(), configuration]
    })
}

fn through(tinyproxy: &Daemon, user: &str) -> Client {
    let proxy = Proxy::new(&format!("http://{}{}", user, tinyproxy.address)).unwrap();
    builder().tls(PlainTls).proxy(proxy).build()
}

#[test]
#[ignore = "needs tinyproxy"]
fn ok_forwarded_and_through_tunnels() {
    for (directives, user) in [("", ""), ("BasicAuth user secret", "user:secret@")] {
        let tinyproxy = start(directives);
        let (client, site) = (through(&tinyproxy, user), Site::echoing());
        for scheme in ["http", "https"] {
            for target in ["/one", "/two"] {
                let url = format!("{}://{}{}", scheme, site.address(), target);
                assert_eq!(client.get(url).send().unwrap().text().unwrap(), target);
            }
        }
    }
}

#[test]
#[ignore = "needs tinyproxy"]
fn err_what_it_does_not_allow() {
    let tinyproxy = start("BasicAuth user secret\nConnectPort 443");
    let site = Site::echoing();
    // It says 401 to wrong credentials, though it is a proxy.
    for (user, status) in [("", 407), ("user:wrong@", 401), ("user:secret@", 403)] {
        let client = through(&tinyproxy, user);
        let error = client.get(format!("https://{}/", site.address())).send().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Proxy);
        assert_eq!(error.status().map(|status| status.as_u16()), Some(status));
    }
    assert_eq!(site.accepted(), 0);
}
