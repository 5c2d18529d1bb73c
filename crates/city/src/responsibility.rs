//! Who is responsible (责任主体): rules as data, ranked proposals with their reasons, and what returned and
//! re-dispatched cases teach.
//!
//! Each department gets a confidence: the strength of its best rule is the starting belief, worth a few cases,
//! and accepted and returned cases of the same class and street move it. So a rule that departments keep
//! returning sinks, and a department that keeps taking such cases rises although no rule names it.

use crate::crosswalk;
use crate::organisation::DepartmentLevel;
use crate::text::L10n;
use kernel::{ClassKey, DepartmentId, Edition, GridCode, Kind};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// Which classes a rule is about. On the wire `*`, `component`, `2026-event-06` or `2026-event-06010`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ClassPattern {
    Any,
    Kind(Kind),
    Major { edition: Edition, kind: Kind, major: String },
    Class(ClassKey),
}

impl ClassPattern {
    /// How closely the pattern names the class: 0 any, 1 kind, 2 major, 3 class; `None` when it does not.
    /// The same class in the other edition counts.
    #[must_use]
    pub fn closeness(&self, class: &ClassKey) -> Option<u8> {
        match self {
            Self::Any => Some(0),
            Self::Kind(kind) => (*kind == class.kind).then_some(1),
            Self::Major { edition, kind, major } => {
                let same =
                    |key: &ClassKey| key.edition == *edition && key.kind == *kind && key.major() == major;
                (same(class) || crosswalk::to(*edition, class).exact().is_some_and(|key| same(&key)))
                    .then_some(2)
            }
            Self::Class(key) => crosswalk::same_class(key, class).then_some(3),
        }
    }
}

impl fmt::Display for ClassPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Kind(kind) => f.write_str(kind.as_str()),
            Self::Major { edition, kind, major } => {
                write!(f, "{}-{}-{major}", edition.as_str(), kind.as_str())
            }
            Self::Class(key) => key.fmt(f),
        }
    }
}

/// Why a text is not a pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no class pattern: *, component, event, 2026-event-06 or 2026-event-06010 is expected")]
pub struct BadPattern(String);

impl FromStr for ClassPattern {
    type Err = BadPattern;
    fn from_str(text: &str) -> Result<Self, BadPattern> {
        match text {
            "*" => return Ok(Self::Any),
            "component" => return Ok(Self::Kind(Kind::Component)),
            "event" => return Ok(Self::Kind(Kind::Event)),
            _ => {}
        }
        if let Ok(key) = text.parse::<ClassKey>() {
            return Ok(Self::Class(key));
        }
        let bad = || BadPattern(text.chars().take(40).collect());
        // A major is read by completing it to a class.
        let major = text.rsplit('-').next().filter(|major| major.len() == 2).ok_or_else(bad)?;
        let zeros = if text.starts_with("2013") { "00" } else { "000" };
        let key: ClassKey = format!("{text}{zeros}").parse().map_err(|_| bad())?;
        Ok(Self::Major { edition: key.edition, kind: key.kind, major: major.to_owned() })
    }
}

impl TryFrom<String> for ClassPattern {
    type Error = BadPattern;
    fn try_from(text: String) -> Result<Self, BadPattern> {
        text.parse()
    }
}

impl From<ClassPattern> for String {
    fn from(pattern: ClassPattern) -> Self {
        pattern.to_string()
    }
}

/// One row of the responsibility table (责任清单).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    pub class: ClassPattern,
    /// County, street, community or grid the rule holds in; none means the whole city.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<GridCode>,
    /// Owner of the component (权属单位) the rule is for; none means any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    pub department: DepartmentId,
    pub level: DepartmentLevel,
    /// Share of such cases that is this department's, in thousandths; above 1000 counts as 1000.
    pub weight_permille: u16,
    /// Where the rule comes from, for people: 三定方案, a contract, a count of past cases.
    #[serde(default)]
    pub basis: L10n,
}

/// How often a department took, and how often it gave back, cases of a class in a street.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    pub accepted: u32,
    pub returned: u32,
}

