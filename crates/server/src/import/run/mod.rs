//! Imports under way: each a task that reads a file and writes its rows step by step.
//!
//! How far it has come is noted with what it writes. So whoever begins the same import again, after a kill or beside it,
//! goes on from there, and each row is written once.

mod job;
mod present;
mod report;
mod spool;
mod waiting;

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use serde::Serialize;
use serde_json::Value;
use tokio::{
    runtime::Handle,
    sync::{mpsc, watch},
};
use uuid::Uuid;

use crate::{
    budget::{Full, Part, Share},
    model::{Call, ImportId, Project},
    store::{
        AccountId, Error, Store, View, ignored,
        import::{self as stored, Counts, Fresh, Import, Step},
        project,
        write::Writer,
    },
};
use job::{Stop, Stretch};
use present::{Known, People, PrintedColumns};
use waiting::Waitings;

pub use job::Job;
pub use report::{RejectedRow, Report, State};
pub use spool::{FILE_MAX, Spool, Spooled, UNPACKED_MAX};
pub use waiting::Waiting;

/// Rejected rows that a report shows.
const REJECTED_SHOWN: i64 = 20;
/// How long a database that is away is waited for.
const PATIENCE: Duration = Duration::from_secs(120);
/// The wait between two attempts.
const PAUSE: Duration = Duration::from_millis(500);
/// From so many rows on Postgres is told what its tables hold now.
const MANY: i64 = 10_000;

/// The imports of this process; cheap to clone.
#[derive(Clone)]
pub struct Imports {
    store: Store,
    writer: Writer,
    /// How many may be read and written at once, those that are still being received included.
    turns: Share<AccountId>,
    /// Those that run, each with what is closed when it ends.
    live: Arc<Mutex<HashMap<ImportId, watch::Receiver<()>>>>,
    /// The files that were received and are not begun.
    waiting: Waitings,
}

