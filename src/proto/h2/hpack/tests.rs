//! The examples of RFC 7541, Appendix C, both ways, and what a decoder refuses.

use super::table::Table;
use super::{Decoder, Encoder, Error, Indexing};

type Fields = Vec<(String, String)>;

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<char> = hex.chars().filter(|digit| !digit.is_whitespace()).collect();
    let digit = |at: usize| digits[at].to_digit(16).expect("a hexadecimal digit") as u8;
    (0..digits.len() / 2).map(|at| digit(2 * at) << 4 | digit(2 * at + 1)).collect()
}

/// Lines of `name: value`; a name may begin with a colon.
fn fields(text: &str) -> Fields {
    text.lines()
        .map(|line| {
            let (name, value) = line.trim()[1..].split_once(':').expect("a colon");
            (format!("{}{}", &line.trim()[..1], name), value.trim_start().to_owned())
        })
        .collect()
}

fn decode(decoder: &mut Decoder, block: &[u8]) -> Result<Fields, Error> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("a text");
    let mut fields = Fields::new();
    let mut sink = |name: &[u8], value: &[u8]| fields.push((text(name), text(value)));
    decoder.decode(block, &mut sink).map(|()| fields)
}

fn encode(encoder: &mut Encoder, fields: &Fields, indexing: Indexing) -> Vec<u8> {
    let mut block = Vec::new();
    encoder.begin(&mut block);
    for (name, value) in fields {
        encoder.field(name.as_bytes(), value.as_bytes(), indexing, &mut block);
    }
    block
}

/// The entries of a table, the newest first, as the examples show them.
fn entries(table: &Table) -> Fields {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("a text");
    let entry = |at| table.get(at).map(|(name, value)| (text(name), text(value)));
    (0..).map_while(entry).collect()
}

/// A block of an example: its fields, as it is without and with the Huffman code, and the dynamic
/// table behind it.
struct Example {
    fields: &'static str,
    plain: &'static str,
    huffman: &'static str,
    table: &'static str,
}

/// Blocks of one connection: each form is decoded to the fields, and the fields are encoded to the
/// form with the Huffman code.
fn check(table_size: usize, indexing: Indexing, examples: &[Example]) {
    let mut decoders = [Decoder::new(4096), Decoder::new(4096)];
    let mut encoder = Encoder::new();
    let mut update = Vec::new();
    encoder.set_peer_table_size(table_size);
    encoder.begin(&mut update);
    for decoder in &mut decoders {
        assert_eq!(decode(decoder, &update), Ok(Vec::new()));
    }
    for example in examples {
        let (fields, table) = (fields(example.fields), fields(example.table));
        for (decoder, wire) in decoders.iter_mut().zip([example.plain, example.huffman]) {
            assert_eq!(decode(decoder, &bytes(wire)).as_ref(), Ok(&fields), "{}", wire);
            assert_eq!(entries(&decoder.table), table);
        }
        // The examples code 307 though that saves nothing; ours takes the shorter, else the plain one.
        let shortest = example.huffman.replace("4883 640e ff", "4803 3330 37");
        assert_eq!(encode(&mut encoder, &fields, indexing), bytes(&shortest));
        assert_eq!(entries(&encoder.table), table);
    }
}

#[test]
fn ok_examples_of_single_fields() {
    let fields = "custom-key: custom-header";
    let plain = "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572";
    let huffman = "4088 25a8 49e9 5ba9 7d7f 8925 a849 e95a 728e 42d9";
    check(4096, Indexing::Incremental, &[Example { fields, plain, huffman, table: fields }]);

    let (fields, table) = (":path: /sample/path", "");
    let plain = "040c 2f73 616d 706c 652f 7061 7468";
    let huffman = "0489 6103 a6ba 0ac5 634c ff";
    check(4096, Indexing::Without, &[Example { fields, plain, huffman, table }]);

    let fields = "password: secret";
    let plain = "1008 7061 7373 776f 7264 0673 6563 7265 74";
    let huffman = "1086 ac68 4783 d927 8441 4961 53";
    check(4096, Indexing::Never, &[Example { fields, plain, huffman, table }]);

    let (fields, plain) = (":method: GET", "82");
    check(4096, Indexing::Incremental, &[Example { fields, plain, huffman: plain, table }]);
}

