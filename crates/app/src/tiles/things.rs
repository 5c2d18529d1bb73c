//! Components and the entries of registers on a tile: points, lines and polygons in one layer.

use super::Sheet;
use super::filter::{KnownFilter, ThingFilter};
use super::layer::{COMPONENT_LAYER, Reach};
use crate::error::AppError;
use crate::ground::{Map, facet};
use crate::ports::COMPONENTS;
use spatial::mercator::TileId;
use spatial::points::Thing;
use spatial::points::shape::Shape;
use spatial::tile::{BUFFER, Layer, ShapeLayer, Tags, ThingLayer, Value};

pub(super) struct ThingPen {
    name: String,
    filter: KnownFilter,
    /// Entries of registers are coloured by score or expiry; a component by its state.
    bands: bool,
}

/// Grows with every change on the tile or close to it.
pub(super) fn version(map: &Map, tile: TileId) -> u64 {
    map.things.tile_version(tile, BUFFER)
}

impl ThingPen {
    pub fn new(register: String, reach: Reach, filter: &ThingFilter) -> Result<(Self, String), AppError> {
        let filter = filter.known(&register, reach)?;
        let asked = filter.text();
        let bands = register != COMPONENTS;
        let name = if bands { register } else { COMPONENT_LAYER.to_owned() };
        Ok((Self { name, filter, bands }, asked))
    }

    pub fn draw(&self, map: &Map, tile: TileId) -> Sheet {
        let things = &map.things;
        let point = |thing: &Thing, layer: &mut Layer, tags: &mut Tags| {
            band(thing.traits.facets, layer, tags);
        };
        let shape = |shape: &Shape, layer: &mut Layer, tags: &mut Tags| {
            band(shape.traits.facets, layer, tags);
        };
        let options = ThingLayer { name: &self.name, ..ThingLayer::default() };
        let options = if self.bands { ThingLayer { extra: Some(&point), ..options } } else { options };
        let shapes = ShapeLayer {
            name: &self.name,
            buffer: BUFFER,
            extra: if self.bands { Some(&shape) } else { None },
        };
        let layer = self.filter.numbers(map).with(|filter| {
            let mut layer = things.layer(tile, filter, &options);
            things.add_shapes(&mut layer, tile, filter, &shapes);
            layer
        });
        let mut body = Vec::new();
        layer.finish(&mut body);
        Sheet { body, version: version(map, tile), until: 0 }
    }
}

fn band(facets: u64, layer: &mut Layer, tags: &mut Tags) {
    if let Some(band) = facet::band(facets) {
        layer.tag(tags, "band", Value::Text(band));
    }
}
