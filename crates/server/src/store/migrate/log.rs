//! Makes a log that can be replayed of what there was before: a few relationships a step, until all are done.
//!
//! What each becomes is said by [`mend`]; here is how it gets there and back.

use std::collections::HashMap;

use filter::calendar::day_of;
use jiff::{Timestamp, ToSpan, civil::Date};
use serde_json::Value;
use tokio_postgres::{Row, Transaction};
use uuid::Uuid;

use super::mend::{Mended, Old, mend};
use crate::{
    model::{Change, DatedBy, KeyId, MemberId, Relationship, Source, change, now},
    store::{Error, clock, jsonb::Jsonb, row::status},
};

/// Relationships of one step, which also ends with the one that passes so many bytes of params, as they are stored.
const STEP: i64 = 500;
const STEP_BYTES: i64 = 4 << 20;
/// How often it is said how far it has come: after so many relationships.
const SAID: i64 = 50_000;

/// Every statement has a key to go by, whether or not Postgres has looked at the tables.
const BY_KEY: &str =
    "set local enable_seqscan = off; set local enable_hashjoin = off; set local enable_mergejoin = off";

/// A relationship's place: account, project, customer.
type Place = (Uuid, Uuid, Uuid);

/// A relationship in hand.
struct Hand {
    place: Place,
    email: String,
    row: Relationship,
    changes: Vec<Mended>,
}

/// Does the next relationships; says whether there were none left.
pub(super) async fn step(tx: &Transaction<'_>) -> Result<bool, Error> {
    tx.batch_execute(BY_KEY).await?;
    let now = now();
    let (after, done, total) = progress(tx).await?;
    let mut hands = relationships(tx, after).await?;
    let Some(last) = hands.last().map(|hand| hand.place) else {
        finish(tx, now).await?;
        return Ok(true);
    };
    let mut old = changes(tx, &hands).await?;
    for hand in &mut hands {
        hand.changes = mend(&mut hand.row, &hand.email, old.remove(&hand.place).unwrap_or_default(), now);
    }
    write(tx, &hands).await?;
    let accounts: Vec<Uuid> = hands.iter().map(|hand| hand.place.0).collect();
    let clock = "update clock set time = greatest(time, $2) where account_id = any($1)";
    tx.execute(clock, &[&accounts, &now]).await?;
    let count = hands.len() as i64;
    tx.execute(
        "update upgrade set account_id = $1, project_id = $2, customer_id = $3, done = done + $4",
        &[&last.0, &last.1, &last.2, &count],
    )
    .await?;
    if done / SAID != (done + count) / SAID {
        tracing::info!("the history of {} of about {total} relationships is up to date", done + count);
    }
    Ok(false)
}

/// The relationship that was done last, how many were, and how many there are.
async fn progress(tx: &Transaction<'_>) -> Result<(Place, i64, i64), Error> {
    tx.execute(
        "insert into upgrade (account_id, project_id, customer_id, done, total)
         select $1, $1, $1, 0, (select count(*) from relationship) where not exists (select from upgrade)",
        &[&Uuid::nil()],
    )
    .await?;
    let row =
        tx.query_one("select account_id, project_id, customer_id, done, total from upgrade", &[]).await?;
    Ok(((row.get(0), row.get(1), row.get(2)), row.get(3), row.get(4)))
}

async fn relationships(tx: &Transaction<'_>, after: Place) -> Result<Vec<Hand>, Error> {
    let sql = "
        select p.*, c.email, a.year, a.days from (
            select r.account_id, r.project_id, r.customer_id, r.user_id, r.name, r.status, r.status_since, r.first_paid,
                   r.params, r.first_seen, r.last_activity, sum(pg_column_size(r.params)) over (
                       order by r.account_id, r.project_id, r.customer_id
                       rows between unbounded preceding and 1 preceding) as before
            from relationship r where (r.account_id, r.project_id, r.customer_id) > ($1, $2, $3)
            order by r.account_id, r.project_id, r.customer_id limit $4) p
        join customer c on c.account_id = p.account_id and c.id = p.customer_id
        left join lateral (
            select a.year, a.days from activity a
            where a.account_id = p.account_id and a.project_id = p.project_id and a.customer_id = p.customer_id
            order by a.year desc limit 1) a on true
        where coalesce(p.before, 0) < $5
        order by p.account_id, p.project_id, p.customer_id";
    let (account, project, customer) = after;
    let found = tx.query(sql, &[&account, &project, &customer, &STEP, &STEP_BYTES]).await?;
    found.iter().map(hand).collect()
}

