//! Caddy.

use super::{h2, upstream};
use crate::support::daemon::Daemon;
use crate::support::site::Site;

fn start(upstream: &Site, members: &str) -> Daemon {
    let caddy = Daemon::start("caddy", |folder, address| {
        let text = CONFIGURATION
            .replace("FOLDER", &folder.text())
            .replace("ADDRESS", &address.to_string())
            .replace("UPSTREAM", &upstream.address().to_string())
            .replace("MEMBERS", members);
        ["run", "--config", &folder.write("caddy.json", text)].map(String::from).to_vec()
    });
    h2::fill(&caddy);
    caddy
}

const CONFIGURATION: &str = r#"{
    "admin": { "disabled": true, "config": { "persist": false } },
    "storage": { "module": "file_system", "root": "FOLDER/storage" },
    "apps": { "http": { "servers": { "one": {
        "listen": ["ADDRESS"],
        "protocols": ["h1", "h2c"],
        "automatic_https": { "disable": true },
        MEMBERS
        "routes": [
            {
                "match": [{ "path": ["/up/*"] }],
                "handle": [{ "handler": "reverse_proxy", "upstreams": [{ "dial": "UPSTREAM" }] }]
            },
            { "handle": [{ "handler": "file_server", "root": "FOLDER/html" }] }
        ]
    } } } }
}"#;

#[test]
#[ignore = "needs caddy"]
fn ok_it_serves_files_and_passes_on() {
    let upstream = upstream::start();
    let caddy = start(&upstream, "");
    h2::serves(&caddy, 250);
    h2::heads_come_without_content(&caddy);
    h2::echoes(&caddy, "/up/echo");
    h2::speaks_http1_to_the_others(&caddy);
}

#[test]
#[ignore = "needs caddy"]
fn ok_a_connection_that_it_let_go_is_replaced() {
    let upstream = upstream::start();
    h2::lets_idle_connections_go(&start(&upstream, r#""idle_timeout": "100ms","#));
}
