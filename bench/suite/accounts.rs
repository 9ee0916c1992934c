//! Many accounts: what thousands of small ones cost a server of which nobody wants anything, and one among them that is not small.
//!
//! `bench/accounts` calls these steps in order. Accounts and rows are copied into the tables; keys are made as the server makes them.

use std::{
    collections::HashMap,
    env,
    fmt::Write,
    fs,
    path::Path,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use serde_json::{Value, json};
use server::model::{KeyKind, Secret};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::{
    Failure, Run, facts,
    fill::{self, Part, SEED, account_named, connect, project_named, today},
    http::{Request, Server},
    loads::{Times, closed},
    report::{self, Of, mega, millis, number, thousands},
    rows::Maker,
};

/// Customers of each account.
const EACH: u64 = 20;
/// Accounts that write at once.
const WRITERS: u64 = 64;
/// Where the customers of the account that is touched begin, and how many they are.
const TOUCHED: u64 = 2_000_000_000;
const TOUCHED_ROWS: u64 = 1_000;
/// Where those of the account with many projects begin, and how many projects that has.
const WIDE: u64 = 3_000_000_000;
const WIDE_PROJECTS: u64 = 200;
/// Where those of the account that all writers write to begin: as many as the accounts of one writer each have together.
const COMMON: u64 = 4_000_000_000;
/// How long nobody wants anything.
const QUIET: Duration = Duration::from_secs(20);
/// How long it is waited for what the server does by itself after its start.
const SETTLING: Duration = Duration::from_secs(120);
/// How often a write is looked for in the other process.
const LOOKS: u64 = 100;
/// What the dashboard asks.
const DASHBOARD: &str = r#"{"filter": "params.plan = \"pro\"", "select": ["count", "aggregates", "facets", "customers"],
    "aggregates": ["sum(params.mrr)", "avg(params.score)"], "sort": "-last_activity", "limit": 50,
    "facets": ["status", "params.plan", "params.source", "params.role", "params.billing_cycle", "params.beta",
        "params.newsletter", "params.seats", "params.locale", "params.company.country", "params.company.size", "params.tags"]}"#;

/// Fills so many accounts of twenty customers, one that all writers write to, one of a thousand, and one with two hundred projects.
pub(crate) async fn fill(run: &Run, accounts: u64) -> Result<(), Failure> {
    if accounts < WRITERS {
        return Err(format!("{WRITERS} of the accounts write at once: there must be as many").into());
    }
    let begin = Instant::now();
    let client = connect(&run.database).await?;
    let (mut parts, mut keys, mut all) = (Vec::new(), Vec::new(), Vec::new());
    client.batch_execute("begin").await?;
    for n in 0..accounts {
        let account = account_named(&client, &format!("Account {n}")).await?;
        let project = project_named(&client, account, "app").await?;
        parts.push(Part::alone(account, project, n * EACH..(n + 1) * EACH));
        all.push(account);
        if n < WRITERS {
            keys.push(key(&client, account, Some(project), KeyKind::Secret).await?);
        }
    }
    let touched = account_named(&client, "Touched").await?;
    let project = project_named(&client, touched, "app").await?;
    parts.push(Part::alone(touched, project, TOUCHED..TOUCHED + TOUCHED_ROWS));
    let touch = key(&client, touched, None, KeyKind::Account).await?;
    let common = account_named(&client, "Written by all").await?;
    let project = project_named(&client, common, "app").await?;
    parts.push(Part::alone(common, project, COMMON..COMMON + WRITERS * EACH));
    let together = key(&client, common, Some(project), KeyKind::Secret).await?;
    let wide = account_named(&client, "Many projects").await?;
    for n in 0..WIDE_PROJECTS {
        let project = project_named(&client, wide, &format!("app-{n}")).await?;
        let first = WIDE + n * EACH;
        parts.push(Part::alone(wide, project, first..first + EACH));
    }
    let dashboard = key(&client, wide, None, KeyKind::Account).await?;
    let reader = key(&client, all[0], None, KeyKind::Account).await?;
    client.batch_execute("commit").await?;
    let gin = fill::without_gin(&client).await?;
    fill::copy(&run.database, parts, Maker::new(SEED, today())).await?;
    fill::settle(&client, &gin, today()).await?;
    let samples = [all[0], all[all.len() / 2], touched, wide];
    run.write(
        "accounts",
        &json!({
            "count": accounts, "filled_s": begin.elapsed().as_secs_f64(), "accounts": samples,
            "writers": keys, "together": together, "touch": touch, "dashboard": dashboard, "reader": reader,
        }),
    )
}

