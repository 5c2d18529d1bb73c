//! Reads tiles back, strictly: whatever the specification forbids fails the test.

use yiwang_spatial::mercator::EXTENT;

#[derive(Debug, Clone, PartialEq)]
pub enum Read {
    Text(String),
    Number(i64),
    Real(f64),
    Truth(bool),
}

#[derive(Debug, Default)]
pub struct ReadLayer {
    pub name: String,
    pub version: u64,
    pub extent: u64,
    pub features: Vec<ReadFeature>,
}

#[derive(Debug, Default, Clone)]
pub struct ReadFeature {
    pub id: u64,
    pub kind: u64,
    pub tags: Vec<(String, Read)>,
    /// Points as lines of one place; rings without their closing place.
    pub parts: Vec<Vec<[i32; 2]>>,
}

impl ReadFeature {
    pub fn get(&self, key: &str) -> Option<&Read> {
        self.tags.iter().find(|(own, _)| own == key).map(|(_, value)| value)
    }

    pub fn number(&self, key: &str) -> Option<i64> {
        match self.get(key) {
            Some(Read::Number(number)) => Some(*number),
            _ => None,
        }
    }

    pub fn points(&self) -> Vec<[i32; 2]> {
        assert_eq!(self.kind, 1, "a point is expected");
        self.parts.iter().flatten().copied().collect()
    }
}

enum Field<'a> {
    Number(u64),
    Eight([u8; 8]),
    Bytes(&'a [u8]),
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut number = 0;
    for shift in (0..).step_by(7) {
        let (&byte, rest) = bytes.split_first().expect("a whole varint");
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return number;
        }
    }
    unreachable!("the loop ends with the bytes")
}

fn fields(mut bytes: &[u8]) -> Vec<(u64, Field<'_>)> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let head = varint(&mut bytes);
        let field = match head & 7 {
            0 => Field::Number(varint(&mut bytes)),
            1 => {
                let (eight, rest) = bytes.split_first_chunk::<8>().expect("eight bytes");
                bytes = rest;
                Field::Eight(*eight)
            }
            2 => {
                let length = usize::try_from(varint(&mut bytes)).expect("a length");
                let (own, rest) = bytes.split_at(length);
                bytes = rest;
                Field::Bytes(own)
            }
            wire => panic!("wire type {wire}"),
        };
        found.push((head >> 3, field));
    }
    found
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

