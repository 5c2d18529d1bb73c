//! The map from outside: tiles and their tags, layers, picking, base maps, OGC API Features.

use crate::reading::{self, Read, ReadFeature};
use crate::world::{Answer, NOW, World, city, report, world};
use app::ports::{COMPONENTS, PutThing, PutThings};
use axum::body::Body;
use axum::http::Request;
use kernel::{Millis, Role};
use serde_json::{Value, json};
use spatial::mercator::{EXTENT, TileId, project, side};
use std::collections::BTreeMap;

/// Inside the only unit grid.
const AT: [f64; 2] = [116.005, 36.005];
const MANHOLE: &str = "2026-component-01003";
const LAMP: &str = "2026-component-01037";

fn tile_path(layer: &str, at: [f64; 2], z: u8) -> String {
    let tile = TileId::at(at[0], at[1], z);
    format!("/api/tiles/{layer}/{}/{}/{}", tile.z(), tile.x(), tile.y())
}

fn features(answer: &Answer) -> Vec<ReadFeature> {
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "application/vnd.mapbox-vector-tile");
    reading::tile(&answer.body).into_iter().flat_map(|layer| layer.features).collect()
}

fn text(feature: &ReadFeature, name: &str) -> String {
    match feature.get(name) {
        Some(Read::Text(text)) => text.clone(),
        _ => String::new(),
    }
}

async fn with_tag(world: &World, token: &str, path: &str, tag: &str) -> Answer {
    let request = Request::get(path)
        .header("authorization", format!("Bearer {token}"))
        .header("if-none-match", tag)
        .body(Body::empty())
        .unwrap();
    world.send(request).await
}

fn component(n: u32, class: &str, state: &str, place: &str) -> PutThing {
    let code = format!("990301{}{n:06}", &class[class.len() - 5..][..2]);
    let code = format!("{code}{}", "0".repeat(16_usize.saturating_sub(code.len())));
    let body = json!({ "code": code, "name": format!("部件{n}"), "state": state, "place": place, "grid": "990301001001001",
        "supervisor": { "code": "S1", "name": "城管局" }, "first_on": "2024-05-20", "source": "实测", "accuracy": "B" });
    PutThing {
        serial: None,
        register: COMPONENTS.into(),
        code,
        name: format!("部件{n}"),
        class: class.into(),
        expected_version: 0,
        removed: false,
        change: "{}".into(),
        body: body.to_string(),
    }
}

async fn put(world: &World, puts: Vec<PutThing>) -> Vec<u64> {
    let put = PutThings { city: city(), by: None, at: world.app.now(), command: None, puts };
    world.app.commit_things(put).await.unwrap().into_iter().map(|done| done.serial).collect()
}

/// Twelve points of two classes, a line and a polygon.
async fn furnished(world: &World) -> Vec<u64> {
    let mut puts: Vec<PutThing> = (0..12)
        .map(|n| {
            let (class, state) =
                (if n % 3 == 0 { LAMP } else { MANHOLE }, if n < 2 { "damaged" } else { "intact" });
            component(n, class, state, &format!("POINT({:.7} {:.7})", AT[0] + f64::from(n) * 1e-4, AT[1]))
        })
        .collect();
    puts.push(component(
        20,
        "2026-component-02017",
        "intact",
        "LINESTRING(116.0050 36.0052, 116.0060 36.0053)",
    ));
    let park =
        "POLYGON((116.0050 36.0060, 116.0058 36.0060, 116.0058 36.0066, 116.0050 36.0066, 116.0050 36.0060))";
    puts.push(component(21, "2026-component-02001", "intact", park));
    put(world, puts).await
}

