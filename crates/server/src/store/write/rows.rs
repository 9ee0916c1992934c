//! Writes what a fold has altered, and nothing else: one statement a table, each a set of columns unnested.

use std::collections::BTreeMap;

use jiff::Timestamp;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::present::{Known, Present};
use crate::{
    model::{Change, Source, change},
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
                              params, open_keys, first_seen, last_activity, last_day, began, last_change, imported, version)
    select $1, u.project_id, u.customer_id, u.user_id, u.name, u.status, u.status_since, u.first_paid, u.params,
           case when u.open_keys is null then '{}' else array(select jsonb_array_elements_text(u.open_keys)) end,
           u.first_seen, u.last_activity, u.last_day, u.began, u.last_change, u.imported, $17
    from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::timestamptz[],
                $9::jsonb[], $10::jsonb[], $11::timestamptz[], $12::timestamptz[], $13::date[], $14::timestamptz[],
                $15::timestamptz[], $16::timestamptz[])
        as u (project_id, customer_id, user_id, name, status, status_since, first_paid, params, open_keys, first_seen,
              last_activity, last_day, began, last_change, imported)
    on conflict (account_id, project_id, customer_id) do update
    set user_id = excluded.user_id, name = excluded.name, status = excluded.status, status_since = excluded.status_since,
        first_paid = excluded.first_paid,
        params = case when excluded.params = 'null' then relationship.params else excluded.params end,
        open_keys = excluded.open_keys, first_seen = excluded.first_seen, last_activity = excluded.last_activity,
        last_day = excluded.last_day, began = excluded.began, last_change = excluded.last_change, imported = excluded.imported,
        version = excluded.version";

/// Rows of which only differs when they were seen. What is not null beside that never gets there: they are there.
const SEEN: &str = "
    insert into relationship (account_id, project_id, customer_id, status, status_since, params, open_keys, first_seen,
                              last_activity, last_day, began, last_change, version)
    select $1, u.project_id, u.customer_id, 'free', u.first_seen, 'null', '{}', u.first_seen, u.last_activity, u.last_day,
           u.first_seen, u.first_seen, $7
    from unnest($2::uuid[], $3::uuid[], $4::timestamptz[], $5::timestamptz[], $6::date[])
        as u (project_id, customer_id, first_seen, last_activity, last_day)
    on conflict (account_id, project_id, customer_id) do update
    set first_seen = excluded.first_seen, last_activity = excluded.last_activity, last_day = excluded.last_day,
        version = excluded.version";

const INSERT: &str = "
    insert into relationship (account_id, project_id, customer_id, user_id, name, status, status_since, first_paid,
                              params, open_keys, first_seen, last_activity, last_day, began, last_change, imported, version)
    select $1, u.project_id, u.customer_id, u.user_id, u.name, u.status, u.status_since, u.first_paid, u.params,
           case when u.open_keys is null then '{}' else array(select jsonb_array_elements_text(u.open_keys)) end,
           u.first_seen, u.last_activity, u.last_day, u.began, u.last_change, u.imported, $17
    from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::timestamptz[],
                $9::jsonb[], $10::jsonb[], $11::timestamptz[], $12::timestamptz[], $13::date[], $14::timestamptz[],
                $15::timestamptz[], $16::timestamptz[])
        as u (project_id, customer_id, user_id, name, status, status_since, first_paid, params, open_keys, first_seen,
              last_activity, last_day, began, last_change, imported)";

const CHANGES: &str = "
    insert into change (account_id, project_id, customer_id, at, version, seq, created, dated_by, received,
                        source, source_id, source_name, fields, params, stale)
    select $1, u.project_id, u.customer_id, u.at, $14, u.seq, u.created, u.dated_by, $15,
           u.source, u.source_id, u.source_name, u.fields, u.params,
           case when u.stale is null then '{}' else array(select jsonb_array_elements_text(u.stale)) end
    from unnest($2::uuid[], $3::uuid[], $4::timestamptz[], $5::int[], $6::boolean[], $7::text[], $8::text[], $9::uuid[],
                $10::text[], $11::jsonb[], $12::jsonb[], $13::jsonb[])
        as u (project_id, customer_id, at, seq, created, dated_by, source, source_id, source_name, fields, params, stale)";

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
pub(super) async fn write(batch: &mut Batch<'_>, present: &mut Present) -> Result<(), Error> {
    let activity = activity(batch, present).await?;
    let all = [
        (CUSTOMERS, customers(present)),
        // Updates first: they give up the user_ids that inserts may take.
        (
            UPDATE,
            relationships(batch.clock.version, &chosen(present, |known| known.altered && !known.created)),
        ),
        (INSERT, relationships(batch.clock.version, &chosen(present, |known| known.created))),
        (SEEN, seen(batch.clock.version, &chosen(present, |known| !known.altered && !known.created))),
        (ACTIVITY, activity),
        (REFUSALS, refusals(batch.clock.now, present)),
    ];
    for (sql, parameters) in all {
        if let Some(parameters) = parameters {
            batch.put(Write { sql, parameters });
        }
    }
    enter(batch, &present.changes);
    Ok(())
}

fn customers(present: &Present) -> Option<Parameters> {
    let ids: Vec<Uuid> = present.new_customers.iter().map(|id| id.0).collect();
    let emails: Vec<String> = present.new_customers.iter().map(|id| present.emails[id].clone()).collect();
    (!ids.is_empty()).then(|| vec![Box::new(ids) as _, Box::new(emails) as _])
}

