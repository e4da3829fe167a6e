//! Flow control of HTTP/2, both ways: how much is sent, and how much is given back.

use pannier::http::Method;
use pannier::proto::h2::{Config, Connection, Error, ErrorCode, Event, Reset};
use pannier::proto::Limits;

use crate::h2::engine::{connected, feed, sent, OK};
use crate::properties::h2_engine::*;

/// The next event is that more may be sent, on this stream or the connection.
fn assert_window(connection: &mut Connection, wire: &[u8], expected: Option<u32>) {
    match connection.recv(wire).unwrap() {
        (used, Some(Event::Window { stream })) => {
            assert_eq!((used, stream), (wire.len(), expected))
        }
        other => panic!("{:?}", other),
    }
}

#[test]
fn ok_an_upload_is_cut_by_both_windows_and_the_size_of_frames() {
    let mut connection = connected(Config::default(), &[(4, 100_000)]);
    let stream = request(&mut connection, &Method::POST, false);
    connection.output().clear();
    let content = vec![b'x'; 200_000];
    assert_eq!(connection.send_room(stream), 65_535);
    assert_eq!(connection.send_data(stream, &content, true), 65_535);
    assert_eq!(
        sent(&mut connection),
        ["DATA 1 16384", "DATA 1 16384", "DATA 1 16384", "DATA 1 16383"]
    );
    assert_eq!(connection.send_data(stream, &content, true), 0);
    assert_window(&mut connection, &window(0, 100_000), None);
    feed(&mut connection, &settings(&[(5, 50_000)]));
    connection.output().clear();
    assert_eq!(connection.send_data(stream, &content[65_535..], true), 34_465);
    assert_eq!(sent(&mut connection), ["DATA 1 34465"]);
    assert_window(&mut connection, &window(stream, 100_001), Some(1));
    assert_eq!(connection.send_room(stream), 65_535);
    assert_eq!(connection.send_data(stream, &content[100_000..165_535], true), 65_535);
    assert_eq!(sent(&mut connection), ["DATA 1 50000", "DATA 1 15535 END"]);
    assert_eq!(connection.send_data(stream, b"more", true), 0);
    assert_eq!(connection.send_room(stream), 0);
}

#[test]
fn ok_the_end_needs_no_room() {
    let mut connection = connected(Config::default(), &[(4, 0)]);
    for (content, taken) in [(&b""[..], 0), (b"x", 0)] {
        let stream = request(&mut connection, &Method::POST, false);
        connection.output().clear();
        assert_eq!(connection.send_data(stream, content, true), taken);
        let expected: &[String] = &[format!("DATA {} 0 END", stream)];
        let expected = if content.is_empty() { expected } else { &[] };
        assert_eq!(sent(&mut connection), expected);
        assert_eq!(connection.send_data(stream, b"", false), 0);
    }
}

#[test]
fn ok_settings_may_take_back_what_was_spent() {
    let mut connection = connected(Config::default(), &[(4, 1_000)]);
    let stream = request(&mut connection, &Method::POST, false);
    assert_eq!(connection.send_data(stream, &[0; 800], false), 800);
    feed(&mut connection, &settings(&[(4, 100)]));
    assert_eq!(connection.send_room(stream), 0);
    feed(&mut connection, &window(stream, 700)); // at 0
    assert_eq!(connection.send_data(stream, b"x", false), 0);
    feed(&mut connection, &settings(&[(4, 50), (4, 101)]));
    assert_eq!(connection.send_room(stream), 1);
    let other = request(&mut connection, &Method::POST, false);
    assert_eq!(connection.send_room(other), 101);
    feed(&mut connection, &window(stream, (1 << 31) - 2));
    match connection.recv(&window(stream, 1)).unwrap().1 {
        Some(Event::Reset { stream: 1, reset }) => {
            assert_eq!(reset, Reset::Malformed(Error::WindowOverflow));
        }
        event => panic!("{:?}", event),
    }
    assert_eq!(connection.send_room(other), 101);
}

#[test]
fn ok_only_streams_that_may_send_are_told_of_windows() {
    let mut connection = connected(Config::default(), &[]);
    request(&mut connection, &Method::GET, true);
    assert_eq!(feed(&mut connection, &window(1, 5)), 0);
    assert_eq!(feed(&mut connection, &window(0, 5)), 1);
}

#[test]
fn err_more_content_than_the_window_of_its_stream() {
    // The peer may not have heard of the small window yet.
    let config = Config::default().stream_window(100).max_stream_window(100);
    let mut connection = connected(config, &[]);
    request(&mut connection, &Method::GET, true);
    feed(&mut connection, &headers(1, OK, false));
    assert_eq!(feed(&mut connection, &data(1, &[0; 150], false)), 1);
    // Now it has.
    feed(&mut connection, &frame(4, 1, 0, b""));
    request(&mut connection, &Method::GET, true);
    connection.output().clear();
    let wire = [headers(3, OK, false), data(3, &[0; 90], false), padded(3, b"", 9, false)].concat();
    assert_eq!(feed(&mut connection, &wire), 2);
    // The padding is owed; half of the window is given back when 40 bytes of content are read.
    connection.release(3, 40);
    match connection.recv(&data(3, &[0; 50], true)).unwrap().1 {
        Some(Event::Data { end: true, .. }) => {}
        event => panic!("{:?}", event),
    }
    request(&mut connection, &Method::GET, true);
    connection.output().clear();
    feed(&mut connection, &headers(5, OK, false));
    let wire = data(5, &[0; 101], false);
    match connection.recv(&wire).unwrap() {
        (used, Some(Event::Reset { stream: 5, reset })) => {
            assert_eq!(reset, Reset::Malformed(Error::WindowExceeded));
            assert_eq!(feed(&mut connection, &wire[used..]), 0);
        }
        event => panic!("{:?}", event),
    }
    assert_eq!(sent(&mut connection), ["RST_STREAM 5 FLOW_CONTROL_ERROR"]);
    // Stream 1 owes 50 bytes.
    match connection.recv(&data(1, b"x", false)).unwrap().1 {
        Some(Event::Reset { stream: 1, reset: Reset::Malformed(Error::WindowExceeded) }) => {}
        event => panic!("{:?}", event),
    }
}

