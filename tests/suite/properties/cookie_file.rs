//! Files of cookies: any bytes are one, and what a jar writes it reads as the same.

use pannier::cookies::{Jar, Reading};
use pannier::http::Url;

use super::cookie::bounded;

/// The data are a file.
pub fn check(data: &[u8]) {
    let host = Url::parse("https://host.test/").expect("it is one");
    let reading = Reading::new().assume_host(&host);
    for (like, reverses) in [(Jar::new as fn() -> Jar, false), (|| Jar::new().like_curl(), true)] {
        let jar = like();
        jar.load_with(data, &reading).expect("memory can be read");
        bounded(&jar);
        let written = save(&jar);
        sound(&written, jar.cookies().len());
        let copy = like();
        copy.load(&*written).expect("memory can be read");
        if copy.cookies().len() < jar.cookies().len() {
            continue; // one has ended in between
        }
        bounded(&copy);
        let mut again = lines(&save(&copy));
        if reverses {
            // curl writes the newest first, and reads the first as the oldest.
            again.reverse();
        }
        assert_eq!(again, lines(&written));
        // Reading a file once more changes nothing.
        copy.load(&*written).expect("memory can be read");
        assert_eq!(copy.cookies().len(), again.len());
    }
}

fn save(jar: &Jar) -> Vec<u8> {
    let mut file = Vec::new();
    jar.save(&mut file).expect("memory can be written");
    file
}

/// The lines behind those that are always there.
fn lines(file: &[u8]) -> Vec<Vec<u8>> {
    let text = file.strip_suffix(b"\n").expect("the last line ends");
    text.split(|&byte| byte == b'\n').skip(4).map(<[u8]>::to_vec).collect()
}

/// Every cookie has a line of its own that all readers take apart in the same way.
fn sound(file: &[u8], cookies: usize) {
    assert!(file.starts_with(b"# Netscape HTTP Cookie File\n"));
    let lines = lines(file);
    assert!(lines.len() >= cookies);
    for line in lines {
        let line = line.strip_prefix(b"#HttpOnly_").unwrap_or(&line);
        let columns: Vec<&[u8]> = line.split(|&byte| byte == b'\t').collect();
        assert_eq!(columns.len(), 7, "{:?}", String::from_utf8_lossy(line));
        assert!(!columns[0].starts_with(b"#") && !line.contains(&b'\r'));
        let is_flag = |column: &[u8]| column == b"TRUE" || column == b"FALSE";
        assert!(is_flag(columns[1]) && is_flag(columns[3]));
        assert_eq!(columns[1] == b"TRUE", columns[0].starts_with(b"."));
        assert!(!columns[4].is_empty() && columns[4].iter().all(u8::is_ascii_digit));
    }
}
