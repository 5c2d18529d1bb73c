//! The registered things of a city in memory: what the map draws, what lies where, how many there are.
//!
//! Rebuilt from the store, or from a snapshot and what came since. Kept in step by [`App::commit_things`] at once,
//! and by [`App::catch_up_things`] with what other processes wrote.

mod face;
pub mod snapshot;

use crate::app::{App, City};
use crate::error::AppError;
use crate::ports::things::THINGS_PER_WRITE_MAX;
use crate::ports::{COMPONENTS, PutThingDone, PutThings, StoredThing};
use city::grid::Bounds;
use face::{Face, Placed};
use kernel::{Cgcs2000, CityCode, GridCode, Point};
use parking_lot::{RwLock, RwLockReadGuard};
use spatial::outline::union;
use spatial::points::shape::Shape;
use spatial::points::{ClassPlace, NOWHERE, Thing, Things, Traits};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

pub use face::facet;

/// Things read at once when the map catches up: about 4 MB of bodies.
const CATCH_UP_PAGE: u32 = 2_000;
/// Serials a change names; who changed more has changed too much to look at one by one.
const SERIALS_TOLD_MAX: usize = 100;

/// Who says in which unit grid a point lies.
pub trait GridAt {
    fn grid_at(&self, point: Point<Cgcs2000>) -> Option<&GridCode>;
    /// The same for the same grids: says whether things located before must be located anew.
    fn mark(&self) -> u64;
}

impl GridAt for city::Grids {
    fn grid_at(&self, point: Point<Cgcs2000>) -> Option<&GridCode> {
        self.at(point)
    }

    fn mark(&self) -> u64 {
        mark_of(self.iter().map(|grid| (grid.code.as_str(), grid.bounds, 4)))
    }
}

impl GridAt for spatial::region::UnitGrids {
    fn grid_at(&self, point: Point<Cgcs2000>) -> Option<&GridCode> {
        self.at(point)
    }

    fn mark(&self) -> u64 {
        mark_of(
            self.iter().map(|grid| (grid.key.as_str(), grid.outline.bounds(), grid.outline.vertex_count())),
        )
    }
}

fn mark_of<'a>(grids: impl Iterator<Item = (&'a str, Bounds, usize)>) -> u64 {
    let mut hash = DefaultHasher::new();
    for (code, bounds, vertices) in grids {
        code.hash(&mut hash);
        vertices.hash(&mut hash);
        for side in [bounds.west, bounds.south, bounds.east, bounds.north] {
            side.to_bits().hash(&mut hash);
        }
    }
    hash.finish()
}

/// Things changed, and where: told to every process's own screens.
#[derive(Debug, Clone, PartialEq)]
pub struct ThingChange {
    pub city: CityCode,
    /// Version of the map after the change; counts anew in every process.
    pub version: u64,
    /// `None` when there are more than anybody looks at.
    pub serials: Option<Vec<u64>>,
    pub registers: BTreeSet<String>,
    /// Around everything that moved, came or went, before and after; `None` when nothing of it is on the map.
    pub bounds: Option<Bounds>,
}

/// The things of a city with their lock.
#[derive(Debug, Default)]
pub struct Ground(RwLock<Map>);

/// The things of a city, and up to where in the store's line of changes they are complete.
#[derive(Debug, Default)]
pub struct Map {
    /// By serial. The class of a component is its class key, its group `component.` and the first two digits;
    /// of another register's entry `<register>` or `<register>/<class>`, its group the register.
    /// [`Traits::grid`] is a place in [`Map::grids`], [`Traits::facets`] are those of [`facet`].
    pub things: Things,
    /// Unit grids that things were found in, in order of first use: by geometry where the city has grids, else
    /// as the register says.
    grids: Vec<GridCode>,
    places: HashMap<GridCode, u32>,
    /// Everything up to here is on the map.
    position: i64,
    /// Changes beyond `position` that are on the map too: this process wrote them while another wrote what came
    /// before. Position by serial; emptied by catching up.
    ahead: HashMap<u64, i64>,
    ahead_positions: BTreeMap<i64, u64>,
    /// Codes that components name as what they belong to, by serial; and the other way round.
    related: HashMap<u64, Vec<u64>>,
    relating: HashMap<u64, Vec<u64>>,
    /// [`GridAt::mark`] of the grids that things were located in.
    mark: u64,
}

