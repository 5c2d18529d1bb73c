//! Taking collections away as files: read in pages, written row by row, noted in the audit log.

use super::receive::{blocking, failed};
use crate::app::App;
use crate::error::{AppError, FieldProblem};
use crate::places::AddressRow;
use crate::ports::files::{
    Column, ColumnKind, FileCell, FileFormat, RawShape, RowWriter, TextEncoding, Writing,
};
use crate::ports::things::THINGS_PER_READ_MAX;
use crate::ports::{COMPONENTS, StoreError, ThingQuery};
use crate::registers::{Entry, sees_personal};
use crate::rights;
use city::component::{Component, Place};
use kernel::coordinate::{CoordinateFault, Crs};
use kernel::{Actor, Cgcs2000, GridCode, Point, Role};
use pack::{FieldType, Register};
use serde::Deserialize;
use serde_json::Value;
use std::fs::File;
use std::io::Seek;
use utoipa::IntoParams;

/// Who takes collections away; the same as for cases, and who brings them in.
const ROLES: [Role; 6] = [
    Role::SystemAdmin,
    Role::ShiftLeader,
    Role::Dispatcher,
    Role::Leader,
    Role::Supervisor,
    Role::DepartmentOfficer,
];

/// What of a collection, and how.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExportAsk {
    #[param(inline)]
    pub format: FileFormat,
    /// Of CSV and shapefiles; UTF-8 when left out.
    #[serde(default)]
    #[param(inline)]
    pub encoding: Option<TextEncoding>,
    /// Coordinate system of the shapes, such as `cgcs2000`, `gcj02`, `gk3:40`; CGCS2000 when left out.
    #[param(max_length = 20)]
    pub crs: Option<String>,
    /// Components of this class.
    #[param(max_length = 40)]
    pub class: Option<String>,
    /// Whatever lies in this district, street, community or grid.
    #[param(max_length = 15)]
    pub area: Option<String>,
    /// In this state.
    #[param(max_length = 20)]
    pub state: Option<String>,
}

/// A file made.
#[derive(Debug)]
pub struct Exported {
    pub file: File,
    pub name: String,
    pub format: FileFormat,
    pub rows: u64,
    /// Rows left out because their place cannot be expressed in the system asked for.
    pub left_out: u64,
}

const COMPONENT_COLUMNS: [&str; 21] = [
    "code",
    "source_id",
    "class",
    "class_name",
    "name",
    "supervisor_code",
    "supervisor_name",
    "owner_code",
    "owner_name",
    "maintainer_code",
    "maintainer_name",
    "grid",
    "street_name",
    "community_name",
    "state",
    "first_on",
    "changed_on",
    "source",
    "note",
    "height_m",
    "accuracy",
];

impl App {
    /// Makes a file of a collection: `components`, `grids`, `addresses`, or the id of a register.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] without the right, [`AppError::Invalid`] naming what cannot be, and
    /// [`AppError::NotFound`] for an unknown collection.
    pub async fn export_collection(
        &self,
        actor: &Actor,
        collection: &str,
        ask: &ExportAsk,
        from: &str,
    ) -> Result<Exported, AppError> {
        rights::one_of(actor, &ROLES, "take collections away")?;
        let crs: Crs = ask
            .crs
            .as_deref()
            .unwrap_or("cgcs2000")
            .parse()
            .map_err(|_| AppError::invalid("crs", "unknown_system"))?;
        let area = match ask.area.as_deref().filter(|area| !area.is_empty()) {
            None => None,
            Some(text) => {
                Some(text.parse::<GridCode>().map_err(|_| AppError::invalid("area", "not_a_place"))?)
            }
        };
        let plain = |names: &[&str], numbers: &[&str]| -> Vec<Column> {
            let column = |name: &&str| Column {
                name: (*name).to_owned(),
                kind: if numbers.contains(name) { ColumnKind::Number } else { ColumnKind::Text },
            };
            names.iter().map(column).collect()
        };
        let what = match collection {
            "components" => Collection::Components,
            "grids" => Collection::Grids,
            "addresses" => Collection::Addresses,
            other => {
                let (_, register) =
                    self.register_for(actor, other).map_err(|_| AppError::NotFound("collection"))?;
                Collection::Register(Box::new(register))
            }
        };
        let columns = match &what {
            Collection::Components => plain(&COMPONENT_COLUMNS, &["height_m"]),
            Collection::Grids => plain(&["code", "from_edition"], &["from_edition"]),
            Collection::Addresses => plain(&ADDRESS_COLUMNS, &["weight"]),
            Collection::Register(register) => entry_columns(register, sees_personal(actor, register)),
        };
        let how = Writing {
            format: ask.format,
            encoding: ask.encoding.unwrap_or(TextEncoding::Utf8),
            crs,
            name: collection.to_owned(),
            columns: columns.clone(),
        };
        let files = self.files()?;
        let writer = blocking("write a file", move || files.write(&how))
            .await?
            .map_err(|cause| failed("write a file", cause))?;
        let mut out = Out { writer: Some(writer), crs, rows: 0, left_out: 0 };
        match &what {
            Collection::Components => self.export_components(actor, ask, area.as_ref(), &mut out).await?,
            Collection::Grids => self.export_grids(actor, area.as_ref(), &mut out).await?,
            Collection::Addresses => self.export_addresses(actor, area.as_ref(), &mut out).await?,
            Collection::Register(register) => {
                self.export_entries(actor, register, ask, area.as_ref(), &columns, &mut out).await?;
            }
        }
        let Out { writer, rows, left_out, .. } = out;
        let writer = writer.ok_or(AppError::Busy)?;
        let file = blocking("write a file", move || {
            let mut file = writer.finish()?;
            file.rewind()?;
            std::io::Result::Ok(file)
        })
        .await?
        .map_err(|cause| failed("write a file", cause))?;
        let detail = format!("{} rows as {}, {crs}", rows, ask.format.as_str());
        self.note_export(actor, collection, &detail, from).await?;
        let name = format!("{collection}.{}", ask.format.extension());
        Ok(Exported { file, name, format: ask.format, rows, left_out })
    }

