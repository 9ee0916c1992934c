//! What one part adds to the figures of each step.

use filter::{Field, Status};

use super::{
    Plan,
    course::{Course, IN, OUT, Steps, Values},
    shares::{Share, Shares, Statuses},
};
use crate::{
    Datum,
    bits::Bits,
    column::{Symbol, Symbols, numbers::Sum},
    engine::{
        Seen,
        select::{Ready, Turning},
    },
    past::Past,
};

/// A pass over the parts.
pub(super) struct Pass<'p> {
    pub(super) plan: &'p Plan<'p>,
    pub(super) steps: Steps,
    /// The predicate, as of any step.
    pub(super) test: Ready<'p>,
    /// Whether a customer may have several rows.
    pub(super) is_wide: bool,
}

/// The rows of a part that match at some step.
struct Matching<'s> {
    seen: &'s Seen<'s>,
    past: &'s Past,
    /// Those rows.
    ever: Bits,
    /// The slot of each row; [`OUT`] while it does not match.
    slots: Course,
}

impl Matching<'_> {
    /// Calls with each value that comes to a step and slot, 1, or leaves it, -1.
    fn each(&self, values: &Course, mut call: impl FnMut((usize, usize), u16, i32)) {
        self.slots.both(values, &self.ever, |_, step, before, after| {
            if let Some((slot, code)) = before.filter(|(slot, _)| *slot != OUT) {
                call((step, usize::from(slot)), code, -1);
            }
            if after.0 != OUT {
                call((step, usize::from(after.0)), after.1, 1);
            }
        });
    }
}

impl Pass<'_> {
    /// What a part adds; `None` where that is not known.
    pub(super) fn share(&self, seen: &Seen<'_>) -> Option<Shares> {
        let mut shares = Shares::new(self.plan, self.steps.len());
        let course =
            Course::matching(seen, &Turning::of(&self.test, seen)?.runs(self.steps.stretch()), &self.steps);
        let mut matching = Matching { seen, past: seen.past()?, ever: course.ever_but(OUT), slots: course };
        if self.is_wide {
            shares.customers = self.customers(&matching);
        }
        if let Some((field, listed)) = self.plan.by {
            matching.slots = self.told_apart(&matching, field, listed, &mut shares);
            self.statuses(&matching, &mut shares.statuses);
        }
        matching.slots.each(|_, step, before, after| {
            let mut count = |slot, sign| shares.rows[self.figure((step, usize::from(slot)))] += sign;
            before.filter(|slot| *slot != OUT).iter().for_each(|slot| count(*slot, -1));
            Some(after).filter(|slot| *slot != OUT).iter().for_each(|slot| count(*slot, 1));
        });
        for (field, sums) in self.plan.fields.iter().zip(&mut shares.fields) {
            self.sums(&matching, field, sums);
        }
        Some(shares)
    }

    /// The place of a step's and slot's figures.
    fn figure(&self, (step, slot): (usize, usize)) -> usize {
        step * self.plan.slots() + slot
    }

    fn values(&self, matching: &Matching<'_>, field: &Field) -> Values {
        Values::of(matching.seen, matching.past, field, &matching.ever, &self.steps)
    }

    /// The numbers of the customers whose rows begin or cease to match, and at which step.
    fn customers(&self, matching: &Matching<'_>) -> Vec<(u16, u32, bool)> {
        let customers = &matching.seen.part.customers;
        let mut turns = Vec::new();
        matching.slots.each(|row, step, before, code| {
            if before.is_some() || code == IN {
                turns.push((step as u16, customers[row], code == IN));
            }
        });
        turns
    }

    /// The slots of rows by what they hold, and how many hold each value at each step.
    fn told_apart(
        &self,
        matching: &Matching<'_>,
        field: &Field,
        listed: &[Datum],
        shares: &mut Shares,
    ) -> Course {
        let Values { course, symbols } = self.values(matching, field);
        let (steps, missing) = (self.steps.len(), symbols.len());
        let mut table = vec![0_i64; missing * steps];
        matching.each(&course, |(step, _), code, sign| {
            if usize::from(code) < missing {
                table[usize::from(code) * steps + step] += i64::from(sign);
            }
        });
        for (code, turns) in
            table.chunks_exact(steps).enumerate().filter(|(_, turns)| turns.iter().any(|n| *n != 0))
        {
            let all = shares.values.entry(symbols.get(code).datum()).or_insert_with(|| vec![0; steps]);
            all.iter_mut().zip(turns).for_each(|(all, own)| *all += own);
        }
        let (others, none) = (listed.len() as u16, listed.len() as u16 + 1);
        let mut slot = vec![others; missing + 1];
        slot[missing] = none;
        for (place, value) in listed.iter().enumerate() {
            if let Some(code) = symbols.find(&Symbol::from_datum(value)) {
                slot[code] = place as u16;
            }
        }
        matching.slots.joined(&course, &matching.ever, |code| slot[usize::from(code)])
    }

    /// How many of the rows of each slot have each status.
    fn statuses(&self, matching: &Matching<'_>, statuses: &mut [Statuses]) {
        let Values { course, symbols } = self.values(matching, &Field::Status);
        let mut places = vec![Status::ALL.len(); symbols.len() + 1];
        for (place, status) in Status::ALL.iter().enumerate() {
            if let Some(code) = symbols.find(&Symbol::Text(status.as_str())) {
                places[code] = place;
            }
        }
        matching.each(&course, |place, code, sign| {
            let figure = self.figure(place);
            statuses[figure][places[usize::from(code)]] += i64::from(sign);
        });
    }

    /// What the numbers of a field add up to.
    fn sums(&self, matching: &Matching<'_>, field: &Field, shares: &mut [Share]) {
        let Values { course, symbols } = self.values(matching, field);
        let (missing, numbers) = (symbols.len(), symbols.numbers.len());
        let is_number = |code: u16| usize::from(code) < numbers;
        let Some((scale, units)) = symbols.numbers.units() else {
            return self.exact_sums(matching, &course, &symbols, shares);
        };
        let units: Vec<i64> = (0..numbers).map(|code| units.get(code)).collect();
        let mut sums = vec![0_i128; shares.len()];
        matching.each(&course, |place, code, sign| {
            let figure = self.figure(place);
            let share = &mut shares[figure];
            share.present += i64::from(sign) * i64::from(usize::from(code) < missing);
            if is_number(code) {
                share.numbers += i64::from(sign);
                sums[figure] += i128::from(sign) * i128::from(units[usize::from(code)]);
            }
        });
        shares.iter_mut().zip(sums).for_each(|(share, units)| share.sum = Sum::of(units, scale));
    }

    /// The same for numbers of any size.
    fn exact_sums(&self, matching: &Matching<'_>, course: &Course, symbols: &Symbols, shares: &mut [Share]) {
        matching.each(course, |place, code, sign| {
            let figure = self.figure(place);
            let (share, code) = (&mut shares[figure], usize::from(code));
            share.present += i64::from(sign) * i64::from(code < symbols.len());
            if symbols.number_codes().contains(&code) {
                let number = Sum::times(&symbols.numbers.get(code), 1);
                share.numbers += i64::from(sign);
                share.sum.add(&if sign < 0 { number.negated() } else { number });
            }
        });
    }
}
