//! `tinycrm demo`: three products with a past, to try things on.

use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use server::store::{self, AccountId, Store};

use crate::{
    command::at::At,
    demo::{self, Recipe},
    failure::Failure,
    output::note,
};

/// Make three demo products with 20,000 customers and 18 months of history
#[derive(Debug, clap::Args)]
#[command(after_help = "\
They are test projects: they stay out of what the account's own products add up to, and can be
removed.

Examples:
  tinycrm demo
  tinycrm demo --customers 500 --seed 7 --again
  tinycrm demo --remove")]
pub struct Demo {
    #[command(flatten)]
    recipe: Recipe,

    /// Remove the demo that is there and make another
    #[arg(long)]
    again: bool,

    /// Remove the demo projects and all that is in them
    #[arg(long, conflicts_with_all = ["again", "customers", "seed"])]
    remove: bool,

    #[command(flatten)]
    at: At,
}

impl Demo {
    /// Fills the demo projects, or removes them.
    pub async fn run(self) -> Result<(), Failure> {
        let db = self.at.open().await?;
        if self.remove || self.again {
            let removed = demo::remove(&db.store, db.account).await?;
            db.settle().await;
            if self.remove {
                let json = json!({ "removed_projects": removed });
                return self.at.show(&json, || format!("Removed {removed} demo projects."));
            }
        }
        if store::project::list(&db.store, db.account).await?.iter().any(demo::is_demo) {
            return Err(Failure::new("The demo projects are there already.")
                .hint("`tinycrm demo --again` makes them anew, `tinycrm demo --remove` removes them."));
        }
        let calls = fill(&db.store, db.account, self.recipe).await?;
        db.settle().await;
        let json = json!({ "customers": self.recipe.customers, "calls": calls, "seed": self.recipe.seed });
        self.at.show(&json, || format!("Made three demo projects with {} customers.", self.recipe.customers))
    }
}

/// Fills the demo projects and shows how far it is.
pub async fn fill(store: &Store, account: AccountId, recipe: Recipe) -> Result<usize, Failure> {
    let began = Instant::now();
    note(format_args!("Making demo data: {} customers and their history …", recipe.customers));
    let bar = ProgressBar::new(1);
    bar.set_style(
        ProgressStyle::with_template("{wide_bar} {percent:>3}%  {eta} left")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    let tick = |done, total| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
    };
    let calls = demo::fill(store, account, recipe, tick).await?;
    bar.finish_and_clear();
    note(format_args!("Made {calls} calls in {:.1} s.", began.elapsed().as_secs_f64()));
    Ok(calls)
}
