#![no_main]

use std::io::Read;

use flate2::bufread::{MultiGzDecoder, ZlibDecoder};
use pannier::coding::{Coding, Decoder};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    properties::gzip::check(data);
    // Differences that are meant:
    // - flate2 takes an empty input for an error; so does the decoder, but its driver does not;
    // - flate2 does not refuse reserved flags, and checks nothing before the whole header has come;
    // - behind a zlib stream flate2 reads no further, where the driver finds trailing bytes.
    let reserved = data.len() > 3 && data[3] & 0xe0 != 0;
    if !reserved && !data.is_empty() {
        let mut expected = Vec::new();
        let reference = MultiGzDecoder::new(data).read_to_end(&mut expected);
        // Members behind the first may have such flags too.
        let ours = decode(Coding::Gzip, data);
        if let Some(output) = &ours {
            assert!(reference.is_ok(), "{:?}", reference);
            assert!(*output == expected);
        } else if data.windows(4).skip(1).all(|head| head[..3] != *b"\x1f\x8b\x08") {
            assert!(reference.is_err());
        }
    }
    if data.len() > 2
        && data[0] & 15 == 8
        && data[0] < 0x80
        && u16::from_be_bytes([data[0], data[1]]) % 31 == 0
    {
        let mut expected = Vec::new();
        let mut reference = ZlibDecoder::new(data);
        let read = reference.read_to_end(&mut expected);
        if let Some(output) = decode(Coding::Deflate, data) {
            assert!(read.is_ok(), "{:?}", read);
            assert!(output == expected);
        } else if reference.total_in() == data.len() as u64 {
            assert!(read.is_err());
        }
    }
});

/// The content, if all of the data is the coding of it.
fn decode(coding: Coding, data: &[u8]) -> Option<Vec<u8>> {
    let mut decoder = Decoder::new(&[coding]);
    let (mut output, mut buffer, mut at) = (Vec::new(), [0; 4096], 0);
    loop {
        let (consumed, produced) = decoder.read(&data[at..], &mut buffer).ok()?;
        at += consumed;
        output.extend_from_slice(&buffer[..produced]);
        if (consumed, produced) == (0, 0) {
            return (at == data.len() && decoder.finish().is_ok()).then_some(output);
        }
    }
}