impl Counts {
    #[must_use]
    pub const fn total(self) -> u32 {
        self.accepted.saturating_add(self.returned)
    }
}

/// A row of [`Learned`] as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LearnedRow {
    pub class: ClassKey,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub street: Option<GridCode>,
    pub department: DepartmentId,
    pub accepted: u32,
    pub returned: u32,
}

type LearnedKey = (ClassKey, DepartmentId, Option<GridCode>);

/// What past dispatches taught: counts by class, street and department. A class is kept under its name of 2026
/// where it has one, so both editions teach the same.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "Vec<LearnedRow>", into = "Vec<LearnedRow>")]
pub struct Learned {
    counts: BTreeMap<LearnedKey, Counts>,
}

impl From<Vec<LearnedRow>> for Learned {
    fn from(rows: Vec<LearnedRow>) -> Self {
        let mut learned = Self::default();
        for row in rows {
            let held = learned.entry(&row.class, row.street.as_ref(), row.department);
            held.accepted = held.accepted.saturating_add(row.accepted);
            held.returned = held.returned.saturating_add(row.returned);
        }
        learned
    }
}

impl From<Learned> for Vec<LearnedRow> {
    fn from(learned: Learned) -> Self {
        let row = |((class, department, street), counts): (LearnedKey, Counts)| LearnedRow {
            class,
            street,
            department,
            accepted: counts.accepted,
            returned: counts.returned,
        };
        learned.counts.into_iter().map(row).collect()
    }
}

impl Learned {
    /// A department kept a case it was given (signed for it, or replied).
    pub fn accepted(&mut self, class: &ClassKey, place: Option<&GridCode>, department: DepartmentId) {
        let held = self.entry(class, place, department);
        held.accepted = held.accepted.saturating_add(1);
    }

    /// A department's return was approved, or the case was re-dispatched away from it.
    pub fn returned(&mut self, class: &ClassKey, place: Option<&GridCode>, department: DepartmentId) {
        let held = self.entry(class, place, department);
        held.returned = held.returned.saturating_add(1);
    }

    /// Counts of that street, and of the whole city.
    #[must_use]
    pub fn counts(
        &self,
        class: &ClassKey,
        place: Option<&GridCode>,
        department: DepartmentId,
    ) -> (Counts, Counts) {
        let class = crosswalk::canonical(class);
        let street = place.and_then(street_of);
        let mut here = Counts::default();
        let mut city = Counts::default();
        for ((_, _, at), counts) in self
            .counts
            .range((class.clone(), department, None)..)
            .take_while(|((key, dep, _), _)| key == class && *dep == department)
        {
            city.accepted = city.accepted.saturating_add(counts.accepted);
            city.returned = city.returned.saturating_add(counts.returned);
            if street.is_some() && *at == street {
                here = *counts;
            }
        }
        (here, city)
    }

    /// Departments that were ever given a case of this class.
    #[must_use]
    pub fn departments(&self, class: &ClassKey) -> Vec<DepartmentId> {
        let class = crosswalk::canonical(class);
        let first = (class.clone(), DepartmentId(0), None);
        let mut found: Vec<_> = self
            .counts
            .range(first..)
            .take_while(|((key, _, _), _)| key == class)
            .map(|((_, department, _), _)| *department)
            .collect();
        found.dedup();
        found
    }

    fn entry(&mut self, class: &ClassKey, place: Option<&GridCode>, department: DepartmentId) -> &mut Counts {
        let key = (crosswalk::canonical(class).clone(), department, place.and_then(street_of));
        self.counts.entry(key).or_default()
    }
}

/// Why a department is proposed; the parameters are for the text shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Reason {
    /// It belongs to the owner of the component.
    OwnerOfComponent { owner: String },
    /// A rule for this class in this place.
    ClassInPlace { class: ClassPattern, place: GridCode },
    /// A rule for this class, anywhere.
    Class { class: ClassPattern },
    /// Only a wide rule (major, kind or any class), perhaps in a place.
    WideRule {
        class: ClassPattern,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        place: Option<GridCode>,
    },
    /// No rule names it, but it has taken such cases.
    TookSuchCases { accepted: u32, returned: u32 },
}

