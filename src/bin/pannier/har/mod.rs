//! HAR 1.2: the exchanges of a run as a browser's network panel reads them.
//!
//! Values of `Authorization`, `Proxy-Authorization`, `Cookie` and `Set-Cookie` are replaced, and
//! URLs have no userinfo, so that a file can be shown to others; names and sizes are left. Queries
//! and content are not looked into. An exchange that got no response has the status 0, and `_error`
//! says why. Exchanges that shared a connection of HTTP/2 are told apart by `_streamId`.

mod fields;
mod json;

use std::time::{Duration, SystemTime};

use pannier::http::{date, form, redact, token};
use pannier::Phase;

use self::fields::{cookies, headers, pair, set_cookie};
use self::json::Json;
use crate::head::Fields;
use crate::journal::{Clock, Exchange, Span};

/// The file. Each part is a page: a run, or one of several that are compared.
pub fn document(parts: &[(&str, Clock, Vec<Exchange>)]) -> String {
    let (mut pages, mut entries) = (Vec::new(), Vec::new());
    for (index, (title, clock, exchanges)) in parts.iter().enumerate() {
        let id = format!("page_{}", index + 1);
        pages.push(page(&id, title, clock, exchanges));
        entries.extend(exchanges.iter().map(|exchange| entry(&id, clock, exchange)));
    }
    let log = Json::Object(vec![
        ("version", "1.2".into()),
        ("creator", program()),
        ("browser", program()),
        ("pages", Json::List(pages)),
        ("entries", Json::List(entries)),
        ("comment", COMMENT.into()),
    ]);
    format!("{}\n", Json::Object(vec![("log", log)]))
}

/// A page without a title has the first URL for one.
fn page(id: &str, title: &str, clock: &Clock, exchanges: &[Exchange]) -> Json {
    let began = exchanges.iter().map(|exchange| exchange.began).min().unwrap_or_default();
    let ended = exchanges.iter().map(Exchange::ended).max().unwrap_or_default();
    let first = exchanges.first().map_or("", |exchange| exchange.url.as_str());
    Json::Object(vec![
        ("startedDateTime", Json::Text(timestamp(clock.wall(began)))),
        ("id", id.into()),
        ("title", if title.is_empty() { first } else { title }.into()),
        (
            "pageTimings",
            Json::Object(vec![
                ("onContentLoad", Json::Number(-1)),
                ("onLoad", Json::Time(ended.saturating_sub(began))),
            ]),
        ),
    ])
}

fn program() -> Json {
    Json::Object(vec![("name", "pannier".into()), ("version", env!("CARGO_PKG_VERSION").into())])
}

fn entry(page: &str, clock: &Clock, exchange: &Exchange) -> Json {
    let mut members = vec![
        ("pageref", page.into()),
        ("startedDateTime", Json::Text(timestamp(clock.wall(exchange.began)))),
        ("time", Json::Time(exchange.spans.iter().map(rounded).sum())),
        ("request", request(exchange)),
        ("response", response(exchange)),
        ("cache", Json::Object(Vec::new())),
        ("timings", timings(exchange)),
    ];
    if let Some(carrier) = &exchange.carrier {
        if let Some(remote) = carrier.remote {
            members.push(("serverIPAddress", Json::Text(remote.ip().to_string())));
        }
        members.push(("connection", Json::Text(carrier.id.to_string())));
        if let Some(stream) = carrier.stream {
            members.push(("_streamId", Json::Number(stream.into())));
        }
    }
    if let Some(error) = &exchange.error {
        members.push(("_error", error.as_str().into()));
    }
    Json::Object(members)
}

/// The phases; those of the three that each exchange must have are 0 where it did not come to them.
fn timings(exchange: &Exchange) -> Json {
    let phase = |phase| {
        // A request whose connection was lost before anybody looked at it may have a phase twice.
        let spans = exchange.spans.iter().filter(|span| span.phase == phase);
        spans.map(rounded).reduce(|sum, time| sum + time)
    };
    let tls = phase(Phase::Tls);
    // What a proxy does about it, and the handshake, count as connecting here, too.
    let more = phase(Phase::Tunnel).unwrap_or_default() + tls.unwrap_or_default();
    let connect = phase(Phase::Connect).map(|time| time + more);
    let required = |wanted| Json::Time(phase(wanted).unwrap_or_default());
    Json::Object(vec![
        ("blocked", Json::time(phase(Phase::Queue))),
        ("dns", Json::time(phase(Phase::Resolve))),
        ("connect", Json::time(connect)),
        ("ssl", Json::time(tls)),
        ("send", required(Phase::Send)),
        ("wait", required(Phase::Wait)),
        ("receive", required(Phase::Receive)),
    ])
}

/// To the microsecond, as it is written, so that sums of what is written are exact.
fn rounded(span: &Span) -> Duration {
    Duration::from_micros(span.time().as_micros() as u64)
}

fn request(exchange: &Exchange) -> Json {
    let fields = Fields::of(&exchange.request);
    let version = first_line(&exchange.request).rsplit(' ').next().unwrap_or_default().to_owned();
    let mut members = vec![
        ("method", exchange.method.as_str().into()),
        ("url", exchange.url.without_fragment().as_str().into()),
        ("httpVersion", Json::Text(version)),
        ("cookies", cookies(&fields)),
        ("headers", headers(&fields)),
        ("queryString", query(exchange)),
        ("headersSize", size_of_head(exchange.request_size)),
        ("bodySize", Json::count(Some(exchange.sent))),
    ];
    if let Some(post) = post_data(exchange, &fields) {
        members.push(("postData", post));
    }
    Json::Object(members)
}

