//! Steps nobody has to take: the fast channels and automatic dispatch of the procedure (T47). They go
//! through the same rules as a person's, by actor `system`, with rule and version named.

use crate::app::App;
use crate::config::Config;
use crate::convert;
use crate::draft::Draft;
use case::{Command, Stage, fast_channel};
use kernel::{Actor, Timestamp};

impl App {
    /// Takes every automatic step that is open to `draft` now. A refusal only means that a person must look.
    pub(crate) async fn automatic_steps(&self, draft: &mut Draft, config: &Config, now: Timestamp) {
        // Without the owner the table still says who is responsible.
        let owner =
            self.owner_of(config.city, draft.state.report.component.as_deref()).await.unwrap_or_default();
        // At most accept, file and dispatch.
        for _ in 0..3 {
            if !self.automatic_step(draft, config, owner.as_deref(), now) {
                return;
            }
        }
    }

    fn automatic_step(
        &self,
        draft: &mut Draft,
        config: &Config,
        owner: Option<&str>,
        now: Timestamp,
    ) -> bool {
        let case = &draft.state;
        // Children follow their parent's dispatcher, and whoever was sent back is looked at by a person.
        if case.parent.is_some() || case.guard.is_some() || case.reopened > 0 || case.reworks > 0 {
            return false;
        }
        let Ok(procedure) = config.procedure(case.procedure) else { return false };
        let channel = fast_channel(&case.report, procedure).filter(|channel| channel.file);
        let command = match (&case.stage, channel) {
            (Stage::Reported, Some(_)) => Command::Accept { opinion: String::new() },
            (Stage::Accepted, Some(_)) => {
                let Some(class) = case.class.clone() else { return false };
                let Some(criterion) =
                    config.catalogue.criteria(&class).iter().find(|c| !c.disabled).map(|c| c.seq)
                else {
                    return false;
                };
                let Ok(standard) = convert::standard(config, &class, criterion, &case.report.place) else {
                    return false;
                };
                Command::File { standard, opinion: String::new(), procedure: config.procedure }
            }
            (Stage::Filed, _) => match self.automatic_department(draft, config, owner) {
                Some(department) => {
                    Command::Dispatch { department, assisting: Vec::new(), opinion: String::new() }
                }
                None => return false,
            },
            _ => return false,
        };
        let rule = channel.map_or_else(|| "auto_dispatch".to_owned(), |channel| channel.name.clone());
        let system = Actor::system(case.city, &rule, procedure.version);
        draft.step(command, &system, config, now).is_ok()
    }

    /// The department an automatic dispatch may choose: only when the procedure allows and the table is sure.
    fn automatic_department(
        &self,
        draft: &Draft,
        config: &Config,
        owner: Option<&str>,
    ) -> Option<kernel::DepartmentId> {
        let case = &draft.state;
        let procedure = config.procedure(case.procedure).ok()?;
        let class = case.class.as_ref()?;
        let by_channel = fast_channel(&case.report, procedure).is_some_and(|channel| channel.dispatch);
        let auto = &procedure.auto_dispatch;
        let by_rule = auto.enabled && (auto.classes.is_empty() || auto.classes.contains(class));
        if !by_channel && !by_rule {
            return None;
        }
        let best = self
            .rank_departments(config, Some(class), case.report.place.grid.as_ref(), owner)
            .into_iter()
            .next()?;
        (best.confidence_percent >= auto.confidence_min).then_some(best.department)
    }
}
