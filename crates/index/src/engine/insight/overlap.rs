//! Overlap: the customers of each project as a set of numbers, and how many each two sets share.

use filter::Predicate;
use uuid::Uuid;

use super::Asked;
use crate::{
    Snapshot,
    bits::Bits,
    engine::{Hits, Scope, each, select},
    insight::{
        Error, Ground, Place,
        overlap::{Answer, Plan, paying},
        people,
    },
};

impl Snapshot {
    /// How many customers projects have in common; `None` where it does not know what is asked of the past.
    pub fn overlap(&self, scope: &Scope<'_>, ground: &Ground<'_>) -> Result<Option<Answer>, Error> {
        let asked = Asked { snapshot: self, scope: *scope };
        let plan = Plan::new(ground)?;
        let everybody = ground.checked(Place::Filter, ground.filter)?;
        if !asked.tells(&ground.checked(Place::Filter, &paying(ground))?) {
            return Ok(None);
        }
        let paying = ground.checked(Place::Filter, &people::paying())?;
        let sides = self.sides(scope, ground, [&everybody, &paying]);
        let places: Vec<usize> = (0..sides.len()).collect();
        let shared =
            each(&places, |first| sides[*first..].iter().map(|other| sides[*first].shared(other)).collect());
        let shared: Vec<Vec<[u64; 2]>> = shared;
        Ok(Some(plan.answer(|spot, _| shared[spot.first][spot.second - spot.first][usize::from(spot.paid)])))
    }

    /// The customers of each project whom the first predicate finds there, and those of them whom the second finds too.
    fn sides(&self, scope: &Scope<'_>, ground: &Ground<'_>, [all, paying]: [&Predicate; 2]) -> Vec<Side> {
        let homes: Vec<Uuid> = ground.homes.iter().map(|home| home.id).collect();
        let hits = self.hits(&Scope { rows: &homes, predicate: all, ..*scope });
        let paying = self.ready(scope, paying.root());
        let paid = each(&hits, |hits| {
            let mut rows = select::living(&hits.seen, &paying);
            rows.keep(&hits.rows);
            Hits { seen: hits.seen, count: rows.count(), rows }
        });
        each(&homes, |home| Side { all: self.of(&hits, home), paid: self.of(&paid, home) })
    }

    /// The numbers of the customers of those hits that are of a project.
    fn of(&self, hits: &[Hits<'_>], project: &Uuid) -> Bits {
        self.numbers(hits.iter().filter(|hits| hits.seen.project == *project))
    }
}

/// The customers of a project.
struct Side {
    all: Bits,
    paid: Bits,
}

impl Side {
    /// How many two projects share, and how many of them pay in both.
    fn shared(&self, other: &Side) -> [u64; 2] {
        let all = self.all.common_with(&other.all) as u64;
        // Who pays in both is in both.
        let paid = if all > 0 { self.paid.common_with(&other.paid) as u64 } else { 0 };
        [all, paid]
    }
}
