//! Approvals (审批): sub-states beside the stage, at most one open of a kind.

use kernel::{PersonId, Role, TimeLimit, Timestamp};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalKind {
    /// 延期
    Extension,
    /// 回退
    Return,
    /// 挂账
    Suspension,
    /// 作废
    Cancellation,
    /// 撤案
    Withdrawal,
}

impl ApprovalKind {
    pub const ALL: [Self; 5] =
        [Self::Extension, Self::Return, Self::Suspension, Self::Cancellation, Self::Withdrawal];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Extension => "extension",
            Self::Return => "return",
            Self::Suspension => "suspension",
            Self::Cancellation => "cancellation",
            Self::Withdrawal => "withdrawal",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalState {
    /// `passed` steps of the chain are done; `roles` of the next step must answer.
    Open {
        passed: u8,
    },
    Approved {
        at: Timestamp,
    },
    Rejected {
        at: Timestamp,
    },
    /// Ended without an answer because the case left the stage it was asked in.
    Lapsed {
        at: Timestamp,
    },
}

/// A request and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Approval {
    pub kind: ApprovalKind,
    pub asked_at: Timestamp,
    pub asked_by: Option<PersonId>,
    pub asked_as: Option<Role>,
    pub reason: String,
    /// Extension: the time asked for. `None` asks for the procedure's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extra: Option<TimeLimit>,
    /// Suspension: when the case shall be taken up again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The roles that must answer, one set a step, fixed when asked.
    pub chain: Vec<Vec<Role>>,
    /// Answers so far: who, when, with which opinion.
    pub answers: Vec<Answer>,
    pub state: ApprovalState,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    pub by: Option<PersonId>,
    pub role: Option<Role>,
    pub at: Timestamp,
    pub approved: bool,
    pub opinion: String,
}

impl Approval {
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self.state, ApprovalState::Open { .. })
    }

    /// The roles of which one must answer next; none when it is not open.
    #[must_use]
    pub fn waiting_roles(&self) -> &[Role] {
        match self.state {
            ApprovalState::Open { passed } => self.chain.get(usize::from(passed)).map_or(&[], Vec::as_slice),
            _ => &[],
        }
    }

    /// True when a yes now grants the request.
    #[must_use]
    pub fn is_last_step(&self) -> bool {
        match self.state {
            ApprovalState::Open { passed } => usize::from(passed) + 1 >= self.chain.len(),
            _ => false,
        }
    }
}
