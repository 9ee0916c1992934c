//! Movements in a pass over what has changed: each row goes from one end of a step at which its number becomes another to the
//! next. Only a row that comes from 0 for the first time is looked at between the ends too: whether it was ever above 0 before.

mod imported;

use filter::{Field, Predicate, predicate::Stretch, value::Instant};
use imported::Imported;

use super::{
    Asked,
    slots::{NOWHERE, of_symbols, slots},
    sums::{Money, Sums, Turn},
};
use crate::{
    Snapshot,
    bits::Bits,
    chunk::Held,
    column::{Symbols, numbers::Sum},
    decimal::Decimal,
    engine::{
        Hits, Scope, Seen, gather,
        select::{Ready, Turning},
        series::{Course, OUT, Steps, Values, values},
    },
    insight::{
        self, Error, Ground,
        movements::{Answer, Movements, Piece, Plan, Slices},
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
        let population = ground.checked(insight::Place::Filter, &question.population(ground))?;
        if !self.can_tell_movements(scope, question, &population) {
            return Ok(None);
        }
        let people = ground.checked(insight::Place::Filter, ground.filter)?;
        let holds = ground.checked(insight::Place::While, &question.holds)?;
        let counting = ground.checked(insight::Place::While, &question.counting())?;
        let pass = Pass::new(self, scope, question, &plan, [&holds, &counting]);
        let none = || Some(Sums::new(plan.lines(), pass.ends.len()));
        let join = |sums: &mut Option<Sums<Sum>>, other: Option<&Sums<Sum>>| {
            *sums = sums.take().zip(other).map(|(mut sums, other)| {
                sums.add(other);
                sums
            });
        };
        let sums = gather(
            &asked.hits(&people),
            none,
            |sums, hits| join(sums, pass.part(hits).as_ref()),
            |sums, other| join(sums, other.as_ref()),
        );
        Ok(sums.map(|mut sums| {
            // Where nobody goes from slice to slice, everybody is the slices together.
            sums.put_together(if plan.slices.then { 1 } else { plan.slices.all.len() });
            plan.answer(ground, |spot, _| sums.figure(plan.line(spot), spot))
        }))
    }

    /// Whether it knows all that is asked of. What is known of each moment of a time does not move with the clock.
    fn can_tell_movements(&self, scope: &Scope<'_>, question: &Movements, population: &Predicate) -> bool {
        let by = question.by.as_ref().map(|by| (&by.field, question.then));
        let apart = by.into_iter().chain(question.currency.as_ref().map(|field| (field, true)));
        let is_past = scope.moment.is_some();
        self.can_tell(population.root(), is_past)
            && !apart.into_iter().any(|(field, then)| (is_past || then) && self.has_lost(field))
    }
}

