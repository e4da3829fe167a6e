//! Which files transfers write at this moment, so that two of one name are not mixed.
//!
//! One after the other, the last transfer to a file leaves it as its own. Side by side it shall be
//! the same: whoever opens a file that another still writes takes the name away from that, which then
//! writes what nobody will see.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The right to write to a file of this name.
#[derive(Debug)]
pub struct Claim {
    path: PathBuf,
    number: u64,
}

/// Who writes to a name: how many, and which of them came last.
#[derive(Clone, Copy, Debug, Default)]
struct Writers {
    count: usize,
    last: u64,
}

/// Guards who writes where. Files are opened inside, since between the question and the answer
/// nobody else may open one.
static WRITERS: Mutex<BTreeMap<PathBuf, Writers>> = Mutex::new(BTreeMap::new());

impl Claim {
    /// Makes the file, or empties the one that is there and that nobody else writes.
    pub fn create(path: &Path) -> io::Result<(Claim, File)> {
        Claim::open(path, |others| {
            if others && path.is_file() {
                fs::remove_file(path)?;
            }
            File::create(path)
        })
    }

    /// Makes the file, or goes on behind what it has.
    pub fn append(path: &Path) -> io::Result<(Claim, File)> {
        Claim::open(path, |_| OpenOptions::new().create(true).append(true).open(path))
    }

    /// Opens the file by a function that is told whether others write to it.
    fn open(path: &Path, open: impl FnOnce(bool) -> io::Result<File>) -> io::Result<(Claim, File)> {
        let mut all = writers();
        let writers = all.entry(path.to_owned()).or_default();
        let others = writers.count > 0;
        // Counted first: what cannot be opened is given back as any other.
        writers.count += 1;
        writers.last += 1;
        let claim = Claim { path: path.to_owned(), number: writers.last };
        let file = open(others);
        drop(all);
        Ok((claim, file?))
    }

    /// Removes the file, unless another has come who writes to it.
    pub fn remove(&self) -> bool {
        let all = writers();
        let is_last = all.get(&self.path).map_or(false, |writers| writers.last == self.number);
        is_last && fs::remove_file(&self.path).is_ok()
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut all = writers();
        if let Some(writers) = all.get_mut(&self.path) {
            writers.count -= 1;
            if writers.count == 0 {
                all.remove(&self.path);
            }
        }
    }
}

fn writers() -> MutexGuard<'static, BTreeMap<PathBuf, Writers>> {
    WRITERS.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn ok_the_last_of_two_writers_has_the_name() {
        let path = std::env::temp_dir().join(format!("pannier-claims-{}", std::process::id()));
        let (first, mut one) = Claim::create(&path).expect("the folder is writable");
        one.write_all(b"one").expect("it is open");
        let (second, mut two) = Claim::create(&path).expect("the folder is writable");
        two.write_all(b"2").expect("it is open");
        one.write_all(b", longer").expect("it is open still");
        assert_eq!(fs::read(&path).ok(), Some(b"2".to_vec()));
        assert!(!first.remove(), "it is not its file any more");
        drop(first);
        assert!(second.remove() && !path.exists());
        drop(second);
        assert!(!writers().contains_key(&path));
    }
}
