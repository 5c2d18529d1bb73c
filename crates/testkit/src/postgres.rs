//! A PostgreSQL server for one test run: a fresh cluster in a temporary folder, stopped and removed when the
//! fixture is dropped, and also when the test is killed.

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Address of a server to use instead of starting one; its user must be allowed to create databases.
pub const EXISTING: &str = "YIWANG_TEST_PG";
/// When this is 1, tests are skipped where no server can be started, instead of failing.
pub const ALLOW_SKIP: &str = "YIWANG_ALLOW_SKIP";

const STARTS_WITHIN: Duration = Duration::from_secs(60);

#[derive(Debug, thiserror::Error)]
pub enum FixtureError {
    #[error(
        "initdb and pg_ctl were found neither in PATH nor under /usr/lib/postgresql/*/bin: install PostgreSQL 15 or \
         later (Debian: apt-get install postgresql), or name a server in {EXISTING}, or set {ALLOW_SKIP}=1"
    )]
    NotInstalled,
    #[error("could not {doing}: {why}")]
    Failed { doing: &'static str, why: String },
}

/// A running server. Keep it for as long as its databases are used.
#[derive(Debug)]
pub struct Fixture {
    base: String,
    server: Option<Server>,
}

#[derive(Debug)]
struct Server {
    programs: PathBuf,
    is_root: bool,
    data: PathBuf,
    options: String,
    /// Waits for its standard input to close, which happens however this process ends, then stops the server.
    keeper: Child,
    folder: TempDir,
}

/// Whether what is committed is on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sync {
    /// As an operator runs it.
    On,
    /// What a test writes need not outlive it.
    Off,
}

impl Fixture {
    /// A server, or `None` when there is none and skipping is allowed.
    ///
    /// # Panics
    /// When there is none and skipping is not allowed, with what to install.
    #[must_use]
    pub fn start_or_skip() -> Option<Self> {
        match Self::start() {
            Ok(fixture) => Some(fixture),
            Err(FixtureError::NotInstalled) if std::env::var(ALLOW_SKIP).is_ok_and(|allow| allow == "1") => {
                eprintln!("skipped: no PostgreSQL here, and {ALLOW_SKIP}=1");
                None
            }
            Err(error) => panic!("{error}"),
        }
    }

    pub fn start() -> Result<Self, FixtureError> {
        if let Ok(base) = std::env::var(EXISTING) {
            return Ok(Self { base, server: None });
        }
        Self::start_own(Sync::Off)
    }

    /// A server of one's own that keeps what it acknowledged, for measurements and crash rounds.
    pub fn start_durable() -> Result<Self, FixtureError> {
        Self::start_own(Sync::On)
    }

    fn start_own(sync: Sync) -> Result<Self, FixtureError> {
        let programs = programs().ok_or(FixtureError::NotInstalled)?;
        let folder =
            tempfile::Builder::new().prefix("yiwang-pg-").tempdir().map_err(failed("make a folder"))?;
        let data = folder.path().join("data");
        let is_root = is_root();
        if is_root {
            run("give the folder to postgres", Command::new("chown").arg("postgres").arg(folder.path()))?;
        }
        let mut initdb = as_owner(is_root, &programs.join("initdb"));
        initdb.args([
            "--no-sync",
            "--auth=trust",
            "--username=postgres",
            "--encoding=UTF8",
            "--locale=C",
            "-D",
        ]);
        run("make a cluster", initdb.arg(&data))?;
        let port = free_port().map_err(failed("find a free port"))?;
        let unsynced = match sync {
            Sync::On => "",
            Sync::Off => " -c fsync=off -c synchronous_commit=off -c full_page_writes=off",
        };
        let options = format!(
            "-p {port} -k {} -c listen_addresses=127.0.0.1 -c max_connections=60{unsynced}",
            folder.path().display()
        );
        let keeper = keep(is_root, &programs.join("pg_ctl"), &data)?;
        let server = Server { programs, is_root, data, options, keeper, folder };
        server.start()?;
        Ok(Self { base: format!("postgres://postgres@127.0.0.1:{port}/postgres"), server: Some(server) })
    }

