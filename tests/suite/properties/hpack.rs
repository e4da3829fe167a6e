//! HPACK: the decoder agrees with a naive one, whether its fields are kept or dropped; and what the
//! encoder makes of fields is decoded to them, whichever of them are indexed and however large the
//! table may be.

use pannier::proto::h2::hpack::{Decoder, Encoder, Error, Indexing};

use super::Dice;

/// A name and a value.
pub type Field = (Vec<u8>, Vec<u8>);

/// What happens on a connection: the table may have another size, or a block comes.
#[derive(Clone, Debug)]
pub enum Step<B> {
    Size(usize),
    Block(B),
}

pub fn check(data: &[u8]) {
    let steps = steps(data);
    let (mut naive, mut decoder, mut blind) =
        (Naive::new(4096), Decoder::new(4096), Decoder::new(4096));
    let (mut dice, mut fields) = (Dice::new(data), Vec::new());
    for step in &steps {
        match *step {
            Step::Size(size) => {
                naive.set_max_table_size(size);
                decoder.set_max_table_size(size);
                blind.set_max_table_size(size);
                fields.push(Step::Size(size));
            }
            Step::Block(block) => {
                let decoded = decode(&mut decoder, block);
                assert_eq!(decoded, naive.decode(block), "{}", block.escape_ascii());
                assert_eq!(
                    blind.decode(block, &mut |_, _| {}),
                    decoded.as_ref().map(drop).map_err(|e| *e)
                );
                match decoded {
                    Ok(decoded) => fields.push(Step::Block(indexed(decoded, &mut dice))),
                    Err(_) => break,
                }
            }
        }
    }
    round_trip(&fields);
}

/// Data read as steps: a byte says how long the next block is, or, if it is the highest, the byte
/// behind it how large the table.
pub fn steps(mut data: &[u8]) -> Vec<Step<&[u8]>> {
    const SIZES: [usize; 8] = [0, 4096, 31, 32, 100, 300, 8192, 1000];
    let mut steps = Vec::new();
    while let Some((&first, rest)) = data.split_first() {
        if let (0xff, Some((&size, rest))) = (first, rest.split_first()) {
            steps.push(Step::Size(SIZES[usize::from(size) % SIZES.len()]));
            data = rest;
            continue;
        }
        let (block, rest) = rest.split_at(rest.len().min(usize::from(first)));
        steps.push(Step::Block(block));
        data = rest;
    }
    steps
}

/// The fields of a block.
pub fn decode(decoder: &mut Decoder, block: &[u8]) -> Result<Vec<Field>, Error> {
    let mut fields = Vec::new();
    let mut sink = |name: &[u8], value: &[u8]| fields.push((name.to_vec(), value.to_vec()));
    decoder.decode(block, &mut sink).map(|()| fields)
}

fn indexed(fields: Vec<Field>, dice: &mut Dice) -> Vec<(Field, Indexing)> {
    let kinds = [Indexing::Incremental, Indexing::Incremental, Indexing::Without, Indexing::Never];
    fields.into_iter().map(|field| (field, kinds[dice.roll(kinds.len()) - 1])).collect()
}

/// Encodes blocks of fields and decodes them. Sizes are granted by the decoder, as it would with
/// SETTINGS that are acknowledged before the next block.
pub fn round_trip(steps: &[Step<Vec<(Field, Indexing)>>]) {
    let (mut encoder, mut decoder) = (Encoder::new(), Decoder::new(4096));
    for step in steps {
        match step {
            Step::Size(size) => {
                encoder.set_peer_table_size(*size);
                decoder.set_max_table_size(*size);
            }
            Step::Block(fields) => {
                let before = encoder.generation();
                let block = encode(&mut encoder, fields);
                let fields: Vec<Field> = fields.iter().map(|(field, _)| field.clone()).collect();
                assert_eq!(decode(&mut decoder, &block).as_ref(), Ok(&fields));
                if encoder.generation() == before {
                    assert_eq!(decode(&mut decoder, &block), Ok(fields), "the same block again");
                }
            }
        }
    }
}

