//! The ten acceptance queries of `standards/acceptance.md` §7 on the live store, and the proof that each
//! row is what its facts add up to.

mod components;

use crate::app::App;
use crate::config::Config;
use crate::error::AppError;
use crate::grids::{self, findings};
use crate::job::{Held, JobKind, JobState, JobView};
use crate::ports::StoredCase;
use crate::rights;
use crate::view::Words;
use case::{Case, EvidenceKind, Fact, FactRecord, Source, StageName, replay};
use index::{Filter, GroupBy, GroupKey, Query, TimeOf, Visibility};
use kernel::{Actor, CaseId, CityCode, Role, Timestamp};
use serde::{Deserialize, Serialize};
use spatial::check::FindingKind;
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// Cases read at once: a second of one core at most, with their facts.
const PAGE: u32 = 500;
const EXAMPLES: usize = 5;
/// Length of a trial run. Source: Jiangsu rules art. 23 [S], as half a year of days.
const TRIAL_DAYS: i64 = 183;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CheckRow {
    /// 1 to 10, as in `standards/acceptance.md` §7.
    pub number: u8,
    pub name: Words,
    /// `ok`, `failed`, `note` (a figure without a limit) or `nothing` (nothing to check yet: that is not a pass).
    pub state: String,
    pub found: Words,
    pub examples: Vec<String>,
}

/// The last finished check, and the one that is under way.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CheckView {
    pub job: JobView,
    /// When `rows` were found; absent before the first check.
    pub checked_at: Option<i64>,
    pub rows: Vec<CheckRow>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ReplayReport {
    pub cases: u32,
    pub facts: u64,
    /// Cases whose row is not what its facts add up to, with the reason.
    pub differing: Vec<(String, String)>,
}

/// What one walk over all facts finds.
#[derive(Default)]
struct Walk {
    replay: ReplayReport,
    illegal: Vec<String>,
    unproved: Vec<String>,
    untold: Vec<String>,
}

