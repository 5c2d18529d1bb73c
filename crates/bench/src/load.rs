//! Citizen reports as requests.

use crate::client::request;
use crate::{city, texts};
use rand::Rng;
use serde_json::json;
use uuid::Uuid;

/// Classes citizens choose most.
const CLASSES: [&str; 6] = [
    "2026-event-01001",
    "2026-event-06013",
    "2026-event-02001",
    "2026-event-03001",
    "2026-event-04001",
    "2026-event-05001",
];

/// Those of [`CLASSES`] this program knows.
pub fn classes() -> Vec<&'static str> {
    let catalogue = ::city::Catalogue::national();
    let known = |key: &&str| key.parse().is_ok_and(|key| catalogue.get(&key).is_some());
    CLASSES.into_iter().filter(known).collect()
}

pub struct Reports {
    classes: Vec<&'static str>,
}

impl Reports {
    pub fn new() -> Self {
        Self { classes: classes() }
    }

    /// A report with text, position, address, class and phone, as the citizen page sends it.
    pub fn next(&self, dice: &mut impl Rng) -> (Uuid, Vec<u8>) {
        let id = Uuid::now_v7();
        let (_, _, west, south) = city::grid(dice.random_range(0..city::GRIDS));
        let body = json!({
            "id": id,
            "text": texts::report(dice),
            "place": {
                "lng": west + dice.random_range(0.001..0.009),
                "lat": south + dice.random_range(0.001..0.009),
                "address": texts::address(dice),
            },
            "class": texts::one(dice, &self.classes),
            "reporter": { "name": "李四", "phone": format!("139{:08}", dice.random_range(0..50_000)), "callback": true, "language": "zh" },
            "secret": format!("{:032x}", dice.random::<u128>()),
        });
        (id, request("POST", "/api/public/cases", "", &body.to_string()))
    }
}
