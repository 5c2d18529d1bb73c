//! A configured secret, given in place or in a file.

use crate::BadSettings;
use serde::{Deserialize, Serialize, Serializer};
use std::fmt;
use std::path::Path;

/// Largest secret file read; a key or token is far shorter.
const SECRET_FILE_MAX: u64 = 64 * 1024;

/// What stands for a secret where it is shown.
pub const HIDDEN: &str = "********";

/// Text that is never shown: not when printed, logged or written back.
#[derive(Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The secret itself, or the first line of `file` when one is named.
    ///
    /// # Errors
    /// When both are given, the file cannot be read, or a printed configuration was taken for the real one.
    pub fn or_file(&self, file: &Path, key: &str) -> Result<Self, BadSettings> {
        if self.0 == HIDDEN {
            return Err(BadSettings::new(
                key,
                format!(
                    "{HIDDEN} only stands for a secret where it is printed; write the secret, or its file"
                ),
            ));
        }
        if file.as_os_str().is_empty() {
            return Ok(self.clone());
        }
        if !self.is_empty() {
            return Err(BadSettings::new(key, format!("give either {key} or {key}_file, not both")));
        }
        let bad = |cause: &dyn fmt::Display| {
            BadSettings::new(&format!("{key}_file"), format!("{}: {cause}", file.display()))
        };
        let length = std::fs::metadata(file).map_err(|cause| bad(&cause))?.len();
        if length > SECRET_FILE_MAX {
            return Err(bad(&"the file is too large for a secret"));
        }
        let text = std::fs::read_to_string(file).map_err(|cause| bad(&cause))?;
        let line = text.lines().next().unwrap_or_default().trim();
        if line.is_empty() { Err(bad(&"the file is empty")) } else { Ok(Self::new(line)) }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", if self.0.is_empty() { "" } else { HIDDEN })
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(if self.0.is_empty() { "" } else { HIDDEN })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_shown() {
        let secret = Secret::new("hunter2");
        assert!(!format!("{secret:?}").contains("hunter2"));
        assert_eq!(serde_json::to_string(&secret).unwrap(), "\"********\"");
    }

    #[test]
    fn a_secret_comes_from_one_place_only() {
        let file = std::env::temp_dir().join(format!("yiwang-secret-{}", std::process::id()));
        std::fs::write(&file, "from-file\n").unwrap();
        assert_eq!(Secret::default().or_file(&file, "sms.secret").unwrap().expose(), "from-file");
        assert_eq!(Secret::new("x").or_file(&file, "sms.secret").unwrap_err().key, "sms.secret");
        std::fs::remove_file(&file).unwrap();
        assert_eq!(Secret::default().or_file(&file, "sms.secret").unwrap_err().key, "sms.secret_file");
        assert_eq!(Secret::new(HIDDEN).or_file(Path::new(""), "sms.secret").unwrap_err().key, "sms.secret");
        assert_eq!(Secret::new("x").or_file(Path::new(""), "k").unwrap().expose(), "x");
    }
}
