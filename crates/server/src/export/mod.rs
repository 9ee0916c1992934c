//! Exports as text: relationships as the rows of a CSV or the lines of NDJSON. An import prints with the same functions what
//! is there, to know what a file changes. And one person as a JSON document.

mod cell;
mod column;
mod ndjson;
mod person;
mod shape;
mod table;

use filter::Document;
use uuid::Uuid;

pub use cell::{bare, harmless};
pub use column::Column;
pub use ndjson::{end, lines};
pub use person::{DossierOut, person, write_person};
pub use shape::{ActivityOut, ChangeOut, RelationshipOut};
pub use table::Table;

use crate::store::{
    Error,
    export::{ExportRow, Frame},
};

/// The cursor of a last line that holds nothing else: nothing comes after it.
pub const END: &str = "end";

/// The first column, or member, of what is exported as of a past moment: that moment. An import refuses what has it.
pub const AS_OF: &str = "tinycrm_as_of";

/// A relationship as it is printed.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// The customer's id.
    pub customer: Uuid,
    /// The project's slug.
    pub project: &'a str,
    /// Everything but the params, of which the document may have none.
    pub document: Document<'a>,
    /// The params as JSON text.
    pub params: &'a str,
    /// Other addresses of the customer.
    pub aliases: &'a [String],
}

/// A line, and where an export can go on after it, if it says so.
pub type Marked<'a> = (Line<'a>, Option<&'a str>);

impl<'a> Line<'a> {
    /// The line of a row in the frame of its export, which `projects` are the slugs of.
    pub fn of(row: &'a ExportRow, frame: &'a Frame, projects: &'a [String]) -> Result<Line<'a>, Error> {
        let project = projects.get(row.project()).map(String::as_str).unwrap_or_default();
        let (customer, aliases) = (row.customer(), frame.aliases(row));
        Ok(Line { customer, project, document: row.document()?, params: row.params()?, aliases })
    }
}
