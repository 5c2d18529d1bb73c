//! Points of the caller's, such as cases and people: each one from [`EACH_FROM`] on, clusters below. The clusters
//! are those of things: fixed cells, the mean place of the members, one member shown as itself.

use super::geometry::Window;
use super::things::{CLUSTER_UNITS, CLUSTERS, EACH_FROM, EACH_MAX, cluster_id};
use super::{Layer, Tags, rounded};
use crate::mercator::{self, TileId};
use crate::points::{Mixed, Position, key};
use city::grid::Bounds;

/// A point with what its describer needs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spot<T> {
    /// Below 2^52.
    pub id: u64,
    pub position: Position,
    pub what: T,
}

/// What is written about spots.
pub trait Describe<T> {
    /// What is known of several together.
    type Sum: Default;
    fn add(&self, sum: &mut Self::Sum, one: &T);
    fn one(&self, spot: &Spot<T>, layer: &mut Layer, tags: &mut Tags);
    /// The count is written already.
    fn many(&self, sum: &Self::Sum, layer: &mut Layer, tags: &mut Tags);
}

/// Where spots must be looked for so that the clusters at the edge of a tile are whole.
#[must_use]
pub fn spot_bounds(tile: TileId, buffer: u16) -> Bounds {
    tile.square(f64::from(buffer) + f64::from(CLUSTER_UNITS)).bounds()
}

struct Cluster<T, S> {
    first: Spot<T>,
    count: u32,
    x: f64,
    y: f64,
    sum: S,
}

/// The spots on a tile. They may come in any order and lie anywhere; those of [`spot_bounds`] must be there.
pub fn spot_layer<T: Copy, D: Describe<T>>(
    name: &str,
    tile: TileId,
    buffer: u16,
    spots: &[Spot<T>],
    describe: &D,
) -> Layer {
    let mut layer = Layer::new(name);
    let mut tags = Tags::default();
    let window = Window::new(tile, buffer);
    let place = |position: Position| {
        let (x, y) = mercator::project(position.lng(), position.lat());
        let (ux, uy) = tile.units(x, y);
        ((x, y), (rounded(ux), rounded(uy)))
    };
    let inside = |spot: &&Spot<T>| {
        let (_, (x, y)) = place(spot.position);
        window.holds(x, y)
    };
    if tile.z() >= EACH_FROM && spots.iter().filter(inside).count() <= EACH_MAX {
        for spot in spots.iter().filter(inside) {
            let (_, (x, y)) = place(spot.position);
            tags.clear();
            describe.one(spot, &mut layer, &mut tags);
            layer.point(spot.id, &tags, super::whole(x), super::whole(y));
        }
        return layer;
    }
    let zoom = tile.z() + CLUSTERS;
    let mut order: Vec<(u32, u32)> = Vec::new();
    let mut clusters: Mixed<Cluster<T, D::Sum>> = Mixed::default();
    for spot in spots {
        let ((x, y), _) = place(spot.position);
        let cell = mercator::cell(x, y, zoom);
        let cluster = clusters.entry(key(cell.0, cell.1)).or_insert_with(|| {
            order.push(cell);
            Cluster { first: *spot, count: 0, x: 0.0, y: 0.0, sum: D::Sum::default() }
        });
        cluster.count += 1;
        cluster.x += x;
        cluster.y += y;
        describe.add(&mut cluster.sum, &spot.what);
    }
    // Row by row, so that equal cases give equal tiles.
    order.sort_unstable_by_key(|(x, y)| (*y, *x));
    for cell in order {
        let Some(cluster) = clusters.get(&key(cell.0, cell.1)) else { continue };
        let count = f64::from(cluster.count);
        let (x, y) = tile.units(cluster.x / count, cluster.y / count);
        let (x, y) = (rounded(x), rounded(y));
        if !window.holds(x, y) {
            continue;
        }
        tags.clear();
        let id = if cluster.count == 1 {
            describe.one(&cluster.first, &mut layer, &mut tags);
            cluster.first.id
        } else {
            layer.tag(&mut tags, "count", super::Value::Number(i64::from(cluster.count)));
            describe.many(&cluster.sum, &mut layer, &mut tags);
            cluster_id(zoom, cell.0, cell.1)
        };
        layer.point(id, &tags, super::whole(x), super::whole(y));
    }
    layer
}
