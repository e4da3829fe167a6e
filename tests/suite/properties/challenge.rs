//! Challenges: what is read of them is read again when it is written down, and whatever a server asks
//! for, the client ends, and sends nothing that is no field.

use pannier::http::challenge::{self, Challenge};
use pannier::http::{list, token, Headers};
use pannier::net::Script;
use pannier::{Client, Credentials};

/// Each line is a value of `WWW-Authenticate`.
pub fn check(data: &[u8]) {
    let values: Vec<&[u8]> = data.split(|&byte| byte == b'\n').collect();
    for value in &values {
        holds(value);
    }
    answers(&values);
}

fn holds(value: &[u8]) {
    let challenges = challenge::parse(value);
    let written = challenges.iter().map(write).collect::<Vec<_>>().join(&b", "[..]);
    let again = challenge::parse(&written);
    assert_eq!(again.len(), challenges.len(), "{:?}", String::from_utf8_lossy(&written));
    for (again, first) in again.iter().zip(&challenges) {
        assert!(!again.is_malformed(), "{:?}", String::from_utf8_lossy(&written));
        assert_eq!(again.scheme(), first.scheme());
        assert_eq!(again.token68(), first.token68());
        assert_eq!(again.parameters(), first.parameters());
    }
    // What follows another value with a comma between is read as it is by itself.
    let behind = challenge::parse(&[&b"Other a=b, "[..], value].concat()).len();
    assert!(behind == challenges.len() + 1 || !list::elements(value).all(|e| e.is_ok()));
}

/// With every value quoted.
fn write(challenge: &Challenge<'_>) -> Vec<u8> {
    assert!(token::is_token(challenge.scheme().as_bytes()));
    let mut text = challenge.scheme().as_bytes().to_vec();
    if let Some(token68) = challenge.token68() {
        text.push(b' ');
        text.extend_from_slice(token68);
    }
    for (index, parameter) in challenge.parameters().iter().enumerate() {
        assert!(token::is_token(parameter.name()));
        // What stands in place of parameters is followed by none, unless they come behind a comma.
        let comma = index > 0 || challenge.token68().is_some();
        text.extend_from_slice(if comma { b", " } else { b" " });
        text.extend_from_slice(parameter.name());
        text.push(b'=');
        match list::quote(parameter.value()) {
            Ok(quoted) => text.extend(quoted),
            // A value that came without quotes may hold anything in this test, but no field has it.
            Err(_) => text.extend_from_slice(parameter.value()),
        }
    }
    text
}

/// Asks a server that refuses everything with these challenges.
fn answers(values: &[&[u8]]) {
    let mut headers = Headers::new();
    for value in values.iter().take(50) {
        let _ = headers.append("WWW-Authenticate", value);
    }
    let mut refusal = b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n".to_vec();
    for (name, value) in headers.iter() {
        refusal.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
    }
    refusal.extend_from_slice(b"\r\n");
    let script =
        (0..MOST).fold(Script::new(), |script, _| script.expect_until("\r\n\r\n").reply(&refusal));
    let scripts = Script::connections([script]);
    let client = Client::builder().connector(scripts.clone()).build();
    let credentials = Credentials::any("us\"er", "secret password");
    let sent = client.get("http://a.test/x?y").credentials(credentials).send();
    // Only a head beyond the limits is an error.
    if let Ok(response) = sent {
        assert_eq!(response.status().as_u16(), 401);
    }
    let written = scripts.written(0);
    let heads: Vec<&[u8]> = written.split(|&byte| byte == b'\n').collect();
    let requests = heads.iter().filter(|line| line.starts_with(b"GET ")).count();
    assert!((1..=MOST).contains(&requests), "{}", requests);
    for line in heads {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        assert!(line.iter().all(|&byte| token::is_field_byte(byte)), "{:?}", line);
        let secret = b"secret password";
        assert!(!line.windows(secret.len()).any(|window| window == secret), "{:?}", line);
    }
}

/// One question, and an answer for each nonce that may be too old.
const MOST: usize = 4;
