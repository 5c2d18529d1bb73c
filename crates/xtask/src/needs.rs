//! What the tests need from the machine: installed from Debian when run as root, else named.

use crate::run::{has, output, root, run};
use anyhow::bail;
use std::path::{Path, PathBuf};

struct Need {
    what: &'static str,
    /// Any of these paths or commands is enough.
    found_as: &'static [&'static str],
    debian: &'static str,
}

const NEEDS: &[Need] = &[
    Need { what: "Node.js 20 or newer", found_as: &["node"], debian: "nodejs" },
    Need { what: "npm", found_as: &["npm"], debian: "npm" },
    Need {
        what: "Chromium",
        found_as: &["chromium", "/usr/bin/chromium", "chromium-browser"],
        debian: "chromium",
    },
    Need {
        what: "Chinese fonts for screenshots",
        found_as: &["/usr/share/fonts/opentype/noto"],
        debian: "fonts-noto-cjk",
    },
    Need { what: "GDAL's programs", found_as: &["ogrinfo"], debian: "gdal-bin" },
    Need { what: "PostgreSQL", found_as: &["initdb", "/usr/lib/postgresql"], debian: "postgresql" },
    Need { what: "GDAL's programs", found_as: &["ogrinfo"], debian: "gdal-bin" },
    Need { what: "Python 3", found_as: &["python3"], debian: "python3" },
    Need {
        what: "Python's venv module",
        found_as: &["/usr/lib/python3/dist-packages/venv", "python3"],
        debian: "python3-venv",
    },
];

/// Makes sure of everything above.
pub fn ensure() -> anyhow::Result<()> {
    let missing: Vec<&Need> = NEEDS.iter().filter(|need| !need.found_as.iter().any(|f| found(f))).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> = missing.iter().map(|need| need.debian).collect();
    let is_root = output(Path::new("/"), "id", &["-u"]).as_deref() == Some("0");
    if is_root && has("apt-get") {
        let env = [("DEBIAN_FRONTEND", "noninteractive")];
        run(Path::new("/"), "apt-get", &["update", "-q"], &env)?;
        let mut args = vec!["install", "-y", "-q", "--no-install-recommends"];
        args.extend(&packages);
        return run(Path::new("/"), "apt-get", &args, &env);
    }
    for need in &missing {
        println!("missing: {} (Debian package {})", need.what, need.debian);
    }
    bail!("install them (apt-get install {}) or run as root", packages.join(" "));
}

fn found(name: &str) -> bool {
    if name.starts_with('/') { Path::new(name).exists() } else { has(name) }
}

/// A Python environment with the foreign clients and checkers, in `target/`.
pub fn python() -> anyhow::Result<PathBuf> {
    let folder = root().join("target/python");
    let python = folder.join("bin/python");
    let marker = folder.join("installed-4");
    if !marker.exists() {
        let folder_text = folder.to_string_lossy().into_owned();
        run(&root(), "python3", &["-m", "venv", "--clear", &folder_text], &[])?;
        let python_text = python.to_string_lossy().into_owned();
        run(
            &root(),
            &python_text,
            &[
                "-m",
                "pip",
                "install",
                "-q",
                "--disable-pip-version-check",
                "schemathesis==4.32.5",
                "georeport==0.3.1",
                "moto[server]==5.*",
                "owslib>=0.31,<0.36",
                "mapbox-vector-tile==2.*",
                "shapely==2.*",
                "oidc-provider-mock>=0.3.4,<0.5",
            ],
            &[],
        )?;
        std::fs::write(&marker, "")?;
    }
    Ok(python)
}