/// A block of these fields.
pub fn encode(encoder: &mut Encoder, fields: &[(Field, Indexing)]) -> Vec<u8> {
    let mut block = Vec::new();
    encoder.begin(&mut block);
    for ((name, value), indexing) in fields {
        encoder.field(name, value, *indexing, &mut block);
    }
    block
}

/// RFC 7541 read off the text: a list of entries, and strings a bit at a time. Only the static table is
/// the decoder's own, which the public vectors and the fuzz target compare with others.
pub struct Naive {
    table: Vec<Field>,
    size: usize,
    limit: usize,
    due: Option<usize>,
    /// Has an integer taken as many bytes as none needs to?
    pub long_integer: bool,
}

impl Naive {
    pub fn new(size: usize) -> Naive {
        Naive { table: Vec::new(), size, limit: size, due: None, long_integer: false }
    }

    pub fn set_max_table_size(&mut self, size: usize) {
        self.limit = size;
        if size < self.size {
            self.due = Some(self.due.unwrap_or(size).min(size));
        }
    }

    pub fn decode(&mut self, mut block: &[u8]) -> Result<Vec<Field>, Error> {
        let (mut fields, mut updates) = (Vec::new(), 0);
        while let Some(&first) = block.first() {
            if first >> 5 == 1 {
                if !fields.is_empty() {
                    return Err(Error::SizeUpdateLate);
                }
                updates += 1;
                self.update(&mut block, updates)?;
                continue;
            }
            if self.due.is_some() {
                return Err(Error::SizeUpdateMissing);
            }
            fields.push(self.field(first, &mut block)?);
        }
        self.due.map_or(Ok(fields), |_| Err(Error::SizeUpdateMissing))
    }

    fn update(&mut self, block: &mut &[u8], updates: usize) -> Result<(), Error> {
        let size = self.integer(5, block)?;
        if size > self.limit {
            return Err(Error::SizeUpdateTooLarge);
        }
        if size > self.due.take().unwrap_or(size) {
            return Err(Error::SizeUpdateMissing);
        }
        if updates > 16 {
            return Err(Error::TooManySizeUpdates);
        }
        self.size = size;
        self.evict();
        Ok(())
    }

    fn field(&mut self, first: u8, block: &mut &[u8]) -> Result<Field, Error> {
        if first >> 7 == 1 {
            return match self.integer(7, block)? {
                0 => Err(Error::IndexZero),
                index => self.entry(index),
            };
        }
        let incremental = first >> 6 == 1;
        let index = self.integer(if incremental { 6 } else { 4 }, block)?;
        let name = match index {
            0 => self.string(block)?,
            index => self.entry(index)?.0,
        };
        let field = (name, self.string(block)?);
        if incremental {
            self.table.insert(0, field.clone());
            self.evict();
        }
        Ok(field)
    }

    fn entry(&self, index: usize) -> Result<Field, Error> {
        match index {
            1..=61 => Ok(decode(&mut Decoder::new(0), &[0x80 | index as u8])?.remove(0)),
            _ => self.table.get(index - 62).cloned().ok_or(Error::IndexTooLarge),
        }
    }

    fn evict(&mut self) {
        let size = |table: &[Field]| -> usize {
            table.iter().map(|(name, value)| name.len() + value.len() + 32).sum()
        };
        while size(&self.table) > self.size {
            self.table.pop();
        }
    }

    fn integer(&mut self, prefix: u32, block: &mut &[u8]) -> Result<usize, Error> {
        let most = (1u128 << prefix) - 1;
        let mut value = u128::from(take(block)?) & most;
        if value < most {
            return Ok(value as usize);
        }
        for place in 0..5 {
            let byte = take(block)?;
            value += u128::from(byte & 0x7f) << (7 * place);
            if byte < 0x80 {
                self.long_integer |= place == 4;
                return u32::try_from(value)
                    .map(|v| v as usize)
                    .map_err(|_| Error::IntegerTooLarge);
            }
        }
        Err(Error::IntegerTooLarge)
    }

