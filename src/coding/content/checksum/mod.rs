//! The checksums behind compressed data.

mod adler32;
mod crc32;

pub use self::adler32::Adler32;
pub use self::crc32::Crc32;
