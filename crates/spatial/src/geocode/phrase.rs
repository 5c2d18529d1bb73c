//! What a text says about a place beside its name: coordinates, crossings, directions, distances, "opposite".
//! A text may be read in several ways; all are tried and the best supported by the address store wins, so a
//! square called 东侧停车场 or a firm called Marsh and McLennan is still found.

use super::words;

#[derive(Debug, Clone, PartialEq)]
pub enum Reading {
    /// The whole text is a name or an address.
    Plain(String),
    /// Two streets, told apart.
    Crossing(String, String),
    /// Two streets in one text (东风街四平路路口).
    CrossingWithin(String),
    /// On a street, between two others.
    Between { on: String, a: String, b: String },
    /// Metres east and north of a place.
    Offset { base: Box<Reading>, east_m: f64, north_m: f64, vague_m: f64 },
    /// On the other side of the street.
    Opposite(Box<Reading>),
    /// Somewhere about; metres of doubt.
    Near(Box<Reading>, f64),
}

/// Places at which a text is cut in two streets.
const SPLITS_MAX: usize = 3;

/// Longitude and latitude as typed.
pub type Typed = (f64, f64);

/// A position typed as text, longitude and latitude in the order given by letters or by what is possible. The
/// second value is the other possible order, where both are.
pub fn coordinates(text: &str) -> Option<(Typed, Option<Typed>)> {
    let text = city::tokens::normalise(text);
    let mut numbers: Vec<(f64, Option<bool>)> = Vec::new();
    let chars: Vec<char> = text.chars().collect();
    let mut letter: Option<bool> = None;
    let mut negative = false;
    let mut i = 0;
    while let Some(&c) = chars.get(i) {
        match c {
            '0'..='9' => {
                let end = (i..chars.len())
                    .find(|j| !(chars[*j].is_ascii_digit() || chars[*j] == '.'))
                    .unwrap_or(chars.len());
                let mut value: f64 =
                    chars[i..end].iter().collect::<String>().trim_end_matches('.').parse().ok()?;
                let decimals = chars[i..end].contains(&'.');
                i = end;
                let mut sexagesimal = false;
                for (marks, scale) in [(&['°', '度', 'º'][..], 60.0), (&['′', '\'', '分', '’'][..], 3600.0)]
                {
                    if chars.get(i).is_some_and(|c| marks.contains(c)) {
                        i += 1;
                        sexagesimal = true;
                        let end = (i..chars.len())
                            .find(|j| !(chars[*j].is_ascii_digit() || chars[*j] == '.'))
                            .unwrap_or(chars.len());
                        if end > i {
                            let part: f64 = chars[i..end].iter().collect::<String>().parse().ok()?;
                            if part >= 60.0 {
                                return None;
                            }
                            value += part / scale;
                            i = end;
                        }
                    }
                }
                while chars.get(i).is_some_and(|c| matches!(c, '"' | '″' | '”' | '秒' | '′' | '\'' | '分'))
                {
                    i += 1;
                }
                // Whole numbers are door numbers, bus lines and page numbers, not positions.
                if !decimals && !sexagesimal {
                    return None;
                }
                let value = if negative { -value } else { value };
                numbers.push((value, letter.take()));
                negative = false;
            }
            'e' | 'w' | 'n' | 's' | '东' | '西' | '南' | '北' => {
                let is_lng = matches!(c, 'e' | 'w' | '东' | '西');
                let minus = matches!(c, 'w' | 's' | '西' | '南');
                // Letters stand before all numbers or after each.
                match numbers.last_mut() {
                    Some((value, slot @ None))
                        if letter.is_none() && chars.get(i + 1).is_none_or(|c| !c.is_ascii_digit()) =>
                    {
                        *slot = Some(is_lng);
                        if minus {
                            *value = -*value;
                        }
                    }
                    _ => {
                        letter = Some(is_lng);
                        negative = minus;
                    }
                }
                i += 1;
            }
            '-' | '−' => {
                negative = true;
                i += 1;
            }
            '+' | ',' | ';' | '，' | '、' | '(' | ')' | '经' | '纬' | ':' | '/' => i += 1,
            c if c.is_whitespace() => i += 1,
            'l' | 'o' | 'g' | 't' | 'a' | 'i' | 'u' | 'd' => {
                // lng=, lon=, lat=, longitude, latitude
                let end = (i..chars.len()).find(|j| !chars[*j].is_ascii_alphabetic()).unwrap_or(chars.len());
                let word: String = chars[i..end].iter().collect();
                letter = Some(match word.as_str() {
                    "lng" | "lon" | "long" | "longitude" => true,
                    "lat" | "latitude" => false,
                    _ => return None,
                });
                i = end;
            }
            '=' => i += 1,
            _ => return None,
        }
    }
    let [(a, a_is_lng), (b, b_is_lng)] = numbers[..] else { return None };
    let possible = |lng: f64, lat: f64| lng.abs() <= 180.0 && lat.abs() <= 90.0;
    let swap = a_is_lng == Some(false) || b_is_lng == Some(true);
    let named = a_is_lng.is_some() || b_is_lng.is_some();
    let (lng, lat) = if swap { (b, a) } else { (a, b) };
    if named {
        return possible(lng, lat).then_some(((lng, lat), None));
    }
    match (possible(a, b), possible(b, a)) {
        (true, true) => Some(((a, b), Some((b, a)))),
        (true, false) => Some(((a, b), None)),
        (false, true) => Some(((b, a), None)),
        (false, false) => None,
    }
}

