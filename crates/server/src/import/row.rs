//! A row of a file, and what it makes.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A row of a file: a record of a table, or an object of JSON.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its number, counted from 1; the header and blank lines are no rows.
    pub record: u64,
    /// The line on which it begins, as an editor shows it; the row of the sheet in an Excel file.
    pub line: u64,
    /// As it stands in the file.
    pub raw: Raw,
    /// What it makes, or why it makes nothing.
    pub made: Result<Made, String>,
}

/// A row as it stands in the file, so that it can be written out again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Raw {
    /// The cells of a table.
    Cells(Vec<String>),
    /// The text of a JSON value.
    Json(String),
}

/// What a row makes.
#[derive(Clone, Debug, PartialEq)]
pub enum Made {
    /// The body of an identify call.
    Call(Map<String, Value>),
    /// A row of our own CSV export: what it changes depends on what is stored, see [`Survey::amend`](super::Survey::amend).
    Cells(Vec<String>),
}