/// A thing's change on its way to the map.
struct Seen {
    serial: u64,
    position: i64,
    face: Face,
}

impl Map {
    /// Position of the latest change that is on the map together with all before it.
    #[must_use]
    pub fn position(&self) -> i64 {
        self.position
    }

    /// Every unit grid a thing lies in; some may have been left by all.
    #[must_use]
    pub fn grids(&self) -> &[GridCode] {
        &self.grids
    }

    /// The grid of [`Traits::grid`].
    #[must_use]
    pub fn grid(&self, place: u32) -> Option<&GridCode> {
        self.grids.get(place as usize)
    }

    /// What is known of a thing, point or shape.
    #[must_use]
    pub fn traits(&self, serial: u64) -> Option<Traits> {
        let point = self.things.get(serial).map(|thing| thing.traits);
        point.or_else(|| self.things.shape(serial).map(|shape| shape.traits))
    }

    /// Serials of components that name this one as what they belong to.
    pub fn related_to(&self, code: &str) -> impl Iterator<Item = u64> {
        let code = code.parse::<u64>().ok();
        code.and_then(|code| self.relating.get(&code)).into_iter().flatten().copied()
    }

    fn relate(&mut self, serial: u64, to: &[u64]) {
        for old in self.related.remove(&serial).into_iter().flatten() {
            if let Some(others) = self.relating.get_mut(&old) {
                others.retain(|other| *other != serial);
                if others.is_empty() {
                    self.relating.remove(&old);
                }
            }
        }
        if to.is_empty() {
            return;
        }
        for code in to {
            self.relating.entry(*code).or_default().push(serial);
        }
        self.related.insert(serial, to.to_vec());
    }

    /// The register a class belongs to.
    #[must_use]
    pub fn register_of(&self, class: ClassPlace) -> &str {
        register_of(self.things.classes().name(class).unwrap_or_default())
    }

    /// The classes of a register.
    pub fn classes_of<'a>(&'a self, register: &'a str) -> impl Iterator<Item = (ClassPlace, &'a str)> {
        let classes = self.things.classes().iter();
        classes.map(|(place, name, _)| (place, name)).filter(move |(_, name)| register_of(name) == register)
    }

    fn intern_grid(&mut self, grid: Option<GridCode>) -> u32 {
        let Some(grid) = grid else { return NOWHERE };
        if let Some(place) = self.places.get(&grid) {
            return *place;
        }
        let Ok(place) = u32::try_from(self.grids.len()) else { return NOWHERE };
        self.grids.push(grid.clone());
        self.places.insert(grid, place);
        place
    }

    /// Takes a change that is known to be committed; older ones than what is there change nothing.
    fn take(&mut self, seen: Seen, told: &mut Told) {
        let Seen { serial, position, face } = seen;
        let newer = self.ahead.get(&serial).is_some_and(|later| *later > position);
        if position <= self.position || newer {
            return;
        }
        self.relate(serial, &face.relations);
        let change = match self.traits_of(&face) {
            None => self.things.remove(serial),
            Some(traits) => match face.placed {
                Placed::Nowhere => self.things.remove(serial),
                Placed::Point(position) => Some(self.things.put(Thing { id: serial, position, traits })),
                Placed::Shape(geometry) => Some(self.things.put_shape(Shape::new(serial, traits, geometry))),
            },
        };
        told.add(serial, &face.class, change);
        if position == self.position + 1 {
            self.reached(position);
        } else {
            self.ahead.insert(serial, position);
            self.ahead_positions.insert(position, serial);
        }
    }

    fn traits_of(&mut self, face: &Face) -> Option<Traits> {
        if matches!(face.placed, Placed::Nowhere) {
            return None;
        }
        let class = self.things.class(&face.class, &face.group)?;
        let state = self.things.state(&face.state)?;
        let grid = self.intern_grid(face.grid.clone());
        Some(Traits { class, state, flags: face.flags, facets: face.facets, grid })
    }

    /// Everything up to `position` is on the map, and what follows it without a gap.
    fn reached(&mut self, position: i64) {
        self.position = self.position.max(position);
        while let Some((&first, &serial)) = self.ahead_positions.first_key_value() {
            if first > self.position + 1 {
                break;
            }
            self.position = self.position.max(first);
            self.ahead_positions.remove(&first);
            if self.ahead.get(&serial) == Some(&first) {
                self.ahead.remove(&serial);
            }
        }
    }
}

