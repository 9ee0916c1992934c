//! Conversion in a pass: when each row began and came to the end, and how many days lie between.

use filter::{
    Predicate,
    calendar::DAY,
    expr::Start,
    predicate::{Node, When},
};

use super::{
    Asked,
    slots::{NOWHERE, slots},
};
use crate::{
    Snapshot,
    engine::{Hits, Scope, gather, select::Time},
    insight::{
        Error, Ground, Place,
        conversion::{Answer, Conversion, Plan, Spot, Who, come},
    },
};

impl Snapshot {
    /// How many came from a beginning to an end; `None` where it does not know what is asked of the past.
    pub fn conversion(
        &self,
        scope: &Scope<'_>,
        ground: &Ground<'_>,
        question: &Conversion,
    ) -> Result<Option<Answer>, Error> {
        let asked = Asked { snapshot: self, scope: *scope };
        let plan = question.plan(ground, &asked)?;
        let population = ground.checked(Place::Filter, &question.population(ground))?;
        let from = ground.checked(Place::From, &come(&question.from))?;
        let to = ground.checked(Place::To, &come(&question.to))?;
        let lost = scope.moment.is_some() && question.by.as_ref().is_some_and(|by| self.has_lost(&by.field));
        if lost || ![&population, &from, &to].iter().all(|predicate| asked.tells(predicate)) {
            return Ok(None);
        }
        let times = time(self, scope, &question.from, &from).zip(time(self, scope, &question.to, &to));
        let Some((from, to)) = times else { return Ok(None) };
        let pass = Pass { plan: &plan, from, to };
        let new = || Table::new(&plan);
        let mut table =
            gather(&asked.hits(&population), new, |table, hits| pass.part(hits, table), Table::add);
        if question.by.is_some() {
            table.put_together();
        }
        Ok(Some(plan.answer(ground, |spot, _| table.count(spot))))
    }
}

/// What is gone through.
struct Pass<'p> {
    plan: &'p Plan<'p>,
    from: Time<'p>,
    to: Time<'p>,
}

/// How many people there are, of each slice.
struct Table {
    slices: Vec<Tally>,
}

/// How many people there are of a slice.
#[derive(Clone)]
struct Tally {
    entered: u64,
    converted: u64,
    before: u64,
    /// By window: those whose days are over, and who of them came to the end in time.
    over: Vec<[u64; 2]>,
    /// By window: those whose days are not over, and who of them has come to the end.
    running: Vec<[u64; 2]>,
    /// By day: who came to the end, and who is there now.
    days: Vec<[u64; 2]>,
}

/// How a time of each one's own is found; the predicate is that it has come.
fn time<'p>(
    snapshot: &Snapshot,
    scope: &Scope<'_>,
    start: &'p Start,
    come: &'p Predicate,
) -> Option<Time<'p>> {
    match (start, come.root()) {
        (Start::Field(field), _) => Some(Time::Field(field)),
        (Start::First(_), Node::Was { when: When::Within(within), node, .. }) => {
            Some(Time::First(*within, Box::new(snapshot.ready(scope, node))))
        }
        (Start::First(_), _) => None,
    }
}

impl Pass<'_> {
    fn part(&self, hits: &Hits<'_>, table: &mut Table) {
        let seen = &hits.seen;
        let field = self.plan.question.by.as_ref().map(|by| &by.field);
        let slices = slots(seen, field, &self.plan.slices);
        let (from, to) = (self.from.of(seen), self.to.of(seen));
        hits.rows.each(|row| {
            let slice = slices[row];
            if let Some(from) = from[row].filter(|_| slice != NOWHERE) {
                self.enter(from, to[row], &mut table.slices[usize::from(slice)]);
            }
        });
    }

    /// Counts somebody who began and came to the end then.
    fn enter(&self, from: i64, to: Option<i64>, tally: &mut Tally) {
        if to.is_some_and(|to| to < from) {
            tally.before += 1;
            return;
        }
        tally.entered += 1;
        tally.converted += u64::from(to.is_some());
        let took = to.map(|to| to - from);
        let waited = self.plan.now.0 - from;
        for (window, days) in self.plan.question.within.iter().enumerate() {
            let days = i64::from(*days) * DAY;
            let (of, some) = match waited >= days {
                true => (&mut tally.over[window], took.is_some_and(|took| took < days)),
                false => (&mut tally.running[window], took.is_some()),
            };
            of[usize::from(!some)] += 1;
        }
        // Who begins in the future is on the first day.
        let day = took.unwrap_or(waited).max(0) / DAY;
        if let Some(day) = usize::try_from(day).ok().and_then(|day| tally.days.get_mut(day)) {
            day[usize::from(took.is_none())] += 1;
        }
    }
}

impl Table {
    fn new(plan: &Plan<'_>) -> Table {
        let Conversion { within, days, .. } = plan.question;
        let windows = vec![[0; 2]; within.len()];
        let none = Tally {
            entered: 0,
            converted: 0,
            before: 0,
            over: windows.clone(),
            running: windows,
            days: vec![[0; 2]; *days as usize],
        };
        Table { slices: vec![none; plan.slices.len()] }
    }

    fn add(&mut self, other: &Table) {
        self.slices.iter_mut().zip(&other.slices).for_each(|(own, other)| own.add(other));
    }

    /// Everybody is who is in one of the other slices.
    fn put_together(&mut self) {
        if let Some((all, each)) = self.slices.split_first_mut() {
            each.iter().for_each(|slice| all.add(slice));
        }
    }

    /// How many people there are at a place.
    fn count(&self, Spot { slice, who }: Spot) -> u64 {
        let tally = &self.slices[slice];
        let of = |[some, others]: [u64; 2], is_some: bool| if is_some { some } else { some + others };
        match who {
            Who::Entered => tally.entered,
            Who::Converted => tally.converted,
            Who::Before => tally.before,
            Who::Over { window, some } => of(tally.over[window], some),
            Who::Running { window, some } => of(tally.running[window], some),
            Who::Events(day) => tally.days[day as usize][0],
            Who::Censored(day) => tally.days[day as usize][1],
            Who::AtRisk(day) => tally.entered - tally.days[..day as usize].iter().flatten().sum::<u64>(),
        }
    }
}

impl Tally {
    fn add(&mut self, other: &Tally) {
        self.entered += other.entered;
        self.converted += other.converted;
        self.before += other.before;
        let sides = [
            (&mut self.over, &other.over),
            (&mut self.running, &other.running),
            (&mut self.days, &other.days),
        ];
        for (own, other) in sides {
            own.iter_mut().flatten().zip(other.iter().flatten()).for_each(|(own, other)| *own += other);
        }
    }
}
