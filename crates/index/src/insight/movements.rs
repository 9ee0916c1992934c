//! Movements: what came to a sum and what left it in each unit of the calendar, from opening to closing.
//!
//! They are *net*: a relationship's two ends of a step are held against one another, and what went up and down between leaves
//! nothing. At a moment it has its number at a path while a filter is true of it, else 0; what is no number or below 0 counts
//! as 0 and is told apart. From 0 it is *new* if it was never above 0 before, at any moment, else *reactivated*, however long
//! it was away; to 0 it is *churned*, for whatever reason. So with losses as positive numbers, exactly:
//!
//! opening + new + expansion + reactivated + entered + imported - contraction - churned - left = closing
//!
//! Of whom an import told without dates, nobody knows since when they hold what they hold: before it was received they have
//! nothing, and what they have at the end of the step in which it was is *imported*, which is neither gain nor loss.
//!
//! Before the horizon history is not kept: whoever has paid before it was above 0 before it.
//!
//! Currencies are never added up, and money is of the currency that it was of then: who pays in another at the end of a step has
//! *left* the one and *entered* the other, with all of the number. Slices are by what relationships hold at the moment that is
//! asked of, so that who changes sides takes the past along; or, where that is asked for, by what they held then, with *entered*
//! and *left* too. Who somebody is does not travel: by that they are told apart as they are.

mod plan;

use bigdecimal::BigDecimal;
use filter::{
    Expr, Field, Predicate,
    calendar::{Unit, day_of, first_instant},
    expr::{DateLiteral, Direction, Node, Period},
    value::Instant,
};
use jiff::civil::Date;

use super::{By, Error, Ground, Kept, People, Place, Rate, Slice, Source, people, span::Span, stats};
pub(crate) use plan::{Piece, Plan, Slices, Spot};

use crate::number;

/// The most steps.
pub const STEPS_MAX: usize = 1_000;
/// The most currencies: a path with more values holds none.
pub const CURRENCIES_MAX: usize = 50;
/// The most steps of all slices of all currencies together.
pub const LINES_MAX: usize = 10_000;

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
    /// Whether by what each held at the ends of a step, and not by what it holds at the moment that is asked of.
    pub then: bool,
    /// The path of the currencies.
    pub currency: Option<Field>,
}

/// The table.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// One by one; [`Kept::All`] alone where no path says which they are. In those that are left out there was nothing.
    pub currencies: Vec<Currency>,
}

