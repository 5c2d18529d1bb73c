//! Who works in the demo city, by what they do. The history's steps and the simulated staff are theirs.

use super::data::Data;
use super::setup::{city_code, department_id, person_id};
use kernel::actor::Scope;
use kernel::{Actor, DepartmentId, GridCode, PersonId, Post, Role};
use std::collections::{BTreeMap, HashMap};

/// One person of the city.
#[derive(Debug, Clone)]
pub struct Member {
    pub id: PersonId,
    pub actor: Actor,
    /// Shown on the log-in page: left to the visitor.
    pub featured: bool,
}

#[derive(Debug, Default)]
pub struct Staff {
    by_role: BTreeMap<Role, Vec<Member>>,
    officers: HashMap<DepartmentId, Member>,
    handlers: HashMap<DepartmentId, Vec<Member>>,
    /// Collectors by the community they walk in.
    collectors: HashMap<String, Vec<Member>>,
    members: HashMap<PersonId, Member>,
    parents: HashMap<DepartmentId, DepartmentId>,
    children: HashMap<DepartmentId, Vec<DepartmentId>>,
    /// Offices of districts and streets by the area they answer for.
    offices: HashMap<String, DepartmentId>,
}

impl Staff {
    /// # Errors
    /// When the tables do not fit together.
    pub fn new(data: &Data) -> anyhow::Result<Self> {
        let numbers: HashMap<&str, DepartmentId> = data
            .departments
            .iter()
            .enumerate()
            .map(|(at, row)| (row.code.as_str(), department_id(at)))
            .collect();
        let mut staff = Self::default();
        for row in &data.departments {
            let Some(id) = numbers.get(row.code.as_str()).copied() else { continue };
            if let Some(parent) = numbers.get(row.parent_code.as_str()) {
                staff.parents.insert(id, *parent);
                if row.kind == "responsible" {
                    staff.children.entry(*parent).or_default().push(id);
                }
            }
            if matches!(row.kind.as_str(), "district_office" | "street_office") {
                staff.offices.insert(row.area_code.clone(), id);
            }
        }
        for (at, row) in data.staff.iter().enumerate() {
            let Some(department) = numbers.get(row.department_code.as_str()).copied() else { continue };
            let role = row.role()?;
            let areas: Vec<GridCode> =
                if row.areas.is_empty() { Vec::new() } else { vec![row.areas.parse()?] };
            let posts = vec![Post { role, department, scope: Scope { areas, classes: Vec::new() } }];
            let id = person_id(at);
            let member = Member { id, actor: Actor::person(city_code(), id, posts), featured: row.featured };
            match role {
                Role::Collector => {
                    staff.collectors.entry(row.areas.clone()).or_default().push(member.clone())
                }
                Role::DepartmentOfficer => {
                    staff.officers.insert(department, member.clone());
                }
                Role::Handler => staff.handlers.entry(department).or_default().push(member.clone()),
                _ => {}
            }
            staff.members.insert(id, member.clone());
            staff.by_role.entry(role).or_default().push(member);
        }
        Ok(staff)
    }

    #[must_use]
    pub fn member(&self, id: PersonId) -> Option<&Member> {
        self.members.get(&id)
    }

    /// Somebody with the role, by a number drawn for them.
    #[must_use]
    pub fn anyone(&self, role: Role, draw: u64) -> Option<&Member> {
        pick(self.by_role.get(&role)?, draw)
    }

    /// Somebody with the role who is not on the log-in page.
    #[must_use]
    pub fn simulated(&self, role: Role, draw: u64) -> Option<&Member> {
        let others: Vec<&Member> = self.by_role.get(&role)?.iter().filter(|m| !m.featured).collect();
        others.get(index(draw, others.len())?).copied()
    }

    /// The collector who walks there; anyone for a place without a community.
    #[must_use]
    pub fn collector(&self, grid: Option<&GridCode>, draw: u64) -> Option<&Member> {
        let community = grid.and_then(|grid| grid.as_str().get(..12));
        match community.and_then(|code| self.collectors.get(code)) {
            Some(here) => pick(here, draw),
            None => self.anyone(Role::Collector, draw),
        }
    }

    #[must_use]
    pub fn officer(&self, department: DepartmentId) -> Option<&Member> {
        self.officers.get(&department)
    }

    #[must_use]
    pub fn handler(&self, department: DepartmentId, draw: u64) -> Option<&Member> {
        pick(self.handlers.get(&department)?, draw)
    }

    /// Another department that could be taken for the right one: beside it, or below it.
    #[must_use]
    pub fn mistaken(&self, right: DepartmentId, draw: u64) -> Option<DepartmentId> {
        let beside = self.parents.get(&right).and_then(|parent| self.children.get(parent));
        let below = self.children.get(&right);
        let others: Vec<DepartmentId> =
            below.into_iter().chain(beside).flatten().copied().filter(|other| *other != right).collect();
        others.get(index(draw, others.len())?).copied()
    }

    /// The office of the street or district a place lies in.
    #[must_use]
    pub fn office(&self, grid: &GridCode, digits: usize) -> Option<DepartmentId> {
        grid.as_str().get(..digits).and_then(|code| self.offices.get(code)).copied()
    }
}

fn pick(list: &[Member], draw: u64) -> Option<&Member> {
    list.get(index(draw, list.len())?)
}

fn index(draw: u64, len: usize) -> Option<usize> {
    if len == 0 { None } else { usize::try_from(draw % (len as u64)).ok() }
}
