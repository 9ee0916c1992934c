//! Merges two people who turned out to be one. Who is kept gets the projects of the other; in a project where both are, the
//! two relationships become one. The other's address, and what apps called them, stay as aliases.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::{Timestamp, civil::Date};
use serde_json::Value;

use super::{
    POINTS,
    interleave::interleave,
    present::{Known, Present},
    relocate::{carry, record},
    rows, undo,
};
use crate::{
    model::{
        CustomerId, Log, ProjectId, Relationship, Sides, Source, United, json, merge::PARAMS_MAX, unite,
    },
    store::{
        AccountId, Error, Store,
        batch::{Batch, Place},
        jsonb::Jsonb,
        note,
        row::{RELATIONSHIP_COLUMNS, Stored, WRITTEN_COLUMNS},
    },
};

/// What merging two people comes to.
#[derive(Clone, Debug)]
pub struct Merge {
    /// The address of whom is kept.
    pub keep: String,
    /// The other's, an alias from then on.
    pub other: String,
    /// The projects in which the other was.
    pub parts: Vec<Part>,
}

/// What becomes of the other in a project.
#[derive(Clone, Debug)]
pub struct Part {
    /// The project.
    pub project: ProjectId,
    /// Whether both were in it.
    pub both: bool,
    /// The relationship that there is then.
    pub row: Relationship,
    /// Where both were, what differs from how whom is kept was.
    pub of_other: Vec<Difference>,
}

/// A name of which the other's value holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// `status`, `name`, `user_id` or `params.KEY`.
    pub name: String,
    /// What it was of whom is kept; `None` where it was missing.
    pub before: Option<Value>,
    /// What it is then; `None` where it is missing.
    pub after: Option<Value>,
}

/// One of the two.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) id: CustomerId,
    pub(super) email: String,
}

/// What [`merge_customers`] would do: it is done, and not committed.
pub async fn preview_merge(
    store: &Store,
    account: AccountId,
    keep: CustomerId,
    other: CustomerId,
) -> Result<Merge, Error> {
    let client = store.changing(account).await?;
    let mut batch = Batch::begin(store, &client, account).await?;
    put_together(&mut batch, keep, other, Source::Import(None)).await
}

/// Merges two people: `other` becomes one with `keep`. Returns what was done and the version. As long as nothing touches the person, [`super::undo_merge`] takes it back.
pub async fn merge_customers(
    store: &Store,
    account: AccountId,
    keep: CustomerId,
    other: CustomerId,
    source: Source,
) -> Result<(Merge, i64), Error> {
    let client = store.changing(account).await?;
    let mut batch = Batch::begin(store, &client, account).await?;
    let merge = put_together(&mut batch, keep, other, source).await?;
    Ok((merge, batch.commit().await?))
}

async fn put_together(
    batch: &mut Batch<'_>,
    keep: CustomerId,
    other: CustomerId,
    source: Source,
) -> Result<Merge, Error> {
    let (keep, other) = (person(batch, keep).await?, person(batch, other).await?);
    if keep.id == other.id {
        return Err(Error::Conflict(format!("both addresses are of one customer already: {}", keep.email)));
    }
    let (own, theirs) = (rows_of(batch, keep.id).await?, rows_of(batch, other.id).await?);
    undo::remember(batch, (keep.id, other.id), (own.keys(), theirs.keys())).await?;
    let mut parts = Vec::new();
    for (project, their) in theirs {
        parts.push(match own.get(&project) {
            Some(own) => join(batch, project, (&keep, own), (&other, &their), source).await?,
            None => {
                carry(batch, (project, other.id), keep.id).await?;
                record(batch, (project, keep.id), (&other.email, &keep.email), source).await?;
                Part { project, both: false, row: their, of_other: Vec::new() }
            }
        });
    }
    let sql = "update customer set alias_of = $3 where account_id = $1 and (id = $2 or alias_of = $2)";
    batch.tx.execute(sql, &[&batch.account.0, &other.id.0, &keep.id.0]).await?;
    // Nobody notes anything of the other from here on.
    note::carry(batch, other.id.0, keep.id.0).await?;
    batch.flush().await?;
    Ok(Merge { keep: keep.email, other: other.email, parts })
}

/// The customer, or who was kept of a merge with them.
pub(super) async fn person(batch: &Batch<'_>, customer: CustomerId) -> Result<Person, Error> {
    let sql = "select k.id, k.email from customer c
               join customer k on k.account_id = $1 and k.id = coalesce(c.alias_of, c.id)
               where c.account_id = $1 and c.id = $2";
    let row = batch.tx.query_opt(sql, &[&batch.account.0, &customer.0]).await?;
    let row = row.ok_or(Error::Missing("customer"))?;
    Ok(Person { id: CustomerId(row.get(0)), email: row.get(1) })
}

