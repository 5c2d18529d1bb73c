//! What may be reported: the classes offered to citizens, with the questions each asks.

use crate::caller::Guest;
use crate::door::Door;
use crate::error::HttpError;
use crate::extract::{Path, Query};
use crate::language::Language;
use crate::open311::answer::{Errors, Format, answer};
use crate::open311::document::Piece;
use app::vocabulary::ServiceView;
use axum::extract::State;
use axum::response::Response;
use kernel::CityCode;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(services_xml))
        .routes(routes!(services_json))
        .routes(routes!(service_definition))
}

/// The city a request of Open311 is about.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Jurisdiction {
    /// Only needed when the server runs several cities.
    #[param(max_length = 100)]
    pub jurisdiction_id: Option<String>,
}

/// The guest's city, or the one the jurisdiction names.
///
/// # Errors
/// 404 for a jurisdiction this server does not run.
pub fn city_of(door: &Door, guest: &Guest, jurisdiction: Option<&str>) -> Result<CityCode, Errors> {
    let Some(wanted) = jurisdiction.map(str::trim).filter(|text| !text.is_empty()) else {
        return Ok(guest.city);
    };
    for code in door.app.cities() {
        if code.to_string() == wanted || door.app.config(code)?.settings.jurisdiction == wanted {
            return Ok(code);
        }
    }
    let only_one =
        door.app.cities().len() == 1 && door.app.config(guest.city)?.settings.jurisdiction.is_empty();
    if only_one { Ok(guest.city) } else { Err(Errors::unknown("jurisdiction_id provided was not found")) }
}

/// Services (XML).
#[utoipa::path(get, path = "/open311/v2/services.xml", tag = "open311", params(Jurisdiction),
    responses((status = 200, body = String, content_type = "text/xml"), (status = "4XX", description = "Errors", body = String, content_type = "text/xml")))]
async fn services_xml(
    State(door): State<Door>,
    guest: Result<Guest, HttpError>,
    query: Result<Query<Jurisdiction>, HttpError>,
) -> Response {
    answer(Format::Xml, "services", services(&door, guest, query))
}

/// Services (JSON).
#[utoipa::path(get, path = "/open311/v2/services.json", tag = "open311", params(Jurisdiction),
    responses((status = 200, body = serde_json::Value), (status = "4XX", description = "Errors", body = serde_json::Value)))]
async fn services_json(
    State(door): State<Door>,
    guest: Result<Guest, HttpError>,
    query: Result<Query<Jurisdiction>, HttpError>,
) -> Response {
    answer(Format::Json, "services", services(&door, guest, query))
}

fn services(
    door: &Door,
    guest: Result<Guest, HttpError>,
    query: Result<Query<Jurisdiction>, HttpError>,
) -> Result<Piece, Errors> {
    let (guest, Query(query)) = (guest?, query?);
    let city = city_of(door, &guest, query.jurisdiction_id.as_deref())?;
    let services = door.app.public_services(city)?;
    Ok(Piece::List(
        "service",
        services.iter().map(|service| service_piece(service, guest.language)).collect(),
    ))
}

fn service_piece(service: &ServiceView, language: Language) -> Piece {
    let group = language.pick(&service.group);
    Piece::Object(vec![
        ("service_code", Piece::text(service.code.clone())),
        ("service_name", Piece::text(language.pick(&service.name))),
        ("description", Piece::words(language.pick(&service.description))),
        ("metadata", Piece::Flag(!service.attributes.is_empty())),
        ("type", Piece::text("realtime")),
        ("keywords", Piece::text(format!("{}, {group}", language.pick(&service.name)))),
        ("group", Piece::text(group)),
    ])
}

/// The questions a service asks; `file` is its code and `.xml` or `.json`.
#[utoipa::path(get, path = "/open311/v2/services/{file}", tag = "open311",
    params(("file" = String, Path, max_length = 80, pattern = "\\.(xml|json)$"), Jurisdiction),
    responses((status = 200, description = "The definition", content((String = "text/xml"), (serde_json::Value = "application/json"))),
        (status = "4XX", description = "Errors", content((String = "text/xml"), (serde_json::Value = "application/json")))))]
async fn service_definition(
    State(door): State<Door>,
    guest: Result<Guest, HttpError>,
    query: Result<Query<Jurisdiction>, HttpError>,
    Path(file): Path<String>,
) -> Response {
    answer(Format::of(&file), "service_definition", definition(&door, guest, query, &file))
}

fn definition(
    door: &Door,
    guest: Result<Guest, HttpError>,
    query: Result<Query<Jurisdiction>, HttpError>,
    file: &str,
) -> Result<Piece, Errors> {
    let (guest, Query(query)) = (guest?, query?);
    let unknown = || Errors::unknown("service_code provided was not found");
    let (code, _) = Format::split(file).ok_or_else(unknown)?;
    let city = city_of(door, &guest, query.jurisdiction_id.as_deref())?;
    let services = door.app.public_services(city)?;
    let service = services.into_iter().find(|service| service.code == code).ok_or_else(unknown)?;
    let attributes =
        service.attributes.iter().map(|question| attribute_piece(question, guest.language)).collect();
    Ok(Piece::Object(vec![
        ("service_code", Piece::text(service.code.clone())),
        ("attributes", Piece::List("attribute", attributes)),
    ]))
}

fn attribute_piece(question: &city::AttributeQuestion, language: Language) -> Piece {
    let words = |l10n: &city::L10n| match language {
        Language::Zh => l10n.zh.clone(),
        Language::En => l10n.en.clone(),
    };
    let values = question.values.iter().map(|value| {
        Piece::Object(vec![
            ("key", Piece::text(value.key.clone())),
            ("name", Piece::text(words(&value.name))),
        ])
    });
    Piece::Object(vec![
        ("variable", Piece::Flag(question.variable)),
        ("code", Piece::text(question.code.clone())),
        ("datatype", Piece::text(question.datatype.as_str())),
        ("required", Piece::Flag(question.required)),
        ("datatype_description", Piece::words(&words(&question.datatype_description))),
        ("order", Piece::Number(f64::from(question.order))),
        ("description", Piece::words(&words(&question.description))),
        ("values", Piece::List("value", values.collect())),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::open311::document::{to_json, to_xml};
    use app::view::Words;

    #[test]
    fn a_service_has_every_element_of_the_specification() {
        let words = |zh: &str, en: &str| Words { zh: zh.into(), en: en.into() };
        let view = ServiceView {
            code: "2026-event-01001".into(),
            name: words("暴露垃圾", "Exposed rubbish"),
            group: words("市容环境", "City appearance"),
            description: words("", ""),
            attributes: vec![],
        };
        let piece = Piece::List("service", vec![service_piece(&view, Language::En)]);
        let xml = String::from_utf8(to_xml("services", &piece).unwrap()).unwrap();
        for element in
            ["service_code", "service_name", "description", "metadata", "type", "keywords", "group"]
        {
            assert!(xml.contains(&format!("<{element}")), "{element} in {xml}");
        }
        let json: serde_json::Value = serde_json::from_slice(&to_json(&piece)).unwrap();
        assert_eq!(
            (&json[0]["metadata"], &json[0]["service_name"]),
            (&false.into(), &"Exposed rubbish".into())
        );
    }
}
