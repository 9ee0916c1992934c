//! `tinycrm check`: the index against the database, row by row.

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

use crate::{
    database::{Opened, Place},
    failure::Failure,
    output::Output,
    table::Table,
};

/// How long the feed is followed between loading and comparing: long enough for what a server writes meanwhile.
const FOLLOWED: Duration = Duration::from_secs(1);

/// Compare the index with the database, row by row
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Loads the index as a server does, follows what a running server writes, then compares every
row. Nothing is changed. Exit code 1 when anything differs: please report it.

Examples:
  tinycrm check
  tinycrm check --json")]
pub struct Check {
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    place: Place,
}

impl Check {
    /// Compares everything.
    pub async fn run(self) -> Result<(), Failure> {
        let db = self.place.open().await?;
        let begin = Instant::now();
        // Whoever asks wants an answer, whatever it takes.
        db.store.keep_index(u64::MAX);
        if !db.store.index_ready(db.account).await {
            return Err(Failure::new("The index could not be loaded."));
        }
        let loaded = begin.elapsed();
        tokio::time::sleep(FOLLOWED).await;
        let report = index::check(&db.store, db.account).await?;
        let slugs = slugs(&db).await?;
        self.output.show(&describe(&report, &slugs, loaded), || text(&report, &slugs, loaded))?;
        match report.differences {
            0 => Ok(()),
            1 => Err(Failure::new("The index differs from the database in one place.").hint(REPORT)),
            many => {
                Err(Failure::new(format!("The index differs from the database in {many} places."))
                    .hint(REPORT))
            }
        }
    }
}

const REPORT: &str =
    "This is a fault of TinyCRM: please report it. A restart of the server loads the index anew.";

async fn slugs(db: &Opened) -> Result<HashMap<ProjectId, String>, Failure> {
    let projects = store::project::list(&db.store, db.account).await?;
    Ok(projects.into_iter().map(|project| (project.id, project.slug.to_string())).collect())
}

fn describe(report: &Report, slugs: &HashMap<ProjectId, String>, loaded: Duration) -> Value {
    let difference = |found: &Difference| {
        json!({
            "project": slugs.get(&found.project), "project_id": found.project, "customer": found.customer,
            "what": found.what,
        })
    };
    json!({
        "version": report.version,
        "relationships": report.rows,
        "differences": report.differences,
        "listed": report.listed.iter().map(difference).collect::<Vec<_>>(),
        "loaded_in_ms": loaded.as_millis() as u64,
    })
}

fn text(report: &Report, slugs: &HashMap<ProjectId, String>, loaded: Duration) -> String {
    let Report { version, rows, differences, listed } = report;
    let seconds = loaded.as_secs_f64();
    let head = format!("Loaded in {seconds:.1} s, compared {rows} relationships at version {version}");
    if *differences == 0 {
        return format!("{head}: no difference.");
    }
    let mut table = Table::new(["project", "customer", "what differs"]);
    for Difference { project, customer, what } in listed {
        let slug = slugs.get(project).cloned().unwrap_or_else(|| project.to_string());
        table.row([slug, customer.to_string(), what.clone()]);
    }
    let more = differences.saturating_sub(listed.len() as u64);
    let rest = if more > 0 { format!("\n… and {more} more") } else { String::new() };
    format!("{head}: {differences} differ.\n\n{}{rest}", table.render())
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
        let report = Report { version: 7, rows: 3, differences: 21, listed };
        let told = text(&report, &slugs, Duration::from_millis(1240));
        let (customer, what) = (place.1.to_string(), "it is missing");
        let expected = format!(
            "Loaded in 1.2 s, compared 3 relationships at version 7: 21 differ.\n\n\
             project  {:<36}  what differs\napp      {customer}  {what}\n… and 20 more",
            "customer"
        );
        assert_eq!(told, expected);
        let json = describe(&report, &slugs, Duration::ZERO);
        assert_eq!((&json["differences"], &json["listed"][0]["project"]), (&json!(21), &json!("app")));
        let fine = Report { differences: 0, listed: Vec::new(), ..report };
        assert!(text(&fine, &slugs, Duration::ZERO).ends_with("at version 7: no difference."));
    }
}
