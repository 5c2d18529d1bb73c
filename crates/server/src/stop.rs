//! Ending in order: stop taking requests, finish those begun, let the workers end, close the store.

use axum::Router;
use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use futures::StreamExt;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Longest wait for requests that are under way; systemd waits a little longer before it kills.
pub const DRAIN_MAX: Duration = Duration::from_secs(20);

/// Cancels `stop` at SIGTERM or SIGINT; a second signal ends the process at once.
pub fn on_signal(stop: CancellationToken) {
    tokio::spawn(async move {
        if let Err(cause) = signal().await {
            tracing::error!(%cause, "cannot listen for signals; stop with SIGKILL only");
            return;
        }
        tracing::info!("stopping: no new requests, finishing those under way");
        stop.cancel();
        if signal().await.is_ok() {
            tracing::warn!("second signal: stopping at once");
            std::process::exit(130);
        }
    });
}

#[cfg(unix)]
async fn signal() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

#[cfg(not(unix))]
async fn signal() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}

/// Ends live streams when `stop` is cancelled; they would hold up the stop for ever otherwise.
/// Browsers connect again by themselves.
pub fn end_streams(router: Router, stop: CancellationToken) -> Router {
    router.layer(axum::middleware::map_response(move |response: Response| {
        let stop = stop.clone();
        async move {
            let is_stream = response
                .headers()
                .get(CONTENT_TYPE)
                .and_then(|v| v.to_str().ok())
                .is_some_and(|v| v.starts_with("text/event-stream"));
            if !is_stream {
                return response;
            }
            let (parts, body) = response.into_parts();
            let stream = body.into_data_stream().take_until(stop.cancelled_owned());
            Response::from_parts(parts, Body::from_stream(stream))
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use tower::ServiceExt;

    #[tokio::test]
    async fn a_live_stream_ends_with_the_server() {
        let endless = || async {
            let body = futures::stream::pending::<Result<String, std::io::Error>>();
            ([("content-type", "text/event-stream")], Body::from_stream(body))
        };
        let stop = CancellationToken::new();
        let router = end_streams(Router::new().route("/live", get(endless)), stop.clone());
        let request = axum::http::Request::get("/live").body(Body::empty()).unwrap();
        let response = router.oneshot(request).await.unwrap();
        stop.cancel();
        let body = axum::body::to_bytes(response.into_body(), 100);
        assert!(tokio::time::timeout(Duration::from_secs(5), body).await.unwrap().unwrap().is_empty());
    }
}