/// A new key.
async fn key(
    client: &Client,
    account: Uuid,
    project: Option<Uuid>,
    kind: KeyKind,
) -> Result<String, Failure> {
    let (secret, now) = (Secret::new(kind), Timestamp::now());
    let (hash, word) = (secret.hash(), kind.as_str());
    client
        .execute(
            "insert into api_key (id, account_id, project_id, kind, hash, prefix, label, created_at)
             values ($1, $2, $3, $4, $5, $6, 'bench', $7)",
            &[&Uuid::now_v7(), &account, &project, &word, &hash.as_slice(), &secret.visible(), &now],
        )
        .await?;
    Ok(secret.reveal().to_owned())
}

/// The server with one of the keys that were made.
fn server(run: &Run, key: &Value) -> Result<Server, Failure> {
    let key = key.as_str().ok_or("no accounts were filled")?.to_owned();
    Ok(Server { address: run.server.address.clone(), key })
}

/// Right after the start: the account of a thousand relationships is asked for the first time, and again.
pub(crate) fn touch(run: &Run) -> Result<(), Failure> {
    let server = server(run, &run.found("accounts")["touch"])?;
    let ask = || -> Result<(f64, Value), Failure> {
        let begin = Instant::now();
        let answer = server.open()?.ask(&Request::post("/v1/query", DASHBOARD))?;
        Ok((begin.elapsed().as_secs_f64() * 1000.0, answer["engine"].clone()))
    };
    let ((first, engine), (again, _)) = (ask()?, ask()?);
    run.write("touch", &json!({ "first_ms": first, "engine": engine, "again_ms": again }))
}

/// Waits until the server has nothing more to do by itself, then sees what it and Postgres take of the processors for a while.
pub(crate) fn quiet(run: &Run) -> Result<(), Failure> {
    let postgres: u32 = env::var("BENCH_POSTGRES").unwrap_or_default().parse()?;
    let begin = Instant::now();
    while !facts::is_settled(run)? && begin.elapsed() < SETTLING {
        thread::sleep(Duration::from_millis(100));
    }
    let settled = begin.elapsed();
    // What was begun may still have to be put down.
    thread::sleep(Duration::from_secs(2));
    let taken = || (ticks(run.pid), with_children(postgres));
    let (began, before) = (Instant::now(), taken());
    thread::sleep(QUIET);
    let (time, after) = (began.elapsed().as_secs_f64(), taken());
    let share = |before: u64, after: u64| after.saturating_sub(before) as f64 / TICKS / time;
    run.write(
        "quiet",
        &json!({
            "settled_s": settled.as_secs_f64(), "seconds": time,
            "server": share(before.0, after.0), "postgres": share(before.1, after.1),
            "rss": facts::memory(run.pid, "VmRSS"), "peak": facts::memory(run.pid, "VmHWM"),
        }),
    )
}

/// Linux tells the time that a process took in hundredths of a second.
const TICKS: f64 = 100.0;

/// What `/proc/PID/stat` says after the name of the program: the parent, and the time in user and system mode of the process and of its
/// children that have ended.
fn stat(pid: u32) -> Option<(u32, [u64; 4])> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<&str> = text.rsplit_once(") ")?.1.split(' ').collect();
    let time = |at: usize| fields.get(at)?.parse().ok();
    Some((fields.get(1)?.parse().ok()?, [time(11)?, time(12)?, time(13)?, time(14)?]))
}

