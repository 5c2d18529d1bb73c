//! Backup and restore: the whole store as one file that fits either engine.
//!
//! A backup sees one moment of the store while writes go on. The file is a first line of its own, gzipped
//! lines of JSON (a head, then each table's rows as arrays, then the end), and the SHA-256 of all before.
//! The bytes of attachments are not in it: they are content-addressed files that are copied beside it.

use crate::Store;
use crate::db::{Conn, Db, Doing, Engine};
use crate::schema::SCHEMA_VERSION;
use crate::statement::LENGTHS;
use crate::value::{Row, Value};
use app::ports::StoreError;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use futures::TryStreamExt;
use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sqlx::{AssertSqlSafe, Postgres, Sqlite};
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};
use tokio::sync::mpsc;

/// First line of the file, so that it can be told from any other.
const FIRST_LINE: &[u8] = b"YIWANG BACKUP 1\n";
/// SHA-256 as hex and a line feed.
const LAST_LINE_BYTES: u64 = 65;
/// Longest line: a row with a long text. More is a damaged file.
const LINE_BYTES_MAX: u64 = 64 << 20;
/// Text handed to the packing thread at once.
const CHUNK_BYTES: usize = 256 << 10;
/// Chunks on their way between the database and the file.
const CHUNKS_MAX: usize = 8;
/// Rows handed to the database at once.
const ROWS_AT_ONCE: usize = LENGTHS[0];

#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("could not {doing} {path}")]
    File {
        doing: &'static str,
        path: PathBuf,
        #[source]
        cause: io::Error,
    },
    /// Not a backup, cut off, or changed since it was made. Nothing was restored.
    #[error("the backup is damaged: {0}")]
    Damaged(String),
    #[error("the backup has schema {found}, this program restores up to {known}: use a newer program")]
    Schema { found: u32, known: u32 },
    /// Restoring would mix two stores.
    #[error("the store is not empty")]
    NotEmpty,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a backup says about itself, and how much was written or read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    pub schema: u32,
    /// The engine it was made on.
    pub engine: String,
    pub made_at: Timestamp,
    pub rows: u64,
    pub bytes: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Head {
    schema: u32,
    engine: String,
    made_at: Timestamp,
}

/// A line of the file that is not a row.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Mark {
    Head(Head),
    Table(String),
    End { rows: u64 },
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Int,
    OptInt,
    OptReal,
    Text,
    OptText,
    Bytes,
    OptBytes,
}

struct Table {
    name: &'static str,
    columns: &'static [(&'static str, Kind)],
}

macro_rules! tables {
    ($($name:ident { $($column:ident: $kind:ident),* $(,)? })*) => {
        &[$(Table { name: stringify!($name), columns: &[$((stringify!($column), Kind::$kind)),*] }),*]
    };
}

