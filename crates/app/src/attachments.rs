//! Evidence in and out (附件). The original keeps its metadata for the parties of a case; whatever the
//! public can fetch is a copy without any.

use crate::app::App;
use crate::error::{AppError, FieldProblem};
use crate::ports::StoredAttachment;
use crate::secret::hash_secret;
use bytes::Bytes;
use case::{Fact, Stage};
use kernel::{Actor, CityCode, PersonId, Timestamp};
use media::{Limits, Media, MediaRefusal, Picture};
use serde::Serialize;
use tokio::sync::Semaphore;
use utoipa::ToSchema;

/// Longest edge of a thumbnail in pixels: sharp at half a phone's width.
const THUMB_EDGE: u32 = 480;
/// Decoding a photo may take 450 MB: two at a time.
static DECODING: Semaphore = Semaphore::const_new(2);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    Thumb,
    Full,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AttachmentView {
    pub id: String,
    pub content_type: String,
    pub bytes: u64,
    pub width: u32,
    pub height: u32,
    pub shot_at: Option<i64>,
    pub lng: Option<f64>,
    pub lat: Option<f64>,
    /// True when a thumbnail can be fetched.
    pub thumb: bool,
}

/// What one upload becomes.
struct Prepared {
    stored: StoredAttachment,
    extension: &'static str,
    thumb: Option<Vec<u8>>,
    public: Option<Vec<u8>>,
}

/// Where the bytes of an attachment are kept, as they came in.
#[must_use]
pub fn original_key(city: CityCode, id: &str, content_type: &str) -> String {
    let extension = match content_type {
        "image/png" => "png",
        "image/webp" => "webp",
        "video/mp4" => "mp4",
        "video/webm" => "webm",
        "video/quicktime" => "mov",
        _ => "jpg",
    };
    format!("{city}/photos/{}/{id}.{extension}", &id[..2])
}

fn derived_key(city: CityCode, folder: &str, id: &str) -> String {
    format!("{city}/{folder}/{}/{id}.jpg", &id[..2])
}

impl App {
    /// Takes in a photo or short video of a signed-in person.
    ///
    /// # Errors
    /// [`AppError::Invalid`] on field `file` with the reason.
    pub async fn put_attachment(&self, actor: &Actor, bytes: Bytes) -> Result<AttachmentView, AppError> {
        self.take_in(actor.city, actor.person_id(), bytes).await
    }

    /// The same for a citizen without account.
    ///
    /// # Errors
    /// As [`App::put_attachment`].
    pub async fn put_public_attachment(
        &self,
        city: CityCode,
        bytes: Bytes,
    ) -> Result<AttachmentView, AppError> {
        self.take_in(city, None, bytes).await
    }

    async fn take_in(
        &self,
        city: CityCode,
        by: Option<PersonId>,
        bytes: Bytes,
    ) -> Result<AttachmentView, AppError> {
        let config = self.config(city)?;
        let id = media::content_id(&bytes).to_string();
        if let Some(known) = self.store().attachment(city, &id).await? {
            return Ok(view(&known));
        }
        let permit = DECODING.acquire().await.map_err(|_| AppError::Busy)?;
        let (now, zone) = (self.now(), config.calendar.zone().clone());
        let input = bytes.clone();
        let prepared = tokio::task::spawn_blocking(move || prepare(&input, by, now, &zone))
            .await
            .map_err(|_| AppError::invalid("file", "media_damaged"))?
            .map_err(|refusal| AppError::Invalid(vec![media_problem(&refusal)]))?;
        drop(permit);
        let content_type = prepared.stored.content_type.clone();
        debug_assert!(original_key(city, &id, &content_type).ends_with(prepared.extension));
        self.0.blobs.put(&original_key(city, &id, &content_type), bytes, &content_type).await?;
        if let Some(thumb) = prepared.thumb {
            self.0.blobs.put(&derived_key(city, "thumbs", &id), thumb.into(), "image/jpeg").await?;
        }
        if let Some(public) = prepared.public {
            self.0.blobs.put(&derived_key(city, "public", &id), public.into(), &content_type).await?;
        }
        // The row last: an attachment that is known has all its bytes.
        self.store().put_attachment(city, &prepared.stored).await?;
        Ok(view(&prepared.stored))
    }

