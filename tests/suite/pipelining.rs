//! Several requests in flight on one connection: when, how many, and what becomes of them when the
//! peer breaks off.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use pannier::http::Method;
use pannier::net::{Script, Scripts};
use pannier::{
    Body, CloseReason, ErrorKind, IntoRequest, PoolConfig, RequestBuilder, RetryPolicy, Timeouts,
};

use crate::support::counted::Counted;
use crate::support::peer::{Peer, Wire};
use crate::support::recorder::Recorder;
use crate::support::site::Site;
use crate::support::{builder, client, scripted, sized, EMPTY, OK};

/// GET requests for `/0`, `/1`, …
fn gets(client: &pannier::Client, peer: &Peer, count: usize) -> Vec<RequestBuilder> {
    (0..count).map(|number| client.get(peer.url(&format!("/{}", number)))).collect()
}

/// Expects these requests together before it answers any of them.
fn expect(wire: &mut Wire, numbers: impl IntoIterator<Item = usize>) {
    for number in numbers {
        wire.expect_request(&format!("GET /{}", number));
    }
}

fn answer(wire: &mut Wire, numbers: impl IntoIterator<Item = usize>) {
    for number in numbers {
        wire.send(body(number));
    }
}

fn body(number: usize) -> String {
    let text = number.to_string();
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", text.len(), text)
}

fn texts(responses: impl Iterator<Item = pannier::Result<pannier::Response>>) -> Vec<String> {
    responses.map(|response| response.unwrap().text().unwrap()).collect()
}

fn numbers(count: usize) -> Vec<String> {
    (0..count).map(|number| number.to_string()).collect()
}

#[test]
fn ok_one_at_a_time_until_the_peer_has_kept_the_connection_and_then_as_many_as_allowed() {
    let peer = Peer::play(|peer| {
        let mut wire = peer.accept();
        expect(&mut wire, [0]);
        assert!(wire.is_quiet_for(Duration::from_millis(20)));
        answer(&mut wire, [0]);
        expect(&mut wire, 1..5);
        assert!(wire.is_quiet_for(Duration::from_millis(20)), "four are enough");
        answer(&mut wire, 1..5);
        expect(&mut wire, 5..9);
        answer(&mut wire, 5..9);
        wire.expect_end();
        peer.expect_nobody();
    });
    let client = client();
    assert_eq!(texts(client.pipeline(gets(&client, &peer, 9)).depth(4)), numbers(9));
    let stats = client.pool_stats();
    assert_eq!((stats.created, stats.idle, stats.active), (1, 1, 0));
    drop(client);
}

#[test]
fn ok_several_requests_leave_in_one_write() {
    let answers = |range: std::ops::Range<usize>| range.map(body).collect::<String>();
    let script = Script::new().expect_until("\r\n\r\n").reply(body(0)).expect_until("GET /8 ");
    let script = script.expect_until("\r\n\r\n").reply(answers(1..9));
    let counted = Counted::over(Script::connections([script]));
    let client = builder().connector(counted.clone()).build();
    let urls = (0..9).map(|number| format!("http://a.example/{}", number));
    let requests: Vec<_> = urls.map(|url| client.get(url)).collect();
    assert_eq!(texts(client.pipeline(requests).depth(8)), numbers(9));
    assert_eq!(counted.writes().len(), 2);
}

#[test]
fn ok_a_peer_of_http_1_0_or_one_that_closes_is_not_pipelined_to() {
    let answers = [
        "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
    ];
    for answer in answers {
        let site = Site::serve(move |mut wire| {
            while wire.next_head().is_some() {
                assert!(wire.is_quiet_for(Duration::from_millis(5)), "there is a second request");
                if !wire.try_send(answer) || answer.contains("close") {
                    return wire.close();
                }
            }
        });
        let client = client();
        let requests: Vec<_> = (0..4).map(|_| client.get(site.url("/"))).collect();
        assert!(client.pipeline(requests).all(|response| response.is_ok()));
        assert_eq!(site.accepted(), if answer.contains("close") { 4 } else { 1 });
    }
}

