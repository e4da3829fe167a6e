#![no_main]

use flate2::{Decompress, FlushDecompress, Status};
use properties::inflate::Naive;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    properties::inflate::check(data);
    // The naive decoder, with which the other agrees by now, and the reference: the same output and
    // the same end, or no end for both.
    let naive = Naive::decode(data);
    let mut reference = Decompress::new(false);
    let mut output = Vec::with_capacity(naive.output.len() + 64);
    let mut end = None;
    loop {
        let (before_in, before_out) = (reference.total_in(), reference.total_out());
        let input = &data[before_in as usize..];
        match reference.decompress_vec(input, &mut output, FlushDecompress::None) {
            Ok(Status::StreamEnd) => {
                end = Some(reference.total_in() as usize);
                break;
            }
            Err(_) => break,
            Ok(_) if output.len() == output.capacity() => output.reserve(64),
            Ok(_) if (before_in, before_out) == (reference.total_in(), reference.total_out()) => {
                break
            }
            Ok(_) => {}
        }
    }
    assert_eq!(naive.end.ok(), end);
    if end.is_some() {
        assert!(naive.output == output);
    }
});
