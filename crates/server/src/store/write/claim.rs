//! Idempotency keys under way: a second request under one of them is told so, and does not wait.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::Once;
use crate::{model::KeyId, store::Error};

/// Which are under way; cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Claims(Arc<Mutex<HashSet<(KeyId, String)>>>);

/// An idempotency key under way. It goes with its job, whose caller may have gone long before.
pub(super) struct Claim {
    of: Claims,
    name: (KeyId, String),
}

impl Claims {
    /// The key, until it is dropped; [`Error::InFlight`] while somebody else has it.
    pub(super) fn claim(&self, once: &Once) -> Result<Claim, Error> {
        let name = (once.scope, once.key.clone());
        if self.lock().insert(name.clone()) {
            Ok(Claim { of: self.clone(), name })
        } else {
            Err(Error::InFlight)
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<(KeyId, String)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.of.lock().remove(&self.name);
    }
}
