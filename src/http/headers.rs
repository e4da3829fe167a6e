//! Header and trailer sections (RFC 9110 §5): an ordered list of field lines over one buffer.
//!
//! Order and spelling are kept, names compare without case, and a name may occur on several lines.
//! What is in a `Headers` is valid: names are tokens, values hold no CR, LF, NUL or other control
//! byte. A received head stays in the buffer it was copied to and its fields are offsets into it,
//! so that sixty fields cost what one does in allocations; and copies of a `Headers` share it, until
//! one of them is changed. There is no hash table, hence no table to flood: the limit on field lines
//! bounds every search.

use std::sync::Arc;
use std::{error, fmt, mem, ptr};

use super::list;
use super::redact;
use super::token::{is_field_byte, is_ows, is_token};

/// Field lines in order, as a multimap whose names compare without case.
///
/// ```
/// use pannier::http::Headers;
///
/// let mut headers = Headers::new();
/// headers.append("Accept", "text/html")?;
/// headers.append("accept", "text/plain")?;
/// assert_eq!(headers.get("ACCEPT"), Some("text/html"));
/// assert_eq!(headers.get_all("accept").count(), 2);
/// assert!(headers.append("X", "a\r\nInjected: yes").is_err());
/// # Ok::<(), pannier::http::InvalidHeader>(())
/// ```
#[derive(Clone, Default)]
pub struct Headers {
    /// None, if there never was a line.
    section: Option<Arc<Section>>,
}

/// What copies share.
#[derive(Clone)]
struct Section {
    /// What the fields point into. Bytes of removed fields and, in a received head, line ends and
    /// the status line stay in it unreferenced.
    bytes: Vec<u8>,
    /// How many of the bytes, from the first one, were received as they are.
    received: usize,
    fields: Vec<Field>,
    /// Are the bytes just the lines as they go on the wire, in their order?
    in_wire_form: bool,
}

/// Where one field line stands in its buffer. The name begins at `start`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    pub(crate) start: u32,
    pub(crate) name_end: u32,
    pub(crate) value_start: u32,
    pub(crate) value_end: u32,
}

impl Headers {
    /// No field lines.
    pub const fn new() -> Headers {
        Headers { section: None }
    }

    /// Fields that a parser has found, and checked, in `bytes`.
    pub(crate) fn from_parts(bytes: Vec<u8>, fields: Vec<Field>) -> Headers {
        let section = Section { received: bytes.len(), bytes, fields, in_wire_form: false };
        Headers { section: Some(Arc::new(section)) }
    }

    /// What the parser was given, bytes included that are no field.
    pub(crate) fn received(&self) -> &[u8] {
        let section = self.section();
        &section.bytes[..section.received]
    }

    /// The fields, and the buffer in which they stand.
    #[inline]
    pub(crate) fn parts(&self) -> (&[u8], &[Field]) {
        let Section { bytes, fields, .. } = self.section();
        (bytes, fields)
    }

    /// The size of the buffer: at least that of the lines.
    pub(crate) fn buffer_size(&self) -> usize {
        self.section().bytes.len()
    }

    /// Adds a field line at the end. White space before the value is not part of it, and neither is
    /// a value of nothing else; white space behind it is sent as it was given.
    ///
    /// # Errors
    /// The name is no token, the value has a byte that no field value may have (RFC 9110 §5.5), or
    /// the section would exceed 4 GiB. Nothing is added then.
    pub fn append(&mut self, name: &str, value: impl AsRef<[u8]>) -> Result<(), InvalidHeader> {
        self.insert(None, name, value.as_ref())
    }

    /// Replaces all lines of this name by one, at the place of the first, or at the end.
    ///
    /// # Errors
    /// As for [`append`](Headers::append); nothing is replaced then.
    pub fn set(&mut self, name: &str, value: impl AsRef<[u8]>) -> Result<(), InvalidHeader> {
        self.replace(name, value.as_ref())
    }

    /// Adds a field line behind the first of that name, or, if there is none, before all others.
    pub(crate) fn insert_behind(
        &mut self,
        leader: &str,
        name: &str,
        value: impl AsRef<[u8]>,
    ) -> Result<(), InvalidHeader> {
        let index = self.position(leader).map_or(0, |index| index + 1);
        self.insert(Some(index), name, value.as_ref())
    }

