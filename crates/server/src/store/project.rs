//! Projects: made, listed, found by slug, named anew, archived.

use std::collections::HashMap;

use filter::calendar::day_of;
use jiff::{Timestamp, civil::Date};
use tokio_postgres::error::SqlState;
use uuid::Uuid;

use super::{
    AccountId, Error, Store,
    batch::{Batch, Write},
    key,
    lexicon::project as read,
    statement::unsigned,
};
use crate::model::{COLOURS, Project, ProjectId, Slug};

const COLUMNS: &str = "id, slug, name, colour, test, archived";

/// Every project of the account, oldest first.
pub async fn list(store: &Store, account: AccountId) -> Result<Vec<Project>, Error> {
    let client = store.client().await?;
    let sql = format!("select {COLUMNS} from project where account_id = $1 order by created_at, id");
    let statement = client.prepare_cached(&sql).await?;
    client.query(&statement, &[&account.0]).await?.iter().map(read).collect()
}

/// How many customers each project has; a project without any is left out.
pub async fn counts(store: &Store, account: AccountId) -> Result<HashMap<ProjectId, u64>, Error> {
    let client = store.client().await?;
    let sql = "select project_id, count(*) from relationship where account_id = $1 group by project_id";
    let statement = client.prepare_cached(sql).await?;
    let rows = client.query(&statement, &[&account.0]).await?;
    Ok(rows.iter().map(|row| (ProjectId(row.get(0)), unsigned(row, 1))).collect())
}

/// When the first customer of the account was seen.
pub async fn began(store: &Store, account: AccountId) -> Result<Option<Timestamp>, Error> {
    let client = store.client().await?;
    let sql = "select min(first_seen) from relationship where account_id = $1";
    Ok(client.query_one(&client.prepare_cached(sql).await?, &[&account.0]).await?.get(0))
}

/// The project of that slug.
pub async fn find(store: &Store, account: AccountId, slug: &Slug) -> Result<Project, Error> {
    let client = store.client().await?;
    let sql = format!("select {COLUMNS} from project where account_id = $1 and slug = $2");
    let statement = client.prepare_cached(&sql).await?;
    let row = client.query_opt(&statement, &[&account.0, &slug.as_str()]).await?;
    read(&row.ok_or(Error::Missing("project"))?)
}

/// The project of that id.
pub async fn by_id(store: &Store, account: AccountId, id: ProjectId) -> Result<Project, Error> {
    let client = store.client().await?;
    let sql = format!("select {COLUMNS} from project where account_id = $1 and id = $2");
    let statement = client.prepare_cached(&sql).await?;
    let row = client.query_opt(&statement, &[&account.0, &id.0]).await?;
    read(&row.ok_or(Error::Missing("project"))?)
}

/// The slugs of projects, and the first day of which it is known who was seen there; by slug.
pub(in crate::store) async fn seen_since(
    store: &Store,
    account: AccountId,
    projects: &[Uuid],
) -> Result<Vec<(Uuid, String, Option<Date>)>, Error> {
    let client = store.client().await?;
    let sql =
        "select id, slug, activity_since from project where account_id = $1 and id = any($2) order by slug";
    let statement = client.prepare_cached(sql).await?;
    let rows = client.query(&statement, &[&account.0, &projects]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect())
}

/// Says since when the activity of a project is known, where that is not since its first call.
pub async fn set_activity_since(
    store: &Store,
    account: AccountId,
    project: ProjectId,
    at: Timestamp,
) -> Result<i64, Error> {
    let client = store.changing(account).await?;
    let mut batch = Batch::begin(store, &client, account).await?;
    let day = day_of(at, &batch.clock.zone);
    batch.put(Write {
        sql: "update project set activity_since = $3 where account_id = $1 and id = $2",
        parameters: vec![Box::new(project.0), Box::new(day)],
    });
    batch.commit().await
}

/// Makes a project; its colour is the next of the palette.
pub async fn create(
    store: &Store,
    account: AccountId,
    slug: &Slug,
    name: &str,
    test: bool,
    now: Timestamp,
) -> Result<Project, Error> {
    let id = ProjectId::new();
    let client = store.changing(account).await?;
    let mut batch = Batch::begin(store, &client, account).await?;
    let count: i64 =
        batch.tx.query_one("select count(*) from project where account_id = $1", &[&account.0]).await?.get(0);
    let colour = COLOURS[usize::try_from(count).unwrap_or(0) % COLOURS.len()];
    let inserted = batch
        .tx
        .execute(
            "insert into project (account_id, id, slug, name, colour, test, created_at)
             values ($1, $2, $3, $4, $5, $6, $7)",
            &[&account.0, &id.0, &slug.as_str(), &name, &colour, &test, &now],
        )
        .await;
    match inserted {
        Ok(_) => {
            batch.words = true;
            batch.commit().await?;
            let (name, colour) = (name.to_owned(), colour.to_owned());
            Ok(Project { id, slug: slug.clone(), name, colour, test, archived: false })
        }
        Err(error) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => {
            Err(Error::Conflict(format!("a project {slug} exists already")))
        }
        Err(error) => Err(error.into()),
    }
}

/// Gives a project another name and colour. Its slug stays: filters, addresses and apps name it. Returns the version.
pub async fn rename(
    store: &Store,
    account: AccountId,
    project: ProjectId,
    name: &str,
    colour: &str,
) -> Result<i64, Error> {
    if !COLOURS.contains(&colour) {
        return Err(Error::Conflict(format!("{colour:?} is no colour; there are {}", COLOURS.join(", "))));
    }
    let client = store.changing(account).await?;
    let batch = Batch::begin(store, &client, account).await?;
    let sql = "update project set name = $3, colour = $4 where account_id = $1 and id = $2";
    let set = batch.tx.execute(sql, &[&account.0, &project.0, &name, &colour]).await?;
    done(batch, set).await
}

/// Archives a project, or takes that back: at once here, within a second where other processes take its calls. Returns the
/// version.
pub async fn set_archived(
    store: &Store,
    account: AccountId,
    project: ProjectId,
    archived: bool,
) -> Result<i64, Error> {
    let client = store.changing(account).await?;
    let batch = Batch::begin(store, &client, account).await?;
    let sql = "update project set archived = $3 where account_id = $1 and id = $2";
    let set = batch.tx.execute(sql, &[&account.0, &project.0, &archived]).await?;
    let version = done(batch, set).await?;
    key::forget(store, project);
    Ok(version)
}

/// Commits what altered a project, if there was one.
async fn done(mut batch: Batch<'_>, projects: u64) -> Result<i64, Error> {
    if projects == 0 {
        return Err(Error::Missing("project"));
    }
    batch.words = true;
    batch.commit().await
}

/// How many keys that work each project has; one without any is left out.
pub async fn keys(
    store: &Store,
    account: AccountId,
    now: Timestamp,
) -> Result<HashMap<ProjectId, u64>, Error> {
    let client = store.client().await?;
    let sql = "select project_id,
                      count(*) filter (where revoked_at is null and (expires_at is null or expires_at > $2))
               from api_key where account_id = $1 and project_id is not null group by project_id";
    let keys = client.query(&client.prepare_cached(sql).await?, &[&account.0, &now]).await?;
    Ok(keys.iter().map(|row| (ProjectId(row.get(0)), unsigned(row, 1))).collect())
}
