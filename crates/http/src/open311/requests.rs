//! Reading requests: the cases of a city without anyone's personal data.

use crate::attachment::{SizeWord, bytes_answer};
use crate::caller::Guest;
use crate::door::Door;
use crate::error::HttpError;
use crate::extract::{Path, Query};
use crate::language::Language;
use crate::local_time::LocalTime;
use crate::open311::answer::{Errors, Format, answer};
use crate::open311::document::Piece;
use crate::open311::services::city_of;
use app::attachments::Size;
use app::public::{PublicRequest, PublicRequestQuery};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use kernel::{CityCode, Millis, Timestamp};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Of the specification: what is answered when no dates are asked for.
const DEFAULT_SPAN: Millis = Millis::days(90);
/// Of the specification: most requests in one answer.
const PAGE_MAX: usize = 1_000;
const PAGE_DEFAULT: usize = 100;
/// Paging further than this is what dates are for.
const OFFSET_MAX: usize = 100_000;
const MEDIA_KEPT: &str = "public, max-age=3600";

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(requests_xml))
        .routes(routes!(requests_json))
        .routes(routes!(one_request))
        .routes(routes!(token))
        .routes(routes!(media))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Asked {
    #[param(max_length = 100)]
    jurisdiction_id: Option<String>,
    /// Numbers separated by commas; overrides everything else.
    #[param(max_length = 30_000)]
    service_request_id: Option<String>,
    /// Codes separated by commas.
    #[param(max_length = 2_000)]
    service_code: Option<String>,
    /// Reported at or after; RFC 3339.
    #[param(max_length = 40)]
    start_date: Option<String>,
    /// Reported before; RFC 3339.
    #[param(max_length = 40)]
    end_date: Option<String>,
    #[param(max_length = 40)]
    updated_after: Option<String>,
    #[param(max_length = 40)]
    updated_before: Option<String>,
    /// `open`, `closed`, or both separated by a comma.
    #[param(max_length = 20)]
    status: Option<String>,
    /// From 1.
    #[param(max_length = 10)]
    page: Option<String>,
    /// At most 1,000.
    #[param(max_length = 10)]
    page_size: Option<String>,
}

fn list(text: Option<&str>) -> Vec<String> {
    let parts = text.unwrap_or_default().split(',').map(str::trim).filter(|part| !part.is_empty());
    parts.take(PAGE_MAX).map(str::to_owned).collect()
}

/// Understands the question, or says everything that is wrong with it.
fn understand(asked: &Asked, time: &LocalTime, now: Timestamp) -> Result<PublicRequestQuery, Errors> {
    let mut wrong = Vec::new();
    let mut date = |name: &str, text: &Option<String>| -> Option<Timestamp> {
        let text = text.as_deref().map(str::trim).filter(|text| !text.is_empty())?;
        let read = time.read(text).map(Timestamp);
        if read.is_none() {
            wrong.push(format!("{name} is not a date of RFC 3339"));
        }
        read
    };
    let (mut from, to) = (date("start_date", &asked.start_date), date("end_date", &asked.end_date));
    let updated_from = date("updated_after", &asked.updated_after);
    let updated_to = date("updated_before", &asked.updated_before);
    let mut number = |name: &str, text: &Option<String>, otherwise: usize, max: usize| -> usize {
        let Some(text) = text.as_deref().map(str::trim).filter(|text| !text.is_empty()) else {
            return otherwise;
        };
        match text.parse::<usize>() {
            Ok(number) if (1..=max).contains(&number) => number,
            _ => {
                wrong.push(format!("{name} must be a number from 1 to {max}"));
                otherwise
            }
        }
    };
    let limit = number("page_size", &asked.page_size, PAGE_DEFAULT, PAGE_MAX);
    let page = number("page", &asked.page, 1, OFFSET_MAX / limit + 1);
    let statuses = list(asked.status.as_deref());
    if statuses.iter().any(|status| status != "open" && status != "closed") {
        wrong.push("status must be open or closed".to_owned());
    }
    if !wrong.is_empty() {
        return Err(Errors { status: axum::http::StatusCode::BAD_REQUEST, descriptions: wrong });
    }
    let any_date = from.or(to).or(updated_from).or(updated_to).is_some();
    if from.is_none() && updated_from.is_none() {
        from = Some(to.filter(|_| any_date).unwrap_or(now) - DEFAULT_SPAN);
    }
    let both = statuses.iter().any(|s| s == "open") && statuses.iter().any(|s| s == "closed");
    Ok(PublicRequestQuery {
        ids: list(asked.service_request_id.as_deref()),
        service_codes: list(asked.service_code.as_deref()),
        from,
        to,
        updated_from,
        updated_to,
        open: if both { None } else { statuses.first().map(|status| status == "open") },
        q: None,
        offset: (page - 1) * limit,
        limit,
    })
}

