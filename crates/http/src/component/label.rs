//! The QR code on a component's label: whoever scans it sees the public card and can report this very component.

use crate::caller::Caller;
use crate::door::Door;
use crate::error::HttpError;
use crate::extract::Path;
use app::App;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(component_qr))
}

/// The QR code of a component as a picture. Its link is the `link` of the card.
#[utoipa::path(get, path = "/api/components/{code}/qr.svg", tag = "components",
    params(("code" = String, Path, min_length = 16, max_length = 17, pattern = "^[0-9]{16,17}$")),
    responses((status = 200, description = "A picture", content_type = "image/svg+xml", body = String)))]
async fn component_qr(
    State(app): State<App>,
    caller: Caller,
    Path(code): Path<String>,
) -> Result<Response, HttpError> {
    let link = app.component_label(&caller.actor, &code).await?;
    let picture = picture(&link).ok_or_else(HttpError::not_found)?;
    let mut response = picture.into_response();
    let out = response.headers_mut();
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static("image/svg+xml"));
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=86400"));
    Ok(response)
}

/// Labels are scratched and dirty: a quarter of the picture may be missing.
fn picture(link: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(link, EcLevel::Q).ok()?;
    Some(code.render::<svg::Color<'_>>().min_dimensions(240, 240).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_one_picture_with_a_margin() {
        let svg = picture("https://city.test/citizen/c/99010101037000001?city=990100").expect("it fits");
        assert!(svg.starts_with("<?xml") && svg.contains("<svg") && svg.ends_with("</svg>"));
        assert!(picture(&"x".repeat(5_000)).is_none(), "what does not fit is no code");
    }
}