#[test]
fn ok_what_must_not_be_repeated_waits_until_nothing_is_in_flight_and_goes_alone() {
    let client = client();
    let peer = Peer::play(|peer| {
        let mut wire = peer.accept();
        wire.exchange("GET /0", EMPTY);
        expect(&mut wire, 1..3);
        assert!(wire.is_quiet_for(Duration::from_millis(20)));
        (1..3).for_each(|_| wire.send(EMPTY));
        wire.expect_request("POST /");
        wire.expect("ok");
        assert!(wire.is_quiet_for(Duration::from_millis(20)));
        wire.send(EMPTY);
        expect(&mut wire, 3..5);
        (3..5).for_each(|_| wire.send(EMPTY));
        wire.expect_end();
    });
    let mut requests = gets(&client, &peer, 5);
    requests.insert(3, client.post(peer.url("/")).body("ok"));
    assert!(client.pipeline(requests).all(|response| response.is_ok()));
    drop(client);
}

#[test]
fn ok_small_content_in_memory_goes_along_and_other_content_does_not() {
    let client = client();
    let peer = Peer::play(|peer| {
        let mut wire = peer.accept();
        wire.exchange("GET /", EMPTY);
        for content in ["one", "two"] {
            wire.expect_request("PUT /");
            wire.expect(content);
        }
        assert!(wire.is_quiet_for(Duration::from_millis(20)));
        (0..2).for_each(|_| wire.send(EMPTY));
        wire.expect_request("PUT /");
        wire.expect("reader");
        wire.send(EMPTY);
        wire.expect_end();
    });
    let put = |body: Body| client.put(peer.url("/")).body(body);
    let requests = [
        client.get(peer.url("/")),
        put("one".into()),
        put("two".into()),
        put(Body::sized(&b"reader"[..], 6)),
    ];
    assert!(client.pipeline(requests).all(|response| response.is_ok()));
    drop(client);
}

#[test]
fn ok_what_was_not_answered_is_sent_again_on_a_new_connection_each_alone() {
    let peer = Peer::play(|peer| {
        let mut wire = peer.accept();
        expect(&mut wire, [0]);
        answer(&mut wire, [0]);
        expect(&mut wire, 1..5);
        answer(&mut wire, [1]);
        wire.close();
        let mut kept = Vec::new();
        for number in 2..5 {
            let mut wire = peer.accept();
            expect(&mut wire, [number]);
            assert!(wire.is_quiet_for(Duration::from_millis(10)));
            answer(&mut wire, [number]);
            kept.push(wire);
        }
        let mut wire = peer.accept();
        // It was on its way when the answer to the second had come.
        expect(&mut wire, [5]);
        answer(&mut wire, [5]);
        // The depth is half of what it was.
        expect(&mut wire, 6..8);
        assert!(wire.is_quiet_for(Duration::from_millis(10)));
        answer(&mut wire, 6..8);
        wire.expect_end();
        kept.into_iter().for_each(Wire::expect_end);
    });
    let client = client();
    assert_eq!(texts(client.pipeline(gets(&client, &peer, 8)).depth(4)), numbers(8));
    assert_eq!(client.pool_stats().retried, 4);
    drop(client);
}

#[test]
fn ok_a_close_that_was_announced_costs_nothing_but_the_new_connection() {
    let peer = Peer::play(|peer| {
        let mut wire = peer.accept();
        expect(&mut wire, [0]);
        answer(&mut wire, [0]);
        expect(&mut wire, 1..4);
        wire.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\n1");
        wire.close();
        // As if they had never been sent: together.
        let mut wire = peer.accept();
        expect(&mut wire, 2..4);
        answer(&mut wire, 2..4);
        wire.expect_end();
    });
    let client = client();
    assert_eq!(texts(client.pipeline(gets(&client, &peer, 4)).depth(4)), numbers(4));
    let stats = client.pool_stats();
    assert_eq!((stats.created, stats.closed(CloseReason::RequestedByServer)), (2, 1));
    drop(client);
}

