//! Movements: what came to a sum and what left it in each unit of the calendar, from opening to closing.
//!
//! They are *net*: a relationship's two ends of a step are held against one another, and what went up and down between leaves
//! nothing. At a moment it has its number at a path while a filter is true of it, else 0; what is no number or below 0 counts
//! as 0 and is told apart. From 0 it is *new* if it was never above 0 before, at any moment, else *reactivated*, however long
//! it was away; to 0 it is *churned*, for whatever reason. So with losses as positive numbers, exactly:
//!
//! opening + new + expansion + reactivated - contraction - churned = closing
//!
//! Before the horizon history is not kept: whoever has paid before it was above 0 before it.
//!
//! Slices and currencies are by what relationships hold at the moment that is asked of, not what they held then; so they add up
//! to everybody, and who changes sides takes the past along. Currencies are never added up.
//!
//! Whether the date of a change is known, or inferred because an import told none, the log that is asked here does not say:
//! such values count from the date that they have.

use bigdecimal::BigDecimal;
use filter::{
    Expr, Field,
    calendar::{Unit, day_of, first_instant},
    expr::{DateLiteral, Direction, Node, Period},
    value::Instant,
};
use jiff::civil::Date;

use super::{By, Error, Ground, Kept, People, Place, Rate, Slice, Source, people, stats};
use crate::{Grouping, number};

/// The most steps.
pub const STEPS_MAX: usize = 1_000;
/// The most currencies: a path with more values holds none.
pub const CURRENCIES_MAX: usize = 50;
/// The most steps of all slices of all currencies together.
pub const LINES_MAX: usize = 10_000;
/// How many filters a step has.
const PIECES: usize = 8;
/// The first day that can be written, long before anything is known.
const FIRST: Date = Date::constant(1, 1, 1);

/// What moves a sum.
#[derive(Clone, Debug)]
pub struct Movements {
    /// The path of the numbers.
    pub path: Field,
    /// While this is true they count: [`people::paying`] where nothing else is said.
    pub holds: Expr,
    /// What time is cut into.
    pub unit: Unit,
    /// A day of the first unit, and one of the last.
    pub period: (Date, Date),
    /// Whose values are told apart.
    pub by: Option<By>,
    /// The path of the currencies.
    pub currency: Option<Field>,
}

/// The table.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// One by one; [`Kept::All`] alone where no path says which they are.
    pub currencies: Vec<Currency>,
}

/// The sums of one currency.
#[derive(Clone, Debug, PartialEq)]
pub struct Currency {
    /// Which it is: any value, or none.
    pub kept: Kept,
    /// Everybody, then those of each value.
    pub groups: Vec<Group>,
}

/// The sums of people who hold the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// What they hold.
    pub kept: Kept,
    /// The oldest first.
    pub steps: Vec<Step>,
}

/// What came and what left in a unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The first day of it.
    pub first: Date,
    /// The last one.
    pub last: Date,
    /// Whether it is over; if not, its closing is what is so at the moment that is asked of.
    pub is_over: bool,
    /// What there was at the last instant before it.
    pub opening: Amount,
    /// What came of those who had never been above 0.
    pub new: Amount,
    /// By how much more those have who had some already.
    pub expansion: Amount,
    /// By how much less those have who still have some.
    pub contraction: Amount,
    /// What those had who have none any more.
    pub churned: Amount,
    /// What came of those who had been above 0 once.
    pub reactivated: Amount,
    /// What there is at its last instant.
    pub closing: Amount,
    /// Of whom the filter is true at its last instant though they have a value that is no number or below 0.
    pub odd: People,
    /// What follows from them.
    pub rates: Rates,
}

/// What the numbers of some people add up to: not negative, losses too.
#[derive(Clone, Debug, PartialEq)]
pub struct Amount {
    /// Who they are.
    pub people: People,
    /// The exact sum.
    pub sum: BigDecimal,
}

/// The rates of a step; `None` where nobody was there at its opening.
#[derive(Clone, Debug, PartialEq)]
pub struct Rates {
    /// Of the opening, what is left: the lesser of both ends of each person. Nobody's growth hides another's loss.
    pub gross: Option<f64>,
    /// What those have at the closing who were there at the opening, over the opening.
    pub net: Option<f64>,
    /// How many of the people of the opening have left, with the interval of it.
    pub churn: Option<Churn>,
    /// What came (new, reactivated and expansion) over what left (contraction and churned); `None` without losses.
    pub quick: Option<f64>,
}

