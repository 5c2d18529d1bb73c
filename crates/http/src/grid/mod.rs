//! The grid system: unit grids in editions, drafts of the next one, duty grids, divisions.

pub mod division;
pub mod draft;
pub mod duty;
pub mod look;

use crate::door::Door;
use crate::error::HttpError;
use app::error::Problems;
use city::grid::Bounds;
use jiff::civil::Date;
use kernel::GridCode;
use utoipa_axum::router::OpenApiRouter;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .merge(look::routes())
        .merge(draft::routes())
        .merge(duty::routes())
        .merge(division::routes())
}

/// `west,south,east,north` in degrees.
fn bounds(text: Option<&String>, problems: &mut Problems) -> Option<Bounds> {
    let text = text?;
    let read: Vec<f64> = text.split(',').filter_map(|part| part.trim().parse().ok()).collect();
    match read[..] {
        [west, south, east, north]
            if west <= east && south <= north && read.iter().all(|number| number.is_finite()) =>
        {
            Some(Bounds { west, south, east, north })
        }
        _ => {
            problems.add("bbox", "malformed");
            None
        }
    }
}

fn day(text: Option<&String>, problems: &mut Problems) -> Option<Date> {
    let text = text.filter(|text| !text.is_empty())?;
    match text.parse() {
        Ok(day) => Some(day),
        Err(_) => {
            problems.add("on", "malformed");
            None
        }
    }
}

fn place(field: &str, text: Option<&String>, problems: &mut Problems) -> Option<GridCode> {
    let text = text.filter(|text| !text.is_empty())?;
    match text.parse() {
        Ok(code) => Some(code),
        Err(_) => {
            problems.add(field, "not_a_place");
            None
        }
    }
}

fn done(problems: Problems) -> Result<(), HttpError> {
    Ok(problems.done()?)
}
