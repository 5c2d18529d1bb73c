//! Who acts. Every use case takes an [`Actor`] first.

use crate::class::ClassKey;
use crate::id::{CaseId, CityCode, DepartmentId, GridCode, PersonId};
use serde::{Deserialize, Serialize};

/// A role of the loop (角色) or of administration. Source: `standards/workflow.md` §2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// 监督员 / 信息采集员: patrols, reports, confirms, verifies.
    Collector,
    /// 受理员: receives, asks for confirmation and verification, passes to the shift leader.
    IntakeOperator,
    /// 值班长: files, closes, decides voids.
    ShiftLeader,
    /// 派遣员: chooses the responsible department, approves extensions, returns, suspensions.
    Dispatcher,
    /// 专业部门: signs for, assigns, replies for its department.
    DepartmentOfficer,
    /// 处置人员: does the work.
    Handler,
    /// 领导: instructs and urges.
    Leader,
    /// 上级平台: orders from the higher platform.
    Supervisor,
    /// 系统管理员: configures; decides no case.
    SystemAdmin,
    /// 安全管理员: people, roles, sessions; decides no case.
    SecurityAdmin,
    /// 审计管理员: reads the audit log only.
    AuditAdmin,
}

impl Role {
    pub const ALL: [Self; 11] = [
        Self::Collector,
        Self::IntakeOperator,
        Self::ShiftLeader,
        Self::Dispatcher,
        Self::DepartmentOfficer,
        Self::Handler,
        Self::Leader,
        Self::Supervisor,
        Self::SystemAdmin,
        Self::SecurityAdmin,
        Self::AuditAdmin,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Collector => "collector",
            Self::IntakeOperator => "intake_operator",
            Self::ShiftLeader => "shift_leader",
            Self::Dispatcher => "dispatcher",
            Self::DepartmentOfficer => "department_officer",
            Self::Handler => "handler",
            Self::Leader => "leader",
            Self::Supervisor => "supervisor",
            Self::SystemAdmin => "system_admin",
            Self::SecurityAdmin => "security_admin",
            Self::AuditAdmin => "audit_admin",
        }
    }

    /// Reads the wire word; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }

    /// True for the two roles on the handling axis, which may never verify or close.
    #[must_use]
    pub const fn handles(self) -> bool {
        matches!(self, Self::DepartmentOfficer | Self::Handler)
    }
}

/// A part of the city, by division or grid code.
pub type Area = GridCode;

/// Where and on which classes a post counts. An empty list means everywhere, every class.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Scope {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub areas: Vec<Area>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<ClassKey>,
}

impl Scope {
    /// A case without a place is inside only an unbounded area; the same holds for its class.
    #[must_use]
    pub fn covers(&self, place: Option<&GridCode>, class: Option<&ClassKey>) -> bool {
        let area = self.areas.is_empty() || place.is_some_and(|p| self.areas.iter().any(|a| p.is_within(a)));
        let kind = self.classes.is_empty() || class.is_some_and(|c| self.classes.contains(c));
        area && kind
    }
}

/// One post (岗位) of a person: a role in a department, with a scope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    pub role: Role,
    pub department: DepartmentId,
    #[serde(default)]
    pub scope: Scope,
}

/// Who is asking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Who {
    /// A signed-in person with posts.
    Person { person: PersonId, posts: Vec<Post> },
    /// A citizen without account; `case` is the one whose secret link is held.
    Citizen { case: Option<CaseId> },
    /// An automatic step; `rule` and its `version` are written into the fact (T47).
    System { rule: String, version: u32 },
}

/// Who acts, in which city. First argument of every use case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    pub city: CityCode,
    pub who: Who,
}

impl Actor {
    #[must_use]
    pub fn person(city: CityCode, person: PersonId, posts: Vec<Post>) -> Self {
        Self { city, who: Who::Person { person, posts } }
    }

    #[must_use]
    pub fn citizen(city: CityCode, case: Option<CaseId>) -> Self {
        Self { city, who: Who::Citizen { case } }
    }

    #[must_use]
    pub fn system(city: CityCode, rule: &str, version: u32) -> Self {
        Self { city, who: Who::System { rule: rule.to_owned(), version } }
    }

    #[must_use]
    pub fn person_id(&self) -> Option<PersonId> {
        match self.who {
            Who::Person { person, .. } => Some(person),
            _ => None,
        }
    }

    #[must_use]
    pub fn posts(&self) -> &[Post] {
        match &self.who {
            Who::Person { posts, .. } => posts,
            _ => &[],
        }
    }

    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        self.posts().iter().any(|post| post.role == role)
    }

    #[must_use]
    pub const fn is_system(&self) -> bool {
        matches!(self.who, Who::System { .. })
    }
}
