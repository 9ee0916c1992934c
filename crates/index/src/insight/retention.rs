//! Retention: of those who began in a unit of the calendar, how many were still there in each unit after it.
//!
//! It is *on* (active in period k; who was away may be back), by calendar units: period k is the k-th unit after the one in
//! which a cohort began, for the whole of it at once. Period 0 is what happened in that unit itself, not 100%. Totals pool
//! people over cohorts, those of which nobody stayed included; nobody averages percentages.

use filter::{
    Expr, Field,
    calendar::{Unit, day_of, first_instant},
    expr::Node,
    value::Instant,
};
use jiff::civil::Date;

use super::{By, Cell, Error, Ground, Home, Kept, Place, Rate, Slice, Source, people, span::Span};

/// The most cohorts.
pub const COHORTS_MAX: usize = 200;
/// The most periods after the one in which a cohort began.
pub const PERIODS_MAX: usize = 1_000;

/// Who stays, by when they began.
#[derive(Clone, Debug)]
pub struct Retention {
    /// What time is cut into: days, weeks or months.
    pub unit: Unit,
    /// When they began: `first_seen`, or a path that holds dates.
    pub began: Field,
    /// A day of the first cohort's unit, and one of the last one's; [`COHORTS_MAX`] are told at most.
    pub cohorts: (Date, Date),
    /// How many periods follow the one in which a cohort began.
    pub periods: usize,
    /// Who counts as retained; without it who was seen, or where activity is not known of any whole period yet, who pays.
    pub retained: Option<Retained>,
    /// Whose values are told apart.
    pub by: Option<By>,
}

/// Who counts as retained in a period.
#[derive(Clone, Debug, PartialEq)]
pub enum Retained {
    /// Who was seen in it.
    Seen,
    /// Of whom this was true at its end.
    While(Box<Expr>),
}

/// The table.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Who counts as retained.
    pub retained: Retained,
    /// Everybody, then those of each value.
    pub groups: Vec<Group>,
    /// Relationships that match and did not begin in one of the cohorts.
    pub outside: u64,
}

/// The cohorts of people who hold the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// What they hold.
    pub kept: Kept,
    /// The oldest cohort first.
    pub cohorts: Vec<Cohort>,
    /// All cohorts together, period by period.
    pub totals: Vec<Total>,
}

/// People who began in the same unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Cohort {
    /// The first day of that unit.
    pub first: Date,
    /// The last one.
    pub last: Date,
    /// How many they are.
    pub size: u64,
    /// Who they are.
    pub people: Expr,
    /// Period 0 and those after it that have begun.
    pub periods: Vec<Period>,
}

/// A unit as a period of a cohort.
#[derive(Clone, Debug, PartialEq)]
pub struct Period {
    /// The first day of it.
    pub first: Date,
    /// The last one.
    pub last: Date,
    /// Whether it is over; if not it is no rate yet and not in the totals.
    pub is_over: bool,
    /// Who stayed; `None` where that is not known of anybody.
    pub cell: Option<Cell>,
}

/// A period of all cohorts for which it is over and known.
#[derive(Clone, Debug, PartialEq)]
pub struct Total {
    /// How many cohorts these are.
    pub cohorts: usize,
    /// Who stayed; `None` without any cohort.
    pub cell: Option<Cell>,
}

/// A unit that has begun.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) span: Span,
    /// Of which homes it is known who was retained.
    pub(crate) known: Vec<bool>,
}

/// A place in the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spot {
    pub(crate) slice: usize,
    pub(crate) cohort: usize,
    /// The period; `None` is the whole cohort.
    pub(crate) period: Option<usize>,
    /// Whether those who stayed are counted, and not all of whom it is known.
    pub(crate) some: bool,
}

impl Spot {
    /// Those who stayed of a cohort in the unit in which it began.
    fn first(cohort: usize) -> Spot {
        Spot { slice: 0, cohort, period: Some(0), some: true }
    }
}

/// The table before it is counted.
pub(crate) struct Plan<'q> {
    question: &'q Retention,
    homes: &'q [Home],
    pub(crate) retained: Retained,
    /// From the unit of the first cohort to the last that is asked for and has begun.
    pub(crate) steps: Vec<Step>,
    /// How many of them are cohorts.
    pub(crate) cohorts: usize,
    pub(crate) slices: Vec<Slice>,
    matching: u64,
}

impl Retention {
    /// The people of all cohorts that have begun.
    pub(crate) fn population(&self, ground: &Ground<'_>) -> Expr {
        let last = self.cohorts.1.min(day_of(ground.now, ground.zone));
        let (first, last) = (self.unit.first(self.cohorts.0), self.unit.first(last));
        ground.all([people::during(&self.began, first, self.unit.last(last))])
    }

