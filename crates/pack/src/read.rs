//! Reads a pack's folder. Nothing is taken for granted and nothing is left out: an unknown key is a problem,
//! because a misspelt one would otherwise be a rule that nobody applies.

mod document;
mod register;
mod table;

use crate::model::{Pack, Register};
use crate::problem::{At, Problem};
use city::{Catalogue, L10n};
use document::Source;
use std::collections::{BTreeMap, BTreeSet};
use table::Tab;

/// Registers of one pack, and so files besides `pack.toml`.
pub const REGISTERS_MAX: usize = 20;
/// Files of one pack.
pub const FILES_MAX: usize = REGISTERS_MAX + 1;
/// Bytes of one file: the largest pack that comes with the program has 9 kB.
pub const FILE_BYTES_MAX: usize = 256 * 1024;
/// Problems told at once; more of them have the same cause.
const PROBLEMS_MAX: usize = 200;
/// Registers that are not a pack's: the components, what the registers keep about their entries, layers of the map.
pub const RESERVED: [&str; 8] =
    ["component", "components", "inspection", "offence", "cases", "grids", "people", "packs"];

/// One file of a pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Name inside the pack's folder, such as `shop.toml`.
    pub name: String,
    pub text: String,
}

/// A pack's folder: its name and its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    pub id: String,
    pub files: Vec<File>,
}

/// Registers of other packs.
#[derive(Debug, Clone, Default)]
pub struct Others {
    /// References may mean these.
    pub known: BTreeSet<String>,
    /// These ids are in use; a pack that defines one again is refused.
    pub taken: BTreeSet<String>,
}

/// Checks several packs together: references go from one to the other, and of two that define the same register
/// the first one stands.
#[must_use]
pub fn check_all(folders: &[Folder], catalogue: &Catalogue) -> Vec<Result<Pack, Vec<Problem>>> {
    let listed: Vec<BTreeSet<String>> = folders.iter().map(registers_of).collect();
    let mut taken = BTreeSet::new();
    let mut found = Vec::with_capacity(folders.len());
    for (at, folder) in folders.iter().enumerate() {
        let elsewhere = listed.iter().enumerate().filter(|(other, _)| *other != at);
        let known = elsewhere.flat_map(|(_, ids)| ids.iter().cloned()).collect();
        let others = Others { known, taken: taken.clone() };
        found.push(check(&folder.id, &folder.files, catalogue, &others));
        taken.extend(listed.get(at).into_iter().flatten().cloned());
    }
    found
}

/// What `pack.toml` lists, as far as it can be read.
fn registers_of(folder: &Folder) -> BTreeSet<String> {
    let main = folder.files.iter().find(|file| file.name == "pack.toml");
    let Some(source) = main.and_then(|file| Source::parse(&file.name, &file.text).ok()) else {
        return BTreeSet::new();
    };
    source.root().words("registers", &mut Vec::new()).into_iter().map(|(id, _)| id).collect()
}

/// Reads and checks the pack in `folder` as a whole; `catalogue` knows the case classes.
///
/// # Errors
/// Everything that is wrong, in order of file and line.
pub fn check(
    folder: &str,
    files: &[File],
    catalogue: &Catalogue,
    others: &Others,
) -> Result<Pack, Vec<Problem>> {
    let mut problems = Vec::new();
    let pack = read(folder, files, catalogue, others, &mut problems);
    problems.sort();
    problems.dedup();
    problems.truncate(PROBLEMS_MAX);
    match pack {
        Some(pack) if problems.is_empty() => Ok(pack),
        _ => Err(problems),
    }
}

