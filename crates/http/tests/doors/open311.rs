//! Open311 GeoReport v2 as its clients and validators use it.

use crate::world::{Answer, CLASS, World, world, world_with};
use axum::body::Body;
use axum::http::Request;
use kernel::Role;
use serde_json::{Value, json};
use yiwang_http::{HttpOptions, RateLimits};

async fn post(world: &World, path: &str, form: &str) -> Answer {
    let request = Request::post(path).header("content-type", "application/x-www-form-urlencoded");
    world.send(request.body(Body::from(form.to_owned())).unwrap()).await
}

fn form(more: &str) -> String {
    format!(
        "service_code={CLASS}&lat=36.005&long=116.005&description=%E4%BA%95%E7%9B%96+%3C1%3E&email=a%40b.cn&first_name=Zhang&phone=13800000001{more}"
    )
}

/// Rules 0–6 of the public validator (SeeClickFix/open311-validator, tests/*.rb, restated).
#[tokio::test]
async fn the_rules_of_the_validator_hold() {
    let world = world().await;
    let xml = world.get("/open311/v2/discovery.xml").await;
    assert!(xml.status == 200 && xml.header("content-type").starts_with("text/xml"));
    let json = world.get("/open311/v2/discovery.json").await;
    assert!(json.header("content-type").starts_with("application/json"));
    let discovery = json.json();
    for field in ["contact", "key_service", "changeset"] {
        assert!(discovery[field].as_str().is_some_and(|text| !text.is_empty()), "{field}");
    }
    assert!(discovery["changeset"].as_str().unwrap() < "2026-12-01");
    for endpoint in discovery["endpoints"].as_array().unwrap() {
        for field in ["specification", "url", "changeset", "type"] {
            assert!(endpoint[field].is_string(), "{field}");
        }
        assert!(endpoint["formats"].as_array().unwrap().contains(&"text/xml".into()));
    }
    let services = world.get("/open311/v2/services.json").await.json();
    let xml = world.get("/open311/v2/services.xml").await.text();
    let codes: Vec<&str> =
        services.as_array().unwrap().iter().map(|s| s["service_code"].as_str().unwrap()).collect();
    let in_xml: Vec<&str> =
        xml.split("<service_code>").skip(1).filter_map(|rest| rest.split("</service_code>").next()).collect();
    assert_eq!(codes, in_xml);
    assert!(codes.contains(&CLASS));
    for field in ["service_code", "service_name", "description", "metadata", "type", "keywords", "group"] {
        assert!(services[0].get(field).is_some(), "{field}");
    }
}

/// Rule 7 of the validator.
#[tokio::test]
async fn where_keys_are_required_a_report_without_one_is_refused() {
    let options =
        HttpOptions { limits: RateLimits::NONE, open311_key_required: true, ..HttpOptions::default() };
    let world = world_with(options).await;
    let refused = post(&world, "/open311/v2/requests.json", &form("")).await;
    assert_eq!((refused.status.as_u16(), &refused.json()[0]["code"]), (403, &Value::from("403")));
    assert_eq!(post(&world, "/open311/v2/requests.json", &form("&api_key=wrong")).await.status, 403);
    let key = world.token(Role::IntakeOperator).await;
    let taken = post(&world, "/open311/v2/requests.json", &form(&format!("&api_key={key}"))).await;
    assert_eq!(taken.status, 201, "{}", taken.text());
}

