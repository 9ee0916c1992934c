//! Of whom an insight is asked, and the query that it is about.

use filter::Field;
use index::{Part, Question};

use crate::store::{Rows, query::Query};

/// Of whom an insight is asked, and when.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    /// The filter's text; empty is everybody.
    pub filter: String,
    /// Whose relationships.
    pub rows: Rows,
    /// The moment of the past that all of it is asked of; without one it is the present.
    pub as_of: Option<String>,
    /// Fields that are told apart or summed: a warning says if nobody has one.
    pub fields: Vec<Field>,
    /// Those of them whose dates are asked for: a warning says if none of the values is one.
    pub dates: Vec<Field>,
    /// Where a list begins: the cursor of the page before.
    pub cursor: Option<String>,
    /// What tells its pages from those of other questions about the same people.
    pub told: String,
    /// Waits until the account has reached this version.
    pub min_version: i64,
}

impl Ask {
    /// The query that the insight is about.
    pub(super) fn query(&self) -> Query {
        let Ask { filter, rows, as_of, fields, dates, cursor, told, .. } = self.clone();
        let question = Question { select: vec![Part::Count], ..Question::default() };
        Query { filter, rows, as_of, columns: fields, dates, question, cursor, told, ..Query::default() }
    }
}