impl App {
    /// Runs the ten queries.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn check(&self, city: CityCode) -> Result<Vec<CheckRow>, AppError> {
        let walk = self.walk(city).await?;
        let components = self.check_components(city, &*self.config(city)?).await?;
        self.rows(city, walk, components).await
    }

    /// Asks for a check in the background; one that waits or runs already is the answer.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] without the right.
    pub async fn ask_check(&self, actor: &Actor) -> Result<CheckView, AppError> {
        may_check(actor)?;
        let (_, job) = self.job_view(actor.city, JobKind::Check).await?;
        let asked = job.asked_at != Timestamp::default();
        if !asked || job.state == JobState::Done {
            self.put_with_job(actor.city, actor.person_id(), Vec::new(), JobKind::Check).await?;
            self.note(actor.city, actor.person_id(), "check_asked", "", "", "").await?;
        }
        self.last_check(actor).await
    }

    /// What the last check found, and how far one that runs has come.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] without the right.
    pub async fn last_check(&self, actor: &Actor) -> Result<CheckView, AppError> {
        may_check(actor)?;
        let (view, job) = self.job_view(actor.city, JobKind::Check).await?;
        // Rows an earlier program found in another shape are asked for again rather than guessed at.
        let rows = serde_json::from_value(job.result).unwrap_or_default();
        Ok(CheckView { job: view, checked_at: job.result_at.map(Timestamp::millis), rows })
    }

    /// The check page by page; `false` when it was told to stop before its end.
    pub(crate) async fn check_in_pages(
        &self,
        held: &mut Held,
        go_on: &(dyn Fn() -> bool + Send + Sync),
    ) -> Result<bool, AppError> {
        held.job.total = self.store().head(held.city).await?.1;
        let mut walk = Walk::default();
        while held.job.done < held.job.total {
            if !go_on() {
                return Ok(false);
            }
            held.job.done = self.walk_page(held.city, held.job.done, held.job.total, &mut walk).await?;
            self.job_went_on(held).await?;
            // Requests go first.
            tokio::task::yield_now().await;
        }
        let components = self.check_components(held.city, &*self.config(held.city)?).await?;
        let rows = self.rows(held.city, walk, components).await?;
        held.job.result = serde_json::to_value(rows).unwrap_or_default();
        held.job.result_at = Some(self.now());
        Ok(true)
    }

    async fn rows(
        &self,
        city: CityCode,
        walk: Walk,
        components: CheckRow,
    ) -> Result<Vec<CheckRow>, AppError> {
        let config = self.config(city)?;
        Ok(vec![
            self.trial(&config)?,
            self.silent_departments(&config)?,
            classes_without_standard(&config),
            listed(4, ("非法流转的案件", "cases with an illegal transition"), walk.illegal),
            listed(
                5,
                ("结案但缺处置后照片或核查结果", "closed without after-photo or verification"),
                walk.unproved,
            ),
            listed(
                6,
                ("公众案件结案未告知", "public cases closed without telling the reporter"),
                walk.untold,
            ),
            self.shares(&config)?,
            nothing(
                8,
                ("评价指标冻结值复核", "frozen indicators recomputed"),
                ("尚无冻结的评价结果", "nothing frozen yet"),
            ),
            self.grids_row(&config).await?,
            components,
        ])
    }

    /// Gaps, overlaps, crossed borders, slivers and wrong codes of the grids in force.
    async fn grids_row(&self, config: &Config) -> Result<CheckRow, AppError> {
        let name = ("单元网格无重叠、无缝隙", "unit grids without overlap or gap");
        let areas = self.areas_of_edition(config.city, config.grids_from.edition()).await?;
        let count = grids::areas::grids(&areas).count();
        if count == 0 {
            return Ok(nothing(9, name, ("尚无网格", "no grids yet")));
        }
        let known = findings::known_communities(config, self.today(config));
        let look = move || findings::examine(&areas, &known);
        let report = tokio::task::spawn_blocking(look).await.map_err(|_| AppError::Busy)?;
        let faults: Vec<_> = report.findings.iter().filter(|one| findings::is_fault(one.kind)).collect();
        let left: usize =
            report.left_out.iter().filter(|(kind, _)| findings::is_fault(**kind)).map(|(_, n)| n).sum();
        let of = |kinds: &[FindingKind]| -> usize { kinds.iter().map(|kind| report.count(*kind)).sum() };
        let overlaps = of(&[FindingKind::Overlap, FindingKind::SliverOverlap]);
        let gaps = of(&[FindingKind::Gap, FindingKind::SliverGap]);
        let all = faults.len() + left;
        let found = (
            format!("{count} 个网格：重叠 {overlaps} 处，缝隙 {gaps} 处，全部问题 {all} 处"),
            format!("{count} grids: {overlaps} overlaps, {gaps} gaps, {all} faults in all"),
        );
        let told = faults.iter().map(|one| {
            let (lng, lat) = (one.at.lng(), one.at.lat());
            format!("{} {} ({lng:.6}, {lat:.6})", one.kind.code(), one.codes.join(" "))
        });
        Ok(row(9, name, if all == 0 { "ok" } else { "failed" }, found, told.collect()))
    }

    /// Replays one case or all; the row must equal what the facts add up to.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn replay(&self, city: CityCode, id: Option<CaseId>) -> Result<ReplayReport, AppError> {
        let Some(id) = id else { return Ok(self.walk(city).await?.replay) };
        let stored = self.store().case(city, id).await?.ok_or(AppError::NotFound("case"))?;
        let facts = self.store().facts(city, id).await?;
        let mut walk = Walk::default();
        judge(&stored.case, &facts, &mut walk);
        Ok(walk.replay)
    }

    async fn walk(&self, city: CityCode) -> Result<Walk, AppError> {
        let (_, count) = self.store().head(city).await?;
        let mut walk = Walk::default();
        let mut done = 0;
        while done < count {
            done = self.walk_page(city, done, count, &mut walk).await?;
        }
        Ok(walk)
    }

    /// Judges the cases from serial `from` on, one page of them; answers where the next page begins.
    async fn walk_page(
        &self,
        city: CityCode,
        from: u32,
        count: u32,
        walk: &mut Walk,
    ) -> Result<u32, AppError> {
        let end = from.saturating_add(PAGE).min(count);
        let serials: Vec<u32> = (from..end).collect();
        let stored: Vec<StoredCase> = self.store().cases_by_serial(city, &serials).await?;
        let ids: Vec<CaseId> = stored.iter().map(|s| s.case.id).collect();
        let facts = self.store().facts_of(city, &ids).await?;
        for (stored, facts) in stored.iter().zip(&facts) {
            judge(&stored.case, facts, walk);
        }
        Ok(end)
    }

    fn groups(
        &self,
        city: CityCode,
        filter: &Filter,
        by: GroupBy<'_>,
    ) -> Result<Vec<(GroupKey, u32)>, AppError> {
        let held = self.city(city)?;
        let query = Query { filter, visibility: &Visibility::All, now: self.now(), within: None };
        let groups = held.index.read().group_count(&query, by);
        Ok(groups)
    }

    fn trial(&self, config: &Config) -> Result<CheckRow, AppError> {
        let by = GroupBy::Day(TimeOf::Reported, &config.calendar);
        let days: BTreeSet<u32> = self
            .groups(config.city, &Filter::default(), by)?
            .into_iter()
            .filter_map(|(key, _)| if let GroupKey::Day(day) = key { day } else { None })
            .collect();
        let name = ("试运行 183 天且无空白日", "trial of 183 days without an empty day");
        let (Some(first), Some(last)) =
            (days.first().and_then(|d| date(*d)), days.last().and_then(|d| date(*d)))
        else {
            return Ok(nothing(1, name, ("尚无案件", "no cases yet")));
        };
        let length = last.since(first).map_or(0, |span| i64::from(span.get_days())) + 1;
        let stops: BTreeSet<&str> = config.settings.declared_stops.iter().map(String::as_str).collect();
        let mut missing = Vec::new();
        let mut day = first;
        while day < last {
            let code = u32::from(day.year().unsigned_abs()) * 10_000
                + u32::from(day.month().unsigned_abs()) * 100
                + u32::from(day.day().unsigned_abs());
            if !days.contains(&code) && !stops.contains(day.to_string().as_str()) {
                missing.push(day.to_string());
            }
            let Ok(next) = day.tomorrow() else { break };
            day = next;
        }
        let ok = length >= TRIAL_DAYS && missing.is_empty();
        Ok(row(
            1,
            name,
            if ok { "ok" } else { "failed" },
            (
                format!("{length} 天（{first} 至 {last}），空白日 {} 个", missing.len()),
                format!("{length} days ({first} to {last}), {} empty", missing.len()),
            ),
            missing,
        ))
    }

    fn silent_departments(&self, config: &Config) -> Result<CheckRow, AppError> {
        let name = ("责任清单中没有案件的部门", "departments of the responsibility table without a case");
        if config.responsibility.is_empty() {
            return Ok(nothing(2, name, ("责任清单为空", "the responsibility table is empty")));
        }
        let seen: BTreeSet<_> = self
            .groups(config.city, &Filter::default(), GroupBy::Department)?
            .into_iter()
            .filter_map(|(key, _)| if let GroupKey::Department(id) = key { id } else { None })
            .collect();
        let named: BTreeSet<_> = config.responsibility.iter().map(|rule| rule.department).collect();
        let silent = named
            .iter()
            .filter(|id| !seen.iter().any(|s| config.organisation.within(*s, **id)))
            .map(|id| config.department_name(*id).zh)
            .collect();
        Ok(listed(2, name, silent))
    }

    fn shares(&self, config: &Config) -> Result<CheckRow, AppError> {
        let filed = Filter {
            filed: index::Period { from: Some(kernel::Timestamp(0)), to: None },
            ..Filter::default()
        };
        let count = |filter: &Filter| -> Result<u32, AppError> {
            Ok(self.groups(config.city, filter, GroupBy::Stage)?.iter().map(|(_, n)| n).sum())
        };
        let all = count(&filed)?;
        let name = ("回退、作废、延期、缓办占比", "share of returns, voids, extensions, suspensions");
        if all == 0 {
            return Ok(nothing(7, name, ("尚无立案案件", "no filed cases yet")));
        }
        let part = |n: u32| f64::from(n) * 100.0 / f64::from(all);
        let returns = part(count(&Filter { returns_min: 1, ..filed.clone() })?);
        let voids = part(count(&Filter { stages: vec![StageName::Cancelled], ..filed.clone() })?);
        let extensions = part(count(&Filter { extensions_min: 1, ..filed.clone() })?);
        let suspensions = part(count(&Filter { suspensions_min: 1, ..filed })?);
        Ok(row(
            7,
            name,
            "note",
            (
                format!(
                    "回退 {returns:.2} %，作废 {voids:.2} %，延期 {extensions:.2} %，缓办 {suspensions:.2} %（立案 {all} 件）"
                ),
                format!(
                    "returned {returns:.2} %, void {voids:.2} %, extended {extensions:.2} %, suspended {suspensions:.2} % of {all} filed"
                ),
            ),
            Vec::new(),
        ))
    }
}

