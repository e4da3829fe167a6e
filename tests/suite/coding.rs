//! Content codings: what is decoded, and which rule refuses what.

use pannier::coding::{Coding, Crc32, Decoder, Deflate, Error, Gzip, Inflate};

use crate::properties::inflate::{in_pieces, Decoded};
use crate::support::deflate::{stored_zlib, Bits, HELLO, HELLO_GZIP, HELLO_ZLIB};

/// What comes of deflate in pieces of this many bytes.
fn inflate(data: &[u8], step: usize) -> Decoded {
    let mut inflate = Inflate::new();
    in_pieces(data, step, 50, |input, output| {
        let progress = inflate.read(input, output)?;
        Ok((progress, inflate.is_complete()))
    })
}

fn gzip(data: &[u8], step: usize) -> Decoded {
    let mut gzip = Gzip::new();
    in_pieces(data, step, 50, |input, output| {
        let progress = gzip.read(input, output)?;
        Ok((progress, gzip.is_complete()))
    })
}

fn deflate(data: &[u8], step: usize) -> Decoded {
    let mut deflate = Deflate::new();
    in_pieces(data, step, 50, |input, output| {
        let progress = deflate.read(input, output)?;
        Ok((progress, deflate.is_complete()))
    })
}

/// Data, what it decodes to, and how it ends.
type Row<'a> = (&'a [u8], &'a [u8], Result<(), Error>);

