//! The server from start to stop.

use crate::config::{BlobKind, Config, Demo, Loaded, TlsMode};
use crate::lock::DataLock;
use crate::{assets, backup, demo, open, stop, table, tls, worker};
use anyhow::Context;
use app::ports::TimeSource;
use app::{App, Parts};
use axum::Router;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum_server::Handle;
use http::{HttpOptions, OidcProvider, RateLimits};
use hyper_util::rt::TokioTimer;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use outside::Messengers;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// A client that has not finished its request line and headers by then is cut off.
const HEADERS_MAX: Duration = Duration::from_secs(15);
/// Silent HTTP/2 peers are asked whether they are still there.
const PEER_ASKED_EVERY: Duration = Duration::from_secs(30);

/// The clock on the wall.
#[derive(Debug, Clone, Copy)]
pub struct WallClock;

impl TimeSource for WallClock {
    fn now(&self) -> kernel::Timestamp {
        kernel::Timestamp(jiff::Timestamp::now().as_millisecond())
    }
}

/// Runs until SIGTERM or SIGINT.
///
/// # Errors
/// When it cannot start, or cannot stop in order.
pub async fn serve(loaded: Loaded) -> anyhow::Result<()> {
    let started = Instant::now();
    let config = loaded.config;
    let file = loaded.file.map_or_else(|| "none".to_owned(), |file| file.display().to_string());
    tracing::info!(version = env!("CARGO_PKG_VERSION"), config = file, data = %config.data_dir.display(), role = ?config.role, "starting");
    // A cluster shares its database; only an embedded store belongs to one process.
    let lock = if config.is_embedded() { Some(DataLock::take(&config.data_dir)?) } else { None };
    let listener = if config.role.serves() { Some(listen(&config.listen)?) } else { None };
    let metrics = record_metrics()?;
    let stop = CancellationToken::new();
    stop::on_signal(stop.clone());
    let begun = tokio::select! {
        begun = begin(&config, started) => begun?,
        () = stop.cancelled() => {
            tracing::info!("stopped before it was ready");
            return Ok(());
        }
    };
    let Begun { store, app, messengers, demo } = begun;
    let mut tasks = JoinSet::new();
    if config.role.works() {
        tasks.spawn(worker::clocks(app.clone(), stop.clone()));
        tasks.spawn(worker::messages(app.clone(), Arc::new(messengers.clone()), stop.clone()));
        tasks.spawn(worker::jobs(app.clone(), stop.clone()));
        tasks.spawn(worker::packs(app.clone(), config.data_dir.join("packs"), stop.clone()));
        tasks.spawn(worker::registers(app.clone(), stop.clone()));
        tasks.spawn(worker::transfers(app.clone(), stop.clone()));
        tasks.spawn(worker::reminders(app.clone(), stop.clone()));
        tasks.spawn(worker::forgetting(app.clone(), config.retention.clone(), stop.clone()));
        tasks.spawn(backup::daily(config.clone(), store.clone(), stop.clone()));
    }
    tasks.spawn(worker::others(app.clone(), stop.clone()));
    tasks.spawn(worker::things_of_others(app.clone(), config.is_embedded(), stop.clone()));
    tasks.spawn(worker::columns(config.clone(), app.clone(), stop.clone()));
    if config.demo == Demo::Boston && config.role.works() {
        tasks.spawn(demo::registers::seed(app.clone(), stop.clone()));
    }
    if let Some(demo) = demo {
        tasks.spawn(demo.run(stop.clone()));
    }
    tasks.spawn(keep_metrics(metrics.clone(), stop.clone()));

    match listener {
        Some(listener) => {
            let router = router(&config, app.clone(), metrics)?;
            answer(&config, listener, router, &stop, started, messengers.channels()).await?;
        }
        None => {
            tracing::info!(took_ms = ms(started), "working");
            stop.cancelled().await;
        }
    }
    stop.cancel();
    let finished =
        tokio::time::timeout(stop::DRAIN_MAX, async { while tasks.join_next().await.is_some() {} }).await;
    if finished.is_err() {
        tracing::warn!("some workers did not end in time");
        tasks.shutdown().await;
    }
    {
        let (config, app) = (config.clone(), app.clone());
        if let Err(error) = tokio::task::spawn_blocking(move || open::save_columns(&config, &app)).await? {
            tracing::warn!(
                error = format!("{error:#}"),
                "could not save the columns; the next start builds them"
            );
        }
    }
    store.close().await.context("could not close the store")?;
    drop(lock);
    tracing::info!("stopped");
    Ok(())
}

