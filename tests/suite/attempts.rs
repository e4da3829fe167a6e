//! Further attempts by policy: after which results, with what pauses, and when not.

use std::thread;
use std::time::{Duration, Instant, SystemTime};

use pannier::http::{date, Method};
use pannier::net::{Script, Scripts};
use pannier::{CancelToken, Client, Credentials, ErrorKind, RetryPolicy, Timeouts};

use crate::support::recorder::Recorder;
use crate::support::{builder, once, scripted, OK};

const SHORT: Duration = Duration::from_millis(2);

fn policy(count: u32) -> RetryPolicy {
    RetryPolicy::attempts(count).backoff(SHORT, SHORT)
}

fn status(line: &str, fields: &str) -> Script {
    let close = "Connection: close\r\nContent-Length: 0\r\n\r\n";
    once(format!("HTTP/1.1 {}\r\n{}{}", line, fields, close))
}

fn client(policy: RetryPolicy, scripts: impl IntoIterator<Item = Script>) -> Client {
    let scripts: Scripts = Script::connections(scripts);
    builder().retries(policy).connector(scripts).build()
}

#[test]
fn ok_failures_and_transient_statuses_are_tried_again() {
    let refusals = [
        Script::new().expect_until("\r\n\r\n").close(),
        Script::new().expect_until("\r\n\r\n").reset(),
        status("503 Service Unavailable", ""),
        status("408 Request Timeout", ""),
    ];
    let recorder = Recorder::new();
    let client = client(policy(4), refusals.into_iter().chain([once(OK)]));
    let response = client.get("http://a.example/").observer(recorder.clone()).send().unwrap();
    assert_eq!(response.status().as_u16(), 200);
    assert_eq!(client.pool_stats().retried, 4);
    let retries: Vec<_> =
        recorder.take().into_iter().filter(|event| event.starts_with("retrying")).collect();
    assert_eq!(
        retries,
        [
            "retrying after EmptyResponse",
            "retrying after Receive",
            "retrying after Status",
            "retrying after Status"
        ]
    );
}

#[test]
fn ok_the_last_result_counts() {
    let client = client(policy(2), [(); 3].map(|()| status("503 Busy", "")));
    let response = client.get("http://a.example/").send().unwrap();
    assert_eq!((response.status().as_u16(), client.pool_stats().created), (503, 3));
}

#[test]
fn ok_other_statuses_are_results_and_the_set_is_the_callers() {
    for (code, retried) in [(500, 0), (404, 0), (200, 0), (503, 1), (599, 0)] {
        let client = client(policy(1), [status(&format!("{} X", code), ""), once(OK)]);
        client.get("http://a.example/").send().unwrap();
        assert_eq!(client.pool_stats().retried, retried, "{}", code);
    }
    let client = client(policy(1).statuses([404]), [status("404 Not Yet", ""), once(OK)]);
    assert_eq!(client.get("http://a.example/").send().unwrap().status().as_u16(), 200);
}

#[test]
fn ok_a_request_can_have_a_policy_of_its_own() {
    let client = client(RetryPolicy::none(), [status("503 Busy", ""), once(OK)]);
    let response = client.get("http://a.example/").retries(policy(1)).send().unwrap();
    assert_eq!(response.status().as_u16(), 200);
}

#[test]
fn ok_what_may_have_been_processed_is_repeated_only_if_the_caller_says_so() {
    for (allowed, created) in [(false, 1), (true, 2)] {
        for first in [status("503 Busy", ""), Script::new().expect_until("\r\n\r\n").close()] {
            let policy = policy(1).allow_processing_twice(allowed);
            let client = client(policy, [first, once(OK)]);
            let result = client.request(Method::POST, "http://a.example/").send();
            assert_eq!(client.pool_stats().created, created);
            let succeeded = result.map_or(false, |response| response.status().is_success());
            assert_eq!(succeeded, allowed);
        }
    }
}

#[test]
fn err_what_was_sent_before_may_have_been_processed_though_the_last_attempt_sent_nothing() {
    let lost = Script::new().expect_until("\r\n\r\n").close();
    for before in [lost, status("503 Busy", "")] {
        for (method, safe) in [(Method::POST, false), (Method::PUT, true)] {
            let policy = policy(1).allow_processing_twice(true);
            let client = client(policy, [before.clone(), Script::refused()]);
            let error = client.request(method, "http://a.example/").send().unwrap_err();
            assert_eq!((error.kind(), error.bytes_sent()), (ErrorKind::Connect, 0));
            assert_eq!(error.is_safe_to_retry(), safe);
        }
    }
}

