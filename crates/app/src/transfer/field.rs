//! What the columns of a file can be mapped to.

use super::plan::Target;
use crate::config::Config;
use pack::{FieldType, Register};
use serde::Serialize;
use utoipa::ToSchema;

/// One thing a column can stand for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = TransferField)]
pub struct Field {
    /// Its word; a label is in the message tables, or in `zh` and `en` where a pack or a class brings it.
    pub field: String,
    pub required: bool,
    /// The words it may have; none when it takes any text.
    pub choices: Vec<String>,
    pub zh: String,
    pub en: String,
}

/// Field, whether it must be mapped, and headers under which offices write it: ours, the 18 standard attributes
/// of 2026, the exchange record before 2026 (`standards/codes.md` §8), and plain Chinese.
type Row = (&'static str, bool, &'static [&'static str]);

const COMPONENT: &[Row] = &[
    ("code", false, &["code", "objid", "glbjbsm", "标识码", "部件标识码", "部件编码", "部件代码"]),
    ("source_id", false, &["source_id", "asset_id", "原编号", "原系统编号", "编号"]),
    ("class", false, &["class", "class_key", "type", "部件类别", "小类代码", "小类", "类别"]),
    ("name", false, &["name", "objname", "glbjmc", "部件名称", "名称"]),
    ("supervisor_code", true, &["supervisor_code", "deptcode1", "zgbmdm", "主管部门代码"]),
    ("supervisor_name", true, &["supervisor_name", "deptname1", "zgbmmc", "主管部门", "主管部门名称"]),
    ("owner_code", false, &["owner_code", "deptcode2", "qsdwdm", "权属单位代码"]),
    ("owner_name", false, &["owner_name", "deptname2", "qsdwmc", "权属单位", "权属单位名称"]),
    ("maintainer_code", false, &["maintainer_code", "deptcode3", "yhdwdm", "养护单位代码"]),
    ("maintainer_name", false, &["maintainer_name", "deptname3", "yhdwmc", "养护单位", "养护单位名称"]),
    ("grid", false, &["grid", "bgid", "szdywgbsm", "单元网格", "所在单元网格", "单元网格标识码"]),
    ("state", false, &["state", "objstate", "glbjzt", "状态", "部件状态"]),
    ("first_on", false, &["first_on", "ordate", "csrq", "初始日期", "installed"]),
    ("changed_on", false, &["changed_on", "chdate", "bgrq", "变更日期"]),
    ("source", false, &["source", "datasource", "sjly", "数据来源"]),
    ("note", false, &["note", "bz", "备注"]),
    ("height_m", false, &["height_m", "高程"]),
    ("accuracy", false, &["accuracy", "精度", "定位精度"]),
];

const X: &[&str] = &["lng", "lon", "longitude", "x", "经度", "东坐标", "easting"];
const Y: &[&str] = &["lat", "latitude", "y", "纬度", "北坐标", "northing"];
const WKT: &[&str] = &["wkt", "shape", "geometry", "the_geom", "geom", "place", "图形", "空间位置"];

const STATES: &[&str] = &["intact", "damaged", "lost", "abandoned", "removed"];
const ACCURACIES: &[&str] = &["A", "B", "C"];

/// Of a register; what its pack adds comes after.
const ENTRY: &[Row] = &[
    ("code", false, &["code", "登记编号", "编码"]),
    ("source_id", false, &["source_id", "原编号", "原系统编号", "编号"]),
    ("name", true, &["name", "名称"]),
    ("kind", false, &["kind", "type", "类别", "类型"]),
    ("state", false, &["state", "status", "状态"]),
];

const ADDRESS: &[Row] = &[
    ("id", true, &["id", "address_id", "标识", "编号"]),
    ("kind", true, &["kind", "type", "类别", "类型"]),
    ("name_zh", false, &["name_zh", "name", "名称", "中文名", "地名"]),
    ("name_en", false, &["name_en", "英文名"]),
    ("aliases", false, &["aliases", "alias", "别名", "曾用名"]),
    ("door", false, &["door", "house_number", "housenumber", "门牌号", "门牌"]),
    ("area", false, &["area", "division", "区划代码", "所属区划"]),
    ("weight", false, &["weight", "权重"]),
    ("source", false, &["source", "来源"]),
];

const ADDRESS_KINDS: &[&str] = &["region", "zone", "street", "door", "poi"];

const fn table(target: &Target) -> &'static [Row] {
    match target {
        Target::Components => COMPONENT,
        Target::Register { .. } => ENTRY,
        Target::Addresses => ADDRESS,
    }
}

/// The fields of a target, in the order of a form. Of a register that the city does not have, those of every one.
#[must_use]
pub fn fields(target: &Target, config: &Config) -> Vec<Field> {
    let register = match target {
        Target::Register { register } => config.packs.register(register),
        Target::Components | Target::Addresses => None,
    };
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let row = |(field, required, _): &Row| {
        let choices = match (*field, register) {
            ("kind", Some(register)) => register.kinds.iter().map(|kind| kind.id.clone()).collect(),
            ("state", Some(register)) => register.states.iter().map(|state| state.id.clone()).collect(),
            ("kind", None) => words(ADDRESS_KINDS),
            ("state", None) => words(STATES),
            ("accuracy", _) => words(ACCURACIES),
            _ => Vec::new(),
        };
        let needed = *field == "kind" && register.is_some_and(|register| !register.kinds.is_empty());
        Field {
            field: (*field).to_owned(),
            required: *required || needed,
            choices,
            zh: String::new(),
            en: String::new(),
        }
    };
    let mut all: Vec<Field> = table(target)
        .iter()
        .filter(|(field, ..)| *field != "kind" || register.is_none_or(|register| !register.kinds.is_empty()))
        .map(row)
        .collect();
    all.extend(register.into_iter().flat_map(of_pack));
    all
}

/// What a pack asks of an entry, and its documents. Photos and files come by hand.
fn of_pack(register: &Register) -> impl Iterator<Item = Field> {
    let kept = |field: &&pack::Field| {
        !field.retired && !matches!(field.kind, FieldType::Photo | FieldType::Documents)
    };
    let values = register.fields.iter().filter(kept).map(|field| Field {
        field: format!("fields.{}", field.id),
        required: field.required,
        choices: field.choices.iter().map(|choice| choice.id.clone()).collect(),
        zh: field.name.zh.clone(),
        en: field.name.en.clone(),
    });
    let documents = register.documents.iter().flat_map(|document| {
        DOCUMENT_PARTS.iter().map(|(part, zh, en)| Field {
            field: format!("documents.{}.{part}", document.id),
            required: false,
            choices: Vec::new(),
            zh: format!("{}{zh}", document.name.zh),
            en: format!("{}{en}", document.name.en),
        })
    });
    values.chain(documents)
}

/// Parts of a document: its number, the day it was issued, its last day.
const DOCUMENT_PARTS: &[(&str, &str, &str)] = &[
    ("number", "编号", ": number"),
    ("issued_on", "发放日期", ": issued on"),
    ("expires_on", "有效期至", ": valid until"),
];

fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && *c != '_' && *c != '-').collect::<String>().to_lowercase()
}

