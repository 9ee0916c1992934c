//! Imports: the files that people have, as calls.
//!
//! [`survey`] looks at a whole file once and says what it is, what becomes of its columns and what is wrong with it;
//! [`Survey::rows`] reads it again, row by row. Both are pure and synchronous: bytes in, rows out, at constant memory.

mod about;
mod amend;
mod amount;
mod column;
mod conflict;
mod counts;
mod date;
mod decode;
mod draft;
mod fault;
mod field;
mod form;
mod header;
mod key;
mod note;
mod objects;
mod options;
mod plan;
mod positioned;
mod quote;
mod reader;
mod record;
mod rejects;
mod row;
mod rows;
mod run;
mod sheet;
mod source;
mod status;
mod survey;
mod tallies;
mod tally;
mod value;

pub use about::{About, AboutColumn, Broken, Note};
pub use amount::Decimal;
pub use fault::Fault;
pub use options::{Delimiter, Encoding, Format, Options, renamed, typed};
pub use rejects::Rejects;
pub use row::{Draft, Raw, Row};
pub use rows::Rows;
pub use run::{FILE_MAX, Imports, Job, RejectedRow, Report, Spool, Spooled, State};
pub use survey::{Survey, survey};
pub use value::Type;
