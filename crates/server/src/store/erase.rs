//! Taking away: a relationship, a person everywhere, a project's customers. Each takes its turn at the account's clock and
//! leaves tombstones in the feed.

use filter::{calendar::day_of, email::normalised};
use tokio_postgres::Row;
use uuid::Uuid;

use super::{
    AccountId, Error, Store,
    batch::{Batch, Place, Write, columns},
    ignored,
    import::{self, Names},
    key, query,
    statement::unsigned,
};
use crate::model::{CustomerId, Email, Ignored, Pattern, Project, ProjectId, now};

/// Relationships that one transaction removes; more are removed in several.
const CHUNK: i64 = 2_000;
/// People whom one transaction removes.
const PEOPLE: usize = 500;

/// Removes a customer from one project, and altogether with the last one; with them goes what imports into it, or with the
/// last one any import, have kept of them. Returns the version.
pub async fn relationship(
    store: &Store,
    account: AccountId,
    project: ProjectId,
    customer: CustomerId,
) -> Result<i64, Error> {
    let client = store.changing(account).await?;
    let mut batch = Batch::begin(store, &client, account).await?;
    let sql = "select from relationship where account_id = $1 and project_id = $2 and customer_id = $3";
    batch
        .tx
        .query_opt(sql, &[&account.0, &project.0, &customer.0])
        .await?
        .ok_or(Error::Missing("customer"))?;
    let names = Names::of(&batch, &[customer.0]).await?;
    remove(&mut batch, &[(project, customer)]).await?;
    let sql = "select from customer where account_id = $1 and id = $2";
    let stays = batch.tx.query_opt(sql, &[&account.0, &customer.0]).await?.is_some();
    import::forget(&batch.tx, account, &names, stays.then_some(project)).await?;
    batch.commit().await
}

/// Whom an address names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    customer: CustomerId,
    /// The address that the customer has; the one that was asked for may be an alias.
    pub email: String,
    /// In how many projects they are.
    pub projects: u64,
}

/// Whom [`person`] would erase.
pub async fn preview_person(store: &Store, account: AccountId, email: &Email) -> Result<Vec<Named>, Error> {
    let client = store.changing(account).await?;
    named(&Batch::begin(store, &client, account).await?, email).await
}

/// Erases whoever has an address, in any of its forms, or had it, from every project of the account: rows, history, activity, refusals,
/// aliases, and what was kept to undo a merge. Returns whom, and the version.
pub async fn person(store: &Store, account: AccountId, email: &Email) -> Result<(Vec<Named>, i64), Error> {
    let client = store.changing(account).await?;
    let mut batch = Batch::begin(store, &client, account).await?;
    let named = named(&batch, email).await?;
    let customers: Vec<Uuid> = named.iter().map(|named| named.customer.0).collect();
    people(&mut batch, &customers).await?;
    Ok((named, batch.commit().await?))
}

/// The customers whom an address names: more than one only where it is stored in several forms.
async fn named(batch: &Batch<'_>, email: &Email) -> Result<Vec<Named>, Error> {
    let sql = "select distinct k.id, k.email, (select count(*) from relationship r
                                               where r.account_id = $1 and r.customer_id = k.id)
               from customer c join customer k on k.account_id = $1 and k.id = coalesce(c.alias_of, c.id)
               where c.account_id = $1 and c.email = any($2) order by k.email";
    let rows = batch.tx.query(sql, &[&batch.account.0, &email.forms()]).await?;
    if rows.is_empty() {
        return Err(Error::Missing("customer with that e-mail"));
    }
    let named =
        |row: &Row| Named { customer: CustomerId(row.get(0)), email: row.get(1), projects: unsigned(row, 2) };
    Ok(rows.iter().map(named).collect())
}

/// Erases one customer in the same way. Returns the version.
pub async fn customer(store: &Store, account: AccountId, customer: CustomerId) -> Result<i64, Error> {
    let client = store.changing(account).await?;
    let mut batch = Batch::begin(store, &client, account).await?;
    let sql = "select from customer where account_id = $1 and id = $2";
    batch.tx.query_opt(sql, &[&account.0, &customer.0]).await?.ok_or(Error::Missing("customer"))?;
    people(&mut batch, &[customer.0]).await?;
    batch.commit().await
}