/// Half-width, small, simplified, single blanks.
pub fn clean(text: &str) -> String {
    let normal: String = city::tokens::normalise(text).chars().map(words::simplified).collect();
    normal.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// All ways to read a clean text; the plain one is first.
pub fn readings(text: &str) -> Vec<Reading> {
    let mut out = vec![Reading::Plain(text.to_owned())];
    let chars: Vec<char> = text.chars().collect();
    out.extend(simple_readings(text));
    out.extend(english_relative(text));
    out.extend(chinese_relative(&chars));
    out.truncate(12);
    out
}

/// Crossings and the like: readings that may stand inside a relative one.
fn simple_readings(text: &str) -> Vec<Reading> {
    let chars: Vec<char> = text.chars().collect();
    let mut out = chinese_crossing(&chars);
    out.extend(english_crossing(text));
    out
}

fn inner(text: &str) -> Vec<Reading> {
    let text = text.trim().trim_matches(',').trim();
    if text.is_empty() {
        return Vec::new();
    }
    let mut out = simple_readings(text);
    out.push(Reading::Plain(text.to_owned()));
    out.truncate(4);
    out
}

// ---- Chinese -------------------------------------------------------------------------------------------------

const DIRECTIONS: [(&str, f64, f64); 12] = [
    ("东北", 1.0, 1.0),
    ("东南", 1.0, -1.0),
    ("西北", -1.0, 1.0),
    ("西南", -1.0, -1.0),
    ("正东", 1.0, 0.0),
    ("正西", -1.0, 0.0),
    ("正南", 0.0, -1.0),
    ("正北", 0.0, 1.0),
    ("东", 1.0, 0.0),
    ("西", -1.0, 0.0),
    ("南", 0.0, -1.0),
    ("北", 0.0, 1.0),
];

fn cut_end<'a>(text: &'a [char], ends: &[&str]) -> Option<&'a [char]> {
    ends.iter().find_map(|end| {
        let end: Vec<char> = end.chars().collect();
        text.ends_with(&end).then(|| &text[..text.len() - end.len()])
    })
}

fn string(chars: &[char]) -> String {
    chars.iter().collect()
}

fn offset(base: Reading, (east, north): (f64, f64), metres: f64) -> Reading {
    let length = east.hypot(north).max(1.0);
    let vague_m = (metres * 0.2).max(20.0);
    Reading::Offset {
        base: Box::new(base),
        east_m: east / length * metres,
        north_m: north / length * metres,
        vague_m,
    }
}

fn chinese_direction(text: &[char]) -> Option<(&[char], (f64, f64))> {
    DIRECTIONS.iter().find_map(|(word, east, north)| {
        let rest = cut_end(text, &[word])?;
        Some((rest, (*east, *north)))
    })
}

