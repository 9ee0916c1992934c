//! kill -9 under load: of the server, and of its Postgres. Every acknowledged call is there once, whole.
//!
//! A few kills in a normal run; `SERVER_KILLS=50 POSTGRES_KILLS=20 cargo test -p tinycrm --test faults` is the long one.

#![allow(clippy::unwrap_used)]

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use uuid::Uuid;

/// Callers at once, each with a customer of its own beside the one that all share.
const CALLERS: usize = 12;
/// How long a fault may last before the test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn the_server_is_killed_under_load() {
    survive("SERVER_KILLS", 3, |server| {
        server.child.kill().unwrap();
        server.child.wait().unwrap();
        server.child = spawn(&server.data, server.port);
    });
}

#[test]
fn postgres_is_killed_under_load() {
    survive("POSTGRES_KILLS", 2, |server| {
        // Right after a kill the file still names the dead one.
        wait_until(|| kill_postgres(&server.data), "Postgres runs again");
    });
}

/// Many rows whose server is killed in the middle: the same import goes on, and each row counts once.
/// `IMPORT_ROWS=100000 cargo test -p tinycrm --test faults` imports more.
#[test]
fn the_server_is_killed_in_the_middle_of_an_import() {
    let rows: usize = std::env::var("IMPORT_ROWS").ok().and_then(|text| text.parse().ok()).unwrap_or(30_000);
    let mut server = Server::start();
    let file = server.data.with_extension("ndjson");
    let row = |n: usize| format!("{{\"email\":\"i{n}@x.com\",\"increment\":{{\"n\":1}}}}\n");
    std::fs::write(&file, (0..rows).map(row).collect::<String>()).unwrap();
    let import = |server: &Server| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tinycrm"));
        command.arg("import").arg(&file).env("TINYCRM_API_KEY", &server.key);
        command.env("TINYCRM_URL", format!("http://127.0.0.1:{}", server.port)).stderr(Stdio::null());
        command.stdout(Stdio::null()).spawn().unwrap()
    };
    for done in [rows as u64 / 10, rows as u64 / 3] {
        let mut importing = import(&server);
        wait_until(|| server.rows_of_import() >= done, "rows are imported");
        server.child.kill().unwrap();
        server.child.wait().unwrap();
        importing.kill().unwrap();
        importing.wait().unwrap();
        server.child = spawn(&server.data, server.port);
        wait_until(|| server.get("/readyz").is_some(), "the server starts again");
        assert!(server.rows_of_import() < rows as u64);
    }
    assert!(import(&server).wait().unwrap().success());
    for filter in ["", "params.n%20%3D%201"] {
        let answer = server.get(&format!("/v1/query?filter={filter}")).unwrap();
        assert_eq!(answer["count"], rows, "{answer:#}");
    }
    assert_eq!(server.get("/v1/imports").unwrap()["imports"].as_array().unwrap().len(), 1);
}

/// Kills the Postgres of a data directory; false when none runs.
fn kill_postgres(data: &Path) -> bool {
    let Ok(file) = std::fs::read_to_string(data.join("postgres/postmaster.pid")) else { return false };
    let Some(pid) = file.lines().next() else { return false };
    Command::new("kill").args(["-9", pid.trim()]).stderr(Stdio::null()).status().unwrap().success()
}

/// Calls without pause while `fault` strikes again and again, then counts what is there.
fn survive(variable: &str, normal: usize, mut fault: impl FnMut(&mut Server)) {
    let kills = std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(normal);
    let mut server = Server::start();
    let (stop, acknowledged) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let callers: Vec<_> = (0..CALLERS)
        .map(|number| {
            let caller = Caller::new(&server, number, &acknowledged);
            let stop = stop.clone();
            thread::spawn(move || caller.run(&stop))
        })
        .collect();
    for kill in 0..kills {
        let before = acknowledged.load(Ordering::Relaxed);
        wait_until(|| acknowledged.load(Ordering::Relaxed) > before + CALLERS, "calls are answered");
        // Strikes at any moment of a batch.
        thread::sleep(Duration::from_millis((kill as u64 * 37) % 150));
        fault(&mut server);
    }
    let before = acknowledged.load(Ordering::Relaxed);
    wait_until(
        || acknowledged.load(Ordering::Relaxed) > before + CALLERS,
        "calls are answered after the last fault",
    );
    stop.store(true, Ordering::Relaxed);
    let calls: Vec<usize> = callers.into_iter().map(|caller| caller.join().unwrap()).collect();
    check(&server, &calls);
    compare(&server);
}

/// The index, loaded and followed anew, holds what Postgres holds.
fn compare(server: &Server) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tinycrm"));
    let compared = command.args(["check", "--json", "--data-dir"]).arg(&server.data).output().unwrap();
    let report: Value =
        serde_json::from_slice(&compared.stdout).unwrap_or_else(|e| panic!("{e}: {compared:?}"));
    assert_eq!(report["differences"], 0, "{report:#}");
    assert_eq!(report["relationships"], CALLERS + 1, "{report:#}");
    assert!(compared.status.success());
}

