//! What is asked of a batch.

use crate::{
    model::{Call, ProjectId, Source},
    store::{import::Step, receipt::Once},
};

/// The calls that one caller sent together.
pub(super) struct Request {
    pub(super) project: ProjectId,
    pub(super) source: Source,
    pub(super) calls: Vec<Call>,
    pub(super) kept: Kept,
}

/// What is kept of a request with what it writes, so that it happens once.
pub(super) enum Kept {
    /// Nothing.
    Nothing,
    /// Its answer, under an idempotency key.
    Answer(Once),
    /// How far an import has come with it.
    Step(Step),
}

/// A call with where it goes and whence it came.
#[derive(Clone, Copy)]
pub(super) struct Task<'a> {
    pub(super) project: ProjectId,
    pub(super) source: Source,
    pub(super) call: &'a Call,
}

impl Request {
    /// The idempotency key that it came under.
    pub(super) fn once(&self) -> Option<&Once> {
        match &self.kept {
            Kept::Answer(once) => Some(once),
            Kept::Nothing | Kept::Step(_) => None,
        }
    }

    /// The step of an import that it is.
    pub(super) fn step(&self) -> Option<&Step> {
        match &self.kept {
            Kept::Step(step) => Some(step),
            Kept::Nothing | Kept::Answer(_) => None,
        }
    }

    /// Its calls, one by one.
    pub(super) fn tasks(&self) -> impl Iterator<Item = Task<'_>> {
        self.calls.iter().map(|call| Task { project: self.project, source: self.source, call })
    }
}