fn chinese_relative(chars: &[char]) -> Vec<Reading> {
    let mut out = Vec::new();
    if !chars.iter().any(|c| !c.is_ascii()) {
        return out;
    }
    let mut text = chars;
    for lead in ["在", "位于", "就在", "距离", "距", "离", "靠近", "临近"] {
        let lead: Vec<char> = lead.chars().collect();
        if text.starts_with(&lead) && text.len() > lead.len() + 1 {
            text = &text[lead.len()..];
            out.extend(inner(&string(text)).into_iter().map(|base| Reading::Near(Box::new(base), 50.0)));
            break;
        }
    }
    if let Some(rest) = cut_end(text, &["斜对面", "正对面", "对面", "对过", "马路对面"]) {
        let rest = cut_end(rest, &["马路", "的"]).unwrap_or(rest);
        out.extend(inner(&string(rest)).into_iter().map(|base| Reading::Opposite(Box::new(base))));
    }
    let near = [
        "附近", "旁边", "边上", "隔壁", "门口", "门前", "门外", "楼下", "周边", "一带", "旁侧", "里面",
        "后面", "前面", "背后", "跟前", "旁", "内", "前", "后", "边", "处", "左右",
    ];
    if let Some(rest) = cut_end(text, &near) {
        let rest = cut_end(rest, &["的"]).unwrap_or(rest);
        if rest.len() >= 2 {
            out.extend(inner(&string(rest)).into_iter().map(|base| Reading::Near(Box::new(base), 50.0)));
        }
    }
    let mut body = text;
    while let Some(rest) =
        cut_end(body, &["左右", "的地方", "的位置", "位置", "远处", "处", "远", "的", "附近"])
    {
        body = rest;
    }
    if let Some((rest, metres)) = chinese_distance(body) {
        let mut rest = rest;
        while let Some(shorter) =
            cut_end(rest, &["大约", "大概", "约", "走", "行", "近", " ", ",", "行驶", "步行"])
        {
            rest = shorter;
        }
        let rest = cut_end(rest, &["方向", "侧", "面", "边", "方", "向", "偏"]).unwrap_or(rest);
        if let Some((base, direction)) = chinese_direction(rest) {
            let mut base = cut_end(base, &["以", "往", "向", "朝", "的", "之", ",", " "]).unwrap_or(base);
            if let Some(shorter) = cut_end(base, &["的", ",", " "]) {
                base = shorter;
            }
            out.extend(inner(&string(base)).into_iter().map(|b| offset(b, direction, metres)));
        } else {
            let base = cut_end(rest, &["的", ",", " "]).unwrap_or(rest);
            out.extend(inner(&string(base)).into_iter().map(|b| Reading::Near(Box::new(b), metres)));
        }
    } else if let Some(rest) = cut_end(body, &["侧", "面", "边", "角", "首", "头"])
        && let Some((base, direction)) = chinese_direction(rest)
    {
        let base = cut_end(base, &["的", ",", " "]).unwrap_or(base);
        out.extend(inner(&string(base)).into_iter().map(|b| offset(b, direction, 30.0)));
    }
    out
}

/// The distance at the end of a text, in metres.
fn chinese_distance(text: &[char]) -> Option<(&[char], f64)> {
    let units = [
        ("公里", 1000.0),
        ("千米", 1000.0),
        ("km", 1000.0),
        ("公尺", 1.0),
        ("米", 1.0),
        ("m", 1.0),
        ("里地", 500.0),
    ];
    let (rest, scale) = units.iter().find_map(|(unit, scale)| Some((cut_end(text, &[unit])?, *scale)))?;
    let rest = cut_end(rest, &["多", "余", "来"]).unwrap_or(rest);
    let rest = cut_end(rest, &[" "]).unwrap_or(rest);
    let digits = rest.iter().rev().take_while(|c| c.is_ascii_digit() || **c == '.').count();
    if digits > 0 {
        let (base, number) = rest.split_at(rest.len() - digits);
        return plausible(string(number).parse::<f64>().ok()? * scale).map(|m| (base, m));
    }
    if let Some(base) = cut_end(rest, &["半"]) {
        return Some((base, scale / 2.0));
    }
    let numerals = (1..=rest.len().min(7)).rev().find_map(|n| {
        let (base, run) = rest.split_at(rest.len() - n);
        let run: Vec<char> = run.iter().map(|c| if *c == '两' { '二' } else { *c }).collect();
        words::numeral(&run).map(|value| (base, value))
    })?;
    plausible(numerals.1 as f64 * scale).map(|m| (numerals.0, m))
}

