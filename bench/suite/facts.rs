//! What is not a question: how long until it is ready, how much memory it takes, how fast it exports.

use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};

use crate::{
    Failure, Run,
    http::{Request, Server},
};

/// Longer than any start takes, and longer than it takes to load what tens of millions were.
const PATIENCE: Duration = Duration::from_secs(600);
const LONG_PATIENCE: Duration = Duration::from_secs(4 * 3600);
/// How often it is asked whether it is ready.
const GLANCE: Duration = Duration::from_millis(5);

/// Waits until the server is ready, and says how long that was after its start (nanoseconds since 1970), until
/// `/readyz` said so, until a query was answered by the index, and until what was is in memory too.
pub(crate) fn ready(run: &Run, started: &str, name: &str) -> Result<(), Failure> {
    let started = UNIX_EPOCH + Duration::from_nanos(started.parse()?);
    let since = || SystemTime::now().duration_since(started).map(|time| time.as_secs_f64() * 1000.0);
    wait(PATIENCE, || Ok(run.server.open()?.try_send(&Request::get("/readyz"))?.0 == 200))?;
    let ready = since()?;
    let mut facts =
        json!({ "ready_ms": ready, "rss": memory(run.pid, "VmRSS"), "peak": memory(run.pid, "VmHWM") });
    if !run.server.key.is_empty() {
        let request = Request::post("/v1/query", "{\"select\":[\"count\"]}");
        facts["engine"] = run.server.open()?.ask(&request)?["engine"].clone();
        facts["answered_ms"] = json!(since()?);
        let present = remembered(run)?;
        facts["present_bytes"] = json!(present);
        facts["past_ms"] = json!(since()?);
        facts["bytes"] = index(run)?["bytes"].clone();
        facts["relationships"] = index(run)?["relationships"].clone();
    }
    run.write(name, &facts)
}

/// What `/readyz` says of the index.
fn index(run: &Run) -> Result<Value, Failure> {
    let mut ready = run.server.open()?.ask(&Request::get("/readyz"))?;
    Ok(ready["engines"]["index"].take())
}

/// Whether nothing is being loaded, and every account in memory knows its past.
pub(crate) fn is_settled(run: &Run) -> Result<bool, Failure> {
    let accounts = &index(run)?["accounts"];
    Ok(accounts["loading"] == json!(0) && accounts["past"] == accounts["ready"])
}

/// Waits until every account knows its past, unless BENCH_WITHOUT says that it does not fit. Returns the bytes that there were
/// before: at the first look, for what was goes part by part to what is.
fn remembered(run: &Run) -> Result<u64, Failure> {
    let present = AtomicU64::new(0);
    if std::env::var_os("BENCH_WITHOUT").is_none() {
        wait(LONG_PATIENCE, || {
            let index = index(run)?;
            let accounts = &index["accounts"];
            let whole = accounts["past"] == accounts["ready"];
            if present.load(Ordering::Relaxed) == 0 {
                present.store(index["bytes"].as_u64().unwrap_or(0), Ordering::Relaxed);
            }
            Ok(whole)
        })?;
    }
    Ok(present.into_inner())
}

/// A limit for the memory of the index into which what is fits, and what was does not: half of it.
pub(crate) fn limit(run: &Run, name: &str) -> Result<u64, Failure> {
    let facts = run.found(name);
    let bytes = |name: &str| facts[name].as_u64().ok_or_else(|| format!("nobody has said {name}"));
    Ok(bytes("present_bytes")?.midpoint(bytes("bytes")?))
}

fn wait(patience: Duration, condition: impl Fn() -> Result<bool, Failure>) -> Result<(), Failure> {
    let begin = Instant::now();
    while !condition().unwrap_or(false) {
        if begin.elapsed() > patience {
            return Err("the server did not become ready".into());
        }
        thread::sleep(GLANCE);
    }
    Ok(())
}

/// A line of `/proc/PID/status` in bytes; 0 where there is no such file.
pub(crate) fn memory(pid: u32, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    let kib: String = line.chars().filter(char::is_ascii_digit).collect();
    kib.parse::<u64>().unwrap_or(0) * 1024
}

/// Memory of the process and of the index, and the size of the program.
pub(crate) fn sizes(run: &Run, program: &Path) -> Result<(), Failure> {
    let metrics = String::from_utf8(run.metrics.open()?.send(&Request::get("/metrics"))?)?;
    let sum = |name: &str| -> Option<f64> {
        let values =
            metrics.lines().filter(|line| line.starts_with(name)).filter_map(|line| line.rsplit(' ').next());
        values.filter_map(|value| value.parse::<f64>().ok()).reduce(|sum, value| sum + value)
    };
    let parts: Vec<&str> = metrics.lines().filter(|line| line.starts_with("tinycrm_index_")).collect();
    let facts = json!({
        "rss": memory(run.pid, "VmRSS"), "peak": memory(run.pid, "VmHWM"),
        "index_bytes": sum("tinycrm_index_bytes"), "index_text": sum("tinycrm_index_text_bytes"), "index_rows": sum("tinycrm_index_rows"), "index_metrics": parts,
        "binary": fs::metadata(program)?.len(),
    });
    run.write("sizes", &facts)
}

/// Exports in each form, and by how much memory grew meanwhile.
pub(crate) fn export(run: &Run) -> Result<(), Failure> {
    let mut all = serde_json::Map::new();
    for (name, path) in [
        ("CSV of four columns", "/v1/export?columns=email,status,params.plan,params.mrr"),
        ("CSV of all columns", "/v1/export?format=csv"),
        ("NDJSON", "/v1/export?format=ndjson"),
    ] {
        let (before, begin) = (memory(run.pid, "VmRSS"), Instant::now());
        let (lines, most) = watched(run.pid, || run.server.open()?.lines(&Request::get(path)))?;
        if lines < run.rows()? {
            return Err(format!("{name} has only {lines} rows").into());
        }
        let rate = lines as f64 / begin.elapsed().as_secs_f64();
        all.insert(name.to_owned(), json!({ "rows_per_s": rate, "grew": most.saturating_sub(before) }));
    }
    run.write("export", &Value::Object(all))
}

/// Does something, and returns the most memory that the process held meanwhile.
fn watched<T>(pid: u32, work: impl FnOnce() -> Result<T, Failure>) -> Result<(T, u64), Failure> {
    let (stop, most) = (&AtomicBool::new(false), &AtomicU64::new(0));
    thread::scope(|scope| {
        scope.spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                most.fetch_max(memory(pid, "VmRSS"), Ordering::Relaxed);
                thread::sleep(Duration::from_millis(20));
            }
        });
        let done = work();
        stop.store(true, Ordering::Relaxed);
        Ok((done?, most.load(Ordering::Relaxed)))
    })
}

/// Makes sure that no answer holds a row of the account beside: each project has exactly its rows.
pub(crate) fn isolated(run: &Run) -> Result<(), Failure> {
    let count = |server: &Server| server.open()?.ask(&Request::post("/v1/query", "{\"select\":[\"count\"]}"));
    let (project, account) = (count(&run.server)?["count"].clone(), count(&run.account)?["count"].clone());
    if project != json!(run.rows()?) || account != project {
        return Err(format!(
            "{} rows were filled, the project has {project}, the account {account}",
            run.rows()?
        )
        .into());
    }
    Ok(())
}
