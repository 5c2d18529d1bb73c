//! Reading the layers.

use super::keys::{KEYS, Shape};
use super::{Config, Demo, Problem, RunRole, check};
use figment::providers::{Format, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Error, Figment, Metadata, Profile, Provider};
use std::path::PathBuf;

const PREFIX: &str = "YIWANG_";

/// Variables of this prefix that are not configuration: build, tests, the file itself.
const NOT_KEYS: &[&str] = &[
    "YIWANG_ALLOW_SKIP",
    "YIWANG_BASEMAP",
    "YIWANG_BIN",
    "YIWANG_CONFIG",
    "YIWANG_DATA",
    "YIWANG_FULL",
    "YIWANG_KEEP",
    "YIWANG_SERVER",
    "YIWANG_SKIP_WEB",
    "YIWANG_STORE",
    "YIWANG_WRITE",
];

/// What the command line may set.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    pub config: Option<PathBuf>,
    pub listen: Option<String>,
    pub data_dir: Option<PathBuf>,
    pub database_url: Option<String>,
    pub city: Option<String>,
    pub role: Option<RunRole>,
    pub demo: Option<Demo>,
    pub demo_speed: Option<f64>,
    pub demo_days: Option<u16>,
}

/// The configuration and where it came from.
#[derive(Debug, Clone)]
pub struct Loaded {
    pub config: Config,
    pub file: Option<PathBuf>,
    /// Things that are odd but do not stop the start.
    pub warnings: Vec<String>,
}

/// Reads defaults, file, environment (`variables`) and flags, and checks the whole.
///
/// # Errors
/// Every problem found, with key and source.
pub fn load(flags: &Flags, variables: &[(String, String)]) -> Result<Loaded, Vec<Problem>> {
    let file = config_file(flags, variables)?;
    let mut figment = Figment::new();
    if let Some(file) = &file {
        figment = figment.merge(Toml::file_exact(file));
    }
    figment = figment.merge(Variables(variables)).merge(FlagLayer(flags));
    let config: Config =
        figment.extract().map_err(|error| error.into_iter().map(|e| problem(&e)).collect::<Vec<_>>())?;
    let source = |key: &str| figment.find_metadata(key).map_or_else(|| "default".to_owned(), source_of);
    let problems = check::problems(&config, &source);
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(Loaded { config, file, warnings: unknown_variables(variables) })
}

fn config_file(flags: &Flags, variables: &[(String, String)]) -> Result<Option<PathBuf>, Vec<Problem>> {
    let from_variable =
        variables.iter().find(|(name, _)| name == "YIWANG_CONFIG").map(|(_, v)| PathBuf::from(v));
    if let Some(named) = flags.config.clone().or(from_variable) {
        if named.is_file() {
            return Ok(Some(named));
        }
        return Err(vec![Problem {
            key: "--config".into(),
            source: named.display().to_string(),
            reason: "there is no such file".into(),
        }]);
    }
    Ok(["yiwang.toml", "/etc/yiwang/yiwang.toml"].into_iter().map(PathBuf::from).find(|p| p.is_file()))
}

fn problem(error: &Error) -> Problem {
    use figment::error::Kind;
    let key = match &error.kind {
        // The path ends at the table that holds the unknown key.
        Kind::UnknownField(field, _) if error.path.last().is_none_or(|l| l != field) => {
            error.path.iter().map(String::as_str).chain([field.as_str()]).collect::<Vec<_>>().join(".")
        }
        _ => error.path.join("."),
    };
    let reason = match &error.kind {
        Kind::UnknownField(_, _) => "there is no such key".to_owned(),
        Kind::UnknownVariant(found, allowed) => format!("{found:?} is not one of {}", allowed.join(", ")),
        Kind::InvalidType(found, expected) => format!("{found} where {expected} is expected"),
        other => other.to_string(),
    };
    let source = error.metadata.as_ref().map_or_else(|| "configuration".to_owned(), source_of);
    Problem { key: if key.is_empty() { "configuration".into() } else { key }, source, reason }
}

