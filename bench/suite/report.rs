//! Makes the section of one size in RESULTS.md of what the steps have written; the sections of other sizes stay.

use std::{collections::BTreeMap, env, fmt::Write, fs, path::Path, process::Command};

use serde_json::Value;

use crate::{Failure, Run, questions::ENGINES};

/// What the file says above the sections.
const OPENING: &str = "# Results\n\n\
    Written by `bench/run`; [README.md](README.md) says what is measured and how. All times are milliseconds.\n\n\
    - **TinyCRM, engine** is `took_ms` of the answers, **HTTP** from request to answer on one connection; **open loop** is \
    the p99 at a fixed rate of requests, counted from when each was due.\n\
    - **The peers** are the best of up to seven warm runs, in their own process without HTTP (Postgres over its socket).\n\
    - **x Postgres** and **x best peer** divide a peer's best by TinyCRM's HTTP p50: below 1 TinyCRM is slower, in bold.\n";

/// Everything the steps have written.
struct Found<'a>(&'a Run);

impl Found<'_> {
    /// A step's facts; null if it was left out.
    fn read(&self, name: &str) -> Value {
        let text = fs::read_to_string(self.0.out.join(format!("{name}.json"))).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }
}

/// Puts the run's section into the page, in the place of an older one of the same size.
pub(crate) fn write(run: &Run, page: &Path) -> Result<(), Failure> {
    let found = Found(run);
    let rows = run.rows()?;
    let mut sections: BTreeMap<u64, String> = sections(&fs::read_to_string(page).unwrap_or_default());
    sections.insert(rows, section(&found, rows)?);
    let sections: Vec<String> = sections.into_values().collect();
    Ok(fs::write(page, format!("{OPENING}\n{}", sections.join("\n")))?)
}

/// The sections of a page by their sizes.
fn sections(page: &str) -> BTreeMap<u64, String> {
    let parts = page.split("\n## ").skip(1);
    let sized = parts.filter_map(|part| {
        let size = part.split(' ').next()?.replace(',', "").parse().ok()?;
        Some((size, format!("## {}\n", part.trim_end())))
    });
    sized.collect()
}

fn section(found: &Found<'_>, rows: u64) -> Result<String, Failure> {
    let mut text = format!("## {} customers\n\n", thousands(rows));
    writeln!(text, "{}\n", circumstances(found, rows))?;
    text += &questions(found)?;
    text += "\n| what | figure | to reach |\n|---|---:|---:|\n";
    text += &facts(found)?;
    text += &work(found, rows)?;
    if let Ok(writes) = fs::read_to_string(found.0.out.join("writes.md")) {
        let table: Vec<&str> = writes.lines().filter(|line| line.starts_with('|')).collect();
        writeln!(text, "\nWrites (`bench/run ingest`), on a server of their own:\n\n{}", table.join("\n"))?;
    }
    Ok(text)
}

/// Where, when, of what and by which command.
fn circumstances(found: &Found<'_>, rows: u64) -> String {
    let fill = found.read("fill");
    let peers: Vec<String> = ENGINES[2..]
        .iter()
        .map(|engine| {
            let peer = found.read(&format!("peer-{engine}"));
            match (peer["version"].as_str(), peer["loaded_s"].as_f64()) {
                (Some(version), Some(seconds)) => {
                    format!("{version} as `{engine}` (loaded in {seconds:.0} s)")
                }
                _ => format!("`{engine}` was left out"),
            }
        })
        .collect();
    let compared = found.read("compare");
    let same: Vec<String> = ENGINES[1..]
        .iter()
        .map(|engine| format!("{engine} {}", compared[*engine].as_u64().unwrap_or(0)))
        .collect();
    format!(
        "`bench/run {rows}`: {}; commit {}; {}; seed {}. Beside them a tenth as many rows in a second project and a \
         twentieth in another account. Filled in {:.0} s. {}; {}. Answers that were the same as TinyCRM's: {}.",
        machine(),
        said("git", &["describe", "--always", "--dirty"]),
        fill["day"].as_str().unwrap_or("?"),
        fill["seed"],
        fill["filled_s"].as_f64().unwrap_or(f64::NAN),
        said("pg_config", &["--version"]),
        peers.join("; "),
        same.join(", "),
    )
}

/// Processor, cores and memory.
fn machine() -> String {
    let line = |file: &str, name: &str| {
        let text = fs::read_to_string(file).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(name)).and_then(|line| line.split(':').nth(1));
        line.unwrap_or("?").trim().to_owned()
    };
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kib: f64 = line("/proc/meminfo", "MemTotal").trim_end_matches(" kB").parse().unwrap_or(0.0);
    format!(
        "{cores} cores of {}, {:.0} GiB, {}",
        line("/proc/cpuinfo", "model name"),
        kib / 1048576.0,
        env::consts::OS
    )
}

/// What a program prints.
fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text =
        output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
    if text.is_empty() { format!("no {program}") } else { text }
}

