//! The same problem twice: found while a report is typed, joined with one action (E3).

use crate::app::App;
use crate::config::Config;
use crate::convert;
use crate::draft::Draft;
use crate::error::{AppError, Problems};
use crate::list_cases::NEWEST;
use crate::ports::StoredCase;
use crate::report;
use crate::rights;
use crate::step::{PlaceIn, ReporterIn};
use crate::view::{CaseLine, CaseView};
use case::{Case, Command, Level, Report, Source};
use city::duplicate::{Likely, Sketch, likely_duplicates};
use index::{Filter, Near, Period, Query, Visibility};
use kernel::{Actor, CaseId, CityCode, Millis, Point};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// Open cases compared with a report at most; within 50 m and a day there are far fewer.
const CANDIDATES_MAX: usize = 200;

/// Why a report is merged that came in by “join this case”; the rules want a reason.
const SAME_PROBLEM: &str = "上报人确认为同一问题 (the reporter says it is the same problem)";

#[derive(Debug, Clone, Default, PartialEq, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DuplicateQuery {
    pub class: Option<String>,
    #[schema(max_length = 4000)]
    pub text: String,
    pub lng: Option<f64>,
    pub lat: Option<f64>,
    #[schema(max_items = 20)]
    pub attachments: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DuplicateView {
    pub line: CaseLine,
    /// 1 to 100.
    pub score: u8,
    pub minutes_apart: u32,
    /// `near {metres}`, `same_class`, `same_major`, `text_alike {percent}`, `same_photo {distance}`.
    pub reasons: Vec<Value>,
}

/// Somebody reports what is known already.
#[derive(Debug, Clone, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JoinIn {
    /// UUIDv7 of the report that joins.
    pub id: uuid::Uuid,
    #[schema(max_length = 4000)]
    pub text: String,
    pub source: Option<String>,
    pub reporter: Option<ReporterIn>,
}

pub(crate) struct LikelyCase {
    pub stored: StoredCase,
    pub likely: Likely,
}

impl App {
    /// Open cases that may be the same problem, likeliest first.
    ///
    /// # Errors
    /// [`AppError::Invalid`] naming what cannot be understood.
    pub async fn find_duplicates(
        &self,
        actor: &Actor,
        q: DuplicateQuery,
    ) -> Result<Vec<DuplicateView>, AppError> {
        let config = self.config(actor.city)?;
        let found = self.likely(&config, &rights::visibility(actor, &config), &q).await?;
        let views = found.into_iter().map(|found| DuplicateView {
            line: self.line_of(actor, &config, &found.stored.case),
            score: found.likely.score,
            minutes_apart: found.likely.minutes_apart,
            reasons: found.likely.reasons.iter().filter_map(|r| serde_json::to_value(r).ok()).collect(),
        });
        Ok(views.collect())
    }

    pub(crate) async fn likely(
        &self,
        config: &Config,
        seen: &Visibility,
        q: &DuplicateQuery,
    ) -> Result<Vec<LikelyCase>, AppError> {
        let mut problems = Problems::default();
        let class = q.class.as_deref().filter(|c| !c.is_empty());
        let class = class.and_then(|key| convert::class(config, "class", key, &mut problems));
        problems.bounded("text", &q.text, convert::DESCRIPTION_MAX);
        let sent = PlaceIn { lng: q.lng, lat: q.lat, address: String::new() };
        let place = convert::place(config, "place", &sent, &mut problems);
        problems.done()?;
        let now = self.now();
        let settings = &config.settings.duplicates;
        let mut photo_hashes = Vec::new();
        for id in q.attachments.iter().take(20) {
            if let Some(stored) = self.store().attachment(config.city, id).await? {
                photo_hashes.extend(stored.photo_hash);
            }
        }
        let mut candidates =
            self.around(config.city, seen, place.point, &class, settings.metres, settings.hours)?;
        let mut photos: Vec<(CaseId, u64)> = Vec::new();
        let since = now - Millis::hours(i64::from(settings.photo_hours));
        for hash in &photo_hashes {
            for (case, bits) in
                self.store().similar_photos(config.city, *hash, settings.photo_distance, since).await?
            {
                // What matters is the distance: a hash that many bits away stands for the other photo.
                photos.push((case, hash ^ ((1u64 << bits) - 1)));
            }
        }
        candidates.truncate(CANDIDATES_MAX);
        let mut stored = self.store().cases_by_serial(config.city, &candidates).await?;
        for (case, _) in &photos {
            if !stored.iter().any(|s| s.case.id == *case)
                && let Some(found) = self.store().case(config.city, *case).await?
            {
                stored.push(found);
            }
        }
        let new = Sketch { class, point: place.point, reported_at: now, text: q.text.clone(), photo_hashes };
        let sketches: Vec<(CaseId, Sketch)> = stored
            .iter()
            .filter(|s| s.case.is_open())
            .map(|s| {
                (
                    s.case.id,
                    sketch(&s.case, photos.iter().filter(|(id, _)| *id == s.case.id).map(|(_, h)| *h)),
                )
            })
            .collect();
        let likely = likely_duplicates(&new, sketches.iter().map(|(id, sketch)| (*id, sketch)), settings);
        let found = likely.into_iter().filter_map(|likely| {
            let at = stored.iter().position(|s| s.case.id == likely.case)?;
            Some(LikelyCase { stored: stored[at].clone(), likely })
        });
        Ok(found.collect())
    }

