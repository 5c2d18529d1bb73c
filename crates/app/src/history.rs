//! A history brought over from elsewhere: whole cases played through the loop at the times they had.
//!
//! Nothing is written past the rules: every step is decided by [`case::run`] as its actor at its time, so
//! that rows, facts and clocks are what they would be had the case been worked here.

use crate::app::App;
use crate::config::Config;
use crate::draft::words_of;
use crate::error::AppError;
use crate::password;
use crate::ports::{Append, Credential};
use case::decide::{Done, run};
use case::{Command, Refusal, Step};
use futures::future::try_join_all;
use kernel::{Actor, CityCode, PersonId, Timestamp};

/// One step of a story: when, by whom, what.
#[derive(Debug, Clone)]
pub struct Scripted {
    pub at: Timestamp,
    pub actor: Actor,
    pub command: Command,
}

/// A step of a story that the loop refused: the story is wrong, not the loop.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("step {number} ({step:?}) was refused: {refusal:?}")]
pub struct NotPlayed {
    /// 1 for the report.
    pub number: usize,
    pub step: Option<Step>,
    pub refusal: Refusal,
}

/// Why a story could not be played.
#[derive(Debug, thiserror::Error)]
pub enum PlayError {
    #[error(transparent)]
    NotPlayed(#[from] NotPlayed),
    #[error("the story cannot be played")]
    Other(#[from] AppError),
}

/// Plays a story under procedure version `procedure` and makes it ready for [`App::commit_bulk`]. Nobody is
/// told of what is long past: there are no notices.
///
/// # Errors
/// The first step the loop refuses. A story without a step is refused too.
pub fn play(config: &Config, procedure: u32, story: Vec<Scripted>) -> Result<Append, PlayError> {
    let mut state = None;
    let mut facts = Vec::with_capacity(story.len() + 2);
    for (i, Scripted { at, actor, command }) in story.into_iter().enumerate() {
        let step = command.step();
        let context = config.context(procedure, at)?;
        let Done { case, records } = run(state.as_ref(), command, &actor, &context)
            .map_err(|refusal| NotPlayed { number: i + 1, step: Some(step), refusal })?;
        state = Some(case);
        facts.extend(records);
    }
    let state = state.ok_or_else(|| NotPlayed {
        number: 0,
        step: None,
        refusal: Refusal::Incomplete { field: "story".to_owned() },
    })?;
    let words = Some(words_of(&state));
    Ok(Append {
        city: state.city,
        state,
        expected_version: 0,
        facts,
        command: None,
        words,
        reporter: None,
        secret_hash: None,
        notices: Vec::new(),
        photo_hashes: Vec::new(),
    })
}

impl App {
    /// Writes one played case as if it happened now, and tells the screens.
    ///
    /// # Errors
    /// When it exists already, or the store fails.
    pub async fn add_played(&self, append: Append) -> Result<(), AppError> {
        self.commit(vec![append]).await.map(drop)
    }

    /// Gives many people the same password at the price of one hash, without the rules for passwords. For
    /// ready-made accounts, which nobody may use for anything that matters.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn set_same_password(
        &self,
        city: CityCode,
        people: &[PersonId],
        new: &str,
    ) -> Result<(), AppError> {
        let hash = password::hash(new.to_owned()).await?;
        let credential =
            Credential { hash, failures: 0, locked_until: None, changed_at: self.now(), must_change: false };
        let puts = people.iter().map(|person| self.store().put_credential(city, *person, &credential));
        try_join_all(puts).await?;
        Ok(())
    }
}