fn ticks(pid: u32) -> u64 {
    stat(pid).map_or(0, |(_, [user, system, ..])| user + system)
}

/// Of a process, of its children, and of those that have ended.
fn with_children(parent: u32) -> u64 {
    let own: u64 = stat(parent).map_or(0, |(_, times)| times.iter().sum());
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let children = pids.filter_map(stat).filter(|(of, _)| *of == parent);
    own + children.map(|(_, [user, system, ..])| user + system).sum::<u64>()
}

/// As many connections write for one account each, and all for one; in turns.
pub(crate) fn writers(run: &Run) -> Result<(), Failure> {
    let accounts = run.found("accounts");
    let keys: Vec<&Value> = accounts["writers"].as_array().into_iter().flatten().collect();
    let servers = |together: Option<&Value>| -> Result<Vec<Server>, Failure> {
        keys.iter().map(|key| server(run, together.unwrap_or(key))).collect()
    };
    let (each, one) = (servers(None)?, servers(Some(&accounts["together"]))?);
    let mut done: HashMap<bool, (f64, Times)> = HashMap::new();
    for turn in 0..4 {
        let apart = turn % 2 == 0;
        let (rate, times) = write(if apart { (&each, 0) } else { (&one, COMMON) }, run.time)?;
        let (rates, all) = done.entry(apart).or_default();
        *rates += rate / 2.0;
        all.extend(times);
    }
    let mut figures = |apart: bool| {
        let (rate, times) = done.entry(apart).or_default();
        json!({ "per_s": *rate, "times": times.summary() })
    };
    run.write("writers", &json!({ "apart": figures(true), "together": figures(false) }))
}

/// Identifies as fast as a connection to each of the servers can, for a while; returns how many a second there were. Each writes
/// to customers of its own, whichever account they are of.
fn write((servers, first): (&[Server], u64), time: Duration) -> Result<(f64, Times), Failure> {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    let (stop, maker) = (&AtomicBool::new(false), &Maker::new(SEED, today()));
    let write = move |lane: usize| -> Result<Times, Failure> {
        let (mut connection, mut times) = (servers[lane].open()?, Times::default());
        while !stop.load(Ordering::Relaxed) {
            let n = CALLS.fetch_add(1, Ordering::Relaxed);
            let email = maker.email(first + lane as u64 * EACH + n % EACH);
            let body = json!({ "email": email, "params": { "seats": n % 20, "seen": n } });
            let sent = Instant::now();
            connection.send(&Request::post("/v1/identify", body.to_string()))?;
            times.push(sent.elapsed());
        }
        Ok(times)
    };
    thread::scope(|scope| {
        let begin = Instant::now();
        let lanes: Vec<_> = (0..servers.len()).map(|lane| scope.spawn(move || write(lane))).collect();
        thread::sleep(time);
        stop.store(true, Ordering::Relaxed);
        let mut all = Times::default();
        for lane in lanes {
            all.extend(lane.join().map_err(|_| "a writer broke")??);
        }
        Ok((all.count() as f64 / begin.elapsed().as_secs_f64(), all))
    })
}

/// The dashboard of the account with many projects.
pub(crate) fn projects(run: &Run) -> Result<(), Failure> {
    let server = server(run, &run.found("accounts")["dashboard"])?;
    let (mut http, mut engine, name) = closed(&server, &Request::post("/v1/query", DASHBOARD), run.time)?;
    run.write("projects", &json!({ "engine": name, "http": http.summary(), "took": engine.summary() }))
}

