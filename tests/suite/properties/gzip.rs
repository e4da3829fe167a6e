//! Gzip and zlib: the decoders agree with naive ones, however their input and output are cut.

use pannier::coding::{Adler32, Coding, Crc32, Decoder, Deflate, Error, Gzip};

use super::inflate::{cuts, in_pieces, Decoded, Naive};

pub fn check(data: &[u8]) {
    agree(data);
    // Data of which a fuzzer need not guess the checksums.
    let inflated = Naive::decode(data);
    if let Ok(end) = inflated.end {
        let member = gzip(&data[..end], &inflated.output);
        agree(&member);
        agree(&[&member[..], &member].concat());
        agree(&[&member[..], &data[end..]].concat());
        agree(&zlib(&data[..end], &inflated.output));
        stacked(&member, &inflated.output);
    }
}

fn agree(data: &[u8]) {
    let (naive, deflate_naive) = (naive_gzip(data), naive_deflate(data));
    for (step, room) in cuts(data) {
        let mut gzip = Gzip::new();
        let decoded = in_pieces(data, step, room, |input, output| {
            let progress = gzip.read(input, output)?;
            Ok((progress, gzip.is_complete()))
        });
        naive.assert_same(&decoded, step);
        let mut deflate = Deflate::new();
        let decoded = in_pieces(data, step, room, |input, output| {
            let progress = deflate.read(input, output)?;
            Ok((progress, deflate.is_complete()))
        });
        deflate_naive.assert_same(&decoded, step);
    }
}

/// A member around another.
fn stacked(member: &[u8], content: &[u8]) {
    let mut stored = vec![1];
    let length = member.len().min(0xffff) as u16;
    stored.extend_from_slice(&length.to_le_bytes());
    stored.extend_from_slice(&(!length).to_le_bytes());
    stored.extend_from_slice(&member[..usize::from(length)]);
    if member.len() > usize::from(length) {
        return;
    }
    let outer = zlib(&stored, member);
    for (step, room) in cuts(member) {
        let mut decoder = Decoder::new(&[Coding::Gzip, Coding::Deflate]);
        let decoded = in_pieces(&outer, step, room, |input, output| {
            let progress = decoder.read(input, output)?;
            Ok((progress, decoder.is_complete()))
        });
        assert_eq!(decoded.end, Ok(outer.len()), "pieces of {}", step);
        assert!(decoded.output == content, "pieces of {}: the output differs", step);
    }
}

fn gzip(deflate: &[u8], content: &[u8]) -> Vec<u8> {
    let mut sum = Crc32::new();
    sum.update(content);
    let trailer = [sum.value().to_le_bytes(), (content.len() as u32).to_le_bytes()].concat();
    [&b"\x1f\x8b\x08\0\0\0\0\0\0\x03"[..], deflate, &trailer].concat()
}

fn zlib(deflate: &[u8], content: &[u8]) -> Vec<u8> {
    let mut sum = Adler32::new();
    sum.update(content);
    [&b"\x78\x9c"[..], deflate, &sum.value().to_be_bytes()].concat()
}

/// RFC 1952 §2.2: members to the first byte that begins none.
fn naive_gzip(data: &[u8]) -> Decoded {
    let (mut output, mut at) = (Vec::new(), 0);
    while at == 0 || data.get(at) == Some(&0x1f) {
        let begin = output.len();
        let end = header(&data[at..]).and_then(|header| {
            let inflated = Naive::decode(&data[at + header..]);
            output.extend(inflated.output);
            Ok(at + header + inflated.end?)
        });
        let end = end.and_then(|end| {
            let trailer = data.get(end..end + 8).ok_or(Error::Truncated)?;
            let mut sum = Crc32::new();
            sum.update(&output[begin..]);
            match () {
                () if trailer[..4] != sum.value().to_le_bytes() => Err(Error::Checksum),
                () if trailer[4..] != ((output.len() - begin) as u32).to_le_bytes() => {
                    Err(Error::Length)
                }
                () => Ok(end + 8),
            }
        });
        match end {
            Ok(end) => at = end,
            Err(error) => return Decoded { output, end: Err(error) },
        }
    }
    Decoded { output, end: Ok(at) }
}

/// How long a member's header is.
fn header(data: &[u8]) -> Result<usize, Error> {
    if data.iter().zip(b"\x1f\x8b").any(|(byte, magic)| byte != magic) {
        return Err(Error::GzipMagic);
    }
    let fixed = data.get(..10).ok_or(Error::Truncated)?;
    let (method, flags) = (fixed[2], fixed[3]);
    if method != 8 {
        return Err(Error::Method);
    }
    if flags & 0xe0 != 0 {
        return Err(Error::GzipFlags);
    }
    let mut at = 10;
    if flags & 4 != 0 {
        let length = data.get(at..at + 2).ok_or(Error::Truncated)?;
        at += 2 + usize::from(length[0]) + 256 * usize::from(length[1]);
        data.get(..at).ok_or(Error::Truncated)?;
    }
    for flag in [8, 16] {
        if flags & flag != 0 {
            let zero = data[at..].iter().position(|&byte| byte == 0).ok_or(Error::Truncated)?;
            at += zero + 1;
        }
    }
    if flags & 2 != 0 {
        let sum = data.get(at..at + 2).ok_or(Error::Truncated)?;
        let mut own = Crc32::new();
        own.update(&data[..at]);
        if sum != &own.value().to_le_bytes()[..2] {
            return Err(Error::HeaderChecksum);
        }
        at += 2;
    }
    Ok(at)
}

/// zlib where its header is, or else deflate alone.
fn naive_deflate(data: &[u8]) -> Decoded {
    let failed = |error| Decoded { output: Vec::new(), end: Err(error) };
    if data.len() < 2 {
        return failed(Error::Truncated);
    }
    let is_zlib = data[0] & 15 == 8
        && data[0] < 0x80
        && (256 * u32::from(data[0]) + u32::from(data[1])) % 31 == 0;
    if !is_zlib {
        return Naive::decode(data);
    }
    if data[1] & 32 != 0 {
        return failed(Error::Dictionary);
    }
    let Decoded { output, end } = Naive::decode(&data[2..]);
    let end = end.and_then(|end| {
        let mut sum = Adler32::new();
        sum.update(&output);
        match data.get(end + 2..end + 6) {
            None => Err(Error::Truncated),
            Some(trailer) if trailer != sum.value().to_be_bytes() => Err(Error::Checksum),
            Some(_) => Ok(end + 6),
        }
    });
    Decoded { output, end }
}