    /// Ends the server as a loss of power does, and starts it again: SIGKILL to the postmaster, then recovery.
    pub fn crash(&self) -> Result<(), FixtureError> {
        let Some(server) = &self.server else { return Ok(()) };
        let doing = "kill the server";
        let file = std::fs::read_to_string(server.data.join("postmaster.pid")).map_err(failed(doing))?;
        let pid = file.lines().next().unwrap_or_default();
        run(doing, Command::new("kill").args(["-KILL", pid]))?;
        // Its workers notice within a moment; until then the cluster counts as in use.
        let since = Instant::now();
        loop {
            match server.start() {
                Err(error) if since.elapsed() > STARTS_WITHIN => return Err(error),
                Err(_) => std::thread::sleep(Duration::from_millis(200)),
                Ok(()) => return Ok(()),
            }
        }
    }

    /// Address of the server, at the database every server has.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Where PostgreSQL's own programs are, `pg_dump` among them.
    #[must_use]
    pub fn programs() -> Option<PathBuf> {
        programs()
    }

    /// Address of a new, empty database.
    pub async fn database(&self) -> Result<String, FixtureError> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("yiwang_test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let mut conn = PgConnection::connect(&self.base).await.map_err(failed("reach the server"))?;
        // A leftover of an earlier run with the same process number is nobody's.
        for sql in [format!("DROP DATABASE IF EXISTS {name}"), format!("CREATE DATABASE {name}")] {
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut conn).await.map_err(failed("make a database"))?;
        }
        conn.close().await.map_err(failed("make a database"))?;
        let server = self.base.rsplit_once('/').map_or(self.base.as_str(), |(server, _)| server);
        Ok(format!("{server}/{name}"))
    }
}

impl Server {
    fn start(&self) -> Result<(), FixtureError> {
        let mut start = as_owner(self.is_root, &self.programs.join("pg_ctl"));
        start.args(["start", "-w", "-t", &STARTS_WITHIN.as_secs().to_string(), "-l"]);
        start.arg(self.folder.path().join("log")).arg("-D").arg(&self.data).arg("-o").arg(&self.options);
        run("start the server", &mut start)
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        if let Some(server) = &mut self.server {
            drop(server.keeper.stdin.take());
            // A server that does not stop is left to the keeper; a test cannot do more.
            let _ = server.keeper.wait();
        }
    }
}

fn failed<E: std::fmt::Display>(doing: &'static str) -> impl FnOnce(E) -> FixtureError {
    move |error| FixtureError::Failed { doing, why: error.to_string() }
}

/// The folder that holds `initdb` and `pg_ctl`: of the newest version when several are installed.
fn programs() -> Option<PathBuf> {
    let complete = |folder: &PathBuf| folder.join("initdb").is_file() && folder.join("pg_ctl").is_file();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut installed: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|versions| versions.flatten().map(|version| version.path().join("bin")).collect())
        .unwrap_or_default();
    installed.sort();
    std::env::split_paths(&path).find(complete).or_else(|| installed.into_iter().rev().find(complete))
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// PostgreSQL refuses to run as root.
fn as_owner(is_root: bool, program: &Path) -> Command {
    if !is_root {
        return Command::new(program);
    }
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--"]).arg(program);
    command.current_dir("/");
    command
}

fn run(doing: &'static str, command: &mut Command) -> Result<(), FixtureError> {
    // The server keeps what it inherits: a pipe would never end.
    let log = tempfile::tempfile().map_err(failed(doing))?;
    let output = log.try_clone().map_err(failed(doing))?;
    let errors = log.try_clone().map_err(failed(doing))?;
    let status =
        command.stdin(Stdio::null()).stdout(output).stderr(errors).status().map_err(failed(doing))?;
    if status.success() {
        return Ok(());
    }
    let mut log = log;
    let mut why = String::new();
    std::io::Seek::rewind(&mut log).map_err(failed(doing))?;
    std::io::Read::read_to_string(&mut log, &mut why).map_err(failed(doing))?;
    Err(FixtureError::Failed { doing, why })
}

fn keep(is_root: bool, pg_ctl: &Path, data: &Path) -> Result<Child, FixtureError> {
    let script = "cat > /dev/null; \"$0\" stop -m immediate -D \"$1\"; rm -rf \"$1\"";
    let mut keeper = as_owner(is_root, Path::new("sh"));
    keeper.args(["-c", script]).arg(pg_ctl).arg(data);
    keeper.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    // Its own group, so that whoever kills the test's group leaves it to clean up.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut keeper, 0);
    keeper.spawn().map_err(failed("watch the server"))
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
