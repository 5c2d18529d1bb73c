//! Work on one or several cases before it is saved: all of it becomes one transaction.

use crate::config::Config;
use crate::error::AppError;
use crate::notices;
use crate::ports::{Append, Notice, Reporter, StoredCase};
use case::decide::{Done, run};
use case::{Case, Command, Context, Fact, FactRecord, Procedure, Stage};
use kernel::{Actor, Timestamp};
use uuid::Uuid;

/// A case with the facts that are about to be added to it.
pub(crate) struct Draft {
    pub state: Case,
    pub expected_version: u32,
    pub facts: Vec<FactRecord>,
    pub command: Option<Uuid>,
    pub reporter: Option<Reporter>,
    pub secret_hash: Option<String>,
    pub photo_hashes: Vec<(String, u64)>,
    pub notices: Vec<Notice>,
}

impl Draft {
    /// Work on a stored case.
    pub fn of(stored: StoredCase) -> Self {
        let expected_version = stored.case.version;
        Self::with(stored.case, expected_version, Vec::new())
    }

    /// A new case, by one of the report commands.
    pub fn new(command: Command, actor: &Actor, config: &Config, now: Timestamp) -> Result<Self, AppError> {
        let Done { case, records } = run(None, command, actor, &config.context(config.procedure, now)?)?;
        Ok(Self::with(case, 0, records))
    }

    /// A new case under a procedure that is not the one in force, such as an old system's.
    pub fn under(
        procedure: &Procedure,
        command: Command,
        actor: &Actor,
        config: &Config,
        now: Timestamp,
    ) -> Result<Self, AppError> {
        let ctx = Context { procedure, ..config.context(config.procedure, now)? };
        let Done { case, records } = run(None, command, actor, &ctx)?;
        Ok(Self::with(case, 0, records))
    }

    pub fn step_under(
        &mut self,
        procedure: &Procedure,
        command: Command,
        actor: &Actor,
        config: &Config,
        now: Timestamp,
    ) -> Result<(), AppError> {
        let ctx = Context { procedure, ..config.context(config.procedure, now)? };
        let Done { case, records } = run(Some(&self.state), command, actor, &ctx)?;
        self.state = case;
        self.facts.extend(records);
        Ok(())
    }

    const fn with(state: Case, expected_version: u32, facts: Vec<FactRecord>) -> Self {
        Self {
            state,
            expected_version,
            facts,
            command: None,
            reporter: None,
            secret_hash: None,
            photo_hashes: Vec::new(),
            notices: Vec::new(),
        }
    }

    /// One more step; a refusal changes nothing.
    pub fn step(
        &mut self,
        command: Command,
        actor: &Actor,
        config: &Config,
        now: Timestamp,
    ) -> Result<(), AppError> {
        // Filing and migrating pin the case anew; everything else follows the pinned procedure.
        let procedure = match &command {
            Command::File { procedure, .. } | Command::Migrate { procedure } => *procedure,
            _ => self.state.procedure,
        };
        let ctx = config.context(procedure, now)?;
        let Done { case, records } = run(Some(&self.state), command, actor, &ctx)?;
        self.state = case;
        self.facts.extend(records);
        Ok(())
    }

    /// Everything as it goes to the store. `reporter` is who must be told, `link` how they follow the case.
    pub fn into_append(mut self, reporter: Option<&Reporter>, link: Option<&str>) -> Append {
        let told = self.reporter.as_ref().or(reporter);
        self.notices.extend(notices::after(&self.state, &self.facts, told, link));
        let words = touches_words(&self.facts).then(|| words_of(&self.state));
        Append {
            city: self.state.city,
            state: self.state,
            expected_version: self.expected_version,
            facts: self.facts,
            command: self.command,
            words,
            reporter: self.reporter,
            secret_hash: self.secret_hash,
            notices: self.notices,
            photo_hashes: self.photo_hashes,
        }
    }
}

fn touches_words(facts: &[FactRecord]) -> bool {
    facts.iter().any(|record| {
        matches!(
            record.fact,
            Fact::Reported { .. } | Fact::Corrected { .. } | Fact::Replied { .. } | Fact::Filed { .. }
        )
    })
}

/// Tokens by which a case is found: its words, place, number, component, condition and reply.
pub(crate) fn words_of(case: &Case) -> Vec<String> {
    let mut text = String::with_capacity(256);
    text.push_str(&case.report.text);
    text.push('\n');
    text.push_str(&case.report.place.address);
    text.push('\n');
    text.push_str(case.number.as_str());
    if let Some(component) = &case.report.component {
        text.push('\n');
        text.push_str(component);
    }
    if let Some(filing) = &case.filing {
        text.push('\n');
        text.push_str(&filing.criterion_text);
    }
    if let Stage::Replied { reply, .. }
    | Stage::ReadyToVerify { reply, .. }
    | Stage::Verifying { reply, .. }
    | Stage::Verified { reply, .. } = &case.stage
    {
        text.push('\n');
        text.push_str(&reply.text);
    }
    let mut words: Vec<String> = city::tokens::bigrams(&text).collect();
    words.sort_unstable();
    words.dedup();
    words
}