/// Never more than twice, whatever the peer does.
#[test]
fn err_a_request_is_sent_twice_at_most() {
    let seen = Arc::new([(); 8].map(|()| AtomicUsize::new(0)));
    let count = seen.clone();
    let site = Site::serve(move |mut wire| {
        // Answers the first request of each connection, takes the others, and breaks off.
        let mut answered = false;
        while let Some(head) = wire.next_head() {
            let number: usize = head[5..6].parse().unwrap();
            count[number].fetch_add(1, Ordering::SeqCst);
            if answered {
                return wire.close();
            }
            answered = wire.try_send(EMPTY);
        }
    });
    let client = client();
    let requests: Vec<_> = (0..8).map(|n| client.get(site.url(format!("/{}", n)))).collect();
    let failed = client.pipeline(requests).depth(4).filter(|response| response.is_err()).count();
    let seen: Vec<_> = seen.iter().map(|count| count.load(Ordering::SeqCst)).collect();
    assert!(seen.iter().all(|&count| (1..=2).contains(&count)), "{:?}", seen);
    assert_eq!(failed, 0);
}

#[test]
fn ok_a_peer_that_breaks_pipelining_is_remembered() {
    let breaks = Arc::new(AtomicUsize::new(0));
    let count = breaks.clone();
    let site = Site::serve(move |mut wire| {
        while wire.next_head().is_some() {
            if !wire.is_quiet_for(Duration::from_millis(2)) {
                count.fetch_add(1, Ordering::SeqCst);
                return;
            }
            if !wire.try_send(EMPTY) {
                return;
            }
        }
    });
    let client = client();
    for _ in 0..5 {
        let requests: Vec<_> = (0..6).map(|_| client.get(site.url("/"))).collect();
        assert!(client.pipeline(requests).all(|response| response.is_ok()));
    }
    assert_eq!(breaks.load(Ordering::SeqCst), 2);
}

#[test]
fn ok_without_retries_there_is_no_pipelining() {
    let peer = Peer::play(|peer| {
        let mut wire = peer.accept();
        for number in 0..3 {
            expect(&mut wire, [number]);
            assert!(wire.is_quiet_for(Duration::from_millis(5)));
            answer(&mut wire, [number]);
        }
    });
    let client = builder().retries(RetryPolicy::none()).build();
    assert_eq!(texts(client.pipeline(gets(&client, &peer, 3))), numbers(3));
}

#[test]
fn ok_a_response_that_is_dropped_is_read_away() {
    let peer = Peer::play(|peer| {
        let mut wire = peer.accept();
        wire.exchange("GET /0", OK);
        expect(&mut wire, 1..4);
        (0..3).for_each(|_| wire.send(sized("200 OK", 5000, 5000)));
        wire.expect_end();
    });
    let client = client();
    assert!(client.pipeline(gets(&client, &peer, 4)).all(|response| response.is_ok()));
    assert_eq!(client.pool_stats().created, 1);
    drop(client);
}

#[test]
fn ok_when_a_response_cannot_be_read_away_the_rest_is_sent_again() {
    let peer = Peer::play(|peer| {
        let mut wire = peer.accept();
        wire.exchange("GET /0", OK);
        expect(&mut wire, 1..3);
        wire.send(sized("200 OK", 1 << 30, 10));
        let mut next = peer.accept();
        next.exchange("GET /2", body(2));
        drop(wire);
        next.expect_end();
    });
    let client = client();
    let mut pipeline = client.pipeline(gets(&client, &peer, 3));
    for _ in 0..2 {
        drop(pipeline.next().unwrap().unwrap());
    }
    assert_eq!(pipeline.next().unwrap().unwrap().text().unwrap(), "2");
    assert!(pipeline.next().is_none());
    drop((pipeline, client));
}

#[test]
fn ok_a_response_that_is_kept_unread_has_the_connection_to_itself() {
    let peer = Peer::play(|peer| {
        let mut first = peer.accept();
        first.exchange("GET /0", OK);
        expect(&mut first, 1..3);
        first.send(sized("200 OK", 10, 3));
        let mut second = peer.accept();
        second.exchange("GET /2", body(2));
        first.send("xxxxxxx");
        second.expect_end();
    });
    let client = client();
    let mut pipeline = client.pipeline(gets(&client, &peer, 3));
    drop(pipeline.next());
    let kept = pipeline.next().unwrap().unwrap();
    let other = pipeline.next().unwrap().unwrap();
    assert_ne!(kept.connection().id(), other.connection().id());
    assert_eq!(other.text().unwrap(), "2");
    assert_eq!(kept.bytes().unwrap().len(), 10);
    drop(pipeline);
    assert_eq!(client.pool_stats().closed(CloseReason::UnfinishedResponse), 1);
    drop(client);
}

