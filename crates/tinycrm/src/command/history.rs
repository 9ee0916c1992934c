//! `tinycrm history`: how far back history reaches, and what it weighs.

use serde_json::{Value, json};
use server::store::extent::{self, Extent};

use crate::{command::at::At, failure::Failure};

/// Show since when the past is known, for how long it is kept, and what it weighs
#[derive(Debug, clap::Args)]
#[command(after_help = "\
How many months are kept is set on the dashboard, in Settings. The size is an estimate: what changes
and days of activity take in the database, with their keys.

Examples:
  tinycrm history
  tinycrm history --json")]
pub struct History {
    #[command(flatten)]
    at: At,
}

impl History {
    /// Shows it.
    pub async fn run(self) -> Result<(), Failure> {
        let db = self.at.open().await?;
        let extent = extent::load(&db.store, db.account).await?;
        self.at.show(&describe(&extent), || text(&extent))
    }
}

fn describe(extent: &Extent) -> Value {
    json!({
        "since": extent.since, "horizon": extent.history.horizon, "months": extent.history.months,
        "changes": extent.changes, "changes_are_exact": extent.is_exact, "bytes": extent.bytes,
    })
}

fn text(extent: &Extent) -> String {
    let Some(since) = extent.since else { return "There are no customers yet, and no history.".to_owned() };
    let why =
        if extent.history.horizon.is_some() { "what was before is pruned" } else { "nothing is pruned" };
    let kept = match extent.history.months {
        0 => "for ever".to_owned(),
        months => format!("for {months} months"),
    };
    let about = if extent.is_exact { "" } else { "about " };
    format!(
        "The past is known since {since}: {why}.\nIt is kept {kept}.\nIt has {about}{} changes and takes about {}.",
        extent.changes,
        extent.size()
    )
}
