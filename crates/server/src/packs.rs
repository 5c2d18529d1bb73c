//! Where industry packs come from: those inside the binary, and those of a city in `data_dir/packs`, which add
//! to them or replace the one of the same name.

use anyhow::Context;
use pack::{FILE_BYTES_MAX, FILES_MAX, File, Folder};
use rust_embed::RustEmbed;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../packs"]
struct Shipped;

/// Packs of a server at most, those inside the binary included.
pub const PACKS_MAX: usize = 100;

/// A folder and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub folder: Folder,
    /// From `data_dir/packs`, not from the binary.
    pub own: bool,
}

/// The packs inside the binary.
#[must_use]
pub fn shipped() -> Vec<Folder> {
    let mut folders: BTreeMap<String, Vec<File>> = BTreeMap::new();
    for path in Shipped::iter() {
        let Some((folder, name)) = path.split_once('/').filter(|(_, name)| name.ends_with(".toml")) else {
            continue;
        };
        let Some(file) = Shipped::get(&path) else { continue };
        let text = String::from_utf8_lossy(&file.data).into_owned();
        folders.entry(folder.to_owned()).or_default().push(File { name: name.to_owned(), text });
    }
    folders.into_iter().map(|(id, files)| Folder { id, files }).collect()
}

/// The packs inside the binary with those of `folder` over them, by name.
///
/// # Errors
/// When the folder is there and cannot be read.
pub fn all(folder: &Path) -> anyhow::Result<Vec<Found>> {
    let mut found: BTreeMap<String, Found> =
        shipped().into_iter().map(|folder| (folder.id.clone(), Found { folder, own: false })).collect();
    for folder in below(folder)? {
        found.insert(folder.id.clone(), Found { folder, own: true });
    }
    // Those of the binary first: of two that define the same register, a city's own new pack gives way.
    let mut found: Vec<Found> = found.into_values().take(PACKS_MAX).collect();
    found.sort_by_key(|one| one.own);
    Ok(found)
}

/// What a folder of packs looks like from outside: name, size and time of each of its files.
pub type Look = Vec<(PathBuf, u64, Option<SystemTime>)>;

/// Looks at the folder without reading its files; empty when it does not exist.
///
/// # Errors
/// When it cannot be read.
pub fn look(folder: &Path) -> anyhow::Result<Look> {
    let mut found = Look::new();
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(found) };
    for entry in entries.take(PACKS_MAX * 4) {
        let Ok(files) = std::fs::read_dir(entry?.path()) else { continue };
        for file in files.take(FILES_MAX * 4) {
            let file = file?;
            let about = file.metadata()?;
            found.push((file.path(), about.len(), about.modified().ok()));
        }
    }
    found.sort();
    Ok(found)
}

/// The packs in a folder of packs; none when it does not exist.
///
/// # Errors
/// When it cannot be read.
pub fn below(folder: &Path) -> anyhow::Result<Vec<Folder>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(cause) => return Err(cause).with_context(|| format!("could not read {}", folder.display())),
    };
    let mut found = Vec::new();
    for entry in entries.take(PACKS_MAX * 4) {
        let path = entry?.path();
        // Hidden folders are those of editors and copies under way.
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if path.is_dir() && !hidden && found.len() < PACKS_MAX {
            found.push(one(&path)?);
        }
    }
    found.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(found)
}

/// One pack's folder.
///
/// # Errors
/// When it cannot be read.
pub fn one(folder: &Path) -> anyhow::Result<Folder> {
    let id = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut files = Vec::new();
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("could not read {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_none_or(|ending| ending != "toml") || !path.is_file() {
            continue;
        }
        // One more than allowed is enough to be told so.
        if files.len() > FILES_MAX {
            break;
        }
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        files.push(File { name, text: text(&path)? });
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Folder { id, files })
}

/// The text of a file, cut where it is longer than a pack's file may be; bytes that are no text are marked.
fn text(path: &Path) -> anyhow::Result<String> {
    use std::io::Read;
    let file = std::fs::File::open(path).with_context(|| format!("could not read {}", path.display()))?;
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_citys_own_pack_stands_over_the_one_of_the_same_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let own = folder.path().join("signs");
        std::fs::create_dir_all(&own).expect("made");
        std::fs::write(own.join("pack.toml"), "id = \"signs\"\n").expect("written");
        std::fs::write(own.join("notes.txt"), "not read").expect("written");
        std::fs::create_dir_all(folder.path().join(".git")).expect("made");
        let found = all(folder.path()).expect("readable");
        let signs = found.iter().find(|one| one.folder.id == "signs").expect("there");
        assert!(signs.own);
        assert_eq!(signs.folder.files.len(), 1);
        assert_eq!(found.len(), shipped().len());
        assert!(all(&folder.path().join("nothing")).is_ok_and(|found| found.iter().all(|one| !one.own)));
    }
}
