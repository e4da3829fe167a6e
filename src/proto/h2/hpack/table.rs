//! The dynamic table (RFC 7541 §2.3.2 and §4): the fields last added, as many as its size admits.
//!
//! The bytes of all entries stand in one buffer, the oldest first. Entries that are evicted leave room
//! in front of it, which is closed when there is none left behind; so nothing is allocated for an
//! entry, and the buffer is never larger than the size that the table may have.

use std::collections::VecDeque;
use std::fmt;

/// The dynamic table of one side. Indices count from 0 here, the newest entry first.
pub(super) struct Table {
    /// The oldest first.
    entries: VecDeque<Entry>,
    bytes: Vec<u8>,
    size: usize,
    max_size: usize,
}

/// Where in the buffer an entry begins, and how long its name and its value are.
#[derive(Clone, Copy, Debug)]
struct Entry {
    start: u32,
    name: u32,
    value: u32,
}

impl Table {
    pub(super) fn new(max_size: usize) -> Table {
        Table { entries: VecDeque::new(), bytes: Vec::new(), size: 0, max_size }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The size that the entries may have together.
    pub(super) fn max_size(&self) -> usize {
        self.max_size
    }

    /// The name and the value of an entry.
    #[inline]
    pub(super) fn get(&self, index: usize) -> Option<(&[u8], &[u8])> {
        let entry = self.entries.get(self.len().checked_sub(index + 1)?)?;
        let bytes = &self.bytes[entry.start as usize..entry.end()];
        Some(bytes.split_at(entry.name as usize))
    }

    /// RFC 7541 §4.3: when the size is reduced, entries are evicted until the rest fits.
    pub(super) fn set_max_size(&mut self, max_size: usize) {
        self.max_size = max_size;
        self.evict(max_size);
    }

    /// RFC 7541 §4.4: entries are evicted until the new one fits. One that is larger than the whole
    /// table empties it, and is not added.
    pub(super) fn insert(&mut self, name: &[u8], value: &[u8]) {
        let size = entry_size(name, value);
        let room = match self.max_size.checked_sub(size) {
            Some(room) => room,
            None => return self.evict(0),
        };
        self.evict(room);
        self.make_room(name.len() + value.len());
        let start = self.bytes.len() as u32;
        self.bytes.extend_from_slice(name);
        self.bytes.extend_from_slice(value);
        let (name, value) = (name.len() as u32, value.len() as u32);
        self.entries.push_back(Entry { start, name, value });
        self.size += size;
    }

    /// Removes the oldest entries until the others have no more than this size together.
    fn evict(&mut self, size: usize) {
        while self.size > size {
            let oldest = self.entries.pop_front().expect("only entries have a size");
            self.size -= oldest.size();
        }
        if self.entries.is_empty() {
            self.bytes.clear();
        }
    }

    /// Sees to it that so many bytes fit behind the others, while the buffer stays within the size of
    /// the table. The bytes that may have to be moved for it are bounded by those that came since they
    /// last were: every entry is at least 32 bytes smaller here than it counts.
    fn make_room(&mut self, count: usize) {
        if self.bytes.len() + count > self.max_size {
            self.close_gap();
        }
        if self.bytes.len() + count > self.bytes.capacity() {
            let wanted = (self.bytes.len() + count).max(2 * self.bytes.capacity());
            self.bytes.reserve_exact(wanted.min(self.max_size) - self.bytes.len());
        }
    }

    /// Moves the bytes of the entries to the front of the buffer.
    fn close_gap(&mut self) {
        let gap = self.entries.front().map_or(0, |oldest| oldest.start);
        self.bytes.drain(..gap as usize);
        for entry in &mut self.entries {
            entry.start -= gap;
        }
    }
}

/// Without the entries, some of which are nobody's business.
impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("len", &self.len())
            .field("size", &self.size)
            .field("max_size", &self.max_size)
            .finish()
    }
}

impl Entry {
    fn end(&self) -> usize {
        self.start as usize + self.name as usize + self.value as usize
    }

    fn size(&self) -> usize {
        self.name as usize + self.value as usize + OVERHEAD
    }
}

/// What an entry counts (RFC 7541 §4.1).
pub(super) fn entry_size(name: &[u8], value: &[u8]) -> usize {
    name.len() + value.len() + OVERHEAD
}

/// RFC 7541 §4.1: an estimate of what it takes to keep an entry, beside its bytes.
const OVERHEAD: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    /// A table made by other means: whole entries in a list, the newest first.
    fn naive(list: &mut Vec<(Vec<u8>, Vec<u8>)>, name: &[u8], value: &[u8], max_size: usize) {
        list.insert(0, (name.to_vec(), value.to_vec()));
        while list.iter().map(|(name, value)| entry_size(name, value)).sum::<usize>() > max_size {
            list.pop();
        }
    }

    fn assert_same(table: &Table, list: &[(Vec<u8>, Vec<u8>)]) {
        let listed: Vec<_> = list.iter().map(|(name, value)| (&name[..], &value[..])).collect();
        let entries: Vec<_> = (0..table.len()).map(|at| table.get(at).unwrap()).collect();
        assert_eq!(entries, listed);
        assert_eq!(table.get(table.len()), None);
        assert_eq!(table.size, listed.iter().map(|(name, value)| entry_size(name, value)).sum());
    }

    #[test]
    fn ok_entries_are_the_newest_that_fit() {
        let (mut table, mut list) = (Table::new(200), Vec::new());
        for step in 0..1000usize {
            let name = vec![b'a' + (step % 26) as u8; step * 7 % 23];
            let value = vec![b'0' + (step % 10) as u8; step * step % 101];
            table.insert(&name, &value);
            naive(&mut list, &name, &value, 200);
            assert_same(&table, &list);
            assert!(table.bytes.capacity() <= 200);
        }
    }

    #[test]
    fn ok_an_entry_counts_its_bytes_and_32() {
        let mut table = Table::new(33 + 34);
        table.insert(b"a", b"");
        table.insert(b"b", b"1");
        assert_eq!(table.len(), 2);
        table.insert(b"c", b"");
        assert_eq!(table.len(), 2);
        table.insert(b"d", b"12");
        assert_eq!((table.len(), table.get(0)), (1, Some((&b"d"[..], &b"12"[..]))));
    }

    #[test]
    fn ok_an_entry_larger_than_the_table_empties_it() {
        let mut table = Table::new(40);
        table.insert(b"name", b"1234");
        assert_eq!(table.len(), 1);
        table.insert(b"name", b"12345");
        assert_eq!((table.len(), table.size), (0, 0));
    }

    #[test]
    fn ok_a_smaller_table_keeps_the_newest() {
        let mut table = Table::new(4096);
        for value in [b"1", b"2", b"3"] {
            table.insert(b"name", value);
        }
        table.set_max_size(2 * 37);
        assert_eq!(table.get(1), Some((&b"name"[..], &b"2"[..])));
        assert_eq!(table.len(), 2);
        table.set_max_size(0);
        assert_eq!(table.len(), 0);
        table.insert(b"", b"");
        assert_eq!(table.len(), 0);
        table.set_max_size(32);
        table.insert(b"", b"");
        assert_eq!(table.get(0), Some((&b""[..], &b""[..])));
    }
}