    /// Bytes and content type of an attachment, for a party of a case that shows it.
    ///
    /// # Errors
    /// [`AppError::NotFound`] unless the caller uploaded it or may see the named case that holds it.
    pub async fn attachment(
        &self,
        actor: &Actor,
        id: &str,
        case: Option<&str>,
        size: Size,
    ) -> Result<(Bytes, String), AppError> {
        let stored = self.known(actor.city, id).await?;
        let own = stored.uploaded_by.is_some() && stored.uploaded_by == actor.person_id();
        if !own {
            let case = case.ok_or(AppError::NotFound("attachment"))?;
            let holder = self.find_case(actor, case).await?;
            self.shown_in(actor.city, holder.case.id, id).await?;
        }
        self.fetch(actor.city, &stored, size, false).await
    }

    /// A copy without metadata for whoever follows the case by its secret link.
    ///
    /// # Errors
    /// [`AppError::NotFound`] when the case does not show it, or it is a video.
    pub async fn public_attachment(
        &self,
        city: CityCode,
        secret: &str,
        id: &str,
        size: Size,
    ) -> Result<(Bytes, String), AppError> {
        let stored = self.known(city, id).await?;
        let case = self.store().case_by_secret(city, &hash_secret(secret)).await?;
        let case = case.ok_or(AppError::NotFound("case"))?;
        match (self.shown_in(city, case.case.id, id).await, &case.case.stage) {
            (Ok(()), _) => {}
            // A joined report shows the result of the case it joined.
            (Err(AppError::NotFound(_)), Stage::Withdrawn { merged_into: Some(into), .. }) => {
                self.replied_in(city, *into, id).await?;
            }
            (Err(other), _) => return Err(other),
        }
        self.fetch(city, &stored, size, true).await
    }

    /// A copy without metadata of a photo that the reporter agreed to show to everybody.
    ///
    /// # Errors
    /// [`AppError::NotFound`] for any other.
    pub async fn open_photo(
        &self,
        city: CityCode,
        number: &str,
        id: &str,
        size: Size,
    ) -> Result<(Bytes, String), AppError> {
        let case = self.store().case_by_number(city, number).await?.ok_or(AppError::NotFound("case"))?.case;
        let reporter = self.store().reporter(city, case.id).await?;
        if !crate::public::open_photos(&case, reporter.as_ref()).iter().any(|photo| photo == id) {
            return Err(AppError::NotFound("attachment"));
        }
        let stored = self.known(city, id).await?;
        self.fetch(city, &stored, size, true).await
    }

    /// Bytes of an attachment whose right to be seen was proved elsewhere.
    pub(crate) async fn attachment_bytes(
        &self,
        city: CityCode,
        id: &str,
        size: Size,
    ) -> Result<(Bytes, String), AppError> {
        let stored = self.known(city, id).await?;
        self.fetch(city, &stored, size, false).await
    }

    async fn replied_in(&self, city: CityCode, case: kernel::CaseId, id: &str) -> Result<(), AppError> {
        let facts = self.store().facts(city, case).await?;
        let mut replies = facts.iter().filter(|record| matches!(record.fact, Fact::Replied { .. }));
        let shown = replies.any(|record| {
            crate::see_case::evidence_of(&record.fact).iter().any(|item| item.attachment.as_str() == id)
        });
        if shown { Ok(()) } else { Err(AppError::NotFound("attachment")) }
    }

