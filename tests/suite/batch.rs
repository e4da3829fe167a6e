//! Many requests at once: what comes of each, in what order, and how it ends.

use std::io::Read;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{mpsc, Arc};
use std::time::{Duration, Instant};
use std::{fs, thread};

use pannier::http::Method;
use pannier::{CancelToken, Client, ErrorKind, IntoRequest, PoolConfig, Response, Timeouts};

use crate::support::peer::Wire;
use crate::support::site::Site;
use crate::support::{builder, client, sized, OK};

/// A site that answers with what was asked.
fn echo() -> Site {
    Site::answering(|target| {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", target.len());
        (head + target).into_bytes()
    })
}

/// Never answers.
fn stall(mut wire: Wire) {
    while wire.next_head().is_some() {}
}

fn gets(client: &Client, site: &Site, count: usize) -> Vec<impl IntoRequest> {
    (0..count).map(|number| client.get(site.url(format!("/{}", number)))).collect()
}

#[test]
fn ok_every_request_gets_its_own_answer_and_results_can_be_collected_in_order() {
    let (site, client) = (echo(), client());
    let results = client.batch(gets(&client, &site, 300)).concurrency(7).collect();
    assert_eq!(results.len(), 300);
    for (number, result) in results.into_iter().enumerate() {
        let response = result.unwrap();
        assert_eq!(response.content_length(), Some(format!("/{}", number).len() as u64));
        assert_eq!(response.text().unwrap(), format!("/{}", number));
    }
    assert!(client.pool_stats().created <= 7);
}

#[test]
fn ok_content_in_memory_is_read_like_any_other() {
    let (site, client) = (echo(), client());
    let mut responses = client.batch([client.get(site.url("/hello"))]).run();
    let (index, result) = responses.next().unwrap();
    let mut response = result.unwrap();
    assert_eq!((index, response.is_ended(), client.pool_stats().idle), (0, false, 1));
    let mut start = [0; 3];
    response.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"/he");
    assert_eq!(response.bytes().unwrap(), b"llo");
    assert!(responses.next().is_none());
}

#[test]
fn ok_a_request_that_cannot_be_built_is_a_result_at_its_place() {
    let (site, client) = (echo(), client());
    let requests = [
        client.get(site.url("/a")),
        client.get("http://"),
        client.get(site.url("/c")).header("a b", ""),
    ];
    let results = client.batch(requests).collect();
    let kinds: Vec<_> = results.iter().map(|r| r.as_ref().err().map(|e| e.kind())).collect();
    assert_eq!(kinds, [None, Some(ErrorKind::InvalidUrl), Some(ErrorKind::InvalidRequest)]);
}

#[test]
fn ok_the_task_runs_on_the_worker_with_a_response_that_streams() {
    let (site, client) = (echo(), client());
    let here = thread::current().id();
    let task = move |index: usize, result: pannier::Result<Response>| {
        let mut response = result.unwrap();
        assert!(thread::current().id() != here && !response.is_ended());
        let mut text = String::new();
        response.read_to_string(&mut text).unwrap();
        (index, text)
    };
    let mut found: Vec<_> =
        client.batch(gets(&client, &site, 20)).map(task).map(|(_, found)| found).collect();
    found.sort_unstable();
    assert_eq!(found[3], (3, "/3".to_owned()));
    assert_eq!(found.len(), 20);
}

/// An iterator that says how far it was pulled.
struct Endless(Client, String, Arc<AtomicUsize>);

impl Iterator for Endless {
    type Item = pannier::RequestBuilder;

    fn next(&mut self) -> Option<Self::Item> {
        self.2.fetch_add(1, Ordering::SeqCst);
        Some(self.0.get(&*self.1))
    }
}

#[test]
fn ok_an_endless_iterator_is_pulled_only_a_little_ahead() {
    let (site, client) = (echo(), client());
    let pulled = Arc::new(AtomicUsize::new(0));
    let requests = Endless(client.clone(), site.url("/"), pulled.clone());
    let results = client.batch(requests).concurrency(2).run();
    assert!(results.take(1000).all(|(_, result)| result.is_ok()));
    assert!(pulled.load(Ordering::SeqCst) < 1000 + 300);
}

#[test]
fn ok_a_caller_who_is_slow_holds_up_the_batch_and_not_memory() {
    let (site, client) = (echo(), client());
    let pulled = Arc::new(AtomicUsize::new(0));
    let requests = Endless(client.clone(), site.url("/"), pulled.clone());
    let mut results = client.batch(requests).concurrency(2).run();
    results.next().unwrap().1.unwrap();
    // The workers come to rest, with what may be ahead of the caller: 256 requests that nobody has begun
    // yet, 32 results that wait, as many that were handed over at once, and what is in between.
    let mut before = 0;
    loop {
        thread::sleep(Duration::from_millis(20));
        let now = pulled.load(Ordering::SeqCst);
        if now == before {
            break;
        }
        before = now;
    }
    assert!(before < 256 + 32 + 32 + 8, "{}", before);
}

