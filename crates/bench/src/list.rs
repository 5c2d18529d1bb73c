//! Lists, counts and full text over a million cases, through HTTP, by people of several roles.

use crate::client::Client;
use crate::server::Server;
use crate::timing::Timing;
use crate::{Figures, Place, city, fill, texts};
use anyhow::bail;
use app::ports::TimeSource;
use kernel::Role;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use std::time::Instant;

const WARM_UP: u32 = 60;
const DAY: i64 = 86_400_000;
const SORTS: [&str; 11] = [
    "due",
    "reported",
    "filed",
    "closed",
    "updated",
    "number",
    "class",
    "department",
    "street",
    "rework",
    "urged",
];
const STAGES: [&str; 12] = [
    "reported",
    "confirming",
    "accepted",
    "filed",
    "dispatched",
    "handling",
    "suspended",
    "replied",
    "verifying",
    "verified",
    "closed",
    "declined",
];
const GROUPS: [&str; 8] = ["stage", "light", "department", "class", "street", "grid", "day", "source"];

pub async fn run(place: &Place, cases: u32, queries: u32) -> anyhow::Result<Figures> {
    let (data, keys) = fill::filled(place, cases).await?;
    let server = Server::start(place, &data, None)?;
    let mut client = server.client().await?;
    let mut figures = Figures::default();
    let mut dice = SmallRng::seed_from_u64(7);
    let roles = [
        Role::Leader,
        Role::IntakeOperator,
        Role::Dispatcher,
        Role::DepartmentOfficer,
        Role::Handler,
        Role::Collector,
    ];
    let mut asker = Asker { client: &mut client, slowest: Vec::new() };
    let key = |dice: &mut SmallRng| {
        let role = roles[dice.random_range(0..roles.len())];
        let all: Vec<&str> = keys.all_of(role).collect();
        texts::one(dice, &all).to_owned()
    };
    for _ in 0..WARM_UP {
        let token = key(&mut dice);
        asker.ask(&format!("/api/cases?{}", list(&mut dice)), &token).await?;
    }
    asker.slowest.clear();

    let mut timing = Timing::default();
    let mut rows = 0;
    for _ in 0..queries {
        let token = key(&mut dice);
        let path = format!("/api/cases?{}", list(&mut dice));
        rows += asker.timed(&path, &token, &mut timing).await?;
    }
    timing.tell("filter and sort, first page of 50");
    eprintln!("  {:.1} rows a page", f64::from(rows) / f64::from(queries));
    asker.tell_slowest();
    figures.put("filter_p99_ms", timing.percentile(0.99));
    figures.put("filter_p50_ms", timing.percentile(0.5));

    let mut timing = Timing::default();
    for _ in 0..queries {
        let token = key(&mut dice);
        let group = texts::one(&mut dice, &GROUPS);
        let path = format!("/api/cases/count?{}group_by={group}", filters(&mut dice));
        asker.timed(&path, &token, &mut timing).await?;
    }
    timing.tell("count in groups");
    asker.tell_slowest();
    figures.put("count_p99_ms", timing.percentile(0.99));
    figures.put("count_p50_ms", timing.percentile(0.5));

    let mut timing = Timing::default();
    let mut found = 0;
    for number in 0..queries {
        let token = key(&mut dice);
        let word = word(&mut dice);
        let more = if number % 3 == 0 { filters(&mut dice) } else { String::new() };
        let path = format!("/api/cases?q={}&{more}sort=-reported&limit=50", encoded(&word));
        found += asker.timed(&path, &token, &mut timing).await?;
    }
    timing.tell("full text");
    eprintln!("  {:.1} rows a page", f64::from(found) / f64::from(queries));
    asker.tell_slowest();
    figures.put("fulltext_p99_ms", timing.percentile(0.99));
    figures.put("fulltext_p50_ms", timing.percentile(0.5));
    figures.put("rss_mb", server.memory_mb()?);
    figures.put("cases", f64::from(cases));
    server.stop()?;
    Ok(figures)
}

struct Asker<'a> {
    client: &'a mut Client,
    slowest: Vec<(f64, String)>,
}

