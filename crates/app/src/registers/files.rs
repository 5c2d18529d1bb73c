//! Photos and papers of entries: shown to whoever may see the entry, personal ones to whom the pack says.

use super::sees_personal;
use crate::app::App;
use crate::attachments::Size;
use crate::error::AppError;
use bytes::Bytes;
use kernel::Actor;

/// Bytes of an attachment with their content type.
pub type EntryFiles = (Bytes, String);

impl App {
    /// An attachment of an entry, its inspections or its offences.
    ///
    /// # Errors
    /// [`AppError::NotFound`] when the entry does not show it, or not to this caller.
    pub async fn entry_attachment(
        &self,
        actor: &Actor,
        register: &str,
        code: &str,
        id: &str,
        size: Size,
    ) -> Result<EntryFiles, AppError> {
        let (config, register) = self.register_for(actor, register)?;
        let entry = self.entry(actor, &config, &register, code).await?;
        let personal = sees_personal(actor, &register);
        let body = &entry.body;
        let in_fields = register
            .fields
            .iter()
            .filter(|field| personal || !field.personal)
            .filter_map(|field| body.fields.get(&field.id)?.as_array())
            .flatten()
            .any(|value| value.as_str() == Some(id));
        let in_papers = body.documents.iter().any(|held| held.file.as_deref() == Some(id));
        let cell = self.book(actor.city, &register.id).await?;
        let in_records = {
            let book = cell.book.read();
            let inspections = book.inspections.get(code).into_iter().flatten();
            let offences = book.offences.get(code).into_iter().flatten();
            inspections
                .flat_map(|one| &one.answers)
                .flat_map(|answer| &answer.photos)
                .chain(offences.flat_map(|one| &one.photos))
                .any(|photo| photo == id)
        };
        let in_photos = body.photos.iter().any(|photo| photo == id);
        if !(in_fields || in_papers || in_records || in_photos) {
            return Err(AppError::NotFound("attachment"));
        }
        self.attachment_bytes(actor.city, id, size).await
    }
}