#[test]
fn ok_an_iterator_that_blocks_holds_up_nothing_that_it_has_yielded() {
    let (site, client) = (echo(), client());
    let (sender, receiver) = mpsc::channel();
    let mut results = client.batch(receiver).run();
    for target in ["/a", "/b"] {
        sender.send(client.get(site.url(target))).unwrap();
        let (_, result) = results.next().unwrap();
        assert_eq!(result.unwrap().text().unwrap(), target);
    }
    drop(sender);
    assert!(results.next().is_none());
}

#[test]
fn ok_one_slow_origin_does_not_hold_up_the_others() {
    let (slow, fast, client) = (Site::serve(stall), echo(), client());
    let requests: Vec<_> = (0..100)
        .flat_map(|number| {
            let target = format!("/{}", number);
            [client.get(slow.url(&target)), client.get(fast.url(&target))]
        })
        .collect();
    let results = client.batch(requests).concurrency(4).run();
    let answered = results.take(100).filter(|(_, result)| result.is_ok()).count();
    assert_eq!(answered, 100);
}

#[test]
fn ok_no_more_workers_wait_for_an_origin_than_it_may_have_connections() {
    let (site, other) = (Site::serve(stall), echo());
    let client = builder().pool(PoolConfig::default().max_per_origin(2)).build();
    let mut requests: Vec<_> = (0..10).map(|_| client.get(site.url("/"))).collect();
    requests.push(client.get(other.url("/x")));
    let mut results = client.batch(requests).concurrency(8).run();
    assert_eq!(results.next().unwrap().1.unwrap().text().unwrap(), "/x");
    assert_eq!(client.pool_stats().waiting, 0);
}

#[test]
fn ok_a_request_that_nobody_may_take_does_not_hide_one_that_someone_may() {
    let (slow, fast) = (Site::serve(stall), echo());
    let client = builder().pool(PoolConfig::default().max_per_origin(1)).build();
    let (sender, receiver) = mpsc::channel();
    let mut results = client.batch(receiver).concurrency(2).run();
    (0..2).for_each(|_| sender.send(client.get(slow.url("/"))).unwrap());
    in_flight(&client, &slow, 1);
    sender.send(client.get(fast.url("/x"))).unwrap();
    assert_eq!(results.next().unwrap().1.unwrap().text().unwrap(), "/x");
}

#[test]
fn ok_a_request_that_cannot_be_built_takes_no_worker_from_the_others() {
    let (site, client) = (Site::serve(stall), Client::new());
    let mut requests = vec![client.get("not a url")];
    requests.extend((0..8).map(|_| client.get(site.url("/"))));
    let mut results = client.batch(requests).concurrency(4).run();
    assert!(results.next().unwrap().1.is_err());
    in_flight(&client, &site, 4);
}

#[test]
fn err_a_cancel_or_the_end_of_its_time_ends_a_batch_whose_iterator_blocks() {
    let (site, client) = (echo(), client());
    let token = CancelToken::new();
    let (sender, receiver) = mpsc::channel();
    let mut results = client.batch(receiver).cancel(token.clone()).run();
    sender.send(client.get(site.url("/a"))).unwrap();
    assert!(results.next().unwrap().1.is_ok());
    token.cancel();
    assert!(results.next().is_none());

    let (sender, receiver) = mpsc::channel();
    let batch = client.batch(receiver).timeout(Duration::from_millis(50));
    sender.send(client.get(site.url("/a"))).unwrap();
    assert_eq!(batch.collect().len(), 1);
    drop(sender);
}

#[test]
fn err_each_failure_is_a_result_of_its_own() {
    let site = Site::serve(|mut wire| {
        let head = wire.next_head().unwrap_or_default();
        match head.split(' ').nth(1) {
            Some("/cut") => wire.try_send(sized("200 OK", 10, 3)),
            Some("/ok") => wire.try_send(OK),
            _ => false,
        };
        wire.close();
    });
    let client = client();
    let requests = ["/ok", "/cut", "/none"].map(|target| client.get(site.url(target)));
    let results = client.batch(requests).collect();
    let kinds: Vec<_> = results.iter().map(|r| r.as_ref().err().map(|e| e.kind())).collect();
    assert_eq!(kinds, [None, Some(ErrorKind::Truncated), Some(ErrorKind::EmptyResponse)]);
}

#[test]
fn err_the_deadline_of_the_batch_holds_for_each_request() {
    let (site, client) = (Site::serve(stall), Client::new());
    let began = Instant::now();
    let timeout = Duration::from_millis(50);
    let results = client.batch(gets(&client, &site, 20)).concurrency(4).timeout(timeout).collect();
    assert!(results.iter().all(|result| result.as_ref().unwrap_err().is_timeout()));
    assert!(results.len() == 20 && began.elapsed() < Duration::from_secs(5));
    let own = Timeouts::default().total(Duration::from_millis(10));
    let request = client.get(site.url("/")).timeouts(own);
    let result = client.batch([request]).timeout(Duration::from_secs(60)).collect().pop();
    assert!(result.unwrap().unwrap_err().is_timeout());
}

