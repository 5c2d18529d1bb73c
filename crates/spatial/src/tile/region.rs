//! Regions as a layer: unit grids, communities, duty grids.

use super::geometry::Window;
use super::{Layer, Tags};
use crate::mercator::TileId;
use crate::region::{Region, Regions};
use std::fmt;

/// The regions that meet a tile. `describe` adds the attributes of one and answers its id, or `None` to leave it
/// out. Regions smaller than a unit on the tile are not drawn.
pub fn region_layer<K: Ord + Clone + fmt::Display + fmt::Debug, V>(
    regions: &Regions<K, V>,
    tile: TileId,
    name: &str,
    buffer: u16,
    mut describe: impl FnMut(&Region<K, V>, &mut Layer, &mut Tags) -> Option<u64>,
) -> Layer {
    let mut layer = Layer::new(name);
    let mut tags = Tags::default();
    let window = Window::new(tile, buffer);
    for region in regions.in_box(&tile.square(f64::from(buffer)).bounds()) {
        tags.clear();
        if let Some(id) = describe(region, &mut layer, &mut tags) {
            layer.polygon(id, &tags, &window.polygon(&region.outline));
        }
    }
    layer
}