#[tokio::test]
async fn a_tile_of_cases_is_what_a_naive_drawing_would_be() {
    let world = world().await;
    let desk = world.token(Role::IntakeOperator).await;
    for n in 0..9 {
        let mut body = report(&format!("第{n}件"));
        body["place"]["lng"] = json!(AT[0] + f64::from(n) * 2e-4);
        assert_eq!(world.ask(&desk, "POST", "/api/cases", Some(body)).await.status, 201);
    }
    let lines = world.ask(&desk, "GET", "/api/cases?limit=50", None).await.json();
    for z in [14, 15, 17, 19, 22] {
        let tile = TileId::at(AT[0], AT[1], z);
        let mut naive = BTreeMap::new();
        for line in lines["items"].as_array().unwrap() {
            let (x, y) = project(line["lng"].as_f64().unwrap(), line["lat"].as_f64().unwrap());
            let unit = |at: f64, own: u32| {
                ((at * side(z) - f64::from(own)) * f64::from(EXTENT)).round_ties_even() as i64
            };
            let place = [unit(x, tile.x()), unit(y, tile.y())];
            if place.iter().all(|at| (-64..=4160).contains(at)) {
                let look =
                    (line["stage"].as_str().unwrap().to_owned(), line["light"].as_str().unwrap().to_owned());
                naive.insert(line["number"].as_str().unwrap().to_owned(), (place, look));
            }
        }
        let answer = world.ask(&desk, "GET", &tile_path("cases", AT, z), None).await;
        let drawn: BTreeMap<_, _> = features(&answer)
            .iter()
            .map(|one| {
                let place = one.points()[0].map(i64::from);
                (text(one, "number"), (place, (text(one, "stage"), text(one, "light"))))
            })
            .collect();
        assert!(!naive.is_empty());
        assert_eq!(drawn, naive, "z{z}");
    }
    // From far away they are one cluster with their number.
    let far = features(&world.ask(&desk, "GET", &tile_path("cases", AT, 5), None).await);
    assert_eq!(far.len(), 1);
    assert_eq!(far[0].number("count"), Some(9));
}

#[tokio::test]
async fn a_tag_holds_while_nothing_on_the_tile_changes_and_no_longer() {
    let world = world().await;
    let desk = world.token(Role::IntakeOperator).await;
    let path = tile_path("cases", AT, 15);
    let tag = |answer: &Answer| answer.header("etag").to_owned();
    let empty = world.ask(&desk, "GET", &path, None).await;
    assert!(features(&empty).is_empty() && empty.header("cache-control") == "private, no-cache");
    assert_eq!(with_tag(&world, &desk, &path, &tag(&empty)).await.status, 304);

    world.ask(&desk, "POST", "/api/cases", Some(report("井盖破损"))).await;
    let one = with_tag(&world, &desk, &path, &tag(&empty)).await;
    assert_eq!(features(&one).len(), 1);
    assert_ne!(tag(&one), tag(&empty));
    assert_eq!(with_tag(&world, &desk, &path, &format!("\"x\", {}", tag(&one))).await.status, 304);

    // Far away nothing changes here.
    let mut far = report("很远");
    far["place"] = json!({ "lng": 116.5, "lat": 36.5, "address": "远处" });
    assert_eq!(world.ask(&desk, "POST", "/api/cases", Some(far)).await.status, 201);
    assert_eq!(with_tag(&world, &desk, &path, &tag(&one)).await.status, 304);

    // A step changes what is shown, and time does: the light turns by itself.
    let light = |answer: &Answer| text(&features(answer)[0], "light");
    assert_eq!(light(&one), "green");
    world.clock.advance(Millis::hours(6));
    let late = with_tag(&world, &desk, &path, &tag(&one)).await;
    assert_eq!(light(&late), "red");
    assert_eq!(with_tag(&world, &desk, &path, &tag(&late)).await.status, 304);
    world.clock.advance(Millis::hours(9));
    assert_eq!(with_tag(&world, &desk, &path, &tag(&late)).await.status, 304);

    // Rights are part of it: who sees nothing has another tag, whatever was sent along.
    let handler = world.token(Role::Handler).await;
    let theirs = with_tag(&world, &handler, &path, &tag(&late)).await;
    assert!(features(&theirs).is_empty());
    assert_ne!(tag(&theirs), tag(&late));
    // So is the question.
    let closed = with_tag(&world, &desk, &format!("{path}?stage=closed"), &tag(&late)).await;
    assert!(features(&closed).is_empty());
}

