//! What every part of answering one request may need to know, without being handed it: the language
//! of texts and the number under which the request stands in the log.

use crate::language::Language;
use std::future::Future;

#[derive(Debug, Clone)]
pub struct Context {
    /// 32 hex digits; the caller's own when it sent a `traceparent`.
    pub trace_id: String,
    pub language: Language,
}

tokio::task_local! {
    static CONTEXT: Context;
}

/// Answers a request inside its context.
pub async fn inside<F: Future>(context: Context, answer: F) -> F::Output {
    CONTEXT.scope(context, answer).await
}

#[must_use]
pub fn language() -> Language {
    CONTEXT.try_with(|context| context.language).unwrap_or_default()
}

#[must_use]
pub fn trace_id() -> Option<String> {
    CONTEXT.try_with(|context| context.trace_id.clone()).ok()
}
