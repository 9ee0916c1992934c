//! Which filters of many codes there is room for.

use filter::Expr;

use super::{Brought, Unlisted};
use crate::{
    Datum,
    insight::{Error, FILTERS_MAX, Ground},
};

/// The room for filters of many codes.
pub(super) struct Room<'g> {
    ground: &'g Ground<'g>,
    /// How long the filter is of those who are told of.
    said: usize,
    left: usize,
}

impl<'g> Room<'g> {
    /// All that there is.
    pub(super) fn new(ground: &'g Ground<'g>) -> Room<'g> {
        Room { ground, said: ground.filter.to_string().len(), left: FILTERS_MAX }
    }

    /// Takes the room of filters that are told in any case; whether they fit.
    pub(super) fn claim<'e>(&mut self, filters: impl IntoIterator<Item = &'e Expr>) -> bool {
        let bytes = filters.into_iter().map(|filter| filter.to_string().len()).sum();
        let left = self.left.checked_sub(bytes);
        self.left = left.unwrap_or(0);
        left.is_some()
    }

    /// Whether there may be room for who came by some codes, and who of them pays. No filter is written to find that out.
    pub(super) fn may_hold(&self, codes: &[Datum]) -> bool {
        let length = |code: &Datum| match code {
            Datum::String(text) => text.len() + 2,
            _ => 1,
        };
        2 * (self.said + codes.iter().map(length).sum::<usize>()) <= self.left
    }

    /// Takes the room of all filters of some people, if each can be asked and all of them fit.
    pub(super) fn take(&mut self, brought: &Brought) -> Result<(), Unlisted> {
        let bytes = brought
            .filters()
            .try_fold(0, |bytes, filter| Ok(bytes + self.ground.lists(filter)?))
            .map_err(|_: Error| Unlisted::Long)?;
        self.left = self.left.checked_sub(bytes).ok_or(Unlisted::Full)?;
        Ok(())
    }
}
