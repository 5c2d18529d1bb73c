//! Many places asked at once: a list of addresses becomes a list of positions.

use super::find::{PlaceAsk, PlaceFound};
use crate::app::App;
use crate::error::{AppError, FieldProblem};
use kernel::Actor;
use serde::Serialize;
use spatial::geocode::QUERY_CHARS_MAX;
use utoipa::ToSchema;

/// Texts of one batch: some ten seconds of one core at worst, the usual second.
pub const BATCH_TEXTS_MAX: usize = 5_000;
/// Answers to each text.
const ANSWERS_EACH_MAX: usize = 5;

/// The answers to one text of a batch.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct BatchRow {
    pub text: String,
    pub places: Vec<PlaceFound>,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct BatchAnswer {
    /// In the order asked.
    pub rows: Vec<BatchRow>,
    pub found: usize,
}

impl App {
    /// Finds a place for each text, on a thread of its own. `ask` says near what, of which kinds and how many.
    ///
    /// # Errors
    /// [`AppError::NotSignedIn`] for anyone but a person, [`AppError::Invalid`] for too many or too long texts.
    pub async fn find_many_places(
        &self,
        actor: &Actor,
        texts: Vec<String>,
        ask: PlaceAsk,
    ) -> Result<BatchAnswer, AppError> {
        actor.person_id().ok_or(AppError::NotSignedIn)?;
        let mut problems = Vec::new();
        if texts.len() > BATCH_TEXTS_MAX {
            problems.push(FieldProblem::new("texts", "too_many").with("max", BATCH_TEXTS_MAX as u64));
        }
        let long = |text: &&String| text.chars().count() > QUERY_CHARS_MAX;
        if let Some(at) = texts.iter().position(|text| long(&text)) {
            let max = QUERY_CHARS_MAX as u64;
            problems.push(FieldProblem::new(format!("texts[{at}]"), "too_long").with("max", max));
        }
        if !problems.is_empty() {
            return Err(AppError::Invalid(problems));
        }
        let (app, city) = (self.clone(), actor.city);
        let limit = ask.limit.clamp(1, ANSWERS_EACH_MAX);
        let work = move || {
            let mut rows = Vec::with_capacity(texts.len());
            for text in texts {
                let asked = PlaceAsk { q: text.clone(), limit, ..ask.clone() };
                rows.push(BatchRow { places: app.known_places(city, &asked)?, text });
            }
            let found = rows.iter().filter(|row| !row.places.is_empty()).count();
            Ok(BatchAnswer { rows, found })
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| AppError::Busy)?
    }
}