/// Every table of the schema; a test compares it with both engines' own lists.
const TABLES: &[Table] = tables! {
    city_heads { city: Int, last_position: Int, cases: Int, records_version: Int }
    cases {
        city: Int, id: Bytes, serial: Int, number: Text, version: Int, position: Int, stage: Int, reported_at: Int,
        updated_at: Int, state: Text,
    }
    facts { city: Int, case_id: Bytes, seq: Int, position: Int, at: Int, body: Text }
    commands { city: Int, command_id: Bytes, case_id: Bytes, version: Int, at: Int }
    due_moments { city: Int, case_id: Bytes, clock: Text, moment: Text, at: Int, lease_until: Int, done: Int }
    words { city: Int, serial: Int, body: Text }
    reporters {
        city: Int, case_id: Bytes, name: Text, phone: Text, email: Text, public: Int, callback: Int, language: Text,
    }
    secrets { city: Int, secret_hash: Text, case_id: Bytes }
    outbox {
        city: Int, id: Int, case_id: OptBytes, channel: Text, recipient: Text, body: Text, queued_at: Int, attempts: Int,
        again_at: Int, lease_until: Int, failed: Int, error: Text,
    }
    photo_hashes { city: Int, case_id: Bytes, attachment: Text, hash: Int, at: Int }
    counters { city: Int, name: Text, value: Int }
    records { city: Int, kind: Text, key: Text, version: Int, changed_at: Int, changed_by: OptInt, value: OptText }
    record_history {
        city: Int, kind: Text, key: Text, version: Int, changed_at: Int, changed_by: OptInt, value: OptText,
    }
    credentials {
        city: Int, person: Int, hash: Text, failures: Int, locked_until: OptInt, changed_at: Int, must_change: Int,
    }
    sessions {
        city: Int, hash: Text, person: Int, kind: Text, name: Text, created_at: Int, expires_at: Int, last_seen_at: Int,
        origin: Text,
    }
    audit {
        city: Int, id: Int, at: Int, person: OptInt, action: Text, target: Text, detail: Text, origin: Text,
    }
    attachments {
        city: Int, id: Text, content_type: Text, bytes: Int, width: Int, height: Int, shot_at: OptInt, lng: OptReal,
        lat: OptReal, photo_hash: OptInt, uploaded_by: OptInt, uploaded_at: Int,
    }
    thing_heads { city: Int, position: Int, serial: Int }
    things {
        city: Int, serial: Int, register: Text, code: Text, name: Text, class: Text, version: Int, position: Int,
        removed: Int, changed_at: Int, changed_by: OptInt, change: Text, body: Text,
    }
    thing_history {
        city: Int, serial: Int, version: Int, register: Text, code: Text, name: Text, class: Text, position: Int,
        removed: Int, changed_at: Int, changed_by: OptInt, change: Text, body: Text,
    }
    thing_commands { city: Int, command_id: Bytes, at: Int, done: Text }
    grid_editions {
        city: Int, edition: Int, valid_from: Text, published_at: Int, published_by: OptInt, note: Text, grids: Int,
        added: Int, changed: Int, removed: Int,
    }
    unit_grids {
        city: Int, code: Text, from_edition: Int, until_edition: OptInt, body: Text, shape: Text,
    }
    addresses {
        city: Int, id: Text, version: Int, position: Int, removed: Int, changed_at: Int, changed_by: OptInt, body: Text,
    }
    address_history {
        city: Int, id: Text, version: Int, position: Int, removed: Int, changed_at: Int, changed_by: OptInt, body: Text,
    }
};

impl Table {
    fn named(name: &str) -> Option<&'static Self> {
        TABLES.iter().find(|table| table.name == name)
    }

    fn select(&self, engine: Engine) -> String {
        // The full-text index keeps its columns in its own way; its content is the same on both.
        let columns: Vec<&str> = match (self.name, engine) {
            ("words", Engine::Sqlite) => vec!["rowid >> 32", "rowid & 4294967295", "body"],
            ("words", Engine::Postgres) => {
                vec!["city", "serial", "array_to_string(tsvector_to_array(body), ' ')"]
            }
            _ => self.columns.iter().map(|(name, _)| *name).collect(),
        };
        format!("SELECT {} FROM {}", columns.join(", "), self.name)
    }

    fn insert(&self, engine: Engine, rows: usize) -> String {
        let columns: Vec<&str> = match (self.name, engine) {
            ("words", Engine::Sqlite) => vec!["rowid", "body"],
            _ => self.columns.iter().map(|(name, _)| *name).collect(),
        };
        let mut values = Vec::with_capacity(rows);
        for row in 0..rows {
            let first = row * self.columns.len() + 1;
            values.push(match (self.name, engine) {
                ("words", Engine::Sqlite) => "(? * 4294967296 + ?, ?)".to_owned(),
                ("words", Engine::Postgres) => {
                    format!(
                        "(${first}, ${}, array_to_tsvector(string_to_array(${}, ' ')))",
                        first + 1,
                        first + 2
                    )
                }
                (_, Engine::Sqlite) => format!("({})", vec!["?"; self.columns.len()].join(", ")),
                (_, Engine::Postgres) => {
                    let numbers: Vec<String> =
                        (first..first + self.columns.len()).map(|number| format!("${number}")).collect();
                    format!("({})", numbers.join(", "))
                }
            });
        }
        format!("INSERT INTO {} ({}) VALUES {}", self.name, columns.join(", "), values.join(", "))
    }
}