    /// Removes all lines of this name, and says whether there were any.
    pub fn remove(&mut self, name: &str) -> bool {
        let found = self.contains(name);
        if found {
            self.retain(|other, _| !other.eq_ignore_ascii_case(name.as_bytes()));
        }
        found
    }

    /// Keeps the lines of which this is so, by name and value.
    pub(crate) fn retain(&mut self, is_kept: impl Fn(&[u8], &[u8]) -> bool) {
        let Section { bytes, fields, in_wire_form, .. } = self.section_mut();
        fields.retain(|field| is_kept(field.name(bytes), field.value(bytes)));
        *in_wire_form = false;
    }

    /// Removes all lines of each of these names.
    pub(crate) fn remove_each<S: AsRef<str>>(&mut self, names: &[S]) {
        for name in names {
            self.remove(name.as_ref());
        }
    }

    /// The first value of this name, if it is UTF-8, as all but the oldest values are.
    pub fn get(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.get_bytes(name)?).ok()
    }

    /// The first value of this name, as it was received.
    pub fn get_bytes(&self, name: &str) -> Option<&[u8]> {
        let Section { bytes, fields, .. } = self.section();
        Some(fields.iter().find(|field| field.is_named(bytes, name))?.value(bytes))
    }

    /// The values of all lines of this name, in order.
    pub fn get_all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> + 'a {
        let Section { bytes, fields, .. } = self.section();
        let named = fields.iter().filter(move |field| field.is_named(bytes, name));
        named.map(move |field| field.value(bytes))
    }

    /// The elements of a comma-separated field over all its lines (RFC 9110 §5.6.1). What follows a
    /// quote that is never closed is left out.
    pub fn get_list<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> + 'a {
        self.get_all(name).flat_map(|value| list::elements(value).flatten())
    }

    /// Is there a line of this name?
    pub fn contains(&self, name: &str) -> bool {
        self.position(name).is_some()
    }

    /// Has the comma-separated field this token among its elements, in any case?
    pub fn has_token(&self, name: &str, token: &str) -> bool {
        let is_token = |element: &[u8]| element.eq_ignore_ascii_case(token.as_bytes());
        self.get_all(name).any(|value| list::elements(value).flatten().any(is_token))
    }

    /// All field lines in order, names spelled as they came.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> + '_ {
        self.lines().map(|(name, value)| {
            let name = std::str::from_utf8(name).expect("a field name is a token, so it is ASCII");
            (name, value)
        })
    }

    /// The number of field lines.
    pub fn len(&self) -> usize {
        self.section().fields.len()
    }

    /// Are there no field lines?
    pub fn is_empty(&self) -> bool {
        self.section().fields.is_empty()
    }

    /// Removes what concerns one connection only (RFC 9110 §7.6.1), for those who forward messages.
    ///
    /// These are `Connection`, every field that it names, and the fields that predate it:
    /// `Proxy-Connection`, `Keep-Alive`, `TE`, `Trailer`, `Transfer-Encoding` and `Upgrade`.
    ///
    /// `Proxy-Authorization` and `Proxy-Authenticate` stay, since they may be for another proxy on the way
    /// (RFC 9110 §11.7): who is the one that they are for, or the last one, removes them. `Content-Length`
    /// stays too, and is to go where the content is framed anew.
    ///
    /// ```
    /// use pannier::http::Headers;
    ///
    /// let mut headers = Headers::new();
    /// headers.append("Connection", "close, X-Hop")?;
    /// headers.append("X-Hop", "1")?;
    /// headers.append("Keep-Alive", "timeout=5")?;
    /// headers.append("Date", "today")?;
    /// headers.remove_hop_by_hop();
    /// assert_eq!(headers.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["Date"]);
    /// # Ok::<(), pannier::http::InvalidHeader>(())
    /// ```
    pub fn remove_hop_by_hop(&mut self) {
        let named: Vec<Vec<u8>> = self.get_list("connection").map(<[u8]>::to_vec).collect();
        self.retain(|name, _| {
            let matches = |hop: &[u8]| name.eq_ignore_ascii_case(hop);
            !HOP_BY_HOP.iter().any(|hop| matches(hop.as_bytes()))
                && !named.iter().any(|hop| matches(hop))
        });
    }

    /// Appends the section as it goes on the wire, without the empty line that ends it.
    #[inline(always)]
    pub(crate) fn write_to(&self, out: &mut Vec<u8>) {
        let section = self.section();
        if section.in_wire_form {
            return out.extend_from_slice(&section.bytes);
        }
        for (name, value) in self.lines() {
            for part in [name, colon(value), value, b"\r\n"] {
                out.extend_from_slice(part);
            }
        }
    }

    /// Names and values as bytes, in order.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (&[u8], &[u8])> + '_ {
        let Section { bytes, fields, .. } = self.section();
        fields.iter().map(move |field| (field.name(bytes), field.value(bytes)))
    }

    /// The lines whose names have one of these lengths modulo 64, a bit for each, found without
    /// looking at the others.
    pub(crate) fn lines_of_lengths(
        &self,
        lengths: u64,
    ) -> impl Iterator<Item = (&[u8], &[u8])> + '_ {
        let Section { bytes, fields, .. } = self.section();
        let wanted =
            move |field: &&Field| lengths.wrapping_shr(field.name_end - field.start) & 1 == 1;
        fields.iter().filter(wanted).map(move |field| (field.name(bytes), field.value(bytes)))
    }

    fn has_lines_of(&self, other: &Headers) -> bool {
        let mut pairs = self.lines().zip(other.lines());
        self.len() == other.len() && pairs.all(|(a, b)| is_same_name(a.0, b.0) && a.1 == b.1)
    }

    /// Puts in a field line at this place, or behind all others.
    fn insert(
        &mut self,
        index: Option<usize>,
        name: &str,
        value: &[u8],
    ) -> Result<(), InvalidHeader> {
        let section = self.section_mut();
        let field = section.push(name, value)?;
        let index = index.unwrap_or(section.fields.len());
        section.in_wire_form &= index == section.fields.len();
        section.fields.insert(index, field);
        Ok(())
    }

    /// A new field line in place of all of this name.
    fn replace(&mut self, name: &str, value: &[u8]) -> Result<(), InvalidHeader> {
        let field = self.section_mut().push(name, value)?;
        let first = self.position(name);
        self.remove(name);
        let fields = &mut self.section_mut().fields;
        fields.insert(first.unwrap_or(fields.len()), field);
        Ok(())
    }

    fn position(&self, name: &str) -> Option<usize> {
        let Section { bytes, fields, .. } = self.section();
        fields.iter().position(|field| field.is_named(bytes, name))
    }

    #[inline]
    fn section(&self) -> &Section {
        static NONE: Section = Section::new();
        self.section.as_deref().unwrap_or(&NONE)
    }

    /// The section, to be changed: apart from those that have shared it.
    fn section_mut(&mut self) -> &mut Section {
        Arc::make_mut(self.section.get_or_insert_with(|| Arc::new(Section::new())))
    }
}

