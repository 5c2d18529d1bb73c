//! The table of what is wrong with the rows of a file, with the reason in both languages.

use super::own;
use crate::caller::Caller;
use crate::door::Door;
use crate::error::HttpError;
use crate::extract::Path;
use crate::i18n;
use crate::language::Language;
use crate::local_time::LocalTime;
use crate::table::{Cell, Table, TableFormat};
use app::App;
use app::transfer::{Fault, may_transfer};
use axum::extract::State;
use axum::response::Response;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

const COLUMNS: [&str; 7] = ["row", "field", "code", "reason_zh", "reason_en", "lng", "lat"];

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(transfer_faults))
}

/// Every fault of the last pass as CSV, at most 100,000: row, field, code, the reason in Chinese and English.
#[utoipa::path(get, path = "/api/transfers/{id}/faults", tag = "transfer", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, description = "The table", content((String = "text/csv")))))]
async fn transfer_faults(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, HttpError> {
    may_transfer(&caller.actor)?;
    let rows = app.transfer_faults(&caller.actor, own(&id)?).await?;
    let time = LocalTime::of(&*app.config(caller.actor.city)?);
    let table =
        Table { name: "faults", columns: COLUMNS.to_vec(), rows, cell, language: caller.language, time };
    table.answer(TableFormat::Csv).await
}

fn cell(fault: &Fault, column: &str, _: Language) -> Cell {
    let said = |words: &str, language: Language| {
        if words.is_empty() {
            i18n::message_or_code(language, &fault.code, &fault.params)
        } else {
            words.to_owned()
        }
    };
    match column {
        #[allow(clippy::cast_precision_loss)] // rows of a file are far below 2^52
        "row" => Cell::Number(fault.row as f64),
        "field" => Cell::Text(fault.field.clone()),
        "code" => Cell::Text(fault.code.clone()),
        "reason_zh" => Cell::Text(said(&fault.zh, Language::Zh)),
        "reason_en" => Cell::Text(said(&fault.en, Language::En)),
        "lng" => Cell::number(fault.lng),
        "lat" => Cell::number(fault.lat),
        _ => Cell::Empty,
    }
}
