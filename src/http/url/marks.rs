//! Cutting a text at ASCII marks, byte by byte: URLs are short, and std's searchers for characters
//! and strings are long.

/// Where the first of these marks stands, or the end of the text.
pub(super) fn find(text: &str, marks: &[u8]) -> usize {
    text.bytes().position(|byte| marks.contains(&byte)).unwrap_or(text.len())
}

/// Where the last of this mark stands.
pub(super) fn rfind(text: &str, mark: u8) -> Option<usize> {
    text.bytes().rposition(|byte| byte == mark)
}

/// The text before and after the first of these marks.
pub(super) fn split_once<'a>(text: &'a str, marks: &[u8]) -> Option<(&'a str, &'a str)> {
    around(text, find(text, marks))
}

/// The text before and after the last of this mark.
pub(super) fn rsplit_once(text: &str, mark: u8) -> Option<(&str, &str)> {
    around(text, rfind(text, mark)?)
}

/// The text before and after the mark that stands here, if one does.
pub(super) fn around(text: &str, at: usize) -> Option<(&str, &str)> {
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// What is between these marks: one part more than there are marks.
pub(super) fn split<'a>(text: &'a str, marks: &'static [u8]) -> Split<'a> {
    Split { rest: Some(text), marks }
}

/// The text without these marks at its beginning.
pub(super) fn trim_start<'a>(text: &'a str, marks: &[u8]) -> &'a str {
    let count = text.bytes().take_while(|byte| marks.contains(byte)).count();
    &text[count..]
}

/// Does the text hold this part?
pub(super) fn contains(text: &str, part: &str) -> bool {
    let (text, part) = (text.as_bytes(), part.as_bytes());
    part.is_empty() || text.windows(part.len()).any(|window| window == part)
}

/// The parts of a text, from [`split`].
pub(super) struct Split<'a> {
    rest: Option<&'a str>,
    marks: &'static [u8],
}

impl<'a> Iterator for Split<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let text = self.rest.take()?;
        let (part, rest) = match split_once(text, self.marks) {
            Some((part, rest)) => (part, Some(rest)),
            None => (text, None),
        };
        self.rest = rest;
        Some(part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_texts_are_cut_as_std_cuts_them() {
        for text in ["", "/", "a", "a/b", "/a\\b/", "ü/é\\", "//", "\\ü"] {
            let is_mark = |c| c == '/' || c == '\\';
            assert_eq!(find(text, b"/\\"), text.find(is_mark).unwrap_or(text.len()), "{}", text);
            assert_eq!(rfind(text, b'/'), text.rfind('/'), "{}", text);
            assert_eq!(split_once(text, b"/\\"), text.split_once(is_mark), "{}", text);
            assert_eq!(rsplit_once(text, b'/'), text.rsplit_once('/'), "{}", text);
            assert!(split(text, b"/\\").eq(text.split(is_mark)), "{}", text);
            assert_eq!(contains(text, "/b"), text.contains("/b"), "{}", text);
            assert!(contains(text, ""), "{}", text);
            assert_eq!(trim_start(text, b"/\\"), text.trim_start_matches(is_mark), "{}", text);
        }
    }
}