/// The content of the request, if it was sent whole and is text.
fn post_data(exchange: &Exchange, fields: &Fields) -> Option<Json> {
    let post = exchange.post.as_ref()?;
    if exchange.sent != post.len() as u64 {
        return None;
    }
    let text = std::str::from_utf8(post).ok()?;
    let kind = fields.get("content-type").unwrap_or_default();
    Some(Json::Object(vec![("mimeType", Json::lossy(kind)), ("text", text.into())]))
}

fn query(exchange: &Exchange) -> Json {
    let pairs = form::parse(exchange.url.query().unwrap_or_default());
    Json::List(pairs.map(|(name, value)| pair(&name, &value)).collect())
}

fn response(exchange: &Exchange) -> Json {
    let fields = Fields::of(&exchange.response);
    let line = first_line(&exchange.response);
    let mut parts = line.splitn(3, ' ');
    let (version, reason) = (parts.next().unwrap_or_default(), parts.nth(1).unwrap_or_default());
    let location = fields.get("location").unwrap_or_default();
    let location = redact::value("location", location);
    let redirect = match &exchange.redirect {
        Some(url) => url.as_str().into(),
        None => Json::lossy(&location),
    };
    let cookies = fields.all("set-cookie").map(set_cookie);
    Json::Object(vec![
        ("status", Json::Number(exchange.status.unwrap_or(0).into())),
        ("statusText", reason.into()),
        ("httpVersion", version.into()),
        ("cookies", Json::List(cookies.collect())),
        ("headers", headers(&fields)),
        ("content", content(exchange, &fields)),
        ("redirectURL", redirect),
        ("headersSize", size_of_head(exchange.response.len() as u64)),
        ("bodySize", Json::count(received(exchange, &fields))),
    ])
}

fn content(exchange: &Exchange, fields: &Fields) -> Json {
    let kind = fields.get("content-type").unwrap_or(UNKNOWN);
    let received = received(exchange, fields).unwrap_or(0);
    let size = exchange.size.unwrap_or(received);
    let mut members = vec![("size", Json::count(Some(size))), ("mimeType", Json::lossy(kind))];
    if size != received {
        members.push(("compression", Json::Number(size as i64 - received as i64)));
    }
    let kept = exchange.content.as_deref().filter(|_| is_textual(kind));
    if let Some(text) = kept.and_then(|content| std::str::from_utf8(content).ok()) {
        members.push(("text", text.into()));
    }
    Json::Object(members)
}

/// Bytes of content that came: as counted, or as announced if all of it came uncounted, which is so
/// for redirects.
fn received(exchange: &Exchange, fields: &Fields) -> Option<u64> {
    let announced = || {
        let has_none = exchange.method == "HEAD" || matches!(exchange.status, Some(204 | 304));
        match has_none {
            true => Some(0),
            false => fields.get("content-length").and_then(token::decimal),
        }
    };
    exchange.received.or_else(|| announced().filter(|_| exchange.complete))
}

/// Is a person able to read content of this type?
fn is_textual(kind: &[u8]) -> bool {
    let kind = String::from_utf8_lossy(kind).to_ascii_lowercase();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.starts_with("text/")
        || ["json", "xml", "javascript", "x-www-form-urlencoded"]
            .iter()
            .any(|ending| kind.ends_with(ending))
}

fn size_of_head(length: u64) -> Json {
    Json::count(Some(length).filter(|&length| length > 0))
}

fn first_line(head: &[u8]) -> String {
    let line = head.split(|&byte| byte == b'\n').next().unwrap_or_default();
    String::from_utf8_lossy(line).trim_end_matches('\r').to_owned()
}

/// RFC 3339 to the millisecond, in UTC. The parts are those of an HTTP date.
fn timestamp(time: SystemTime) -> String {
    let text = date::format(time);
    let [_, day, month, year, clock, _] = text.splitn(6, ' ').collect::<Vec<_>>()[..] else {
        unreachable!("an IMF-fixdate has six parts")
    };
    let month = MONTHS.iter().position(|&name| name == month).map_or(1, |index| index + 1);
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    format!("{}-{:02}-{}T{}.{:03}Z", year, month, day, clock, since.subsec_millis())
}

const COMMENT: &str = "Values of Authorization, Proxy-Authorization, Cookie and Set-Cookie are \
    redacted; queries and content are not.";
/// What browsers write where a response names no type.
const UNKNOWN: &[u8] = b"x-unknown";
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_times_of_day_are_those_of_rfc_3339() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_millis(784_111_777_042);
        assert_eq!(timestamp(time), "1994-11-06T08:49:37.042Z");
    }

    #[test]
    fn ok_text_is_what_a_person_reads() {
        for (kind, expected) in [
            ("text/html; charset=utf-8", true),
            ("application/problem+json", true),
            ("Application/XML", true),
            ("image/svg+xml", true),
            ("image/png", false),
            ("", false),
        ] {
            assert_eq!(is_textual(kind.as_bytes()), expected, "{}", kind);
        }
    }
}
