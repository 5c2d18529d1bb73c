//! Arrows between crates, formatting, lints, licences, purity, generated files.

use crate::run::{output, root, run as sh};
use anyhow::{Context, bail};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What each crate may use of ours. Source: `ARCHITECTURE.md`; anything else fails.
const ARROWS: &[(&str, &[&str])] = &[
    ("kernel", &[]),
    ("city", &["kernel"]),
    ("case", &["kernel"]),
    ("media", &["kernel"]),
    ("index", &["kernel", "case"]),
    ("spatial", &["kernel", "city"]),
    ("pack", &["kernel", "city"]),
    ("app", &["kernel", "city", "case", "media", "index", "spatial", "pack"]),
    ("store", &["kernel", "city", "case", "media", "index", "app"]),
    ("outside", &["kernel", "city", "case", "app"]),
    ("http", &["kernel", "city", "case", "media", "index", "spatial", "pack", "app"]),
    ("testkit", &["kernel", "city", "case", "media", "index", "app"]),
    (
        "server",
        &["kernel", "city", "case", "media", "index", "spatial", "pack", "app", "store", "outside", "http"],
    ),
    (
        "bench",
        &[
            "kernel", "city", "case", "media", "index", "spatial", "app", "store", "outside", "http",
            "testkit",
        ],
    ),
    ("xtask", &[]),
];

/// Crates that take values and return values: no async, files, sockets, clocks, random numbers.
const PURE: &[&str] = &["kernel", "city", "case", "media", "index", "spatial", "pack"];
const IMPURE_WORDS: &[&str] = &[
    "std::fs",
    "std::net",
    "std::time::SystemTime",
    "std::time::Instant",
    "Timestamp::now",
    "Zoned::now",
    "tokio",
    "rand::",
    "async fn",
    "thread::sleep",
];

const LICENCES: &[&str] = &[
    "MIT",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "MPL-2.0",
    "Zlib",
    "0BSD",
    "Unicode-3.0",
    "CC0-1.0",
    "Unlicense",
    "BSL-1.0",
    "CDLA-Permissive-2.0",
    "OFL-1.1",
    "NCSA",
    "bzip2-1.0.6",
    "MIT-0",
];
const FORBIDDEN: &[&str] =
    &["aws-lc-sys", "openssl-sys", "duckdb", "libduckdb-sys", "rdkafka-sys", "tract-onnx", "typst"];

/// Everything but the lints, which need the whole workspace compiled.
pub fn quick(fix: bool) -> anyhow::Result<()> {
    metadata_checks()?;
    purity()?;
    tracked_files()?;
    let fmt: &[&str] = if fix { &["fmt", "--all"] } else { &["fmt", "--all", "--check"] };
    sh(&root(), "cargo", fmt, &[])
}

/// The compiler that lints while it compiles, as `cargo clippy` sets it up for checking. Used for a whole build, the
/// tests are linted and built in one pass instead of two.
pub fn linting() -> anyhow::Result<[(&'static str, String); 2]> {
    let sysroot = output(&root(), "rustc", &["--print", "sysroot"]).context("rustc does not answer")?;
    let driver = Path::new(&sysroot).join("bin/clippy-driver");
    if !driver.is_file() {
        bail!("{} is missing: rustup component add clippy", driver.display());
    }
    let driver = driver.to_string_lossy().into_owned();
    Ok([("RUSTC_WORKSPACE_WRAPPER", driver), ("CLIPPY_ARGS", "-D__CLIPPY_HACKERY__warnings".to_owned())])
}

pub fn run_all(fix: bool) -> anyhow::Result<()> {
    quick(fix)?;
    let root = root();
    sh(
        &root,
        "cargo",
        &["clippy", "--workspace", "--all-targets", "--locked", "--quiet", "--", "-D", "warnings"],
        &[],
    )?;
    Ok(())
}

/// The TypeScript client is the one the OpenAPI document gives.
pub fn client(fix: bool) -> anyhow::Result<()> {
    let web = root().join("web");
    let stored = web.join("src/api/schema.d.ts");
    let before = std::fs::read_to_string(&stored).unwrap_or_default();
    sh(&web, "npm", &["run", "--silent", "api"], &[])?;
    if !fix && std::fs::read_to_string(&stored)? != before {
        bail!("web/src/api/schema.d.ts is out of date: run `cargo xtask tidy --fix`");
    }
    Ok(())
}

pub fn run(fix: bool) -> anyhow::Result<()> {
    run_all(fix)?;
    if fix {
        let write = [("YIWANG_WRITE", "1")];
        sh(
            &root(),
            "cargo",
            &["test", "--quiet", "--package", "yiwang-http", "--test", "openapi_document"],
            &write,
        )?;
        client(true)?;
    }
    println!("tidy: clean");
    Ok(())
}

fn metadata_checks() -> anyhow::Result<()> {
    let text = output(&root(), "cargo", &["metadata", "--format-version", "1", "--locked"])
        .context("cargo metadata failed (is Cargo.lock up to date?)")?;
    let metadata: Value = serde_json::from_str(&text)?;
    let packages = metadata["packages"].as_array().context("no packages")?;
    let mut problems = Vec::new();
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        if let Some(short) = name.strip_prefix("yiwang-") {
            let Some(may) = allowed.get(short) else {
                problems.push(format!("crate {short} is not in the table of arrows"));
                continue;
            };
            for dependency in package["dependencies"].as_array().into_iter().flatten() {
                let is_dev = dependency["kind"].as_str() == Some("dev");
                let target = dependency["name"].as_str().unwrap_or_default();
                if let Some(target) = target.strip_prefix("yiwang-")
                    && !may.contains(&target)
                    && !is_dev
                {
                    problems.push(format!("{short} must not use {target}"));
                }
            }
            continue;
        }
        if FORBIDDEN.contains(&name) {
            problems.push(format!("{name} must not be built in"));
        }
        let licence = package["license"].as_str().unwrap_or("none");
        // A licence file without an expression is for a person to read; none of ours has only that.
        let has_file_only = licence == "none" && !package["license_file"].is_null();
        if !licence_allowed(licence) && !has_file_only {
            problems.push(format!("{name}: licence {licence} is not on the list"));
        }
    }
    report("crates", problems)
}

