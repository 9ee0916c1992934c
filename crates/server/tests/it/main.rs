//! The server's integration tests: one binary, a module per part, a real Postgres underneath.

// A failed step of a test is a panic, in its helpers too.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod access;
mod batch;
mod concurrency;
mod embedded;
mod erase;
mod hostile;
mod idempotency;
mod identify;
mod language;
mod listen;
mod ping;
mod publishable;
mod query;
mod query_oracle;
mod settings;
mod statements;
mod support;
