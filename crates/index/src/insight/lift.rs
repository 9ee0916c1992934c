//! Lift: how often an outcome is met among those who hold a value, and among the others.
//!
//! It shows what goes together, not why. Each value of each field is a line: those with it against the others of the
//! population. Two lines that are one test said twice are told once. Of many lines some are striking by chance alone:
//! q says how many.

use filter::{
    Expr, Field, Path,
    expr::Node,
    predicate::{self, Predicate},
};

use super::{
    Cell, Error, Ground, Place, Rate,
    landmark::{Landmark, Outside},
    people,
    stats::{self, Difference, Ratio},
};
use crate::{Datum, FACET_PATHS, Facet, FacetValue, Facets, Reach, Shape};

/// A path that is not named is compared if it has so many distinct values at most.
pub const FEW: u64 = 20;
/// The most distinct values of a field that is named.
pub const VALUES_MAX: u64 = 200;

/// How many filters a line has.
const CELLS: usize = 4;

/// What goes together with an outcome.
#[derive(Clone, Debug)]
pub struct Lift {
    /// What has become of them, or has not.
    pub outcome: Expr,
    /// The fields whose values are compared. Without it those are the widest paths of all who match that have few values,
    /// [`FACET_PATHS`] at most, but for those that the outcome names: these would say the outcome again. They are the same with a
    /// landmark.
    pub fields: Option<Vec<Field>>,
    /// The moment of each relationship's own whose values are compared, among those who were there then; without one it is the
    /// moment that is asked of. The outcome is always that of the latter.
    pub landmark: Option<Landmark>,
}

/// The table.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Of whom the outcome is true, among everybody.
    pub all: Cell,
    /// Who matches and is not told of; `None` without a landmark.
    pub outside: Option<Outside>,
    /// Whether the outcome speaks of staying, so that a value may be held by those who stayed because they stayed: never with a
    /// landmark.
    pub staying: bool,
    /// How many lines were tested: the m of each q.
    pub tested: usize,
    /// Those that were tested, the strongest first: by the end of the difference's interval that is nearer to zero. Then
    /// those whose interval holds zero, by p. Ties by p, then in the order of fields and of what is held.
    pub lines: Vec<Line>,
    /// Those that cannot be: all people are on one side, or all have one outcome. In the order of fields and of what is held.
    pub untested: Vec<Line>,
    /// Fields that were left out; where none were named, the widest such paths.
    pub left_out: Vec<LeftOut>,
    /// Whether there are narrower paths with few values, which nobody named.
    pub more: bool,
}

/// Those who hold something in a field, and the others.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// The field.
    pub field: Field,
    /// What those hold.
    pub held: Held,
    /// What all others hold, where it is one thing: their line would be this one said twice.
    pub others: Option<Held>,
    /// The outcome among those who hold it.
    pub with: Cell,
    /// The outcome among the others.
    pub without: Cell,
    /// The rate with it less that without; `None` where one is of nobody.
    pub difference: Option<Difference>,
    /// The rate with it over that without; `None` where one is of nobody.
    pub ratio: Option<Ratio>,
    /// Whether that may be chance; `None` where it cannot be tested.
    pub test: Option<Tested>,
}

/// Whether a difference may be chance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tested {
    /// Fisher's exact two-sided p.
    pub p: f64,
    /// The share of chance among all lines with such a q or a lower one: Benjamini and Hochberg's.
    pub q: f64,
}

/// What somebody holds in a field. In the order of lines, but that `true` comes first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Held {
    /// This scalar.
    Value(Datum),
    /// A list with this scalar.
    Member(Datum),
    /// Nothing.
    Missing,
}

/// A field that was left out, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The field.
    pub field: Field,
    /// Why.
    pub why: Why,
}

/// Why a field, or a part of it, was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The outcome names it, or what it lies in, or what lies inside.
    Outcome,
    /// It has too many values, now or at the landmark.
    Values,
    /// Some of its values are longer than [`FACET_TEXT`](crate::FACET_TEXT) characters: those are on no line.
    Text,
}

/// A line before it is counted.
pub(crate) struct Sketch {
    /// The place of its field.
    pub(crate) field: usize,
    pub(crate) held: Held,
    others: Option<Held>,
    /// How many hold it.
    pub(crate) people: u64,
    /// What is true of them.
    node: Node,
}

/// Some people of the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spot {
    pub(crate) side: Side,
    /// Whether the outcome is true of them.
    pub(crate) outcome: bool,
}

