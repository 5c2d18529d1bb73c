//! Reading tables (CSV with a header line) by column name.

use std::collections::HashMap;

/// Why a table cannot be used. `line` counts from 1, the header included.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TableProblem {
    #[error("{table}: column {column} is missing")]
    MissingColumn { table: String, column: &'static str },
    #[error("{table}, line {line}: {reason}")]
    Unreadable { table: String, line: u64, reason: String },
    #[error("{table}, line {line}, column {column}: {value:?} is not usable: {reason}")]
    BadValue { table: String, line: u64, column: &'static str, value: String, reason: String },
}

impl TableProblem {
    /// The stable code under which the text for people is found.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::MissingColumn { .. } => "missing_column",
            Self::Unreadable { .. } => "unreadable_line",
            Self::BadValue { .. } => "bad_value",
        }
    }
}

/// One line of a table, with what is needed to say where a value stands.
pub(crate) struct Row<'a> {
    pub table: &'a str,
    pub line: u64,
    columns: &'a HashMap<String, usize>,
    record: &'a csv::StringRecord,
}

impl Row<'_> {
    /// The trimmed value, empty when the column does not exist.
    pub fn get(&self, column: &'static str) -> &str {
        self.columns.get(column).and_then(|i| self.record.get(*i)).unwrap_or_default().trim()
    }

    pub fn bad(&self, column: &'static str, reason: impl ToString) -> TableProblem {
        TableProblem::BadValue {
            table: self.table.to_owned(),
            line: self.line,
            column,
            value: self.get(column).chars().take(60).collect(),
            reason: reason.to_string(),
        }
    }

    /// Parses a value; the parser's own words become the reason.
    pub fn parse<T: std::str::FromStr>(&self, column: &'static str) -> Result<T, TableProblem>
    where
        T::Err: std::fmt::Display,
    {
        self.get(column).parse().map_err(|cause: T::Err| self.bad(column, cause))
    }

    /// `None` for an empty value.
    pub fn parse_opt<T: std::str::FromStr>(&self, column: &'static str) -> Result<Option<T>, TableProblem>
    where
        T::Err: std::fmt::Display,
    {
        if self.get(column).is_empty() { Ok(None) } else { self.parse(column).map(Some) }
    }
}

/// Calls `each` for every line, in order; stops at the first problem. Columns in `required` must exist.
pub(crate) fn read(
    table: &str,
    csv: &str,
    required: &[&'static str],
    mut each: impl FnMut(&Row<'_>) -> Result<(), TableProblem>,
) -> Result<(), TableProblem> {
    let csv = csv.trim_start_matches('\u{feff}');
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(csv.as_bytes());
    let unreadable = |line: u64, cause: csv::Error| TableProblem::Unreadable {
        table: table.to_owned(),
        line,
        reason: cause.to_string(),
    };
    let header = reader.headers().map_err(|cause| unreadable(1, cause))?.clone();
    let columns: HashMap<String, usize> =
        header.iter().enumerate().map(|(i, name)| (name.trim().to_owned(), i)).collect();
    for column in required {
        if !columns.contains_key(*column) {
            return Err(TableProblem::MissingColumn { table: table.to_owned(), column });
        }
    }
    let mut record = csv::StringRecord::new();
    loop {
        let line = reader.position().line();
        if !reader.read_record(&mut record).map_err(|cause| unreadable(line, cause))? {
            return Ok(());
        }
        let line = record.position().map_or(line, csv::Position::line);
        each(&Row { table, line, columns: &columns, record: &record })?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_says_where_it_is() {
        let missing = read("t", "a,b\n1,2\n", &["c"], |_| Ok(())).expect_err("no column c");
        assert_eq!(missing.to_string(), "t: column c is missing");
        let bad = read("t", "a,b\n1,2\n3,x\n", &["b"], |row| row.parse::<u8>("b").map(|_| ()))
            .expect_err("x is no number");
        assert_eq!(
            bad.to_string(),
            "t, line 3, column b: \"x\" is not usable: invalid digit found in string"
        );
    }

    #[test]
    fn a_byte_order_mark_and_short_lines_do_no_harm() {
        let mut seen = Vec::new();
        read("t", "\u{feff}a,b\n1\n", &["a", "b"], |row| {
            seen.push((row.get("a").to_owned(), row.get("b").to_owned()));
            Ok(())
        })
        .expect("readable");
        assert_eq!(seen, [("1".to_owned(), String::new())]);
    }
}