/// Requests (XML), newest first; the last 90 days unless dates are given.
#[utoipa::path(get, path = "/open311/v2/requests.xml", tag = "open311", params(Asked),
    responses((status = 414, description = "The address is longer than 64 kB"), (status = 200, body = String, content_type = "text/xml"), (status = "4XX", description = "Errors", body = String, content_type = "text/xml")))]
async fn requests_xml(
    State(door): State<Door>,
    guest: Result<Guest, HttpError>,
    query: Result<Query<Asked>, HttpError>,
) -> Response {
    listed(&door, guest, query, Format::Xml).await
}

/// Requests (JSON), newest first; the last 90 days unless dates are given.
#[utoipa::path(get, path = "/open311/v2/requests.json", tag = "open311", params(Asked),
    responses((status = 414, description = "The address is longer than 64 kB"), (status = 200, body = serde_json::Value), (status = "4XX", description = "Errors", body = serde_json::Value)))]
async fn requests_json(
    State(door): State<Door>,
    guest: Result<Guest, HttpError>,
    query: Result<Query<Asked>, HttpError>,
) -> Response {
    listed(&door, guest, query, Format::Json).await
}

async fn listed(
    door: &Door,
    guest: Result<Guest, HttpError>,
    query: Result<Query<Asked>, HttpError>,
    format: Format,
) -> Response {
    match find(door, guest, query).await {
        Ok((piece, total)) => {
            let mut response = answer(format, "service_requests", Ok(piece));
            response.headers_mut().insert("x-total-count", HeaderValue::from(total));
            response
        }
        Err(errors) => errors.answer(format),
    }
}

async fn find(
    door: &Door,
    guest: Result<Guest, HttpError>,
    query: Result<Query<Asked>, HttpError>,
) -> Result<(Piece, u32), Errors> {
    let (guest, Query(asked)) = (guest?, query?);
    let city = city_of(door, &guest, asked.jurisdiction_id.as_deref())?;
    let time = LocalTime::of(&*door.app.config(city)?);
    let question = understand(&asked, &time, door.app.now())?;
    let (found, total) = door.app.public_requests(city, &question).await?;
    let pieces =
        found.iter().map(|request| request_piece(request, &time, guest.language, &base(door))).collect();
    Ok((Piece::List("request", pieces), total))
}

/// One request, still in a list; `file` is its number and `.xml` or `.json`.
#[utoipa::path(get, path = "/open311/v2/requests/{file}", tag = "open311",
    params(("file" = String, Path, max_length = 60, pattern = "\\.(xml|json)$")),
    responses((status = 200, description = "A list of one", content((String = "text/xml"), (serde_json::Value = "application/json"))),
        (status = "4XX", description = "Errors", content((String = "text/xml"), (serde_json::Value = "application/json")))))]
async fn one_request(
    State(door): State<Door>,
    guest: Result<Guest, HttpError>,
    Path(file): Path<String>,
) -> Response {
    let found = async {
        let guest = guest?;
        let (request, time) = by_name(&door, guest.city, &file).await?;
        Ok(Piece::List("request", vec![request_piece(&request, &time, guest.language, &base(&door))]))
    };
    answer(Format::of(&file), "service_requests", found.await)
}

/// The request a token stands for. Numbers are given at once here, so a token is a case's identity.
#[utoipa::path(get, path = "/open311/v2/tokens/{file}", tag = "open311",
    params(("file" = String, Path, max_length = 60, pattern = "\\.(xml|json)$")),
    responses((status = 200, description = "A list of one", content((String = "text/xml"), (serde_json::Value = "application/json"))),
        (status = "4XX", description = "Errors", content((String = "text/xml"), (serde_json::Value = "application/json")))))]
async fn token(
    State(door): State<Door>,
    guest: Result<Guest, HttpError>,
    Path(file): Path<String>,
) -> Response {
    let found = async {
        let (request, _) = by_name(&door, guest?.city, &file).await?;
        let name = Format::split(&file).map_or("", |(name, _)| name);
        let one = Piece::Object(vec![
            ("service_request_id", Piece::text(request.number)),
            ("token", Piece::text(name)),
        ]);
        Ok(Piece::List("request", vec![one]))
    };
    answer(Format::of(&file), "service_requests", found.await)
}

