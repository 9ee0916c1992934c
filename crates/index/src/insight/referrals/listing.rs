//! Which filters of many codes there is room for.

use filter::{Expr, TEXT_BYTES_MAX};

use super::{Brought, Unlisted};
use crate::insight::{FILTERS_MAX, Ground, Place};

/// The room for filters of many codes.
pub(super) struct Room<'g> {
    ground: &'g Ground<'g>,
    left: usize,
}

impl<'g> Room<'g> {
    /// What is left where so many bytes are taken.
    pub(super) fn new(ground: &'g Ground<'g>, taken: usize) -> Room<'g> {
        Room { ground, left: FILTERS_MAX.saturating_sub(taken) }
    }

    /// Takes the room of all filters of some people, if each can be asked and all of them fit.
    pub(super) fn take(&mut self, brought: &Brought) -> Result<(), Unlisted> {
        let sums = brought.sums.iter().flat_map(|amount| [&amount.all.people, &amount.paid.people]);
        let mut all = [&brought.people, &brought.paid_people].into_iter().chain(sums).flatten();
        let bytes =
            all.try_fold(0, |bytes, filter| Some(bytes + self.length(filter)?)).ok_or(Unlisted::Long)?;
        self.left = self.left.checked_sub(bytes).ok_or(Unlisted::Full)?;
        Ok(())
    }

    /// How long a filter is, if it can be asked.
    fn length(&self, filter: &Expr) -> Option<usize> {
        let length = filter.to_string().len();
        let is_asked = length <= TEXT_BYTES_MAX && self.ground.checked(Place::Filter, filter).is_ok();
        is_asked.then_some(length)
    }
}
