//! Runs the binary, and one server that the tests share.

use std::{
    io::{Read, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::LazyLock,
};

use serde_json::Value;

static SHARED: LazyLock<Server> = LazyLock::new(|| Server::start(&[]));

/// What a command printed and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// The answer of a command that must succeed.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, 0, "{self:#?}");
        self.out
    }

    /// The answer as JSON.
    #[track_caller]
    pub(crate) fn json(self) -> Value {
        let text = self.ok();
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"))
    }
}

/// The command without anything of this machine's environment but the way to programs.
pub(crate) fn tinycrm(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tinycrm"));
    let kept = ["PATH", "HOME", "TMPDIR", "TINYCRM_TEST_PG_BIN"];
    command.env_clear().envs(std::env::vars().filter(|(name, _)| kept.contains(&name.as_str())));
    if let Ok(bin) = std::env::var("TINYCRM_TEST_PG_BIN") {
        command.env("TINYCRM_PG_BIN", bin);
    }
    command.args(args);
    command
}

/// Runs a command to its end, with `input` on stdin.
pub(crate) fn run(command: &mut Command, input: &str) -> Ran {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // A command that does not read its stdin closes it.
    let writer = std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A directory for data that the user `postgres` can reach.
pub(crate) fn directory() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::Builder::new().prefix("tinycrm-cli-").tempdir().unwrap();
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    dir
}

/// A server with its own Postgres in a directory of its own.
pub(crate) struct Server {
    pub(crate) url: String,
    pub(crate) data: PathBuf,
    /// What it said when it was ready.
    pub(crate) greeting: String,
    guard: Child,
}

impl Server {
    /// The server that all tests share; each test makes its own project.
    pub(crate) fn shared() -> &'static Server {
        &SHARED
    }

    /// Starts a server in a new directory, which goes when the server does.
    pub(crate) fn start(args: &[&str]) -> Server {
        Server::at(&directory().keep(), args, "rm -rf \"$DIRECTORY\"")
    }

    /// Starts a server that finds a variable in its environment.
    pub(crate) fn with(name: &str, value: &str) -> Server {
        Server::run(&directory().keep(), &[], "rm -rf \"$DIRECTORY\"", &[(name, value)])
    }

    /// Starts a server in a directory.
    pub(crate) fn at(directory: &Path, args: &[&str], finally: &str) -> Server {
        Server::run(directory, args, finally, &[])
    }

    /// Starts a server in a directory. A shell watches over it: when this process ends, however it ends, the shell's
    /// input does too, and it stops the server.
    fn run(directory: &Path, args: &[&str], finally: &str, environment: &[(&str, &str)]) -> Server {
        let script = format!(r#""$@" & server=$!; cat; kill $server; wait $server; {finally}"#);
        let data = directory.join("data");
        let mut command = tinycrm(&[]);
        let binary = command.get_program().to_owned();
        let envs: Vec<_> =
            command.get_envs().map(|(k, v)| (k.to_owned(), v.map(ToOwned::to_owned))).collect();
        command = Command::new("sh");
        command.env_clear();
        command.envs(envs.into_iter().filter_map(|(name, value)| Some((name, value?))));
        command.args(["-c", &script, "sh"]).arg(binary);
        command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(&data).args(args);
        command.env("DIRECTORY", directory).env("RUST_LOG", "error").envs(environment.iter().copied());
        let mut guard = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let greeting = greeting(&mut guard);
        let url = word_after(&greeting, "Dashboard");
        Server { url, data, greeting, guard }
    }

    /// Stops it and waits until it has ended.
    pub(crate) fn stop(mut self) {
        drop(self.guard.stdin.take());
        self.guard.wait().unwrap();
    }

    /// A command about the server's database.
    pub(crate) fn administer(&self, args: &[&str]) -> Ran {
        run(tinycrm(args).env("TINYCRM_DATA_DIR", &self.data), "")
    }

    /// A command that speaks to the server with a key.
    pub(crate) fn client(&self, key: &str, args: &[&str]) -> Command {
        let mut command = tinycrm(args);
        command.env("TINYCRM_URL", &self.url).env("TINYCRM_API_KEY", key);
        command
    }

    /// Makes a project and returns its secret key.
    pub(crate) fn project(&self, slug: &str) -> String {
        let made = self.administer(&["project", "create", slug, "--json"]).json();
        made["key"].as_str().unwrap().to_owned()
    }
}

/// What the server says when it is ready: it says it in one piece.
fn greeting(server: &mut Child) -> String {
    let mut stdout = server.stdout.take().unwrap();
    let (mut text, mut buffer) = (String::new(), [0; 8192]);
    while !text.contains("TinyCRM is ready") {
        let count = stdout.read(&mut buffer).unwrap();
        assert!(count > 0, "the server ended: {text}");
        text += std::str::from_utf8(&buffer[..count]).unwrap();
    }
    std::thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
    text
}

/// The word that follows another in a text.
#[track_caller]
pub(crate) fn word_after(text: &str, word: &str) -> String {
    let rest = text.split_once(word).unwrap_or_else(|| panic!("no {word} in {text}")).1;
    rest.split_whitespace().next().unwrap().to_owned()
}
