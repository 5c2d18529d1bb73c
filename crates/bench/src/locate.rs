//! From a point to its unit grid, against `ST_Contains` with a GiST index over the same polygons.

use crate::Figures;
use crate::postgis::PostGis;
use crate::town::{self, Drawn};
use anyhow::bail;
use kernel::{Cgcs2000, Point};
use serde_json::json;
use sqlx::Row;
use std::hint::black_box;
use std::time::Instant;

const ROUNDS: u32 = 5;
const AT_ONCE: usize = 50_000;

pub async fn run(points: usize) -> anyhow::Result<Figures> {
    let began = Instant::now();
    let drawn = town::draw()?;
    eprintln!("  {} grids drawn in {:.1} s", drawn.grids.len(), began.elapsed().as_secs_f64());
    let places = drawn.places(points, 11);
    let mut figures = Figures::default();
    let mut best = f64::INFINITY;
    let mut found = 0_usize;
    for _ in 0..ROUNDS {
        let began = Instant::now();
        found = places.iter().filter(|place| black_box(drawn.grids.at(**place)).is_some()).count();
        best = best.min(began.elapsed().as_secs_f64());
    }
    let ours = places.len() as f64 / best;
    figures.put("points_per_s", ours);
    figures.put("grids", drawn.grids.len() as f64);
    figures.put("points", places.len() as f64);
    figures.put("inside", found as f64);
    let Some(mut postgis) = PostGis::start().await? else {
        figures.peers.insert("postgis".into(), json!("not installed"));
        return Ok(figures);
    };
    fill(&mut postgis, &drawn, &places).await?;
    let theirs = measure(&mut postgis, places.len()).await?;
    let (disagreements, on_edges) = compare(&mut postgis, &drawn, &places).await?;
    figures.put("ratio_to_postgis", ours / theirs);
    figures.put("disagreements", disagreements as f64);
    figures.put("on_an_edge", on_edges as f64);
    let version = postgis.version().await?;
    figures.peers.insert(
        "postgis".into(),
        json!({ "version": version, "what": "ST_Contains join, GiST, one process", "points_per_s": theirs.round() }),
    );
    Ok(figures)
}

async fn fill(postgis: &mut PostGis, drawn: &Drawn, places: &[Point<Cgcs2000>]) -> anyhow::Result<()> {
    postgis
        .run(
            "CREATE TABLE grids (code text, shape geometry(MultiPolygon, 4326));
             CREATE TABLE places (id int, place geometry(Point, 4326))",
        )
        .await?;
    for part in drawn.shapes.chunks(2_000) {
        let codes: Vec<String> = part.iter().map(|(code, _)| code.to_string()).collect();
        let shapes: Vec<String> = part.iter().map(|(_, shape)| town::wkt(shape)).collect();
        sqlx::query("INSERT INTO grids SELECT code, ST_GeomFromText(shape, 4326) FROM unnest($1::text[], $2::text[]) AS t(code, shape)")
            .bind(codes)
            .bind(shapes)
            .execute(&mut postgis.connection)
            .await?;
    }
    for (n, part) in places.chunks(AT_ONCE).enumerate() {
        let ids: Vec<i32> =
            (0..part.len()).map(|i| i32::try_from(n * AT_ONCE + i).unwrap_or(i32::MAX)).collect();
        let (lngs, lats): (Vec<f64>, Vec<f64>) = part.iter().map(|p| (p.lng(), p.lat())).unzip();
        sqlx::query(
            "INSERT INTO places SELECT id, ST_SetSRID(ST_MakePoint(lng, lat), 4326)
             FROM unnest($1::int[], $2::float8[], $3::float8[]) AS t(id, lng, lat)",
        )
        .bind(ids)
        .bind(lngs)
        .bind(lats)
        .execute(&mut postgis.connection)
        .await?;
    }
    postgis
        .run(
            "CREATE INDEX ON grids USING gist (shape); VACUUM ANALYZE grids; VACUUM ANALYZE places;
             SET max_parallel_workers_per_gather = 0; SET jit = off",
        )
        .await
}

/// Points a second, the best of some rounds: all points at once, which is how it is quickest.
async fn measure(postgis: &mut PostGis, points: usize) -> anyhow::Result<f64> {
    let mut best = f64::INFINITY;
    for _ in 0..3 {
        let began = Instant::now();
        let row = sqlx::query("SELECT count(*) FROM places p JOIN grids g ON ST_Contains(g.shape, p.place)")
            .fetch_one(&mut postgis.connection)
            .await?;
        let count: i64 = row.try_get(0)?;
        best = best.min(began.elapsed().as_secs_f64());
        eprintln!("  PostGIS found {count} in {:.1} s", began.elapsed().as_secs_f64());
    }
    Ok(points as f64 / best)
}

/// Points that the two put into different grids. A point on an edge is in no grid for `ST_Contains` and in exactly
/// one for us: that must be one of those it touches. How many were on an edge is answered too.
async fn compare(
    postgis: &mut PostGis,
    drawn: &Drawn,
    places: &[Point<Cgcs2000>],
) -> anyhow::Result<(usize, usize)> {
    let rows = sqlx::query(
        "SELECT p.id, g.code FROM places p LEFT JOIN grids g ON ST_Contains(g.shape, p.place) ORDER BY p.id",
    )
    .fetch_all(&mut postgis.connection)
    .await?;
    if rows.len() < places.len() {
        bail!("PostGIS answered {} of {} points", rows.len(), places.len());
    }
    let mut wrong = 0;
    let mut on_edges = Vec::new();
    for row in rows {
        let id = usize::try_from(row.try_get::<i32, _>(0)?)?;
        let theirs: Option<String> = row.try_get(1)?;
        let ours = drawn.grids.at(places[id]).map(ToString::to_string);
        if let (Some(_), None) = (&ours, &theirs) {
            on_edges.push(i32::try_from(id)?);
        } else if ours != theirs {
            wrong += 1;
            if wrong <= 5 {
                eprintln!("  at {:?}: {ours:?}, PostGIS {theirs:?}", places[id]);
            }
        }
    }
    let touched: Vec<(i32, String)> = sqlx::query_as(
        "SELECT p.id, g.code FROM places p JOIN grids g ON ST_Intersects(g.shape, p.place) WHERE p.id = ANY($1)",
    )
    .bind(&on_edges)
    .fetch_all(&mut postgis.connection)
    .await?;
    for id in &on_edges {
        let ours = drawn.grids.at(places[usize::try_from(*id)?]).map(ToString::to_string);
        wrong += usize::from(!touched.iter().any(|(one, code)| one == id && Some(code) == ours.as_ref()));
    }
    Ok((wrong, on_edges.len()))
}