/// A department that may be responsible.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    pub department: DepartmentId,
    /// Of the rule; none when no rule names the department.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<DepartmentLevel>,
    /// 1 to 99.
    pub confidence_percent: u8,
    pub reason: Reason,
    #[serde(default)]
    pub basis: L10n,
    /// What the confidence has learned from, in this street and city.
    pub here: Counts,
    pub city: Counts,
    /// Open cases it has now.
    pub load: u32,
}

/// A rule is worth this many cases; the word of the owner more.
const RULE_CASES: f64 = 4.0;
const OWNER_CASES: f64 = 12.0;
/// Cases elsewhere in the city count this much of one here.
const ELSEWHERE: f64 = 0.25;
/// Starting belief by closeness of the pattern: any, kind, major, class.
const CLOSENESS: [f64; 4] = [0.40, 0.50, 0.70, 0.95];
const OWNER: f64 = 0.97;
/// A city-wide rule where a rule for the very place exists.
const OVERRULED: f64 = 0.45;
/// Proposals answered; a dispatcher reads no more.
pub const PROPOSALS_MAX: usize = 8;

/// Departments in falling order of confidence; equal ones by load, then by id. Rules of dissolved departments
/// are the caller's to leave out. `loads` are open cases by department.
#[must_use]
pub fn propose(
    rules: &[Rule],
    learned: &Learned,
    class: &ClassKey,
    place: Option<&GridCode>,
    owner: Option<&str>,
    loads: &BTreeMap<DepartmentId, u32>,
) -> Vec<Proposal> {
    let matching: Vec<Match<'_>> =
        rules.iter().filter_map(|rule| Match::of(rule, class, place, owner)).collect();
    // The longest place any rule of the same closeness names: shorter ones are overruled by it.
    let mut longest = [0_usize; 4];
    for found in &matching {
        let at = &mut longest[usize::from(found.closeness)];
        *at = (*at).max(found.place_digits);
    }
    let mut best: BTreeMap<DepartmentId, (f64, &Match<'_>)> = BTreeMap::new();
    for found in &matching {
        let overruled = !found.by_owner && found.place_digits < longest[usize::from(found.closeness)];
        let strength = found.strength(overruled);
        let held = best.entry(found.rule.department).or_insert((strength, found));
        if strength > held.0 {
            *held = (strength, found);
        }
    }
    let mut departments: Vec<DepartmentId> = best.keys().copied().collect();
    departments.extend(learned.departments(class).into_iter().filter(|id| !best.contains_key(id)));
    let mut proposals: Vec<Proposal> = departments
        .into_iter()
        .filter_map(|department| {
            let (here, city) = learned.counts(class, place, department);
            let rule = best.get(&department).copied();
            proposal(department, rule, here, city, loads.get(&department).copied().unwrap_or_default())
        })
        .collect();
    proposals.sort_by(|a, b| {
        b.confidence_percent
            .cmp(&a.confidence_percent)
            .then(a.load.cmp(&b.load))
            .then(a.department.cmp(&b.department))
    });
    proposals.truncate(PROPOSALS_MAX);
    proposals
}

fn proposal(
    department: DepartmentId,
    rule: Option<(f64, &Match<'_>)>,
    here: Counts,
    city: Counts,
    load: u32,
) -> Option<Proposal> {
    let belief = rule.map_or(0.0, |(strength, _)| strength);
    let worth = if rule.is_some_and(|(_, found)| found.by_owner) { OWNER_CASES } else { RULE_CASES };
    let seen = |in_city: u32, in_street: u32| {
        f64::from(in_street) + ELSEWHERE * f64::from(in_city.saturating_sub(in_street))
    };
    let accepted = seen(city.accepted, here.accepted);
    let returned = seen(city.returned, here.returned);
    let confidence = (worth * belief + accepted) / (worth + accepted + returned);
    if rule.is_none() && accepted <= 0.0 {
        return None;
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 1 to 99
    let confidence_percent = (100.0 * confidence).round().clamp(1.0, 99.0) as u8;
    let reason = match rule {
        Some((_, found)) => found.reason(),
        None => Reason::TookSuchCases { accepted: city.accepted, returned: city.returned },
    };
    Some(Proposal {
        department,
        level: rule.map(|(_, found)| found.rule.level),
        confidence_percent,
        reason,
        basis: rule.map(|(_, found)| found.rule.basis.clone()).unwrap_or_default(),
        here,
        city,
        load,
    })
}

#[derive(Debug)]
struct Match<'a> {
    rule: &'a Rule,
    by_owner: bool,
    closeness: u8,
    place_digits: usize,
}

impl<'a> Match<'a> {
    fn of(rule: &'a Rule, class: &ClassKey, place: Option<&GridCode>, owner: Option<&str>) -> Option<Self> {
        let by_owner = match &rule.owner {
            None => false,
            Some(wanted) if owner.is_some_and(|owner| owner.trim() == wanted.trim()) => true,
            Some(_) => return None,
        };
        let closeness = rule.class.closeness(class)?;
        let place_digits = match &rule.place {
            None => 0,
            Some(area) if place.is_some_and(|place| place.is_within(area)) => area.as_str().len(),
            Some(_) => return None,
        };
        Some(Self { rule, by_owner, closeness, place_digits })
    }

    fn strength(&self, overruled: bool) -> f64 {
        let weight = f64::from(self.rule.weight_permille.min(1000)) / 1000.0;
        let base = if self.by_owner { OWNER } else { CLOSENESS[usize::from(self.closeness)] };
        base * weight * if overruled { OVERRULED } else { 1.0 }
    }

    fn reason(&self) -> Reason {
        let class = self.rule.class.clone();
        match (&self.rule.owner, &self.rule.place) {
            (Some(owner), _) => Reason::OwnerOfComponent { owner: owner.clone() },
            (None, place) if self.closeness < 3 => Reason::WideRule { class, place: place.clone() },
            (None, Some(place)) => Reason::ClassInPlace { class, place: place.clone() },
            (None, None) => Reason::Class { class },
        }
    }
}

fn street_of(place: &GridCode) -> Option<GridCode> {
    crate::area::prefix(place, crate::area::PlaceLevel::Street)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WATER: DepartmentId = DepartmentId(1);
    const ROADS: DepartmentId = DepartmentId(2);
    const STREET: DepartmentId = DepartmentId(3);

    fn class(text: &str) -> ClassKey {
        text.parse().expect("a class")
    }

    fn place(text: &str) -> GridCode {
        text.parse().expect("a place")
    }

    fn rule(pattern: &str, at: &str, owner: &str, department: DepartmentId, weight: u16) -> Rule {
        Rule {
            class: pattern.parse().expect("a pattern"),
            place: (!at.is_empty()).then(|| place(at)),
            owner: (!owner.is_empty()).then(|| owner.to_owned()),
            department,
            level: DepartmentLevel::City,
            weight_permille: weight,
            basis: L10n::default(),
        }
    }

    fn order(proposals: &[Proposal]) -> Vec<DepartmentId> {
        proposals.iter().map(|p| p.department).collect()
    }

    fn rules() -> Vec<Rule> {
        vec![
            rule("2026-component-01023", "", "", ROADS, 900),
            rule("2026-component-01023", "990101001", "", STREET, 1000),
            rule("component", "", "水务集团", WATER, 1000),
            rule("2026-event-06", "", "", STREET, 1000),
        ]
    }

    #[test]
    fn the_owner_goes_first_then_the_nearest_place_then_the_class() {
        let grid = place("990101001001001");
        let cover = class("2026-component-01023");
        let loads = BTreeMap::new();
        let with_owner =
            propose(&rules(), &Learned::default(), &cover, Some(&grid), Some("水务集团"), &loads);
        assert_eq!(order(&with_owner), [WATER, STREET, ROADS]);
        assert!(matches!(with_owner[0].reason, Reason::OwnerOfComponent { .. }));
        assert!(matches!(with_owner[1].reason, Reason::ClassInPlace { .. }));
        let elsewhere = place("990102001001001");
        let without = propose(&rules(), &Learned::default(), &cover, Some(&elsewhere), None, &loads);
        assert_eq!(order(&without), [ROADS]);
        assert_eq!(without[0].confidence_percent, 86);
    }

    #[test]
    fn returns_teach_and_stay_in_their_street() {
        let cover = class("2026-component-01023");
        let here = place("990102001001001");
        let there = place("990103001001001");
        let mut learned = Learned::default();
        for _ in 0..6 {
            learned.returned(&cover, Some(&here), ROADS);
            learned.accepted(&cover, Some(&here), WATER);
        }
        let loads = BTreeMap::new();
        let taught = propose(&rules(), &learned, &cover, Some(&here), None, &loads);
        assert_eq!(order(&taught), [WATER, ROADS]);
        assert_eq!(taught[0].reason, Reason::TookSuchCases { accepted: 6, returned: 0 });
        let other = propose(&rules(), &learned, &cover, Some(&there), None, &loads);
        assert_eq!(order(&other), [ROADS, WATER]);
        assert!(
            other[0].confidence_percent < 86 && other[0].confidence_percent > taught[1].confidence_percent
        );
    }

    #[test]
    fn one_return_does_not_overturn_a_rule() {
        let cover = class("2026-component-01023");
        let mut learned = Learned::default();
        learned.returned(&cover, None, ROADS);
        learned.accepted(&cover, None, WATER);
        let found = propose(&rules(), &learned, &cover, None, None, &BTreeMap::new());
        assert_eq!(order(&found), [ROADS, WATER]);
    }

    #[test]
    fn the_other_edition_of_a_class_is_the_same_class() {
        let old = class("2013-component-0123");
        let mut learned = Learned::default();
        learned.accepted(&old, None, ROADS);
        assert_eq!(learned.counts(&class("2026-component-01023"), None, ROADS).1.accepted, 1);
        let found = propose(&rules(), &learned, &old, None, None, &BTreeMap::new());
        assert_eq!(order(&found), [ROADS]);
        // Major 06 of 2026 is major 01 of 2013.
        let litter = propose(&rules(), &learned, &class("2013-event-0110"), None, None, &BTreeMap::new());
        assert_eq!(order(&litter), [STREET]);
    }

    #[test]
    fn equal_confidence_goes_to_the_less_loaded() {
        let rules = [rule("*", "", "", ROADS, 500), rule("*", "", "", WATER, 500)];
        let loads = BTreeMap::from([(WATER, 9), (ROADS, 2)]);
        let found = propose(&rules, &Learned::default(), &class("2026-event-06010"), None, None, &loads);
        assert_eq!(order(&found), [ROADS, WATER]);
        let loads = BTreeMap::from([(WATER, 1), (ROADS, 2)]);
        let found = propose(&rules, &Learned::default(), &class("2026-event-06010"), None, None, &loads);
        assert_eq!(order(&found), [WATER, ROADS]);
    }

    #[test]
    fn patterns_and_learned_counts_read_back_as_written() {
        for text in ["*", "component", "event", "2026-event-06", "2013-component-01", "2026-event-06010"] {
            assert_eq!(text.parse::<ClassPattern>().expect(text).to_string(), text);
        }
        for text in ["", "2026", "2026-event-6", "2026-thing-06", "event-06", "-06"] {
            assert!(text.parse::<ClassPattern>().is_err(), "{text}");
        }
        let mut learned = Learned::default();
        learned.accepted(&class("2013-event-0110"), Some(&place("990101001001001")), STREET);
        let json = serde_json::to_string(&learned).expect("writes");
        assert_eq!(serde_json::from_str::<Learned>(&json).expect("reads"), learned);
    }
}
