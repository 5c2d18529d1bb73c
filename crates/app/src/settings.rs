//! Settings of a city that are not a table of their own. One record of kind `settings`, key `city`.

use crate::view::Words;
use city::duplicate::DuplicateSettings;
use serde::{Deserialize, Serialize};

const fn nothing_said() -> Words {
    Words { zh: String::new(), en: String::new() }
}

fn is_nothing_said(notice: &Words) -> bool {
    *notice == nothing_said()
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CitySettings {
    pub name: Words,
    /// Where the map opens.
    pub lng: f64,
    pub lat: f64,
    pub zoom: f64,
    /// West, south, east, north in degrees; reports outside are refused.
    pub bounds: [f64; 4],
    /// Edition new cases are classified in: `2013` or `2026`.
    pub edition: String,
    pub default_language: String,
    /// File name of the base map under `/basemap/`, empty for none.
    #[serde(default)]
    pub basemap: String,
    #[serde(default)]
    pub demo: bool,
    /// Said on every screen of the console, such as where the data comes from; empty for nothing.
    #[serde(default = "nothing_said", skip_serializing_if = "is_nothing_said")]
    pub notice: Words,
    #[serde(default)]
    pub duplicates: DuplicateSettings,
    /// Classes citizens may choose, in order; empty offers all of the edition.
    #[serde(default)]
    pub public_classes: Vec<String>,
    /// Days on which the platform was declared to stand still (yyyy-mm-dd), for the acceptance check.
    #[serde(default)]
    pub declared_stops: Vec<String>,
    #[serde(default)]
    pub phone: String,
    /// Jurisdiction id of Open311, empty when there is one only.
    #[serde(default)]
    pub jurisdiction: String,
}

impl Default for CitySettings {
    fn default() -> Self {
        Self {
            name: Words { zh: "未命名城市".into(), en: "Unnamed city".into() },
            lng: 116.397,
            lat: 39.908,
            zoom: 11.0,
            bounds: [-180.0, -90.0, 180.0, 90.0],
            edition: "2026".into(),
            default_language: "zh".into(),
            basemap: String::new(),
            demo: false,
            notice: nothing_said(),
            duplicates: DuplicateSettings::default(),
            public_classes: Vec::new(),
            declared_stops: Vec::new(),
            phone: String::new(),
            jurisdiction: String::new(),
        }
    }
}
