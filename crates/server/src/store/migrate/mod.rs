//! Migrations: forward only, each once, in order, under a lock, with a checksum that refuses edited ones.
//!
//! Most are files of SQL, all or nothing. What would take long on a large table is done by the program in steps: each a
//! short transaction that notes how far it came, so that whoever is interrupted goes on from there.

mod address;
mod log;
mod mend;

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

/// One step of the schema: `0001_foundation.sql` is number 1.
struct Migration {
    number: i32,
    name: String,
    work: Work,
    checksum: Vec<u8>,
}

/// What a migration does.
enum Work {
    /// Statements, in one transaction.
    Sql(String),
    /// The log of what there was before it could be replayed, in steps.
    Log,
    /// Addresses in the form that they have now.
    Addresses,
}

/// Brings the schema up to date. A migration that fails leaves the database as it was, or as far as its steps came.
pub async fn run(store: &Store) -> Result<(), Error> {
    let known = known();
    while step(store, &known).await? {}
    Ok(())
}

/// Takes one step; says whether there may be another.
async fn step(store: &Store, known: &[Migration]) -> Result<bool, Error> {
    let mut client = store.client().await?;
    let tx = client.transaction().await?;
    tx.execute("select pg_advisory_xact_lock($1)", &[&LOCK]).await?;
    tx.batch_execute(
        "create table if not exists migration (
            number int primary key, name text not null, checksum bytea not null, applied_at timestamptz not null)",
    )
    .await?;
    let applied = verify(&tx, known).await?;
    let next = known.iter().find(|migration| migration.number > applied);
    if let Some(migration) = next {
        let done = match &migration.work {
            Work::Sql(sql) => tx.batch_execute(sql).await.map(|()| true)?,
            Work::Log => log::step(&tx).await?,
            Work::Addresses => address::normalise(&tx).await.map(|()| true)?,
        };
        if done {
            note(&tx, migration).await?;
        }
    }
    tx.commit().await?;
    Ok(next.is_some())
}

/// The embedded files and what the program does between them, in order.
fn known() -> Vec<Migration> {
    let made = |name: &str, work: Work, text: &str| {
        let number = name.split('_').next()?.parse().ok()?;
        Some(Migration { number, name: name.to_owned(), work, checksum: Sha256::digest(text).to_vec() })
    };
    let files = Files::iter().filter_map(|name| {
        let sql = String::from_utf8(Files::get(&name)?.data.into_owned()).ok()?;
        let text = sql.clone();
        made(&name, Work::Sql(sql), &text).filter(|_| name.ends_with(".sql"))
    });
    let programs = [("0004_log", Work::Log), ("0006_addresses", Work::Addresses)];
    let programs = programs.into_iter().filter_map(|(name, work)| made(name, work, name));
    let mut all: Vec<Migration> = files.chain(programs).collect();
    all.sort_by_key(|migration| migration.number);
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

async fn note(tx: &Transaction<'_>, migration: &Migration) -> Result<(), Error> {
    tx.execute(
        "insert into migration (number, name, checksum, applied_at) values ($1, $2, $3, $4)",
        &[&migration.number, &migration.name, &migration.checksum, &model::now()],
    )
    .await?;
    tracing::info!(migration = migration.name, "migration applied");
    Ok(())
}