#[test]
fn ok_the_connection_gives_back_on_receipt_and_a_stream_what_was_read() {
    let config = Config::default().connection_window(65_535).stream_window(100_000);
    let config = config.max_stream_window(100_000);
    let mut connection = connected(config, &[]);
    request(&mut connection, &Method::GET, true);
    connection.output().clear();
    feed(&mut connection, &headers(1, OK, false));
    for _ in 0..5 {
        feed(&mut connection, &data(1, &[0; 16_384], false));
    }
    assert_eq!(sent(&mut connection), ["WINDOW 0 +32768", "WINDOW 0 +32768"]);
    connection.release(1, 49_999);
    assert_eq!(sent(&mut connection), [""; 0]);
    connection.release(1, 1);
    assert_eq!(sent(&mut connection), ["WINDOW 1 +50000"]);
    connection.release(1, usize::MAX);
    assert_eq!(sent(&mut connection), [""; 0], "no more than what came: 31,920");
    feed(&mut connection, &data(1, &[0; 16_384], false));
    connection.release(1, 16_384);
    // What is behind the end needs no room.
    feed(&mut connection, &data(1, &[0; 16_384], true));
    connection.output().clear();
    connection.release(1, 16_384);
    assert_eq!(sent(&mut connection), [""; 0]);
}

#[test]
fn ok_padding_and_its_length_are_given_back() {
    let config = Config::default().connection_window(65_535).stream_window(65_535);
    let mut connection = connected(config.max_stream_window(65_535), &[]);
    request(&mut connection, &Method::GET, true);
    feed(&mut connection, &headers(1, OK, false));
    connection.output().clear();
    // 280 bytes each, of which 24 are content that is never read: the 257th would not fit.
    for _ in 0..500 {
        feed(&mut connection, &padded(1, &[0; 24], 255, false));
    }
    let output = std::mem::take(connection.output());
    let mut given = [0, 0];
    for frame in frames(&output) {
        match frame {
            pannier::proto::h2::frame::Frame::WindowUpdate { stream, increment } => {
                given[stream as usize] += increment
            }
            other => panic!("{:?}", other),
        }
    }
    assert!(given[0] > 500 * 280 - 33_000 && given[1] > 500 * 256 - 33_000, "{:?}", given);
}

#[test]
fn ok_a_long_download_is_never_starved() {
    let config = Config::default().stream_window(1_000).max_stream_window(64_000);
    let mut connection = connected(config, &[]);
    feed(&mut connection, &frame(4, 1, 0, b""));
    request(&mut connection, &Method::GET, true);
    feed(&mut connection, &headers(1, OK, false));
    connection.output().clear();
    // A server that fills the window, and a reader that takes what has come: each round trip carries
    // twice as much, until the largest window is reached.
    let (mut window, mut rounds) = (1_000_usize, Vec::new());
    for _ in 0..12 {
        rounds.push(window);
        let mut left = window;
        while left > 0 {
            let count = left.min(500);
            feed(&mut connection, &data(1, &vec![0; count], false));
            connection.release(1, count);
            left -= count;
        }
        window = 0;
        let output = std::mem::take(connection.output());
        for frame in frames(&output) {
            if let pannier::proto::h2::frame::Frame::WindowUpdate { stream: 1, increment } = frame {
                window += increment as usize;
            }
        }
    }
    assert_eq!(rounds[..7], [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000]);
    assert!(rounds[7..].iter().all(|&round| round == 64_000), "{:?}", rounds);
}

#[test]
fn ok_a_slow_reader_holds_up_its_own_stream() {
    let config = Config::default().stream_window(70_000).connection_window(65_535);
    let mut connection = connected(config, &[]);
    request(&mut connection, &Method::GET, true);
    request(&mut connection, &Method::GET, true);
    feed(&mut connection, &[headers(1, OK, false), headers(3, OK, false)].concat());
    for _ in 0..4 {
        feed(&mut connection, &data(1, &[0; 16_000], false));
    }
    // Nobody reads stream 1, whose window is used up; 3 goes on.
    for _ in 0..100 {
        feed(&mut connection, &data(3, &[0; 16_000], false));
        connection.release(3, 16_000);
    }
    match connection.recv(&data(1, &[0; 6_001], false)).unwrap().1 {
        Some(Event::Reset { stream: 1, .. }) => {}
        event => panic!("{:?}", event),
    }
}

#[test]
fn ok_data_of_a_stream_that_was_reset_is_given_back_to_the_connection() {
    let config = Config::default().connection_window(65_535);
    let mut connection = connected(config, &[]);
    request(&mut connection, &Method::GET, true);
    connection.reset(1, ErrorCode::CANCEL);
    connection.output().clear();
    for _ in 0..40 {
        assert_eq!(feed(&mut connection, &data(1, &[0; 16_384], false)), 0);
    }
    assert_eq!(sent(&mut connection).len(), 20);
    let connection = Connection::new(config, Limits::default());
    assert_eq!(connection.streams(), 0);
}
