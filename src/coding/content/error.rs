//! Which rule of a content coding was broken.

use std::{error, fmt};

/// A broken rule of a coding. All are the peer's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The input ended before the coding did.
    Truncated,
    /// Bytes follow the end of the coding.
    Trailing,
    /// A block of the reserved type 3.
    BlockType,
    /// The length of a stored block and its complement do not agree.
    StoredLength,
    /// A block announces more symbols than its alphabets have.
    TooManySymbols,
    /// A code has more symbols of some length than there is room for.
    OverSubscribed,
    /// A code leaves bits without a meaning.
    Incomplete,
    /// The first code length repeats the one before.
    RepeatOfNothing,
    /// A repeated code length goes on beyond the last symbol.
    RepeatTooLong,
    /// A block has no code for its end.
    NoEndOfBlock,
    /// Bits to which the code of literals and lengths gives no meaning.
    LiteralCode,
    /// Bits to which the code of distances gives no meaning.
    DistanceCode,
    /// A distance reaches back before the start of the data.
    DistanceTooFar,
    /// The data does not begin as gzip does.
    GzipMagic,
    /// A compression method other than deflate.
    Method,
    /// A gzip header has reserved flags.
    GzipFlags,
    /// The checksum of a header is wrong.
    HeaderChecksum,
    /// A zlib stream needs a preset dictionary.
    Dictionary,
    /// The checksum of the data is wrong.
    Checksum,
    /// The length of the data is not the one announced behind it.
    Length,
}

impl Error {
    /// The section of an RFC that has the rule.
    pub const fn section(&self) -> &'static str {
        match self {
            Error::Truncated | Error::BlockType | Error::NoEndOfBlock => "RFC 1951 §3.2.3",
            Error::StoredLength => "RFC 1951 §3.2.4",
            Error::OverSubscribed | Error::Incomplete => "RFC 1951 §3.2.2",
            Error::LiteralCode | Error::DistanceCode | Error::DistanceTooFar => "RFC 1951 §3.2.5",
            Error::TooManySymbols | Error::RepeatOfNothing | Error::RepeatTooLong => {
                "RFC 1951 §3.2.7"
            }
            Error::Trailing => "RFC 1952 §2.2",
            Error::GzipMagic
            | Error::Method
            | Error::GzipFlags
            | Error::HeaderChecksum
            | Error::Checksum
            | Error::Length => "RFC 1952 §2.3",
            Error::Dictionary => "RFC 1950 §2.2",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Error::Truncated => "the compressed data is incomplete",
            Error::Trailing => "bytes follow the end of the compressed data",
            Error::BlockType => "a compressed block has the reserved type 3",
            Error::StoredLength => {
                "the length of a stored block does not agree with its complement"
            }
            Error::TooManySymbols => "a compressed block has more symbols than there are",
            Error::OverSubscribed => "a prefix code has more codes than fit",
            Error::Incomplete => "a prefix code is incomplete",
            Error::RepeatOfNothing => "the first code length repeats one before it",
            Error::RepeatTooLong => "a repeated code length goes on beyond the last symbol",
            Error::NoEndOfBlock => "a compressed block has no code for its end",
            Error::LiteralCode => "compressed data has an invalid literal or length",
            Error::DistanceCode => "compressed data has an invalid distance",
            Error::DistanceTooFar => "a distance reaches back before the start of the data",
            Error::GzipMagic => "the data is not gzip",
            Error::Method => "the compression method is not deflate",
            Error::GzipFlags => "a gzip header has reserved flags",
            Error::HeaderChecksum => "the checksum of a header is wrong",
            Error::Dictionary => "the zlib data needs a preset dictionary",
            Error::Checksum => "the checksum of the decompressed data is wrong",
            Error::Length => "the length of the decompressed data is wrong",
        })?;
        write!(f, " ({})", self.section())
    }
}

impl error::Error for Error {}
