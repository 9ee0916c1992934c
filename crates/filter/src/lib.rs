//! The filter language of TinyCRM: text to a predicate, what it means, its SQL and its English.

mod binds;
mod document;
mod error;
pub mod expr;
mod field;
pub mod fold;
mod path;
pub mod predicate;
mod scope;
mod span;
mod status;
mod text;
pub mod value;

pub use binds::{Bind, Binds};
pub use document::Document;
pub use error::Error;
pub use expr::Expr;
pub use field::{Field, parse_field};
pub use path::Path;
pub use predicate::Predicate;
pub use scope::{Names, Scope, Segment};
pub use span::{Span, Spanned};
pub use status::{Status, UnknownStatus};

/// Reads a filter, strictly or as people type it.
pub fn parse(_text: &str) -> Result<Expr, Error> {
    unimplemented!("being written")
}

/// Resolves names, types literals, turns dates into ranges and enforces the bounds.
pub fn check(_expr: &Expr, _scope: &Scope<'_>) -> Result<Predicate, Error> {
    unimplemented!("being written")
}

/// Whether the predicate is true of `customer[at]`; the other documents are the same customer's other projects.
pub fn eval(_predicate: &Predicate, _customer: &[Document<'_>], _at: usize) -> bool {
    unimplemented!("being written")
}

/// The predicate as a boolean SQL expression over the aliases `r` (relationship) and `c` (customer), never null.
pub fn sql(_predicate: &Predicate, _binds: &mut Binds) -> String {
    unimplemented!("being written")
}

/// The filter in plain English.
pub fn describe(_expr: &Expr) -> String {
    unimplemented!("being written")
}