    /// The table's cells, with the values that are told apart.
    pub(crate) fn plan<'q>(&'q self, ground: &Ground<'q>, source: &impl Source) -> Result<Plan<'q>, Error> {
        if self.cohorts.1 < self.cohorts.0 {
            return Err(Error::Reversed(Place::Cohorts));
        }
        let cohorts = self.unit.firsts(self.cohorts.0).take_while(|first| *first <= self.cohorts.1);
        if cohorts.take(COHORTS_MAX + 1).count() > COHORTS_MAX {
            return Err(Error::TooManyCohorts);
        }
        let retained = self.resolved(ground);
        let steps = self.steps(ground, &retained);
        if steps.is_empty() {
            return Err(Error::NotBegun(Place::Cohorts));
        }
        let population = ground.checked(Place::Filter, &self.population(ground))?;
        let matching = source.count(&ground.checked(Place::Filter, ground.filter)?);
        let slices = Slice::of(self.by.as_ref(), &population, source);
        let last = self.unit.first(self.cohorts.1);
        let cohorts = steps.iter().filter(|step| step.span.first <= last).count();
        let plan = Plan { question: self, homes: ground.homes, retained, steps, cohorts, slices, matching };
        plan.check(ground)?;
        Ok(plan)
    }

    fn resolved(&self, ground: &Ground<'_>) -> Retained {
        if let Some(retained) = &self.retained {
            return retained.clone();
        }
        let steps = self.steps(ground, &Retained::Seen);
        let is_known = |step: &Step| step.span.is_over && step.known.contains(&true);
        if steps.iter().skip(1).any(is_known) {
            Retained::Seen
        } else {
            Retained::While(Box::new(people::paying()))
        }
    }

    /// The units from the first cohort on that have begun, so many as are asked for.
    fn steps(&self, ground: &Ground<'_>, retained: &Retained) -> Vec<Step> {
        let mut after = 0;
        let spans = Span::begun(self.unit, self.cohorts.0, ground).take_while(|span| {
            after += usize::from(span.first > self.cohorts.1);
            after <= self.periods
        });
        spans.map(|span| Step::new(span, ground, retained)).collect()
    }
}

impl Step {
    fn new(span: Span, ground: &Ground<'_>, retained: &Retained) -> Step {
        let begin = first_instant(span.first, ground.zone);
        let is_kept = |instant: Instant| ground.horizon.is_none_or(|horizon| instant >= horizon.into());
        let is_known = |home: &Home| match retained {
            Retained::While(_) => is_kept(span.end),
            Retained::Seen => is_kept(begin) && home.seen_since.is_some_and(|since| span.first >= since),
        };
        let known = ground.homes.iter().map(is_known).collect();
        Step { span, known }
    }
}

