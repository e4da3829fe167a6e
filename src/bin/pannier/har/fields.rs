//! Header sections and their cookies, without what would let their reader act in the name of somebody
//! else: the values of credentials and of cookies.

use std::time::SystemTime;

use pannier::http::{date, redact, token};

use super::json::Json;
use super::timestamp;
use crate::head::Fields;

/// The whole section.
pub fn headers(fields: &Fields) -> Json {
    let shown = fields
        .iter()
        .map(|(name, value)| pair(name, &String::from_utf8_lossy(&redact::value(name, value))));
    Json::List(shown.collect())
}

/// The cookies that a request sends.
pub fn cookies(fields: &Fields) -> Json {
    let pairs = fields.all("cookie").flat_map(|value| value.split(|&byte| byte == b';'));
    Json::List(pairs.map(|pair| Json::Object(cookie(pair))).collect())
}

fn cookie(pair: &[u8]) -> Vec<(&'static str, Json)> {
    let name = pair.splitn(2, |&byte| byte == b'=').next().unwrap_or_default();
    let name = if name.len() == pair.len() { b"" } else { token::trim_ows(name) };
    vec![("name", Json::lossy(name)), ("value", redact::REDACTED.into())]
}

/// The cookie that a response sets, with what it may be used for.
pub fn set_cookie(value: &[u8]) -> Json {
    let mut parts = value.split(|&byte| byte == b';');
    let mut members = cookie(parts.next().unwrap_or_default());
    for attribute in parts {
        let text = String::from_utf8_lossy(token::trim_ows(attribute)).into_owned();
        let (name, value) = text.split_once('=').unwrap_or((&text, ""));
        match name.to_ascii_lowercase().as_str() {
            "path" => members.push(("path", value.into())),
            "domain" => members.push(("domain", value.into())),
            "httponly" => members.push(("httpOnly", Json::Bool(true))),
            "secure" => members.push(("secure", Json::Bool(true))),
            "expires" => {
                if let Some(time) = date::parse(value, SystemTime::now()) {
                    members.push(("expires", Json::Text(timestamp(time))));
                }
            }
            _ => {}
        }
    }
    Json::Object(members)
}

/// What HAR calls a record.
pub fn pair(name: &str, value: &str) -> Json {
    Json::Object(vec![("name", name.into()), ("value", value.into())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_cookies_have_their_attributes_and_no_value() {
        let text =
            set_cookie(b"a=secret; Path=/x; HttpOnly; Expires=Sun, 06 Nov 1994 08:49:37 GMT");
        let text = text.to_string();
        for part in
            ["\"name\": \"a\"", "\"path\": \"/x\"", "\"httpOnly\": true", "1994-11-06T08:49"]
        {
            assert!(text.contains(part), "{}", text);
        }
        assert!(!text.contains("secret"), "{}", text);
    }
}
