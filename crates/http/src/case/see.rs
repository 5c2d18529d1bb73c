//! Reading one case and its timeline.

use crate::caller::Caller;
use crate::case::spoken;
use crate::door::Door;
use crate::error::HttpError;
use crate::etag;
use crate::extract::{Json, Path};
use crate::language::Language;
use app::App;
use app::view::{CaseView, FactView};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(see_case)).routes(routes!(see_facts))
}

/// A case with everything the caller may see of it, and which steps the caller may take.
#[utoipa::path(get, path = "/api/cases/{id}", tag = "case",
    params(("id" = String, Path, description = "Identity or number of the case", min_length = 2, max_length = 36, pattern = "^(s[0-9]{1,10}|[0-9]{19,20}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$"),
        ("if-none-match" = Option<String>, Header, description = "Tag of what the caller has", max_length = 1000)),
    responses((status = 200, body = CaseView, headers(("etag" = String))), (status = 304, description = "As the caller has it")))]
async fn see_case(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, HttpError> {
    let view = app.see_case(&caller.actor, &id).await?;
    let tag = tag(&view, caller.language);
    Ok(etag::answer(&headers, &tag, || Json(spoken(view, caller.language))))
}

/// Changes whenever anything of the view does, except the seconds that pass.
#[must_use]
pub fn tag(view: &CaseView, language: Language) -> String {
    let mut value = serde_json::to_value(view).unwrap_or_default();
    still(&mut value);
    etag::tag(&[&value.to_string(), language.as_str()])
}

/// Takes out what changes every millisecond.
fn still(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for moving in ["now_at", "left_ms", "used_ms"] {
                map.remove(moving);
            }
            map.values_mut().for_each(still);
        }
        Value::Array(items) => items.iter_mut().for_each(still),
        _ => {}
    }
}

#[derive(Serialize, ToSchema)]
struct Facts {
    items: Vec<FactView>,
}

/// The timeline of a case (案卷流转记录), oldest first.
#[utoipa::path(get, path = "/api/cases/{id}/facts", tag = "case",
    params(("id" = String, Path, description = "Identity or number of the case", min_length = 2, max_length = 36, pattern = "^(s[0-9]{1,10}|[0-9]{19,20}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$")),
    responses((status = 200, body = Facts)))]
async fn see_facts(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Facts>, HttpError> {
    Ok(Json(Facts { items: app.see_facts(&caller.actor, &id).await? }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_passing_of_time_alone_changes_no_tag() {
        let mut a =
            serde_json::json!({"version": 1, "now_at": 5, "clocks": [{"left_ms": 3, "light": "green"}]});
        let mut b =
            serde_json::json!({"version": 1, "now_at": 6, "clocks": [{"left_ms": 2, "light": "green"}]});
        let mut c =
            serde_json::json!({"version": 1, "now_at": 6, "clocks": [{"left_ms": -1, "light": "red"}]});
        [&mut a, &mut b, &mut c].into_iter().for_each(still);
        assert_eq!(a, b);
        assert_ne!(a, c);
    }
}