fn hand(row: &Row) -> Result<Hand, Error> {
    let params = match row.get(8) {
        Value::Object(params) => params,
        _ => serde_json::Map::new(),
    };
    let first_seen: Timestamp = row.get(9);
    let relationship = Relationship {
        user_id: row.get(3),
        name: row.get(4),
        status: status(row.get(5))?,
        status_since: row.get(6),
        first_paid: row.get(7),
        params,
        last_activity: row.get(10),
        last_day: row.get::<_, Option<i16>>(13).and_then(|year| last_day(year, row.get(14))),
        ..Relationship::new(first_seen)
    };
    let place = (row.get(0), row.get(1), row.get(2));
    Ok(Hand { place, email: row.get(12), row: relationship, changes: Vec::new() })
}

/// The last day of a year's bitmap.
fn last_day(year: i16, days: &[u8]) -> Option<Date> {
    let day = (0..days.len() * 8).rev().find(|day| days[day / 8] >> (day % 8) & 1 == 1)?;
    Date::new(year, 1, 1).ok()?.checked_add((day as i64).days()).ok()
}

fn columns(hands: &[Hand]) -> (Vec<Uuid>, Vec<Uuid>, Vec<Uuid>) {
    let mut columns = (Vec::new(), Vec::new(), Vec::new());
    for (account, project, customer) in hands.iter().map(|hand| hand.place) {
        columns.0.push(account);
        columns.1.push(project);
        columns.2.push(customer);
    }
    columns
}

async fn changes(tx: &Transaction<'_>, hands: &[Hand]) -> Result<HashMap<Place, Vec<Old>>, Error> {
    let (accounts, projects, customers) = columns(hands);
    let sql = "
        select c.account_id, c.project_id, c.customer_id, c.old_id, c.at, c.fields, c.params, c.stale, c.source, c.source_id,
               k.kind
        from unnest($1::uuid[], $2::uuid[], $3::uuid[]) as u (account_id, project_id, customer_id)
        join change c on c.account_id = u.account_id and c.customer_id = u.customer_id and c.project_id = u.project_id
        left join api_key k on k.id = c.source_id
        order by c.at, c.old_id";
    let mut all: HashMap<Place, Vec<Old>> = HashMap::new();
    for row in tx.query(sql, &[&accounts, &projects, &customers]).await? {
        let change = Change {
            fields: change::read_fields(row.get(5)),
            params: change::read_params(row.get(6)),
            stale: row.get(7),
            ..Change::new(row.get(4), DatedBy::Caller, false)
        };
        let old = Old { id: row.get(3), source: source(row.get(8), row.get(9), row.get(10)), change };
        all.entry((row.get(0), row.get(1), row.get(2))).or_default().push(old);
    }
    Ok(all)
}

/// A key was a word, of whatever kind; and imports had no ids.
fn source(word: &str, id: Option<Uuid>, key: Option<&str>) -> Source {
    match (word, id, key) {
        ("key", Some(id), Some("publishable")) => Source::Publishable(KeyId(id)),
        ("key", Some(id), _) => Source::Secret(KeyId(id)),
        ("member", Some(id), _) => Source::Member(MemberId(id)),
        _ => Source::Import(None),
    }
}

