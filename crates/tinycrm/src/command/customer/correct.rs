//! `tinycrm customer correct`: sets right what is known of a customer's past.

use filter::{
    calendar::first_instant,
    value::{self, Moment},
};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::json;
use server::{
    model::{Email, ImportId, Relationship, Slug, Source},
    store::{
        self,
        write::{self, Correction},
    },
};

use super::told;
use crate::{command::at::At, database, failure::Failure};

/// Set right when a customer was first seen and first paid, and since when the status is what it is
#[derive(Debug, clap::Args)]
#[command(after_help = "\
--first-paid and --status-since tell the history of the status anew: what it said in between is
forgotten, as is an earlier break. What else the history says stays. A date alone begins in the
account's time zone.

Examples:
  tinycrm customer correct ada@example.com --project app --first-seen 2023-05-01
  tinycrm customer correct ada@example.com --project app --first-paid 2023-06-01 --status-since 2024-10-01
  tinycrm customer correct ada@example.com --project app --first-paid never")]
pub struct Correct {
    /// The customer
    #[arg(value_name = "E-MAIL", value_parser = database::email)]
    email: Email,

    /// In which project
    #[arg(long, value_name = "SLUG")]
    project: Slug,

    /// When the customer was first seen
    #[arg(long, value_name = "DATE", value_parser = moment, required_unless_present_any = ["first_paid", "status_since"])]
    first_seen: Option<Moment>,

    /// When the customer first paid, or `never`
    #[arg(long, value_name = "DATE", value_parser = paid)]
    first_paid: Option<Paid>,

    /// Since when the status is what it is
    #[arg(long, value_name = "DATE", value_parser = moment)]
    status_since: Option<Moment>,

    #[command(flatten)]
    at: At,
}

/// When somebody first paid.
#[derive(Clone, Copy, Debug)]
enum Paid {
    Never,
    At(Moment),
}

impl Correct {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let db = self.at.open().await?;
        let project = database::project(&db.store, db.account, &self.project).await?;
        let zone = store::account(&db.store, db.account).await?.zone;
        let correction = Correction {
            first_seen: self.first_seen.map(|at| instant(at, &zone)),
            first_paid: self.first_paid.map(|paid| match paid {
                Paid::Never => None,
                Paid::At(at) => Some(instant(at, &zone)),
            }),
            status_since: self.status_since.map(|at| instant(at, &zone)),
        };
        let source = Source::Import(Some(ImportId::new()));
        let corrected =
            write::correct(&db.store, db.account, project.id, &self.email, correction, source).await;
        let (row, version) = corrected.map_err(told)?;
        db.settle().await;
        let json = json!({
            "email": self.email.as_str(), "project": project.slug.as_str(), "status": row.status.as_str(),
            "first_seen": row.first_seen, "first_paid": row.first_paid, "status_since": row.status_since,
            "version": version,
        });
        self.at.show(&json, || format!("{} in {}: {}.", self.email, project.slug, sentence(&row, &zone)))
    }
}

fn sentence(row: &Relationship, zone: &TimeZone) -> String {
    let day = |at: Timestamp| at.to_zoned(zone.clone()).strftime("%Y-%m-%d").to_string();
    let paid = row.first_paid.map_or("never paid".to_owned(), |paid| format!("first paid {}", day(paid)));
    format!("first seen {}, {paid}, {} since {}", day(row.first_seen), row.status, day(row.status_since))
}

fn instant(moment: Moment, zone: &TimeZone) -> Timestamp {
    match moment {
        Moment::Day(day) => first_instant(day, zone).timestamp(),
        Moment::Instant(instant) => instant.timestamp(),
    }
}

fn moment(text: &str) -> Result<Moment, String> {
    value::moment(text).ok_or_else(|| "It is no date, as in 2026-03-01 or 2026-03-01T09:00:00Z.".to_owned())
}

fn paid(text: &str) -> Result<Paid, String> {
    if text == "never" { Ok(Paid::Never) } else { moment(text).map(Paid::At) }
}
