//! A PostgreSQL server for as long as standard input stays open; prints its address as the one line. For tests that
//! are not written in Rust.

use std::io::{Read, Write};
use yiwang_testkit::postgres::Fixture;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let fixture = Fixture::start()?;
    let mut out = std::io::stdout();
    writeln!(out, "{}", fixture.base())?;
    out.flush()?;
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
