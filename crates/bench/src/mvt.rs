//! As much of a vector tile as a comparison needs.

use anyhow::{Context, bail};

#[derive(Debug, Clone, PartialEq)]
pub struct Feature {
    pub id: u64,
    /// 1 point, 2 line, 3 polygon.
    pub kind: u64,
    pub flags: Option<u64>,
    /// Every vertex.
    pub places: Vec<[i32; 2]>,
}

/// Fields of a message: number, and its varint or bytes.
enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn varint(&mut self) -> anyhow::Result<u64> {
        let (mut value, mut shift) = (0, 0);
        loop {
            let (byte, rest) = self.0.split_first().context("a number breaks off")?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
            shift += 7;
            if shift > 63 {
                bail!("a number is too long");
            }
        }
    }

    fn take(&mut self, length: usize) -> anyhow::Result<&'a [u8]> {
        let (part, rest) = self.0.split_at_checked(length).context("a part breaks off")?;
        self.0 = rest;
        Ok(part)
    }

    fn next(&mut self) -> anyhow::Result<Option<(u64, Field<'a>)>> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let key = self.varint()?;
        let field = match key & 7 {
            0 => Field::Number(self.varint()?),
            1 => Field::Bytes(self.take(8)?),
            2 => {
                let length = usize::try_from(self.varint()?)?;
                Field::Bytes(self.take(length)?)
            }
            5 => Field::Bytes(self.take(4)?),
            other => bail!("wire type {other}"),
        };
        Ok(Some((key >> 3, field)))
    }
}

/// The features of all layers.
pub fn features(tile: &[u8]) -> anyhow::Result<Vec<Feature>> {
    let mut all = Vec::new();
    let mut reader = Reader(tile);
    while let Some((number, field)) = reader.next()? {
        if let (3, Field::Bytes(layer)) = (number, field) {
            read_layer(layer, &mut all)?;
        }
    }
    Ok(all)
}

fn read_layer(layer: &[u8], all: &mut Vec<Feature>) -> anyhow::Result<()> {
    let (mut keys, mut values, mut features) = (Vec::new(), Vec::new(), Vec::new());
    let mut reader = Reader(layer);
    while let Some((number, field)) = reader.next()? {
        match (number, field) {
            (2, Field::Bytes(feature)) => features.push(feature),
            (3, Field::Bytes(key)) => keys.push(key),
            (4, Field::Bytes(value)) => values.push(number_of(value)?),
            _ => {}
        }
    }
    let flags = keys.iter().position(|key| *key == b"flags");
    for feature in features {
        all.push(read_feature(feature, flags, &values)?);
    }
    Ok(())
}

fn number_of(value: &[u8]) -> anyhow::Result<Option<u64>> {
    Ok(match Reader(value).next()? {
        Some((4 | 5, Field::Number(number))) => Some(number),
        _ => None,
    })
}

fn read_feature(feature: &[u8], flags: Option<usize>, values: &[Option<u64>]) -> anyhow::Result<Feature> {
    let mut read = Feature { id: 0, kind: 0, flags: None, places: Vec::new() };
    let mut reader = Reader(feature);
    while let Some((number, field)) = reader.next()? {
        match (number, field) {
            (1, Field::Number(id)) => read.id = id,
            (3, Field::Number(kind)) => read.kind = kind,
            (2, Field::Bytes(tags)) => {
                let mut tags = Reader(tags);
                while !tags.0.is_empty() {
                    let (key, value) = (usize::try_from(tags.varint()?)?, usize::try_from(tags.varint()?)?);
                    if Some(key) == flags {
                        read.flags = values.get(value).copied().flatten();
                    }
                }
            }
            (4, Field::Bytes(shape)) => read.places = places(shape)?,
            _ => {}
        }
    }
    Ok(read)
}

fn places(shape: &[u8]) -> anyhow::Result<Vec<[i32; 2]>> {
    let mut reader = Reader(shape);
    let (mut x, mut y) = (0_i32, 0_i32);
    let mut all = Vec::new();
    let step = |number: u64| -> anyhow::Result<i32> {
        let number = u32::try_from(number)?;
        Ok((number >> 1).cast_signed() ^ -((number & 1).cast_signed()))
    };
    while !reader.0.is_empty() {
        let command = reader.varint()?;
        if command & 7 == 7 {
            continue;
        }
        for _ in 0..command >> 3 {
            x += step(reader.varint()?)?;
            y += step(reader.varint()?)?;
            all.push([x, y]);
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use spatial::tile::{Layer, Tags, Value};

    #[test]
    fn a_tile_is_read_as_it_was_written() {
        let mut layer = Layer::new("components");
        let mut tags = Tags::default();
        layer.tag(&mut tags, "class", Value::Text("x"));
        layer.tag(&mut tags, "flags", Value::Number(200));
        layer.point(7, &tags, -3, 4_100);
        layer.point(9, &Tags::default(), 1, 2);
        let mut tile = Vec::new();
        layer.finish(&mut tile);
        let read = features(&tile).unwrap();
        assert_eq!(read[0], Feature { id: 7, kind: 1, flags: Some(200), places: vec![[-3, 4_100]] });
        assert_eq!((read[1].id, read[1].flags), (9, None));
        assert!(features(&tile[..tile.len() - 1]).is_err());
    }
}
