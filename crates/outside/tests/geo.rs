//! Foreign tools decide who is right: the files in `tests/geo` were written by GDAL, and what is written here is
//! read by it where it is installed.

use app::ports::Files;
use app::ports::files::{
    Column, ColumnKind, FileCell, FileFormat, FileRow, Look, RawShape, TextEncoding, Writing,
};
use kernel::Crs;
use proptest::prelude::*;
use std::fs::File;
use std::io::{self, Seek, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::Command;
use yiwang_outside::geo::GeoFiles;

fn files() -> GeoFiles {
    GeoFiles::new(std::env::temp_dir())
}

fn file_of(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().expect("a file of the test");
    file.write_all(bytes).expect("a file of the test");
    file
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/geo").join(name))
        .expect("a file of the test")
}

fn rows(bytes: &[u8]) -> (Look, Vec<FileRow>) {
    let file = file_of(bytes);
    let look = files().look(&file, None).expect("a file of the test");
    let mut rows = Vec::new();
    let take = &mut |row| {
        rows.push(row);
        ControlFlow::Continue(())
    };
    files().read(&file, &look.reading, take).expect("a file of the test");
    assert_eq!(rows.len() as u64, look.rows);
    (look, rows)
}

/// The three points of the fixtures, in degrees.
const POINTS: [[f64; 2]; 3] = [[119.162, 36.707], [119.2, 36.75], [119.05, 36.6]];

#[test]
fn points_of_gdal_are_read_in_every_format() {
    let table = [
        ("points_gbk_gk3_40.zip", FileFormat::Shapefile, TextEncoding::Gbk, Some("gk3:40")),
        ("points_utf8_gk6_cm117.zip", FileFormat::Shapefile, TextEncoding::Utf8, Some("gk3:cm117")),
        ("points.fgb", FileFormat::Flatgeobuf, TextEncoding::Utf8, Some("cgcs2000")),
        ("points.geojson", FileFormat::Geojson, TextEncoding::Utf8, Some("gk3:40")),
        ("points.geojsonl", FileFormat::Geojsonl, TextEncoding::Utf8, Some("wgs84")),
        ("points_gbk.csv", FileFormat::Csv, TextEncoding::Gbk, None),
        ("points.xlsx", FileFormat::Xlsx, TextEncoding::Utf8, None),
    ];
    for (name, format, encoding, crs) in table {
        let (look, rows) = rows(&fixture(name));
        assert_eq!((look.reading.format, look.reading.encoding), (format, encoding), "{name}");
        assert_eq!(look.crs.as_deref(), crs, "{name}");
        assert_eq!((look.rows, look.faults), (3, 0), "{name}");
        let at = |column: &str| {
            let found = look.reading.columns.iter().position(|c| c == column);
            found.unwrap_or_else(|| panic!("{name}: {column} of {:?}", look.reading.columns))
        };
        // FlatGeobuf with an index is in the order of its index.
        let mut rows = rows;
        rows.sort_by_key(|row| row.cells[at("编号")].clone());
        let cells: Vec<&str> = rows.iter().map(|row| row.cells[at("名称")].as_str()).collect();
        assert_eq!(cells, ["上水井盖", "路灯,\"单臂\"", "行道树"], "{name}");
        assert_eq!(rows[2].cells[at("数量")], "70000", "{name}");
        assert_eq!(rows[0].cells[at("高程")], "12.5", "{name}");
        if let Some(crs) = crs {
            let crs: Crs = crs.parse().expect("a file of the test");
            for (row, [lng, lat]) in rows.iter().zip(POINTS) {
                let Some(RawShape::Point([x, y])) = row.shape else { panic!("{name}: {:?}", row.shape) };
                let p = crs.locate(x, y).expect("a file of the test");
                let off = (p.lng() - lng).abs().max((p.lat() - lat).abs());
                assert!(off < 1e-8, "{name}: {off} degrees off");
            }
        }
    }
}

#[test]
fn lines_and_polygons_of_gdal_keep_their_parts() {
    for name in ["polygons.zip", "polygons.fgb"] {
        let (_, mut rows) = rows(&fixture(name));
        rows.sort_by_key(|row| row.cells[0].clone());
        assert_eq!(rows[0].cells, ["370705001001001"], "{name}");
        let hole = rows[0].shape.clone().expect("a file of the test").single();
        let RawShape::Polygon(rings) = hole else { panic!("{name}: {hole:?}") };
        assert_eq!((rings.len(), rings[0].len(), rings[1].len()), (2, 5, 5), "{name}");
        let Some(RawShape::Polygons(parts)) = &rows[1].shape else { panic!("{name}: {:?}", rows[1].shape) };
        assert_eq!((parts.len(), parts[0].len()), (2, 1), "{name}");
    }
    for name in ["lines_z.zip", "lines.fgb"] {
        let (_, rows) = rows(&fixture(name));
        let first = rows[0].shape.clone().expect("a file of the test").single();
        assert_eq!(first, RawShape::Line(vec![[119.0, 36.0], [119.4, 36.2], [119.5, 36.5]]), "{name}");
        assert!(matches!(&rows[1].shape, Some(RawShape::Lines(lines)) if lines.len() == 2), "{name}");
    }
}

fn shapes() -> Vec<RawShape> {
    let ring = |x: f64| vec![[x, 36.0], [x + 0.4, 36.0], [x + 0.4, 36.4], [x, 36.4], [x, 36.0]];
    let hole = vec![[119.1, 36.1], [119.1, 36.2], [119.2, 36.2], [119.2, 36.1], [119.1, 36.1]];
    vec![
        RawShape::Point([119.162, 36.707]),
        RawShape::Line(vec![[119.0, 36.0], [119.5, 36.5]]),
        RawShape::Polygon(vec![ring(119.0), hole]),
        RawShape::Polygons(vec![vec![ring(119.0)], vec![ring(121.0)]]),
        RawShape::Lines(vec![vec![[119.0, 36.0], [119.5, 36.5]], vec![[120.0, 36.0], [120.5, 36.5]]]),
    ]
}

fn written(format: FileFormat, encoding: TextEncoding, crs: &str, shapes: &[RawShape]) -> Vec<u8> {
    let column = |name: &str, kind| Column { name: name.to_owned(), kind };
    let how = Writing {
        format,
        encoding,
        crs: crs.parse().expect("a file of the test"),
        name: "parts".to_owned(),
        columns: vec![
            column("code", ColumnKind::Text),
            column("name", ColumnKind::Text),
            column("height_m", ColumnKind::Number),
        ],
    };
    let mut writer = files().write(&how).expect("a file of the test");
    for (at, shape) in shapes.iter().enumerate() {
        let cells = [
            FileCell::Text(format!("3707050103700000{at}")),
            FileCell::Text("路灯，\"双臂\"\n二号".to_owned()),
            if at == 1 { FileCell::Empty } else { FileCell::Number(12.5) },
        ];
        writer.row(&cells, Some(shape)).expect("a file of the test");
    }
    let mut file = writer.finish().expect("a file of the test");
    let mut bytes = Vec::new();
    file.rewind().expect("a file of the test");
    io::Read::read_to_end(&mut file, &mut bytes).expect("a file of the test");
    bytes
}

#[test]
fn what_is_written_is_read_again() {
    for format in FileFormat::ALL {
        for encoding in [TextEncoding::Utf8, TextEncoding::Gbk] {
            // A shapefile of one kind of shape; the others take any.
            let all = shapes();
            let some: Vec<RawShape> =
                if format == FileFormat::Shapefile { vec![all[2].clone(), all[3].clone()] } else { all };
            let (look, rows) = rows(&written(format, encoding, "cgcs2000", &some));
            assert_eq!(look.reading.format, format);
            assert_eq!(rows.len(), some.len(), "{format:?}");
            for (at, (row, shape)) in rows.iter().zip(&some).enumerate() {
                let name = look.reading.columns.iter().position(|c| c == "name").expect("a file of the test");
                let plain = row.cells[name].replace('\n', "");
                assert_eq!(plain, "路灯，\"双臂\"二号", "{format:?} {encoding:?}");
                let height = look
                    .reading
                    .columns
                    .iter()
                    .position(|c| c.starts_with("height"))
                    .expect("a file of the test");
                assert_eq!(row.cells[height], if at == 1 { "" } else { "12.5" }, "{format:?}");
                let found = match format.has_shapes() {
                    true => row.shape.clone(),
                    false => app::transfer::wkt::parse(row.cells.last().expect("a file of the test")).ok(),
                };
                assert_eq!(found.map(turned), Some(turned(shape.clone())), "{format:?}");
            }
        }
    }
}

/// Twice the signed area, positive for a ring against the clock.
fn turning(ring: &[[f64; 2]]) -> f64 {
    let next = ring.iter().cycle().skip(1);
    ring.iter().zip(next).map(|(a, b)| a[0] * b[1] - b[0] * a[1]).sum()
}

/// With rings the way shapefiles want them.
fn turned(shape: RawShape) -> RawShape {
    let ring = |at: usize, ring: &Vec<[f64; 2]>| {
        let mut ring = ring.clone();
        if (turning(&ring) > 0.0) == (at == 0) {
            ring.reverse();
        }
        ring
    };
    let rings = |rings: &Vec<Vec<[f64; 2]>>| rings.iter().enumerate().map(|(at, r)| ring(at, r)).collect();
    match &shape {
        RawShape::Polygon(one) => RawShape::Polygon(rings(one)),
        RawShape::Polygons(all) => RawShape::Polygons(all.iter().map(rings).collect()),
        _ => shape,
    }
}

/// What `ogrinfo` says of a file; `None` where it is not installed.
fn ogrinfo(name: &str, bytes: &[u8]) -> Option<String> {
    let folder = tempfile::tempdir().expect("a file of the test");
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).expect("a file of the test");
    let path = if name.ends_with("zip") {
        format!("/vsizip/{}", path.display())
    } else {
        path.display().to_string()
    };
    let told = Command::new("ogrinfo").args(["-ro", "-al", &path]).output();
    let Ok(told) = told else {
        eprintln!("ogrinfo (gdal-bin) is not installed: what is written is not read by GDAL");
        return None;
    };
    Some(String::from_utf8_lossy(&told.stdout).into_owned() + &String::from_utf8_lossy(&told.stderr))
}

