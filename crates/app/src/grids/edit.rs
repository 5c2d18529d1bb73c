//! What one edit of a draft changes. Pure: areas in, changes out.

use super::areas::{Area, Areas, attributes_of, communities, community_of, grids, is_grid, rows, whole_m2};
use super::geojson::{read_line, read_polygon};
use crate::config::Config;
use crate::error::{AppError, FieldProblem, Problems};
use city::area::PlaceLevel;
use city::{AreaGrade, GridAttributes, codes};
use jiff::civil::Date;
use kernel::GridCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use spatial::check::{Limits, RepairOptions, repair};
use spatial::divide::{Community, GRIDS_PER_COMMUNITY_MAX, Options, divide, grid_code, reading_order};
use spatial::edit::{self, EditProblem, same};
use spatial::shape::{Shape, Vertex};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use utoipa::ToSchema;

/// Grids and outlines of one import: the grids of a large city.
const FEATURES_MAX: usize = 50_000;
/// Streets given with one division.
const STREETS_MAX: usize = 20_000;
/// Codes named by one edit.
const CODES_MAX: usize = 1_000;

/// `None`: it is no more.
pub type Changes = BTreeMap<GridCode, Option<Area>>;

/// One edit of a draft.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct EditIn {
    /// Version of the draft it is made on.
    pub version: u32,
    /// `draw` (geometry, community), `reshape` (code, geometry), `split` (code, line), `merge` (codes), `void` (codes),
    /// `attributes` (codes, attributes), `divide` (codes of communities, streets, target_m2), `outline` (community,
    /// geometry), `import` (collection, replace), `renumber` (codes of communities), `repair`, `undo`, `redo`.
    pub edit: String,
    pub code: String,
    pub codes: Vec<String>,
    /// 12 digits; found from the place when empty.
    pub community: String,
    /// GeoJSON polygon, longitude and latitude in CGCS2000.
    #[schema(value_type = Option<Object>)]
    pub geometry: Option<Value>,
    pub line: Vec<[f64; 2]>,
    pub streets: Vec<Vec<[f64; 2]>>,
    #[schema(minimum = 100, maximum = 10_000_000)]
    pub target_m2: Option<f64>,
    /// Only what is to change.
    pub attributes: AttributesIn,
    /// GeoJSON FeatureCollection of grids (property `code`, 15 or 14 digits, or none) and outlines (12 digits).
    #[schema(value_type = Option<Object>)]
    pub collection: Option<Value>,
    /// Take out the other grids of the communities that are imported.
    pub replace: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct AttributesIn {
    /// `A`, `B`, `C`, or empty for none.
    pub grade: Option<String>,
    #[schema(max_length = 200)]
    pub land_use: Option<String>,
    #[schema(max_length = 200)]
    pub level: Option<String>,
    #[schema(max_length = 200)]
    pub responsible: Option<String>,
    #[schema(max_length = 200)]
    pub remark: Option<String>,
}

/// What edits are decided on beside the areas.
pub struct Ground<'a> {
    pub config: &'a Config,
    /// Codes that were ever in force.
    pub taken: BTreeSet<GridCode>,
    pub today: Date,
}

/// What an edit changes.
///
/// # Errors
/// [`AppError::Invalid`] with everything that is wrong.
pub fn changes(areas: &Areas, sent: &EditIn, ground: &Ground<'_>) -> Result<Changes, AppError> {
    let mut taken = ground.taken.clone();
    taken.extend(areas.keys().cloned());
    let mut desk = Desk { areas, ground, taken, changes: Changes::new() };
    match sent.edit.as_str() {
        "draw" => desk.draw(sent)?,
        "reshape" => desk.reshape(sent)?,
        "split" => desk.split(sent)?,
        "merge" => desk.merge(sent)?,
        "void" => desk.void(sent)?,
        "attributes" => desk.attributes(sent)?,
        "divide" => desk.divide(sent)?,
        "outline" => desk.outline(sent)?,
        "import" => desk.import(sent)?,
        "renumber" => desk.renumber(sent)?,
        "repair" => desk.repair(),
        _ => return Err(AppError::invalid("edit", "unknown_value")),
    }
    Ok(desk.changes)
}

struct Desk<'a> {
    areas: &'a Areas,
    ground: &'a Ground<'a>,
    taken: BTreeSet<GridCode>,
    changes: Changes,
}

