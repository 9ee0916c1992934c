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
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};
use tokio::sync::mpsc::{Receiver, channel};
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

use crate::{
    Failure, Run,
    logs::{self, escaped},
    rows::{Maker, PAST_DAYS, Row, moment},
};

/// The seed of the published figures.
pub(crate) const SEED: u64 = 20_260_301;
/// Rows in one message of a COPY.
const CHUNK: u64 = 2_000;
/// One in so many customers of `bench` is in `newsletter` too.
pub(crate) const SHARE: u64 = 10;
/// Where the customers of the account beside begin, and one in how many there are.
const BESIDE: u64 = 1_000_000_000;
const BESIDE_SHARE: u64 = 20;
/// Small projects of the account, `side-0` and so on: one customer of `bench` in 41 is in the first, and of each that follows one
/// in ten more.
const SIDES: u64 = 18;
const SIDE_SHARE: u64 = 41;
const SIDE_STEP: u64 = 10;
/// The number that the first of them has for the generator.
const SIDE_NUMBER: u64 = 3;
/// What is filled.
const TABLES: [&str; 4] = ["customer", "relationship", "change", "activity"];

/// Rows of one project.
pub(crate) struct Part {
    pub(crate) account: Uuid,
    pub(crate) project: Uuid,
    /// The key with which they were written.
    pub(crate) source: Uuid,
    /// The project's number for the generator.
    number: u64,
    /// Which customers.
    customers: std::iter::StepBy<std::ops::Range<u64>>,
    /// The peers' files, of what is and of what was.
    file: Option<String>,
    past: Option<String>,
    /// Whether the customers themselves are new.
    new: bool,
}

/// Some rows as COPY takes them.
#[derive(Default)]
struct Chunk {
    customers: String,
    relationships: String,
    changes: String,
    activity: String,
    counts: Counts,
}

/// How much of the past there is.
#[derive(Clone, Copy, Default)]
pub(crate) struct Counts {
    rows: u64,
    changes: u64,
    keys: u64,
    days: u64,
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

/// Fills the projects `bench` and `newsletter` of the only account, the small ones, and an account beside them.
pub(crate) async fn fill(run: &Run, rows: u64) -> Result<Value, Failure> {
    let (database, peers) = (&run.database, run.out.as_path());
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
    let other = account_named(&client, "Beside").await?;
    let shop = project_named(&client, other, "bench").await?;
    let gin = without_gin(&client).await?;
    let day = today();
    let mut parts = parts(rows, (account, bench, newsletter), (other, shop), peers);
    for side in 0..SIDES {
        let project = project_named(&client, account, &slug(side)).await?;
        parts.push(Part::side(side, rows, (account, project), peers));
    }
    let mut maker = Maker::new(SEED, day);
    maker.has_past = run.has_past;
    let counts = copy(database, parts, maker).await?;
    let copied = begin.elapsed().as_secs_f64();
    settle(&client, &gin, day).await?;
    let whole = begin.elapsed().as_secs_f64();
    let sizes = client
        .query_one(
            "select pg_table_size('relationship'), pg_indexes_size('relationship'), \
             pg_total_relation_size('change'), pg_total_relation_size('activity')",
            &[],
        )
        .await?;
    let mean = |count: u64| count as f64 / counts.rows as f64;
    Ok(json!({
        "rows": rows, "seed": SEED, "day": day.to_string(), "accounts": [account, other],
        "copied_s": copied, "filled_s": whole,
        "table_bytes": sizes.get::<_, i64>(0), "indexes_bytes": sizes.get::<_, i64>(1),
        "change_bytes": sizes.get::<_, i64>(2), "activity_bytes": sizes.get::<_, i64>(3),
        "changes": mean(counts.changes), "keys": mean(counts.keys), "days": mean(counts.days),
    }))
}

/// Takes the index of params away; returns how it is made.
pub(crate) async fn without_gin(client: &Client) -> Result<String, Failure> {
    let gin = client
        .query_one("select indexdef from pg_indexes where indexname = 'relationship_params'", &[])
        .await?
        .get(0);
    client.batch_execute("drop index relationship_params").await?;
    Ok(gin)
}

/// Makes that index again, and leaves the tables as a server has them that has been at work for long.
pub(crate) async fn settle(client: &Client, gin: &str, day: jiff::civil::Date) -> Result<(), Failure> {
    client.batch_execute(&format!("set maintenance_work_mem = '1GB'; {gin}")).await?;
    // A gap in the feed: whoever follows it loads again. Everything has been written before now.
    client
        .execute("update clock set version = version + 1000, time = greatest(time, $1)", &[&Timestamp::now()])
        .await?;
    let first = day.saturating_sub(PAST_DAYS.days());
    client.execute("update project set activity_since = $1", &[&first]).await?;
    for table in TABLES {
        client.batch_execute(&format!("vacuum (analyze) {table}")).await?;
    }
    Ok(client.batch_execute("checkpoint").await?)
}

/// What is filled: two projects of the account, and the one of the account beside.
fn parts(
    rows: u64,
    (account, bench, newsletter): (Uuid, Uuid, Uuid),
    (other, shop): (Uuid, Uuid),
    peers: &Path,
) -> Vec<Part> {
    let file = |name: &str| Some(peers.join(name).to_string_lossy().into_owned());
    vec![
        Part {
            account,
            project: bench,
            source: Uuid::now_v7(),
            number: 0,
            customers: (0..rows).step_by(1),
            file: file("bench.ndjson"),
            past: file("bench-past.ndjson"),
            new: true,
        },
        Part {
            account,
            project: newsletter,
            source: Uuid::now_v7(),
            number: 1,
            customers: (0..rows).step_by(SHARE as usize),
            file: file("newsletter.ndjson"),
            past: None,
            new: false,
        },
        // No answer may hold these.
        Part { number: 2, ..Part::alone(other, shop, BESIDE..BESIDE + rows / BESIDE_SHARE) },
    ]
}

/// The slug of a small project.
fn slug(side: u64) -> String {
    format!("side-{side}")
}

impl Part {
    /// New customers in a project of their own account, without files for the peers.
    pub(crate) fn alone(account: Uuid, project: Uuid, customers: std::ops::Range<u64>) -> Part {
        let customers = customers.step_by(1);
        Part {
            account,
            project,
            source: Uuid::now_v7(),
            number: 0,
            customers,
            file: None,
            past: None,
            new: true,
        }
    }

