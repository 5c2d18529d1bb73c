//! Tiles over a million live components: drawn anew, from the cache, and by `ST_AsMVT` and TiPg on the same data.

use crate::client::{Client, request};
use crate::mvt;
use crate::postgis::PostGis;
use crate::timing::Timing;
use crate::town::{self, Drawn};
use crate::{Figures, Place, city, registry};
use anyhow::{Context, bail};
use app::App;
use app::tiles::{LayerFilter, ThingFilter, TileAnswer, Wish};
use http::{HttpOptions, RateLimits};
use kernel::{Actor, Role};
use serde_json::json;
use spatial::mercator::TileId;
use sqlx::Row;
use std::collections::{BTreeMap, BTreeSet};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Tiles looked at for each zoom.
const SAMPLE: usize = 400;
/// Of these other programs draw fewer: one takes seconds at low zooms.
const PEER_SAMPLE: usize = 40;
const DEEP: [u8; 5] = [14, 15, 16, 17, 18];
const COMPARED: usize = 24;
const CONNECTIONS: usize = 16;

pub async fn run(place: &Place, count: usize, seconds: u32) -> anyhow::Result<Figures> {
    let began = Instant::now();
    let drawn = town::draw()?;
    eprintln!("  drawn in {:.1} s", began.elapsed().as_secs_f64());
    let (app, keys) = registry::filled(place, &drawn, count).await?;
    let actor = app.actor_of_person(city::code(), city::person(Role::Leader, 0))?;
    let mut figures = Figures::default();
    figures.put("components", count as f64);

    let mut deep = Timing::default();
    for z in DEEP {
        deep.merge(draw(&app, &actor, &drawn, z, SAMPLE / DEEP.len()).await?);
    }
    deep.tell("z14 and deeper, drawn anew");
    figures.put("z14_p99_ms", deep.percentile(0.99));
    figures.put("z14_p50_ms", deep.percentile(0.5));
    for z in [14, 13, 12, 10, 8] {
        let timing = draw(&app, &actor, &drawn, z, SAMPLE).await?;
        timing.tell(&format!("z{z} alone, drawn anew"));
        figures.put(&format!("z{z}_alone_p99_ms"), timing.percentile(0.99));
        if z == 10 {
            figures.put("z10_p99_ms", timing.percentile(0.99));
        }
    }
    served(&app, keys.of(Role::Leader), &drawn, seconds, &mut figures).await?;
    peers(&app, &actor, &drawn, count, &mut figures).await?;
    Ok(figures)
}

fn all() -> LayerFilter {
    LayerFilter::Things(ThingFilter::default())
}

async fn body(app: &App, actor: &Actor, tile: TileId) -> anyhow::Result<axum::body::Bytes> {
    match app.tile(actor, "components", tile, &all(), Wish::default()).await? {
        TileAnswer::Tile { body, .. } => Ok(body),
        TileAnswer::Unchanged { .. } => bail!("a tile nobody had was unchanged"),
    }
}

/// Draws tiles that hold something, each time anew.
async fn draw(app: &App, actor: &Actor, drawn: &Drawn, z: u8, count: usize) -> anyhow::Result<Timing> {
    let mut timing = Timing::default();
    for at in drawn.inside(count, u64::from(z)) {
        app.forget_tiles();
        let tile = TileId::at(at.lng(), at.lat(), z);
        let began = Instant::now();
        let bytes = body(app, actor, tile).await?;
        timing.since(began);
        if bytes.is_empty() {
            bail!("nothing on {tile:?}");
        }
    }
    Ok(timing)
}

/// What people look at: streets, seldom the whole city.
fn mix(drawn: &Drawn) -> Vec<TileId> {
    let mut tiles = BTreeSet::new();
    for (z, count) in
        [(8, 2), (10, 4), (12, 12), (13, 24), (14, 24), (15, 60), (16, 200), (17, 400), (18, 300)]
    {
        tiles.extend(
            drawn.inside(count, 100 + u64::from(z)).iter().map(|at| TileId::at(at.lng(), at.lat(), z)),
        );
    }
    tiles.into_iter().collect()
}