#[tokio::test]
async fn components_are_drawn_filtered_and_fresh() {
    let world = world().await;
    let token = world.token(Role::Collector).await;
    let serials = furnished(&world).await;
    let path = tile_path("components", AT, 15);
    let answer = world.ask(&token, "GET", &path, None).await;
    let all = features(&answer);
    assert_eq!(all.len(), 14);
    assert_eq!(all.iter().filter(|one| one.kind == 1).count(), 12);
    assert_eq!(reading::tile(&answer.body)[0].name, "components");
    for (query, expected) in [
        (format!("class={LAMP}"), 4),
        (format!("class={LAMP}&class={MANHOLE}"), 12),
        ("major=02".to_owned(), 2),
        ("state=damaged".to_owned(), 2),
        (format!("state=damaged&class={LAMP}"), 1),
    ] {
        let found = features(&world.ask(&token, "GET", &format!("{path}?{query}"), None).await);
        assert_eq!(found.len(), expected, "{query}");
    }
    let squeezed = Request::get(&path)
        .header("authorization", format!("Bearer {token}"))
        .header("accept-encoding", "gzip")
        .body(Body::empty())
        .unwrap();
    assert_eq!(world.send(squeezed).await.header("etag"), answer.header("etag"));

    // A change is on the next tile; its neighbours far away keep their tag.
    let far = tile_path("components", [116.4, 36.4], 15);
    let far_tag = world.ask(&token, "GET", &far, None).await.header("etag").to_owned();
    let stored = world.app.store().thing(city(), serials[3]).await.unwrap().unwrap();
    let body = stored.body.replace("\"intact\"", "\"lost\"");
    let next = PutThing {
        serial: Some(serials[3]),
        register: stored.register,
        code: stored.code,
        name: stored.name,
        class: stored.class,
        expected_version: stored.version,
        removed: false,
        change: "{}".into(),
        body,
    };
    put(&world, vec![next]).await;
    let changed = with_tag(&world, &token, &path, answer.header("etag")).await;
    let shown = features(&changed).into_iter().find(|one| one.id == serials[3]).unwrap();
    assert_eq!(text(&shown, "state"), "lost");
    assert_eq!(with_tag(&world, &token, &far, &far_tag).await.status, 304);
    assert_eq!(with_tag(&world, &token, &path, changed.header("etag")).await.status, 304);
}

#[tokio::test]
async fn what_cannot_be_drawn_is_told() {
    let world = world().await;
    let token = world.token(Role::Leader).await;
    let table: [(&str, u16, &[&str]); 12] = [
        ("/api/tiles/components/23/0/0", 422, &["z"]),
        ("/api/tiles/components/3/8/9", 422, &["x", "y"]),
        ("/api/tiles/components/a/-1/1.5", 422, &["z", "x", "y"]),
        ("/api/tiles/components/3/1/1?class=manhole", 422, &["class"]),
        ("/api/tiles/components/3/1/1?state=broken&major=1", 422, &["major", "state"]),
        ("/api/tiles/components/3/1/1?stage=filed", 422, &[]),
        ("/api/tiles/cases/3/1/1?stage=nowhere", 422, &["stage"]),
        ("/api/tiles/cases/3/1/1?q=x&bbox=1,2,3,4", 422, &["q", "bbox"]),
        ("/api/tiles/grids/3/1/1?edition=x", 422, &["edition"]),
        ("/api/tiles/grids/3/1/1?edition=77", 404, &[]),
        ("/api/tiles/rented_housing/3/1/1", 404, &[]),
        ("/api/layers?bbox=1,2", 422, &["bbox"]),
    ];
    for (path, status, fields) in table {
        let answer = world.ask(&token, "GET", path, None).await;
        assert_eq!(answer.status.as_u16(), status, "{path}: {}", answer.text());
        answer.problem();
        let named: Vec<Value> =
            answer.json()["errors"].as_array().unwrap().iter().map(|e| e["field"].clone()).collect();
        if !fields.is_empty() {
            assert_eq!(named, fields.iter().map(|f| json!(f)).collect::<Vec<_>>(), "{path}");
        }
    }
}