#[test]
fn err_a_panic_in_the_task_reaches_the_caller_and_poisons_nothing() {
    let (site, client) = (echo(), client());
    let results = client.batch(gets(&client, &site, 50)).concurrency(3).map(|index, result| {
        assert_ne!(index, 20, "on purpose");
        result.map(|response| response.status())
    });
    let panic = catch_unwind(AssertUnwindSafe(|| results.for_each(drop))).unwrap_err();
    assert!(panic.downcast_ref::<String>().unwrap().contains("on purpose"));
    assert_eq!(client.pool_stats().active, 0);
    assert_eq!(client.batch(gets(&client, &site, 5)).collect().len(), 5);
}

#[test]
fn err_a_panic_of_the_iterator_reaches_the_caller() {
    let client = client();
    let requests = (0..3).map(|_| -> pannier::Result<pannier::Request> { panic!("on purpose") });
    let results = client.batch(requests).run();
    let panic = catch_unwind(AssertUnwindSafe(|| results.for_each(drop))).unwrap_err();
    assert_eq!(*panic.downcast_ref::<&str>().unwrap(), "on purpose");
}

#[test]
fn err_a_token_that_was_cancelled_before_sends_nothing() {
    let (site, client, token) = (echo(), client(), CancelToken::new());
    token.cancel();
    let results = client.batch(gets(&client, &site, 50)).cancel(token).collect();
    assert!(results.iter().all(|r| r.as_ref().unwrap_err().kind() == ErrorKind::Cancelled));
    assert_eq!(site.accepted(), 0);
}

#[test]
fn err_a_request_keeps_a_token_of_its_own() {
    let (slow, fast, client) = (Site::serve(stall), echo(), client());
    let token = CancelToken::new();
    let requests = [client.get(slow.url("/")).cancel(token.clone()), client.get(fast.url("/"))];
    let mut results = client.batch(requests).run();
    assert_eq!(results.next().unwrap().0, 1);
    token.cancel();
    let (index, result) = results.next().unwrap();
    assert_eq!((index, result.unwrap_err().kind()), (0, ErrorKind::Cancelled));
}

/// The server breaks off after a POST, so that some on kept connections fail.
#[test]
fn ok_a_method_that_must_not_be_repeated_is_sent_once_at_most() {
    let seen = Arc::new(AtomicUsize::new(0));
    let count = seen.clone();
    let site = Site::serve(move |mut wire| {
        while let Some(head) = wire.next_head() {
            let post = head.starts_with("POST");
            count.fetch_add(usize::from(post), Ordering::SeqCst);
            if !wire.try_send(OK) || post {
                return wire.close();
            }
        }
    });
    let client = client();
    let requests = (0..100).map(|number| {
        let method = if number % 3 == 0 { Method::POST } else { Method::GET };
        client.request(method, site.url("/"))
    });
    let results = client.batch(requests.collect::<Vec<_>>()).concurrency(8).collect();
    let failed: Vec<_> = (0..100).filter(|&number| results[number].is_err()).collect();
    assert!(failed.iter().all(|number| number % 3 == 0), "{:?}", failed);
    assert!((34 - failed.len()..=34).contains(&seen.load(Ordering::SeqCst)));
}

/// Transfers in flight, and the threads that this process has then.
fn in_flight(client: &Client, site: &Site, count: usize) {
    let patience = Instant::now() + Duration::from_secs(20);
    while client.pool_stats().active < count || site.accepted() < count {
        assert!(Instant::now() < patience, "{:?}", client.pool_stats());
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn ok_a_cancel_ends_what_is_in_flight_at_once() {
    const COUNT: usize = 256;
    let (site, client) = (Site::serve(stall), Client::new());
    let token = CancelToken::new();
    let requests = gets(&client, &site, COUNT + 50);
    let mut results = client.batch(requests).concurrency(COUNT).cancel(token.clone()).run();
    in_flight(&client, &site, COUNT);
    let began = Instant::now();
    token.cancel();
    let cancelled = results
        .by_ref()
        .filter(|(_, result)| matches!(result, Err(error) if error.kind() == ErrorKind::Cancelled));
    assert!(cancelled.count() >= COUNT);
    let elapsed = began.elapsed();
    drop(results);
    assert!(elapsed < Duration::from_millis(500), "{:?}", elapsed);
    assert_eq!(client.pool_stats().active, 0);
    site.expect_all_closed();
}

#[test]
fn ok_dropping_the_results_ends_the_batch_and_leaves_no_thread() {
    let (site, client) = (Site::serve(stall), Client::new());
    let results = client.batch(gets(&client, &site, 50)).concurrency(16).run();
    in_flight(&client, &site, 16);
    drop(results);
    assert_eq!(client.pool_stats().active, 0);
    site.expect_all_closed();
    if cfg!(target_os = "linux") {
        let tasks = fs::read_dir("/proc/self/task").unwrap();
        let name = |task: fs::DirEntry| fs::read_to_string(task.path().join("comm")).ok();
        let names: Vec<_> = tasks.filter_map(|task| name(task.ok()?)).collect();
        // Other tests have batches too, but hardly sixteen workers each that are of no use.
        assert!(names.iter().filter(|name| name.starts_with("pannier-b")).count() < 600);
    }
}
