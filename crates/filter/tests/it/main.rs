//! The tests of the filter language. `table`, `chronicle` and `generator` are also included by the server's tests, which hold SQL
//! against the same rows and the same random cases.

// A failed step of a test is a panic, in its helpers too.
#![allow(clippy::unwrap_used)]

mod bounds;
mod chronicle;
mod documentation;
mod editor;
mod errors;
mod folding;
mod generator;
mod lift;
mod output;
mod properties;
mod semantics;
mod table;
