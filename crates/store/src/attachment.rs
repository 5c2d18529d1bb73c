//! What is known of stored photos, videos and documents; their bytes are in [`crate::blob`].

use crate::Store;
use crate::db::Doing;
use crate::read::{city_code, whole};
use crate::statement::{ATTACHMENT, ATTACHMENTS_AFTER, PUT_ATTACHMENT};
use crate::value::{Row, values};
use app::ports::{StoreError, StoredAttachment};
use kernel::{CityCode, PersonId, Timestamp};

impl Store {
    /// The same bytes again change nothing: the first upload stands.
    pub(crate) async fn put_attachment(
        &self,
        city: CityCode,
        attachment: &StoredAttachment,
    ) -> Result<(), StoreError> {
        let one = attachment.clone();
        let values = values![
            city,
            one.id,
            one.content_type,
            one.bytes.cast_signed(),
            one.width,
            one.height,
            one.shot_at.map(Timestamp::millis),
            one.lng,
            one.lat,
            one.photo_hash.map(u64::cast_signed),
            one.uploaded_by.map(|person| i64::from(person.0)),
            one.uploaded_at,
        ];
        self.run(PUT_ATTACHMENT, values, "put an attachment").await
    }

    /// Every attachment of every city after `after` (city and id of the last one of the page before), with its
    /// content type; at most 1,000.
    pub async fn attachments_after(
        &self,
        after: Option<&(CityCode, String)>,
    ) -> Result<Vec<(CityCode, String, String)>, StoreError> {
        let doing = "list attachments";
        let (city, id) = after.map_or((0, ""), |(city, id)| (i64::from(city.get()), id.as_str()));
        let rows = self.reader().await?.rows(ATTACHMENTS_AFTER, values![city, id]).await.doing(doing)?;
        let read = |row: &Row| -> Result<_, StoreError> {
            let city = city_code("attachments", row.int(0).doing(doing)?)?;
            Ok((city, row.text(1).doing(doing)?, row.text(2).doing(doing)?))
        };
        rows.iter().map(read).collect()
    }

    pub(crate) async fn attachment(
        &self,
        city: CityCode,
        id: &str,
    ) -> Result<Option<StoredAttachment>, StoreError> {
        let row =
            self.reader().await?.row(ATTACHMENT, values![city, id]).await.doing("read an attachment")?;
        row.as_ref().map(|row| stored_attachment(id, row)).transpose()
    }
}

/// Columns: id, content_type, bytes, width, height, shot_at, lng, lat, photo_hash, uploaded_by, uploaded_at.
fn stored_attachment(id: &str, row: &Row) -> Result<StoredAttachment, StoreError> {
    let doing = "read an attachment";
    let small =
        |column: usize| row.int(column).doing(doing).and_then(|value| whole("attachments", id, value));
    let uploaded_by = row.opt_int(9).doing(doing)?;
    Ok(StoredAttachment {
        id: row.text(0).doing(doing)?,
        content_type: row.text(1).doing(doing)?,
        bytes: row.int(2).doing(doing)?.cast_unsigned(),
        width: small(3)?,
        height: small(4)?,
        shot_at: row.opt_int(5).doing(doing)?.map(Timestamp),
        lng: row.opt_real(6).doing(doing)?,
        lat: row.opt_real(7).doing(doing)?,
        photo_hash: row.opt_int(8).doing(doing)?.map(i64::cast_unsigned),
        uploaded_by: uploaded_by.map(|person| whole("attachments", id, person).map(PersonId)).transpose()?,
        uploaded_at: Timestamp(row.int(10).doing(doing)?),
    })
}
