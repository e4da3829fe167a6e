//! Challenges (RFC 9110 §11.6.1): by what a server, or a proxy, lets itself be convinced.
//!
//! `WWW-Authenticate` and `Proxy-Authenticate` are lists of challenges, and a challenge has a list of
//! parameters, both separated by commas, so that only the form of an element tells whether it begins
//! another challenge. What breaks the grammar is left out, and its challenge knows of it: for a scheme
//! that needs no parameter nothing is lost. What follows a quote that is never closed is not read.

use std::str;

use super::list::{self, Parameter};
use super::token::{is_token_byte, trim_ows};

/// The challenges of one field value, in their order.
///
/// ```
/// use pannier::http::challenge;
/// let found = challenge::parse(b"Negotiate, Digest realm=\"a, b\", qop=auth, Basic realm=x");
/// let schemes: Vec<_> = found.iter().map(|challenge| challenge.scheme()).collect();
/// assert_eq!(schemes, ["Negotiate", "Digest", "Basic"]);
/// assert_eq!(found[1].parameter("Realm"), Some(&b"a, b"[..]));
/// ```
pub fn parse(value: &[u8]) -> Vec<Challenge<'_>> {
    let mut challenges: Vec<Challenge<'_>> = Vec::new();
    for element in list::elements(value) {
        match (element.map(Element::of), challenges.last_mut()) {
            (Ok(Element::Challenge(challenge)), _) => challenges.push(challenge),
            (Ok(Element::Parameter(parameter)), Some(last)) => last.parameters.push(parameter),
            (Ok(Element::Malformed) | Err(_), Some(last)) => last.malformed = true,
            (_, None) => {}
        }
    }
    challenges
}

/// One way to authenticate: a scheme, and what it needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge<'a> {
    scheme: &'a str,
    token68: Option<&'a [u8]>,
    parameters: Vec<Parameter<'a>>,
    malformed: bool,
}

impl<'a> Challenge<'a> {
    /// The scheme as spelled; it is a token.
    pub fn scheme(&self) -> &'a str {
        self.scheme
    }

    /// Is this the scheme? RFC 9110 §11.1: schemes are case-insensitive.
    pub fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }

    /// What stands in place of parameters with some schemes, `YII=` for instance (RFC 9110 §11.2).
    pub fn token68(&self) -> Option<&'a [u8]> {
        self.token68
    }

    /// The parameters, in their order.
    pub fn parameters(&self) -> &[Parameter<'a>] {
        &self.parameters
    }

    /// The value of the parameter of this name. RFC 9110 §11.2: there must be but one; if there are
    /// more, the last one holds.
    pub fn parameter(&self, name: &str) -> Option<&[u8]> {
        let found = self.parameters.iter().rev().find(|parameter| parameter.is(name));
        found.map(Parameter::value)
    }

    /// Was something left out that could not be read?
    pub fn is_malformed(&self) -> bool {
        self.malformed
    }
}

enum Element<'a> {
    Challenge(Challenge<'a>),
    Parameter(Parameter<'a>),
    Malformed,
}

impl<'a> Element<'a> {
    /// RFC 9110 §11.3: what has an equals sign behind its first token is a parameter, and everything
    /// else that begins with a token is a challenge.
    fn of(element: &'a [u8]) -> Element<'a> {
        let end = element.iter().position(|&byte| !is_token_byte(byte));
        let (token, rest) = element.split_at(end.unwrap_or(element.len()));
        let trimmed = trim_ows(rest);
        let scheme = match str::from_utf8(token) {
            Ok(scheme) if !scheme.is_empty() => scheme,
            _ => return Element::Malformed,
        };
        if trimmed.starts_with(b"=") {
            return list::auth_parameter(element).map_or(Element::Malformed, Element::Parameter);
        }
        if !rest.is_empty() && rest.len() == trimmed.len() {
            return Element::Malformed;
        }
        let mut challenge =
            Challenge { scheme, token68: None, parameters: Vec::new(), malformed: false };
        match list::auth_parameter(trimmed) {
            _ if trimmed.is_empty() => {}
            _ if is_token68(trimmed) => challenge.token68 = Some(trimmed),
            Ok(parameter) => challenge.parameters.push(parameter),
            Err(_) => challenge.malformed = true,
        }
        Element::Challenge(challenge)
    }
}

/// `token68 = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`
fn is_token68(text: &[u8]) -> bool {
    let padding = text.iter().rev().take_while(|&&byte| byte == b'=').count();
    let digits = &text[..text.len() - padding];
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(byte);
    !digits.is_empty() && digits.iter().all(is_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each challenge as `scheme[token68](name=value|…)`, with `!` if something was left out.
    fn shown(value: &str) -> Vec<String> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let parameter = |p: &Parameter<'_>| format!("{}={}", text(p.name()), text(p.value()));
        let shown = |challenge: &Challenge<'_>| {
            let parameters: Vec<_> = challenge.parameters.iter().map(parameter).collect();
            let token68 = challenge.token68.map_or_else(String::new, |t| format!("[{}]", text(t)));
            let malformed = if challenge.malformed { "!" } else { "" };
            format!("{}{}({}){}", challenge.scheme, token68, parameters.join("|"), malformed)
        };
        parse(value.as_bytes()).iter().map(shown).collect()
    }

    #[test]
    fn ok_and_err_elements_belong_together_by_their_form() {
        for (value, expected) in [
            ("", &[][..]),
            (" , ", &[]),
            ("Basic", &["Basic()"]),
            ("Basic realm=\"a b\"", &["Basic(realm=a b)"]),
            ("NTLM, Negotiate", &["NTLM()", "Negotiate()"]),
            ("Negotiate YII=, Basic", &["Negotiate[YII=]()", "Basic()"]),
            ("Negotiate\tYII==", &["Negotiate[YII==]()"]),
            ("a b=c,d = e ,\tf= \"g\", h i=j", &["a(b=c|d=e|f=g)", "h(i=j)"]),
            // RFC 9110 §11.6.1.
            (
                "Basic realm=\"simple\", Newauth realm=\"apps\", type=1, title=\"Login to \\\"apps\\\"\"",
                &["Basic(realm=simple)", "Newauth(realm=apps|type=1|title=Login to \"apps\")"],
            ),
            ("a , b=c", &["a(b=c)"]),
            ("a,, b=c,", &["a(b=c)"]),
            ("a b=", &["a[b=]()"]),
            ("a b=c=", &["a(b=c=)"]),
            ("a b=c d", &["a(b=c d)"]),
            ("a b=(c), d=/e+f==", &["a(b=(c)|d=/e+f==)"]),
            // What cannot be read.
            ("=a, b=c", &[]),
            ("b=c, a", &["a()"]),
            ("a b c=d", &["a()!"]),
            ("a: b, c=d", &[]),
            ("x, a: b, c=d", &["x(c=d)!"]),
            ("a b=\"c\"d, e=f", &["a(e=f)!"]),
            ("a b=c\"d, e=f\"", &["a()!"]),
            ("a b=c, d=\"e", &["a(b=c)!"]),
            ("a \"b\", c", &["a()!", "c()"]),
        ] {
            assert_eq!(shown(value), expected, "{:?}", value);
        }
    }

    #[test]
    fn ok_names_have_no_case_and_the_last_value_holds() {
        let found = parse(b"DIGEST Nonce=1, nonce=2");
        assert!(found[0].is("digest") && !found[0].is("basic"));
        assert_eq!(found[0].parameter("NONCE"), Some(&b"2"[..]));
        assert_eq!(found[0].parameter("realm"), None);
    }
}