/// Tiles from the cache through the whole door: rights, tags, headers; over sockets and without.
async fn served(
    app: &App,
    token: &str,
    drawn: &Drawn,
    seconds: u32,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let options = HttpOptions { limits: RateLimits::NONE, ..HttpOptions::default() };
    let router = http::router(app.clone(), options);
    let paths: Vec<String> = mix(drawn)
        .iter()
        .map(|tile| format!("/api/tiles/components/{}/{}/{}", tile.z(), tile.x(), tile.y()))
        .collect();
    let mut sizes = Vec::new();
    for path in &paths {
        sizes.push(ask(&router, path, token).await?.len());
    }
    sizes.sort_unstable();
    figures.put("cached_median_kb", sizes[sizes.len() / 2] as f64 / 1024.0);
    figures.put("cached_tiles", sizes.len() as f64);
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let paths = Arc::new(paths);
    let rate = tokio::task::spawn_blocking({
        let (router, paths, token) = (router.clone(), paths.clone(), token.to_owned());
        move || -> anyhow::Result<f64> {
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(cores).enable_all().build()?;
            runtime.block_on(async move {
                let end = Instant::now() + Duration::from_secs(u64::from(seconds));
                let began = Instant::now();
                let workers: Vec<_> = (0..CONNECTIONS)
                    .map(|worker| {
                        let (router, paths, token) = (router.clone(), paths.clone(), token.clone());
                        tokio::spawn(async move {
                            let mut count = 0_u64;
                            while Instant::now() < end {
                                for step in 0..32 {
                                    let at = (worker * 7_919
                                        + (usize::try_from(count).unwrap_or(0) + step) * 31)
                                        % paths.len();
                                    ask(&router, &paths[at], &token).await?;
                                }
                                count += 32;
                            }
                            Ok::<u64, anyhow::Error>(count)
                        })
                    })
                    .collect();
                let mut total = 0;
                for worker in workers {
                    total += worker.await??;
                }
                Ok(total as f64 / began.elapsed().as_secs_f64())
            })
        }
    })
    .await??;
    figures.put("cached_tiles_per_s", rate);
    figures.put("http_cached_tiles_per_s", over_sockets(router, &paths, token, seconds, cores).await?);
    Ok(())
}

async fn ask(router: &axum::Router, path: &str, token: &str) -> anyhow::Result<axum::body::Bytes> {
    use tower::ServiceExt as _;
    let request = axum::http::Request::get(path)
        .header("authorization", format!("Bearer {token}"))
        .header("accept-encoding", "gzip")
        .body(axum::body::Body::empty())?;
    let answer = router.clone().oneshot(request).await?;
    if answer.status() != 200 {
        bail!("{path} was answered {}", answer.status());
    }
    Ok(axum::body::to_bytes(answer.into_body(), usize::MAX).await?)
}

/// The same with a client on the same machine, which takes its share of it.
async fn over_sockets(
    router: axum::Router,
    paths: &Arc<Vec<String>>,
    token: &str,
    seconds: u32,
    cores: usize,
) -> anyhow::Result<f64> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?.to_string();
    let server = tokio::runtime::Builder::new_multi_thread().worker_threads(cores).enable_all().build()?;
    server.spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
        let service = router.into_make_service_with_connect_info::<std::net::SocketAddr>();
        axum::serve(listener, service).await.expect("serves");
    });
    let end = Instant::now() + Duration::from_secs(u64::from(seconds));
    let began = Instant::now();
    let mut workers = Vec::new();
    for worker in 0..CONNECTIONS {
        let (address, paths, token) = (address.clone(), paths.clone(), token.to_owned());
        workers.push(tokio::spawn(async move {
            let mut client = Client::connect(&address).await?;
            let requests: Vec<Vec<u8>> = paths
                .iter()
                .map(|path| {
                    let text = String::from_utf8(request("GET", path, &token, ""))?;
                    Ok(text.replace("\r\n\r\n", "\r\naccept-encoding: gzip\r\n\r\n").into_bytes())
                })
                .collect::<anyhow::Result<_>>()?;
            let mut count = 0_u64;
            while Instant::now() < end {
                let at = (worker * 7_919 + usize::try_from(count).unwrap_or(0) * 31) % requests.len();
                let answer = client.send(&requests[at]).await?;
                if answer.status != 200 {
                    bail!("answered {}", answer.status);
                }
                count += 1;
            }
            Ok::<u64, anyhow::Error>(count)
        }));
    }
    let mut total = 0;
    for worker in workers {
        total += worker.await??;
    }
    let rate = total as f64 / began.elapsed().as_secs_f64();
    server.shutdown_background();
    Ok(rate)
}