#[tokio::test]
async fn layers_tell_what_there_is_and_a_click_what_is_there() {
    let world = world().await;
    let token = world.token(Role::IntakeOperator).await;
    let serials = furnished(&world).await;
    world.ask(&token, "POST", "/api/cases", Some(report("井盖破损"))).await;
    let layers = |answer: Value| -> BTreeMap<String, Value> {
        let all = answer["layers"].as_array().unwrap().clone();
        all.into_iter().map(|layer| (layer["id"].as_str().unwrap().to_owned(), layer)).collect()
    };
    let all = layers(world.ask(&token, "GET", "/api/layers", None).await.json());
    assert_eq!(all.keys().map(String::as_str).collect::<Vec<_>>(), ["cases", "components", "grids"]);
    assert_eq!(
        (&all["components"]["count"], &all["cases"]["count"], &all["grids"]["count"]),
        (&json!(14), &json!(1), &json!(1))
    );
    let classes: Vec<(&str, u64)> = all["components"]["classes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|class| (class["class"].as_str().unwrap(), class["count"].as_u64().unwrap()))
        .collect();
    assert_eq!(classes, [(MANHOLE, 8), (LAMP, 4), ("2026-component-02001", 1), ("2026-component-02017", 1)]);
    assert_eq!(all["components"]["classes"][1]["name"]["zh"], "路灯");
    let part = layers(
        world.ask(&token, "GET", "/api/layers?bbox=116.00495,36.0049,116.00515,36.0051", None).await.json(),
    );
    assert_eq!((&part["components"]["count"], &part["cases"]["count"]), (&json!(2), &json!(1)));
    let triangle = "POLYGON((116.00495%2036.0049,116.00535%2036.0049,116.00535%2036.0051,116.00495%2036.0051,116.00495%2036.0049))";
    let part = layers(world.ask(&token, "GET", &format!("/api/layers?within={triangle}"), None).await.json());
    assert_eq!((&part["components"]["count"], &part["cases"]["count"]), (&json!(4), &json!(1)));

    let hits = world.ask(&token, "GET", "/api/things/at?lng=116.005&lat=36.005&metres=5", None).await.json();
    let found: Vec<&str> =
        hits["items"].as_array().unwrap().iter().map(|hit| hit["layer"].as_str().unwrap()).collect();
    assert_eq!(found, ["cases", "components", "grids"]);
    assert_eq!(hits["items"][1]["thing"]["serial"], json!(serials[0]));
    assert_eq!(hits["items"][1]["thing"]["state_name"]["zh"], "破损");
    let park = world
        .ask(&token, "GET", "/api/things/at?lng=116.0054&lat=36.0063&layers=components", None)
        .await
        .json();
    assert_eq!(
        (&park["items"][0]["metres"], &park["items"][0]["thing"]["serial"]),
        (&json!(0.0), &json!(serials[13]))
    );

    let line = world.ask(&token, "GET", &format!("/api/things/{}", serials[5]), None).await.json();
    assert_eq!(
        (line["register"].as_str(), line["class"]["key"].as_str()),
        (Some("component"), Some(MANHOLE))
    );
    assert_eq!(world.ask(&token, "GET", "/api/things/999", None).await.status, 404);
    assert_eq!(
        world.ask(&token, "GET", "/api/things/at?lng=116&lat=36&layers=secret", None).await.status,
        404
    );

    let mut seen = Vec::new();
    let mut after = String::new();
    loop {
        let page = world
            .ask(&token, "GET", &format!("/api/things?layer=components&major=01&limit=5{after}"), None)
            .await
            .json();
        assert_eq!(page["total"], json!(12));
        seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["serial"].as_u64().unwrap()));
        match page["next"].as_u64() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert_eq!(seen, serials[..12]);
}

