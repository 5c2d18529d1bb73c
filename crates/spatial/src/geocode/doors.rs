//! Door numbers (门牌) along streets. Doors are not found by text but through their street: a street holds its
//! numbers in order, and a number nobody entered is placed between its neighbours on the same side.

use super::ground::{self, Spot};
use super::store::{Record, Slot, Store};
use super::words::{self, KeyMap};
use std::fmt;

const NUMBER_MAX: u32 = 99_999;
/// Neighbours looked at on either side of a number that is not known.
const NEIGHBOURS: usize = 12;

/// 12, 12甲, 145-151, 3号楼2单元: a number and what follows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoorNumber {
    pub value: u32,
    /// Small letters, without the word for number.
    pub tail: String,
}

impl DoorNumber {
    /// `None` when there is no number from 1 to 99999 at the beginning (one letter or 甲乙丙 may stand before it).
    pub fn parse(text: &str) -> Option<Self> {
        let chars: Vec<char> = city::tokens::normalise(text.trim()).chars().map(words::simplified).collect();
        let mut rest: &[char] = &chars;
        for lead in ["no.", "no", "#", "第"] {
            let lead: Vec<char> = lead.chars().collect();
            if rest.starts_with(&lead) {
                rest = &rest[lead.len()..];
                break;
            }
        }
        while rest.first() == Some(&' ') {
            rest = &rest[1..];
        }
        let mut tail = String::new();
        if let [letter, digit, ..] = rest
            && letter.is_alphabetic()
            && (digit.is_ascii_digit())
        {
            tail.push(*letter);
            rest = &rest[1..];
        }
        let digits = rest.iter().take_while(|c| c.is_ascii_digit()).count();
        let (value, used) = if digits > 0 {
            (rest[..digits].iter().collect::<String>().parse().ok()?, digits)
        } else {
            let end = (1..=rest.len().min(9)).rev().find(|n| words::numeral(&rest[..*n]).is_some())?;
            (u32::try_from(words::numeral(&rest[..end])?).ok()?, end)
        };
        if value == 0 || value > NUMBER_MAX {
            return None;
        }
        rest = &rest[used..];
        for mark in MARKS {
            let mark: Vec<char> = mark.chars().collect();
            if rest.starts_with(&mark) {
                rest = &rest[mark.len()..];
                break;
            }
        }
        tail.extend(
            rest.iter().filter(|c| !c.is_whitespace()).map(|c| if *c == '之' { '-' } else { *c }).take(24),
        );
        Some(Self { value, tail: tail.trim_end_matches('号').to_owned() })
    }

    /// Last number of a plate for several doors (145-151).
    fn last(&self) -> Option<u32> {
        range_end(self.value, &self.tail)
    }
}

fn range_end(value: u32, tail: &str) -> Option<u32> {
    let digits: String = tail.strip_prefix('-')?.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok().filter(|end| *end > value && *end - value <= 200)
}

/// What makes a number a door number; longer ones first.
pub const MARKS: [&str; 9] = ["号楼", "号院", "号", "弄", "栋", "幢", "座", "楼", "#"];

impl fmt::Display for DoorNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.value, self.tail)
    }
}

/// How a number was placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placing {
    Known,
    /// Between known numbers.
    Between,
    /// At the nearest known number.
    Nearest,
}

#[derive(Debug, Clone)]
pub struct Placed {
    /// The door itself, or the known one beside.
    pub door: Slot,
    pub spot: Spot,
    pub placing: Placing,
    /// 0 to 1.
    pub trust: f32,
    pub accuracy_m: f64,
}

/// Numbers of each street by the key of its name.
#[derive(Debug, Default)]
pub struct Doors {
    of: KeyMap<u64, Vec<(u32, Slot)>>,
    unsorted: bool,
}

impl Doors {
    pub fn add(&mut self, street: u64, number: u32, slot: Slot) {
        let list = self.of.entry(street).or_default();
        if self.unsorted {
            list.push((number, slot));
        } else {
            let at = list.partition_point(|other| *other < (number, slot));
            list.insert(at, (number, slot));
        }
    }