    async fn export_components(
        &self,
        actor: &Actor,
        ask: &ExportAsk,
        area: Option<&GridCode>,
        out: &mut Out,
    ) -> Result<(), AppError> {
        let config = self.config(actor.city)?;
        if let Some(class) = ask.class.as_deref().filter(|class| !class.is_empty())
            && class.parse::<kernel::ClassKey>().is_err()
        {
            return Err(AppError::Invalid(vec![FieldProblem::new("class", "not_a_class")]));
        }
        let mut query = ThingQuery {
            register: COMPONENTS.to_owned(),
            class: ask.class.clone().filter(|class| !class.is_empty()),
            limit: THINGS_PER_READ_MAX,
            ..ThingQuery::default()
        };
        loop {
            let page = self.store().list_things(actor.city, &query).await?;
            query.after = page.last().map(|thing| thing.code.clone());
            let full = page.len() == query.limit as usize;
            let mut rows = Vec::with_capacity(page.len());
            for thing in page {
                let component: Component = serde_json::from_str(&thing.body).map_err(|why| {
                    AppError::Store(StoreError::Corrupt {
                        table: "things",
                        id: format!("{}/{}", thing.register, thing.code),
                        why: why.to_string(),
                    })
                })?;
                let state = word(&component.state);
                let fits = area.is_none_or(|area| component.grid.is_within(area))
                    && ask.state.as_deref().is_none_or(|wanted| wanted.is_empty() || wanted == state);
                if fits {
                    let class = config.class_name(&component.code.class).zh;
                    rows.push((component_cells(&component, &class, &state), Some(shape(&component.place))));
                }
            }
            out.write(rows).await?;
            if !full {
                return Ok(());
            }
        }
    }

    async fn export_grids(
        &self,
        actor: &Actor,
        area: Option<&GridCode>,
        out: &mut Out,
    ) -> Result<(), AppError> {
        let grids = self.store().grids(actor.city, None).await?;
        for part in grids.chunks(THINGS_PER_READ_MAX as usize) {
            let mut rows = Vec::with_capacity(part.len());
            for grid in part.iter().filter(|grid| area.is_none_or(|area| grid.code.is_within(area))) {
                let shape = super::wkt::parse(&grid.shape).map_err(|why| {
                    AppError::Store(StoreError::Corrupt {
                        table: "grids",
                        id: grid.code.to_string(),
                        why: why.to_owned(),
                    })
                })?;
                let cells = vec![
                    FileCell::text(grid.code.to_string()),
                    FileCell::Number(f64::from(grid.from_edition)),
                ];
                rows.push((cells, Some(shape)));
            }
            out.write(rows).await?;
        }
        Ok(())
    }
}

