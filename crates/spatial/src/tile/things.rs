//! Things as layers: each one from [`EACH_FROM`] on, clusters below.
//!
//! A cluster is what lies in one cell of a grid 8 cells wide: fixed in the world, so that it neither moves nor
//! changes its id when something changes elsewhere. Its place is the mean of its members. A cell with one
//! member shows the member itself.

use super::geometry::Window;
use super::{BUFFER, CLUSTER_BIT, Layer, Tags, Value, rounded};
use crate::mercator::{self, EXTENT, Square, TileId};
use crate::points::shape::{Geometry, Shape};
use crate::points::tally::{Tallies, Tally};
use crate::points::{ClassPlace, Entry, Filter, LEAF_ZOOM, LEVELS, Mixed, Thing, Things, Traits, key};
use city::grid::Bounds;

/// From this zoom on every thing is drawn.
pub const EACH_FROM: u8 = 14;
/// More things than this on one tile are clustered at any zoom: a browser draws so many, and no more.
pub const EACH_MAX: usize = 65_536;
/// A tile is 2^3 clusters wide: 64 pixels each where a tile has 512, so that a full city is circles beside each other.
pub(super) const CLUSTERS: u8 = 3;
/// The side of the cell of a cluster.
#[allow(clippy::cast_possible_truncation)] // 512
pub const CLUSTER_UNITS: u16 = (EXTENT >> CLUSTERS) as u16;

/// Attributes that the things themselves do not know, such as a name or a score.
pub type Extra<'a> = &'a (dyn Fn(&Thing, &mut Layer, &mut Tags) + Sync);

/// How points become a layer.
///
/// A thing has the attributes `class`, `group`, `state`, where they are asked for, and `flags` unless 0. A
/// cluster has `count`, `group` (the one with the most members) and, where groups or states are asked for,
/// counts such as `group.02` and `state.damaged`.
#[derive(Clone, Copy)]
pub struct ThingLayer<'a> {
    pub name: &'a str,
    pub buffer: u16,
    pub class: bool,
    pub group: bool,
    pub state: bool,
    pub flags: bool,
    pub extra: Option<Extra<'a>>,
}

impl Default for ThingLayer<'_> {
    fn default() -> Self {
        Self {
            name: "things",
            buffer: BUFFER,
            class: true,
            group: true,
            state: true,
            flags: true,
            extra: None,
        }
    }
}

/// Attributes that lines and polygons do not know themselves.
pub type ShapeExtra<'a> = &'a (dyn Fn(&Shape, &mut Layer, &mut Tags) + Sync);

/// How lines and polygons become a layer; attributes as those of a point.
#[derive(Clone, Copy)]
pub struct ShapeLayer<'a> {
    pub name: &'a str,
    pub buffer: u16,
    pub extra: Option<ShapeExtra<'a>>,
}

impl Things {
    /// The points on a tile that a filter admits.
    #[must_use]
    pub fn layer(&self, tile: TileId, filter: &Filter, options: &ThingLayer) -> Layer {
        let square = tile.square(f64::from(options.buffer) + 1.0);
        if tile.z() >= EACH_FROM {
            let (mut most, mut each) = (0, true);
            for leaf in self.leaves_in(&square) {
                most += leaf.entries.len();
                if most > EACH_MAX {
                    each = self.few(tile, filter, options.buffer);
                    break;
                }
            }
            if each {
                return self.each(tile, &square, filter, options);
            }
        }
        self.clustered(tile, filter, options)
    }

    /// Whether the tile shows [`EACH_MAX`] things or fewer: cells may reach far beyond it.
    fn few(&self, tile: TileId, filter: &Filter, buffer: u16) -> bool {
        let window = Window::new(tile, buffer);
        let square = tile.square(f64::from(buffer) + 1.0);
        self.leaves_in(&square)
            .flat_map(|leaf| &leaf.entries)
            .filter(|entry| {
                let (x, y) = tile.units(entry.x(), entry.y);
                window.holds(rounded(x), rounded(y)) && filter.admits_entry(entry)
            })
            .nth(EACH_MAX)
            .is_none()
    }

    fn each(&self, tile: TileId, square: &Square, filter: &Filter, options: &ThingLayer) -> Layer {
        let mut layer = Layer::new(options.name);
        let window = Window::new(tile, options.buffer);
        let mut tags = TagsOf::new(self, options);
        layer.reserve(self.leaves_in(square).map(|leaf| leaf.entries.len()).sum());
        for entry in self.leaves_in(square).flat_map(|leaf| &leaf.entries) {
            let (x, y) = tile.units(entry.x(), entry.y);
            // Rounded first and clipped then, as PostGIS does.
            let (x, y) = (rounded(x), rounded(y));
            if window.holds(x, y) && filter.admits_entry(entry) {
                let tags = tags.of(&mut layer, entry);
                layer.point(entry.id, tags, super::whole(x), super::whole(y));
            }
        }
        layer
    }

