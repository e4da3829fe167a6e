//! Trailer sections (RFC 9110 §6.5): which fields may stand there.

/// May a field of this name be in a trailer section (RFC 9110 §6.5.1)? What is needed to frame, route,
/// authenticate, judge or read a message has to come before its content, since a recipient that merges
/// late fields could be misled by them.
///
/// ```
/// use pannier::http::trailer::is_allowed;
/// assert!(is_allowed("Content-Digest") && is_allowed("Server-Timing"));
/// assert!(!is_allowed("content-length") && !is_allowed("If-Match"));
/// ```
pub fn is_allowed(name: &str) -> bool {
    let conditional = name.get(..3).map_or(false, |start| start.eq_ignore_ascii_case("if-"));
    !conditional && !REFUSED.iter().any(|refused| refused.eq_ignore_ascii_case(name))
}

const REFUSED: [&str; 35] = [
    // Message framing, connections and routing.
    "Connection",
    "Content-Length",
    "Host",
    "Keep-Alive",
    "Max-Forwards",
    "Proxy-Connection",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
    // Request modifiers.
    "Cache-Control",
    "Expect",
    "Pragma",
    "Range",
    // Authentication and state.
    "Authorization",
    "Cookie",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "Set-Cookie",
    "WWW-Authenticate",
    // Response control data.
    "Age",
    "Date",
    "Expires",
    "Location",
    "Retry-After",
    "Vary",
    "Warning",
    // How the content is to be read, or chosen.
    "Accept",
    "Accept-Charset",
    "Accept-Encoding",
    "Accept-Language",
    "Content-Encoding",
    "Content-Language",
    "Content-Range",
    "Content-Type",
];
