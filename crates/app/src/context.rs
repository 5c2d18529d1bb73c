//! What a decision needs of a city: its procedure, calendar and departments.

use crate::app::App;
use crate::config::Config;
use crate::error::AppError;
use crate::ports::StoredCase;
use case::decide::Departments;
use case::{Case, Context};
use kernel::{Actor, CaseId, DepartmentId, Timestamp};

impl Departments for Config {
    fn exists(&self, department: DepartmentId) -> bool {
        self.organisation.get(department).is_some_and(|d| d.active)
    }

    fn is_within(&self, department: DepartmentId, ancestor: DepartmentId) -> bool {
        self.organisation.within(department, ancestor)
    }
}

impl Config {
    /// The world as a decision on `case` sees it: the case's own procedure, today's calendar.
    ///
    /// # Errors
    /// [`AppError::ProcedureMissing`] naming the version the case is pinned to.
    pub fn context(&self, procedure: u32, now: Timestamp) -> Result<Context<'_>, AppError> {
        let procedure = self.procedure(procedure)?;
        Ok(Context { now, procedure, calendar: &self.calendar, departments: self })
    }

    /// # Errors
    /// As [`Config::context`].
    pub fn context_of(&self, case: &Case, now: Timestamp) -> Result<Context<'_>, AppError> {
        self.context(case.procedure, now)
    }
}

impl App {
    /// The case by UUID, number, or `s` and its serial (from a map), if `actor` may see it; hidden cases look like missing ones.
    pub(crate) async fn find_case(&self, actor: &Actor, id: &str) -> Result<StoredCase, AppError> {
        let found = match id.parse::<CaseId>() {
            Ok(id) => self.store().case(actor.city, id).await?,
            Err(_) if (19..=20).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_digit()) => {
                self.store().case_by_number(actor.city, id).await?
            }
            Err(_) => match id.strip_prefix('s').and_then(|serial| serial.parse().ok()) {
                Some(serial) => self.store().cases_by_serial(actor.city, &[serial]).await?.pop(),
                None => None,
            },
        };
        let config = self.config(actor.city)?;
        found
            .filter(|stored| self.may_see(actor, &config, stored.serial, &stored.case))
            .ok_or(AppError::NotFound("case"))
    }
}
