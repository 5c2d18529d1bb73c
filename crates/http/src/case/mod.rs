//! Cases: reporting, working, finding, reading, taking away.

pub mod dispatching;
pub mod duplicates;
pub mod export;
pub mod list;
pub mod print;
pub mod report;
pub mod see;
pub mod step;

use crate::door::Door;
use crate::i18n;
use crate::language::Language;
use app::view::CaseView;
use utoipa_axum::router::OpenApiRouter;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .merge(report::routes())
        .merge(step::routes())
        .merge(list::routes())
        .merge(export::routes())
        .merge(see::routes())
        .merge(dispatching::routes())
        .merge(duplicates::routes())
        .merge(print::routes())
}

/// Writes the reason of every action that is not allowed in the caller's language.
#[must_use]
pub fn spoken(mut view: CaseView, language: Language) -> CaseView {
    for action in &mut view.actions {
        if let Some(because) = &mut action.because {
            because.message = i18n::because(language, because);
        }
    }
    view
}