async fn by_name(door: &Door, city: CityCode, file: &str) -> Result<(PublicRequest, LocalTime), Errors> {
    let unknown = || Errors::unknown("service_request_id provided was not found");
    let (id, _) = Format::split(file).ok_or_else(unknown)?;
    let question = PublicRequestQuery { ids: vec![id.to_owned()], limit: 1, ..PublicRequestQuery::default() };
    let (mut found, _) = door.app.public_requests(city, &question).await?;
    let time = LocalTime::of(&*door.app.config(city)?);
    Ok((found.pop().ok_or_else(unknown)?, time))
}

/// A photo of a request whose reporter agreed to show it, without metadata.
#[utoipa::path(get, path = "/open311/v2/media/{number}/{id}", tag = "open311",
    params(("number" = String, Path, max_length = 20, pattern = "^[0-9]+$"),
        ("id" = String, Path, min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$")),
    responses((status = 200, description = "Photo", content((String = "image/jpeg"), (String = "image/png"), (String = "image/webp"))),
        (status = 206, description = "The part asked for", content((String = "image/jpeg"), (String = "image/png"), (String = "image/webp"))),
        (status = 304, description = "As the caller has it")))]
async fn media(
    State(door): State<Door>,
    guest: Guest,
    headers: HeaderMap,
    Path((number, id)): Path<(String, String)>,
) -> Result<Response, HttpError> {
    let (bytes, kind) = door.app.open_photo(guest.city, &number, &id, Size::Full).await?;
    let mut response = bytes_answer(&headers, &id, SizeWord::Full, bytes, &kind);
    // Consent may be withdrawn: no cache keeps a photo for longer than this.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(MEDIA_KEPT));
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    Ok(response)
}

fn base(door: &Door) -> String {
    format!("{}/open311/v2/media", door.options.public_url)
}

