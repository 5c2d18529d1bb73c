//! Photos, videos and positions: how much is enough, how much is too much.

use super::Context;
use crate::refusal::Refusal;
use crate::report::{Evidence, EvidenceKind, Place};
use kernel::{Cgcs2000, Point};

/// One video at most (T01).
const VIDEOS_MAX: usize = 1;

/// At least `minimum` pictures, every one of `kinds` among them, and no more than the procedure's bounds.
pub(super) fn check(
    evidence: &[Evidence],
    minimum: u8,
    kinds: &[EvidenceKind],
    ctx: &Context,
) -> Result<(), Refusal> {
    bounded(evidence, ctx)?;
    if is_enough(evidence, minimum, kinds, ctx) {
        return Ok(());
    }
    let missing = |kind: &EvidenceKind| !evidence.iter().any(|one| one.kind == *kind);
    let missing: Vec<EvidenceKind> = kinds.iter().copied().filter(missing).collect();
    let needed = if missing.is_empty() { kinds.to_vec() } else { missing };
    Err(Refusal::EvidenceMissing { needed, minimum })
}

pub(super) fn is_enough(evidence: &[Evidence], minimum: u8, kinds: &[EvidenceKind], ctx: &Context) -> bool {
    let shown = |kind: &EvidenceKind| evidence.iter().any(|one| one.kind == *kind);
    let pictures = evidence.iter().filter(|one| one.kind != EvidenceKind::Document).count();
    ctx.procedure.evidence.waived || (pictures >= usize::from(minimum) && kinds.iter().all(shown))
}

/// At most so many photos, one video, and as many documents as photos.
pub(super) fn bounded(evidence: &[Evidence], ctx: &Context) -> Result<(), Refusal> {
    let count = |wanted: fn(EvidenceKind) -> bool| evidence.iter().filter(|one| wanted(one.kind)).count();
    let maximum = ctx.procedure.evidence.photos_max;
    let videos = count(|kind| kind == EvidenceKind::Video);
    let documents = count(|kind| kind == EvidenceKind::Document);
    let photos = evidence.len() - videos - documents;
    if photos > usize::from(maximum) || documents > usize::from(maximum) || videos > VIDEOS_MAX {
        return Err(Refusal::TooManyAttachments { maximum });
    }
    Ok(())
}

/// Whoever looks at a place stands there. Unlocated cases and procedures without a distance ask for nothing.
pub(super) fn on_the_spot(place: &Place, at: Option<Point<Cgcs2000>>, ctx: &Context) -> Result<(), Refusal> {
    let (Some(allowed), Some(there)) = (ctx.procedure.verification.metres_max, place.point) else {
        return Ok(());
    };
    let here = at.ok_or(Refusal::PositionMissing)?;
    // Whole metres, rounded up; no distance on Earth exceeds what u32 holds.
    let metres = here.metres_to(&there).ceil() as u32;
    if metres > allowed {
        return Err(Refusal::TooFar { metres, allowed });
    }
    Ok(())
}