#[test]
fn gdal_reads_what_is_written() {
    let gk: Crs = "gk3:40".parse().expect("a file of the test");
    let in_metres: Vec<RawShape> = shapes()
        .iter()
        .map(|shape| {
            let turn = |[x, y]: [f64; 2]| {
                gk.express(kernel::Point::new(x, y).expect("a file of the test")).map(|(x, y)| [x, y])
            };
            shape.turned(turn).expect("a file of the test")
        })
        .collect();
    let polygons = &in_metres[2..4];
    for (name, format, encoding) in [
        ("a.geojson", FileFormat::Geojson, TextEncoding::Utf8),
        ("a.fgb", FileFormat::Flatgeobuf, TextEncoding::Utf8),
        ("a.zip", FileFormat::Shapefile, TextEncoding::Gbk),
        ("b.zip", FileFormat::Shapefile, TextEncoding::Utf8),
    ] {
        let Some(told) = ogrinfo(name, &written(format, encoding, "gk3:40", polygons)) else { return };
        assert!(!told.contains("ERROR") && !told.contains("Warning"), "{name}: {told}");
        assert!(told.contains("Feature Count: 2"), "{name}: {told}");
        assert!(told.contains("路灯，\"双臂\""), "{name}: {told}");
        assert!(told.contains("CGCS2000"), "{name}: {told}");
        assert!(told.contains("12.5"), "{name}: {told}");
        assert!(told.contains("MULTIPOLYGON (((") && told.contains("POLYGON (("), "{name}: {told}");
    }
    let points = vec![shapes()[0].clone(); 3];
    for (name, format) in [
        ("a.csv", FileFormat::Csv),
        ("a.xlsx", FileFormat::Xlsx),
        ("a.geojsonl", FileFormat::Geojsonl),
        ("p.fgb", FileFormat::Flatgeobuf),
    ] {
        let Some(told) = ogrinfo(name, &written(format, TextEncoding::Utf8, "cgcs2000", &points)) else {
            return;
        };
        assert!(told.contains("Feature Count: 3"), "{name}: {told}");
        assert!(told.contains("37070501037000002"), "{name}: {told}");
    }
    // A layer for each kind.
    let Some(told) =
        ogrinfo("m.zip", &written(FileFormat::Shapefile, TextEncoding::Utf8, "wgs84", &shapes()))
    else {
        return;
    };
    for layer in ["parts_point", "parts_line", "parts_polygon"] {
        assert!(told.contains(layer), "{told}");
    }
}

