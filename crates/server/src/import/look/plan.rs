//! How the rows of one file are read, once all of them were seen.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::{
    import::{
        cell::{amount::Decimal, value::shown},
        column::{
            amend::Export,
            columns::{Cell, Columns, Who},
            key::Keys,
        },
        file::reader::{Found, What},
        look::conflict::Conflicts,
        rejects::Rejects,
        row::{Made, Raw},
    },
    model::json,
};

/// How the rows of one file are read.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) rules: Rules,
    pub(crate) conflicts: Conflicts,
    pub(crate) rejects: Rejects,
}

/// What becomes of a row.
#[derive(Debug)]
pub(crate) enum Rules {
    /// A table of anybody's.
    Table(Columns),
    /// A table that is an export of ours.
    Export(Export),
    /// JSON; with the decimal sign of the amounts under each key.
    Objects(Keys, BTreeMap<String, Decimal>),
}

impl Plan {
    /// What a row makes.
    pub(crate) fn made(&self, found: Found) -> (Raw, Result<Made, String>) {
        let Found { what, fault, .. } = found;
        match what {
            What::Json(text) => {
                let made = fault.map_or_else(|| self.object(&text), Err);
                (Raw::Json(text), made)
            }
            What::Cells(cells) => {
                let raw = Raw::Cells(cells.iter().map(|cell| cell.text.clone()).collect());
                (raw, fault.map_or_else(|| self.cells(cells), Err))
            }
        }
    }

    fn cells(&self, cells: Vec<Cell>) -> Result<Made, String> {
        match &self.rules {
            Rules::Table(columns) => {
                let (call, who) = columns.call(&cells)?;
                self.refuse(&who)?;
                Ok(Made::Call(call))
            }
            Rules::Export(export) => {
                let cells = export.cells(cells)?;
                self.refuse(&export.who(&cells))?;
                Ok(Made::Cells(cells))
            }
            Rules::Objects(..) => Err("it is a record of a table, and the file is JSON".to_owned()),
        }
    }

    fn object(&self, text: &str) -> Result<Made, String> {
        let Rules::Objects(keys, decimals) = &self.rules else {
            return Err("it is JSON, and the file is a table".to_owned());
        };
        let decimal = |key: &str| decimals.get(key).copied().unwrap_or_default();
        let (call, who) = keys.call(parse(text)?, decimal)?;
        self.refuse(&who)?;
        Ok(Made::Call(call))
    }

    /// The `user_id` in a row, whatever else is wrong with it.
    pub(crate) fn user_id(&self, raw: &Raw) -> Option<String> {
        let who = match (&self.rules, raw) {
            (Rules::Table(columns), Raw::Cells(texts)) => {
                let cell = |text: &String| Cell { text: text.clone(), is_quoted: false };
                columns.who(&texts.iter().map(cell).collect::<Vec<_>>())
            }
            (Rules::Export(export), Raw::Cells(texts)) => export.who(texts),
            (Rules::Objects(keys, _), Raw::Json(text)) => keys.who(&serde_json::from_str(text).ok()?),
            _ => return None,
        };
        who.user_id
    }

    /// Refuses rows about nobody, and about somebody who was somebody else before.
    fn refuse(&self, who: &Who) -> Result<(), String> {
        match (&who.email, &who.user_id) {
            (None, None) if who.is_placeholder => {
                Err("it names nobody: it has no email, and its user_id is a placeholder".to_owned())
            }
            (None, None) => Err("it names nobody: it has neither an email nor a user_id".to_owned()),
            (Some(email), Some(user_id)) => match self.conflicts.with(user_id, email) {
                Some(line) => Err(format!(
                    "its user_id {} stands on line {line} with another email: one of the two is wrong",
                    shown(user_id)
                )),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }
}

/// The object that a text is. A key that stands twice is refused: one of its values would vanish.
pub(crate) fn parse(text: &str) -> Result<Map<String, Value>, String> {
    let raw = serde_json::from_str(text).map_err(|error| {
        let of_one_line = error.to_string().replace(" at line 1 column ", " at character ");
        format!("it is not a JSON object: {of_one_line}")
    })?;
    match json::read(raw).map_err(|refusal| refusal.in_a_line())? {
        Value::Object(object) => Ok(object),
        other => Err(format!("it is not a JSON object: found {}", shown(&other.to_string()))),
    }
}
