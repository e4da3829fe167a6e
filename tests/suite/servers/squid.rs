//! Squid, a caching proxy: forwarded requests, tunnels, and each way to tell it who one is.

use pannier::{Client, Credentials, ErrorKind, Proxy};

use crate::support::builder;
use crate::support::daemon::Daemon;
use crate::support::plain_tls::PlainTls;
use crate::support::site::Site;

fn start(directives: &str) -> Daemon {
    Daemon::start("squid", |folder, address| {
        folder.write("basic", "user:$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/\n");
        folder.write("digest", "user:secret\n");
        let configuration = folder.write(
            "squid.conf",
            format!(
                "http_port {address}
                 visible_hostname squid.test
                 pid_filename {folder}/squid.pid
                 cache_log {folder}/error.log
                 access_log none
                 cache deny all
                 pinger_enable off
                 shutdown_lifetime 0 seconds
                 {directives}\n",
                address = address,
                folder = folder.text(),
                directives = directives.replace("FOLDER", &folder.text())
            ),
        );
        // Its shared memory goes by this name, which two of them must not have in common.
        let name = address.ip().to_string().replace('.', "x");
        ["-N", "-n", &name, "-f", &configuration].map(String::from).to_vec()
    })
}

fn through(squid: &Daemon, credentials: Option<Credentials>) -> Client {
    let proxy = Proxy::new(&squid.url("")).unwrap();
    let proxy = match credentials {
        Some(credentials) => proxy.credentials(credentials),
        None => proxy,
    };
    builder().tls(PlainTls).proxy(proxy).build()
}

/// One request that is forwarded and one through a tunnel.
fn both_ways(client: &Client, site: &Site) {
    for scheme in ["http", "https"] {
        for target in ["/one", "/two"] {
            let url = format!("{}://{}{}", scheme, site.address(), target);
            let response = client.get(url).send().unwrap();
            assert_eq!(response.status().as_u16(), 200, "{} {}", scheme, target);
            assert_eq!(response.text().unwrap(), target);
        }
    }
}

#[test]
#[ignore = "needs squid"]
fn ok_forwarded_and_through_tunnels() {
    let squid = start("http_access allow all");
    let (one, other) = (Site::echoing(), Site::echoing());
    let client = through(&squid, None);
    both_ways(&client, &one);
    let stats = client.pool_stats();
    assert_eq!((stats.created, stats.reused), (2, 2));
    // What is forwarded shares the connection to the proxy, whatever its origin.
    let response = client.get(format!("http://{}/three", other.address())).send().unwrap();
    assert!(response.connection().is_reused());
    assert_eq!(response.text().unwrap(), "/three");
}

#[test]
#[ignore = "needs squid"]
fn err_what_it_does_not_allow() {
    let squid = start("http_access deny all");
    let site = Site::echoing();
    let client = through(&squid, None);
    let response = client.get(format!("http://{}/", site.address())).send().unwrap();
    assert_eq!(response.status().as_u16(), 403);
    drop(response);
    let error = client.get(format!("https://{}/", site.address())).send().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Proxy);
    assert_eq!(error.status().map(|status| status.as_u16()), Some(403));
    assert_eq!(site.accepted(), 0);
}

const BASIC: &str = "auth_param basic program /usr/lib/squid/basic_ncsa_auth FOLDER/basic
    auth_param basic realm squid
    acl known proxy_auth REQUIRED
    http_access allow known
    http_access deny all";

const DIGEST: &str = "auth_param digest program /usr/lib/squid/digest_file_auth FOLDER/digest
    auth_param digest realm squid
    acl known proxy_auth REQUIRED
    http_access allow known
    http_access deny all";

#[test]
#[ignore = "needs squid"]
fn ok_it_knows_its_users() {
    let kinds: [fn(&str, &str) -> Credentials; 3] = [
        |user, password| Credentials::basic(user, password),
        |user, password| Credentials::any(user, password),
        |user, password| Credentials::digest(user, password),
    ];
    for (configuration, kinds) in [(BASIC, &kinds[..2]), (DIGEST, &kinds[1..])] {
        let squid = start(configuration);
        for kind in kinds {
            let site = Site::echoing();
            both_ways(&through(&squid, Some(kind("user", "secret"))), &site);
            let client = through(&squid, Some(kind("user", "wrong")));
            let response = client.get(format!("http://{}/", site.address())).send().unwrap();
            assert_eq!(response.status().as_u16(), 407);
            drop(response);
            let error = client.get(format!("https://{}/", site.address())).send().unwrap_err();
            assert_eq!(error.status().map(|status| status.as_u16()), Some(407));
        }
    }
}
