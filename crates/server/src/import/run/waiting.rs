//! Files that were received and wait for a yes: somebody looks at what they would become before anything is written.

use std::{
    collections::HashMap,
    fs::File,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use uuid::Uuid;

use super::{
    super::{About, Fault, Options},
    Job, Turn,
    spool::{FILE_MAX, Spooled},
};
use crate::{
    model::{Project, ProjectId, Slug},
    store::AccountId,
};

/// How long a file waits since somebody last looked at it.
const PATIENCE: Duration = Duration::from_secs(60 * 60);
/// So many files wait for one account, and so many bytes; what waits longest goes when more comes.
const EACH: usize = 4;
const BYTES: u64 = FILE_MAX;

/// A file that waits, and how it is to be read.
#[derive(Debug)]
pub struct Waiting {
    /// What its address is made of.
    pub id: Uuid,
    /// Into which project it goes.
    pub project: ProjectId,
    /// The file's name.
    pub name: String,
    /// How it is read.
    pub options: Options,
    /// What it was taken for, or why it cannot be read so.
    pub looked: Result<About, Fault>,
    account: AccountId,
    slug: Slug,
    file: Arc<File>,
    hash: [u8; 32],
}

impl Waiting {
    /// Looks at a file. Blocks; the turn that it was received with is over then.
    pub fn of(account: AccountId, project: &Project, name: String, spooled: Spooled) -> Waiting {
        let Spooled { file, hash, turn } = spooled;
        let (id, slug, options) = (Uuid::now_v7(), project.slug.clone(), Options::default());
        let looked = look(&file, hash, turn, (&name, &slug, &options)).map(Job::into_about);
        Waiting { id, project: project.id, name, options, looked, account, slug, file: Arc::new(file), hash }
    }

    /// The same file, read otherwise. Blocks.
    pub fn read(&self, options: Options, turn: Turn) -> Waiting {
        let how = (self.name.as_str(), &self.slug, &options);
        let looked = look(&self.file, self.hash, Some(turn), how).map(Job::into_about);
        let (name, slug, file) = (self.name.clone(), self.slug.clone(), self.file.clone());
        Waiting { name, slug, file, options, looked, ..*self }
    }

    /// How large it is.
    fn bytes(&self) -> u64 {
        self.file.metadata().map_or(FILE_MAX, |about| about.len())
    }

    /// The file as what an import, or a dry run of one, takes. Blocks.
    pub fn job(&self, turn: Turn) -> Result<Job, Fault> {
        look(&self.file, self.hash, Some(turn), (&self.name, &self.slug, &self.options))
    }
}

fn look(
    file: &File,
    hash: [u8; 32],
    turn: Option<Turn>,
    (name, slug, options): (&str, &Slug, &Options),
) -> Result<Job, Fault> {
    let file = file.try_clone().map_err(|error| Fault::new(format!("The file cannot be read: {error}.")))?;
    Job::of(Spooled { file, hash, turn }, name, slug, options)
}

/// By their ids, and when somebody last looked at them.
type ById = HashMap<Uuid, (Instant, Arc<Waiting>)>;

/// Those of this process; cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Waitings(Arc<Mutex<ById>>);

impl Waitings {
    /// Keeps a file, in the place of what has its id. Needs a runtime: nobody may come to see that it has waited enough.
    pub(super) fn keep(&self, waiting: Waiting) -> Arc<Waiting> {
        let (waiting, mut all) = (Arc::new(waiting), self.all());
        if all.insert(waiting.id, (Instant::now(), waiting.clone())).is_none() {
            self.look_later(waiting.id);
        }
        let mut own: Vec<(Instant, Uuid, u64)> = all
            .values()
            .filter(|(_, other)| other.account == waiting.account)
            .map(|(looked_at, other)| (*looked_at, other.id, other.bytes()))
            .collect();
        own.sort_unstable();
        let (mut room, mut bytes) = (EACH, BYTES.max(waiting.bytes()));
        for (_, id, size) in own.into_iter().rev() {
            if room == 0 || size > bytes {
                all.remove(&id);
                room = 0;
            } else {
                (room, bytes) = (room - 1, bytes - size);
            }
        }
        waiting
    }

    /// Lets a file go when it has waited enough, whether or not anybody comes to see it.
    fn look_later(&self, id: Uuid) {
        let later = self.clone();
        tokio::spawn(async move {
            while later.all().contains_key(&id) {
                tokio::time::sleep(PATIENCE / 4).await;
            }
        });
    }

    /// The file of an account's that waits under that id.
    pub(super) fn find(&self, account: AccountId, id: Uuid) -> Option<Arc<Waiting>> {
        let mut all = self.all();
        let (looked_at, waiting) = all.get_mut(&id).filter(|(_, waiting)| waiting.account == account)?;
        *looked_at = Instant::now();
        Some(waiting.clone())
    }

    /// Lets a file go.
    pub(super) fn drop(&self, account: AccountId, id: Uuid) {
        self.all().retain(|other, (_, waiting)| *other != id || waiting.account != account);
    }

    fn all(&self) -> MutexGuard<'_, ById> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, (looked_at, _)| looked_at.elapsed() < PATIENCE);
        all
    }
}
