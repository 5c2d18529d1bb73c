//! What stands in a case file, in which order.

use crate::i18n;
use crate::language::Language;
use crate::local_time::LocalTime;
use crate::print::draw::{PrintError, draw, picture};
use crate::print::layout::{Layout, Mark};
use app::view::{ApprovalView, CaseView, ClockView, EvidenceView, FactView, LimitView};
use axum::body::Bytes;
use serde_json::{Map, Value, json};

/// Everything printed, read before.
pub struct CaseFile {
    pub view: CaseView,
    pub facts: Vec<FactView>,
    /// Thumbnails by attachment.
    pub photos: Vec<(EvidenceView, Bytes)>,
    pub city: String,
    pub language: Language,
    pub time: LocalTime,
}

/// Words a person wrote with a fact, the most telling first.
const WORDS: [&str; 10] =
    ["reason", "opinion", "text", "answer", "note", "order", "requirement", "remark", "message", "task"];

impl CaseFile {
    /// # Errors
    /// When the PDF cannot be made.
    pub fn print(&self) -> Result<Vec<u8>, PrintError> {
        let mut images = Vec::new();
        let mut shown = Vec::new();
        for (evidence, bytes) in &self.photos {
            if let Some(image) = picture(bytes) {
                shown.push((images.len(), image.size(), evidence));
                images.push(image);
            }
        }
        let pages = self.pages(&shown);
        let title = format!("{} {}", self.word("print", "title"), self.view.line.number);
        draw(&pages, &images, &title, self.language.as_str())
    }

    /// The class, which is known in every language; the reporter's own words, as they were said, only without one.
    #[must_use]
    pub fn headline(&self) -> &str {
        let line = &self.view.line;
        line.class.as_ref().map_or(line.headline.as_str(), |class| self.language.pick(&class.name))
    }

    fn word(&self, group: &str, code: &str) -> String {
        i18n::word(self.language, group, code)
    }

    fn pages(&self, shown: &[(usize, (u32, u32), &EvidenceView)]) -> Vec<Vec<Mark>> {
        let line = &self.view.line;
        let mut page = Layout::default();
        page.title(
            self.headline(),
            &format!("{} {} · {}", self.word("print", "title"), line.number, self.city),
        );
        page.heading(&self.word("print", "case_data"));
        for (label, value) in self.case_data() {
            page.row(&[0.2, 0.8], &[&label, &value], false);
        }
        self.filing(&mut page);
        self.clocks(&mut page);
        self.photographs(&mut page, shown);
        self.approvals(&mut page);
        self.timeline(&mut page);
        let left = format!("{} {}", self.word("print", "printed_at"), self.time.minute(self.view.now_at));
        page.finish(&left, |at, all| {
            let params = Map::from_iter([("page".to_owned(), json!(at)), ("pages".to_owned(), json!(all))]);
            let text = self.word("print", "page");
            text.replace("{page}", &params["page"].to_string())
                .replace("{pages}", &params["pages"].to_string())
        })
    }

    fn case_data(&self) -> Vec<(String, String)> {
        let line = &self.view.line;
        let none = self.word("print", "none");
        let class = line.class.as_ref().map(|c| format!("{} ({})", self.language.pick(&c.name), c.key));
        let place = match (line.lng, line.lat) {
            (Some(lng), Some(lat)) => {
                format!("{} ({lng:.6}, {lat:.6}) {}", line.address, line.grid.as_deref().unwrap_or(""))
            }
            _ => line.address.clone(),
        };
        let department = line.department.as_ref().map(|d| self.language.pick(&d.name).to_owned());
        let mut rows = vec![
            ("stage", self.word("stage", &line.stage)),
            ("class", class.unwrap_or_else(|| none.clone())),
            ("place", place),
            ("source", self.word("source", &line.source)),
            ("reported_at", self.time.minute(line.reported_at)),
            ("department", department.unwrap_or(none)),
            ("text", self.view.text.clone()),
        ];
        if let Some(reporter) = &self.view.reporter {
            let who = [reporter.name.as_str(), reporter.phone.as_str(), reporter.email.as_str()];
            let who: Vec<&str> = who.into_iter().filter(|part| !part.is_empty()).collect();
            rows.push(("reporter", who.join(" · ")));
        }
        rows.into_iter().map(|(label, value)| (self.word("print", label), value)).collect()
    }

    fn limit(&self, limit: &LimitView) -> String {
        format!("{} {}", limit.value, self.word("unit", &limit.unit))
    }

    fn filing(&self, page: &mut Layout) {
        let Some(filing) = &self.view.filing else { return };
        page.heading(&self.word("print", "filing"));
        let by = filing.by.as_ref().map_or_else(String::new, |p| self.language.pick(&p.name).to_owned());
        let class = format!("{} ({})", self.language.pick(&filing.class.name), filing.class.key);
        let rows = [
            ("class", class),
            ("criterion", format!("{}. {}", filing.criterion, filing.criterion_text)),
            ("closing", filing.closing_text.clone()),
            ("limit", self.limit(&filing.limit)),
            ("filing", format!("{} {by}", self.time.minute(filing.at))),
        ];
        for (label, value) in rows {
            page.row(&[0.2, 0.8], &[&self.word("print", label), &value], false);
        }
    }

