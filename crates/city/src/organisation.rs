//! Departments (部门) as a tree, and the people in them.

use crate::text::{FieldProblem, L10n, check_text};
use kernel::{DepartmentId, GridCode, PersonId, Post, Role};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The level a department works at: 市 / 区 / 街道. Same wire words as the level of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DepartmentLevel {
    #[default]
    City,
    District,
    Street,
}

impl DepartmentLevel {
    pub const ALL: [Self; 3] = [Self::City, Self::District, Self::Street];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::City => "city",
            Self::District => "district",
            Self::Street => "street",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == text)
    }
}

/// What a department is in the loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DepartmentKind {
    /// 人民政府: the head of the tree.
    Government,
    /// 上级平台: the platform of the next higher government.
    HigherPlatform,
    /// 监督中心: receives, files, verifies, closes.
    SupervisionCenter,
    /// 指挥中心: dispatches and coordinates.
    CommandCenter,
    /// 专业部门: handles.
    Responsible,
    /// 区(县)级机构: a district's own office, which dispatches further down.
    DistrictOffice,
    /// 街道办事处 / 镇政府.
    StreetOffice,
    /// 社区 / 村.
    Community,
    /// 领导机构.
    Leadership,
    /// 系统、安全、审计管理.
    Administration,
}

impl DepartmentKind {
    pub const ALL: [Self; 10] = [
        Self::Government,
        Self::HigherPlatform,
        Self::SupervisionCenter,
        Self::CommandCenter,
        Self::Responsible,
        Self::DistrictOffice,
        Self::StreetOffice,
        Self::Community,
        Self::Leadership,
        Self::Administration,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Government => "government",
            Self::HigherPlatform => "higher_platform",
            Self::SupervisionCenter => "supervision_center",
            Self::CommandCenter => "command_center",
            Self::Responsible => "responsible",
            Self::DistrictOffice => "district_office",
            Self::StreetOffice => "street_office",
            Self::Community => "community",
            Self::Leadership => "leadership",
            Self::Administration => "administration",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// True for departments a case can be dispatched to.
    #[must_use]
    pub const fn handles(self) -> bool {
        matches!(self, Self::Responsible | Self::DistrictOffice | Self::StreetOffice | Self::Community)
    }
}

/// A department (部门).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Department {
    pub id: DepartmentId,
    /// Short stable code, unique in the city.
    pub code: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<DepartmentId>,
    pub name: L10n,
    pub level: DepartmentLevel,
    pub kind: DepartmentKind,
    /// Where it works; empty means the whole city.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub areas: Vec<GridCode>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub phone: String,
    /// False once dissolved; its past cases keep it.
    #[serde(default = "yes")]
    pub active: bool,
    #[serde(default)]
    pub version: u32,
}

const fn yes() -> bool {
    true
}

/// Deeper trees are taken for a mistake: province, city, district, street, community, office, team.
pub const DEPTH_MAX: usize = 8;

/// The departments of a city as a tree.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "Vec<Department>", into = "Vec<Department>")]
pub struct Organisation {
    by_id: BTreeMap<DepartmentId, Department>,
    children: BTreeMap<DepartmentId, Vec<DepartmentId>>,
}

impl From<Vec<Department>> for Organisation {
    fn from(rows: Vec<Department>) -> Self {
        let by_id: BTreeMap<_, _> = rows.into_iter().map(|row| (row.id, row)).collect();
        let mut children: BTreeMap<DepartmentId, Vec<DepartmentId>> = BTreeMap::new();
        for row in by_id.values() {
            if let Some(parent) = row.parent {
                children.entry(parent).or_default().push(row.id);
            }
        }
        Self { by_id, children }
    }
}

impl From<Organisation> for Vec<Department> {
    fn from(organisation: Organisation) -> Self {
        organisation.by_id.into_values().collect()
    }
}

impl Organisation {
    #[must_use]
    pub fn get(&self, id: DepartmentId) -> Option<&Department> {
        self.by_id.get(&id)
    }

