//! Taking a file in: piece by piece into blobs, so that every process can work on it, and never whole in memory.

use super::view::TransferView;
use super::{FILE_BYTES_MAX, Held, KEPT_MAX, Looked, RECORDS, State, Transfer, may_transfer};
use crate::app::App;
use crate::error::{AppError, FieldProblem};
use crate::ports::files::{Files, Look, TextEncoding};
use crate::ports::{PutRecord, StoreError};
use bytes::{Bytes, BytesMut};
use kernel::{Actor, CityCode};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::Write;
use std::sync::Arc;
use uuid::Uuid;

/// Bytes of one blob of a file: what is in memory of an upload at once.
const PART: usize = 8 << 20;

/// A file on its way in.
pub struct Incoming {
    app: App,
    actor: Actor,
    name: String,
    spool: File,
    files: Arc<dyn Files>,
    waiting: BytesMut,
    parts: Vec<String>,
    bytes: u64,
}

pub(super) fn failed(doing: &'static str, cause: impl std::error::Error + Send + Sync + 'static) -> AppError {
    AppError::Store(StoreError::Failed { doing, cause: Box::new(cause) })
}

/// Runs what blocks on a thread of its own.
pub(super) async fn blocking<T: Send + 'static>(
    doing: &'static str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, AppError> {
    tokio::task::spawn_blocking(work).await.map_err(|cause| failed(doing, cause))
}

impl App {
    /// Begins to take a file in.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] without the right.
    pub async fn receive_transfer(&self, actor: &Actor, name: &str) -> Result<Incoming, AppError> {
        may_transfer(actor)?;
        let files = self.files()?;
        let spooling = files.clone();
        let spool = blocking("spool a file", move || spooling.spool())
            .await?
            .map_err(|cause| failed("spool a file", cause))?;
        let name: String = name.chars().filter(|c| !c.is_control()).take(120).collect();
        Ok(Incoming {
            app: self.clone(),
            actor: actor.clone(),
            name,
            spool,
            files,
            waiting: BytesMut::new(),
            parts: Vec::new(),
            bytes: 0,
        })
    }

    pub(super) async fn drop_parts(
        &self,
        city: CityCode,
        id: Uuid,
        transfer: &Transfer,
    ) -> Result<(), AppError> {
        let others = self.held_transfers(city).await?;
        let others: Vec<&Held> = others.iter().filter(|held| held.id != id).collect();
        let keys = transfer.parts.iter().chain(&transfer.faults_key);
        for key in keys {
            let needed = others.iter().any(|held| {
                held.transfer.parts.contains(key) || held.transfer.faults_key.as_ref() == Some(key)
            });
            if !needed {
                self.0.blobs.delete(key).await?;
            }
        }
        Ok(())
    }

    /// Stores bytes of a transfer by their hash; answers the key.
    pub(super) async fn put_part(
        &self,
        city: CityCode,
        bytes: Bytes,
        ending: &str,
    ) -> Result<String, AppError> {
        let hash = hex::encode(Sha256::digest(&bytes));
        let key = format!("{city}/transfers/{}/{hash}.{ending}", &hash[..2]);
        self.0.blobs.put(&key, bytes, "application/octet-stream").await?;
        Ok(key)
    }

    /// The file of a transfer, brought together again.
    pub(super) async fn spooled(&self, transfer: &Transfer) -> Result<File, AppError> {
        let files = self.files()?;
        let mut spool = blocking("spool a file", move || files.spool())
            .await?
            .map_err(|cause| failed("spool a file", cause))?;
        for key in &transfer.parts {
            let bytes = self.0.blobs.get(key).await?.ok_or(AppError::NotFound("part of the file"))?;
            spool = blocking("spool a file", move || spool.write_all(&bytes).map(|()| spool))
                .await?
                .map_err(|cause| failed("spool a file", cause))?;
        }
        Ok(spool)
    }

