//! `tinycrm vacuum`: nothing of what was erased stays in the files of tables.

use serde_json::json;
use server::store::vacuum;

use crate::{command::at::At, failure::Failure};

/// Write the tables of customers anew, so that nothing of what was erased stays in their files
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Postgres overwrites what was deleted as it needs the space, which for single bytes may take months.
This rewrites the tables with their indexes: it needs as much free disk as the largest of them, and
calls and questions wait while their table is rewritten. Once a month is enough for most. What is left
then is in the write-ahead log, which Postgres uses again, and in your backups.

Examples:
  tinycrm vacuum")]
pub struct Vacuum {
    #[command(flatten)]
    at: At,
}

impl Vacuum {
    /// Rewrites them.
    pub async fn run(self) -> Result<(), Failure> {
        let db = self.at.open().await?;
        let (before, after) = vacuum::tables(&db.store).await?;
        let json = json!({ "bytes_before": before, "bytes": after });
        let mib = |bytes: i64| bytes >> 20;
        self.at.show(&json, || {
            format!(
                "The tables of customers are written anew: {} MiB, {} MiB before.",
                mib(after),
                mib(before)
            )
        })
    }
}