    fn clustered(&self, tile: TileId, filter: &Filter, options: &ThingLayer) -> Layer {
        let zoom = tile.z() + CLUSTERS;
        let square = tile.square(f64::from(options.buffer));
        let mut clusters = Clusters::over(&square, zoom);
        match self.groups_admitted(filter) {
            Some(groups) if zoom <= LEAF_ZOOM => {
                let admits =
                    |tally: &&Tally| groups[usize::from(tally.group())] && filter.admits_state(tally.state());
                self.tallies_in(&square, zoom, |cell, tallies| {
                    clusters.add_all(cell, tallies.iter().filter(admits));
                });
            }
            _ if zoom <= LEAF_ZOOM => {
                // A leaf lies in one cluster: its points are summed before they are sorted into it.
                let mut sums = Sums::new(self.classes.groups().len());
                for leaf in self.leaves_in(&clusters.square()) {
                    for entry in leaf.entries.iter().filter(|entry| filter.admits_entry(entry)) {
                        sums.add(&Tally::of(entry, self.classes.group_of(entry.class)));
                    }
                    let shift = LEAF_ZOOM - zoom;
                    sums.drain(|tally| clusters.add((leaf.x >> shift, leaf.y >> shift), tally));
                }
            }
            _ => {
                for entry in self.leaves_in(&clusters.square()).flat_map(|leaf| &leaf.entries) {
                    if filter.admits_entry(entry) {
                        let tally = Tally::of(entry, self.classes.group_of(entry.class));
                        clusters.add(mercator::cell(entry.x(), entry.y, zoom), &tally);
                    }
                }
            }
        }
        self.write_clusters(tile, &clusters, filter, options)
    }

    fn write_clusters(
        &self,
        tile: TileId,
        clusters: &Clusters,
        filter: &Filter,
        options: &ThingLayer,
    ) -> Layer {
        let mut layer = Layer::new(options.name);
        let window = Window::new(tile, options.buffer);
        let mut tags_of = TagsOf::new(self, options);
        let mut tags = Tags::default();
        for ((x, y), tallies) in clusters.iter() {
            let Some(middle) = tallies.middle() else { continue };
            let only = tallies.only().and_then(|id| self.slot_entry(id));
            let place = only.map_or(middle, |entry| (entry.x(), entry.y));
            let (px, py) = tile.units(place.0, place.1);
            let (px, py) = (rounded(px), rounded(py));
            if !window.holds(px, py) {
                continue;
            }
            let (px, py) = (super::whole(px), super::whole(py));
            if let Some(entry) = only.filter(|entry| filter.admits_entry(entry)) {
                let tags = tags_of.of(&mut layer, entry);
                layer.point(entry.id, tags, px, py);
                continue;
            }
            tags.clear();
            self.describe_cluster(&mut layer, &mut tags, tallies, options);
            layer.point(cluster_id(clusters.zoom, x, y), &tags, px, py);
        }
        layer
    }

    fn describe_cluster(&self, layer: &mut Layer, tags: &mut Tags, tallies: &Tallies, options: &ThingLayer) {
        layer.tag(tags, "count", Value::Number(i64::from(tallies.count())));
        if options.group {
            let main = tallies.main_group().and_then(|group| self.classes.group_name(group));
            if let Some(name) = main {
                layer.tag(tags, "group", Value::Text(name));
            }
            for (group, count) in sums(tallies, Tally::group) {
                let name = self.classes.group_name(group).unwrap_or_default();
                layer.tag(tags, &format!("group.{name}"), Value::Number(count));
            }
        }
        if options.state {
            for (state, count) in sums(tallies, Tally::state) {
                let name = self.classes.state_name(state).unwrap_or_default();
                layer.tag(tags, &format!("state.{name}"), Value::Number(count));
            }
        }
    }

    /// Which groups a filter admits as a whole; `None` when only the points themselves can tell.
    fn groups_admitted(&self, filter: &Filter) -> Option<[bool; 256]> {
        if filter.only.is_some() || filter.facets != 0 {
            return None;
        }
        let Some(classes) = filter.classes else { return Some([true; 256]) };
        let mut admitted: [Option<bool>; 256] = [None; 256];
        for place in (0..self.classes.len()).filter_map(|place| u16::try_from(place).ok()) {
            let class = ClassPlace(place);
            if self.count_of(class) == 0 {
                continue;
            }
            let group = &mut admitted[usize::from(self.classes.group_of(class))];
            let own = classes.contains(class);
            if *group.get_or_insert(own) != own {
                return None;
            }
        }
        Some(admitted.map(|group| group.unwrap_or_default()))
    }

