//! Taking away: a relationship, a person everywhere, a project's customers. Each takes its turn at the account's clock and
//! leaves tombstones in the feed.

use filter::{calendar::day_of, email::normalised};
use tokio_postgres::Row;
use uuid::Uuid;

use super::{
    AccountId, Error, Store, act,
    batch::{Batch, Place, Write, columns},
    ignored,
    import::{self, Forgotten, Names},
    key, progress, query, recent,
    statement::unsigned,
};
use crate::model::{CustomerId, Email, Ignored, Pattern, Project, ProjectId, now};

/// Relationships that one transaction removes; more are removed in several.
const CHUNK: i64 = 2_000;
/// Acts that wrote in one project alone go with what it held.
const FORGET_ACTS: &str = "delete from act where account_id = $1 and projects = array[$2::uuid]";
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
    let sql =
        "select from relationship where account_id = $1 and customer_id = $2 and project_id <> $3 limit 1";
    let stays = batch.tx.query_opt(sql, &[&account.0, &customer.0, &project.0]).await?.is_some();
    if !stays {
        act::forget(&batch.tx, account, &[customer.0], &names).await?;
        recent::forget(&batch.tx, account, &names).await?;
    }
    remove(&mut batch, &[(project, customer)]).await?;
    import::forget(&batch.tx, account, &names, stays.then_some(project)).await?;
    batch.commit().await
}

/// Takes somebody who is no customer of a project out of what its imports have kept, by an address or by the app's own id.
/// Returns the version; [`Error::Missing`] when nothing names them.
pub async fn stranger(
    store: &Store,
    account: AccountId,
    project: ProjectId,
    who: &str,
) -> Result<i64, Error> {
    if who.contains('\0') {
        return Err(Error::Missing("customer"));
    }
    let client = store.changing(account).await?;
    let batch = Batch::begin(store, &client, account).await?;
    let forgotten = import::forget(&batch.tx, account, &Names::asked(who, &[project]), Some(project)).await?;
    if forgotten == Forgotten::default() {
        return Err(Error::Missing("customer"));
    }
    batch.commit().await
}

/// Who is to be erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whom {
    /// Whoever has an address, in any of its forms, or had it.
    Email(Email),
    /// Whoever an app calls so.
    UserId(ProjectId, String),
}

/// What is erased with a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erased {
    /// The customers who go: none, where only rejected rows of imports name them; several, where an address is stored in
    /// several forms.
    pub people: Vec<Named>,
    /// What imports have kept that names them.
    pub forgotten: Forgotten,
}

/// A customer who goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    customer: CustomerId,
    /// The address that the customer has; the one that was asked for may be an alias.
    pub email: String,
    /// In how many projects they are.
    pub projects: u64,
}

/// What [`person`] would erase: it is done, and not committed.
pub async fn preview_person(store: &Store, account: AccountId, whom: &Whom) -> Result<Erased, Error> {
    let client = store.changing(account).await?;
    erase(&mut Batch::begin(store, &client, account).await?, whom).await
}

/// Erases a person from every project of the account: rows, history, activity, refusals, aliases, what was kept to undo a merge,
/// and what imports have kept, also of somebody who never became a customer. Returns what went, and the version.
pub async fn person(store: &Store, account: AccountId, whom: &Whom) -> Result<(Erased, i64), Error> {
    let client = store.changing(account).await?;
    let mut batch = Batch::begin(store, &client, account).await?;
    let erased = erase(&mut batch, whom).await?;
    Ok((erased, batch.commit().await?))
}

async fn erase(batch: &mut Batch<'_>, whom: &Whom) -> Result<Erased, Error> {
    let named = named(batch, whom).await?;
    let customers: Vec<Uuid> = named.iter().map(|named| named.customer.0).collect();
    let names = Names::of(batch, &customers).await?;
    let names = match whom {
        Whom::Email(email) => names.with_email(email),
        Whom::UserId(project, user_id) => names.with_user_id(*project, user_id),
    };
    let forgotten = people(batch, &customers, &names).await?;
    if named.is_empty() && forgotten == Forgotten::default() {
        return Err(Error::Missing("customer of that name"));
    }
    Ok(Erased { people: named, forgotten })
}

