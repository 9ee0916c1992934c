//! The thread that runs Postgres: starts it, tells when it is ready, starts it again when it dies, and stops it.

use std::{
    fs::{self, File, OpenOptions},
    io::{Read, Seek, SeekFrom},
    os::unix::fs::OpenOptionsExt,
    path::PathBuf,
    process::Stdio,
    thread::JoinHandle,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::{
    process::{Child, Command},
    sync::oneshot,
    time::{sleep, timeout},
};

use super::{
    DataDir, Error, child, cluster, find, find::Installation, lock::Lock, pidfile, settings, socket,
};

/// How often a starting Postgres is asked whether it is ready.
const LOOK: Duration = Duration::from_millis(20);

/// Pauses before a dead Postgres is started again: the first, and the longest after doubling.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// A Postgres that lived this long was well: the next pause is the first again.
const WELL: Duration = Duration::from_secs(60);

/// Starts before the first success. More than one, because processes of a killed Postgres may hold its memory a moment.
const ATTEMPTS: u32 = 3;

/// How long an orderly end (with a checkpoint) may take before it is cut short, which costs a recovery at next start.
const LONGEST_STOP: Duration = Duration::from_secs(60);

/// A log longer than this is set aside at start; one older log is kept.
const LONGEST_LOG: u64 = 16 << 20;

/// Why this process runs Postgres.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// For the server's life; guests are cut off at its end.
    Server,
    /// For one command; its end waits for guests.
    Command,
}

type Ready = oneshot::Sender<Result<PathBuf, Error>>;

/// Starts the thread. It says once whether Postgres is ready (and where its socket is), and ends, releasing `lock`,
/// when Postgres has ended after `stop` was sent or dropped.
pub(super) fn spawn(
    dir: DataDir,
    lock: Lock,
    purpose: Purpose,
    ready: Ready,
    stop: oneshot::Receiver<()>,
) -> Result<JoinHandle<()>, Error> {
    let place = dir.path().to_owned();
    let body = move || {
        run(&dir, purpose, ready, stop);
        drop(lock);
    };
    std::thread::Builder::new()
        .name("postgres".to_owned())
        .spawn(body)
        .map_err(Error::file("start a thread for", place))
}

fn run(dir: &DataDir, purpose: Purpose, ready: Ready, stop: oneshot::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let started = runtime.map_err(Error::file("start a runtime for", dir.path())).and_then(|runtime| {
        let mut server = Server::prepare(dir)?;
        runtime.block_on(server.first_start())?;
        Ok((runtime, server))
    });
    // Whoever waited for the answer may be gone (cancelled); then `stop` is dropped too, and Postgres is stopped below.
    match started {
        Err(error) => drop(ready.send(Err(error))),
        Ok((runtime, mut server)) => {
            let _ = ready.send(Ok(server.socket.clone()));
            runtime.block_on(server.watch(stop));
            let guests_gone = if purpose == Purpose::Command { Lock::no_guests(dir).ok() } else { None };
            runtime.block_on(server.stop());
            drop(guests_gone);
        }
    }
}

/// Everything needed to start Postgres again and again.
struct Server {
    dir: DataDir,
    installation: Installation,
    socket: PathBuf,
    settings: Vec<String>,
    /// The process, unless it has ended. Outside of the futures that wait for it, so that cancelling them loses nothing.
    process: Option<Child>,
}

impl Server {
    fn prepare(dir: &DataDir) -> Result<Server, Error> {
        let installed = find::installations(dir.pg_bin.as_deref())?;
        let installation = cluster::prepare(dir, &installed)?;
        set_long_log_aside(dir);
        let socket = socket::directory(dir)?;
        Ok(Server { dir: dir.clone(), installation, socket, settings: settings::all(), process: None })
    }

    async fn first_start(&mut self) -> Result<(), Error> {
        let mut pause = FIRST_PAUSE;
        for _ in 1..ATTEMPTS {
            match self.start().await {
                Err(Error::Start { .. }) => sleep(pause).await,
                result => return result,
            }
            pause *= 4;
        }
        self.start().await
    }

    /// Watches over Postgres until `stop`; starts it again when it has died.
    async fn watch(&mut self, mut stop: oneshot::Receiver<()>) {
        tokio::select! {
            _ = &mut stop => {}
            () = self.keep_alive() => {}
        }
    }

