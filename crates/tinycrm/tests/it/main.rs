//! The command's integration tests: the real binary, a real server and its own Postgres underneath.

// A failed step of a test is a panic, in its helpers too.
#![allow(clippy::unwrap_used)]

mod administration;
mod changes;
mod client;
mod help;
mod import;
mod insight;
mod params;
mod serve;
mod support;