/// At every moment, as far as threads can be made to meet.
#[test]
fn ok_a_response_that_is_read_while_its_pipeline_is_dropped_gives_its_connection_back() {
    let site = Site::answering(|_| OK.into());
    let client = client();
    for round in 0..300 {
        let mut pipeline = client.pipeline([client.get(site.url("/"))]);
        let response = pipeline.next().unwrap().unwrap();
        let reading = thread::spawn(move || response.bytes().unwrap());
        (0..round % 100 * 20).for_each(|_| std::hint::spin_loop());
        drop(pipeline);
        reading.join().unwrap();
        let stats = client.pool_stats();
        assert_eq!((stats.active, stats.idle, stats.created), (0, 1, 1), "round {}", round);
    }
}

#[test]
fn ok_a_redirect_is_followed_while_others_are_in_flight() {
    let peer = Peer::play(|peer| {
        let mut wire = peer.accept();
        wire.exchange("GET /0", OK);
        expect(&mut wire, 1..3);
        wire.send("HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n");
        answer(&mut wire, [2]);
        let mut other = peer.accept();
        other.exchange("GET /there", body(7));
        other.expect_end();
        wire.expect_end();
    });
    let client = client();
    let mut pipeline = client.pipeline(gets(&client, &peer, 3));
    drop(pipeline.next());
    assert_eq!(texts(pipeline), ["7", "2"]);
    drop(client);
}

#[test]
fn err_a_timeout_is_of_one_request_and_the_others_are_sent_again() {
    let peer = Peer::play(|peer| {
        let mut wire = peer.accept();
        wire.exchange("GET /0", OK);
        expect(&mut wire, 1..3);
        let mut next = peer.accept();
        next.exchange("GET /2", body(2));
        drop(wire);
        next.expect_end();
    });
    let client = client();
    let mut requests = gets(&client, &peer, 3);
    let short = Timeouts::default().total(Duration::from_millis(30));
    let hasty = client.get(peer.url("/1")).timeouts(short);
    requests[1] = hasty;
    let results: Vec<_> = client.pipeline(requests).map(|r| r.and_then(|r| r.text())).collect();
    assert!(results[1].as_ref().unwrap_err().is_timeout());
    assert_eq!(results[2].as_ref().unwrap(), "2");
    drop(client);
}

#[test]
fn ok_other_origins_have_connections_of_their_own() {
    let sites = [Peer::answers([EMPTY, EMPTY]), Peer::answers([EMPTY, EMPTY])];
    let client = client();
    let requests: Vec<_> = (0..4).map(|number| client.get(sites[number % 2].url("/"))).collect();
    assert!(client.pipeline(requests).all(|response| response.is_ok()));
    assert_eq!(client.pool_stats().created, 2);
    drop(client);
}

#[test]
fn ok_a_request_that_cannot_be_built_is_a_result_at_its_place() {
    let peer = Peer::answers([EMPTY, EMPTY]);
    let client = client();
    let requests = [client.get(peer.url("/")), client.get("http://"), client.get(peer.url("/"))];
    let results: Vec<_> = client.pipeline(requests).map(|r| r.is_ok()).collect();
    assert_eq!(results, [true, false, true]);
    drop(client);
}

