//! Reporting through Open311: a form post, with files when it is multipart.

use crate::attachment::UPLOAD_MAX;
use crate::caller::Guest;
use crate::door::Door;
use crate::error::HttpError;
use crate::extract::{essence, read, too_large_or_broken};
use crate::limit::Doing;
use crate::open311::answer::{Errors, Format, document};
use crate::open311::document::Piece;
use crate::open311::form::Posted;
use crate::open311::services::city_of;
use app::public::PublicReportIn;
use app::step::{PlaceIn, ReporterIn};
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use case::Source;
use utoipa::ToSchema;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

/// Files of one report.
const MEDIA_MAX: usize = 3;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(submit_xml).layer(DefaultBodyLimit::max(UPLOAD_MAX)))
        .routes(routes!(submit_json).layer(DefaultBodyLimit::max(UPLOAD_MAX)))
}

/// The form of a report. `lat` and `long`, or `address_string`, or `address_id` must be there; answers to
/// the service's questions come as `attribute[CODE]`.
#[derive(ToSchema)]
#[allow(dead_code)] // Describes the form; it is read field by field.
struct ReportForm {
    #[schema(max_length = 200)]
    api_key: Option<String>,
    #[schema(max_length = 60)]
    service_code: String,
    #[schema(minimum = -90, maximum = 90)]
    lat: Option<f64>,
    #[schema(minimum = -180, maximum = 180)]
    long: Option<f64>,
    #[schema(max_length = 200)]
    address_string: Option<String>,
    #[schema(max_length = 200)]
    address_id: Option<String>,
    #[schema(max_length = 4000)]
    description: Option<String>,
    #[schema(max_length = 120)]
    email: Option<String>,
    #[schema(max_length = 30)]
    first_name: Option<String>,
    #[schema(max_length = 30)]
    last_name: Option<String>,
    #[schema(max_length = 30)]
    phone: Option<String>,
    #[schema(max_length = 2000)]
    media_url: Option<String>,
}

/// Reports a problem (XML answer).
#[utoipa::path(post, path = "/open311/v2/requests.xml", tag = "open311",
    request_body(content((ReportForm = "application/x-www-form-urlencoded"), (ReportForm = "multipart/form-data"))),
    responses((status = 201, body = String, content_type = "text/xml"), (status = "4XX", description = "Errors", body = String, content_type = "text/xml")))]
async fn submit_xml(State(door): State<Door>, guest: Result<Guest, HttpError>, request: Request) -> Response {
    submitted(&door, guest, request, Format::Xml).await
}

/// Reports a problem (JSON answer).
#[utoipa::path(post, path = "/open311/v2/requests.json", tag = "open311",
    request_body(content((ReportForm = "application/x-www-form-urlencoded"), (ReportForm = "multipart/form-data"))),
    responses((status = 201, body = serde_json::Value), (status = "4XX", description = "Errors", body = serde_json::Value)))]
async fn submit_json(
    State(door): State<Door>,
    guest: Result<Guest, HttpError>,
    request: Request,
) -> Response {
    submitted(&door, guest, request, Format::Json).await
}

async fn submitted(
    door: &Door,
    guest: Result<Guest, HttpError>,
    request: Request,
    format: Format,
) -> Response {
    match submit(door, guest, request).await {
        Ok(piece) => document(StatusCode::CREATED, format, "service_requests", &piece),
        Err(errors) => errors.answer(format),
    }
}

async fn submit(door: &Door, guest: Result<Guest, HttpError>, request: Request) -> Result<Piece, Errors> {
    let guest = guest?;
    door.limit(Doing::PublicReport, guest.visitor())?;
    let (fields, files) = read_form(door, request).await?;
    let posted = Posted::read(&fields)?;
    let city = city_of(door, &guest, posted.jurisdiction.as_deref())?;
    check_key(door, posted.api_key.as_deref()).await?;
    let services = door.app.public_services(city)?;
    if !services.iter().any(|service| service.code == posted.service_code) {
        return Err(Errors::unknown("service_code provided was not found"));
    }
    let mut photos = Vec::new();
    for bytes in files {
        photos.push(door.app.put_public_attachment(city, bytes).await?.id);
    }
    let report = report_of(posted, photos, &guest);
    let done = door.app.public_report(city, report, Source::Open311).await?;
    let one = Piece::Object(vec![
        ("service_request_id", Piece::text(done.number)),
        ("service_notice", Piece::Text(done.follow_url)),
        ("account_id", Piece::Nothing),
    ]);
    Ok(Piece::List("request", vec![one]))
}

