//! `tinycrm customer` and `tinycrm erase`: what is done to one person across all projects.

mod correct;
mod export;
mod merge;

use serde_json::json;
use server::{
    model::{Email, ImportId, Source},
    store::{self, erase::Named},
};

use crate::{
    command::at::At,
    database::{self, Opened},
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

/// Erase a person from every project: params, history, activity, everything
#[derive(Debug, clap::Args)]
#[command(after_help = "\
There is no way back. Customers ask for this under the GDPR, Article 17.

Examples:
  tinycrm erase ada@example.com --dry-run
  tinycrm erase ada@example.com")]
pub struct Erase {
    /// Whom to erase; an alias stands for the customer whose it is
    #[arg(value_name = "E-MAIL", value_parser = database::email)]
    email: Email,

    /// Say who would go, and write nothing
    #[arg(long)]
    dry_run: bool,

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

impl Erase {
    /// Erases the person.
    pub async fn run(self) -> Result<(), Failure> {
        let db = self.at.open().await?;
        let (named, version) = self.erase(&db).await.map_err(|error| stranger(error, &self.email))?;
        let emails: Vec<&str> = named.iter().map(|named| named.email.as_str()).collect();
        let projects: u64 = named.iter().map(|named| named.projects).sum();
        let json = json!({
            "erased": emails.join(", "), "asked": self.email.as_str(), "projects": projects,
            "dry_run": self.dry_run, "version": version,
        });
        self.at.show(&json, || {
            let who = whom(&emails, &self.email);
            let projects =
                if projects == 1 { "1 project".to_owned() } else { format!("{projects} projects") };
            match self.dry_run {
                true => format!("Nothing was written. It would erase {who}, from {projects}."),
                false => format!("Erased {who}, from {projects}."),
            }
        })
    }

    /// Who goes, and the version; none where it is only tried.
    async fn erase(&self, db: &Opened) -> Result<(Vec<Named>, Option<i64>), store::Error> {
        if self.dry_run {
            let named = store::erase::preview_person(&db.store, db.account, &self.email).await?;
            return Ok((named, None));
        }
        let (named, version) = store::erase::person(&db.store, db.account, &self.email).await?;
        db.settle().await;
        Ok((named, Some(version)))
    }
}

/// The customers' own addresses, and whose alias was asked for.
fn whom(emails: &[&str], asked: &Email) -> String {
    let all = emails.join(" and ");
    if emails.contains(&asked.as_str()) { all } else { format!("{all}, of whom {asked} is an alias") }
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