/// The customers whom somebody means.
async fn named(batch: &Batch<'_>, whom: &Whom) -> Result<Vec<Named>, Error> {
    let sql =
        "select k.id, k.email, (select count(*) from relationship r where r.account_id = $1 and r.customer_id = k.id)
         from customer k where k.account_id = $1 and k.id in (
             select coalesce(alias_of, id) from customer
             where account_id = $1 and $3::uuid is null and email = any($2)
             union all
             select customer_id from relationship where account_id = $1 and project_id = $3 and user_id = any($2)
             union all
             select customer_id from user_alias where account_id = $1 and project_id = $3 and user_id = any($2))
         order by k.email";
    let (names, project) = match whom {
        Whom::Email(email) => (email.forms(), None),
        Whom::UserId(project, user_id) => (vec![user_id.clone()], Some(project.0)),
    };
    let rows = batch.tx.query(sql, &[&batch.account.0, &names, &project]).await?;
    let named =
        |row: &Row| Named { customer: CustomerId(row.get(0)), email: row.get(1), projects: unsigned(row, 2) };
    Ok(rows.iter().map(named).collect())
}

/// Erases one customer in the same way; by the id of an alias, whom it is of. Returns the version.
pub async fn customer(store: &Store, account: AccountId, customer: CustomerId) -> Result<i64, Error> {
    let client = store.changing(account).await?;
    let mut batch = Batch::begin(store, &client, account).await?;
    let sql = "select coalesce(alias_of, id) from customer where account_id = $1 and id = $2";
    let found = batch.tx.query_opt(sql, &[&account.0, &customer.0]).await?;
    let customers: [Uuid; 1] = [found.ok_or(Error::Missing("customer"))?.get(0)];
    let names = Names::of(&batch, &customers).await?;
    people(&mut batch, &customers, &names).await?;
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
        let names = Names::of(&batch, &customers).await?;
        people(&mut batch, &customers, &names).await?;
        batch.commit().await?;
    }
    Ok(customers.len() as u64)
}

/// Erases people as a step of an act. Refused ([`Error::Conflict`]) when it does not follow what is done of that.
pub async fn of_act(
    store: &Store,
    account: AccountId,
    customers: &[CustomerId],
    step: act::Step,
) -> Result<i64, Error> {
    let client = store.changing(account).await?;
    let mut batch = Batch::begin(store, &client, account).await?;
    let acts = [step.act.0];
    let prepared = progress::prepare(&batch.tx, &acts).await?;
    let done = progress::progress(&batch.tx, prepared.as_ref(), account, &acts).await?;
    match done.get(&step.act.0) {
        Some(done) if *done == step.from => {}
        Some(_) => return Err(Error::Conflict("this act is run elsewhere as well".to_owned())),
        None => return Err(Error::Missing("act")),
    }
    let ids: Vec<Uuid> = customers.iter().map(|customer| customer.0).collect();
    // Whoever was merged into somebody since they were chosen stays with them.
    let sql = "select id from customer where account_id = $1 and id = any($2) and alias_of is null";
    let found = batch.tx.query(sql, &[&account.0, &ids]).await?;
    let found: Vec<Uuid> = found.iter().map(|row| row.get(0)).collect();
    let names = Names::of(&batch, &found).await?;
    people(&mut batch, &found, &names).await?;
    act::keep_erased(&mut batch, &step, found.len());
    batch.commit().await
}

/// Removes customers from every project, and what else names them.
async fn people(batch: &mut Batch<'_>, customers: &[Uuid], names: &Names) -> Result<Forgotten, Error> {
    let sql =
        "select project_id, customer_id from relationship where account_id = $1 and customer_id = any($2)";
    let rows = batch.tx.query(sql, &[&batch.account.0, &customers]).await?;
    let places: Vec<Place> = rows.iter().map(|row| (ProjectId(row.get(0)), CustomerId(row.get(1)))).collect();
    act::forget(&batch.tx, batch.account, customers, names).await?;
    remove(batch, &places).await?;
    strangers(batch, customers).await?;
    recent::forget(&batch.tx, batch.account, names).await?;
    import::forget(&batch.tx, batch.account, names, None).await
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
    batch.tx.execute(FORGET_ACTS, &[&account.0, &project.id.0]).await?;
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
                FORGET_ACTS,
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
    act::forget_targets(&batch.tx, batch.account, customers).await
}
