//! What is asked of a batch.

use crate::{
    model::{Call, ProjectId, Source},
    store::receipt::Once,
};

/// The calls that one caller sent together.
pub(super) struct Request {
    pub(super) project: ProjectId,
    pub(super) source: Source,
    pub(super) calls: Vec<Call>,
    pub(super) once: Option<Once>,
}

/// A call with where it goes and whence it came.
#[derive(Clone, Copy)]
pub(super) struct Task<'a> {
    pub(super) project: ProjectId,
    pub(super) source: Source,
    pub(super) call: &'a Call,
}

impl Request {
    /// Its calls, one by one.
    pub(super) fn tasks(&self) -> impl Iterator<Item = Task<'_>> {
        self.calls.iter().map(|call| Task { project: self.project, source: self.source, call })
    }
}