/// The relationships of a customer.
pub(super) async fn rows_of(
    batch: &Batch<'_>,
    customer: CustomerId,
) -> Result<BTreeMap<ProjectId, Relationship>, Error> {
    let sql = format!(
        "select {RELATIONSHIP_COLUMNS}, {WRITTEN_COLUMNS} from relationship r
         join customer c on c.account_id = r.account_id and c.id = r.customer_id
         where r.account_id = $1 and r.customer_id = $2"
    );
    let rows = batch.tx.query(&sql, &[&batch.account.0, &customer.0]).await?;
    let read = |row: &tokio_postgres::Row| {
        let stored = Stored::at(row, 0);
        Ok((ProjectId(stored.project()?), stored.relationship()?))
    };
    rows.iter().map(read).collect()
}

/// Makes one relationship of two.
async fn join(
    batch: &mut Batch<'_>,
    project: ProjectId,
    (keep, own): (&Person, &Relationship),
    (other, their): (&Person, &Relationship),
    source: Source,
) -> Result<Part, Error> {
    let (to, from) = ((project, keep.id), (project, other.id));
    let days = days(batch, from).await?;
    interleave(batch, (from, their), (to, own)).await?;
    let paid = [own, their].iter().filter_map(|one| one.first_paid).min();
    let log = log(batch, to, paid).await?;
    let United { row, mut change } = unite(own, their, &log, batch.clock.now);
    let size = json::text_len(&row.params);
    if size > PARAMS_MAX {
        return Err(Error::Conflict(format!(
            "the params of both would have {size} bytes in one project; they have at most {PARAMS_MAX}"
        )));
    }
    change.fields.insert("email", Sides::text(Some(&other.email), Some(&keep.email)));
    let mut known = Known::stored(row.clone());
    (known.touched, known.altered, known.params_changed, known.days) = (true, true, true, days);
    let mut present = Present::default();
    present.emails.insert(keep.id, keep.email.clone());
    present.rows.insert(to, known);
    present.changes.push((to, source, change));
    rows::write(batch, &mut present).await?;
    // The log was altered beside: it is read.
    present.hand_over(batch, HashMap::new());
    batch.flush().await?;
    batch.removed.push(from);
    let user_ids = [&own.user_id, &their.user_id].into_iter().flatten();
    for user_id in user_ids.filter(|user_id| row.user_id.as_ref() != Some(*user_id)) {
        let sql =
            "insert into user_alias (account_id, project_id, user_id, customer_id) values ($1, $2, $3, $4)
                   on conflict do nothing";
        batch.tx.execute(sql, &[&batch.account.0, &project.0, user_id, &keep.id.0]).await?;
    }
    let of_other = differing(own, &row);
    Ok(Part { project, both: true, row, of_other })
}

/// What the log of a relationship says of now, if it was first paid then, or later.
pub(super) async fn log(batch: &Batch<'_>, place: Place, paid: Option<Timestamp>) -> Result<Log, Error> {
    let mut log = Log::since(batch.clock.horizon, paid);
    let (projects, customers) = (vec![place.0.0], vec![place.1.0]);
    let (end, all) = (vec![batch.clock.now], vec![Jsonb::of(&())]);
    let statement = batch.tx.prepare_cached(POINTS).await?;
    for row in batch.tx.query(&statement, &[&batch.account.0, &projects, &customers, &end, &all]).await? {
        log.track(row.get(2), row.get(3)).enter(row.get(4), Sides::read(row.get(5)).after);
    }
    Ok(log)
}

/// The days of activity of a relationship.
async fn days(batch: &Batch<'_>, (project, customer): Place) -> Result<BTreeSet<Date>, Error> {
    let sql = "select make_date(a.year, 1, 1) + n from activity a, generate_series(0, 365) n
               where a.account_id = $1 and a.project_id = $2 and a.customer_id = $3 and get_bit(a.days, n) = 1";
    let rows = batch.tx.query(sql, &[&batch.account.0, &project.0, &customer.0]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Of what a row says something else than before.
fn differing(before: &Relationship, row: &Relationship) -> Vec<Difference> {
    let text = |text: &Option<String>| text.clone().map(Value::from);
    let status = |row: &Relationship| Some(Value::from(row.status.as_str()));
    let fields = [
        ("status", status(before), status(row)),
        ("name", text(&before.name), text(&row.name)),
        ("user_id", text(&before.user_id), text(&row.user_id)),
    ];
    let fields = fields.map(|(name, before, after)| Difference { name: name.to_owned(), before, after });
    let keys: BTreeSet<&String> = before.params.keys().chain(row.params.keys()).collect();
    let params = keys.into_iter().map(|key| Difference {
        name: format!("params.{key}"),
        before: before.params.get(key).cloned(),
        after: row.params.get(key).cloned(),
    });
    fields.into_iter().chain(params).filter(|one| one.before != one.after).collect()
}
