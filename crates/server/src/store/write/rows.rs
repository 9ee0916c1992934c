//! Writes what a fold has altered, and nothing else: one statement a table, each a set of columns unnested.

use std::collections::BTreeMap;

use jiff::Timestamp;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::present::{Known, Present};
use crate::{
    model::Change,
    store::{
        Error,
        batch::{Batch, Place, Write, columns},
        jsonb::Jsonb,
    },
};

/// A year has at most 366 days, a bit each.
const YEAR_BYTES: usize = 46;

const CUSTOMERS: &str = "
    insert into customer (account_id, id, email) select $1, * from unnest($2::uuid[], $3::text[])";

/// Rows that are there. An upsert, because it finds them by the primary key without being planned: whether an update that
/// joins the columns goes by that key depends on what Postgres last heard of the table. JSON's null, which params never
/// are, leaves them as they are, and so out of the index.
const UPDATE: &str = "
    insert into relationship (account_id, project_id, customer_id, user_id, name, status, status_since, first_paid,
                              params, open_keys, first_seen, last_activity, version)
    select $1, u.project_id, u.customer_id, u.user_id, u.name, u.status, u.status_since, u.first_paid, u.params,
           case when u.open_keys is null then '{}' else array(select jsonb_array_elements_text(u.open_keys)) end,
           u.first_seen, u.last_activity, $13
    from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::timestamptz[],
                $9::jsonb[], $10::jsonb[], $11::timestamptz[], $12::timestamptz[])
        as u (project_id, customer_id, user_id, name, status, status_since, first_paid, params, open_keys, first_seen,
              last_activity)
    on conflict (account_id, project_id, customer_id) do update
    set user_id = excluded.user_id, name = excluded.name, status = excluded.status, status_since = excluded.status_since,
        first_paid = excluded.first_paid,
        params = case when excluded.params = 'null' then relationship.params else excluded.params end,
        open_keys = excluded.open_keys, first_seen = excluded.first_seen, last_activity = excluded.last_activity,
        version = excluded.version";

const INSERT: &str = "
    insert into relationship (account_id, project_id, customer_id, user_id, name, status, status_since, first_paid,
                              params, open_keys, first_seen, last_activity, version)
    select $1, u.project_id, u.customer_id, u.user_id, u.name, u.status, u.status_since, u.first_paid, u.params,
           case when u.open_keys is null then '{}' else array(select jsonb_array_elements_text(u.open_keys)) end,
           u.first_seen, u.last_activity, $13
    from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::timestamptz[],
                $9::jsonb[], $10::jsonb[], $11::timestamptz[], $12::timestamptz[])
        as u (project_id, customer_id, user_id, name, status, status_since, first_paid, params, open_keys, first_seen,
              last_activity)";

const CHANGES: &str = "
    insert into change (account_id, id, project_id, customer_id, at, source, source_id, fields, params, stale)
    select $1, u.id, u.project_id, u.customer_id, u.at, u.source, u.source_id, u.fields, u.params,
           case when u.stale is null then '{}' else array(select jsonb_array_elements_text(u.stale)) end
    from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::timestamptz[], $6::text[], $7::uuid[], $8::jsonb[], $9::jsonb[],
                $10::jsonb[])
        as u (id, project_id, customer_id, at, source, source_id, fields, params, stale)";

const DAYS: &str = "
    select a.project_id, a.customer_id, a.year, a.days
    from unnest($2::uuid[], $3::uuid[], $4::smallint[]) as u (project_id, customer_id, year)
    cross join lateral (
        select * from activity a
        where a.account_id = $1 and a.project_id = u.project_id and a.customer_id = u.customer_id and a.year = u.year
        offset 0
    ) as a";

const ACTIVITY: &str = "
    insert into activity (account_id, project_id, customer_id, year, days)
    select $1, * from unnest($2::uuid[], $3::uuid[], $4::smallint[], $5::bytea[])
    on conflict (account_id, project_id, customer_id, year) do update set days = excluded.days";

const REFUSALS: &str = "
    insert into refusal (account_id, project_id, customer_id, key, times, last_at)
    select $1, u.project_id, u.customer_id, u.key, u.times, $6
    from unnest($2::uuid[], $3::uuid[], $4::text[], $5::bigint[]) as u (project_id, customer_id, key, times)
    on conflict (account_id, project_id, customer_id, key)
    do update set times = refusal.times + excluded.times, last_at = excluded.last_at";

type Parameters = Vec<Box<dyn ToSql + Sync + Send>>;

/// Writes the rows in hand: the statements are put into the batch.
pub(super) async fn write(batch: &mut Batch<'_>, present: &Present) -> Result<(), Error> {
    let activity = activity(batch, present).await?;
    let all = [
        (CUSTOMERS, customers(present)),
        // Updates first: they give up the user_ids that inserts may take.
        (UPDATE, relationships(batch.version, present, false)),
        (INSERT, relationships(batch.version, present, true)),
        (ACTIVITY, activity),
        (CHANGES, changes(present)),
        (REFUSALS, refusals(batch.now, present)),
    ];
    for (sql, parameters) in all {
        if let Some(parameters) = parameters {
            batch.put(Write { sql, parameters });
        }
    }
    Ok(())
}

fn customers(present: &Present) -> Option<Parameters> {
    let ids: Vec<Uuid> = present.new_customers.iter().map(|id| id.0).collect();
    let emails: Vec<String> = present.new_customers.iter().map(|id| present.emails[id].clone()).collect();
    (!ids.is_empty()).then(|| vec![Box::new(ids) as _, Box::new(emails) as _])
}