fn report_of(posted: Posted, photos: Vec<String>, guest: &Guest) -> PublicReportIn {
    let name = posted.name();
    let mut attributes = posted.attributes;
    // Addresses on other servers are noted, never fetched.
    if !posted.media_url.is_empty() {
        attributes.insert("media_url".to_owned(), posted.media_url);
    }
    PublicReportIn {
        id: uuid::Uuid::now_v7(),
        text: posted.description,
        place: PlaceIn { lng: posted.lng, lat: posted.lat, address: posted.address },
        component: None,
        class: Some(posted.service_code),
        photos,
        // Open311 is an open register: who posts there agrees that everybody reads the report, never who made it.
        reporter: Some(ReporterIn {
            name,
            phone: posted.phone,
            email: posted.email,
            language: guest.language.as_str().to_owned(),
            public: true,
            ..ReporterIn::default()
        }),
        attributes,
        urgent: false,
        secret: None,
    }
}

/// A key is an API token of a person of the city.
async fn check_key(door: &Door, key: Option<&str>) -> Result<(), Errors> {
    if !door.options.open311_key_required {
        return Ok(());
    }
    let refused = |why: &str| Errors::one(StatusCode::FORBIDDEN, why);
    let key = key.ok_or_else(|| refused("api_key was not provided"))?;
    match door.app.actor_for(key).await {
        Ok(_) => Ok(()),
        Err(app::AppError::NotSignedIn) => Err(refused("api_key is not valid")),
        Err(other) => Err(other.into()),
    }
}

type Form = (Vec<(String, String)>, Vec<Bytes>);

async fn read_form(door: &Door, request: Request) -> Result<Form, Errors> {
    match essence(request.headers()).as_str() {
        "application/x-www-form-urlencoded" => {
            let bytes = read(request, door).await?;
            let fields =
                form_urlencoded::parse(&bytes).map(|(name, value)| (name.into_owned(), value.into_owned()));
            Ok((fields.collect(), Vec::new()))
        }
        "multipart/form-data" => read_parts(door, request).await,
        _ => Err(Errors::bad("send a form: application/x-www-form-urlencoded or multipart/form-data")),
    }
}

async fn read_parts(door: &Door, request: Request) -> Result<Form, Errors> {
    let broken = |status| Errors::from(too_large_or_broken(status));
    let mut form = Multipart::from_request(request, door).await.map_err(|e| broken(e.status()))?;
    let (mut fields, mut files) = (Vec::new(), Vec::new());
    while let Some(part) = form.next_field().await.map_err(|e| broken(e.status()))? {
        let name: String = part.name().unwrap_or_default().chars().take(200).collect();
        if part.file_name().is_some() {
            let bytes = part.bytes().await.map_err(|e| broken(e.status()))?;
            if files.len() >= MEDIA_MAX {
                return Err(Errors::bad(format!("at most {MEDIA_MAX} files")));
            }
            if !bytes.is_empty() {
                files.push(bytes);
            }
        } else {
            fields.push((name, part.text().await.map_err(|e| broken(e.status()))?));
        }
    }
    Ok((fields, files))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    #[test]
    fn a_posted_report_becomes_ours_and_its_media_address_is_only_noted() {
        let fields = [
            ("service_code", "2026-event-01001"),
            ("lat", "42.3"),
            ("long", "-71.0"),
            ("description", "x"),
            ("media_url", "http://10.0.0.1/a.jpg"),
            ("email", "a@b.cn"),
        ];
        let fields: Vec<_> = fields.map(|(k, v)| (k.to_owned(), v.to_owned())).into();
        let guest = Guest {
            city: kernel::CityCode::new(990_100).unwrap(),
            language: Language::En,
            address: std::net::Ipv4Addr::LOCALHOST.into(),
        };
        let report = report_of(Posted::read(&fields).unwrap(), vec![], &guest);
        assert_eq!((report.place.lat, report.place.lng), (Some(42.3), Some(-71.0)));
        assert_eq!(report.attributes["media_url"], "http://10.0.0.1/a.jpg");
        let reporter = report.reporter.unwrap();
        assert_eq!((reporter.language.as_str(), reporter.public), ("en", true));
    }
}
