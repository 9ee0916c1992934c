//! Landmark: what people held so long after they were first seen, among those who were still there. What became of them after
//! that moment is not why they held it.

use filter::{
    Expr, Field,
    calendar::{DAY, Unit},
    expr::{Elapsed, Node, Own, Start, Step},
    value::Instant,
};

use super::{Error, Ground, People, Place, people};

/// The latest landmark, in days.
pub const DAYS_MAX: u32 = 1_000;

/// A moment of each relationship's own, and of whom it is told.
#[derive(Clone, Debug, PartialEq)]
pub struct Landmark {
    /// So many days after it was first seen, of 24 hours each; [`DAYS_MAX`] at most.
    pub days: u32,
    /// Who was there: what was true of them at that moment.
    pub there: Expr,
}

/// Those who match the filter and are not told of.
#[derive(Clone, Debug, PartialEq)]
pub struct Outside {
    /// Whose moment has not come yet.
    pub early: People,
    /// Whose moment is before history is kept; `None` where all of it is.
    pub unknown: Option<People>,
    /// Who was not there.
    pub away: People,
}

impl Landmark {
    /// How long it is after a relationship was first seen, in microseconds.
    pub(crate) fn elapsed(&self) -> i64 {
        i64::from(self.days) * DAY
    }

    /// That something was true at the landmark.
    fn was(&self, node: Node) -> Node {
        let shift = Elapsed { back: false, amount: self.days, step: Step::Calendar(Unit::Day) };
        people::was_at(node, Own { from: Start::Field(Field::FirstSeen), shift: Some(shift) })
    }

    fn was_there(&self) -> Node {
        let there = self.there.root.clone();
        self.was(there.unwrap_or_else(|| people::exists(&Field::FirstSeen)))
    }

    /// Who held something in a field. Who a person is does not travel, so that is asked of now.
    pub(super) fn held(&self, field: &Field, node: Node) -> Node {
        if people::travels(field) { self.was(node) } else { node }
    }

    /// The filter of those who match and were there.
    pub(crate) fn population(&self, ground: &Ground<'_>) -> Result<Expr, Error> {
        ground.checked(Place::There, &Expr::new(Some(self.was_there())))?;
        ground.lists(&self.outside(ground).away.people)?;
        Ok(ground.all([self.was_there()]))
    }

    /// Those who match and are not among them, uncounted.
    pub(crate) fn outside(&self, ground: &Ground<'_>) -> Outside {
        let people = |nodes: Vec<Node>| People { count: 0, people: ground.all(nodes) };
        let before = |instant: Instant| {
            people::before(&Field::FirstSeen, Instant(instant.0.saturating_sub(self.elapsed())))
        };
        let come = || people::after(&Field::FirstSeen, Instant(Instant::from(ground.now).0 - self.elapsed()));
        let unknown = ground.horizon.map(|since| before(since.into()));
        let known = unknown.clone().map(people::not);
        let away = [people::not(come())].into_iter().chain(known).chain([people::not(self.was_there())]);
        Outside {
            early: people(vec![come()]),
            unknown: unknown.map(|unknown| people(vec![unknown])),
            away: people(away.collect()),
        }
    }
}

impl Outside {
    /// All of them, with what each filter finds.
    pub(crate) fn each(&mut self) -> impl Iterator<Item = &mut People> {
        [&mut self.early].into_iter().chain(&mut self.unknown).chain([&mut self.away])
    }
}
