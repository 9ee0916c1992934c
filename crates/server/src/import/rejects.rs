//! The file of rejected rows: the rows as they were, each with its reason, so that it can be mended and imported again.
//! Spreadsheets take nothing in it for a formula: such cells get an apostrophe, as in an export, which reading it takes off.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    export::harmless,
    import::{cell::value::plain, row::Raw},
    store::import::Rejected,
};

/// The first column of such a file. Reading it again leaves that column out.
const REASON: &str = "reason";
/// The key of a rejected JSON object that holds its reason.
pub(crate) const REASON_KEY: &str = "_reason";

/// How rejected rows of a file are written. The delimiter stays, so that the same flags read them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rejects {
    /// A table.
    Table {
        /// The names of the columns.
        header: Vec<String>,
        /// What stands between cells.
        delimiter: u8,
    },
    /// An object a line.
    Objects,
}

/// Whether a table with these columns is a file of rejected rows.
pub(crate) fn is_rejects(header: &[String]) -> bool {
    header.len() > 1 && header[0] == REASON
}

impl Rejects {
    /// The beginning of the file. The mark says that it is UTF-8, whatever the file itself was.
    pub fn head(&self) -> Vec<u8> {
        match self {
            Rejects::Table { header, delimiter } => {
                let names = header.iter().filter(|_| header.first().is_none_or(|first| first != REASON));
                let rest =
                    header.iter().skip(1).filter(|_| header.first().is_some_and(|first| first == REASON));
                let line =
                    line(std::iter::once(REASON).chain(names.chain(rest).map(String::as_str)), *delimiter);
                [b"\xef\xbb\xbf", line.as_slice()].concat()
            }
            Rejects::Objects => Vec::new(),
        }
    }

    /// A row as it was kept.
    pub fn line(&self, row: &Rejected) -> Vec<u8> {
        let raw = serde_json::from_str(&row.raw).unwrap_or_else(|_| Raw::Json(row.raw.clone()));
        self.row(&raw, &row.reason)
    }

    /// A row with its reason.
    pub fn row(&self, raw: &Raw, reason: &str) -> Vec<u8> {
        match (self, raw) {
            (Rejects::Table { header, delimiter }, Raw::Cells(cells)) => {
                let again = header.first().is_some_and(|first| first == REASON);
                let cells = cells.iter().skip(usize::from(again)).map(String::as_str);
                line(std::iter::once(reason).chain(cells), *delimiter)
            }
            (_, Raw::Json(text)) => object(text, reason),
            (Rejects::Objects, Raw::Cells(cells)) => object(&Value::from(cells.clone()).to_string(), reason),
        }
    }
}

fn line<'a>(cells: impl Iterator<Item = &'a str>, delimiter: u8) -> Vec<u8> {
    let mut table = csv::WriterBuilder::new().delimiter(delimiter).flexible(true).from_writer(Vec::new());
    // Writing into memory cannot fail.
    let _ = table.write_record(cells.map(|cell| shown(cell).into_owned()));
    table.into_inner().unwrap_or_default()
}

/// A cell that no spreadsheet runs; a plain number is none that it could run.
fn shown(cell: &str) -> Cow<'_, str> {
    if plain(cell).is_some() { Cow::Borrowed(cell) } else { harmless(cell) }
}

/// The object on one line with its reason as the first key. Text that is broken keeps its faults, to be mended in place.
fn object(text: &str, reason: &str) -> Vec<u8> {
    let known = serde_json::from_str::<Map<String, Value>>(text).ok().map(|mut object| {
        object.remove(REASON_KEY);
        Value::Object(object).to_string()
    });
    let text = known.unwrap_or_else(|| text.replace(['\r', '\n'], " "));
    let reason = Value::from(reason);
    let line = match text.trim_start().strip_prefix('{') {
        Some(rest) if rest.trim_start().starts_with('}') => format!("{{\"{REASON_KEY}\":{reason}{rest}"),
        Some(rest) => format!("{{\"{REASON_KEY}\":{reason},{rest}"),
        None => format!("{{\"{REASON_KEY}\":{reason},\"found\":{}}}", Value::from(text)),
    };
    format!("{line}\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(cells: &[&str]) -> Vec<String> {
        cells.iter().map(|cell| (*cell).to_owned()).collect()
    }

    #[test]
    fn rows_of_a_table_keep_their_cells() {
        let table = Rejects::Table { header: cells(&["email", "a;b"]), delimiter: b';' };
        assert_eq!(table.head(), b"\xef\xbb\xbfreason;email;\"a;b\"\n");
        let row = table.row(&Raw::Cells(cells(&["x", "1"])), "it is wrong; mend it");
        assert_eq!(row, b"\"it is wrong; mend it\";x;1\n");
    }

    #[test]
    fn a_reason_is_not_kept_twice() {
        let table = Rejects::Table { header: cells(&["reason", "email"]), delimiter: b',' };
        assert_eq!(table.head(), b"\xef\xbb\xbfreason,email\n");
        assert_eq!(table.row(&Raw::Cells(cells(&["old", "x"])), "new"), b"new,x\n");
        let again = Rejects::Objects.row(&Raw::Json("{\"_reason\":\"old\",\"a\":1}".to_owned()), "new");
        assert_eq!(again, b"{\"_reason\":\"new\",\"a\":1}\n");
    }

    #[test]
    fn no_cell_is_run_by_a_spreadsheet() {
        let table = Rejects::Table { header: cells(&["email", "=cmd"]), delimiter: b',' };
        assert_eq!(table.head(), b"\xef\xbb\xbfreason,email,'=cmd\n");
        let row = Raw::Cells(cells(&["-5", "+49 30", "'=1", "\t@x", " -1-1"]));
        assert_eq!(table.row(&row, "=why"), "'=why,-5,'+49 30,''=1,'\t'@x,' -1-1\n".as_bytes());
    }

    #[test]
    fn objects_stay_on_one_line_and_broken_ones_can_be_mended() {
        for (text, expected) in [
            ("{\"a\": 1}", "{\"_reason\":\"r\",\"a\":1}\n"),
            ("{\n \"a\": 1\n}", "{\"_reason\":\"r\",\"a\":1}\n"),
            ("{}", "{\"_reason\":\"r\"}\n"),
            ("{\"a\": 1", "{\"_reason\":\"r\",\"a\": 1\n"),
            ("[1]", "{\"_reason\":\"r\",\"found\":\"[1]\"}\n"),
        ] {
            let row = Rejects::Objects.row(&Raw::Json(text.to_owned()), "r");
            assert_eq!(String::from_utf8(row).unwrap(), expected);
        }
    }
}
