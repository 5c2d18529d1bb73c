//! Edit batches (编辑批次): changes to components drawn up together, checked, looked over by somebody else, and
//! published as one.

mod check;
mod publish;

pub use check::{EditFinding, EditReport};

use crate::app::App;
use crate::components::{ComponentStepIn, RegisterIn};
use crate::config::Config;
use crate::error::{AppError, FieldProblem, Problems};
use crate::line::person_view;
use crate::papers::{EDIT, EDIT_COMMAND, Paper, new_paper};
use crate::ports::PutThings;
use crate::rights;
use crate::view::PersonView;
use kernel::{Actor, PersonId, Role, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Commands of one batch: what somebody can still look over, and what one short transaction holds.
pub const COMMANDS_MAX: u32 = 1_000;
/// Batches read to answer one list.
const LISTED_MAX: u32 = 1_000;
const TITLE_MAX: usize = 80;
const REASON_MAX: usize = 500;

/// Where a batch stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EditState {
    Draft,
    InReview,
    Published,
    Discarded,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Batch {
    pub title: String,
    pub state: EditState,
    pub by: PersonId,
    pub at: Timestamp,
    /// Commands it holds, and the highest number ever given to one.
    pub commands: u32,
    pub last: u32,
    #[serde(default)]
    pub note: String,
    #[serde(default)]
    pub submitted_at: Option<Timestamp>,
    #[serde(default)]
    pub reviewed_by: Option<PersonId>,
    #[serde(default)]
    pub reviewed_at: Option<Timestamp>,
    /// Why it was returned.
    #[serde(default)]
    pub reason: String,
}

/// One change of a batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum EditCommand {
    /// A new component; its code is issued when the batch is published.
    Register { component: RegisterIn },
    /// A step of a component that exists, or of one that the batch has changed before.
    Step {
        code: String,
        /// Version the editor saw; the batch cannot be published when it has changed since.
        base_version: u32,
        step: ComponentStepIn,
    },
}

#[derive(Debug, Clone, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEdit {
    /// Made by the client; the same again makes no second batch.
    pub id: Uuid,
    #[schema(max_length = 80)]
    pub title: String,
    #[serde(default)]
    #[schema(max_length = 500)]
    pub note: String,
}

/// What is done with a batch.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(tag = "step", rename_all = "snake_case", deny_unknown_fields)]
pub enum EditStep {
    /// To somebody else, who looks over it. Refused while the check finds errors.
    Submit,
    /// Back to its maker.
    Return { reason: String },
    /// All of it becomes the registry's, or none.
    Publish,
    /// By its maker: given up.
    Discard,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EditQuery {
    #[param(inline)]
    pub state: Option<EditState>,
    /// Only the caller's own.
    pub mine: Option<bool>,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct EditView {
    pub id: String,
    pub version: u32,
    pub title: String,
    pub note: String,
    pub state: EditState,
    pub by: PersonView,
    pub at: i64,
    /// Commands it holds.
    pub count: u32,
    pub submitted_at: Option<i64>,
    pub reviewed_by: Option<PersonView>,
    pub reviewed_at: Option<i64>,
    /// Why it was returned.
    pub reason: String,
    /// `edit`, `submit`, `return`, `publish`, `discard`.
    pub actions: Vec<String>,
    /// Only when one batch is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commands: Option<Vec<EditCommandView>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct EditCommandView {
    /// Number in the batch; numbers of commands taken back are not used again.
    pub number: u32,
    pub at: i64,
    pub command: EditCommand,
}

/// The numbered command as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub number: u32,
    pub command: EditCommand,
}

/// Who may draw up batches: editors, and collectors, who propose.
const MAKERS: [Role; 2] = [Role::SystemAdmin, Role::Collector];

fn readers() -> Vec<Role> {
    MAKERS.into_iter().chain(rights::REGISTRY_REVIEWERS).collect()
}

fn actions(actor: &Actor, batch: &Batch) -> Vec<&'static str> {
    let own = actor.person_id() == Some(batch.by);
    let reviews = !own && rights::one_of(actor, &rights::REGISTRY_REVIEWERS, "").is_ok();
    match batch.state {
        EditState::Draft if own && batch.commands > 0 => vec!["edit", "submit", "discard"],
        EditState::Draft if own => vec!["edit", "discard"],
        EditState::InReview if own => vec!["discard"],
        EditState::InReview if reviews => vec!["return", "publish"],
        _ => Vec::new(),
    }
}

fn edit_view(config: &Config, actor: &Actor, paper: &Paper<Batch>) -> EditView {
    let batch = &paper.value;
    EditView {
        id: paper.row.code.clone(),
        version: paper.row.version,
        title: batch.title.clone(),
        note: batch.note.clone(),
        state: batch.state,
        by: person_view(config, batch.by),
        at: batch.at.millis(),
        count: batch.commands,
        submitted_at: batch.submitted_at.map(Timestamp::millis),
        reviewed_by: batch.reviewed_by.map(|id| person_view(config, id)),
        reviewed_at: batch.reviewed_at.map(Timestamp::millis),
        reason: batch.reason.clone(),
        actions: actions(actor, batch).into_iter().map(str::to_owned).collect(),
        commands: None,
    }
}