/// Writes what the relationships have become, the changes in place of those that there were.
async fn write(tx: &Transaction<'_>, hands: &[Hand]) -> Result<(), Error> {
    let (accounts, projects, customers) = columns(hands);
    let rows: Vec<&Relationship> = hands.iter().map(|hand| &hand.row).collect();
    tx.execute(
        "update relationship r
         set status_since = u.status_since, first_paid = u.first_paid, last_day = u.last_day, began = u.began,
             last_change = u.last_change
         from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::timestamptz[], $5::timestamptz[], $6::date[],
                     $7::timestamptz[], $8::timestamptz[])
             as u (account_id, project_id, customer_id, status_since, first_paid, last_day, began, last_change)
         where r.account_id = u.account_id and r.project_id = u.project_id and r.customer_id = u.customer_id",
        &[
            &accounts,
            &projects,
            &customers,
            &rows.iter().map(|row| row.status_since).collect::<Vec<_>>(),
            &rows.iter().map(|row| row.first_paid).collect::<Vec<_>>(),
            &rows.iter().map(|row| row.last_day).collect::<Vec<_>>(),
            &rows.iter().map(|row| row.began).collect::<Vec<_>>(),
            &rows.iter().map(|row| row.last_change).collect::<Vec<_>>(),
        ],
    )
    .await?;
    tx.execute(
        "delete from change c using unnest($1::uuid[], $2::uuid[], $3::uuid[]) as u (account_id, project_id, customer_id)
         where c.account_id = u.account_id and c.customer_id = u.customer_id and c.project_id = u.project_id",
        &[&accounts, &projects, &customers],
    )
    .await?;
    enter(tx, hands).await
}

/// Enters the changes of the relationships, each in its order.
async fn enter(tx: &Transaction<'_>, hands: &[Hand]) -> Result<(), Error> {
    let mut all: Vec<(Place, i32, &Mended)> = Vec::new();
    for hand in hands {
        all.extend((0_i32..).zip(&hand.changes).map(|(seq, one)| (hand.place, seq, one)));
    }
    tx.execute(
        "insert into change (account_id, project_id, customer_id, old_id, at, version, seq, created, inferred, dated_by,
                             received, source, source_id, fields, params, stale)
         select u.account_id, u.project_id, u.customer_id, u.id, u.at, 0, u.seq, u.created, u.inferred, u.dated_by,
                u.received, u.source, u.source_id, u.fields, u.params,
                array(select jsonb_array_elements_text(u.stale))
         from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::timestamptz[], $6::int[], $7::boolean[],
                     $8::boolean[], $9::text[], $10::timestamptz[], $11::text[], $12::uuid[], $13::jsonb[],
                     $14::jsonb[], $15::jsonb[])
             as u (account_id, project_id, customer_id, id, at, seq, created, inferred, dated_by, received, source,
                   source_id, fields, params, stale)",
        &[
            &each(&all, |(place, ..)| place.0),
            &each(&all, |(place, ..)| place.1),
            &each(&all, |(place, ..)| place.2),
            &each(&all, |(.., one)| one.id),
            &each(&all, |(.., one)| one.change.at),
            &each(&all, |(_, seq, _)| seq),
            &each(&all, |(.., one)| one.change.created),
            &each(&all, |(.., one)| one.inferred),
            &each(&all, |(.., one)| one.change.dated_by.as_str()),
            &each(&all, |(.., one)| one.received),
            &each(&all, |(.., one)| one.source.kind()),
            &each(&all, |(.., one)| one.source.id()),
            &each(&all, |(.., one)| Jsonb::of(&change::to_json(&one.change.fields))),
            &each(&all, |(.., one)| Jsonb::of(&change::to_json(&one.change.params))),
            &each(&all, |(.., one)| Jsonb::of(&one.change.stale)),
        ],
    )
    .await?;
    Ok(())
}

fn each<'a, T>(all: &[(Place, i32, &'a Mended)], column: impl Fn((Place, i32, &'a Mended)) -> T) -> Vec<T> {
    all.iter().map(|one| column(*one)).collect()
}

/// Since when each project's activity is recorded: the first change of which an app told. And a month from now on to say
/// how long the log is to be kept, before any of it is pruned.
async fn finish(tx: &Transaction<'_>, now: Timestamp) -> Result<(), Error> {
    let first = "select c.account_id, c.project_id, min(c.received), z.zone
                 from change c join clock z on z.account_id = c.account_id
                 where c.source in ('secret_key', 'publishable_key') group by c.account_id, c.project_id, z.zone";
    for row in tx.query(first, &[]).await? {
        let (account, project): (Uuid, Uuid) = (row.get(0), row.get(1));
        let day = day_of(row.get::<_, Timestamp>(2), &clock::zone(row.get(3)));
        let sql = "update project set activity_since = $3 where account_id = $1 and id = $2";
        tx.execute(sql, &[&account, &project, &day]).await?;
    }
    tx.execute("update account set pruned_at = $1", &[&now]).await?;
    Ok(())
}