#[tokio::test]
async fn a_posted_report_is_read_back_in_both_formats_without_its_reporter() {
    let world = world().await;
    let made = post(&world, "/open311/v2/requests.json", &form("&jurisdiction_id=model.city")).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let list = made.json();
    assert_eq!(list.as_array().unwrap().len(), 1, "a single result is a list");
    let id = list[0]["service_request_id"].as_str().unwrap().to_owned();
    let one = world.get(&format!("/open311/v2/requests/{id}.json")).await;
    let request = &one.json()[0];
    assert_eq!((&request["status"], &request["service_code"]), (&"open".into(), &CLASS.into()));
    assert_eq!(request["requested_datetime"], "2026-03-02T09:00:00+08:00");
    assert_eq!((request["lat"].as_f64(), request["long"].as_f64()), (Some(36.005), Some(116.005)));
    let xml = world.get(&format!("/open311/v2/requests/{id}.xml")).await.text();
    assert!(xml.contains("<description>井盖 &lt;1&gt;</description>"), "{xml}");
    for person in ["Zhang", "13800000001", "a@b.cn"] {
        assert!(!one.text().contains(person) && !xml.contains(person), "{person}");
    }
    let listed = world.get(&format!("/open311/v2/requests.json?service_request_id={id},000")).await;
    assert_eq!((listed.json().as_array().unwrap().len(), listed.header("x-total-count")), (1, "1"));
    let token = world.get(&format!("/open311/v2/tokens/{id}.json")).await.json();
    assert_eq!(token[0]["service_request_id"], id.as_str());
}

#[tokio::test]
async fn lists_are_filtered_and_paged() {
    let world = world().await;
    for _ in 0..3 {
        assert_eq!(post(&world, "/open311/v2/requests.xml", &form("")).await.status, 201);
    }
    let count = async |query: &str| {
        let answer = world.get(&format!("/open311/v2/requests.json?{query}")).await;
        assert_eq!(answer.status, 200, "{query}: {}", answer.text());
        answer.json().as_array().unwrap().len()
    };
    assert_eq!(count("").await, 3);
    assert_eq!(count("status=open").await, 3);
    assert_eq!(count("status=closed").await, 0);
    assert_eq!(count("status=open,closed&page_size=2").await, 2);
    assert_eq!(count("page_size=2&page=2").await, 1);
    assert_eq!(count(&format!("service_code={CLASS},other")).await, 3);
    assert_eq!(count("service_code=other").await, 0);
    // The plus sign of an unescaped query arrives as a space.
    assert_eq!(count("start_date=2026-03-01T00:00:00+08:00").await, 3);
    assert_eq!(count("start_date=2026-03-03T00:00:00%2B08:00").await, 0);
    assert_eq!(count("end_date=2026-03-01").await, 0);
    assert_eq!(count("updated_after=2026-03-01").await, 3);
    assert_eq!(count("extensions=true&extended_attributes=true").await, 3);
}

#[tokio::test]
async fn errors_are_lists_with_the_right_status() {
    let world = world().await;
    let table = [
        ("requests.json?start_date=soon", 400),
        ("requests.json?status=fixed", 400),
        ("requests.json?page=0", 400),
        ("requests.json?jurisdiction_id=elsewhere", 404),
        ("services.json?jurisdiction_id=elsewhere", 404),
        ("services/000.json", 404),
        ("requests/000.json", 404),
        ("requests/000", 404),
        ("tokens/000.json", 404),
    ];
    for (path, status) in table {
        let answer = world.get(&format!("/open311/v2/{path}")).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
        if path.contains(".json") {
            assert_eq!(answer.json()[0]["code"], status.to_string());
            assert!(answer.json()[0]["description"].is_string());
        } else {
            assert!(
                answer.text().contains(&format!("<errors><error><code>{status}</code>")),
                "{}",
                answer.text()
            );
        }
        let xml = world.get(&format!("/open311/v2/{}", path.replace("json", "xml"))).await;
        assert!(xml.status == status && xml.text().contains("<errors><error><code>"), "{path}");
    }
    let posts =
        [("", 400), ("service_code=nope&address_string=x&description=x", 404), ("service_code=x", 400)];
    for (body, status) in posts {
        let answer = post(&world, "/open311/v2/requests.json", body).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.text());
        assert!(answer.json()[0]["description"].is_string());
    }
    let outside = post(&world, "/open311/v2/requests.json", &form("").replace("116.005", "10")).await;
    assert_eq!(outside.status, 400, "{}", outside.text());
}

