//! Buffers on a page boundary, the source of uploads, and the ends of downloads.
//!
//! Some processors (Zen 3) copy four times slower into a buffer that begins 16 bytes into a page, which is where
//! large allocations of glibc begin. All bytes measured here start on a page, for every client alike.

use std::fs::File;
use std::io::{self, Read, Write};
use std::ops::{Deref, DerefMut};
use std::path::Path;

/// One read or write of a bulk transfer.
pub const PIECE: usize = 64 * 1024;

#[derive(Clone)]
#[repr(C, align(4096))]
struct Page([u8; 4096]);

/// Bytes that begin on a page boundary.
pub struct Pages(Box<[Page]>);

impl Pages {
    /// Enough pages for `length` bytes, all of them `fill`.
    pub fn new(length: usize, fill: u8) -> Pages {
        Pages(vec![Page([fill; 4096]); length.div_ceil(4096)].into_boxed_slice())
    }

    /// The buffer that a client reads a body into.
    pub fn piece() -> Pages {
        Pages::new(PIECE, 0)
    }
}

impl Deref for Pages {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: a Page is 4096 bytes without padding, so the pages are one run of initialised bytes.
        unsafe { std::slice::from_raw_parts(self.0.as_ptr().cast(), self.0.len() * 4096) }
    }
}

impl DerefMut for Pages {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above, and the borrow is exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.0.as_mut_ptr().cast(), self.0.len() * 4096) }
    }
}

/// The content of an upload: `left` bytes copied from one piece, as if they came from the user's memory.
pub struct Source {
    piece: &'static [u8],
    left: u64,
}

impl Source {
    pub fn new(length: u64) -> Source {
        static PIECES: std::sync::OnceLock<Pages> = std::sync::OnceLock::new();
        Source { piece: PIECES.get_or_init(|| Pages::new(PIECE, b'u')), left: length }
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = buffer
            .len()
            .min(self.piece.len())
            .min(usize::try_from(self.left).unwrap_or(usize::MAX));
        buffer[..length].copy_from_slice(&self.piece[..length]);
        self.left -= length as u64;
        Ok(length)
    }
}

/// Reads to the end into the same buffer again and again; returns how many bytes came.
pub fn drain(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<u64> {
    let mut total = 0;
    loop {
        match reader.read(buffer)? {
            0 => return Ok(total),
            length => total += length as u64,
        }
    }
}

/// Writes everything to a new file by whole buffers, which for every peer beats its own copying.
pub fn save(reader: &mut impl Read, path: &Path, buffer: &mut [u8]) -> io::Result<u64> {
    let mut file = File::create(path)?;
    let mut total = 0;
    loop {
        let length = reader.read(buffer)?;
        if length == 0 {
            return Ok(total);
        }
        file.write_all(&buffer[..length])?;
        total += length as u64;
    }
}