    #[must_use]
    pub fn by_code(&self, code: &str) -> Option<&Department> {
        self.by_id.values().find(|row| row.code == code)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Department> {
        self.by_id.values()
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    pub fn roots(&self) -> impl Iterator<Item = &Department> {
        self.by_id.values().filter(|row| row.parent.is_none())
    }

    pub fn children(&self, id: DepartmentId) -> impl Iterator<Item = &Department> {
        self.children.get(&id).into_iter().flatten().filter_map(|child| self.by_id.get(child))
    }

    /// From the parent up to the head of the tree.
    #[must_use]
    pub fn ancestors(&self, id: DepartmentId) -> Vec<&Department> {
        let mut chain: Vec<&Department> = Vec::new();
        let mut next = self.by_id.get(&id).and_then(|row| row.parent);
        while let Some(row) = next.and_then(|parent| self.by_id.get(&parent)) {
            if chain.iter().any(|seen| seen.id == row.id) {
                break;
            }
            chain.push(row);
            next = row.parent;
        }
        chain
    }

    /// True when `department` is `ancestor` or lies below it.
    #[must_use]
    pub fn within(&self, department: DepartmentId, ancestor: DepartmentId) -> bool {
        department == ancestor || self.ancestors(department).iter().any(|row| row.id == ancestor)
    }

    /// The department and all below it.
    #[must_use]
    pub fn subtree(&self, id: DepartmentId) -> Vec<DepartmentId> {
        let mut found: Vec<DepartmentId> = self.by_id.contains_key(&id).then_some(id).into_iter().collect();
        let mut at = 0;
        while at < found.len() {
            let below: Vec<_> = self.children(found[at]).map(|row| row.id).collect();
            found.extend(below.into_iter().filter(|child| !found.contains(child)).collect::<Vec<_>>());
            at += 1;
        }
        found
    }

    /// Adds or changes a department and answers it as stored. `department.version` is the version it was read
    /// at, 0 for a new one.
    ///
    /// # Errors
    /// Every field that cannot be accepted, with the reason.
    pub fn put(&mut self, mut department: Department) -> Result<&Department, Vec<FieldProblem>> {
        let problems = self.check(&department);
        if !problems.is_empty() {
            return Err(problems);
        }
        department.version += 1;
        let id = department.id;
        if let Some(old) = self.by_id.get(&id).and_then(|old| old.parent)
            && let Some(list) = self.children.get_mut(&old)
        {
            list.retain(|child| *child != id);
        }
        if let Some(parent) = department.parent {
            let list = self.children.entry(parent).or_default();
            list.push(id);
            list.sort_unstable();
        }
        Ok(self.by_id.entry(id).insert_entry(department).into_mut())
    }

    /// Everything wrong with a department that is to be added to or changed in this tree.
    #[must_use]
    pub fn check(&self, department: &Department) -> Vec<FieldProblem> {
        let mut problems = Vec::new();
        let stored = self.get(department.id).map_or(0, |old| old.version);
        if stored != department.version {
            problems.push(FieldProblem::new(
                "version",
                "stale",
                format!("已有版本 {stored}，您修改的是版本 {}，请刷新后重试", department.version),
                format!("version {stored} is stored, this changes version {}; reload", department.version),
            ));
        }
        let code_ok = (1..=40).contains(&department.code.chars().count())
            && department.code.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'));
        if !code_ok {
            problems.push(FieldProblem::new(
                "code",
                "bad_code",
                "编码须为 1 至 40 个字母、数字或 - _ .",
                "the code has 1 to 40 letters, digits or - _ .",
            ));
        }
        if self.iter().any(|row| row.id != department.id && row.code == department.code) {
            problems.push(FieldProblem::new(
                "code",
                "taken",
                "编码已被其他部门使用",
                "another department has this code",
            ));
        }
        check_text("name", &department.name, 100, &mut problems);
        if let Some(parent) = department.parent {
            self.check_parent(department, parent, &mut problems);
        }
        if !department.active && self.children(department.id).any(|child| child.active) {
            problems.push(FieldProblem::new(
                "active",
                "has_children",
                "尚有在用的下级部门，不能停用",
                "it still has active departments below it",
            ));
        }
        problems
    }

    /// Everything wrong with the whole tree, as [`Self::check`] finds it for each row.
    #[must_use]
    pub fn check_all(&self) -> Vec<(DepartmentId, FieldProblem)> {
        self.iter().flat_map(|row| self.check(row).into_iter().map(|problem| (row.id, problem))).collect()
    }

    fn check_parent(&self, department: &Department, parent: DepartmentId, problems: &mut Vec<FieldProblem>) {
        let Some(above) = self.get(parent) else {
            problems.push(FieldProblem::new(
                "parent",
                "unknown_parent",
                "上级部门不存在",
                "there is no such department above it",
            ));
            return;
        };
        if self.within(parent, department.id) {
            problems.push(FieldProblem::new(
                "parent",
                "cycle",
                "上级部门不能是本部门或其下级",
                "a department cannot lie below itself",
            ));
            return;
        }
        if department.active && !above.active {
            problems.push(FieldProblem::new(
                "parent",
                "inactive",
                "上级部门已停用",
                "the department above it is not active",
            ));
        }
        if above.level > department.level {
            problems.push(FieldProblem::new(
                "level",
                "above_parent",
                "层级不能高于上级部门",
                "its level cannot be above that of its parent",
            ));
        }
        if self.ancestors(parent).len() + 2 > DEPTH_MAX {
            problems.push(FieldProblem::new(
                "parent",
                "too_deep",
                format!("部门最多 {DEPTH_MAX} 级"),
                format!("the tree is at most {DEPTH_MAX} deep"),
            ));
        }
    }
}

/// A person who signs in (人员).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    pub id: PersonId,
    /// What is typed at log-in; unique in the city.
    pub account: String,
    pub name: L10n,
    pub department: DepartmentId,
    pub posts: Vec<Post>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub phone: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub email: String,
    /// False for people who left; their past facts keep them.
    #[serde(default = "yes")]
    pub active: bool,
    #[serde(default)]
    pub version: u32,
}

/// Posts of one person: more are taken for a mistake.
pub const POSTS_MAX: usize = 20;

impl Person {
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        self.posts.iter().any(|post| post.role == role)
    }