/// The sums of one currency.
#[derive(Clone, Debug, PartialEq)]
pub struct Currency {
    /// Which it is: any value, or none.
    pub kept: Kept,
    /// Everybody, then those of each value of whom there was something.
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
    /// What those have who had it elsewhere: in another currency, or while they held something else. `None` where people are not
    /// told apart by what was.
    pub entered: Option<Amount>,
    /// What those had who have it elsewhere.
    pub left: Option<Amount>,
    /// What those have of whom an import told in the step without saying since when. `None` where nobody was imported so after
    /// the opening of the first step.
    pub imported: Option<Amount>,
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
    /// Of the opening, what is kept: the lesser of both ends of each person. Nobody's growth hides another's loss.
    pub gross: Option<f64>,
    /// What those have at the closing who were there at the opening, over the opening.
    pub net: Option<f64>,
    /// How many of the people of the opening have left, with the interval of it.
    pub churn: Option<Churn>,
    /// What came (new, reactivated, expansion and entered) over what went (contraction, churned and left); `None` without losses.
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
        let period = Period::Between(DateLiteral::Instant(self.opening(ground)), DateLiteral::Now);
        let had = self.with(people::exists(&self.path)).root;
        ground.all(had.map(|had| people::was_in(had, period)))
    }

    /// The table's places, with the values that are told apart.
    pub(crate) fn plan<'q>(&'q self, ground: &Ground<'q>, source: &impl Source) -> Result<Plan<'q>, Error> {
        let steps = self.steps(ground)?;
        self.check(ground, steps[0])?;
        let population = ground.checked(Place::Filter, &self.population(ground))?;
        let slices = match &self.by {
            Some(by) => Slices::of(by, self.then, &population, source),
            None => Slices { all: Slice::all(None), then: false },
        };
        let currencies = self.currencies(&population, source)?;
        if steps.len() * slices.all.len() * currencies.all.len() > LINES_MAX {
            return Err(Error::TooManySteps(LINES_MAX));
        }
        let horizon = ground.horizon.map(Instant::from);
        let opening = self.opening(ground);
        let imported = self.imported(ground, source)?;
        let plan = Plan { question: self, steps, opening, currencies, slices, horizon, imported };
        plan.check(ground)?;
        Ok(plan)
    }

    /// Each currency that somebody has or had; of all together there is no sum.
    fn currencies(&self, population: &Predicate, source: &impl Source) -> Result<Slices, Error> {
        let Some(field) = &self.currency else { return Ok(Slices { all: Slice::all(None), then: false }) };
        let by = By { field: field.clone(), limit: CURRENCIES_MAX + 1 };
        let mut slices = Slices::of(&by, true, population, source);
        let is_value = |slice: &&Slice| matches!(slice.kept, Kept::Value(_));
        if slices.all.iter().filter(is_value).count() > CURRENCIES_MAX {
            return Err(Error::TooManyCurrencies);
        }
        slices.all.remove(0);
        Ok(slices)
    }

    /// When an import last told of some of the people without dates, if that was after the first opening: before it they are
    /// looked away from.
    fn imported(&self, ground: &Ground<'_>, source: &impl Source) -> Result<Option<Instant>, Error> {
        let imported = ground.all([people::after(&Field::Imported, self.opening(ground))]);
        Ok(source.latest(&ground.checked(Place::Filter, &imported)?, &Field::Imported))
    }

    /// The last instant before the first step.
    fn opening(&self, ground: &Ground<'_>) -> Instant {
        Instant(first_instant(self.unit.first(self.period.0), ground.zone).0 - 1)
    }

    /// The units that have begun.
    fn steps(&self, ground: &Ground<'_>) -> Result<Vec<Span>, Error> {
        if self.period.1 < self.period.0 {
            return Err(Error::Reversed(Place::Period));
        }
        let spans =
            Span::begun(self.unit, self.period.0, ground).take_while(|span| span.first <= self.period.1);
        let steps: Vec<Span> = spans.take(STEPS_MAX + 1).collect();
        if steps.len() > STEPS_MAX {
            return Err(Error::TooManySteps(STEPS_MAX));
        }
        if steps.is_empty() { Err(Error::NotBegun(Place::Period)) } else { Ok(steps) }
    }

    /// Refuses what cannot be asked: steps before the horizon, and parts of the question that make no sense of the past.
    fn check(&self, ground: &Ground<'_>, step: Span) -> Result<(), Error> {
        if let Some(horizon) = ground.horizon {
            let is_known = |first: &Date| first_instant(*first, ground.zone) > horizon.into();
            if !is_known(&step.first) {
                let mut firsts = self.unit.firsts(day_of(horizon, ground.zone));
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

impl Step {
    /// Whether there is anybody.
    fn has_any(&self) -> bool {
        let amounts = [&self.opening, &self.closing, &self.new, &self.reactivated, &self.churned];
        // Whoever is anywhere else is at one of the ends.
        amounts.iter().any(|amount| amount.people.count > 0) || self.odd.count > 0
    }

    fn rates(&self) -> Rates {
        let (opening, churned) = (&self.opening, &self.churned);
        let sum =
            |amount: &Option<Amount>| amount.as_ref().map(|amount| amount.sum.clone()).unwrap_or_default();
        let lost = &self.contraction.sum + &churned.sum + sum(&self.left);
        // What is imported was there before, nobody knows since when: it has not come.
        let came = &self.new.sum + &self.reactivated.sum + &self.expansion.sum + sum(&self.entered);
        let kept = &opening.sum - &lost;
        let rate = Rate { some: churned.people.count, all: opening.people.count };
        Rates {
            net: share(&(&kept + &self.expansion.sum), &opening.sum),
            gross: share(&kept, &opening.sum),
            churn: stats::wilson(rate.some, rate.all).map(|interval| Churn { rate, interval }),
            quick: share(&came, &lost),
        }
    }
}

/// One number over another; `None` over 0.
fn share(part: &BigDecimal, whole: &BigDecimal) -> Option<f64> {
    if *whole == BigDecimal::default() { None } else { number::plain(&(part / whole)).parse().ok() }
}