fn source_of(metadata: &Metadata) -> String {
    match &metadata.source {
        Some(figment::Source::File(path)) => path.display().to_string(),
        _ => metadata.name.clone().into_owned(),
    }
}

/// `tls.mode` as `YIWANG_TLS__MODE`.
fn variable(path: &str) -> String {
    format!("{PREFIX}{}", path.to_uppercase().replace('.', "__"))
}

fn unknown_variables(variables: &[(String, String)]) -> Vec<String> {
    variables
        .iter()
        .map(|(name, _)| name)
        .filter(|name| {
            name.starts_with(PREFIX)
                && !NOT_KEYS.contains(&name.as_str())
                && !name.starts_with("YIWANG_TEST_")
                && !KEYS.iter().any(|key| variable(key.path) == **name)
        })
        .map(|name| format!("environment variable {name} is not a key and is ignored"))
        .collect()
}

struct Variables<'a>(&'a [(String, String)]);

impl Provider for Variables<'_> {
    fn metadata(&self) -> Metadata {
        Metadata::named("environment variable")
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        let mut dict = Dict::new();
        for key in KEYS {
            let name = variable(key.path);
            let Some((_, text)) = self.0.iter().find(|(n, _)| *n == name) else { continue };
            let value = match key.shape {
                Shape::Text => Value::from(text.as_str()),
                Shape::Toml => parse(text).map_err(|why| {
                    let mut error = Error::from(format!("{name}: {why}"));
                    error.path = key.path.split('.').map(str::to_owned).collect();
                    error
                })?,
            };
            set(&mut dict, key.path, value);
        }
        Ok(Map::from([(Profile::Default, dict)]))
    }
}

fn parse(text: &str) -> Result<Value, String> {
    let document: toml::Table = format!("v = {text}")
        .parse()
        .map_err(|_| "a number, true, false, or a TOML list is expected".to_owned())?;
    let value = document.get("v").ok_or("empty")?;
    Value::serialize(value).map_err(|cause| cause.to_string())
}

fn set(dict: &mut Dict, path: &str, value: Value) {
    match path.split_once('.') {
        None => {
            dict.insert(path.to_owned(), value);
        }
        Some((section, key)) => {
            let mut inner = match dict.remove(section) {
                Some(Value::Dict(_, inner)) => inner,
                _ => Dict::new(),
            };
            inner.insert(key.to_owned(), value);
            dict.insert(section.to_owned(), Value::from(inner));
        }
    }
}

struct FlagLayer<'a>(&'a Flags);