    fn around(
        &self,
        city: CityCode,
        seen: &Visibility,
        point: Option<Point<kernel::Cgcs2000>>,
        class: &Option<kernel::ClassKey>,
        metres: f64,
        hours: u32,
    ) -> Result<Vec<u32>, AppError> {
        if point.is_none() && class.is_none() {
            return Ok(Vec::new());
        }
        let now = self.now();
        let filter = Filter {
            near: point.map(|centre| Near { centre, metres }),
            classes: if point.is_none() { class.iter().cloned().collect() } else { Vec::new() },
            ended: Some(false),
            reported: Period { from: Some(now - Millis::hours(i64::from(hours))), to: None },
            ..Filter::default()
        };
        let city = self.city(city)?;
        let query = Query { filter: &filter, visibility: seen, now, within: None };
        let serials = city.index.read().page(&query, NEWEST, None, CANDIDATES_MAX).serials;
        Ok(serials)
    }

    /// Records one more report of a known problem: its reporter is kept informed, the case is handled once.
    ///
    /// # Errors
    /// As for a report and a merge.
    pub async fn join_case(&self, actor: &Actor, id: &str, sent: JoinIn) -> Result<CaseView, AppError> {
        let target = self.find_case(actor, id).await?;
        let config = self.config(actor.city)?;
        let mut problems = Problems::default();
        problems.bounded("text", &sent.text, convert::DESCRIPTION_MAX);
        if sent.id.get_version_num() != 7 {
            problems.add("id", "not_uuid_v7");
        }
        let reporter = sent.reporter.map(|r| report::reporter(r, &mut problems));
        problems.done()?;
        let source = match sent.source.as_deref() {
            None => Source::Hotline,
            Some(word) => Source::ALL
                .into_iter()
                .find(|s| s.as_str() == word && *s != Source::Parent)
                .ok_or_else(|| AppError::invalid("source", "unknown_source"))?,
        };
        rights::one_of(actor, &[kernel::Role::IntakeOperator, kernel::Role::ShiftLeader], "join reports")?;
        self.join(actor, &config, target, sent.id, sent.text, source, reporter).await?;
        self.see_case(actor, id).await
    }

    /// Makes the joining report and merges it, in one transaction. Returns the follower's link.
    #[expect(clippy::too_many_arguments, reason = "a report has this many parts")]
    pub(crate) async fn join(
        &self,
        actor: &Actor,
        config: &Config,
        target: StoredCase,
        id: uuid::Uuid,
        text: String,
        source: Source,
        reporter: Option<crate::ports::Reporter>,
    ) -> Result<Option<String>, AppError> {
        if !target.case.is_open() {
            return Err(case::Refusal::CannotMerge.into());
        }
        let now = self.now();
        let number = self.store().next_number(config.city, config.calendar.yyyymmdd(now)).await?;
        let wants_answer = reporter.is_some();
        let report = Report {
            source,
            text: if text.trim().is_empty() { same_words(config, &target.case) } else { text },
            evidence: Vec::new(),
            wants_answer,
            consultation: false,
            ..target.case.report.clone()
        };
        let command = Command::Report {
            id: CaseId(id),
            number,
            report,
            procedure: config.procedure,
            parent: None,
            level: Level::City,
        };
        let system = Actor::system(config.city, "join", 1);
        let by = if actor.person_id().is_some() { actor } else { &system };
        let mut draft = Draft::new(command, by, config, now)?;
        let link = self.follow_link(&mut draft, reporter);
        let into = target.case.id;
        let mut other = Draft::of(target);
        other.step(Command::DuplicateJoined { case: CaseId(id) }, &system, config, now)?;
        draft.step(Command::Merge { into, reason: SAME_PROBLEM.to_owned() }, &system, config, now)?;
        let batch = vec![draft.into_append(None, link.as_deref()), other.into_append(None, None)];
        self.commit(batch).await?;
        Ok(link)
    }
}

/// What a report says that only says "me too": never another reporter's words.
fn same_words(config: &Config, case: &Case) -> String {
    case.class.as_ref().map_or_else(|| "同一问题 Same problem".to_owned(), |key| config.class_name(key).zh)
}

fn sketch(case: &Case, photo_hashes: impl Iterator<Item = u64>) -> Sketch {
    Sketch {
        class: case.class.clone(),
        point: case.report.place.point,
        reported_at: case.reported_at,
        text: case.report.text.clone(),
        photo_hashes: photo_hashes.collect(),
    }
}
