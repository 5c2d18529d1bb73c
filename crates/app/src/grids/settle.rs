//! After another edition of the grids came into force: whatever is registered is moved to the grid it now lies in.

use crate::app::App;
use crate::components::Draft;
use crate::config::Config;
use crate::error::AppError;
use crate::job::{Held, JobKind};
use crate::ports::things::{COMPONENTS, THINGS_PER_WRITE_MAX};
use crate::ports::{PutThing, PutThings, StoredThing};
use crate::registers::regridded;
use city::component::{Command, State};
use kernel::{CityCode, PersonId};
use serde_json::json;

impl App {
    /// Asks for the moving when the edition in force is not the one everything was last moved to.
    pub(crate) async fn ask_settling(&self, city: CityCode) -> Result<(), AppError> {
        let edition = self.config(city)?.grids_from.edition();
        if edition == 0 || self.0.settled.lock().get(&city) == Some(&edition) {
            return Ok(());
        }
        let (_, job) = self.job_view(city, JobKind::SettleGrids).await?;
        let settled = job.result.get("edition").and_then(serde_json::Value::as_u64);
        if settled == Some(u64::from(edition)) && job.is_done() {
            self.0.settled.lock().insert(city, edition);
        } else if job.is_done() || job.was_never_asked() {
            self.put_with_job(city, None, Vec::new(), JobKind::SettleGrids).await?;
        }
        Ok(())
    }

    /// Moves what lies in another grid than it is registered in, a page at a time; `false` when it was told to stop
    /// before the end. What was moved before is right and stays.
    pub(crate) async fn settle_grids(
        &self,
        held: &mut Held,
        go_on: &(dyn Fn() -> bool + Send + Sync),
    ) -> Result<bool, AppError> {
        let config = self.config(held.city)?;
        let edition = config.grids_from.edition();
        let last = self.store().things_head(held.city).await?.0;
        let counts = self.store().count_things(held.city).await?;
        let counted: u64 = counts.iter().map(|one| one.count).sum();
        held.job.total = u32::try_from(counted).unwrap_or(u32::MAX);
        held.job.done = 0;
        let mut position = 0;
        let page_size = u32::try_from(THINGS_PER_WRITE_MAX).unwrap_or(u32::MAX);
        while position < last {
            if !go_on() {
                return Ok(false);
            }
            let page = self.store().things_since(held.city, position, page_size).await?;
            let Some(end) = page.last() else { break };
            position = end.position;
            let mut puts = Vec::new();
            for thing in &page {
                held.job.done = held.job.done.saturating_add(1).min(held.job.total);
                match self.moved_to_grid(&config, thing)? {
                    Ok(None) => {}
                    Ok(Some(put)) => puts.push(put),
                    Err(why) => {
                        held.job.failed += 1;
                        tracing::warn!(city = %held.city, code = thing.code, why, "it is in no grid it may be in");
                    }
                }
            }
            if !puts.is_empty() {
                let count = u32::try_from(puts.len()).unwrap_or(u32::MAX);
                let put = PutThings { city: held.city, by: None, at: self.now(), command: None, puts };
                match self.commit_things(put).await {
                    Ok(_) => held.job.changed += count,
                    // Somebody was quicker with one of them: the page is read again.
                    Err(error) if crate::app::is_stale(&error) => {
                        position = page.first().map_or(position, |first| first.position - 1);
                        continue;
                    }
                    Err(other) => return Err(other),
                }
            }
            self.job_went_on(held).await?;
            // Requests go first.
            tokio::task::yield_now().await;
        }
        held.job.result = json!({ "edition": edition });
        held.job.result_at = Some(self.now());
        Ok(true)
    }

    /// The next version of a thing whose grid is another one now; or why it can have none.
    fn moved_to_grid(
        &self,
        config: &Config,
        thing: &StoredThing,
    ) -> Result<Result<Option<PutThing>, String>, AppError> {
        if thing.removed {
            return Ok(Ok(None));
        }
        if thing.register != COMPONENTS {
            let known = config.packs.register(&thing.register);
            return Ok(Ok(known.map(|register| regridded(config, register, thing)).transpose()?.flatten()));
        }
        let mut draft = Draft::of(thing)?;
        let Some(component) = draft.component.as_ref().filter(|one| one.state != State::Removed) else {
            return Ok(Ok(None));
        };
        let at = component.place.anchor();
        let Some(grid) = at.and_then(|at| config.grids.at(at)).cloned() else {
            return Ok(Err("outside_grids".to_owned()));
        };
        if grid == component.grid {
            return Ok(Ok(None));
        }
        let command = Command::Move { place: component.place.clone(), grid, accuracy: component.accuracy };
        Ok(match draft.take(config, command, PersonId(0), self.now()) {
            Ok(()) => Ok(draft.into_put()),
            Err(problems) => Err(problems.iter().map(|problem| problem.code).collect::<Vec<_>>().join(" ")),
        })
    }
}
