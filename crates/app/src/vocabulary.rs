//! The words the screens need: departments, classes with their conditions, people, divisions, templates;
//! and the searches of the intake form.

use crate::app::App;
use crate::config::{Config, words};
use crate::error::AppError;
use crate::line::limit_view;
use crate::view::{LimitView, Words};
use city::catalogue::SearchFilter;
use city::{AttributeQuestion, Lang};
use kernel::{Actor, CityCode, Edition};
use serde::Serialize;
use utoipa::ToSchema;

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct VocabularyView {
    pub version: i64,
    pub departments: Vec<VocabularyDepartment>,
    pub classes: Vec<VocabularyClass>,
    pub people: Vec<VocabularyPerson>,
    pub divisions: Vec<VocabularyDivision>,
    pub templates: Vec<VocabularyTemplate>,
    pub sources: Vec<String>,
    pub procedure: VocabularyProcedure,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct VocabularyDepartment {
    pub id: u32,
    pub code: String,
    pub parent: Option<u32>,
    pub name: Words,
    pub level: String,
    pub kind: String,
    pub active: bool,
    /// May be given cases to handle.
    pub handles: bool,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct VocabularyClass {
    pub key: String,
    pub kind: String,
    pub edition: String,
    pub major: String,
    pub major_name: Words,
    pub name: Words,
    pub extension: bool,
    pub criteria: Vec<VocabularyCriterion>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct VocabularyCriterion {
    pub seq: u16,
    pub filing: Words,
    pub closing: Words,
    pub limit: LimitView,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct VocabularyPerson {
    pub id: u32,
    pub name: Words,
    pub department: u32,
    pub roles: Vec<String>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct VocabularyDivision {
    pub code: String,
    pub parent: Option<String>,
    pub name: Words,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct VocabularyTemplate {
    pub id: u32,
    pub step: String,
    pub text: Words,
}

/// What the forms must know of the procedure in force.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct VocabularyProcedure {
    pub version: u32,
    pub name: String,
    pub report_photos_min: u8,
    pub report_photo_kinds: Vec<String>,
    pub reply_photos_min: u8,
    pub verification_photos_min: u8,
    pub photos_max: u8,
    pub suspension_days_max: u16,
    pub extension_times_max: u16,
    pub reopen_days: u16,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ClassHitView {
    pub key: String,
    pub name: Words,
    pub major_name: Words,
    pub kind: String,
    /// 1 to 100.
    pub score: u8,
    /// The filing condition nearest to the words.
    pub criterion: Option<u16>,
}

/// A class as the public and Open311 see it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ServiceView {
    pub code: String,
    pub name: Words,
    pub group: Words,
    pub description: Words,
    #[schema(value_type = Vec<Object>)]
    pub attributes: Vec<AttributeQuestion>,
}

impl App {
    /// All words of the city for the screens of a signed-in person.
    ///
    /// # Errors
    /// [`AppError::NotSignedIn`] for anyone but a person.
    pub fn vocabulary(&self, actor: &Actor) -> Result<VocabularyView, AppError> {
        actor.person_id().ok_or(AppError::NotSignedIn)?;
        let config = self.config(actor.city)?;
        let mut classes: Vec<&city::catalogue::Class> =
            config.catalogue.iter().filter(|class| usable(&config, &class.entry)).collect();
        classes.sort_by(|a, b| a.entry.key.cmp(&b.entry.key));
        let departments = config.organisation.iter().map(|d| VocabularyDepartment {
            id: d.id.0,
            code: d.code.clone(),
            parent: d.parent.map(|p| p.0),
            name: words(&d.name),
            level: d.level.as_str().to_owned(),
            kind: d.kind.as_str().to_owned(),
            active: d.active,
            handles: d.kind.handles(),
        });
        let people = config.people.values().filter(|p| p.active).map(|p| VocabularyPerson {
            id: p.id.0,
            name: words(&p.name),
            department: p.department.0,
            roles: p.posts.iter().map(|post| post.role.as_str().to_owned()).collect(),
        });
        let divisions = config.divisions.iter().map(|d| VocabularyDivision {
            code: d.code.to_string(),
            parent: d.parent.as_ref().map(ToString::to_string),
            name: words(&d.name),
        });
        let person = actor.person_id();
        let templates = config
            .templates
            .iter()
            .filter(|t| t.person.is_none() || t.person == person)
            .map(|t| VocabularyTemplate { id: t.id, step: t.step.clone(), text: words(&t.text) });
        Ok(VocabularyView {
            version: config.version,
            departments: departments.collect(),
            classes: classes.into_iter().map(class_view).collect(),
            people: people.collect(),
            divisions: divisions.collect(),
            templates: templates.collect(),
            sources: case::Source::ALL.iter().map(|s| s.as_str().to_owned()).collect(),
            procedure: procedure_view(&config)?,
        })
    }

    /// Classes that may be meant by some words, best first. Chinese, pinyin initials and English.
    ///
    /// # Errors
    /// [`AppError::NotFound`] for a city this server does not run.
    pub fn search_classes(
        &self,
        city: CityCode,
        q: &str,
        lang: &str,
        limit: usize,
    ) -> Result<Vec<ClassHitView>, AppError> {
        let config = self.config(city)?;
        let text: String = q.chars().take(200).collect();
        let filter = SearchFilter { edition: Some(edition(&config)), kind: None, limit: limit.clamp(1, 50) };
        let hits = config.class_search.search(&text, Lang::parse(lang), &filter);
        Ok(hits
            .into_iter()
            .filter_map(|hit| {
                let entry = config.catalogue.get(&hit.key)?;
                Some(ClassHitView {
                    key: hit.key.to_string(),
                    name: words(&entry.name),
                    major_name: words(&entry.major_name),
                    kind: hit.key.kind.as_str().to_owned(),
                    score: hit.score,
                    criterion: hit.criterion,
                })
            })
            .collect())
    }

    /// Classes offered to the public, in their order.
    ///
    /// # Errors
    /// [`AppError::NotFound`] for a city this server does not run.
    pub fn public_services(&self, city: CityCode) -> Result<Vec<ServiceView>, AppError> {
        let config = self.config(city)?;
        let chosen = &config.settings.public_classes;
        let offered = |entry: &city::ClassEntry| {
            usable(&config, entry) && (chosen.is_empty() || chosen.contains(&entry.key.to_string()))
        };
        let mut services: Vec<ServiceView> =
            config.catalogue.iter().filter(|class| offered(&class.entry)).map(service_view).collect();
        services.sort_by_key(|service| {
            let at = chosen.iter().position(|key| *key == service.code).unwrap_or(usize::MAX);
            (at, service.code.clone())
        });
        Ok(services)
    }
}

fn service_view(class: &city::catalogue::Class) -> ServiceView {
    let description = class.criteria.first().map(|c| words(&c.filing));
    ServiceView {
        code: class.entry.key.to_string(),
        name: words(&class.entry.name),
        group: words(&class.entry.major_name),
        description: description.unwrap_or_else(|| words(&class.entry.name)),
        attributes: class.entry.attributes.clone(),
    }
}

fn edition(config: &Config) -> Edition {
    if config.settings.edition == "2013" { Edition::E2013 } else { Edition::E2026 }
}

/// A class new cases may have: of the city's edition or its own; the "…异常" matters of 2026 are the
/// components themselves (rulings, Catalogue).
fn usable(config: &Config, entry: &city::ClassEntry) -> bool {
    let here = entry.key.edition == edition(config) || entry.extension;
    here && !entry.disabled && entry.component.is_none()
}

fn class_view(class: &city::catalogue::Class) -> VocabularyClass {
    let entry = &class.entry;
    let criteria = class.criteria.iter().filter(|c| !c.disabled).map(|c| VocabularyCriterion {
        seq: c.seq,
        filing: words(&c.filing),
        closing: words(&c.closing),
        limit: limit_view(c.limit),
    });
    VocabularyClass {
        key: entry.key.to_string(),
        kind: entry.key.kind.as_str().to_owned(),
        edition: entry.key.edition.as_str().to_owned(),
        major: entry.key.major().to_owned(),
        major_name: words(&entry.major_name),
        name: words(&entry.name),
        extension: entry.extension,
        criteria: criteria.collect(),
    }
}

fn procedure_view(config: &Config) -> Result<VocabularyProcedure, AppError> {
    let procedure = config.procedure(config.procedure)?;
    let kind = |k: &case::EvidenceKind| {
        serde_json::to_value(k).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
    };
    Ok(VocabularyProcedure {
        version: procedure.version,
        name: procedure.name.clone(),
        report_photos_min: procedure.evidence.report_min,
        report_photo_kinds: procedure.evidence.report_kinds.iter().map(kind).collect(),
        reply_photos_min: procedure.evidence.reply_min,
        verification_photos_min: procedure.evidence.verification_min,
        photos_max: procedure.evidence.photos_max,
        suspension_days_max: procedure.suspension.days_max,
        extension_times_max: procedure.extension.times_max,
        reopen_days: procedure.reopen_days,
    })
}
