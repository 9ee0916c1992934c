//! `tinycrm ignore`: addresses and domains that do not count, such as those of one's own company.

use jiff::tz::TimeZone;
use serde_json::{Value, json};
use server::{
    model::{Pattern, flag::word},
    store::{
        self, erase,
        ignored::{self, Entry},
        query,
    },
};

use crate::{
    command::at::At,
    database::Opened,
    failure::{Failure, sentence},
    table::Table,
};

/// Addresses and domains that do not count: nothing is stored of them
#[derive(Debug, clap::Subcommand)]
pub enum Ignore {
    Add(Add),
    Remove(Remove),
    List(List),
    Erase(Erase),
}

/// Ignore an address or a domain from now on
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Calls and imports that are about such an address are answered with `ignored`, and store
nothing, in every project. Customers who are there already stay until they are erased.

Examples:
  tinycrm ignore add @my-company.com             everybody of that domain
  tinycrm ignore add '*.my-company.com'          everybody of its subdomains
  tinycrm ignore add test@example.com            one address")]
pub struct Add {
    /// An address, @DOMAIN, or *.DOMAIN for its subdomains
    #[arg(value_name = "PATTERN", value_parser = pattern)]
    pattern: Pattern,

    #[command(flatten)]
    at: At,
}

/// Store an address or a domain again
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tinycrm ignore remove @my-company.com")]
pub struct Remove {
    /// What `tinycrm ignore list` shows
    #[arg(value_name = "PATTERN", value_parser = pattern)]
    pattern: Pattern,

    #[command(flatten)]
    at: At,
}

/// Show what is ignored, and how many customers were there before
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tinycrm ignore list
  tinycrm ignore list --json")]
pub struct List {
    #[command(flatten)]
    at: At,
}

/// Erase the customers of an ignored address or domain who were there before
#[derive(Debug, clap::Args)]
#[command(after_help = "\
They disappear from every project, with params, history and activity. There is no way back.

Examples:
  tinycrm ignore erase @my-company.com")]
pub struct Erase {
    /// What `tinycrm ignore list` shows
    #[arg(value_name = "PATTERN", value_parser = pattern)]
    pattern: Pattern,

    #[command(flatten)]
    at: At,
}

impl Ignore {
    /// Runs the subcommand.
    pub async fn run(self) -> Result<(), Failure> {
        match self {
            Ignore::Add(command) => command.run().await,
            Ignore::Remove(command) => command.run().await,
            Ignore::List(command) => command.run().await,
            Ignore::Erase(command) => command.run().await,
        }
    }
}

impl Add {
    async fn run(self) -> Result<(), Failure> {
        let (db, pattern) = (self.at.open().await?, &self.pattern);
        ignored::add(&db.store, db.account, pattern).await?;
        let customers = ignored::count(&db.store, db.account, pattern).await?;
        let json = json!({ "ignored": pattern.as_str(), "customers": customers });
        self.at.show(&json, || match customers {
            0 => format!("{pattern} is ignored from now on."),
            count => format!(
                "{pattern} is ignored from now on. {} there already: `tinycrm ignore erase {}` erases them.",
                are(count),
                word(pattern.as_str())
            ),
        })
    }
}

impl Remove {
    async fn run(self) -> Result<(), Failure> {
        let (db, pattern) = (self.at.open().await?, &self.pattern);
        ignored::remove(&db.store, db.account, pattern)
            .await
            .map_err(|error| unlisted(error.into(), pattern))?;
        let json = json!({ "removed": pattern.as_str() });
        self.at.show(&json, || format!("{pattern} is stored again from now on."))
    }
}

impl List {
    async fn run(self) -> Result<(), Failure> {
        let db = self.at.open().await?;
        let all = ignored::list(&db.store, db.account).await?;
        let describe = |entry: &Entry| json!({ "pattern": entry.pattern.as_str(), "added_at": entry.added_at, "customers": entry.customers });
        let json: Vec<Value> = all.iter().map(describe).collect();
        let zone = store::account(&db.store, db.account).await?.zone;
        self.at.show(&json!(json), || table(&all, &zone))
    }
}

impl Erase {
    async fn run(self) -> Result<(), Failure> {
        let (db, pattern): (Opened, _) = (self.at.open().await?, &self.pattern);
        let erased = erase::ignored(&db.store, db.account, pattern).await;
        let count = erased.map_err(|error| unlisted(error, pattern))?;
        db.settle().await;
        let json = json!({ "pattern": pattern.as_str(), "erased_customers": count });
        let customers = if count == 1 { "customer" } else { "customers" };
        self.at.show(&json, || format!("Erased {count} {customers} of {pattern}."))
    }
}

fn table(all: &[Entry], zone: &TimeZone) -> String {
    if all.is_empty() {
        return "Nobody is ignored. `tinycrm ignore add @my-company.com` begins.".to_owned();
    }
    let mut table = Table::new(["ignored", "since", "customers there already"]);
    for entry in all {
        let since = entry.added_at.to_zoned(zone.clone()).strftime("%Y-%m-%d").to_string();
        table.row([entry.pattern.to_string(), since, entry.customers.to_string()]);
    }
    table.render()
}

fn are(customers: u64) -> String {
    if customers == 1 { "1 customer is".to_owned() } else { format!("{customers} customers are") }
}

fn unlisted(error: query::Error, pattern: &Pattern) -> Failure {
    match error {
        query::Error::Store(store::Error::Missing(_)) => {
            let hint = format!(
                "`tinycrm ignore list` shows what is, `tinycrm ignore add {}` adds it.",
                word(pattern.as_str())
            );
            Failure::new(format!("{pattern} is not ignored.")).hint(hint)
        }
        error => error.into(),
    }
}

fn pattern(text: &str) -> Result<Pattern, String> {
    text.parse().map_err(|fault: server::model::NoPattern| sentence(&fault.to_string()))
}