/// On which side of which line people are.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Side {
    All,
    With(usize),
    Without(usize),
}

/// The table before it is counted.
pub(crate) struct Plan<'q> {
    question: &'q Lift,
    /// How many people there are.
    pub(crate) people: u64,
    /// The fields that were looked at to the end.
    pub(crate) fields: Vec<Field>,
    /// In the order of fields and of what is held.
    pub(crate) lines: Vec<Sketch>,
    staying: bool,
    left_out: Vec<LeftOut>,
    more: bool,
}

/// Those who are told of, as they are asked what they hold.
pub(crate) trait Crowd {
    /// How many they are.
    fn count(&self) -> u64;
    /// What they hold.
    fn facets(&self, facets: &Facets, reach: &Reach) -> Vec<Facet>;
    /// What each of them held in fields so many microseconds after it was first seen, which has come for all of them.
    fn held_after(&self, elapsed: i64, fields: &[Field], reach: &Reach) -> Vec<Facet>;
}

impl Lift {
    /// The filter of those who are told of.
    pub(crate) fn population(&self, ground: &Ground<'_>) -> Result<Expr, Error> {
        self.landmark
            .as_ref()
            .map_or_else(|| Ok(ground.filter.clone()), |landmark| landmark.population(ground))
    }

    /// What people held in fields at the moment whose values are compared.
    pub(crate) fn held(&self, crowd: &impl Crowd, fields: Vec<Field>, few: u64) -> Vec<Facet> {
        let reach = Reach { paths: 0, few, values: few as usize };
        match &self.landmark {
            Some(landmark) => crowd.held_after(landmark.elapsed(), &fields, &reach),
            None => crowd.facets(&Facets { auto: false, fields }, &reach),
        }
    }

    /// The table's cells, with the values that are compared; the ground is that of those who are told of, who are a crowd, perhaps
    /// among others who match.
    pub(crate) fn plan<'q>(
        &'q self,
        ground: &Ground<'q>,
        (crowd, matching): (&impl Crowd, &impl Crowd),
    ) -> Result<Plan<'q>, Error> {
        let outcome = ground.checked(Place::Outcome, &self.outcome)?;
        let named = named(&outcome);
        let mut plan = Plan {
            question: self,
            people: crowd.count(),
            fields: Vec::new(),
            lines: Vec::new(),
            staying: named.staying && self.landmark.is_none(),
            left_out: Vec::new(),
            more: false,
        };
        match &self.fields {
            Some(fields) => plan.take_named(&self.held(crowd, distinct(fields)?, VALUES_MAX))?,
            None => plan.choose(crowd, matching, &named),
        }
        plan.check(ground)?;
        Ok(plan)
    }
}

/// How far one looks where nobody named a field.
const SHORT: Reach = Reach { paths: FACET_PATHS, few: FEW, values: FEW as usize };

/// The fields, each once. Times are told apart by nobody.
fn distinct(fields: &[Field]) -> Result<Vec<Field>, Error> {
    let mut distinct = Vec::new();
    for field in fields {
        if field.is_time() {
            return Err(Error::Time(field.clone()));
        }
        if !distinct.contains(field) {
            distinct.push(field.clone());
        }
    }
    Ok(distinct)
}

