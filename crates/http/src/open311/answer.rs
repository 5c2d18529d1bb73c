//! Answers of Open311: a document or a list of errors, in the format of the address.

use crate::error::HttpError;
use crate::open311::document::{Piece, to_json, to_xml};
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Xml,
    Json,
}

impl Format {
    /// Splits `requests.json` or `638344.xml` into its name and format.
    #[must_use]
    pub fn split(name: &str) -> Option<(&str, Self)> {
        let (name, extension) = name.rsplit_once('.')?;
        match extension {
            "xml" => Some((name, Self::Xml)),
            "json" => Some((name, Self::Json)),
            _ => None,
        }
    }

    /// What an address without a known extension is told in.
    #[must_use]
    pub fn of(name: &str) -> Self {
        Self::split(name).map_or(Self::Xml, |(_, format)| format)
    }
}

/// What is wrong, as Open311 says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Errors {
    pub status: StatusCode,
    pub descriptions: Vec<String>,
}

impl Errors {
    #[must_use]
    pub fn one(status: StatusCode, description: impl Into<String>) -> Self {
        Self { status, descriptions: vec![description.into()] }
    }

    #[must_use]
    pub fn bad(description: impl Into<String>) -> Self {
        Self::one(StatusCode::BAD_REQUEST, description)
    }

    #[must_use]
    pub fn unknown(description: impl Into<String>) -> Self {
        Self::one(StatusCode::NOT_FOUND, description)
    }

    #[must_use]
    pub fn answer(&self, format: Format) -> Response {
        let code = self.status.as_u16().to_string();
        let errors = self.descriptions.iter().map(|description| {
            Piece::Object(vec![
                ("code", Piece::text(code.clone())),
                ("description", Piece::text(description.clone())),
            ])
        });
        document(self.status, format, "errors", &Piece::List("error", errors.collect()))
    }
}

impl From<HttpError> for Errors {
    /// The specification knows 400, 403 and 404; whatever is wrong with a report is 400.
    fn from(error: HttpError) -> Self {
        let problem = error.problem();
        let status = match error.status {
            StatusCode::UNPROCESSABLE_ENTITY | StatusCode::CONFLICT => StatusCode::BAD_REQUEST,
            StatusCode::UNAUTHORIZED => StatusCode::FORBIDDEN,
            other => other,
        };
        let fields = problem.errors.iter().map(|field| format!("{}: {}", field.field, field.message));
        let descriptions =
            if problem.errors.is_empty() { vec![problem.detail.clone()] } else { fields.collect() };
        Self { status, descriptions }
    }
}

impl From<app::AppError> for Errors {
    fn from(error: app::AppError) -> Self {
        HttpError::from(error).into()
    }
}

/// A document in its format.
#[must_use]
pub fn document(status: StatusCode, format: Format, root: &str, piece: &Piece) -> Response {
    let (kind, body) = match format {
        Format::Json => ("application/json; charset=utf-8", to_json(piece)),
        Format::Xml => ("text/xml; charset=utf-8", to_xml(root, piece).unwrap_or_default()),
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    // Open data: any page may read it. No cookie is ever looked at here.
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

/// Answers `result` in the format of the address.
#[must_use]
pub fn answer(format: Format, root: &str, result: Result<Piece, Errors>) -> Response {
    match result {
        Ok(piece) => document(StatusCode::OK, format, root, &piece),
        Err(errors) => errors.answer(format),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_its_format() {
        assert_eq!(Format::split("requests.json"), Some(("requests", Format::Json)));
        assert_eq!(Format::split("2026.1.xml"), Some(("2026.1", Format::Xml)));
        assert_eq!(Format::split("requests.html"), None);
        assert_eq!(Format::split("requests"), None);
    }

    #[tokio::test]
    async fn errors_are_a_list_with_the_status() {
        let errors = Errors { status: StatusCode::BAD_REQUEST, descriptions: vec!["a".into(), "b<".into()] };
        let xml = errors.answer(Format::Xml);
        assert_eq!(
            (xml.status().as_u16(), xml.headers()["content-type"].to_str().unwrap()),
            (400, "text/xml; charset=utf-8")
        );
        let body = axum::body::to_bytes(xml.into_body(), 10_000).await.unwrap();
        let text = std::str::from_utf8(&body).unwrap();
        assert!(
            text.contains("<errors><error><code>400</code><description>a</description></error>"),
            "{text}"
        );
        assert!(text.contains("b&lt;"));
        let json = errors.answer(Format::Json);
        let body = axum::body::to_bytes(json.into_body(), 10_000).await.unwrap();
        assert_eq!(&body[..], br#"[{"code":"400","description":"a"},{"code":"400","description":"b<"}]"#);
    }

    #[test]
    fn what_is_invalid_is_a_bad_request_naming_the_field() {
        let errors = Errors::from(app::AppError::invalid("place.lng", "outside_city"));
        assert_eq!(errors.status, 400);
        assert!(errors.descriptions[0].starts_with("place.lng: "));
        assert_eq!(Errors::from(app::AppError::NotFound("case")).status, 404);
    }
}