/// A row for each question.
fn questions(found: &Found<'_>) -> Result<String, Failure> {
    let mut text = String::from(
        "| question | engine p50 | p99 | HTTP p50 | p99 | open loop p99 (a second) | Postgres + GIN | DuckDB, JSON | \
         DuckDB, columns | ClickHouse, JSON | x Postgres | x best peer |\n\
         |---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n",
    );
    let ours = found.read("times-tinycrm");
    let theirs: Vec<Value> =
        ENGINES[1..].iter().map(|engine| found.read(&format!("times-{engine}"))).collect();
    for asked in found.read("asked").as_array().into_iter().flatten() {
        let name = asked["name"].as_str().unwrap_or_default();
        let our = &ours[name];
        let http = number(&our["http"]["p50"]);
        let best: Vec<f64> = theirs.iter().map(|peer| number(&peer[name]["best"])).collect();
        let mark = if our["engine"] == "sql" { " *(by SQL)*" } else { "" };
        write!(text, "| {}{mark} ", asked["ask"].as_str().unwrap_or_default())?;
        for value in [&our["took"]["p50"], &our["took"]["p99"], &our["http"]["p50"], &our["http"]["p99"]] {
            write!(text, "| {} ", millis(number(value)))?;
        }
        write!(text, "| {} ({:.0}) ", millis(number(&our["open"]["p99"])), number(&our["rate"]))?;
        for peer in &best {
            write!(text, "| {} ", millis(*peer))?;
        }
        let least = best.iter().copied().fold(f64::NAN, f64::min);
        writeln!(text, "| {} | {} |", times(best[0] / http), times(least / http))?;
    }
    Ok(text)
}

/// Starts and sizes, beside what they should be.
fn facts(found: &Found<'_>) -> Result<String, Failure> {
    let mut text = String::new();
    let (ready, sizes, empty) = (found.read("ready"), found.read("sizes"), found.read("sizes-empty"));
    let mut row =
        |what: &str, figure: String, wanted: &str| writeln!(text, "| {what} | {figure} | {wanted} |");
    let engine = ready["engine"].as_str().unwrap_or("?");
    let answered = number(&ready["answered_ms"]) / 1000.0;
    row(
        "ready after start (Postgres included), first answer by the engine",
        format!("{:.2} s, {answered:.2} s by {engine}", number(&ready["ready_ms"]) / 1000.0),
        "P7: 1M 6 s, 10M 60 s",
    )?;
    let index = number(&sizes["index_bytes"]);
    let relationships = number(&sizes["index_rows"]).max(1.0);
    let strings = number(&sizes["index_text"]);
    row(
        "index",
        format!(
            "{} MB: {:.0} bytes a relationship, and {:.0} of distinct strings",
            mega(index),
            (index - strings) / relationships,
            strings / relationships
        ),
        "P8: 120 bytes, and distinct strings",
    )?;
    row(
        "memory of the server: now, at most",
        format!("{} MB, {} MB", mega(number(&sizes["rss"])), mega(number(&sizes["peak"]))),
        "",
    )?;
    row("memory of the server without data", format!("{} MB", mega(number(&empty["rss"]))), "P10: 40 MB")?;
    row("size of the program", format!("{} MB", mega(number(&sizes["binary"]))), "P10: 25 MB")?;
    row(
        "start without data (Postgres included)",
        format!("{:.0} ms", number(&found.read("empty")["ready_ms"])),
        "P10: 300 ms besides Postgres",
    )?;
    let fill = found.read("fill");
    let disk = |name: &str| number(&fill[name]) / 1e6;
    row(
        "Postgres: table, indexes",
        format!("{:.0} MB, {:.0} MB", disk("table_bytes"), disk("indexes_bytes")),
        "",
    )?;
    Ok(text)
}

/// Exports, freshness, and queries beside writers.
fn work(found: &Found<'_>, rows: u64) -> Result<String, Failure> {
    let mut text = String::new();
    let mut row =
        |what: &str, figure: String, wanted: &str| writeln!(text, "| {what} | {figure} | {wanted} |");
    for (form, export) in found.read("export").as_object().into_iter().flatten() {
        row(
            &format!("export of {}: {form}", thousands(rows)),
            format!(
                "{:.0} rows/s, memory grew by {} MB",
                number(&export["rows_per_s"]),
                mega(number(&export["grew"]))
            ),
            "P9: 200,000 rows/s",
        )?;
    }
    let fresh = found.read("fresh");
    if !fresh.is_null() {
        row(
            "stale answers when asked at once after a write",
            format!(
                "{} of {}, in {:.0} s",
                fresh["stale"],
                thousands(fresh["checks"].as_u64().unwrap_or(0)),
                number(&fresh["seconds"])
            ),
            "P5: 0 of 100,000",
        )?;
    }
    for (what, busy) in found.read("busy").as_object().into_iter().flatten() {
        let (idle, loaded) = (number(&busy["idle"]["p99"]), number(&busy["busy"]["p99"]));
        let figure = format!(
            "{} idle, {} busy: {:.1}x ({:.0}/s beside {:.0} identify/s)",
            millis(idle),
            millis(loaded),
            loaded / idle,
            number(&busy["rate"]),
            number(&busy["identify_per_s"])
        );
        row(&format!("p99 of the {what} while 32 connections identify at full rate"), figure, "P6: 2x")?;
    }
    Ok(text)
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

fn mega(bytes: f64) -> String {
    if bytes.is_nan() { "?".to_owned() } else { format!("{:.1}", bytes / 1e6) }
}

/// Milliseconds with three digits that count.
fn millis(value: f64) -> String {
    match value {
        value if value.is_nan() => "-".to_owned(),
        value if value < 1.0 => format!("{value:.3}"),
        value if value < 10.0 => format!("{value:.2}"),
        value if value < 100.0 => format!("{value:.1}"),
        value => format!("{value:.0}"),
    }
}

/// How many times as fast.
fn times(ratio: f64) -> String {
    match ratio {
        ratio if ratio.is_nan() => "-".to_owned(),
        ratio if ratio < 1.0 => format!("**{ratio:.2}**"),
        ratio if ratio < 10.0 => format!("{ratio:.1}"),
        ratio => format!("{ratio:.0}"),
    }
}

fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = (0..digits.len().div_ceil(3))
        .rev()
        .map(|group| &digits[digits.len().saturating_sub(3 * (group + 1))..digits.len() - 3 * group])
        .collect();
    groups.join(",")
}
