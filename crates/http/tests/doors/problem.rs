//! Whatever goes wrong, the answer is a problem document in the caller's language.

use crate::world::{report, world};
use axum::body::Body;
use axum::http::Request;
use kernel::Role;
use serde_json::json;

#[tokio::test]
async fn every_kind_of_failure_is_a_problem() {
    let world = world().await;
    let intake = world.token(Role::IntakeOperator).await;
    let json = "application/json";
    let big = "x".repeat(2_000_000);
    let table = [
        ("GET", "/api/nothing", "", "", 404, "not_found"),
        ("GET", "/api/cases", "", "", 200, ""),
        ("PATCH", "/api/cases", "", "", 405, "method_not_allowed"),
        ("POST", "/api/cases", "", "{}", 415, "unsupported_media_type"),
        ("POST", "/api/cases", "text/plain", "{}", 415, "unsupported_media_type"),
        ("POST", "/api/cases", json, "{", 400, "unreadable"),
        ("POST", "/api/cases", json, "{}", 422, "invalid_fields"),
        ("POST", "/api/cases", json, "[1]", 422, "invalid_fields"),
        ("POST", "/api/cases", json, big.as_str(), 413, "payload_too_large"),
        ("POST", "/api/attachments", json, "{}", 415, "unsupported_media_type"),
        ("POST", "/api/attachments", "multipart/form-data", "x", 400, "unreadable"),
        ("POST", "/api/attachments", "multipart/form-data; boundary=x", "--x--\r\n", 422, "invalid_fields"),
        ("GET", "/api/cases?stage=nonsense", "", "", 422, "invalid_fields"),
        ("GET", "/api/cases?limit=x", "", "", 422, "invalid_fields"),
        ("GET", "/api/cases?typo=1", "", "", 422, "invalid_fields"),
        ("GET", "/api/cases?cursor=zzz", "", "", 422, "invalid_fields"),
        ("GET", "/api/cases/none", "", "", 404, "not_found"),
        ("GET", "/api/cases/%ff", "", "", 404, "not_found"),
        ("POST", "/api/people/abc/unlock", "", "", 404, "not_found"),
        ("GET", "/api/audit", "", "", 403, "forbidden"),
        ("PUT", "/api/records/templates/1", json, "{\"value\":{}}", 428, "precondition_required"),
        ("GET", "/api/classes/search?q=x&limit=99", "", "", 422, "invalid_fields"),
    ];
    for (method, path, kind, body, status, code) in table {
        let mut request =
            Request::builder().method(method).uri(path).header("authorization", format!("Bearer {intake}"));
        if !kind.is_empty() {
            request = request.header("content-type", kind);
        }
        let answer = world.send(request.body(Body::from(body.to_owned())).unwrap()).await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
        if status >= 400 {
            assert_eq!(answer.problem(), code, "{method} {path}");
        }
        if status == 405 {
            assert!(answer.header("allow").contains("GET"), "{:?}", answer.headers);
        }
    }
}

#[tokio::test]
async fn texts_are_in_the_callers_language_and_name_the_field() {
    let world = world().await;
    let intake = world.token(Role::IntakeOperator).await;
    let mut sent = report("x");
    sent["place"]["lng"] = json!(10.0);
    sent["class"] = json!("2026-event-99999");
    for (language, detail, message) in [
        ("zh-CN", "有 2 处内容需要更正。", "位置不在本市范围内。"),
        ("en", "2 thing(s) must be corrected.", "The place lies outside the city."),
    ] {
        let request = Request::post("/api/cases")
            .header("authorization", format!("Bearer {intake}"))
            .header("content-type", "application/json")
            .header("accept-language", language)
            .body(Body::from(sent.to_string()))
            .unwrap();
        let answer = world.send(request).await;
        assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (422, "invalid_fields"));
        let problem = answer.json();
        assert_eq!(problem["detail"], detail);
        let errors = problem["errors"].as_array().unwrap();
        assert!(errors.iter().any(|e| e["field"] == "place.lng" && e["message"] == message), "{problem}");
    }
}

#[tokio::test]
async fn security_headers_are_on_every_answer() {
    let world = world().await;
    for path in ["/api/nothing", "/healthz", "/open311/v2/services.json"] {
        let answer = world.get(path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert!(answer.header("content-security-policy").contains("script-src 'self'"));
        assert_eq!(answer.header("x-trace-id").len(), 32);
        assert!(answer.header("strict-transport-security").contains("max-age"));
    }
}

#[tokio::test]
async fn the_document_names_every_route_and_its_problems() {
    let world = world().await;
    let document = world.get("/api/openapi.json").await.json();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["info"]["license"]["identifier"], "Apache-2.0");
    let mut ids = std::collections::BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id.to_owned()), "operation {id} is there twice");
            assert!(operation["summary"].is_string(), "{method} {path} has no summary");
            let open = path.starts_with("/api/public/")
                || path.starts_with("/open311")
                || path.starts_with("/api/oidc");
            if path.starts_with("/api/") && !open && !matches!(id, "log_in" | "login_options") {
                assert!(operation["responses"]["401"].is_object(), "{method} {path} has no 401");
                assert!(operation["security"].is_array(), "{method} {path} has no security");
                let answer = world.ask("", &method.to_uppercase(), &path.replace(['{', '}'], ""), None).await;
                assert_eq!(answer.status, 401, "{method} {path} answers without a session");
                assert_eq!(answer.problem(), "not_signed_in");
            }
        }
    }
    assert!(ids.len() > 70, "{} operations", ids.len());
}
