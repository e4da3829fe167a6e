//! HTTP/2 and proxies: it is spoken through their tunnels, and not to them.

use pannier::{Protocol, Proxy};

use crate::support::alpn::Negotiating;
use crate::support::h2_peer::{self, H2};
use crate::support::peer::Peer;
use crate::support::{builder, OK};

const GRANTED: &str = "HTTP/1.1 200 Connection established\r\n\r\n";

fn proxy(peer: &Peer) -> Proxy {
    Proxy::new(&peer.url("")).unwrap()
}

#[test]
fn ok_through_a_tunnel_of_a_proxy_http2_is_spoken_to_the_origin() {
    let peer = Peer::play(|stage| {
        let mut wire = stage.accept();
        wire.expect_request("CONNECT one.test:443");
        wire.send(GRANTED);
        let mut peer = H2::meet(wire);
        peer.settings(&[]);
        let two = peer.requests(2);
        for fields in two.iter().rev() {
            assert_eq!(fields.get(":authority"), Some("one.test"));
            assert_eq!(fields.get("proxy-authorization"), None);
            peer.answer(fields.stream, fields.path());
        }
        peer.expect_end();
        stage.expect_nobody();
    });
    let tls = Negotiating::new(Some("h2"));
    let builder = builder().protocol(Protocol::Http2).tls(tls).proxy(proxy(&peer));
    let client = builder.build();
    let requests = ["https://one.test/a", "https://one.test/b"].map(|url| client.get(url));
    let texts =
        client.pipeline(requests).depth(2).map(|response| response.unwrap().text().unwrap());
    assert_eq!(texts.collect::<Vec<_>>(), ["/a", "/b"]);
}

#[test]
fn ok_what_a_proxy_forwards_goes_to_it_in_http1() {
    let peer = Peer::play(|peer| {
        let mut wire = peer.accept();
        wire.exchange("GET http://one.test/a", OK);
        wire.exchange("GET http://two.test/b", OK);
        wire.expect_end();
    });
    let client = h2_peer::builder().proxy(proxy(&peer)).build();
    for url in ["http://one.test/a", "http://two.test/b"] {
        assert_eq!(client.get(url).send().unwrap().text().unwrap(), "ok");
    }
}
