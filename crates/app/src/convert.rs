//! From what was sent to domain types, with every problem named by its field.

use crate::app::App;
use crate::config::Config;
use crate::error::{AppError, FieldProblem, Problems};
use crate::step::{
    ApprovalKindIn, ConfirmOutcomeIn, EvidenceIn, EvidenceKindIn, LevelIn, LimitIn, LimitUnitIn, PlaceIn,
    Position, UrgingLevelIn, VerifyOutcomeIn,
};
use case::command::Standard;
use case::stage::{ConfirmOutcome, VerifyOutcome};
use case::{ApprovalKind, Evidence, EvidenceKind, Level, Place, UrgingLevel};
use kernel::{AttachmentId, Cgcs2000, CityCode, ClassKey, LimitUnit, Point, TimeLimit};

/// Longest text of an opinion, reason or remark, in characters.
pub const TEXT_MAX: usize = 2_000;
/// Longest description of a problem, in characters (Open311: 4,000).
pub const DESCRIPTION_MAX: usize = 4_000;
pub const ADDRESS_MAX: usize = 200;
const EVIDENCE_MAX: usize = 20;

/// A class that exists and may be used, by its key.
pub fn class(config: &Config, field: &str, text: &str, problems: &mut Problems) -> Option<ClassKey> {
    match text.parse::<ClassKey>() {
        Err(_) => problems.add(field, "not_a_class"),
        Ok(key) => match config.catalogue.get(&key) {
            None => problems.add(field, "unknown_class"),
            Some(entry) if entry.disabled => problems.add(field, "class_disabled"),
            Some(_) => return Some(key),
        },
    }
    None
}

/// The standard of a filing condition, with the limit of the place's grade.
pub fn standard(
    config: &Config,
    key: &ClassKey,
    criterion: u16,
    place: &Place,
) -> Result<Standard, AppError> {
    let grade = place.grid.as_ref().and_then(|grid| config.grids.grade(grid));
    let found = config
        .catalogue
        .standard(key, criterion, grade)
        .ok_or_else(|| AppError::invalid("criterion", "unknown_criterion"))?;
    Ok(Standard {
        class: key.clone(),
        criterion,
        criterion_text: found.criterion.filing.zh.clone(),
        closing_text: found.criterion.closing.zh.clone(),
        limit: found.limit,
        due: None,
    })
}

/// A place inside the city, with its unit grid.
pub fn place(config: &Config, field: &str, sent: &PlaceIn, problems: &mut Problems) -> Place {
    problems.bounded(&format!("{field}.address"), &sent.address, ADDRESS_MAX);
    let point = match (sent.lng, sent.lat) {
        (None, None) => None,
        (Some(lng), Some(lat)) => point(config, field, lng, lat, problems),
        (None, Some(_)) => {
            problems.add(format!("{field}.lng"), "required");
            None
        }
        (Some(_), None) => {
            problems.add(format!("{field}.lat"), "required");
            None
        }
    };
    let grid = point.and_then(|p| config.grids.at(p)).cloned();
    Place { point, grid, address: sent.address.trim().to_owned() }
}

fn point(
    config: &Config,
    field: &str,
    lng: f64,
    lat: f64,
    problems: &mut Problems,
) -> Option<Point<Cgcs2000>> {
    let Some(point) = Point::new(lng, lat) else {
        problems.add(format!("{field}.lng"), "out_of_range");
        return None;
    };
    let [west, south, east, north] = config.settings.bounds;
    if lng < west || lng > east || lat < south || lat > north {
        problems.push(FieldProblem::new(format!("{field}.lng"), "outside_city"));
        return None;
    }
    Some(point)
}

#[must_use]
pub fn position(sent: Option<Position>) -> Option<Point<Cgcs2000>> {
    sent.and_then(|p| Point::new(p.lng, p.lat))
}

#[must_use]
pub const fn evidence_kind(kind: EvidenceKindIn) -> EvidenceKind {
    match kind {
        EvidenceKindIn::Near => EvidenceKind::Near,
        EvidenceKindIn::Far => EvidenceKind::Far,
        EvidenceKindIn::Reference => EvidenceKind::Reference,
        EvidenceKindIn::Before => EvidenceKind::Before,
        EvidenceKindIn::After => EvidenceKind::After,
        EvidenceKindIn::OnSpot => EvidenceKind::OnSpot,
        EvidenceKindIn::Document => EvidenceKind::Document,
        EvidenceKindIn::Video => EvidenceKind::Video,
    }
}

