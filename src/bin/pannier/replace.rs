//! Small files that are written whole or not at all: a reader never sees half of one, and a run that
//! is cut off leaves the old one.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

/// Puts this content in place of the file's. What is no regular file, a pipe for instance, is just
/// written to, and so is a file in a folder that takes no other.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    // The file that a link leads to, and not the link.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let old = fs::metadata(&target).ok();
    if old.as_ref().map_or(false, |old| !old.is_file()) {
        return OpenOptions::new().write(true).open(&target)?.write_all(content);
    }
    let new = beside(&target);
    let Ok(mut file) = OpenOptions::new().write(true).create_new(true).open(&new) else {
        return fs::write(&target, content);
    };
    let written = file.write_all(content).and_then(|()| {
        if let Some(old) = old {
            file.set_permissions(old.permissions())?;
        }
        fs::rename(&new, &target)
    });
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
    written
}

/// A name in the same folder that nobody else takes.
fn beside(path: &Path) -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}-{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed)));
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_a_file_is_replaced_and_nothing_else_is_left() {
        let dir = std::env::temp_dir().join(format!("pannier-replace-{}", process::id()));
        fs::create_dir_all(&dir).expect("the temporary folder is writable");
        let path = dir.join("file");
        for content in ["first, and longer", "second"] {
            replace(&path, content.as_bytes()).expect("the folder is writable");
            assert_eq!(fs::read_to_string(&path).ok().as_deref(), Some(content));
        }
        assert_eq!(fs::read_dir(&dir).map(Iterator::count).ok(), Some(1));
        fs::remove_dir_all(&dir).expect("it was just made");
        assert!(replace(&path, b"x").is_err(), "its folder is gone");
        #[cfg(unix)]
        assert!(replace(Path::new("/dev/null"), b"x").is_ok());
    }
}
