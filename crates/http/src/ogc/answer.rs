//! Answers of OGC API Features: JSON or HTML as asked, and what is wrong with a question.

use crate::error::HttpError;
use app::FieldProblem;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

pub const JSON: &str = "application/json";
pub const GEOJSON: &str = "application/geo+json";
pub const HTML: &str = "text/html";
/// The only coordinate system of answers and boxes: longitude, latitude.
pub const CRS84: &str = "http://www.opengis.net/def/crs/OGC/1.3/CRS84";

/// A question that is not answered. What the standard wants as 400 is 400.
#[derive(Debug)]
pub struct Fault(HttpError);

impl Fault {
    #[must_use]
    pub fn parameter(name: &str, code: &'static str) -> Self {
        HttpError::field(name, code).into()
    }

    #[must_use]
    pub fn of(problem: FieldProblem) -> Self {
        HttpError::invalid(vec![problem]).into()
    }
}

impl From<HttpError> for Fault {
    fn from(mut error: HttpError) -> Self {
        if error.status == StatusCode::UNPROCESSABLE_ENTITY {
            error.status = StatusCode::BAD_REQUEST;
        }
        Self(error)
    }
}

impl From<app::AppError> for Fault {
    fn from(error: app::AppError) -> Self {
        HttpError::from(error).into()
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let unknown = self.0.status == StatusCode::UNAUTHORIZED;
        let mut response = self.0.into_response();
        if unknown {
            // So that a program, or a browser, asks for the token.
            let challenge = HeaderValue::from_static("Basic realm=\"yiwang\", charset=\"UTF-8\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Json,
    Html,
}

/// The parameters of a question, each at most once where the standard says so.
#[derive(Debug)]
pub struct Asked {
    pub format: Format,
    pairs: Vec<(String, String)>,
}

impl Asked {
    /// Reads the query. Parameters outside `known` are refused unless `more` takes them as properties.
    ///
    /// # Errors
    /// 400 naming the parameter.
    pub fn read(query: &str, headers: &HeaderMap, known: &[&str], more: bool) -> Result<Self, Fault> {
        let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes())
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        for (at, (name, _)) in pairs.iter().enumerate() {
            if name != "f" && !more && !known.contains(&name.as_str()) {
                return Err(Fault::parameter(name, "unknown_parameter"));
            }
            let single = name == "f" || known.contains(&name.as_str());
            if single && pairs[..at].iter().any(|(other, _)| other == name) {
                return Err(Fault::parameter(name, "given_twice"));
            }
        }
        let wish = pairs.iter().find(|(name, _)| name == "f").map(|(_, value)| value.as_str());
        let format = match wish {
            Some("json" | "geojson") => Format::Json,
            Some("html") => Format::Html,
            Some(_) => return Err(Fault::parameter("f", "unknown_value")),
            None => preferred(headers),
        };
        Ok(Self { format, pairs })
    }

    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// Those outside `known`.
    #[must_use]
    pub fn rest(&self, known: &[&str]) -> Vec<(String, String)> {
        let own = |name: &str| name == "f" || known.contains(&name);
        self.pairs.iter().filter(|(name, _)| !own(name)).cloned().collect()
    }

    /// The same question with some parameters set anew.
    #[must_use]
    pub fn query_with(&self, set: &[(&str, &str)]) -> String {
        let mut out = form_urlencoded::Serializer::new(String::new());
        for (name, value) in self.pairs.iter().filter(|(name, _)| set.iter().all(|(own, _)| own != name)) {
            out.append_pair(name, value);
        }
        set.iter().filter(|(_, value)| !value.is_empty()).for_each(|(name, value)| {
            out.append_pair(name, value);
        });
        out.finish()
    }
}

/// What `Accept` likes better; JSON when it says nothing.
fn preferred(headers: &HeaderMap) -> Format {
    let Some(accept) = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()) else {
        return Format::Json;
    };
    let mut best = (0.0_f32, Format::Json);
    for part in accept.split(',').take(32) {
        let mut pieces = part.split(';').map(str::trim);
        let format = match pieces.next() {
            Some("text/html" | "application/xhtml+xml") => Format::Html,
            Some("application/json" | "application/geo+json" | "application/*") => Format::Json,
            _ => continue,
        };
        let weight =
            pieces.find_map(|piece| piece.strip_prefix("q=")).map_or(1.0, |q| q.parse().unwrap_or(0.0));
        if weight > best.0 {
            best = (weight, format);
        }
    }
    best.1
}

/// A JSON document of a content type, with the links also in the header as the standard recommends.
#[must_use]
pub fn json(kind: &'static str, document: &Value) -> Response {
    let body = serde_json::to_vec(document).unwrap_or_default();
    let mut response = body.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    private(response)
}

#[must_use]
pub fn html(page: String) -> Response {
    let mut response = page.into_response();
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    private(response)
}

fn private(mut response: Response) -> Response {
    let out = response.headers_mut();
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    out.insert(header::VARY, HeaderValue::from_static("cookie, authorization, accept, accept-language"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accept(value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(value))])
    }

    #[test]
    fn the_format_is_asked_for_by_name_or_by_accept() {
        let table = [
            ("", "", Format::Json),
            ("", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", Format::Html),
            ("", "application/geo+json", Format::Json),
            ("", "text/html;q=0.5, application/json", Format::Json),
            ("f=html", "application/json", Format::Html),
            ("f=json", "text/html", Format::Json),
        ];
        for (query, header, expected) in table {
            let asked = Asked::read(query, &accept(header), &[], false).expect("good");
            assert_eq!(asked.format, expected, "{query} {header}");
        }
        for query in ["f=xml", "limit=1", "f=json&f=html"] {
            let fault = Asked::read(query, &HeaderMap::new(), &[], false).expect_err("refused");
            assert_eq!(fault.0.status, StatusCode::BAD_REQUEST, "{query}");
        }
    }

    #[test]
    fn the_next_page_asks_the_same_question() {
        let asked =
            Asked::read("limit=5&state=damaged&f=json&after=7", &HeaderMap::new(), &["limit", "after"], true)
                .expect("good");
        assert_eq!(asked.rest(&["limit", "after"]), [("state".to_owned(), "damaged".to_owned())]);
        assert_eq!(asked.query_with(&[("after", "9")]), "limit=5&state=damaged&f=json&after=9");
        assert_eq!(asked.query_with(&[("after", ""), ("f", "html")]), "limit=5&state=damaged&f=html");
    }
}
