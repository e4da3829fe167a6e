//! The properties of the fuzz targets, checked for every seed in `fuzz/corpus`.

use std::fs;
use std::path::Path;

use crate::properties::{
    challenge, chunked, event_stream, framing, headers, multipart, netrc, response, url,
};
#[cfg(feature = "proxy")]
use crate::properties::{connect_reply, socks};
#[cfg(feature = "cookies")]
use crate::properties::{cookie, cookie_file};
#[cfg(feature = "http2")]
use crate::properties::{frames, h2_engine, hpack};
#[cfg(feature = "gzip")]
use crate::properties::{gzip, inflate};

/// Checks the seeds of a target, and a few small changes of each.
fn all_seeds(target: &str, least: usize, check: fn(&[u8])) {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    if !fuzz.exists() {
        println!("the published package leaves fuzz/ out");
        return;
    }
    let folder = fuzz.join("corpus").join(target);
    let mut count = 0;
    for entry in fs::read_dir(&folder).expect("the corpus of the target is there") {
        let path = entry.expect("the folder can be read").path();
        let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
        if name.len() >= 40 && name.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            continue; // what a fuzzer has left here
        }
        println!("{}", path.display()); // shown if the check fails
        let seed = fs::read(&path).expect("the seed can be read");
        check(&seed);
        near(&seed, check);
        count += 1;
    }
    assert!(count >= least, "{} seeds in {}", count, folder.display());
}

/// The seed cut short anywhere, without any one byte, and with a stranger in its place.
fn near(seed: &[u8], check: fn(&[u8])) {
    let step = 1 + seed.len() / 128;
    for at in (0..seed.len()).step_by(step) {
        check(&seed[..at]);
        check(&[&seed[..at], &seed[at + 1..]].concat());
        for stranger in [&b"\r"[..], b"\n", b"\0", b" ", b":", b"0", b"\xff"] {
            check(&[&seed[..at], stranger, &seed[at + 1..]].concat());
        }
    }
}

#[test]
fn ok_responses_give_the_same_events_at_any_split() {
    all_seeds("response", 30, response::check);
}

#[test]
fn ok_chunks_are_decoded_as_a_naive_decoder_does() {
    all_seeds("chunked", 10, chunked::check);
}

#[test]
fn ok_headers_are_the_same_after_a_round_trip() {
    all_seeds("headers", 10, headers::check);
}

#[test]
fn ok_urls_parse_to_themselves() {
    all_seeds("url", 10, url::check);
}

#[cfg(feature = "cookies")]
#[test]
fn ok_cookies_go_where_they_may() {
    all_seeds("cookie", 15, cookie::check);
}

#[cfg(feature = "cookies")]
#[test]
fn ok_cookie_files_are_read_as_they_were_written() {
    all_seeds("cookie_file", 10, cookie_file::check);
}

#[test]
fn ok_framing_is_that_of_the_text() {
    all_seeds("framing", 10, framing::check);
}

#[test]
fn ok_forms_parse_back_to_the_same_parts() {
    all_seeds("multipart", 5, multipart::check);
}

#[cfg(feature = "proxy")]
#[test]
fn ok_socks_handshakes_end_the_same_at_any_split() {
    all_seeds("socks", 10, socks::check);
}

#[cfg(feature = "proxy")]
#[test]
fn ok_answers_to_connect_mean_the_same_at_any_split() {
    all_seeds("connect_reply", 10, connect_reply::check);
}

#[test]
fn ok_challenges_are_read_as_they_are_written_and_answered_by_fields() {
    all_seeds("challenge", 10, challenge::check);
}

#[test]
fn ok_netrc_files_are_read_as_they_are_written() {
    all_seeds("netrc", 10, netrc::check);
}

#[cfg(feature = "http2")]
#[test]
fn ok_frames_are_taken_by_the_table_and_written_as_they_were_read() {
    all_seeds("frames", 15, frames::check);
}

#[cfg(feature = "gzip")]
#[test]
fn ok_deflate_is_decoded_as_a_naive_decoder_does() {
    all_seeds("inflate", 20, inflate::check);
}

#[cfg(feature = "gzip")]
#[test]
fn ok_gzip_and_zlib_are_decoded_as_naive_decoders_do() {
    all_seeds("gzip", 15, gzip::check);
}

#[test]
fn ok_event_streams_give_the_same_events_at_any_split() {
    all_seeds("event_stream", 8, event_stream::check);
}

#[cfg(feature = "http2")]
#[test]
fn ok_connections_of_http2_give_the_same_events_at_any_split() {
    all_seeds("h2_connection", 15, h2_engine::check);
}

#[cfg(feature = "http2")]
#[test]
fn ok_field_blocks_are_decoded_as_a_naive_decoder_does() {
    all_seeds("hpack", 20, hpack::check);
}