    fn clocks(&self, page: &mut Layout) {
        if self.view.clocks.is_empty() {
            return;
        }
        page.heading(&self.word("print", "clocks"));
        const WIDTHS: [f32; 6] = [0.18, 0.17, 0.18, 0.18, 0.18, 0.11];
        let heads =
            ["clock", "limit", "started_at", "due_at", "ended_at", "used"].map(|w| self.word("print", w));
        page.row(&WIDTHS, &heads.each_ref().map(String::as_str), true);
        for clock in &self.view.clocks {
            let cells = self.clock_cells(clock);
            page.row(&WIDTHS, &cells.each_ref().map(String::as_str), false);
        }
    }

    fn clock_cells(&self, clock: &ClockView) -> [String; 6] {
        let used = if clock.allowed_ms > 0 {
            let percent = clock.used_ms.saturating_mul(100) / clock.allowed_ms;
            format!("{percent} % {}", self.word("light", &clock.light))
        } else {
            String::new()
        };
        [
            self.word("clock", &clock.kind),
            self.limit(&clock.limit),
            self.time.minute(clock.started_at),
            self.time.minute(clock.due_at),
            clock.ended_at.map_or_else(String::new, |at| self.time.minute(at)),
            used,
        ]
    }

    fn photographs(&self, page: &mut Layout, shown: &[(usize, (u32, u32), &EvidenceView)]) {
        if shown.is_empty() {
            return;
        }
        let after = |evidence: &EvidenceView| evidence.kind == "after";
        for (label, wanted) in [("before", false), ("after", true)] {
            let part: Vec<_> = shown
                .iter()
                .filter(|(_, _, evidence)| after(evidence) == wanted)
                .map(|(at, size, evidence)| (*at, *size, self.caption(evidence)))
                .collect();
            if !part.is_empty() {
                page.heading(&format!("{}: {}", self.word("print", "photos"), self.word("print", label)));
                page.photos(&part);
            }
        }
    }

    fn caption(&self, evidence: &EvidenceView) -> String {
        let shot = evidence.shot_at.map_or_else(String::new, |at| self.time.minute(at));
        let metres = evidence.metres.map_or_else(String::new, |metres| format!(" {metres:.0} m"));
        format!("{} {shot}{metres}", self.word("evidence", &evidence.kind))
    }

    fn approvals(&self, page: &mut Layout) {
        if self.view.approval_log.is_empty() {
            return;
        }
        page.heading(&self.word("print", "approvals"));
        for approval in &self.view.approval_log {
            page.row(
                &[0.2, 0.8],
                &[&self.word("approval", &approval.kind), &self.approval_text(approval)],
                false,
            );
        }
    }

    fn approval_text(&self, approval: &ApprovalView) -> String {
        let name = |p: &Option<app::view::PersonView>| {
            p.as_ref().map_or_else(String::new, |p| self.language.pick(&p.name).to_owned())
        };
        let mut text = format!(
            "{} {}: {}",
            self.time.minute(approval.asked_at),
            name(&approval.asked_by),
            approval.reason
        );
        if let Some(extra) = &approval.extra {
            text.push_str(&format!(" (+{})", self.limit(extra)));
        }
        if let Some(until) = approval.until {
            text.push_str(&format!(" (→ {})", self.time.minute(until)));
        }
        for answer in &approval.answers {
            let state = self.word("approval_state", if answer.approved { "approved" } else { "rejected" });
            text.push_str(&format!(
                "\n{} {}: {state} {}",
                self.time.minute(answer.at),
                name(&answer.by),
                answer.opinion
            ));
        }
        text
    }

    fn timeline(&self, page: &mut Layout) {
        page.heading(&self.word("print", "timeline"));
        for fact in &self.facts {
            let cells =
                [self.time.minute(fact.at), self.word("fact", &fact.fact), self.who(fact), self.words(fact)];
            page.row(&[0.19, 0.19, 0.24, 0.38], &cells.each_ref().map(String::as_str), false);
        }
    }

    fn who(&self, fact: &FactView) -> String {
        let person = fact.person.as_ref().map(|p| self.language.pick(&p.name).to_owned());
        let role = fact.role.as_ref().map(|role| self.word("role", role));
        let department = fact.department.as_ref().map(|d| self.language.pick(&d.name).to_owned());
        match (person, role, department) {
            (Some(person), Some(role), Some(department)) => format!("{person} · {role}\n{department}"),
            (Some(person), Some(role), None) => format!("{person} · {role}"),
            (Some(person), None, _) => person,
            (None, ..) if fact.by == "citizen" => self.word("print", "citizen"),
            _ => self.word("print", "system"),
        }
    }

    fn words(&self, fact: &FactView) -> String {
        let mut parts: Vec<String> =
            fact.names.values().map(|words| self.language.pick(words).to_owned()).collect();
        if let Some(outcome) = fact.data.get("outcome").and_then(Value::as_str) {
            parts.push(self.word("outcome", outcome));
        }
        if let Some(approval) = fact.data.get("approval").and_then(Value::as_str) {
            parts.push(self.word("approval", approval));
        }
        let report = fact.data.get("report").and_then(|report| report.get("text"));
        let written =
            WORDS.iter().filter_map(|field| fact.data.get(*field)).chain(report).filter_map(Value::as_str);
        parts.extend(written.filter(|text| !text.is_empty()).map(str::to_owned));
        parts.join(" · ")
    }
}
