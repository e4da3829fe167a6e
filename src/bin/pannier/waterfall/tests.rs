//! Charts of made-up exchanges: where rows stand, and how they look.

use std::time::Duration;

use pannier::http::Url;
use pannier::Phase::{self, Connect, Queue, Receive, Resolve, Send, Wait};

use super::terminal::Look;
use super::*;
use crate::journal::Carrier;

/// An exchange whose phases take so many milliseconds.
fn exchange(
    url: &str,
    connection: Option<(u64, bool)>,
    began: u64,
    phases: &[(Phase, u64)],
) -> Exchange {
    let url = Url::parse(url).expect("the tests write URLs");
    let mut at = Duration::from_millis(began);
    let mut exchange = Exchange::new("GET", &url, at);
    for &(phase, millis) in phases {
        let to = at + Duration::from_millis(millis);
        exchange.spans.push(Span { phase, from: at, to });
        at = to;
    }
    let carrier = |(id, reused)| Carrier { client: 0, id, stream: None, reused, remote: None };
    exchange.carrier = connection.map(carrier);
    if phases.last().is_some_and(|(phase, _)| *phase == Receive) {
        exchange.status = Some(200);
    } else {
        exchange.error = Some("it <broke>".to_owned());
    }
    exchange
}

fn exchanges() -> Vec<Exchange> {
    let new = [(Resolve, 40), (Connect, 80), (Send, 1), (Wait, 79), (Receive, 40)];
    let again = [(Send, 1), (Wait, 79), (Receive, 40)];
    vec![
        exchange("http://a.test/", Some((1, false)), 1000, &new),
        exchange("http://a.test/1?q", Some((1, true)), 1240, &again),
        exchange(
            "http://a.test/2",
            Some((2, false)),
            1240,
            &[(Connect, 80), (Wait, 80), (Receive, 10)],
        ),
        exchange("http://b.test/x", None, 1250, &[(Queue, 30), (Connect, 60)]),
        exchange("http://a.test/a/very/long/path/to/something", Some((1, true)), 1360, &again),
    ]
}

#[test]
fn ok_rows_of_a_connection_stand_together() {
    let chart = Chart::new(&exchanges());
    let targets: Vec<&str> = chart.rows().map(|row| row.target.as_str()).collect();
    assert_eq!(targets, ["/", "/1?q", "/a/very/long/path/to/something", "/2", "/x"]);
    let ids: Vec<_> = chart.groups().map(|group| group.connection).collect();
    assert_eq!(ids, [Some(1), Some(2), None]);
    assert_eq!(chart.phases(), [Queue, Resolve, Connect, Send, Wait, Receive]);
    assert_eq!(chart.length, Duration::from_millis(480));
    assert_eq!(chart.summary(), "5 exchanges on 2 connections in 480 ms");
}

#[test]
fn ok_the_chart_in_a_terminal() {
    let chart = Chart::new(&exchanges());
    let text = terminal::draw("", &chart, Look { width: 80, colour: false });
    assert_eq!(text, IN_A_TERMINAL, "\n{}", text);
}

#[test]
fn ok_streams_of_a_connection_are_named_row_by_row() {
    let mut exchanges = exchanges();
    for (stream, exchange) in [1, 3, 1, 1, 123].into_iter().zip(&mut exchanges) {
        if let Some(carrier) = &mut exchange.carrier {
            carrier.stream = Some(stream);
        }
    }
    let chart = Chart::new(&exchanges);
    let ids =
        |group: &Group| (0..group.rows.len()).map(|index| group.id(index)).collect::<Vec<_>>();
    let ids: Vec<_> = chart.groups().map(ids).collect();
    assert_eq!(ids, [vec!["#1.1", "#1.3", "#1.123"], vec!["#2.1"], vec![""]]);
    let text = terminal::draw("", &chart, Look { width: 80, colour: false });
    assert!(text.contains("\n  #1.1 ┌ GET / ") && text.contains("\n#1.123 └ GET "), "{}", text);
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{}", text);
}

#[test]
fn ok_an_origin_that_is_longer_than_the_labels_is_shown_whole() {
    let wait = [(Wait, 10), (Receive, 10)];
    let chart = Chart::new(&[exchange("http://127.0.0.1:8080/a", Some((1, false)), 0, &wait)]);
    let text = terminal::draw("", &chart, Look { width: 80, colour: false });
    assert!(text.contains("\nhttp://127.0.0.1:8080 0 "), "{}", text);
}

#[test]
fn ok_lines_keep_to_the_width_and_colours_can_be_taken_away() {
    let chart = Chart::new(&exchanges());
    for width in [64, 80, 120, 300] {
        let plain = terminal::draw("", &chart, Look { width, colour: false });
        for line in plain.lines() {
            assert!(line.chars().count() <= width, "{}", line);
        }
        let mut coloured = terminal::draw("", &chart, Look { width, colour: true });
        while let Some(start) = coloured.find('\u{1b}') {
            let end = coloured[start..].find('m').map_or(coloured.len(), |end| start + end + 1);
            coloured.replace_range(start..end, "");
        }
        assert_eq!(coloured, plain);
    }
}

#[test]
fn ok_a_drawing_is_well_formed_and_has_every_row() {
    let chart = Chart::new(&exchanges());
    let text = svg::draw(&[("a & b", chart)]);
    assert_eq!(text.matches("<g>").count(), 5);
    assert_eq!(text.matches("<g>").count(), text.matches("</g>").count());
    assert_eq!(text.matches("<text").count(), text.matches("</text>").count());
    for part in
        ["it &lt;broke&gt;", "a &amp; b", "on a connection used before", "<desc id=\"desc\">"]
    {
        assert!(text.contains(part), "no {:?} in {}", part, text);
    }
}

#[test]
fn ok_a_run_without_exchanges_has_an_empty_chart() {
    let chart = Chart::new(&[]);
    assert_eq!(terminal::draw("", &chart, Look { width: 80, colour: true }), "no exchanges\n");
    assert!(svg::draw(&[("", chart)]).starts_with("<svg "));
}

const IN_A_TERMINAL: &str = "\
5 exchanges on 2 connections in 480 ms
\nhttp://a.test                     0       100    200     300     400 ms
                                  ├───────┬──────┬───────┬───────┬─────
#1 ┌ GET /                    200 ~~~──────░░░░░░████                     240 ms
   │ GET /1?q                 200                   ░░░░░░░███            120 ms
   └ GET /a/ver…/to/something 200                             ░░░░░░███   120 ms
#2 ─ GET /2                   200                   ───────░░░░░░█        170 ms
\nhttp://b.test
     GET /x                     —                    ···───×               90 ms
\n· queue  ~ resolve  ─ connect  ▒ send  ░ wait  █ receive
┌ new connection  │ used again
";