async fn basic(world: &World, token: &str, path: &str) -> Answer {
    use base64::Engine as _;
    let code = base64::engine::general_purpose::STANDARD.encode(format!("qgis:{token}"));
    let request =
        Request::get(path).header("authorization", format!("Basic {code}")).body(Body::empty()).unwrap();
    world.send(request).await
}

#[tokio::test]
async fn ogc_features_are_read_page_by_page_with_a_token_as_password() {
    let world = world().await;
    let token = world.token(Role::Leader).await;
    furnished(&world).await;
    let stranger = world.get("/ogc").await;
    assert_eq!(stranger.status, 401);
    assert!(stranger.header("www-authenticate").starts_with("Basic "));

    let landing = basic(&world, &token, "/ogc").await.json();
    let rels: Vec<&str> =
        landing["links"].as_array().unwrap().iter().map(|link| link["rel"].as_str().unwrap()).collect();
    for rel in ["self", "alternate", "service-desc", "service-doc", "conformance", "data"] {
        assert!(rels.contains(&rel), "{rel}");
    }
    let conformance = basic(&world, &token, "/ogc/conformance").await.json();
    assert_eq!(conformance["conformsTo"].as_array().unwrap().len(), 4);
    let collections = basic(&world, &token, "/ogc/collections").await.json();
    let ids: Vec<&str> =
        collections["collections"].as_array().unwrap().iter().map(|c| c["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["components", "unit_grids", "cases"]);
    assert_eq!(basic(&world, &token, "/ogc/collections/nothing").await.status, 404);
    let api = basic(&world, &token, "/ogc/api").await;
    assert_eq!(api.json()["openapi"], "3.0.3");

    // The next link carries every parameter and ends with the collection.
    let mut codes = Vec::new();
    let mut path =
        "/ogc/collections/components/items?limit=5&state=intact&bbox=116.0,36.0,116.1,36.1".to_owned();
    loop {
        let answer = basic(&world, &token, &path).await;
        assert_eq!(answer.header("content-type"), "application/geo+json");
        let page = answer.json();
        assert_eq!((&page["numberMatched"], page["type"].as_str()), (&json!(12), Some("FeatureCollection")));
        assert_eq!(page["numberReturned"], json!(page["features"].as_array().unwrap().len()));
        codes.extend(
            page["features"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()),
        );
        let next = page["links"].as_array().unwrap().iter().find(|link| link["rel"] == "next");
        match next.and_then(|link| link["href"].as_str()) {
            Some(href) => path = href.trim_start_matches("https://city.test").to_owned(),
            None => break,
        }
    }
    assert_eq!(codes.len(), 12);
    let one = basic(&world, &token, &format!("/ogc/collections/components/items/{}", codes[0])).await.json();
    assert_eq!(
        (one["geometry"]["type"].as_str(), one["properties"]["supervisor_name"].as_str()),
        (Some("Point"), Some("城管局"))
    );
    assert_eq!(one["properties"]["accuracy"], "B");

    let count = async |query: &str| {
        let page = basic(&world, &token, &format!("/ogc/collections/components/items?limit=100&{query}"))
            .await
            .json();
        page["features"].as_array().unwrap_or_else(|| panic!("{page}")).len()
    };
    assert_eq!(count(&format!("class={LAMP}")).await, 4);
    assert_eq!(count("accuracy=B").await, 14);
    assert_eq!(count("accuracy=C").await, 0);
    assert_eq!(count(&format!("code={}", codes[2])).await, 1);
    assert_eq!(count(&format!("code={}&bbox=0,0,1,1", codes[2])).await, 0);
    assert_eq!(count("state=unheard").await, 0);
    let day = NOW.millis() / 86_400_000 * 86_400;
    let at = |seconds: i64| jiff::Timestamp::from_second(seconds).unwrap().to_string();
    assert_eq!(count(&format!("datetime={}/{}", at(day), at(day + 86_400))).await, 14);
    assert_eq!(count(&format!("datetime=../{}", at(day - 1))).await, 0);

    for query in [
        "limit=0",
        "limit=x",
        "bbox=1,2,3",
        "datetime=yesterday",
        "unheard=1",
        "crs=EPSG:1",
        "bbox-crs=x",
        "after=x",
        "f=xml",
    ] {
        let answer = basic(&world, &token, &format!("/ogc/collections/components/items?{query}")).await;
        assert_eq!(answer.status, 400, "{query}: {}", answer.text());
        answer.problem();
    }
    let grids = basic(&world, &token, "/ogc/collections/unit_grids/items").await.json();
    assert_eq!(
        (&grids["numberMatched"], grids["features"][0]["geometry"]["type"].as_str()),
        (&json!(1), Some("Polygon"))
    );
    assert_eq!(basic(&world, &token, "/ogc/collections/unit_grids/items/990301001001001").await.status, 200);

    for path in [
        "/ogc",
        "/ogc/api",
        "/ogc/conformance",
        "/ogc/collections",
        "/ogc/collections/components",
        "/ogc/collections/components/items",
        "/ogc/collections/cases/items",
        "/ogc/collections/unit_grids/items/990301001001001",
    ] {
        let page = basic(&world, &token, &format!("{path}?f=html")).await;
        assert_eq!(
            (page.status.as_u16(), page.header("content-type")),
            (200, "text/html; charset=utf-8"),
            "{path}"
        );
        assert!(page.text().starts_with("<!doctype html>") && !page.text().contains("ogc."), "{path}");
    }
}

#[tokio::test]
async fn base_maps_are_records_with_a_datum_and_open_only_their_hosts() {
    let world = world().await;
    let admin = world.token(Role::SystemAdmin).await;
    let sky = json!({ "name": { "zh": "天地图", "en": "Tianditu" }, "service": "wmts", "datum": "cgcs2000", "key": "abc",
        "subdomains": ["0", "1"],
        "urls": ["https://t{s}.tianditu.gov.cn/vec_w/wmts?TILEMATRIX={TileMatrix}&TILEROW={TileRow}&TILECOL={TileCol}&tk={key}"] });
    let put = |value: Value| {
        let request = Request::put("/api/records/basemaps/sky")
            .header("authorization", format!("Bearer {admin}"))
            .header("content-type", "application/json")
            .header("if-none-match", "*")
            .body(Body::from(json!({ "value": value }).to_string()))
            .unwrap();
        world.send(request)
    };
    let mut bad = sky.clone();
    bad["urls"] = json!(["https://t.example/{z}/{x}.png"]);
    let refused = put(bad).await;
    assert_eq!(refused.status, 422);
    assert_eq!(refused.json()["errors"][0]["field"], "basemaps/sky.urls[0]");
    assert!(!world.get("/api/login-options").await.header("content-security-policy").contains("tianditu"));
    assert_eq!(put(sky).await.status, 200);

    let token = world.token(Role::Handler).await;
    let maps = world.ask(&token, "GET", "/api/basemaps", None).await.json();
    let map = &maps["basemaps"][0];
    assert_eq!(
        (map["id"].as_str(), map["kind"].as_str(), map["datum"].as_str()),
        (Some("sky"), Some("raster"), Some("cgcs2000"))
    );
    assert_eq!(
        map["layers"][0][1],
        "https://t1.tianditu.gov.cn/vec_w/wmts?TILEMATRIX={z}&TILEROW={y}&TILECOL={x}&tk=abc"
    );
    assert_eq!(world.get("/api/public/basemaps").await.json(), maps);
    let policy = world.get("/api/login-options").await;
    assert!(
        policy
            .header("content-security-policy")
            .contains("connect-src 'self' https://t0.tianditu.gov.cn https://t1.tianditu.gov.cn;")
    );
    assert_eq!(world.get("/api/basemaps").await.status, 401);
}
