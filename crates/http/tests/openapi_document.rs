//! The OpenAPI document in `web/` is the one the code describes: the browser's client is made from it.
//! `YIWANG_WRITE=1` rewrites it (`cargo xtask tidy --fix`).

use std::path::Path;

#[test]
fn the_document_in_web_is_up_to_date() {
    let document = yiwang_http::openapi();
    let mut made = serde_json::to_string_pretty(&document).expect("a document serialises");
    made.push('\n');
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/openapi.json");
    if std::env::var_os("YIWANG_WRITE").is_some() {
        std::fs::write(&path, &made).expect("web/openapi.json can be written");
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(stored == made, "web/openapi.json is out of date: run `cargo xtask tidy --fix`");
}
