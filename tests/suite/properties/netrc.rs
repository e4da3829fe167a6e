//! Netrc files: what is found in one is found again when it is written down with every word quoted,
//! and is found as a slow reader finds it.

use pannier::Netrc;

/// A file. Every word of it is asked for as a host, and as a user.
pub fn check(data: &[u8]) {
    let netrc = match Netrc::parse(data) {
        Ok(netrc) => netrc,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let shown = format!("{:?}", netrc);
    assert!(shown.len() < 40, "{}", shown);
    let words = words(data);
    let hosts: Vec<&str> = words.iter().filter_map(|word| std::str::from_utf8(word).ok()).collect();
    for host in hosts.iter().take(20).copied().chain(["nobody.test"]) {
        let users = words.iter().take(20).map(|word| Some(word.as_slice()));
        for user in users.chain([None]) {
            let found = netrc.find(host, user);
            let upper = host.to_ascii_uppercase();
            assert_eq!(netrc.find(&upper, user), found, "{} {:?}", host, user);
            if let Some((name, password)) = found {
                assert!(user.map_or(true, |user| user == name));
                let file = write(host, name, password);
                let again = Netrc::parse(&file).expect("it was written with care");
                assert_eq!(again.find(host, user), Some((name, password)), "{:?}", file);
                assert_eq!(again.find("somebody.else.test", user), None);
            }
        }
    }
}

fn write(host: &str, name: &[u8], password: &[u8]) -> Vec<u8> {
    let words: [&[u8]; 6] = [b"machine", host.as_bytes(), b"login", name, b"password", password];
    let mut file = Vec::new();
    for (index, word) in words.iter().enumerate() {
        match index % 2 {
            0 => file.extend_from_slice(word),
            _ => quote(word, &mut file),
        }
        file.push(b' ');
    }
    file
}

fn quote(word: &[u8], file: &mut Vec<u8>) {
    file.push(b'"');
    for &byte in word {
        match byte {
            b'\n' => file.extend_from_slice(b"\\n"),
            b'\r' => file.extend_from_slice(b"\\r"),
            b'\t' => file.extend_from_slice(b"\\t"),
            b'"' | b'\\' => file.extend([b'\\', byte]),
            byte => file.push(byte),
        }
    }
    file.push(b'"');
}

/// What is between white space, quotes left out.
fn words(data: &[u8]) -> Vec<Vec<u8>> {
    let words = data.split(|byte| b" \t\r\n\"".contains(byte));
    words.filter(|word| !word.is_empty() && word.len() < 200).map(<[u8]>::to_vec).collect()
}