fn read(
    folder: &str,
    files: &[File],
    catalogue: &Catalogue,
    others: &Others,
    problems: &mut Vec<Problem>,
) -> Option<Pack> {
    let place = |name: &str| At { file: format!("{folder}/{name}"), line: 1, column: 1 };
    if files.len() > FILES_MAX {
        problems.push(Problem::new(
            &place("pack.toml"),
            "too_many",
            format!("一个包最多 {FILES_MAX} 个文件"),
            format!("a pack has at most {FILES_MAX} files"),
        ));
        return None;
    }
    let mut sources = BTreeMap::new();
    for file in files {
        if file.text.len() > FILE_BYTES_MAX {
            problems.push(Problem::new(
                &place(&file.name),
                "too_long",
                format!("文件最大 {} KB", FILE_BYTES_MAX / 1024),
                format!("a file has at most {} kB", FILE_BYTES_MAX / 1024),
            ));
            continue;
        }
        match Source::parse(&format!("{folder}/{}", file.name), &file.text) {
            Ok(source) => {
                sources.insert(file.name.as_str(), source);
            }
            Err(problem) => problems.push(problem),
        }
    }
    let Some(main) = sources.get("pack.toml") else {
        if files.iter().all(|file| file.name != "pack.toml") {
            problems.push(Problem::new(
                &place("pack.toml"),
                "file_missing",
                "缺少 pack.toml",
                "there is no pack.toml",
            ));
        }
        return None;
    };
    let head = Head::read(&main.root(), folder, problems);
    let mut registers = Vec::new();
    for (id, at) in &head.registers {
        let name = format!("{id}.toml");
        match sources.get(name.as_str()) {
            Some(source) => registers.extend(register::read(&source.root(), id, problems)),
            None if files.iter().any(|file| file.name == name) => {}
            None => problems.push(Problem::new(
                at,
                "file_missing",
                format!("缺少文件 {name}"),
                format!("there is no file {name}"),
            )),
        }
    }
    for name in sources.keys().filter(|name| **name != "pack.toml") {
        if head.registers.iter().all(|(id, _)| format!("{id}.toml") != **name) {
            problems.push(Problem::new(
                &place(name),
                "not_listed",
                "pack.toml 的 registers 没有列出这个文件",
                "pack.toml does not list this file under registers",
            ));
        }
    }
    let mut known: BTreeSet<&str> = others.known.iter().map(String::as_str).collect();
    known.insert("component");
    known.extend(head.registers.iter().map(|(id, _)| id.as_str()));
    for register in &registers {
        cross_check(register, &known, catalogue, &others.taken, problems);
    }
    let registers: Vec<Register> = registers
        .into_iter()
        .filter_map(|draft| {
            let source = sources.get(format!("{}.toml", draft.id).as_str())?;
            register::with_conditions(draft, &source.root(), problems)
        })
        .collect();
    Some(Pack { id: head.id, version: head.version, name: head.name, about: head.about, registers })
}

struct Head {
    id: String,
    version: u32,
    name: L10n,
    about: L10n,
    registers: Vec<(String, At)>,
}

impl Head {
    fn read(tab: &Tab<'_>, folder: &str, problems: &mut Vec<Problem>) -> Self {
        let id = tab.id("id", problems);
        if !id.is_empty() && id != folder {
            problems.push(Problem::new(
                &tab.at_of("id"),
                "id_not_folder",
                format!("包的 id 必须与文件夹同名：{folder}"),
                format!("the id of a pack is the name of its folder: {folder}"),
            ));
        }
        let version = tab.count("version", Some(1), 1, 1_000_000, problems);
        let name = tab.text_pair("name", true, 60, problems).unwrap_or_default();
        let about = tab.text_pair("about", false, 600, problems).unwrap_or_default();
        let registers = tab.words("registers", problems);
        if registers.is_empty() {
            problems.push(Problem::new(
                &tab.at_of("registers"),
                "required",
                "至少列出一个登记簿",
                "list at least one register",
            ));
        }
        if registers.len() > REGISTERS_MAX {
            problems.push(Problem::new(
                &tab.at_of("registers"),
                "too_many",
                format!("最多 {REGISTERS_MAX} 个登记簿"),
                format!("at most {REGISTERS_MAX} registers"),
            ));
        }
        tab.end(problems);
        Self { id, version, name, about, registers }
    }
}

/// What can only be said with the whole pack and the city's catalogue in hand.
fn cross_check(
    register: &Register,
    known: &BTreeSet<&str>,
    catalogue: &Catalogue,
    taken: &BTreeSet<String>,
    problems: &mut Vec<Problem>,
) {
    if taken.contains(&register.id) {
        let id = &register.id;
        problems.push(Problem::new(
            &register.at,
            "taken",
            format!("登记簿 {id} 已由另一个包定义"),
            format!("another pack defines the register {id}"),
        ));
    }
    for field in &register.fields {
        let Some(target) = &field.register else { continue };
        if !known.contains(target.as_str()) {
            problems.push(unknown_register(&field.at, target));
        }
    }
    for relation in &register.relations {
        if !known.contains(relation.register.as_str()) {
            problems.push(unknown_register(&relation.at, &relation.register));
        }
    }
    for rule in &register.cases {
        match catalogue.get(&rule.class) {
            None => problems.push(Problem::new(
                &rule.at,
                "unknown_class",
                format!("没有类别 {}", rule.class),
                format!("there is no class {}", rule.class),
            )),
            Some(entry) if !entry.is_offered() => problems.push(Problem::new(
                &rule.at,
                "class_not_offered",
                format!("类别 {} 已停用或只用于导出", rule.class),
                format!("class {} is switched off or for exports only", rule.class),
            )),
            Some(_) => {}
        }
    }
}

fn unknown_register(at: &At, id: &str) -> Problem {
    Problem::new(at, "unknown_register", format!("没有登记簿 {id}"), format!("there is no register {id}"))
}
