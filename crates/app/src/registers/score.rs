//! Scores of a period rolled up: by community, street, district.

use super::list::{area_of, in_area};
use super::sees_entry;
use crate::app::App;
use crate::config::words;
use crate::error::AppError;
use crate::view::Words;
use kernel::{Actor, GridCode, Timestamp};
use pack::score::{colour, score};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// Days of one period; inspections older than that are not kept in memory.
const PERIOD_DAYS_MAX: i64 = 366;

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ScoreQuery {
    /// `district`, `street` (default) or `community`.
    #[param(max_length = 20)]
    pub level: Option<String>,
    /// Only inside this division.
    #[param(max_length = 15)]
    pub area: Option<String>,
    /// Epoch milliseconds; the pack's period up to now when left out.
    pub from: Option<i64>,
    pub to: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ScoresView {
    pub level: String,
    pub from: i64,
    pub to: i64,
    pub areas: Vec<AreaScore>,
    /// All of them together.
    pub whole: AreaScore,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AreaScore {
    pub code: String,
    pub name: Words,
    pub entries: u64,
    /// Mean of the entries' scores; absent without entries.
    pub score: Option<f64>,
    pub band: Option<String>,
    pub green: u64,
    pub yellow: u64,
    pub red: u64,
    pub inspections: u64,
    pub offences: u64,
    /// Points lost by offences.
    pub deductions: u64,
}

#[derive(Default)]
struct Sum {
    entries: u64,
    scores: f64,
    bands: [u64; 3],
    inspections: u64,
    offences: u64,
    deductions: u64,
}

impl App {
    /// Scores of a register's entries by division. Closed entries do not count.
    ///
    /// # Errors
    /// [`AppError::NotFound`] for a register the caller may not see or whose pack gives no scores.
    pub async fn register_scores(
        &self,
        actor: &Actor,
        register: &str,
        q: &ScoreQuery,
    ) -> Result<ScoresView, AppError> {
        let (config, register) = self.register_for(actor, register)?;
        let rating = register.rating.as_ref().ok_or(AppError::NotFound("rating"))?;
        let level = q.level.as_deref().unwrap_or("street");
        let digits = match level {
            "district" => 6,
            "street" => 9,
            "community" => 12,
            _ => return Err(AppError::invalid("level", "unknown_level")),
        };
        let to = q.to.unwrap_or_else(|| self.now().millis());
        let from = q.from.unwrap_or(to - i64::from(rating.period_days) * 86_400_000);
        if from > to {
            return Err(AppError::invalid("from", "after_end"));
        }
        if to - from > PERIOD_DAYS_MAX * 86_400_000 || from < (self.now() - super::book::KEPT).millis() {
            return Err(AppError::invalid("from", "period_too_long"));
        }
        let area = area_of(q.area.as_deref())?;
        let cell = self.book(actor.city, &register.id).await?;
        let book = cell.book.read();
        let mut sums: BTreeMap<String, Sum> = BTreeMap::new();
        let mut whole = Sum::default();
        for entry in book.entries.values() {
            let body = &entry.body;
            if entry.removed
                || register.is_closed(&body.state)
                || !in_area(&config, body, area.as_ref())
                || !sees_entry(actor, &config, &register, body)
            {
                continue;
            }
            let (deductions, inspected) = book.record_of(&entry.code, from, to);
            let points = score(rating, &deductions, &inspected);
            let shade = match colour(rating, points) {
                pack::Colour::Green => 0,
                pack::Colour::Yellow => 1,
                _ => 2,
            };
            let code = body.grid.as_deref().and_then(|grid| grid.get(..digits)).unwrap_or_default();
            for sum in [sums.entry(code.to_owned()).or_default(), &mut whole] {
                sum.entries += 1;
                sum.scores += points;
                sum.bands[shade] += 1;
                sum.inspections += inspected.len() as u64;
                sum.offences += deductions.len() as u64;
                sum.deductions += deductions.iter().map(|points| u64::from(*points)).sum::<u64>();
            }
        }
        let view = |code: &str, name: Words, sum: &Sum| {
            #[allow(clippy::cast_precision_loss)] // entries of a city
            let mean = (sum.entries > 0).then(|| (sum.scores / sum.entries as f64 * 10.0).round() / 10.0);
            AreaScore {
                code: code.to_owned(),
                name,
                entries: sum.entries,
                score: mean,
                band: mean.map(|mean| colour(rating, mean).as_str().to_owned()),
                green: sum.bands[0],
                yellow: sum.bands[1],
                red: sum.bands[2],
                inspections: sum.inspections,
                offences: sum.offences,
                deductions: sum.deductions,
            }
        };
        let areas = sums
            .iter()
            .map(|(code, sum)| {
                let division = code.parse::<GridCode>().ok();
                let known = division.as_ref().and_then(|code| config.divisions.get(code));
                let name = known
                    .map_or_else(|| Words { zh: code.clone(), en: code.clone() }, |known| words(&known.name));
                view(code, name, sum)
            })
            .collect();
        let city = config.settings.name.clone();
        Ok(ScoresView {
            level: level.to_owned(),
            from,
            to: Timestamp(to).millis(),
            areas,
            whole: view(&config.city.to_string(), city, &whole),
        })
    }
}
