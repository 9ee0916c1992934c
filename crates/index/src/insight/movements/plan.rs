//! The table of movements before it is counted: its places, and the filter of each.

use filter::{
    Expr, Field, Predicate,
    expr::{DateLiteral, Direction, Node, Period},
    value::Instant,
};
use jiff::civil::Date;

use super::{Amount, Answer, Currency, Group, Movements, Rates, Step};
use crate::{
    Grouping,
    insight::{By, Error, Ground, Kept, People, Slice, Source, cell::Figure, people, span::Span},
};

/// How many filters a step has, but for those who were imported.
const PIECES: usize = 10;
/// The first day that can be written, long before anything is known.
const FIRST: Date = Date::constant(1, 1, 1);

/// What there is of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Opening,
    New,
    Expansion,
    Contraction,
    Churned,
    Reactivated,
    Entered,
    Left,
    Imported,
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

/// People told apart, and whether by what was.
pub(crate) struct Slices {
    pub(crate) all: Vec<Slice>,
    pub(crate) then: bool,
}

/// The table before it is counted.
pub(crate) struct Plan<'q> {
    pub(super) question: &'q Movements,
    pub(crate) steps: Vec<Span>,
    /// The last instant before the first step.
    pub(crate) opening: Instant,
    pub(crate) currencies: Slices,
    pub(crate) slices: Slices,
    /// Since when it is known what was.
    pub(crate) horizon: Option<Instant>,
    /// When an import last told of somebody without dates, if that was after the first opening.
    pub(super) imported: Option<Instant>,
}

impl Slices {
    /// The values of a field that most of the population have; of what was also those that nobody has any more.
    pub(super) fn of(by: &By, then: bool, population: &Predicate, source: &impl Source) -> Slices {
        let groups = source.groups(population, &Grouping::Value(by.field.clone()), by.limit);
        let then = then && people::travels(&by.field);
        let all = match then {
            false => Slice::all(Some((by, groups))),
            // As many as there is room for, be all others among those that were found already.
            true => Slice::ever(by, &groups, source.held(&by.field, by.limit * 2)),
        };
        Slices { all, then }
    }

    /// What is true of the people of a slice: at the moment that is asked of, or then.
    fn node(&self, place: usize, then: bool) -> Option<Node> {
        self.all[place].node.clone().filter(|_| self.then == then)
    }

    /// The slice with the longest words.
    fn longest(&self) -> usize {
        let slice = self.all.iter().enumerate().max_by_key(|(_, slice)| slice.length());
        slice.map_or(0, |(place, _)| place)
    }
}

impl Span {
    /// All of it, as far as it has come.
    pub(super) fn period(self) -> Period {
        Period::Between(DateLiteral::Day(self.first), self.closes())
    }

    /// The date that its opening is the end of.
    fn opens(self) -> DateLiteral {
        DateLiteral::Day(self.eve())
    }

    /// The date that its closing is the end of.
    fn closes(self) -> DateLiteral {
        if self.is_over { DateLiteral::Day(self.last) } else { DateLiteral::Now }
    }