/// Erases everybody whose address is one that the account ignores. They are looked for before the first turn, and go a
/// few a turn, so that nobody who writes waits long. Returns how many people went.
pub async fn ignored(store: &Store, account: AccountId, pattern: &Pattern) -> Result<u64, query::Error> {
    let listed = ignored::load(store, account).await?.contains(pattern);
    if !listed {
        return Err(Error::Missing("ignored address or domain").into());
    }
    let found = query::people::who(store, account, &pattern.filter()).await?;
    let found: Vec<Uuid> = found.iter().map(|customer| customer.0).collect();
    let of: Ignored = [pattern.clone()].into_iter().collect();
    let mut count = 0;
    for some in found.chunks(PEOPLE) {
        count += those(store, account, some, &of).await.map_err(Error::midway)?;
    }
    Ok(count)
}

/// Erases those of the customers whose address is ignored at this turn. Returns how many they are.
async fn those(store: &Store, account: AccountId, found: &[Uuid], of: &Ignored) -> Result<u64, Error> {
    let client = store.changing(account).await?;
    let mut batch = Batch::begin(store, &client, account).await?;
    let sql = "select id, email from customer where account_id = $1 and id = any($2) and alias_of is null";
    let rows = batch.tx.query(sql, &[&account.0, &found]).await?;
    let is = |row: &&Row| of.has(&normalised(row.get(1)));
    let customers: Vec<Uuid> = rows.iter().filter(is).map(|row| row.get(0)).collect();
    if !customers.is_empty() {
        people(&mut batch, &customers).await?;
        batch.commit().await?;
    }
    Ok(customers.len() as u64)
}

/// Removes customers from every project, and what else names one of their addresses.
async fn people(batch: &mut Batch<'_>, customers: &[Uuid]) -> Result<(), Error> {
    let names = Names::of(batch, customers).await?;
    let sql =
        "select project_id, customer_id from relationship where account_id = $1 and customer_id = any($2)";
    let rows = batch.tx.query(sql, &[&batch.account.0, &customers]).await?;
    let places: Vec<Place> = rows.iter().map(|row| (ProjectId(row.get(0)), CustomerId(row.get(1)))).collect();
    remove(batch, &places).await?;
    strangers(batch, customers).await?;
    import::forget(&batch.tx, batch.account, &names, None).await
}

/// Removes every customer of a test project. Refused for a live one. Returns how many went.
pub async fn reset(store: &Store, account: AccountId, project: &Project) -> Result<u64, Error> {
    if !project.test {
        return Err(Error::Conflict(format!(
            "{} is not a test project: only those can be reset",
            project.slug
        )));
    }
    clear(store, account, project).await.map_err(Error::midway)
}

async fn clear(store: &Store, account: AccountId, project: &Project) -> Result<u64, Error> {
    // What is being imported would go on in what is emptied.
    let ended = "update import set told = true, finished_at = coalesce(finished_at, $3), problem = coalesce(problem, $4)
                 where account_id = $1 and project_id = $2 and not told";
    let why = "The project was reset.";
    store.client().await?.execute(ended, &[&account.0, &project.id.0, &now(), &why]).await?;
    import::forget_rejected(store, account, project.id).await?;
    let count = empty(store, account, project.id).await?;
    // What it is told from here on is all that is known of it.
    let client = store.changing(account).await?;
    let mut batch = Batch::begin(store, &client, account).await?;
    import::forget_all(&batch.tx, account, project.id).await?;
    let today = day_of(batch.clock.now, &batch.clock.zone);
    batch.put(Write {
        sql: "update project set activity_since = $3
              where account_id = $1 and id = $2 and activity_since is not null",
        parameters: vec![Box::new(project.id.0), Box::new(today)],
    });
    batch.commit().await?;
    Ok(count)
}