/// How many people have left.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Churn {
    /// Of the people of the opening, those who have churned.
    pub rate: Rate,
    /// Wilson's interval.
    pub interval: stats::Interval,
}

/// A unit that has begun.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) first: Date,
    pub(crate) last: Date,
    /// Its last instant, or the present where it goes on.
    pub(crate) end: Instant,
    pub(crate) is_over: bool,
}

/// What there is of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Opening,
    New,
    Expansion,
    Contraction,
    Churned,
    Reactivated,
    Closing,
    Odd,
}

/// A place in the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spot {
    pub(crate) currency: usize,
    pub(crate) slice: usize,
    pub(crate) step: usize,
    pub(crate) piece: Piece,
}

/// How many people there are at a place, and what their numbers add up to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figure {
    pub(crate) people: u64,
    pub(crate) sum: BigDecimal,
}

/// The table before it is counted.
pub(crate) struct Plan<'q> {
    question: &'q Movements,
    pub(crate) steps: Vec<Span>,
    /// The last instant before the first step.
    pub(crate) opening: Instant,
    pub(crate) currencies: Vec<Slice>,
    pub(crate) slices: Vec<Slice>,
    /// Since when it is known what was.
    pub(crate) horizon: Option<Instant>,
}

impl Movements {
    /// Whose number counts at the moment that is asked of.
    pub(crate) fn counting(&self) -> Expr {
        self.with(people::above_zero(&self.path))
    }

    fn with(&self, node: Node) -> Expr {
        people::all(self.holds.root.clone().into_iter().chain([node]))
    }

    /// Everybody who had a value while it counted, since the opening of the first step.
    pub(crate) fn population(&self, ground: &Ground<'_>) -> Expr {
        let opening = Instant(first_instant(self.unit.first(self.period.0), ground.zone).0 - 1);
        let period = Period::Between(DateLiteral::Instant(opening), DateLiteral::Now);
        let had = self.with(people::exists(&self.path)).root;
        ground.all(had.map(|had| people::was_in(had, period)))
    }

    /// The table's places, with the values that are told apart.
    pub(crate) fn plan<'q>(&'q self, ground: &Ground<'q>, source: &impl Source) -> Result<Plan<'q>, Error> {
        let first = self.unit.first(self.period.0);
        let opening = Instant(first_instant(first, ground.zone).0 - 1);
        let steps = self.steps(ground)?;
        self.check(ground, steps[0])?;
        let population = ground.checked(Place::Filter, &self.population(ground))?;
        let groups = |by: &By| source.groups(&population, &Grouping::Value(by.field.clone()), by.limit);
        let slices = Slice::all(self.by.as_ref().map(|by| (by, groups(by))));
        let currencies = match &self.currency {
            None => Slice::all(None),
            Some(field) => {
                let by = By { field: field.clone(), limit: CURRENCIES_MAX };
                let groups = groups(&by);
                if groups.other.is_some() {
                    return Err(Error::TooManyCurrencies);
                }
                // All of them together are no sum.
                Slice::all(Some((&by, groups))).split_off(1)
            }
        };
        if steps.len() * slices.len() * currencies.len() > LINES_MAX {
            return Err(Error::TooManySteps(LINES_MAX));
        }
        let horizon = ground.horizon.map(Instant::from);
        let plan = Plan { question: self, steps, opening, currencies, slices, horizon };
        plan.check(ground)?;
        Ok(plan)
    }

    /// The units that have begun.
    fn steps(&self, ground: &Ground<'_>) -> Result<Vec<Span>, Error> {
        if self.period.1 < self.period.0 {
            return Err(Error::Reversed);
        }
        let now = Instant::from(ground.now);
        let last = self.unit.first(self.period.1);
        let mut steps = Vec::new();
        let mut next = Some(self.unit.first(self.period.0));
        let has_begun = |first: &Date| *first <= last && first_instant(*first, ground.zone) <= now;
        while let Some(first) = next.filter(has_begun) {
            if steps.len() == STEPS_MAX {
                return Err(Error::TooManySteps(STEPS_MAX));
            }
            next = self.unit.next(first);
            let last = next.and_then(|next| next.yesterday().ok()).unwrap_or(Date::MAX);
            let over = Instant(first_instant(last.tomorrow().unwrap_or(last), ground.zone).0 - 1);
            steps.push(Span { first, last, end: over.min(now), is_over: over <= now });
        }
        if steps.is_empty() { Err(Error::NotBegun) } else { Ok(steps) }
    }