impl Asker<'_> {
    /// Rows on the page.
    async fn ask(&mut self, path: &str, token: &str) -> anyhow::Result<u32> {
        let answer = self.client.get(path, token).await?;
        if answer.status != 200 {
            bail!("{path} was answered {}: {}", answer.status, String::from_utf8_lossy(answer.body));
        }
        let value = answer.json()?;
        Ok(value["items"].as_array().map_or(0, |items| u32::try_from(items.len()).unwrap_or(u32::MAX)))
    }

    async fn timed(&mut self, path: &str, token: &str, timing: &mut Timing) -> anyhow::Result<u32> {
        let began = Instant::now();
        let rows = self.ask(path, token).await?;
        let took = began.elapsed();
        timing.push(took);
        self.slowest.push((took.as_secs_f64() * 1e3, path.to_owned()));
        Ok(rows)
    }

    fn tell_slowest(&mut self) {
        self.slowest.sort_by(|a, b| b.0.total_cmp(&a.0));
        for (ms, path) in self.slowest.iter().take(4) {
            eprintln!("    {ms:.1} ms {path}");
        }
        self.slowest.clear();
    }
}

fn list(dice: &mut SmallRng) -> String {
    let sort = texts::one(dice, &SORTS);
    let minus = if dice.random() { "-" } else { "" };
    format!("{}sort={minus}{sort}&limit=50", filters(dice))
}

/// None to five filters, each as a screen would set it. Ends with `&` unless empty.
fn filters(dice: &mut SmallRng) -> String {
    let mut out = String::new();
    for _ in 0..dice.random_range(0..=5) {
        let filter = filter(dice);
        let name = filter.split('=').next().unwrap_or_default().to_owned();
        // Most filters may be given once; those of several values may come together.
        if !out.split('&').any(|other| other.split('=').next() == Some(&name)) {
            out.push_str(&filter);
            out.push('&');
        }
    }
    out
}

fn filter(dice: &mut SmallRng) -> String {
    let now = city::Wall.now().millis();
    match dice.random_range(0..17) {
        0 => (0..dice.random_range(1..4))
            .map(|_| format!("stage={}", texts::one(dice, &STAGES)))
            .collect::<Vec<_>>()
            .join("&"),
        1 => format!("source={}", texts::one(dice, &["collector", "hotline", "city_hotline", "citizen_web"])),
        2 => format!("kind={}", texts::one(dice, &["component", "event"])),
        3 => {
            let (code, community, ..) = city::grid(dice.random_range(0..city::GRIDS));
            let lengths = [6, 9, 12, 15];
            let length = lengths[dice.random_range(0..4)];
            format!("area={}", if length == 15 { code } else { community[..length].to_owned() })
        }
        4 => format!("department={}", city::department(dice.random_range(0..city::DEPARTMENTS)).0),
        5 => format!("light={}", texts::one(dice, &["green", "yellow", "red", "grey"])),
        6 => "overdue=true".to_owned(),
        7 => "urgent=true".to_owned(),
        8 => format!("ended={}", dice.random::<bool>()),
        9 => {
            let to = now - dice.random_range(0..900) * DAY;
            format!("reported_from={}&reported_to={to}", to - dice.random_range(1..120) * DAY)
        }
        10 => format!("public={}", dice.random::<bool>()),
        11 => "urged=urge".to_owned(),
        12 => {
            let (west, south) = (116.0 + dice.random_range(0.0..0.25), 36.0 + dice.random_range(0.0..0.15));
            format!("bbox={west:.4},{south:.4},{:.4},{:.4}", west + 0.03, south + 0.03)
        }
        13 => format!(
            "near={:.4},{:.4},{}",
            116.0 + dice.random_range(0.0..0.3),
            36.0 + dice.random_range(0.0..0.2),
            dice.random_range(200..3_000)
        ),
        14 => "on_time=false".to_owned(),
        15 => format!("rework_min={}", dice.random_range(1..3)),
        _ => format!("closed_from={}", now - dice.random_range(1..400) * DAY),
    }
}

/// A word that occurs: two Chinese characters, now and then English or two words.
fn word(dice: &mut SmallRng) -> String {
    let pair = |text: &str, dice: &mut SmallRng| -> String {
        let letters: Vec<char> = text.chars().collect();
        let at = dice.random_range(0..letters.len() - 1);
        letters[at..at + 2].iter().collect()
    };
    match dice.random_range(0..8) {
        0 | 1 => texts::one(dice, &texts::ENGLISH).to_owned(),
        2 => format!(
            "{} {}",
            pair(texts::one(dice, &texts::THINGS), dice),
            pair(texts::one(dice, &texts::TROUBLES), dice)
        ),
        3 => pair(texts::one(dice, &texts::ROADS), dice),
        4 | 5 => pair(texts::one(dice, &texts::TROUBLES), dice),
        _ => pair(texts::one(dice, &texts::THINGS), dice),
    }
}

fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