#[test]
fn ok_examples_of_requests() {
    let first = Example {
        fields: ":method: GET\n:scheme: http\n:path: /\n:authority: www.example.com",
        plain: "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        huffman: "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
        table: ":authority: www.example.com",
    };
    let second = Example {
        fields: ":method: GET\n:scheme: http\n:path: /\n:authority: www.example.com
            cache-control: no-cache",
        plain: "8286 84be 5808 6e6f 2d63 6163 6865",
        huffman: "8286 84be 5886 a8eb 1064 9cbf",
        table: "cache-control: no-cache\n:authority: www.example.com",
    };
    let third = Example {
        fields: ":method: GET\n:scheme: https\n:path: /index.html\n:authority: www.example.com
            custom-key: custom-value",
        plain: "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
        huffman: "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
        table: "custom-key: custom-value\ncache-control: no-cache\n:authority: www.example.com",
    };
    check(4096, Indexing::Incremental, &[first, second, third]);
}

#[test]
fn ok_examples_of_responses_in_a_table_of_256() {
    let first = Example {
        fields: ":status: 302\ncache-control: private\ndate: Mon, 21 Oct 2013 20:13:21 GMT
            location: https://www.example.com",
        plain: "4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133
            2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65
            2e63 6f6d",
        huffman: "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6
            2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
        table: "location: https://www.example.com\ndate: Mon, 21 Oct 2013 20:13:21 GMT
            cache-control: private\n:status: 302",
    };
    let second = Example {
        fields: ":status: 307\ncache-control: private\ndate: Mon, 21 Oct 2013 20:13:21 GMT
            location: https://www.example.com",
        plain: "4803 3330 37c1 c0bf",
        huffman: "4883 640e ffc1 c0bf",
        table: ":status: 307\nlocation: https://www.example.com
            date: Mon, 21 Oct 2013 20:13:21 GMT\ncache-control: private",
    };
    let third = Example {
        fields: ":status: 200\ncache-control: private\ndate: Mon, 21 Oct 2013 20:13:22 GMT
            location: https://www.example.com\ncontent-encoding: gzip
            set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
        plain: "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d
            54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541
            5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31",
        huffman: "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab
            77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587
            3160 65c0 03ed 4ee5 b106 3d50 07",
        table: "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1
            content-encoding: gzip\ndate: Mon, 21 Oct 2013 20:13:22 GMT",
    };
    check(256, Indexing::Incremental, &[first, second, third]);
}

/// Blocks that are refused, as hexadecimal digits, and what the decoder has to say.
#[test]
fn err_blocks() {
    let table = [
        ("80", Error::IndexZero),
        ("be", Error::IndexTooLarge),
        ("ff 00", Error::IndexTooLarge),
        ("7e 00", Error::IndexTooLarge),
        ("0f 2f 00", Error::IndexTooLarge),
        ("ff ffff ffff 0f", Error::IntegerTooLarge),
        ("ff 8080 8080 8000", Error::IntegerTooLarge),
        ("40 7f 8080 8080 8000", Error::IntegerTooLarge),
        ("3f e2 1f", Error::SizeUpdateTooLarge),
        ("20 3f e2 1f", Error::SizeUpdateTooLarge),
        ("82 20", Error::SizeUpdateLate),
        ("20 82 20", Error::SizeUpdateLate),
        ("82 3f e1", Error::SizeUpdateLate),
        ("2020 2020 2020 2020 2020 2020 2020 2020 20", Error::TooManySizeUpdates),
        ("ff", Error::Truncated),
        ("3f", Error::Truncated),
        ("40", Error::Truncated),
        ("41", Error::Truncated),
        ("40 01", Error::Truncated),
        ("40 01 61", Error::Truncated),
        ("40 01 61 02 62", Error::Truncated),
        ("40 01 61 82 1f", Error::Truncated),
        ("00 7f ff ff ff ff 0f", Error::IntegerTooLarge),
        ("00 7f 80 ff ff ff 0f 61", Error::Truncated),
        ("41 84 ffff ffff", Error::EndOfString),
        ("41 81 ff", Error::PaddingTooLong),
        ("41 82 1fff", Error::PaddingTooLong),
        ("41 81 00", Error::PaddingNotOnes),
        ("41 81 1e", Error::PaddingNotOnes),
    ];
    for (hex, error) in table {
        assert_eq!(decode(&mut Decoder::new(4096), &bytes(hex)), Err(error), "{}", hex);
    }
}