fn zagzig(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

pub fn tile(bytes: &[u8]) -> Vec<ReadLayer> {
    let layers: Vec<ReadLayer> = fields(bytes)
        .into_iter()
        .map(|(number, field)| match (number, field) {
            (3, Field::Bytes(bytes)) => layer(bytes),
            (number, _) => panic!("field {number} of a tile"),
        })
        .collect();
    for (i, one) in layers.iter().enumerate() {
        assert!(layers[..i].iter().all(|other| other.name != one.name), "layer {} twice", one.name);
    }
    layers
}

fn layer(bytes: &[u8]) -> ReadLayer {
    let mut read = ReadLayer::default();
    let (mut keys, mut values, mut features) = (Vec::new(), Vec::new(), Vec::new());
    for field in fields(bytes) {
        match field {
            (15, Field::Number(version)) => read.version = version,
            (1, Field::Bytes(bytes)) => read.name = text(bytes),
            (2, Field::Bytes(bytes)) => features.push(bytes),
            (3, Field::Bytes(bytes)) => keys.push(text(bytes)),
            (4, Field::Bytes(bytes)) => values.push(value(bytes)),
            (5, Field::Number(extent)) => read.extent = extent,
            (number, _) => panic!("field {number} of a layer"),
        }
    }
    assert_eq!((read.version, read.extent), (2, u64::from(EXTENT)));
    assert!(!read.name.is_empty() && !features.is_empty());
    let used: std::collections::BTreeSet<&String> = keys.iter().collect();
    assert_eq!(used.len(), keys.len(), "a key twice");
    read.features = features.into_iter().map(|bytes| feature(bytes, &keys, &values)).collect();
    read
}

fn value(bytes: &[u8]) -> Read {
    let fields = fields(bytes);
    assert_eq!(fields.len(), 1, "a value is one of its kinds");
    match &fields[0] {
        (1, Field::Bytes(bytes)) => Read::Text(text(bytes)),
        (3, Field::Eight(bytes)) => Read::Real(f64::from_le_bytes(*bytes)),
        (5, Field::Number(number)) => Read::Number(i64::try_from(*number).expect("fits")),
        (6, Field::Number(number)) => Read::Number(zagzig(*number)),
        (7, Field::Number(number)) => Read::Truth(*number == 1),
        (number, _) => panic!("field {number} of a value"),
    }
}

fn feature(bytes: &[u8], keys: &[String], values: &[Read]) -> ReadFeature {
    let mut read = ReadFeature::default();
    for field in fields(bytes) {
        match field {
            (1, Field::Number(id)) => read.id = id,
            (2, Field::Bytes(mut bytes)) => {
                while !bytes.is_empty() {
                    let (key, value) = (varint(&mut bytes), varint(&mut bytes));
                    let key = &keys[usize::try_from(key).expect("a place")];
                    assert!(read.get(key).is_none(), "attribute {key} twice");
                    read.tags.push((key.clone(), values[usize::try_from(value).expect("a place")].clone()));
                }
            }
            (3, Field::Number(kind)) => read.kind = kind,
            (4, Field::Bytes(bytes)) => read.parts = parts(bytes, read.kind),
            (number, _) => panic!("field {number} of a feature"),
        }
    }
    read
}

fn parts(mut bytes: &[u8], kind: u64) -> Vec<Vec<[i32; 2]>> {
    let (mut x, mut y) = (0_i64, 0_i64);
    let mut parts: Vec<Vec<[i32; 2]>> = Vec::new();
    let mut closed = true;
    let mut outer_seen = false;
    while !bytes.is_empty() {
        let command = varint(&mut bytes);
        let count = command >> 3;
        match command & 7 {
            1 => {
                assert!(closed || kind != 3, "a ring is not closed");
                assert!(kind == 1 || count == 1);
                for _ in 0..count {
                    x += zagzig(varint(&mut bytes));
                    y += zagzig(varint(&mut bytes));
                    parts.push(vec![[i32::try_from(x).expect("fits"), i32::try_from(y).expect("fits")]]);
                }
                closed = false;
            }
            2 => {
                assert!(kind == 2 && count >= 1 || kind == 3 && count >= 2);
                let part = parts.last_mut().expect("begun by a MoveTo");
                for _ in 0..count {
                    let (dx, dy) = (zagzig(varint(&mut bytes)), zagzig(varint(&mut bytes)));
                    assert!(dx != 0 || dy != 0, "a step of no length");
                    x += dx;
                    y += dy;
                    part.push([i32::try_from(x).expect("fits"), i32::try_from(y).expect("fits")]);
                }
            }
            7 => {
                assert_eq!((kind, count), (3, 1));
                let ring = parts.last().expect("a ring");
                assert_ne!(ring.first(), ring.last(), "a ring repeats its first place");
                let area = doubled_area(ring);
                assert!(area != 0, "a ring without area");
                assert!(area > 0 || outer_seen, "a hole before its outer ring");
                outer_seen |= area > 0;
                closed = true;
            }
            command => panic!("command {command}"),
        }
    }
    assert!(closed || kind != 3);
    parts
}

/// Positive for outer rings: the surveyor's formula of the specification.
pub fn doubled_area(ring: &[[i32; 2]]) -> i64 {
    let next = ring.iter().cycle().skip(1);
    ring.iter()
        .zip(next)
        .map(|(a, b)| i64::from(a[0]) * i64::from(b[1]) - i64::from(b[0]) * i64::from(a[1]))
        .sum()
}