/// A table of data: whole, byte by byte, and with other bytes behind it, which are not taken.
fn all(decode: fn(&[u8], usize) -> Decoded, table: &[Row<'_>]) {
    for (data, output, end) in table {
        let expected = Decoded { output: output.to_vec(), end: end.map(|()| data.len()) };
        for step in [usize::MAX, 1, 2] {
            assert_eq!(decode(data, step), expected, "{:?} by {}", data, step);
        }
        if *end != Err(Error::Truncated) {
            let followed = [data, &b"\0\xff\0"[..]].concat();
            for step in [usize::MAX, 1] {
                assert_eq!(decode(&followed, step), expected, "{:?} followed", data);
            }
        }
    }
}

/// Lengths of zero, one and two, and zero repeated: two bits each.
const FOUR: [(usize, u32); 4] = [(0, 2), (1, 2), (2, 2), (18, 2)];
const ZERO: (u32, u32) = (0, 2);

/// `a` has one bit, the end and a length of three have two, and so the only distance.
fn one_distance() -> Bits {
    let bits = Bits::dynamic(1, 0, &FOUR).zeros(97, ZERO).code(1, 2).zeros(158, ZERO);
    bits.code(2, 2).code(2, 2).code(1, 2)
}

#[test]
fn ok_blocks_of_each_type() {
    let stored_twice = b"\0\x02\0\xfd\xffhe\x01\x03\0\xfc\xffllo";
    let overlapping = Bits::default().number(1, 1).number(1, 2).code(0x30 + 97, 8);
    // The longest length at distance 1.
    let overlapping = overlapping.code(0xc0 + 5, 8).code(0, 5).code(0, 7);
    let single = one_distance().code(0, 1).code(3, 2).code(0, 1).code(2, 2);
    let lone_end = Bits::dynamic(0, 0, &FOUR).zeros(256, ZERO).code(1, 2).code(0, 2).code(0, 1);
    all(
        inflate,
        &[
            (b"\x03\0", b"", Ok(())),
            (b"\x01\0\0\xff\xff", b"", Ok(())),
            (b"\0\0\0\xff\xff\x03\0", b"", Ok(())),
            (HELLO, b"hello", Ok(())),
            (stored_twice, b"hello", Ok(())),
            (&overlapping.bytes(), &[b'a'; 259], Ok(())),
            (&single.bytes(), b"aaaa", Ok(())),
            (&lone_end.bytes(), b"", Ok(())),
        ],
    );
}

#[test]
fn err_each_rule_of_deflate() {
    let fixed = || Bits::default().number(1, 1).number(1, 2);
    let literal = |bits: Bits| bits.code(0x30 + 97, 8);
    let table = [
        (Bits::default().number(1, 1).number(3, 2), &b""[..], Error::BlockType),
        (fixed().code(1, 7).code(0, 5), b"", Error::DistanceTooFar),
        (literal(fixed()).code(1, 7).code(1, 5), b"a", Error::DistanceTooFar),
        (literal(fixed()).code(1, 7).code(30, 5), b"a", Error::DistanceCode),
        (literal(fixed()).code(0xc6, 8), b"a", Error::LiteralCode),
        (Bits::dynamic(30, 0, &FOUR), b"", Error::TooManySymbols),
        (Bits::dynamic(0, 30, &FOUR), b"", Error::TooManySymbols),
        (Bits::dynamic(0, 0, &[(0, 1), (1, 1), (2, 1)]), b"", Error::OverSubscribed),
        (Bits::dynamic(0, 0, &[(0, 1), (1, 2)]), b"", Error::Incomplete),
        (Bits::dynamic(0, 0, &[(0, 1)]), b"", Error::Incomplete),
        (Bits::dynamic(0, 0, &[]), b"", Error::Incomplete),
        (
            Bits::dynamic(0, 0, &[(1, 1), (16, 1)]).code(1, 1).number(0, 2),
            b"",
            Error::RepeatOfNothing,
        ),
        (Bits::dynamic(0, 0, &FOUR).zeros(200, ZERO).zeros(138, ZERO), b"", Error::RepeatTooLong),
        (Bits::dynamic(0, 0, &FOUR).zeros(258, ZERO), b"", Error::NoEndOfBlock),
        (
            Bits::dynamic(0, 0, &FOUR).zeros(255, ZERO).code(2, 2).code(2, 2).code(0, 2),
            b"",
            Error::Incomplete,
        ),
        (
            Bits::dynamic(0, 0, &FOUR).zeros(254, ZERO).code(1, 2).code(1, 2).code(1, 2).code(0, 2),
            b"",
            Error::OverSubscribed,
        ),
        (one_distance().code(0, 1).code(3, 2).code(1, 1), b"a", Error::DistanceCode),
    ];
    for (bits, output, error) in table {
        all(inflate, &[(&bits.bytes(), output, Err(error))]);
    }
    all(inflate, &[(b"\x01\x05\0\0\0hello", b"", Err(Error::StoredLength))]);
}

#[test]
fn err_deflate_cut_short_anywhere() {
    let stored = b"\x01\x05\0\xfa\xffhello";
    for data in [HELLO, stored, &one_distance().bytes()] {
        for cut in 0..data.len() {
            let decoded = inflate(&data[..cut], usize::MAX);
            assert_eq!(decoded.end, Err(Error::Truncated), "{} of {:?}", cut, data);
            assert!(b"hello".starts_with(&decoded.output));
        }
    }
}

/// A member with these flags and what they announce.
fn member(flags: u8, parts: &[u8]) -> Vec<u8> {
    let head = [b"\x1f\x8b\x08", &[flags][..], b"\0\0\0\0\0\x03", parts].concat();
    let mut sum = Crc32::new();
    sum.update(&head);
    let sum = if flags & 2 == 0 { Vec::new() } else { sum.value().to_le_bytes()[..2].to_vec() };
    [&head, &sum[..], &HELLO_GZIP[10..]].concat()
}

#[test]
fn ok_gzip_with_every_part_and_in_members() {
    let name = [&[b'n'; 100_000][..], b"\0"].concat();
    let every = b"\x06\0AB\x02\0xyname\0a comment\0";
    all(
        gzip,
        &[
            (HELLO_GZIP, b"hello", Ok(())),
            (&member(1, b""), b"hello", Ok(())),
            (&member(2, b""), b"hello", Ok(())),
            (&member(4, b"\0\0"), b"hello", Ok(())),
            (&member(8, b"\0"), b"hello", Ok(())),
            (&member(31, every), b"hello", Ok(())),
            (&[HELLO_GZIP, HELLO_GZIP].concat(), b"hellohello", Ok(())),
        ],
    );
    assert_eq!(gzip(&member(8, &name), 999).output, b"hello");
}

#[test]
fn err_each_rule_of_gzip() {
    let changed = |at: usize, byte: u8| {
        let mut data = HELLO_GZIP.to_vec();
        data[at] = byte;
        data
    };
    let mut header = member(2, b"");
    header[11] ^= 1;
    all(
        gzip,
        &[
            (b"plain", b"", Err(Error::GzipMagic)),
            (b"\x1fx", b"", Err(Error::GzipMagic)),
            (&changed(2, 7), b"", Err(Error::Method)),
            (&changed(3, 0x20), b"", Err(Error::GzipFlags)),
            (&changed(3, 0x80), b"", Err(Error::GzipFlags)),
            (&header, b"", Err(Error::HeaderChecksum)),
            (&changed(17, 0), b"hello", Err(Error::Checksum)),
            (&changed(21, 6), b"hello", Err(Error::Length)),
            (&changed(10, 0x07), b"", Err(Error::BlockType)),
            // A member that is only begun.
            (&[HELLO_GZIP, b"\x1fx"].concat(), b"hello", Err(Error::GzipMagic)),
            (&[HELLO_GZIP, b"\x1f"].concat(), b"hello", Err(Error::Truncated)),
        ],
    );
    for cut in 0..HELLO_GZIP.len() {
        assert_eq!(gzip(&HELLO_GZIP[..cut], 3).end, Err(Error::Truncated), "{}", cut);
    }
}

#[test]
fn ok_deflate_is_zlib_or_deflate_alone() {
    all(
        deflate,
        &[
            (HELLO_ZLIB, b"hello", Ok(())),
            (HELLO, b"hello", Ok(())),
            (b"\x03\0", b"", Ok(())),
            (b"\x78\x01\x03\0\0\0\0\x01", b"", Ok(())),
            // The smallest window.
            (b"\x08\x1d\x03\0\0\0\0\x01", b"", Ok(())),
        ],
    );
}

#[test]
fn err_each_rule_of_zlib() {
    let mut wrong = HELLO_ZLIB.to_vec();
    wrong[12] ^= 1;
    all(
        deflate,
        &[
            (&wrong, b"hello", Err(Error::Checksum)),
            (b"\x78\xbb\0\0\0\x01", b"", Err(Error::Dictionary)),
            // Not zlib, and then no deflate either.
            (b"\x78\x9d\0\0\0", b"", Err(Error::StoredLength)),
        ],
    );
    for cut in 0..HELLO_ZLIB.len() {
        assert_eq!(deflate(&HELLO_ZLIB[..cut], 3).end, Err(Error::Truncated), "{}", cut);
    }
}

/// What all of this input decodes to, and how it ends.
fn decode(codings: &[Coding], data: &[u8], step: usize) -> Result<Vec<u8>, Error> {
    let mut decoder = Decoder::new(codings);
    let decoded = in_pieces(data, step, 3, |input, output| {
        let progress = decoder.read(input, output)?;
        Ok((progress, decoder.is_complete()))
    });
    match decoded.end {
        Ok(_) => Ok(decoded.output),
        Err(Error::Truncated) => decoder.finish().map(|()| decoded.output),
        Err(error) => Err(error),
    }
}

#[test]
fn ok_codings_around_each_other() {
    let twice = stored_zlib(HELLO_GZIP);
    let thrice = stored_zlib(&twice);
    for step in [usize::MAX, 1, 7] {
        assert_eq!(decode(&[Coding::Gzip, Coding::Deflate], &twice, step).unwrap(), b"hello");
        let codings = [Coding::Gzip, Coding::Deflate, Coding::Deflate];
        assert_eq!(decode(&codings, &thrice, step).unwrap(), b"hello");
        let junk = stored_zlib(&[HELLO_GZIP, b"junk"].concat());
        let refused = decode(&[Coding::Gzip, Coding::Deflate], &junk, step);
        assert_eq!(refused, Err(Error::Trailing));
        let cut = stored_zlib(&HELLO_GZIP[..20]);
        let refused = decode(&[Coding::Gzip, Coding::Deflate], &cut, step);
        assert_eq!(refused, Err(Error::Truncated));
    }
}

#[test]
fn ok_no_input_at_all_stands_for_no_data() {
    assert_eq!(decode(&[Coding::Gzip], b"", 1), Ok(Vec::new()));
    assert_eq!(decode(&[Coding::Gzip, Coding::Deflate], b"", 1), Ok(Vec::new()));
    assert_eq!(decode(&[Coding::Gzip], b"\x1f", 1), Err(Error::Truncated));
}