#[test]
fn err_every_block_that_is_cut_inside_a_field() {
    let block = bytes(
        "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0
        82a6 2d1b ff",
    );
    let ends = [0, 4, 11, block.len()];
    for end in 0..=block.len() {
        let decoded = decode(&mut Decoder::new(4096), &block[..end]);
        match ends.iter().position(|&other| other == end) {
            Some(fields) => assert_eq!(decoded.map(|fields| fields.len()), Ok(fields)),
            None => assert_eq!(decoded, Err(Error::Truncated), "{} bytes", end),
        }
    }
}

#[test]
fn ok_fields_before_a_fault_have_been_handed_on() {
    let mut count = 0;
    let result = Decoder::new(4096).decode(&bytes("82 84 80"), &mut |_, _| count += 1);
    assert_eq!((result, count), (Err(Error::IndexZero), 2));
}

#[test]
fn ok_a_name_is_taken_from_the_entry_that_goes_for_it() {
    let mut decoder = Decoder::new(40);
    assert_eq!(decode(&mut decoder, b"\x40\x04name\x011"), Ok(fields("name: 1")));
    assert_eq!(decode(&mut decoder, b"\x7e\x0222"), Ok(fields("name: 22")));
    assert_eq!(entries(&decoder.table), fields("name: 22"));
    // Too large for the table: read all the same, and the table is empty.
    assert_eq!(decode(&mut decoder, b"\x7e\x0555555"), Ok(fields("name: 55555")));
    assert_eq!(entries(&decoder.table), fields(""));
}

#[test]
fn ok_size_updates_at_the_beginning() {
    // 0 then 4096, as after SETTINGS that were changed twice; as many as there may be.
    for block in ["20 3f e1 1f 82", "2020 2020 2020 2020 2020 2020 2020 2020 82", "3f e1 1f 82"] {
        let mut decoder = Decoder::new(4096);
        assert_eq!(decode(&mut decoder, &bytes(block)), Ok(fields(":method: GET")), "{}", block);
    }
    assert_eq!(decode(&mut Decoder::new(4096), &bytes("20")), Ok(Vec::new()));
}

#[test]
fn ok_a_reduced_size_is_due_at_the_beginning_of_the_next_block() {
    let table: [(&[usize], &str, Result<(), Error>); 11] = [
        (&[100], "3f 45 82", Ok(())),
        (&[100], "20 82", Ok(())),
        (&[100], "20 3f 45 82", Ok(())),
        (&[100], "82", Err(Error::SizeUpdateMissing)),
        (&[100], "", Err(Error::SizeUpdateMissing)),
        (&[100], "3f 46 82", Err(Error::SizeUpdateTooLarge)),
        // Reduced and raised again: the smaller size comes first.
        (&[0, 4096], "20 3f e1 1f 82", Ok(())),
        (&[0, 4096], "3f e1 1f 82", Err(Error::SizeUpdateMissing)),
        (&[0, 4096], "82", Err(Error::SizeUpdateMissing)),
        // Raised only: nothing has to be said.
        (&[8192], "82", Ok(())),
        (&[8192], "3f e1 3f 82", Ok(())),
    ];
    for (sizes, block, result) in table {
        let mut decoder = Decoder::new(4096);
        for &size in sizes {
            decoder.set_max_table_size(size);
        }
        let decoded = decode(&mut decoder, &bytes(block)).map(drop);
        assert_eq!(decoded, result, "{:?} {}", sizes, block);
    }
}