    /// The day whose last instant is its opening.
    pub(super) fn eve(self) -> Date {
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
    pub(super) fn check(&self, ground: &Ground<'_>) -> Result<(), Error> {
        if self.currencies.all.is_empty() {
            return Ok(());
        }
        let (currency, slice) = (self.currencies.longest(), self.slices.longest());
        let mut bytes = 0;
        // What goes on is asked of the moment that all of it is of, without a day.
        for step in [0, self.steps.len() - 1] {
            for piece in [Piece::Reactivated, Piece::Entered, Piece::Left] {
                let longest = self.filter(ground, Spot { currency, slice, step, piece });
                bytes = bytes.max(ground.lists(&longest)?);
            }
        }
        let pieces = PIECES + usize::from(self.imported.is_some());
        ground.room(bytes.saturating_mul(self.lines() * self.steps.len() * pieces))
    }

    /// How many lines there are: slices of currencies.
    pub(crate) fn lines(&self) -> usize {
        self.currencies.all.len() * self.slices.all.len()
    }

    /// The line of a place.
    pub(crate) fn line(&self, spot: Spot) -> usize {
        spot.currency * self.slices.all.len() + spot.slice
    }

    /// The two ends of a step.
    pub(crate) fn ends(&self, step: usize) -> (Instant, Instant) {
        let opening = step.checked_sub(1).map_or(self.opening, |before| self.steps[before].end);
        (opening, self.steps[step].end)
    }

    /// The filter that finds the people of a place.
    fn filter(&self, ground: &Ground<'_>, spot: Spot) -> Expr {
        ground.all(self.sides(spot, false).chain(self.piece(spot)))
    }

    /// What is true of the people of a place besides what its piece says: at the moment that is asked of, or then.
    fn sides(&self, spot: Spot, then: bool) -> impl Iterator<Item = Node> {
        let sides = [self.currencies.node(spot.currency, then), self.slices.node(spot.slice, then)];
        sides.into_iter().flatten()
    }

    /// What is true of the people of a piece of a step, besides what is true of its slice now.
    fn piece(&self, spot: Spot) -> Vec<Node> {
        let ((opening, closing), step, path) =
            (self.ends(spot.step), self.steps[spot.step], &self.question.path);
        let counting = || self.question.counting().root;
        // It counted, and it counted here.
        let (had, has) = (|| step.before(counting()), || step.after(counting()));
        let here = || people::all(counting().into_iter().chain(self.sides(spot, true))).root;
        let (before, after) = (|| step.before(here()), || step.after(here()));
        let moved = |direction| Some(people::moved(path, direction, step.period()));
        let without = |node: Option<Node>| node.map(people::not);
        let mut nodes = match spot.piece {
            Piece::Opening => vec![before()],
            Piece::Closing => vec![after()],
            Piece::New => vec![after(), without(self.ever(step, opening))],
            Piece::Reactivated => vec![after(), without(had()), self.ever(step, opening)],
            Piece::Churned => vec![before(), without(has())],
            Piece::Entered => vec![after(), had(), without(before())],
            Piece::Left => vec![before(), has(), without(after())],
            Piece::Imported => vec![after(), Some(people::later(&Field::Imported, step.opens()))],
            Piece::Expansion => vec![before(), after(), moved(Direction::Increased)],
            Piece::Contraction => vec![before(), after(), moved(Direction::Decreased)],
            Piece::Odd => {
                let odd = people::any(vec![people::below_zero(path), people::no_number(path)]);
                let odd = [people::exists(path)].into_iter().chain(odd);
                let holds = self.question.holds.root.clone().into_iter().chain(self.sides(spot, true));
                vec![step.after(people::all(holds.chain(odd)).root)]
            }
        };
        // Whom an import told of later is looked away from.
        nodes.push(match spot.piece {
            Piece::Closing | Piece::Odd | Piece::Imported => self.told(closing, step.closes()),
            _ => self.told(opening, step.opens()),
        });
        nodes.into_iter().flatten().collect()
    }

    /// No import told of them only after a moment, which a date means; `None` where that goes without saying.
    fn told(&self, moment: Instant, date: DateLiteral) -> Option<Node> {
        let is_said = self.imported.is_some_and(|imported| imported > moment);
        is_said.then(|| people::not(people::later(&Field::Imported, date)))
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
        let amount = |spot: Spot| {
            let filter = self.filter(ground, spot);
            let Figure { people, sum } = figure(spot, &filter);
            Amount { people: People { count: people, people: filter }, sum }
        };
        let group = |currency: usize, slice: usize| Group {
            kept: self.slices.all[slice].kept.clone(),
            steps: (0..self.steps.len()).map(|step| self.step((currency, slice, step), amount)).collect(),
        };
        let is_told = |group: &Group| group.kept == Kept::All || group.steps.iter().any(Step::has_any);
        let currency = |(place, currency): (usize, &Slice)| Currency {
            kept: currency.kept.clone(),
            groups: (0..self.slices.all.len()).map(|slice| group(place, slice)).filter(is_told).collect(),
        };
        let is_told = |currency: &Currency| {
            currency.kept == Kept::All || currency.groups[0].steps.iter().any(Step::has_any)
        };
        let currencies = self.currencies.all.iter().enumerate().map(currency);
        Answer { currencies: currencies.filter(is_told).collect() }
    }

    fn step(&self, (currency, slice, step): (usize, usize, usize), of: impl Fn(Spot) -> Amount) -> Step {
        let amount = |piece| of(Spot { currency, slice, step, piece });
        let spot = Spot { currency, slice, step, piece: Piece::Closing };
        // Where nobody is told apart by what was, nobody goes elsewhere.
        let elsewhere = |piece| self.sides(spot, true).next().map(|_| amount(piece));
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
            entered: elsewhere(Piece::Entered),
            left: elsewhere(Piece::Left),
            imported: self.imported.map(|_| amount(Piece::Imported)),
            closing: amount(Piece::Closing),
            odd: amount(Piece::Odd).people,
            rates: Rates { gross: None, net: None, churn: None, quick: None },
        };
        step.rates = step.rates();
        step
    }
}
