//! Running other programs: print what runs, stop at the first failure.

use anyhow::{Context, bail};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

/// Root of the checkout.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).map(Path::to_path_buf).unwrap_or_default()
}

/// Runs `program` in `folder`, inheriting output.
pub fn run(folder: &Path, program: &str, args: &[&str], env: &[(&str, &str)]) -> anyhow::Result<()> {
    println!("$ {program} {}", args.join(" "));
    let started = Instant::now();
    let status = Command::new(program)
        .args(args)
        .current_dir(folder)
        .envs(env.iter().copied())
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("could not start {program}"))?;
    println!("  {:.1} s", started.elapsed().as_secs_f64());
    if !status.success() {
        bail!("{program} {} failed with {status}", args.first().unwrap_or(&""));
    }
    Ok(())
}

/// A program that runs until it is dropped: it ends when its standard input does. The first line it prints is kept.
pub struct Beside {
    child: Child,
    pub line: String,
}

impl Beside {
    pub fn start(folder: &Path, program: &str, args: &[&str]) -> anyhow::Result<Self> {
        println!("$ {program} {} &", args.join(" "));
        let mut child = Command::new(program)
            .args(args)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("could not start {program}"))?;
        let mut line = String::new();
        if let Some(out) = child.stdout.take() {
            BufReader::new(out).read_line(&mut line)?;
        }
        let beside = Self { child, line: line.trim().to_owned() };
        if beside.line.is_empty() {
            bail!("{program} ended before it was ready");
        }
        Ok(beside)
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // One that does not end is left to the machine; nothing here can do more.
        let _ = self.child.wait();
    }
}

/// Output of a program, trimmed; `None` when it cannot run or fails.
pub fn output(folder: &Path, program: &str, args: &[&str]) -> Option<String> {
    let out = Command::new(program).args(args).current_dir(folder).stdin(Stdio::null()).output().ok()?;
    out.status.success().then(|| String::from_utf8_lossy(&out.stdout).trim().to_owned())
}

/// True when `program` is on the path.
pub fn has(program: &str) -> bool {
    Command::new("sh")
        .args(["-c", &format!("command -v {program}")])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
