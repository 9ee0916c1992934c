//! A throw-away database per test, in one private Postgres per test run.
//!
//! The Postgres is the product's own, run by the product's own supervisor with its real settings, in memory where there
//! is room. `TINYCRM_TEST_PG_BIN` names the programs of another version to run all tests on.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

use server::{
    config,
    embedded::{DataDir, Postgres},
    store::{Store, migrate},
};
use tokio::sync::OnceCell;
use tokio_postgres::{Client, Config, NoTls};

/// The database that all others are copies of.
const TEMPLATE: &str = "migrated";

/// A directory in memory with less room than this is not used.
const ROOM: u128 = 4 << 30;

static RUN: OnceCell<Run> = OnceCell::const_new();
static NUMBER: AtomicU32 = AtomicU32::new(0);

/// The Postgres of this test run. Nothing drops a static: Postgres stops with its parent, and a small shell that waits
/// for both removes the directory.
struct Run {
    postgres: Postgres,
    _data: PathBuf,
}

/// A database of one test's own; dropped with it.
pub(crate) struct TestDb {
    name: String,
    config: Config,
    /// Where it is the only one of a Postgres of its own.
    alone: Option<Alone>,
}

/// A Postgres of one test's own, with where its data lies.
struct Alone {
    postgres: Option<Postgres>,
    place: PathBuf,
}

impl Drop for Alone {
    fn drop(&mut self) {
        drop(self.postgres.take());
        let _ = std::fs::remove_dir_all(&self.place);
    }
}

impl TestDb {
    /// A database with the whole schema.
    pub(crate) async fn migrated() -> TestDb {
        TestDb::copy_of(TEMPLATE).await
    }

    /// A database with nothing in it.
    pub(crate) async fn empty() -> TestDb {
        TestDb::copy_of("template0").await
    }

    /// The same in a Postgres that nobody else uses, so that anything may be done to it.
    pub(crate) async fn alone() -> TestDb {
        let place = temporary();
        let postgres =
            Postgres::start(&data_dir(&place.join("data"))).await.unwrap_or_else(|e| panic!("{e}"));
        let config = postgres.config();
        let alone = Alone { postgres: Some(postgres), place };
        let db = TestDb { name: "postgres".to_owned(), config, alone: Some(alone) };
        migrate::run(&db.store()).await.unwrap_or_else(|e| panic!("{e}"));
        db
    }

    /// The processes of its Postgres, which nobody else uses: the one that begot the others comes first.
    pub(crate) fn processes(&self) -> Vec<i32> {
        let alone = self.alone.as_ref().expect("it is alone");
        let file = std::fs::read_to_string(alone.place.join("data/postgres/postmaster.pid")).unwrap();
        let first: i32 = file.lines().next().unwrap().parse().unwrap();
        let numbers = std::fs::read_dir("/proc").unwrap().flatten();
        let numbers = numbers.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
        let is_child = |number: &i32| {
            let stat = std::fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
            let parent = stat.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(1));
            parent == Some(&first.to_string())
        };
        std::iter::once(first).chain(numbers.filter(is_child)).collect()
    }

    async fn copy_of(template: &str) -> TestDb {
        let run = RUN.get_or_init(Run::start).await;
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        execute(&run.postgres.config(), &format!("create database {name} template {template}")).await;
        let mut config = run.postgres.config();
        config.dbname(&name);
        TestDb { name, config, alone: None }
    }

    /// How to connect.
    pub(crate) fn config(&self) -> Config {
        self.config.clone()
    }

    /// A store on the database.
    pub(crate) fn store(&self) -> Store {
        Store::open(self.config(), 8).expect("the configuration is complete")
    }

    /// A connection for statements of the test's own.
    pub(crate) async fn client(&self) -> Client {
        connect(&self.config).await
    }
}

impl Drop for TestDb {
    fn drop(&mut self) {
        let Some(run) = RUN.get().filter(|_| self.alone.is_none()) else { return };
        let (config, name) = (run.postgres.config(), self.name.clone());
        // A test's own runtime cannot be blocked on from within.
        let dropper = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let drop = async { execute(&config, &format!("drop database {name} with (force)")).await };
            runtime.expect("a runtime can be made").block_on(drop);
        });
        if dropper.join().is_err() && !std::thread::panicking() {
            panic!("the test's database could not be dropped");
        }
    }
}

impl Run {
    async fn start() -> Run {
        let data = temporary();
        remove_after_us(&data);
        let dir = data_dir(&data.join("data"));
        let postgres = Postgres::start(&dir).await.unwrap_or_else(|e| panic!("{e}"));
        execute(&postgres.config(), &format!("create database {TEMPLATE} template template0")).await;
        let mut config = postgres.config();
        let store = Store::open(config.dbname(TEMPLATE).clone(), 1).expect("the configuration is complete");
        migrate::run(&store).await.unwrap_or_else(|e| panic!("{e}"));
        Run { postgres, _data: data }
    }
}

/// The data directory at `path`, with the programs that the test run is about.
pub(crate) fn data_dir(path: &Path) -> DataDir {
    DataDir::locate(&database(path)).unwrap_or_else(|e| panic!("{e}"))
}

/// The settings of a private Postgres at `path`.
pub(crate) fn database(path: &Path) -> config::Database {
    config::Database {
        database_url: None,
        data_dir: path.to_owned(),
        pg_bin: std::env::var_os("TINYCRM_TEST_PG_BIN").map(PathBuf::from),
        allow_unsafe_postgres: false,
    }
}

/// A new directory that the user `postgres` can reach, in memory if there is room.
pub(crate) fn temporary() -> PathBuf {
    let memory = Path::new("/dev/shm");
    let room = nix::sys::statvfs::statvfs(memory)
        .map(|fs| u128::from(fs.blocks_available()) * u128::from(fs.fragment_size()));
    let parent = if room.is_ok_and(|room| room > ROOM) { memory.to_owned() } else { std::env::temp_dir() };
    let dir =
        tempfile::Builder::new().prefix("tinycrm-test-").tempdir_in(parent).expect("a directory can be made");
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755))
        .expect("the directory is ours");
    dir.keep()
}

/// Removes `data` when this process has ended, however it ends: the shell's input ends with us, then Postgres does.
fn remove_after_us(data: &Path) {
    use std::os::unix::process::CommandExt;
    let script = r#"cat; while [ -e "$0/data/postgres/postmaster.pid" ]; do sleep 0.1; done; rm -rf "$0""#;
    let shell = Command::new("sh")
        .args(["-c", script])
        .arg(data)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .expect("there is a shell");
    // Its input stays open until the kernel closes it.
    std::mem::forget(shell);
}

/// A connection that lives until its client is dropped.
pub(crate) async fn connect(config: &Config) -> Client {
    let (client, connection) = config.connect(NoTls).await.expect("Postgres answers");
    tokio::spawn(connection);
    client
}

async fn execute(config: &Config, sql: &str) {
    connect(config).await.batch_execute(sql).await.unwrap_or_else(|e| panic!("{sql}: {e:?}"));
}
