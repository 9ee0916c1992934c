//! `tinycrm check`: the index and the log of changes against the rows of the database.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use server::{
    model::ProjectId,
    store::{
        self,
        index::{self, Difference, Report},
    },
};

use crate::{command::at::At, database::Opened, failure::Failure, table::Table};

/// Compare the index and the log of changes with the database, row by row
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Loads the index as a server does, follows what a running server writes, and compares every row
with it; and replays the log of changes of every customer, which must tell the present. Nothing is
changed. Exit code 1 when anything differs: please report it.

Examples:
  tinycrm check
  tinycrm check --json")]
pub struct Check {
    #[command(flatten)]
    at: At,
}

impl Check {
    /// Compares everything.
    pub async fn run(self) -> Result<(), Failure> {
        let db = self.at.open().await?;
        let begin = Instant::now();
        // Whoever asks wants an answer, whatever it takes.
        db.store.keep_index(u64::MAX);
        if !db.store.index_ready(db.account).await {
            return Err(Failure::new("The index could not be loaded."));
        }
        let loaded = begin.elapsed();
        let checked = Checked {
            loaded,
            index: index::check(&db.store, db.account).await?,
            log: store::log::check(&db.store, db.account).await?,
            slugs: slugs(&db).await?,
        };
        self.at.show(&checked.describe(), || checked.text())?;
        match checked.index.differences + checked.log.differences {
            0 => Ok(()),
            1 => Err(Failure::new("One place differs.").hint(REPORT)),
            many => Err(Failure::new(format!("{many} places differ.")).hint(REPORT)),
        }
    }
}

const REPORT: &str = "This is a fault of TinyCRM: please report it. A restart of the server loads the index anew; the log stays as it is.";

async fn slugs(db: &Opened) -> Result<HashMap<ProjectId, String>, Failure> {
    let projects = store::project::list(&db.store, db.account).await?;
    Ok(projects.into_iter().map(|project| (project.id, project.slug.to_string())).collect())
}

/// What was compared.
struct Checked {
    /// How long the index took to load.
    loaded: Duration,
    index: Report,
    log: Report,
    slugs: HashMap<ProjectId, String>,
}

impl Checked {
    fn describe(&self) -> Value {
        let difference = |found: &Difference| {
            json!({
                "project": self.slugs.get(&found.project), "project_id": found.project, "customer": found.customer,
                "what": found.what,
            })
        };
        let listed = |report: &Report| report.listed.iter().map(difference).collect::<Vec<_>>();
        json!({
            "version": self.index.version,
            "relationships": self.index.rows,
            "differences": self.index.differences,
            "listed": listed(&self.index),
            "loaded_in_ms": self.loaded.as_millis() as u64,
            "log": {
                "version": self.log.version,
                "relationships": self.log.rows,
                "differences": self.log.differences,
                "listed": listed(&self.log),
            },
        })
    }

    fn text(&self) -> String {
        let (seconds, index, log) = (self.loaded.as_secs_f64(), &self.index, &self.log);
        let loaded = format!("Loaded in {seconds:.1} s, compared {} relationships", index.rows);
        let replayed = format!("Replayed the log of {} relationships", log.rows);
        format!("{}\n{}", self.section(&loaded, index), self.section(&replayed, log))
    }

    fn section(&self, head: &str, report: &Report) -> String {
        let Report { version, differences, listed, .. } = report;
        let head = format!("{head} at version {version}");
        if *differences == 0 {
            return format!("{head}: no difference.");
        }
        let mut table = Table::new(["project", "customer", "what differs"]);
        for Difference { project, customer, what } in listed {
            let slug = self.slugs.get(project).cloned().unwrap_or_else(|| project.to_string());
            table.row([slug, customer.to_string(), what.clone()]);
        }
        let more = differences.saturating_sub(listed.len() as u64);
        let rest = if more > 0 { format!("\n… and {more} more") } else { String::new() };
        format!("{head}: {differences} differ.\n\n{}{rest}", table.render())
    }
}

#[cfg(test)]
mod tests {
    use server::model::CustomerId;

    use super::*;

    #[test]
    fn a_report_lists_what_differs_and_counts_the_rest() {
        let place = (ProjectId::new(), CustomerId::new());
        let listed =
            vec![Difference { project: place.0, customer: place.1, what: "it is missing".to_owned() }];
        let slugs = HashMap::from([(place.0, "app".to_owned())]);
        let index = Report { version: 7, rows: 3, differences: 21, listed };
        let log = Report { version: 7, rows: 3, ..Report::default() };
        let checked = Checked { loaded: Duration::from_millis(1240), index, log, slugs };
        let (customer, what) = (place.1.to_string(), "it is missing");
        let expected = format!(
            "Loaded in 1.2 s, compared 3 relationships at version 7: 21 differ.\n\n\
             project  {:<36}  what differs\napp      {customer}  {what}\n… and 20 more\n\
             Replayed the log of 3 relationships at version 7: no difference.",
            "customer"
        );
        assert_eq!(checked.text(), expected);
        let json = checked.describe();
        assert_eq!((&json["differences"], &json["listed"][0]["project"]), (&json!(21), &json!("app")));
        assert_eq!(json["log"]["differences"], json!(0));
    }
}