impl App {
    /// The entries of a register that the actor sees; personal fields only for those who may.
    async fn export_entries(
        &self,
        actor: &Actor,
        register: &Register,
        ask: &ExportAsk,
        area: Option<&GridCode>,
        columns: &[Column],
        out: &mut Out,
    ) -> Result<(), AppError> {
        let config = self.config(actor.city)?;
        let entries = self.entries_seen(actor, &config, register).await?;
        for part in entries.chunks(THINGS_PER_READ_MAX as usize) {
            let mut rows = Vec::with_capacity(part.len());
            for entry in part {
                let in_area = area.is_none_or(|area| {
                    entry.body.grid().is_some_and(|grid| config.divisions.within(&grid, area))
                });
                let in_state =
                    ask.state.as_deref().is_none_or(|wanted| wanted.is_empty() || wanted == entry.body.state);
                let of_class =
                    ask.class.as_deref().is_none_or(|wanted| wanted.is_empty() || wanted == entry.kind);
                if in_area && in_state && of_class {
                    let place = Place::from_wkt(&entry.body.place).ok();
                    let cells = columns.iter().map(|column| entry_cell(entry, &column.name)).collect();
                    rows.push((cells, place.as_ref().map(shape)));
                }
            }
            out.write(rows).await?;
        }
        Ok(())
    }

    async fn export_addresses(
        &self,
        actor: &Actor,
        area: Option<&GridCode>,
        out: &mut Out,
    ) -> Result<(), AppError> {
        let corrupt = |id: &str, why: String| {
            AppError::Store(StoreError::Corrupt { table: "addresses", id: id.to_owned(), why })
        };
        let mut position = 0;
        loop {
            let page = self.store().addresses_since(actor.city, position, THINGS_PER_READ_MAX).await?;
            let full = page.len() == THINGS_PER_READ_MAX as usize;
            let mut rows = Vec::with_capacity(page.len());
            for stored in page {
                position = stored.position;
                if stored.removed {
                    continue;
                }
                let address: AddressRow =
                    serde_json::from_str(&stored.body).map_err(|why| corrupt(&stored.id, why.to_string()))?;
                if area.is_none_or(|area| address.area.starts_with(area.as_str())) {
                    let shape = super::wkt::parse(&address.place)
                        .map_err(|why| corrupt(&stored.id, why.to_owned()))?;
                    rows.push((address_cells(&stored.id, &address), Some(shape)));
                }
            }
            out.write(rows).await?;
            if !full {
                return Ok(());
            }
        }
    }
}

/// What is taken away.
enum Collection {
    Components,
    Grids,
    Addresses,
    Register(Box<Register>),
}

const ADDRESS_COLUMNS: [&str; 9] =
    ["id", "kind", "name_zh", "name_en", "aliases", "door", "area", "weight", "source"];

fn address_cells(id: &str, row: &AddressRow) -> Vec<FileCell> {
    vec![
        FileCell::text(id),
        FileCell::text(row.kind.as_str()),
        FileCell::text(row.name_zh.as_str()),
        FileCell::text(row.name_en.as_str()),
        FileCell::text(row.aliases.join("|")),
        FileCell::text(row.door.as_deref().unwrap_or_default()),
        FileCell::text(row.area.as_str()),
        FileCell::Number(f64::from(row.weight)),
        FileCell::text(row.source.as_str()),
    ]
}

/// The columns of a register: what every entry has, what its pack asks, its documents. Brought in again they are
/// found by themselves.
fn entry_columns(register: &Register, personal: bool) -> Vec<Column> {
    let text = |name: String| Column { name, kind: ColumnKind::Text };
    let number = |name: String| Column { name, kind: ColumnKind::Number };
    let mut columns: Vec<Column> =
        ["code", "source_id", "name", "kind", "state", "grid"].map(|name| text(name.to_owned())).into();
    if register.rating.is_some() {
        columns.push(number("score".to_owned()));
    }
    let kept = |field: &&pack::Field| {
        (personal || !field.personal) && !matches!(field.kind, FieldType::Photo | FieldType::Documents)
    };
    columns.extend(register.fields.iter().filter(kept).map(|field| {
        let name = format!("fields.{}", field.id);
        if field.kind == FieldType::Number { number(name) } else { text(name) }
    }));
    for document in &register.documents {
        for part in ["number", "issued_on", "expires_on"] {
            columns.push(text(format!("documents.{}.{part}", document.id)));
        }
    }
    columns
}