/// The peer answers each request with much, and takes no more requests until that was read.
#[test]
fn ok_a_peer_that_does_not_read_on_before_its_answers_are_read_is_no_deadlock() {
    const COUNT: usize = 400;
    let site = Site::serve(|mut wire| {
        while let Some(head) = wire.next_head() {
            let large = if head.contains("/0 ") { 0 } else { 30_000 };
            if !wire.try_send(sized("200 OK", large, large)) {
                return;
            }
        }
    });
    let client = client();
    let padding = "x".repeat(30_000);
    let requests = (0..COUNT)
        .map(|number| client.get(site.url(format!("/{}", number))).header("X-Padding", &*padding));
    let responses = client.pipeline(requests).depth(COUNT);
    let lengths: Vec<_> = responses.map(|r| r.unwrap().bytes().unwrap().len()).collect();
    assert_eq!(lengths.len(), COUNT);
    assert!(lengths[1..].iter().all(|&length| length == 30_000));
    assert_eq!(client.pool_stats().created, 1);
}

#[test]
fn ok_a_batch_pipelines_on_each_of_its_connections() {
    let client = client();
    let together = Arc::new(AtomicUsize::new(0));
    let most = together.clone();
    let site = Site::serve(move |mut wire| {
        while wire.next_head().is_some() {
            let mut heads = 1;
            while wire.has("\r\n\r\n") {
                wire.expect_head();
                heads += 1;
            }
            most.fetch_max(heads, Ordering::SeqCst);
            if !wire.try_send(EMPTY.repeat(heads)) {
                return;
            }
        }
    });
    let requests: Vec<_> = (0..200).map(|_| client.get(site.url("/"))).collect();
    let results = client.batch(requests).concurrency(3).pipeline_depth(8).collect();
    assert!(results.len() == 200 && results.iter().all(Result::is_ok));
    assert!(site.accepted() <= 3);
    assert!(together.load(Ordering::SeqCst) > 1);
}

#[test]
fn ok_by_hand_requests_and_responses_are_two_queues() {
    let peer = Peer::play(|peer| {
        let mut wire = peer.accept();
        expect(&mut wire, 0..3);
        answer(&mut wire, 0..3);
        wire.expect_end();
    });
    let client = client();
    let recorder = Recorder::new();
    let mut connection = client.connect(peer.url("/")).unwrap();
    for request in gets(&client, &peer, 3) {
        let request = request.observer(recorder.clone()).into_request().unwrap();
        connection.send(&request).unwrap();
    }
    assert_eq!((connection.in_flight(), client.pool_stats().active), (3, 1));
    for number in 0..3 {
        let response = connection.receive().unwrap();
        assert_eq!(response.connection().exchanges(), number + 1);
        assert_eq!(response.text().unwrap(), number.to_string());
    }
    assert_eq!(connection.receive().unwrap_err().kind(), ErrorKind::InvalidRequest);
    assert!(connection.is_open());
    drop(connection);
    assert_eq!((client.pool_stats().active, client.pool_stats().idle), (0, 0));
    let heads = recorder.take().into_iter().filter(|event| event.starts_with("request head"));
    assert_eq!(heads.count(), 3);
}

#[test]
fn err_by_hand_what_cannot_be_sent_or_received_is_said() {
    let (client, _) = scripted([Script::new()
        .expect_until("\r\n\r\n")
        .reply("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello")
        .expect_until("\r\n\r\n")]);
    let get = |url: &str| client.get(url).build().unwrap();
    let mut connection = client.connect("http://a.example/").unwrap();
    let error = connection.send(&get("http://b.example/")).unwrap_err();
    assert!(error.to_string().contains("another origin"), "{}", error);
    let upload = client.put("http://a.example/").body(Body::reader(&b""[..])).build().unwrap();
    let error = connection.send(&upload).unwrap_err();
    assert!(error.to_string().contains("in memory"), "{}", error);

    connection.send(&get("http://a.example/1")).unwrap();
    connection.send(&get("http://a.example/2")).unwrap();
    let first = connection.receive().unwrap();
    let error = connection.receive().unwrap_err();
    assert!(error.to_string().contains("not read to its end"), "{}", error);
    assert_eq!(connection.in_flight(), 1);
    assert_eq!(first.text().unwrap(), "hello");
    assert!(!connection.is_open());
    assert!(connection.send(&get("http://a.example/3")).is_err());
}

