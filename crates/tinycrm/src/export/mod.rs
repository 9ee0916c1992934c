//! Exports: an answer that may break off becomes lines that are whole, and a file that is whole or not there.

mod file;
mod lines;

pub use file::Target;
pub use lines::{Form, SoFar, Stop};