/// Writes here, and looks in the other process until it is there.
pub(crate) fn follow(run: &Run) -> Result<(), Failure> {
    let accounts = run.found("accounts");
    let other = env::var("BENCH_OTHER").map_err(|_| "there is no other process")?;
    let here = server(run, &accounts["writers"][0])?;
    let there = Server { address: other, ..server(run, &accounts["reader"])? };
    let (mut write, mut read) = (here.open()?, there.open()?);
    let (email, mut times) = (Maker::new(SEED, today()).email(0), Times::default());
    for n in 0..LOOKS {
        let body = json!({ "email": email, "params": { "followed": n } });
        write.send(&Request::post("/v1/identify", body.to_string()))?;
        let begin = Instant::now();
        let question = json!({ "filter": format!("followed = {n}"), "select": ["count"] }).to_string();
        while read.ask(&Request::post("/v1/query", question.as_str()))?["count"] != json!(1) {
            if begin.elapsed() > Duration::from_secs(10) {
                return Err("a write was not seen by the other process".into());
            }
        }
        times.push(begin.elapsed());
        // Not always at the same place of whatever happens at intervals.
        thread::sleep(Duration::from_millis(n * 37 % 101));
    }
    run.write("follow", &times.summary())
}

/// Puts what was found into RESULTS.md.
pub(crate) fn report(run: &Run, page: &Path) -> Result<(), Failure> {
    let accounts = run.found("accounts");
    let count = accounts["count"].as_u64().ok_or("no accounts were filled")?;
    let mut text = report::title(count, "accounts");
    writeln!(
        text,
        "`bench/accounts {count}`: {}; commit {}. {EACH} customers each, with what they were; one account beside them has \
         {} relationships, one {}, one {WIDE_PROJECTS} projects of {EACH}. Filled in {:.0} s.\n\n| what | figure |\n|---|---:|",
        report::machine(),
        report::commit(),
        thousands(TOUCHED_ROWS),
        thousands(WRITERS * EACH),
        number(&accounts["filled_s"]),
    )?;
    for (what, figure) in figures(run) {
        writeln!(text, "| {what} | {figure} |")?;
    }
    report::put(page, (Of::Accounts, count), text)
}

/// The lines of the table.
fn figures(run: &Run) -> Vec<(&'static str, String)> {
    let [ready, quiet, touch] = ["many", "quiet", "touch"].map(|name| run.found(name));
    let [writers, projects, follow] = ["writers", "projects", "follow"].map(|name| run.found(name));
    let mut lines = vec![
        ("ready after start (Postgres included)", format!("{:.2} s", number(&ready["ready_ms"]) / 1000.0)),
        (
            "first touch of the account of 1,000 relationships, right after the start: the dashboard; and again",
            format!(
                "{} ms by {}, {} ms",
                millis(number(&touch["first_ms"])),
                touch["engine"].as_str().unwrap_or("?"),
                millis(number(&touch["again_ms"]))
            ),
        ),
        ("until nothing is loaded any more", format!("{:.1} s", number(&quiet["settled_s"]))),
        (
            "processor while nobody is active, of one core: the server, Postgres",
            format!("{:.1}%, {:.1}%", number(&quiet["server"]) * 100.0, number(&quiet["postgres"]) * 100.0),
        ),
        (
            "memory of the server: then, at most",
            format!("{} MB, {} MB", mega(number(&quiet["rss"])), mega(number(&quiet["peak"]))),
        ),
    ];
    let (apart, together) = (&writers["apart"], &writers["together"]);
    lines.push((
        "identify by 64 connections: for 64 accounts, and for one of as many customers (p50, p99)",
        format!(
            "{:.0}/s ({} ms, {} ms), {:.0}/s ({} ms, {} ms): {:.2}x",
            number(&apart["per_s"]),
            millis(number(&apart["times"]["p50"])),
            millis(number(&apart["times"]["p99"])),
            number(&together["per_s"]),
            millis(number(&together["times"]["p50"])),
            millis(number(&together["times"]["p99"])),
            number(&apart["per_s"]) / number(&together["per_s"])
        ),
    ));
    let two =
        |times: &Value| format!("{} ms, {} ms", millis(number(&times["p50"])), millis(number(&times["p99"])));
    lines.push(("the dashboard of the account with 200 projects (HTTP p50, p99)", two(&projects["http"])));
    lines.push(("until a write is seen by another process on the same database (p50, p99)", two(&follow)));
    lines
}