    /// Tells the tallies of all cells of a zoom, or of the cells they consist of, that meet a square.
    fn tallies_in(&self, square: &Square, zoom: u8, mut tell: impl FnMut((u32, u32), &Tallies)) {
        let Some(level) = LEVELS.iter().position(|level| *level >= zoom) else {
            let shift = LEAF_ZOOM - zoom;
            let cells = Clusters::over(square, zoom).square();
            for leaf in self.leaves_in(&cells) {
                tell((leaf.x >> shift, leaf.y >> shift), &leaf.tallies);
            }
            return;
        };
        let shift = LEVELS[level] - zoom;
        let (columns, rows) = square.cells(zoom);
        let finer =
            |range: std::ops::RangeInclusive<u32>| (*range.start() << shift)..((*range.end() + 1) << shift);
        let columns = finer(columns);
        for y in finer(rows) {
            for x in columns.clone() {
                if let Some(node) = self.levels[level].get(&key(x, y)) {
                    tell((x >> shift, y >> shift), &node.tallies);
                }
            }
        }
    }

    /// The lines and polygons on a tile that a filter admits, in order of id. Below [`EACH_FROM`] those smaller
    /// than two pixels are left out.
    #[must_use]
    pub fn shape_layer(&self, tile: TileId, filter: &Filter, options: &ShapeLayer) -> Layer {
        let mut layer = Layer::new(options.name);
        self.add_shapes(&mut layer, tile, filter, options);
        layer
    }

    /// The same into a layer that holds the points already; its name stays.
    pub fn add_shapes(&self, layer: &mut Layer, tile: TileId, filter: &Filter, options: &ShapeLayer) {
        const SMALLEST: f64 = 16.0;
        let window = Window::new(tile, options.buffer);
        let fields = ThingLayer::default();
        let mut tags_of = TagsOf::new(self, &fields);
        for shape in self.shapes.in_square(&tile.square(f64::from(options.buffer))) {
            let small = tile.z() < EACH_FROM && units_across(tile, &shape.bounds()) < SMALLEST;
            if small || !filter.admits(shape.id, &shape.traits) {
                continue;
            }
            let mut tags = tags_of.of_traits(layer, &shape.traits).clone();
            if let Some(extra) = options.extra {
                extra(shape, layer, &mut tags);
            }
            match shape.geometry() {
                Geometry::Area(outline) => layer.polygon(shape.id, &tags, &window.polygon(outline)),
                Geometry::Lines(lines) => {
                    let paths: Vec<_> = lines.iter().flat_map(|line| window.line(line)).collect();
                    layer.lines(shape.id, &tags, &paths);
                }
            }
        }
    }
}

fn units_across(tile: TileId, bounds: &Bounds) -> f64 {
    let square = Square::of(bounds);
    let size = (square.east - square.west).max(square.south - square.north);
    size * mercator::side(tile.z()) * f64::from(EXTENT)
}

/// Counts by what `of` tells of a tally, in order.
fn sums(tallies: &Tallies, of: impl Fn(&Tally) -> u8) -> impl Iterator<Item = (u8, i64)> {
    let mut counts: Vec<(u8, i64)> = Vec::new();
    for tally in tallies.iter() {
        let (what, count) = (of(tally), i64::from(tally.count()));
        match counts.binary_search_by_key(&what, |(own, _)| *own) {
            Ok(at) => counts[at].1 += count,
            Err(at) => counts.insert(at, (what, count)),
        }
    }
    counts.into_iter()
}

/// The same for a cell whatever it holds; cells that can be seen together differ.
pub(super) fn cluster_id(zoom: u8, x: u32, y: u32) -> u64 {
    const LOW: u64 = (1 << 23) - 1;
    CLUSTER_BIT | u64::from(zoom) << 46 | (u64::from(x) & LOW) << 23 | u64::from(y) & LOW
}

/// Tallies by group and state in a plain table, for many points of few kinds.
struct Sums {
    table: Vec<Option<Tally>>,
    used: Vec<u16>,
}

impl Sums {
    fn new(groups: usize) -> Self {
        Self { table: vec![None; groups.max(1) * 256], used: Vec::new() }
    }