    /// Everything wrong with the person, apart from what only the store knows (a taken account name).
    #[must_use]
    pub fn check(&self, organisation: &Organisation) -> Vec<FieldProblem> {
        let mut problems = Vec::new();
        if let Err(problem) = check_account(&self.account) {
            problems.push(problem);
        }
        check_text("name", &self.name, 60, &mut problems);
        check_contact(&self.phone, &self.email, &mut problems);
        let mut departments = vec![("department".to_owned(), self.department)];
        departments.extend(
            self.posts.iter().enumerate().map(|(i, p)| (format!("posts[{i}].department"), p.department)),
        );
        for (field, id) in departments {
            if !organisation.get(id).is_some_and(|row| row.active || !self.active) {
                problems.push(FieldProblem::new(
                    field,
                    "unknown_department",
                    "部门不存在或已停用",
                    "there is no such active department",
                ));
            }
        }
        if self.posts.len() > POSTS_MAX {
            problems.push(FieldProblem::new(
                "posts",
                "too_many",
                format!("最多 {POSTS_MAX} 个岗位"),
                format!("at most {POSTS_MAX} posts"),
            ));
        }
        let roles: BTreeSet<Role> = self.posts.iter().map(|post| post.role).collect();
        problems.extend(check_roles(&roles));
        problems
    }
}

