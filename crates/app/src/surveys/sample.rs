//! Quality sampling (质量抽检): some captures, chosen by a seed, are looked at by somebody else.

use super::capture::{CaptureState, Kept};
use super::{RoundIn, may_decide, may_see};
use crate::app::App;
use crate::components::{Select, Selected};
use crate::config::Config;
use crate::error::{AppError, FieldProblem, Problems};
use crate::line::person_view;
use crate::papers::{CAPTURE, Paper, ROUND, SAMPLE, new_paper};
use crate::ports::PutThings;
use crate::rights;
use crate::view::PersonView;
use kernel::{Actor, PersonId, Role, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Captures of one sample: a week of second visits for a team.
const SAMPLE_MAX: u32 = 2_000;
const SAMPLES_MAX: u32 = 200;
const NOTE_MAX: usize = 500;
const TRIES_MAX: usize = 5;

#[derive(Debug, Clone, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SampleIn {
    /// Made by the client; the same again draws no second sample.
    pub id: Uuid,
    #[schema(minimum = 1, maximum = 2_000)]
    pub count: u32,
    /// The same seed on the same captures draws the same sample.
    pub seed: u64,
    /// Share of wrong captures up to which the round passes.
    #[schema(minimum = 0, maximum = 100)]
    pub error_percent_max: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Drawn {
    round: String,
    seed: u64,
    error_percent_max: f64,
    by: PersonId,
    at: Timestamp,
    /// Captures there were to choose from.
    of: u64,
    items: Vec<Item>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Item {
    capture: String,
    component: Option<String>,
    captured_by: PersonId,
    lng: Option<f64>,
    lat: Option<f64>,
    #[serde(default)]
    visit: Option<Visit>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Visit {
    by: PersonId,
    at: Timestamp,
    agrees: bool,
    note: String,
}

/// What the second visit found.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VisitIn {
    pub capture: Uuid,
    /// Whether the capture was right.
    pub agrees: bool,
    /// What is wrong; needed when it was not.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub note: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SampleView {
    pub id: String,
    pub round: String,
    pub seed: u64,
    pub by: PersonView,
    pub at: i64,
    /// Captures there were to choose from.
    pub of: u64,
    pub count: u32,
    pub visited: u32,
    pub wrong: u32,
    /// Wrong of visited; absent before the first visit.
    pub error_percent: Option<f64>,
    pub error_percent_max: f64,
    /// Once everything was visited.
    pub passed: Option<bool>,
    pub items: Vec<SampleItemView>,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SampleItemView {
    pub capture: String,
    pub component: Option<String>,
    pub captured_by: PersonView,
    pub lng: Option<f64>,
    pub lat: Option<f64>,
    pub visited_by: Option<PersonView>,
    pub visited_at: Option<i64>,
    pub agrees: Option<bool>,
    pub note: String,
}

/// A number that looks random and is the same for the same seed and serial (SplitMix64).
fn lot(seed: u64, serial: u64) -> u64 {
    let mut z = seed ^ serial.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn sample_view(config: &Config, paper: &Paper<Drawn>) -> SampleView {
    let drawn = &paper.value;
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let visits = || drawn.items.iter().filter_map(|item| item.visit.as_ref());
    let (visited, wrong) = (count(visits().count()), count(visits().filter(|visit| !visit.agrees).count()));
    let error_percent = (visited > 0).then(|| f64::from(wrong) * 100.0 / f64::from(visited));
    let whole = visited == count(drawn.items.len());
    let item = |item: &Item| SampleItemView {
        capture: item.capture.clone(),
        component: item.component.clone(),
        captured_by: person_view(config, item.captured_by),
        lng: item.lng,
        lat: item.lat,
        visited_by: item.visit.as_ref().map(|visit| person_view(config, visit.by)),
        visited_at: item.visit.as_ref().map(|visit| visit.at.millis()),
        agrees: item.visit.as_ref().map(|visit| visit.agrees),
        note: item.visit.as_ref().map(|visit| visit.note.clone()).unwrap_or_default(),
    };
    SampleView {
        id: paper.row.code.clone(),
        round: drawn.round.clone(),
        seed: drawn.seed,
        by: person_view(config, drawn.by),
        at: drawn.at.millis(),
        of: drawn.of,
        count: count(drawn.items.len()),
        visited,
        wrong,
        error_percent,
        error_percent_max: drawn.error_percent_max,
        passed: error_percent.filter(|_| whole).map(|percent| percent <= drawn.error_percent_max),
        items: drawn.items.iter().map(item).collect(),
    }
}

impl App {
    /// Samples of a round, the first first.
    ///
    /// # Errors
    /// [`AppError::NotFound`] when there is no such round.
    pub async fn samples(&self, actor: &Actor, id: &str) -> Result<Vec<SampleView>, AppError> {
        may_see(actor)?;
        let config = self.config(actor.city)?;
        let _: Paper<RoundIn> = self.paper(actor.city, ROUND, id).await?;
        let papers: Vec<Paper<Drawn>> = self.papers(actor.city, SAMPLE, Some(id), None, SAMPLES_MAX).await?;
        Ok(papers.iter().map(|paper| sample_view(&config, paper)).collect())
    }

    /// Draws a sample of what was captured so far and not refused.
    ///
    /// # Errors
    /// [`AppError::Invalid`] when there is nothing to choose from.
    pub async fn draw_sample(&self, actor: &Actor, id: &str, sent: SampleIn) -> Result<SampleView, AppError> {
        may_decide(actor)?;
        let by = actor.person_id().ok_or(AppError::NotSignedIn)?;
        let config = self.config(actor.city)?;
        let mut problems = Problems::default();
        if sent.count == 0 || sent.count > SAMPLE_MAX {
            problems.push(FieldProblem::new("count", "out_of_range").with("max", SAMPLE_MAX));
        }
        if !(0.0..=100.0).contains(&sent.error_percent_max) {
            problems.add("error_percent_max", "out_of_range");
        }
        problems.done()?;
        let code = sent.id.to_string();
        if let Some(known) = self.paper_if_there::<Drawn>(actor.city, SAMPLE, &code).await? {
            return Ok(sample_view(&config, &known));
        }
        let _: Paper<RoundIn> = self.paper(actor.city, ROUND, id).await?;
        let mut lots: Vec<(u64, u64)> = Vec::new();
        {
            let city = self.city(actor.city)?;
            let map = city.ground.read();
            let class = map.things.classes().place(&format!("{CAPTURE}/{id}"));
            let refused = "refused";
            Selected::parse(&Select::default())?.on(&map, CAPTURE).each(&map, |serial, traits| {
                let state = map.things.classes().state_name(traits.state);
                if Some(traits.class) == class && state != Some(refused) {
                    lots.push((lot(sent.seed, serial), serial));
                }
            });
        }
        if lots.is_empty() {
            return Err(AppError::invalid("count", "nothing_captured"));
        }
        let of = lots.len() as u64;
        lots.sort_unstable();
        lots.truncate(sent.count as usize);
        let serials: Vec<u64> = lots.into_iter().map(|(_, serial)| serial).collect();
        let rows = self.store().things_by_serial(actor.city, &serials).await?;
        let mut items = Vec::with_capacity(rows.len());
        for row in rows {
            let paper: Paper<Kept> = Paper::read(row)?;
            if paper.value.state == CaptureState::Refused {
                continue;
            }
            let at = crate::components::parse_place(&paper.value.place).ok().and_then(|place| place.anchor());
            items.push(Item {
                capture: paper.row.code,
                component: paper.value.component,
                captured_by: paper.value.by,
                lng: at.map(|point| point.lng()),
                lat: at.map(|point| point.lat()),
                visit: None,
            });
        }
        let at = self.now();
        let drawn = Drawn {
            round: id.to_owned(),
            seed: sent.seed,
            error_percent_max: sent.error_percent_max,
            by,
            at,
            of,
            items,
        };
        let puts = vec![new_paper(SAMPLE, code.clone(), "", id, &drawn)];
        self.commit_things(PutThings { city: actor.city, by: Some(by), at, command: None, puts }).await?;
        Ok(sample_view(&config, &self.paper(actor.city, SAMPLE, &code).await?))
    }

    /// What a second visit found. The same person never judges their own capture.
    ///
    /// # Errors
    /// [`AppError::Invalid`] for a capture that is not of the sample, or one's own.
    pub async fn visit_sample(
        &self,
        actor: &Actor,
        id: &str,
        sample: &str,
        sent: VisitIn,
    ) -> Result<SampleView, AppError> {
        let mut roles = vec![Role::Collector, Role::SystemAdmin];
        roles.extend(rights::REGISTRY_REVIEWERS);
        rights::one_of(actor, &roles, "visit samples")?;
        let by = actor.person_id().ok_or(AppError::NotSignedIn)?;
        let config = self.config(actor.city)?;
        let mut problems = Problems::default();
        if !sent.agrees && sent.note.trim().is_empty() {
            problems.add("note", "required");
        }
        problems.bounded("note", &sent.note, NOTE_MAX);
        problems.done()?;
        let capture = sent.capture.to_string();
        for _ in 0..TRIES_MAX {
            let paper: Paper<Drawn> = self.paper(actor.city, SAMPLE, sample).await?;
            if paper.value.round != id {
                return Err(AppError::NotFound(SAMPLE));
            }
            let mut drawn = paper.value.clone();
            let found = drawn.items.iter_mut().find(|item| item.capture == capture);
            let item = found.ok_or_else(|| AppError::invalid("capture", "not_in_sample"))?;
            if item.captured_by == by {
                return Err(AppError::invalid("capture", "own_capture"));
            }
            match &item.visit {
                // The same again changes nothing.
                Some(visit) if visit.by == by && visit.agrees == sent.agrees && visit.note == sent.note => {
                    return Ok(sample_view(&config, &paper));
                }
                Some(visit) if visit.by != by => {
                    return Err(AppError::invalid("capture", "visited_already"));
                }
                _ => {}
            }
            let at = self.now();
            item.visit = Some(Visit { by, at, agrees: sent.agrees, note: sent.note.clone() });
            let puts = vec![paper.put(&drawn)];
            let put = PutThings { city: actor.city, by: Some(by), at, command: None, puts };
            match self.commit_things(put).await {
                Ok(_) => return Ok(sample_view(&config, &self.paper(actor.city, SAMPLE, sample).await?)),
                Err(AppError::Stale) => {}
                Err(other) => return Err(other),
            }
        }
        Err(AppError::Stale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_draws_the_same_lots_and_another_draws_others() {
        let draw = |seed| {
            let mut lots: Vec<(u64, u64)> = (1..=1_000).map(|serial| (lot(seed, serial), serial)).collect();
            lots.sort_unstable();
            lots.into_iter().take(50).map(|(_, serial)| serial).collect::<Vec<_>>()
        };
        assert_eq!(draw(7), draw(7));
        let (seven, eight) = (draw(7), draw(8));
        let both = seven.iter().filter(|serial| eight.contains(serial)).count();
        assert!(both < 15, "{both} of 50 in both samples");
        // Not the first ones, not the last ones.
        assert!(seven.iter().any(|serial| *serial < 300) && seven.iter().any(|serial| *serial > 700));
    }
}
