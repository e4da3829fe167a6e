//! Field blocks read (RFC 7541 §3, §6), one representation after the other.
//!
//! A block is decoded whole or refused. Nothing is kept of a field but its entry in the table; and
//! what is not Huffman-coded is handed on from where it stands.

use std::fmt;

use super::table::Table;
use super::{huffman, integer, static_table, Error};

/// The decoder of the field blocks that a peer sends.
///
/// It holds no more than the dynamic table and the longest field that was Huffman-coded.
pub struct Decoder {
    pub(super) table: Table,
    /// What the peer may set the table's size to.
    limit: usize,
    /// The size that the next block must begin by setting, or a smaller one.
    due: Option<usize>,
    /// Where strings are put together that do not stand in the block as they are.
    scratch: Vec<u8>,
    generation: u64,
}

impl Decoder {
    /// A decoder with a dynamic table of `max_table_size`, which is the SETTINGS_HEADER_TABLE_SIZE
    /// that the peer has been told, or the initial value of 4,096.
    pub fn new(max_table_size: usize) -> Decoder {
        Decoder {
            table: Table::new(max_table_size),
            limit: max_table_size,
            due: None,
            scratch: Vec::new(),
            generation: 0,
        }
    }

    /// Sets what the table's size may be from the next block on. To be called when the peer has
    /// acknowledged a SETTINGS_HEADER_TABLE_SIZE. The table itself changes when the peer says so at
    /// the beginning of its next block, as it must if the table has been larger.
    pub fn set_max_table_size(&mut self, max_table_size: usize) {
        self.limit = max_table_size;
        self.generation += 1;
        if max_table_size < self.table.max_size() {
            self.due = Some(self.due.map_or(max_table_size, |due| due.min(max_table_size)));
        }
    }

    /// Counts insertions into the table and changes of its size: a block during which this did not
    /// change says the same again while it still has that value.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Decodes one whole field block. `sink(name, value)` is called for each field in order; it may
    /// store it or drop it: decoding goes on either way, so that the table stays right.
    ///
    /// # Errors
    /// The block breaks a rule. Fields before the fault have been handed on; the decoder is of no
    /// use any more.
    pub fn decode(
        &mut self,
        block: &[u8],
        sink: &mut dyn FnMut(&[u8], &[u8]),
    ) -> Result<(), Error> {
        let mut input = block;
        self.size_updates(&mut input)?;
        while let Some(&first) = input.first() {
            match first {
                0x80..=0xff => self.indexed(&mut input, sink)?,
                0x40..=0x7f => self.incremental(&mut input, sink)?,
                // RFC 7541 §4.2: an update must occur at the beginning of a block.
                0x20..=0x3f => return Err(Error::SizeUpdateLate),
                // Whether a field must never be indexed concerns those who forward it.
                0x00..=0x1f => self.literal(&mut input, sink)?,
            }
        }
        Ok(())
    }

    /// RFC 7541 §6.3: the updates of the table's size that a block begins with.
    fn size_updates(&mut self, input: &mut &[u8]) -> Result<(), Error> {
        let mut count = 0;
        while let Some(0x20..=0x3f) = input.first() {
            let size = integer::decode::<5>(input)?;
            if size > self.limit {
                return Err(Error::SizeUpdateTooLarge);
            }
            // RFC 7541 §4.2: the smallest size since the last block comes first.
            if self.due.take().map_or(false, |due| size > due) {
                return Err(Error::SizeUpdateMissing);
            }
            count += 1;
            if count > MOST_SIZE_UPDATES {
                return Err(Error::TooManySizeUpdates);
            }
            self.table.set_max_size(size);
            self.generation += 1;
        }
        // RFC 9113 §4.3.1: a block that follows the acknowledgement of a reduced size and does not
        // begin with an update is an error.
        match self.due {
            Some(_) => Err(Error::SizeUpdateMissing),
            None => Ok(()),
        }
    }

