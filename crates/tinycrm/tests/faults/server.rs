//! A real server, as a process, and what is asked of it.

use std::{
    fs::{File, Permissions},
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
};

use serde_json::Value;

use super::{agent, wait_until};

/// A server with a key, on a Postgres of its own or on another.
pub(crate) struct Server {
    child: Child,
    /// Its data directory; nothing is in it where the database is another's.
    pub(crate) data: PathBuf,
    pub(crate) port: u16,
    pub(crate) key: String,
    database: Option<String>,
    options: Vec<String>,
}

impl Server {
    /// One with its own Postgres.
    pub(crate) fn start() -> Server {
        Server::with(&directory().join("data"), None, &[])
    }

    /// One on the Postgres at this address.
    pub(crate) fn on(database: &str) -> Server {
        Server::with(&directory().join("data"), Some(database), &[])
    }

    /// One whose data is at `data`, and which has these options too.
    pub(crate) fn with(data: &Path, database: Option<&str>, options: &[&str]) -> Server {
        let port = free_port();
        let (data, database) = (data.to_owned(), database.map(str::to_owned));
        let options: Vec<String> = options.iter().map(|&option| option.to_owned()).collect();
        let child = spawn(&data, port, database.as_deref(), &options);
        let mut server = Server { child, data, port, key: String::new(), database, options };
        server.ready();
        let made = server.command(&["project", "create", "app", "--json"]);
        let made: Value = serde_json::from_slice(&made.stdout).unwrap_or_else(|e| panic!("{e}: {made:?}"));
        server.key = made["key"].as_str().unwrap().to_owned();
        server
    }

    /// Waits until it says that it is ready.
    pub(crate) fn ready(&self) {
        wait_until(|| self.get("/readyz").is_some(), "the server is ready");
    }

    /// Kills it and starts it again.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.child = spawn(&self.data, self.port, self.database.as_deref(), &self.options);
    }

    /// Runs a command on its database.
    pub(crate) fn command(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tinycrm"));
        command.args(args);
        place(&mut command, &self.data, self.database.as_deref());
        command.output().unwrap()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// What it answers with 200.
    pub(crate) fn get(&self, path: &str) -> Option<Value> {
        let request = agent().get(self.url(path)).header("authorization", format!("Bearer {}", self.key));
        let mut answer = request.call().ok()?;
        let body = answer.body_mut().read_to_string().ok()?;
        (answer.status() == 200).then(|| serde_json::from_str(&body).unwrap())
    }

    /// The params of a customer; null where there is none.
    pub(crate) fn params(&self, email: &str) -> Value {
        let filter = format!("/v1/query?engine=sql&filter=email%20%3D%20%22{email}%22");
        let mut found = None;
        wait_until(
            || {
                found = self.get(&filter);
                found.is_some()
            },
            "a query is answered",
        );
        match found.unwrap()["count"].as_u64() {
            Some(0) => Value::Null,
            _ => self.get(&format!("/v1/customers/{email}")).unwrap()["relationships"][0]["params"].clone(),
        }
    }

    /// The index, loaded and followed anew, holds what Postgres holds, and the log tells it.
    pub(crate) fn check(&self) {
        let compared = self.command(&["check", "--json"]);
        let report: Value =
            serde_json::from_slice(&compared.stdout).unwrap_or_else(|e| panic!("{e}: {compared:?}"));
        assert_eq!(report["differences"], 0, "{report:#}");
        assert_eq!(report["log"]["differences"], 0, "{report:#}");
        assert!(compared.status.success());
    }

    /// The number of its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// How many bytes of memory it has just now, and the most that it has had.
    pub(crate) fn memory(&self) -> (u64, u64) {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let of = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
        };
        (of("VmRSS:"), of("VmHWM:"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-TERM", &self.id().to_string()]).status();
        let _ = self.child.wait();
        if let Some(parent) = self.data.parent().filter(|_| !thread::panicking()) {
            let _ = std::fs::remove_dir_all(parent);
        }
    }
}

/// A new directory that the user `postgres` can reach.
pub(crate) fn directory() -> PathBuf {
    let directory = tempfile::Builder::new().prefix("tinycrm-faults-").tempdir().unwrap().keep();
    std::fs::set_permissions(&directory, Permissions::from_mode(0o755)).unwrap();
    directory
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn place(command: &mut Command, data: &Path, database: Option<&str>) {
    match database {
        Some(url) => command.args(["--database-url", url]),
        None => command.arg("--data-dir").arg(data),
    };
}

fn spawn(data: &Path, port: u16, database: Option<&str>, options: &[String]) -> Child {
    let log = File::options().create(true).append(true).open(data.with_extension("log")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_tinycrm"));
    command.args(["serve", "--listen", &format!("127.0.0.1:{port}")]).args(options);
    place(&mut command, data, database);
    command.env("RUST_LOG", "warn").stdout(Stdio::null()).stderr(log).spawn().unwrap()
}