/// Which roles one person may hold together. The three administrators (三员) are three people who decide no
/// case, and who handles neither verifies nor closes: `design.md` §7.
#[must_use]
pub fn check_roles(roles: &BTreeSet<Role>) -> Option<FieldProblem> {
    let administrators = [Role::SystemAdmin, Role::SecurityAdmin, Role::AuditAdmin];
    let admin = roles.iter().filter(|role| administrators.contains(role)).count();
    if admin > 1 {
        return Some(FieldProblem::new(
            "posts",
            "administrators_apart",
            "系统、安全、审计管理员须由不同人员担任",
            "system, security and audit administrator are different people",
        ));
    }
    if admin == 1 && roles.len() > 1 {
        return Some(FieldProblem::new(
            "posts",
            "administrator_decides_no_case",
            "管理员不能兼任业务岗位",
            "an administrator cannot hold a post of the loop",
        ));
    }
    let judges = [Role::Collector, Role::IntakeOperator, Role::ShiftLeader];
    if roles.iter().any(|role| role.handles()) && roles.iter().any(|role| judges.contains(role)) {
        return Some(FieldProblem::new(
            "posts",
            "handler_never_judges",
            "处置岗位不能兼任采集、受理或值班长",
            "a handling post cannot go with collector, intake operator or shift leader",
        ));
    }
    None
}

/// Account names the system keeps for itself.
const RESERVED_ACCOUNTS: &[&str] = &["system", "citizen", "anonymous", "null", "undefined", "me", "api"];

/// An account name has 3 to 40 small letters, digits or `. _ -`, and begins with a letter or digit.
///
/// # Errors
/// What is wrong with it.
pub fn check_account(account: &str) -> Result<(), FieldProblem> {
    let ok = (3..=40).contains(&account.len())
        && account.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b))
        && account.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
    if !ok {
        return Err(FieldProblem::new(
            "account",
            "bad_account",
            "账号须为 3 至 40 个小写字母、数字或 . _ -，以字母或数字开头",
            "an account has 3 to 40 small letters, digits or . _ - and begins with a letter or digit",
        ));
    }
    if RESERVED_ACCOUNTS.contains(&account) {
        return Err(FieldProblem::new("account", "reserved", "该账号为系统保留", "this name is reserved"));
    }
    Ok(())
}