    fn side(side: u64, rows: u64, (account, project): (Uuid, Uuid), peers: &Path) -> Part {
        let file = peers.join(format!("{}.ndjson", slug(side)));
        Part {
            account,
            project,
            source: Uuid::now_v7(),
            number: SIDE_NUMBER + side,
            customers: (side..rows).step_by((SIDE_SHARE + SIDE_STEP * side) as usize),
            file: Some(file.to_string_lossy().into_owned()),
            past: None,
            new: false,
        }
    }
}

/// Another tenant.
pub(crate) async fn account_named(client: &Client, name: &str) -> Result<Uuid, Failure> {
    let (account, now) = (Uuid::now_v7(), Timestamp::now());
    client
        .execute("insert into account (id, name, created_at) values ($1, $2, $3)", &[&account, &name, &now])
        .await?;
    client.execute("insert into clock (account_id, version) values ($1, 0)", &[&account]).await?;
    Ok(account)
}

/// A new project of an account.
pub(crate) async fn project_named(client: &Client, account: Uuid, slug: &str) -> Result<Uuid, Failure> {
    let (project, now) = (Uuid::now_v7(), Timestamp::now());
    client
        .execute(
            "insert into project (account_id, id, slug, name, colour, test, created_at)
             select $1, $2, $3, $3, colour, false, $4 from project limit 1",
            &[&account, &project, &slug, &now],
        )
        .await?;
    Ok(project)
}

/// Makes the rows on a thread of their own, and copies all tables at once.
pub(crate) async fn copy(database: &str, parts: Vec<Part>, maker: Maker) -> Result<Counts, Failure> {
    let (to_customers, customers) = channel(8);
    let (to_relationships, relationships) = channel(8);
    let (to_changes, changes) = channel(8);
    let (to_activity, activity) = channel(8);
    let made = tokio::task::spawn_blocking(move || {
        let mut counts = Counts::default();
        for part in parts {
            let open = |path: &Option<String>| {
                path.as_ref().map(|path| File::create(path).map(BufWriter::new)).transpose()
            };
            let (mut file, mut past) = (open(&part.file)?, open(&part.past)?);
            let mut customers = part.customers.clone();
            loop {
                let some: Vec<Row> =
                    customers.by_ref().take(CHUNK as usize).map(|n| maker.row(part.number, n)).collect();
                if some.is_empty() {
                    break;
                }
                let chunk = chunk(&part, &some, maker.midnight);
                if let Some(file) = &mut file {
                    some.iter().try_for_each(|row| file.write_all(line(row).as_bytes()))?;
                }
                if let Some(past) = &mut past {
                    some.iter().try_for_each(|row| past.write_all(logs::line(row).as_bytes()))?;
                }
                counts.add(&chunk.counts);
                to_customers.blocking_send(chunk.customers)?;
                to_relationships.blocking_send(chunk.relationships)?;
                to_changes.blocking_send(chunk.changes)?;
                to_activity.blocking_send(chunk.activity)?;
            }
            for mut file in file.into_iter().chain(past) {
                file.flush()?;
            }
        }
        Ok::<Counts, Failure>(counts)
    });
    let (one, two, three, four) = tokio::join!(
        pour(database, "copy customer (account_id, id, email) from stdin", customers),
        pour(
            database,
            "copy relationship (account_id, project_id, customer_id, user_id, name, status, status_since, first_paid, \
             params, open_keys, first_seen, last_activity, last_day, began, last_change, version) from stdin",
            relationships
        ),
        pour(database, logs::CHANGE, changes),
        pour(database, logs::ACTIVITY, activity),
    );
    one.and(two).and(three).and(four)?;
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

impl Counts {
    fn add(&mut self, more: &Counts) {
        self.rows += more.rows;
        self.changes += more.changes;
        self.keys += more.keys;
        self.days += more.days;
    }

    fn of(row: &Row) -> Counts {
        let told = row.life.changes.iter().map(|change| change.told.len() as u64);
        let (changes, days) = (told.clone().count() as u64, row.life.days.len() as u64);
        Counts { rows: 1, changes, keys: told.sum(), days }
    }
}

fn chunk(part: &Part, rows: &[Row], midnight: i64) -> Chunk {
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
            "{account}\t{project}\t{id}\t{}\t{name}\t{}\t{}\t{}\t{}\t{{}}\t{}\t{}\t{}\t{}\t{}\t{}",
            row.user_id,
            row.status,
            moment(row.status_since),
            paid.as_deref().unwrap_or("\\N"),
            escaped(&row.json()),
            moment(row.first_seen),
            moment(row.last_activity),
            logs::date(row.life.days.last().copied().unwrap_or_default()),
            moment(row.first_seen),
            moment(logs::last_change(row)),
            logs::last_version(row, midnight),
        );
        logs::enter(part, row, midnight, &mut chunk.changes);
        logs::see(part, row, &mut chunk.activity);
        chunk.counts.add(&Counts::of(row));
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
        row.json(),
    )
}
