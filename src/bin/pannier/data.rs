//! Values that may stand for a file's content, and the forms of `--data-urlencode`.

use std::fs;
use std::io::{self, Read};
use std::path::PathBuf;

use crate::usage::Problem;

/// `--data` and `--write-out`: `@file` is read without its line ends and NULs.
pub fn ascii(value: &[u8]) -> Result<Vec<u8>, Problem> {
    match value.strip_prefix(b"@") {
        None => Ok(value.to_vec()),
        Some(name) => {
            let mut content = read_file(name).map_err(unreadable)?;
            content.retain(|byte| !matches!(byte, b'\r' | b'\n' | 0));
            Ok(content)
        }
    }
}

/// `--data-binary`: `@file` is read as it is.
pub fn binary(value: &[u8]) -> Result<Vec<u8>, Problem> {
    match value.strip_prefix(b"@") {
        None => Ok(value.to_vec()),
        Some(name) => read_file(name).map_err(unreadable),
    }
}

/// `--data-urlencode`: `content`, `=content`, `name=content`, `@file` or `name@file`.
pub fn urlencode(value: &[u8]) -> Result<Vec<u8>, Problem> {
    let at = value.iter().position(|&byte| byte == b'=');
    let at = at.or_else(|| value.iter().position(|&byte| byte == b'@'));
    let Some(at) = at else {
        return Ok(form_encoded(value));
    };
    let (name, rest) = value.split_at(at);
    let encoded = match rest {
        [b'@', file @ ..] => form_encoded(&read_file(file).map_err(unreadable)?),
        _ => form_encoded(&rest[1..]),
    };
    let mut piece = name.to_vec();
    if !name.is_empty() {
        piece.push(b'=');
    }
    piece.extend(encoded);
    Ok(piece)
}

/// `--url-query`: the forms of `--data-urlencode`, or `+` and what is taken as it is.
pub fn query(value: &[u8]) -> Result<Vec<u8>, Problem> {
    match value.strip_prefix(b"+") {
        Some(literal) => Ok(literal.to_vec()),
        None => urlencode(value),
    }
}

/// The file of this name; `-` is standard input.
pub fn read_file(name: &[u8]) -> io::Result<Vec<u8>> {
    if name == b"-" {
        let mut content = Vec::new();
        io::stdin().read_to_end(&mut content)?;
        return Ok(content);
    }
    fs::read(path(name)).map_err(|error| {
        io::Error::new(error.kind(), format!("{}: {}", String::from_utf8_lossy(name), error))
    })
}

/// The problem of an option whose file cannot be read.
pub fn unreadable(error: io::Error) -> Problem {
    Problem::Unreadable(format!("cannot read {}", error))
}

/// Everything but letters, digits and `-._~` as `%XX`.
pub fn percent_encoded(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len());
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(byte);
        } else {
            text.extend(format!("%{:02X}", byte).bytes());
        }
    }
    text
}

/// The same with `+` for a space, as in form data.
fn form_encoded(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len());
    for word in bytes.split_inclusive(|&byte| byte == b' ') {
        let (word, plus) = match word.strip_suffix(b" ") {
            Some(word) => (word, &b"+"[..]),
            None => (word, &b""[..]),
        };
        text.extend(percent_encoded(word));
        text.extend(plus);
    }
    text
}

/// A path of any bytes.
#[cfg(unix)]
pub fn path(name: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    std::ffi::OsString::from_vec(name.to_vec()).into()
}

/// A path; this system's paths are text.
#[cfg(not(unix))]
pub fn path(name: &[u8]) -> PathBuf {
    String::from_utf8_lossy(name).into_owned().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_the_five_forms_of_urlencode() {
        let file = std::env::temp_dir().join(format!("pannier-data-{}", std::process::id()));
        fs::write(&file, "a b\n").expect("the temporary folder is writable");
        let name = file.to_string_lossy();
        for (form, expected) in [
            ("a b&c", "a+b%26c".to_owned()),
            ("=a=b", "a%3Db".to_owned()),
            ("n=a b/~", "n=a+b%2F~".to_owned()),
            (&format!("@{}", name), "a+b%0A".to_owned()),
            (&format!("n@{}", name), "n=a+b%0A".to_owned()),
            ("a@b=c", "a@b=c".to_owned()),
            ("", String::new()),
        ] {
            assert_eq!(urlencode(form.as_bytes()), Ok(expected.into_bytes()), "{}", form);
        }
        assert_eq!(ascii(format!("@{}", name).as_bytes()), Ok(b"a b".to_vec()));
        assert_eq!(binary(format!("@{}", name).as_bytes()), Ok(b"a b\n".to_vec()));
        fs::remove_file(&file).expect("it was just written");
        let gone = ascii(format!("@{}", name).as_bytes());
        assert!(matches!(gone, Err(Problem::Unreadable(_))));
    }

    #[test]
    fn ok_a_literal_query_stays_as_it_is() {
        assert_eq!(query(b"+a b"), Ok(b"a b".to_vec()));
        assert_eq!(query(b"a=b c"), Ok(b"a=b+c".to_vec()));
    }
}