/// The relationships to insert (`created`) or update, with params only where they differ.
fn relationships(version: i64, present: &Present, created: bool) -> Option<Parameters> {
    let chosen = present.rows.iter().filter(|(_, known)| known.touched && known.created == created);
    let (places, rows): (Vec<Place>, Vec<&Known>) = chosen.map(|(place, known)| (*place, known)).unzip();
    if rows.is_empty() {
        return None;
    }
    let (projects, customers) = columns(&places);
    Some(vec![
        Box::new(projects),
        Box::new(customers),
        Box::new(each(&rows, |known| known.row.user_id.clone())),
        Box::new(each(&rows, |known| known.row.name.clone())),
        Box::new(each(&rows, |known| known.row.status.as_str())),
        Box::new(each(&rows, |known| known.row.status_since)),
        Box::new(each(&rows, |known| known.row.first_paid)),
        Box::new(each(&rows, params)),
        Box::new(each(&rows, open_keys)),
        Box::new(each(&rows, |known| known.row.first_seen)),
        Box::new(each(&rows, |known| known.row.last_activity)),
        Box::new(version),
    ])
}

/// The keys that came too late, if any did.
fn stale(change: &Change) -> Option<Jsonb> {
    (!change.stale.is_empty()).then(|| Jsonb::of(&change.stale))
}

/// The params, or JSON's null when they stay as they are.
fn params(known: &Known) -> Jsonb {
    if known.carries_params() { Jsonb::of(&known.row.params) } else { Jsonb::of(&()) }
}

/// The open keys, if there are any.
fn open_keys(known: &Known) -> Option<Jsonb> {
    (!known.row.open_keys.is_empty()).then(|| Jsonb::of(&known.row.open_keys))
}

/// One column of the rows.
fn each<'a, T>(rows: &[&'a Known], column: impl Fn(&'a Known) -> T) -> Vec<T> {
    rows.iter().map(|known| column(known)).collect()
}

fn changes(present: &Present) -> Option<Parameters> {
    let all = &present.changes;
    if all.is_empty() {
        return None;
    }
    let places: Vec<Place> = all.iter().map(|(place, _, _)| *place).collect();
    let (projects, customers) = columns(&places);
    let (sources, source_ids): (Vec<&str>, Vec<Option<Uuid>>) =
        all.iter().map(|(_, source, _)| source.stored()).unzip();
    Some(vec![
        Box::new(all.iter().map(|_| Uuid::now_v7()).collect::<Vec<_>>()),
        Box::new(projects),
        Box::new(customers),
        Box::new(all.iter().map(|(_, _, change)| change.at).collect::<Vec<_>>()),
        Box::new(sources),
        Box::new(source_ids),
        Box::new(all.iter().map(|(_, _, change)| Jsonb::of(&change.fields_json())).collect::<Vec<_>>()),
        Box::new(all.iter().map(|(_, _, change)| Jsonb::of(&change.params_json())).collect::<Vec<_>>()),
        Box::new(all.iter().map(|(_, _, change)| stale(change)).collect::<Vec<_>>()),
    ])
}

/// The years to write, each with the days that it had.
async fn activity(batch: &Batch<'_>, present: &Present) -> Result<Option<Parameters>, Error> {
    let mut years: BTreeMap<(Place, i16), Vec<u8>> = BTreeMap::new();
    for (place, known) in &present.rows {
        for day in &known.days {
            let days = years.entry((*place, day.year())).or_insert_with(|| vec![0; YEAR_BYTES]);
            let bit = usize::from(day.day_of_year().unsigned_abs()) - 1;
            days[bit / 8] |= 1 << (bit % 8);
        }
    }
    if years.is_empty() {
        return Ok(None);
    }
    let stored: Vec<(Place, i16)> =
        years.keys().filter(|(place, _)| !present.rows[place].created).copied().collect();
    if !stored.is_empty() {
        add_stored(batch, &stored, &mut years).await?;
    }
    let (keys, days): (Vec<(Place, i16)>, Vec<Vec<u8>>) = years.into_iter().unzip();
    let (projects, customers, years) = split(&keys);
    Ok(Some(vec![Box::new(projects), Box::new(customers), Box::new(years), Box::new(days)]))
}

/// Adds the days that are marked already.
async fn add_stored(
    batch: &Batch<'_>,
    keys: &[(Place, i16)],
    years: &mut BTreeMap<(Place, i16), Vec<u8>>,
) -> Result<(), Error> {
    let (projects, customers, numbers) = split(keys);
    let statement = batch.tx.prepare_cached(DAYS).await?;
    for row in batch.tx.query(&statement, &[&batch.account.0, &projects, &customers, &numbers]).await? {
        let place = (crate::model::ProjectId(row.get(0)), crate::model::CustomerId(row.get(1)));
        if let Some(days) = years.get_mut(&(place, row.get(2))) {
            for (byte, stored) in days.iter_mut().zip(row.get::<_, &[u8]>(3)) {
                *byte |= stored;
            }
        }
    }
    Ok(())
}

fn split(keys: &[(Place, i16)]) -> (Vec<Uuid>, Vec<Uuid>, Vec<i16>) {
    let places: Vec<Place> = keys.iter().map(|(place, _)| *place).collect();
    let (projects, customers) = columns(&places);
    (projects, customers, keys.iter().map(|(_, year)| *year).collect())
}

fn refusals(now: Timestamp, present: &Present) -> Option<Parameters> {
    if present.refusals.is_empty() {
        return None;
    }
    let places: Vec<Place> = present.refusals.keys().map(|(place, _)| *place).collect();
    let (projects, customers) = columns(&places);
    let keys: Vec<String> = present.refusals.keys().map(|(_, key)| key.clone()).collect();
    let times: Vec<i64> = present.refusals.values().copied().collect();
    Some(vec![Box::new(projects), Box::new(customers), Box::new(keys), Box::new(times), Box::new(now)])
}
