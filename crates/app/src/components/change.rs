//! What is sent to register or change a component.

use super::write::{Draft, grid_of, problems_of};
use super::{ComponentView, write};
use crate::app::App;
use crate::config::Config;
use crate::convert;
use crate::error::{AppError, FieldProblem, Problems};
use crate::ports::{PutThing, PutThings, StoreError, StoredThing};
use crate::rights;
use city::codes::ComponentCode;
use city::component::{
    Accuracy, Body, Change, Command, Component, Document, Place, Relation, RelationKind, State,
};
use jiff::civil::Date;
use kernel::{Actor, AttachmentId, ClassKey, PersonId, Role};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// Steps of one request that are tried again when somebody else was quicker, when no version was sent.
const TRIES_MAX: u32 = 3;

/// A body (单位) with its unified social credit code.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BodyIn {
    /// 18 characters (统一社会信用代码).
    #[schema(max_length = 18)]
    pub code: String,
    #[schema(max_length = 100)]
    pub name: String,
}

impl From<BodyIn> for Body {
    fn from(sent: BodyIn) -> Self {
        Self { code: sent.code.trim().to_owned(), name: sent.name.trim().to_owned() }
    }
}

impl From<&Body> for BodyIn {
    fn from(body: &Body) -> Self {
        Self { code: body.code.clone(), name: body.name.clone() }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RelationIn {
    /// `hangs_on`, `part_of` or `fed_by`.
    pub kind: String,
    /// Code of the other component.
    pub to: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DocumentIn {
    /// Id answered by the upload.
    pub id: String,
    #[schema(max_length = 200)]
    pub title: String,
    /// `2027-06-30`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    pub expires_on: Option<Date>,
}

/// New values; what is left out stays, lists are replaced whole.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ChangeIn {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supervisor: Option<BodyIn>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<BodyIn>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maintainer: Option<BodyIn>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height_m: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relations: Option<Vec<RelationIn>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub documents: Option<Vec<DocumentIn>>,
    /// Ids answered by the upload.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub photos: Option<Vec<String>>,
    /// Further fields of its class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extra: Option<BTreeMap<String, String>>,
}

impl ChangeIn {
    /// # Errors
    /// Everything that is not what it should be.
    pub(crate) fn parse(self) -> Result<Change, Vec<FieldProblem>> {
        let mut problems = Problems::default();
        let change = Change {
            name: self.name.map(|text| text.trim().to_owned()),
            supervisor: self.supervisor.map(Body::from),
            owner: self.owner.map(Body::from),
            maintainer: self.maintainer.map(Body::from),
            source: self.source,
            note: self.note,
            height_m: self.height_m,
            relations: self.relations.map(|list| relations(list, &mut problems)),
            documents: self.documents.map(|list| documents(list, &mut problems)),
            photos: self.photos.map(|list| photos(list, &mut problems)),
            extra: self.extra,
        };
        if problems.is_empty() { Ok(change) } else { Err(problems.into_vec()) }
    }
}

fn relations(list: Vec<RelationIn>, problems: &mut Problems) -> Vec<Relation> {
    let mut found = Vec::new();
    for (i, sent) in list.into_iter().enumerate() {
        let kind = match sent.kind.as_str() {
            "hangs_on" => Some(RelationKind::HangsOn),
            "part_of" => Some(RelationKind::PartOf),
            "fed_by" => Some(RelationKind::FedBy),
            _ => {
                problems.add(format!("relations[{i}].kind"), "unknown_value");
                None
            }
        };
        let to = sent.to.parse::<ComponentCode>();
        if to.is_err() {
            problems.add(format!("relations[{i}].to"), "bad_component_code");
        }
        found.extend(kind.zip(to.ok()).map(|(kind, to)| Relation { kind, to }));
    }
    found
}

fn attachment(field: String, id: String, problems: &mut Problems) -> Option<AttachmentId> {
    let found = AttachmentId::try_from(id);
    if found.is_err() {
        problems.add(field, "not_an_attachment");
    }
    found.ok()
}

fn documents(list: Vec<DocumentIn>, problems: &mut Problems) -> Vec<Document> {
    let mut found = Vec::new();
    for (i, sent) in list.into_iter().enumerate() {
        let id = attachment(format!("documents[{i}].id"), sent.id, problems);
        found.extend(id.map(|id| Document { id, title: sent.title, expires_on: sent.expires_on }));
    }
    found
}

fn photos(list: Vec<String>, problems: &mut Problems) -> Vec<AttachmentId> {
    let ids = list.into_iter().enumerate();
    ids.filter_map(|(i, id)| attachment(format!("photos[{i}]"), id, problems)).collect()
}

/// A new component. Without `code` the next one of its class and division is issued.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegisterIn {
    /// Made by the client: the same again registers nothing and is answered the same way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command_id: Option<Uuid>,
    /// Class key such as `2026-component-01037`; may be left out when `code` says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// 16 or 17 digits, of components coded elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Well-known text in CGCS2000: `POINT`, `LINESTRING` or `POLYGON`, as the class has it.
    pub place: String,
    /// `A` (±0.5 m), `B` (±1 m) or `C` (±10 m).
    #[schema(pattern = "^[ABC]$")]
    pub accuracy: String,
    /// Needed only where the city has no unit grids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grid: Option<String>,
    /// `intact`, `damaged`, `lost` or `abandoned`.
    #[serde(default = "intact")]
    pub state: String,
    /// Today when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    pub first_on: Option<Date>,
    /// The rest: `name` and `supervisor` are needed.
    #[serde(default)]
    pub values: ChangeIn,
}

fn intact() -> String {
    "intact".into()
}

/// Reads a place of CGCS2000.
pub(crate) fn parse_place(text: &str) -> Result<Place, FieldProblem> {
    Place::from_wkt(text).map_err(|problem| problems_of("", &[problem]).remove(0))
}

pub(crate) fn parse_accuracy(text: &str) -> Result<Accuracy, FieldProblem> {
    match text {
        "A" => Ok(Accuracy::A),
        "B" => Ok(Accuracy::B),
        "C" => Ok(Accuracy::C),
        _ => Err(FieldProblem::new("accuracy", "unknown_value")),
    }
}

pub(crate) fn parse_state(text: &str) -> Result<State, FieldProblem> {
    let known = State::ALL.into_iter().find(|state| state_word(*state) == text);
    known.ok_or_else(|| FieldProblem::new("state", "unknown_value"))
}

/// The word of a state on the wire and in the map's dictionary.
pub(crate) const fn state_word(state: State) -> &'static str {
    match state {
        State::Intact => "intact",
        State::Damaged => "damaged",
        State::Lost => "lost",
        State::Abandoned => "abandoned",
        State::Removed => "removed",
    }
}

