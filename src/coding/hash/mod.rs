//! The hashes that Digest authentication names: [`md5()`] (RFC 1321) and [`sha256()`] (RFC 6234).
//!
//! Both take what they hash in pieces, so that nobody has to join `user:realm:password` first. They
//! are here for a protocol that asks for them; MD5 has not been safe for anything else for long.

mod md5;
mod sha256;

pub(crate) use self::md5::md5;
pub(crate) use self::sha256::sha256;

/// Cuts the pieces, taken as one text, into the blocks that both hashes work on: at its end a one
/// bit, zeros, and the length in bits, as `length` writes it.
fn blocks(pieces: &[&[u8]], length: fn(u64) -> [u8; 8], mut compress: impl FnMut(&[u8; BLOCK])) {
    let mut block = [0; BLOCK];
    let mut filled = 0;
    let mut total: u64 = 0;
    for piece in pieces {
        total = total.wrapping_add(piece.len() as u64);
        let mut rest = *piece;
        while !rest.is_empty() {
            let count = rest.len().min(BLOCK - filled);
            block[filled..filled + count].copy_from_slice(&rest[..count]);
            filled += count;
            rest = &rest[count..];
            if filled == BLOCK {
                compress(&block);
                filled = 0;
            }
        }
    }
    block[filled] = 0x80;
    block[filled + 1..].fill(0);
    if filled >= BLOCK - 8 {
        compress(&block);
        block.fill(0);
    }
    block[BLOCK - 8..].copy_from_slice(&length(total.wrapping_mul(8)));
    compress(&block);
}

const BLOCK: usize = 64;

/// In lower-case hexadecimal digits, as a hash is mostly written.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{:02x}", byte)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_pieces_are_one_text() {
        let text: Vec<u8> = (0..=255).cycle().take(300).collect();
        for length in 0..text.len() {
            let text = &text[..length];
            for cut in (0..length).step_by(7) {
                let (first, second) = text.split_at(cut);
                assert_eq!(md5(&[first, b"", second]), md5(&[text]), "{} of {}", cut, length);
                assert_eq!(sha256(&[first, second]), sha256(&[text]), "{} of {}", cut, length);
            }
        }
    }
}
