//! Reading requests. Every failure is a problem document; axum's own extractors would answer plain text.

use crate::error::HttpError;
use app::FieldProblem;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A JSON body, in and out.
#[derive(Debug, Clone)]
pub struct Json<T>(pub T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = HttpError;

    async fn from_request(request: Request, state: &S) -> Result<Self, HttpError> {
        if !is_json(request.headers()) {
            return Err(HttpError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type"));
        }
        let bytes = read(request, state).await?;
        from_json(&bytes).map(Self)
    }
}

/// Reads a JSON text; says which field is wrong.
///
/// # Errors
/// 400 when it is no JSON at all, 422 when a field is not what it should be.
pub fn from_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, HttpError> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        if inner.is_data() {
            HttpError::invalid(vec![malformed(&path, &inner.to_string())])
        } else {
            unreadable(&inner.to_string())
        }
    })?;
    reader.end().map_err(|error| unreadable(&error.to_string()))?;
    Ok(value)
}

fn unreadable(why: &str) -> HttpError {
    HttpError::new(StatusCode::BAD_REQUEST, "unreadable").with("why", clip(why))
}

fn malformed(path: &str, why: &str) -> FieldProblem {
    // "missing field `x`" names the field in the text only.
    let missing = why.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
    match (path, missing) {
        (".", Some(name)) => FieldProblem::new(name, "required"),
        (path, Some(name)) => FieldProblem::new(format!("{path}.{name}"), "required"),
        (path, None) => FieldProblem::new(path, "malformed").with("why", clip(why)),
    }
}

fn clip(text: &str) -> String {
    text.chars().take(200).collect()
}

fn is_json(headers: &HeaderMap) -> bool {
    let essence = essence(headers);
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// The content type without its parameters, in lower case.
#[must_use]
pub fn essence(headers: &HeaderMap) -> String {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .map(|value| value.trim().to_ascii_lowercase())
        .unwrap_or_default()
}

/// Reads a body inside the limit of its route.
///
/// # Errors
/// 413 when it is larger, 400 when it breaks off.
pub async fn read<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, HttpError> {
    Bytes::from_request(request, state).await.map_err(|rejection| too_large_or_broken(rejection.status()))
}

/// What a failed read of a body means.
#[must_use]
pub fn too_large_or_broken(status: StatusCode) -> HttpError {
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        return HttpError::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large");
    }
    HttpError::new(StatusCode::BAD_REQUEST, "unreadable")
}

/// Query parameters; a key given twice is a list.
#[derive(Debug, Clone)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, HttpError> {
        from_form(parts.uri.query().unwrap_or_default().as_bytes()).map(Self)
    }
}

/// Reads `application/x-www-form-urlencoded` text.
///
/// # Errors
/// 422 naming the field.
pub fn from_form<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, HttpError> {
    let reader = serde_html_form::Deserializer::new(form_urlencoded::parse(bytes));
    serde_path_to_error::deserialize(reader).map_err(|error| {
        let path = error.path().to_string();
        HttpError::invalid(vec![malformed(&path, &error.into_inner().to_string())])
    })
}

/// Parameters in the path. One that cannot be read names nothing that exists.
#[derive(Debug, Clone)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, HttpError> {
        match axum::extract::Path::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(_) => Err(HttpError::not_found()),
        }
    }
}

/// One uploaded file: the part `file` of a form.
#[derive(Debug, Clone)]
pub struct Upload {
    pub name: String,
    pub bytes: Bytes,
}

impl<S: Send + Sync> FromRequest<S> for Upload {
    type Rejection = HttpError;

    async fn from_request(request: Request, state: &S) -> Result<Self, HttpError> {
        if essence(request.headers()) != "multipart/form-data" {
            return Err(HttpError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type"));
        }
        let mut form = axum::extract::Multipart::from_request(request, state)
            .await
            .map_err(|_| HttpError::new(StatusCode::BAD_REQUEST, "unreadable"))?;
        while let Some(part) = form.next_field().await.map_err(|e| too_large_or_broken(e.status()))? {
            if part.name() != Some("file") {
                continue;
            }
            let name: String = part.file_name().unwrap_or_default().chars().take(120).collect();
            let bytes = part.bytes().await.map_err(|e| too_large_or_broken(e.status()))?;
            return Ok(Self { name, bytes });
        }
        Err(HttpError::field("file", "required"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Filter {
        #[serde(default)]
        stage: Vec<String>,
        limit: Option<u16>,
        overdue: Option<bool>,
        lng: Option<f64>,
    }

    #[test]
    fn a_key_given_twice_is_a_list_and_an_empty_value_is_none() {
        let filter: Filter =
            from_form("stage=filed&limit=&stage=closed&overdue=true&lng=121.5".as_bytes()).unwrap();
        assert_eq!(filter.stage, ["filed", "closed"]);
        assert_eq!((filter.limit, filter.overdue, filter.lng), (None, Some(true), Some(121.5)));
        let none: Filter = from_form(b"").unwrap();
        assert_eq!(none, Filter { stage: vec![], limit: None, overdue: None, lng: None });
    }

    #[test]
    fn a_bad_value_names_its_field() {
        let error = from_form::<Filter>(b"limit=many").unwrap_err();
        assert_eq!(error.status, 422);
        assert_eq!(error.fields[0].field, "limit");
        let error = from_json::<Filter>(br#"{"stage":[],"limit":-1}"#).unwrap_err();
        assert_eq!((error.status.as_u16(), error.fields[0].field.as_str()), (422, "limit"));
        let error = from_json::<Filter>(b"{").unwrap_err();
        assert_eq!(error.status, 400);
        let error = from_json::<Filter>(b"{\"stage\":[]} x").unwrap_err();
        assert_eq!(error.status, 400);
    }

    #[derive(Debug, Deserialize)]
    struct Needs {
        #[allow(dead_code)]
        inner: Inside,
    }
    #[derive(Debug, Deserialize)]
    struct Inside {
        #[allow(dead_code)]
        text: String,
    }

    #[test]
    fn a_missing_field_is_named_with_its_path() {
        let field = |json: &str| from_json::<Needs>(json.as_bytes()).unwrap_err().fields[0].clone();
        assert_eq!((field("{}").field.as_str(), field("{}").code), ("inner", "required"));
        assert_eq!(field(r#"{"inner":{}}"#).field, "inner.text");
    }
}
