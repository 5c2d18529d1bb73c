//! Lists, counts, the map's points, the workbench, exports: all through the columns and one set of rights.

use crate::app::App;
use crate::config::Config;
use crate::error::AppError;
use crate::ledger::roll_up;
use crate::line::case_line;
use crate::list_query::{Asked, ListQuery, NO_DEPARTMENT};
use crate::queue;
use crate::rights::{self, visibility};
use crate::view::{CaseLine, CasePage, Words};
use index::{
    AreaLevel, Cursor, Filter, GroupBy, GroupKey, Query, SerialSet, Sort, SortBy, TimeOf, Visibility,
};
use kernel::{Actor, CityCode, Light};
use serde::Serialize;
use utoipa::ToSchema;

/// Hits of a full-text search looked through at most; newest first. More are said to be there, not shown.
const SEARCH_MAX: u32 = 20_000;
/// Hits of a frequent word that a page of the newest is made of: twenty pages of fifty.
const NEWEST_HITS: u32 = 1_000;
/// Longest full-text question in characters.
const Q_MAX: usize = 100;
/// Rows of one export; a year of a large district.
pub const EXPORT_MAX: usize = 100_000;
const EXPORT_PAGE: usize = 1_000;
/// Points of one map answer.
pub const GEO_MAX: usize = 20_000;

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CountView {
    pub total: u32,
    pub total_is_exact: bool,
    pub groups: Vec<GroupView>,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct GroupView {
    /// Value for the same filter. For cases without one it is empty, but for departments `0`.
    pub key: String,
    pub label: Words,
    pub count: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CasePoint {
    /// Good for `GET /api/cases/{id}`, as its id is.
    pub number: String,
    pub lng: f64,
    pub lat: f64,
    pub stage: String,
    pub light: String,
    pub class: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct QueueView {
    pub queue: String,
    pub count: u32,
    pub yellow: u32,
    pub red: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct WorkbenchView {
    pub queues: Vec<QueueView>,
    pub now_at: i64,
}

/// What full text leaves of the question.
struct Found {
    within: Option<SerialSet>,
    exact: bool,
}

impl App {
    /// One page of a list.
    ///
    /// # Errors
    /// [`AppError::Invalid`] naming every filter that cannot be understood.
    pub async fn list_cases(&self, actor: &Actor, q: &ListQuery) -> Result<CasePage, AppError> {
        let config = self.config(actor.city)?;
        let asked = self.asked(actor, &config, q)?;
        let after = match &q.cursor {
            Some(text) => Some(
                Cursor::parse(text, asked.sort)
                    .ok_or_else(|| AppError::invalid("cursor", "unknown_value"))?,
            ),
            None => None,
        };
        let seen = visibility(actor, &config);
        let (page, exact) = match self.newest_page(actor.city, q, &asked, &seen, after).await? {
            Some(page) => (page, false),
            None => {
                let found = self.find_words(actor.city, q.q.as_deref()).await?;
                (self.in_page(actor.city, &asked, &seen, &found, after, asked.limit)?, found.exact)
            }
        };
        let items = self.lines(actor, &config, &page.serials).await?;
        Ok(CasePage {
            items,
            next: page.next.map(|cursor| cursor.to_string()),
            total: page.total,
            total_is_exact: exact,
            now_at: self.now().millis(),
        })
    }

    /// A page of the newest hits of a frequent word, when they fill it. Its total is at least what it says.
    async fn newest_page(
        &self,
        city: CityCode,
        q: &ListQuery,
        asked: &Asked,
        seen: &Visibility,
        after: Option<Cursor>,
    ) -> Result<Option<index::Page>, AppError> {
        let words = q.q.as_deref().map(str::trim).filter(|text| text.chars().count() <= Q_MAX);
        let tokens = words.map(city::tokens::query_tokens).unwrap_or_default();
        if asked.sort != NEWEST || tokens.is_empty() {
            return Ok(None);
        }
        let Some(serials) = self.store().search_newest(city, &tokens, NEWEST_HITS).await? else {
            return Ok(None);
        };
        let Some(oldest) = serials.last().copied() else { return Ok(None) };
        let found = Found { within: Some(serials.into_iter().collect()), exact: false };
        let page = self.in_page(city, asked, seen, &found, after, asked.limit)?;
        // Cases brought over from an old system are numbered late and were reported early: a hit that was not
        // looked at may then be newer than one of these.
        let held = self.city(city)?;
        let index = held.index.read();
        let last = page.serials.last().and_then(|serial| index.reported_at(*serial));
        let full = page.serials.len() == asked.limit;
        Ok((full && last >= index.newest_report_before(oldest)).then_some(page))
    }

    fn in_page(
        &self,
        city: CityCode,
        asked: &Asked,
        seen: &Visibility,
        found: &Found,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<index::Page, AppError> {
        let query =
            Query { filter: &asked.filter, visibility: seen, now: self.now(), within: found.within.as_ref() };
        Ok(self.city(city)?.index.read().page(&query, asked.sort, after, limit))
    }

    async fn find_words(&self, city: CityCode, q: Option<&str>) -> Result<Found, AppError> {
        let Some(text) = q.map(str::trim).filter(|text| !text.is_empty()) else {
            return Ok(Found { within: None, exact: true });
        };
        if text.chars().count() > Q_MAX {
            return Err(AppError::invalid("q", "too_long"));
        }
        let tokens = city::tokens::query_tokens(text);
        if tokens.is_empty() {
            return Ok(Found { within: Some(SerialSet::default()), exact: true });
        }
        let serials = self.store().search(city, &tokens, SEARCH_MAX).await?;
        let exact = serials.len() < SEARCH_MAX as usize;
        let mut within = SerialSet::default();
        serials.into_iter().for_each(|serial| within.insert(serial));
        Ok(Found { within: Some(within), exact })
    }

    async fn lines(
        &self,
        actor: &Actor,
        config: &Config,
        serials: &[u32],
    ) -> Result<Vec<CaseLine>, AppError> {
        let stored = self.store().cases_by_serial(actor.city, serials).await?;
        Ok(stored.iter().map(|s| self.line_of(actor, config, &s.case)).collect())
    }

    /// How many cases match, in groups when asked.
    ///
    /// # Errors
    /// [`AppError::Invalid`] naming what cannot be understood.
    pub async fn count_cases(
        &self,
        actor: &Actor,
        q: &ListQuery,
        group_by: Option<&str>,
    ) -> Result<CountView, AppError> {
        let config = self.config(actor.city)?;
        let asked = self.asked(actor, &config, q)?;
        let found = self.find_words(actor.city, q.q.as_deref()).await?;
        let seen = visibility(actor, &config);
        let now = self.now();
        let query = Query { filter: &asked.filter, visibility: &seen, now, within: found.within.as_ref() };
        let city = self.city(actor.city)?;
        let by = match group_by {
            None => None,
            Some(word) => Some(
                group_by_word(word, &config).ok_or_else(|| AppError::invalid("group_by", "unknown_value"))?,
            ),
        };
        let index = city.index.read();
        let total = index.count(&query);
        let groups = by.map(|by| index.group_count(&query, by)).unwrap_or_default();
        drop(index);
        let groups = match by {
            Some(GroupBy::Department) => with_parents(&config, groups, &asked.filter),
            _ => groups,
        };
        let groups = groups.into_iter().map(|(key, count)| group_view(&config, &key, count)).collect();
        Ok(CountView { total, total_is_exact: found.exact, groups })
    }

    /// Points for the map.
    ///
    /// # Errors
    /// [`AppError::Invalid`] naming what cannot be understood.
    pub async fn geo_cases(
        &self,
        actor: &Actor,
        q: &ListQuery,
        limit: usize,
    ) -> Result<(Vec<CasePoint>, u32), AppError> {
        let config = self.config(actor.city)?;
        let asked = self.asked(actor, &config, q)?;
        let found = self.find_words(actor.city, q.q.as_deref()).await?;
        let seen = visibility(actor, &config);
        let now = self.now();
        let city = self.city(actor.city)?;
        let index = city.index.read();
        let query = Query { filter: &asked.filter, visibility: &seen, now, within: found.within.as_ref() };
        let (points, total) = index.geo(&query, limit.min(GEO_MAX));
        let points = points.into_iter().map(|p| CasePoint {
            number: p.number.into(),
            lng: p.lng,
            lat: p.lat,
            stage: p.stage.as_str().to_owned(),
            light: p.light.map_or("none", Light::as_str).to_owned(),
            class: p.class.map(ToString::to_string),
        });
        Ok((points.collect(), total))
    }

    /// All matching lines, for an export. Written into the audit log.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] without the right to export; [`AppError::Invalid`] for too many rows.
    pub async fn export_cases(
        &self,
        actor: &Actor,
        q: &ListQuery,
        from: &str,
    ) -> Result<Vec<CaseLine>, AppError> {
        if !rights::features(actor).contains(&"export") {
            return Err(AppError::Forbidden("export"));
        }
        let config = self.config(actor.city)?;
        let asked = self.asked(actor, &config, q)?;
        let found = self.find_words(actor.city, q.q.as_deref()).await?;
        let seen = visibility(actor, &config);
        let page = self.in_page(actor.city, &asked, &seen, &found, None, EXPORT_MAX)?;
        let now = self.now();
        let mut lines = Vec::with_capacity(page.serials.len());
        for serials in page.serials.chunks(EXPORT_PAGE) {
            let stored = self.store().cases_by_serial(actor.city, serials).await?;
            lines.extend(stored.iter().map(|s| case_line(&config, &s.case, now, None)));
        }
        let detail = format!("{} of {} rows", lines.len(), page.total);
        self.note(actor.city, actor.person_id(), "export", "cases", &detail, from).await?;
        Ok(lines)
    }

    /// Counts of the caller's queues.
    ///
    /// # Errors
    /// [`AppError::NotFound`] for a city this server does not run.
    pub async fn workbench(&self, actor: &Actor) -> Result<WorkbenchView, AppError> {
        self.count_queues(actor)
    }

    /// The same for callers that bring their own thread: on a million cases it takes some ten milliseconds.
    ///
    /// # Errors
    /// As [`App::workbench`].
    pub fn count_queues(&self, actor: &Actor) -> Result<WorkbenchView, AppError> {
        let config = self.config(actor.city)?;
        let seen = visibility(actor, &config);
        let city = self.city(actor.city)?;
        let now = self.now();
        let index = city.index.read();
        let mut queues = Vec::new();
        for word in queue::of(actor) {
            let Some(filter) = queue::filter(actor, &config, word, now) else { continue };
            let count =
                |filter: &Filter| index.count(&Query { filter, visibility: &seen, now, within: None });
            let lit = |light: Light| Filter { lights: vec![light], ..filter.clone() };
            let (yellow, red) = if filter.ended == Some(true) {
                (0, 0)
            } else {
                (count(&lit(Light::Yellow)), count(&lit(Light::Red)))
            };
            queues.push(QueueView { queue: word.to_owned(), count: count(&filter), yellow, red });
        }
        Ok(WorkbenchView { queues, now_at: now.millis() })
    }

    /// Earlier cases from a phone number, for whoever answers the phone.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] for those who may not see reporters.
    pub async fn callers(&self, actor: &Actor, phone: &str) -> Result<Vec<CaseLine>, AppError> {
        if !rights::may_see_reporter(actor) {
            return Err(AppError::Forbidden("see reporters"));
        }
        let phone: String = phone.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
        if !(5..=30).contains(&phone.len()) {
            return Err(AppError::invalid("phone", "not_a_phone"));
        }
        let config = self.config(actor.city)?;
        let stored = self.store().cases_by_phone(actor.city, &phone, 20).await?;
        let seen = stored.iter().filter(|s| self.may_see(actor, &config, s.serial, &s.case));
        Ok(seen.map(|s| self.line_of(actor, &config, &s.case)).collect())
    }
}

fn group_by_word<'a>(word: &str, config: &'a Config) -> Option<GroupBy<'a>> {
    Some(match word {
        "stage" => GroupBy::Stage,
        "light" => GroupBy::Light,
        "department" => GroupBy::Department,
        "class" => GroupBy::Class,
        "major" => GroupBy::Major,
        "source" => GroupBy::Source,
        "level" => GroupBy::Level,
        "area" | "county" => GroupBy::Area(AreaLevel::County),
        "street" => GroupBy::Area(AreaLevel::Street),
        "community" => GroupBy::Area(AreaLevel::Community),
        "grid" => GroupBy::Area(AreaLevel::Grid),
        "handler" => GroupBy::Handler,
        "collector" => GroupBy::Collector,
        "intake" => GroupBy::Intake,
        "day" => GroupBy::Day(TimeOf::Reported, &config.calendar),
        "closed_day" => GroupBy::Day(TimeOf::Closed, &config.calendar),
        _ => return None,
    })
}

/// A department counts with its sub-units, as the filter it stands for does. When departments were asked for,
/// only those inside them are groups: their parents would promise more than the question holds.
fn with_parents(config: &Config, groups: Vec<(GroupKey, u32)>, asked: &Filter) -> Vec<(GroupKey, u32)> {
    let own = groups.into_iter().filter_map(|(key, count)| match key {
        GroupKey::Department(id) => Some((id, count)),
        _ => None,
    });
    let wanted = |id: &Option<kernel::DepartmentId>| match id {
        Some(id) => asked.departments.is_empty() || asked.departments.contains(id),
        None => true,
    };
    let all = roll_up(config, own).into_iter().filter(|(id, _)| wanted(id));
    all.map(|(id, count)| (GroupKey::Department(id), count)).collect()
}

fn group_view(config: &Config, key: &GroupKey, count: u32) -> GroupView {
    let same = |text: &str| Words { zh: text.to_owned(), en: text.to_owned() };
    let none = || (String::new(), same(""));
    let (key, label) = match key {
        GroupKey::Stage(stage) => (stage.as_str().to_owned(), same(stage.as_str())),
        GroupKey::Light(light) => light.map_or_else(none, |l| (l.as_str().to_owned(), same(l.as_str()))),
        GroupKey::Department(None) => {
            let label = Words { zh: "未派遣".to_owned(), en: "Not dispatched".to_owned() };
            (NO_DEPARTMENT.to_string(), label)
        }
        GroupKey::Department(Some(id)) => (id.to_string(), config.department_name(*id)),
        GroupKey::Class(class) => {
            class.as_ref().map_or_else(none, |class| (class.to_string(), config.class_name(class)))
        }
        GroupKey::Major(major) => major.as_ref().map_or_else(none, |major| {
            let digits = major.to_string();
            let name = major.of.and_then(|(edition, kind)| {
                let majors = config.catalogue.majors(edition, kind);
                majors
                    .iter()
                    .find(|(code, _)| digits.ends_with(code))
                    .map(|(_, name)| crate::config::words(name))
            });
            (digits.clone(), name.unwrap_or_else(|| same(&digits)))
        }),
        GroupKey::Source(source) => (source.as_str().to_owned(), same(source.as_str())),
        GroupKey::Level(level) => {
            let word = crate::line::level_word(*level);
            (word.to_owned(), same(word))
        }
        GroupKey::Area(code) => code.as_ref().map_or_else(none, |code| {
            let name = config.divisions.get(code).map(|d| crate::config::words(&d.name));
            (code.to_string(), name.unwrap_or_else(|| same(code.as_str())))
        }),
        GroupKey::Person(id) => id.map_or_else(none, |id| (id.to_string(), config.person_name(id))),
        GroupKey::Day(day) => day.map_or_else(none, |day| {
            let text = day.to_string();
            (text.clone(), same(&text))
        }),
    };
    GroupView { key, label, count }
}

/// The newest first, when a use case walks a list by itself.
pub(crate) const NEWEST: Sort = Sort { by: SortBy::Reported, descending: true };
