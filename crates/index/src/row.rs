//! What of a case goes into the columns.

use crate::column::{NEVER, NONE, NOTHING, NOWHERE, PAUSED, Row, flag, grades};
use case::stage::VerifyOutcome;
use case::{Approval, ApprovalKind, Case, Source, Stage, StageName};
use kernel::{CaseNumber, CityCode, Clock, ClockKind, DepartmentId, Role, Timestamp};

/// A moment as whole seconds since 1970; moments past 2106 are the last one that is still a moment.
pub fn second(at: Timestamp) -> u32 {
    u32::try_from(at.0.div_euclid(1_000).max(0)).unwrap_or(NEVER).min(NEVER - 1)
}

fn second_after(at: Timestamp) -> u32 {
    second(Timestamp(at.0.saturating_add(999)))
}

fn second_or_never(at: Option<Timestamp>) -> u32 {
    at.map_or(NEVER, second)
}

/// Degrees in ten-millionths.
pub fn fixed(degrees: f64) -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "180 degrees are 1.8e9, and the cast saturates")]
    let fixed = (degrees * 1e7).round() as i32;
    fixed
}

/// Date and sequence: the city is the same for all, and some numbers have one digit more than others.
fn number(number: &CaseNumber) -> u64 {
    let text = number.as_str();
    let date: u64 = text.get(6..14).and_then(|digits| digits.parse().ok()).unwrap_or(0);
    let sequence: u64 = text.get(14..).and_then(|digits| digits.parse().ok()).unwrap_or(0);
    date * 1_000_000 + sequence
}

/// The number [`number`] came from.
pub fn case_number(city: CityCode, number: u64) -> CaseNumber {
    let (date, sequence) = (number / 1_000_000, number % 1_000_000);
    let small = |part: u64| u32::try_from(part).unwrap_or_default();
    CaseNumber::new(city, small(date), small(sequence))
}

/// The department that has the case, or had it last when it has ended.
pub fn department(case: &Case) -> Option<DepartmentId> {
    case.department().or_else(|| if case.is_open() { None } else { case.departments.last().copied() })
}

/// Roles of which one must answer an open approval next, as bits in the order of [`Role::ALL`].
pub fn awaited_roles(case: &Case) -> u16 {
    let roles = case.approvals.iter().flat_map(Approval::waiting_roles);
    roles.fold(0, |bits, &role| bits | role_bit(role))
}

pub fn role_bit(role: Role) -> u16 {
    Role::ALL.iter().position(|&known| known == role).map_or(0, |at| 1 << at)
}

pub fn approval_bit(kind: ApprovalKind) -> u32 {
    ApprovalKind::ALL.iter().position(|&known| known == kind).map_or(0, |at| 1 << at) << flag::APPROVALS_FROM
}

/// Place in [`Source::ALL`].
pub fn source_place(source: Source) -> u8 {
    Source::ALL.iter().zip(0..).find(|&(&known, _)| known == source).map_or(u8::MAX, |(_, at)| at)
}

/// The row without what needs a dictionary or a side table.
pub fn row(case: &Case) -> Row {
    let ended = !case.is_open();
    let (due_at, warn_at) = match case.running_clock() {
        None => (NEVER, NEVER),
        Some(clock) if clock.is_paused() => (second_or_never(clock.due_at()), PAUSED),
        Some(clock) => {
            let warn = case.warnings.get(&clock.kind).copied().or(clock.due_at());
            (second_or_never(clock.due_at()), warn.map_or(NEVER, second_after).max(PAUSED + 1))
        }
    };
    let total_due_at = case.clock(ClockKind::Total).filter(|_| !ended).and_then(Clock::due_at);
    let point = case.report.place.point;
    Row {
        stage: case.stage.name().number(),
        source: source_place(case.report.source),
        grades: grades::pack(
            case.level,
            case.audit,
            case.urgings.iter().filter_map(|urging| urging.level).max(),
        ),
        flags: flags(case),
        class: NONE,
        department: NONE,
        others: NOTHING,
        grid: NOTHING,
        version: u16::try_from(case.version).unwrap_or(u16::MAX),
        number: number(&case.number),
        reported_at: second(case.reported_at),
        filed_at: second_or_never(case.filed_at),
        ended_at: second_or_never(case.ended_at),
        updated_at: second(case.updated_at),
        due_at,
        warn_at,
        total_due_at: second_or_never(total_due_at),
        lng: point.map_or(NOWHERE, |point| fixed(point.lng())),
        lat: point.map_or(NOWHERE, |point| fixed(point.lat())),
        reported_by: NONE,
        intake: NONE,
        claimed_by: NONE,
        handler: NONE,
        collector: NONE,
        reworks: small(case.reworks),
        urgings: u8::try_from(case.urgings.len()).unwrap_or(u8::MAX),
        returns: small(case.returns),
        extensions: small(case.extensions),
        suspensions: small(case.suspensions),
    }
}

