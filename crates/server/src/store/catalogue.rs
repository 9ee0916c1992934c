//! The catalogue: every path that params hold, with its types, its coverage and its top values. Computed from what is
//! there; nothing is declared.

use index::{Datum, Facet, Shape};

use super::{
    AccountId, Store, View,
    index::Standing,
    query::{self, Ask, Error, Plan, Query, read_counts, read_facets},
    snapshot::Snapshot,
};
use crate::model::ProjectId;

/// The widest paths, so many with few distinct values and so many with many; the rest of a project with more is counted
/// by no one.
pub const PATHS_MAX: usize = 5_000;

/// The paths also end with the one whose name and top values pass so many bytes, all together.
const BYTES_MAX: usize = 4 << 20;

/// What the relationships of a view hold.
#[derive(Clone, Debug)]
pub struct Catalogue {
    /// The account's version that was read.
    pub version: i64,
    /// How many relationships there are: what coverage is a part of.
    pub relationships: u64,
    /// The paths, widest first.
    pub paths: Vec<Facet>,
}

/// Says of a path, as its keys, whether some customer of a project has it, as far as the index knows.
pub fn known(store: &Store, account: AccountId, project: ProjectId) -> impl Fn(&[&str]) -> bool {
    let standing = store.live_unasked(account);
    move |path| matches!(&standing, Standing::Ready(live) if live.snapshot.knows(&project.0, path))
}

/// Reads the catalogue of the relationships that a query finds.
pub async fn paths(store: &Store, view: &View, query: &Query) -> Result<Catalogue, Error> {
    if let Standing::Ready(live) = store.live(view.account) {
        let version = live.snapshot.version();
        if let Some((relationships, paths)) = query::catalogue(store, view, query, &live, PATHS_MAX).await? {
            return Ok(Catalogue { version, relationships, paths: bounded(paths) });
        }
    }
    let plan = Plan::load(store, view, query).await?;
    let ask = Ask { auto: Some(PATHS_MAX), fields: Vec::new(), hollow: true };
    let mut snapshot = Snapshot::open(store, view).await?;
    let answers = snapshot.ask(&[Plan::clock(), plan.counts(), ask.statement(&plan)], true).await?;
    Ok(Catalogue {
        version: answers[0].first().map_or(0, |row| row.get(0)),
        relationships: read_counts(&answers[1]).relationships,
        paths: bounded(read_facets(&answers[2], &plan.lexicon.zone)),
    })
}

/// As many of the paths as an answer holds.
fn bounded(mut paths: Vec<Facet>) -> Vec<Facet> {
    let mut bytes = 0;
    let fits = |facet: &&Facet| {
        let is_before = bytes <= BYTES_MAX;
        let values = if let Shape::Values(values) = &facet.shape { values.as_slice() } else { &[] };
        let texts = values.iter().filter_map(|value| match &value.value {
            Datum::String(text) => Some(text.len()),
            _ => None,
        });
        bytes += facet.field.to_string().len() + texts.sum::<usize>();
        is_before
    };
    let count = paths.iter().take_while(fits).count();
    paths.truncate(count);
    paths
}