impl Plan<'_> {
    fn take_named(&mut self, facets: &[Facet]) -> Result<(), Error> {
        for facet in facets {
            if facet.distinct.is_none() {
                return Err(Error::Values(facet.field.clone()));
            }
            self.take(facet);
        }
        Ok(())
    }

    /// Takes the widest paths with few values that the outcome does not name.
    fn choose(&mut self, crowd: &impl Crowd, matching: &impl Crowd, named: &Named<'_>) {
        // One more says whether there is one more.
        let facets = matching.facets(&Facets::auto(), &Reach { paths: FACET_PATHS + 1, ..SHORT });
        let (mut narrow, mut wide) = (0, 0);
        let mut chosen = Vec::new();
        for facet in facets {
            let seen = if facet.distinct.is_some() { &mut narrow } else { &mut wide };
            *seen += 1;
            let is_beyond = *seen > FACET_PATHS;
            match facet.distinct {
                Some(_) if is_beyond => self.more = true,
                None if is_beyond => {}
                _ if named.has(&facet.field) => chosen.push((facet, Some(Why::Outcome))),
                None => chosen.push((facet, Some(Why::Values))),
                Some(_) => chosen.push((facet, None)),
            }
        }
        let compared = chosen.iter().filter(|(_, why)| why.is_none());
        let mut held = match &self.question.landmark {
            Some(_) => {
                self.question.held(crowd, compared.map(|(facet, _)| facet.field.clone()).collect(), FEW)
            }
            None => compared.map(|(facet, _)| facet.clone()).collect(),
        }
        .into_iter();
        for (facet, why) in chosen {
            match why {
                Some(why) => self.left_out.push(LeftOut { field: facet.field, why }),
                None => held.next().iter().for_each(|facet| self.take_few(facet)),
            }
        }
    }

    /// Takes the lines of a field, unless it has had too many values.
    fn take_few(&mut self, facet: &Facet) {
        if facet.distinct.is_some() {
            return self.take(facet);
        }
        let field = facet.field.clone();
        self.fields.push(field.clone());
        self.left_out.push(LeftOut { field, why: Why::Values });
    }

    /// Takes the lines of a field.
    fn take(&mut self, facet: &Facet) {
        let Shape::Values(values) = &facet.shape else { return };
        if facet.distinct.is_some_and(|distinct| distinct > values.len() as u64) {
            self.left_out.push(LeftOut { field: facet.field.clone(), why: Why::Text });
        }
        let held = |FacetValue { value, member, count }: &FacetValue| {
            let value = value.clone();
            (if *member { Held::Member(value) } else { Held::Value(value) }, *count)
        };
        let lacking = self.people.saturating_sub(facet.coverage);
        let missing = (lacking > 0).then_some((Held::Missing, lacking));
        let mut held: Vec<(Held, u64)> = values.iter().map(held).chain(missing).collect();
        held.sort_by(|(a, _), (b, _)| a.place().cmp(&b.place()));
        let first = self.lines.len();
        for (held, people) in held {
            let node = held.node(&facet.field);
            let landmark = self.question.landmark.as_ref();
            let line = Sketch {
                field: self.fields.len(),
                node: match landmark {
                    Some(landmark) => landmark.held(&facet.field, node),
                    None => node,
                },
                held,
                others: None,
                people,
            };
            match self.lines[first..].iter_mut().find(|other| other.is_rest(&line, self.people)) {
                Some(other) => other.others = Some(line.held),
                None => self.lines.push(line),
            }
        }
        self.fields.push(facet.field.clone());
    }

    /// Refuses what the longest of the filters has no room for, and all of them together.
    fn check(&self, ground: &Ground<'_>) -> Result<(), Error> {
        let each = ground.filter.to_string().len() + self.question.outcome.to_string().len();
        let own: Vec<usize> = self.lines.iter().map(|line| line.node.value.to_string().len()).collect();
        ground.room(own.iter().map(|own| each + own).sum::<usize>() * CELLS)?;
        let longest = (0..own.len()).max_by_key(|line| own[*line]);
        let side = longest.map_or(Side::All, Side::Without);
        ground.lists(&ground.all(self.nodes(Spot { side, outcome: true }))).map(|_| ())
    }

    /// What is true of some people, besides what is true of all.
    fn nodes(&self, spot: Spot) -> impl Iterator<Item = Node> {
        let side = match spot.side {
            Side::All => None,
            Side::With(line) => Some(self.lines[line].node.clone()),
            Side::Without(line) => Some(people::not(self.lines[line].node.clone())),
        };
        let outcome = self.question.outcome.root.clone().filter(|_| spot.outcome);
        side.into_iter().chain(outcome)
    }

    /// The answer, with how many people there are of each kind.
    pub(crate) fn answer(
        self,
        ground: &Ground<'_>,
        outside: Option<Outside>,
        count: impl Fn(Spot, &Expr) -> u64,
    ) -> Answer {
        let cell = |side| {
            let told = |outcome| {
                let spot = Spot { side, outcome };
                let people = ground.all(self.nodes(spot));
                (count(spot, &people), people)
            };
            let ((some, some_people), (all, all_people)) = (told(true), told(false));
            Cell { rate: Rate { some, all }, some: some_people, all: all_people }
        };
        let line = |(place, sketch): (usize, &Sketch)| {
            let field = self.fields[sketch.field].clone();
            let (with, without) = (cell(Side::With(place)), cell(Side::Without(place)));
            let (first, second) = (with.rate, without.rate);
            let (held, others) = (sketch.held.clone(), sketch.others.clone());
            let (difference, ratio) = (stats::difference(first, second), stats::ratio(first, second));
            Line { field, held, others, with, without, difference, ratio, test: None }
        };
        let all = cell(Side::All);
        let (lines, untested) = tested(self.lines.iter().enumerate().map(line).collect());
        let Plan { staying, left_out, more, .. } = self;
        Answer { all, outside, staying, tested: lines.len(), lines, untested, left_out, more }
    }
}