/// What a running server is made of.
struct Begun {
    store: store::Store,
    app: App,
    messengers: Messengers,
    demo: Option<demo::Prepared>,
}

async fn begin(config: &Config, started: Instant) -> anyhow::Result<Begun> {
    let store = open::store_upgraded(config).await?;
    tracing::info!(engine = store.engine(), took_ms = ms(started), "store open");
    let blobs = open::blobs(config)?;
    blobs.ready().await.with_context(|| match config.blobs.kind {
        BlobKind::Local => "the attachments cannot be reached".to_owned(),
        BlobKind::S3 => format!(
            "the attachments cannot be reached at {}: see blobs.endpoint, blobs.bucket, blobs.access_key and blobs.secret_key",
            config.blobs.endpoint
        ),
    })?;
    let messengers = Messengers::new(config.messenger_settings())?;
    let parts = Parts {
        store: Arc::new(store.clone()),
        blobs: Arc::new(blobs),
        time: Arc::new(WallClock),
        public_url: config.address(),
        demo_accounts: demo::accounts(config.demo)?,
    };
    let saved = {
        let config = config.clone();
        tokio::task::spawn_blocking(move || open::saved(&config)).await?
    };
    let app = App::open_with(parts, saved).await.context("could not open the cities")?;
    open::restore_places(config, &app).await.context("could not read the addresses")?;
    app.bring_files(open::files(config));
    let wanted = demo::Options {
        kind: config.demo,
        speed: config.demo_speed,
        days: (config.demo_days > 0).then_some(config.demo_days),
    };
    let demo = demo::prepare(&app, wanted, &config.data_dir).await.context("could not make the demo city")?;
    if app.cities().is_empty() {
        tracing::warn!(
            "the store holds no city yet: `yiwang city add` makes one, `yiwang serve --demo` runs the demo city"
        );
    }
    tracing::info!(cities = app.cities().len(), took_ms = ms(started), "cities open");
    Ok(Begun { store, app, messengers, demo })
}

fn ms(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

fn listen(address: &str) -> anyhow::Result<TcpListener> {
    let address = address
        .to_socket_addrs()
        .ok()
        .and_then(|mut all| all.next())
        .with_context(|| format!("{address:?} is not an address"))?;
    let listener = TcpListener::bind(address).with_context(|| {
        format!("could not listen on {address}: is another server running there? (--listen)")
    })?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn record_metrics() -> anyhow::Result<PrometheusHandle> {
    // From a cached answer to the limit of a request.
    let seconds = [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0];
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &seconds)
        .and_then(PrometheusBuilder::install_recorder)
        .context("could not begin to record metrics")
}

async fn keep_metrics(metrics: PrometheusHandle, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(Duration::from_secs(5)) => metrics.run_upkeep(),
        }
    }
}

fn router(config: &Config, app: App, metrics: PrometheusHandle) -> anyhow::Result<Router> {
    let limits = &config.limits;
    let mut proxies = Vec::new();
    for range in &limits.trusted_proxies {
        proxies.push(range.parse()?);
    }
    let mut oidc = Vec::new();
    for provider in &config.oidc {
        let secret = provider.client_secret.or_file(&provider.client_secret_file, "oidc.client_secret")?;
        let ca_pem = if provider.trust_file.as_os_str().is_empty() {
            None
        } else {
            Some(std::fs::read_to_string(&provider.trust_file)?)
        };
        oidc.push(OidcProvider {
            id: provider.id.clone(),
            name: provider.name.clone(),
            issuer: provider.issuer.clone(),
            client_id: provider.client_id.clone(),
            client_secret: (!secret.is_empty()).then(|| secret.expose().to_owned()),
            account_claim: provider.account_claim.clone(),
            ca_pem,
        });
    }
    Ok(http::router(
        app,
        HttpOptions {
            secure_cookie: config.address().starts_with("https://"),
            trusted_proxies: proxies,
            limits: RateLimits {
                logins_per_minute: limits.logins_per_minute,
                public_reports_per_minute: limits.public_reports_per_minute,
                uploads_per_minute: limits.uploads_per_minute,
                requests_per_minute: limits.requests_per_minute,
            },
            oidc,
            public_url: config.address(),
            pages: Some(assets::router(&config.data_dir)),
            metrics: Some(metrics),
            timeout: Duration::from_secs(u64::from(limits.request_timeout_s)),
            open311_key_required: config.open311.key_required,
            listeners_max: usize::try_from(limits.listeners)?,
            read_table: Some(Arc::new(table::read)),
        },
    ))
}

