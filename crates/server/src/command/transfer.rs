//! `yiwang import components FILE` and `yiwang export components FILE`: the same way as on the screen, with the
//! progress told here.

use super::Ended;
use super::desk::{Desk, is_about_input, refuse, told};
use super::import::Options;
use crate::config::Config;
use app::ports::files::{FileFormat, TextEncoding};
use app::transfer::State;
use app::transfer::export::ExportAsk;
use app::transfer::plan::{Mode, Plan, Target};
use app::transfer::view::TransferView;
use kernel::Actor;
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::time::Duration;

/// Bytes read of the file at once.
const PIECE: usize = 1 << 20;
const TOLD_EVERY: Duration = Duration::from_secs(2);

pub async fn run(config: &Config, options: Options) -> anyhow::Result<Ended> {
    let mut file = match File::open(&options.file) {
        Ok(file) => file,
        Err(cause) => {
            eprintln!("yiwang: could not read {}: {cause}", options.file.display());
            return Ok(Ended::BadInput);
        }
    };
    let desk = Desk::open(config).await?;
    let Some(city) = desk.city() else { return Ok(Ended::BadInput) };
    let done = bring_in(&desk, &Desk::actor(city), &options, &mut file).await;
    desk.close().await?;
    let view = match done {
        Ok(view) => view,
        Err(error) if is_about_input(&error) => return Ok(refuse(error)),
        Err(error) => return Err(told(error)),
    };
    for fault in view.faults.iter().take(20) {
        println!("{:>8}  {:<24}  {} {}", fault.row, fault.field, fault.code, fault.en);
    }
    let c = &view.counts;
    println!(
        "components: {} rows, {} new, {} changed, {} unchanged, {} wrong; {} rows/s",
        c.rows, c.new, c.changed, c.unchanged, c.wrong, view.rows_per_s
    );
    let fine = matches!(view.state, State::Done | State::Checked) && c.wrong == 0;
    if !fine && !view.why.is_empty() {
        eprintln!("yiwang: {}", view.why);
    }
    if view.state == State::Failed {
        eprintln!("yiwang: nothing was written (--best-effort writes the rows that are right)");
    }
    Ok(if fine { Ended::Fine } else { Ended::BadInput })
}

async fn bring_in(
    desk: &Desk,
    actor: &Actor,
    options: &Options,
    file: &mut File,
) -> Result<TransferView, app::AppError> {
    let app = &desk.app;
    let name = options.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut incoming = app.receive_transfer(actor, &name).await?;
    let mut piece = vec![0; PIECE];
    loop {
        let read = file.read(&mut piece).map_err(|_| app::AppError::NotFound("file"))?;
        if read == 0 {
            break;
        }
        incoming.take(&piece[..read]).await?;
    }
    let looked = incoming.done().await?;
    println!(
        "{name}: {} rows, {}, {} columns, coordinate system {}",
        looked.rows,
        looked.format.as_str(),
        looked.columns.len(),
        looked.crs.as_deref().unwrap_or("unknown")
    );
    let mut plan = plan_of(desk, actor, options, &looked).await?;
    if let Some(crs) = &options.crs {
        plan.crs.clone_from(crs);
    }
    if options.best_effort {
        plan.mode = Mode::BestEffort;
    }
    app.start_transfer(actor, looked.id, plan, options.dry_run).await?;
    loop {
        let work = app.work_transfers(&|| true);
        tokio::pin!(work);
        loop {
            tokio::select! {
                worked = &mut work => {
                    worked?;
                    break;
                }
                () = tokio::time::sleep(TOLD_EVERY) => {
                    let view = app.see_transfer(actor, looked.id).await?;
                    println!("{:>9} of {} rows, {} rows/s", view.done, view.rows, view.rows_per_s);
                }
            }
        }
        let view = app.see_transfer(actor, looked.id).await?;
        if !view.state.is_working() {
            if let Some(path) = &options.faults {
                write_faults(path, &app.transfer_faults(actor, looked.id).await?);
            }
            return Ok(view);
        }
        // A running server may have taken it; it is waited for.
        tokio::time::sleep(TOLD_EVERY).await;
    }
}

async fn plan_of(
    desk: &Desk,
    actor: &Actor,
    options: &Options,
    looked: &TransferView,
) -> Result<Plan, app::AppError> {
    if let Some(name) = &options.profile {
        let profiles = desk.app.transfer_profiles(actor).await?;
        let found = profiles.items.into_iter().find(|profile| profile.name == *name);
        return found.map(|profile| profile.plan).ok_or(app::AppError::NotFound("mapping"));
    }
    if let Some(path) = &options.mapping {
        let text = std::fs::read_to_string(path).map_err(|_| app::AppError::NotFound("mapping file"))?;
        return serde_json::from_str(&text).map_err(|why| {
            let problem = app::FieldProblem::new("mapping", "unreadable").with("why", why.to_string());
            app::AppError::Invalid(vec![problem])
        });
    }
    desk.app.guess_plan(actor, looked.id, Target::Components).await
}

fn write_faults(path: &Path, faults: &[app::transfer::Fault]) {
    let write = || -> std::io::Result<()> {
        let out = std::io::BufWriter::new(File::create(path)?);
        let headers = ["row", "field", "code", "reason_zh", "reason_en"];
        let mut table = outside::table::TableWriter::new(out, outside::table::Format::CsvForExcel, &headers)?;
        for fault in faults {
            let said = |words: &str, language| {
                if words.is_empty() {
                    http::i18n::message_or_code(language, &fault.code, &serde_json::Map::new())
                } else {
                    words.to_owned()
                }
            };
            #[allow(clippy::cast_precision_loss)] // rows of a file are far below 2^52
            table.row(&[
                outside::table::Cell::Number(fault.row as f64),
                fault.field.as_str().into(),
                fault.code.as_str().into(),
                outside::table::Cell::Text(said(&fault.zh, http::Language::Zh)),
                outside::table::Cell::Text(said(&fault.en, http::Language::En)),
            ])?;
        }
        table.finish()?.flush()
    };
    if let Err(cause) = write() {
        eprintln!("yiwang: could not write {}: {cause}", path.display());
    }
}

pub async fn export(config: &Config, path: &Path) -> anyhow::Result<Ended> {
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_lowercase();
    let Some(format) = FileFormat::ALL.into_iter().find(|format| format.extension() == extension) else {
        eprintln!(
            "yiwang: {}: .csv, .xlsx, .geojson, .geojsonl, .zip (Shapefile) or .fgb is expected",
            path.display()
        );
        return Ok(Ended::BadInput);
    };
    let desk = Desk::open(config).await?;
    let Some(city) = desk.city() else { return Ok(Ended::BadInput) };
    let ask = ExportAsk {
        format,
        encoding: Some(TextEncoding::Utf8),
        crs: None,
        class: None,
        area: None,
        state: None,
    };
    let made = desk
        .app
        .export_collection(&Desk::actor(city), "components", &ask, "command line")
        .await
        .map_err(told);
    desk.close().await?;
    let mut made = made?;
    let mut out = File::create_new(path)?;
    std::io::copy(&mut made.file, &mut out)?;
    println!("{}: {} rows", path.display(), made.rows);
    Ok(Ended::Fine)
}