    pub fn drop(&mut self, street: u64, number: u32, slot: Slot) {
        if let Some(list) = self.of.get_mut(&street) {
            list.retain(|other| *other != (number, slot));
            if list.is_empty() {
                self.of.remove(&street);
            }
        }
    }

    pub fn unsettle(&mut self) {
        self.unsorted = true;
    }

    pub fn settle(&mut self) {
        for list in self.of.values_mut() {
            list.sort_unstable();
            list.shrink_to_fit();
        }
        self.unsorted = false;
    }

    pub fn of(&self, street: u64) -> &[(u32, Slot)] {
        self.of.get(&street).map_or(&[], Vec::as_slice)
    }

    pub fn memory(&self) -> usize {
        self.of.capacity() * 33 + self.of.values().map(|l| l.capacity() * 8 + 16).sum::<usize>()
    }
}

/// Where `number` is on the street of this name; several answers when several streets bear it.
/// `allow` leaves out doors of other areas or times.
pub fn place(
    store: &Store,
    street: u64,
    number: &DoorNumber,
    allow: impl Fn(&Record) -> bool,
) -> Vec<Placed> {
    let doors = store.doors.of(street);
    let known = |item: &(u32, Slot)| -> Option<(u32, Slot, &Record)> {
        let record = store.record(item.1)?;
        allow(record).then_some((item.0, item.1, record))
    };
    let mut found: Vec<Placed> = Vec::new();
    let from = doors.partition_point(|(n, _)| *n < number.value);
    for (value, slot, record) in
        doors[from..].iter().take_while(|(n, _)| *n == number.value).take(64).filter_map(known)
    {
        let tail = store.tails.get(u32::from(record.tail));
        debug_assert_eq!(value, number.value);
        let trust = if tail == number.tail {
            1.0
        } else if number.tail.is_empty() || tail.is_empty() || number.last().is_some() {
            0.96
        } else {
            0.9
        };
        offer(
            &mut found,
            Placed { door: slot, spot: record.at, placing: Placing::Known, trust, accuracy_m: 10.0 },
        );
    }
    let before = &doors[..from];
    for (value, slot, record) in before.iter().rev().take(NEIGHBOURS * 2).filter_map(known) {
        let tail = store.tails.get(u32::from(record.tail));
        let holds = range_end(value, tail)
            .is_some_and(|end| end >= number.value && (end - number.value).is_multiple_of(2));
        if holds {
            let known = Placing::Known;
            offer(
                &mut found,
                Placed { door: slot, spot: record.at, placing: known, trust: 0.97, accuracy_m: 15.0 },
            );
        }
    }
    if !found.is_empty() {
        return found;
    }
    between(store, doors, from, number, &known, &mut found);
    if found.is_empty() {
        nearest(doors, from, number, &known, &mut found);
    }
    found
}

/// Keeps answers that are apart; of two at one place the more trusted.
fn offer(found: &mut Vec<Placed>, placed: Placed) {
    let room = found.len() < 24;
    match found.iter_mut().find(|f| f.spot.distance(placed.spot) < 40.0) {
        Some(old) if old.trust < placed.trust => *old = placed,
        Some(_) => {}
        None if room => found.push(placed),
        None => {}
    }
}

type Known<'a> = (u32, Slot, &'a Record);

