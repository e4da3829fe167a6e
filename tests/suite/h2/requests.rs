//! Requests of HTTP/2 one after the other, as alike as those of one client are: whatever of a block is
//! repeated, and whatever the peer has said between, it is decoded to what was asked for.

use pannier::http::{Headers, Method};
use pannier::proto::h2::frame::Frame;
use pannier::proto::h2::hpack::Decoder;
use pannier::proto::h2::{Config, Connection, Error, ErrorCode, RequestHead};
use pannier::proto::Limits;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::properties::h2_engine::*;
use crate::properties::hpack::{decode, Field, Naive};

/// What happens on a connection. Numbers are places in the lists below.
#[derive(Clone, Debug)]
enum Step {
    Request(Asked),
    /// The one before with another path.
    Path(usize),
    /// A request with content, and these fields behind that.
    Trailers(Vec<usize>),
    /// SETTINGS_HEADER_TABLE_SIZE, perhaps several in one frame.
    Tables(Vec<u32>),
    /// SETTINGS_MAX_HEADER_LIST_SIZE.
    Most(u32),
}

#[derive(Clone, Debug)]
struct Asked {
    method: usize,
    scheme: usize,
    authority: usize,
    path: usize,
    fields: Vec<usize>,
    sensitive: usize,
}

const METHODS: [Method; 4] = [Method::GET, Method::GET, Method::POST, Method::CONNECT];
const SCHEMES: [&str; 3] = ["http", "http", "https"];
const AUTHORITIES: [Option<&str>; 4] = [Some("a"), Some("a"), Some("b.example:8080"), None];
const PATHS: [&str; 8] =
    ["/", "/index.html", "*", "/a?b=c", "/a/long/path/that/may/be/too/much", "/A", "/a b", ""];
const FIELDS: [(&str, &str); 14] = [
    ("Accept", "*/*"),
    ("accept", "*/*"),
    ("Accept", "text/html"),
    ("User-Agent", "x"),
    ("X-Key", "secret"),
    ("X-Key", "other secret"),
    ("Cookie", "a=b"),
    ("Connection", "x-key"),
    ("TE", "trailers"),
    ("te", "gzip"),
    ("Host", "other"),
    ("Range", "bytes=0-"),
    ("Upgrade", "h2c"),
    ("X-Empty", " \t"),
];

fn asked() -> impl Strategy<Value = Asked> {
    (0..4usize, 0..3usize, 0..4usize, 0..8usize, fields(), 0..3usize).prop_map(
        |(method, scheme, authority, path, fields, sensitive)| Asked {
            method,
            scheme,
            authority,
            path,
            fields,
            sensitive,
        },
    )
}

/// Some come more often, so that the same come again.
fn fields() -> impl Strategy<Value = Vec<usize>> {
    prop_oneof![Just(vec![0, 3]), Just(vec![1, 3, 4]), vec(0..FIELDS.len(), 0..5)]
}

fn step() -> impl Strategy<Value = Step> {
    let size = || prop::sample::select(&[0, 31, 60, 100, 200, 4_096, 65_536][..]);
    prop_oneof![
        4 => asked().prop_map(Step::Request),
        8 => (0..8usize).prop_map(Step::Path),
        1 => fields().prop_map(Step::Trailers),
        2 => vec(size(), 1..3).prop_map(Step::Tables),
        1 => prop::sample::select(&[180, 200, 230, 1_000][..]).prop_map(Step::Most),
    ]
}

/// A client, and a server that reads it twice.
struct Pair {
    client: Connection,
    decoder: Decoder,
    naive: Naive,
    most: u32,
}

impl Pair {
    fn new() -> Pair {
        let mut client = Connection::new(Config::default(), Limits::default());
        client.output().clear();
        let mut pair =
            Pair { client, decoder: Decoder::new(4_096), naive: Naive::new(4_096), most: 1_000 };
        pair.say(&[(6, 1_000)]);
        pair
    }

    fn say(&mut self, values: &[(u16, u32)]) {
        let wire = settings(values);
        let (used, _) = self.client.recv(&wire).unwrap();
        assert_eq!(used, wire.len());
        self.client.output().clear();
    }

    fn tables(&mut self, sizes: &[u32]) {
        let values: Vec<_> = sizes.iter().map(|&size| (1, size)).collect();
        self.say(&values);
        for &size in sizes {
            self.decoder.set_max_table_size(size as usize);
            self.naive.set_max_table_size(size as usize);
        }
    }