/// The register of a dictionary class.
fn register_of(class: &str) -> &str {
    let plain = class.split('/').next().unwrap_or_default();
    // Class keys begin with the year of their edition, registers with a letter.
    if plain.starts_with(|c: char| c.is_ascii_digit()) { COMPONENTS } else { plain }
}

/// What a run of changes did, for the screens.
#[derive(Default)]
struct Told {
    serials: Vec<u64>,
    many: bool,
    registers: BTreeSet<String>,
    bounds: Option<Bounds>,
}

impl Told {
    fn add(&mut self, serial: u64, class: &str, change: Option<spatial::points::Change>) {
        if self.serials.len() < SERIALS_TOLD_MAX {
            self.serials.push(serial);
        } else {
            self.many = true;
        }
        let register = register_of(class);
        if !self.registers.contains(register) {
            self.registers.insert(register.to_owned());
        }
        for bounds in change.into_iter().flat_map(|change| [change.old, change.new]).flatten() {
            self.bounds = Some(self.bounds.map_or(bounds, |so_far| union(&so_far, &bounds)));
        }
    }
}

impl Ground {
    /// The map as it is now. Held for as long as a question takes: writers wait.
    pub fn read(&self) -> RwLockReadGuard<'_, Map> {
        self.0.read()
    }

    #[must_use]
    pub(crate) fn saved(map: Map) -> Self {
        Self(RwLock::new(map))
    }

    fn take(&self, city: CityCode, seen: Vec<Seen>, upto: Option<i64>) -> Option<ThingChange> {
        let mut told = Told::default();
        let mut map = self.0.write();
        for one in seen {
            map.take(one, &mut told);
        }
        if let Some(upto) = upto {
            map.reached(upto);
        }
        let version = map.things.version();
        drop(map);
        let Told { serials, many, registers, bounds } = told;
        let serials_told = (!many).then_some(serials);
        (!registers.is_empty()).then_some(ThingChange {
            city,
            version,
            serials: serials_told,
            registers,
            bounds,
        })
    }

    /// Locates everything anew when `grids` are others than before. Returns how many things changed their grid.
    pub fn regrid(&self, grids: &impl GridAt) -> usize {
        let mark = grids.mark();
        let mut map = self.0.write();
        if map.mark == mark {
            return 0;
        }
        map.mark = mark;
        let map = &mut *map;
        let (codes, places) = (&mut map.grids, &mut map.places);
        map.things.regrid(|point, before| {
            let Some(code) = point.and_then(|point| grids.grid_at(point)) else { return before };
            if let Some(place) = places.get(code) {
                return *place;
            }
            let Ok(place) = u32::try_from(codes.len()) else { return NOWHERE };
            codes.push(code.clone());
            places.insert(code.clone(), place);
            place
        })
    }
}