/// What is gone through.
struct Pass<'p> {
    question: &'p Movements,
    plan: &'p Plan<'p>,
    /// The opening of the first step, then the closing of each.
    ends: Steps,
    /// While what is true a number counts.
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
    lines: Course,
    /// While it counts.
    holds: Course,
    values: Course,
    /// When its number first counted, whatever it was.
    first_held: Vec<i64>,
    /// When numbers above 0 counted.
    counting: Turning<'p>,
    /// Before the horizon that is first told of.
    known: Instant,
    first_paid: Option<Held<'p>>,
    imported: Option<Imported>,
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
        Pass { question, plan, holds: at(last, holds), counting: at(last, counting), ends: Steps::new(ends) }
    }

    /// What a part adds; `None` where that is not known.
    fn part(&self, hits: &Hits<'_>) -> Option<Sums<Sum>> {
        let (seen, path) = (hits.seen.present(), &self.question.path);
        // What is missing needs a code of its own.
        if values(&seen, path) > usize::from(u16::MAX) {
            return None;
        }
        let holding = Turning::of(&self.holds, &seen)?;
        // No step begins before the horizon.
        let known = self.plan.horizon.unwrap_or(Instant(i64::MIN));
        let runs = holding.runs(Stretch { from: known, ..self.ends.stretch() });
        let holds = Course::matching(&seen, &runs, &self.ends);
        let mut rows = holds.ever_but(OUT);
        rows.keep(&hits.rows);
        let Values { course, symbols } = Values::of(&seen, seen.past()?, path, &rows, &self.ends);
        let rows = Rows {
            lines: self.lines(&hits.seen, &rows)?,
            first_held: runs.firsts(known.0),
            counting: holding.other(&self.counting, &seen)?,
            known,
            first_paid: self.plan.horizon.and_then(|_| seen.chunk().column(&Field::FirstPaid)),
            holds,
            values: course,
            rows,
            imported: Imported::of(&seen, &self.ends),
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

    /// The line of each row, by what it holds or held.
    fn lines(&self, seen: &Seen<'_>, rows: &Bits) -> Option<Course> {
        let (currencies, slices) = (&self.plan.currencies, &self.plan.slices);
        let by = self.question.by.as_ref().map(|by| &by.field);
        let slots = self.slots(seen, by, slices, rows)?;
        let currency = self.question.currency.as_ref();
        if currency.is_none() {
            return Some(slots);
        }
        let count = slices.all.len() as u16;
        Some(self.slots(seen, currency, currencies, rows)?.with(&slots, rows, |currency, slice| {
            let is_in = currency != NOWHERE && slice != NOWHERE;
            if is_in { currency * count + slice } else { NOWHERE }
        }))
    }

    /// The slice of each row; `None` where that is not known.
    fn slots(&self, seen: &Seen<'_>, field: Option<&Field>, slices: &Slices, rows: &Bits) -> Option<Course> {
        let Some(field) = field.filter(|_| slices.then) else {
            return Some(Course::still(slots(seen, field, &slices.all)));
        };
        let present = seen.present();
        if values(&present, field) > usize::from(u16::MAX) {
            return None;
        }
        let Values { course, symbols } = Values::of(&present, present.past()?, field, rows, &self.ends);
        Some(course.standing_for(&of_symbols(&symbols, &slices.all)))
    }

    fn walk<N: Money>(&self, rows: &Rows<'_>, worth: &Worth<N>) -> Sums<N> {
        let mut sums = Sums::new(self.plan.lines(), self.ends.len());
        let (zero, mut moments) = (N::default(), Vec::new());
        let mut has_had = false;
        rows.each_told(|row, end, before, after, is_imported| {
            let own = |codes: Place| Some(usize::from(codes.value)).filter(|_| codes.value != OUT);
            let codes = [before.and_then(own), own(after)];
            let [was, is] = codes.map(|code| code.map_or(&zero, |code| &worth.money[code]));
            let odd = codes.map(|code| code.is_some_and(|code| worth.odd[code]));
            has_had &= before.is_some();
            let comes = *was == zero && *is != zero && before.is_some();
            let came = match () {
                () if is_imported => Piece::Imported,
                () if comes && (has_had || rows.has_had(row, self.ends.at(end - 1), &mut moments)) => {
                    Piece::Reactivated
                }
                () => Piece::New,
            };
            let turn = Turn { end, is_first: before.is_none(), ends: [was, is], odd, came };
            for lines in self.views([before.map_or(after.line, |before| before.line), after.line]) {
                sums.turn(lines, &turn);
            }
            has_had |= *is != zero;
        });
        sums
    }

    /// The lines of both ends that something is told of: the slice, and where one may go from slice to slice, everybody of the
    /// currency.
    fn views(&self, lines: [u16; 2]) -> impl Iterator<Item = [usize; 2]> {
        let slices = self.plan.slices.all.len();
        let own = lines.map(usize::from);
        let all = Some(own.map(|line| line / slices * slices)).filter(|_| self.plan.slices.then);
        let is_in = !lines.contains(&NOWHERE);
        [Some(own), all].into_iter().flatten().filter(move |_| is_in)
    }
}

/// Where a row is at an end.
#[derive(Clone, Copy)]
struct Place {
    line: u16,
    /// The code of its value while it counts, else [`OUT`].
    value: u16,
}

impl Rows<'_> {
    /// Calls with each row and end from which it is elsewhere, the first included: where it was, at the first nowhere, and is.
    fn each(&self, mut call: impl FnMut(usize, usize, Option<Place>, Place)) {
        let value = |holds: u16, value: u16| if holds == OUT { OUT } else { value };
        match self.lines.never_turns() {
            Some(lines) => self.holds.both(&self.values, &self.rows, |row, end, before, after| {
                let place = |(holds, code)| Place { line: lines[row], value: value(holds, code) };
                call(row, end, before.map(place), place(after));
            }),
            None => {
                let values = self.holds.with(&self.values, &self.rows, value);
                let place = |(value, line)| Place { line, value };
                values.both(&self.lines, &self.rows, |row, end, before, after| {
                    call(row, end, before.map(place), place(after));
                });
            }
        }
    }

    /// The same with what is told of whom an import told without dates; and whether that was in the step that ends there.
    fn each_told(&self, mut call: impl FnMut(usize, usize, Option<Place>, Place, bool)) {
        match &self.imported {
            None => self.each(|row, end, before, after| call(row, end, before, after, false)),
            Some(imported) => imported.each(|told| self.each(told), call),
        }
    }

    /// Whether a row was above 0 at a moment or at any one before it.
    fn has_had(&self, row: usize, until: i64, moments: &mut Vec<i64>) -> bool {
        let paid = self.first_paid.as_ref().and_then(|column| column.symbols.time(column.code(row)));
        let within = Stretch { from: self.known, until: Instant(until) };
        // Of most it never counted before.
        paid.is_some_and(|paid| paid < self.known.0)
            || self.first_held[row] <= until && self.counting.held(row, within, moments)
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