/// Nobody gives directions over more than twenty kilometres.
fn plausible(metres: f64) -> Option<f64> {
    (metres > 0.0 && metres <= 20_000.0).then_some(metres)
}

fn chinese_crossing(chars: &[char]) -> Vec<Reading> {
    let mut out = Vec::new();
    if chars.iter().all(char::is_ascii) {
        return out;
    }
    let ends = [
        "十字路口",
        "丁字路口",
        "三岔路口",
        "交叉路口",
        "交叉口",
        "交汇处",
        "交汇口",
        "交会处",
        "交会口",
        "交界处",
        "交界",
        "相交处",
        "交叉处",
        "交叉",
        "相交",
        "交汇",
        "转角处",
        "转角",
        "拐角处",
        "拐角",
        "街角",
        "路口",
        "交口",
        "口",
    ];
    let body = cut_end(chars, &ends);
    let ended = body.is_some();
    let mut body = body.unwrap_or(chars);
    body = cut_end(body, &["的", " "]).unwrap_or(body);
    let mut splits = 0;
    for i in 1..body.len().saturating_sub(1) {
        let strong =
            matches!(body[i], '与' | '和' | '及' | '跟' | '同' | '、' | '/' | '×' | '&' | '+' | '交' | '·');
        let weak = matches!(body[i], '-' | '—' | ' ' | ',') && ended;
        if (strong || weak) && splits < SPLITS_MAX {
            splits += 1;
            let (a, b) = (string(&body[..i]), string(&body[i + 1..]));
            let b = b.trim_start_matches(['叉', ' ']).to_owned();
            // 东风街与四平路口: the last 路 belongs to both words.
            if cut_end(chars, &["路口"]).is_some() && !b.ends_with(['路', '街', '道']) {
                out.push(Reading::Crossing(a.trim().to_owned(), format!("{b}路")));
            } else {
                out.push(Reading::Crossing(a.trim().to_owned(), b));
            }
        }
    }
    if ended && splits == 0 && body.len() >= 4 {
        let within = string(body);
        if cut_end(chars, &["路口"]).is_some() && !within.ends_with(['路', '街', '道', '巷']) {
            out.push(Reading::CrossingWithin(format!("{within}路")));
        } else {
            out.push(Reading::CrossingWithin(within));
        }
    }
    out
}

// ---- English -------------------------------------------------------------------------------------------------

fn english_direction(word: &str) -> Option<(f64, f64)> {
    Some(match word {
        "n" | "north" | "northward" | "northwards" => (0.0, 1.0),
        "s" | "south" | "southward" | "southwards" => (0.0, -1.0),
        "e" | "east" | "eastward" | "eastwards" => (1.0, 0.0),
        "w" | "west" | "westward" | "westwards" => (-1.0, 0.0),
        "ne" | "northeast" | "north-east" => (1.0, 1.0),
        "nw" | "northwest" | "north-west" => (-1.0, 1.0),
        "se" | "southeast" | "south-east" => (1.0, -1.0),
        "sw" | "southwest" | "south-west" => (-1.0, -1.0),
        _ => return None,
    })
}

fn english_unit(word: &str) -> Option<f64> {
    Some(match word {
        "m" | "metre" | "metres" | "meter" | "meters" | "mtr" | "mtrs" => 1.0,
        "km" | "kms" | "kilometre" | "kilometres" | "kilometer" | "kilometers" => 1000.0,
        "ft" | "feet" | "foot" | "'" => 0.3048,
        "yd" | "yds" | "yard" | "yards" => 0.9144,
        "mi" | "mile" | "miles" => 1609.344,
        "block" | "blocks" => 100.0,
        _ => return None,
    })
}

