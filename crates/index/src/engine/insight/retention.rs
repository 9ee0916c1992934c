//! Retention in a pass: each row has a slice and a cohort, and counts in the periods in which it was retained.

use filter::{
    Field, Predicate,
    calendar::first_instant,
    value::{Instant, Moment},
};
use jiff::tz::TimeZone;
use uuid::Uuid;

use super::{
    Asked,
    slots::{NOWHERE, by_code, slots},
};
use crate::{
    Snapshot,
    column::Column,
    engine::{
        Hits, Scope, gather,
        select::{self, Turning, is_still},
        series::Steps,
        whole,
    },
    insight::{
        Error, Ground, Place,
        retention::{Answer, Plan, Retained, Retention, Spot},
    },
    past,
};

impl Snapshot {
    /// Who stays; `None` where it does not know what is asked of the past.
    pub fn retention(
        &self,
        scope: &Scope<'_>,
        ground: &Ground<'_>,
        question: &Retention,
    ) -> Result<Option<Answer>, Error> {
        let asked = Asked { snapshot: self, scope: *scope };
        let plan = question.plan(ground, &asked)?;
        let population = ground.checked(Place::Filter, &question.population(ground))?;
        let retained = match &plan.retained {
            Retained::While(expr) => Some(ground.checked(Place::Retained, expr)?),
            Retained::Seen => None,
        };
        let tells = |predicate: &Predicate| self.can_tell(predicate.root(), true);
        if !self.remembers() || !retained.as_ref().is_none_or(tells) {
            return Ok(None);
        }
        let homes = ground.homes.iter().map(|home| home.id).collect();
        let pass = Pass { snapshot: self, scope, question, plan: &plan, homes, retained: retained.as_ref() };
        let new = || Table::new(&plan, ground.homes.len());
        let mut table =
            gather(&asked.hits(&population), new, |table, hits| pass.part(hits, table), Table::add);
        if pass.turning() {
            table.sum_up();
        }
        if question.by.is_some() {
            table.put_together();
        }
        Ok(Some(plan.answer(ground, |spot, _| table.count(&plan, spot))))
    }
}

/// What is gone through.
struct Pass<'p> {
    snapshot: &'p Snapshot,
    scope: &'p Scope<'p>,
    question: &'p Retention,
    plan: &'p Plan<'p>,
    homes: Vec<Uuid>,
    /// Who counts as retained; without it who was seen.
    retained: Option<&'p Predicate>,
}

/// How many there are.
struct Table {
    periods: usize,
    homes: usize,
    cohorts: usize,
    /// By slice, cohort and home.
    began: Vec<i64>,
    /// Who was retained, by slice, cohort and period; under way perhaps by how many they are more than in the period before.
    stayed: Vec<i64>,
}

/// The slice and the cohort of each row of a part; in none, one of them is [`NOWHERE`].
struct Rows<'h> {
    hits: &'h Hits<'h>,
    home: usize,
    slices: Vec<u16>,
    cohorts: Vec<u16>,
}

