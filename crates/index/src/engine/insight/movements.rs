//! Movements in a pass over what has changed: each row goes from one end of a step at which its number becomes another to the
//! next. Only a row that comes from 0 for the first time is looked at between the ends too: whether it was ever above 0 before.

use std::sync::Mutex;

use filter::{Field, Predicate, predicate::Stretch, value::Instant};

use super::{
    Asked,
    slots::{NOWHERE, slots},
    sums::{Money, Sums},
};
use crate::{
    Snapshot,
    bits::Bits,
    chunk::Held,
    column::{Symbols, numbers::Sum},
    decimal::Decimal,
    engine::{
        Hits, Scope, Seen, each,
        select::{self, Ready, Turning},
        series::{Course, IN, OUT, Steps, Values, values},
    },
    insight::{
        Error, Ground, Place,
        movements::{Answer, Movements, Piece, Plan},
    },
};

impl Snapshot {
    /// What moves a sum; `None` where it does not know what is asked of the past.
    pub fn movements(
        &self,
        scope: &Scope<'_>,
        ground: &Ground<'_>,
        question: &Movements,
    ) -> Result<Option<Answer>, Error> {
        let asked = Asked { snapshot: self, scope: *scope };
        let plan = question.plan(ground, &asked)?;
        let population = ground.checked(Place::Filter, &question.population(ground))?;
        if !self.can_tell_movements(scope, question, &population) {
            return Ok(None);
        }
        let people = ground.checked(Place::Filter, ground.filter)?;
        let holds = ground.checked(Place::While, &question.holds)?;
        let counting = ground.checked(Place::While, &question.counting())?;
        let pass = Pass::new(self, scope, question, &plan, [&holds, &counting]);
        let sums = Mutex::new(Sums::new(plan.lines(), pass.ends.len()));
        let told = each(&asked.hits(&people), |hits| {
            let part = pass.part(hits)?;
            sums.lock().ok()?.add(&part);
            Some(())
        });
        let sums = sums.into_inner().ok().filter(|_| !told.contains(&None));
        Ok(sums.map(|mut sums| {
            sums.put_together(plan.slices.len());
            plan.answer(ground, |spot, _| sums.figure(plan.line(spot), spot))
        }))
    }

    /// Whether it knows all that is asked of. What is known of each moment of a time does not move with the clock.
    fn can_tell_movements(&self, scope: &Scope<'_>, question: &Movements, population: &Predicate) -> bool {
        let apart = question.by.iter().map(|by| &by.field).chain(&question.currency);
        let is_past = scope.moment.is_some();
        self.can_tell(population.root(), is_past)
            && !apart.into_iter().any(|field| is_past && self.has_lost(field))
    }
}

/// What is gone through.
struct Pass<'p> {
    question: &'p Movements,
    plan: &'p Plan<'p>,
    /// The opening of the first step, then the closing of each.
    ends: Steps,
    /// While what is true a number counts: at the first end, and at all of them.
    begin: Ready<'p>,
    holds: Ready<'p>,
    /// That it is true and the number is above 0.
    counting: Ready<'p>,
}

/// What the values of a part are worth, by their codes.
struct Worth<N> {
    /// Of what is no number above 0 it is nothing.
    money: Vec<N>,
    /// Of those that are no number or below 0.
    odd: Vec<bool>,
}

/// The rows of a part that count at some end or other.
struct Rows<'p> {
    rows: Bits,
    /// The line of each row, or [`NOWHERE`].
    lines: Vec<u16>,
    holds: Course,
    values: Course,
    /// When numbers above 0 counted.
    counting: Turning<'p>,
    /// Before the horizon that is first told of.
    known: Instant,
    first_paid: Option<Held<'p>>,
}

