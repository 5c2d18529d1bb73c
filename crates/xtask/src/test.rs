//! `cargo xtask test`: the parts in order of what fails soonest.

use crate::run::{has, root, run as sh};
use crate::{clients, needs, tidy};
use std::time::Instant;

pub fn run_part(
    name: &str,
    only: &[String],
    part: impl FnOnce() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    if !only.is_empty() && !only.iter().any(|o| o == name) {
        return Ok(());
    }
    println!("\n=== {name}");
    let started = Instant::now();
    part()?;
    println!("=== {name}: done in {:.0} s", started.elapsed().as_secs_f64());
    Ok(())
}

pub fn run(full: bool, only: &[String]) -> anyhow::Result<()> {
    let root = root();
    let web = root.join("web");
    needs::ensure()?;
    run_part("web", only, || {
        sh(&web, "npm", &["ci", "--no-audit", "--no-fund"], &[])?;
        sh(&web, "npm", &["run", "build"], &[])?;
        sh(&web, "npm", &["run", "typecheck"], &[])?;
        sh(&web, "npm", &["test"], &[])?;
        tidy::client(false)
    })?;
    run_part("tidy", only, || tidy::run(false))?;
    run_part("rust", only, || {
        let cases = if full { "20000" } else { "" };
        let env: Vec<(&str, &str)> =
            if full { vec![("PROPTEST_CASES", cases), ("YIWANG_FULL", "1")] } else { vec![] };
        if has("cargo-nextest") {
            sh(&root, "cargo", &["nextest", "run", "--workspace", "--locked", "--no-fail-fast"], &env)
        } else {
            sh(&root, "cargo", &["test", "--workspace", "--locked", "--quiet"], &env)
        }
    })?;
    run_part("browser", only, || {
        sh(&root, "cargo", &["build", "--package", "yiwang-server", "--locked"], &[])?;
        sh(&root, "node", &["--test", "--test-concurrency=1", "--test-timeout=240000", "e2e/stories/"], &[])
    })?;
    run_part("clients", only, || clients::run(full))?;
    Ok(())
}