fn between<'a>(
    store: &'a Store,
    doors: &[(u32, Slot)],
    from: usize,
    number: &DoorNumber,
    known: &impl Fn(&(u32, Slot)) -> Option<Known<'a>>,
    found: &mut Vec<Placed>,
) {
    let same_side = |item: &Known<'a>| item.0 % 2 == number.value % 2;
    let side = |same: bool| {
        let below = doors[..from].iter().rev().filter_map(known).filter(move |i| !same || same_side(i));
        let above = doors[from..].iter().filter_map(known).filter(move |i| !same || same_side(i));
        (below.take(NEIGHBOURS).collect::<Vec<_>>(), above.take(NEIGHBOURS).collect::<Vec<_>>())
    };
    let mut pairs: Vec<(f64, Known<'a>, Known<'a>)> = Vec::new();
    for same in [true, false] {
        let (below, above) = side(same);
        for low in &below {
            for high in &above {
                let (steps, metres) = (f64::from(high.0 - low.0), low.2.at.distance(high.2.at));
                // Neighbouring numbers far apart lie on two streets of one name.
                if metres <= 60.0 + 12.0 * steps {
                    pairs.push((steps + metres / 20.0 + if same { 0.0 } else { 8.0 }, *low, *high));
                }
            }
        }
        if !pairs.is_empty() {
            break;
        }
    }
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    // The pairs around one gap lead to one place; a few more are tried for other streets of the name.
    for (_, low, high) in pairs.iter().take(24) {
        let straight =
            low.2.at.between(high.2.at, f64::from(number.value - low.0) / f64::from(high.0 - low.0));
        if found.len() >= 4 || found.iter().any(|f| f.spot.distance(straight) < 200.0) {
            continue;
        }
        let share = f64::from(number.value - low.0) / f64::from(high.0 - low.0);
        let metres = low.2.at.distance(high.2.at);
        let spot = along_street(store, low.2, high.2, share);
        let trust = 0.93 - 0.12 * (metres / 400.0).min(1.0);
        let placed = Placed {
            door: if share < 0.5 { low.1 } else { high.1 },
            spot,
            placing: Placing::Between,
            trust: trust as f32,
            accuracy_m: (metres / 3.0).clamp(15.0, 300.0),
        };
        offer(found, placed);
    }
}

/// On the bend of the street where its line is known, else on the straight line between the two doors.
fn along_street(store: &Store, low: &Record, high: &Record, share: f64) -> Spot {
    let straight = low.at.between(high.at, share);
    let streets = [low.zh, low.en].into_iter().flat_map(|name| store.names.users(name)).take(64);
    for record in streets.filter_map(|slot| store.record(slot)) {
        let lines = store.street_lines(record);
        let (Some(a), Some(b)) = (ground::foot(lines.clone(), low.at), ground::foot(lines.clone(), high.at))
        else {
            continue;
        };
        if a.line == b.line && a.distance < 60.0 && b.distance < 60.0 {
            let off = a.left + (b.left - a.left) * share;
            let line = lines.clone().nth(a.line);
            let placed =
                line.and_then(|l| ground::place_along(l, a.along + (b.along - a.along) * share, off));
            // A line that doubles back would carry the number away.
            if let Some(spot) = placed.filter(|s| s.distance(straight) < 150.0) {
                return spot;
            }
        }
    }
    straight
}

fn nearest<'a>(
    doors: &[(u32, Slot)],
    from: usize,
    number: &DoorNumber,
    known: &impl Fn(&(u32, Slot)) -> Option<Known<'a>>,
    found: &mut Vec<Placed>,
) {
    let below = doors[..from].iter().rev().filter_map(known).take(8);
    let above = doors[from..].iter().filter_map(known).take(8);
    let mut near: Vec<Known<'a>> = below.chain(above).collect();
    near.sort_by_key(|k| k.0.abs_diff(number.value) + if k.0 % 2 == number.value % 2 { 0 } else { 3 });
    for (value, slot, record) in near {
        if found.len() < 3 && !found.iter().any(|f| f.spot.distance(record.at) < 300.0) {
            let steps = f64::from(value.abs_diff(number.value));
            found.push(Placed {
                door: slot,
                spot: record.at,
                placing: Placing::Nearest,
                trust: (0.8 - 0.35 * (steps / 60.0).min(1.0)) as f32,
                accuracy_m: (steps * 6.0).clamp(30.0, 1_500.0),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn door_numbers_are_read_as_written_on_the_wall() {
        let table = [
            ("123号", 123, ""),
            ("１２３號", 123, ""),
            ("十五号", 15, ""),
            ("甲12号", 12, "甲"),
            ("12号甲", 12, "甲"),
            ("12之3", 12, "-3"),
            ("145-151", 145, "-151"),
            ("33A", 33, "a"),
            ("3号楼2单元", 3, "2单元"),
            ("3栋", 3, ""),
            ("No. 7", 7, ""),
            ("#7", 7, ""),
        ];
        for (text, value, tail) in table {
            assert_eq!(DoorNumber::parse(text), Some(DoorNumber { value, tail: tail.to_owned() }), "{text}");
        }
        for text in ["", "号", "0", "abc", "1234567"] {
            assert_eq!(DoorNumber::parse(text), None, "{text}");
        }
    }
}
