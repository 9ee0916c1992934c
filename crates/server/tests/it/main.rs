//! The server's integration tests: one binary, a module per part, a real Postgres underneath.

// A failed step of a test is a panic, in its helpers too.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod access;
mod embedded;
mod identify;
mod language;
mod listen;
mod query_oracle;
mod settings;
mod support;
