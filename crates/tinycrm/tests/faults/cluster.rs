//! A Postgres that is not the server's own, so that anything may be done to it.

use std::{
    fs::{self, File},
    io::Write,
    os::unix::{
        fs::{MetadataExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls, error::SqlState};

use super::{
    server::{directory, free_port},
    wait_until,
};

/// A Postgres on a port of this machine.
pub(crate) struct Cluster {
    place: PathBuf,
    pub(crate) port: u16,
}

impl Cluster {
    /// One that allows so many connections.
    pub(crate) fn start(connections: usize) -> Cluster {
        let cluster = Cluster::place(free_port());
        cluster.run("initdb", &["--username", "postgres", "--auth", "trust", "--locale", "C"]);
        let mut settings = File::options().append(true).open(cluster.data().join("postgresql.conf")).unwrap();
        let port = cluster.port;
        write!(
            settings,
            "port={port}\nlisten_addresses='127.0.0.1'\nunix_socket_directories=''\nmax_connections={connections}\n\
             shared_buffers=32MB\n"
        )
        .unwrap();
        cluster.begin();
        cluster
    }

    /// A standby, which has whatever this one says it has committed.
    pub(crate) fn standby(&self) -> Cluster {
        self.standby_at(free_port())
    }

    /// The same on a certain port.
    pub(crate) fn standby_at(&self, port: u16) -> Cluster {
        let standby = Cluster::place(port);
        let (from, place) = (self.port.to_string(), standby.data());
        let from = ["-h", "127.0.0.1", "-U", "postgres", "-p", &from, "-R", "-X", "stream", "-c", "fast"];
        ok(standby.program("pg_basebackup").args(from).arg("-D").arg(&place));
        let mut settings = File::options().append(true).open(place.join("postgresql.conf")).unwrap();
        writeln!(settings, "port={}", standby.port).unwrap();
        standby.begin();
        self.execute(&["alter system set synchronous_standby_names = '*'"]);
        self.run("pg_ctl", &["reload"]);
        wait_until(
            || self.ask("select count(*)::text from pg_stat_replication where sync_state = 'sync'") == "1",
            "the standby follows",
        );
        standby
    }

    /// Makes a standby the one that takes writes.
    pub(crate) fn promote(&self) {
        self.run("pg_ctl", &["promote", "-w"]);
    }

    fn place(port: u16) -> Cluster {
        let place = directory();
        if let Some((uid, gid)) = user() {
            chown(&place, Some(uid), Some(gid)).unwrap();
        }
        Cluster { place, port }
    }

    fn data(&self) -> PathBuf {
        self.place.join("data")
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        format!("host=127.0.0.1 port={} user=postgres dbname=postgres", self.port)
    }

    /// The address of whichever of the two takes writes.
    pub(crate) fn url_with(&self, other: &Cluster) -> String {
        format!(
            "host=127.0.0.1,127.0.0.1 port={},{} user=postgres dbname=postgres target_session_attrs=read-write",
            self.port, other.port
        )
    }

    /// Starts it.
    pub(crate) fn begin(&self) {
        let log = self.place.join("log");
        self.run("pg_ctl", &["start", "-w", "-l", log.to_str().unwrap()]);
    }

    /// Stops it at once, as a machine that is switched off does.
    pub(crate) fn end(&self) {
        self.run("pg_ctl", &["stop", "-w", "-m", "immediate"]);
    }

    /// Sends a signal to all its processes; the first one comes first, so that it begets no others.
    pub(crate) fn signal(&self, signal: &str) {
        let file = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        let Some(first) = file.lines().next() else { return };
        for (program, whom) in [("kill", vec![first]), ("pkill", vec!["-P", first])] {
            Command::new(program).arg(signal).args(whom).stderr(Stdio::null()).status().unwrap();
        }
    }

    /// Runs statements, each by itself.
    pub(crate) fn execute(&self, statements: &[&str]) {
        let runtime = runtime();
        let client = runtime.block_on(self.connect(&runtime)).unwrap();
        for statement in statements {
            runtime.block_on(client.batch_execute(statement)).unwrap();
        }
    }

    pub(crate) fn ask(&self, question: &str) -> String {
        let runtime = runtime();
        let client = runtime.block_on(self.connect(&runtime)).unwrap();
        runtime.block_on(client.query_one(question, &[])).unwrap().get(0)
    }

    /// Ends everybody's connections.
    pub(crate) fn cut(&self) {
        self.execute(&[CUT]);
    }

    /// Takes every connection that there is, and more as they become free, for so long.
    pub(crate) fn crowd(&self, time: Duration) {
        let (runtime, mut taken, begin) = (runtime(), Vec::new(), Instant::now());
        while begin.elapsed() < time {
            match runtime.block_on(self.connect(&runtime)) {
                Ok(client) => taken.push(client),
                Err(error) => {
                    assert_eq!(error.code(), Some(&SqlState::TOO_MANY_CONNECTIONS), "{error}");
                    let first: &Client = taken.first().unwrap();
                    let ours = format!("{CUT} and application_name <> 'crowd'");
                    runtime.block_on(first.batch_execute(&ours)).unwrap();
                    std::thread::sleep(Duration::from_millis(20));
                }
            }
        }
    }

    async fn connect(&self, runtime: &Runtime) -> Result<Client, tokio_postgres::Error> {
        let url = format!("{} application_name=crowd", self.url());
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await?;
        runtime.spawn(connection);
        Ok(client)
    }

    fn run(&self, program: &str, args: &[&str]) {
        ok(self.program(program).arg("-D").arg(self.data()).args(args));
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(programs().join(name));
        command.current_dir(&self.place).env("LC_ALL", "C").stdout(Stdio::null()).stderr(Stdio::piped());
        if let Some((uid, gid)) = user() {
            command.uid(uid).gid(gid);
        }
        command
    }
}

/// Ends the connections of clients but the one that asks.
const CUT: &str = "select pg_terminate_backend(pid) from pg_stat_activity \
                   where backend_type = 'client backend' and pid <> pg_backend_pid()";

impl Drop for Cluster {
    fn drop(&mut self) {
        self.signal("-CONT");
        let _ = self.program("pg_ctl").arg("-D").arg(self.data()).args(["stop", "-m", "immediate"]).output();
        if !std::thread::panicking() {
            let _ = fs::remove_dir_all(&self.place);
        }
    }
}

#[track_caller]
fn ok(command: &mut Command) {
    // What stays behind must not keep a pipe of ours open.
    let ended = command.stderr(Stdio::null()).status().unwrap();
    assert!(ended.success(), "{command:?}");
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

/// The user who runs Postgres where we are root, who may not.
fn user() -> Option<(u32, u32)> {
    let root = fs::metadata("/proc/self").unwrap().uid() == 0;
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let of = users.lines().map(|line| line.split(':').collect::<Vec<_>>()).find(|of| of[0] == "postgres");
    root.then(|| of.map(|of| (of[2].parse().unwrap(), of[3].parse().unwrap()))).flatten()
}

/// The folder of Postgres's programs.
fn programs() -> PathBuf {
    if let Some(named) = std::env::var_os("TINYCRM_TEST_PG_BIN") {
        return PathBuf::from(named);
    }
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let found = versions.map(|version| version.path().join("bin")).filter(|bin| bin.join("initdb").exists());
    found.max().unwrap_or_else(|| {
        let path = std::env::var_os("PATH").unwrap();
        let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
        folders.into_iter().find(|folder| Path::new(folder).join("initdb").exists()).unwrap()
    })
}