impl Section {
    const fn new() -> Section {
        Section { bytes: Vec::new(), received: 0, fields: Vec::new(), in_wire_form: true }
    }

    /// Puts a checked field into the buffer, but not yet among the fields.
    fn push(&mut self, name: &str, value: &[u8]) -> Result<Field, InvalidHeader> {
        let value = trim_start(value);
        if !is_token(name.as_bytes()) {
            return Err(InvalidHeader::new(name, Fault::Name));
        }
        if let Some(&byte) = value.iter().find(|&&byte| !is_field_byte(byte)) {
            return Err(InvalidHeader::new(name, Fault::Value(byte)));
        }
        let start = self.bytes.len();
        let line = [name.as_bytes(), colon(value), value, b"\r\n"];
        let length = line.iter().map(|part| part.len()).fold(start, usize::saturating_add);
        if u32::try_from(length).is_err() {
            return Err(InvalidHeader::new(name, Fault::Size));
        }
        for part in line {
            self.bytes.extend_from_slice(part);
        }
        let value_end = self.bytes.len() - 2;
        Ok(Field {
            start: start as u32,
            name_end: (start + name.len()) as u32,
            value_start: (value_end - value.len()) as u32,
            value_end: value_end as u32,
        })
    }
}

/// What stands between a name and a value: no space that would come last in its line.
fn colon(value: &[u8]) -> &'static [u8] {
    match value.is_empty() {
        true => b":",
        false => b": ",
    }
}

/// Mostly a name is spelled alike wherever it stands, and that is seen sooner.
#[inline]
fn is_same_name(one: &[u8], other: &[u8]) -> bool {
    one == other || one.eq_ignore_ascii_case(other)
}

fn trim_start(value: &[u8]) -> &[u8] {
    let start = value.iter().position(|&byte| !is_ows(byte));
    &value[start.unwrap_or(value.len())..]
}

