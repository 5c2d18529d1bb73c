//! Coordinate systems as files name them: the well-known text of a `.prj`, and names such as `EPSG:4490`.

use kernel::coordinate::{Crs, GaussKruger, ZoneWidth};
use std::fmt::Write;

/// Bytes of a `.prj` that are looked at; real ones have less than 2 kB.
pub const PRJ_MAX: usize = 16 * 1024;

/// The system that a name or an EPSG number in a file means, such as `urn:ogc:def:crs:EPSG::4490`.
pub fn from_name(name: &str) -> Option<Crs> {
    let upper = name.to_ascii_uppercase();
    if upper.contains("CRS84") {
        return Some(Crs::Wgs84);
    }
    let number = upper.rsplit([':', '/']).next()?.trim().parse().ok()?;
    if upper.contains("EPSG") { Crs::from_epsg(number) } else { None }
}

/// The system a `.prj` describes, when it is one of ours. Beijing 54, Xi'an 80, UTM and Web Mercator are not:
/// their data is to be transformed first, by somebody who knows the parameters.
pub fn from_wkt(text: &str) -> Option<Crs> {
    let flat: String = text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_uppercase();
    let datum = datum(&flat)?;
    let projected = flat.contains("PROJCS[") || flat.contains("PROJCRS[");
    if !projected {
        return Some(datum);
    }
    let gauss = flat.contains("GAUSS_KRUGER")
        || flat.contains("GAUSS-KRUGER")
        || flat.contains("TRANSVERSE_MERCATOR")
        || flat.contains("TRANSVERSEMERCATOR");
    if !gauss || datum != Crs::Cgcs2000 {
        return None;
    }
    let value = |names: &[&str]| names.iter().find_map(|name| parameter(&flat, name));
    let central = value(&["CENTRAL_MERIDIAN", "LONGITUDEOFNATURALORIGIN", "LONGITUDE_OF_CENTER"])?;
    let easting = value(&["FALSE_EASTING", "FALSEEASTING"])?;
    let plain = value(&["SCALE_FACTOR", "SCALEFACTORATNATURALORIGIN"]).is_none_or(|scale| scale == 1.0)
        && value(&["FALSE_NORTHING", "FALSENORTHING"]).is_none_or(|north| north == 0.0)
        && value(&["LATITUDE_OF_ORIGIN", "LATITUDEOFNATURALORIGIN"]).is_none_or(|south| south == 0.0);
    if !plain {
        return None;
    }
    // 500 km, with or without the zone number in millions of metres before it.
    let zone = (easting - 500_000.0) / 1_000_000.0;
    if zone == 0.0 {
        // A central meridian such as 117° is that of a zone of either width; the numbers are the same.
        return [ZoneWidth::Three, ZoneWidth::Six]
            .into_iter()
            .find_map(|width| GaussKruger::at_meridian(width, central))
            .or_else(|| GaussKruger::own_meridian(central))
            .map(Crs::GaussKruger);
    }
    let number = (13..=45u8).find(|number| f64::from(*number) == zone)?;
    [ZoneWidth::Three, ZoneWidth::Six]
        .into_iter()
        .filter_map(|width| GaussKruger::zone(width, number))
        .find(|zone| zone.central_meridian() == central)
        .map(Crs::GaussKruger)
}

fn datum(flat: &str) -> Option<Crs> {
    // Systems whose names also hold the words looked for below come first.
    let others = ["XIAN", "BEIJING", "NEW_BEIJING", "KRASOV", "1980", "1954", "WEB_MERCATOR", "PSEUDO"];
    if others.iter().any(|word| flat.contains(word)) {
        return None;
    }
    if ["CGCS", "CHINA_2000", "CHINA2000", "CHINA_GEODETIC"].iter().any(|word| flat.contains(word)) {
        return Some(Crs::Cgcs2000);
    }
    if ["WGS_1984", "WGS84", "WGS_84", "WORLDGEODETICSYSTEM1984"].iter().any(|word| flat.contains(word)) {
        return Some(Crs::Wgs84);
    }
    None
}

fn parameter(flat: &str, name: &str) -> Option<f64> {
    let at = flat.find(&format!("[\"{name}\","))?;
    let rest = &flat[at + name.len() + 4..];
    let end = rest.find([']', ','])?;
    rest[..end].parse().ok()
}