/// A new component understood, apart from the code it may still have to be given.
pub(crate) struct Registering {
    pub class: ClassKey,
    pub code: Option<ComponentCode>,
    pub component: Component,
}

impl Registering {
    /// The component under its code.
    pub fn under(self, code: ComponentCode) -> Component {
        Component { code, ..self.component }
    }

    /// A code to try it under before it gets its own.
    pub fn stand_in(&self) -> Option<ComponentCode> {
        Some(self.component.code.clone())
    }

    pub const fn grid(&self) -> &kernel::GridCode {
        &self.component.grid
    }
}

impl RegisterIn {
    /// # Errors
    /// [`AppError::Invalid`] with every field that cannot be read.
    pub(crate) fn parse(self, config: &Config, today: Date) -> Result<Registering, AppError> {
        let mut problems = Problems::default();
        let code = self.code.as_deref().filter(|code| !code.is_empty()).and_then(|code| {
            let read = code.parse::<ComponentCode>();
            if read.is_err() {
                problems.add("code", "bad_component_code");
            }
            read.ok()
        });
        let class = match (&self.class, &code) {
            (Some(class), _) => convert::class(config, "class", class, &mut problems),
            (None, Some(code)) => Some(code.class.clone()),
            (None, None) => {
                problems.add("class", "required");
                None
            }
        };
        if class.as_ref().is_some_and(|class| class.kind != kernel::Kind::Component) {
            problems.add("class", "not_a_component");
        }
        if let (Some(class), Some(code)) = (&class, &code)
            && *class != code.class
        {
            problems.add("code", "other_class");
        }
        let place = keep(parse_place(&self.place), &mut problems);
        let accuracy = keep(parse_accuracy(&self.accuracy), &mut problems);
        let state = keep(parse_state(&self.state), &mut problems);
        let grid = place
            .as_ref()
            .and_then(|place| keep(grid_of(config, place, self.grid.as_deref()), &mut problems));
        let values = match self.values.parse() {
            Ok(values) => values,
            Err(more) => {
                more.into_iter().for_each(|problem| problems.push(problem));
                Change::default()
            }
        };
        if values.name.as_deref().unwrap_or_default().is_empty() {
            problems.add("name", "required");
        }
        if values.supervisor.is_none() {
            problems.add("supervisor", "required");
        }
        problems.done()?;
        let read = class.zip(place).zip(accuracy.zip(state)).zip(grid.zip(values.supervisor));
        let Some((((class, place), (accuracy, state)), (grid, supervisor))) = read else {
            return Err(AppError::invalid("class", "required"));
        };
        // Replaced before it is decided on, unless it was given.
        let division = grid.as_str().get(..6).and_then(|text| text.parse().ok());
        let stand_in = division.and_then(|division| ComponentCode::new(division, class.clone(), 1).ok());
        let Some(any) = code.clone().or(stand_in) else {
            return Err(AppError::invalid("class", "not_a_component"));
        };
        let component = Component {
            code: any,
            name: values.name.unwrap_or_default(),
            supervisor,
            owner: values.owner,
            maintainer: values.maintainer,
            grid,
            street_name: String::new(),
            community_name: String::new(),
            state,
            first_on: self.first_on.unwrap_or(today),
            changed_on: None,
            source: values.source.unwrap_or_default(),
            note: values.note.unwrap_or_default(),
            source_id: String::new(),
            place,
            accuracy,
            height_m: values.height_m,
            relations: values.relations.unwrap_or_default(),
            documents: values.documents.unwrap_or_default(),
            photos: values.photos.unwrap_or_default(),
            extra: values.extra.unwrap_or_default(),
            confirmed: None,
            surveyed: None,
            version: 0,
        };
        Ok(Registering { class, code, component })
    }
}

