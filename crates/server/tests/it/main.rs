//! The server's integration tests: one binary, a module per part, a real Postgres underneath.

// A failed step of a test is a panic, in its helpers too.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod access;
mod batch;
mod concurrency;
mod correct;
mod customers;
mod embedded;
mod erase;
mod export;
mod export_order;
mod freshness;
mod history;
mod hostile;
mod idempotency;
mod identify;
mod ignored;
mod imports;
mod index_check;
mod index_follow;
mod index_load;
mod injection;
mod language;
mod listen;
mod log;
mod manual;
mod merging;
mod openapi;
mod params;
mod ping;
mod problems;
mod publishable;
mod query;
mod query_oracle;
mod sdk;
mod security;
mod segments;
mod sequences;
mod settings;
mod statements;
mod support;
mod upgrade;
mod warnings;
mod web;
mod wire;
