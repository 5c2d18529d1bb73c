//! `cargo xtask test`: the parts in order of what fails soonest.

use crate::run::{Beside, has, root, run as sh};
use crate::{clients, needs, tidy};
use std::path::Path;
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
    run_part("tidy", only, || {
        tidy::quick(false)?;
        println!("tidy: clean; the lints come with the build");
        Ok(())
    })?;
    // The tests, and the programs of the browser's and the clients' parts: linted and built in one pass.
    let linting = tidy::linting()?;
    let linting: Vec<(&str, &str)> = linting.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let build = || sh(&root, "cargo", &["build", "--workspace", "--all-targets", "--locked"], &linting);
    run_part("rust", only, || {
        build()?;
        let cases = if full { "20000" } else { "" };
        let mut env = linting.clone();
        if full {
            env.extend([("PROPTEST_CASES", cases), ("YIWANG_FULL", "1")]);
        }
        if has("cargo-nextest") {
            sh(&root, "cargo", &["nextest", "run", "--workspace", "--locked", "--no-fail-fast"], &env)
        } else {
            sh(&root, "cargo", &["test", "--workspace", "--locked", "--quiet"], &env)
        }
    })?;
    run_part("browser", only, || {
        if !only.is_empty() {
            build()?;
        }
        // Two files at a time: a story waits more than it works.
        let node = ["--test", "--test-concurrency=2", "--test-timeout=900000"];
        let stories = stories(&root)?;
        let stories = stories.iter().map(String::as_str).collect();
        sh(&root, "node", &[node.to_vec(), stories].concat(), &[])?;
        // The loop once more on the other engine; the rest of the stories does not depend on it.
        let postgres = root.join("target/debug/examples/postgres");
        let postgres = Beside::start(&root, &postgres.to_string_lossy(), &[])?;
        let store = [("YIWANG_STORE", postgres.line.as_str())];
        sh(&root, "node", &[&node[..], &["e2e/stories/loop.test.mjs"]].concat(), &store)
    })?;
    run_part("clients", only, || clients::run(full))?;
    Ok(())
}

/// By name: Node takes folders in some versions and patterns in others.
fn stories(root: &Path) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(root.join("e2e/stories"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".test.mjs") {
            found.push(format!("e2e/stories/{name}"));
        }
    }
    found.sort();
    Ok(found)
}