impl Plan<'_> {
    /// How many periods a cohort has that have begun.
    pub(crate) fn periods(&self, cohort: usize) -> usize {
        (self.steps.len() - cohort).min(self.question.periods + 1)
    }

    /// Refuses what the longest of the filters has no room for, and who is retained if that cannot be asked of the past.
    fn check(&self, ground: &Ground<'_>) -> Result<(), Error> {
        if let Retained::While(expr) = &self.retained {
            let (mut said, today) = ((**expr).clone(), day_of(ground.now, ground.zone));
            said.root = expr.root.clone().map(|node| people::was(node, today));
            ground.checked(Place::Retained, &said)?;
        }
        ground.room(self.bytes(ground))?;
        let longest = self.slices.iter().max_by_key(|slice| slice.length());
        let node = longest.and_then(|slice| slice.node.clone());
        let said: Vec<usize> =
            self.steps.iter().map(|step| people::all(self.said(step, true)).to_string().len()).collect();
        let length =
            |period: &usize| self.pooled(*period).map(|cohort| 1 + said[cohort + period]).sum::<usize>();
        let total = (0..self.periods(0)).max_by_key(length);
        let total = total.and_then(|period| self.total_part(period, true));
        let cell = (0..said.len()).max_by_key(|step| said[*step]).map_or_else(Vec::new, |step| {
            let cohort = step.min(self.cohorts - 1);
            self.part(Spot { period: Some(step - cohort), ..Spot::first(cohort) })
        });
        [cell, total.into_iter().collect()]
            .into_iter()
            .try_for_each(|nodes| ground.lists(&ground.all(node.iter().cloned().chain(nodes))).map(|_| ()))
    }

    /// The cohorts of which a period is over and known.
    fn pooled(&self, period: usize) -> impl Iterator<Item = usize> {
        let is_known = |step: &Step| step.span.is_over && step.known.contains(&true);
        let steps = self.steps.iter().skip(period).take(self.cohorts).enumerate();
        steps.filter(move |(_, step)| is_known(step)).map(|(cohort, _)| cohort)
    }

    /// What is true of those of all such cohorts.
    fn total_part(&self, period: usize, some: bool) -> Option<Node> {
        let part =
            |cohort| people::all(self.part(Spot { period: Some(period), some, ..Spot::first(cohort) })).root;
        people::any(self.pooled(period).filter_map(part).collect())
    }

    /// How many bytes the filters take together, at most.
    fn bytes(&self, ground: &Ground<'_>) -> usize {
        let part = |step: usize| {
            let cohort = step.min(self.cohorts - 1);
            let spot = Spot { period: Some(step - cohort), ..Spot::first(cohort) };
            people::all(self.part(spot)).to_string().len()
        };
        let part = (0..self.steps.len()).map(part).max().unwrap_or(0);
        let (cells, totals) =
            ((0..self.cohorts).map(|cohort| self.periods(cohort)).sum::<usize>(), self.periods(0));
        let each = |slice: &Slice| {
            let own = ground.filter.to_string().len() + slice.length();
            2 * (cells * (own + part) + totals * (own + self.cohorts * part))
        };
        self.slices.iter().map(each).sum()
    }

    /// What is true of the people of a place, besides what is true of all.
    fn part(&self, spot: Spot) -> Vec<Node> {
        let cohort = &self.steps[spot.cohort];
        let mut nodes = vec![people::during(&self.question.began, cohort.span.first, cohort.span.last)];
        let Some(period) = spot.period else { return nodes };
        nodes.extend(self.said(&self.steps[spot.cohort + period], spot.some));
        nodes
    }

    /// What is said of a step: where it is known who was retained, and of some that they were.
    fn said(&self, step: &Step, some: bool) -> Vec<Node> {
        let mut nodes = Vec::new();
        if step.known.contains(&false) {
            let known = self.homes.iter().zip(&step.known).filter(|(_, is_known)| **is_known);
            nodes.extend(people::project_in(known.map(|(home, _)| home.slug.as_str())));
        }
        if some {
            nodes.extend(match &self.retained {
                Retained::While(expr) if step.span.is_over => {
                    expr.root.clone().map(|node| people::was(node, step.span.last))
                }
                Retained::While(expr) => expr.root.clone(),
                Retained::Seen => Some(people::seen(step.span.first, step.span.last)),
            });
        }
        nodes
    }

    /// The answer, with how many people there are at each place.
    pub(crate) fn answer(&self, ground: &Ground<'_>, count: impl Fn(Spot, &Expr) -> u64) -> Answer {
        let groups: Vec<Group> =
            (0..self.slices.len()).map(|slice| self.group(ground, slice, &count)).collect();
        let inside: u64 = groups[0].cohorts.iter().map(|cohort| cohort.size).sum();
        Answer { outside: self.matching.saturating_sub(inside), retained: self.retained.clone(), groups }
    }

    fn group(&self, ground: &Ground<'_>, slice: usize, count: &impl Fn(Spot, &Expr) -> u64) -> Group {
        let own = &self.slices[slice];
        let people = |nodes: Vec<Node>| ground.all(own.node.clone().into_iter().chain(nodes));
        let told = |spot: Spot| {
            let expr = people(self.part(spot));
            (count(spot, &expr), expr)
        };
        let period = |cohort: usize, period: usize| {
            let step = &self.steps[cohort + period];
            let at = |some| told(Spot { slice, cohort, period: Some(period), some });
            let cell = step.known.contains(&true).then(|| {
                let ((some, some_people), (all, all_people)) = (at(true), at(false));
                Cell { rate: Rate { some, all }, some: some_people, all: all_people }
            });
            Period { first: step.span.first, last: step.span.last, is_over: step.span.is_over, cell }
        };
        let cohort = |cohort: usize| {
            let (size, people) = told(Spot { slice, cohort, period: None, some: false });
            let step = &self.steps[cohort];
            let periods = (0..self.periods(cohort)).map(|number| period(cohort, number)).collect();
            Cohort { first: step.span.first, last: step.span.last, size, people, periods }
        };
        let cohorts: Vec<Cohort> = (0..self.cohorts).map(cohort).collect();
        let totals = (0..self.periods(0)).map(|period| self.total(period, &cohorts, people)).collect();
        Group { kept: own.kept.clone(), cohorts, totals }
    }

    /// The cohorts together of which a period is over and known.
    fn total(&self, period: usize, cohorts: &[Cohort], people: impl Fn(Vec<Node>) -> Expr) -> Total {
        let mut rate = Rate::default();
        let cells = self.pooled(period).filter_map(|cohort| cohorts[cohort].periods[period].cell.as_ref());
        cells.for_each(|cell| rate += cell.rate);
        let of = |some| people(self.total_part(period, some).into_iter().collect());
        let cohorts = self.pooled(period).count();
        Total { cohorts, cell: (cohorts > 0).then(|| Cell { rate, some: of(true), all: of(false) }) }
    }
}