impl<'p> Pass<'p> {
    fn new(
        snapshot: &Snapshot,
        scope: &Scope<'_>,
        question: &'p Movements,
        plan: &'p Plan<'p>,
        [holds, counting]: [&'p Predicate; 2],
    ) -> Pass<'p> {
        let closings = plan.steps.iter().map(|step| step.end.0);
        let ends: Vec<i64> = [plan.opening.0].into_iter().chain(closings).collect();
        let last = Instant(ends[ends.len() - 1]);
        let at = |moment, predicate: &'p Predicate| {
            snapshot.ready(&Scope { moment: Some(moment), ..*scope }, predicate.root())
        };
        Pass {
            question,
            plan,
            begin: at(plan.opening, holds),
            holds: at(last, holds),
            counting: at(last, counting),
            ends: Steps::new(ends),
        }
    }

    /// What a part adds; `None` where that is not known.
    fn part(&self, hits: &Hits<'_>) -> Option<Sums<Sum>> {
        let (seen, path) = (hits.seen.present(), &self.question.path);
        // What is missing needs a code of its own.
        if values(&seen, path) > usize::from(u16::MAX) {
            return None;
        }
        let begin = select::hits(&[seen.at(self.plan.opening)], &self.begin).pop();
        let begin = begin.map_or_else(|| Bits::none(seen.chunk().rows()), |hits| hits.rows);
        let holding = Turning::of(&self.holds, &seen)?;
        let holds = Course::matching(&seen, &holding, &begin, &self.ends);
        let mut rows = holds.ever_but(OUT);
        rows.keep(&hits.rows);
        let Values { course, symbols } = Values::of(&seen, seen.past()?, path, &rows, &self.ends);
        let rows = Rows {
            rows,
            lines: self.lines(&hits.seen),
            holds,
            values: course,
            counting: holding.other(&self.counting, &seen)?,
            known: self.plan.horizon.unwrap_or(Instant(i64::MIN)),
            first_paid: self.plan.horizon.and_then(|_| seen.chunk().column(&Field::FirstPaid)),
        };
        let numbers = &symbols.numbers;
        Some(match numbers.units() {
            Some((scale, units)) => {
                let worth = Worth::of(&symbols, |code| i128::from(units.get(code)));
                self.walk(&rows, &worth).map(|units| Sum::of(*units, scale))
            }
            None => {
                let worth = Worth::of(&symbols, |code| numbers.get(code).exact());
                self.walk(&rows, &worth).map(|exact| Sum::times(&Decimal::of(exact), 1))
            }
        })
    }

    /// The line of each row, by what it holds.
    fn lines(&self, seen: &Seen<'_>) -> Vec<u16> {
        let by = self.question.by.as_ref().map(|by| &by.field);
        let mut lines = slots(seen, by, &self.plan.slices);
        if let Some(currency) = &self.question.currency {
            let slices = self.plan.slices.len() as u16;
            let currencies = slots(seen, Some(currency), &self.plan.currencies);
            for (line, currency) in lines.iter_mut().zip(currencies) {
                let is_in = *line != NOWHERE && currency != NOWHERE;
                *line = if is_in { currency * slices + *line } else { NOWHERE };
            }
        }
        lines
    }

    fn walk<N: Money>(&self, rows: &Rows<'_>, worth: &Worth<N>) -> Sums<N> {
        let mut sums = Sums::new(self.plan.lines(), self.ends.len());
        let (zero, mut moments) = (N::default(), Vec::new());
        let mut has_had = false;
        rows.holds.both(&rows.values, &rows.rows, |row, end, before, after| {
            let line = usize::from(rows.lines[row]);
            if line == usize::from(NOWHERE) {
                return;
            }
            let code = |codes: (u16, u16)| (codes.0 == IN).then_some(usize::from(codes.1));
            let codes = [before.and_then(code), code(after)];
            let [was, is] = codes.map(|code| code.map_or(&zero, |code| &worth.money[code]));
            let [was_odd, is_odd] = codes.map(|code| code.is_some_and(|code| worth.odd[code]));
            sums.turn((line, end), [was, is], i64::from(is_odd) - i64::from(was_odd));
            has_had &= before.is_some();
            if before.is_some() && was != is {
                let piece = match () {
                    () if *is == zero => Piece::Churned,
                    () if *was != zero && is > was => Piece::Expansion,
                    () if *was != zero => Piece::Contraction,
                    () if has_had || rows.has_had(row, self.ends.at(end - 1), &mut moments) => {
                        Piece::Reactivated
                    }
                    () => Piece::New,
                };
                sums.enter((line, end - 1), piece, [was, is]);
            }
            has_had |= *is != zero;
        });
        sums
    }
}

impl Rows<'_> {
    /// Whether a row was above 0 at a moment or at any one before it.
    fn has_had(&self, row: usize, until: i64, moments: &mut Vec<i64>) -> bool {
        let paid = self.first_paid.as_ref().and_then(|column| column.symbols.time(column.code(row)));
        let within = Stretch { from: self.known, until: Instant(until) };
        paid.is_some_and(|paid| paid < self.known.0) || self.counting.held(row, within, moments)
    }
}

impl<N: Money> Worth<N> {
    fn of(symbols: &Symbols, number: impl Fn(usize) -> N) -> Worth<N> {
        let zero = N::default();
        let numbers = symbols.number_codes();
        let number = |code: usize| if numbers.contains(&code) { number(code) } else { N::default() };
        let mut money: Vec<N> = (0..=symbols.len()).map(number).collect();
        let is_odd = |code: usize| code < symbols.len() && (!numbers.contains(&code) || money[code] < zero);
        let odd = (0..=symbols.len()).map(is_odd).collect();
        money.iter_mut().filter(|money| **money < zero).for_each(|money| *money = N::default());
        Worth { money, odd }
    }
}
