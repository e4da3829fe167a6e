//! `-b`, `-c` and `-j`: cookies given as text or in files, and where they are kept in the end.
//!
//! All operations of a run share one jar; those that name a file, or ask for it by `-b ""`, take part
//! in it. A file is read when its operation begins, once, and written when everything is over, if
//! anything had begun: a jar that was never filled takes nobody's file away.

#[cfg(not(feature = "cookies"))]
mod none;
#[cfg(feature = "cookies")]
mod run;

#[cfg(not(feature = "cookies"))]
pub use self::none::Cookies;
#[cfg(feature = "cookies")]
pub use self::run::Cookies;
use crate::usage::Problem;

/// What an operation says about cookies.
#[derive(Default)]
pub struct Options {
    /// Those to send as they are.
    pub text: Option<Vec<u8>>,
    /// Files to read.
    pub files: Vec<Vec<u8>>,
    /// The file to write.
    pub jar: Option<Vec<u8>>,
    /// Cookies of files that end with their session have ended.
    pub junk_session: bool,
    /// Has the operation a part in the jar?
    pub kept: bool,
    /// Have the files been read? Held while they are.
    #[cfg(feature = "cookies")]
    pub read: std::sync::Mutex<bool>,
}

impl Options {
    /// `--cookie`: text if there is a `=` in it, else a file; if it is empty, none.
    pub fn add(&mut self, value: &[u8]) -> Result<(), Problem> {
        match (value.contains(&b'='), &mut self.text) {
            (true, Some(text)) => text.extend([b"; ", value].concat()),
            (true, None) => self.text = Some(value.to_vec()),
            (false, _) => {
                self.keep("reads files of cookies")?;
                self.files.extend(Some(value.to_vec()).filter(|name| !name.is_empty()));
            }
        }
        Ok(())
    }

    /// `--cookie-jar`.
    pub fn set_jar(&mut self, name: &[u8]) -> Result<(), Problem> {
        if name.is_empty() {
            return Err(Problem::Wrong("needs the name of a file".to_owned()));
        }
        self.keep("keeps cookies")?;
        self.jar = Some(name.to_vec());
        Ok(())
    }

    fn keep(&mut self, what: &str) -> Result<(), Problem> {
        if !cfg!(feature = "cookies") {
            let sentence = format!("{}, and this pannier was built without cookies", what);
            return Err(Problem::Wrong(sentence));
        }
        self.kept = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_texts_join_and_files_are_remembered() {
        let mut options = Options::default();
        for value in ["a=b;c=d", "e=f"] {
            assert_eq!(options.add(value.as_bytes()), Ok(()));
        }
        assert_eq!(options.text.as_deref(), Some(&b"a=b;c=d; e=f"[..]));
        assert!(!options.kept, "text needs no jar");
        if cfg!(feature = "cookies") {
            assert_eq!(options.add(b""), Ok(()));
            assert!(options.kept && options.files.is_empty());
            assert_eq!(options.add(b"file"), Ok(()));
            assert_eq!(options.files, [b"file"]);
            assert_eq!(options.set_jar(b"-"), Ok(()));
            assert!(options.set_jar(b"").is_err());
        } else {
            let problem = options.add(b"file").expect_err("there is no jar");
            let sentence = "reads files of cookies, and this pannier was built without cookies";
            assert_eq!(problem.to_string(), sentence);
            assert!(options.add(b"").is_err() && options.set_jar(b"file").is_err());
        }
    }
}