/// Each call added its number to two sets and one to two sums: of its own customer, and of the shared one.
fn check(server: &Server, calls: &[usize]) {
    for (number, calls) in calls.iter().enumerate() {
        let params = server.params(&format!("c{number}@x.com"));
        let numbers: Vec<usize> = serde_json::from_value(params["calls"].clone()).unwrap();
        assert_eq!(numbers, (0..*calls).collect::<Vec<_>>(), "caller {number}: each call once, in order");
        assert_eq!(params["sum"], *calls, "caller {number}: whole");
    }
    let shared = server.params("shared@x.com");
    assert_eq!(shared["sum"], calls.iter().sum::<usize>());
    for (number, calls) in calls.iter().enumerate() {
        assert_eq!(shared[format!("k{number}")], *calls - 1, "the last of caller {number}");
    }
}

/// A real server on a private Postgres, with a key.
struct Server {
    child: Child,
    data: PathBuf,
    port: u16,
    key: String,
}

impl Server {
    fn start() -> Server {
        let data = tempfile::Builder::new().prefix("tinycrm-faults-").tempdir().unwrap().keep();
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o755)).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let data = data.join("data");
        let child = spawn(&data, port);
        let mut server = Server { child, data, port, key: String::new() };
        wait_until(|| server.get("/readyz").is_some(), "the server starts");
        let made = Command::new(env!("CARGO_BIN_EXE_tinycrm"))
            .args(["project", "create", "app", "--json", "--data-dir"])
            .arg(&server.data)
            .output()
            .unwrap();
        let made: Value = serde_json::from_slice(&made.stdout).unwrap_or_else(|e| panic!("{e}: {made:?}"));
        server.key = made["key"].as_str().unwrap().to_owned();
        server
    }

    fn get(&self, path: &str) -> Option<Value> {
        let url = format!("http://127.0.0.1:{}{path}", self.port);
        let mut answer =
            agent().get(url).header("authorization", format!("Bearer {}", self.key)).call().ok()?;
        let body = answer.body_mut().read_to_string().ok()?;
        (answer.status() == 200).then(|| serde_json::from_str(&body).unwrap())
    }

    /// How many rows of the only import are done.
    fn rows_of_import(&self) -> u64 {
        let imports = self.get("/v1/imports").unwrap_or_default();
        imports["imports"][0]["done"].as_u64().unwrap_or(0)
    }

    fn params(&self, email: &str) -> Value {
        let mut person = None;
        wait_until(
            || {
                person = self.get(&format!("/v1/customers/{email}"));
                person.is_some()
            },
            "the customer is shown",
        );
        person.unwrap()["relationships"][0]["params"].clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let pid = self.child.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &pid]).status();
        let _ = self.child.wait();
        if let Some(parent) = self.data.parent().filter(|_| !thread::panicking()) {
            let _ = std::fs::remove_dir_all(parent);
        }
    }
}

fn spawn(data: &Path, port: u16) -> Child {
    Command::new(env!("CARGO_BIN_EXE_tinycrm"))
        .args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--data-dir"])
        .arg(data)
        .env("RUST_LOG", "warn")
        .stdout(Stdio::null())
        .stderr(std::fs::File::options().create(true).append(true).open(data.with_extension("log")).unwrap())
        .spawn()
        .unwrap()
}

/// Sends calls one after the other, each again and again under its idempotency key until it is acknowledged.
struct Caller {
    url: String,
    key: String,
    number: usize,
    acknowledged: Arc<AtomicUsize>,
}

impl Caller {
    fn new(server: &Server, number: usize, acknowledged: &Arc<AtomicUsize>) -> Caller {
        let url = format!("http://127.0.0.1:{}/v1/batch", server.port);
        Caller { url, key: server.key.clone(), number, acknowledged: acknowledged.clone() }
    }

    /// Returns how many calls were acknowledged.
    fn run(&self, stop: &AtomicBool) -> usize {
        let agent = agent();
        let mut calls = 0;
        while !stop.load(Ordering::Relaxed) {
            let body = json!({ "items": [
                { "email": format!("c{}@x.com", self.number), "add": { "calls": calls }, "increment": { "sum": 1 } },
                { "email": "shared@x.com", "params": { format!("k{}", self.number): calls }, "increment": { "sum": 1 } },
            ] });
            self.send(&agent, &body.to_string());
            self.acknowledged.fetch_add(1, Ordering::Relaxed);
            calls += 1;
        }
        calls
    }

    fn send(&self, agent: &ureq::Agent, body: &str) {
        let (once, begin) = (Uuid::now_v7().to_string(), Instant::now());
        loop {
            let sent = agent
                .post(&self.url)
                .header("authorization", format!("Bearer {}", self.key))
                .header("content-type", "application/json")
                .header("idempotency-key", &once)
                .send(body);
            match sent.map(|answer| answer.status().as_u16()) {
                Ok(200) => return,
                Ok(409 | 429 | 503) | Err(_) => thread::sleep(Duration::from_millis(20)),
                Ok(status) => panic!("{status}"),
            }
            assert!(begin.elapsed() < PATIENCE, "the call {body} is never acknowledged");
        }
    }
}

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(10)));
    config.build().into()
}

#[track_caller]
fn wait_until(mut done: impl FnMut() -> bool, what: &str) {
    let begin = Instant::now();
    while !done() {
        assert!(begin.elapsed() < PATIENCE, "{what}");
        thread::sleep(Duration::from_millis(20));
    }
}