    fn request(&mut self, asked: &Asked) {
        let method = &METHODS[asked.method];
        let path = Some(PATHS[asked.path]).filter(|_| *method != Method::CONNECT);
        let authority = AUTHORITIES[asked.authority];
        let sensitive = &["X-Key".to_owned(), "accept".to_owned()][..asked.sensitive];
        let mut expected = vec![(":method", method.as_str())];
        expected.extend(path.map(|_| (":scheme", SCHEMES[asked.scheme])));
        expected.extend(authority.map(|authority| (":authority", authority)));
        expected.extend(path.map(|path| (":path", path)));
        let expected = [owned(expected), sent(&asked.fields)].concat();
        let head = RequestHead {
            method,
            scheme: SCHEMES[asked.scheme],
            authority: authority.map(str::as_bytes),
            path,
            headers: &section(&asked.fields),
            sensitive,
        };
        let is_target = path.map_or(authority.is_some(), |path| !["", "/a b"].contains(&path));
        match self.client.open(&head, true) {
            Err(Error::Target) => assert!(!is_target, "{:?}", asked),
            Err(Error::RequestTooLong { size, limit }) => {
                assert_eq!((size, limit), (size_of(&expected), self.most));
                assert!(size > u64::from(limit));
            }
            opened => {
                assert!(is_target && size_of(&expected) <= u64::from(self.most), "{:?}", asked);
                self.read(expected);
                self.client.reset(opened.unwrap(), ErrorCode::CANCEL);
            }
        }
    }

    fn trailers(&mut self, fields: &[usize]) {
        let stream = request(&mut self.client, &Method::POST, false);
        let output = std::mem::take(self.client.output());
        self.decode(&output);
        if size_of(&sent(fields)) <= u64::from(self.most) {
            self.client.send_trailers(stream, &section(fields)).unwrap();
            self.read(sent(fields));
        }
        self.client.reset(stream, ErrorCode::CANCEL);
    }

    /// What the client has sent are these fields.
    fn read(&mut self, expected: Vec<Field>) {
        let output = std::mem::take(self.client.output());
        assert_eq!(self.decode(&output), expected);
    }

    fn decode(&mut self, output: &[u8]) -> Vec<Field> {
        let frames = frames(output);
        let block = frames.iter().find_map(|frame| match frame {
            Frame::Headers { fragment, end_headers: true, .. } => Some(*fragment),
            _ => None,
        });
        let block = block.expect("a whole block");
        let fields = decode(&mut self.decoder, block).unwrap();
        assert_eq!(self.naive.decode(block).as_ref(), Ok(&fields));
        fields
    }
}

fn section(fields: &[usize]) -> Headers {
    let mut section = Headers::new();
    for &(name, value) in fields.iter().map(|&at| &FIELDS[at]) {
        section.append(name, value).unwrap();
    }
    section
}

/// What of the fields has a place in HTTP/2.
fn sent(fields: &[usize]) -> Vec<Field> {
    let fields = fields.iter().map(|&at| FIELDS[at]);
    let has_hop = fields.clone().any(|(name, _)| name == "Connection");
    let stays = |(name, value): &(&str, &str)| match *name {
        "Connection" | "Host" | "Upgrade" => false,
        "X-Key" => !has_hop,
        "TE" | "te" => *value == "trailers",
        _ => true,
    };
    owned(fields.filter(stays).collect())
}

fn owned(fields: Vec<(&str, &str)>) -> Vec<Field> {
    let field = |(name, value): (&str, &str)| {
        (name.to_lowercase().into_bytes(), value.trim().as_bytes().to_vec())
    };
    fields.into_iter().map(field).collect()
}

/// RFC 9113 §6.5.2.
fn size_of(fields: &[Field]) -> u64 {
    fields.iter().map(|(name, value)| (name.len() + value.len() + 32) as u64).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn ok_whatever_is_repeated_is_decoded_to_what_was_asked_for(steps in vec(step(), 1..30)) {
        let mut pair = Pair::new();
        let mut asked = Asked {
            method: 0,
            scheme: 0,
            authority: 0,
            path: 0,
            fields: vec![0, 3],
            sensitive: 0,
        };
        for step in steps {
            match step {
                Step::Request(other) => asked = other,
                Step::Path(path) => asked.path = path,
                Step::Trailers(fields) => pair.trailers(&fields),
                Step::Tables(sizes) => pair.tables(&sizes),
                Step::Most(most) => {
                    pair.most = most;
                    pair.say(&[(6, most)]);
                }
            }
            pair.request(&asked);
        }
    }
}
