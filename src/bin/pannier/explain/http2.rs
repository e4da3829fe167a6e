//! What goes wrong in HTTP/2 alone: rules of the connection are one code, streams that end before their
//! time another. What is broken off, too large, or this side's fault has the code that it has in HTTP/1.

use std::fmt::Display;

use pannier::proto::h2::Error as Rule;
use pannier::{Error, ErrorKind};

use super::{cause, cut_short, Facts};
use crate::exit::{self, Failure};

/// What the program makes of this failure, if HTTP/2 has a code of its own for it.
pub fn failure(error: &Error, facts: &Facts) -> Option<Failure> {
    match error.kind() {
        ErrorKind::Reset => Some(not_clean(error)),
        _ => cause::<Rule>(error).and_then(|rule| broken_rule(rule, facts)),
    }
}

fn broken_rule(rule: &Rule, facts: &Facts) -> Option<Failure> {
    match rule {
        rule if rule.is_local() => None,
        Rule::ClosedBeforeSettings
        | Rule::TooManyInterim(_)
        | Rule::HeadTooLong(_)
        | Rule::TrailerTooLong(_)
        | Rule::TooManyFields(_) => None,
        Rule::ClosedInFrame | Rule::Closed(_) => {
            Some(Failure::new(exit::PARTIAL, cut_short(facts)))
        }
        rule if is_of_a_stream(rule) => Some(not_clean(rule)),
        rule => {
            let message = format!("Error in the HTTP2 framing layer: {}", rule);
            Some(Failure::new(exit::FRAMING_LAYER, message))
        }
    }
}

/// Does it end a stream, and not the connection (RFC 9113 §5.4.2, §8.1.1)?
fn is_of_a_stream(rule: &Rule) -> bool {
    match rule {
        Rule::Frame(frame) => frame.stream().is_some(),
        Rule::Status
        | Rule::PseudoField
        | Rule::FieldName
        | Rule::FieldValue
        | Rule::ConnectionField
        | Rule::ContentLength
        | Rule::ContentLengthsDiffer
        | Rule::ContentMismatch { .. }
        | Rule::UnexpectedContent
        | Rule::InterimEnd
        | Rule::DataBeforeHead
        | Rule::SecondHead
        | Rule::FieldsInTunnel => true,
        _ => false,
    }
}

fn not_clean(why: &dyn Display) -> Failure {
    Failure::new(exit::STREAM, format!("HTTP/2 stream was not closed cleanly: {}", why))
}

#[cfg(test)]
mod tests {
    use super::*;
    use pannier::proto::h2::hpack;

    #[test]
    fn ok_rules_of_connections_and_of_streams_have_their_codes() {
        for (rule, code) in [
            (Rule::NoSettings, Some(exit::FRAMING_LAYER)),
            (Rule::Hpack(hpack::Error::IndexZero), Some(exit::FRAMING_LAYER)),
            (Rule::Flood, Some(exit::FRAMING_LAYER)),
            (Rule::Status, Some(exit::STREAM)),
            (Rule::ContentMismatch { received: 1, expected: 2 }, Some(exit::STREAM)),
            (Rule::Closed(1), Some(exit::PARTIAL)),
            (Rule::HeadTooLong(1), None),
            (Rule::ClosedBeforeSettings, None),
            (Rule::Target, None),
        ] {
            let failure = broken_rule(&rule, &Facts::default());
            assert_eq!(failure.map(|failure| failure.code), code, "{}", rule);
        }
    }
}