fn entry_cell(entry: &Entry, column: &str) -> FileCell {
    let body = &entry.body;
    let day =
        |day: Option<jiff::civil::Date>| day.map_or(FileCell::Empty, |day| FileCell::text(day.to_string()));
    match column {
        "code" => FileCell::text(entry.code.as_str()),
        "source_id" => FileCell::text(body.source_id.as_str()),
        "name" => FileCell::text(entry.name.as_str()),
        "kind" => FileCell::text(entry.kind.as_str()),
        "state" => FileCell::text(body.state.as_str()),
        "grid" => FileCell::text(body.grid.as_deref().unwrap_or_default()),
        "score" => body.score.map_or(FileCell::Empty, FileCell::Number),
        other => {
            if let Some(id) = other.strip_prefix("fields.") {
                return match body.fields.get(id) {
                    None | Some(Value::Null) => FileCell::Empty,
                    Some(Value::Number(number)) => number.as_f64().map_or(FileCell::Empty, FileCell::Number),
                    Some(Value::String(text)) => FileCell::text(text.as_str()),
                    Some(value) => FileCell::text(value.to_string()),
                };
            }
            let named = other.strip_prefix("documents.").and_then(|rest| rest.rsplit_once('.'));
            let Some((id, part)) = named else { return FileCell::Empty };
            let Some(held) = body.documents.iter().find(|held| held.document == id) else {
                return FileCell::Empty;
            };
            match part {
                "number" => FileCell::text(held.number.as_str()),
                "issued_on" => day(held.issued_on),
                _ => day(held.expires_on),
            }
        }
    }
}

type OutRow = (Vec<FileCell>, Option<RawShape>);

struct Out {
    writer: Option<Box<dyn RowWriter>>,
    crs: Crs,
    rows: u64,
    left_out: u64,
}

impl Out {
    async fn write(&mut self, rows: Vec<OutRow>) -> Result<(), AppError> {
        let Some(mut writer) = self.writer.take() else { return Err(AppError::Busy) };
        let crs = self.crs;
        let (writer, written, left_out) = blocking("write a file", move || {
            let (mut written, mut left_out) = (0, 0);
            for (cells, shape) in rows {
                let express = |[lng, lat]: [f64; 2]| {
                    let point = Point::<Cgcs2000>::new(lng, lat).ok_or(CoordinateFault::NotFinite)?;
                    crs.express(point).map(|(x, y)| [x, y])
                };
                match shape.map(|shape| shape.turned(express)).transpose() {
                    Ok(shape) => {
                        writer.row(&cells, shape.as_ref())?;
                        written += 1;
                    }
                    Err(_) => left_out += 1,
                }
            }
            std::io::Result::Ok((writer, written, left_out))
        })
        .await?
        .map_err(|cause| failed("write a file", cause))?;
        self.writer = Some(writer);
        self.rows += written;
        self.left_out += left_out;
        Ok(())
    }
}

fn word<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

fn component_cells(c: &Component, class_name: &str, state: &str) -> Vec<FileCell> {
    let text = |text: &str| FileCell::text(text);
    let body = |body: Option<&city::component::Body>| {
        body.map_or([FileCell::Empty, FileCell::Empty], |b| [text(&b.code), text(&b.name)])
    };
    let [supervisor_code, supervisor_name] = body(Some(&c.supervisor));
    let [owner_code, owner_name] = body(c.owner.as_ref());
    let [maintainer_code, maintainer_name] = body(c.maintainer.as_ref());
    vec![
        FileCell::text(c.code.to_string()),
        text(&c.source_id),
        FileCell::text(c.code.class.to_string()),
        text(class_name),
        text(&c.name),
        supervisor_code,
        supervisor_name,
        owner_code,
        owner_name,
        maintainer_code,
        maintainer_name,
        FileCell::text(c.grid.to_string()),
        text(&c.street_name),
        text(&c.community_name),
        text(state),
        FileCell::text(c.first_on.to_string()),
        c.changed_on.map_or(FileCell::Empty, |on| FileCell::text(on.to_string())),
        text(&c.source),
        text(&c.note),
        c.height_m.map_or(FileCell::Empty, FileCell::Number),
        FileCell::text(word(&c.accuracy)),
    ]
}

fn shape(place: &Place) -> RawShape {
    let pair = |p: &Point<Cgcs2000>| [p.lng(), p.lat()];
    match place {
        Place::Point(point) => RawShape::Point(pair(point)),
        Place::Line(line) => RawShape::Line(line.iter().map(pair).collect()),
        Place::Polygon(rings) => {
            RawShape::Polygon(rings.iter().map(|ring| ring.iter().map(pair).collect()).collect())
        }
    }
}
