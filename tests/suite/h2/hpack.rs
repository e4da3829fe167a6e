//! HPACK by the public vectors and by blocks and fields that are made up.

use std::path::PathBuf;

use pannier::proto::h2::hpack::{Decoder, Encoder, Indexing};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::properties::hpack::{self, Field, Step};
use crate::support::json::Json;

/// A block of a story: what the table may be from it on, if that changes, its fields and its bytes.
struct Case {
    table_size: Option<usize>,
    fields: Vec<Field>,
    wire: Vec<u8>,
}

/// The stories of a folder, each the blocks of one connection.
fn stories(folder: &str) -> Vec<Vec<Case>> {
    let vectors = std::env::var_os("PANNIER_VECTORS").expect("PANNIER_VECTORS names the folder");
    let folder = PathBuf::from(vectors).join("hpack").join(folder);
    let files = std::fs::read_dir(folder).expect("the folder of the stories");
    let read = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.expect("the folder can be read").path();
        let story = Json::parse(&std::fs::read_to_string(path).expect("the story can be read"));
        story.get("cases").expect("a story has cases").elements().iter().map(case).collect()
    };
    let stories: Vec<Vec<Case>> = files.map(read).collect();
    assert!(stories.len() >= 8 && stories.iter().all(|story| !story.is_empty()));
    stories
}

fn case(json: &Json) -> Case {
    let text = |json: &Json| json.as_str().expect("a string").as_bytes().to_vec();
    let field = |json: &Json| match json {
        Json::Object(members) => (members[0].0.clone().into_bytes(), text(&members[0].1)),
        _ => panic!("{:?} is no field", json),
    };
    let fields = json.get("headers").expect("a case has fields").elements();
    Case {
        table_size: json.get("header_table_size").and_then(Json::as_u64).map(|size| size as usize),
        fields: fields.iter().map(field).collect(),
        wire: json.get("wire").map(text).map_or_else(Vec::new, |hex| unhex(&hex)),
    }
}

fn unhex(digits: &[u8]) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).expect("a hexadecimal digit") as u8;
    digits.chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

#[test]
#[ignore = "needs PANNIER_VECTORS"]
fn ok_public_vectors_decode_to_their_fields() {
    for folder in ["nghttp2", "nghttp2-change-table-size"] {
        let mut changes = 0;
        for story in stories(folder) {
            let mut decoder = Decoder::new(4096);
            let mut size = 4096;
            for case in story {
                if let Some(new) = case.table_size.filter(|new| *new != size) {
                    size = new;
                    changes += 1;
                    decoder.set_max_table_size(size);
                }
                assert_eq!(hpack::decode(&mut decoder, &case.wire), Ok(case.fields));
            }
        }
        assert_eq!(changes > 0, folder != "nghttp2");
    }
}

#[test]
#[ignore = "needs PANNIER_VECTORS"]
fn ok_public_vectors_are_the_same_after_a_round_trip() {
    for indexing in [Indexing::Incremental, Indexing::Without, Indexing::Never] {
        for sizes in [&[4096][..], &[0], &[100], &[0, 100, 4096], &[4096, 100, 0, 4096]] {
            for story in stories("raw-data") {
                let mut steps = Vec::new();
                for (case, size) in story.into_iter().zip(sizes.iter().cycle()) {
                    let fields = case.fields.into_iter().map(|field| (field, indexing)).collect();
                    steps.extend([Step::Size(*size), Step::Block(fields)]);
                }
                hpack::round_trip(&steps);
            }
        }
    }
}

/// Few names and values, so that they are repeated, and any others.
fn a_field() -> impl Strategy<Value = Field> {
    let name = prop_oneof![
        3 => prop::sample::select(vec!["accept", ":path", ":status", "cookie", "x-name", "x-other"])
            .prop_map(|name| name.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 0..40),
    ];
    let value = prop_oneof![
        3 => prop::sample::select(vec!["", "/", "200", "text/html", "a longer value of more bytes"])
            .prop_map(|value| value.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 0..300),
        1 => "[ -~]{0,60}".prop_map(String::into_bytes),
    ];
    (name, value)
}

fn an_indexing() -> impl Strategy<Value = Indexing> {
    prop_oneof![
        4 => Just(Indexing::Incremental),
        1 => Just(Indexing::Without),
        1 => Just(Indexing::Never),
    ]
}

fn a_step() -> impl Strategy<Value = Step<Vec<(Field, Indexing)>>> {
    prop_oneof![
        1 => prop::sample::select(vec![0, 31, 32, 50, 100, 400, 4095, 4096, 8192, usize::MAX])
            .prop_map(Step::Size),
        3 => vec((a_field(), an_indexing()), 0..12).prop_map(Step::Block),
    ]
}

/// Representations as they occur, and bytes as they do not.
fn a_block() -> impl Strategy<Value = Vec<u8>> {
    let fields = vec((a_field(), an_indexing()), 0..3)
        .prop_map(|fields| hpack::encode(&mut Encoder::new(), &fields));
    let piece = prop_oneof![
        4 => fields,
        2 => (0x80..=0xc2_u8).prop_map(|index| vec![index]),
        1 => vec(any::<u8>(), 0..6),
    ];
    vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn ok_fields_are_the_same_after_a_round_trip(steps in vec(a_step(), 0..12)) {
        hpack::round_trip(&steps);
    }

    #[test]
    fn ok_blocks_are_decoded_as_a_naive_decoder_does(blocks in vec(a_block(), 0..6)) {
        let sized = |block: Vec<u8>| [&[block.len().min(254) as u8][..], &block].concat();
        hpack::check(&blocks.into_iter().map(sized).collect::<Vec<_>>().concat());
    }

    #[test]
    fn ok_any_bytes_are_decoded_as_a_naive_decoder_does(data in vec(any::<u8>(), 0..300)) {
        hpack::check(&data);
    }
}