fn may_check(actor: &Actor) -> Result<(), AppError> {
    rights::one_of(actor, &[Role::SystemAdmin, Role::AuditAdmin, Role::Leader], "run the acceptance check")
}

fn judge(case: &Case, facts: &[FactRecord], walk: &mut Walk) {
    walk.replay.cases += 1;
    walk.replay.facts += facts.len() as u64;
    let id = format!("{} ({})", case.number, case.id);
    match replay(facts) {
        Err(why) => {
            walk.illegal.push(id.clone());
            walk.replay.differing.push((id.clone(), why.to_string()));
        }
        Ok(replayed) if replayed != *case => {
            walk.replay.differing.push((id.clone(), "the row differs from its facts".to_owned()));
        }
        Ok(_) => {}
    }
    if facts.iter().enumerate().any(|(at, record)| record.seq as usize != at + 1) {
        walk.illegal.push(id.clone());
    }
    if case.stage.name() != StageName::Closed {
        return;
    }
    let has = |test: &dyn Fn(&Fact) -> bool| facts.iter().any(|record| test(&record.fact));
    let answered = has(&|fact| matches!(fact, Fact::AnsweredAtOnce { .. }));
    let after_photo = has(&|fact| match fact {
        Fact::Replied { evidence, .. } => evidence.iter().any(|e| e.kind == EvidenceKind::After),
        _ => false,
    });
    let verified = has(&|fact| matches!(fact, Fact::VerificationAnswered { .. }));
    // Photos of a history brought over from an old system are waived by its procedure.
    let proved = verified && (after_photo || case.synthesised);
    if !answered && !proved {
        walk.unproved.push(id.clone());
    }
    let told = answered || has(&|fact| matches!(fact, Fact::CalledBack { .. }));
    let public = case.report.source.is_public() && case.report.source != Source::Parent;
    if public && case.report.wants_answer && !told {
        walk.untold.push(id);
    }
}