/// The well-known text for a `.prj`; GCJ-02 and BD-09 have none that other programs know.
pub fn to_wkt(crs: Crs) -> Option<String> {
    const CHINA: &str = "GEOGCS[\"GCS_China_Geodetic_Coordinate_System_2000\",DATUM[\"D_China_2000\",SPHEROID[\"CGCS2000\",6378137.0,298.257222101]],PRIMEM[\"Greenwich\",0.0],UNIT[\"Degree\",0.0174532925199433]]";
    const WORLD: &str = "GEOGCS[\"GCS_WGS_1984\",DATUM[\"D_WGS_1984\",SPHEROID[\"WGS_1984\",6378137.0,298.257223563]],PRIMEM[\"Greenwich\",0.0],UNIT[\"Degree\",0.0174532925199433]]";
    match crs {
        Crs::Cgcs2000 => Some(CHINA.to_owned()),
        Crs::Wgs84 => Some(WORLD.to_owned()),
        Crs::Gcj02 | Crs::Bd09 => None,
        Crs::GaussKruger(zone) => {
            let easting = 500_000.0 + zone.prefix().map_or(0.0, |number| f64::from(number) * 1_000_000.0);
            let mut text = format!("PROJCS[\"CGCS2000_GK_{}\",{CHINA},PROJECTION[\"Gauss_Kruger\"]", crs);
            for (name, value) in [
                ("False_Easting", easting),
                ("False_Northing", 0.0),
                ("Central_Meridian", zone.central_meridian()),
                ("Scale_Factor", 1.0),
                ("Latitude_Of_Origin", 0.0),
            ] {
                // Writing to a String cannot fail.
                let _ = write!(text, ",PARAMETER[\"{name}\",{value:?}]");
            }
            text.push_str(",UNIT[\"Meter\",1.0]]");
            Some(text.replace(':', "_"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systems_are_known_by_the_text_other_programs_write() {
        // As ArcGIS and GDAL write them.
        let esri = r#"PROJCS["CGCS2000_3_Degree_GK_Zone_40",GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",DATUM["D_China_2000",SPHEROID["CGCS2000",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",40500000.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",120.0],PARAMETER["Scale_Factor",1.0],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]"#;
        assert_eq!(from_wkt(esri).map(|c| c.to_string()).as_deref(), Some("gk3:40"));
        assert_eq!(
            from_wkt(&esri.replace("40500000.0", "500000.0")).map(|c| c.to_string()).as_deref(),
            Some("gk3:cm120")
        );
        let six = esri.replace("40500000.0", "20500000.0").replace("120.0", "117.0");
        assert_eq!(from_wkt(&six).map(|c| c.to_string()).as_deref(), Some("gk6:20"));
        let xian = esri.replace("D_China_2000", "D_Xian_1980");
        assert_eq!(from_wkt(&xian), None);
        let utm = r#"PROJCS["WGS_1984_UTM_Zone_50N",GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137,298.257223563]]],PROJECTION["Transverse_Mercator"],PARAMETER["False_Easting",500000],PARAMETER["Central_Meridian",117],PARAMETER["Scale_Factor",0.9996]]"#;
        assert_eq!(from_wkt(utm), None);
        assert_eq!(from_wkt("GEOGCS[\"WGS 84\",DATUM[\"WGS_1984\"]]"), Some(Crs::Wgs84));
        assert_eq!(from_wkt("nonsense"), None);
        for (name, crs) in [
            ("urn:ogc:def:crs:OGC:1.3:CRS84", Some("wgs84")),
            ("urn:ogc:def:crs:EPSG::4490", Some("cgcs2000")),
            ("EPSG:4528", Some("gk3:40")),
            ("EPSG:3857", None),
        ] {
            assert_eq!(from_name(name).map(|c| c.to_string()).as_deref(), crs, "{name}");
        }
    }

    #[test]
    fn what_is_written_is_known_again() {
        for name in ["cgcs2000", "wgs84", "gk3:40", "gk6:20", "gk3:cm120", "gk:cm118.5"] {
            let crs: Crs = name.parse().unwrap();
            assert_eq!(from_wkt(&to_wkt(crs).unwrap()), Some(crs), "{name}");
        }
        assert_eq!(to_wkt(Crs::Gcj02), None);
    }
}