fn keep<T>(read: Result<T, FieldProblem>, problems: &mut Problems) -> Option<T> {
    read.map_err(|problem| problems.push(problem)).ok()
}

/// A step of a component.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "step", rename_all = "snake_case")]
#[allow(clippy::large_enum_variant)] // one a request
pub enum ComponentStepIn {
    Change {
        change: ChangeIn,
    },
    /// It stands elsewhere in the same division.
    Move {
        /// Well-known text, CGCS2000.
        place: String,
        accuracy: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        grid: Option<String>,
    },
    SetState {
        state: String,
        reason: String,
    },
    /// 确权: this body owns it.
    ConfirmOwnership {
        owner: BodyIn,
    },
    /// Seen on the spot, in this state.
    Survey {
        round: String,
        state: String,
    },
    Remove {
        reason: String,
    },
}

impl ComponentStepIn {
    /// # Errors
    /// [`AppError::Invalid`] with every field that cannot be read.
    pub(crate) fn parse(self, config: &Config) -> Result<Command, AppError> {
        let one = |problem| AppError::Invalid(vec![problem]);
        Ok(match self {
            Self::Change { change } => Command::Change(Box::new(change.parse().map_err(|problems| {
                let within = |mut problem: FieldProblem| {
                    problem.field = format!("change.{}", problem.field);
                    problem
                };
                AppError::Invalid(problems.into_iter().map(within).collect())
            })?)),
            Self::Move { place, accuracy, grid } => {
                let mut problems = Problems::default();
                let place = keep(parse_place(&place), &mut problems);
                let accuracy = keep(parse_accuracy(&accuracy), &mut problems);
                let grid = place
                    .as_ref()
                    .and_then(|place| keep(grid_of(config, place, grid.as_deref()), &mut problems));
                problems.done()?;
                let Some(((place, accuracy), grid)) = place.zip(accuracy).zip(grid) else {
                    return Err(AppError::invalid("place", "required"));
                };
                Command::Move { place, grid, accuracy }
            }
            Self::SetState { state, reason } => {
                Command::SetState { state: parse_state(&state).map_err(one)?, reason }
            }
            Self::ConfirmOwnership { owner } => Command::ConfirmOwnership { owner: owner.into() },
            Self::Survey { round, state } => {
                Command::Survey { round, state: parse_state(&state).map_err(one)? }
            }
            Self::Remove { reason } => Command::Remove { reason },
        })
    }
}

/// A step with its lock and its identity.
#[derive(Debug, Clone, PartialEq, Deserialize, ToSchema)]
pub struct ComponentStepRequest {
    /// Made by the client: the same again changes nothing and is answered the same way.
    pub command_id: Option<Uuid>,
    /// Version the person saw; refused with 412 when the component has changed since. Left out: no check.
    pub version: Option<u32>,
    #[serde(flatten)]
    pub step: ComponentStepIn,
}

impl App {
    /// Registers a component.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] unless the caller keeps the registry; [`AppError::Invalid`] with every wrong field.
    pub async fn register_component(
        &self,
        actor: &Actor,
        sent: RegisterIn,
    ) -> Result<ComponentView, AppError> {
        rights::one_of(actor, &rights::REGISTRY_EDITORS, "edit the registry")?;
        let config = self.config(actor.city)?;
        let command = sent.command_id;
        let registering = sent.parse(&config, config.calendar.local_date(self.now()))?;
        self.check_attachments(actor, &registering.component).await?;
        let (own_code, code) = match registering.code.clone() {
            Some(code) => (true, code),
            None => {
                let codes = self.issue_codes(config.city, registering.grid(), &registering.class, 1).await?;
                (false, codes.into_iter().next().ok_or(AppError::Busy)?)
            }
        };
        let done = self.save_new(actor, &config, registering.under(code), own_code, command).await?;
        let stored = self.store().thing(actor.city, done.serial).await?;
        self.component_view(actor, &config, stored.ok_or(AppError::NotFound("component"))?).await
    }