/// `200 m`, `200m`, `half a mile`: the words used and metres.
fn english_distance(words: &[&str]) -> Option<(usize, f64)> {
    let first = words.first()?;
    if *first == "half" {
        let skip = if words.get(1).is_some_and(|w| matches!(*w, "a" | "an")) { 2 } else { 1 };
        return Some((skip + 1, english_unit(words.get(skip)?)? / 2.0));
    }
    let count = match *first {
        "a" | "an" | "one" => Some(1.0),
        "two" => Some(2.0),
        "three" => Some(3.0),
        _ => None,
    };
    let digits = first.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(first.len());
    let number = count.or_else(|| first[..digits].parse().ok())?;
    let (used, unit) = if count.is_none() && digits < first.len() {
        (1, english_unit(first[digits..].trim_end_matches('.'))?)
    } else {
        (2, english_unit(words.get(1)?.trim_end_matches('.'))?)
    };
    plausible(number * unit).map(|metres| (used, metres))
}

fn english_relative(text: &str) -> Vec<Reading> {
    let mut out = Vec::new();
    let words: Vec<&str> = text.split(' ').map(|w| w.trim_matches(',')).filter(|w| !w.is_empty()).collect();
    let skip = words
        .iter()
        .take_while(|w| matches!(**w, "about" | "approx" | "approximately" | "around" | "~" | "ca"))
        .count();
    let start = &words[skip.min(words.len())..];
    if let Some((used, metres)) = english_distance(start) {
        let mut rest = &start[used..];
        let to_the = rest.iter().take_while(|w| matches!(**w, "to" | "the" | "due" | "further")).count();
        rest = &rest[to_the..];
        let direction = rest.first().and_then(|w| english_direction(w));
        if direction.is_some() {
            rest = &rest[1..];
        }
        let linked = rest
            .first()
            .is_some_and(|w| matches!(*w, "of" | "from" | "off" | "away" | "past" | "after" | "before"));
        let of = rest
            .iter()
            .take_while(|w| {
                matches!(**w, "of" | "from" | "off" | "away" | "past" | "after" | "before" | "the")
            })
            .count();
        let base = rest[of..].join(" ");
        if linked || direction.is_some() {
            out.extend(inner(&base).into_iter().map(|b| match direction {
                Some(direction) => offset(b, direction, metres),
                None => Reading::Near(Box::new(b), metres),
            }));
        }
    }
    // … 200 m north, … 200 m NE
    for at in 1..words.len() {
        if let Some((used, metres)) = english_distance(&words[at..]) {
            let rest = &words[at + used..];
            let rest = if rest.first() == Some(&"to") { &rest[1..] } else { rest };
            let rest = if rest.first() == Some(&"the") { &rest[1..] } else { rest };
            if let [direction] = rest
                && let Some(direction) = english_direction(direction)
            {
                out.extend(inner(&words[..at].join(" ")).into_iter().map(|b| offset(b, direction, metres)));
            }
        }
    }
    // just north of …
    let lead =
        words.iter().take_while(|w| matches!(**w, "just" | "immediately" | "slightly" | "the")).count();
    if let [direction, "of", rest @ ..] | [direction, "side", "of", rest @ ..] = &words[lead..]
        && let Some(direction) = english_direction(direction)
    {
        out.extend(inner(&rest.join(" ")).into_iter().map(|b| offset(b, direction, 50.0)));
    }
    let opposite: [&[&str]; 8] = [
        &["opposite", "of"],
        &["opposite", "to"],
        &["opposite", "from"],
        &["opposite"],
        &["across", "the", "street", "from"],
        &["across", "the", "road", "from"],
        &["across", "from"],
        &["opp"],
    ];
    if let Some(rest) = opposite.iter().find_map(|lead| words.strip_prefix(*lead)) {
        out.extend(inner(&rest.join(" ")).into_iter().map(|b| Reading::Opposite(Box::new(b))));
    }
    if let Some(rest) = words.strip_prefix(&["opp."][..]).or_else(|| words.strip_prefix(&["facing"][..])) {
        out.extend(inner(&rest.join(" ")).into_iter().map(|b| Reading::Opposite(Box::new(b))));
    }
    let near: [&[&str]; 25] = [
        &["near", "to"],
        &["near", "the"],
        &["near"],
        &["nr"],
        &["next", "to"],
        &["next", "door", "to"],
        &["beside"],
        &["by", "the"],
        &["by"],
        &["behind"],
        &["in", "front", "of"],
        &["in", "back", "of"],
        &["outside", "of"],
        &["outside"],
        &["close", "to"],
        &["adjacent", "to"],
        &["adj", "to"],
        &["around"],
        &["at", "the"],
        &["at"],
        &["inside"],
        &["in", "the"],
        &["on"],
        &["rear", "of"],
        &["front", "of"],
    ];
    if let Some(rest) = near.iter().find_map(|lead| words.strip_prefix(*lead)) {
        out.extend(inner(&rest.join(" ")).into_iter().map(|b| Reading::Near(Box::new(b), 50.0)));
    }
    out
}