#[test]
fn err_what_was_sent_before_credentials_were_asked_for_may_have_been_processed() {
    let asked = status("401 Who", "WWW-Authenticate: Basic realm=r\r\n");
    for (method, safe) in [(Method::POST, false), (Method::PUT, true)] {
        let policy = policy(1).allow_processing_twice(true);
        let scripts = [status("503 Busy", ""), asked.clone(), Script::refused()];
        let client = client(policy, scripts);
        let request = client.request(method, "http://a.example/");
        let error = request.credentials(Credentials::any("u", "p")).send().unwrap_err();
        assert_eq!((error.kind(), error.bytes_sent()), (ErrorKind::Connect, 0));
        assert_eq!(error.is_safe_to_retry(), safe);
    }
}

#[test]
fn ok_what_never_left_is_repeated_whatever_its_method() {
    // No script: nobody can be connected to.
    let (nobody, _) = scripted([]);
    let request = nobody.post("http://a.example/").retries(policy(3));
    assert_eq!(request.send().unwrap_err().kind(), ErrorKind::Connect);
    assert_eq!(nobody.pool_stats().retried, 3);
}

#[test]
fn ok_retry_after_is_obeyed_in_both_forms() {
    let soon = date::format(SystemTime::now() + Duration::from_secs(2));
    for (field, least) in [(soon, 900), ("1".to_owned(), 990), ("0".to_owned(), 0)] {
        let fields = format!("Retry-After: {}\r\n", field);
        let client = client(policy(1), [status("429 Slow Down", &fields), once(OK)]);
        let began = Instant::now();
        assert_eq!(client.get("http://a.example/").send().unwrap().status().as_u16(), 200);
        assert!(began.elapsed() >= Duration::from_millis(least), "{} {:?}", field, began.elapsed());
    }
}

#[test]
fn ok_a_pause_beyond_the_deadline_or_the_policy_is_not_begun() {
    let wish = "Retry-After: 30\r\n";
    let total = Timeouts::default().total(Duration::from_secs(5));
    let patient = policy(1).max_retry_after(Duration::from_secs(10));
    for (policy, timeouts) in [(policy(1), total), (patient, Timeouts::default())] {
        let client = client(policy, [status("503 Busy", wish), once(OK)]);
        let began = Instant::now();
        let response = client.get("http://a.example/").timeouts(timeouts).send().unwrap();
        assert_eq!(response.status().as_u16(), 503);
        assert!(began.elapsed() < Duration::from_secs(4));
    }
}

#[test]
fn ok_no_pause_is_too_long_to_be_counted() {
    let wish = "Retry-After: 18446744073709551615\r\n";
    let policy = policy(1).max_retry_after(Duration::MAX);
    let client = client(policy, [status("503 Busy", wish), once(OK)]);
    assert_eq!(client.get("http://a.example/").send().unwrap().status().as_u16(), 503);
}

#[test]
fn err_a_token_ends_the_pause() {
    let client = client(
        RetryPolicy::attempts(1).backoff(Duration::from_secs(60), Duration::from_secs(60)),
        [status("503 Busy", ""), once(OK)],
    );
    let client = &client;
    let token = CancelToken::new();
    let request = client.get("http://a.example/").timeouts(Timeouts::default());
    let request = request.cancel(token.clone());
    let error = thread::scope(|scope| {
        let call = scope.spawn(|| request.send().unwrap_err());
        let patience = Instant::now() + Duration::from_secs(10);
        while client.pool_stats().created == 0 && Instant::now() < patience {
            thread::yield_now();
        }
        token.cancel();
        call.join().unwrap()
    });
    assert_eq!(error.kind(), ErrorKind::Cancelled);
}

#[test]
fn ok_a_body_that_cannot_be_had_again_is_sent_once() {
    let client = client(policy(3), [status("503 Busy", ""), once(OK)]);
    let body = pannier::Body::sized(&b"x"[..], 1);
    let response = client.put("http://a.example/").body(body).send().unwrap();
    assert_eq!((response.status().as_u16(), client.pool_stats().created), (503, 1));
}
