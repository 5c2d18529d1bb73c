//! The effective configuration as a file one can edit and use. Secrets are hidden.

use super::Config;
use super::keys::{EXAMPLES, KEYS, SECTIONS};
use std::fmt::Write;
use toml::Value;

const MASK: &str = outside::HIDDEN;

/// Commented TOML of `config`.
#[must_use]
pub fn print(config: &Config) -> String {
    let mut out = String::from(
        "# 一网配置 · Yiwang configuration\n# 优先级（后者优先）：默认值、本文件、环境变量 YIWANG_节__键、命令行\n# later wins: defaults, this file, environment YIWANG_SECTION__KEY, flags\n",
    );
    let whole = Value::try_from(config).expect("the configuration is made of plain TOML types");
    let mut section = "";
    for key in KEYS {
        let (head, name) = key.path.split_once('.').unwrap_or(("", key.path));
        let value = match head {
            "" => whole.get(name),
            _ => whole.get(head).and_then(|s| s.get(name)),
        };
        let repeated = EXAMPLES.iter().find(|(path, _)| *path == key.path);
        if head != section {
            section = head;
            if let Some((_, zh, en)) = SECTIONS.iter().find(|(name, _, _)| *name == head) {
                let _ = write!(out, "\n# ── {zh} · {en}\n[{head}]\n");
            }
        }
        let _ = write!(out, "\n# {}\n# {}\n", key.zh, key.en);
        match (repeated, value) {
            (Some((_, example)), Some(Value::Array(items))) if items.is_empty() => {
                for line in example.lines() {
                    let _ = writeln!(out, "# {line}");
                }
            }
            (Some(_), Some(Value::Array(items))) => {
                for item in items {
                    let _ = writeln!(out, "[[{name}]]");
                    let _ = write!(out, "{item_text}", item_text = toml::to_string(item).unwrap_or_default());
                }
            }
            (_, Some(value)) => {
                let _ = writeln!(out, "{name} = {}", masked(key.path, value));
            }
            // An empty optional value has no line; there is none today.
            (_, None) => {}
        }
    }
    out
}

/// Secrets of their own type hide themselves; these hide inside other values.
fn masked(path: &str, value: &Value) -> Value {
    match (path, value) {
        ("database.url", Value::String(url)) => Value::String(without_password(url)),
        ("sms.headers", Value::Table(headers)) => {
            Value::Table(headers.keys().map(|name| (name.clone(), Value::from(MASK))).collect())
        }
        _ => value.clone(),
    }
}

fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let Some((login, host)) = rest.rsplit_once('@') else { return url.to_owned() };
    match login.split_once(':') {
        Some((user, _)) => format!("{scheme}://{user}:{MASK}@{host}"),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::OidcProvider;
    use outside::Secret;
    use std::collections::BTreeSet;

    fn leaves(value: &Value, path: &str, into: &mut BTreeSet<String>) {
        match value {
            Value::Table(table) if path != "sms.headers" => {
                for (name, inner) in table {
                    let below = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    leaves(inner, &below, into);
                }
            }
            _ => {
                into.insert(path.to_owned());
            }
        }
    }

    #[test]
    fn every_key_is_documented_once_and_exists() {
        let mut exist = BTreeSet::new();
        leaves(&Value::try_from(Config::default()).unwrap(), "", &mut exist);
        let documented: BTreeSet<String> = KEYS.iter().map(|k| k.path.to_owned()).collect();
        assert_eq!(documented.len(), KEYS.len(), "a key is there twice");
        assert_eq!(exist, documented);
    }

    #[test]
    fn what_is_printed_is_read_as_the_same() {
        let text = print(&Config::default());
        let again: Config = toml::from_str(&text).unwrap();
        assert_eq!(again, Config::default());
        for (_, example) in EXAMPLES {
            let config: Config = toml::from_str(example).unwrap();
            assert!(config.oidc.len() + config.webhooks.len() == 1);
        }
    }

    #[test]
    fn secrets_are_not_printed() {
        let mut config = Config::default();
        config.database.url = "postgres://u:hunter2@db/yiwang".into();
        config.smtp.password = Secret::new("hunter2");
        config.sms.headers.insert("authorization".into(), "hunter2".into());
        config.oidc.push(OidcProvider {
            id: "gov".into(),
            name: "x".into(),
            issuer: "https://x".into(),
            client_id: "c".into(),
            client_secret: Secret::new("hunter2"),
            client_secret_file: "".into(),
            account_claim: "sub".into(),
            trust_file: "".into(),
        });
        let text = print(&config);
        assert!(!text.contains("hunter2"), "{text}");
        assert!(text.contains("postgres://u:********@db/yiwang") && text.contains("[[oidc]]"));
    }

    #[test]
    fn the_reference_in_the_documents_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/operating/yiwang.toml");
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            written == print(&Config::default()),
            "run: yiwang config print --defaults > docs/operating/yiwang.toml"
        );
    }
}
