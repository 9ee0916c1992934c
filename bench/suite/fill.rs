//! Fills Postgres with the benchmark's customers by COPY, and writes the same rows as NDJSON for the peers.
//!
//! Calls through the API would make the same rows in a hundred times the time. Keys to other tables are not looked up
//! while it copies (the rows are right), and the GIN index is made at the end, by the definition it had.

use std::{
    fmt::Write as _,
    fs::File,
    io::{BufWriter, Write as _},
    path::Path,
    time::Instant,
};

use bytes::Bytes;
use futures_util::SinkExt;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::mpsc::{Receiver, channel};
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

use crate::{
    Failure,
    rows::{Maker, Row, moment},
};

/// The seed of the published figures.
pub(crate) const SEED: u64 = 20_260_301;
/// Rows in one message of a COPY.
const CHUNK: u64 = 2_000;
/// One in so many customers of `bench` is in `newsletter` too.
pub(crate) const SHARE: u64 = 10;
/// Where the customers of the account beside begin.
const BESIDE: u64 = 1_000_000_000;

/// Rows of one project.
struct Part {
    account: Uuid,
    project: Uuid,
    /// The project's number for the generator.
    number: u64,
    /// Which customers.
    customers: std::iter::StepBy<std::ops::Range<u64>>,
    /// The peers' file, and whether the customers themselves are new.
    file: Option<String>,
    new: bool,
}

/// Some rows as COPY takes them.
#[derive(Default)]
struct Chunk {
    customers: String,
    relationships: String,
}

