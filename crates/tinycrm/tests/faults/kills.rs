//! kill -9 under load: of the server, and of its Postgres; and in the middle of what takes several transactions.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use super::{
    cluster::Cluster,
    load::Load,
    long,
    server::{Server, directory},
    wait_until,
};

/// Callers at once.
const CALLERS: usize = 12;

#[test]
fn the_server_is_killed_under_load() {
    survive("the server killed", long("SERVER_KILLS", 3), Server::kill);
}

#[test]
fn postgres_is_killed_under_load() {
    survive("Postgres killed", long("POSTGRES_KILLS", 2), |server| {
        // Right after a kill the file still names the dead one.
        wait_until(|| kill_postgres(&server.data), "Postgres runs again");
    });
}

/// Its file may be on a disk that is full.
#[test]
fn a_log_that_cannot_be_written_stops_nothing() {
    let data = directory().join("data");
    std::os::unix::fs::symlink("/dev/full", data.with_extension("log")).unwrap();
    let server = Server::with(&data, None, &[]);
    let load = Load::start(&server, CALLERS);
    load.goes_on();
    wait_until(|| kill_postgres(&server.data), "Postgres runs");
    load.goes_on();
    load.audit(&server, "no room for the log");
}

/// Strikes again and again, in any moment of a batch.
fn survive(fault: &str, kills: usize, mut strike: impl FnMut(&mut Server)) {
    let mut server = Server::start();
    let load = Load::start(&server, CALLERS);
    for kill in 0..kills {
        load.goes_on();
        thread::sleep(Duration::from_millis((kill as u64 * 37) % 150));
        strike(&mut server);
    }
    load.goes_on();
    load.audit(&server, &format!("{fault} {kills} times"));
}

/// Kills the Postgres of a data directory; false when none runs.
fn kill_postgres(data: &Path) -> bool {
    let Ok(file) = std::fs::read_to_string(data.join("postgres/postmaster.pid")) else { return false };
    let Some(pid) = file.lines().next() else { return false };
    Command::new("kill").args(["-9", pid.trim()]).stderr(Stdio::null()).status().unwrap().success()
}

/// Many rows whose server is killed in the middle: the same import goes on, and each row counts once.
#[test]
fn the_server_is_killed_in_the_middle_of_an_import() {
    let rows = long("IMPORT_ROWS", 30_000);
    let mut server = Server::start();
    let file = server.data.with_extension("ndjson");
    let row = |n: usize| format!("{{\"email\":\"i{n}@x.com\",\"increment\":{{\"n\":1}}}}\n");
    std::fs::write(&file, (0..rows).map(row).collect::<String>()).unwrap();
    for done in [rows as u64 / 10, rows as u64 / 3] {
        let mut importing = import(&server, &file);
        wait_until(|| rows_of_import(&server) >= done, "rows are imported");
        server.kill();
        importing.kill().unwrap();
        importing.wait().unwrap();
        server.ready();
        assert!(rows_of_import(&server) < rows as u64);
    }
    assert!(import(&server, &file).wait().unwrap().success());
    for filter in ["", "params.n%20%3D%201"] {
        let answer = server.get(&format!("/v1/query?filter={filter}")).unwrap();
        assert_eq!(answer["count"], rows, "{answer:#}");
    }
    assert_eq!(server.get("/v1/imports").unwrap()["imports"].as_array().unwrap().len(), 1);
}

fn import(server: &Server, file: &Path) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tinycrm"));
    command.arg("import").arg(file).env("TINYCRM_API_KEY", &server.key).env("TINYCRM_URL", server.url(""));
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// How many rows of the only import are done.
fn rows_of_import(server: &Server) -> u64 {
    let imports = server.get("/v1/imports").unwrap_or_default();
    imports["imports"][0]["done"].as_u64().unwrap_or(0)
}

/// People whose log is pruned, and the changes of each: who came in 2020, and was something else each month.
const PEOPLE: usize = 2_000;
const CHANGES: usize = 21;
/// What stays of them: the birth, and the last.
const KEPT: usize = 2;
const MONTHS: &str = "
    insert into change (account_id, project_id, customer_id, at, version, seq, created, dated_by, received, source, fields,
                        params, stale)
    select r.account_id, r.project_id, r.customer_id, r.began + n * interval '1 month', r.version, n, false, 'caller',
           now(), 'secret_key', '{}', jsonb_build_object('n', jsonb_build_object('before', n - 1, 'after', n)), '{}'
    from relationship r, generate_series(1, 20) n";
const PRESENT: &str = "
    update relationship set params = '{\"n\": 20}', last_change = began + interval '20 months'";
const DUE: &str = "update account set history_months = 12, pruned_at = '2020-01-01'";
/// Of how many some but not all went that goes.
const HALF: &str = "
    select count(*)::text from (select count(*) as n from change group by customer_id, project_id) c where n not in (2, 21)";

/// A server that starts prunes what is due. Nobody is pruned by half, and what is gone is never asked for.
#[test]
fn the_server_is_killed_while_it_prunes() {
    let cluster = Cluster::start(40);
    let mut server = Server::on(&cluster.url());
    let file = server.data.with_extension("ndjson");
    let row = |n: usize| {
        format!(
            "{{\"email\":\"p{n}@x.com\",\"first_seen\":\"2020-01-01T00:00:00Z\",\"params\":{{\"n\":0}}}}\n"
        )
    };
    std::fs::write(&file, (0..PEOPLE).map(row).collect::<String>()).unwrap();
    assert!(import(&server, &file).wait().unwrap().success());
    cluster.execute(&[MONTHS, PRESENT, DUE]);
    let changes = || cluster.ask("select count(*)::text from change").parse::<usize>().unwrap();
    let mut left = changes();
    assert_eq!(left, PEOPLE * CHANGES);
    server.kill();
    for _ in 0..long("PRUNING_KILLS", 2) {
        wait_until(|| changes() < left, "the log is pruned");
        server.kill();
        left = changes();
        assert!(left > PEOPLE * KEPT, "it was killed when all was done");
        assert_eq!(cluster.ask(HALF), "0", "a log of which not all went that goes");
        assert_eq!(cluster.ask("select (horizon is not null)::text from clock"), "true");
    }
    let is_pruned = "select (pruned_at > now() - interval '1 hour')::text from account";
    wait_until(|| cluster.ask(is_pruned) == "true", "the log has been pruned");
    assert_eq!(changes(), PEOPLE * KEPT);
    server.ready();
    server.check();
    let horizon = cluster
        .ask("select to_char(horizon at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') from clock");
    let then = server.get(&format!("/v1/query?as_of={horizon}&filter=params.n%20%3D%2020")).unwrap();
    assert_eq!(then["count"], PEOPLE, "{horizon}");
    assert!(server.get("/v1/query?as_of=2021-01-01").is_none(), "what is before the horizon is refused");
}