    /// Takes a step of a component.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] without the right, [`AppError::Invalid`] with every wrong field, [`AppError::Stale`]
    /// when it has changed since the version sent.
    pub async fn step_component(
        &self,
        actor: &Actor,
        code: &str,
        request: ComponentStepRequest,
    ) -> Result<ComponentView, AppError> {
        let config = self.config(actor.city)?;
        let confirms = matches!(request.step, ComponentStepIn::ConfirmOwnership { .. });
        let mut roles = rights::REGISTRY_EDITORS.to_vec();
        if confirms {
            roles.push(Role::DepartmentOfficer);
        }
        rights::one_of(actor, &roles, "edit the registry")?;
        let parsed = request.step.parse(&config)?;
        for _ in 0..TRIES_MAX {
            let stored = self.component_row(actor.city, code).await?;
            let component = write::read(&stored)?;
            if confirms && !self.may_confirm(actor, &config, &component) {
                return Err(AppError::Forbidden("confirm ownership of another department's component"));
            }
            if request.version.is_some_and(|version| version != stored.version) {
                if self.already_done(&stored, actor, request.command_id).await? {
                    return self.component_view(actor, &config, stored).await;
                }
                return Err(AppError::Stale);
            }
            let mut draft = Draft::of(&stored)?;
            let by = actor.person_id().unwrap_or(PersonId(0));
            if let Err(problems) = draft.take(&config, parsed.clone(), by, self.now()) {
                if self.already_done(&stored, actor, request.command_id).await? {
                    return self.component_view(actor, &config, stored).await;
                }
                return Err(AppError::Invalid(problems_of("", &problems)));
            }
            if let Some(component) = &draft.component {
                self.check_attachments(actor, component).await?;
            }
            let puts: Vec<_> = draft.into_put().into_iter().collect();
            let put = PutThings {
                city: actor.city,
                by: actor.person_id(),
                at: self.now(),
                command: request.command_id,
                puts,
            };
            match self.commit_things(put).await {
                Ok(_) => {
                    let stored = self.component_row(actor.city, code).await?;
                    return self.component_view(actor, &config, stored).await;
                }
                Err(AppError::Stale) if request.version.is_none() => {}
                Err(other) => return Err(other),
            }
        }
        Err(AppError::Stale)
    }

    /// Whether a command sent again was carried out before: the store knows it, and writes nothing for a version
    /// that cannot be.
    async fn already_done(
        &self,
        stored: &StoredThing,
        actor: &Actor,
        command: Option<Uuid>,
    ) -> Result<bool, AppError> {
        if command.is_none() {
            return Ok(false);
        }
        let never = PutThing {
            serial: Some(stored.serial),
            register: stored.register.clone(),
            code: stored.code.clone(),
            name: stored.name.clone(),
            class: stored.class.clone(),
            expected_version: u32::MAX,
            removed: stored.removed,
            change: String::new(),
            body: stored.body.clone(),
        };
        let put =
            PutThings { city: actor.city, by: actor.person_id(), at: self.now(), command, puts: vec![never] };
        match self.store().put_things(put).await {
            Ok(done) => Ok(done.iter().any(|done| done.serial == stored.serial)),
            Err(StoreError::StaleThing { .. }) => Ok(false),
            Err(other) => Err(other.into()),
        }
    }

    /// Every photo and paper of a component was uploaded before.
    pub(crate) async fn check_attachments(
        &self,
        actor: &Actor,
        component: &Component,
    ) -> Result<(), AppError> {
        let mut problems = Problems::default();
        let papers =
            component.documents.iter().enumerate().map(|(i, d)| (format!("documents[{i}].id"), &d.id));
        let photos = component.photos.iter().enumerate().map(|(i, id)| (format!("photos[{i}]"), id));
        for (field, id) in papers.chain(photos) {
            if self.store().attachment(actor.city, id.as_str()).await?.is_none() {
                problems.add(field, "unknown_attachment");
            }
        }
        problems.done()
    }

    /// Who keeps the registry, and officers of a department that owns, keeps or answers for the component.
    pub(crate) fn may_confirm(&self, actor: &Actor, config: &Config, component: &Component) -> bool {
        if rights::one_of(actor, &rights::REGISTRY_EDITORS, "").is_ok() {
            return true;
        }
        let own = self.departments_of(config, component);
        actor.posts().iter().filter(|post| post.role == Role::DepartmentOfficer).any(|post| {
            let within = own.iter().any(|id| config.organisation.within(*id, post.department));
            within && post.scope.covers(Some(&component.grid), Some(&component.code.class))
        })
    }
}
