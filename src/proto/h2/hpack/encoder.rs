//! Field blocks written (RFC 7541 §6), with as few bytes as the tables and the Huffman code make of
//! them.
//!
//! Which fields go into the table is said for each of them, not decided here. An entry is searched by
//! its hash, and compared when that is right; a peer cannot choose what is hashed, and there are no
//! more than some hundred entries.

use std::collections::VecDeque;

use super::table::{entry_size, Table};
use super::{huffman, integer, static_table, INITIAL_TABLE_SIZE};

/// What becomes of a field behind its block (RFC 7541 §6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Indexing {
    /// It is added to the table, and costs a byte or two from then on (§6.2.1).
    Incremental,
    /// It is not added to the table (§6.2.2). Should it be there, it is taken from it.
    Without,
    /// It is in no table, here or on any further hop (§6.2.3, §7.1.3). For secrets.
    Never,
}

/// The encoder of the field blocks that are sent to a peer.
#[derive(Debug)]
pub struct Encoder {
    pub(super) table: Table,
    /// Of the entries of the table, the newest first.
    hashes: VecDeque<Hash>,
    /// The largest size of table that is used, whatever the peer grants.
    bound: usize,
    /// The smallest and the last size since the last block, if it was changed.
    pending: Option<(usize, usize)>,
    generation: u64,
}

impl Encoder {
    /// An encoder with the table of 4,096 bytes that every peer has until it says otherwise.
    pub fn new() -> Encoder {
        Encoder::with_bound(INITIAL_TABLE_SIZE)
    }

    /// An encoder that uses so many bytes of the peer's table and no more.
    pub fn with_bound(bound: usize) -> Encoder {
        let mut encoder = Encoder {
            table: Table::new(INITIAL_TABLE_SIZE),
            hashes: VecDeque::new(),
            bound,
            pending: None,
            generation: 0,
        };
        encoder.set_peer_table_size(INITIAL_TABLE_SIZE);
        encoder
    }

    /// Takes the peer's SETTINGS_HEADER_TABLE_SIZE. The next block begins with the size updates that
    /// RFC 7541 §4.2 asks for: the smallest size there was since the last block, and the last.
    pub fn set_peer_table_size(&mut self, size: usize) {
        let size = size.min(self.bound);
        let smallest = match self.pending {
            Some((smallest, _)) => smallest.min(size),
            None if size == self.table.max_size() => return,
            None => size,
        };
        self.pending = Some((smallest, size));
        self.generation += 1;
    }

    /// Begins a block: appends the size updates that are due.
    pub fn begin(&mut self, out: &mut Vec<u8>) {
        let (smallest, last) = match self.pending.take() {
            Some(sizes) => sizes,
            None => return,
        };
        if smallest < last {
            self.update_size(smallest, out);
        }
        self.update_size(last, out);
    }

    /// Appends a field. Its name is in lower case already.
    pub fn field(&mut self, name: &[u8], value: &[u8], indexing: Indexing, out: &mut Vec<u8>) {
        let static_name = static_table::find_name(name);
        let static_field = static_name.and_then(|index| static_table::find_value(index, value));
        if let (Some(index), false) = (static_field, indexing == Indexing::Never) {
            return integer::encode::<7>(0x80, index, out);
        }
        // The name's index is as good as a hash of it.
        let name_hash = static_name.map_or_else(|| hash(0, name), |index| index as u64);
        let hash = Hash { name: name_hash as u32, field: hash(name_hash, value) as u32 };
        if indexing != Indexing::Never {
            if let Some(index) = self.find_field(hash, name, value) {
                return integer::encode::<7>(0x80, index, out);
            }
        }
        let index = static_name.or_else(|| self.find_name(hash, name));
        // What does not fit would empty the table and still not be in it (RFC 7541 §4.4).
        let fits = entry_size(name, value) <= self.table.max_size();
        match indexing {
            Indexing::Never => literal::<4>(0x10, index, name, value, out),
            Indexing::Incremental if fits => {
                literal::<6>(0x40, index, name, value, out);
                self.insert(hash, name, value);
            }
            Indexing::Incremental | Indexing::Without => {
                literal::<4>(0x00, index, name, value, out)
            }
        }
    }

    /// Counts insertions into the table and changes of its size: a block during which this did not
    /// change may be sent again as it is while it still has that value.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    fn insert(&mut self, hash: Hash, name: &[u8], value: &[u8]) {
        self.table.insert(name, value);
        self.hashes.push_front(hash);
        self.hashes.truncate(self.table.len());
        self.generation += 1;
    }

    fn update_size(&mut self, size: usize, out: &mut Vec<u8>) {
        self.table.set_max_size(size);
        self.hashes.truncate(self.table.len());
        self.generation += 1;
        integer::encode::<5>(0x20, size, out);
    }

    /// The index of the newest entry that is this field.
    fn find_field(&self, hash: Hash, name: &[u8], value: &[u8]) -> Option<usize> {
        self.find(|entry| entry == hash, |entry| entry == (name, value))
    }

    /// The index of the newest entry that has this name.
    fn find_name(&self, hash: Hash, name: &[u8]) -> Option<usize> {
        self.find(|entry| entry.name == hash.name, |entry| entry.0 == name)
    }

    #[inline]
    fn find(
        &self,
        likely: impl Fn(Hash) -> bool,
        same: impl Fn((&[u8], &[u8])) -> bool,
    ) -> Option<usize> {
        let mut likely = self.hashes.iter().enumerate().filter(|(_, &hash)| likely(hash));
        let found = likely.find(|(at, _)| self.table.get(*at).map_or(false, &same))?;
        Some(static_table::LEN + 1 + found.0)
    }
}

impl Default for Encoder {
    fn default() -> Encoder {
        Encoder::new()
    }
}

/// Hashes of an entry: what is searched before anything is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Hash {
    name: u32,
    field: u32,
}

/// A literal with the pattern of its kind, its name by index if there is one.
fn literal<const PREFIX: u32>(
    pattern: u8,
    index: Option<usize>,
    name: &[u8],
    value: &[u8],
    out: &mut Vec<u8>,
) {
    integer::encode::<PREFIX>(pattern, index.unwrap_or(0), out);
    if index.is_none() {
        string(name, out);
    }
    string(value, out);
}

/// RFC 7541 §5.2: a string, Huffman-coded if that is shorter.
fn string(bytes: &[u8], out: &mut Vec<u8>) {
    let coded = huffman::encoded_len(bytes);
    if coded < bytes.len() {
        integer::encode::<7>(0x80, coded, out);
        return huffman::encode(bytes, out);
    }
    integer::encode::<7>(0x00, bytes.len(), out);
    out.extend_from_slice(bytes);
}

/// A hash of `bytes` behind those that `state` is the hash of, eight at a time.
#[inline]
fn hash(state: u64, bytes: &[u8]) -> u64 {
    let mut rest = bytes;
    let mut state = state ^ bytes.len() as u64;
    while rest.len() > 8 {
        let (word, behind) = rest.split_at(8);
        state = mix(state, u64::from_le_bytes(word.try_into().expect("eight bytes")));
        rest = behind;
    }
    // The last eight, some of which may be mixed in already.
    let word = match bytes.len().checked_sub(8) {
        Some(start) => u64::from_le_bytes(bytes[start..].try_into().expect("eight bytes")),
        None => rest.iter().fold(0, |word, &byte| word << 8 | u64::from(byte)),
    };
    // The high bits depend on all of the others.
    mix(state, word) >> 32
}

fn mix(state: u64, word: u64) -> u64 {
    // An odd number whose bits look random, from the golden ratio.
    (state.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