fn english_crossing(text: &str) -> Vec<Reading> {
    let mut out = Vec::new();
    let spaced = text.replace('&', " & ").replace('@', " @ ").replace('/', " / ").replace('+', " + ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let leads: [&[&str]; 14] = [
        &["the", "corner", "of"],
        &["corner", "of"],
        &["cnr", "of"],
        &["cnr"],
        &["cor", "of"],
        &["corner"],
        &["the", "intersection", "of"],
        &["intersection", "of"],
        &["intersection"],
        &["int", "of"],
        &["junction", "of"],
        &["jct", "of"],
        &["crossing", "of"],
        &["at", "the", "corner", "of"],
    ];
    let found = leads.iter().find_map(|lead| words.strip_prefix(*lead));
    let led = found.is_some();
    let mut rest = found.unwrap_or(&words);
    if let [start @ .., "intersection" | "corner" | "junction" | "crossing" | "cnr"] = rest {
        rest = start;
    }
    // on C between A and B, C between A and B, between A and B on C
    if let Some(at) = rest.iter().position(|w| matches!(*w, "between" | "btw" | "btwn" | "bet")) {
        let tail = &rest[at + 1..];
        let and = tail.iter().position(|w| matches!(*w, "and" | "&"));
        if let Some(and) = and {
            let b = &tail[and + 1..];
            let on_at = b.iter().position(|w| *w == "on");
            let on: &[&str] = match on_at {
                Some(on) if at == 0 => &b[on + 1..],
                _ => rest[..at].strip_prefix(&["on"][..]).unwrap_or(&rest[..at]),
            };
            let b = if at == 0 { &b[..on_at.unwrap_or(b.len())] } else { b };
            if !on.is_empty() && and > 0 && !b.is_empty() {
                out.push(Reading::Between { on: on.join(" "), a: tail[..and].join(" "), b: b.join(" ") });
            }
        }
    }
    let mut splits = 0;
    for i in 1..rest.len().saturating_sub(1) {
        let connects = matches!(
            rest[i],
            "and" | "&" | "@" | "/" | "+" | "x" | "cor" | "cnr" | "at" | "with" | "on" | "off"
        );
        if connects && splits < SPLITS_MAX {
            splits += 1;
            let mut b = &rest[i + 1..];
            while let ["the" | "corner" | "of", more @ ..] = b {
                b = more;
            }
            if !b.is_empty() {
                out.push(Reading::Crossing(rest[..i].join(" "), b.join(" ")));
            }
        }
    }
    if led && splits == 0 && rest.len() >= 2 {
        out.push(Reading::CrossingWithin(rest.join(" ")));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(text: &str, wanted: &Reading) -> bool {
        readings(&clean(text)).contains(wanted)
    }

    fn plain(text: &str) -> Box<Reading> {
        Box::new(Reading::Plain(text.to_owned()))
    }

    fn cross(a: &str, b: &str) -> Reading {
        Reading::Crossing(a.to_owned(), b.to_owned())
    }

    #[test]
    fn typed_positions_are_read_in_every_usual_form() {
        let table = [
            ("117.1,36.7", (117.1, 36.7)),
            ("117.1，36.7", (117.1, 36.7)),
            ("36.7 117.1", (117.1, 36.7)),
            ("N36.7 E117.1", (117.1, 36.7)),
            ("36.7N, 117.1E", (117.1, 36.7)),
            ("lat=36.7 lng=117.1", (117.1, 36.7)),
            ("42.36N 71.06W", (-71.06, 42.36)),
            ("36°42′N 117°6′E", (117.1, 36.7)),
            ("东经117.1度 北纬36.7度", (117.1, 36.7)),
        ];
        for (text, (lng, lat)) in table {
            let (read, _) = coordinates(text).unwrap_or_else(|| panic!("{text}"));
            assert!((read.0 - lng).abs() < 1e-9 && (read.1 - lat).abs() < 1e-9, "{text} {read:?}");
        }
        assert_eq!(coordinates("-71.06 42.36"), Some(((-71.06, 42.36), Some((42.36, -71.06)))));
        for text in ["12 34", "东风街12.5号", "", "117.1", "200.5,100.5", "1.5,2.5,3.5", "36°72′N 117°6′E"]
        {
            assert_eq!(coordinates(text), None, "{text}");
        }
    }

    #[test]
    fn chinese_relations_are_read() {
        let east = |base: &str, metres: f64| Reading::Offset {
            base: plain(base),
            east_m: metres,
            north_m: 0.0,
            vague_m: (metres * 0.2).max(20.0),
        };
        assert!(has("东风街123号以东50米", &east("东风街123号", 50.0)));
        assert!(has("人民广场往东约二百米处", &east("人民广场", 200.0)));
        assert!(has("人民广场东侧", &east("人民广场", 30.0)));
        assert!(has("人民广场东1.5公里", &east("人民广场", 1500.0)));
        let diagonal = 200.0 / 2.0_f64.sqrt();
        let found = readings("人民广场东北200米").into_iter().any(|r| {
            matches!(r, Reading::Offset { east_m, north_m, .. } if (east_m - diagonal).abs() < 1e-9 && (north_m - diagonal).abs() < 1e-9)
        });
        assert!(found);
        assert!(has("市政府对面", &Reading::Opposite(plain("市政府"))));
        assert!(has("市政府附近", &Reading::Near(plain("市政府"), 50.0)));
        assert!(has("距火车站300米", &Reading::Near(plain("火车站"), 300.0)));
        assert!(has("东风街与四平路交叉口", &cross("东风街", "四平路")));
        assert!(has("东风街和四平路口", &cross("东风街", "四平路")));
        assert!(has("东风街/四平路", &cross("东风街", "四平路")));
        assert!(has("东风街四平路路口", &Reading::CrossingWithin("东风街四平路".to_owned())));
        assert!(has("东风街四平路口", &Reading::CrossingWithin("东风街四平路".to_owned())));
        let nested = Reading::Offset {
            base: Box::new(cross("东风街", "四平路")),
            east_m: 50.0,
            north_m: 0.0,
            vague_m: 20.0,
        };
        assert!(has("东风街与四平路交叉口以东50米", &nested));
    }

    #[test]
    fn english_relations_are_read() {
        assert!(has("corner of Beacon St and Charles St", &cross("beacon st", "charles st")));
        assert!(has("Beacon & Charles", &cross("beacon", "charles")));
        assert!(has("Beacon St @ Charles St", &cross("beacon st", "charles st")));
        assert!(has("across from City Hall", &Reading::Opposite(plain("city hall"))));
        assert!(has("near South Station", &Reading::Near(plain("south station"), 50.0)));
        let north =
            Reading::Offset { base: plain("copley square"), east_m: 0.0, north_m: 100.0, vague_m: 20.0 };
        assert!(has("100m north of Copley Square", &north));
        assert!(has("about 100 meters N of Copley Square", &north));
        assert!(has("Copley Square, 100 m north", &north));
        let between =
            Reading::Between { on: "boylston st".into(), a: "berkeley".into(), b: "clarendon".into() };
        assert!(has("Boylston St between Berkeley and Clarendon", &between));
        assert!(has("between Berkeley and Clarendon on Boylston St", &between));
    }

    #[test]
    fn readings_are_few_for_any_text() {
        for text in [
            "",
            "and",
            "and and and and",
            "口口口口",
            "与与与与与",
            "of of of",
            "米",
            "200m",
            "对面",
            "near near near",
        ] {
            assert!(readings(&clean(text)).len() <= 12, "{text}");
        }
    }
}
