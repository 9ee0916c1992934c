//! The `tinycrm` command: the server, its administration, and a client for the shell.
//!
//! Answers go to stdout; progress, logs and errors go to stderr. Exit codes: 0, 1 for an error, 2 for wrong usage.

#![allow(
    unreachable_pub,
    reason = "a binary exports nothing: here pub says what a file offers to the others"
)]

mod answer;
mod caret;
mod client;
mod command;
mod database;
mod demo;
mod export;
mod failure;
mod import;
mod output;
mod table;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match command::Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !failure.is_quiet() {
                output::note(&failure);
            }
            failure.exit_code()
        }
    }
}
