//! `yiwang packs list|check`

use super::{Ended, configured};
use crate::cli::Common;
use crate::packs;
use city::Catalogue;
use clap::Subcommand;
use pack::{Folder, Pack, Problem, check_all};
use std::path::{Path, PathBuf};

#[derive(Debug, Subcommand)]
pub enum Action {
    /// 列出随程序的包和数据目录 packs 下的包 · List the packs of the program and of the data directory
    List,
    /// 检查；不写目录则检查全部，有错返回 1 · Check a pack or a folder of packs, or all; exit code 1 when one is wrong
    Check {
        /// 一个包，或放着若干包的目录 · One pack, or a folder of packs
        dir: Option<PathBuf>,
    },
}

/// # Errors
/// When a folder cannot be read.
pub fn run(common: &Common, action: &Action) -> anyhow::Result<Ended> {
    match action {
        Action::List => {
            let Some(config) = configured(common) else { return Ok(Ended::BadInput) };
            let found = packs::all(&config.data_dir.join("packs"))?;
            let folders: Vec<Folder> = found.iter().map(|one| one.folder.clone()).collect();
            for (one, checked) in found.iter().zip(check_all(&folders, Catalogue::national_ref())) {
                let from = if one.own { "packs/" } else { "" };
                match checked {
                    Ok(pack) => println!("{}", line(&pack, from)),
                    Err(problems) => println!(
                        "{from}{:<14}  {} 处错误 · {} problem(s): yiwang packs check",
                        one.folder.id,
                        problems.len(),
                        problems.len()
                    ),
                }
            }
            Ok(Ended::Fine)
        }
        Action::Check { dir: Some(dir) } => check_folder(dir),
        Action::Check { dir: None } => {
            let Some(config) = configured(common) else { return Ok(Ended::BadInput) };
            let found = packs::all(&config.data_dir.join("packs"))?;
            Ok(told(&found.into_iter().map(|one| one.folder).collect::<Vec<_>>(), &[]))
        }
    }
}

fn line(pack: &Pack, from: &str) -> String {
    let registers: Vec<String> =
        pack.registers.iter().map(|register| format!("{} {}", register.id, register.name.zh)).collect();
    let named = format!("{from}{}", pack.id);
    format!("{named:<14}  v{}  {} · {}  [{}]", pack.version, pack.name.zh, pack.name.en, registers.join(", "))
}

fn check_folder(dir: &Path) -> anyhow::Result<Ended> {
    let dir = &dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    let wanted = if dir.join("pack.toml").is_file() { vec![packs::one(dir)?] } else { packs::below(dir)? };
    if wanted.is_empty() {
        eprintln!("yiwang: {} 中没有包 · there is no pack in it", dir.display());
        return Ok(Ended::BadInput);
    }
    // What they refer to in the packs of the program is known, unless they replace it.
    let others: Vec<Folder> =
        packs::shipped().into_iter().filter(|one| wanted.iter().all(|own| own.id != one.id)).collect();
    Ok(told(&wanted, &others))
}

/// Checks `wanted` beside `others` and prints what is wrong with them.
fn told(wanted: &[Folder], others: &[Folder]) -> Ended {
    let together: Vec<Folder> = others.iter().chain(wanted).cloned().collect();
    let checked = check_all(&together, Catalogue::national_ref());
    let mut wrong: Vec<Problem> = Vec::new();
    for found in checked.into_iter().skip(others.len()) {
        match found {
            Ok(pack) => println!("{}", line(&pack, "")),
            Err(problems) => wrong.extend(problems),
        }
    }
    for problem in &wrong {
        println!("{problem}");
    }
    if wrong.is_empty() { Ended::Fine } else { Ended::CheckFailed }
}
