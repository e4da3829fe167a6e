//! `--jsonl`: one line of JSON (RFC 8259) for each transfer that is over.
//!
//! Every line has the same members in the same order; what is not known is `null`. Text that is not
//! UTF-8 is shown with U+FFFD in place of what is not. URLs have no userinfo. Times are seconds since the transfer began.

use std::time::Duration;

use pannier::http::redact;

use crate::address::before_authority;
use crate::write_out::{quoted, version, Report};

/// The line, with its end.
pub fn line(report: &Report) -> String {
    let record = &report.record;
    let method = Some(record.method.as_str()).filter(|method| !method.is_empty());
    let times = object(&[
        ("lookup", seconds(record.lookup)),
        ("connect", seconds(record.connect)),
        ("request", seconds(record.pretransfer)),
        ("response", seconds(record.starttransfer)),
        ("redirect", seconds(record.redirect)),
        ("total", seconds(report.total)),
    ]);
    let error = match report.exit {
        0 => "null".to_owned(),
        code => object(&[("code", code.to_string()), ("message", quoted(&report.error))]),
    };
    let members = [
        ("url", quoted(&without_userinfo(&report.url))),
        ("final_url", text(report.effective.as_ref().map(|url| url.as_str()))),
        ("method", text(method)),
        ("status", number(Some(record.status.into()).filter(|&status| status > 0))),
        ("http_version", text(Some(&*version(&record.head)).filter(|version| *version != "0"))),
        ("received", number(Some(report.downloaded))),
        ("sent", number(Some(record.uploaded))),
        ("head_received", number(Some(record.head_bytes_received))),
        ("head_sent", number(Some(record.head_bytes_sent))),
        ("time", times),
        ("connection", number(record.connection)),
        ("stream", number(record.stream.map(u64::from))),
        ("reused", (record.connection.is_some() && record.connects == 0).to_string()),
        ("redirects", number(Some(record.redirects))),
        ("retries", number(Some(report.retries))),
        ("file", text(report.file.as_deref())),
        ("error", error),
    ];
    object(&members) + "\n"
}

/// The URL as given, but for its userinfo; there may be no scheme before it.
fn without_userinfo(url: &str) -> String {
    let slashes = if before_authority(url) > 0 { "" } else { "//" };
    let text = [slashes, url].concat();
    let shown = redact::reference(text.as_bytes());
    String::from_utf8_lossy(&shown[slashes.len()..]).into_owned()
}

fn object(members: &[(&str, String)]) -> String {
    let members: Vec<String> =
        members.iter().map(|(name, value)| format!("\"{}\":{}", name, value)).collect();
    format!("{{{}}}", members.join(","))
}

fn text(text: Option<&str>) -> String {
    text.map_or_else(|| "null".to_owned(), quoted)
}

fn number(number: Option<u64>) -> String {
    number.map_or_else(|| "null".to_owned(), |number| number.to_string())
}

fn seconds(time: Duration) -> String {
    format!("{}.{:06}", time.as_secs(), time.subsec_micros())
}
