//! How many components of each class a drawn city has, and where they stand.

use city::{Catalogue, Geometry};
use kernel::{ClassKey, Edition, Kind};
use std::collections::BTreeSet;

/// Where components of a class stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Where {
    /// In the carriageway of any street.
    Carriageway,
    /// At the kerb of any street.
    Kerb,
    /// On the pavement of any street.
    Pavement,
    /// At the kerb of arterial and secondary streets.
    Road,
    /// On the pavement near crossings.
    Crossing,
    /// On building fronts along secondary and local streets.
    Front,
    /// Inside the blocks.
    Block,
}

impl Where {
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "carriageway" => Self::Carriageway,
            "kerb" => Self::Kerb,
            "pavement" => Self::Pavement,
            "road" => Self::Road,
            "crossing" => Self::Crossing,
            "front" => Self::Front,
            "block" => Self::Block,
            _ => return None,
        })
    }
}

/// One class of the mix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MixRow {
    pub class: ClassKey,
    pub name: String,
    pub geometry: Geometry,
    pub count: usize,
    pub place: Where,
}

/// A class mix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mix {
    pub rows: Vec<MixRow>,
}

/// Why a class mix cannot be used. `line` counts from 1, the header included.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("class mix, line {line}, column {column}: {reason}")]
pub struct MixProblem {
    pub line: usize,
    pub column: &'static str,
    pub reason: String,
}

/// A sequence has six digits, and one county may get nearly all of a class.
const COUNT_MAX: usize = 900_000;

impl Mix {
    /// Reads `code,count,where`; other columns are for people. Lines that begin with `#` say what is assumed.
    ///
    /// # Errors
    /// The first line that cannot be used.
    pub fn from_csv(csv: &str, catalogue: &Catalogue) -> Result<Self, MixProblem> {
        let mut lines = csv
            .trim_start_matches('\u{feff}')
            .lines()
            .enumerate()
            .map(|(i, line)| (i + 1, line.trim()))
            .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        let (_, header) = lines.next().unwrap_or((1, ""));
        let columns: Vec<&str> = header.split(',').map(str::trim).collect();
        let find = |column: &'static str| {
            columns.iter().position(|name| *name == column).ok_or_else(|| MixProblem {
                line: 1,
                column,
                reason: "the column is missing".to_owned(),
            })
        };
        let (code_at, count_at, where_at) = (find("code")?, find("count")?, find("where")?);
        let mut rows = Vec::new();
        let mut seen = BTreeSet::new();
        for (line, text) in lines {
            let cells: Vec<&str> = text.split(',').map(str::trim).collect();
            let cell = |at: usize| cells.get(at).copied().unwrap_or_default();
            let bad = |column: &'static str, reason: String| MixProblem { line, column, reason };
            let class = ClassKey::new(Edition::E2026, Kind::Component, cell(code_at))
                .map_err(|why| bad("code", why.to_string()))?;
            let entry = catalogue
                .get(&class)
                .ok_or_else(|| bad("code", format!("there is no component class {}", class.code())))?;
            if !seen.insert(class.clone()) {
                return Err(bad("code", format!("class {} is there twice", class.code())));
            }
            let count: usize = cell(count_at)
                .parse()
                .ok()
                .filter(|n| *n <= COUNT_MAX)
                .ok_or_else(|| bad("count", format!("a number up to {COUNT_MAX} is expected")))?;
            let place = Where::parse(cell(where_at)).ok_or_else(|| {
                bad(
                    "where",
                    "carriageway, kerb, pavement, road, crossing, front or block is expected".to_owned(),
                )
            })?;
            rows.push(MixRow {
                name: entry.name.zh.clone(),
                geometry: entry.geometry.unwrap_or(Geometry::Point),
                class,
                count,
                place,
            });
        }
        Ok(Self { rows })
    }

    #[must_use]
    pub fn total(&self) -> usize {
        self.rows.iter().map(|row| row.count).sum()
    }

    /// The same mix for a smaller city: every count multiplied by `share`, rounded, at least one.
    #[must_use]
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)] // counts
    pub fn scaled(&self, share: f64) -> Self {
        let share = share.clamp(0.0, 1.0);
        let row = |row: &MixRow| MixRow {
            count: ((row.count as f64 * share).round() as usize).max(1),
            ..row.clone()
        };
        Self { rows: self.rows.iter().map(row).collect() }
    }
}