/// More than 255 of anything is 255.
fn small(count: u16) -> u8 {
    u8::try_from(count).unwrap_or(u8::MAX)
}

fn flags(case: &Case) -> u32 {
    let ended = !case.is_open();
    let end = case.ended_at.unwrap_or(case.updated_at);
    let late = |clock: &Clock| clock.is_overdue_at(clock.ended_at.unwrap_or(end));
    let total = case.total_clock();
    let handled = case.handling_clock().filter(|clock| clock.ended_at.is_some());
    let closed = matches!(
        case.stage.name(),
        StageName::Closed | StageName::ClosedSelfHandled | StageName::ForceClosed
    );
    let satisfied = match (&case.rating, &case.callback) {
        (Some(rating), _) => Some(rating.stars >= 3),
        (None, Some(callback)) => callback.satisfied,
        (None, None) => None,
    };
    let appeal = case.appeal.as_ref().filter(|appeal| appeal.is_open());
    let merged = matches!(case.stage, Stage::Withdrawn { merged_into: Some(_), .. });
    let instructed = |urging: &case::Urging| urging.reply_needed && urging.answered_at.is_none();
    let approvals = case.approvals.iter().filter(|approval| approval.is_open());

    let mut flags = approvals.fold(0, |bits, approval| bits | approval_bit(approval.kind));
    let mut set = |bit: u32, on: bool| flags |= if on { bit } else { 0 };
    set(flag::URGENT, case.urgent);
    set(flag::MAJOR, case.major);
    set(flag::PUBLIC, case.is_public());
    set(flag::CHILD, case.parent.is_some());
    set(flag::PARENT, !case.children.is_empty());
    set(flag::CHILDREN_OPEN, case.open_children() > 0);
    set(
        flag::STAGE_LATE,
        ended && case.clocks.iter().any(|clock| clock.kind != ClockKind::Total && late(clock)),
    );
    set(flag::TOTAL_LATE, ended && total.is_some_and(late));
    set(flag::CLOSED_IN_TIME_KNOWN, closed && total.is_some());
    set(flag::HANDLED, handled.is_some());
    set(flag::HANDLED_LATE, handled.is_some_and(late));
    set(flag::SATISFIED, satisfied == Some(true));
    set(flag::DISSATISFIED, satisfied == Some(false));
    set(flag::SYNTHESISED, case.synthesised);
    set(flag::HAS_DUPLICATES, !case.duplicates.is_empty());
    set(flag::MERGED, merged);
    set(flag::CALLED_BACK, case.callback.is_some());
    set(flag::EXEMPTED, case.exempted);
    set(flag::APPEAL_AT_DISPATCHER, appeal.is_some_and(|appeal| appeal.dispatcher.is_none()));
    set(flag::APPEAL_AT_INTAKE, appeal.is_some_and(|appeal| appeal.dispatcher.is_some()));
    set(flag::URGING_UNANSWERED, case.urgings.iter().any(instructed));
    set(flag::REOPENED, case.reopened > 0);
    set(
        flag::VERIFICATION_FAILED,
        matches!(case.stage, Stage::Verified { outcome: VerifyOutcome::Failed, .. }),
    );
    flags
}