/// One of the imports at once; over when it is dropped.
#[derive(Debug)]
pub struct Turn(#[expect(dead_code, reason = "it is held, not looked at")] Part<AccountId>);

impl Imports {
    /// No imports yet.
    pub fn new(store: Store, writer: Writer, turns: Share<AccountId>) -> Imports {
        Imports { store, writer, turns, live: Arc::default(), waiting: Waitings::default() }
    }

    /// A turn, to be taken before a file is received: each costs disk, a connection and a thread.
    pub fn turn(&self, account: AccountId) -> Result<Turn, Error> {
        self.turns.take(Some(account), 1).map(Turn).map_err(|full| match full {
            Full::One => Error::Share("imports"),
            Full::All => Error::Crowded("imports"),
        })
    }

    /// Keeps a file until somebody says yes, in the place of what has its id: an hour from when they last looked at it.
    pub fn keep(&self, waiting: Waiting) -> Arc<Waiting> {
        self.waiting.keep(waiting)
    }

    /// The file of an account's that waits under that id.
    pub fn waiting(&self, account: AccountId, id: Uuid) -> Option<Arc<Waiting>> {
        self.waiting.find(account, id)
    }

    /// Lets a file go that waits no longer.
    pub fn let_go(&self, account: AccountId, id: Uuid) {
        self.waiting.drop(account, id);
    }

    /// Begins an import, or goes on with one of the same file and options that has not ended; one of whose end nobody has
    /// heard is told once more. Needs a runtime; the import runs by itself.
    pub async fn begin(
        &self,
        account: AccountId,
        project: &Project,
        name: &str,
        job: Job,
    ) -> Result<Import, Error> {
        if project.archived {
            return Err(Error::Conflict(format!("{} is archived: nothing is written to it", project.slug)));
        }
        let about = kept(&job.survey.about().without_examples());
        let records = i64::try_from(job.survey.about().records).unwrap_or(i64::MAX);
        let rejects = kept(job.survey.rejects());
        let fresh = Fresh {
            project: project.id,
            name,
            fingerprint: job.fingerprint,
            about: &about,
            rejects: &rejects,
            records,
        };
        let import = stored::begin(&self.store, account, &fresh).await?;
        let (ends, ended) = watch::channel(());
        if import.finished_at.is_some() {
            return Ok(import);
        }
        if let Entry::Vacant(entry) = self.live().entry(import.id) {
            entry.insert(ended);
            let (imports, project, id, done) = (self.clone(), project.clone(), import.id, import.done);
            tokio::spawn(async move {
                imports.run(account, &project, id, done, job).await;
                imports.live().remove(&id);
                drop(ends);
            });
        }
        Ok(import)
    }

    /// Waits until an import of this process ends, at most so long.
    pub async fn wait(&self, id: ImportId, at_most: Duration) {
        let live = self.live().get(&id).cloned();
        if let Some(mut ended) = live {
            // What it waits for is that the sender goes.
            let _ = tokio::time::timeout(at_most, ended.changed()).await;
        }
    }

    /// Whether an import is run by this process.
    pub fn is_live(&self, id: ImportId) -> bool {
        self.live().contains_key(&id)
    }

    fn live(&self) -> MutexGuard<'_, HashMap<ImportId, watch::Receiver<()>>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn run(&self, account: AccountId, project: &Project, id: ImportId, done: i64, job: Job) {
        let broken = job.survey.about().broken.as_ref().map(|broken| broken.detail.clone());
        let problem = match self.write(account, project, id, done, job).await {
            Ok(()) => broken,
            Err(Stop::Fault(fault)) => Some(fault.to_string()),
            Err(Stop::Other(Error::Conflict(_) | Error::Missing(_))) => return, // it is run elsewhere, or was deleted
            Err(Stop::Other(error)) => {
                tracing::error!(%id, %error, "an import stopped; the same import goes on from there");
                let why = format!("It stopped: {error}.");
                if let Err(error) = stored::stumble(&self.store, account, id, &why).await {
                    tracing::error!(%id, %error, "why an import stopped could not be noted");
                }
                return;
            }
        };
        if let Err(error) = self.end(account, id, problem.as_deref()).await {
            tracing::error!(%id, %error, "the end of an import could not be noted");
        }
    }

    async fn end(&self, account: AccountId, id: ImportId, problem: Option<&str>) -> Result<(), Error> {
        patiently(PATIENCE, || stored::finish(&self.store, account, id, problem)).await?;
        let view = View { account, project: None };
        let Counts { created, updated, .. } = stored::find(&self.store, &view, id).await?.counts;
        if created + updated >= MANY
            && let Err(error) = stored::analyze(&self.store).await
        {
            tracing::info!(%error, "Postgres was not told what its tables hold now; it will see by itself");
        }
        Ok(())
    }

    /// Reads in one thread and writes in another place: while a step is written, the next one is read.
    async fn write(
        &self,
        account: AccountId,
        project: &Project,
        id: ImportId,
        done: i64,
        job: Job,
    ) -> Result<(), Stop<Error>> {
        let (send, mut steps) = mpsc::channel::<Stretch>(1);
        let look = self.look(account, project, &job, PATIENCE);
        let reading = tokio::task::spawn_blocking(move || {
            let gone = |_| Error::Conflict("nobody takes the rows any more".to_owned());
            job.stretches(id, done, false, look, |stretch| send.blocking_send(stretch).map_err(gone))
        });
        while let Some(Stretch { step, calls, .. }) = steps.recv().await {
            self.refuse_archived(account, project, id).await.map_err(Stop::Other)?;
            self.step(account, project, calls, step).await.map_err(Stop::Other)?;
        }
        reading.await.unwrap_or_else(|panic| Err(Stop::Other(Error::Batch(panic.to_string()))))
    }

    /// Stops where the project has been archived meanwhile: brought back, the same import goes on.
    async fn refuse_archived(
        &self,
        account: AccountId,
        project: &Project,
        id: ImportId,
    ) -> Result<(), Error> {
        let now = patiently(PATIENCE, || project::by_id(&self.store, account, project.id)).await?;
        if !now.archived {
            return Ok(());
        }
        stored::stumble(&self.store, account, id, "It stopped: the project was archived.").await?;
        Err(Error::Conflict("the project is archived".to_owned()))
    }

    /// Asks, from the thread that reads, what is stored of people.
    fn look(
        &self,
        account: AccountId,
        project: &Project,
        job: &Job,
        patience: Duration,
    ) -> impl FnMut(&People) -> Result<Known, Error> + Send + use<> {
        let (store, project, columns) =
            (self.store.clone(), project.clone(), PrintedColumns::of(&job.survey));
        let runtime = Handle::current();
        move |people| {
            runtime.block_on(patiently(patience, || Known::read(&store, account, &project, &columns, people)))
        }
    }

    /// Writes a step. One that was written but not answered is known again, so it may be tried as often as it takes.
    async fn step(
        &self,
        account: AccountId,
        project: &Project,
        calls: Vec<Call>,
        step: Step,
    ) -> Result<(), Error> {
        let write = || self.writer.submit_step(account, project.id, calls.clone(), step.clone());
        patiently(PATIENCE, write).await.map(drop)
    }

    /// Reads a file as an import would, and writes nothing.
    pub async fn dry_run(
        &self,
        account: AccountId,
        project: &Project,
        name: &str,
        job: Job,
    ) -> Result<Report, Error> {
        // Somebody waits for the answer.
        let look = self.look(account, project, &job, Duration::ZERO);
        let mut report = Report::dry_run(project, name, job.survey.about());
        let ignored = ignored::load(&self.store, account).await?;
        let read = tokio::task::spawn_blocking(move || {
            let ran = job.stretches(ImportId::new(), 0, true, look, |stretch| {
                report.take(stretch, &ignored);
                Ok(())
            });
            (report, ran)
        });
        let (mut report, ran) = read.await.map_err(|panic| Error::Batch(panic.to_string()))?;
        match ran {
            Ok(()) => {}
            Err(Stop::Fault(fault)) => report.problem = Some(fault.to_string()),
            Err(Stop::Other(error)) => return Err(error),
        }
        if report.problem.is_some() {
            report.state = State::Failed;
        }
        Ok(report)
    }

    /// How an import stands, for a list: without its columns, of which a file may have thousands.
    pub fn summary(&self, import: &Import, project: &Project) -> Report {
        let mut report = Report::of(import, project, self.is_live(import.id), Vec::new());
        if let Some(columns) = report.about.get_mut("columns") {
            *columns = Value::Array(Vec::new());
        }
        report
    }

    /// Notes that whoever began an import has heard of its end: the same file is another import from here on.
    pub async fn tell(&self, account: AccountId, import: &Import) -> Result<(), Error> {
        match import.finished_at {
            Some(_) => stored::tell(&self.store, account, import.id).await,
            None => Ok(()),
        }
    }

    /// How an import stands, with the first of its rejected rows.
    pub async fn report(
        &self,
        account: AccountId,
        import: &Import,
        project: &Project,
    ) -> Result<Report, Error> {
        let rejected = stored::rejected(&self.store, account, import.id, 0, REJECTED_SHOWN).await?;
        Ok(Report::of(import, project, self.is_live(import.id), rejected))
    }
}

/// Does something that may be done twice again and again, as long as the database is away and there is patience.
async fn patiently<T, F>(patience: Duration, work: impl Fn() -> F) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    let began = Instant::now();
    loop {
        match work().await {
            Err(Error::Busy | Error::Share(_)) => {}
            Err(Error::Unavailable(_) | Error::Unknown(_)) if began.elapsed() < patience => {}
            done => return done,
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// JSON as Postgres keeps it, which has no NUL.
fn kept(value: &impl Serialize) -> Value {
    let text = serde_json::to_string(value).unwrap_or_default();
    serde_json::from_str(&text.replace("\\u0000", "\u{fffd}")).unwrap_or_default()
}