impl App {
    /// Batches, newest first: one's own, and those that are or were in review.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] for whoever neither makes nor reviews any.
    pub async fn edits(&self, actor: &Actor, q: &EditQuery) -> Result<Vec<EditView>, AppError> {
        rights::one_of(actor, &readers(), "see edit batches")?;
        let config = self.config(actor.city)?;
        let mut papers: Vec<Paper<Batch>> = self.papers(actor.city, EDIT, None, None, LISTED_MAX).await?;
        papers.retain(|paper| {
            let own = actor.person_id() == Some(paper.value.by);
            let seen = own || matches!(paper.value.state, EditState::InReview | EditState::Published);
            seen && (own || q.mine != Some(true)) && q.state.is_none_or(|state| state == paper.value.state)
        });
        papers.sort_by_key(|paper| std::cmp::Reverse(paper.value.at));
        Ok(papers.iter().map(|paper| edit_view(&config, actor, paper)).collect())
    }

    /// A batch with its commands.
    ///
    /// # Errors
    /// [`AppError::NotFound`] for somebody else's draft.
    pub async fn edit(&self, actor: &Actor, id: &str) -> Result<EditView, AppError> {
        let config = self.config(actor.city)?;
        let paper = self.seen_edit(actor, id).await?;
        self.whole_edit(&config, actor, &paper).await
    }

    async fn whole_edit(
        &self,
        config: &Config,
        actor: &Actor,
        paper: &Paper<Batch>,
    ) -> Result<EditView, AppError> {
        let commands = self.commands_of(actor, &paper.row.code).await?;
        let shown = commands.into_iter().map(|kept| EditCommandView {
            number: kept.value.number,
            at: kept.row.changed_at.millis(),
            command: kept.value.command,
        });
        Ok(EditView { commands: Some(shown.collect()), ..edit_view(config, actor, paper) })
    }

    pub(crate) async fn commands_of(&self, actor: &Actor, id: &str) -> Result<Vec<Paper<Kept>>, AppError> {
        self.papers(actor.city, EDIT_COMMAND, Some(id), None, COMMANDS_MAX + 1).await
    }

    async fn seen_edit(&self, actor: &Actor, id: &str) -> Result<Paper<Batch>, AppError> {
        rights::one_of(actor, &readers(), "see edit batches")?;
        let paper: Paper<Batch> = self.paper(actor.city, EDIT, id).await?;
        let own = actor.person_id() == Some(paper.value.by);
        let open = matches!(paper.value.state, EditState::InReview | EditState::Published);
        if own || open { Ok(paper) } else { Err(AppError::NotFound(EDIT)) }
    }

    async fn own_draft(&self, actor: &Actor, id: &str) -> Result<Paper<Batch>, AppError> {
        rights::one_of(actor, &MAKERS, "draw up edits")?;
        let paper = self.seen_edit(actor, id).await?;
        if actor.person_id() != Some(paper.value.by) {
            return Err(AppError::Forbidden("change somebody else's batch"));
        }
        if paper.value.state != EditState::Draft {
            return Err(AppError::invalid("state", "not_a_draft"));
        }
        Ok(paper)
    }

    /// Begins a batch.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] for whoever may draw up none, [`AppError::Invalid`] with every wrong field.
    pub async fn begin_edit(&self, actor: &Actor, sent: NewEdit) -> Result<EditView, AppError> {
        rights::one_of(actor, &MAKERS, "draw up edits")?;
        let by = actor.person_id().ok_or(AppError::NotSignedIn)?;
        let mut problems = Problems::default();
        let title = sent.title.trim().to_owned();
        if title.is_empty() {
            problems.add("title", "required");
        }
        problems.bounded("title", &title, TITLE_MAX);
        problems.bounded("note", &sent.note, REASON_MAX);
        problems.done()?;
        let id = sent.id.to_string();
        if let Some(known) = self.paper_if_there::<Batch>(actor.city, EDIT, &id).await? {
            if known.value.by != by {
                return Err(AppError::invalid("id", "taken"));
            }
            return self.edit(actor, &id).await;
        }
        let at = self.now();
        let batch = Batch {
            title,
            state: EditState::Draft,
            by,
            at,
            commands: 0,
            last: 0,
            note: sent.note,
            submitted_at: None,
            reviewed_by: None,
            reviewed_at: None,
            reason: String::new(),
        };
        let puts = vec![new_paper(EDIT, id.clone(), &batch.title, "", &batch)];
        self.commit_things(PutThings { city: actor.city, by: Some(by), at, command: None, puts }).await?;
        self.edit(actor, &id).await
    }