#[test]
fn ok_a_table_that_is_small_enough_owes_no_update() {
    let mut decoder = Decoder::new(4096);
    assert_eq!(decode(&mut decoder, &bytes("20")), Ok(Vec::new()));
    decoder.set_max_table_size(100);
    assert_eq!(decode(&mut decoder, &bytes("82")), Ok(fields(":method: GET")));
}

#[test]
fn ok_an_encoder_begins_with_the_smallest_and_the_last_size() {
    let table: [(&[usize], &str); 7] = [
        (&[], ""),
        (&[4096, 8192], ""),
        (&[100], "3f 45"),
        (&[0, 100, 50], "20 3f 13"),
        (&[0, 4096], "20 3f e1 1f"),
        (&[100, 0], "20"),
        (&[100, usize::MAX], "3f 45 3f e1 1f"),
    ];
    for (sizes, block) in table {
        let mut encoder = Encoder::new();
        for &size in sizes {
            encoder.set_peer_table_size(size);
        }
        assert_eq!(encode(&mut encoder, &Vec::new(), Indexing::Without), bytes(block));
        assert_eq!(encode(&mut encoder, &Vec::new(), Indexing::Without), b"");
    }
}

#[test]
fn ok_a_bound_of_our_own_is_told_to_the_peer() {
    let mut small = Encoder::with_bound(100);
    assert_eq!(encode(&mut small, &Vec::new(), Indexing::Without), bytes("3f 45"));
    small.set_peer_table_size(8192);
    assert_eq!(encode(&mut small, &Vec::new(), Indexing::Without), b"");
    let mut large = Encoder::with_bound(8192);
    assert_eq!(encode(&mut large, &Vec::new(), Indexing::Without), b"");
    large.set_peer_table_size(16_384);
    assert_eq!(encode(&mut large, &Vec::new(), Indexing::Without), bytes("3f e1 3f"));
}

#[test]
fn ok_what_is_never_indexed_is_in_no_table() {
    let mut encoder = Encoder::new();
    let secret = fields("x-secret: 1");
    assert_eq!(encode(&mut encoder, &secret, Indexing::Incremental)[0], 0x40);
    // Not even if it has been added by mistake, though its name may be.
    assert_eq!(encode(&mut encoder, &secret, Indexing::Never), b"\x1f\x2f\x011");
    assert_eq!(encode(&mut encoder, &secret, Indexing::Without), b"\xbe");
    // Nor if it is in the static table.
    assert_eq!(encode(&mut encoder, &fields(":path: /"), Indexing::Never), b"\x14\x01/");
    assert_eq!(encode(&mut encoder, &fields(":path: /"), Indexing::Without), b"\x84");
}

#[test]
fn ok_a_field_too_large_for_the_table_leaves_it_as_it_is() {
    let mut encoder = Encoder::new();
    encode(&mut encoder, &fields("kept: 1"), Indexing::Incremental);
    let generation = encoder.generation();
    let large = vec![("large".to_owned(), "z".repeat(4096))];
    assert_eq!(encode(&mut encoder, &large, Indexing::Incremental)[0], 0x00);
    assert_eq!(entries(&encoder.table), fields("kept: 1"));
    assert_eq!(encoder.generation(), generation);
}

#[test]
fn ok_the_generation_changes_with_the_table() {
    let mut encoder = Encoder::new();
    let mut last = encoder.generation();
    let mut changed =
        |encoder: &Encoder| std::mem::replace(&mut last, encoder.generation()) != last;
    let field = fields("name: 1");
    encode(&mut encoder, &field, Indexing::Without);
    encode(&mut encoder, &field, Indexing::Never);
    assert!(!changed(&encoder));
    encode(&mut encoder, &field, Indexing::Incremental);
    assert!(changed(&encoder));
    encode(&mut encoder, &field, Indexing::Incremental);
    assert!(!changed(&encoder));
    // A block that was made before must not go without the update, nor one that has it go twice.
    encoder.set_peer_table_size(0);
    assert!(changed(&encoder));
    encoder.begin(&mut Vec::new());
    assert!(changed(&encoder));
    encode(&mut encoder, &field, Indexing::Incremental);
    assert!(!changed(&encoder));
}