/// Answers requests until `stop`, then finishes those under way.
async fn answer(
    config: &Config,
    listener: TcpListener,
    router: Router,
    stop: &CancellationToken,
    started: Instant,
    channels: Vec<&'static str>,
) -> anyhow::Result<()> {
    let router = stop::end_streams(router, stop.clone());
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let handle: Handle<SocketAddr> = Handle::new();
    let certificate = tls::certificate(config).await?;
    if config.tls.redirect_http_port != 0 {
        redirect(config, stop)?;
    }
    let serving = {
        let handle = handle.clone();
        let certificate = certificate.clone();
        tokio::spawn(async move {
            match certificate {
                Some(certificate) => {
                    let mut server = axum_server::from_tcp_rustls(listener, certificate)?.handle(handle);
                    patient(server.http_builder());
                    server.serve(service).await
                }
                None => {
                    let mut server = axum_server::from_tcp(listener)?.handle(handle);
                    patient(server.http_builder());
                    server.serve(service).await
                }
            }
        })
    };
    if let Some(certificate) = certificate {
        tls::reload_on_hangup(config, certificate, stop.clone());
    }
    let address = handle.listening().await.context("could not listen")?;
    tracing::info!(%address, open = config.address(), ?channels, took_ms = ms(started), "ready");
    if config.tls.mode == TlsMode::Off && !address.ip().is_loopback() {
        tracing::warn!("without HTTPS phones give no camera and no position: see tls.mode");
    }
    stop.cancelled().await;
    handle.graceful_shutdown(Some(stop::DRAIN_MAX));
    serving.await?.context("the server failed")
}

fn patient(builder: &mut hyper_util::server::conn::auto::Builder<hyper_util::rt::TokioExecutor>) {
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADERS_MAX);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(PEER_ASKED_EVERY);
}

/// Sends people who typed http:// to https://.
fn redirect(config: &Config, stop: &CancellationToken) -> anyhow::Result<()> {
    let ip = config.listen.to_socket_addrs()?.next().context("no address")?.ip();
    let listener = listen(&SocketAddr::new(ip, config.tls.redirect_http_port).to_string())?;
    let to = config.address();
    let port = config.listen.rsplit(':').next().unwrap_or("443").to_owned();
    let fixed = !config.public_url.is_empty();
    let app = Router::new().fallback(move |headers: HeaderMap, uri: Uri| {
        let location = secure_location(&headers, &uri, &to, fixed, &port);
        async move { location.map_or_else(|| StatusCode::BAD_REQUEST.into_response(), moved) }
    });
    let stop = stop.clone();
    tokio::spawn(async move {
        let handle: Handle<SocketAddr> = Handle::new();
        let ending = handle.clone();
        tokio::spawn(async move {
            stop.cancelled().await;
            ending.shutdown();
        });
        match axum_server::from_tcp(listener) {
            Ok(mut server) => {
                patient(server.http_builder());
                if let Err(cause) = server.handle(handle).serve(app.into_make_service()).await {
                    tracing::error!(%cause, "the redirect to HTTPS failed");
                }
            }
            Err(cause) => tracing::error!(%cause, "the redirect to HTTPS failed"),
        }
    });
    Ok(())
}

fn moved(location: String) -> Response {
    (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, location)]).into_response()
}

/// The same path on HTTPS: at the configured address, else at the host that was asked.
fn secure_location(headers: &HeaderMap, uri: &Uri, to: &str, fixed: bool, port: &str) -> Option<String> {
    let path = uri.path_and_query().map_or("/", |p| p.as_str());
    if fixed {
        return Some(format!("{to}{path}"));
    }
    let host: axum::http::uri::Authority = headers.get(header::HOST)?.to_str().ok()?.parse().ok()?;
    let port = if port == "443" { String::new() } else { format!(":{port}") };
    Some(format!("https://{}{port}{path}", host.host()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_sent_to_the_same_path_on_https() {
        let headers = |host: &'static str| HeaderMap::from_iter([(header::HOST, host.parse().unwrap())]);
        let uri: Uri = "/citizen/f/abc?x=1".parse().unwrap();
        let table = [
            ("city.test:80", false, "8443", Some("https://city.test:8443/citizen/f/abc?x=1")),
            ("city.test", false, "443", Some("https://city.test/citizen/f/abc?x=1")),
            ("[::1]:80", false, "8443", Some("https://[::1]:8443/citizen/f/abc?x=1")),
            ("evil.test", true, "443", Some("https://city.test/citizen/f/abc?x=1")),
            ("bad host", false, "443", None),
        ];
        for (host, fixed, port, expected) in table {
            let location = secure_location(&headers(host), &uri, "https://city.test", fixed, port);
            assert_eq!(location.as_deref(), expected, "{host}");
        }
    }
}
