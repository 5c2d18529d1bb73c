//! `yiwang version`

use super::Ended;

pub fn run() -> Ended {
    println!("yiwang {}", env!("CARGO_PKG_VERSION"));
    println!("schema {}", store::SCHEMA_VERSION);
    Ended::Fine
}
