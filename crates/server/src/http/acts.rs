//! Acts under way: each a task that takes step after step. One that was stopped, by an end of the server or a lost database, is gone
//! on with when somebody asks for it.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::{
    model::ActId,
    store::{
        AccountId, Error, Store,
        act::{self, Portion},
        erase,
        write::Writer,
    },
};

/// How long an act waits when too much waits to be written.
const PAUSE: Duration = Duration::from_millis(200);

/// The acts that this process runs; cheap to clone.
#[derive(Clone)]
pub struct Acts {
    store: Store,
    writer: Writer,
    running: Arc<Mutex<HashSet<ActId>>>,
}

/// An act while it runs: dropped, it runs no more, whatever ended it.
struct Running(Acts, ActId);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.lock().remove(&self.1);
    }
}

impl Acts {
    /// None yet.
    pub fn new(store: Store, writer: Writer) -> Acts {
        Acts { store, writer, running: Arc::default() }
    }

    /// Whether this process runs an act.
    pub fn is_running(&self, id: ActId) -> bool {
        self.lock().contains(&id)
    }

    /// Goes on with an act, and does not wait for it. One that runs already is left alone.
    pub fn go(&self, account: AccountId, id: ActId) {
        if !self.lock().insert(id) {
            return;
        }
        let running = Running(self.clone(), id);
        tokio::spawn(async move {
            // What is not done stays so: the page of the act says it, and can go on.
            if let Err(error) = running.0.run(account, id).await {
                tracing::warn!(%account, act = %id, %error, "an act was stopped");
            }
        });
    }

    /// Takes steps until none is left.
    pub async fn run(&self, account: AccountId, id: ActId) -> Result<(), Error> {
        while let Some(portion) = act::next(&self.store, account, id).await? {
            match self.step(account, portion).await {
                Err(Error::Busy | Error::Share(_) | Error::Crowded(_)) => tokio::time::sleep(PAUSE).await,
                done => done?,
            }
        }
        act::finish(&self.store, account, id).await
    }

    /// Takes one step.
    pub async fn step(&self, account: AccountId, portion: Portion) -> Result<(), Error> {
        match portion {
            Portion::Write(project, calls, step) => {
                self.writer.submit_act(account, project, calls, step).await.map(|_| ())
            }
            Portion::Erase(people, step) => {
                erase::of_act(&self.store, account, &people, step).await.map(|_| ())
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<ActId>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