impl Desk<'_> {
    fn draw(&mut self, sent: &EditIn) -> Result<(), AppError> {
        let drawn = polygon(sent)?;
        let community = self.community(sent, &drawn)?;
        let within = self.areas.get(&community).map(|area| &area.shape);
        let others: Vec<&Shape> = grids(self.areas).map(|(_, area)| &area.shape).collect();
        let shape = edit::fit(&drawn, &others, within).map_err(|why| refused("geometry", why))?;
        let code = self.next_code(&community)?;
        self.put_new(code, shape.clone(), &GridAttributes::default());
        self.share(&[shape]);
        Ok(())
    }

    fn reshape(&mut self, sent: &EditIn) -> Result<(), AppError> {
        let code = self.grid(&sent.code, "code")?;
        let drawn = polygon(sent)?;
        let community = community_of(&code);
        let old = self.areas[&code].shape.clone();
        let within = self.areas.get(&community).map(|area| &area.shape);
        // Where the border of the community is known, grids beyond it are not touched.
        let others: Vec<(&GridCode, &Shape)> = grids(self.areas)
            .filter(|(other, _)| **other != code && (within.is_none() || community_of(other) == community))
            .map(|(other, area)| (other, &area.shape))
            .collect();
        let shapes: Vec<&Shape> = others.iter().map(|(_, shape)| *shape).collect();
        let (own, beside) =
            edit::redraw(&old, &drawn, &shapes, within).map_err(|why| refused("geometry", why))?;
        let mut drawn = vec![own.clone()];
        self.put_shape(&code, own);
        for (at, shape) in beside {
            drawn.push(shape.clone());
            let code = others[at].0.clone();
            self.put_shape(&code, shape);
        }
        self.share(&drawn);
        Ok(())
    }

    fn split(&mut self, sent: &EditIn) -> Result<(), AppError> {
        let code = self.grid(&sent.code, "code")?;
        let mut problems = Problems::default();
        let line = read_line(&sent.line, "line", &mut problems);
        problems.done()?;
        let old = self.areas[&code].clone();
        let mut pieces = edit::split(&old.shape, &line).map_err(|why| refused("line", why))?;
        // The largest keeps the code, so that most of what is registered in it stays.
        let larger = |a: &usize, b: &usize| {
            pieces[*a].area_m2().total_cmp(&pieces[*b].area_m2()).then_with(|| b.cmp(a))
        };
        let largest = (0..pieces.len()).max_by(larger);
        let kept = pieces.remove(largest.unwrap_or(0));
        let mut drawn = vec![kept.clone()];
        self.put_shape(&code, kept);
        for piece in pieces {
            let fresh = self.next_code(&community_of(&code))?;
            drawn.push(piece.clone());
            self.put_new(fresh, piece, &old.attributes);
        }
        self.share(&drawn);
        Ok(())
    }

    fn merge(&mut self, sent: &EditIn) -> Result<(), AppError> {
        let codes = self.grids_of(sent)?;
        if codes.len() < 2 {
            return Err(AppError::invalid("codes", "choose_two_grids"));
        }
        if codes.iter().any(|code| community_of(code) != community_of(&codes[0])) {
            return Err(AppError::invalid("codes", "other_community"));
        }
        let shapes: Vec<&Shape> = codes.iter().map(|code| &self.areas[code].shape).collect();
        let shape = edit::merge(&shapes).map_err(|why| refused("codes", why))?;
        for gone in &codes[1..] {
            self.changes.insert(gone.clone(), None);
        }
        self.put_shape(&codes[0], shape.clone());
        self.share(&[shape]);
        Ok(())
    }

    fn void(&mut self, sent: &EditIn) -> Result<(), AppError> {
        for code in self.grids_of(sent)? {
            self.changes.insert(code, None);
        }
        Ok(())
    }

    fn attributes(&mut self, sent: &EditIn) -> Result<(), AppError> {
        let codes = self.grids_of(sent)?;
        let given = &sent.attributes;
        let grade = match given.grade.as_deref() {
            None => None,
            Some("") => Some(None),
            Some(word) => Some(Some(
                AreaGrade::parse(word)
                    .ok_or_else(|| AppError::invalid("attributes.grade", "unknown_value"))?,
            )),
        };
        for code in codes {
            let mut area = self.areas[&code].as_ref().clone();
            let own = &mut area.attributes;
            own.grade = grade.unwrap_or(own.grade);
            for (text, new) in [
                (&mut own.land_use, &given.land_use),
                (&mut own.level, &given.level),
                (&mut own.responsible, &given.responsible),
                (&mut own.remark, &given.remark),
            ] {
                if let Some(new) = new {
                    new.trim().clone_into(text);
                }
            }
            let wrong: Vec<FieldProblem> = own
                .check()
                .into_iter()
                .map(|problem| {
                    FieldProblem::new(format!("attributes.{}", problem.field), problem.code)
                        .with("max", city::unit_grid::TEXT_MAX as u64)
                })
                .collect();
            if !wrong.is_empty() {
                return Err(AppError::Invalid(wrong));
            }
            self.changes.insert(code, Some(area));
        }
        Ok(())
    }

    fn divide(&mut self, sent: &EditIn) -> Result<(), AppError> {
        let mut problems = Problems::default();
        let wanted = self.communities_of(sent, &mut problems);
        if sent.streets.len() > STREETS_MAX {
            problems.push(FieldProblem::new("streets", "too_many").with("max", STREETS_MAX as u64));
        }
        let mut streets: Vec<Vec<Vertex>> = Vec::new();
        for (at, street) in sent.streets.iter().take(STREETS_MAX).enumerate() {
            streets.push(read_line(street, &format!("streets[{at}]"), &mut problems));
        }
        let known: BTreeMap<GridCode, Shape> =
            communities(self.areas).into_iter().map(|one| (one.code, one.shape)).collect();
        let mut chosen = Vec::new();
        for (at, code) in wanted.iter().enumerate() {
            match known.get(code) {
                Some(shape) => chosen.push(Community { code: code.clone(), shape: shape.clone() }),
                None => problems.add(format!("codes[{at}]"), "no_outline"),
            }
        }
        problems.done()?;
        let options =
            Options { target_m2: sent.target_m2.unwrap_or(10_000.0), snap_m: 0.25, ..Options::default() };
        let divided = divide(&chosen, &streets, &options).map_err(|why| {
            AppError::Invalid(vec![FieldProblem::new("codes", why.code()).with("why", why.to_string())])
        })?;
        let mut shapes: Vec<Vec<Shape>> = vec![Vec::new(); chosen.len()];
        for grid in divided.grids {
            shapes[grid.community].push(grid.shape);
        }
        for ((community, shapes), outline) in chosen.iter().zip(shapes).zip(divided.outlines) {
            self.replace(&community.code, shapes)?;
            let attributes = self.areas.get(&community.code).map(|area| area.attributes.clone());
            let attributes = attributes.unwrap_or_else(|| attributes_of(&outline));
            self.changes.insert(community.code.clone(), Some(Area { shape: outline, attributes }));
        }
        let drawn: Vec<Shape> = self.changes.values().flatten().map(|area| area.shape.clone()).collect();
        self.share(&drawn);
        Ok(())
    }

    fn outline(&mut self, sent: &EditIn) -> Result<(), AppError> {
        let shape = polygon(sent)?;
        let community = self.community(sent, &shape)?;
        self.changes.insert(community, Some(Area { attributes: attributes_of(&shape), shape }));
        Ok(())
    }

    fn import(&mut self, sent: &EditIn) -> Result<(), AppError> {
        let features = sent.collection.as_ref().and_then(|all| all.get("features")).and_then(Value::as_array);
        let Some(features) = features.filter(|features| !features.is_empty()) else {
            return Err(AppError::invalid("collection", "required"));
        };
        if features.len() > FEATURES_MAX {
            let most = FieldProblem::new("collection", "too_many").with("max", FEATURES_MAX as u64);
            return Err(AppError::Invalid(vec![most]));
        }
        let mut problems = Problems::default();
        let mut coded: BTreeMap<GridCode, Area> = BTreeMap::new();
        let mut uncoded: Vec<Area> = Vec::new();
        for (at, feature) in features.iter().enumerate() {
            let field = format!("collection.features[{at}]");
            match read_feature(feature, &field, self.ground.today) {
                Ok((Some(code), area)) => {
                    if let Some(problem) = self.unknown_community(&code, &format!("{field}.code")) {
                        problems.push(problem);
                    } else if coded.insert(code, area).is_some() {
                        problems.add(format!("{field}.code"), "code_twice");
                    }
                }
                Ok((None, area)) => uncoded.push(area),
                Err(problem) => problems.push(problem),
            }
            // A hopeless file need not be told line by line.
            if problems_full(&problems) {
                break;
            }
        }
        problems.done()?;
        if sent.replace {
            let touched: BTreeSet<GridCode> =
                coded.keys().filter(|code| is_grid(code)).map(community_of).collect();
            let gone = grids(self.areas).filter(|(code, _)| touched.contains(&community_of(code)));
            self.changes.extend(gone.map(|(code, _)| (code.clone(), None)));
        }
        self.taken.extend(coded.keys().cloned());
        self.changes.extend(coded.into_iter().map(|(code, area)| (code, Some(area))));
        self.number(uncoded)
    }

    /// Codes for grids that came without one: by the community they lie in, in reading order.
    fn number(&mut self, uncoded: Vec<Area>) -> Result<(), AppError> {
        let mut by_community: BTreeMap<GridCode, Vec<Area>> = BTreeMap::new();
        for (at, area) in uncoded.into_iter().enumerate() {
            let community = self.community_around(&area.shape).ok_or_else(|| {
                AppError::invalid(format!("collection.features[{at}].code"), "community_needed")
            })?;
            by_community.entry(community).or_default().push(area);
        }
        for (community, areas) in by_community {
            let shapes: Vec<Shape> = areas.iter().map(|area| area.shape.clone()).collect();
            for at in reading_order(&shapes) {
                let code = self.next_code(&community)?;
                self.changes.insert(code, Some(areas[at].clone()));
            }
        }
        Ok(())
    }

    fn renumber(&mut self, sent: &EditIn) -> Result<(), AppError> {
        let mut problems = Problems::default();
        let wanted = self.communities_of(sent, &mut problems);
        problems.done()?;
        for community in wanted {
            let own: Vec<(GridCode, Arc<Area>)> = grids(self.areas)
                .filter(|(code, _)| code.is_within(&community))
                .map(|(code, area)| (code.clone(), area.clone()))
                .collect();
            // Codes that were in force stay with their grids.
            let (fixed, free): (Vec<_>, Vec<_>) =
                own.into_iter().partition(|(code, _)| self.ground.taken.contains(code));
            for (code, _) in &free {
                self.taken.remove(code);
                self.changes.insert(code.clone(), None);
            }
            drop(fixed);
            let shapes: Vec<Shape> = free.iter().map(|(_, area)| area.shape.clone()).collect();
            for at in reading_order(&shapes) {
                let code = self.next_code(&community)?;
                self.changes.insert(code, Some(free[at].1.as_ref().clone()));
            }
        }
        Ok(())
    }

    fn repair(&mut self) {
        let rows = rows(self.areas);
        let mended = repair(&rows, &communities(self.areas), &RepairOptions::default(), &Limits::default());
        for row in mended.rows {
            let Ok(code) = row.code.parse::<GridCode>() else { continue };
            if let Some(old) = self.areas.get(&code).filter(|old| !same(&old.shape, &row.shape)) {
                self.changes.insert(code, Some(reshaped(old, row.shape)));
            }
        }
        for community in mended.communities {
            let old = self.areas.get(&community.code);
            if let Some(old) = old.filter(|old| !same(&old.shape, &community.shape)) {
                self.changes.insert(community.code, Some(reshaped(old, community.shape)));
            }
        }
    }

    /// The grids of a community become these; one with the same shape keeps its code.
    fn replace(&mut self, community: &GridCode, shapes: Vec<Shape>) -> Result<(), AppError> {
        let own: Vec<(GridCode, Arc<Area>)> = grids(self.areas)
            .filter(|(code, _)| code.is_within(community))
            .map(|(code, area)| (code.clone(), area.clone()))
            .collect();
        let mut fresh = Vec::new();
        let mut kept = BTreeSet::new();
        for shape in shapes {
            match own.iter().find(|(_, area)| same(&area.shape, &shape)) {
                Some((code, _)) => {
                    kept.insert(code.clone());
                }
                None => fresh.push(shape),
            }
        }
        for (code, _) in own.iter().filter(|(code, _)| !kept.contains(code)) {
            self.changes.insert(code.clone(), None);
            if !self.ground.taken.contains(code) {
                self.taken.remove(code);
            }
        }
        for at in reading_order(&fresh) {
            let code = self.next_code(community)?;
            self.put_new(code, fresh[at].clone(), &GridAttributes::default());
        }
        Ok(())
    }

    /// Gives everything beside `drawn` its corners.
    fn share(&mut self, drawn: &[Shape]) {
        let beside: Vec<(GridCode, Area)> = self
            .areas
            .iter()
            .filter(|(code, _)| !self.changes.contains_key(*code))
            .map(|(code, area)| (code.clone(), area.as_ref().clone()))
            .collect();
        let shapes: Vec<&Shape> = beside.iter().map(|(_, area)| &area.shape).collect();
        for (at, shape) in edit::share(drawn, &shapes) {
            let (code, area) = &beside[at];
            self.changes.insert(code.clone(), Some(reshaped(area, shape)));
        }
    }

    fn put_shape(&mut self, code: &GridCode, shape: Shape) {
        if let Some(old) = self.areas.get(code) {
            self.changes.insert(code.clone(), Some(reshaped(old, shape)));
        }
    }

    fn put_new(&mut self, code: GridCode, shape: Shape, like: &GridAttributes) {
        let attributes =
            GridAttributes { area_m2: whole_m2(&shape), since_on: Some(self.ground.today), ..like.clone() };
        self.changes.insert(code, Some(Area { shape, attributes }));
    }

    /// The next code of a community; a voided one is not issued again.
    fn next_code(&mut self, community: &GridCode) -> Result<GridCode, AppError> {
        let last = self
            .taken
            .range(community.clone()..)
            .take_while(|code| code.is_within(community))
            .filter_map(|code| code.as_str().get(12..)?.parse::<usize>().ok())
            .max()
            .unwrap_or(0);
        let code = grid_code(community, last + 1).ok_or_else(|| {
            let most = GRIDS_PER_COMMUNITY_MAX as u64;
            AppError::Invalid(vec![FieldProblem::new("community", "no_code_left").with("max", most)])
        })?;
        self.taken.insert(code.clone());
        Ok(code)
    }

    fn grid(&self, text: &str, field: &str) -> Result<GridCode, AppError> {
        let code = codes::unit_grid(text).ok().filter(|code| self.areas.contains_key(code));
        code.ok_or_else(|| AppError::invalid(field, "unknown_grid"))
    }

    fn grids_of(&self, sent: &EditIn) -> Result<Vec<GridCode>, AppError> {
        let mut problems = Problems::default();
        if sent.codes.is_empty() {
            problems.add("codes", "required");
        }
        if sent.codes.len() > CODES_MAX {
            problems.push(FieldProblem::new("codes", "too_many").with("max", CODES_MAX as u64));
        }
        let mut found = BTreeSet::new();
        for (at, text) in sent.codes.iter().take(CODES_MAX).enumerate() {
            match self.grid(text, &format!("codes[{at}]")) {
                Ok(code) => {
                    found.insert(code);
                }
                Err(_) => problems.add(format!("codes[{at}]"), "unknown_grid"),
            }
        }
        problems.done()?;
        Ok(found.into_iter().collect())
    }

    fn communities_of(&self, sent: &EditIn, problems: &mut Problems) -> Vec<GridCode> {
        if sent.codes.is_empty() {
            problems.add("codes", "required");
        }
        let mut found = Vec::new();
        for (at, text) in sent.codes.iter().take(CODES_MAX).enumerate() {
            match text.parse::<GridCode>().ok().filter(|c| PlaceLevel::of(c) == PlaceLevel::Community) {
                Some(code) if !found.contains(&code) => found.push(code),
                Some(_) => {}
                None => problems.add(format!("codes[{at}]"), "not_a_community"),
            }
        }
        found
    }

    /// The community an edit names, or the one its drawing lies in.
    fn community(&self, sent: &EditIn, drawn: &Shape) -> Result<GridCode, AppError> {
        if sent.community.is_empty() {
            return self
                .community_around(drawn)
                .ok_or_else(|| AppError::invalid("community", "community_needed"));
        }
        let code = sent.community.parse::<GridCode>().ok();
        let code = code.filter(|code| PlaceLevel::of(code) == PlaceLevel::Community);
        let code = code.ok_or_else(|| AppError::invalid("community", "not_a_community"))?;
        match self.unknown_community(&code, "community") {
            Some(problem) => Err(AppError::Invalid(vec![problem])),
            None => Ok(code),
        }
    }

    fn community_around(&self, shape: &Shape) -> Option<GridCode> {
        let inner = shape.inner_point()?;
        let drawn = self.changes.iter().filter_map(|(code, area)| Some((code, area.as_ref()?)));
        let kept = self.areas.iter().map(|(code, area)| (code, area.as_ref()));
        let outline = drawn.chain(kept).find(|(code, area)| !is_grid(code) && area.shape.holds(inner));
        if let Some((code, _)) = outline {
            return Some(code.clone());
        }
        // Without borders, that of the nearest grid within half a kilometre.
        let far = |area: &Area| {
            area.shape
                .rings()
                .flat_map(|ring| &ring.0)
                .map(|v| v.metres_to(inner))
                .fold(f64::INFINITY, f64::min)
        };
        let nearest =
            grids(self.areas).map(|(code, area)| (far(area), code)).min_by(|a, b| a.0.total_cmp(&b.0));
        nearest.filter(|(metres, _)| *metres < 500.0).map(|(_, code)| community_of(code))
    }

    /// A community is known by the city's divisions, where it has any at this level, or by what is drawn.
    fn unknown_community(&self, code: &GridCode, field: &str) -> Option<FieldProblem> {
        let community = community_of(code);
        let divisions = &self.ground.config.divisions;
        let any = divisions.iter().any(|one| PlaceLevel::of(&one.code) == PlaceLevel::Community);
        let known = !any
            || divisions.get(&community).is_some_and(|one| one.is_valid_on(self.ground.today))
            || self.areas.range(community.clone()..).next().is_some_and(|(one, _)| one.is_within(&community));
        (!known).then(|| FieldProblem::new(field, "unknown_community").with("code", community.to_string()))
    }
}

