//! Who shall do it: departments ranked with their reason, collectors on duty, handlers by load, and the
//! hand-over of a shift.

use crate::app::App;
use crate::config::Config;
use crate::convert;
use crate::error::{AppError, Problems};
use crate::line::{department_view, person_view};
use crate::list_cases::NEWEST;
use crate::rights;
use crate::step::{StepIn, StepRequest};
use crate::view::{Because, DepartmentView, PersonView};
use case::StageName;
use city::responsibility::{Proposal, propose};
use city::roster::{LocalMoment, Staffing};
use index::{Filter, GroupBy, GroupKey, Query, Visibility};
use kernel::{Actor, CityCode, ClassKey, DepartmentId, GridCode, PersonId, Role};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Open tasks moved by one hand-over; more are left and said so.
const HAND_OVER_MAX: usize = 1_000;

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ProposalView {
    pub department: DepartmentView,
    /// 1 to 99.
    pub confidence_percent: u8,
    /// `owner_of_component`, `class_in_place`, `class`, `wide_rule` or `took_such_cases`, with its numbers.
    pub reason: Because,
    /// Where the rule comes from, in words.
    pub basis: crate::view::Words,
    pub open_cases: u32,
    pub overdue: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CollectorView {
    pub person: PersonView,
    pub open_tasks: u32,
    /// `on_shift`, `on_shift_elsewhere`, `next_shift`, `post_covers_place` or `nobody`.
    pub because: String,
    /// Minutes until the shift begins, for `next_shift`.
    pub begins_in_minutes: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct HandlerView {
    pub person: PersonView,
    pub department: DepartmentView,
    pub open_orders: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct HandOverView {
    pub moved: u32,
    /// Cases that could not be moved, with the code of the reason.
    pub left: Vec<LeftView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LeftView {
    pub id: String,
    pub code: String,
}

impl App {
    /// Departments for a class at a place, best first.
    pub(crate) fn rank_departments(
        &self,
        config: &Config,
        class: Option<&ClassKey>,
        place: Option<&GridCode>,
        owner: Option<&str>,
    ) -> Vec<Proposal> {
        let Some(class) = class else { return Vec::new() };
        let open = Filter { ended: Some(false), ..Filter::default() };
        let loads = self.by_department(config.city, &open);
        let mut ranked = propose(&config.responsibility, &config.learned, class, place, owner, &loads);
        ranked.retain(|p| config.organisation.get(p.department).is_some_and(|d| d.active));
        ranked
    }

    fn by_department(&self, city: CityCode, filter: &Filter) -> BTreeMap<DepartmentId, u32> {
        let Ok(city) = self.city(city) else { return BTreeMap::new() };
        let query = Query { filter, visibility: &Visibility::All, now: self.now(), within: None };
        let groups = city.index.read().group_count(&query, GroupBy::Department);
        groups
            .into_iter()
            .filter_map(
                |(key, n)| if let GroupKey::Department(Some(id)) = key { Some((id, n)) } else { None },
            )
            .collect()
    }

    /// Departments proposed for a case.
    ///
    /// # Errors
    /// [`AppError::NotFound`] when the caller cannot see the case.
    pub async fn proposals(&self, actor: &Actor, id: &str) -> Result<Vec<ProposalView>, AppError> {
        let stored = self.find_case(actor, id).await?;
        let config = self.config(actor.city)?;
        let place = stored.case.report.place.grid.as_ref();
        let owner = self.owner_of(actor.city, stored.case.report.component.as_deref()).await?;
        let ranked = self.rank_departments(&config, stored.case.class.as_ref(), place, owner.as_deref());
        Ok(self.proposal_views(&config, ranked))
    }

    /// The same before a case exists.
    ///
    /// # Errors
    /// [`AppError::Invalid`] for an unknown class or a place outside the city.
    pub fn proposals_at(
        &self,
        actor: &Actor,
        class: &str,
        lng: Option<f64>,
        lat: Option<f64>,
    ) -> Result<Vec<ProposalView>, AppError> {
        rights::one_of(actor, &rights::CENTRE, "see proposals")?;
        let config = self.config(actor.city)?;
        let mut problems = Problems::default();
        let class = convert::class(&config, "class", class, &mut problems);
        let sent = crate::step::PlaceIn { lng, lat, address: String::new() };
        let place = convert::place(&config, "place", &sent, &mut problems);
        problems.done()?;
        Ok(self.proposal_views(
            &config,
            self.rank_departments(&config, class.as_ref(), place.grid.as_ref(), None),
        ))
    }

    fn proposal_views(&self, config: &Config, ranked: Vec<Proposal>) -> Vec<ProposalView> {
        let late = Filter { ended: Some(false), overdue: Some(true), ..Filter::default() };
        let overdue = self.by_department(config.city, &late);
        let views = ranked.into_iter().map(|proposal| {
            let mut params = serde_json::to_value(&proposal.reason).unwrap_or(Value::Null);
            let code = params.get("reason").and_then(Value::as_str).unwrap_or_default().to_owned();
            if let Some(map) = params.as_object_mut() {
                map.remove("reason");
                map.insert("accepted".into(), json!(proposal.here.accepted));
                map.insert("returned".into(), json!(proposal.here.returned));
            }
            ProposalView {
                department: department_view(config, proposal.department),
                confidence_percent: proposal.confidence_percent,
                reason: Because { code, params, message: String::new() },
                basis: crate::config::words(&proposal.basis),
                open_cases: proposal.load,
                overdue: overdue.get(&proposal.department).copied().unwrap_or(0),
            }
        });
        views.collect()
    }

    fn by_person(&self, city: CityCode, filter: &Filter, by: GroupBy<'_>) -> BTreeMap<PersonId, u32> {
        let Ok(city) = self.city(city) else { return BTreeMap::new() };
        let query = Query { filter, visibility: &Visibility::All, now: self.now(), within: None };
        let groups = city.index.read().group_count(&query, by);
        groups
            .into_iter()
            .filter_map(|(key, n)| if let GroupKey::Person(Some(id)) = key { Some((id, n)) } else { None })
            .collect()
    }

    /// Collectors for confirming or verifying a case: who is on shift there first.
    ///
    /// # Errors
    /// [`AppError::NotFound`] when the caller cannot see the case.
    pub async fn collectors_for(&self, actor: &Actor, id: &str) -> Result<Vec<CollectorView>, AppError> {
        rights::one_of(actor, &rights::CENTRE, "see collectors")?;
        let stored = self.find_case(actor, id).await?;
        let config = self.config(actor.city)?;
        Ok(self.rank_collectors(&config, stored.case.report.place.grid.as_ref()))
    }

    pub(crate) fn rank_collectors(&self, config: &Config, place: Option<&GridCode>) -> Vec<CollectorView> {
        let tasks = Filter { stages: vec![StageName::Confirming, StageName::Verifying], ..Filter::default() };
        let open_tasks = self.by_person(config.city, &tasks, GroupBy::Collector);
        let collectors = config.people.values().filter(|p| p.active).flat_map(|p| {
            let posts = p.posts.iter().filter(|post| post.role == Role::Collector);
            posts.map(|post| (p.id, post.scope.areas.clone())).collect::<Vec<_>>()
        });
        let staffing = Staffing {
            open_tasks: open_tasks.clone(),
            metres: BTreeMap::new(),
            collectors: collectors.collect(),
        };
        let moment = local_moment(config, self.now());
        let found = config.roster.find(moment, place, &staffing);
        let because = serde_json::to_value(found.because).unwrap_or(Value::Null);
        let word = because.get("because").and_then(Value::as_str).unwrap_or("nobody").to_owned();
        let begins = match found.because {
            city::roster::Because::NextShift { begins } => Some(minutes_between(moment, begins)),
            _ => None,
        };
        let active = found.people.iter().filter(|id| config.people.get(id).is_some_and(|p| p.active));
        let mut views: Vec<CollectorView> = active
            .map(|id| CollectorView {
                person: person_view(config, *id),
                open_tasks: open_tasks.get(id).copied().unwrap_or(0),
                because: word.clone(),
                begins_in_minutes: begins,
            })
            .collect();
        // The desk may still choose anybody else whose post covers the place.
        for (id, areas) in &staffing.collectors {
            let covers = areas.is_empty() || place.is_none_or(|p| areas.iter().any(|a| p.is_within(a)));
            if views.len() < 30 && covers && !views.iter().any(|v| v.person.id == id.0) {
                views.push(CollectorView {
                    person: person_view(config, *id),
                    open_tasks: open_tasks.get(id).copied().unwrap_or(0),
                    because: "post_covers_place".into(),
                    begins_in_minutes: None,
                });
            }
        }
        views
    }

    /// Handlers of the department that has the case, fewest open orders first.
    ///
    /// # Errors
    /// [`AppError::NotFound`] when the caller cannot see the case.
    pub async fn handlers_for(&self, actor: &Actor, id: &str) -> Result<Vec<HandlerView>, AppError> {
        let stored = self.find_case(actor, id).await?;
        let config = self.config(actor.city)?;
        let Some(department) = stored.case.department() else { return Ok(Vec::new()) };
        let orders = Filter { stages: vec![StageName::Handling, StageName::Suspended], ..Filter::default() };
        let open = self.by_person(actor.city, &orders, GroupBy::Handler);
        let people = config.people.values().filter(|p| {
            let here = |post: &kernel::Post| {
                post.role == Role::Handler && config.organisation.within(post.department, department)
            };
            p.active && p.posts.iter().any(here)
        });
        let mut views: Vec<HandlerView> = people
            .map(|p| HandlerView {
                person: person_view(&config, p.id),
                department: department_view(&config, p.department),
                open_orders: open.get(&p.id).copied().unwrap_or(0),
            })
            .collect();
        views.sort_by_key(|v| v.open_orders);
        Ok(views)
    }

    /// Moves every open task of a person to another in one action (交班). People hand over their own tasks;
    /// a shift leader anybody's.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] for somebody else's tasks without being shift leader.
    pub async fn hand_over_shift(
        &self,
        actor: &Actor,
        from: Option<u32>,
        to: u32,
    ) -> Result<HandOverView, AppError> {
        let own = actor.person_id().ok_or(AppError::NotSignedIn)?;
        let from = from.map_or(own, PersonId);
        if from != own {
            rights::only(actor, Role::ShiftLeader, "hand over for others")?;
        }
        if from.0 == to {
            return Err(AppError::invalid("to", "same_person"));
        }
        let tasks = Filter {
            any_of: vec![
                Filter { intakes: vec![from], ended: Some(false), ..Filter::default() },
                Filter {
                    collectors: vec![from],
                    stages: vec![StageName::Confirming, StageName::Verifying],
                    ..Filter::default()
                },
                Filter { claimed_by: vec![from], ended: Some(false), ..Filter::default() },
            ],
            ..Filter::default()
        };
        let page = {
            let city = self.city(actor.city)?;
            let query = Query { filter: &tasks, visibility: &Visibility::All, now: self.now(), within: None };
            let index = city.index.read();
            index.page(&query, NEWEST, None, HAND_OVER_MAX)
        };
        let mut view = HandOverView { moved: 0, left: Vec::new() };
        for stored in self.store().cases_by_serial(actor.city, &page.serials).await? {
            let request = StepRequest { command_id: None, version: None, step: StepIn::HandOver { to } };
            match self.take_step(actor, &stored.case.id.to_string(), request).await {
                Ok(_) => view.moved += 1,
                Err(AppError::Refused(why)) => {
                    view.left.push(LeftView { id: stored.case.id.to_string(), code: why.code().to_owned() });
                }
                Err(AppError::NotFound(_)) => {
                    view.left.push(LeftView { id: stored.case.id.to_string(), code: "hidden".into() });
                }
                Err(other) => return Err(other),
            }
        }
        let detail = format!("{} moved, {} left", view.moved, view.left.len());
        self.note(actor.city, Some(own), "shift_handed_over", &format!("{from}→{to}"), &detail, "").await?;
        Ok(view)
    }
}

pub(crate) fn local_moment(config: &Config, now: kernel::Timestamp) -> LocalMoment {
    let date = config.calendar.local_date(now);
    LocalMoment { date, minute: config.calendar.local_minute(now) }
}

fn minutes_between(from: LocalMoment, to: LocalMoment) -> i64 {
    let days = from.date.until(to.date).map_or(0, |span| i64::from(span.get_days()));
    days * 24 * 60 + i64::from(to.minute) - i64::from(from.minute)
}
