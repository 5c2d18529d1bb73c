//! Rows that become addresses of the geocoder: found again by their identity.

use super::component::{Batch, Pass, hash};
use super::row::Row;
use super::{Counts, Fault, wkt};
use crate::app::App;
use crate::config::Config;
use crate::error::AppError;
use crate::places::{AddressRow, checked_address};
use crate::ports::PutAddress;
use crate::ports::files::FileRow;

/// How well known an address is when the file does not say.
const USUAL_WEIGHT: u8 = 100;

#[derive(Default)]
pub struct UnderstoodAddresses {
    /// Identity, and the address as it is stored.
    wanted: Vec<(String, String)>,
    counts: Counts,
    faults: Vec<Fault>,
}

impl Pass {
    pub fn understand_addresses(&mut self, rows: &[FileRow]) -> UnderstoodAddresses {
        let mut all = UnderstoodAddresses::default();
        let Self { mapping, seen, .. } = self;
        for file_row in rows {
            let mut row = Row::new(file_row, mapping);
            let read = read(&mut row);
            if let Some((id, _)) = &read
                && !seen.insert(hash("address", id))
            {
                row.bad("id", "twice_in_file");
            }
            all.counts.rows += 1;
            match read {
                Some(one) if row.faults.is_empty() => all.wanted.push(one),
                _ => {
                    all.counts.wrong += 1;
                    all.faults.append(&mut row.faults);
                }
            }
        }
        all
    }
}

impl App {
    pub(super) async fn plan_addresses(
        &self,
        config: &Config,
        understood: &UnderstoodAddresses,
    ) -> Result<Batch, AppError> {
        let mut batch = Batch {
            counts: understood.counts.clone(),
            faults: understood.faults.clone(),
            ..Batch::default()
        };
        for (id, body) in &understood.wanted {
            let before = self.store().address(config.city, id).await?;
            let before = before.filter(|stored| !stored.removed).map(|stored| stored.body);
            if before.as_ref() == Some(body) {
                batch.counts.unchanged += 1;
                continue;
            }
            batch.counts.new += u64::from(before.is_none());
            batch.counts.changed += u64::from(before.is_some());
            batch.addresses.push(PutAddress {
                id: id.clone(),
                expected_version: None,
                body: Some(body.clone()),
            });
        }
        batch.counts.faults = batch.faults.len() as u64;
        Ok(batch)
    }
}

fn read(row: &mut Row<'_>) -> Option<(String, String)> {
    let shape = row.shape()?;
    let weight = match row.get("weight") {
        "" => USUAL_WEIGHT,
        text => text.parse().unwrap_or_else(|_| {
            row.bad("weight", "not_a_number");
            USUAL_WEIGHT
        }),
    };
    let door = row.get("door");
    let address = AddressRow {
        kind: row.get("kind").to_lowercase(),
        name_zh: row.get("name_zh").to_owned(),
        name_en: row.get("name_en").to_owned(),
        aliases: row
            .get("aliases")
            .split(['|', ';', '；'])
            .map(str::trim)
            .filter(|alias| !alias.is_empty())
            .map(str::to_owned)
            .collect(),
        door: (!door.is_empty()).then(|| door.to_owned()),
        area: row.get("area").to_owned(),
        place: wkt::write(&shape),
        weight,
        source: row.get("source").to_owned(),
        valid_from: None,
        valid_until: None,
    };
    let id = row.get("id").to_owned();
    match checked_address(&id, &address) {
        Ok(body) => Some((id, body)),
        Err(problems) => {
            for problem in problems {
                row.problem(problem);
            }
            None
        }
    }
}