fn check_contact(phone: &str, email: &str, problems: &mut Vec<FieldProblem>) {
    let digits = phone.bytes().filter(u8::is_ascii_digit).count();
    let phone_ok =
        phone.chars().all(|c| c.is_ascii_digit() || "+-() ".contains(c)) && (5..=20).contains(&digits);
    if !phone.is_empty() && !phone_ok {
        problems.push(FieldProblem::new(
            "phone",
            "bad_phone",
            "电话号码格式不正确",
            "a telephone number has 5 to 20 digits, + - ( ) and blanks",
        ));
    }
    let email_ok = email.len() <= 254
        && !email.chars().any(char::is_whitespace)
        && email.split_once('@').is_some_and(|(user, host)| {
            !user.is_empty()
                && host.contains('.')
                && !host.starts_with('.')
                && !host.ends_with('.')
                && !host.contains('@')
        });
    if !email.is_empty() && !email_ok {
        problems.push(FieldProblem::new("email", "bad_email", "电子邮箱格式不正确", "not an e-mail address"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::Scope;

    fn department(id: u32, parent: Option<u32>, level: DepartmentLevel) -> Department {
        Department {
            id: DepartmentId(id),
            code: format!("D{id}"),
            parent: parent.map(DepartmentId),
            name: L10n::new(format!("部门{id}"), ""),
            level,
            kind: DepartmentKind::Responsible,
            areas: Vec::new(),
            phone: String::new(),
            active: true,
            version: 0,
        }
    }

    /// 1 ─ 2 ─ 3 and 1 ─ 4.
    fn tree() -> Organisation {
        let mut tree = Organisation::default();
        for (id, parent, level) in [
            (1, None, DepartmentLevel::City),
            (2, Some(1), DepartmentLevel::District),
            (3, Some(2), DepartmentLevel::Street),
            (4, Some(1), DepartmentLevel::City),
        ] {
            tree.put(department(id, parent, level)).expect("accepted");
        }
        tree
    }

    fn codes(problems: Vec<FieldProblem>) -> Vec<(String, &'static str)> {
        problems.into_iter().map(|p| (p.field, p.code)).collect()
    }

    #[test]
    fn within_follows_the_chain_of_parents() {
        let tree = tree();
        let table = [(3, 1, true), (3, 2, true), (3, 3, true), (3, 4, false), (1, 3, false)];
        for (department, ancestor, expected) in table {
            assert_eq!(tree.within(DepartmentId(department), DepartmentId(ancestor)), expected);
        }
        assert_eq!(tree.subtree(DepartmentId(1)).len(), 4);
        assert_eq!(tree.roots().count(), 1);
        assert_eq!(tree.check_all(), []);
    }

    #[test]
    fn a_department_never_lies_below_itself() {
        let mut tree = tree();
        let mut top = tree.get(DepartmentId(1)).expect("there").clone();
        top.parent = Some(DepartmentId(3));
        assert_eq!(codes(tree.put(top).expect_err("refused")), [("parent".to_owned(), "cycle")]);
    }

    #[test]
    fn moving_a_department_moves_what_is_below_it() {
        let mut tree = tree();
        let mut two = tree.get(DepartmentId(2)).expect("there").clone();
        two.parent = Some(DepartmentId(4));
        assert_eq!(tree.put(two).expect("accepted").version, 2);
        assert!(tree.within(DepartmentId(3), DepartmentId(4)));
        assert_eq!(tree.children(DepartmentId(1)).map(|row| row.id.0).collect::<Vec<_>>(), [4]);
    }

    #[test]
    fn wrong_departments_are_refused_by_field() {
        let tree = tree();
        let base = department(9, Some(1), DepartmentLevel::City);
        let table: [(&str, Department); 6] = [
            ("taken", Department { code: "D2".into(), ..base.clone() }),
            ("bad_code", Department { code: "a b".into(), ..base.clone() }),
            ("unknown_parent", Department { parent: Some(DepartmentId(77)), ..base.clone() }),
            ("required", Department { name: L10n::new(" ", "x"), ..base.clone() }),
            ("stale", Department { version: 3, ..base.clone() }),
            ("above_parent", Department { parent: Some(DepartmentId(3)), ..base.clone() }),
        ];
        for (expected, wrong) in table {
            let found = codes(tree.check(&wrong));
            assert_eq!(found.len(), 1, "{expected}: {found:?}");
            assert_eq!(found[0].1, expected);
        }
    }

    #[test]
    fn handling_and_judging_and_administering_are_apart() {
        use Role::{
            AuditAdmin, Collector, Dispatcher, Handler, IntakeOperator, SecurityAdmin, ShiftLeader,
            SystemAdmin,
        };
        let table: [(&[Role], Option<&str>); 7] = [
            (&[IntakeOperator, ShiftLeader, Dispatcher], None),
            (&[Handler, Role::DepartmentOfficer], None),
            (&[Handler, ShiftLeader], Some("handler_never_judges")),
            (&[Handler, Collector], Some("handler_never_judges")),
            (&[SystemAdmin, AuditAdmin], Some("administrators_apart")),
            (&[SecurityAdmin, Dispatcher], Some("administrator_decides_no_case")),
            (&[SecurityAdmin], None),
        ];
        for (roles, expected) in table {
            let found = check_roles(&roles.iter().copied().collect()).map(|p| p.code);
            assert_eq!(found, expected, "{roles:?}");
        }
    }

    #[test]
    fn a_person_needs_a_usable_account_contact_and_departments() {
        let tree = tree();
        let mut person = Person {
            id: PersonId(1),
            account: "wang.li".into(),
            name: L10n::new("王丽", "Wang Li"),
            department: DepartmentId(2),
            posts: vec![Post { role: Role::Handler, department: DepartmentId(3), scope: Scope::default() }],
            phone: "010-12345678".into(),
            email: "wang.li@example.cn".into(),
            active: true,
            version: 0,
        };
        assert_eq!(person.check(&tree), []);
        person.account = "Wang".into();
        person.phone = "call me".into();
        person.email = "x@y".into();
        person.posts[0].department = DepartmentId(99);
        let found: Vec<_> = codes(person.check(&tree)).into_iter().map(|(_, code)| code).collect();
        assert_eq!(found, ["bad_account", "bad_phone", "bad_email", "unknown_department"]);
        for (account, ok) in [("ab", false), ("system", false), ("handler.btdt-opc.2", true), (".x1", false)]
        {
            assert_eq!(check_account(account).is_ok(), ok, "{account}");
        }
    }
}
