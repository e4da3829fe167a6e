//! The static table (RFC 7541, Appendix A), by index and by name.
//!
//! Fields of one name stand together, so that a name is looked up once, in a small hash table of its
//! length and its outer bytes, and values are compared from there on. Beyond the RFC nothing is here:
//! the table is never added to.

/// A name and a value.
pub(super) type Field = (&'static [u8], &'static [u8]);

/// The field with this index, which counts from 1.
#[inline]
pub(super) fn get(index: usize) -> Option<Field> {
    FIELDS.get(index.checked_sub(1)?).copied()
}

/// The index of the first field with this name.
#[inline]
pub(super) fn find_name(name: &[u8]) -> Option<usize> {
    let (first, last) = (*name.first()?, *name.last()?);
    let mut slot = slot(name.len(), first, last);
    loop {
        match usize::from(SLOTS[slot]) {
            0 => return None,
            index if FIELDS[index - 1].0 == name => return Some(index),
            _ => slot = (slot + 1) % SLOTS.len(),
        }
    }
}

/// The index of the field with this value, whose name is that of the field at `index` and the first
/// such.
#[inline]
pub(super) fn find_value(index: usize, value: &[u8]) -> Option<usize> {
    let name = FIELDS[index - 1].0;
    let same_name = FIELDS[index - 1..].iter().take_while(|field| field.0 == name);
    same_name.enumerate().find(|(_, field)| field.1 == value).map(|(at, _)| index + at)
}

/// Where the search for such a name begins. By these factors no more than two names begin at the same.
#[inline]
const fn slot(length: usize, first: u8, last: u8) -> usize {
    (length * 20 + first as usize * 17 + last as usize * 13) % SLOTS_LEN
}

/// How many fields there are. The dynamic table is counted from the next.
pub(super) const LEN: usize = 61;

/// Twice as many as there are names, and more: most names are found at once, and most others are
/// seen not to be there at once.
const SLOTS_LEN: usize = 128;

/// The index of the first field of each name, or 0.
static SLOTS: [u8; SLOTS_LEN] = {
    let mut slots = [0; SLOTS_LEN];
    // From behind, so that the first of a name is entered last, over the others.
    let mut index = LEN;
    while index > 0 {
        let name = FIELDS[index - 1].0;
        let mut at = slot(name.len(), name[0], name[name.len() - 1]);
        while slots[at] != 0 && !same(FIELDS[slots[at] as usize - 1].0, name) {
            at = (at + 1) % SLOTS_LEN;
        }
        slots[at] = index as u8;
        index -= 1;
    }
    slots
};

const fn same(one: &[u8], other: &[u8]) -> bool {
    let mut at = 0;
    while at < one.len() && at < other.len() && one[at] == other[at] {
        at += 1;
    }
    at == one.len() && at == other.len()
}

#[rustfmt::skip]
const FIELDS: [Field; LEN] = [
    (b":authority", b""),
    (b":method", b"GET"),
    (b":method", b"POST"),
    (b":path", b"/"),
    (b":path", b"/index.html"),
    (b":scheme", b"http"),
    (b":scheme", b"https"),
    (b":status", b"200"),
    (b":status", b"204"),
    (b":status", b"206"),
    (b":status", b"304"),
    (b":status", b"400"),
    (b":status", b"404"),
    (b":status", b"500"),
    (b"accept-charset", b""),
    (b"accept-encoding", b"gzip, deflate"),
    (b"accept-language", b""),
    (b"accept-ranges", b""),
    (b"accept", b""),
    (b"access-control-allow-origin", b""),
    (b"age", b""),
    (b"allow", b""),
    (b"authorization", b""),
    (b"cache-control", b""),
    (b"content-disposition", b""),
    (b"content-encoding", b""),
    (b"content-language", b""),
    (b"content-length", b""),
    (b"content-location", b""),
    (b"content-range", b""),
    (b"content-type", b""),
    (b"cookie", b""),
    (b"date", b""),
    (b"etag", b""),
    (b"expect", b""),
    (b"expires", b""),
    (b"from", b""),
    (b"host", b""),
    (b"if-match", b""),
    (b"if-modified-since", b""),
    (b"if-none-match", b""),
    (b"if-range", b""),
    (b"if-unmodified-since", b""),
    (b"last-modified", b""),
    (b"link", b""),
    (b"location", b""),
    (b"max-forwards", b""),
    (b"proxy-authenticate", b""),
    (b"proxy-authorization", b""),
    (b"range", b""),
    (b"referer", b""),
    (b"refresh", b""),
    (b"retry-after", b""),
    (b"server", b""),
    (b"set-cookie", b""),
    (b"strict-transport-security", b""),
    (b"transfer-encoding", b""),
    (b"user-agent", b""),
    (b"vary", b""),
    (b"via", b""),
    (b"www-authenticate", b""),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_every_field_is_found() {
        for (at, &(name, value)) in FIELDS.iter().enumerate() {
            let first = FIELDS.iter().position(|field| field.0 == name).unwrap() + 1;
            assert_eq!(find_name(name), Some(first), "{}", name.escape_ascii());
            assert_eq!(find_value(first, value), Some(at + 1), "{}", name.escape_ascii());
            assert_eq!(get(at + 1), Some((name, value)));
        }
    }

    #[test]
    fn ok_what_is_not_there_is_not_found() {
        for name in ["", ":", ":stat", "accep", "acceptt", "Accept", "via\0", "x-via"] {
            assert_eq!(find_name(name.as_bytes()), None, "{}", name);
        }
        assert_eq!(find_value(2, b"PUT"), None);
        assert_eq!(find_value(8, b"gzip, deflate"), None);
        assert_eq!((get(0), get(LEN + 1), get(usize::MAX)), (None, None, None));
    }

    #[test]
    fn ok_names_are_near_where_they_are_searched() {
        for &(name, _) in &FIELDS {
            let at = SLOTS.iter().position(|&index| Some(usize::from(index)) == find_name(name));
            let start = slot(name.len(), name[0], name[name.len() - 1]);
            let steps = (at.unwrap() + SLOTS_LEN - start) % SLOTS_LEN;
            assert!(steps <= 2, "{} is {} steps away", name.escape_ascii(), steps);
        }
    }
}
