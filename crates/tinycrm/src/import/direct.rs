//! Imports straight into the database, without a server.

use std::io::{self, Read, Write};

use serde_json::Value;
use server::{
    budget::Share,
    import::{Imports, Job, Rejects, Report, Spool},
    model::{Project, Slug},
    store::{View, import::Import, write::Writer},
};
use tokio::runtime::Runtime;

use super::Task;
use crate::{
    database::{self, Opened, Place},
    failure::{Failure, sentence},
};

/// Rejected rows that are read at a time.
const PAGE: i64 = 1_000;

/// A project in a database.
pub struct Direct {
    /// Goes first: the imports work in the runtime.
    imports: Imports,
    project: Project,
    db: Opened,
    runtime: Runtime,
}

impl Direct {
    /// The project in the database that the flags name.
    pub fn open(place: &Place, project: &Slug) -> Result<Direct, Failure> {
        let runtime = Runtime::new()?;
        let db = runtime.block_on(place.open())?;
        let project = runtime.block_on(database::project(&db.store, db.account, project))?;
        // One file, and nobody else: a turn is for those who come over HTTP.
        let imports = Imports::new(db.store.clone(), Writer::new(db.store.clone()), Share::new(1, 1));
        Ok(Direct { imports, project, db, runtime })
    }

    /// Begins the import of a file, or reads it for a dry run.
    pub(super) fn begin(&self, task: &Task, file: impl Read) -> Result<Value, Failure> {
        let no_room = |error: io::Error| {
            Failure::new(sentence(&error.to_string())).hint("Set TMPDIR to a folder with room for the file.")
        };
        let spooled = Spool::new().map_err(no_room)?.read(file)?;
        let (name, account) = (task.name(), self.db.account);
        let job = Job::of(spooled, &name, &self.project.slug, &task.options)?;
        self.runtime.block_on(async {
            if task.dry_run {
                return json(&self.imports.dry_run(account, &self.project, &name, job).await?);
            }
            let import = self.imports.begin(account, &self.project, &name, job).await?;
            let report = self.imports.report(account, &import, &self.project).await?;
            json(&Report { went_on_after: import.goes_on_after(), ..report })
        })
    }

    /// How an import stands.
    pub(super) fn report(&self, id: &str) -> Result<Value, Failure> {
        self.runtime.block_on(async {
            let import = self.find(id).await?;
            json(&self.imports.report(self.db.account, &import, &self.project).await?)
        })
    }

    /// Notes that the end of an import was heard of, which comes last: whoever is cut off before it hears of the same import
    /// again. A server that runs has seen by then what was written.
    pub(super) fn heard(&self, id: &str) -> Result<(), Failure> {
        self.runtime.block_on(async {
            self.db.settle().await;
            self.imports.tell(self.db.account, &self.find(id).await?).await?;
            Ok(())
        })
    }

    /// Writes the rows that were not taken.
    pub(super) fn rejected(&self, id: &str, out: &mut dyn Write) -> Result<(), Failure> {
        let import = self.runtime.block_on(self.find(id))?;
        let rejects: Rejects =
            serde_json::from_value(import.rejects).map_err(|error| Failure::new(error.to_string()))?;
        out.write_all(&rejects.head())?;
        let mut after = 0;
        loop {
            let (store, account) = (&self.db.store, self.db.account);
            let rows = server::store::import::rejected(store, account, import.id, after, PAGE);
            let rows = self.runtime.block_on(rows)?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = last.record;
            for row in &rows {
                out.write_all(&rejects.line(row))?;
            }
        }
    }

    async fn find(&self, id: &str) -> Result<Import, Failure> {
        let id = id.parse().map_err(|_| Failure::new(format!("{id} is no id of an import.")))?;
        let view = View { account: self.db.account, project: Some(self.project.id) };
        Ok(server::store::import::find(&self.db.store, &view, id).await?)
    }
}

fn json(report: &Report) -> Result<Value, Failure> {
    serde_json::to_value(report).map_err(|error| Failure::new(error.to_string()))
}
