//! The real program as a process of its own.

use crate::Place;
use crate::client::Client;
use anyhow::{Context, bail};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Clock ticks of /proc a second; fixed in the kernel's interface.
const TICKS: f64 = 100.0;
const WARNINGS_SHOWN: u32 = 3;
const STOPS_WITHIN: Duration = Duration::from_secs(60);

pub struct Server {
    child: Child,
    pub address: String,
    /// From the start of the process to the word "ready" in its log.
    pub ready_in: Duration,
    pub started: Instant,
}

/// A command of the program on `data`, without limits on how often something may be done.
fn command(place: &Place, data: &Path, database: Option<&str>, arguments: &[&str]) -> Command {
    let mut command = Command::new(&place.program);
    command.args(arguments).arg("--data").arg(data).current_dir(data).stdin(Stdio::null());
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("YIWANG_")) {
        command.env_remove(name);
    }
    if let Some(database) = database {
        command.args(["--database", database]);
    }
    let limits = ["LOGINS", "PUBLIC_REPORTS", "UPLOADS", "REQUESTS"];
    command.envs(limits.map(|what| (format!("YIWANG_LIMITS__{what}_PER_MINUTE"), "0")));
    command.envs([("YIWANG_BACKUPS__AT", ""), ("YIWANG_LOGS__FORMAT", "json")]);
    command
}

/// Runs a command of the program to its end.
pub fn run(place: &Place, data: &Path, database: Option<&str>, arguments: &[&str]) -> anyhow::Result<Output> {
    command(place, data, database, arguments).output().context("could not start the program")
}

/// A command run to its end, how long it took and the most memory it held.
pub struct Measured {
    pub output: Output,
    pub seconds: f64,
    /// Resident, in MB (2^20 bytes).
    pub peak_mb: f64,
}

/// Runs a command of the program to its end and watches its memory.
pub fn measured(place: &Place, data: &Path, arguments: &[&str]) -> anyhow::Result<Measured> {
    let started = Instant::now();
    let child = command(place, data, None, arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let child = child.context("could not start the program")?;
    let id = child.id();
    let watched = std::thread::spawn(move || {
        let mut peak = 0.0f64;
        // The file goes when the process ends; its last reading is at most a moment old.
        while let Ok(status) = std::fs::read_to_string(format!("/proc/{id}/status")) {
            let Some(line) = status.lines().find(|line| line.starts_with("VmHWM:")) else { break };
            let kb = line.split_whitespace().nth(1).and_then(|text| text.parse::<f64>().ok());
            peak = peak.max(kb.unwrap_or_default() / 1024.0);
            std::thread::sleep(Duration::from_millis(50));
        }
        peak
    });
    let output = child.wait_with_output().context("could not wait for the program")?;
    let seconds = started.elapsed().as_secs_f64();
    let peak_mb = watched.join().unwrap_or_default();
    Ok(Measured { output, seconds, peak_mb })
}

impl Server {
    pub fn start(place: &Place, data: &Path, database: Option<&str>) -> anyhow::Result<Self> {
        let mut command = command(place, data, database, &["serve", "--listen", "127.0.0.1:0"]);
        let started = Instant::now();
        let mut child = command.stderr(Stdio::piped()).spawn().context("could not start the server")?;
        let mut lines = BufReader::new(child.stderr.take().context("no log")?).lines();
        let address = loop {
            let Some(line) = lines.next() else { bail!("the server ended before it was ready") };
            let line = line?;
            let Ok(entry) = serde_json::from_str::<Value>(&line) else { bail!("the server said: {line}") };
            if let Some(address) = entry["address"].as_str().filter(|_| entry["message"] == "ready") {
                break address.to_owned();
            }
        };
        let ready_in = started.elapsed();
        // The log must be read, or the server waits for it; the first warnings of a run are shown.
        std::thread::spawn(move || {
            let mut shown = 0;
            for line in lines.map_while(Result::ok) {
                if !line.contains("\"level\":\"INFO\"") && shown < WARNINGS_SHOWN {
                    eprintln!("  server: {line}");
                    shown += 1;
                }
            }
        });
        Ok(Self { child, address, ready_in, started })
    }

    pub async fn client(&self) -> anyhow::Result<Client> {
        Client::connect(&self.address).await
    }

    /// Seconds of processor used so far, by the server and nobody else.
    pub fn cpu_seconds(&self) -> anyhow::Result<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
        let ticks =
            |at: usize| fields.get(at).and_then(|text| text.parse::<u64>().ok()).context("no such field");
        Ok((ticks(11)? + ticks(12)?) as f64 / TICKS)
    }

    /// Resident memory in MB (2^20 bytes).
    pub fn memory_mb(&self) -> anyhow::Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("no VmRSS")?;
        let kb: f64 = line.split_whitespace().nth(1).context("no number")?.parse()?;
        Ok(kb / 1024.0)
    }

    /// As systemd does.
    pub fn stop(mut self) -> anyhow::Result<()> {
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status()?;
        let since = Instant::now();
        while told.success() && since.elapsed() < STOPS_WITHIN {
            if let Some(status) = self.child.try_wait()? {
                if !status.success() {
                    bail!("the server stopped with {status}");
                }
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        bail!("the server did not stop")
    }

    /// SIGKILL: no handler runs, nothing is flushed.
    pub fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Ended already in the ordinary case.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
