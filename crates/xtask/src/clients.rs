//! Strangers' software and hostile input against the real server: `e2e/clients`.

use crate::run::{root, run as sh};
use crate::{needs, tidy};

/// Builds the server and lets the foreign clients and the fuzzer at it.
pub fn run(full: bool) -> anyhow::Result<()> {
    let root = root();
    // As the tests build it: otherwise everything would be compiled again.
    let linting = tidy::linting()?;
    let linting: Vec<(&str, &str)> = linting.iter().map(|(name, value)| (*name, value.as_str())).collect();
    sh(&root, "cargo", &["build", "--workspace", "--all-targets", "--locked"], &linting)?;
    let python = needs::python()?.to_string_lossy().into_owned();
    let mut args = vec!["e2e/clients/run.py"];
    if full {
        args.push("--full");
    }
    sh(&root, &python, &args, &[])
}
