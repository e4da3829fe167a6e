//! Which rule of HPACK was broken.

use std::{error, fmt};

/// A broken rule of HPACK. All are the peer's fault, and each is a COMPRESSION_ERROR of the
/// connection (RFC 9113 §4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The block ended inside a representation.
    Truncated,
    /// An integer does not fit into 32 bits, or has more bytes than those need.
    IntegerTooLarge,
    /// A Huffman-coded string holds the symbol for its end.
    EndOfString,
    /// A Huffman-coded string is padded with more than seven bits.
    PaddingTooLong,
    /// A Huffman-coded string is padded with something else than ones.
    PaddingNotOnes,
    /// An indexed field with the index 0.
    IndexZero,
    /// An index that neither table reaches to.
    IndexTooLarge,
    /// A size update above the size that the table may have.
    SizeUpdateTooLarge,
    /// A size update behind a field.
    SizeUpdateLate,
    /// A block begins with more size updates than any order of settings explains.
    TooManySizeUpdates,
    /// The table's largest size was reduced, and the next block does not begin with an update to it.
    SizeUpdateMissing,
}

impl Error {
    /// The section of an RFC that has the rule.
    pub const fn section(&self) -> &'static str {
        match self {
            Error::Truncated => "RFC 7541 §3.1",
            Error::IntegerTooLarge => "RFC 7541 §5.1",
            Error::EndOfString | Error::PaddingTooLong | Error::PaddingNotOnes => "RFC 7541 §5.2",
            Error::IndexZero => "RFC 7541 §6.1",
            Error::IndexTooLarge => "RFC 7541 §2.3.3",
            Error::SizeUpdateTooLarge => "RFC 7541 §6.3",
            Error::SizeUpdateLate | Error::TooManySizeUpdates => "RFC 7541 §4.2",
            Error::SizeUpdateMissing => "RFC 9113 §4.3.1",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Error::Truncated => "a field block ends inside a field",
            Error::IntegerTooLarge => "an integer in a field block is too large",
            Error::EndOfString => "a Huffman-coded string holds the symbol for its end",
            Error::PaddingTooLong => "a Huffman-coded string has more than seven bits of padding",
            Error::PaddingNotOnes => "a Huffman-coded string has padding other than ones",
            Error::IndexZero => "a field has the index 0",
            Error::IndexTooLarge => "a field has an index beyond the tables",
            Error::SizeUpdateTooLarge => "a size update exceeds the size that was announced",
            Error::SizeUpdateLate => "a size update comes behind a field",
            Error::TooManySizeUpdates => "a field block begins with too many size updates",
            Error::SizeUpdateMissing => "a field block lacks the size update that was due",
        })?;
        write!(f, " ({})", self.section())
    }
}

impl error::Error for Error {}
