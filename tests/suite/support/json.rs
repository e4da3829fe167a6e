//! A reader of JSON (RFC 8259) for test vectors. A fault in a file ends the test with its place.

/// A JSON value. Numbers keep their text; members keep their order.
#[derive(Clone, Debug, PartialEq)]
#[allow(dead_code)] // Not every kind of value occurs in every file that is read.
pub enum Json {
    Null,
    Bool(bool),
    Number(String),
    String(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

#[allow(dead_code)] // The same.
impl Json {
    /// Reads one value and nothing else.
    pub fn parse(text: &str) -> Json {
        let mut reader = Reader { text, at: 0 };
        let value = reader.value();
        reader.space();
        assert_eq!(reader.at, text.len(), "JSON goes on behind its end");
        value
    }

    /// The member of this name; `None` also where there are no members.
    pub fn get(&self, name: &str) -> Option<&Json> {
        match self {
            Json::Object(members) => {
                members.iter().find(|(n, _)| n == name).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    pub fn as_str(&self) -> Option<&str> {
        match self {
            Json::String(text) => Some(text),
            _ => None,
        }
    }

    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Json::Number(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// The elements; none where it is no array.
    pub fn elements(&self) -> &[Json] {
        match self {
            Json::Array(elements) => elements,
            _ => &[],
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self) -> Json {
        self.space();
        match self.peek() {
            Some(b'{') => Json::Object(self.sequence(b'}', |reader| {
                reader.space();
                let name = reader.string();
                reader.space();
                reader.expect(b':');
                (name, reader.value())
            })),
            Some(b'[') => Json::Array(self.sequence(b']', Reader::value)),
            Some(b'"') => Json::String(self.string()),
            _ => self.word(),
        }
    }

    fn sequence<T>(&mut self, end: u8, item: impl Fn(&mut Reader<'a>) -> T) -> Vec<T> {
        let mut items = Vec::new();
        self.at += 1;
        self.space();
        if self.take(end) {
            return items;
        }
        loop {
            items.push(item(self));
            self.space();
            if self.take(end) {
                return items;
            }
            self.expect(b',');
        }
    }

    fn string(&mut self) -> String {
        self.expect(b'"');
        let mut units = Vec::new();
        loop {
            let c = self.text[self.at..].chars().next();
            let c = c.unwrap_or_else(|| panic!("JSON ends in a string"));
            self.at += c.len_utf8();
            match c {
                // Surrogates come as two escapes, so the text is put together in UTF-16.
                '"' => return String::from_utf16_lossy(&units),
                '\\' => units.push(self.escape()),
                c => units.extend_from_slice(c.encode_utf16(&mut [0; 2])),
            }
        }
    }

    fn escape(&mut self) -> u16 {
        let kind = self.peek().unwrap_or(b' ');
        self.at += 1;
        match kind {
            b'u' => {
                let digits = self.text.get(self.at..self.at + 4).unwrap_or("");
                self.at += 4;
                u16::from_str_radix(digits, 16)
                    .unwrap_or_else(|_| panic!("JSON escape at byte {}", self.at))
            }
            b'b' => 8,
            b'f' => 12,
            b'n' => 10,
            b'r' => 13,
            b't' => 9,
            b'"' | b'\\' | b'/' => kind.into(),
            _ => panic!("JSON escape at byte {}", self.at),
        }
    }

    fn word(&mut self) -> Json {
        let rest = &self.text[self.at..];
        let is_end = |c: char| !c.is_ascii_alphanumeric() && !"+-.".contains(c);
        let word = &rest[..rest.find(is_end).unwrap_or(rest.len())];
        self.at += word.len();
        match word {
            "null" => Json::Null,
            "true" => Json::Bool(true),
            "false" => Json::Bool(false),
            _ if word.parse::<f64>().is_ok() => Json::Number(word.into()),
            _ => panic!("JSON has {:?} at byte {}", word, self.at),
        }
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8) {
        assert!(self.take(byte), "JSON lacks {:?} at byte {}", char::from(byte), self.at);
    }
}

#[test]
fn ok_every_kind_of_value_is_read() {
    let text =
        r#" {"a": [1, -2.5e3, true, false, null, [], {}], "b\n\"\u00e9": "\ud83d\ude00é\/"} "#;
    let value = Json::parse(text);
    let numbers = value.get("a").unwrap().elements();
    assert_eq!(numbers[0].as_u64(), Some(1));
    assert_eq!(numbers[1], Json::Number("-2.5e3".into()));
    assert_eq!(numbers[2..5], [Json::Bool(true), Json::Bool(false), Json::Null]);
    assert_eq!(numbers[5..], [Json::Array(vec![]), Json::Object(vec![])]);
    assert_eq!(value.get("b\n\"é").and_then(Json::as_str), Some("😀é/"));
    assert_eq!(value.get("c"), None);
}

#[test]
fn err_what_is_not_json_ends_the_test() {
    for text in ["", "{", "[1,]", "[1 2]", "\"a", "{a:1}", "nul", "1 2", "\"\\x\"", "\"\\u12\""] {
        assert!(std::panic::catch_unwind(|| Json::parse(text)).is_err(), "{:?}", text);
    }
}
