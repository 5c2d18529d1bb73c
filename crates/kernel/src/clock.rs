//! Clocks (计时): how much time a stage or a whole case is allowed, has used and has left.
//!
//! A clock runs in the time of its limit's unit: always, or only inside office hours. What it is allowed is
//! fixed in milliseconds when it starts and by each extension; the moment that is due follows from the calendar.

use crate::calendar::Calendar;
use crate::limit::{LimitUnit, TimeLimit};
use crate::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};

/// What is timed: one stage of a case, or all of it. Source: `standards/workflow.md` §6, `rulings.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockKind {
    /// 受理: until accepted or declined.
    Accept,
    /// 核实: the collector's task before filing.
    Confirm,
    /// 自处置审核.
    AuditSelfHandled,
    /// 立案.
    File,
    /// 派遣: each time anew, also after a return.
    Dispatch,
    /// 签收: the department looks at it and assigns it.
    Sign,
    /// 处置: until the department replies.
    Handle,
    /// 反馈审核: the dispatcher looks at the reply.
    Review,
    /// 发核查: until verification is requested.
    SendVerification,
    /// 核查: the collector's task after handling.
    Verify,
    /// 结案.
    Close,
    /// 全程: from filing to closing.
    Total,
}

impl ClockKind {
    pub const ALL: [Self; 12] = [
        Self::Accept,
        Self::Confirm,
        Self::AuditSelfHandled,
        Self::File,
        Self::Dispatch,
        Self::Sign,
        Self::Handle,
        Self::Review,
        Self::SendVerification,
        Self::Verify,
        Self::Close,
        Self::Total,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Confirm => "confirm",
            Self::AuditSelfHandled => "audit_self_handled",
            Self::File => "file",
            Self::Dispatch => "dispatch",
            Self::Sign => "sign",
            Self::Handle => "handle",
            Self::Review => "review",
            Self::SendVerification => "send_verification",
            Self::Verify => "verify",
            Self::Close => "close",
            Self::Total => "total",
        }
    }

    /// Reads the wire word; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A stretch in which a clock stands still (挂账, 核实中): `from` belongs to it, `to` does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Pause {
    pub from: Timestamp,
    /// None while it lasts.
    pub to: Option<Timestamp>,
}

/// 红黄绿灯. Source: `rulings.md`, The loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Light {
    /// Less than 80 % of the time is used.
    Green,
    /// From 80 % up to and including the moment that is due.
    Yellow,
    /// After the moment that is due.
    Red,
    /// The clock is paused.
    Grey,
}

impl Light {
    pub const ALL: [Self; 4] = [Self::Green, Self::Yellow, Self::Red, Self::Grey];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Green => "green",
            Self::Yellow => "yellow",
            Self::Red => "red",
            Self::Grey => "grey",
        }
    }

    /// Reads the wire word; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|light| light.as_str() == text)
    }
}

/// One clock of a case. Changed only through its methods, in the order of time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    pub kind: ClockKind,
    /// As the procedure or the catalogue had it; its unit is the clock's.
    pub limit: TimeLimit,
    /// Approved extensions (延期).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extra: Vec<TimeLimit>,
    pub started_at: Timestamp,
    /// In the order of time, not overlapping; only the last may be open.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pauses: Vec<Pause>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// The time allowed, extensions included, in the clock's own time. A changed calendar does not touch it.
    pub length: Millis,
    /// Follows from the rest and the calendar; kept so that it can be asked for without one.
    due_at: Option<Timestamp>,
}

impl Clock {
    #[must_use]
    pub fn start(kind: ClockKind, limit: TimeLimit, at: Timestamp, calendar: &Calendar) -> Self {
        Self::start_with_length(kind, limit, calendar.length_of(limit, at), at, calendar)
    }

    /// Starts with a given length in the limit's own time: what an earlier clock had left, or a share of it.
    #[must_use]
    pub fn start_with_length(
        kind: ClockKind,
        limit: TimeLimit,
        length: Millis,
        at: Timestamp,
        calendar: &Calendar,
    ) -> Self {
        let mut clock = Self {
            kind,
            limit,
            extra: Vec::new(),
            started_at: at,
            pauses: Vec::new(),
            ended_at: None,
            length,
            due_at: None,
        };
        clock.recompute(calendar);
        clock
    }

    /// Stops counting. Nothing happens to a clock that is paused or has ended.
    pub fn pause(&mut self, at: Timestamp, calendar: &Calendar) {
        if self.is_running() {
            let from = at.max(self.last_change_at());
            self.pauses.push(Pause { from, to: None });
            self.recompute(calendar);
        }
    }

    /// Counts again. Nothing happens to a clock that is not paused.
    pub fn resume(&mut self, at: Timestamp, calendar: &Calendar) {
        self.close_pause(at);
        self.recompute(calendar);
    }

    /// Allows more time. It counts in the clock's own time: two natural days more on a clock of work hours
    /// are two work days. Nothing happens to a clock that has ended.
    pub fn extend(&mut self, limit: TimeLimit, calendar: &Calendar) {
        if self.ended_at.is_some() {
            return;
        }
        let unit = own_unit(limit.unit, self.limit.unit.is_continuous());
        let more = calendar.length_of(TimeLimit { unit, ..limit }, self.started_at);
        self.extra.push(limit);
        self.length = self.length + more;
        self.recompute(calendar);
    }

    /// The work that was timed is done. A pause ends with the clock. The first end stands.
    pub fn end(&mut self, at: Timestamp) {
        if self.ended_at.is_none() {
            self.close_pause(at);
            self.ended_at = Some(at.max(self.last_change_at()));
        }
    }

