//! Properties that hold for every input: stated once, checked by the fuzz targets for inputs that a
//! fuzzer makes up, and by the tests for the seeds and for inputs that proptest makes up.
//!
//! They need nothing beyond `std` and the crate, and are included by `#[path]` in `fuzz/`.

pub mod challenge;
pub mod chunked;
#[cfg(feature = "proxy")]
pub mod connect_reply;
#[cfg(feature = "cookies")]
pub mod cookie;
#[cfg(feature = "cookies")]
pub mod cookie_file;
pub mod event_stream;
#[cfg(feature = "http2")]
pub mod frames;
pub mod framing;
#[cfg(feature = "gzip")]
pub mod gzip;
#[cfg(feature = "http2")]
pub mod h2_engine;
pub mod headers;
#[cfg(feature = "http2")]
pub mod hpack;
#[cfg(feature = "gzip")]
pub mod inflate;
pub mod multipart;
pub mod netrc;
pub mod replay;
pub mod response;
#[cfg(feature = "proxy")]
pub mod socks;
pub mod url;

/// A small generator of numbers: the same ones for the same data.
pub struct Dice(u64);

impl Dice {
    pub fn new(data: &[u8]) -> Dice {
        let mix = |state: u64, &byte: &u8| (state ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        Dice(data.iter().fold(0xcbf2_9ce4_8422_2325, mix))
    }

    /// A number from 1 to `most`.
    pub fn roll(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        1 + (mixed ^ (mixed >> 31)) as usize % most
    }
}

/// A list slowly (RFC 9110 §5.6.1): its elements, and whether all of it could be read. A comma in a
/// quoted string separates nothing; a quote that is never closed spoils its element and the rest.
fn list(value: &[u8]) -> (Vec<String>, bool) {
    let (mut elements, mut element) = (Vec::new(), String::new());
    let (mut quoted, mut escaped) = (false, false);
    for &byte in value {
        match byte {
            b',' if !quoted => elements.push(std::mem::take(&mut element)),
            _ => element.push(char::from(byte)),
        }
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ => {}
        }
    }
    if !quoted {
        elements.push(element);
    }
    let trimmed = elements.iter().map(|element| element.trim_matches(&[' ', '\t'][..]));
    (trimmed.filter(|element| !element.is_empty()).map(str::to_owned).collect(), !quoted)
}
