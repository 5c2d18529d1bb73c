//! What a fact does to the clocks, worked out once, with the calendar of the moment it happened.
//!
//! The result travels with the fact ([`crate::FactRecord::clocks`]), so that applying and replaying need no calendar:
//! deadlines of old facts never move because someone edits a holiday today. Only `ClocksRecomputed` moves
//! open deadlines, and it carries them itself.

use crate::case::Case;
use crate::decide::Context;
use crate::fact::{ClockChange, Fact};
use crate::stage::{Stage, StageName, VerifyOutcome};
use kernel::{Clock, ClockKind, DepartmentId, Millis, TimeLimit, Timestamp};

pub(crate) fn changes(case: Option<&Case>, fact: &Fact, at: Timestamp, ctx: &Context) -> Vec<ClockChange> {
    let list = case.map(|case| case.clocks.clone()).unwrap_or_default();
    let mut clocks = Clocks { before: list.len(), list, at, ctx };
    match case {
        None => clocks.begin(fact),
        Some(case) => clocks.follow(case, fact),
    }
    clocks.changed(case)
}

struct Clocks<'a> {
    list: Vec<Clock>,
    before: usize,
    at: Timestamp,
    ctx: &'a Context<'a>,
}

impl Clocks<'_> {
    fn begin(&mut self, fact: &Fact) {
        if let Fact::Reported { self_handled, limit, .. } = fact {
            let kind = if *self_handled { ClockKind::AuditSelfHandled } else { ClockKind::Accept };
            self.start(kind, *limit);
        }
    }

    fn follow(&mut self, case: &Case, fact: &Fact) {
        match fact {
            Fact::SelfHandledRefused { limit, .. } => {
                self.end(ClockKind::AuditSelfHandled);
                if let Some(limit) = limit {
                    self.start(ClockKind::Accept, *limit);
                }
            }
            // The acceptor's clock stands still while the collector's task runs (workflow.md §7).
            Fact::ConfirmationRequested { limit, .. } => {
                self.pause(ClockKind::Accept);
                self.start(ClockKind::Confirm, *limit);
            }
            Fact::ConfirmationAnswered { .. } => {
                self.end(ClockKind::Confirm);
                self.resume(ClockKind::Accept);
            }
            Fact::Accepted { limit, .. } => {
                self.end(ClockKind::Accept);
                self.start(ClockKind::File, *limit);
            }
            Fact::Filed { standard, total, dispatch, .. } => {
                self.end(ClockKind::File);
                self.start(ClockKind::Dispatch, *dispatch);
                match standard.due {
                    Some(due) => self.start_promised(standard.limit, due),
                    None => self.start_total(standard.limit, &total.0),
                }
            }
            Fact::SentBack { from, limit: Some(limit), .. } => {
                let filed = *from == StageName::Filed;
                self.end(if filed { ClockKind::Dispatch } else { ClockKind::File });
                self.end(ClockKind::Total);
                self.start(if filed { ClockKind::File } else { ClockKind::Accept }, *limit);
            }
            Fact::Dispatched { rework, sign, .. } => {
                self.end(ClockKind::Dispatch);
                self.start(ClockKind::Sign, *sign);
                if *rework { self.rework(case) } else { self.handle(case) }
            }
            Fact::Split { .. } | Fact::DispatchedDown { .. } => {
                self.end(ClockKind::Dispatch);
                self.handle(case);
            }
            Fact::SignedFor => self.end(ClockKind::Sign),
            Fact::Extended { by } => {
                self.extend(ClockKind::Handle, *by);
                self.extend(ClockKind::Total, *by);
            }
            // What the wrong department used stays with it; the next one starts anew.
            Fact::Returned { limit, .. } => {
                self.end(ClockKind::Sign);
                self.end(ClockKind::Handle);
                self.start(ClockKind::Dispatch, *limit);
            }
            Fact::Suspended { .. } => {
                self.pause(ClockKind::Handle);
                self.pause(ClockKind::Total);
            }
            Fact::Resumed { .. } => {
                self.resume(ClockKind::Handle);
                self.resume(ClockKind::Total);
            }
            // The handling time ends with the hand-over; a rejected reply takes it up again.
            Fact::Replied { limit, .. } => {
                self.end(ClockKind::Handle);
                self.start(ClockKind::Review, *limit);
            }
            Fact::ReplyRejected { .. } => {
                self.end(ClockKind::Review);
                self.reopen(ClockKind::Handle);
            }
            Fact::PassedOn { limit, .. } => {
                self.end(ClockKind::Review);
                self.start(ClockKind::SendVerification, *limit);
            }
            Fact::VerificationRequested { limit, .. } => {
                self.pause(ClockKind::SendVerification);
                self.start(ClockKind::Verify, *limit);
            }
            Fact::VerificationAnswered { outcome, limit, .. } => {
                self.end(ClockKind::Verify);
                if *outcome == VerifyOutcome::Failed {
                    self.resume(ClockKind::SendVerification);
                } else {
                    self.end(ClockKind::SendVerification);
                }
                if let Some(limit) = limit {
                    self.start(ClockKind::Close, *limit);
                }
            }
            Fact::ReworkOrdered { department, sign, .. } => {
                self.end_closing();
                self.start(ClockKind::Sign, *sign);
                if is_same(case, *department) { self.rework(case) } else { self.handle(case) }
            }
            Fact::ClosingRefused { dispatch, .. } => {
                self.end_closing();
                if let Some(limit) = dispatch {
                    self.start(ClockKind::Dispatch, *limit);
                }
            }
            Fact::Reopened { dispatch, total, .. } => {
                self.end_closing();
                self.start(ClockKind::Dispatch, *dispatch);
                if let (Some(total), Some(filing)) = (total, &case.filing) {
                    self.start_total(filing.limit, &total.0);
                }
            }
            Fact::SelfHandledPassed { .. }
            | Fact::Declined { .. }
            | Fact::AnsweredAtOnce { .. }
            | Fact::Closed { .. }
            | Fact::Cancelled { .. }
            | Fact::Withdrawn { .. }
            | Fact::ForceClosed { .. } => self.each_open(|clock, at, _| clock.end(at)),
            Fact::Merged { .. } => self.each_open(|clock, at, ctx| clock.pause(at, ctx.calendar)),
            Fact::Unmerged { .. } => {
                // In the confirming stage the acceptor's clock stood still before the merge already.
                let confirming = matches!(&case.stage, Stage::Withdrawn { before, .. }
                    if before.name() == StageName::Confirming);
                self.each_open(|clock, at, ctx| {
                    if !(confirming && clock.kind == ClockKind::Accept) {
                        clock.resume(at, ctx.calendar);
                    }
                });
            }
            Fact::ClocksRecomputed { .. } => self.each_open(|clock, _, ctx| clock.recompute(ctx.calendar)),
            _ => {}
        }
    }

    fn start(&mut self, kind: ClockKind, limit: TimeLimit) {
        self.list.push(Clock::start(kind, limit, self.at, self.ctx.calendar));
    }

    /// One clock over all stages, in the time of the handling limit.
    fn start_total(&mut self, unit_of: TimeLimit, parts: &[TimeLimit]) {
        let calendar = self.ctx.calendar;
        let sum = parts
            .iter()
            .map(|part| calendar.length_of(*part, self.at))
            .fold(Millis::ZERO, |sum, length| sum + length);
        self.list.push(Clock::start_with_length(ClockKind::Total, unit_of, sum, self.at, calendar));
    }

    /// A total that falls due when an old system said, whatever its stages sum up to.
    fn start_promised(&mut self, unit_of: TimeLimit, due: Timestamp) {
        let length = (due - self.at).max(Millis::ZERO);
        let clock = Clock::start_with_length(ClockKind::Total, unit_of, length, self.at, self.ctx.calendar);
        self.list.push(clock);
    }

    /// The full handling limit of the filing.
    fn handle(&mut self, case: &Case) {
        if let Some(filing) = &case.filing {
            self.start(ClockKind::Handle, filing.limit);
        }
    }

    /// 返工: goes on with what was left, and a fresh share where the procedure grants one.
    fn rework(&mut self, case: &Case) {
        let (at, calendar) = (self.at, self.ctx.calendar);
        let percent = self.ctx.procedure.rework.fresh_percent;
        let last = self.list.iter_mut().rfind(|clock| clock.kind == ClockKind::Handle);
        match (last, &case.filing) {
            (Some(clock), _) if percent == 0 => clock.reopen(at, calendar),
            (Some(clock), Some(filing)) => {
                let left = clock.left(at, calendar).max(Millis::ZERO);
                let fresh = calendar.length_of(filing.limit, at).0 / 100 * i64::from(percent);
                let length = left + Millis(fresh);
                let clock = Clock::start_with_length(ClockKind::Handle, filing.limit, length, at, calendar);
                self.list.push(clock);
            }
            _ => self.handle(case),
        }
    }

    fn end_closing(&mut self) {
        self.end(ClockKind::SendVerification);
        self.end(ClockKind::Close);
    }

    fn end(&mut self, kind: ClockKind) {
        let at = self.at;
        if let Some(clock) = self.open(kind) {
            clock.end(at);
        }
    }

    fn pause(&mut self, kind: ClockKind) {
        let (at, calendar) = (self.at, self.ctx.calendar);
        if let Some(clock) = self.open(kind) {
            clock.pause(at, calendar);
        }
    }

    fn resume(&mut self, kind: ClockKind) {
        let (at, calendar) = (self.at, self.ctx.calendar);
        if let Some(clock) = self.open(kind) {
            clock.resume(at, calendar);
        }
    }

    fn extend(&mut self, kind: ClockKind, by: TimeLimit) {
        let calendar = self.ctx.calendar;
        if let Some(clock) = self.open(kind) {
            clock.extend(by, calendar);
        }
    }

    fn reopen(&mut self, kind: ClockKind) {
        let (at, calendar) = (self.at, self.ctx.calendar);
        if let Some(clock) = self.list.iter_mut().rfind(|clock| clock.kind == kind) {
            clock.reopen(at, calendar);
        }
    }

    fn each_open(&mut self, change: impl Fn(&mut Clock, Timestamp, &Context)) {
        for clock in self.list.iter_mut().filter(|clock| clock.ended_at.is_none()) {
            change(clock, self.at, self.ctx);
        }
    }

    fn open(&mut self, kind: ClockKind) -> Option<&mut Clock> {
        self.list.iter_mut().rfind(|clock| clock.kind == kind && clock.ended_at.is_none())
    }

    fn changed(self, case: Option<&Case>) -> Vec<ClockChange> {
        let old = case.map_or(&[][..], |case| &case.clocks[..]);
        let calendar = self.ctx.calendar;
        let is_changed = |(index, clock): &(usize, Clock)| *index >= self.before || old[*index] != *clock;
        let change = |(index, clock): (usize, Clock)| ClockChange {
            index: u16::try_from(index).expect("a case has far fewer clocks"),
            warn_at: if clock.is_running() { clock.warn_at(calendar) } else { None },
            clock,
        };
        self.list.into_iter().enumerate().filter(is_changed).map(change).collect()
    }
}

fn is_same(case: &Case, department: DepartmentId) -> bool {
    case.departments.last() == Some(&department)
}