/// A connection whose work goes on in the background.
pub(crate) async fn connect(database: &str) -> Result<Client, Failure> {
    let (client, connection) = tokio_postgres::connect(database, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// The day on which the rows stand.
pub(crate) fn today() -> jiff::civil::Date {
    Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// Fills the projects `bench` and `newsletter` of the only account, and an account beside them.
pub(crate) async fn fill(database: &str, rows: u64, peers: &Path) -> Result<Value, Failure> {
    let begin = Instant::now();
    let client = connect(database).await?;
    let account: Uuid =
        client.query_one("select account_id from project where slug = 'bench'", &[]).await?.get(0);
    let project = async |slug: &str| {
        let found = client
            .query_one("select id from project where account_id = $1 and slug = $2", &[&account, &slug])
            .await?;
        Ok::<Uuid, Failure>(found.get(0))
    };
    let (bench, newsletter) = (project("bench").await?, project("newsletter").await?);
    let (other, shop) = beside(&client).await?;
    let gin: String = client
        .query_one("select indexdef from pg_indexes where indexname = 'relationship_params'", &[])
        .await?
        .get(0);
    client.batch_execute("drop index relationship_params").await?;
    let file = |name: &str| Some(peers.join(name).to_string_lossy().into_owned());
    let parts = vec![
        Part {
            account,
            project: bench,
            number: 0,
            customers: (0..rows).step_by(1),
            file: file("bench.ndjson"),
            new: true,
        },
        Part {
            account,
            project: newsletter,
            number: 1,
            customers: (0..rows).step_by(SHARE as usize),
            file: file("newsletter.ndjson"),
            new: false,
        },
        Part {
            account: other,
            project: shop,
            number: 2,
            customers: (BESIDE..BESIDE + rows / 20).step_by(1),
            file: None,
            new: true,
        },
    ];
    let day = today();
    copy(database, parts, Maker::new(SEED, day)).await?;
    let copied = begin.elapsed().as_secs_f64();
    client.batch_execute(&format!("set maintenance_work_mem = '1GB'; {gin}")).await?;
    // A gap in the feed: whoever follows it loads again.
    client.batch_execute("update clock set version = version + 1000").await?;
    client.batch_execute("vacuum (analyze) customer").await?;
    client.batch_execute("vacuum (analyze) relationship").await?;
    client.batch_execute("checkpoint").await?;
    let whole = begin.elapsed().as_secs_f64();
    let sizes = client
        .query_one("select pg_table_size('relationship'), pg_indexes_size('relationship')", &[])
        .await?;
    Ok(json!({
        "rows": rows, "seed": SEED, "day": day.to_string(), "copied_s": copied, "filled_s": whole,
        "table_bytes": sizes.get::<_, i64>(0), "indexes_bytes": sizes.get::<_, i64>(1),
    }))
}

/// Another tenant, whose rows no answer may hold.
async fn beside(client: &Client) -> Result<(Uuid, Uuid), Failure> {
    let (account, project, now) = (Uuid::now_v7(), Uuid::now_v7(), Timestamp::now());
    client
        .execute("insert into account (id, name, created_at) values ($1, 'Beside', $2)", &[&account, &now])
        .await?;
    client.execute("insert into clock (account_id, version) values ($1, 0)", &[&account]).await?;
    client
        .execute(
            "insert into project (account_id, id, slug, name, colour, test, created_at)
             select $1, $2, 'bench', 'Beside', colour, false, $3 from project limit 1",
            &[&account, &project, &now],
        )
        .await?;
    Ok((account, project))
}

/// Makes the rows on a thread of their own, and copies both tables at once.
async fn copy(database: &str, parts: Vec<Part>, maker: Maker) -> Result<(), Failure> {
    let (to_customers, customers) = channel(8);
    let (to_relationships, relationships) = channel(8);
    let made = tokio::task::spawn_blocking(move || {
        for part in parts {
            let mut file =
                part.file.as_ref().map(|path| File::create(path).map(BufWriter::new)).transpose()?;
            let mut customers = part.customers.clone();
            loop {
                let some: Vec<Row> =
                    customers.by_ref().take(CHUNK as usize).map(|n| maker.row(part.number, n)).collect();
                if some.is_empty() {
                    break;
                }
                let chunk = chunk(&part, &some);
                if let Some(file) = &mut file {
                    some.iter().try_for_each(|row| file.write_all(line(row).as_bytes()))?;
                }
                to_customers.blocking_send(chunk.customers)?;
                to_relationships.blocking_send(chunk.relationships)?;
            }
            file.map(|mut file| file.flush()).transpose()?;
        }
        Ok::<(), Failure>(())
    });
    let (one, two) = tokio::join!(
        pour(database, "copy customer (account_id, id, email) from stdin", customers),
        pour(
            database,
            "copy relationship (account_id, project_id, customer_id, user_id, name, status, status_since, first_paid, \
             params, open_keys, first_seen, last_activity, version) from stdin",
            relationships
        ),
    );
    one.and(two)?;
    made.await?
}

/// One COPY.
async fn pour(database: &str, statement: &str, mut chunks: Receiver<String>) -> Result<(), Failure> {
    let client = connect(database).await?;
    client.batch_execute("set session_replication_role = replica").await?;
    let mut sink = Box::pin(client.copy_in::<_, Bytes>(statement).await?);
    while let Some(chunk) = chunks.recv().await {
        sink.send(Bytes::from(chunk)).await?;
    }
    sink.as_mut().finish().await?;
    Ok(())
}

fn chunk(part: &Part, rows: &[Row]) -> Chunk {
    let mut chunk = Chunk::default();
    let (account, project) = (part.account, part.project);
    for row in rows {
        let (id, email) = (row.customer, &row.email);
        if part.new {
            let _ = writeln!(chunk.customers, "{account}\t{id}\t{email}");
        }
        let (name, paid) = (row.name.as_deref().unwrap_or("\\N"), row.first_paid.map(moment));
        let _ = writeln!(
            chunk.relationships,
            "{account}\t{project}\t{id}\t{}\t{name}\t{}\t{}\t{}\t{}\t{{}}\t{}\t{}\t1",
            row.user_id,
            row.status,
            moment(row.status_since),
            paid.as_deref().unwrap_or("\\N"),
            row.params.replace('\\', "\\\\"),
            moment(row.first_seen),
            moment(row.last_activity),
        );
    }
    chunk
}

/// A row as the peers read it.
fn line(row: &Row) -> String {
    let text = |text: &Option<String>| text.as_ref().map_or("null".to_owned(), |text| format!("\"{text}\""));
    format!(
        "{{\"customer\":\"{}\",\"email\":\"{}\",\"user_id\":\"{}\",\"name\":{},\"status\":\"{}\",\"status_since\":\"{}\",\
         \"first_paid\":{},\"first_seen\":\"{}\",\"last_activity\":\"{}\",\"params\":{}}}\n",
        row.customer,
        row.email,
        row.user_id,
        text(&row.name),
        row.status,
        moment(row.status_since),
        text(&row.first_paid.map(moment)),
        moment(row.first_seen),
        moment(row.last_activity),
        row.params,
    )
}