    async fn keep_alive(&mut self) {
        let mut pause = FIRST_PAUSE;
        loop {
            let since = Instant::now();
            let status = self.end().await;
            if since.elapsed() > WELL {
                pause = FIRST_PAUSE;
            }
            tracing::error!(status, log = %self.dir.log().display(), "Postgres has ended; starting it again");
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            match self.start().await {
                Ok(()) => tracing::info!("Postgres is back"),
                Err(error) => tracing::error!("{error}"),
            }
        }
    }

    /// Starts Postgres and waits until it is ready, however long its recovery takes.
    async fn start(&mut self) -> Result<(), Error> {
        let cluster = self.dir.cluster();
        pidfile::make_way(&cluster, &self.socket)?;
        let (log, before) = self.open_log()?;
        let process = Command::from(self.command(log)).spawn().map_err(Error::file("run", self.program()))?;
        let pid = process.id().and_then(|pid| i32::try_from(pid).ok());
        self.process = Some(process);
        loop {
            if pidfile::read(&cluster)?.is_some_and(|found| found.ready && Some(found.pid) == pid) {
                return Ok(());
            }
            if let Ok(status) = timeout(LOOK, self.end()).await {
                return Err(Error::Start { status, log: self.dir.log(), said: self.said_since(before) });
            }
        }
    }

    /// Waits for the process to end, and says how it did.
    async fn end(&mut self) -> String {
        let Some(process) = &mut self.process else { return "not running".to_owned() };
        let status = process.wait().await;
        self.process = None;
        status.map_or_else(|error| error.to_string(), |status| status.to_string())
    }

    /// Stops Postgres: sessions are cut off, what was committed is written down.
    async fn stop(&mut self) {
        self.signal(Signal::SIGINT);
        if timeout(LONGEST_STOP, self.end()).await.is_err() {
            tracing::warn!("Postgres takes too long to stop; cutting it short");
            self.signal(Signal::SIGQUIT);
            self.end().await;
        }
    }

    /// Signals the process; its number is not reused before `end` has seen it end.
    fn signal(&self, signal: Signal) {
        let pid = self.process.as_ref().and_then(Child::id).and_then(|pid| i32::try_from(pid).ok());
        if let Some(pid) = pid {
            // An error means that it has ended.
            let _ = kill(Pid::from_raw(pid), signal);
        }
    }

    fn program(&self) -> PathBuf {
        self.installation.bin.join("postgres")
    }

    fn command(&self, log: File) -> std::process::Command {
        let mut command = child::command(&self.program(), self.dir.user(), Signal::SIGINT);
        command.arg("-D").arg(self.dir.cluster());
        for setting in &self.settings {
            command.arg("-c").arg(setting);
        }
        let mut sockets = std::ffi::OsString::from("unix_socket_directories=");
        sockets.push(socket::quoted(&self.socket));
        command.arg("-c").arg(sockets).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        command
    }

    /// The log, and its length by now.
    fn open_log(&self) -> Result<(File, u64), Error> {
        let path = self.dir.log();
        let open = OpenOptions::new().create(true).append(true).mode(0o600).open(&path);
        let log = open.map_err(Error::file("open", &path))?;
        let length = log.metadata().map_err(Error::file("read", &path))?.len();
        Ok((log, length))
    }

    /// What Postgres wrote to its log after its first `before` bytes.
    fn said_since(&self, before: u64) -> String {
        let mut said = Vec::new();
        // An unreadable log says nothing; the error that is being built names it.
        let _ = File::open(self.dir.log()).and_then(|mut log| {
            log.seek(SeekFrom::Start(before))?;
            log.read_to_end(&mut said)
        });
        String::from_utf8_lossy(&said).trim_end().to_owned()
    }
}

fn set_long_log_aside(dir: &DataDir) {
    let log = dir.log();
    if fs::metadata(&log).is_ok_and(|meta| meta.len() > LONGEST_LOG)
        && let Err(error) = fs::rename(&log, log.with_extension("log.1"))
    {
        tracing::warn!(%error, log = %log.display(), "cannot set the long log of Postgres aside");
    }
}