impl Field {
    /// The same field in a buffer in which its line begins elsewhere.
    #[inline]
    pub(crate) fn moved(&self, from: usize, to: usize) -> Field {
        let by = (to as u32).wrapping_sub(from as u32);
        let moved = |offset: u32| offset.wrapping_add(by);
        Field {
            start: moved(self.start),
            name_end: moved(self.name_end),
            value_start: moved(self.value_start),
            value_end: moved(self.value_end),
        }
    }

    /// Most names differ in their lengths already, which stand here.
    #[inline]
    fn is_named(&self, bytes: &[u8], name: &str) -> bool {
        (self.name_end - self.start) as usize == name.len()
            && is_same_name(self.name(bytes), name.as_bytes())
    }

    #[inline]
    pub(crate) fn name<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        &bytes[self.start as usize..self.name_end as usize]
    }

    #[inline]
    pub(crate) fn value<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        &bytes[self.value_start as usize..self.value_end as usize]
    }
}

/// The same lines in the same order, names without case.
impl PartialEq for Headers {
    #[inline]
    fn eq(&self, other: &Headers) -> bool {
        ptr::eq(self.section(), other.section()) || self.has_lines_of(other)
    }
}

impl Eq for Headers {}

/// Credentials are left out.
impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for (name, value) in self.iter() {
            map.entry(&name, &String::from_utf8_lossy(&redact::value(name, value)));
        }
        map.finish()
    }
}

/// A field name or value that cannot go on the wire.
#[derive(Clone, PartialEq, Eq)]
pub struct InvalidHeader {
    name: Box<str>,
    fault: Fault,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    Name,
    Value(u8),
    Size,
}

impl InvalidHeader {
    fn new(name: &str, fault: Fault) -> InvalidHeader {
        let name = name.chars().take(100).collect::<String>().into();
        InvalidHeader { name, fault }
    }
}

/// The value is left out: it may be a secret.
impl fmt::Display for InvalidHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.fault {
            Fault::Name => write!(f, "the field name {:?} is not a token", self.name),
            Fault::Value(byte) => write!(
                f,
                "the value of the field {:?} holds the byte {:#04x}, which no field value may have",
                self.name, byte
            ),
            Fault::Size => write!(f, "the field {:?} does not fit into 4 GiB", self.name),
        }
    }
}

impl fmt::Debug for InvalidHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InvalidHeader({})", self)
    }
}

impl error::Error for InvalidHeader {}

/// RFC 9110 §7.6.1: removed whether `Connection` names them or not.
const HOP_BY_HOP: [&str; 7] = [
    "Connection",
    "Proxy-Connection",
    "Keep-Alive",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
];

