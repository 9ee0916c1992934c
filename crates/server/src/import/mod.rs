//! Imports: the files that people have, as calls.
//!
//! [`survey`] looks at a whole file once and says what it is, what becomes of its columns and what is wrong with it;
//! [`Survey::rows`] reads it again, row by row. Both are pure and synchronous: bytes in, rows out, at constant memory.

mod cell;
mod column;
mod fault;
mod file;
mod look;
mod options;
mod rejects;
mod row;
mod run;
mod text;

pub use cell::amount::Decimal;
pub use cell::value::Type;
pub use column::field::FIELDS;
pub use fault::Fault;
pub use look::about::{About, AboutColumn, Broken, Note};
pub use look::rows::Rows;
pub use look::survey::{Survey, survey};
pub use options::{Delimiter, Encoding, Format, Options, renamed, translated, typed};
pub use rejects::Rejects;
pub use row::{Made, Raw, Row};
pub use run::{
    FILE_MAX, Imports, Job, RejectedRow, Report, Spool, Spooled, State, Turn, UNPACKED_MAX, Waiting,
};

/// The most characters of a file's name: no file system has longer ones.
pub const NAME_MAX: usize = 255;
