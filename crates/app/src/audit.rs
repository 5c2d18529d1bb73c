//! The audit log: log-ins, changes, exports. Read by the audit administrator only.

use crate::app::App;
use crate::error::AppError;
use crate::line::person_view;
use crate::rights;
use crate::view::PersonView;
use kernel::{Actor, PersonId, Role};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// Id of the last line seen; older ones follow.
    pub before: Option<i64>,
    #[param(max_length = 40)]
    pub action: Option<String>,
    pub person: Option<u32>,
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AuditPage {
    pub items: Vec<AuditLine>,
    pub next: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AuditLine {
    pub id: i64,
    pub at: i64,
    pub person: Option<PersonView>,
    pub action: String,
    pub target: String,
    pub detail: String,
    pub from: String,
}

impl App {
    /// # Errors
    /// [`AppError::Forbidden`] for anyone but the audit administrator.
    pub async fn audit_log(&self, actor: &Actor, q: &AuditQuery) -> Result<AuditPage, AppError> {
        rights::only(actor, Role::AuditAdmin, "read the audit log")?;
        let config = self.config(actor.city)?;
        let limit = q.limit.unwrap_or(100).clamp(1, 200);
        let person = q.person.map(PersonId);
        let lines = self.store().audit_log(actor.city, q.before, q.action.as_deref(), person, limit).await?;
        let next = if lines.len() == limit as usize { lines.last().map(|line| line.id) } else { None };
        let items = lines.into_iter().map(|line| AuditLine {
            id: line.id,
            at: line.entry.at.millis(),
            person: line.entry.person.map(|id| person_view(&config, id)),
            action: line.entry.action,
            target: line.entry.target,
            detail: line.entry.detail,
            from: line.entry.from,
        });
        Ok(AuditPage { items: items.collect(), next })
    }

    /// Records that somebody took data out.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn note_export(
        &self,
        actor: &Actor,
        what: &str,
        detail: &str,
        from: &str,
    ) -> Result<(), AppError> {
        self.note(actor.city, actor.person_id(), "export", what, detail, from).await
    }
}
