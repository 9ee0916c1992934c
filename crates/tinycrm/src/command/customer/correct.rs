//! `tinycrm customer correct`: sets right what is known of a customer's past.

use filter::value::Moment;
use serde_json::json;
use server::{
    model::{ImportId, ProjectId, Slug, Source},
    store::{
        self, customer,
        write::{self, Corrected, Correction},
    },
};

use super::told;
use crate::{
    command::at::At,
    database::{self, Opened},
    failure::Failure,
};

/// Set right when a customer was first seen and first paid, and since when the status is what it is
#[derive(Debug, clap::Args)]
#[command(after_help = "\
--first-paid and --status-since tell the history of the status anew: what it said in between is
forgotten, as is an earlier break. What else the history says stays. A date alone begins in the
account's time zone.

Examples:
  tinycrm customer correct ada@example.com --project app --first-seen 2023-05-01
  tinycrm customer correct ada@example.com --project app --first-paid 2023-06-01 --status-since 2024-10-01
  tinycrm customer correct ada@example.com --project app --first-paid never --dry-run")]
pub struct Correct {
    /// The customer
    #[arg(value_name = "E-MAIL", value_parser = database::address)]
    email: String,

    /// In which project
    #[arg(long, value_name = "SLUG")]
    project: Slug,

    /// When the customer was first seen
    #[arg(long, value_name = "DATE", value_parser = Correction::moment, required_unless_present_any = ["first_paid", "status_since"])]
    first_seen: Option<Moment>,

    /// When the customer first paid, or `never`
    #[arg(long, value_name = "DATE", value_parser = paid)]
    first_paid: Option<Paid>,

    /// Since when the status is what it is
    #[arg(long, value_name = "DATE", value_parser = Correction::moment)]
    status_since: Option<Moment>,

    /// Say what would be, and write nothing
    #[arg(long)]
    dry_run: bool,

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
        let paid = self.first_paid.map(|paid| match paid {
            Paid::Never => None,
            Paid::At(at) => Some(at),
        });
        let correction = Correction::of(self.first_seen, paid, self.status_since, &zone);
        let (Corrected { before, after }, version) = self.correct(&db, project.id, correction).await?;
        let json = json!({
            "email": self.email, "project": project.slug.as_str(), "status": after.status.as_str(),
            "first_seen": after.first_seen, "first_paid": after.first_paid, "status_since": after.status_since,
            "dry_run": self.dry_run, "version": version,
        });
        self.at.show(&json, || {
            let line = format!("{} in {}: {}.", self.email, project.slug, after.sentence(&zone));
            match self.dry_run {
                false => line,
                true => format!(
                    "Nothing was written. {line}\nHistory of the status: {}.\nBefore: {}.",
                    after.history(&zone).join(", "),
                    before.history(&zone).join(", ")
                ),
            }
        })
    }

    /// What is done, and the version; none where it is only tried.
    async fn correct(
        &self,
        db: &Opened,
        project: ProjectId,
        correction: Correction,
    ) -> Result<(Corrected, Option<i64>), Failure> {
        let (store, account) = (&db.store, db.account);
        let customer = customer::at(store, account, &self.email).await.map_err(told)?;
        if self.dry_run {
            let corrected = write::preview_correction(store, account, project, customer, correction).await;
            return Ok((corrected.map_err(told)?, None));
        }
        let source = Source::Import(Some(ImportId::new()));
        let corrected = write::correct(store, account, project, customer, correction, source).await;
        let (corrected, version) = corrected.map_err(told)?;
        db.settle().await;
        Ok((corrected, Some(version)))
    }
}

fn paid(text: &str) -> Result<Paid, String> {
    if text == "never" { Ok(Paid::Never) } else { Correction::moment(text).map(Paid::At) }
}