fn request_piece(request: &PublicRequest, time: &LocalTime, language: Language, media: &str) -> Piece {
    let photo = |id: &String| Piece::Text(format!("{media}/{}/{id}", request.number));
    let moment = |at: Timestamp| Piece::Text(time.rfc3339(at.millis()));
    let mut fields = vec![
        ("service_request_id", Piece::text(request.number.clone())),
        ("status", Piece::text(if request.open { "open" } else { "closed" })),
        ("status_notes", Piece::words(&request.status_notes)),
        ("service_name", Piece::text(language.pick(&request.service_name))),
        ("service_code", Piece::optional(request.service_code.clone())),
        ("description", Piece::words(&request.description)),
        (
            "agency_responsible",
            request.agency.as_ref().map_or(Piece::Nothing, |a| Piece::words(language.pick(a))),
        ),
        ("service_notice", Piece::Nothing),
        ("requested_datetime", moment(request.requested_at)),
        ("updated_datetime", moment(request.updated_at)),
        ("expected_datetime", request.expected_at.map_or(Piece::Nothing, moment)),
        ("address", Piece::words(&request.address)),
        ("address_id", Piece::optional(request.grid.clone())),
        ("zipcode", Piece::Nothing),
        ("lat", request.lat.map_or(Piece::Nothing, Piece::Number)),
        ("long", request.lng.map_or(Piece::Nothing, Piece::Number)),
        ("media_url", request.photos.first().map_or(Piece::Nothing, photo)),
    ];
    // The specification has room for one picture; more go where its extensions go.
    if request.photos.len() > 1 {
        let photos = request.photos.iter().map(|id| Piece::Object(vec![("media_url", photo(id))]));
        let photos = Piece::List("photo", photos.collect());
        fields.push(("extended_attributes", Piece::Object(vec![("photos", photos)])));
    }
    Piece::Object(fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::open311::document::{to_json, to_xml};
    use app::view::Words;
    use serde_json::json;

    const NOW: Timestamp = Timestamp(1_795_307_400_000);

    fn time() -> LocalTime {
        LocalTime::new("Asia/Shanghai")
    }

    #[test]
    fn ninety_days_unless_dates_are_given() {
        let default = understand(&Asked::default(), &time(), NOW).unwrap();
        assert_eq!(
            (default.from, default.to, default.limit, default.offset),
            (Some(NOW - DEFAULT_SPAN), None, 100, 0)
        );
        let from = Asked { start_date: Some("2026-01-01T00:00:00 08:00".into()), ..Asked::default() };
        let asked = understand(&from, &time(), NOW).unwrap();
        assert_eq!(asked.from.map(Timestamp::millis), time().read("2026-01-01"));
        let to = Asked { end_date: Some("2026-01-01".into()), ..Asked::default() };
        let asked = understand(&to, &time(), NOW).unwrap();
        assert_eq!(asked.to.unwrap() - asked.from.unwrap(), DEFAULT_SPAN);
        let updated = Asked { updated_after: Some("2020-01-01".into()), ..Asked::default() };
        assert_eq!(understand(&updated, &time(), NOW).unwrap().from, None);
    }

    #[test]
    fn pages_statuses_and_lists() {
        let asked = Asked {
            page: Some("3".into()),
            page_size: Some("50".into()),
            status: Some("open, closed".into()),
            service_request_id: Some("1,2,,3 ".into()),
            ..Asked::default()
        };
        let asked = understand(&asked, &time(), NOW).unwrap();
        assert_eq!((asked.offset, asked.limit, asked.open), (100, 50, None));
        assert_eq!(asked.ids, ["1", "2", "3"]);
        let closed = Asked { status: Some("closed".into()), ..Asked::default() };
        assert_eq!(understand(&closed, &time(), NOW).unwrap().open, Some(false));
    }

    #[test]
    fn everything_wrong_with_a_question_is_said() {
        let asked = Asked {
            start_date: Some("soon".into()),
            page: Some("0".into()),
            page_size: Some("1001".into()),
            status: Some("fixed".into()),
            ..Asked::default()
        };
        assert_eq!(understand(&asked, &time(), NOW).unwrap_err().descriptions.len(), 4);
    }

    #[test]
    fn a_request_has_every_element_and_no_person() {
        let request = PublicRequest {
            id: kernel::CaseId(uuid::Uuid::nil()),
            number: "9901002026112200001".into(),
            open: true,
            status_notes: String::new(),
            service_code: None,
            service_name: Words { zh: "未分类".into(), en: "Not classified yet".into() },
            description: "井盖 < 破损".into(),
            agency: None,
            requested_at: NOW,
            updated_at: NOW,
            expected_at: None,
            address: "中山路 1 号".into(),
            grid: None,
            lng: Some(-71.058_7),
            lat: Some(42.359_4),
            photos: vec!["aa".into(), "bb".into()],
        };
        let at = "https://city.test/open311/v2/media";
        let piece = Piece::List("request", vec![request_piece(&request, &time(), Language::Zh, at)]);
        let xml = String::from_utf8(to_xml("service_requests", &piece).unwrap()).unwrap();
        let elements = [
            "service_request_id",
            "status",
            "status_notes",
            "service_name",
            "service_code",
            "description",
            "agency_responsible",
            "service_notice",
            "requested_datetime",
            "updated_datetime",
            "expected_datetime",
            "address",
            "address_id",
            "zipcode",
            "lat",
            "long",
            "media_url",
        ];
        for element in elements {
            assert!(xml.contains(&format!("<{element}")), "{element} in {xml}");
        }
        for person in ["first_name", "last_name", "email", "phone"] {
            assert!(!xml.contains(person));
        }
        let json: serde_json::Value = serde_json::from_slice(&to_json(&piece)).unwrap();
        assert!(json[0]["service_request_id"].is_string() && json[0]["long"].is_number());
        assert_eq!(json[0]["requested_datetime"], "2026-11-22T08:30:00+08:00");
        let photo = |id: &str| format!("{at}/9901002026112200001/{id}");
        assert_eq!(json[0]["media_url"], photo("aa"));
        assert_eq!(json[0]["extended_attributes"]["photos"][1]["media_url"], photo("bb"));
        assert!(
            xml.contains(&format!("<photos><photo><media_url>{}</media_url></photo>", photo("aa"))),
            "{xml}"
        );
        // One picture needs no extension, none leaves the element empty.
        for (photos, media) in [(vec!["aa".to_owned()], json!(photo("aa"))), (Vec::new(), json!(null))] {
            let piece =
                request_piece(&PublicRequest { photos, ..request.clone() }, &time(), Language::Zh, at);
            let json: serde_json::Value = serde_json::from_slice(&to_json(&piece)).unwrap();
            assert_eq!((&json["media_url"], json.get("extended_attributes")), (&media, None));
        }
    }
}
