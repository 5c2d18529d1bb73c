//! Builds the web workspace when it is missing or older than its sources, so that one cargo
//! command is enough. `YIWANG_SKIP_WEB=1` leaves it alone.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

/// What the built pages depend on, below `web/`.
const SOURCES: &[&str] = &[
    "src",
    "public",
    "scripts",
    "citizen",
    "street",
    "index.html",
    "package.json",
    "package-lock.json",
    "vite.config.ts",
    "tsconfig.json",
];

/// npm writes its own copy of the lock file a moment before or after ours.
const LOCK_SLACK: Duration = Duration::from_secs(60);

fn main() {
    println!("cargo:rerun-if-env-changed=YIWANG_SKIP_WEB");
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web");
    if std::env::var_os("YIWANG_SKIP_WEB").is_some_and(|v| !v.is_empty() && v != "0") {
        return;
    }
    for source in SOURCES {
        println!("cargo:rerun-if-changed={}", web.join(source).display());
    }
    println!("cargo:rerun-if-changed={}", web.join("dist/index.html").display());
    if let Err(why) = build(&web) {
        fail(&why);
    }
}

fn build(web: &Path) -> Result<(), String> {
    let newest = SOURCES.iter().filter_map(|s| newest(&web.join(s))).max();
    let built = modified(&web.join("dist/index.html"));
    if built.is_some() && built >= newest {
        return Ok(());
    }
    let node = Command::new("node").arg("--version").output();
    let version = node
        .ok()
        .filter(|o| o.status.success())
        .map(|o| String::from_utf8_lossy(&o.stdout).trim().to_owned());
    let Some(version) = version else {
        return Err("Node.js is needed to build the web pages, and `node` was not found.\n\
             Install Node 20.19 or newer with npm (Debian: apt install nodejs npm), or set YIWANG_SKIP_WEB=1\n\
             to build the server without its pages.\n\
             构建网页需要 Node.js 20.19 以上版本和 npm；设置 YIWANG_SKIP_WEB=1 可跳过网页。"
            .to_owned());
    };
    if version
        .trim_start_matches('v')
        .split('.')
        .next()
        .and_then(|major| major.parse::<u32>().ok())
        .is_none_or(|m| m < 20)
    {
        return Err(format!(
            "Node.js 20.19 or newer is needed to build the web pages; this is {version}.\n需要 Node.js 20.19 以上版本。"
        ));
    }
    if modules_are_stale(web) {
        npm(web, &["ci", "--no-audit", "--no-fund"])?;
    }
    npm(web, &["run", "build"])
}

fn modules_are_stale(web: &Path) -> bool {
    let installed = modified(&web.join("node_modules/.package-lock.json"));
    match (installed, modified(&web.join("package-lock.json"))) {
        (Some(installed), Some(wanted)) => installed + LOCK_SLACK < wanted,
        (None, _) => true,
        (Some(_), None) => false,
    }
}

fn npm(web: &Path, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new("npm")
        .args(arguments)
        .current_dir(web)
        .output()
        .map_err(|cause| format!("npm could not be started: {cause}"))?;
    if output.status.success() {
        return Ok(());
    }
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let lines: Vec<&str> = text.lines().collect();
    let tail = lines[lines.len().saturating_sub(40)..].join("\n");
    Err(format!("`npm {}` failed in web/:\n{tail}", arguments.join(" ")))
}

fn newest(path: &Path) -> Option<SystemTime> {
    if !path.is_dir() {
        return modified(path);
    }
    let entries = std::fs::read_dir(path).ok()?;
    entries
        .filter_map(Result::ok)
        .map(|e| e.path())
        .filter(|p| !is_generated(p))
        .filter_map(|p| newest(&p))
        .max()
}

/// Written by the web build itself.
fn is_generated(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().contains(".gen."))
}

fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|m| m.modified()).ok()
}

fn fail(why: &str) -> ! {
    for line in why.lines() {
        println!("cargo:warning={line}");
    }
    eprintln!("{why}");
    std::process::exit(1)
}
