//! How many citizen reports a store acknowledges in a second, and how fast its full text answers.
//!
//! `append_speed TARGET [REPORTS] [CALLERS]` prints one JSON object. TARGET is a path or `postgres://…` and
//! should be empty. Reports are what the application writes: number, state, fact, command, words, reporter.

use app::ports::{Append, Reporter, Store as _};
use city::tokens::{bigrams, query_tokens};
use kernel::CaseId;
use std::time::Instant;
use testkit::sample::{self, MONDAY, MONDAY_NINE};
use uuid::Uuid;
use yiwang_store::Store;

/// As many serials as the application asks for when it combines words with other filters.
const FOUND_MAX: u32 = 20_000;

const PLACES: [&str; 24] = [
    "人民路",
    "建设路",
    "东风街",
    "胜利街",
    "北海路",
    "健康街",
    "四平路",
    "和平路",
    "民生街",
    "福寿街",
    "鸢飞路",
    "潍州路",
    "玉清街",
    "文化路",
    "新华路",
    "虞河路",
    "青年路",
    "向阳路",
    "永安路",
    "月河路",
    "清平路",
    "金马路",
    "宝通街",
    "樱前街",
];
const THINGS: [&str; 20] = [
    "井盖",
    "路灯",
    "行道树",
    "垃圾箱",
    "公交站亭",
    "护栏",
    "路面",
    "雨水箅子",
    "交通信号灯",
    "广告牌",
    "共享单车",
    "消防栓",
    "电力井",
    "通信交接箱",
    "绿化带",
    "人行道",
    "桥梁",
    "公厕",
    "健身器材",
    "标志牌",
];
const TROUBLES: [&str; 12] = [
    "丢失",
    "破损",
    "倾斜",
    "不亮",
    "积水",
    "占道经营",
    "乱堆物料",
    "暴露垃圾",
    "塌陷",
    "堵塞",
    "无照游商",
    "违规张贴",
];

fn text(number: usize) -> String {
    // Far from each other, so that words of neighbours differ.
    let pick = number.wrapping_mul(2_654_435_761);
    let (place, thing, trouble) =
        (PLACES[pick / 7 % 24], THINGS[pick / 191 % 20], TROUBLES[pick / 4_001 % 12]);
    format!(
        "{place}{}号附近{thing}{trouble}，影响通行，请尽快派人处理，已经反映过{}次",
        number % 400,
        pick % 5
    )
}

fn report(sequence: u32, number: usize) -> Append {
    let id = CaseId(Uuid::now_v7());
    let text = text(number);
    let (case, facts) = sample::reported(sample::city(), id, sequence, &text, MONDAY_NINE);
    let mut append = sample::append(case, facts);
    append.command = Some(id.0);
    append.words = Some(bigrams(&text).collect());
    append.reporter = Some(Reporter { phone: format!("139{:08}", number % 50_000), ..Reporter::default() });
    append.secret_hash = Some(format!("{:064x}", id.0.as_u128()));
    append
}

/// Seconds of processor this process has used.
fn cpu_seconds() -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    let ticks: u64 = fields[11].parse::<u64>()? + fields[12].parse::<u64>()?;
    Ok(ticks as f64 / 100.0)
}

fn percentile(sorted: &[f64], share: f64) -> f64 {
    sorted
        .get(((sorted.len() as f64 * share) as usize).min(sorted.len().saturating_sub(1)))
        .copied()
        .unwrap_or_default()
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let target =
        arguments.next().ok_or_else(|| anyhow::anyhow!("append_speed TARGET [REPORTS] [CALLERS]"))?;
    let reports: usize = arguments.next().map_or(Ok(20_000), |text| text.parse())?;
    let callers: usize = arguments.next().map_or(Ok(64), |text| text.parse())?;
    let store = Store::open(&target).await?;
    let first = store.head(sample::city()).await?.1 as usize;

    // Loaded in bulk first, when many are asked for, so that the rest meets a large store.
    let measured = reports.min(20_000);
    let loaded = reports - measured;
    let bulk_started = Instant::now();
    for chunk in 0..loaded.div_ceil(5_000) {
        let from = chunk * 5_000;
        let to = (from + 5_000).min(loaded);
        let numbers = store.next_numbers(sample::city(), MONDAY, u32::try_from(to - from)?).await?;
        let sequence = |number: &kernel::CaseNumber| number.as_str()[14..].parse::<u32>();
        let mut batch = Vec::with_capacity(to - from);
        for (number, place) in numbers.iter().zip(from..to) {
            batch.push(report(sequence(number)?, first + place));
        }
        store.append_bulk(batch).await?;
    }
    let bulk_for = bulk_started.elapsed().as_secs_f64();

    // Made beforehand: what is measured is the store alone.
    let numbers = store.next_numbers(sample::city(), MONDAY, u32::try_from(measured)?).await?;
    let mut shares: Vec<Vec<Append>> = (0..callers).map(|_| Vec::new()).collect();
    for (place, number) in numbers.iter().enumerate() {
        shares[place % callers].push(report(number.as_str()[14..].parse()?, first + loaded + place));
    }
    let cpu_before = cpu_seconds()?;
    let started = Instant::now();
    let mut tasks = Vec::new();
    for share in shares {
        let store = store.clone();
        tasks.push(tokio::spawn(async move {
            let mut waits = Vec::with_capacity(share.len());
            for append in share {
                let asked = Instant::now();
                store.next_number(sample::city(), MONDAY + 1).await?;
                store.append(vec![append]).await?;
                waits.push(asked.elapsed().as_secs_f64() * 1e3);
            }
            anyhow::Ok(waits)
        }));
    }
    let mut waits = Vec::new();
    for task in tasks {
        waits.extend(task.await??);
    }
    let wall = started.elapsed().as_secs_f64();
    let cpu = cpu_seconds()? - cpu_before;
    waits.sort_unstable_by(f64::total_cmp);

    let mut searches = Vec::new();
    for round in 0..200 {
        let words = match round % 5 {
            0 => THINGS[round % 20].to_owned(),
            1 => format!("{} {}", PLACES[round % 24], TROUBLES[round % 12]),
            2 => "井".to_owned(),
            3 => format!("{}{}", THINGS[round % 20], TROUBLES[round % 12]),
            _ => format!("{}号附近 {}", round * 2, THINGS[round % 20]),
        };
        let asked = Instant::now();
        store.search(sample::city(), &query_tokens(&words), FOUND_MAX).await?;
        searches.push((asked.elapsed().as_secs_f64() * 1e3, words));
    }
    searches.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let slowest = searches.last().map(|(_, words)| words.clone()).unwrap_or_default();
    let searches: Vec<f64> = searches.into_iter().map(|(wait, _)| wait).collect();
    let figures = serde_json::json!({
        "engine": store.engine(),
        "cases": first + reports,
        "bulk_per_s": if loaded > 0 { loaded as f64 / bulk_for } else { 0.0 },
        "appends_per_s": measured as f64 / wall,
        "cpu_ms_per_append": cpu * 1e3 / measured as f64,
        "p50_ms": percentile(&waits, 0.5),
        "p99_ms": percentile(&waits, 0.99),
        "max_ms": percentile(&waits, 1.0),
        "search_p50_ms": percentile(&searches, 0.5),
        "search_p99_ms": percentile(&searches, 0.99),
        "search_slowest": slowest,
    });
    println!("{figures}");
    store.close().await?;
    Ok(())
}