/// An SPDX expression is fine when one alternative of each conjunct is.
fn licence_allowed(expression: &str) -> bool {
    let flat = expression.replace(['(', ')'], " ").replace('/', " OR ");
    flat.split(" AND ").all(|part| {
        part.split(" OR ").any(|one| {
            let id = one.trim().split(" WITH ").next().unwrap_or_default().trim();
            LICENCES.contains(&id)
        })
    })
}

fn purity() -> anyhow::Result<()> {
    let mut problems = Vec::new();
    for name in PURE {
        let folder = root().join("crates").join(name).join("src");
        visit(&folder, &mut |path, text| {
            let main = text.split("#[cfg(test)]").next().unwrap_or(text);
            for (number, line) in main.lines().enumerate() {
                let code = line.split("//").next().unwrap_or_default();
                for word in IMPURE_WORDS {
                    if code.contains(word) {
                        problems.push(format!(
                            "{}:{}: `{word}` in a pure crate; pass the value in from the caller",
                            path.strip_prefix(root()).unwrap_or(path).display(),
                            number + 1
                        ));
                    }
                }
            }
        })?;
    }
    report("purity", problems)
}

fn visit(folder: &std::path::Path, check: &mut impl FnMut(&std::path::Path, &str)) -> anyhow::Result<()> {
    let mut entries: Vec<_> = std::fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::path);
    for entry in entries {
        let path = entry.path();
        if path.is_dir() {
            visit(&path, check)?;
        } else if path.extension().is_some_and(|e| e == "rs") {
            check(&path, &std::fs::read_to_string(&path)?);
        }
    }
    Ok(())
}

/// Nothing tracked may name this machine or be build output.
fn tracked_files() -> anyhow::Result<()> {
    let Some(list) = output(&root(), "git", &["ls-files"]) else { return Ok(()) };
    let mut problems = Vec::new();
    let mut seen = BTreeSet::new();
    for path in list.lines() {
        if path.starts_with("target/") || path.contains("node_modules/") || path.starts_with("web/dist/") {
            problems.push(format!("{path} is build output"));
        }
        if !seen.insert(path.to_lowercase()) {
            problems.push(format!("{path} differs from another only by case"));
        }
    }
    for needed in ["README.md", "README.zh-CN.md", "ARCHITECTURE.md", "CHANGELOG.md", "LICENSE", ".ci/run"] {
        if !root().join(needed).exists() {
            problems.push(format!("{needed} is missing"));
        }
    }
    report("files", problems)
}

fn report(what: &str, problems: Vec<String>) -> anyhow::Result<()> {
    if problems.is_empty() {
        return Ok(());
    }
    for problem in &problems {
        println!("{what}: {problem}");
    }
    bail!("{} problem(s) with {what}", problems.len())
}

#[cfg(test)]
mod tests {
    use super::licence_allowed;

    #[test]
    fn licences_are_read_as_expressions() {
        assert!(licence_allowed("MIT OR GPL-3.0"));
        assert!(licence_allowed("(MIT OR Apache-2.0) AND Unicode-3.0"));
        assert!(licence_allowed("Apache-2.0 WITH LLVM-exception OR MIT"));
        assert!(!licence_allowed("AGPL-3.0"));
        assert!(!licence_allowed("MIT AND GPL-2.0"));
    }
}
