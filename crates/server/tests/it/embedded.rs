//! The private Postgres: started, used, stopped, killed, orphaned, shared, mistaken for another.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::{Pid, geteuid},
};
use server::embedded::{DataDir, Error, Postgres};

use crate::support::postgres::{connect, data_dir, database, temporary};

/// Tells a copy of this test binary to play a part in another test: `serve:DIR` or `once:DIR`.
const PART: &str = "TINYCRM_TEST_PART";

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(30);

/// A directory of one test's own, removed with it.
struct Place(PathBuf);

impl Place {
    fn new() -> Place {
        Place(temporary())
    }

    fn data(&self) -> DataDir {
        data_dir(&self.0.join("data"))
    }

    fn pid(&self) -> Option<i32> {
        let text = fs::read_to_string(self.0.join("data/postgres/postmaster.pid")).ok()?;
        text.lines().next()?.parse().ok()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

async fn start(place: &Place) -> Postgres {
    Postgres::start(&place.data()).await.unwrap_or_else(|e| panic!("{e}"))
}

async fn ask(postgres: &Postgres, sql: &str) -> String {
    connect(&postgres.config()).await.query_one(sql, &[]).await.unwrap().get(0)
}

async fn run(postgres: &Postgres, sql: &str) {
    connect(&postgres.config()).await.batch_execute(sql).await.unwrap();
}

fn is_alive(pid: i32) -> bool {
    kill(Pid::from_raw(pid), None).is_ok()
}

/// Waits until `done`, or fails.
async fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + LONG;
    while !done() {
        assert!(Instant::now() < deadline, "waited too long until {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn what_was_written_is_there_after_a_restart() {
    let place = Place::new();
    let postgres = start(&place).await;
    run(&postgres, "create table kept as select 'still here' as text").await;
    let pid = place.pid().expect("it runs");
    postgres.stop().await;
    assert!(!is_alive(pid), "stop answers when Postgres has ended");
    assert_eq!(place.pid(), None);
    let postgres = start(&place).await;
    assert_eq!(ask(&postgres, "select text from kept").await, "still here");
}

#[tokio::test]
async fn it_is_safe_private_and_checked() {
    let place = Place::new();
    let postgres = start(&place).await;
    for (setting, value) in [
        ("fsync", "on"),
        ("full_page_writes", "on"),
        ("synchronous_commit", "on"),
        ("data_checksums", "on"),
        ("listen_addresses", ""),
        ("server_encoding", "UTF8"),
        ("unix_socket_permissions", "0700"),
    ] {
        assert_eq!(ask(&postgres, &format!("show {setting}")).await, value, "{setting}");
    }
    assert_eq!(
        ask(&postgres, "select datcollate::text from pg_database where datname = 'postgres'").await,
        "C"
    );
    let cluster = fs::metadata(place.0.join("data/postgres")).unwrap();
    assert_eq!(cluster.mode() & 0o777, 0o700);
    let log = fs::metadata(place.0.join("data/postgres.log")).unwrap();
    assert_eq!(log.permissions().mode() & 0o777, 0o600);
    let as_root = cluster.uid() != geteuid().as_raw();
    assert_eq!(as_root, geteuid().is_root(), "root hands the cluster to another user, and nobody else does");
}

#[tokio::test]
async fn it_comes_back_when_it_is_killed() {
    let place = Place::new();
    let postgres = start(&place).await;
    run(&postgres, "create table kept as select 'still here' as text").await;
    let first = place.pid().expect("it runs");
    kill(Pid::from_raw(first), Signal::SIGKILL).unwrap();
    let deadline = Instant::now() + LONG;
    let client = loop {
        match postgres.config().connect(tokio_postgres::NoTls).await {
            Ok((client, connection)) if place.pid() != Some(first) => {
                tokio::spawn(connection);
                break client;
            }
            _ => assert!(Instant::now() < deadline, "it did not come back"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let row = client.query_one("select text from kept", &[]).await.unwrap();
    assert_eq!(row.get::<_, String>(0), "still here");
}

#[tokio::test]
async fn a_killed_server_leaves_no_orphan_and_the_next_one_starts() {
    let place = Place::new();
    let mut server = play("serve", &place, None);
    let pid = place.pid().expect("it runs");
    assert!(is_alive(pid));
    server.child.kill().unwrap();
    server.child.wait().unwrap();
    until("the orphan has ended", || !is_alive(pid)).await;
    let postgres = start(&place).await;
    assert_eq!(ask(&postgres, "select text from kept").await, "still here");
}

#[tokio::test]
async fn a_server_that_starts_at_once_after_a_kill_waits_for_the_orphan() {
    let place = Place::new();
    let mut server = play("serve", &place, None);
    let orphan = place.pid().expect("it runs");
    server.child.kill().unwrap();
    server.child.wait().unwrap();
    let postgres = start(&place).await;
    assert_ne!(place.pid(), Some(orphan));
    assert_eq!(ask(&postgres, "select text from kept").await, "still here");
}

#[tokio::test]
async fn stale_files_with_the_number_of_a_stranger_are_recovered_from() {
    let place = Place::new();
    start(&place).await.stop().await;
    let cluster = place.0.join("data/postgres");
    // Of the user who runs Postgres, which takes nobody else's process for one of its own.
    let user = fs::metadata(&cluster).unwrap().uid();
    let mut stranger = Command::new("sleep").arg("60").current_dir("/").uid(user).spawn().unwrap();
    let text = format!("{}\n/gone\n1700000000\n5432\n/gone\n\n\nready\n", stranger.id());
    for files in [&["postmaster.pid"][..], &[".s.PGSQL.5432.lock"], &["postmaster.pid", ".s.PGSQL.5432.lock"]]
    {
        files.iter().for_each(|file| fs::write(cluster.join(file), &text).unwrap());
        let postgres = start(&place).await;
        assert_eq!(ask(&postgres, "select 'well'").await, "well", "{files:?}");
        postgres.stop().await;
    }
    assert!(stranger.try_wait().unwrap().is_none(), "the stranger was left alone");
    stranger.kill().unwrap();
    stranger.wait().unwrap();
}

#[tokio::test]
async fn a_cluster_of_another_major_version_is_refused() {
    let place = Place::new();
    start(&place).await.stop().await;
    fs::write(place.0.join("data/postgres/PG_VERSION"), "9\n").unwrap();
    let error = Postgres::start(&place.data()).await.expect_err("no Postgres 9 is installed");
    assert!(matches!(&error, Error::OtherMajor { data, .. } if data == "9"), "{error}");
}

#[tokio::test]
async fn a_folder_without_postgres_is_refused() {
    let place = Place::new();
    let mut database = database(&place.0.join("data"));
    database.pg_bin = Some(place.0.clone());
    let dir = DataDir::locate(&database).unwrap();
    let error = Postgres::start(&dir).await.expect_err("the folder holds no Postgres");
    assert!(matches!(&error, Error::NotInFolder(folder) if *folder == place.0), "{error}");
}

#[tokio::test]
async fn a_start_that_fails_says_what_postgres_said() {
    let place = Place::new();
    start(&place).await.stop().await;
    let config = place.0.join("data/postgres/postgresql.conf");
    fs::write(&config, "shared_buffer = 1\n").unwrap();
    let error = Postgres::start(&place.data()).await.expect_err("the setting does not exist");
    assert!(matches!(&error, Error::Start { said, .. } if said.contains("\"shared_buffer\"")), "{error}");
}

#[tokio::test]
async fn a_path_too_long_for_a_socket_gets_a_short_one() {
    let place = Place::new();
    let dir = data_dir(&place.0.join("d".repeat(100)));
    let postgres = Postgres::start(&dir).await.unwrap_or_else(|e| panic!("{e}"));
    let socket = postgres.socket().to_owned();
    assert!(!socket.starts_with(&place.0), "{socket:?}");
    assert_eq!(fs::metadata(&socket).unwrap().mode() & 0o777, 0o700);
    assert_eq!(ask(&postgres, "select 'well'").await, "well");
    let guest = Postgres::attach(&dir).await.unwrap_or_else(|e| panic!("{e}"));
    assert_eq!((guest.is_owner(), guest.socket()), (false, socket.as_path()));
    drop(guest);
    postgres.stop().await;
    fs::remove_dir(&socket).unwrap();
}

#[tokio::test]
async fn a_second_server_is_told_who_is_there() {
    let place = Place::new();
    let _postgres = start(&place).await;
    let error = Postgres::start(&place.data()).await.expect_err("the directory is in use");
    let me = std::process::id().to_string();
    assert!(matches!(&error, Error::InUse { holder, .. } if *holder == me), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_share_one_postgres_and_the_last_to_leave_turns_off_the_light() {
    let place = Place::new();
    let commands = (0..8).map(|number| {
        let dir = place.data();
        tokio::spawn(async move {
            let postgres = Postgres::attach(&dir).await.unwrap_or_else(|e| panic!("{e}"));
            let client = connect(&postgres.config()).await;
            // The first command ends long before the others.
            for _ in 0..number * 5 {
                client.batch_execute("select pg_sleep(0.01)").await.unwrap();
            }
            let owner = postgres.is_owner();
            drop(client);
            postgres.stop().await;
            owner
        })
    });
    let commands: Vec<_> = commands.collect();
    let mut owners = 0;
    for command in commands {
        owners += u32::from(command.await.unwrap());
    }
    assert!(owners >= 1);
    assert_eq!(place.pid(), None, "nothing runs when nobody needs it");
}

#[tokio::test]
async fn an_ordinary_user_runs_it_too() {
    let place = Place::new();
    let nobody = geteuid().is_root().then_some(65534);
    if let Some(uid) = nobody {
        std::os::unix::fs::chown(&place.0, Some(uid), Some(uid)).unwrap();
    }
    let mut once = play("once", &place, nobody);
    assert!(once.child.wait().unwrap().success());
    let owner = fs::metadata(place.0.join("data/postgres")).unwrap().uid();
    assert_eq!(owner, nobody.unwrap_or(geteuid().as_raw()));
}

#[tokio::test]
async fn somebody_elses_data_is_left_alone() {
    if !geteuid().is_root() {
        // Only root can make somebody else's data.
        return;
    }
    let place = Place::new();
    start(&place).await.stop().await;
    let output = copy("once", &place, Some(65534)).stderr(Stdio::piped()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("/data/postgres belongs to user root, and this is user nobody"), "{said}");
}

/// A copy of this test binary, and its output, which must stay open.
struct Player {
    child: Child,
    _output: BufReader<ChildStdout>,
}

/// The command of a copy of this test binary that plays `part`, as another user if one is given.
fn copy(part: &str, place: &Place, uid: Option<u32>) -> Command {
    let binary = place.0.join("copy");
    // Where the build folder is closed to the other user, the copy is not. Another process makes it: what this one has open to
    // write to may be inherited by a child of another test for a moment, and is then too busy to be run.
    let copied = Command::new("cp").arg(std::env::current_exe().unwrap()).arg(&binary).status().unwrap();
    assert!(copied.success());
    let mut command = Command::new(binary);
    command.args(["--exact", "embedded::plays_its_part", "--nocapture"]);
    command
        .env(PART, format!("{part}:{}", place.0.join("data").display()))
        .current_dir("/")
        .stdout(Stdio::piped());
    if let Some(uid) = uid {
        command.uid(uid).gid(uid);
    }
    command
}

/// Starts a copy of this test binary that plays `part`, and waits until its Postgres is ready.
fn play(part: &str, place: &Place, uid: Option<u32>) -> Player {
    let mut child = copy(part, place, uid).spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let ready = output.by_ref().lines().map_while(Result::ok).any(|line| line.ends_with("ready"));
    assert!(ready, "the copy did not start its Postgres");
    Player { child, _output: output }
}

/// Not a test of its own: what the copy does. `serve` serves until it is killed, `once` stops in order.
#[tokio::test]
async fn plays_its_part() {
    let Ok(part) = std::env::var(PART) else { return };
    let (part, path) = part.split_once(':').unwrap();
    let postgres = Postgres::start(&data_dir(Path::new(path))).await.unwrap_or_else(|e| panic!("{e}"));
    run(&postgres, "create table kept as select 'still here' as text").await;
    println!("ready");
    if part == "serve" {
        std::future::pending::<()>().await;
    }
    postgres.stop().await;
}