    /// Adds a command to one's own draft.
    ///
    /// # Errors
    /// [`AppError::Invalid`] when it could not be carried out as things stand.
    pub async fn add_to_edit(
        &self,
        actor: &Actor,
        id: &str,
        command: EditCommand,
    ) -> Result<EditView, AppError> {
        let paper = self.own_draft(actor, id).await?;
        let config = self.config(actor.city)?;
        if paper.value.commands >= COMMANDS_MAX {
            let problem = FieldProblem::new("command", "too_many").with("max", u64::from(COMMANDS_MAX));
            return Err(AppError::Invalid(vec![problem]));
        }
        let mut kept =
            self.commands_of(actor, id).await?.into_iter().map(|paper| paper.value).collect::<Vec<_>>();
        let number = paper.value.last + 1;
        kept.push(Kept { number, command: command.clone() });
        self.check_last(actor, &config, &kept).await?;
        let batch = Batch { commands: paper.value.commands + 1, last: number, ..paper.value.clone() };
        let kept = Kept { number, command };
        let puts =
            vec![paper.put(&batch), new_paper(EDIT_COMMAND, format!("{id}.{number:05}"), "", id, &kept)];
        let put = PutThings { city: actor.city, by: actor.person_id(), at: self.now(), command: None, puts };
        self.commit_things(put).await?;
        self.edit(actor, id).await
    }

    /// Takes the last command of one's own draft back.
    ///
    /// # Errors
    /// [`AppError::Invalid`] when there is none.
    pub async fn undo_in_edit(&self, actor: &Actor, id: &str) -> Result<EditView, AppError> {
        let paper = self.own_draft(actor, id).await?;
        let commands = self.commands_of(actor, id).await?;
        let last = commands.last().ok_or_else(|| AppError::invalid("command", "nothing_to_undo"))?;
        let batch = Batch { commands: paper.value.commands.saturating_sub(1), ..paper.value.clone() };
        let puts = vec![paper.put(&batch), last.remove()];
        let put = PutThings { city: actor.city, by: actor.person_id(), at: self.now(), command: None, puts };
        self.commit_things(put).await?;
        self.edit(actor, id).await
    }

    /// Submits, returns, publishes or discards a batch.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] when it is not the caller's turn; [`AppError::Invalid`] with everything that keeps it
    /// from being submitted or published.
    pub async fn step_edit(&self, actor: &Actor, id: &str, step: EditStep) -> Result<EditView, AppError> {
        let paper = self.seen_edit(actor, id).await?;
        let config = self.config(actor.city)?;
        let word = match &step {
            EditStep::Submit => "submit",
            EditStep::Return { .. } => "return",
            EditStep::Publish => "publish",
            EditStep::Discard => "discard",
        };
        let done_before = step == EditStep::Publish && paper.value.state == EditState::Published;
        if done_before {
            return self.whole_edit(&config, actor, &paper).await;
        }
        if !actions(actor, &paper.value).contains(&word) {
            let own = actor.person_id() == Some(paper.value.by);
            let reviewing = matches!(step, EditStep::Return { .. } | EditStep::Publish);
            let wrong_person = reviewing == own
                || reviewing && rights::one_of(actor, &rights::REGISTRY_REVIEWERS, "").is_err();
            return Err(if wrong_person {
                AppError::Forbidden("take this step with this batch")
            } else {
                AppError::invalid("step", "not_now")
            });
        }
        let now = self.now();
        let mut batch = paper.value.clone();
        match step {
            EditStep::Submit => {
                let report = self.check_commands(actor, &config, id).await?;
                report.refuse()?;
                batch.state = EditState::InReview;
                batch.submitted_at = Some(now);
                batch.reason = String::new();
            }
            EditStep::Return { reason } => {
                let mut problems = Problems::default();
                if reason.trim().is_empty() {
                    problems.add("reason", "required");
                }
                problems.bounded("reason", &reason, REASON_MAX);
                problems.done()?;
                batch.state = EditState::Draft;
                batch.reason = reason;
                batch.reviewed_by = actor.person_id();
                batch.reviewed_at = Some(now);
            }
            EditStep::Publish => return self.publish_edit(actor, &config, paper).await,
            EditStep::Discard => batch.state = EditState::Discarded,
        }
        let puts = vec![paper.put(&batch)];
        self.commit_things(PutThings {
            city: actor.city,
            by: actor.person_id(),
            at: now,
            command: None,
            puts,
        })
        .await?;
        self.edit_of_maker(actor, &config, id).await
    }

    /// A batch whatever its state, for whoever just took a step with it.
    async fn edit_of_maker(&self, actor: &Actor, config: &Config, id: &str) -> Result<EditView, AppError> {
        let paper: Paper<Batch> = self.paper(actor.city, EDIT, id).await?;
        self.whole_edit(config, actor, &paper).await
    }
}
