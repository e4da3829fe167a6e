//! Content as servers compress it, made anew in every process and always the same.

use crate::Failure;
use std::fmt::{self, Write};
use std::str::FromStr;
use zlib_rs::{Deflate, DeflateFlush, Status};

/// What the content is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Prose and source code.
    Text,
    /// Records with numbers, names and dates.
    Json,
    /// Nothing that could be compressed: it comes stored.
    Random,
}

impl Content {
    /// 4 MiB of it.
    pub fn plain(self) -> Vec<u8> {
        let mut dice = Dice(1);
        let mut bytes = match self {
            // One copy is further from the next than any distance reaches.
            Content::Text => TEXTS.concat().into_bytes().repeat(LENGTH / TEXTS.concat().len() + 1),
            Content::Json => json(&mut dice).into_bytes(),
            Content::Random => (0..LENGTH / 8).flat_map(|_| dice.roll().to_le_bytes()).collect(),
        };
        bytes.truncate(LENGTH);
        bytes
    }

    /// The same in gzip, by zlib's usual level.
    pub fn gzip(self) -> Vec<u8> {
        let plain = self.plain();
        let mut output = vec![0; plain.len() + plain.len() / 100 + 1024];
        // More than 15 bits stand for gzip.
        let mut deflate = Deflate::new(6, true, 16 + 15);
        let status = deflate.compress(&plain, &mut output, DeflateFlush::Finish);
        assert_eq!(status, Ok(Status::StreamEnd));
        output.truncate(deflate.total_out() as usize);
        output
    }
}

/// How long the content is, in bytes.
pub const LENGTH: usize = 4 << 20;

fn json(dice: &mut Dice) -> String {
    let mut text = String::from("[");
    while text.len() < LENGTH {
        let [id, a, b, c] = [dice.roll(), dice.roll(), dice.roll(), dice.roll()];
        let words = WORDS.len() as u64;
        let (given, family) = (WORDS[(a % words) as usize], WORDS[(b % words) as usize]);
        let record = write!(
            text,
            "{{\"id\":{},\"name\":\"{given} {family}\",\"active\":{},\"score\":{:.3},\
             \"created\":\"20{:02}-{:02}-{:02}T{:02}:{:02}:{:02}Z\",\"tags\":[\"{}\",\"{}\"],\
             \"position\":{{\"lat\":{:.6},\"lon\":{:.6}}}}},",
            id >> 24,
            a & 1 == 1,
            (b % 1_000_000) as f64 / 1000.0,
            a % 30,
            1 + b % 12,
            1 + c % 28,
            a / 7 % 24,
            b / 7 % 60,
            c / 7 % 60,
            WORDS[(c % words) as usize],
            WORDS[(id % words) as usize],
            (a % 180_000_000) as f64 / 1e6 - 90.0,
            (b % 360_000_000) as f64 / 1e6 - 180.0,
        );
        record.expect("a String takes whatever is written");
    }
    text
}

struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }
}

impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Content::Text => "text",
            Content::Json => "json",
            Content::Random => "random",
        })
    }
}

impl FromStr for Content {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Content, Failure> {
        let all = [Content::Text, Content::Json, Content::Random];
        let found = all.into_iter().find(|content| content.to_string() == text);
        found.ok_or_else(|| format!("{text} is no content").into())
    }
}

const TEXTS: &[&str] = &[
    include_str!("../../../README.md"),
    include_str!("../../../src/guide/connections.md"),
    include_str!("../../../src/guide/decisions.md"),
    include_str!("../../../src/client/run.rs"),
    include_str!("../../../src/conn/pool/mod.rs"),
    include_str!("../../../src/error.rs"),
    include_str!("../../../src/proto/h1/connection.rs"),
    include_str!("../../suite/pipelining.rs"),
];

const WORDS: &[&str] = &[
    "anchor", "basket", "canal", "dapple", "ember", "fallow", "garnet", "harbour", "inlet",
    "juniper", "kestrel", "lantern", "meadow", "nettle", "orchard", "pannier", "quarry", "rowan",
    "saddle", "thistle", "umber", "velvet", "willow", "yarrow", "zephyr",
];

#[cfg(test)]
mod tests {
    use super::{Content, LENGTH};

    #[test]
    fn ok_content_is_as_long_as_it_is_to_be_and_the_same_again() {
        for content in [Content::Text, Content::Json, Content::Random] {
            let plain = content.plain();
            assert_eq!(plain.len(), LENGTH);
            assert_eq!(plain, content.plain());
            assert_eq!(content.to_string().parse::<Content>().ok(), Some(content));
        }
        assert!(Content::Text.gzip().len() < LENGTH / 3);
        assert!(Content::Json.gzip().len() < LENGTH / 2);
        assert!(Content::Random.gzip().len() > LENGTH);
    }
}