impl Store {
    /// Writes everything into the file `to`, which appears only when it is complete and on disk.
    pub async fn backup(&self, to: &Path, made_at: Timestamp) -> Result<Summary, BackupError> {
        let (sender, receiver) = mpsc::channel(CHUNKS_MAX);
        let path = to.to_owned();
        let packing = tokio::task::spawn_blocking(move || pack(&path, receiver));
        let head = Head { schema: SCHEMA_VERSION, engine: self.engine().to_owned(), made_at };
        let dumped = dump(&self.db, head, sender).await;
        let packed = packing.await.map_err(|error| BackupError::Damaged(error.to_string()))?;
        // The file's own error says more than "nobody takes the rows any more".
        let bytes = packed?;
        let rows = dumped?;
        // Only a complete backup gets its name.
        let part = part_of(to);
        let rename = || std::fs::rename(&part, to).and_then(|()| sync_folder(to));
        rename().map_err(|cause| BackupError::File { doing: "finish", path: to.to_owned(), cause })?;
        Ok(Summary { schema: SCHEMA_VERSION, engine: self.engine().to_owned(), made_at, rows, bytes })
    }

    /// Reads the backup `from` into this store, all or nothing. A store that holds anything is refused unless
    /// `replace`, which empties it first. The file is checked as a whole before anything is written.
    pub async fn restore(&self, from: &Path, replace: bool) -> Result<Summary, BackupError> {
        let path = from.to_owned();
        let checked = tokio::task::spawn_blocking(move || verify(&path)).await;
        let (head, bytes) = checked.map_err(|error| BackupError::Damaged(error.to_string()))??;
        if head.schema == 0 || head.schema > SCHEMA_VERSION {
            return Err(BackupError::Schema { found: head.schema, known: SCHEMA_VERSION });
        }
        let mut conn = self.db.writer().await.doing("reach the store")?;
        let empty = is_empty(&mut conn).await.doing("look into the store");
        drop(conn);
        if !replace && !empty? {
            return Err(BackupError::NotEmpty);
        }
        let (sender, receiver) = mpsc::channel(CHUNKS_MAX);
        let path = from.to_owned();
        let of = (head.schema, head.made_at);
        let unpacking = tokio::task::spawn_blocking(move || unpack(&path, of, &sender));
        let loaded = self.writer.transact(move |conn| Box::pin(load(conn, receiver))).await;
        self.numbers.forget().await;
        unpacking.await.map_err(|error| BackupError::Damaged(error.to_string()))??;
        Ok(Summary { schema: head.schema, engine: head.engine, made_at: head.made_at, rows: loaded?, bytes })
    }
}

/// Reads what a backup says about itself after checking all of it.
pub fn check(file: &Path) -> Result<Summary, BackupError> {
    let (head, bytes) = verify(file)?;
    let mut rows = 0;
    read_lines(file, |line| {
        if let Line::Mark(Mark::End { rows: counted }) = line {
            rows = counted;
        }
        Ok(())
    })?;
    Ok(Summary { schema: head.schema, engine: head.engine, made_at: head.made_at, rows, bytes })
}

fn part_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    path.with_file_name(name)
}

fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

async fn dump(db: &Db, head: Head, sender: mpsc::Sender<Vec<u8>>) -> Result<u64, StoreError> {
    let mut conn = db.reader().await.doing("reach the store")?;
    let mut sink = Sink { sender, chunk: Vec::with_capacity(CHUNK_BYTES) };
    let result = dump_on(&mut conn, head, &mut sink).await;
    if result.is_ok() && conn.commit().await.is_ok() {
        return result;
    }
    conn.discard().await;
    result
}

