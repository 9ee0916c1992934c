//! People whose relationships match a filter, over all projects of an account, test projects too: how many, and who.

use std::sync::Arc;

use uuid::Uuid;

use super::{Error, Plan, Query, live};
use crate::{
    model::CustomerId,
    store::{
        AccountId, Store, View,
        index::Standing,
        lexicon::{self, Lexicon},
        snapshot::Snapshot,
        statement::{Statement, unsigned},
    },
};

/// How many people match each of some filters.
pub async fn count(store: &Store, account: AccountId, filters: &[String]) -> Result<Vec<u64>, Error> {
    if filters.is_empty() {
        return Ok(Vec::new());
    }
    let view = View::account(account);
    if let Standing::Ready(live) = store.live(account) {
        let plans = plans(&live.words, account, filters)?;
        let mut counts = Vec::with_capacity(plans.len());
        for plan in &plans {
            counts.push(live::people(store, &view, plan, &live).await?);
        }
        if let Some(counts) = counts.into_iter().collect() {
            return Ok(counts);
        }
    }
    let lexicon = lexicon::load(store, &view).await?;
    let plans = plans(&Arc::new(lexicon), account, filters)?;
    let mut snapshot = Snapshot::open(store, &view).await?;
    let rows = snapshot.ask(&[counts(&plans)], true).await?.swap_remove(0);
    Ok((0..filters.len()).map(|column| rows.first().map_or(0, |row| unsigned(row, column))).collect())
}

/// Who matches a filter. Asked of Postgres, which knows them all also while another process writes.
pub async fn who(store: &Store, account: AccountId, filter: &str) -> Result<Vec<CustomerId>, Error> {
    let view = View::account(account);
    let lexicon = lexicon::load(store, &view).await?;
    let plans = plans(&Arc::new(lexicon), account, &[filter.to_owned()])?;
    let statements: Vec<Statement> = plans
        .iter()
        .map(|plan| Statement::make(|binds| format!("select distinct r.customer_id {}", plan.hits(binds))))
        .collect();
    let found = Snapshot::open(store, &view).await?.ask(&statements, true).await?;
    Ok(found.iter().flatten().map(|row| CustomerId(row.get(0))).collect())
}

/// The filters, each over the relationships of all projects.
fn plans(lexicon: &Arc<Lexicon>, account: AccountId, filters: &[String]) -> Result<Vec<Plan>, Error> {
    let everywhere: Vec<Uuid> = lexicon.projects.iter().map(|project| project.id.0).collect();
    let plan = |filter: &String| {
        let query = Query { filter: filter.clone(), ..Query::default() };
        let plan = Plan::make(lexicon.clone(), &View::account(account), &query)?;
        Ok(Plan { rows: everywhere.clone(), ..plan })
    };
    filters.iter().map(plan).collect()
}

/// Counts them all in one pass over the rows.
fn counts(plans: &[Plan]) -> Statement {
    Statement::make(|binds| {
        let people = plans
            .iter()
            .map(|plan| format!("count(distinct r.customer_id) filter (where {})", plan.matches(binds)));
        let people = people.collect::<Vec<_>>().join(", ");
        let visible = plans.first().map(|plan| plan.visible(binds)).unwrap_or_default();
        format!("select {people} {visible}")
    })
}
