//! What is captured in the field: seen as registered, not found, to be corrected, or new. What is sure is written at
//! once; a correction and a new component wait for somebody at a desk. Every capture may be sent twice.

use super::{RoundIn, may_decide, may_see};
use crate::app::App;
use crate::attachments::Size;
use crate::components::{ChangeIn, ComponentStepIn, Draft, RegisterIn, problems_of};
use crate::config::Config;
use crate::error::{AppError, FieldProblem, Problems};
use crate::line::person_view;
use crate::papers::{CAPTURE, Paper, ROUND, new_paper};
use crate::ports::{PutThing, PutThings};
use crate::rights;
use crate::step::Position;
use crate::view::PersonView;
use bytes::Bytes;
use city::component::{Command, Component};
use kernel::{Actor, ClassKey, GridCode, PersonId, Role, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// A capture that loses a race is tried again on fresh state.
const TRIES_MAX: usize = 4;
const NOTE_MAX: usize = 500;
const PHOTOS_MAX: usize = 9;
/// Captures decided about by one request.
const DECIDED_MAX: usize = 200;
const LIMIT_MAX: usize = 200;
const LIMIT: usize = 50;
/// Rows read for one page.
const READ_MAX: usize = 5_000;
const READ_PAGE: u32 = 500;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CaptureKind {
    /// It is there as registered.
    Confirm,
    /// It is not there.
    NotFound,
    /// It is there, but otherwise than registered.
    Correction,
    /// It is not registered.
    New,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CaptureState {
    /// Waits for somebody at a desk.
    Pending,
    /// In the registry.
    Accepted,
    /// Not taken over.
    Refused,
}

/// A capture as a phone sends it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CaptureIn {
    /// UUIDv7 made by the phone; the same again captures nothing and is answered the same way.
    pub id: Uuid,
    pub kind: CaptureKind,
    /// The component; not for a new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The state it was seen in, when another than registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Corrected attributes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<ChangeIn>,
    /// Corrected place as well-known text, with its accuracy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<String>,
    /// The new component.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub component: Option<RegisterIn>,
    #[serde(default)]
    #[schema(max_items = 9)]
    pub photos: Vec<String>,
    #[serde(default)]
    #[schema(max_length = 500)]
    pub note: String,
    /// When it was captured, epoch milliseconds; it may have waited in the outbox.
    #[serde(default)]
    pub at: Option<i64>,
    /// Where the phone was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
}

/// A capture as it is kept. `place`, `grid`, `state`, `flags` and `by` are read by the map.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Kept {
    pub place: String,
    pub grid: String,
    pub state: CaptureState,
    /// The kind as a number.
    pub flags: u8,
    pub by: PersonId,
    pub at: Timestamp,
    /// Of the component; of a new one only when it was accepted.
    pub component: Option<String>,
    pub sent: CaptureIn,
    #[serde(default)]
    pub decided_by: Option<PersonId>,
    #[serde(default)]
    pub decided_at: Option<Timestamp>,
    #[serde(default)]
    pub reason: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CaptureView {
    pub id: String,
    pub round: String,
    pub kind: CaptureKind,
    pub state: CaptureState,
    pub by: PersonView,
    /// When it was captured.
    pub at: i64,
    /// Code of the component, once there is one.
    pub component: Option<String>,
    pub place: String,
    pub grid: String,
    pub sent: CaptureIn,
    pub decided_by: Option<PersonView>,
    pub decided_at: Option<i64>,
    pub reason: String,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CaptureQuery {
    #[param(inline)]
    pub state: Option<CaptureState>,
    #[param(inline)]
    pub kind: Option<CaptureKind>,
    pub person: Option<u32>,
    #[param(max_length = 40)]
    pub after: Option<String>,
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<usize>,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CapturePage {
    pub items: Vec<CaptureView>,
    pub next: Option<String>,
}

/// What is decided about captures.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DecisionIn {
    #[schema(min_items = 1, max_items = 200)]
    pub captures: Vec<Uuid>,
    pub accept: bool,
    /// Needed to refuse.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub reason: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DecisionView {
    pub decided: Vec<CaptureView>,
    /// Captures that could not be taken over as things stand, with the reason.
    pub left: Vec<LeftCapture>,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct LeftCapture {
    pub id: String,
    pub field: String,
    /// Stable code of the reason.
    pub code: String,
}

/// Where a capture stands on the map, and what it does to the registry at once.
struct Taken {
    place: String,
    grid: GridCode,
    class: ClassKey,
    put: Option<PutThing>,
    state: CaptureState,
}

fn capture_view(config: &Config, paper: &Paper<Kept>) -> CaptureView {
    let kept = &paper.value;
    CaptureView {
        id: paper.row.code.clone(),
        round: paper.row.class.clone(),
        kind: kept.sent.kind,
        state: kept.state,
        by: person_view(config, kept.by),
        at: kept.at.millis(),
        component: kept.component.clone(),
        place: kept.place.clone(),
        grid: kept.grid.clone(),
        sent: kept.sent.clone(),
        decided_by: kept.decided_by.map(|id| person_view(config, id)),
        decided_at: kept.decided_at.map(Timestamp::millis),
        reason: kept.reason.clone(),
    }
}

impl CaptureIn {
    /// The steps a correction means, in order.
    fn steps(&self, config: &Config) -> Result<Vec<Command>, AppError> {
        let mut commands = Vec::new();
        if let Some(place) = &self.place {
            let accuracy = self.accuracy.clone().unwrap_or_default();
            let step = ComponentStepIn::Move { place: place.clone(), accuracy, grid: None };
            commands.push(step.parse(config)?);
        }
        let mut change = self.change.clone().unwrap_or_default();
        if !self.photos.is_empty() && change.photos.is_none() {
            change.photos = Some(self.photos.clone());
        }
        if change != ChangeIn::default() {
            commands.push(ComponentStepIn::Change { change }.parse(config)?);
        }
        Ok(commands)
    }
}

impl App {
    /// Takes a capture in.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] for whoever is not assigned there; [`AppError::Invalid`] with every wrong field.
    pub async fn capture(&self, actor: &Actor, id: &str, sent: CaptureIn) -> Result<CaptureView, AppError> {
        rights::one_of(actor, &[Role::Collector, Role::SystemAdmin], "capture in surveys")?;
        let by = actor.person_id().ok_or(AppError::NotSignedIn)?;
        let config = self.config(actor.city)?;
        let code = sent.id.to_string();
        let round: Paper<RoundIn> = self.paper(actor.city, ROUND, id).await?;
        for _ in 0..TRIES_MAX {
            if let Some(known) = self.paper_if_there::<Kept>(actor.city, CAPTURE, &code).await? {
                let same = known.value.by == by && known.row.class == id;
                return if same {
                    Ok(capture_view(&config, &known))
                } else {
                    Err(AppError::invalid("id", "taken"))
                };
            }
            let at = self.check_capture(&config, &round.value, &sent)?;
            let taken = self.work_out(actor, &config, &round.value, &sent).await?;
            let own = round.value.areas_of(Some(by)).any(|area| taken.grid.as_str().starts_with(area));
            if !own && !actor.has(Role::SystemAdmin) {
                return Err(AppError::Forbidden("capture outside the assigned area"));
            }
            if !round.value.covers(&taken.class.to_string(), taken.grid.as_str()) {
                return Err(AppError::invalid("code", "outside_round"));
            }
            let kept = Kept {
                place: taken.place,
                grid: taken.grid.to_string(),
                state: taken.state,
                flags: sent.kind as u8,
                by,
                at,
                component: sent.code.clone(),
                sent: sent.clone(),
                decided_by: None,
                decided_at: None,
                reason: String::new(),
            };
            let mut puts: Vec<PutThing> = taken.put.into_iter().collect();
            puts.push(new_paper(CAPTURE, code.clone(), "", id, &kept));
            let put = PutThings { city: actor.city, by: Some(by), at: self.now(), command: None, puts };
            match self.commit_things(put).await {
                Ok(_) => {
                    let paper = self.paper(actor.city, CAPTURE, &code).await?;
                    return Ok(capture_view(&config, &paper));
                }
                // Somebody else was quicker: with the component, or with this very capture.
                Err(AppError::Stale) => {}
                Err(AppError::Invalid(problems))
                    if problems.iter().all(|problem| problem.code == "taken") => {}
                Err(other) => return Err(other),
            }
        }
        Err(AppError::Stale)
    }

    fn check_capture(
        &self,
        config: &Config,
        round: &RoundIn,
        sent: &CaptureIn,
    ) -> Result<Timestamp, AppError> {
        let mut problems = Problems::default();
        if sent.id.get_version_num() != 7 {
            problems.add("id", "not_uuid_v7");
        }
        problems.bounded("note", &sent.note, NOTE_MAX);
        if sent.photos.len() > PHOTOS_MAX {
            problems.push(FieldProblem::new("photos", "too_many").with("max", PHOTOS_MAX as u64));
        }
        let now = self.now();
        let at = sent.at.map_or(now, Timestamp).min(now);
        // What was captured in time may arrive late, but not after the round was closed.
        if !round.is_open(config.calendar.local_date(at)) {
            problems.add("id", "round_not_open");
        }
        match sent.kind {
            CaptureKind::New if sent.component.is_none() => problems.add("component", "required"),
            CaptureKind::New => {}
            _ if sent.code.is_none() => problems.add("code", "required"),
            CaptureKind::Correction
                if sent.place.is_none()
                    && sent.state.is_none()
                    && sent.change.as_ref().is_none_or(|change| *change == ChangeIn::default()) =>
            {
                problems.add("change", "required");
            }
            _ => {}
        }
        if sent.place.is_some() && sent.accuracy.is_none() {
            problems.add("accuracy", "required");
        }
        problems.done()?;
        Ok(at)
    }

    async fn work_out(
        &self,
        actor: &Actor,
        config: &Config,
        round: &RoundIn,
        sent: &CaptureIn,
    ) -> Result<Taken, AppError> {
        let (now, by) = (self.now(), actor.person_id().unwrap_or(PersonId(0)));
        if let (CaptureKind::New, Some(component)) = (sent.kind, &sent.component) {
            let prefixed = |error| within("component", error);
            let draft = self.try_new(actor, config, component.clone(), by).await.map_err(prefixed)?;
            let (place, grid) = (draft.place.to_string(), draft.grid.clone());
            return Ok(Taken {
                place,
                grid,
                class: draft.code.class,
                put: None,
                state: CaptureState::Pending,
            });
        }
        let code = sent.code.as_deref().unwrap_or_default();
        let stored = match self.component_row(actor.city, code).await {
            Err(AppError::NotFound(_)) => return Err(AppError::invalid("code", "unknown_component")),
            other => other?,
        };
        let mut draft = Draft::of(&stored)?;
        let registered = draft.component.as_ref().map(|component| component.state);
        let seen = match (sent.kind, &sent.state) {
            (CaptureKind::NotFound, _) => city::component::State::Lost,
            (_, Some(state)) => {
                crate::components::parse_state(state).map_err(|problem| AppError::Invalid(vec![problem]))?
            }
            (_, None) => registered.unwrap_or_default(),
        };
        let seen = Command::Survey { round: round.name.clone(), state: seen };
        let refused = |problems: Vec<city::FieldProblem>| AppError::Invalid(problems_of("", &problems));
        draft.take(config, seen, by, now).map_err(refused)?;
        let mut state = CaptureState::Accepted;
        if sent.kind == CaptureKind::Correction {
            // Tried here, so that the collector hears now what a desk could not take over later.
            let mut tried = draft.clone();
            for command in sent.steps(config)? {
                tried.take(config, command, by, now).map_err(refused)?;
                state = CaptureState::Pending;
            }
            if let Some(component) = &tried.component {
                self.check_attachments(actor, component).await?;
            }
        }
        let Some(component) = &draft.component else { return Err(AppError::NotFound("component")) };
        let (place, grid) = (component.place.to_string(), component.grid.clone());
        let class = component.code.class.clone();
        Ok(Taken { place, grid, class, put: draft.into_put(), state })
    }

    /// A new component as it would be, under a code that stands in for the one it will get.
    async fn try_new(
        &self,
        actor: &Actor,
        config: &Config,
        sent: RegisterIn,
        by: PersonId,
    ) -> Result<Component, AppError> {
        let now = self.now();
        let registering = sent.parse(config, config.calendar.local_date(now))?;
        let code = registering.code.clone().or_else(|| registering.stand_in()).ok_or(AppError::Busy)?;
        let component = registering.under(code);
        self.check_attachments(actor, &component).await?;
        let mut draft = Draft::new();
        draft
            .take(config, Command::Register(Box::new(component)), by, now)
            .map_err(|problems| AppError::Invalid(problems_of("", &problems)))?;
        draft.component.ok_or(AppError::Busy)
    }

    /// Captures of a round; a collector sees their own only.
    ///
    /// # Errors
    /// [`AppError::NotFound`] when there is no such round.
    pub async fn captures(&self, actor: &Actor, id: &str, q: &CaptureQuery) -> Result<CapturePage, AppError> {
        may_see(actor)?;
        let config = self.config(actor.city)?;
        let _: Paper<RoundIn> = self.paper(actor.city, ROUND, id).await?;
        let only_own = may_decide(actor).is_err();
        let limit = q.limit.unwrap_or(LIMIT).clamp(1, LIMIT_MAX);
        let (mut items, mut after, mut read) = (Vec::new(), q.after.clone(), 0);
        loop {
            let page: Vec<Paper<Kept>> =
                self.papers(actor.city, CAPTURE, Some(id), after.clone(), READ_PAGE).await?;
            let ended = page.len() < READ_PAGE as usize;
            read += page.len();
            for paper in page {
                after = Some(paper.row.code.clone());
                let kept = &paper.value;
                let meant = q.state.is_none_or(|state| state == kept.state)
                    && q.kind.is_none_or(|kind| kind == kept.sent.kind)
                    && q.person.is_none_or(|person| kept.by == PersonId(person))
                    && (!only_own || actor.person_id() == Some(kept.by));
                if meant {
                    items.push(capture_view(&config, &paper));
                }
                if items.len() == limit {
                    return Ok(CapturePage { items, next: after });
                }
            }
            if ended {
                return Ok(CapturePage { items, next: None });
            }
            if read >= READ_MAX {
                return Ok(CapturePage { items, next: after });
            }
        }
    }

    /// Bytes and content type of a photo of a capture, for those who see the capture.
    ///
    /// # Errors
    /// [`AppError::NotFound`] when the capture does not hold it, or is somebody else's and the caller only captures.
    pub async fn capture_attachment(
        &self,
        actor: &Actor,
        (round, capture): (&str, &str),
        id: &str,
        size: Size,
    ) -> Result<(Bytes, String), AppError> {
        may_see(actor)?;
        let paper: Paper<Kept> = self.paper(actor.city, CAPTURE, capture).await?;
        let own = actor.person_id() == Some(paper.value.by);
        let holds = paper.row.class == round && paper.value.sent.photos.iter().any(|photo| photo == id);
        if !holds || !(own || may_decide(actor).is_ok()) {
            return Err(AppError::NotFound("attachment"));
        }
        self.attachment_bytes(actor.city, id, size).await
    }

    /// Takes captures over into the registry, or refuses them. Each by itself: one that cannot be taken over is left.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] without the right.
    pub async fn decide_captures(
        &self,
        actor: &Actor,
        id: &str,
        sent: DecisionIn,
    ) -> Result<DecisionView, AppError> {
        may_decide(actor)?;
        let config = self.config(actor.city)?;
        let mut problems = Problems::default();
        if sent.captures.is_empty() {
            problems.add("captures", "required");
        }
        if sent.captures.len() > DECIDED_MAX {
            problems.push(FieldProblem::new("captures", "too_many").with("max", DECIDED_MAX as u64));
        }
        if !sent.accept && sent.reason.trim().is_empty() {
            problems.add("reason", "required");
        }
        problems.bounded("reason", &sent.reason, NOTE_MAX);
        problems.done()?;
        let round: Paper<RoundIn> = self.paper(actor.city, ROUND, id).await?;
        let mut view = DecisionView { decided: Vec::new(), left: Vec::new() };
        for capture in &sent.captures {
            let code = capture.to_string();
            match self.decide_one(actor, &config, &round, &code, &sent).await {
                Ok(done) => view.decided.push(done),
                Err(AppError::Invalid(problems)) => {
                    let problem = problems.into_iter().next();
                    let (field, reason) =
                        problem.map_or((String::new(), "unknown"), |problem| (problem.field, problem.code));
                    view.left.push(LeftCapture { id: code, field, code: reason.to_owned() });
                }
                Err(AppError::NotFound(_)) => {
                    view.left.push(LeftCapture { id: code, field: String::new(), code: "unknown".into() });
                }
                Err(AppError::Stale) => {
                    view.left.push(LeftCapture { id: code, field: String::new(), code: "stale".into() });
                }
                Err(other) => return Err(other),
            }
        }
        Ok(view)
    }

    async fn decide_one(
        &self,
        actor: &Actor,
        config: &Config,
        round: &Paper<RoundIn>,
        code: &str,
        sent: &DecisionIn,
    ) -> Result<CaptureView, AppError> {
        let paper: Paper<Kept> = self.paper(actor.city, CAPTURE, code).await?;
        if paper.row.class != round.row.code {
            return Err(AppError::NotFound(CAPTURE));
        }
        let wanted = if sent.accept { CaptureState::Accepted } else { CaptureState::Refused };
        if paper.value.state == wanted {
            return Ok(capture_view(config, &paper));
        }
        if paper.value.state != CaptureState::Pending {
            return Err(AppError::invalid("captures", "decided_already"));
        }
        if paper.value.by == actor.person_id().unwrap_or(PersonId(0)) {
            return Err(AppError::invalid("captures", "own_capture"));
        }
        let now = self.now();
        let mut kept = Kept {
            state: wanted,
            decided_by: actor.person_id(),
            decided_at: Some(now),
            reason: sent.reason.clone(),
            ..paper.value.clone()
        };
        let mut puts = Vec::new();
        if sent.accept {
            // None when somebody has corrected it the same way meanwhile.
            let (code, put) = self.taken_over(actor, config, round, &paper.value).await?;
            kept.component = Some(code);
            puts.extend(put);
        }
        puts.push(paper.put(&kept));
        self.commit_things(PutThings {
            city: actor.city,
            by: actor.person_id(),
            at: now,
            command: None,
            puts,
        })
        .await?;
        let paper = self.paper(actor.city, CAPTURE, code).await?;
        Ok(capture_view(config, &paper))
    }

    /// The registry's row with a capture taken over; the facts bear the collector's name.
    async fn taken_over(
        &self,
        actor: &Actor,
        config: &Config,
        round: &Paper<RoundIn>,
        kept: &Kept,
    ) -> Result<(String, Option<PutThing>), AppError> {
        let now = self.now();
        let refused = |problems: Vec<city::FieldProblem>| AppError::Invalid(problems_of("", &problems));
        let draft = match (kept.sent.kind, &kept.sent.component) {
            (CaptureKind::New, Some(component)) => {
                let registering = component.clone().parse(config, config.calendar.local_date(now))?;
                let code = match registering.code.clone() {
                    Some(code) => code,
                    None => {
                        let (grid, class) = (registering.grid().clone(), registering.class.clone());
                        let codes = self.issue_codes(actor.city, &grid, &class, 1).await?;
                        codes.into_iter().next().ok_or(AppError::Busy)?
                    }
                };
                self.note_component_codes(actor.city, [&code]).await?;
                let mut component = registering.under(code);
                if component.photos.is_empty() {
                    component.photos =
                        kept.sent.photos.iter().filter_map(|id| id.clone().try_into().ok()).collect();
                }
                let mut draft = Draft::new();
                draft.take(config, Command::Register(Box::new(component)), kept.by, now).map_err(refused)?;
                let state = draft.component.as_ref().map(|component| component.state).unwrap_or_default();
                let seen = Command::Survey { round: round.value.name.clone(), state };
                draft.take(config, seen, kept.by, now).map_err(refused)?;
                draft
            }
            _ => {
                let code = kept.component.as_deref().unwrap_or_default();
                let mut draft = Draft::of(&self.component_row(actor.city, code).await?)?;
                for command in kept.sent.steps(config)? {
                    match draft.take(config, command, kept.by, now) {
                        Ok(()) => {}
                        // Somebody has corrected it the same way.
                        Err(problems) if problems.iter().all(|problem| problem.code == "empty") => {}
                        Err(problems) => return Err(refused(problems)),
                    }
                }
                draft
            }
        };
        let code = draft.component.as_ref().map(|component| component.code.to_string()).unwrap_or_default();
        Ok((code, draft.into_put()))
    }
}

/// The same problems, of a part of what was sent.
fn within(part: &str, error: AppError) -> AppError {
    match error {
        AppError::Invalid(problems) => {
            let named = problems.into_iter().map(|mut problem| {
                problem.field = format!("{part}.{}", problem.field);
                problem
            });
            AppError::Invalid(named.collect())
        }
        other => other,
    }
}