// A field is four offsets and no more: a head of 128 lines costs 2 KiB beside its bytes.
const _: () = assert!(mem::size_of::<Field>() == 16);

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn headers(lines: &[(&str, &str)]) -> Headers {
        let mut headers = Headers::new();
        for (name, value) in lines {
            headers.append(name, value).unwrap();
        }
        headers
    }

    fn names(headers: &Headers) -> Vec<&str> {
        headers.iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn ok_order_and_spelling_are_kept() {
        let headers = headers(&[("B", "1"), ("a", "2"), ("b", " 3\t"), ("c", " ")]);
        let mut wire = Vec::new();
        headers.write_to(&mut wire);
        assert_eq!(wire, b"B: 1\r\na: 2\r\nb: 3\t\r\nc:\r\n");
        assert_eq!(headers.get_all("b").collect::<Vec<_>>(), [&b"1"[..], b"3\t"]);
    }

    #[test]
    fn ok_set_replaces_in_place() {
        let mut headers = headers(&[("a", "1"), ("b", "2"), ("A", "3")]);
        headers.set("A", "4").unwrap();
        assert_eq!(headers, self::headers(&[("a", "4"), ("b", "2")]));
        headers.set("c", "5").unwrap();
        assert_eq!(names(&headers), ["A", "b", "c"]);
    }

    #[test]
    fn ok_a_copy_is_changed_alone() {
        let before = headers(&[("a", "1"), ("b", "2")]);
        let changes: [fn(&mut Headers); 5] = [
            |copy| copy.append("c", "3").unwrap(),
            |copy| copy.set("a", "4").unwrap(),
            |copy| copy.insert_behind("a", "c", "3").unwrap(),
            |copy| assert!(copy.remove("B") && !copy.remove("B")),
            |copy| copy.retain(|name, _| name == b"b"),
        ];
        for change in changes {
            let mut copy = before.clone();
            assert!(ptr::eq(copy.section(), before.section()));
            change(&mut copy);
            assert_ne!(copy, before);
            assert_eq!(before, headers(&[("a", "1"), ("b", "2")]));
        }
        assert_eq!(Headers::new(), Headers::default());
    }

    #[test]
    fn ok_a_line_goes_behind_another() {
        let mut headers = headers(&[("Host", "1"), ("b", "2"), ("host", "3")]);
        headers.insert_behind("HOST", "x", "4").unwrap();
        headers.insert_behind("none", "y", "5").unwrap();
        headers.insert_behind("b", "z", "6").unwrap();
        assert_eq!(names(&headers), ["y", "Host", "x", "b", "z", "host"]);
        let mut wire = Vec::new();
        headers.write_to(&mut wire);
        assert_eq!(wire, b"y: 5\r\nHost: 1\r\nx: 4\r\nb: 2\r\nz: 6\r\nhost: 3\r\n");
        assert!(headers.insert_behind("b", "c", "\n").is_err());
    }

    #[test]
    fn ok_lists_run_over_several_lines() {
        let headers = headers(&[("Connection", "a, ,b"), ("connection", "Close")]);
        assert!(headers.has_token("connection", "close"));
        assert!(!headers.has_token("connection", "clos"));
        assert_eq!(headers.get_list("Connection").count(), 3);
    }

    #[test]
    fn err_bytes_that_break_a_line_are_refused() {
        let mut headers = Headers::new();
        for (name, value) in [
            ("a", "b\r\nc: d"),
            ("a", "b\rc"),
            ("a", "b\nc"),
            ("a", "b\0c"),
            ("a", "b\x7fc"),
            ("a b", "c"),
            ("a:", "c"),
            ("", "c"),
            ("a\r\n", "c"),
            ("ä", "c"),
        ] {
            assert!(headers.append(name, value).is_err(), "{:?}: {:?}", name, value);
            assert!(headers.set(name, value).is_err(), "{:?}: {:?}", name, value);
        }
        assert!(headers.is_empty());
        assert!(headers.append("a", "b\tc \u{e9}").is_ok());
    }

    #[test]
    fn err_message_names_the_field_and_hides_the_value() {
        let error = Headers::new().append("X-Key", "secret\n!").unwrap_err();
        assert!(error.to_string().contains("X-Key"));
        assert!(error.to_string().contains("0x0a"));
        assert!(!error.to_string().contains("secret"));
    }

    #[test]
    fn ok_hop_by_hop_fields_go() {
        let mut headers = headers(&[
            ("Connection", "close, x-named"),
            ("X-Named", "1"),
            ("connection", "other"),
            ("Other", "2"),
            ("Proxy-Connection", "keep-alive"),
            ("keep-alive", "timeout=5"),
            ("TE", "trailers"),
            ("Trailer", "x"),
            ("Transfer-Encoding", "chunked"),
            ("Upgrade", "h2c"),
            ("Content-Length", "5"),
        ]);
        headers.remove_hop_by_hop();
        assert_eq!(names(&headers), ["Content-Length"]);
    }

    /// What is done to one of three copies.
    #[derive(Clone, Copy, Debug)]
    enum Deed {
        Append(&'static str, &'static str),
        Set(&'static str, &'static str),
        InsertBehind(&'static str, &'static str, &'static str),
        Remove(&'static str),
        RemoveHopByHop,
        CopyFrom(usize),
        Receive,
    }

    fn deed() -> impl Strategy<Value = Deed> {
        let name = || prop::sample::select(&["a", "A", "b", "Connection", "TE", "no name"][..]);
        let value = || prop::sample::select(&["", "1", "2", " \ta, b", "3 ", "\n"][..]);
        prop_oneof![
            4 => (name(), value()).prop_map(|(name, value)| Deed::Append(name, value)),
            2 => (name(), value()).prop_map(|(name, value)| Deed::Set(name, value)),
            2 => (name(), name(), value())
                .prop_map(|(leader, name, value)| Deed::InsertBehind(leader, name, value)),
            2 => name().prop_map(Deed::Remove),
            1 => Just(Deed::RemoveHopByHop),
            2 => (0..3usize).prop_map(Deed::CopyFrom),
            1 => Just(Deed::Receive),
        ]
    }

    type Lines = Vec<(&'static str, &'static str)>;

    /// The same with a plain list.
    fn model(lines: &mut Lines, deed: Deed) -> bool {
        let is = |name: &'static str| move |line: &(&str, _)| line.0.eq_ignore_ascii_case(name);
        let valid = |name: &str, value: &str| name != "no name" && value != "\n";
        match deed {
            Deed::Append(name, value)
            | Deed::Set(name, value)
            | Deed::InsertBehind(_, name, value)
                if !valid(name, value) =>
            {
                return false
            }
            Deed::Append(name, value) => lines.push((name, value)),
            Deed::Set(name, value) => {
                let at = lines.iter().position(is(name));
                lines.retain(|line| !is(name)(line));
                lines.insert(at.unwrap_or(lines.len()), (name, value));
            }
            Deed::InsertBehind(leader, name, value) => {
                let at = lines.iter().position(is(leader));
                lines.insert(at.map_or(0, |at| at + 1), (name, value));
            }
            Deed::Remove(name) => {
                let before = lines.len();
                lines.retain(|line| !is(name)(line));
                return lines.len() < before;
            }
            Deed::RemoveHopByHop => {
                let names = |(name, value): &(&str, &'static str)| match *name {
                    "Connection" => value.split(',').map(str::trim).collect(),
                    _ => Vec::new(),
                };
                let named: Vec<&str> = lines.iter().flat_map(names).collect();
                lines.retain(|line| {
                    !is("Connection")(line)
                        && !is("TE")(line)
                        && !named.iter().any(|name| is(name)(line))
                });
            }
            Deed::CopyFrom(_) => {}
            Deed::Receive => *lines = vec![("b", "2"), ("a", "1")],
        }
        true
    }

    fn act(headers: &mut Headers, deed: Deed) -> bool {
        match deed {
            Deed::Append(name, value) => headers.append(name, value).is_ok(),
            Deed::Set(name, value) => headers.set(name, value).is_ok(),
            Deed::InsertBehind(leader, name, value) => {
                headers.insert_behind(leader, name, value).is_ok()
            }
            Deed::Remove(name) => headers.remove(name),
            Deed::RemoveHopByHop => {
                headers.remove_hop_by_hop();
                true
            }
            Deed::CopyFrom(_) => true,
            Deed::Receive => {
                let field = |start, end| Field {
                    start,
                    name_end: start + 1,
                    value_start: end - 1,
                    value_end: end,
                };
                let fields = vec![field(5, 10), field(11, 15)];
                *headers = Headers::from_parts(b"line\nb:\t 2\na: 1\n\n".to_vec(), fields);
                true
            }
        }
    }

    fn wire(lines: &[(&str, &str)]) -> String {
        let line = |(name, value): &(&str, &str)| match value.trim_start() {
            "" => format!("{}:\r\n", name),
            value => format!("{}: {}\r\n", name, value),
        };
        lines.iter().map(line).collect()
    }

    proptest! {
        /// Whatever is done to copies that share a section, each is what a list of its own would be.
        #[test]
        fn ok_copies_are_as_if_they_shared_nothing(deeds in vec((0..3usize, deed()), 0..40)) {
            let mut copies: [Headers; 3] = Default::default();
            let mut models: [Lines; 3] = Default::default();
            for (at, deed) in deeds {
                if let Deed::CopyFrom(other) = deed {
                    (copies[at], models[at]) = (copies[other].clone(), models[other].clone());
                }
                prop_assert_eq!(act(&mut copies[at], deed), model(&mut models[at], deed));
                for (copy, model) in copies.iter().zip(&models) {
                    let mut written = Vec::new();
                    copy.write_to(&mut written);
                    prop_assert_eq!(String::from_utf8(written).unwrap(), wire(model));
                    prop_assert_eq!(copy.len(), model.len());
                    let mut apart = Headers::new();
                    for (name, value) in copy.iter() {
                        apart.append(name, value).unwrap();
                    }
                    prop_assert_eq!(&apart, copy);
                }
                for (one, other) in [(0, 1), (1, 2), (2, 0)] {
                    let lower = |at: usize| wire(&models[at]).to_lowercase();
                    prop_assert_eq!(copies[one] == copies[other], lower(one) == lower(other));
                }
            }
        }
    }
}
