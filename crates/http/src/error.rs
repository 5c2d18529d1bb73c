//! The only place that turns errors into answers: `application/problem+json` (RFC 9457), with the
//! reason in the caller's language.

use crate::context;
use crate::i18n;
use app::{AppError, FieldProblem};
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value};
use std::borrow::Cow;
use utoipa::ToSchema;

/// One thing wrong with what was sent.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct FieldError {
    /// Path of the field, such as `place.lng` or `evidence[2].kind`.
    pub field: String,
    /// Stable word for programs.
    pub code: String,
    /// The reason in the caller's language.
    pub message: String,
    /// Numbers and words of the reason.
    #[schema(value_type = Object)]
    pub params: Map<String, Value>,
}

/// Why a request was not done (RFC 9457).
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Problem {
    /// `urn:yiwang:problem:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// What the status means, in the caller's language.
    pub title: String,
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// Stable word for programs: a refusal of the case's rules, or of the door.
    pub code: String,
    /// Why, and what would make it possible, in the caller's language.
    pub detail: String,
    /// Numbers and words of the reason.
    #[schema(value_type = Object)]
    pub params: Map<String, Value>,
    /// Every field that is not valid.
    pub errors: Vec<FieldError>,
    /// Under which number the request stands in the server's log.
    pub trace_id: Option<String>,
}

/// A request that was not done.
#[derive(Debug)]
pub struct HttpError {
    pub status: StatusCode,
    pub code: Cow<'static, str>,
    pub params: Map<String, Value>,
    pub fields: Vec<FieldProblem>,
    pub retry_after_s: Option<u64>,
}

/// What a busy server asks callers to wait.
const BUSY_RETRY_S: u64 = 1;

impl HttpError {
    #[must_use]
    pub fn new(status: StatusCode, code: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code: code.into(), params: Map::new(), fields: Vec::new(), retry_after_s: None }
    }

    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.params.insert(name.to_owned(), value.into());
        self
    }

    /// 422 with every problem.
    #[must_use]
    pub fn invalid(fields: Vec<FieldProblem>) -> Self {
        let mut error =
            Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_fields").with("count", fields.len());
        error.fields = fields;
        error
    }

    #[must_use]
    pub fn field(field: impl Into<String>, code: &'static str) -> Self {
        Self::invalid(vec![FieldProblem::new(field, code)])
    }

    #[must_use]
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found")
    }

    #[must_use]
    pub fn too_many(retry_after_s: u64) -> Self {
        let mut error =
            Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests").with("seconds", retry_after_s);
        error.retry_after_s = Some(retry_after_s);
        error
    }

    /// The answer's body in the language of the request.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let language = context::language();
        let errors = self
            .fields
            .iter()
            .map(|field| FieldError {
                field: field.field.clone(),
                code: field.code.to_owned(),
                message: i18n::field_message(language, field.code, &field.params),
                params: field.params.clone(),
            })
            .collect();
        Problem {
            kind: format!("urn:yiwang:problem:{}", self.code),
            title: i18n::word(language, "status", self.status.as_str()),
            status: self.status.as_u16(),
            code: self.code.clone().into_owned(),
            detail: i18n::message_or_code(language, &self.code, &self.params),
            params: self.params.clone(),
            errors,
            trace_id: context::trace_id(),
        }
    }
}

impl From<AppError> for HttpError {
    fn from(error: AppError) -> Self {
        match error {
            AppError::Refused(refusal) => {
                let status =
                    if refusal.is_about_rights() { StatusCode::FORBIDDEN } else { StatusCode::CONFLICT };
                let mut answer = Self::new(status, refusal.code());
                answer.params = i18n::params_of(&refusal);
                answer
            }
            AppError::Invalid(fields) => Self::invalid(fields),
            AppError::NotFound(what) => Self::not_found().with("what", what),
            AppError::Stale => Self::new(StatusCode::PRECONDITION_FAILED, "stale"),
            AppError::NotSignedIn => Self::new(StatusCode::UNAUTHORIZED, "not_signed_in"),
            AppError::BadCredentials => Self::new(StatusCode::UNAUTHORIZED, "bad_credentials"),
            AppError::Locked { until } => {
                Self::new(StatusCode::LOCKED, "locked").with("until", until.millis())
            }
            AppError::Forbidden(what) => Self::new(StatusCode::FORBIDDEN, "forbidden").with("what", what),
            AppError::Busy => {
                let mut answer = Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy");
                answer.retry_after_s = Some(BUSY_RETRY_S);
                answer
            }
            AppError::ProcedureMissing(version) => {
                tracing::error!(version, "a case is pinned to a version of the procedure that is missing");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "procedure_missing").with("version", version)
            }
            AppError::Store(app::ports::StoreError::Exists { .. }) => {
                Self::new(StatusCode::CONFLICT, "exists")
            }
            error @ (AppError::Store(_) | AppError::Blob(_)) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    trace_id = context::trace_id(),
                    "request failed"
                );
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "failed")
            }
        }
    }
}

impl IntoResponse for HttpError {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self.problem()).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"yiwang\""));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use case::{Refusal, StageName};

    #[test]
    fn each_error_has_its_status_and_code() {
        let step = case::Step::Close;
        let table = [
            (AppError::Refused(Refusal::NotVerified), 409, "not_verified"),
            (AppError::Refused(Refusal::RoleMayNot { step, allowed: vec![] }), 403, "role_may_not"),
            (AppError::Refused(Refusal::HandlerMayNotJudge), 403, "handler_may_not_judge"),
            (AppError::Refused(Refusal::WrongStage { step, stage: StageName::Filed }), 409, "wrong_stage"),
            (AppError::invalid("text", "required"), 422, "invalid_fields"),
            (AppError::NotFound("case"), 404, "not_found"),
            (AppError::Stale, 412, "stale"),
            (AppError::NotSignedIn, 401, "not_signed_in"),
            (AppError::BadCredentials, 401, "bad_credentials"),
            (AppError::Locked { until: kernel::Timestamp(5) }, 423, "locked"),
            (AppError::Forbidden("audit"), 403, "forbidden"),
            (AppError::Busy, 503, "busy"),
        ];
        for (error, status, code) in table {
            let problem = HttpError::from(error).problem();
            assert_eq!((problem.status, problem.code.as_str()), (status, code));
            assert_ne!(problem.detail, code, "{code} has no text");
            assert!(!problem.detail.contains('{'), "{}", problem.detail);
        }
    }

    #[test]
    fn a_failure_says_nothing_about_the_inside() {
        let cause = std::io::Error::other("secret path").into();
        let error = AppError::Store(app::ports::StoreError::Failed { doing: "read", cause });
        let problem = HttpError::from(error).problem();
        assert_eq!(problem.status, 500);
        assert!(!serde_json::to_string(&problem).unwrap().contains("secret"));
    }
}
