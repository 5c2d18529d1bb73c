//! Structured logs on standard error.

use crate::config::{LogFormat, Logs};
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// Begins logging. Only the first call counts.
pub fn begin(logs: &Logs) {
    let filter = EnvFilter::try_new(&logs.level).unwrap_or_else(|_| EnvFilter::new("info"));
    let terminal = std::io::stderr().is_terminal();
    let pretty = match logs.format {
        LogFormat::Auto => terminal,
        LogFormat::Pretty => true,
        LogFormat::Json => false,
    };
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(terminal);
    let begun = if pretty {
        builder.compact().with_target(false).try_init()
    } else {
        builder.json().flatten_event(true).with_current_span(false).try_init()
    };
    // A second call (tests) keeps the first.
    let _ = begun;
}