/// Deletes a project with its customers, keys and segments. Returns how many customers it had.
pub async fn project(store: &Store, account: AccountId, project: ProjectId) -> Result<u64, Error> {
    delete(store, account, project).await.map_err(Error::midway)
}

async fn delete(store: &Store, account: AccountId, project: ProjectId) -> Result<u64, Error> {
    key::revoke_all(store, account, project, now()).await?;
    import::forget_rejected(store, account, project).await?;
    let mut count = 0;
    loop {
        count += empty(store, account, project).await?;
        let client = store.changing(account).await?;
        let mut batch = Batch::begin(store, &client, account).await?;
        // A call that was accepted before its key was revoked may have come between.
        if chunk(&batch, project).await?.is_empty() {
            for sql in [
                "delete from segment where account_id = $1 and project_id = $2",
                "delete from api_key where account_id = $1 and project_id = $2",
                "delete from project where account_id = $1 and id = $2",
            ] {
                batch.tx.execute(sql, &[&account.0, &project.0]).await?;
            }
            batch.words = true;
            batch.commit().await?;
            return Ok(count);
        }
    }
}

/// Removes a project's customers, a chunk a transaction, so that others get their turn between.
async fn empty(store: &Store, account: AccountId, project: ProjectId) -> Result<u64, Error> {
    let mut count = 0;
    loop {
        let client = store.changing(account).await?;
        let mut batch = Batch::begin(store, &client, account).await?;
        let places = chunk(&batch, project).await?;
        if places.is_empty() {
            return Ok(count);
        }
        remove(&mut batch, &places).await?;
        batch.commit().await?;
        count += places.len() as u64;
    }
}

async fn chunk(batch: &Batch<'_>, project: ProjectId) -> Result<Vec<Place>, Error> {
    let sql = "select customer_id from relationship where account_id = $1 and project_id = $2 limit $3";
    let rows = batch.tx.query(sql, &[&batch.account.0, &project.0, &CHUNK]).await?;
    Ok(rows.iter().map(|row| (project, CustomerId(row.get(0)))).collect())
}

/// Removes relationships with all that hangs on them, and the customers who have no other.
async fn remove(batch: &mut Batch<'_>, places: &[Place]) -> Result<(), Error> {
    let (projects, customers) = columns(places);
    for sql in [
        "delete from refusal t using unnest($2::uuid[], $3::uuid[]) as u (project_id, customer_id)
         where t.account_id = $1 and t.project_id = u.project_id and t.customer_id = u.customer_id",
        "delete from change t using unnest($2::uuid[], $3::uuid[]) as u (project_id, customer_id)
         where t.account_id = $1 and t.project_id = u.project_id and t.customer_id = u.customer_id",
        "delete from activity t using unnest($2::uuid[], $3::uuid[]) as u (project_id, customer_id)
         where t.account_id = $1 and t.project_id = u.project_id and t.customer_id = u.customer_id",
        "delete from relationship t using unnest($2::uuid[], $3::uuid[]) as u (project_id, customer_id)
         where t.account_id = $1 and t.project_id = u.project_id and t.customer_id = u.customer_id",
    ] {
        let statement = batch.tx.prepare_cached(sql).await?;
        batch.tx.execute(&statement, &[&batch.account.0, &projects, &customers]).await?;
    }
    let statement = "delete from merged where account_id = $1 and keep_id = any($2)";
    let statement = batch.tx.prepare_cached(statement).await?;
    batch.tx.execute(&statement, &[&batch.account.0, &customers]).await?;
    strangers(batch, &customers).await?;
    batch.removed.extend(places);
    Ok(())
}

/// Deletes those of the customers who are in no project any more.
pub(in crate::store) async fn strangers(batch: &Batch<'_>, customers: &[Uuid]) -> Result<(), Error> {
    let sql = "delete from customer c where c.account_id = $1 and c.id = any($2) and not exists (
                   select from relationship r where r.account_id = $1 and r.customer_id = c.id)";
    let statement = batch.tx.prepare_cached(sql).await?;
    batch.tx.execute(&statement, &[&batch.account.0, &customers]).await?;
    Ok(())
}