fn column<'a>(columns: &'a [String], names: &[&str]) -> Option<&'a String> {
    names.iter().find_map(|name| columns.iter().find(|column| plain(column) == plain(name)))
}

/// Which column each field is likely meant by, each column once; `known` are the [`fields`] of the target.
#[must_use]
pub fn guess(target: &Target, known: &[Field], columns: &[String]) -> Vec<(String, String)> {
    let mut taken: Vec<&String> = Vec::new();
    let mut found = Vec::new();
    for (field, _, names) in table(target) {
        if let Some(column) = column(columns, names)
            && !taken.contains(&column)
        {
            taken.push(column);
            found.push(((*field).to_owned(), column.clone()));
        }
    }
    for field in known.iter().filter(|field| !field.zh.is_empty()) {
        let last = field.field.rsplit('.').next().unwrap_or_default();
        let id = if field.field.starts_with("fields.") { last } else { &field.field };
        let names = [field.field.as_str(), id, &field.zh, &field.en];
        if let Some(column) = column(columns, &names)
            && !taken.contains(&column)
        {
            taken.push(column);
            found.push((field.field.clone(), column.clone()));
        }
    }
    found
}

/// The columns that hold positions of a table: well-known text, or longitude and latitude.
#[must_use]
pub fn guess_shape(columns: &[String]) -> super::plan::ShapeFrom {
    use super::plan::ShapeFrom;
    match (column(columns, X), column(columns, Y), column(columns, WKT)) {
        (_, _, Some(wkt)) => ShapeFrom::Wkt { column: wkt.clone() },
        (Some(x), Some(y), None) => ShapeFrom::Xy { x: x.clone(), y: y.clone() },
        _ => ShapeFrom::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::plan::ShapeFrom;

    #[test]
    fn the_exchange_record_of_before_2026_maps_itself() {
        let columns: Vec<String> = "ObjID,ObjName,DeptCode1,DeptName1,DeptCode2,DeptName2,DeptCode3,DeptName3,BGID,ObjState,ORDate,CHDate,DataSource,Note,Shape"
            .split(',')
            .map(str::to_owned)
            .collect();
        let guessed = guess(&Target::Components, &[], &columns);
        assert_eq!(guessed.len(), 14, "{guessed:?}");
        assert!(guessed.contains(&("grid".into(), "BGID".into())));
        assert_eq!(guess_shape(&columns), ShapeFrom::Wkt { column: "Shape".into() });
        let office: Vec<String> = ["部件标识码", "经度", "纬度", "状态"].map(str::to_owned).into();
        assert_eq!(guess(&Target::Components, &[], &office).len(), 2);
        assert_eq!(guess_shape(&office), ShapeFrom::Xy { x: "经度".into(), y: "纬度".into() });
    }
}
