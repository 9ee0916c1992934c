//! The histories through the same door as every app's calls, in large batches.

use jiff::Timestamp;
use server::{
    model::{Call, ImportId, Project, Slug, Source, now},
    store::{
        AccountId, Store, erase, project,
        write::{Outcome, Writer},
    },
};

use super::{History, histories};
use crate::failure::{Failure, sentence};

/// Calls of a batch: the larger, the more calls on one customer become one write.
const BATCH: usize = 10_000;

/// What to make.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Recipe {
    /// How many customers
    #[arg(long, value_name = "COUNT", default_value_t = 20_000)]
    pub customers: usize,

    /// The same seed makes the same customers, relative to the present
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub seed: u64,
}

impl Default for Recipe {
    fn default() -> Recipe {
        Recipe { customers: 20_000, seed: 1 }
    }
}

/// Whether a project is one of the demo's.
pub fn is_demo(project: &Project) -> bool {
    super::PRODUCTS.iter().any(|product| product.slug == project.slug.as_str())
}

/// Deletes the demo projects with all that is in them; returns how many there were.
pub async fn remove(store: &Store, account: AccountId) -> Result<usize, Failure> {
    let projects = project::list(store, account).await?;
    let demo: Vec<&Project> = projects.iter().filter(|project| is_demo(project)).collect();
    for project in &demo {
        erase::project(store, account, project.id).await?;
    }
    Ok(demo.len())
}

/// Makes the demo projects and everything that happened in them; `tick` hears how many calls of how many are stored.
pub async fn fill(
    store: &Store,
    account: AccountId,
    recipe: Recipe,
    tick: impl Fn(usize, usize),
) -> Result<usize, Failure> {
    let present = now();
    let histories = tokio::task::spawn_blocking(move || histories(recipe.seed, recipe.customers, present))
        .await
        .map_err(|e| Failure::new(sentence(&e.to_string())))?;
    let total = histories.iter().map(|history| history.calls.len()).sum();
    let writer = Writer::new(store.clone());
    let source = Source::Import(Some(ImportId::new()));
    let mut done = 0;
    for history in histories {
        let project = make(store, account, &history, present).await?;
        for calls in history.calls.chunks(BATCH) {
            submit(&writer, account, &project, source, calls.to_vec()).await?;
            done += calls.len();
            tick(done, total);
        }
        // Its calls tell of all that happened, from the first one on.
        if let Some(first) = history.calls.iter().filter_map(Call::at).min() {
            project::set_activity_since(store, account, project.id, first).await?;
        }
    }
    Ok(done)
}

async fn make(
    store: &Store,
    account: AccountId,
    history: &History,
    at: Timestamp,
) -> Result<Project, Failure> {
    let slug: Slug = history.slug.parse().map_err(|e| Failure::new(format!("{e}")))?;
    Ok(project::create(store, account, &slug, history.name, true, at).await?)
}

/// Every call of the demo is meant to be stored: a refusal is a fault of the demo.
async fn submit(
    writer: &Writer,
    account: AccountId,
    project: &Project,
    source: Source,
    calls: Vec<Call>,
) -> Result<(), Failure> {
    let receipt = writer.submit(account, project.id, source, calls, None).await?;
    let refusal = receipt.outcomes.into_iter().find_map(|outcome| match outcome {
        Outcome::Refused(refusal) => Some(refusal),
        _ => None,
    });
    refusal.map_or(Ok(()), |refusal| Err(Failure::new(format!("A demo call was refused: {refusal}."))))
}