/// A limit; more than ten thousand of a unit is a slip of the finger.
pub fn limit(field: &str, sent: LimitIn, problems: &mut Problems) -> Option<TimeLimit> {
    let hundredths = (sent.value * 100.0).round();
    if !(1.0..=1_000_000.0).contains(&hundredths) {
        problems.add(format!("{field}.value"), "out_of_range");
        return None;
    }
    let unit = match sent.unit {
        LimitUnitIn::UrgentMinute => LimitUnit::UrgentMinute,
        LimitUnitIn::UrgentWorkHour => LimitUnit::UrgentWorkHour,
        LimitUnitIn::UrgentWorkDay => LimitUnit::UrgentWorkDay,
        LimitUnitIn::WorkMinute => LimitUnit::WorkMinute,
        LimitUnitIn::WorkHour => LimitUnit::WorkHour,
        LimitUnitIn::WorkDay => LimitUnit::WorkDay,
        LimitUnitIn::NaturalDay => LimitUnit::NaturalDay,
    };
    // In range by the check above.
    Some(TimeLimit { hundredths: hundredths as u32, unit })
}

#[must_use]
pub const fn level(sent: LevelIn) -> Level {
    match sent {
        LevelIn::City => Level::City,
        LevelIn::District => Level::District,
        LevelIn::Street => Level::Street,
    }
}

#[must_use]
pub const fn confirm_outcome(sent: ConfirmOutcomeIn) -> ConfirmOutcome {
    match sent {
        ConfirmOutcomeIn::True => ConfirmOutcome::True,
        ConfirmOutcomeIn::False => ConfirmOutcome::False,
        ConfirmOutcomeIn::Impossible => ConfirmOutcome::Impossible,
    }
}

#[must_use]
pub const fn verify_outcome(sent: VerifyOutcomeIn) -> VerifyOutcome {
    match sent {
        VerifyOutcomeIn::Passed => VerifyOutcome::Passed,
        VerifyOutcomeIn::Failed => VerifyOutcome::Failed,
        VerifyOutcomeIn::Impossible => VerifyOutcome::Impossible,
    }
}

#[must_use]
pub const fn urging_level(sent: UrgingLevelIn) -> UrgingLevel {
    match sent {
        UrgingLevelIn::Remind => UrgingLevel::Remind,
        UrgingLevelIn::Urge => UrgingLevel::Urge,
        UrgingLevelIn::UrgeListed => UrgingLevel::UrgeListed,
    }
}

#[must_use]
pub const fn approval_kind(sent: ApprovalKindIn) -> ApprovalKind {
    match sent {
        ApprovalKindIn::Extension => ApprovalKind::Extension,
        ApprovalKindIn::Return => ApprovalKind::Return,
        ApprovalKindIn::Suspension => ApprovalKind::Suspension,
        ApprovalKindIn::Cancellation => ApprovalKind::Cancellation,
        ApprovalKindIn::Withdrawal => ApprovalKind::Withdrawal,
    }
}

impl App {
    /// Evidence with what the store knows of its attachments. An attachment must have been uploaded.
    pub(crate) async fn evidence(
        &self,
        city: CityCode,
        field: &str,
        sent: &[EvidenceIn],
    ) -> Result<(Vec<Evidence>, Vec<(String, u64)>), AppError> {
        let mut problems = Problems::default();
        let (mut evidence, mut hashes) = (Vec::new(), Vec::new());
        if sent.len() > EVIDENCE_MAX {
            problems.push(FieldProblem::new(field, "too_many").with("max", EVIDENCE_MAX as u64));
            return problems.done().map(|()| (evidence, hashes));
        }
        for (index, item) in sent.iter().enumerate() {
            let path = format!("{field}[{index}].attachment");
            let Ok(attachment) = AttachmentId::try_from(item.attachment.clone()) else {
                problems.add(path, "not_an_attachment");
                continue;
            };
            let Some(stored) = self.store().attachment(city, attachment.as_str()).await? else {
                problems.add(path, "unknown_attachment");
                continue;
            };
            if let Some(hash) = stored.photo_hash {
                hashes.push((stored.id.clone(), hash));
            }
            let shot_from = stored.lng.zip(stored.lat).and_then(|(lng, lat)| Point::new(lng, lat));
            evidence.push(Evidence {
                attachment,
                kind: evidence_kind(item.kind),
                shot_at: stored.shot_at,
                shot_from,
            });
        }
        problems.done().map(|()| (evidence, hashes))
    }
}