    fn string(&mut self, block: &mut &[u8]) -> Result<Vec<u8>, Error> {
        let coded = block.first().map_or(false, |&first| first >> 7 == 1);
        let length = self.integer(7, block)?;
        if length > block.len() {
            return Err(Error::Truncated);
        }
        let (string, rest) = block.split_at(length);
        *block = rest;
        match coded {
            true => uncoded(string),
            false => Ok(string.to_vec()),
        }
    }
}

/// A Huffman-coded string. The codes of one length are consecutive numbers, from `first` on.
fn uncoded(string: &[u8]) -> Result<Vec<u8>, Error> {
    let (mut text, mut code, mut length) = (Vec::new(), 0, 0);
    let (mut first, mut rows) = (0, CODES.iter().peekable());
    for place in 0..8 * string.len() {
        code = code << 1 | usize::from(string[place / 8] >> (7 - place % 8) & 1);
        first <<= 1;
        length += 1;
        if let Some((_, bytes)) = rows.next_if(|row| row.0 == length) {
            if let Some(byte) = bytes.get(code - first) {
                text.push(*byte);
                (code, length, first, rows) = (0, 0, 0, CODES.iter().peekable());
                continue;
            }
            first += bytes.len();
        }
        if length == 30 {
            return Err(Error::EndOfString);
        }
    }
    match length {
        _ if code != (1 << length) - 1 => Err(Error::PaddingNotOnes),
        8.. => Err(Error::PaddingTooLong),
        _ => Ok(text),
    }
}

fn take(block: &mut &[u8]) -> Result<u8, Error> {
    let (&first, rest) = block.split_first().ok_or(Error::Truncated)?;
    *block = rest;
    Ok(first)
}

/// RFC 7541, Appendix B, by the lengths of the codes. One code is left, that of the end of a string.
#[rustfmt::skip]
const CODES: [(u32, &[u8]); 21] = [
    (5, b"012aceiost"),
    (6, b" %-./3456789=A_bdfghlmnpru"),
    (7, b":BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz"),
    (8, b"&*,;XZ"),
    (10, b"!\"()?"),
    (11, b"'+|"),
    (12, b"#>"),
    (13, b"\x00$@[]~"),
    (14, b"^}"),
    (15, b"<`{"),
    (19, b"\\\xc3\xd0"),
    (20, b"\x80\x82\x83\xa2\xb8\xc2\xe0\xe2"),
    (21, b"\x99\xa1\xa7\xac\xb0\xb1\xb3\xd1\xd8\xd9\xe3\xe5\xe6"),
    (22, b"\x81\x84\x85\x86\x88\x92\x9a\x9c\xa0\xa3\xa4\xa9\xaa\xad\xb2\xb5\xb9\xba\xbb\xbd\xbe\
        \xc4\xc6\xe4\xe8\xe9"),
    (23, b"\x01\x87\x89\x8a\x8b\x8c\x8d\x8f\x93\x95\x96\x97\x98\x9b\x9d\x9e\xa5\xa6\xa8\xae\xaf\
        \xb4\xb6\xb7\xbc\xbf\xc5\xe7\xef"),
    (24, b"\x09\x8e\x90\x91\x94\x9f\xab\xce\xd7\xe1\xec\xed"),
    (25, b"\xc7\xcf\xea\xeb"),
    (26, b"\xc0\xc1\xc8\xc9\xca\xcd\xd2\xd5\xda\xdb\xee\xf0\xf2\xf3\xff"),
    (27, b"\xcb\xcc\xd3\xd4\xd6\xdd\xde\xdf\xf1\xf4\xf5\xf6\xf7\xf8\xfa\xfb\xfc\xfd\xfe"),
    (28, b"\x02\x03\x04\x05\x06\x07\x08\x0b\x0c\x0e\x0f\x10\x11\x12\x13\x14\x15\x17\x18\x19\x1a\
        \x1b\x1c\x1d\x1e\x1f\x7f\xdc\xf9"),
    (30, b"\x0a\x0d\x16"),
];