async fn dump_on(conn: &mut Conn, head: Head, sink: &mut Sink) -> Result<u64, StoreError> {
    conn.begin_snapshot().await.doing("open a snapshot")?;
    sink.line(&Mark::Head(head)).await?;
    let mut count = 0;
    for table in TABLES {
        sink.line(&Mark::Table(table.name.to_owned())).await?;
        let select = AssertSqlSafe(table.select(conn.engine()));
        match conn {
            Conn::Lite(conn) => {
                let mut rows = sqlx::query::<Sqlite>(select).fetch(&mut **conn);
                while let Some(row) = rows.try_next().await.doing("read a table")? {
                    sink.line(&cells(table, &Row::Lite(row)).doing("read a table")?).await?;
                    count += 1;
                }
            }
            Conn::Pg(conn) => {
                let mut rows = sqlx::query::<Postgres>(select).fetch(&mut **conn);
                while let Some(row) = rows.try_next().await.doing("read a table")? {
                    sink.line(&cells(table, &Row::Pg(row)).doing("read a table")?).await?;
                    count += 1;
                }
            }
        }
    }
    sink.line(&Mark::End { rows: count }).await?;
    sink.flush().await?;
    Ok(count)
}

fn cells(table: &Table, row: &Row) -> Result<Vec<serde_json::Value>, sqlx::Error> {
    let mut cells = Vec::with_capacity(table.columns.len());
    for (column, (_, kind)) in table.columns.iter().enumerate() {
        cells.push(match kind {
            Kind::Int => row.int(column)?.into(),
            Kind::OptInt => row.opt_int(column)?.into(),
            Kind::OptReal => row.opt_real(column)?.into(),
            Kind::Text => row.text(column)?.into(),
            Kind::OptText => row.opt_text(column)?.into(),
            Kind::Bytes => hex::encode(row.bytes(column)?).into(),
            Kind::OptBytes => row.opt_bytes(column)?.map(hex::encode).into(),
        });
    }
    Ok(cells)
}

struct Sink {
    sender: mpsc::Sender<Vec<u8>>,
    chunk: Vec<u8>,
}