#[tokio::test]
async fn a_definition_lists_what_a_service_asks() {
    let world = world().await;
    let json = world.get(&format!("/open311/v2/services/{CLASS}.json?metadata=true")).await.json();
    assert_eq!(json["service_code"], CLASS);
    assert!(json["attributes"].is_array());
    let xml = world.get(&format!("/open311/v2/services/{CLASS}.xml")).await.text();
    assert!(xml.contains("<service_definition><service_code>"), "{xml}");
}

#[tokio::test]
async fn a_photo_comes_with_a_multipart_report() {
    let world = world().await;
    let mut body = Vec::new();
    let fields = [("service_code", CLASS), ("lat", "36.005"), ("long", "116.005"), ("description", "x")];
    for (name, value) in fields {
        body.extend_from_slice(
            format!("--b\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").as_bytes(),
        );
    }
    body.extend_from_slice(b"--b\r\ncontent-disposition: form-data; name=\"media\"; filename=\"x.txt\"\r\n\r\nno photo\r\n--b--\r\n");
    let request =
        Request::post("/open311/v2/requests.json").header("content-type", "multipart/form-data; boundary=b");
    let refused = world.send(request.body(Body::from(body)).unwrap()).await;
    assert_eq!(refused.status, 400, "{}", refused.text());
    assert!(refused.json()[0]["description"].as_str().unwrap().starts_with("file: "), "{}", refused.text());
}

#[tokio::test]
async fn words_and_photos_are_shown_only_with_the_reporters_consent() {
    let world = world().await;
    let report = async |reporter: Value| {
        let photo = world.upload("").await;
        let sent = json!({ "id": uuid::Uuid::now_v7(), "text": "井盖破损", "class": CLASS, "photos": [photo],
            "place": { "lng": 116.005, "lat": 36.005, "address": "中山路 1 号" }, "reporter": reporter });
        let made = world.ask("", "POST", "/api/public/cases", Some(sent)).await;
        assert_eq!(made.status, 201, "{}", made.text());
        (made.json()["number"].as_str().unwrap().to_owned(), photo)
    };
    let read = async |number: &str| {
        let list = world.get(&format!("/open311/v2/requests/{number}.json")).await.json();
        let listed = world.get("/open311/v2/requests.json").await.json();
        let same = listed.as_array().unwrap().iter().find(|r| r["service_request_id"] == number).unwrap();
        assert_eq!(&list[0], same, "alone and in the list");
        (list[0]["description"].clone(), list[0]["media_url"].clone())
    };
    let person = |public: bool| json!({ "name": "王某", "phone": "13800000001", "public": public });
    let (open, photo) = report(person(true)).await;
    let (closed, _) = report(person(false)).await;
    let (nameless, _) = report(Value::Null).await;
    let url = format!("https://city.test/open311/v2/media/{open}/{photo}");
    assert_eq!(read(&open).await, (json!("井盖破损"), json!(url)));
    for number in [&closed, &nameless] {
        assert_eq!(read(number).await, (Value::Null, Value::Null), "nobody agreed to {number}");
    }
    // The address answers for the one case and nothing else: the other cases show the same photo.
    let path = |number: &str, photo: &str| format!("/open311/v2/media/{number}/{photo}");
    let shown = world.get(&path(&open, &photo)).await;
    assert_eq!((shown.status.as_u16(), shown.header("content-type")), (200, "image/png"));
    assert_eq!(shown.header("cache-control"), "public, max-age=3600");
    for (number, photo) in [(&closed, &photo), (&nameless, &photo), (&open, &"0".repeat(64))] {
        assert_eq!(world.get(&path(number, photo)).await.status, 404);
    }
    // Who reports through Open311 writes into an open register.
    let made = post(&world, "/open311/v2/requests.json", &form("")).await.json();
    let number = made[0]["service_request_id"].as_str().unwrap().to_owned();
    assert_eq!(read(&number).await.0, json!("井盖 <1>"));
}