/// Those of the rows that are to be written in one way.
fn chosen(present: &Present, way: impl Fn(&Known) -> bool) -> Vec<(Place, &Known)> {
    let touched = present.rows.iter().filter(|(_, known)| known.touched && way(known));
    touched.map(|(place, known)| (*place, known)).collect()
}

/// When relationships were seen.
fn seen(version: i64, chosen: &[(Place, &Known)]) -> Option<Parameters> {
    let (places, rows): (Vec<Place>, Vec<&Known>) = chosen.iter().copied().unzip();
    let (projects, customers) = columns(&places);
    let parameters: Parameters = vec![
        Box::new(projects),
        Box::new(customers),
        Box::new(column(&rows, |known| known.row.first_seen)),
        Box::new(column(&rows, |known| known.row.last_activity)),
        Box::new(column(&rows, |known| known.row.last_day)),
        Box::new(version),
    ];
    (!rows.is_empty()).then_some(parameters)
}

/// Relationships as they are, with params only where they differ.
fn relationships(version: i64, chosen: &[(Place, &Known)]) -> Option<Parameters> {
    let (places, rows): (Vec<Place>, Vec<&Known>) = chosen.iter().copied().unzip();
    if rows.is_empty() {
        return None;
    }
    let (projects, customers) = columns(&places);
    Some(vec![
        Box::new(projects),
        Box::new(customers),
        Box::new(column(&rows, |known| known.row.user_id.clone())),
        Box::new(column(&rows, |known| known.row.name.clone())),
        Box::new(column(&rows, |known| known.row.status.as_str())),
        Box::new(column(&rows, |known| known.row.status_since)),
        Box::new(column(&rows, |known| known.row.first_paid)),
        Box::new(column(&rows, params)),
        Box::new(column(&rows, open_keys)),
        Box::new(column(&rows, |known| known.row.first_seen)),
        Box::new(column(&rows, |known| known.row.last_activity)),
        Box::new(column(&rows, |known| known.row.last_day)),
        Box::new(column(&rows, |known| known.row.began)),
        Box::new(column(&rows, |known| known.row.last_change)),
        Box::new(column(&rows, |known| known.row.imported)),
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

/// One column of many.
fn column<I: Copy, T>(all: &[I], value: impl Fn(I) -> T) -> Vec<T> {
    all.iter().map(|one| value(*one)).collect()
}

/// Enters changes into the log, in their order, after those that the batch has entered before.
pub(super) fn enter(batch: &mut Batch<'_>, all: &[(Place, Source, Change)]) {
    if all.is_empty() {
        return;
    }
    let places: Vec<Place> = all.iter().map(|(place, _, _)| *place).collect();
    let (projects, customers) = columns(&places);
    let sources: Vec<Source> = all.iter().map(|(_, source, _)| *source).collect();
    let changes: Vec<&Change> = all.iter().map(|(_, _, change)| change).collect();
    let seqs: Vec<i32> = (batch.entered..).take(all.len()).collect();
    batch.entered = batch.entered.saturating_add(i32::try_from(all.len()).unwrap_or(i32::MAX));
    let (version, received) = (batch.clock.version, batch.clock.now);
    batch.put(Write {
        sql: CHANGES,
        parameters: vec![
            Box::new(projects),
            Box::new(customers),
            Box::new(column(&changes, |change| change.at)),
            Box::new(seqs),
            Box::new(column(&changes, |change| change.created)),
            Box::new(column(&changes, |change| change.dated_by.as_str())),
            Box::new(column(&sources, |source| source.kind())),
            Box::new(column(&sources, |source| source.id())),
            Box::new(column(&sources, |source| source.name())),
            Box::new(column(&changes, |change| Jsonb::of(&change::to_json(&change.fields)))),
            Box::new(column(&changes, |change| Jsonb::of(&change::to_json(&change.params)))),
            Box::new(column(&changes, stale)),
            Box::new(version),
            Box::new(received),
        ],
    });
}

/// The years to write, each with the days that it had. A row with a day that was not marked is touched by it.
async fn activity(batch: &Batch<'_>, present: &mut Present) -> Result<Option<Parameters>, Error> {
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
    for (place, _) in years.keys() {
        if let Some(known) = present.rows.get_mut(place) {
            known.touched = true;
        }
    }
    if years.is_empty() {
        return Ok(None);
    }
    let (keys, days): (Vec<(Place, i16)>, Vec<Vec<u8>>) = years.into_iter().unzip();
    let (projects, customers, years) = split(&keys);
    Ok(Some(vec![Box::new(projects), Box::new(customers), Box::new(years), Box::new(days)]))
}

/// Adds the days that are marked already; a year of which all are goes.
async fn add_stored(
    batch: &Batch<'_>,
    keys: &[(Place, i16)],
    years: &mut BTreeMap<(Place, i16), Vec<u8>>,
) -> Result<(), Error> {
    let (projects, customers, numbers) = split(keys);
    let statement = batch.tx.prepare_cached(DAYS).await?;
    for row in batch.tx.query(&statement, &[&batch.account.0, &projects, &customers, &numbers]).await? {
        let place = (crate::model::ProjectId(row.get(0)), crate::model::CustomerId(row.get(1)));
        let (year, stored): ((Place, i16), &[u8]) = ((place, row.get(2)), row.get(3));
        let Some(days) = years.get_mut(&year) else { continue };
        days.iter_mut().zip(stored).for_each(|(byte, stored)| *byte |= stored);
        if days == stored {
            years.remove(&year);
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
