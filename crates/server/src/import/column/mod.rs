//! What becomes of a column, or of a key of an object: a field of the call, a param, or nothing.

pub(crate) mod amend;
pub(crate) mod columns;
pub(crate) mod draft;
pub(crate) mod field;
pub(crate) mod key;
