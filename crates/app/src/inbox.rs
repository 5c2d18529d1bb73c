//! What a person is told inside the system, and what administrators are reminded of.

use crate::app::App;
use crate::error::AppError;
use crate::ports::{Notice, PutRecord};
use kernel::{Actor, CityCode, Role};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

/// Newest messages shown; older ones come into sight as these are read.
const SHOWN_MAX: u32 = 200;
/// Kind of the records that say when a reminder was last sent. Not part of the configuration.
const REMINDERS: &str = "reminders";
const HOLIDAYS: &str = "holidays";

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct InboxView {
    pub items: Vec<InboxItem>,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct InboxItem {
    pub id: String,
    pub at: i64,
    /// What it is about, such as `task_verify` or `holidays_missing`.
    pub template: String,
    /// The case it speaks of, if any.
    pub case: Option<String>,
    #[schema(value_type = Object)]
    pub params: Map<String, Value>,
    /// In the caller's language.
    pub message: String,
}

impl App {
    /// Messages to the caller that were not read yet, newest first. Their sentences are added at the door.
    ///
    /// # Errors
    /// [`AppError::NotSignedIn`] for anyone but a person.
    pub async fn inbox(&self, actor: &Actor) -> Result<InboxView, AppError> {
        let person = actor.person_id().ok_or(AppError::NotSignedIn)?;
        let found = self.store().inbox(actor.city, person, SHOWN_MAX).await?;
        let items = found.into_iter().map(|queued| InboxItem {
            id: queued.id.to_string(),
            at: queued.queued_at.millis(),
            template: queued.notice.template,
            case: queued.case.map(|id| id.to_string()),
            params: queued.notice.params,
            message: String::new(),
        });
        Ok(InboxView { items: items.collect() })
    }

    /// Takes a message of the caller's away.
    ///
    /// # Errors
    /// [`AppError::NotFound`] for a message that is not (or no longer) the caller's.
    pub async fn read_message(&self, actor: &Actor, id: &str) -> Result<(), AppError> {
        let person = actor.person_id().ok_or(AppError::NotSignedIn)?;
        let found = self.store().inbox(actor.city, person, SHOWN_MAX).await?;
        let own = found.iter().find(|queued| queued.id.to_string() == id);
        let own = own.ok_or(AppError::NotFound("message"))?;
        Ok(self.store().done_notice(actor.city, own.id).await?)
    }

    /// Tells every system administrator when the calendar has no holidays for a year that is near: the next
    /// one from October on, the current one at any time. At most once a month. Answers the year that is missing.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn remind_of_holidays(&self, city: CityCode) -> Result<Option<i16>, AppError> {
        let config = self.config(city)?;
        let now = self.now();
        let Some(year) = config.calendar.year_missing(now) else { return Ok(None) };
        let month = config.calendar.yyyymmdd(now) / 100;
        let records = self.store().records(city, REMINDERS).await?;
        let last = records.iter().find(|record| record.key == HOLIDAYS);
        let told = last.and_then(|record| record.value.as_ref()).and_then(|value| value["month"].as_u64());
        if told.is_some_and(|told| told >= u64::from(month)) {
            return Ok(Some(year));
        }
        let admins = config
            .people
            .values()
            .filter(|person| person.active && person.posts.iter().any(|post| post.role == Role::SystemAdmin));
        let params = Map::from_iter([("year".to_owned(), json!(year))]);
        let notices: Vec<Notice> = admins
            .map(|person| Notice {
                channel: "inbox".into(),
                to: person.id.to_string(),
                template: "holidays_missing".into(),
                language: "zh".into(),
                params: params.clone(),
            })
            .collect();
        let put = |month: u32, expected_version: u32| PutRecord {
            kind: REMINDERS.into(),
            key: HOLIDAYS.into(),
            expected_version,
            value: Some(json!({ "month": month, "year": year })),
        };
        // Noted first, so that of several processes one tells; taken back when it could not.
        let version = last.map_or(0, |record| record.version);
        let noted = match self.store().put_records(city, None, now, vec![put(month, version)]).await {
            Ok(versions) => versions.first().copied().unwrap_or(version + 1),
            Err(crate::ports::StoreError::StaleRecord { .. }) => return Ok(Some(year)),
            Err(other) => return Err(other.into()),
        };
        if let Err(error) = self.store().queue_notices(city, now, notices).await {
            self.store().put_records(city, None, now, vec![put(0, noted)]).await?;
            return Err(error.into());
        }
        Ok(Some(year))
    }
}
