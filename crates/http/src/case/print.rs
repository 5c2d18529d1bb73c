//! The case file as a PDF.

use crate::caller::Caller;
use crate::door::Door;
use crate::error::HttpError;
use crate::extract::Path;
use crate::local_time::LocalTime;
use crate::print::case_file::CaseFile;
use app::App;
use app::attachments::Size;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Photos of one file; the rest is in the system.
const PHOTOS_MAX: usize = 24;
/// A file takes about 0.1 s and 20 MB: two at a time leave room for everything else.
static PRINTING: Semaphore = Semaphore::const_new(2);

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(print_case))
}

/// The case file (案卷) as a PDF in the caller's language: data, filing, clocks, photos, approvals, timeline.
#[utoipa::path(get, path = "/api/cases/{id}/print", tag = "case",
    params(("id" = String, Path, description = "Identity or number of the case", min_length = 2, max_length = 36, pattern = "^(s[0-9]{1,10}|[0-9]{19,20}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$")),
    responses((status = 200, description = "The file", body = String, content_type = "application/pdf")))]
async fn print_case(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, HttpError> {
    let view = app.see_case(&caller.actor, &id).await?;
    let facts = app.see_facts(&caller.actor, &id).await?;
    let number = view.line.number.clone();
    let mut photos = Vec::new();
    for evidence in view.evidence.iter().filter(|e| e.content_type.starts_with("image/")).take(PHOTOS_MAX) {
        // A photo that cannot be read is left out of the paper, not the paper out of the world.
        if let Ok((bytes, _)) =
            app.attachment(&caller.actor, &evidence.attachment, Some(&view.line.id), Size::Thumb).await
        {
            photos.push((evidence.clone(), bytes));
        }
    }
    let config = app.config(caller.actor.city)?;
    let file = CaseFile {
        city: caller.language.pick(&config.settings.name).to_owned(),
        language: caller.language,
        time: LocalTime::of(&config),
        view,
        facts,
        photos,
    };
    app.note_export(&caller.actor, "case file", &number, &caller.address.to_string()).await?;
    let _place = PRINTING.acquire().await.map_err(|_| HttpError::from(app::AppError::Busy))?;
    let made = tokio::task::spawn_blocking(move || file.print()).await;
    let failed = |error: &(dyn std::error::Error + 'static)| {
        tracing::warn!(error, number, "could not print a case file");
        HttpError::new(StatusCode::INTERNAL_SERVER_ERROR, "failed")
    };
    let bytes = match made {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(error)) => return Err(failed(&error)),
        Err(error) => return Err(failed(&error)),
    };
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/pdf"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(value) = HeaderValue::from_str(&format!("inline; filename=\"{number}.pdf\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}
