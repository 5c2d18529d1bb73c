//! The public's side: report without an account, follow by a secret link, rate, reopen, remind, join.
//! Nothing here ever shows names of people, positions of phones, or another reporter.

use crate::app::App;
use crate::config::Config;
use crate::convert::TEXT_MAX;
use crate::draft::Draft;
use crate::duplicates::DuplicateQuery;
use crate::error::{AppError, FieldProblem, Problems};
use crate::line::{department_view, headline};
use crate::ports::{Outcome, Reporter, StoreError, StoredCase};
use crate::report;
use crate::secret::{hash_secret, new_secret};
use crate::step::{EvidenceIn, EvidenceKindIn, PlaceIn, ReportIn, ReporterIn, ThenIn};
use crate::view::{DepartmentView, Words};
use case::{Case, Command, Fact, FactRecord, Level, Source, Stage, StageName};
use index::Visibility;
use kernel::{Actor, CaseId, CityCode, Millis, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Reminders a reporter may send: one a day.
const REMIND_EVERY: Millis = Millis::days(1);
const PHOTOS_MAX: usize = 9;
/// Requests of one answer. Source: GeoReport v2.
const REQUESTS_MAX: usize = 1_000;

#[derive(Debug, Clone, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PublicReportIn {
    /// UUIDv7 made by the client.
    pub id: uuid::Uuid,
    #[schema(max_length = 4000)]
    pub text: String,
    pub place: PlaceIn,
    pub class: Option<String>,
    /// Code of the component whose label was scanned; class and place may then be left out.
    #[serde(default)]
    #[schema(max_length = 17, pattern = "^[0-9]{16,17}$")]
    pub component: Option<String>,
    /// Ids answered by the public upload.
    #[serde(default)]
    #[schema(max_items = 9)]
    pub photos: Vec<String>,
    pub reporter: Option<ReporterIn>,
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
    #[serde(default)]
    pub urgent: bool,
    /// Made by the client, 22 to 60 URL-safe characters: with it a report sent twice is answered the same way.
    #[schema(min_length = 22, max_length = 60, pattern = "^[A-Za-z0-9_-]+$")]
    pub secret: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PublicReported {
    pub id: String,
    pub number: String,
    /// Opens the follow page; shown once, only its hash is stored.
    pub secret: String,
    pub follow_url: String,
    pub created: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PublicCaseView {
    pub number: String,
    /// `received`, `checking`, `with_department`, `waiting`, `being_verified`, `done`, `declined`, `ended` or `joined`.
    pub state: String,
    pub text: String,
    pub address: String,
    pub lng: Option<f64>,
    pub lat: Option<f64>,
    pub class: Option<Words>,
    pub department: Option<DepartmentView>,
    pub reported_at: i64,
    pub due_at: Option<i64>,
    pub ended_at: Option<i64>,
    pub timeline: Vec<PublicFact>,
    pub photos: Vec<PublicPhotoView>,
    /// The answer or reason in words, when there is one.
    pub answer: Option<String>,
    pub stars: Option<u8>,
    pub may: PublicMay,
    pub now_at: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PublicMay {
    pub rate: bool,
    pub reopen: bool,
    pub remind: bool,
    pub add: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PublicFact {
    pub at: i64,
    /// Name of the fact, such as `dispatched`.
    pub fact: String,
    pub department: Option<Words>,
    pub words: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PublicPhotoView {
    pub id: String,
    /// `before` or `after`.
    pub kind: String,
}

/// What a reporter may do with the secret link.
#[derive(Debug, Clone, PartialEq, Deserialize, ToSchema)]
#[serde(tag = "step", rename_all = "snake_case", deny_unknown_fields)]
pub enum PublicStepIn {
    Rate {
        #[schema(minimum = 1, maximum = 5)]
        stars: u8,
        #[serde(default)]
        remark: String,
    },
    Reopen {
        reason: String,
    },
    Remind {
        #[serde(default)]
        text: String,
    },
    Add {
        text: String,
        #[serde(default)]
        photos: Vec<String>,
    },
}

/// An open problem nearby, for "is it one of these?".
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PublicNearView {
    pub id: String,
    pub number: String,
    pub headline: String,
    pub class: Option<Words>,
    pub address: String,
    pub reported_at: i64,
    pub metres: Option<u32>,
    pub state: String,
}

/// A request of Open311, free of personal data.
#[derive(Debug, Clone, PartialEq)]
pub struct PublicRequest {
    pub id: CaseId,
    pub number: String,
    pub open: bool,
    pub status_notes: String,
    pub service_code: Option<String>,
    pub service_name: Words,
    pub description: String,
    pub agency: Option<Words>,
    pub requested_at: Timestamp,
    pub updated_at: Timestamp,
    pub expected_at: Option<Timestamp>,
    pub address: String,
    pub grid: Option<String>,
    pub lng: Option<f64>,
    pub lat: Option<f64>,
    /// Photos of the report, for [`App::open_photo`]; none without the reporter's consent.
    pub photos: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct PublicRequestQuery {
    /// Case ids or numbers; override everything else.
    pub ids: Vec<String>,
    pub service_codes: Vec<String>,
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
    pub updated_from: Option<Timestamp>,
    pub updated_to: Option<Timestamp>,
    pub open: Option<bool>,
    pub q: Option<String>,
    pub offset: usize,
    pub limit: usize,
}

impl App {
    /// A report without an account; safe to send twice.
    ///
    /// # Errors
    /// [`AppError::Invalid`] with every wrong field.
    pub async fn public_report(
        &self,
        city: CityCode,
        mut sent: PublicReportIn,
        source: Source,
    ) -> Result<PublicReported, AppError> {
        let config = self.config(city)?;
        if sent.photos.len() > PHOTOS_MAX {
            return Err(AppError::Invalid(vec![
                FieldProblem::new("photos", "too_many").with("max", PHOTOS_MAX as u64),
            ]));
        }
        if let Some(code) = sent.component.as_deref().filter(|code| !code.is_empty()) {
            let component = self.reported_component(city, code).await?;
            let offered = component.class.key.parse().ok();
            let offered = offered.and_then(|key| config.catalogue.get(&key)).is_some_and(|c| c.is_offered());
            if offered {
                sent.class.get_or_insert(component.class.key);
            }
            if sent.place.lng.is_none() && sent.place.lat.is_none() {
                (sent.place.lng, sent.place.lat) = (component.lng, component.lat);
            }
            if sent.place.address.trim().is_empty() {
                sent.place.address = component.address;
            }
        }
        let secret = secret_or_new(sent.secret)?;
        let evidence = sent.photos.into_iter();
        let evidence =
            evidence.map(|attachment| EvidenceIn { attachment, kind: EvidenceKindIn::Before }).collect();
        let report = ReportIn {
            id: sent.id,
            source: None,
            text: sent.text,
            place: sent.place,
            class: sent.class,
            criterion: None,
            component: sent.component,
            evidence,
            urgent: sent.urgent,
            consultation: false,
            reporter: sent.reporter,
            attributes: sent.attributes,
            self_handled: false,
            then: ThenIn::Report,
            position: None,
        };
        let parsed = self.parse_report(&config, source, report).await?;
        let now = self.now();
        let number = self.store().next_number(city, config.calendar.yyyymmdd(now)).await?;
        let id = parsed.id;
        let command = Command::Report {
            id,
            number: number.clone(),
            report: parsed.report,
            procedure: config.procedure,
            parent: None,
            level: Level::City,
        };
        let citizen = Actor::citizen(city, None);
        let mut draft = Draft::new(command, &citizen, &config, now)?;
        draft.photo_hashes = parsed.photo_hashes;
        draft.secret_hash = Some(hash_secret(&secret));
        draft.reporter = parsed.reporter;
        let follow_url = format!("{}/citizen/f/{secret}", self.public_url());
        self.automatic_steps(&mut draft, &config, now).await;
        match self.commit(vec![draft.into_append(None, Some(&follow_url))]).await {
            Ok(done) if done.first().is_none_or(|d| d.outcome == Outcome::Written) => Ok(PublicReported {
                id: id.to_string(),
                number: number.to_string(),
                secret,
                follow_url,
                created: true,
            }),
            Ok(_) | Err(AppError::Store(StoreError::Exists { .. })) => {
                self.same_public_report(city, id, secret).await
            }
            Err(other) => Err(other),
        }
    }

    /// The same report again, proved by the same secret; anyone else's id is taken.
    async fn same_public_report(
        &self,
        city: CityCode,
        id: CaseId,
        secret: String,
    ) -> Result<PublicReported, AppError> {
        let stored = self.store().case_by_secret(city, &hash_secret(&secret)).await?;
        let stored = stored.filter(|s| s.case.id == id).ok_or_else(|| AppError::invalid("id", "taken"))?;
        Ok(PublicReported {
            id: id.to_string(),
            number: stored.case.number.to_string(),
            follow_url: format!("{}/citizen/f/{secret}", self.public_url()),
            secret,
            created: false,
        })
    }

    /// A case as its reporter may see it.
    ///
    /// # Errors
    /// [`AppError::NotFound`] for an unknown link.
    pub async fn public_case(&self, city: CityCode, secret: &str) -> Result<PublicCaseView, AppError> {
        let stored = self.by_secret(city, secret).await?;
        let config = self.config(city)?;
        self.public_view(&config, &stored).await
    }

    async fn by_secret(&self, city: CityCode, secret: &str) -> Result<StoredCase, AppError> {
        if secret.len() > 60 {
            return Err(AppError::NotFound("case"));
        }
        self.store().case_by_secret(city, &hash_secret(secret)).await?.ok_or(AppError::NotFound("case"))
    }

    async fn public_view(&self, config: &Config, stored: &StoredCase) -> Result<PublicCaseView, AppError> {
        let own = &stored.case;
        let facts = self.store().facts(config.city, own.id).await?;
        // A merged report is answered by the case it joined.
        let joined = match &own.stage {
            Stage::Withdrawn { merged_into: Some(into), .. } => self.store().case(config.city, *into).await?,
            _ => None,
        };
        let case = joined.as_ref().map_or(own, |joined| &joined.case);
        let mut timeline: Vec<PublicFact> = facts.iter().filter_map(|r| public_fact(config, r)).collect();
        let mut shown: Vec<FactRecord> = facts;
        if joined.is_some() {
            let theirs = self.store().facts(config.city, case.id).await?;
            let reported_at = own.reported_at;
            timeline
                .extend(theirs.iter().filter(|r| r.at >= reported_at).filter_map(|r| public_fact(config, r)));
            timeline.sort_by_key(|fact| fact.at);
            shown.extend(theirs.into_iter().filter(|r| matches!(r.fact, Fact::Replied { .. })));
        }
        let now = self.now();
        let closed = matches!(own.stage, Stage::Closed { .. });
        let within = |days: u16| own.ended_at.is_some_and(|at| now - at <= Millis::days(i64::from(days)));
        let reopen_days = config.procedure(own.procedure)?.reopen_days;
        Ok(PublicCaseView {
            number: own.number.to_string(),
            state: if joined.is_some() && case.is_open() { "joined" } else { state(case) }.to_owned(),
            text: own.report.text.clone(),
            address: own.report.place.address.clone(),
            lng: own.report.place.point.map(|p| p.lng()),
            lat: own.report.place.point.map(|p| p.lat()),
            class: case.class.as_ref().map(|key| config.class_name(key)),
            department: case.department().map(|id| department_view(config, id)),
            reported_at: own.reported_at.millis(),
            due_at: if case.is_open() {
                case.total_due_at().or_else(|| case.due_at()).map(Timestamp::millis)
            } else {
                None
            },
            ended_at: case.ended_at.map(Timestamp::millis),
            photos: photos(&shown),
            answer: answer(case, &shown),
            timeline,
            stars: own.rating.as_ref().map(|rating| rating.stars),
            may: PublicMay {
                rate: closed && own.rating.is_none(),
                reopen: closed
                    && own.reopened == 0
                    && within(reopen_days)
                    && own.rating.as_ref().is_none_or(|r| r.stars <= 2),
                remind: own.is_open() && self.may_remind(own),
                add: own.is_open(),
            },
            now_at: now.millis(),
        })
    }

    fn may_remind(&self, case: &Case) -> bool {
        let now = self.now();
        now - case.reported_at > REMIND_EVERY
            && case.urgings.iter().all(|u| u.by.is_some() || now - u.at > REMIND_EVERY)
    }

    /// Rate, reopen, remind or add, by whoever holds the link.
    ///
    /// # Errors
    /// The refusal of the rule that says no.
    pub async fn public_step(
        &self,
        city: CityCode,
        secret: &str,
        step: PublicStepIn,
    ) -> Result<PublicCaseView, AppError> {
        let stored = self.by_secret(city, secret).await?;
        let config = self.config(city)?;
        let citizen = Actor::citizen(city, Some(stored.case.id));
        let mut problems = Problems::default();
        let (command, hashes) = match step {
            PublicStepIn::Rate { stars, remark } => {
                problems.bounded("remark", &remark, TEXT_MAX);
                (Command::Rate { stars, remark }, Vec::new())
            }
            PublicStepIn::Reopen { reason } => {
                problems.bounded("reason", &reason, TEXT_MAX);
                (Command::Reopen { reason }, Vec::new())
            }
            PublicStepIn::Remind { text } => {
                problems.bounded("text", &text, TEXT_MAX);
                if !self.may_remind(&stored.case) {
                    return Err(case::Refusal::TooOften { maximum: 1 }.into());
                }
                let level = case::UrgingLevel::Remind;
                (Command::Urge { level, requirement: text, reply_needed: false }, Vec::new())
            }
            PublicStepIn::Add { text, photos } => {
                problems.bounded("text", &text, TEXT_MAX);
                let sent: Vec<EvidenceIn> = photos
                    .into_iter()
                    .take(PHOTOS_MAX)
                    .map(|attachment| EvidenceIn { attachment, kind: EvidenceKindIn::Before })
                    .collect();
                let (evidence, hashes) = self.evidence(city, "photos", &sent).await?;
                (Command::Comment { text, evidence }, hashes)
            }
        };
        problems.done()?;
        let reminder = matches!(command, Command::Urge { .. });
        let actor = if reminder { Actor::system(city, "citizen_reminder", 1) } else { citizen };
        self.run_step(&actor, &config, stored, command, None, hashes).await?;
        self.public_case(city, secret).await
    }

    /// Open problems near a place that look like this one; no personal data.
    ///
    /// # Errors
    /// [`AppError::Invalid`] naming what cannot be understood.
    pub async fn public_duplicates(
        &self,
        city: CityCode,
        q: DuplicateQuery,
    ) -> Result<Vec<PublicNearView>, AppError> {
        let config = self.config(city)?;
        let found =
            self.likely(&config, &Visibility::All, &DuplicateQuery { attachments: Vec::new(), ..q }).await?;
        let ids: Vec<CaseId> = found.iter().map(|found| found.stored.case.id).collect();
        let reporters = self.store().reporters_of(city, &ids).await?;
        let views = found.into_iter().zip(reporters).map(|(found, reporter)| {
            let case = &found.stored.case;
            let metres = found.likely.reasons.iter().find_map(|reason| match reason {
                city::duplicate::DuplicateReason::Near { metres } => Some(*metres),
                _ => None,
            });
            PublicNearView {
                id: case.id.to_string(),
                number: case.number.to_string(),
                headline: match &case.class {
                    Some(key) => config.class_name(key).zh,
                    None if words_are_open(case, reporter.as_ref()) => headline(case),
                    None => unclassified().zh,
                },
                class: case.class.as_ref().map(|key| config.class_name(key)),
                address: case.report.place.address.clone(),
                reported_at: case.reported_at.millis(),
                metres,
                state: state(case).to_owned(),
            }
        });
        Ok(views.collect())
    }

    /// "Me too": joins an open problem and gets a link of one's own.
    ///
    /// # Errors
    /// [`AppError::NotFound`] for a case that is not open.
    pub async fn me_too(
        &self,
        city: CityCode,
        id: &str,
        report_id: uuid::Uuid,
        reporter: Option<ReporterIn>,
    ) -> Result<PublicReported, AppError> {
        let id: CaseId = id.parse().map_err(|_| AppError::NotFound("case"))?;
        let config = self.config(city)?;
        let target = self.store().case(city, id).await?.filter(|s| s.case.is_open());
        let target = target.ok_or(AppError::NotFound("case"))?;
        let mut problems = Problems::default();
        let reporter = reporter.map(|r| report::reporter(r, &mut problems)).unwrap_or_default();
        problems.done()?;
        let citizen = Actor::citizen(city, None);
        let joined = self
            .join(&citizen, &config, target, report_id, String::new(), Source::CitizenWeb, Some(reporter))
            .await?;
        let follow_url = joined.ok_or(AppError::NotFound("case"))?;
        let secret = follow_url.rsplit('/').next().unwrap_or_default().to_owned();
        let stored = self.store().case(city, CaseId(report_id)).await?.ok_or(AppError::NotFound("case"))?;
        Ok(PublicReported {
            id: report_id.to_string(),
            number: stored.case.number.to_string(),
            secret,
            follow_url,
            created: true,
        })
    }

    /// Requests for Open311, newest first: public channels and collectors' finds, without who reported.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn public_requests(
        &self,
        city: CityCode,
        q: &PublicRequestQuery,
    ) -> Result<(Vec<PublicRequest>, u32), AppError> {
        let config = self.config(city)?;
        if !q.ids.is_empty() {
            let mut found = Vec::new();
            for id in q.ids.iter().take(REQUESTS_MAX) {
                let stored = match id.parse::<CaseId>() {
                    Ok(id) => self.store().case(city, id).await?,
                    Err(_) => self.store().case_by_number(city, id).await?,
                };
                found.extend(stored.filter(|s| is_public_request(&s.case)));
            }
            let total = u32::try_from(found.len()).unwrap_or(u32::MAX);
            return Ok((self.as_requests(&config, &found).await?, total));
        }
        let classes: Vec<kernel::ClassKey> =
            q.service_codes.iter().filter_map(|code| code.parse().ok()).collect();
        if classes.is_empty() && !q.service_codes.is_empty() {
            return Ok((Vec::new(), 0));
        }
        let filter = index::Filter {
            classes,
            sources: Source::ALL.into_iter().filter(|source| is_public_source(*source)).collect(),
            reported: index::Period { from: q.from, to: q.to },
            updated: index::Period { from: q.updated_from, to: q.updated_to },
            ended: q.open.map(|open| !open),
            is_child: Some(false),
            ..index::Filter::default()
        };
        let page = {
            let held = self.city(city)?;
            let query =
                index::Query { filter: &filter, visibility: &Visibility::All, now: self.now(), within: None };
            let index = held.index.read();
            index.page(&query, crate::list_cases::NEWEST, None, q.offset + q.limit.clamp(1, REQUESTS_MAX))
        };
        let serials: Vec<u32> = page.serials.into_iter().skip(q.offset).collect();
        let stored = self.store().cases_by_serial(city, &serials).await?;
        Ok((self.as_requests(&config, &stored).await?, page.total))
    }

    async fn as_requests(
        &self,
        config: &Config,
        stored: &[StoredCase],
    ) -> Result<Vec<PublicRequest>, AppError> {
        let ids: Vec<CaseId> = stored.iter().map(|s| s.case.id).collect();
        let reporters = self.store().reporters_of(config.city, &ids).await?;
        let pairs = stored.iter().zip(&reporters);
        Ok(pairs.map(|(s, reporter)| public_request(config, &s.case, reporter.as_ref())).collect())
    }
}

fn secret_or_new(sent: Option<String>) -> Result<String, AppError> {
    let Some(secret) = sent else { return Ok(new_secret()) };
    let plain = secret.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    if plain && (22..=60).contains(&secret.len()) {
        Ok(secret)
    } else {
        Err(AppError::invalid("secret", "bad_secret"))
    }
}

/// What citizens said and collectors saw; instructions, petitions and other platforms' matters are nobody's to read.
const fn is_public_source(source: Source) -> bool {
    (source.is_public() && !matches!(source, Source::Petition)) || matches!(source, Source::Collector)
}

fn is_public_request(case: &Case) -> bool {
    is_public_source(case.report.source) && case.parent.is_none()
}

fn unclassified() -> Words {
    Words { zh: "未分类".into(), en: "Not classified yet".into() }
}

/// Whether the words of the report may be read by everybody: its reporter agreed, or no member of the public
/// is behind it. Nobody knows what an erased or nameless reporter would say.
fn words_are_open(case: &Case, reporter: Option<&Reporter>) -> bool {
    reporter.map_or(!case.is_public(), |reporter| reporter.public)
}

/// Photos of the report that everybody may see: only with the reporter's consent, never a film.
pub(crate) fn open_photos(case: &Case, reporter: Option<&Reporter>) -> Vec<String> {
    if !is_public_request(case) || !reporter.is_some_and(|reporter| reporter.public) {
        return Vec::new();
    }
    let plain = |kind| !matches!(kind, case::EvidenceKind::Video | case::EvidenceKind::Document);
    let photos = case.report.evidence.iter().filter(|item| plain(item.kind));
    photos.map(|item| item.attachment.to_string()).collect()
}

fn public_request(config: &Config, case: &Case, reporter: Option<&Reporter>) -> PublicRequest {
    let place = &case.report.place;
    PublicRequest {
        id: case.id,
        number: case.number.to_string(),
        open: case.is_open(),
        status_notes: answer(case, &[]).unwrap_or_default(),
        service_code: case.class.as_ref().map(ToString::to_string),
        service_name: case.class.as_ref().map_or_else(unclassified, |key| config.class_name(key)),
        description: if words_are_open(case, reporter) { case.report.text.clone() } else { String::new() },
        agency: case
            .department()
            .or_else(|| case.departments.last().copied())
            .map(|id| config.department_name(id)),
        requested_at: case.reported_at,
        updated_at: case.updated_at,
        expected_at: case.total_due_at(),
        address: place.address.clone(),
        grid: place.grid.as_ref().map(ToString::to_string),
        lng: place.point.map(|p| p.lng()),
        lat: place.point.map(|p| p.lat()),
        photos: open_photos(case, reporter),
    }
}

/// The state in a word a citizen understands.
pub(crate) fn state(case: &Case) -> &'static str {
    match case.stage.name() {
        StageName::Draft
        | StageName::Reported
        | StageName::Accepted
        | StageName::Filed
        | StageName::SelfHandled => "received",
        StageName::Confirming | StageName::Confirmed => "checking",
        StageName::Dispatched | StageName::Handling => "with_department",
        StageName::Suspended => "waiting",
        StageName::Replied | StageName::ReadyToVerify | StageName::Verifying | StageName::Verified => {
            "being_verified"
        }
        StageName::Closed | StageName::ClosedSelfHandled => "done",
        StageName::Declined => "declined",
        StageName::Cancelled | StageName::ForceClosed => "ended",
        StageName::Withdrawn => "joined",
    }
}

fn answer(case: &Case, facts: &[FactRecord]) -> Option<String> {
    let told = facts.iter().rev().find_map(|record| match &record.fact {
        Fact::AnsweredAtOnce { answer } => Some(answer.clone()),
        Fact::Replied { text, .. } if matches!(case.stage, Stage::Closed { .. }) => Some(text.clone()),
        _ => None,
    });
    told.or_else(|| match &case.stage {
        Stage::Declined { reason, .. } | Stage::Cancelled { reason, .. } => Some(reason.clone()),
        Stage::ForceClosed { order, .. } => Some(order.clone()),
        _ => None,
    })
}

fn photos(facts: &[FactRecord]) -> Vec<PublicPhotoView> {
    let mut views: Vec<PublicPhotoView> = Vec::new();
    for record in facts {
        let kind = match &record.fact {
            Fact::Reported { .. } | Fact::Commented { .. } => "before",
            Fact::Replied { .. } => "after",
            _ => continue,
        };
        for item in crate::see_case::evidence_of(&record.fact) {
            let plain = !matches!(item.kind, case::EvidenceKind::Video | case::EvidenceKind::Document);
            let id = item.attachment.to_string();
            if plain && !views.iter().any(|v| v.id == id) {
                views.push(PublicPhotoView { id, kind: kind.to_owned() });
            }
        }
    }
    views
}

/// What a reporter may read of a fact; internal opinions stay inside.
fn public_fact(config: &Config, record: &FactRecord) -> Option<PublicFact> {
    let (department, words) = match &record.fact {
        Fact::Reported { .. }
        | Fact::Filed { .. }
        | Fact::ConfirmationRequested { .. }
        | Fact::Accepted { .. }
        | Fact::VerificationRequested { .. }
        | Fact::Closed { .. }
        | Fact::Merged { .. }
        | Fact::Unmerged { .. }
        | Fact::Resumed { .. } => (None, None),
        Fact::Dispatched { department, .. } | Fact::ReworkOrdered { department, .. } => {
            (Some(*department), None)
        }
        Fact::Replied { text, .. } => (None, Some(text)),
        Fact::Suspended { reason, .. } => (None, Some(reason)),
        Fact::Declined { reason } | Fact::Cancelled { reason } => (None, Some(reason)),
        Fact::AnsweredAtOnce { answer } => (None, Some(answer)),
        Fact::ForceClosed { order } => (None, Some(order)),
        Fact::Rated { remark, .. } => (None, Some(remark)),
        Fact::Reopened { reason, .. } => (None, Some(reason)),
        _ => return None,
    };
    Some(PublicFact {
        at: record.at.millis(),
        fact: record.fact.name().to_owned(),
        department: department.map(|id| config.department_name(id)),
        words: words.cloned().filter(|text| !text.is_empty()),
    })
}