impl Sink {
    async fn line(&mut self, value: &impl Serialize) -> Result<(), StoreError> {
        serde_json::to_writer(&mut self.chunk, value)
            .map_err(|cause| StoreError::Failed { doing: "write a row as JSON", cause: Box::new(cause) })?;
        self.chunk.push(b'\n');
        if self.chunk.len() >= CHUNK_BYTES {
            self.flush().await?;
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), StoreError> {
        let chunk = std::mem::replace(&mut self.chunk, Vec::with_capacity(CHUNK_BYTES));
        self.sender.send(chunk).await.map_err(|_| StoreError::Failed {
            doing: "write the backup",
            cause: "the file was given up".into(),
        })
    }
}

/// A writer that knows the hash and the length of what passed.
struct Hashing<W> {
    inner: W,
    hash: Sha256,
    bytes: u64,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

fn pack(to: &Path, mut chunks: mpsc::Receiver<Vec<u8>>) -> Result<u64, BackupError> {
    let part = part_of(to);
    let mut pack = || -> io::Result<u64> {
        let mut file = Hashing { inner: BufWriter::new(File::create(&part)?), hash: Sha256::new(), bytes: 0 };
        file.write_all(FIRST_LINE)?;
        let mut packed = GzEncoder::new(file, Compression::fast());
        while let Some(chunk) = chunks.blocking_recv() {
            packed.write_all(&chunk)?;
        }
        let Hashing { mut inner, hash, bytes } = packed.finish()?;
        writeln!(inner, "{}", hex::encode(hash.finalize()))?;
        inner.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        Ok(bytes + LAST_LINE_BYTES)
    };
    pack().map_err(|cause| BackupError::File { doing: "write", path: part.clone(), cause })
}

/// Checks first line, hash, head and end. Answers the head and the length of the file.
fn verify(path: &Path) -> Result<(Head, u64), BackupError> {
    let fail = |cause| BackupError::File { doing: "read", path: path.to_owned(), cause };
    let file = File::open(path).map_err(fail)?;
    let bytes = file.metadata().map_err(fail)?.len();
    let packed = bytes.checked_sub(LAST_LINE_BYTES).filter(|packed| *packed > FIRST_LINE.len() as u64);
    let packed = packed.ok_or_else(|| BackupError::Damaged("it is too short".to_owned()))?;
    let mut file = BufReader::new(file);
    let mut hash = Hashing { inner: io::sink(), hash: Sha256::new(), bytes: 0 };
    io::copy(&mut file.by_ref().take(packed), &mut hash).map_err(fail)?;
    let mut last = Vec::new();
    file.read_to_end(&mut last).map_err(fail)?;
    if last.trim_ascii_end() != hex::encode(hash.hash.finalize()).as_bytes() {
        return Err(BackupError::Damaged("its checksum is wrong".to_owned()));
    }
    let mut head = None;
    let mut ended = false;
    read_lines(path, |line| {
        match line {
            Line::Mark(Mark::Head(found)) => head = Some(found),
            Line::Mark(Mark::End { .. }) => ended = true,
            Line::Mark(Mark::Table(_)) | Line::Row(_) => {}
        }
        Ok(())
    })?;
    match head {
        Some(head) if ended => Ok((head, bytes)),
        _ => Err(BackupError::Damaged("it has no head or no end".to_owned())),
    }
}

enum Line {
    Mark(Mark),
    Row(Vec<serde_json::Value>),
}

fn read_lines(path: &Path, mut each: impl FnMut(Line) -> Result<(), BackupError>) -> Result<(), BackupError> {
    let fail = |cause| BackupError::File { doing: "read", path: path.to_owned(), cause };
    let mut file = File::open(path).map_err(fail)?;
    let packed = file.metadata().map_err(fail)?.len().saturating_sub(LAST_LINE_BYTES);
    let mut first = [0; FIRST_LINE.len()];
    file.read_exact(&mut first).map_err(fail)?;
    if first != FIRST_LINE {
        return Err(BackupError::Damaged("it is no backup of this kind".to_owned()));
    }
    let here = file.stream_position().map_err(fail)?;
    let mut lines = BufReader::new(GzDecoder::new(BufReader::new(file.take(packed.saturating_sub(here)))));
    let mut line = String::new();
    loop {
        line.clear();
        if lines.by_ref().take(LINE_BYTES_MAX).read_line(&mut line).map_err(fail)? == 0 {
            return Ok(());
        }
        let damaged = |error: serde_json::Error| BackupError::Damaged(error.to_string());
        if line.starts_with('[') {
            each(Line::Row(serde_json::from_str(&line).map_err(damaged)?))?;
        } else {
            each(Line::Mark(serde_json::from_str(&line).map_err(damaged)?))?;
        }
    }
}

/// Rows on their way into one table; `None` when the file ended as it should.
type Load = Option<(&'static Table, Vec<Value>)>;

fn unpack(
    path: &Path,
    (schema, made_at): (u32, Timestamp),
    sender: &mpsc::Sender<Load>,
) -> Result<(), BackupError> {
    let mut table: Option<&'static Table> = None;
    let mut values = Vec::new();
    let mut count = 0;
    // Nobody takes the rows any more when the database refused some: it says why itself.
    let send = |load: Load| drop(sender.blocking_send(load));
    read_lines(path, |line| {
        match line {
            Line::Row(mut cells) => {
                let table =
                    table.ok_or_else(|| BackupError::Damaged("a row stands before any table".to_owned()))?;
                grow(table, schema, made_at, &mut cells);
                push_values(table, cells, &mut values)?;
                count += 1;
                if values.len() >= table.columns.len() * ROWS_AT_ONCE {
                    send(Some((table, std::mem::take(&mut values))));
                }
            }
            Line::Mark(mark) => {
                if let Some(table) = table
                    && !values.is_empty()
                {
                    send(Some((table, std::mem::take(&mut values))));
                }
                match mark {
                    Mark::Head(_) => {}
                    Mark::Table(name) => {
                        let found = Table::named(&name);
                        table =
                            Some(found.ok_or_else(|| {
                                BackupError::Damaged(format!("there is no table {name:?}"))
                            })?);
                    }
                    Mark::End { rows } if rows == count => send(None),
                    Mark::End { rows } => {
                        return Err(BackupError::Damaged(format!("it has {count} rows, not {rows}")));
                    }
                }
            }
        }
        Ok(())
    })
}

/// Adds the columns that came after the schema of the backup.
fn grow(table: &Table, schema: u32, made_at: Timestamp, cells: &mut Vec<serde_json::Value>) {
    if schema < 2 && table.name == "commands" {
        // As the migration of a running store does: they count as done when the backup was made.
        cells.push(made_at.0.into());
    }
}

fn push_values(
    table: &Table,
    cells: Vec<serde_json::Value>,
    values: &mut Vec<Value>,
) -> Result<(), BackupError> {
    use serde_json::Value as Json;
    let bad =
        |column: &str| BackupError::Damaged(format!("{}.{column} does not hold what it must", table.name));
    if cells.len() != table.columns.len() {
        return Err(bad("*"));
    }
    for ((column, kind), cell) in table.columns.iter().zip(cells) {
        let bytes = |text: &str| hex::decode(text).map_err(|_| bad(column));
        values.push(match (kind, cell) {
            (Kind::Int, Json::Number(number)) => Value::Int(number.as_i64().ok_or_else(|| bad(column))?),
            (Kind::OptInt, Json::Number(number)) => {
                Value::OptInt(Some(number.as_i64().ok_or_else(|| bad(column))?))
            }
            (Kind::OptInt, Json::Null) => Value::OptInt(None),
            (Kind::OptReal, Json::Number(number)) => Value::OptReal(number.as_f64()),
            (Kind::OptReal, Json::Null) => Value::OptReal(None),
            (Kind::Text, Json::String(text)) => Value::from(text),
            (Kind::OptText, Json::String(text)) => Value::from(Some(text)),
            (Kind::OptText, Json::Null) => Value::OptText(None),
            (Kind::Bytes, Json::String(text)) => Value::Bytes(bytes(&text)?),
            (Kind::OptBytes, Json::String(text)) => Value::OptBytes(Some(bytes(&text)?)),
            (Kind::OptBytes, Json::Null) => Value::OptBytes(None),
            _ => return Err(bad(column)),
        });
    }
    Ok(())
}

async fn is_empty(conn: &mut Conn) -> Result<bool, sqlx::Error> {
    // Counters alone are no content: looking whether the store works leaves one.
    for table in TABLES.iter().filter(|table| table.name != "counters") {
        let any = format!("SELECT 1 FROM {} LIMIT 1", table.name);
        if !conn.rows_built(any, Vec::new()).await?.is_empty() {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn load(conn: &mut Conn, mut rows: mpsc::Receiver<Load>) -> Result<u64, StoreError> {
    for table in TABLES {
        conn.run_built(format!("DELETE FROM {}", table.name), Vec::new()).await.doing("empty a table")?;
    }
    let mut count = 0;
    while let Some(load) = rows.recv().await {
        let Some((table, values)) = load else { return Ok(count) };
        let width = table.columns.len();
        let mut left = values.len() / width;
        count += left as u64;
        let mut values = values.into_iter();
        while let Some(length) = LENGTHS.into_iter().find(|length| *length <= left) {
            left -= length;
            let rows = values.by_ref().take(length * width).collect();
            conn.run_built(table.insert(conn.engine(), length), rows).await.doing("restore a table")?;
        }
    }
    Err(StoreError::Failed { doing: "restore", cause: "the file ended too early".into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_of_the_schema_is_in_a_backup() {
        let sqlite = [include_str!("schema/1.sqlite.sql"), include_str!("schema/3.sqlite.sql")];
        let postgres = [include_str!("schema/1.postgres.sql"), include_str!("schema/3.postgres.sql")];
        for texts in [sqlite, postgres] {
            let made = texts.into_iter().flat_map(str::lines).filter_map(|line| {
                let rest = line
                    .strip_prefix("CREATE TABLE ")
                    .or_else(|| line.strip_prefix("CREATE VIRTUAL TABLE "))?;
                rest.split_whitespace().next()
            });
            let mut made: Vec<&str> = made.collect();
            let mut kept: Vec<&str> = TABLES.iter().map(|table| table.name).collect();
            made.sort_unstable();
            kept.sort_unstable();
            assert_eq!(made, kept);
        }
    }
}