impl Provider for FlagLayer<'_> {
    fn metadata(&self) -> Metadata {
        Metadata::named("command line")
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        let flags = self.0;
        let mut dict = Dict::new();
        let path = |p: &PathBuf| p.to_string_lossy().into_owned();
        let texts = [
            ("listen", flags.listen.clone()),
            ("data_dir", flags.data_dir.as_ref().map(path)),
            ("database.url", flags.database_url.clone()),
            ("city", flags.city.clone()),
        ];
        for (key, value) in texts {
            if let Some(value) = value {
                set(&mut dict, key, Value::from(value));
            }
        }
        if let Some(role) = flags.role {
            set(&mut dict, "role", Value::serialize(role)?);
        }
        if let Some(speed) = flags.demo_speed {
            set(&mut dict, "demo_speed", Value::from(speed));
        }
        if let Some(days) = flags.demo_days {
            set(&mut dict, "demo_days", Value::from(days));
        }
        if let Some(demo) = flags.demo {
            set(&mut dict, "demo", Value::serialize(demo)?);
        }
        Ok(Map::from([(Profile::Default, dict)]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{LogFormat, TlsMode};

    fn with_file(
        name: &str,
        text: &str,
        variables: &[(&str, &str)],
        flags: Flags,
    ) -> Result<Loaded, Vec<Problem>> {
        let file = std::env::temp_dir().join(format!("yiwang-config-{}-{name}.toml", std::process::id()));
        std::fs::write(&file, text).unwrap();
        let variables: Vec<_> = variables.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let loaded = load(&Flags { config: Some(file.clone()), ..flags }, &variables);
        std::fs::remove_file(file).unwrap();
        loaded
    }

    #[test]
    fn later_layers_win() {
        let file = "listen = '127.0.0.1:1'\ndata_dir = 'a'\n[logs]\nformat = 'json'\nlevel = 'warn'\n";
        let variables =
            [("YIWANG_DATA_DIR", "b"), ("YIWANG_LOGS__LEVEL", "debug"), ("YIWANG_BACKUPS__KEEP", "3")];
        let flags = Flags { data_dir: Some("c".into()), demo: Some(Demo::Empty), ..Flags::default() };
        let config = with_file("layers", file, &variables, flags).unwrap().config;
        assert_eq!(config.listen, "127.0.0.1:1");
        assert_eq!(config.data_dir, PathBuf::from("c"));
        assert_eq!(config.logs.format, LogFormat::Json);
        assert_eq!(config.logs.level, "debug");
        assert_eq!(config.backups.keep, 3);
        assert_eq!(config.demo, Demo::Empty);
        assert_eq!(config.tls.mode, TlsMode::Off);
    }

    #[test]
    fn texts_in_variables_stay_texts() {
        let variables = [
            ("YIWANG_CITY", "990100"),
            ("YIWANG_SMTP__PASSWORD", "0123"),
            ("YIWANG_TLS__HOSTS", "['a', 'b']"),
        ];
        let config = with_file("texts", "", &variables, Flags::default()).unwrap().config;
        assert_eq!(config.city, "990100");
        assert_eq!(config.smtp.password.expose(), "0123");
        assert_eq!(config.tls.hosts, ["a", "b"]);
    }

    #[test]
    fn a_problem_names_key_source_and_reason() {
        type Row = (&'static str, &'static [(&'static str, &'static str)], &'static str, &'static str);
        let table: &[Row] = &[
            ("[tls]\nmodus = 'off'\n", &[], "tls.modus", "there is no such key"),
            ("[tls]\nmode = 'on'\n", &[], "tls.mode", "not one of"),
            ("[backups]\nkeep = 'x'\n", &[], "backups.keep", "where"),
            ("[[oidc]]\nid = 'a'\n", &[], "oidc", "missing field"),
            ("listen = 'nowhere'\n", &[], "listen", "address"),
            ("", &[("YIWANG_BACKUPS__KEEP", "many")], "backups.keep", "number"),
            ("", &[("YIWANG_BACKUPS__AT", "25:00")], "backups.at", "HH:MM"),
        ];
        for (index, (file, variables, key, reason)) in table.iter().enumerate() {
            let problems = with_file(&format!("p{index}"), file, variables, Flags::default()).unwrap_err();
            let text = problems[0].to_string();
            assert!(problems[0].key.starts_with(key), "{text}");
            assert!(problems[0].reason.contains(reason), "{text}");
            let source = if variables.is_empty() { ".toml" } else { "environment" };
            assert!(problems[0].source.contains(source), "{text}");
        }
    }

    #[test]
    fn a_named_file_must_exist_and_odd_variables_are_told() {
        let lost = load(&Flags { config: Some("no-such.toml".into()), ..Flags::default() }, &[]).unwrap_err();
        assert_eq!(lost[0].reason, "there is no such file");
        let loaded =
            with_file("odd", "", &[("YIWANG_LISTEM", "x"), ("YIWANG_SKIP_WEB", "1")], Flags::default())
                .unwrap();
        assert_eq!(loaded.warnings.len(), 1);
        assert!(loaded.warnings[0].contains("YIWANG_LISTEM"));
    }
}
