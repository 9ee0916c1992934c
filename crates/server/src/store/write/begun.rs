//! Which projects have begun to be told of activity as it happens: what was before is not known, and is nobody's absence.
//!
//! The day is written once a project; so that it is not asked for with every batch, each process remembers of which it is.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use filter::calendar::day_of;
use uuid::Uuid;

use super::request::Request;
use crate::{
    model::ProjectId,
    store::batch::{Batch, Write},
};

/// The projects of which this process knows that their day is written.
#[derive(Clone, Default)]
pub(in crate::store) struct Begun(Arc<Mutex<HashSet<ProjectId>>>);

impl Begun {
    /// The projects that the requests tell of as it happens, and of which that is not known. An import is no activity.
    pub(super) fn missing(&self, requests: &[&Request]) -> Vec<ProjectId> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let told = requests.iter().filter(|request| !request.source.is_import());
        let mut missing: Vec<ProjectId> =
            told.map(|request| request.project).filter(|project| !known.contains(project)).collect();
        missing.sort_unstable();
        missing.dedup();
        missing
    }

    /// Notes that their day is written.
    pub(super) fn note(&self, projects: Vec<ProjectId>) {
        if !projects.is_empty() {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(projects);
        }
    }
}

impl Batch<'_> {
    /// Writes since when the projects' activity is recorded, where it is not written yet.
    pub(super) fn begin_activity(&mut self, projects: &[ProjectId]) {
        if projects.is_empty() {
            return;
        }
        let ids: Vec<Uuid> = projects.iter().map(|project| project.0).collect();
        let today = day_of(self.clock.now, &self.clock.zone);
        self.put(Write {
            sql: "update project set activity_since = $3
                  where account_id = $1 and id = any($2) and activity_since is null",
            parameters: vec![Box::new(ids), Box::new(today)],
        });
    }
}
