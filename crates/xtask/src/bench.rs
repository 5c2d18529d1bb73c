//! `cargo xtask bench NAME` and `cargo xtask crash`: the release programs, then the measurement.

use crate::run::root;
use anyhow::{Context, bail};
use std::process::{Command, Stdio};

/// Measures `name`; one JSON object on standard output, everything else on standard error.
pub fn run(name: &str, more: &[String]) -> anyhow::Result<()> {
    let root = root();
    let build = ["build", "--release", "--locked", "-p", "yiwang-server", "-p", "yiwang-bench"];
    let status = Command::new("cargo")
        .args(build)
        .current_dir(&root)
        .stdin(Stdio::null())
        // Nothing but the answer goes to standard output.
        .stdout(Stdio::null())
        .status()
        .context("could not start cargo")?;
    if !status.success() {
        bail!("cargo {} failed", build.join(" "));
    }
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder));
    let status = Command::new(target.join("release/yiwang-bench"))
        .arg(name)
        .args(more)
        .arg("--folder")
        .arg(target.join("bench"))
        .current_dir(&root)
        .stdin(Stdio::null())
        .status()
        .context("could not start yiwang-bench")?;
    if !status.success() {
        bail!("{name} failed");
    }
    Ok(())
}
