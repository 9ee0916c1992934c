//! Facets: the rail of every view asks for them, and every key that somebody presses in the filter's box. From the index
//! they are cheap and always present. From the database they cost more than a page, and what was computed is kept.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, PoisonError},
    time::{Duration, Instant},
};

use filter::Field;
use index::{Facet, Facets, Part, Question};

use crate::{
    http::App,
    store::{
        self, Rows, View,
        query::{self, Engine, Error, Query},
    },
};

/// A filter may speak of the present time: after this, facets are computed again in any case.
const FRESH: Duration = Duration::from_secs(60);
/// Views whose facets are kept.
const KEPT_MAX: usize = 100;

/// The facets of a view.
#[derive(Clone)]
pub(crate) struct Known {
    /// What coverage is a part of.
    pub(super) relationships: u64,
    /// The widest paths, the status, and the project where there are several.
    pub(crate) facets: Arc<[Facet]>,
    version: i64,
    at: Instant,
}

/// How new facets must be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Age {
    /// Of the account's present version.
    Present,
    /// A minute old will do.
    Minute,
}

/// The account, the rows, the filter, and the moment of the past.
type Place = (store::AccountId, Rows, String, Option<String>);
/// Locked while facets are computed, so that all who ask at once compute them once.
type Slot = Arc<tokio::sync::Mutex<Option<Known>>>;

static KEPT: LazyLock<Mutex<HashMap<Place, Slot>>> = LazyLock::new(Mutex::default);

/// The facets of the rows that match a filter, at a moment of the past where one is named.
pub(crate) async fn facets(
    app: &App,
    view: &View,
    rows: Rows,
    (filter, as_of): (&str, Option<&str>),
    age: Age,
) -> Result<Known, Error> {
    if query::engine(&app.store, view) == Engine::Index {
        return compute(app, view, rows, (filter, as_of)).await;
    }
    let slot = slot((view.account, rows.clone(), filter.to_owned(), as_of.map(str::to_owned)));
    let mut kept = slot.lock().await;
    if let Some(known) = kept.as_ref().filter(|known| known.at.elapsed() < FRESH)
        && (age == Age::Minute || known.version == query::version(&app.store, view).await?)
    {
        return Ok(known.clone());
    }
    Ok(kept.insert(compute(app, view, rows, (filter, as_of)).await?).clone())
}

fn slot(place: Place) -> Slot {
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if kept.len() >= KEPT_MAX && !kept.contains_key(&place) {
        kept.clear();
    }
    kept.entry(place).or_default().clone()
}

async fn compute(
    app: &App,
    view: &View,
    rows: Rows,
    (filter, as_of): (&str, Option<&str>),
) -> Result<Known, Error> {
    let facets = facets_of(&rows);
    let question = Question { select: vec![Part::Count, Part::Facets], facets, ..Question::default() };
    let as_of = as_of.map(str::to_owned);
    let query =
        Query { filter: filter.to_owned(), rows, question, as_of, lift_own: true, ..Query::default() };
    let answer = app.query(view, &query).await?;
    Ok(Known {
        relationships: answer.count.unwrap_or_default().relationships,
        facets: answer.facets.into(),
        version: answer.version,
        at: Instant::now(),
    })
}

/// The widest paths, the status, and the project where there are several.
pub(super) fn facets_of(rows: &Rows) -> Facets {
    let mut facets = Facets { auto: true, fields: vec![Field::Status] };
    facets.fields.extend((!matches!(rows, Rows::Project(_))).then_some(Field::Project));
    facets
}
