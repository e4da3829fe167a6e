#![no_main]

use pannier::proto::h2::hpack::{Encoder, Error, Indexing};
use properties::hpack::{encode, steps, Field, Naive, Step};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    properties::hpack::check(data);
    // The naive decoder, with which the other agrees by now, and the reference: the same fields, or
    // none for both. Differences that are meant, each accounted for below:
    // - the reference takes size updates behind fields, any number of them, and does not miss one
    //   that is due;
    // - it refuses a block that ends with a size update, even if there is nothing else in it;
    // - it refuses integers of six bytes, which have no more than zeros in the last, or else are too
    //   large for us as well.
    let (mut naive, mut reference) = (Naive::new(4096), self::reference());
    let (mut encoder, mut mirror) = (Encoder::new(), self::reference());
    for step in steps(data) {
        let block = match step {
            Step::Size(size) => {
                naive.set_max_table_size(size);
                reference.set_max_allowed_table_size(size);
                encoder.set_peer_table_size(size);
                mirror.set_max_allowed_table_size(size);
                continue;
            }
            Step::Block(block) => block,
        };
        let theirs = reference.decode(block);
        match naive.decode(block) {
            Ok(_) if naive.long_integer => return assert!(theirs.is_err()),
            Ok(fields) if fields.is_empty() => assert_eq!(theirs.is_err(), !block.is_empty()),
            Ok(fields) => {
                assert_eq!(theirs.as_ref(), Ok(&fields));
                assert_eq!(mirror.decode(&encoded(&mut encoder, fields)), theirs);
            }
            Err(Error::SizeUpdateLate | Error::TooManySizeUpdates | Error::SizeUpdateMissing) => {
                return
            }
            Err(_) => return assert!(theirs.is_err(), "{:?}", theirs),
        }
    }
});

/// The reference with the table that every decoder has at first.
fn reference() -> loona_hpack::Decoder<'static> {
    let mut reference = loona_hpack::Decoder::new();
    reference.set_max_allowed_table_size(4096);
    reference
}

/// A block of these fields, of which those with a long value are not indexed.
fn encoded(encoder: &mut Encoder, fields: Vec<Field>) -> Vec<u8> {
    let indexing = |field: &Field| match field.1.len() {
        0..=40 => Indexing::Incremental,
        41..=80 => Indexing::Without,
        _ => Indexing::Never,
    };
    let indexed = |field: Field| (field.clone(), indexing(&field));
    encode(encoder, &fields.into_iter().map(indexed).collect::<Vec<_>>())
}