impl App {
    /// Writes things, puts them on the map and tells the screens. All or nothing, on disk when answered.
    ///
    /// # Errors
    /// [`AppError::Stale`] when one was changed meanwhile, [`AppError::Invalid`] when a code is taken or there are
    /// more than [`THINGS_PER_WRITE_MAX`].
    pub async fn commit_things(&self, put: PutThings) -> Result<Vec<PutThingDone>, AppError> {
        if put.puts.len() > THINGS_PER_WRITE_MAX {
            return Err(AppError::invalid("things", "too_many"));
        }
        let city = self.city(put.city)?;
        let faces: Vec<Face> = {
            let config = city.config.read().clone();
            let face = |one: &crate::ports::PutThing| {
                Face::of(&one.register, &one.class, one.removed, &one.body, &*config.grids)
            };
            put.puts.iter().map(face).collect()
        };
        let code = put.city;
        let in_memory = self.in_books(code, &put.puts);
        let done = self.store().put_things(put).await?;
        let seen = done
            .iter()
            .zip(faces)
            .map(|(done, face)| Seen { serial: done.serial, position: done.position, face })
            .collect();
        if let Some(change) = city.ground.take(code, seen, None) {
            self.live().tell_things(change);
        }
        if !in_memory.is_empty() {
            // Read again: a command sent twice was written the first time, under another code perhaps.
            let serials: Vec<u64> =
                in_memory.iter().filter_map(|at| done.get(*at)).map(|done| done.serial).collect();
            self.books_see(code, &self.store().things_by_serial(code, &serials).await?);
        }
        Ok(done)
    }

    /// Any number of things, written in parts of [`THINGS_PER_WRITE_MAX`] with one word to the screens a part: for
    /// imports. What was written before an error stays. A command is only good for a single part.
    ///
    /// # Errors
    /// As [`App::commit_things`], for the part that failed.
    pub async fn commit_things_bulk(&self, put: PutThings) -> Result<Vec<PutThingDone>, AppError> {
        if put.puts.len() <= THINGS_PER_WRITE_MAX {
            return self.commit_things(put).await;
        }
        let PutThings { city, by, at, puts, .. } = put;
        let mut all = Vec::with_capacity(puts.len());
        let mut rest = puts.into_iter();
        loop {
            let puts: Vec<_> = rest.by_ref().take(THINGS_PER_WRITE_MAX).collect();
            if puts.is_empty() {
                return Ok(all);
            }
            all.extend(self.commit_things(PutThings { city, by, at, command: None, puts }).await?);
        }
    }

    /// The map an earlier run saved, when it can be of this store; else an empty one.
    pub(crate) async fn ground_of(
        &self,
        city: CityCode,
        saved: Option<snapshot::SavedGround>,
    ) -> Result<Ground, AppError> {
        let (head, serials) = self.store().things_head(city).await?;
        let usable = saved.filter(|saved| {
            saved.city == city && saved.position() <= head && saved.map.things.len() as u64 <= serials
        });
        Ok(usable.map_or_else(Ground::default, |saved| Ground::saved(saved.map)))
    }

    /// Brings the map up to the store's last change. Returns how many things changed. One cheap question when
    /// nothing did.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn catch_up_things(&self, city: &City) -> Result<u64, AppError> {
        let (head, _) = self.store().things_head(city.code).await?;
        let mut changed = 0;
        loop {
            let position = city.ground.read().position;
            if position >= head {
                return Ok(changed);
            }
            let page = self.store().things_since(city.code, position, CATCH_UP_PAGE).await?;
            changed += page.len() as u64;
            // A thing changed again stands at its later position only: after the last page all up to the head is seen.
            let full = page.len() == CATCH_UP_PAGE as usize;
            let last = page.last().map_or(head, |thing| thing.position);
            let upto = if full { last } else { last.max(head) };
            self.books_see(city.code, &page);
            let config = city.config.read().clone();
            let seen = page.iter().map(|thing| seen(thing, &*config.grids)).collect();
            if let Some(change) = city.ground.take(city.code, seen, Some(upto)) {
                self.live().tell_things(change);
            }
        }
    }
}

fn seen(thing: &StoredThing, grids: &impl GridAt) -> Seen {
    let face = Face::of(&thing.register, &thing.class, thing.removed, &thing.body, grids);
    Seen { serial: thing.serial, position: thing.position, face }
}