/// Problems told of one import.
const PROBLEMS_MAX: usize = 200;

fn problems_full(problems: &Problems) -> bool {
    problems.len() >= PROBLEMS_MAX
}

fn reshaped(old: &Area, shape: Shape) -> Area {
    let attributes = GridAttributes { area_m2: whole_m2(&shape), ..old.attributes.clone() };
    Area { shape, attributes }
}

fn refused(field: &str, why: EditProblem) -> AppError {
    AppError::invalid(field, why.code())
}

fn polygon(sent: &EditIn) -> Result<Shape, AppError> {
    let geometry = sent.geometry.as_ref().ok_or_else(|| AppError::invalid("geometry", "required"))?;
    read_polygon(geometry, "geometry").map_err(|problem| AppError::Invalid(vec![problem]))
}

/// Names under which city data hold the code of a grid. Source: `standards/codes.md` §3, §8.
const CODE_NAMES: [&str; 6] = ["code", "DYWGCODE", "BGID", "grid_code", "CODE", "Code"];

fn read_feature(feature: &Value, field: &str, today: Date) -> Result<(Option<GridCode>, Area), FieldProblem> {
    let geometry = feature.get("geometry").unwrap_or(&Value::Null);
    let shape = read_polygon(geometry, &format!("{field}.geometry"))?;
    let properties = feature.get("properties").unwrap_or(&Value::Null);
    let text = |name: &str| match properties.get(name) {
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let written = CODE_NAMES.iter().map(|name| text(name)).find(|code| !code.is_empty());
    let code = written.map(|code| {
        let community = code.parse::<GridCode>().ok().filter(|c| PlaceLevel::of(c) == PlaceLevel::Community);
        community.or_else(|| codes::unit_grid(&code).ok()).ok_or_else(|| {
            FieldProblem::new(format!("{field}.code"), "bad_grid_code").with("code", code.clone())
        })
    });
    let since_on = text("since_on").parse().ok().or(Some(today));
    let attributes = GridAttributes {
        area_m2: whole_m2(&shape),
        since_on,
        grade: AreaGrade::parse(&text("grade")),
        land_use: text("land_use"),
        level: text("level"),
        responsible: text("responsible"),
        remark: text("remark"),
    };
    if let Some(problem) = attributes.check().into_iter().next() {
        let field = format!("{field}.{}", problem.field);
        return Err(FieldProblem::new(field, "too_long").with("max", city::unit_grid::TEXT_MAX as u64));
    }
    Ok((code.transpose()?, Area { shape, attributes }))
}
