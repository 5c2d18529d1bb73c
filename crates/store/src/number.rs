//! Case numbers, leased from the database in blocks that grow under load, so that numbering costs no
//! commit of its own. Unused ones are given back when the store is closed; only a crash leaves gaps.

use crate::db::Doing;
use crate::statement::{COUNT_BACK, COUNT_ON};
use crate::value::values;
use crate::writer::Writer;
use app::ports::StoreError;
use kernel::CityCode;
use std::collections::HashMap;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// Largest block. At 2,000 reports a second this is some thirty leases a second, each inside a group commit.
const BLOCK_MAX: u32 = 64;
/// A block used up faster than this asks for a larger one.
const BLOCK_LASTS: Duration = Duration::from_secs(1);
/// Days (of cities) remembered. An import of old years passes through them in order.
const DAYS_MAX: usize = 1_024;

#[derive(Debug)]
struct Block {
    next: u32,
    /// First number that is not ours.
    end: u32,
    size: u32,
    leased: Instant,
}

#[derive(Default)]
pub(crate) struct Numbers {
    blocks: Mutex<HashMap<(CityCode, u32), Block>>,
}

impl Numbers {
    /// The next sequence number of a day, from 1.
    pub(crate) async fn next(&self, writer: &Writer, city: CityCode, date: u32) -> Result<u32, StoreError> {
        let mut blocks = self.blocks.lock().await;
        if let Some(block) = blocks.get_mut(&(city, date))
            && block.next < block.end
        {
            block.next += 1;
            return Ok(block.next - 1);
        }
        let size = match blocks.get(&(city, date)) {
            Some(block) if block.leased.elapsed() < BLOCK_LASTS => (block.size * 2).min(BLOCK_MAX),
            Some(block) => (block.size / 2).max(1),
            None => 1,
        };
        if blocks.len() >= DAYS_MAX {
            give_back(writer, blocks.drain()).await?;
        }
        let first = lease(writer, city, date, size).await?;
        blocks
            .insert((city, date), Block { next: first + 1, end: first + size, size, leased: Instant::now() });
        Ok(first)
    }

    /// The counters were replaced under us.
    pub(crate) async fn forget(&self) {
        self.blocks.lock().await.clear();
    }

    /// Returns what was leased and not used.
    pub(crate) async fn close(&self, writer: &Writer) -> Result<(), StoreError> {
        give_back(writer, self.blocks.lock().await.drain()).await
    }
}

/// Takes `count` numbers for good; answers the first.
pub(crate) async fn lease(writer: &Writer, city: CityCode, date: u32, count: u32) -> Result<u32, StoreError> {
    let last = writer
        .transact(move |conn| {
            Box::pin(async move {
                let row =
                    conn.row(COUNT_ON, values![city, name(date), count]).await.doing("lease case numbers")?;
                row.ok_or(sqlx::Error::RowNotFound).and_then(|row| row.int(0)).doing("lease case numbers")
            })
        })
        .await?;
    let last = u32::try_from(last).map_err(|cause| StoreError::Corrupt {
        table: "counters",
        id: format!("{city}/{}", name(date)),
        why: cause.to_string(),
    })?;
    Ok(last - count + 1)
}

async fn give_back(
    writer: &Writer,
    blocks: impl Iterator<Item = ((CityCode, u32), Block)>,
) -> Result<(), StoreError> {
    let unused: Vec<_> = blocks.filter(|(_, block)| block.next < block.end).collect();
    if unused.is_empty() {
        return Ok(());
    }
    writer
        .transact(move |conn| {
            Box::pin(async move {
                for ((city, date), block) in unused {
                    let values = values![city, name(date), block.next - 1, block.end - 1];
                    conn.run(COUNT_BACK, values).await.doing("give case numbers back")?;
                }
                Ok(())
            })
        })
        .await
}

fn name(date: u32) -> String {
    format!("number:{date:08}")
}