/// The lines that can be tested, in their order, and the others.
fn tested(mut lines: Vec<Line>) -> (Vec<Line>, Vec<Line>) {
    let table = |line: &Line| {
        [line.with.rate, line.without.rate].map(|rate| [rate.some, rate.all.saturating_sub(rate.some)])
    };
    let p: Vec<Option<f64>> = lines.iter().map(|line| stats::fisher(table(line))).collect();
    let q = stats::discovery(&p);
    for (line, (p, q)) in lines.iter_mut().zip(p.into_iter().zip(q)) {
        line.test = p.zip(q).map(|(p, q)| Tested { p, q });
    }
    let (mut lines, untested): (Vec<Line>, Vec<Line>) =
        lines.into_iter().partition(|line| line.test.is_some());
    // Stable: ties stay in their order.
    lines.sort_by(|a, b| {
        let p = |line: &Line| line.test.map_or(1.0, |test| test.p);
        b.strength().total_cmp(&a.strength()).then(p(a).total_cmp(&p(b)))
    });
    (lines, untested)
}

impl Line {
    /// How far the difference is from zero at least; 0 where it may be zero.
    pub fn strength(&self) -> f64 {
        self.difference.map_or(0.0, |Difference { interval, .. }| interval.low.max(-interval.high).max(0.0))
    }

    /// Whether it says little, one side being few.
    pub fn is_small(&self) -> bool {
        self.with.rate.is_small() || self.without.rate.is_small()
    }
}

impl Sketch {
    /// Whether another line is that of all who do not hold this one's. A list may hold two members.
    fn is_rest(&self, other: &Sketch, people: u64) -> bool {
        let are_members = [self, other].iter().all(|line| matches!(line.held, Held::Member(_)));
        !are_members && self.people + other.people == people
    }
}

impl Held {
    /// In the order of lines: of what is one test said twice the first is told.
    fn place(&self) -> (bool, &Held) {
        (*self != Held::Value(Datum::True), self)
    }

    /// Who holds it.
    fn node(&self, field: &Field) -> Node {
        match self {
            Held::Value(value) => people::is(field, value),
            Held::Member(value) => people::has(field, value),
            Held::Missing => people::not(people::exists(field)),
        }
    }

    /// How many hold it, of so many people of whose field this is told.
    pub(crate) fn count(&self, people: u64, facet: &Facet) -> u64 {
        let (wanted, is_member) = match self {
            Held::Value(value) => (value, false),
            Held::Member(value) => (value, true),
            Held::Missing => return people.saturating_sub(facet.coverage),
        };
        let Shape::Values(values) = &facet.shape else { return 0 };
        let own = values.iter().find(|value| value.member == is_member && value.value == *wanted);
        own.map_or(0, |value| value.count)
    }
}

/// What an outcome speaks of, also through segments.
#[derive(Default)]
struct Named<'p> {
    fields: Vec<&'p Field>,
    staying: bool,
}

fn named(outcome: &Predicate) -> Named<'_> {
    let mut named = Named::default();
    named.add(outcome.root());
    named
}

impl<'p> Named<'p> {
    fn add(&mut self, node: &'p predicate::Node) {
        use predicate::Node;
        node.firsts().for_each(|first| self.add(&first.node));
        match node {
            Node::All(nodes) | Node::Any(nodes) => nodes.iter().for_each(|node| self.add(node)),
            Node::Not(node) | Node::Elsewhere { node, .. } | Node::Was { node, .. } => self.add(node),
            Node::Seen { .. } => self.staying = true,
            Node::Condition(condition) => {
                let field = &condition.field;
                self.staying |= matches!(field, Field::Status | Field::StatusSince | Field::LastActivity);
                self.fields.push(field);
            }
            Node::First { .. } | Node::Search(_) => {}
        }
    }

    /// Whether it names a field, what that lies in, or what lies inside.
    fn has(&self, field: &Field) -> bool {
        self.fields.iter().any(|own| match (own.path(), field.path()) {
            (Some(own), Some(path)) => is_inside(own, path) || is_inside(path, own),
            _ => *own == field,
        })
    }
}

fn is_inside(inner: &Path, outer: &Path) -> bool {
    inner.keys().starts_with(outer.keys())
}