    /// Rework (返工): goes on with what was left; the time between end and reopening is a pause.
    pub fn reopen(&mut self, at: Timestamp, calendar: &Calendar) {
        if let Some(ended_at) = self.ended_at.take() {
            self.pauses.push(Pause { from: ended_at, to: Some(at.max(ended_at)) });
            self.recompute(calendar);
        }
    }

    /// The calendar has changed: what is allowed stays, an open deadline moves, a finished clock stays as it is.
    pub fn recompute(&mut self, calendar: &Calendar) {
        if self.ended_at.is_none() {
            self.due_at = self.moment_of(self.length, calendar);
        }
    }

    /// True when neither paused nor ended.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.ended_at.is_none() && !self.is_paused()
    }

    /// True while a pause is open.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.pauses.last().is_some_and(|pause| pause.to.is_none())
    }

    /// Time used up to `now`, or to the end, pauses not counted.
    #[must_use]
    pub fn used(&self, now: Timestamp, calendar: &Calendar) -> Millis {
        calendar.elapsed_without(self.limit.unit, self.started_at, self.as_of(now), &self.pauses)
    }

    /// Time left; negative when more than allowed is used.
    #[must_use]
    pub fn left(&self, now: Timestamp, calendar: &Calendar) -> Millis {
        self.length - self.used(now, calendar)
    }

    /// The last moment that is in time. None while a pause that began before it is open: a suspended case
    /// never falls due. [`Calendar::NEVER`] when the calendar has no working time any more.
    #[must_use]
    pub const fn due_at(&self) -> Option<Timestamp> {
        self.due_at
    }

    /// The moment from which the light is yellow: 80 % used. None while a pause that began before it is open.
    #[must_use]
    pub fn warn_at(&self, calendar: &Calendar) -> Option<Timestamp> {
        self.moment_of(self.warning_length(), calendar)
    }

    /// Overdue (超期) is what happens after the due moment, by a millisecond and at night too. This and the
    /// red light are one rule, so that lists may compare times without a calendar.
    #[must_use]
    pub fn is_overdue_at(&self, now: Timestamp) -> bool {
        self.due_at.is_some_and(|due_at| self.as_of(now) > due_at)
    }

    /// How much more than allowed is used, in the clock's own time; zero when in time. Between a due moment
    /// at the end of a slot and the next slot a clock is overdue by nothing yet.
    #[must_use]
    pub fn overdue_by(&self, now: Timestamp, calendar: &Calendar) -> Millis {
        (self.used(now, calendar) - self.length).max(Millis::ZERO)
    }

    /// The light of a running clock now, and of an ended one as it ended.
    #[must_use]
    pub fn light(&self, now: Timestamp, calendar: &Calendar) -> Light {
        if self.is_paused_at(now) {
            Light::Grey
        } else if self.is_overdue_at(now) {
            Light::Red
        } else if self.used(now, calendar) >= self.warning_length() {
            Light::Yellow
        } else {
            Light::Green
        }
    }

    fn is_paused_at(&self, now: Timestamp) -> bool {
        self.ended_at.is_none_or(|ended_at| now < ended_at)
            && self.pauses.iter().any(|pause| pause.from <= now && pause.to.is_none_or(|to| now < to))
    }

    /// Four fifths of what is allowed, rounded up.
    const fn warning_length(&self) -> Millis {
        Millis(self.length.0 - self.length.0 / 5)
    }

    /// When `length` is used; none if an open pause comes first.
    fn moment_of(&self, length: Millis, calendar: &Calendar) -> Option<Timestamp> {
        let moment = calendar.due(self.started_at, length, self.limit.unit, &self.pauses);
        let stopped = self.pauses.last().is_some_and(|pause| pause.to.is_none() && pause.from < moment);
        (!stopped).then_some(moment)
    }

    fn as_of(&self, now: Timestamp) -> Timestamp {
        self.ended_at.map_or(now, |ended_at| ended_at.min(now))
    }

    fn close_pause(&mut self, at: Timestamp) {
        if let Some(pause) = self.pauses.last_mut()
            && pause.to.is_none()
        {
            pause.to = Some(at.max(pause.from));
        }
    }

    /// Nothing that comes later can be earlier than this.
    fn last_change_at(&self) -> Timestamp {
        self.pauses.last().map_or(self.started_at, |pause| pause.to.unwrap_or(pause.from))
    }
}

/// The same number of minutes, hours or days in the other way of counting.
const fn own_unit(unit: LimitUnit, continuous: bool) -> LimitUnit {
    match (unit, continuous) {
        (LimitUnit::UrgentMinute | LimitUnit::WorkMinute, true) => LimitUnit::UrgentMinute,
        (LimitUnit::UrgentMinute | LimitUnit::WorkMinute, false) => LimitUnit::WorkMinute,
        (LimitUnit::UrgentWorkHour | LimitUnit::WorkHour, true) => LimitUnit::UrgentWorkHour,
        (LimitUnit::UrgentWorkHour | LimitUnit::WorkHour, false) => LimitUnit::WorkHour,
        (LimitUnit::UrgentWorkDay | LimitUnit::NaturalDay | LimitUnit::WorkDay, true) => {
            LimitUnit::NaturalDay
        }
        (LimitUnit::UrgentWorkDay | LimitUnit::NaturalDay | LimitUnit::WorkDay, false) => LimitUnit::WorkDay,
    }
}
