//! What is asked of a batch.

use crate::{
    model::{Call, ProjectId, Source},
    store::{act, import::Step, receipt::Once},
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
    /// How far an act has come with it.
    Act(act::Step),
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
            _ => None,
        }
    }

    /// The step of an import that it is.
    pub(super) fn step(&self) -> Option<&Step> {
        match &self.kept {
            Kept::Step(step) => Some(step),
            _ => None,
        }
    }

    /// The step of an act that it is.
    pub(super) fn act(&self) -> Option<&act::Step> {
        match &self.kept {
            Kept::Act(step) => Some(step),
            _ => None,
        }
    }

    /// Its calls, one by one.
    pub(super) fn tasks(&self) -> impl Iterator<Item = Task<'_>> {
        self.calls.iter().map(|call| Task { project: self.project, source: self.source, call })
    }
}
