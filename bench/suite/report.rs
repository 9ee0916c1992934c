//! Makes the section of one size in RESULTS.md of what the steps have written; the sections of other sizes stay.

use std::{collections::BTreeMap, env, fmt::Write, fs, path::Path, process::Command};

use serde_json::Value;

use crate::{
    Failure, Run,
    questions::{ENGINES, INSIGHT, PAST},
};

/// What the file says above the sections.
const OPENING: &str = "# Results\n\n\
    Written by `bench/run` and `bench/accounts`; [README.md](README.md) says what is measured and how. All times are milliseconds.\n\n\
    - **TinyCRM, engine** is `took_ms` of the answers, **HTTP** from request to answer on one connection; **open loop** is \
    the p99 at a fixed rate of requests, counted from when each was due.\n\
    - **The peers** are the best of up to seven warm runs, in their own process without HTTP (Postgres over its socket).\n\
    - **Postgres, HTTP** is the median of the same rows from a small HTTP server before Postgres, asked by the same client as TinyCRM.\n\
    - **x Postgres** and **x best peer** divide a peer's best by TinyCRM's HTTP p50: below 1 TinyCRM is slower, in bold.\n\
    - While questions are timed, of every engine, fifty customers a second are pinged.\n";

/// What a section is of, and its size: those of customers come first.
pub(crate) type Key = (Of, u64);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Of {
    Customers,
    Accounts,
}

/// Puts the run's section into the page, in the place of an older one of the same size.
pub(crate) fn write(run: &Run, page: &Path) -> Result<(), Failure> {
    let rows = run.rows()?;
    put(page, (Of::Customers, rows), section(run, rows)?)
}

/// Puts a section into the page, in the place of an older one of its key.
pub(crate) fn put(page: &Path, key: Key, section: String) -> Result<(), Failure> {
    let mut sections = sections(&fs::read_to_string(page).unwrap_or_default());
    sections.insert(key, section);
    let sections: Vec<String> = sections.into_values().collect();
    Ok(fs::write(page, format!("{OPENING}\n{}", sections.join("\n")))?)
}

/// The sections of a page by what they are of.
fn sections(page: &str) -> BTreeMap<Key, String> {
    let parts = page.split("\n## ").skip(1);
    let sized = parts.filter_map(|part| {
        let (size, rest) = part.split_once(' ')?;
        let of = if rest.starts_with("accounts") { Of::Accounts } else { Of::Customers };
        Some(((of, size.replace(',', "").parse().ok()?), format!("## {}\n", part.trim_end())))
    });
    sized.collect()
}

/// The title of a section. Figures of code that is in no commit say so.
pub(crate) fn title(size: u64, what: &str) -> String {
    let mark = if env::var("BENCH_CHANGES").is_ok_and(|changes| !changes.is_empty()) {
        ", with changes that are in no commit"
    } else {
        ""
    };
    format!("## {} {what}{mark}\n\n", thousands(size))
}

/// The commit that the program was built of.
pub(crate) fn commit() -> String {
    env::var("BENCH_COMMIT").unwrap_or_default()
}

fn section(found: &Run, rows: u64) -> Result<String, Failure> {
    let mut text = title(rows, "customers");
    writeln!(text, "{}\n", circumstances(found, rows))?;
    text += &questions(found)?;
    if found.has_past {
        text += &past(found)?;
        text += &insights(found)?;
    }
    text += "\n| what | figure | to reach |\n|---|---:|---:|\n";
    text += &facts(found)?;
    if found.has_past {
        text += &remembering(found)?;
    }
    text += &work(found, rows)?;
    if let Ok(writes) = fs::read_to_string(found.out.join("writes.md")) {
        let table: Vec<&str> = writes.lines().filter(|line| line.starts_with('|')).collect();
        writeln!(text, "\nWrites (`bench/run ingest`), on a server of their own:\n\n{}", table.join("\n"))?;
    }
    Ok(text)
}

/// Where, when, of what and by which command.
fn circumstances(found: &Run, rows: u64) -> String {
    let fill = found.found("fill");
    let peers: Vec<String> = ENGINES[2..]
        .iter()
        .map(|engine| {
            let peer = found.found(&format!("peer-{engine}"));
            match (peer["version"].as_str(), peer["loaded_s"].as_f64()) {
                (Some(version), Some(seconds)) => {
                    format!("{version} as `{engine}` (loaded in {seconds:.0} s)")
                }
                _ => match found.found(&format!("missing-{engine}")).as_str() {
                    Some(why) => format!("`{engine}` was left out: it {why}"),
                    None => format!("`{engine}` was left out"),
                },
            }
        })
        .collect();
    let compared = found.found("compare");
    let same: Vec<String> = ENGINES[1..]
        .iter()
        .map(|engine| format!("{engine} {}", compared[*engine].as_u64().unwrap_or(0)))
        .collect();
    format!(
        "`bench/run {rows}`: {}; commit {}; {}; seed {}. Beside them a tenth as many rows in a second project, \
         less than a fifth in 18 small ones, and a twentieth in another account.{} Filled in {:.0} s. {}; {}. Answers that were the same as TinyCRM's: {}.",
        machine(),
        commit(),
        fill["day"].as_str().unwrap_or("?"),
        fill["seed"],
        if found.has_past { "" } else { " None of them has a past: they were born as they are." },
        fill["filled_s"].as_f64().unwrap_or(f64::NAN),
        said("pg_config", &["--version"]),
        peers.join("; "),
        same.join(", "),
    )
}

