//! Which filters of many codes there is room for.

use super::{Brought, Unlisted};
use crate::insight::{Error, FILTERS_MAX, Ground};

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
        let bytes = all
            .try_fold(0, |bytes, filter| Ok(bytes + self.ground.lists(filter)?))
            .map_err(|_: Error| Unlisted::Long)?;
        self.left = self.left.checked_sub(bytes).ok_or(Unlisted::Full)?;
        Ok(())
    }
}
