//! Uploaded tables, read by `outside` for the door.

use app::FieldProblem;
use app::import::{ROWS_MAX, Table};
use outside::table::{TableError, TableLimits};

/// # Errors
/// What is wrong with the file, as a problem of the form's field `file`.
pub fn read(bytes: &[u8]) -> Result<Table, FieldProblem> {
    let limits = TableLimits { rows: ROWS_MAX, ..TableLimits::default() };
    match outside::table::read(bytes, &limits) {
        Ok(table) => Ok(Table { headers: table.headers, rows: table.rows }),
        Err(error) => Err(problem(error)),
    }
}

fn problem(error: TableError) -> FieldProblem {
    let file = |code| FieldProblem::new("file", code);
    match error {
        TableError::TooLarge { max, .. } => file("file_too_large").with("max", max),
        TableError::TooManyRows { max } => file("file_too_many_rows").with("max", max),
        TableError::TooManyColumns { line, max } => {
            file("file_too_many_columns").with("line", line).with("max", max)
        }
        TableError::CellTooLong { line, max } => {
            file("file_cell_too_long").with("line", line).with("max", max)
        }
        TableError::TooLargeUnpacked { max } => file("file_unpacks_too_large").with("max", max),
        TableError::UnknownEncoding => file("file_encoding"),
        TableError::NoHeaders => file("file_no_headers"),
        TableError::RepeatedHeader(name) => file("file_repeated_header").with("name", name),
        TableError::Ragged { line, cells, headers } => {
            file("file_ragged").with("line", line).with("cells", cells).with("headers", headers)
        }
        TableError::BadCsv { line, why } => file("file_bad_csv").with("line", line).with("why", why),
        TableError::BadXlsx(why) => file("file_bad_workbook").with("why", why),
        TableError::OldXls => file("file_old_xls"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_read_and_a_bad_file_is_named_in_both_languages() {
        let table = read("code,name_zh\nD1,\u{73af}\u{536b}\n".as_bytes()).unwrap();
        assert_eq!((table.headers.len(), table.rows.len()), (2, 1));
        let errors = [
            TableError::TooLarge { bytes: 2, max: 1 },
            TableError::TooManyRows { max: 1 },
            TableError::TooManyColumns { line: 2, max: 1 },
            TableError::CellTooLong { line: 2, max: 1 },
            TableError::TooLargeUnpacked { max: 1 },
            TableError::UnknownEncoding,
            TableError::NoHeaders,
            TableError::RepeatedHeader("code".into()),
            TableError::Ragged { line: 2, cells: 1, headers: 2 },
            TableError::BadCsv { line: 2, why: "quotes".into() },
            TableError::BadXlsx("no sheet".into()),
            TableError::OldXls,
        ];
        for error in errors {
            let problem = problem(error);
            assert_eq!(problem.field, "file");
            for language in [http::Language::Zh, http::Language::En] {
                let said = http::i18n::field_message(language, problem.code, &problem.params);
                assert_ne!(said, problem.code);
                assert!(!said.contains('{'), "{said}");
            }
        }
        assert_eq!(read(b"\xD0\xCF\x11\xE0").unwrap_err().code, "file_old_xls");
    }
}
