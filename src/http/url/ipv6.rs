//! How an IPv6 address is written in a URL: in brackets, hexadecimal throughout, the first of the
//! longest runs of zeros as `::`. The standard library would write some as `::ffff:1.2.3.4`.

use std::fmt;
use std::net::Ipv6Addr;
use std::ops::Range;

pub(super) fn write(f: &mut fmt::Formatter<'_>, address: &Ipv6Addr) -> fmt::Result {
    let pieces = address.segments();
    f.write_str("[")?;
    match longest_zeros(&pieces) {
        Some(zeros) => {
            write_pieces(f, &pieces[..zeros.start])?;
            f.write_str("::")?;
            write_pieces(f, &pieces[zeros.end..])?;
        }
        None => write_pieces(f, &pieces)?,
    }
    f.write_str("]")
}

fn write_pieces(f: &mut fmt::Formatter<'_>, pieces: &[u16]) -> fmt::Result {
    for (index, piece) in pieces.iter().enumerate() {
        let colon = if index == 0 { "" } else { ":" };
        write!(f, "{}{:x}", colon, piece)?;
    }
    Ok(())
}

/// The first of the longest runs of zeros. One zero alone is no run.
fn longest_zeros(pieces: &[u16; 8]) -> Option<Range<usize>> {
    let mut longest = 0..1;
    let mut start = 0;
    for (index, &piece) in pieces.iter().enumerate() {
        if piece != 0 {
            start = index + 1;
        } else if index + 1 - start > longest.len() {
            longest = start..index + 1;
        }
    }
    if longest.len() > 1 {
        Some(longest)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::Host;

    #[test]
    fn ok_addresses_are_written_as_the_standard_says() {
        for (input, text) in [
            ("[::]", "[::]"),
            ("[::1]", "[::1]"),
            ("[1::]", "[1::]"),
            ("[0:0:0:0:0:0:0:1]", "[::1]"),
            ("[1:0:0:2:0:0:0:3]", "[1:0:0:2::3]"),
            ("[1:0:0:2:3:0:0:4]", "[1::2:3:0:0:4]"),
            ("[1:0:2:0:3:0:4:0]", "[1:0:2:0:3:0:4:0]"),
            ("[1::2:3:4:5:6:7]", "[1:0:2:3:4:5:6:7]"),
            ("[0:0:1::]", "[0:0:1::]"),
            ("[::FFFF:1.2.3.4]", "[::ffff:102:304]"),
            ("[::127.0.0.1]", "[::7f00:1]"),
            ("[1:2:3:4:5:6:7.8.9.10]", "[1:2:3:4:5:6:708:90a]"),
            ("[2001:0DB8::00aB]", "[2001:db8::ab]"),
        ] {
            assert_eq!(Host::parse(input).unwrap().to_string(), text);
        }
    }

    #[test]
    fn err_what_is_no_address() {
        for input in [
            "[]",
            "[",
            "[:]",
            "[:::]",
            "[1]",
            "[1:]",
            "[:1]",
            "[::1",
            "::1",
            "[::1]x",
            "[[::1]]",
            "[1:2:3:4:5:6:7]",
            "[1:2:3:4:5:6:7:8:9]",
            "[1:2:3:4:5:6:7:8::]",
            "[1::2::3]",
            "[12345::]",
            "[::g]",
            "[::1%1]",
            "[::1%25lo]",
            "[fe80::1%eth0]",
            "[::1.2.3]",
            "[::1.2.3.4.5]",
            "[::1.2.3.4.]",
            "[::01.2.3.4]",
            "[::1.2.3.256]",
            "[1.2.3.4::]",
            "[1:2:3:4:5:6:7:1.2.3.4]",
            "[::+1]",
            "[ ::1]",
            "[::%31]",
        ] {
            assert!(Host::parse(input).is_err(), "{}", input);
        }
    }
}
