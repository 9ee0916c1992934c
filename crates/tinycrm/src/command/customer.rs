//! `tinycrm customer` and `tinycrm erase`: what is done to one person across all projects.

mod correct;
mod erase;
mod export;
mod merge;

pub use erase::Erase;

use serde_json::json;
use server::{
    model::{Email, ImportId, Source},
    store,
};

use crate::{
    command::at::At,
    database,
    failure::{Failure, sentence},
};

/// Change a customer across all projects
#[derive(Debug, clap::Subcommand)]
pub enum Customer {
    Move(Move),
    Merge(merge::Merge),
    Unmerge(merge::Unmerge),
    Correct(correct::Correct),
    Export(export::Export),
}

/// Give a customer another e-mail address, in every project
#[derive(Debug, clap::Args)]
#[command(after_help = "\
History, activity and params move along. It is refused if both are customers of one project:
`tinycrm customer merge` makes one of the two.

Examples:
  tinycrm customer move ada@example.com ada.lovelace@example.com")]
pub struct Move {
    /// The address that the customer has
    #[arg(value_name = "OLD", value_parser = database::email)]
    old: Email,

    /// The address that the customer gets
    #[arg(value_name = "NEW", value_parser = database::email)]
    new: Email,

    #[command(flatten)]
    at: At,
}

impl Customer {
    /// Runs the subcommand.
    pub async fn run(self) -> Result<(), Failure> {
        match self {
            Customer::Move(command) => command.run().await,
            Customer::Merge(command) => command.run().await,
            Customer::Unmerge(command) => command.run().await,
            Customer::Correct(command) => command.run().await,
            Customer::Export(command) => command.run().await,
        }
    }
}

impl Move {
    async fn run(self) -> Result<(), Failure> {
        let db = self.at.open().await?;
        let source = Source::Import(Some(ImportId::new()));
        let moved = store::write::move_customer(&db.store, db.account, &self.old, &self.new, source).await;
        let version = moved.map_err(|error| stranger(error, &self.old))?;
        db.settle().await;
        let json = json!({ "old": self.old.as_str(), "new": self.new.as_str(), "version": version });
        self.at.show(&json, || format!("{} is {} now.", self.old, self.new))
    }
}

/// What cannot be done, as a sentence.
fn told(error: store::Error) -> Failure {
    match error {
        store::Error::Conflict(detail) => Failure::new(sentence(&detail)),
        error => error.into(),
    }
}

/// Nobody has that address: most often it is a slip.
fn stranger(error: store::Error, email: &Email) -> Failure {
    match error {
        store::Error::Missing(_) => Failure::new(format!("No customer has the address {email}.")).hint(
            format!("`tinycrm query {}` searches for it.", email.as_str().split('@').next().unwrap_or("ada")),
        ),
        error => error.into(),
    }
}
