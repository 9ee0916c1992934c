//! What people are told of a file.

use serde::{Deserialize, Serialize};

use crate::import::options::Format;

/// What a file is, as people are told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct About {
    /// The form of the file.
    pub format: Format,
    /// How its bytes are characters, e.g. `UTF-8`; `null` for an Excel file.
    pub encoding: Option<String>,
    /// `gzip` or `zstd`, if it is compressed.
    pub compression: Option<String>,
    /// What stands between the cells of a CSV: a character, or `tab`.
    pub delimiter: Option<String>,
    /// The sheet of an Excel file.
    pub sheet: Option<String>,
    /// Whether it is an export of TinyCRM.
    pub is_export: bool,
    /// How many rows it has, those that cannot be read included.
    pub records: u64,
    /// Its columns, or the keys of its objects.
    pub columns: Vec<AboutColumn>,
    /// What was assumed, and what looks wrong.
    pub notes: Vec<Note>,
    /// Where the file is broken: nothing after this place is read.
    pub broken: Option<Broken>,
}

impl About {
    /// What may be kept: cells of the file may be about somebody who is erased one day.
    pub fn without_examples(&self) -> About {
        let bare = |column: &AboutColumn| AboutColumn { examples: Vec::new(), ..column.clone() };
        About { columns: self.columns.iter().map(bare).collect(), ..self.clone() }
    }
}

/// A column of a file, and what it becomes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AboutColumn {
    /// Its name in the file.
    pub name: String,
    /// What it becomes: a field, `params.…`, or `nothing`.
    pub becomes: String,
    /// How it is read: `auto`, or as `types` says.
    #[serde(rename = "type")]
    pub kind: String,
    /// A few of its cells.
    pub examples: Vec<String>,
}

/// Something that was assumed, or that looks wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Note {
    /// The line that it is about, if it is about one.
    pub line: Option<u64>,
    /// What was found.
    pub detail: String,
    /// What to do about it. Flags in it can be pasted into a shell.
    pub hint: Option<String>,
}

/// Where a file ends in the middle of something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Broken {
    /// The line on which it began.
    pub line: u64,
    /// What is wrong.
    pub detail: String,
}

impl Note {
    /// A note that is about no line and asks for nothing.
    pub(crate) fn new(detail: impl Into<String>) -> Note {
        Note { line: None, detail: detail.into(), hint: None }
    }

    /// Says which line it is about.
    pub(crate) fn at(self, line: u64) -> Note {
        Note { line: Some(line), ..self }
    }

    /// Says what to do.
    pub(crate) fn hint(self, hint: impl Into<String>) -> Note {
        Note { hint: Some(hint.into()), ..self }
    }
}