const TILE_SQL: &str = "SELECT ST_AsMVT(t, 'components', 4096, 'shape', 'id') FROM (
    SELECT id, class, state, ST_AsMVTGeom(shape, ST_TileEnvelope($1, $2, $3), 4096, 64, true) AS shape
    FROM components WHERE shape && ST_TileEnvelope($1, $2, $3, margin => 0.015625)) t WHERE shape IS NOT NULL";

async fn peers(
    app: &App,
    actor: &Actor,
    drawn: &Drawn,
    count: usize,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let Some(mut postgis) = PostGis::start().await? else {
        figures.peers.insert("postgis".into(), json!("not installed"));
        return Ok(());
    };
    fill(&mut postgis, drawn, count).await?;
    let mut theirs = serde_json::Map::new();
    theirs.insert("version".into(), json!(postgis.version().await?));
    for z in [14, 13, 10] {
        let mut timing = Timing::default();
        let tiles = if z == 10 { 8 } else { PEER_SAMPLE };
        for at in drawn.inside(tiles, u64::from(z)) {
            let began = Instant::now();
            their_tile(&mut postgis, TileId::at(at.lng(), at.lat(), z)).await?;
            timing.since(began);
        }
        timing.tell(&format!("ST_AsMVT z{z}"));
        theirs.insert(format!("z{z}_p50_ms"), json!(timing.percentile(0.5).round()));
        theirs.insert(format!("z{z}_p99_ms"), json!(timing.percentile(0.99).round()));
    }
    figures.peers.insert("postgis_st_asmvt".into(), theirs.into());
    same_as_theirs(app, actor, drawn, &mut postgis, figures).await?;
    match tipg(&postgis.address, drawn).await {
        Ok(answer) => figures.peers.insert("tipg".into(), answer),
        Err(error) => figures.peers.insert("tipg".into(), json!(format!("not measured: {error:#}"))),
    };
    Ok(())
}

async fn fill(postgis: &mut PostGis, drawn: &Drawn, count: usize) -> anyhow::Result<()> {
    let began = Instant::now();
    postgis.run("CREATE TABLE components (id bigint PRIMARY KEY, class text, state text, shape geometry(Geometry, 3857))").await?;
    let mut all = drawn.components(count).enumerate();
    loop {
        let part: Vec<_> = all.by_ref().take(20_000).collect();
        if part.is_empty() {
            break;
        }
        // Serials are given in the order written.
        let ids: Vec<i64> = part.iter().map(|(n, _)| i64::try_from(n + 1).unwrap_or_default()).collect();
        let column =
            |of: &dyn Fn(&town::Made) -> String| part.iter().map(|(_, made)| of(made)).collect::<Vec<_>>();
        sqlx::query(
            "INSERT INTO components SELECT id, class, state, ST_Transform(ST_GeomFromText(shape, 4326), 3857)
             FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[]) AS t(id, class, state, shape)",
        )
        .bind(ids)
        .bind(column(&|made| made.class.to_string()))
        .bind(column(&|made| made.state.to_owned()))
        .bind(column(&|made| made.wkt.clone()))
        .execute(&mut postgis.connection)
        .await?;
    }
    postgis
        .run("CREATE INDEX ON components USING gist (shape); VACUUM ANALYZE components; SET jit = off")
        .await?;
    eprintln!("  PostGIS filled in {:.1} s", began.elapsed().as_secs_f64());
    Ok(())
}

async fn their_tile(postgis: &mut PostGis, tile: TileId) -> anyhow::Result<Vec<u8>> {
    let row = sqlx::query(TILE_SQL)
        .bind(i32::from(tile.z()))
        .bind(i32::try_from(tile.x())?)
        .bind(i32::try_from(tile.y())?)
        .fetch_one(&mut postgis.connection)
        .await?;
    Ok(row.try_get(0)?)
}

