//! `tinycrm customer merge` and `unmerge`: two people who turned out to be one.

use std::collections::HashMap;

use jiff::tz::TimeZone;
use serde_json::{Value, json};
use server::{
    model::{ImportId, ProjectId, Source},
    store::{
        self, customer,
        write::{self, Difference, Part},
    },
};

use super::told;
use crate::{
    command::at::At,
    database::{self, Opened},
    failure::Failure,
    table::Table,
};

/// Make one customer of two: the same person with two addresses
#[derive(Debug, clap::Args)]
#[command(after_help = "\
KEEP gets the projects of OTHER. In a project where both are, the histories interleave and the
newer value of each name holds; of equal dates KEEP's. OTHER's address and user_ids stay as
aliases: calls that come with them are about KEEP. As long as nothing else touches the person,
for 30 days at most, `tinycrm customer unmerge OTHER` takes it back.

Examples:
  tinycrm customer merge ada@example.com billing@ada.example --dry-run
  tinycrm customer merge ada@example.com billing@ada.example")]
pub struct Merge {
    /// The address that the customer has afterwards
    #[arg(value_name = "KEEP", value_parser = database::address)]
    keep: String,

    /// The address that becomes an alias
    #[arg(value_name = "OTHER", value_parser = database::address)]
    other: String,

    /// Say what would be, and write nothing
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    at: At,
}

/// Take a merge back: both customers are what they were
#[derive(Debug, clap::Args)]
#[command(after_help = "\
It is refused once anything has been stored of the person since: a call, a ping, a change.

Examples:
  tinycrm customer unmerge billing@ada.example")]
pub struct Unmerge {
    /// The address that became an alias
    #[arg(value_name = "OTHER", value_parser = database::address)]
    other: String,

    #[command(flatten)]
    at: At,
}

impl Merge {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let db = self.at.open().await?;
        let keep = customer::at(&db.store, db.account, &self.keep).await.map_err(told)?;
        let other = customer::other_at(&db.store, db.account, keep, &self.other).await.map_err(told)?;
        let (merge, version) = if self.dry_run {
            let merge = write::preview_merge(&db.store, db.account, keep, other).await;
            (merge.map_err(told)?, None)
        } else {
            let source = Source::Import(Some(ImportId::new()));
            let (merge, version) =
                write::merge_customers(&db.store, db.account, keep, other, source).await.map_err(told)?;
            db.settle().await;
            (merge, Some(version))
        };
        let slugs = slugs(&db).await?;
        let zone = store::account(&db.store, db.account).await?.zone;
        let parts: Vec<Value> = merge.parts.iter().map(|part| describe(part, &slugs)).collect();
        let json = json!({
            "keep": merge.keep, "alias": merge.other, "dry_run": self.dry_run, "version": version, "projects": parts,
        });
        self.at.show(&json, || {
            let head = match self.dry_run {
                true => format!("Nothing was written. {}", merge.sentence()),
                false => format!(
                    "{} is an alias of {} now. `tinycrm customer unmerge {}` takes it back, until something else touches them.",
                    merge.other, merge.keep, merge.other
                ),
            };
            format!("{head}\n\n{}", table(&merge.parts, &slugs, &zone))
        })
    }
}

impl Unmerge {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let db = self.at.open().await?;
        let (keep, version) = write::undo_merge(&db.store, db.account, &self.other).await.map_err(told)?;
        db.settle().await;
        let json = json!({ "keep": keep, "other": self.other, "version": version });
        self.at.show(&json, || format!("{keep} and {} are two customers again.", self.other))
    }
}

async fn slugs(db: &Opened) -> Result<HashMap<ProjectId, String>, Failure> {
    let projects = store::project::list(&db.store, db.account).await?;
    Ok(projects.into_iter().map(|project| (project.id, project.slug.to_string())).collect())
}

fn describe(part: &Part, slugs: &HashMap<ProjectId, String>) -> Value {
    let row = &part.row;
    json!({
        "project": slugs.get(&part.project), "both": part.both, "of_alias": names(part), "name": row.name,
        "user_id": row.user_id, "status": row.status.as_str(), "status_since": row.status_since,
        "first_paid": row.first_paid, "first_seen": row.first_seen, "last_activity": row.last_activity, "params": row.params,
    })
}

/// The names of which the other's value holds.
fn names(part: &Part) -> Vec<&str> {
    part.of_other.iter().map(|one| one.name.as_str()).collect()
}

/// A line for each project in which the other was; dates are days of the account's zone.
fn table(parts: &[Part], slugs: &HashMap<ProjectId, String>, zone: &TimeZone) -> String {
    let mut table = Table::new(["project", "what becomes of it", "status", "since", "values of the alias"]);
    for part in parts {
        let slug = slugs.get(&part.project).cloned().unwrap_or_default();
        let values = match part.both {
            true => part.of_other.iter().map(Difference::sentence).collect::<Vec<_>>().join(", "),
            false => "all".to_owned(),
        };
        let since = part.row.status_since.to_zoned(zone.clone()).strftime("%Y-%m-%d").to_string();
        table.row([slug, part.what().to_owned(), part.row.status.as_str().to_owned(), since, values]);
    }
    table.render()
}