#[test]
fn err_by_hand_a_response_that_is_not_read_costs_no_other_its_own() {
    let script = Script::new().expect_until("/b").expect_until("\r\n\r\n").reply(body(1));
    let script = script.reply(body(2)).expect_until("\r\n\r\n").reply(body(3));
    let (client, _) = scripted([script]);
    let mut connection = client.connect("http://a.example/").unwrap();
    let send = |connection: &mut pannier::Connection, path: &str| {
        let request = client.get(format!("http://a.example{}", path)).build().unwrap();
        connection.send(&request).unwrap();
    };
    ["/a", "/b"].iter().for_each(|path| send(&mut connection, path));
    let first = connection.receive().unwrap();
    assert!(connection.receive().is_err());
    assert_eq!((connection.in_flight(), connection.is_open()), (1, true));
    assert_eq!(first.text().unwrap(), "1");
    send(&mut connection, "/c");
    for (path, text) in [("/b", "2"), ("/c", "3")] {
        let response = connection.receive().unwrap();
        assert_eq!(response.url().path(), path);
        assert_eq!(response.text().unwrap(), text);
    }
}

#[test]
fn err_by_hand_what_is_lost_with_the_response_before_it_may_have_been_processed() {
    for (method, safe) in [(Method::POST, false), (Method::PUT, true)] {
        let script = Script::new().expect_until(method.as_str()).expect_until("\r\n\r\nx");
        let (client, _) = scripted([script.reply(sized("200 OK", 100_000, 1)).stall()]);
        let mut connection = client.connect("http://a.example/").unwrap();
        let behind = client.request(method, "http://a.example/").body("x");
        for request in [client.get("http://a.example/"), behind] {
            connection.send(&request.build().unwrap()).unwrap();
        }
        drop(connection.receive().unwrap());
        let error = connection.receive().unwrap_err();
        assert_eq!((error.kind(), error.bytes_received()), (ErrorKind::Receive, 0));
        assert!(error.bytes_sent() > 0 && error.connection_was_reused());
        assert_eq!(error.is_safe_to_retry(), safe);
    }
}

#[test]
fn ok_a_pipeline_never_waits_for_a_place_that_it_has_itself() {
    let site = Site::answering(|target| match target {
        "/moved" => b"HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n".to_vec(),
        _ => OK.into(),
    });
    let pool = PoolConfig::default().max_per_origin(1);
    let client = builder().pool(pool).build();
    let targets = ["/a", "/b", "/moved", "/c", "/moved", "/d"];
    let requests = targets.map(|target| client.get(site.url(target)));
    assert_eq!(texts(client.pipeline(requests).depth(4)), ["ok"; 6]);
    client.connect(site.url("/")).unwrap();
    let broken = Site::serve(|mut wire| {
        for _ in 0..2 {
            if wire.next_head().is_none() || !wire.try_send(OK) {
                return wire.leave();
            }
        }
        wire.leave();
    });
    let requests = [(); 8].map(|()| client.get(broken.url("/")));
    assert_eq!(texts(client.pipeline(requests).depth(4)), ["ok"; 8]);
}

#[test]
fn err_by_hand_nothing_goes_behind_what_may_end_http() {
    let (client, _) = scripted([Script::new()]);
    let mut connection = client.connect("http://a.example/").unwrap();
    let upgrade = client.get("http://a.example/").header("Upgrade", "x");
    connection.send(&upgrade.header("Connection", "upgrade").build().unwrap()).unwrap();
    let next = client.request(Method::GET, "http://a.example/").build().unwrap();
    assert_eq!(connection.send(&next).unwrap_err().kind(), ErrorKind::InvalidRequest);
    assert_eq!(connection.in_flight(), 1);
}

#[test]
fn ok_connect_makes_a_new_connection_though_one_is_idle() {
    let scripts = Script::new().expect_until("\r\n\r\n").reply(EMPTY).expect_until("\r\n\r\n");
    let scripts: Scripts = scripts.reply(EMPTY).repeated();
    let client = builder().connector(scripts).build();
    client.get("http://a.example/").send().unwrap();
    assert_eq!(client.pool_stats().idle, 1);
    let connection = client.connect("http://a.example/").unwrap();
    let stats = client.pool_stats();
    assert_eq!((connection.id(), stats.idle, stats.active, stats.created), (2, 1, 1, 2));
}
