//! Projects: made, listed, found by slug, reset, deleted.

use std::collections::HashMap;

use filter::calendar::day_of;
use jiff::{Timestamp, civil::Date};
use tokio_postgres::error::SqlState;
use uuid::Uuid;

use super::{
    AccountId, Error, Store,
    batch::{Batch, Write},
    lexicon::project as read,
    statement::unsigned,
};
use crate::model::{COLOURS, Project, ProjectId, Slug};

const COLUMNS: &str = "id, slug, name, colour, test";

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
            Ok(Project { id, slug: slug.clone(), name: name.to_owned(), colour: colour.to_owned(), test })
        }
        Err(error) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => {
            Err(Error::Conflict(format!("a project {slug} exists already")))
        }
        Err(error) => Err(error.into()),
    }
}