    /// Looks at the file again under another encoding.
    ///
    /// # Errors
    /// [`AppError::Invalid`] when it cannot be read so.
    pub async fn look_again(
        &self,
        actor: &Actor,
        id: Uuid,
        encoding: Option<TextEncoding>,
    ) -> Result<TransferView, AppError> {
        may_transfer(actor)?;
        let mut held = self.held_transfer(actor.city, id).await?;
        if held.transfer.state.is_working() {
            return Err(AppError::Stale);
        }
        let file = self.spooled(&held.transfer).await?;
        let files = self.files()?;
        let look = blocking("look at a file", move || files.look(&file, encoding)).await?;
        held.transfer.look = kept(look.map_err(|problem| AppError::Invalid(vec![problem]))?);
        held.transfer.state = State::Looked;
        held.transfer.plan = None;
        held.transfer.proved_at = None;
        self.save_transfer(&mut held).await?;
        self.transfer_view(&held)
    }
}

impl Incoming {
    /// Takes the next bytes.
    ///
    /// # Errors
    /// [`AppError::Invalid`] when the file is too large; when it cannot be stored.
    pub async fn take(&mut self, bytes: &[u8]) -> Result<(), AppError> {
        self.bytes += bytes.len() as u64;
        if self.bytes > FILE_BYTES_MAX {
            let problem = FieldProblem::new("file", "file_too_large").with("max", FILE_BYTES_MAX);
            return Err(AppError::Invalid(vec![problem]));
        }
        self.waiting.extend_from_slice(bytes);
        while self.waiting.len() >= PART {
            let part = self.waiting.split_to(PART).freeze();
            self.put(part).await?;
        }
        Ok(())
    }

    async fn put(&mut self, part: Bytes) -> Result<(), AppError> {
        let mut spool = self.spool.try_clone().map_err(|cause| failed("spool a file", cause))?;
        let writing = part.clone();
        blocking("spool a file", move || spool.write_all(&writing))
            .await?
            .map_err(|cause| failed("spool a file", cause))?;
        let key = self.app.put_part(self.actor.city, part, "part").await?;
        self.parts.push(key);
        Ok(())
    }

    /// The file is whole: it is looked at and kept. One that cannot be read is not.
    ///
    /// # Errors
    /// [`AppError::Invalid`] saying what is wrong with the file.
    pub async fn done(mut self) -> Result<TransferView, AppError> {
        let last = self.waiting.split().freeze();
        if !last.is_empty() {
            self.put(last).await?;
        }
        if self.bytes == 0 {
            return Err(AppError::invalid("file", "required"));
        }
        let app = self.app.clone();
        let city = self.actor.city;
        let (files, spool) = (self.files.clone(), self.spool);
        let look = blocking("look at a file", move || files.look(&spool, None)).await?;
        let mut transfer = Transfer {
            name: self.name,
            by: self.actor.person_id(),
            at: app.now(),
            bytes: self.bytes,
            parts: self.parts,
            ..Transfer::default()
        };
        let id = Uuid::now_v7();
        match look {
            Ok(look) => transfer.look = kept(look),
            Err(problem) => {
                app.drop_parts(city, id, &transfer).await?;
                return Err(AppError::Invalid(vec![problem]));
            }
        }
        app.forget_oldest(city).await?;
        let mut held = Held { city, id, version: 0, transfer };
        app.save_transfer(&mut held).await?;
        app.transfer_view(&held)
    }
}

impl App {
    async fn forget_oldest(&self, city: CityCode) -> Result<(), AppError> {
        let all = self.held_transfers(city).await?;
        let too_many = all.len().saturating_sub(KEPT_MAX - 1);
        for held in all.iter().rev().filter(|held| !held.transfer.state.is_working()).take(too_many) {
            self.forget_transfer(held).await?;
        }
        Ok(())
    }

    pub(super) async fn forget_transfer(&self, held: &Held) -> Result<(), AppError> {
        let put = PutRecord {
            kind: RECORDS.to_owned(),
            key: held.id.to_string(),
            expected_version: held.version,
            value: None,
        };
        self.store().put_records(held.city, held.transfer.by, self.now(), vec![put]).await?;
        self.drop_parts(held.city, held.id, &held.transfer).await
    }
}

/// Characters of a cell in a sample.
const SAMPLE_CHARS: usize = 120;

fn kept(look: Look) -> Looked {
    let short = |cell: &String| cell.chars().take(SAMPLE_CHARS).collect();
    Looked {
        sample: look.sample.iter().map(|row| row.cells.iter().map(short).collect()).collect(),
        reading: Some(look.reading),
        rows: look.rows,
        shapes: look.shapes.into_iter().map(str::to_owned).collect(),
        positions: look.positions,
        crs: look.crs,
        crs_named: look.crs_named,
    }
}