/// Ids and places at z14 in both.
async fn same_as_theirs(
    app: &App,
    actor: &Actor,
    drawn: &Drawn,
    postgis: &mut PostGis,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let (mut compared, mut only_ours, mut only_theirs, mut farthest) = (0_usize, 0_usize, 0_usize, 0_i32);
    for at in drawn.inside(COMPARED, 5) {
        let tile = TileId::at(at.lng(), at.lat(), 14);
        let ours = mvt::features(&body(app, actor, tile).await?).context("our tile")?;
        let theirs = mvt::features(&their_tile(postgis, tile).await?).context("their tile")?;
        let by_id = |features: &[mvt::Feature]| -> BTreeMap<u64, mvt::Feature> {
            features.iter().map(|feature| (feature.id, feature.clone())).collect()
        };
        let (ours, theirs) = (by_id(&ours), by_id(&theirs));
        for (id, other) in theirs.iter().filter(|(id, _)| !ours.contains_key(id)) {
            only_theirs += 1;
            eprintln!("  {tile:?}: only ST_AsMVT has {id}, kind {} at {:?}", other.kind, other.places);
        }
        for (id, own) in &ours {
            compared += 1;
            let Some(other) = theirs.get(id) else {
                only_ours += 1;
                eprintln!("  {tile:?}: only we have {id}, kind {} at {:?}", own.kind, own.places);
                continue;
            };
            if own.kind == 1 && other.kind == 1 {
                let apart = |axis: usize| (own.places[0][axis] - other.places[0][axis]).abs();
                farthest = farthest.max(apart(0)).max(apart(1));
            }
        }
    }
    figures.put("compared_features", compared as f64);
    figures.put("ids_only_ours", only_ours as f64);
    figures.put("ids_only_st_asmvt", only_theirs as f64);
    figures.put("farthest_units", f64::from(farthest));
    Ok(())
}

struct Stopped(Child);

impl Drop for Stopped {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// TiPg from PyPI over the same database, by HTTP.
async fn tipg(address: &str, drawn: &Drawn) -> anyhow::Result<serde_json::Value> {
    let folder = std::env::current_exe()?.with_file_name("tipg");
    let python = folder.join("bin/python");
    if !python.exists() {
        run_to_end(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
        let install = ["-m", "pip", "install", "-q", "--disable-pip-version-check", "tipg==1.4.0", "uvicorn"];
        if let Err(error) = run_to_end(Command::new(&python).args(install)) {
            std::fs::remove_dir_all(&folder)?;
            return Err(error);
        }
    }
    let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let mut command = Command::new(&python);
    command.args(["-m", "uvicorn", "tipg.main:app", "--log-level", "error", "--port", &port.to_string()]);
    command.env("DATABASE_URL", address.replace("postgres://", "postgresql://"));
    // All of a tile, as ours and ST_AsMVT draw it.
    command.envs([("TIPG_MAX_FEATURES_PER_TILE", "10000000"), ("TIPG_DB_SCHEMAS", "[\"public\"]")]);
    let _server = Stopped(command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?);
    let host = format!("127.0.0.1:{port}");
    let since = Instant::now();
    let mut client = loop {
        if let Ok(client) = Client::connect(&host).await {
            break client;
        }
        if since.elapsed() > Duration::from_secs(60) {
            bail!("TiPg did not start");
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    let mut answer = serde_json::Map::new();
    for z in [14, 13, 10] {
        let mut timing = Timing::default();
        for at in drawn.inside(if z == 10 { 4 } else { PEER_SAMPLE / 2 }, u64::from(z)) {
            let tile = TileId::at(at.lng(), at.lat(), z);
            let path = format!(
                "/collections/public.components/tiles/WebMercatorQuad/{}/{}/{}?limit=10000000",
                tile.z(),
                tile.x(),
                tile.y()
            );
            let began = Instant::now();
            let status = client.get(&path, "").await?.status;
            timing.since(began);
            if status != 200 {
                bail!("TiPg answered {status} to {path}");
            }
        }
        timing.tell(&format!("TiPg z{z}"));
        answer.insert(format!("z{z}_p50_ms"), json!(timing.percentile(0.5).round()));
        answer.insert(format!("z{z}_p99_ms"), json!(timing.percentile(0.99).round()));
    }
    Ok(answer.into())
}

fn run_to_end(command: &mut Command) -> anyhow::Result<()> {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status()?;
    if status.success() { Ok(()) } else { bail!("{command:?} failed") }
}