    /// RFC 7541 §6.1: a field of a table.
    #[inline]
    fn indexed(
        &mut self,
        input: &mut &[u8],
        sink: &mut dyn FnMut(&[u8], &[u8]),
    ) -> Result<(), Error> {
        let (name, value) = match integer::decode::<7>(input)? {
            0 => return Err(Error::IndexZero),
            index => self.get(index)?,
        };
        sink(name, value);
        Ok(())
    }

    /// RFC 7541 §6.2.1: a literal that becomes the newest entry of the table.
    fn incremental(
        &mut self,
        input: &mut &[u8],
        sink: &mut dyn FnMut(&[u8], &[u8]),
    ) -> Result<(), Error> {
        let index = integer::decode::<6>(input)?;
        let (name, value) = self.name_and_value(index, input)?;
        let (name, value) = (name.of(&self.scratch), value.of(&self.scratch));
        sink(name, value);
        self.table.insert(name, value);
        self.generation += 1;
        Ok(())
    }

    /// RFC 7541 §6.2.2 and §6.2.3: a literal that leaves the table as it is.
    fn literal(
        &mut self,
        input: &mut &[u8],
        sink: &mut dyn FnMut(&[u8], &[u8]),
    ) -> Result<(), Error> {
        let index = integer::decode::<4>(input)?;
        let (name, value) = self.name_and_value(index, input)?;
        sink(name.of(&self.scratch), value.of(&self.scratch));
        Ok(())
    }

    /// The strings of a literal, whose name is that of the field at `index`, or stands in the block.
    fn name_and_value<'a>(
        &mut self,
        index: usize,
        input: &mut &'a [u8],
    ) -> Result<(Text<'a>, Text<'a>), Error> {
        self.scratch.clear();
        let name = match (index, static_table::get(index)) {
            (0, _) => self.string(input)?,
            (_, Some((name, _))) => Text::Bytes(name),
            // Copied, because the entry may have to go for the one that takes its name.
            (_, None) => {
                let entry = self.table.get(index - static_table::LEN - 1);
                self.scratch.extend_from_slice(entry.ok_or(Error::IndexTooLarge)?.0);
                Text::Scratch(0, self.scratch.len())
            }
        };
        Ok((name, self.string(input)?))
    }

    /// RFC 7541 §5.2: a string, Huffman-coded or as it is.
    fn string<'a>(&mut self, input: &mut &'a [u8]) -> Result<Text<'a>, Error> {
        let coded = input.first().map_or(false, |first| first & 0x80 != 0);
        let length = integer::decode::<7>(input)?;
        if length > input.len() {
            return Err(Error::Truncated);
        }
        let (bytes, rest) = input.split_at(length);
        *input = rest;
        if !coded {
            return Ok(Text::Bytes(bytes));
        }
        let start = self.scratch.len();
        huffman::decode(bytes, &mut self.scratch)?;
        Ok(Text::Scratch(start, self.scratch.len()))
    }

    /// RFC 7541 §2.3.3: the field with this index, the dynamic table behind the static one.
    #[inline]
    fn get(&self, index: usize) -> Result<(&[u8], &[u8]), Error> {
        match static_table::get(index) {
            Some(field) => Ok(field),
            None => self.table.get(index - static_table::LEN - 1).ok_or(Error::IndexTooLarge),
        }
    }
}

/// Without what fields there were.
impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder")
            .field("table", &self.table)
            .field("limit", &self.limit)
            .field("due", &self.due)
            .finish_non_exhaustive()
    }
}

/// Where a string of a literal is.
#[derive(Clone, Copy)]
enum Text<'a> {
    /// In the block or the static table.
    Bytes(&'a [u8]),
    /// In the decoder's buffer, from here to there.
    Scratch(usize, usize),
}

impl<'a> Text<'a> {
    #[inline]
    fn of(self, scratch: &'a [u8]) -> &'a [u8] {
        match self {
            Text::Bytes(bytes) => bytes,
            Text::Scratch(start, end) => &scratch[start..end],
        }
    }
}

/// RFC 7541 §4.2 lets a block begin with two size updates at most if the encoder knows that it may
/// leave out others. A few more do no harm; a whole block of them is work for nothing.
const MOST_SIZE_UPDATES: usize = 16;