#[test]
fn files_that_are_none_are_named() {
    let table: [(&[u8], &str); 9] = [
        (b"", "file_no_headers"),
        (b"  \n ", "file_no_headers"),
        (b"SQLite format 3\0....", "file_geopackage"),
        (b"\xD0\xCF\x11\xE0....", "file_old_xls"),
        (b"\x00\x00\x27\x0A....", "file_shp_alone"),
        (b"PK\x03\x04....", "file_bad_zip"),
        (b"{\"type\":\"Topology\"}", "file_no_features"),
        (b"{\"features\":[{\"type\":\"Feature\",\"geometry\":nul", "file_bad_geojson"),
        (b"fgb\x03fgb\x00\xff\xff\xff\xff", "file_bad_flatgeobuf"),
    ];
    for (bytes, code) in table {
        let refused = files().look(&file_of(bytes), None).unwrap_err();
        assert_eq!(refused.code, code, "{}", String::from_utf8_lossy(bytes));
    }
    assert_eq!(files().look(&file_of(b"a,\xff\xff\n1,2\n"), None).unwrap_err().code, "file_encoding");
}

#[test]
fn a_wrong_row_spoils_itself_only() {
    let lines = "{\"type\":\"Feature\",\"properties\":{\"a\":1},\"geometry\":{\"type\":\"Point\",\"coordinates\":[1,2]}}\nnonsense\n\
                 {\"type\":\"Feature\",\"properties\":{\"a\":2},\"geometry\":{\"type\":\"Point\",\"coordinates\":[\"x\",2]}}\n\
                 {\"type\":\"Feature\",\"properties\":{\"a\":3},\"geometry\":null}\n";
    let (look, rows) = rows(lines.as_bytes());
    assert_eq!(look.reading.columns, ["a"]);
    let faults: Vec<_> = rows.iter().map(|row| (row.row, row.fault.as_ref().map(|f| f.code))).collect();
    assert_eq!(faults, [(1, None), (2, Some("bad_feature")), (3, Some("bad_geometry")), (4, None)]);
    let (_, rows) = self::rows(b"a,b\n1,2\n1,2,3\n\"x\ny\",4\n5\n");
    let faults: Vec<_> = rows.iter().map(|row| (row.row, row.fault.is_some(), row.cells.join("|"))).collect();
    assert_eq!(
        faults,
        [
            (2, false, "1|2".into()),
            (3, true, "1|2".into()),
            (4, false, "x\ny|4".into()),
            (6, false, "5|".into())
        ]
    );
}