    async fn known(&self, city: CityCode, id: &str) -> Result<StoredAttachment, AppError> {
        let plain = id.len() == 64 && id.bytes().all(|b| b.is_ascii_hexdigit());
        let found = if plain { self.store().attachment(city, id).await? } else { None };
        found.ok_or(AppError::NotFound("attachment"))
    }

    async fn shown_in(&self, city: CityCode, case: kernel::CaseId, id: &str) -> Result<(), AppError> {
        let facts = self.store().facts(city, case).await?;
        let mut shown = facts.iter().flat_map(|record| crate::see_case::evidence_of(&record.fact));
        if shown.any(|item| item.attachment.as_str() == id) {
            Ok(())
        } else {
            Err(AppError::NotFound("attachment"))
        }
    }

    async fn fetch(
        &self,
        city: CityCode,
        stored: &StoredAttachment,
        size: Size,
        public: bool,
    ) -> Result<(Bytes, String), AppError> {
        let photo = stored.content_type.starts_with("image/");
        let (key, content_type) = match (size, photo) {
            (Size::Thumb, true) => (derived_key(city, "thumbs", &stored.id), "image/jpeg".to_owned()),
            (Size::Full, true) if public => {
                (derived_key(city, "public", &stored.id), stored.content_type.clone())
            }
            (_, false) if public => return Err(AppError::NotFound("attachment")),
            _ => (original_key(city, &stored.id, &stored.content_type), stored.content_type.clone()),
        };
        let bytes = self.0.blobs.get(&key).await?.ok_or(AppError::NotFound("attachment"))?;
        Ok((bytes, content_type))
    }
}

fn prepare(
    bytes: &[u8],
    by: Option<PersonId>,
    now: Timestamp,
    zone: &kernel::calendar::Zone,
) -> Result<Prepared, MediaRefusal> {
    let limits = Limits::STANDARD;
    let mut stored = StoredAttachment {
        id: media::content_id(bytes).to_string(),
        content_type: String::new(),
        bytes: bytes.len() as u64,
        width: 0,
        height: 0,
        shot_at: None,
        lng: None,
        lat: None,
        photo_hash: None,
        uploaded_by: by,
        uploaded_at: now,
    };
    match media::inspect(bytes, &limits)? {
        Media::Photo(photo) => {
            let picture = Picture::decode(bytes, &limits)?;
            stored.content_type = photo.format.content_type().to_owned();
            (stored.width, stored.height) = (photo.width, photo.height);
            let tz = jiff::tz::TimeZone::get(zone.name()).ok();
            stored.shot_at = photo.shot_at.zip(tz).and_then(|(shot, tz)| shot.in_zone(&tz));
            stored.lng = photo.position.map(|p| p.lng());
            stored.lat = photo.position.map(|p| p.lat());
            stored.photo_hash = Some(picture.hash().0);
            let thumb = picture.thumbnail(THUMB_EDGE)?.into_bytes();
            let public = media::strip(bytes)?.into_bytes();
            Ok(Prepared {
                stored,
                extension: photo.format.extension(),
                thumb: Some(thumb),
                public: Some(public),
            })
        }
        Media::Video(video) => {
            stored.content_type = video.format.content_type().to_owned();
            stored.shot_at = video.shot_at;
            stored.lng = video.position.map(|p| p.lng());
            stored.lat = video.position.map(|p| p.lat());
            Ok(Prepared { stored, extension: video.format.extension(), thumb: None, public: None })
        }
    }
}

fn media_problem(refusal: &MediaRefusal) -> FieldProblem {
    FieldProblem::new("file", refusal.code()).with("why", refusal.to_string())
}

fn view(stored: &StoredAttachment) -> AttachmentView {
    AttachmentView {
        id: stored.id.clone(),
        content_type: stored.content_type.clone(),
        bytes: stored.bytes,
        width: stored.width,
        height: stored.height,
        shot_at: stored.shot_at.map(Timestamp::millis),
        lng: stored.lng,
        lat: stored.lat,
        thumb: stored.content_type.starts_with("image/"),
    }
}