    #[inline]
    fn add(&mut self, tally: &Tally) {
        let key = tally.key();
        match self.table.get_mut(usize::from(key)) {
            Some(Some(own)) => own.join(tally),
            Some(empty) => {
                *empty = Some(*tally);
                self.used.push(key);
            }
            None => {}
        }
    }

    fn drain(&mut self, mut tell: impl FnMut(&Tally)) {
        for key in self.used.drain(..) {
            if let Some(tally) = self.table[usize::from(key)].take() {
                tell(&tally);
            }
        }
    }
}

/// The cells that a tile and its buffer meet, row by row.
struct Clusters {
    zoom: u8,
    west: u32,
    north: u32,
    columns: u32,
    rows: u32,
    cells: Vec<Tallies>,
}

impl Clusters {
    fn over(square: &Square, zoom: u8) -> Self {
        let (across, down) = square.cells(zoom);
        let (west, north) = (*across.start(), *down.start());
        let (columns, rows) = (across.end() - west + 1, down.end() - north + 1);
        let cells = vec![Tallies::default(); columns as usize * rows as usize];
        Self { zoom, west, north, columns, rows, cells }
    }

    /// All of the cells.
    fn square(&self) -> Square {
        let n = mercator::side(self.zoom);
        // Just inside, so that no cell beyond is met.
        let inside = 0.001;
        Square {
            west: (f64::from(self.west) + inside) / n,
            north: (f64::from(self.north) + inside) / n,
            east: (f64::from(self.west + self.columns) - inside) / n,
            south: (f64::from(self.north + self.rows) - inside) / n,
        }
    }

    fn at(&mut self, (x, y): (u32, u32)) -> Option<&mut Tallies> {
        let (x, y) = (x.checked_sub(self.west)?, y.checked_sub(self.north)?);
        let inside = x < self.columns && y < self.rows;
        inside.then(|| &mut self.cells[y as usize * self.columns as usize + x as usize])
    }

    fn add(&mut self, cell: (u32, u32), tally: &Tally) {
        if let Some(own) = self.at(cell) {
            own.add(tally);
        }
    }

    fn add_all<'a>(&mut self, cell: (u32, u32), tallies: impl Iterator<Item = &'a Tally>) {
        if let Some(own) = self.at(cell) {
            tallies.for_each(|tally| own.add(tally));
        }
    }

    fn iter(&self) -> impl Iterator<Item = ((u32, u32), &Tallies)> {
        let places = (self.north..self.north + self.rows)
            .flat_map(|y| (self.west..self.west + self.columns).map(move |x| (x, y)));
        places.zip(&self.cells)
    }
}

/// The attributes of things, written once for each class, state and flags.
struct TagsOf<'a> {
    things: &'a Things,
    options: &'a ThingLayer<'a>,
    written: Mixed<Tags>,
    last: Option<u64>,
    current: Tags,
}

impl<'a> TagsOf<'a> {
    fn new(things: &'a Things, options: &'a ThingLayer<'a>) -> Self {
        Self { things, options, written: Mixed::default(), last: None, current: Tags::default() }
    }

    fn of(&mut self, layer: &mut Layer, entry: &Entry) -> &Tags {
        let Some(extra) = self.options.extra else { return self.of_traits(layer, &entry.traits()) };
        self.of_traits(layer, &entry.traits());
        self.last = None;
        extra(&entry.thing(), layer, &mut self.current);
        &self.current
    }

    fn of_traits(&mut self, layer: &mut Layer, traits: &Traits) -> &Tags {
        let key = u64::from(traits.class.0) << 16 | u64::from(traits.state) << 8 | u64::from(traits.flags);
        if self.last != Some(key) {
            let (things, options) = (self.things, self.options);
            let written = self.written.entry(key).or_insert_with(|| describe(things, options, layer, traits));
            self.current.0.clear();
            self.current.0.extend_from_slice(&written.0);
            self.last = Some(key);
        }
        &self.current
    }
}

fn describe(things: &Things, options: &ThingLayer, layer: &mut Layer, traits: &Traits) -> Tags {
    let classes = &things.classes;
    let mut tags = Tags::default();
    let group = classes.group_name(classes.group_of(traits.class));
    for (wanted, name, value) in [
        (options.class, "class", classes.name(traits.class)),
        (options.group, "group", group),
        (options.state, "state", classes.state_name(traits.state)),
    ] {
        if let Some(value) = value.filter(|_| wanted) {
            layer.tag(&mut tags, name, Value::Text(value));
        }
    }
    if options.flags && traits.flags != 0 {
        layer.tag(&mut tags, "flags", Value::Number(i64::from(traits.flags)));
    }
    tags
}
