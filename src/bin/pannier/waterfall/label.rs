//! Text in a chart: made harmless, and short enough.

/// The text without what would move a cursor or turn the direction of writing.
pub fn clean(text: &str) -> String {
    let is_harmless = |c: char| !c.is_control() && !DIRECTIONS.contains(&c);
    text.chars().map(|c| if is_harmless(c) { c } else { char::REPLACEMENT_CHARACTER }).collect()
}

/// The text in at most `width` columns: its end tells more than its middle, so that is left out.
pub fn shorten(text: &str, width: usize) -> String {
    let length = text.chars().count();
    if length <= width {
        return text.to_owned();
    }
    let kept = width.saturating_sub(1);
    let tail = kept - kept / 3;
    let head: String = text.chars().take(kept / 3).collect();
    let tail: String = text.chars().skip(length - tail).collect();
    cut(&format!("{}…{}", head, tail), width)
}

/// The first `width` characters.
pub fn cut(text: &str, width: usize) -> String {
    text.chars().take(width).collect()
}

/// Marks of the bidirectional algorithm, which could reorder a line.
const DIRECTIONS: [char; 12] = [
    '\u{61c}', '\u{200e}', '\u{200f}', '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}',
    '\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}',
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_long_text_loses_its_middle() {
        for (width, expected) in
            [(20, "/a/long/path/x.png"), (10, "/a/…/x.png"), (4, "/…ng"), (1, "…"), (0, "")]
        {
            assert_eq!(shorten("/a/long/path/x.png", width), expected);
        }
        assert_eq!(shorten("äöüß", 3), "…üß");
    }

    #[test]
    fn ok_nothing_is_left_that_a_terminal_obeys() {
        assert_eq!(clean("a\u{1b}[2J\r\u{202e}é\u{9b}"), "a\u{fffd}[2J\u{fffd}\u{fffd}é\u{fffd}");
    }
}
