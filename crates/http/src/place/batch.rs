//! Many places asked at once, as JSON or as a table.

use crate::caller::Caller;
use crate::door::Door;
use crate::error::HttpError;
use crate::extract::{Json, Query, Upload};
use crate::local_time::LocalTime;
use crate::place::find::{kinds, position};
use crate::table::{Cell, Table, TableFormat};
use app::App;
use app::places::{BatchAnswer, BatchRow, PlaceAsk};
use axum::extract::{DefaultBodyLimit, FromRequest, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

/// Bytes of a table: 5,000 rows with all their other columns.
const TABLE_MAX: usize = 8 * 1024 * 1024;
/// Names under which the address stands in a table, when none is given.
const COLUMNS: [&str; 8] = ["address", "地址", "place", "地点", "location", "位置", "q", "text"];

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(find_many))
        .routes(routes!(find_table).layer(DefaultBodyLimit::max(TABLE_MAX)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Many {
    #[schema(max_items = 5000)]
    texts: Vec<String>,
    /// `longitude,latitude`
    near: Option<String>,
    #[serde(default)]
    kinds: Vec<String>,
    area: Option<String>,
    /// Answers to each text, 1 to 5.
    #[schema(minimum = 1, maximum = 5)]
    limit: Option<u8>,
}

/// Finds a place for each of many texts, in their order.
#[utoipa::path(post, path = "/api/places/batch", tag = "places", request_body = Many,
    responses((status = 200, body = BatchAnswer)))]
async fn find_many(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<Many>,
) -> Result<Json<BatchAnswer>, HttpError> {
    let ask = PlaceAsk {
        q: String::new(),
        near: body.near.as_deref().map(position).transpose()?,
        kinds: body.kinds,
        area: body.area,
        limit: usize::from(body.limit.unwrap_or(1)),
    };
    Ok(Json(app.find_many_places(&caller.actor, body.texts, ask).await?))
}

/// The form of a table of addresses.
#[derive(ToSchema)]
#[allow(dead_code)] // Describes the form; it is read part by part.
struct AddressTable {
    /// CSV (UTF-8 or GBK) or XLSX with a header line.
    #[schema(value_type = String, format = Binary, content_media_type = "application/octet-stream")]
    file: Vec<u8>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct TableWish {
    /// Header of the column with the addresses; `address` or `地址` when not given.
    #[param(max_length = 80)]
    column: Option<String>,
    #[param(max_length = 60, pattern = "^-?[0-9.]+,-?[0-9.]+$")]
    near: Option<String>,
    #[param(max_length = 80, pattern = "^[a-z]+(,[a-z]+)*$")]
    kinds: Option<String>,
    #[param(inline)]
    format: Option<TableFormat>,
}

/// Takes a table with a column of addresses and answers a table with the best place of each row.
#[utoipa::path(post, path = "/api/places/batch/table", tag = "places", params(TableWish),
    request_body(content = AddressTable, content_type = "multipart/form-data"),
    responses((status = 200, description = "text, label, lng, lat, confidence, accuracy_m, matched, placed, grid",
        content((String = "text/csv"), (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")))))]
async fn find_table(
    State(door): State<Door>,
    caller: Caller,
    Query(wish): Query<TableWish>,
    request: Request,
) -> Result<Response, HttpError> {
    let read = door.options.read_table.clone().ok_or_else(HttpError::not_found)?;
    let upload = Upload::from_request(request, &door).await?;
    let table = tokio::task::spawn_blocking(move || read(&upload.bytes))
        .await
        .map_err(|_| HttpError::new(StatusCode::INTERNAL_SERVER_ERROR, "failed"))?
        .map_err(|problem| HttpError::invalid(vec![problem]))?;
    let heads: Vec<String> = table.headers.iter().map(|head| head.trim().to_lowercase()).collect();
    let at = match wish.column.as_deref().map(str::trim).filter(|name| !name.is_empty()) {
        Some(name) => heads.iter().position(|head| *head == name.to_lowercase()),
        None => COLUMNS.iter().find_map(|name| heads.iter().position(|head| head == name)),
    };
    let at = at.ok_or_else(|| HttpError::field("column", "required"))?;
    let texts = table
        .rows
        .into_iter()
        .map(|(_, mut cells)| if at < cells.len() { cells.swap_remove(at) } else { String::new() });
    let ask = PlaceAsk {
        q: String::new(),
        near: wish.near.as_deref().map(position).transpose()?,
        kinds: kinds(wish.kinds.as_deref()),
        area: None,
        limit: 1,
    };
    let answer = door.app.find_many_places(&caller.actor, texts.collect(), ask).await?;
    let config = door.app.config(caller.actor.city)?;
    let table = Table {
        name: "places",
        columns: vec!["text", "place", "lng", "lat", "confidence", "accuracy_m", "matched", "placed", "grid"],
        rows: answer.rows,
        cell: |row: &BatchRow, column, language| {
            let Some(place) = row.places.first() else {
                return if column == "text" { Cell::Text(row.text.clone()) } else { Cell::Empty };
            };
            match column {
                "text" => Cell::Text(row.text.clone()),
                "place" => Cell::Text(language.pick(&place.label).to_owned()),
                "lng" => Cell::Number(place.lng),
                "lat" => Cell::Number(place.lat),
                "confidence" => Cell::Number((f64::from(place.confidence) * 100.0).round() / 100.0),
                "accuracy_m" => Cell::Number(place.accuracy_m),
                "matched" => Cell::Text(place.matched.clone()),
                "placed" => Cell::Text(place.placed.clone()),
                "grid" => place.grid.clone().map_or(Cell::Empty, Cell::Text),
                _ => Cell::Empty,
            }
        },
        language: caller.language,
        time: LocalTime::of(&config),
    };
    table.answer(wish.format.unwrap_or(TableFormat::Csv)).await
}
