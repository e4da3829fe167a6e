//! What goes to standard error besides the transfer's own failure.
//!
//! Standard error may be closed or full; that never stops a transfer.

use crate::args::Global;
use crate::progress::screen;

/// A warning, unless `-s`.
pub fn warn(global: Global, text: &str) {
    if !global.silent {
        write(wrapped(text).as_bytes());
    }
}

/// A line that begins with the program's name.
pub fn complain(text: &str) {
    write(format!("pannier: {}\n", text).as_bytes());
}

/// Bytes as they are.
pub fn write(bytes: &[u8]) {
    screen::write(bytes);
}

/// The text on lines of at most [`WIDTH`] columns that each begin with `Warning: `.
fn wrapped(text: &str) -> String {
    let mut lines = String::new();
    let mut rest = text;
    while rest.chars().count() > WIDTH {
        let limit = rest.char_indices().nth(WIDTH).map_or(rest.len(), |(at, _)| at);
        let cut = rest[..limit].rfind(' ').map_or(limit, |space| space + 1);
        lines.push_str(&format!("Warning: {}\n", &rest[..cut]));
        rest = &rest[cut..];
    }
    lines.push_str(&format!("Warning: {}\n", rest));
    lines
}

/// 79 columns without the prefix.
const WIDTH: usize = 70;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_warnings_are_wrapped_at_words() {
        let text = "A specified range MUST include at least one dash (-). Appending one for you!";
        let expected =
            "Warning: A specified range MUST include at least one dash (-). Appending one \n\
                        Warning: for you!\n";
        assert_eq!(wrapped(text), expected);
        assert_eq!(wrapped("a"), "Warning: a\n");
        assert_eq!(wrapped(&"é".repeat(71)).lines().count(), 2);
    }
}
