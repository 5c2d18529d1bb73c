//! From a batch to one transaction.

use super::check::{Fold, Folded};
use super::{Batch, EditState, EditView};
use crate::app::App;
use crate::config::Config;
use crate::error::AppError;
use crate::papers::Paper;
use crate::ports::PutThings;
use kernel::Actor;

impl App {
    /// Everything of the batch and its new state, written together.
    pub(super) async fn publish_edit(
        &self,
        actor: &Actor,
        config: &Config,
        paper: Paper<Batch>,
    ) -> Result<EditView, AppError> {
        let id = paper.row.code.clone();
        let kept: Vec<_> = self.commands_of(actor, &id).await?.into_iter().map(|paper| paper.value).collect();
        // The maker's name stands in the facts; the reviewer's in the batch. Codes are issued once nothing is wrong.
        let by = paper.value.by;
        self.fold(actor, config, &kept, Fold { by, issue: false }).await?.report.refuse()?;
        let folded: Folded = self.fold(actor, config, &kept, Fold { by, issue: true }).await?;
        folded.report.refuse()?;
        let (codes, mut puts) = folded.into_puts();
        let now = self.now();
        let batch = Batch {
            state: EditState::Published,
            reviewed_by: actor.person_id(),
            reviewed_at: Some(now),
            ..paper.value.clone()
        };
        let count = puts.len();
        puts.push(paper.put(&batch));
        let put = PutThings { city: actor.city, by: actor.person_id(), at: now, command: None, puts };
        self.commit_things(put).await?;
        self.note_component_codes(actor.city, &codes).await?;
        let detail = format!("{count} components");
        self.note(actor.city, actor.person_id(), "edit_published", &format!("edit/{id}"), &detail, "")
            .await?;
        self.edit_of_maker(actor, config, &id).await
    }
}
