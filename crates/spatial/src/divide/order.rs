//! The order in which the grids of a community are numbered.

use crate::shape::{Shape, Vertex};

/// The positions of a community's grids in the order of their sequence: bands from north to south, in each band
/// west to east (从西向东、由北向南). A band is as high as a grid of mean size is wide and begins at the northern
/// edge of the community; the centre of gravity of a grid decides its band.
/// Source: `standards/codes.md` §3; the standard names the directions, the bands make them one order.
#[must_use]
pub fn reading_order(shapes: &[Shape]) -> Vec<usize> {
    let centres: Vec<Vertex> =
        shapes.iter().map(|shape| shape.centroid().unwrap_or(Vertex { x: 0, y: 0 })).collect();
    let extent = shapes.iter().filter_map(Shape::extent).reduce(|a, b| a.union(&b));
    let Some(extent) = extent else { return Vec::new() };
    let scale = crate::shape::Scale::at(f64::from(extent.north));
    #[allow(clippy::cast_precision_loss)] // a community has at most 999 grids
    let mean = shapes.iter().map(Shape::area_m2).sum::<f64>() / shapes.len().max(1) as f64;
    #[allow(clippy::cast_possible_truncation)] // a band is a few thousand steps
    let band = ((mean.max(1.0).sqrt() / scale.y).round() as i64).max(1);
    let row = |v: Vertex| (i64::from(extent.north) - i64::from(v.y)) / band;
    let mut order: Vec<usize> = (0..shapes.len()).collect();
    order.sort_by_key(|i| {
        let v = centres[*i];
        (row(v), v.x, -i64::from(v.y), *i)
    });
    order
}
