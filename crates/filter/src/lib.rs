//! The filter language of TinyCRM: text to a predicate, what it means, its SQL and its English.

mod binds;
mod check;
mod dates;
mod document;
mod error;
mod eval;
pub mod expr;
mod field;
pub mod fold;
mod lex;
mod parse;
mod path;
pub mod predicate;
mod print;
mod scope;
mod span;
mod sql;
mod status;
mod text;
pub mod value;

pub use binds::{Bind, Binds};
pub use check::{CONDITIONS_MAX, check};
pub use document::Document;
pub use error::Error;
pub use eval::eval;
pub use expr::Expr;
pub use field::{Field, parse_field};
pub use parse::{DEPTH_MAX, Role, TEXT_BYTES_MAX, parse};
pub use path::Path;
pub use predicate::Predicate;
pub use scope::{Names, Scope, Segment};
pub use span::{Span, Spanned};
pub use sql::sql;
pub use status::{Status, UnknownStatus};

/// The filter in plain English.
pub fn describe(_expr: &Expr) -> String {
    unimplemented!("being written")
}
