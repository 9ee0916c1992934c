//! How an import stands: what people and programs are told of it.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::Value;

use super::{
    super::About,
    job::{SHOWN, Stretch},
};
use crate::{
    model::{Email, Ignored, ImportId, Project, now},
    store::import::{Counts, Import, Rejected, StaleRow, Step},
};

/// Rejected rows that a dry run shows.
const REJECTED_SHOWN: usize = 20;
/// An import that nobody has brought further for so long has been cut off.
const SILENCE: SignedDuration = SignedDuration::from_secs(60);

/// How an import stands.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Report {
    /// Its id; `null` for a dry run.
    pub id: Option<ImportId>,
    /// Where it is.
    pub state: State,
    /// Whether nothing is written.
    pub dry_run: bool,
    /// The project's slug.
    pub project: String,
    /// The file's name.
    pub file: String,
    /// Rows of the file.
    pub rows: u64,
    /// Those of them that are done.
    pub done: u64,
    /// Of the answer to whoever goes on with an import that was cut off: the row after which it goes on.
    pub went_on_after: Option<u64>,
    /// Customers who are new in the project.
    pub new: u64,
    /// Known customers of whom something differs from before; of a dry run, of whom something may.
    pub updated: u64,
    /// Rows that said what was so already.
    pub unchanged: u64,
    /// Of all these, rows that told something older than what is known, which entered history, or a past of people who were
    /// known already, which is not taken.
    pub stale: u64,
    /// The first of those: which rows, and what of them stays as it was.
    pub first_stale: Vec<StaleRow>,
    /// Rows about people whom the account ignores: nothing of them is stored.
    pub ignored: u64,
    /// Rows before `resume_from`, which were left out.
    pub skipped: u64,
    /// Rows that were not taken.
    pub rejected: u64,
    /// How many of those are kept, in the order of the file: the first 100,000, or 256 MiB.
    pub rejected_kept: u64,
    /// The first of those; `GET /v1/imports/{id}/rejected` has all that are kept.
    pub first_rejected: Vec<RejectedRow>,
    /// Of a dry run: the first calls that would be sent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    pub first_calls: Vec<Value>,
    /// What the file was taken for.
    #[schema(value_type = About)]
    pub about: Value,
    /// Why it ended before the end of the file.
    pub problem: Option<String>,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    pub started_at: Timestamp,
    /// When it ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub finished_at: Option<Timestamp>,
}

/// Where an import is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Rows are being written.
    Running,
    /// Every row is done.
    Finished,
    /// It ended before the end of the file: `problem` says why.
    Failed,
    /// It was cut off: the same file sent again, with the same options, goes on from there.
    Interrupted,
}

impl State {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Running => "running",
            State::Finished => "finished",
            State::Failed => "failed",
            State::Interrupted => "interrupted",
        }
    }
}

/// A row that was not taken.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct RejectedRow {
    /// Which row of the file, from 1; the header and blank lines are no rows.
    pub row: u64,
    /// On which line it begins, as an editor shows it.
    pub line: u64,
    /// What is wrong with it.
    pub reason: String,
}

impl Report {
    /// That of a run, which may be one of this process.
    pub(super) fn of(import: &Import, project: &Project, live: bool, rejected: Vec<Rejected>) -> Report {
        let Counts { created, updated, unchanged, stale, ignored, rejected: count } = import.counts;
        let state = match (import.finished_at, &import.problem) {
            (Some(_), None) => State::Finished,
            (Some(_), Some(_)) => State::Failed,
            (None, _) if live => State::Running,
            // Whoever ran it has said why it stopped.
            (None, Some(_)) => State::Interrupted,
            // It may be run by another process.
            (None, None) if now().duration_since(import.updated_at) < SILENCE => State::Running,
            (None, None) => State::Interrupted,
        };
        let all = created + updated + unchanged + ignored + count;
        Report {
            id: Some(import.id),
            state,
            dry_run: false,
            project: project.slug.to_string(),
            file: import.name.clone(),
            rows: unsigned(import.records),
            done: unsigned(import.done),
            went_on_after: None,
            new: unsigned(created),
            updated: unsigned(updated),
            unchanged: unsigned(unchanged),
            stale: unsigned(stale),
            first_stale: import.stale_rows.clone(),
            ignored: unsigned(ignored),
            skipped: unsigned(import.done - all),
            rejected: unsigned(count),
            rejected_kept: unsigned(import.kept),
            first_rejected: rejected.into_iter().map(RejectedRow::from).collect(),
            first_calls: Vec::new(),
            about: import.about.clone(),
            problem: import.problem.clone(),
            started_at: import.started_at,
            finished_at: import.finished_at,
        }
    }

    /// That of a dry run that has not begun.
    pub(super) fn dry_run(project: &Project, name: &str, about: &About) -> Report {
        let now = now();
        Report {
            id: None,
            state: State::Finished,
            dry_run: true,
            project: project.slug.to_string(),
            file: name.to_owned(),
            rows: about.records,
            done: 0,
            went_on_after: None,
            new: 0,
            updated: 0,
            unchanged: 0,
            stale: 0,
            first_stale: Vec::new(),
            ignored: 0,
            skipped: 0,
            rejected: 0,
            rejected_kept: 0,
            first_rejected: Vec::new(),
            first_calls: Vec::new(),
            about: serde_json::to_value(about).unwrap_or_default(),
            problem: about.broken.as_ref().map(|broken| broken.detail.clone()),
            started_at: now,
            finished_at: Some(now),
        }
    }

    /// Counts rows that nobody writes.
    pub(super) fn take(&mut self, stretch: Stretch, ignored: &Ignored) {
        let Stretch { step, calls, known, bodies } = stretch;
        let Step { from, to, rejected, unchanged, .. } = step;
        self.done = unsigned(to);
        self.skipped += unsigned(to - from - unchanged) - (calls.len() + rejected.len()) as u64;
        for (call, known) in calls.iter().zip(&known) {
            // As whoever writes it says it: by the address that the row gives, else by the one that the person has.
            let email = call.who().email.as_ref().map(Email::as_str).or(known.as_deref());
            match email.is_some_and(|email| ignored.has(email)) {
                true => self.ignored += 1,
                false if known.is_none() => self.new += 1,
                false => self.updated += 1,
            }
        }
        self.unchanged += unsigned(unchanged);
        self.rejected += rejected.len() as u64;
        let room = REJECTED_SHOWN.saturating_sub(self.first_rejected.len());
        self.first_rejected.extend(rejected.into_iter().take(room).map(RejectedRow::from));
        let room = SHOWN.saturating_sub(self.first_calls.len());
        self.first_calls.extend(bodies.into_iter().take(room));
    }
}

impl From<Rejected> for RejectedRow {
    fn from(Rejected { record, line, reason, .. }: Rejected) -> RejectedRow {
        RejectedRow { row: unsigned(record), line: unsigned(line), reason }
    }
}

fn unsigned(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}
