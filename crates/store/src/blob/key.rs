//! Names of blobs. A name is safe as a path and as a URL, because it can be nothing else.

use super::BlobStoreError;
use kernel::{AttachmentId, CityCode};
use std::fmt;
use std::str::FromStr;

/// Folders above the shard: the city and the kind, and one to spare.
const FOLDERS_MAX: usize = 3;
const FOLDER_CHARS_MAX: usize = 32;
const EXTENSION_CHARS_MAX: usize = 8;
/// Folders whose blobs are made from an original and carry its name, not their own hash.
const DERIVED: [&str; 2] = ["thumbs", "public"];

/// Identity of a stored blob: `990100/photos/ab/ab….jpg`, that is folders, the first two digits of the
/// SHA-256, the SHA-256 and an extension.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobKey(String);

/// What a blob is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlobFolder {
    Photos,
    Videos,
    Documents,
    /// Thumbnails, under the name of their photo.
    Thumbs,
    /// Copies without metadata, under the name of their photo.
    Public,
}

impl BlobFolder {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Photos => "photos",
            Self::Videos => "videos",
            Self::Documents => "documents",
            Self::Thumbs => "thumbs",
            Self::Public => "public",
        }
    }
}

impl BlobKey {
    /// `extension` without a dot, as `media::Format::extension` gives it.
    pub fn new(
        city: CityCode,
        folder: BlobFolder,
        id: &AttachmentId,
        extension: &str,
    ) -> Result<Self, BlobStoreError> {
        let id = id.as_str();
        format!("{city}/{}/{}/{id}.{extension}", folder.as_str(), &id[..2]).parse()
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The 64 hex digits in the name.
    pub(super) fn sha256(&self) -> &str {
        let name = self.0.rsplit('/').next().unwrap_or_default();
        name.split('.').next().unwrap_or_default()
    }

    /// Whether the bytes are made from the original of that name, instead of being it.
    #[must_use]
    pub fn is_derived(&self) -> bool {
        let mut from_end = self.0.rsplit('/').skip(2);
        from_end.next().is_some_and(|folder| DERIVED.contains(&folder))
    }
}

impl FromStr for BlobKey {
    type Err = BlobStoreError;

    fn from_str(text: &str) -> Result<Self, BlobStoreError> {
        let bad = || BlobStoreError::BadKey { text: text.chars().take(120).collect() };
        let (rest, name) = text.rsplit_once('/').ok_or_else(bad)?;
        let (folders, shard) = rest.rsplit_once('/').ok_or_else(bad)?;
        let (hash, extension) = name.split_once('.').ok_or_else(bad)?;
        let hex = hash.len() == 64 && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if !hex || shard != &hash[..2] || !are_folders(folders) || !is_word(extension, EXTENSION_CHARS_MAX) {
            return Err(bad());
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for BlobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The beginning that keys of `folder` share: nothing, or the folders and a slash.
pub(super) fn prefix(folder: &str) -> Result<String, BlobStoreError> {
    let folder = folder.trim_end_matches('/');
    if folder.is_empty() {
        return Ok(String::new());
    }
    if !are_folders(folder) {
        return Err(BlobStoreError::BadKey { text: folder.chars().take(120).collect() });
    }
    Ok(format!("{folder}/"))
}

fn are_folders(text: &str) -> bool {
    text.split('/').count() <= FOLDERS_MAX && text.split('/').all(|word| is_word(word, FOLDER_CHARS_MAX))
}

/// Only characters that sort after `/`, so that walking folders in order gives keys in order.
fn is_word(text: &str, longest: usize) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    (1..=longest).contains(&text.len()) && text.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_are_keys() {
        let hash = "ab".repeat(32);
        for good in [
            format!("photos/ab/{hash}.jpg"),
            format!("990100/photos/ab/{hash}.jpg"),
            format!("a/b_1/c/ab/{hash}.mp4"),
        ] {
            assert_eq!(good.parse::<BlobKey>().map(|k| k.to_string()).ok(), Some(good));
        }
        for bad in [
            String::new(),
            format!("{hash}.jpg"),
            format!("ab/{hash}.jpg"),
            format!("photos/cd/{hash}.jpg"),
            format!("photos/ab/{hash}"),
            format!("photos/ab/{hash}."),
            format!("photos/ab/{hash}.j/g"),
            format!("../ab/{hash}.jpg"),
            format!("photos/../ab/{hash}.jpg"),
            format!("/photos/ab/{hash}.jpg"),
            format!("photos//ab/{hash}.jpg"),
            format!("Photos/ab/{hash}.jpg"),
            format!("照片/ab/{hash}.jpg"),
            format!("a/b/c/d/ab/{hash}.jpg"),
            format!("photos/ab/{}.jpg", hash.to_uppercase()),
            format!("photos/ab/{hash}.jpg\0"),
            format!("photos/ab/é{}.jpg", &hash[2..]),
        ] {
            assert!(bad.parse::<BlobKey>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_thumbnail_carries_the_name_of_its_photo() {
        let id = AttachmentId::try_from("cd".repeat(32)).ok();
        let city = CityCode::new(990_100);
        let (Some(id), Some(city)) = (id, city) else { panic!("both are valid") };
        let key =
            |folder| BlobKey::new(city, folder, &id, "jpg").map(|k| (k.to_string(), k.is_derived())).ok();
        let path = |folder| format!("990100/{folder}/cd/{id}.jpg");
        assert_eq!(key(BlobFolder::Photos), Some((path("photos"), false)));
        assert_eq!(key(BlobFolder::Thumbs), Some((path("thumbs"), true)));
        assert_eq!(key(BlobFolder::Public), Some((path("public"), true)));
    }
}