/// Reads whatever it is; must neither panic nor hand out rows that do not fit their columns.
fn survives(bytes: &[u8]) {
    let file = file_of(bytes);
    let Ok(look) = files().look(&file, None) else { return };
    let width = look.reading.columns.len();
    let mut count = 0u64;
    let read = files().read(&file, &look.reading, &mut |row| {
        assert_eq!(row.cells.len(), width);
        if let Some(shape) = &row.shape {
            let text = app::transfer::wkt::write(shape);
            assert!(!text.is_empty());
        }
        count += 1;
        ControlFlow::Continue(())
    });
    // What was looked through whole is read whole.
    assert!(read.is_ok(), "{read:?}");
    assert_eq!(count, look.rows);
}

fn cases() -> u32 {
    if std::env::var_os("YIWANG_FULL").is_some() { 20_000 } else { 96 }
}

const FIXTURES: [&str; 9] = [
    "points_gbk_gk3_40.zip",
    "polygons.zip",
    "lines_z.zip",
    "points.fgb",
    "polygons.fgb",
    "points.geojson",
    "points.geojsonl",
    "points_gbk.csv",
    "points.xlsx",
];

/// A ZIP file of the parts given: mutations then reach the parts and not only the wrapping.
fn zipped(parts: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        archive.start_file(*name, zip::write::SimpleFileOptions::default()).expect("a file of the test");
        archive.write_all(bytes).expect("a file of the test");
    }
    archive.finish().expect("a file of the test").into_inner()
}

fn unzipped(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = zip::ZipArchive::new(io::Cursor::new(bytes)).expect("a file of the test");
    (0..archive.len())
        .map(|at| {
            let mut part = archive.by_index(at).expect("a file of the test");
            let mut bytes = Vec::new();
            io::Read::read_to_end(&mut part, &mut bytes).expect("a file of the test");
            (part.name().expect("a file of the test").into_owned(), bytes)
        })
        .collect()
}

fn mutated(mut bytes: Vec<u8>, changes: &[(u16, u8, u8)]) -> Vec<u8> {
    for (at, what, value) in changes {
        if bytes.is_empty() {
            return bytes;
        }
        let at = usize::from(*at) % bytes.len();
        match what % 4 {
            0 => bytes[at] = *value,
            1 => bytes.truncate(at),
            2 => bytes.insert(at, *value),
            _ => {
                let run = bytes[at..(at + usize::from(*value)).min(bytes.len())].to_vec();
                bytes.splice(at..at, run);
            }
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_break_a_reader(
        bytes in proptest::collection::vec(any::<u8>(), 0..400), head in 0..7_usize,
    ) {
        let heads: [&[u8]; 7] =
            [b"", b"fgb\x03fgb\x00", b"{\"features\":[", b"{\"type\":\"Feature\",", b"PK\x03\x04", b"a,b\n", b"\x1e{"];
        survives(&[heads[head], &bytes].concat());
    }

    #[test]
    fn no_change_of_a_file_breaks_a_reader(
        which in 0..FIXTURES.len(), part in 0..5_usize,
        changes in proptest::collection::vec((any::<u16>(), any::<u8>(), any::<u8>()), 1..6),
    ) {
        let bytes = fixture(FIXTURES[which]);
        survives(&mutated(bytes.clone(), &changes));
        if bytes.starts_with(b"PK") {
            let mut parts = unzipped(&bytes);
            let at = part % parts.len();
            parts[at].1 = mutated(std::mem::take(&mut parts[at].1), &changes);
            let parts: Vec<(&str, Vec<u8>)> = parts.iter().map(|(n, b)| (n.as_str(), b.clone())).collect();
            survives(&zipped(&parts));
        }
    }
}