    /// Refuses what cannot be asked: steps before the horizon, and parts of the question that make no sense of the past.
    fn check(&self, ground: &Ground<'_>, step: Span) -> Result<(), Error> {
        if let Some(horizon) = ground.horizon {
            let is_known = |first: &Date| first_instant(*first, ground.zone) > horizon.into();
            if !is_known(&step.first) {
                let around = self.unit.first(day_of(horizon, ground.zone));
                let mut firsts = std::iter::successors(Some(around), |first| self.unit.next(*first));
                return Err(Error::BeforeHorizon(horizon, firsts.find(is_known).unwrap_or(Date::MAX)));
            }
        }
        if let Some(node) = &self.holds.root {
            let mut said = self.holds.clone();
            said.root = Some(people::was(node.clone(), step.eve()));
            ground.checked(Place::While, &said)?;
        }
        let moved = people::moved(&self.path, Direction::Increased, step.period());
        ground.checked(Place::Path, &Expr::new(Some(moved)))?;
        ground.checked(Place::Path, &Expr::new(Some(people::above_zero(&self.path)))).map(|_| ())
    }
}

impl Span {
    /// All of it, as far as it has come.
    fn period(self) -> Period {
        let end = if self.is_over { DateLiteral::Day(self.last) } else { DateLiteral::Now };
        Period::Between(DateLiteral::Day(self.first), end)
    }

    /// The day whose last instant is its opening.
    fn eve(self) -> Date {
        self.first.yesterday().unwrap_or(Date::MIN)
    }

    /// It was so at its opening.
    fn before(self, node: Option<Node>) -> Option<Node> {
        Some(people::was(node?, self.eve()))
    }

    /// It is so at its closing.
    fn after(self, node: Option<Node>) -> Option<Node> {
        if self.is_over { Some(people::was(node?, self.last)) } else { node }
    }
}

