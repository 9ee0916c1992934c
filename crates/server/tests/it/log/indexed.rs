//! What the index answers of the past after all that was played, as it was brought forward and as it is loaded anew: the
//! same as `eval` and the reference say, or that Postgres had better be asked.

use std::{collections::BTreeSet, time::Duration};

use filter::{Predicate, eval, value::Instant};
use index::{Answer, Part, Question};
use server::store::{
    Rows, Store, View, index as kept,
    query::{self, Engine, Fallback, Query, Warning, WarningCode},
};
use uuid::Uuid;

use super::{
    Play,
    asked::{Asked, past},
    held::same,
};
use crate::query_oracle;

/// How much memory an index may take.
const BYTES: u64 = 1 << 30;
/// How long one may take to be loaded.
const LOADED: Duration = Duration::from_secs(30);

/// The indexes of two processes.
pub(super) struct Indexed {
    stores: [(&'static str, Store); 2],
}

impl Indexed {
    pub(super) fn stores(&self) -> impl Iterator<Item = (&'static str, &Store)> {
        self.stores.iter().map(|(name, store)| (*name, store))
    }
}

impl Play {
    /// The index that has followed all, and one that is loaded only now. Both hold what Postgres holds.
    pub(super) async fn indexed(&self) -> Result<Indexed, String> {
        let anew = self.server.db.store();
        anew.keep_index(BYTES);
        let stores = [("brought forward", self.server.app.store.clone()), ("loaded anew", anew)];
        for (name, store) in &stores {
            let remembers = tokio::time::timeout(LOADED, store.index_remembers(self.server.account)).await;
            same(&format!("whether the index {name} remembers"), Ok(true), remembers)?;
            let report = kept::check(store, self.server.account).await.map_err(|error| error.to_string())?;
            same(&format!("what the index {name} holds"), &Vec::new(), &report.listed)?;
        }
        Ok(Indexed { stores })
    }

    /// Asks the indexes for everybody whom a filter finds.
    pub(super) async fn finds(
        &mut self,
        asked: &Asked<'_>,
        view: &View,
        text: &str,
        moment: Option<Instant>,
    ) -> Result<(), String> {
        let question =
            Question { select: vec![Part::Count, Part::Customers], limit: 1000, ..Question::default() };
        let query = Query {
            filter: text.to_owned(),
            rows: Rows::Test,
            question,
            as_of: moment.map(|moment| moment.to_string()),
            engine: Some(Engine::Index),
            ..Query::default()
        };
        for (name, store) in asked.indexed.stores() {
            let what = || format!("{text}\nin the index {name} as of {moment:?}");
            let Some(answer) =
                answer(store, view, &query).await.map_err(|error| format!("{}\n{error}", what()))?
            else {
                *self.heard.entry("filters left to Postgres").or_default() += 1;
                continue;
            };
            let checked = asked.lexicon.check(text, moment.map_or(answer.now, Instant::timestamp));
            let (_, predicate) = checked.map_err(|error| error.caret(text))?;
            let told = told(asked, &predicate, moment);
            let held: BTreeSet<(Uuid, Uuid)> =
                answer.customers.iter().flat_map(|page| &page.rows).flat_map(pairs).collect();
            same(&what(), &told, &held)?;
            same(&what(), Some(told.len() as u64), answer.count.map(|count| count.relationships))?;
            *self.heard.entry("pairs in the index").or_default() += asked.pairs();
        }
        Ok(())
    }

    /// Asks the indexes a whole question as of a moment, and all of its pages; facets are not theirs to tell. What they warn of
    /// is what Postgres warns of.
    pub(super) async fn answers(
        &mut self,
        asked: &Asked<'_>,
        view: &View,
        query: &Query,
        moment: Instant,
        expected: &Answer,
    ) -> Result<(), String> {
        let mut query = query.clone();
        query.question.select.retain(|part| *part != Part::Facets);
        let expected = &Answer { facets: Vec::new(), ..expected.clone() };
        for (name, store) in asked.indexed.stores() {
            let what = format!("the index {name}");
            query.engine = Some(Engine::Index);
            let Some(by_index) =
                answer(store, view, &query).await.map_err(|error| format!("{what}: {error}"))?
            else {
                *self.heard.entry("questions left to Postgres").or_default() += 1;
                continue;
            };
            query_oracle::agree(&query, &by_index, expected).map_err(|fault| format!("{what}: {fault}"))?;
            query.engine = Some(Engine::Sql);
            let by_sql = query::run(store, view, &query).await.map_err(|error| format!("{what}: {error}"))?;
            let [told, held] = [&by_sql, &by_index].map(warnings);
            same(&format!("warnings of {what}"), told, held)?;
            query.engine = Some(Engine::Index);
            let pages = self.pages(store, view, query.clone(), by_index, &asked.customers, moment).await;
            let pages = pages.map_err(|fault| format!("{what}: {fault}"))?;
            same(&what, &expected.customers, &pages)?;
            *self.heard.entry("questions of the index").or_default() += 1;
        }
        Ok(())
    }
}

/// What the index answers; nothing where it does not know.
async fn answer(store: &Store, view: &View, query: &Query) -> Result<Option<query::Answer>, query::Error> {
    match query::run(store, view, query).await {
        Ok(answer) => Ok(Some(answer)),
        Err(query::Error::IndexNotReady(Fallback::Past)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What an answer warns of. Whether nobody ever had a path is left out: Postgres looks at the log, in which also stands what
/// never held because something else was told of the same moment, and no longer what was pruned.
fn warnings(answer: &query::Answer) -> Vec<&Warning> {
    answer.warnings.iter().filter(|warning| warning.code != WarningCode::UnknownPath).collect()
}

/// Of whom a filter holds: the customers and projects.
fn told(asked: &Asked<'_>, predicate: &Predicate, moment: Option<Instant>) -> BTreeSet<(Uuid, Uuid)> {
    let mut told = BTreeSet::new();
    for customer in &asked.customers {
        let past = moment.map(|moment| past(customer, moment));
        let documents = match &past {
            Some(past) => past.iter().map(filter::Past::document).collect(),
            None => customer.documents.clone(),
        };
        let holds = |place: &usize| eval(predicate, &documents, *place);
        told.extend((0..documents.len()).filter(holds).map(|place| (customer.id, documents[place].project)));
    }
    told
}

fn pairs(row: &query::CustomerRow) -> impl Iterator<Item = (Uuid, Uuid)> {
    row.relationships.iter().map(|one| (row.id.0, one.project.0))
}