fn classes_without_standard(config: &Config) -> CheckRow {
    let lacking: Vec<String> =
        config.catalogue.lacking_criteria().map(|entry| format!("{} {}", entry.key, entry.name.zh)).collect();
    listed(3, ("没有时限或立案条件的小类", "classes without limit or condition"), lacking)
}

fn date(code: u32) -> Option<jiff::civil::Date> {
    let (year, month, day) = (code / 10_000, code / 100 % 100, code % 100);
    jiff::civil::Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

fn row(
    number: u8,
    name: (&str, &str),
    state: &str,
    found: (String, String),
    mut examples: Vec<String>,
) -> CheckRow {
    examples.truncate(EXAMPLES);
    CheckRow {
        number,
        name: Words { zh: name.0.to_owned(), en: name.1.to_owned() },
        state: state.to_owned(),
        found: Words { zh: found.0, en: found.1 },
        examples,
    }
}

fn listed(number: u8, name: (&str, &str), found: Vec<String>) -> CheckRow {
    let state = if found.is_empty() { "ok" } else { "failed" };
    row(number, name, state, (format!("{} 个", found.len()), format!("{} found", found.len())), found)
}

fn nothing(number: u8, name: (&str, &str), why: (&str, &str)) -> CheckRow {
    row(number, name, "nothing", (why.0.to_owned(), why.1.to_owned()), Vec::new())
}