/// Processor, cores and memory.
pub(crate) fn machine() -> String {
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
fn questions(found: &Run) -> Result<String, Failure> {
    let mut text = String::from(
        "| question | engine p50 | p99 | HTTP p50 | p99 | open loop p99 (a second) | Postgres + GIN | Postgres, HTTP | \
         DuckDB, JSON | DuckDB, columns | ClickHouse, JSON | x Postgres | x best peer |\n\
         |---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n",
    );
    let (ours, over_http) = (found.found("times-tinycrm"), found.found("times-over-http"));
    let theirs: Vec<Value> =
        ENGINES[1..].iter().map(|engine| found.found(&format!("times-{engine}"))).collect();
    let of_now = |name: &str| !name.starts_with(PAST) && !name.starts_with(INSIGHT);
    for Asked { name, ask, .. } in asked(found).iter().filter(|asked| of_now(&asked.name)) {
        let best: Vec<f64> = theirs.iter().map(|peer| number(&peer[name]["best"])).collect();
        let http = number(&ours[name]["http"]["p50"]);
        write!(text, "{}", our_times(ask, &ours[name]))?;
        write!(text, "| {} | {} ", millis(best[0]), millis(number(&over_http[name]["median"])))?;
        for peer in &best[1..] {
            write!(text, "| {} ", millis(*peer))?;
        }
        let least = best.iter().copied().fold(f64::NAN, f64::min);
        writeln!(text, "| {} | {} |", times(best[0] / http), times(least / http))?;
    }
    Ok(text)
}

/// What was asked.
struct Asked {
    name: String,
    /// In English.
    ask: String,
    /// How many milliseconds it is to take at most; empty where nobody said.
    to_reach: String,
}

/// All questions.
fn asked(found: &Run) -> Vec<Asked> {
    let asked = found.found("asked");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let one = |asked: &Value| Asked {
        name: text(&asked["name"]),
        ask: text(&asked["ask"]),
        to_reach: text(&asked["to_reach"]),
    };
    asked.as_array().into_iter().flatten().map(one).collect()
}

/// The cells of a question that are TinyCRM's.
fn our_times(ask: &str, our: &Value) -> String {
    let mark = match our["engine"].as_str() {
        Some("sql") => " *(by SQL)*",
        Some(_) => "",
        None if our.is_null() => " **(too slow: no answer)**",
        None => "",
    };
    let all = [&our["took"]["p50"], &our["took"]["p99"], &our["http"]["p50"], &our["http"]["p99"]];
    let all: String = all.into_iter().map(|value| format!("| {} ", millis(number(value)))).collect();
    format!("| {ask}{mark} {all}| {} ({}) ", millis(number(&our["open"]["p99"])), rate(number(&our["rate"])))
}

/// Requests a second.
fn rate(value: f64) -> String {
    match value {
        value if value.is_nan() => "-".to_owned(),
        value if value < 10.0 => format!("{value:.1}"),
        value => format!("{value:.0}"),
    }
}

/// A row for each question of the past, and what it costs to know it.
fn past(found: &Run) -> Result<String, Failure> {
    let fill = found.found("fill");
    let mean = |name: &str| number(&fill[name]);
    let mut text = format!(
        "\nThe past: {:.1} later changes of {:.1} keys and {:.1} days a relationship. DuckDB is given it in tables of declared \
         columns.\n\n\
         | question | engine p50 | p99 | HTTP p50 | p99 | open loop p99 (a second) | Postgres | DuckDB | x Postgres | x DuckDB |\n\
         |---|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n",
        mean("changes"),
        mean("keys"),
        mean("days"),
    );
    let [ours, postgres, duckdb] =
        ["tinycrm", "postgres", "duckdb_columns"].map(|engine| found.found(&format!("times-{engine}")));
    for Asked { name, ask, .. } in asked(found).iter().filter(|asked| asked.name.starts_with(PAST)) {
        let http = number(&ours[name]["http"]["p50"]);
        write!(text, "{}", our_times(ask, &ours[name]))?;
        let peers = [&postgres, &duckdb].map(|peer| number(&peer[name]["best"]));
        let [one, two] = peers.map(millis);
        let [by_one, by_two] = peers.map(|best| times(best / http));
        writeln!(text, "| {one} | {two} | {by_one} | {by_two} |")?;
    }
    Ok(text)
}

/// A row for each insight.
fn insights(found: &Run) -> Result<String, Failure> {
    let mut text = String::from(
        "\nInsights, whole tables over HTTP. To reach: at most so many milliseconds (HTTP p50), and at least 5 x DuckDB.\n\n\
         | question | engine p50 | p99 | HTTP p50 | p99 | open loop p99 (a second) | DuckDB | x DuckDB | to reach |\n\
         |---|---:|---:|---:|---:|---:|---:|---:|---:|\n",
    );
    let [ours, duckdb] = ["tinycrm", "duckdb_columns"].map(|engine| found.found(&format!("times-{engine}")));
    for Asked { name, ask, to_reach } in asked(found).iter().filter(|asked| asked.name.starts_with(INSIGHT)) {
        let (http, best) = (number(&ours[name]["http"]["p50"]), number(&duckdb[name]["best"]));
        write!(text, "{}", our_times(ask, &ours[name]))?;
        writeln!(text, "| {} | {} | {to_reach} |", millis(best), times(best / http))?;
    }
    Ok(text)
}

/// What it costs to know the past: memory, time to load, and writes.
fn remembering(found: &Run) -> Result<String, Failure> {
    let mut text = String::new();
    let mut row = |what: &str, figure: String| writeln!(text, "| {what} | {figure} |  |");
    let ready = found.found("ready");
    let bytes = number(&ready["bytes"]) - number(&ready["present_bytes"]);
    row(
        "the past in memory",
        format!("{} MB: {:.0} bytes a relationship", mega(bytes), bytes / number(&ready["relationships"])),
    )?;
    row(
        "after start: the present ready, the past ready",
        format!("{:.2} s, {:.2} s", number(&ready["ready_ms"]) / 1000.0, number(&ready["past_ms"]) / 1000.0),
    )?;
    let fill = found.found("fill");
    row(
        "Postgres: changes, days",
        format!(
            "{:.0} MB, {:.0} MB",
            number(&fill["change_bytes"]) / 1e6,
            number(&fill["activity_bytes"]) / 1e6
        ),
    )?;
    let turns = |name: &str| {
        let turns: Vec<Value> = (1..)
            .map(|turn| found.found(&format!("identify-{name}-{turn}")))
            .take_while(|turn| !turn.is_null())
            .collect();
        let mean = |value: &dyn Fn(&Value) -> f64| turns.iter().map(value).sum::<f64>() / turns.len() as f64;
        [
            mean(&|turn| number(&turn["per_s"])),
            mean(&|turn| number(&turn["times"]["p50"])),
            mean(&|turn| number(&turn["times"]["p99"])),
        ]
    };
    let ([with, with_p50, with_p99], [without, without_p50, without_p99]) = (turns("with"), turns("without"));
    if !with.is_nan() {
        row(
            "identify by 64 connections: the past in memory, and not (p50, p99)",
            format!(
                "{with:.0}/s ({} ms, {} ms), {without:.0}/s ({} ms, {} ms): {:.0}%",
                millis(with_p50),
                millis(with_p99),
                millis(without_p50),
                millis(without_p99),
                with / without * 100.0
            ),
        )?;
    }
    Ok(text)
}

/// Starts and sizes, beside what they should be.
fn facts(found: &Run) -> Result<String, Failure> {
    let mut text = String::new();
    let (ready, sizes, empty) = (found.found("ready"), found.found("sizes"), found.found("sizes-empty"));
    let mut row =
        |what: &str, figure: String, wanted: &str| writeln!(text, "| {what} | {figure} | {wanted} |");
    let engine = ready["engine"].as_str().unwrap_or("?");
    let answered = number(&ready["answered_ms"]) / 1000.0;
    row(
        "ready after start (Postgres included), first answer by the engine",
        format!("{:.2} s, {answered:.2} s by {engine}", number(&ready["ready_ms"]) / 1000.0),
        "P7: 1M 6 s, 10M 60 s",
    )?;
    // Without what was, which is told apart.
    let past = number(&ready["bytes"]) - number(&ready["present_bytes"]);
    let index = number(&sizes["index_bytes"]) - past;
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
        format!("{:.0} ms", number(&found.found("empty")["ready_ms"])),
        "P10: 300 ms besides Postgres",
    )?;
    let fill = found.found("fill");
    let disk = |name: &str| number(&fill[name]) / 1e6;
    row(
        "Postgres: table, indexes",
        format!("{:.0} MB, {:.0} MB", disk("table_bytes"), disk("indexes_bytes")),
        "",
    )?;
    Ok(text)
}

/// Exports, freshness, and queries beside writers.
fn work(found: &Run, rows: u64) -> Result<String, Failure> {
    let mut text = String::new();
    let mut row =
        |what: &str, figure: String, wanted: &str| writeln!(text, "| {what} | {figure} | {wanted} |");
    for (form, export) in found.found("export").as_object().into_iter().flatten() {
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
    let fresh = found.found("fresh");
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
    for (what, busy) in found.found("busy").as_object().into_iter().flatten() {
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

pub(crate) fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

pub(crate) fn mega(bytes: f64) -> String {
    if bytes.is_nan() { "?".to_owned() } else { format!("{:.1}", bytes / 1e6) }
}

/// Milliseconds with three digits that count.
pub(crate) fn millis(value: f64) -> String {
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

pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = (0..digits.len().div_ceil(3))
        .rev()
        .map(|group| &digits[digits.len().saturating_sub(3 * (group + 1))..digits.len() - 3 * group])
        .collect();
    groups.join(",")
}
