//! Migrations: forward only, each once, in order, under a lock, with a checksum that refuses edited ones.

use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};
use tokio_postgres::Transaction;

use super::{Error, Store};
use crate::model;

#[derive(RustEmbed)]
#[folder = "migrations/"]
struct Files;

/// Any two servers that start at once take this lock in turn ("tinycrm" as a number).
const LOCK: i64 = 0x0074_696e_7963_726d;

/// One file of `migrations/`: `0001_foundation.sql` is number 1.
struct Migration {
    number: i32,
    name: String,
    sql: String,
    checksum: Vec<u8>,
}

/// Brings the schema up to date. All or nothing: what fails leaves the database as it was.
pub async fn run(store: &Store) -> Result<(), Error> {
    let mut client = store.client().await?;
    let tx = client.transaction().await?;
    tx.execute("select pg_advisory_xact_lock($1)", &[&LOCK]).await?;
    tx.batch_execute(
        "create table if not exists migration (
            number int primary key, name text not null, checksum bytea not null, applied_at timestamptz not null)",
    )
    .await?;
    let known = files();
    let applied = verify(&tx, &known).await?;
    for migration in known.iter().filter(|m| m.number > applied) {
        apply(&tx, migration).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// The embedded files in order.
fn files() -> Vec<Migration> {
    let mut all: Vec<Migration> = Files::iter()
        .filter_map(|name| {
            let number = name.strip_suffix(".sql")?.split('_').next()?.parse().ok()?;
            let sql = String::from_utf8(Files::get(&name)?.data.into_owned()).ok()?;
            let checksum = Sha256::digest(sql.as_bytes()).to_vec();
            Some(Migration { number, name: name.into_owned(), sql, checksum })
        })
        .collect();
    all.sort_by_key(|m| m.number);
    all
}

/// Compares what the database has with the files; returns the last number applied.
async fn verify(tx: &Transaction<'_>, known: &[Migration]) -> Result<i32, Error> {
    let mut last = 0;
    for row in tx.query("select number, name, checksum from migration order by number", &[]).await? {
        let (number, name, checksum): (i32, &str, &[u8]) = (row.get(0), row.get(1), row.get(2));
        match known.iter().find(|m| m.number == number) {
            None => {
                return Err(Error::Migration(format!(
                    "the database has migration {name}, which this version does not know: use the version that made it, or a newer one"
                )));
            }
            Some(m) if m.checksum != checksum => {
                return Err(Error::Migration(format!(
                    "migration {name} was edited after it ran here: restore the file and put the change into a new migration"
                )));
            }
            Some(_) => last = number,
        }
    }
    Ok(last)
}

async fn apply(tx: &Transaction<'_>, migration: &Migration) -> Result<(), Error> {
    tx.batch_execute(&migration.sql).await?;
    tx.execute(
        "insert into migration (number, name, checksum, applied_at) values ($1, $2, $3, $4)",
        &[&migration.number, &migration.name, &migration.checksum, &model::now()],
    )
    .await?;
    tracing::info!(migration = migration.name, "migration applied");
    Ok(())
}