impl Plan<'_> {
    /// Refuses what the longest of the filters has no room for.
    fn check(&self, ground: &Ground<'_>) -> Result<(), Error> {
        let longest = |slices: &[Slice]| {
            let slice = slices.iter().enumerate().max_by_key(|(_, slice)| slice.length());
            slice.map_or(0, |(place, _)| place)
        };
        if self.currencies.is_empty() {
            return Ok(());
        }
        let (currency, slice) = (longest(&self.currencies), longest(&self.slices));
        let spot = Spot { currency, slice, step: self.steps.len() - 1, piece: Piece::Reactivated };
        let longest = self.filter(ground, spot);
        ground.checked(Place::Filter, &longest)?;
        let cells = self.lines() * self.steps.len() * PIECES;
        ground.room(longest.to_string().len().saturating_mul(cells))
    }

    /// How many lines there are: slices of currencies.
    pub(crate) fn lines(&self) -> usize {
        self.currencies.len() * self.slices.len()
    }

    /// The line of a place.
    pub(crate) fn line(&self, spot: Spot) -> usize {
        spot.currency * self.slices.len() + spot.slice
    }

    /// The two ends of a step.
    pub(crate) fn ends(&self, step: usize) -> (Instant, Instant) {
        let opening = step.checked_sub(1).map_or(self.opening, |before| self.steps[before].end);
        (opening, self.steps[step].end)
    }

    /// The filter that finds the people of a place.
    fn filter(&self, ground: &Ground<'_>, spot: Spot) -> Expr {
        let sides = [&self.currencies[spot.currency], &self.slices[spot.slice]];
        let of = sides.into_iter().filter_map(|slice| slice.node.clone());
        ground.all(of.chain(self.piece(spot)))
    }

    /// What is true of the people of a piece of a step, besides what is true of its slice.
    fn piece(&self, Spot { step, piece, .. }: Spot) -> Vec<Node> {
        let ((opening, _), step, path) = (self.ends(step), self.steps[step], &self.question.path);
        let counting = || self.question.counting().root;
        let (before, after) = (|| step.before(counting()), || step.after(counting()));
        let moved = |direction| Some(people::moved(path, direction, step.period()));
        let without = |node: Option<Node>| node.map(people::not);
        let nodes = match piece {
            Piece::Opening => vec![before()],
            Piece::Closing => vec![after()],
            Piece::New => vec![after(), without(self.ever(step, opening))],
            Piece::Reactivated => vec![after(), without(before()), self.ever(step, opening)],
            Piece::Churned => vec![before(), without(after())],
            Piece::Expansion => vec![before(), after(), moved(Direction::Increased)],
            Piece::Contraction => vec![before(), after(), moved(Direction::Decreased)],
            Piece::Odd => {
                let odd = people::any(vec![people::below_zero(path), people::no_number(path)]);
                let odd = [people::exists(path)].into_iter().chain(odd);
                vec![step.after(people::all(self.question.holds.root.clone().into_iter().chain(odd)).root)]
            }
        };
        nodes.into_iter().flatten().collect()
    }

    /// It was above 0 at some moment or other, an opening the last of them.
    fn ever(&self, step: Span, opening: Instant) -> Option<Node> {
        let (begin, end) = match self.horizon {
            // It may lie within the day before.
            Some(horizon) => (DateLiteral::Instant(horizon), DateLiteral::Instant(opening)),
            None => (DateLiteral::Day(FIRST), DateLiteral::Day(step.eve())),
        };
        let known = Period::Between(begin, end);
        let was = people::was_in(self.question.counting().root?, known);
        let paid = self.horizon.map(|horizon| people::before(&Field::FirstPaid, horizon));
        people::any([was].into_iter().chain(paid).collect())
    }

    /// The answer, with what there is at each place.
    pub(crate) fn answer(&self, ground: &Ground<'_>, figure: impl Fn(Spot, &Expr) -> Figure) -> Answer {
        let group = |currency: usize, slice: usize| Group {
            kept: self.slices[slice].kept.clone(),
            steps: (0..self.steps.len())
                .map(|step| {
                    self.step(step, |piece| {
                        let spot = Spot { currency, slice, step, piece };
                        let filter = self.filter(ground, spot);
                        let Figure { people, sum } = figure(spot, &filter);
                        Amount { people: People { count: people, people: filter }, sum }
                    })
                })
                .collect(),
        };
        let currency = |(place, currency): (usize, &Slice)| Currency {
            kept: currency.kept.clone(),
            groups: (0..self.slices.len()).map(|slice| group(place, slice)).collect(),
        };
        Answer { currencies: self.currencies.iter().enumerate().map(currency).collect() }
    }

    fn step(&self, step: usize, amount: impl Fn(Piece) -> Amount) -> Step {
        let Span { first, last, is_over, .. } = self.steps[step];
        let mut step = Step {
            first,
            last,
            is_over,
            opening: amount(Piece::Opening),
            new: amount(Piece::New),
            expansion: amount(Piece::Expansion),
            contraction: amount(Piece::Contraction),
            churned: amount(Piece::Churned),
            reactivated: amount(Piece::Reactivated),
            closing: amount(Piece::Closing),
            odd: amount(Piece::Odd).people,
            rates: Rates { gross: None, net: None, churn: None, quick: None },
        };
        step.rates = step.rates();
        step
    }
}

impl Step {
    fn rates(&self) -> Rates {
        let (opening, churned) = (&self.opening, &self.churned);
        let left = &opening.sum - &self.contraction.sum - &churned.sum;
        let lost = &self.contraction.sum + &churned.sum;
        let came = &self.new.sum + &self.reactivated.sum + &self.expansion.sum;
        let rate = Rate { some: churned.people.count, all: opening.people.count };
        Rates {
            net: share(&(&left + &self.expansion.sum), &opening.sum),
            gross: share(&left, &opening.sum),
            churn: stats::wilson(rate.some, rate.all).map(|interval| Churn { rate, interval }),
            quick: share(&came, &lost),
        }
    }
}

/// One number over another; `None` over 0.
fn share(part: &BigDecimal, whole: &BigDecimal) -> Option<f64> {
    if *whole == BigDecimal::default() { None } else { number::plain(&(part / whole)).parse().ok() }
}