impl Pass<'_> {
    fn part(&self, hits: &Hits<'_>, table: &mut Table) {
        let seen = &hits.seen;
        let Some(home) = self.homes.iter().position(|home| *home == seen.project) else { return };
        let Some(column) = seen.column(&self.question.began) else { return };
        let field = self.question.by.as_ref().map(|by| &by.field);
        let slices = slots(seen, field, &self.plan.slices);
        let rows = Rows { hits, home, slices, cohorts: self.cohorts(&column, seen.zone) };
        rows.each(|_, slice, cohort| table.began[(slice * table.cohorts + cohort) * table.homes + home] += 1);
        match self.retained {
            None => self.seen(&rows, table),
            Some(retained) if self.turning() => self.turns(&rows, retained, table),
            Some(retained) => self.step_by_step(&rows, retained, table),
        }
    }

    /// Whether it is counted how many turn, and not how many there are.
    fn turning(&self) -> bool {
        self.retained.is_some_and(|retained| is_still(retained.root()))
    }

    /// The cohort of each row, by when it began.
    fn cohorts(&self, column: &Column, zone: &TimeZone) -> Vec<u16> {
        let steps = &self.plan.steps[..self.plan.cohorts];
        let begins: Vec<Instant> = steps.iter().map(|step| first_instant(step.span.first, zone)).collect();
        let cohort = |code: usize| {
            let after = match column.symbols.moment(code) {
                Some(Moment::Day(day)) => steps.partition_point(|step| step.span.first <= day),
                Some(Moment::Instant(at)) => begins.partition_point(|begin| *begin <= at),
                None => 0,
            };
            after.checked_sub(1).map_or(NOWHERE, |cohort| cohort as u16)
        };
        let codes: Vec<u16> = (0..column.symbols.len()).map(cohort).chain([NOWHERE]).collect();
        by_code(column, &codes)
    }

    /// Who was seen: day by day of each row.
    fn seen(&self, rows: &Rows<'_>, table: &mut Table) {
        let seen = &rows.hits.seen;
        let (Some(past), Some(first)) = (seen.past(), self.plan.steps.first()) else { return };
        let base = past::number(first.span.first).unwrap_or(0);
        let units = self.units(base);
        let known: Vec<bool> = self.plan.steps.iter().map(|step| step.known[rows.home]).collect();
        let ended = seen.moment.map(|moment| (moment.days(), moment.at));
        let present = seen.chunk().column(&Field::LastActivity);
        rows.each(|row, slice, cohort| {
            let until = match (&ended, &present) {
                (Some((ended, at)), Some(last))
                    if last.symbols.time(last.code(row)).is_none_or(|time| time > *at) =>
                {
                    *ended
                }
                _ => u16::MAX,
            };
            let stayed = table.stayed(slice, cohort);
            let mut before = usize::MAX;
            for day in past.days(row) {
                let Some(step) = day.checked_sub(base).and_then(|day| units.get(usize::from(day))) else {
                    continue;
                };
                let step = usize::from(*step);
                if step != before && *day < until && known[step] {
                    before = step;
                    let period = step.checked_sub(cohort).and_then(|period| stayed.get_mut(period));
                    period.into_iter().for_each(|stayed| *stayed += 1);
                }
            }
        });
    }

    /// The step of each day from the first.
    fn units(&self, base: u16) -> Vec<u16> {
        let mut units = Vec::new();
        for (place, step) in self.plan.steps.iter().enumerate() {
            let end =
                past::number(step.span.last).map_or(0, |last| usize::from(last.saturating_sub(base)) + 1);
            units.resize(end.max(units.len()), place as u16);
        }
        units
    }

    /// Of whom something was true: as it turned, row by row.
    fn turns(&self, rows: &Rows<'_>, retained: &Predicate, table: &mut Table) {
        let ends: Vec<i64> = self.plan.steps.iter().map(|step| step.span.end.0).collect();
        let steps = Steps::new(ends);
        let last = steps.stretch().until;
        let test = self.snapshot.ready(&Scope { moment: Some(last), ..*self.scope }, retained.root());
        let seen = rows.hits.seen;
        let Some(turning) = Turning::of(&test, &seen) else { return };
        let runs = turning.runs(steps.stretch());
        let mut turn = |row, step: usize, turn| {
            let Some((slice, cohort)) = rows.place(row) else { return };
            // What was before the cohort began is so when it begins.
            let period = table.stayed(slice, cohort).get_mut(step.saturating_sub(cohort));
            period.into_iter().for_each(|turned| *turned += turn);
        };
        runs.first().each(|row| turn(row, 0, 1));
        runs.each(|row, at, is| {
            if let Some(step) = steps.of(at) {
                turn(row, step.into(), if is { 1 } else { -1 });
            }
        });
    }

    /// The same where it moves with the clock.
    fn step_by_step(&self, rows: &Rows<'_>, retained: &Predicate, table: &mut Table) {
        for (place, step) in self.plan.steps.iter().enumerate() {
            let then = Scope { moment: Some(step.span.end), ..*self.scope };
            let test = self.snapshot.ready(&then, retained.root());
            select::living(&rows.hits.seen.at(step.span.end), &test).each(|row| {
                if let Some((slice, cohort)) = rows.place(row)
                    && let Some(period) = place.checked_sub(cohort)
                {
                    table.stayed(slice, cohort).get_mut(period).into_iter().for_each(|stayed| *stayed += 1);
                }
            });
        }
    }
}

impl Rows<'_> {
    /// Calls with each row, its slice and its cohort.
    fn each(&self, mut call: impl FnMut(usize, usize, usize)) {
        self.hits.rows.each(|row| {
            if let Some((slice, cohort)) = self.place(row) {
                call(row, slice, cohort);
            }
        });
    }

    /// The slice and the cohort of a row that is among the hits.
    fn place(&self, row: usize) -> Option<(usize, usize)> {
        let (slice, cohort) = (self.slices[row], self.cohorts[row]);
        let is_in = slice != NOWHERE && cohort != NOWHERE && self.hits.rows.has(row);
        is_in.then_some((usize::from(slice), usize::from(cohort)))
    }
}

impl Table {
    fn new(plan: &Plan<'_>, homes: usize) -> Table {
        let (cohorts, periods, slices) = (plan.cohorts, plan.periods(0), plan.slices.len());
        let began = vec![0; slices * cohorts * homes];
        Table { periods, homes, cohorts, began, stayed: vec![0; slices * cohorts * periods] }
    }

    /// Who was retained of a cohort, by period.
    fn stayed(&mut self, slice: usize, cohort: usize) -> &mut [i64] {
        &mut self.stayed[(slice * self.cohorts + cohort) * self.periods..][..self.periods]
    }

    /// Makes counts of how many turned.
    fn sum_up(&mut self) {
        for stayed in self.stayed.chunks_exact_mut(self.periods) {
            let mut now = 0;
            for stayed in stayed {
                now += *stayed;
                *stayed = now;
            }
        }
    }

    fn add(&mut self, other: &Table) {
        let sides = [(&mut self.began, &other.began), (&mut self.stayed, &other.stayed)];
        sides
            .into_iter()
            .for_each(|(own, other)| own.iter_mut().zip(other).for_each(|(own, other)| *own += other));
    }

    /// Everybody is who is in one of the other slices.
    fn put_together(&mut self) {
        for (figures, of_slice) in [(&mut self.began, self.homes), (&mut self.stayed, self.periods)] {
            let (all, each) = figures.split_at_mut(self.cohorts * of_slice);
            for slice in each.chunks_exact(all.len().max(1)) {
                all.iter_mut().zip(slice).for_each(|(all, own)| *all += own);
            }
        }
    }

    /// How many people there are at a place.
    fn count(&self, plan: &Plan<'_>, spot: Spot) -> u64 {
        let place = spot.slice * self.cohorts + spot.cohort;
        let began = &self.began[place * self.homes..][..self.homes];
        let count: i64 = match spot.period {
            None => began.iter().sum(),
            Some(period) if spot.some => self.stayed[place * self.periods + period],
            Some(period) => {
                let known = &plan.steps[spot.cohort + period].known;
                began.iter().zip(known).filter(|(_, is_known)| **is_known).map(|(count, _)| count).sum()
            }
        };
        whole(count)
    }
}
