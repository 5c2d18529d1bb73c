//! The closed loop of a case (案件闭环), pure.
//!
//! [`decide`] answers facts or a refusal for a [`Command`]; [`Case::apply`] is the only way a case
//! changes; replaying a case's facts gives the same case. The machine is `standards/workflow.md`
//! §3–§5 with the names of `rulings.md`; what cities vary is a [`Procedure`].
//!
//! Drafts (草稿, S00) live on the phone or at the desk until they are reported: [`Stage::Draft`] is
//! a name only, no stored case has it.

pub mod action;
pub mod apply;
pub mod approval;
pub mod case;
pub mod clock;
pub mod command;
pub mod decide;
pub mod fact;
pub mod procedure;
pub mod refusal;
pub mod report;
pub mod stage;
pub mod summary;

pub use action::{Action, actions, main_step};
pub use apply::{ReplayError, replay};
pub use approval::{Approval, ApprovalKind, ApprovalState};
pub use case::{Assignment, Case, Child, Filing, Level, Urging, UrgingLevel};
pub use command::{Command, Share, Standard, Step};
pub use decide::{Context, Departments, Done, by, decide, fast_channel, run, stamp};
pub use fact::{By, ClockChange, Fact, FactRecord};
pub use procedure::{Procedure, ProcedureProblem};
pub use refusal::Refusal;
pub use report::{Evidence, EvidenceKind, Place, Report, Source};
pub use stage::{ConfirmOutcome, Reply, Stage, StageName, VerifyOutcome};
pub use summary::Moment;
