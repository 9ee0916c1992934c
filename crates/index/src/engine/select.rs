//! Which rows match: a predicate over the codes of each chunk.
//!
//! Conditions joined by `and` begin with the one that selects least; when few rows are left, the others look at those
//! only. Conditions on one field joined by `or` (such as `in`) become one set of codes. What is said of a customer's other
//! relationships is worked out first, as a set of customers.

mod clocked;
mod own;
mod runs;
mod tells;
mod turning;
mod walker;
mod within;

use filter::{
    Field,
    expr::Place,
    fold::Needle,
    predicate::{Condition, First, Node, Order, Own, Projects, Range, Start, Stretch, Test, When},
    value::{Instant, Kind},
};
use uuid::Uuid;

use super::{
    Hits, Scope, Seen,
    condition::{self, Selected},
    each, past,
};
use crate::{
    Snapshot,
    bits::Bits,
    chunk::Held,
    column::{self, CodeSet, Symbols},
};
pub(super) use runs::Runs;
pub(super) use turning::{NEVER, Turning, is_still};
use walker::Walker;

/// A predicate that needs nothing but a part to be answered.
pub(super) enum Ready<'p> {
    All(Vec<Ready<'p>>),
    Any(Vec<Ready<'p>>),
    Not(Box<Ready<'p>>),
    Search(&'p Needle),
    Condition(&'p Condition),
    /// The row's customer is one of these numbers.
    Customers(Bits),
    /// It was true at a moment.
    At(Instant, Box<Ready<'p>>),
    /// It was true at a moment of each row's own, which is not before one, nor after the moment that is asked of; this one where
    /// it is the present.
    Own(Moment<'p>, (Instant, Instant), Box<Ready<'p>>),
    /// A time is on one side of a moment of the row's own, or without a side the same.
    Beside(Time<'p>, Option<Order>, Moment<'p>),
    /// A time lies within a range.
    During(Time<'p>, &'p Range),
    /// It was true at one moment at least.
    Within(Stretch, Box<Ready<'p>>),
    /// The row was seen on so many days.
    Seen(u32, Stretch),
}

/// A time of each row's own.
pub(super) enum Time<'p> {
    /// What a time field holds.
    Field(&'p Field),
    /// When it was first true, within a time.
    First(Stretch, Box<Ready<'p>>),
}

/// A time of each row's own, moved so far.
pub(super) struct Moment<'p> {
    time: Time<'p>,
    shift: i64,
}

/// Rows of a chunk, living or not.
enum Rows {
    None,
    All,
    Some(Bits),
}

/// When fewer than one in so many rows are left, a condition looks at each of them instead of at all rows.
const FEW: usize = 32;

impl Snapshot {
    /// Works out what a predicate says of customers, so that the rest can be asked of each part by itself.
    pub(super) fn ready<'p>(&self, scope: &Scope<'_>, node: &'p Node) -> Ready<'p> {
        let all = |nodes: &'p [Node]| nodes.iter().map(|node| self.ready(scope, node)).collect();
        match node {
            Node::All(nodes) => Ready::All(all(nodes)),
            Node::Any(nodes) => Ready::Any(all(nodes)),
            Node::Not(node) => Ready::Not(Box::new(self.ready(scope, node))),
            Node::Search(needle) => Ready::Search(needle),
            Node::Condition(condition) => match &condition.test {
                Test::Own(order, own) => {
                    Ready::Beside(Time::Field(&condition.field), *order, self.moment(scope, own))
                }
                _ => Ready::Condition(condition),
            },
            Node::First { first, test, .. } => match test {
                Test::Own(order, own) => {
                    Ready::Beside(self.first_time(scope, first), *order, self.moment(scope, own))
                }
                Test::During(range) => Ready::During(self.first_time(scope, first), range),
                _ => Ready::Any(Vec::new()),
            },
            Node::Was { when: When::At(moment), node, .. } => {
                let moment = scope.moment.map_or(*moment, |now| now.min(*moment));
                let then = Scope { moment: Some(moment), ..*scope };
                Ready::At(moment, Box::new(self.ready(&then, node)))
            }
            Node::Was { when: When::Own { time, since, now }, node, .. } => {
                let moment = self.moment(scope, time);
                Ready::Own(moment, (*since, now.0), Box::new(self.ready(scope, node)))
            }
            Node::Was { when: When::Within(within), node, .. } => {
                Ready::Within(*within, Box::new(self.ready(scope, node)))
            }
            Node::Seen { least, within, .. } => Ready::Seen(*least, *within),
            Node::Elsewhere { projects, node, .. } => {
                let projects: Vec<Uuid> = match projects {
                    Projects::One(project) => vec![*project],
                    Projects::Live => scope
                        .projects
                        .iter()
                        .filter(|(_, project)| !project.test)
                        .map(|(id, _)| *id)
                        .collect(),
                };
                let inside = self.ready(scope, node);
                Ready::Customers(self.numbers(&hits(&self.seen(scope, &projects), &inside)))
            }
        }
    }

    fn first_time<'p>(&self, scope: &Scope<'_>, first: &'p First) -> Time<'p> {
        Time::First(first.within, Box::new(self.ready(scope, &first.node)))
    }

    fn moment<'p>(&self, scope: &Scope<'_>, own: &'p Own) -> Moment<'p> {
        let time = match &own.from {
            Start::Field(field) => Time::Field(field),
            Start::First(first) => self.first_time(scope, first),
        };
        Moment { time, shift: own.shift }
    }
}

/// The rows of parts that match and live; parts without any are left out.
pub(super) fn hits<'s>(parts: &[Seen<'s>], test: &Ready<'_>) -> Vec<Hits<'s>> {
    each(parts, |seen| hit(seen, test)).into_iter().flatten().collect()
}

/// The same where a predicate's parts at some places of its outermost `and` are left out.
pub(super) fn hits_without<'s>(parts: &[Seen<'s>], test: &Ready<'_>, places: &[usize]) -> Vec<Hits<'s>> {
    let tests = match test {
        Ready::All(tests) => tests.as_slice(),
        only => std::slice::from_ref(only),
    };
    let kept = || tests.iter().enumerate().filter(|(place, _)| !places.contains(place)).map(|(_, test)| test);
    each(parts, |seen| matching(seen, all(kept(), seen))).into_iter().flatten().collect()
}

/// The rows of a part that match and live.
pub(super) fn living(seen: &Seen<'_>, test: &Ready<'_>) -> Bits {
    hit(seen, test).map_or_else(|| Bits::none(seen.chunk().rows()), |hits| hits.rows)
}

fn hit<'s>(seen: &Seen<'s>, test: &Ready<'_>) -> Option<Hits<'s>> {
    matching(seen, test.rows(seen))
}

fn matching<'s>(seen: &Seen<'s>, rows: Rows) -> Option<Hits<'s>> {
    let live = seen.live();
    let rows = match rows {
        Rows::None => return None,
        Rows::All => live.into_owned(),
        Rows::Some(mut rows) => {
            rows.keep(&live);
            rows
        }
    };
    let count = rows.count();
    (count > 0).then_some(Hits { seen: *seen, rows, count })
}

impl Ready<'_> {
    fn rows(&self, seen: &Seen<'_>) -> Rows {
        match self {
            Ready::All(tests) => all(tests, seen),
            Ready::Any(tests) => any(tests, seen),
            Ready::Not(test) => match test.rows(seen) {
                Rows::None => Rows::All,
                Rows::All => Rows::None,
                Rows::Some(mut rows) => {
                    rows.invert();
                    Rows::Some(rows)
                }
            },
            Ready::Search(needle) => search(needle, seen),
            Ready::Condition(condition) => match Side::of(condition, seen) {
                Side::Fixed(true) => Rows::All,
                Side::Fixed(false) => Rows::None,
                Side::Codes(column, codes) => Rows::Some(column.select(&codes)),
                Side::Rows(rows) => Rows::Some(rows),
            },
            Ready::Customers(numbers) => {
                let customers = &seen.part.customers;
                Rows::Some(crate::bits::filter(customers, |number| numbers.has(number as usize)))
            }
            Ready::At(moment, test) => Rows::Some(test.rows_at(&seen.at(*moment))),
            Ready::Own(moment, known, test) => Rows::Some(own::was(moment, *known, test, seen)),
            Ready::Beside(time, order, moment) => Rows::Some(own::beside(time, *order, moment, seen)),
            Ready::During(time, range) => Rows::Some(own::during(time, range, seen)),
            Ready::Within(within, test) => Rows::Some(within::within(test, *within, seen)),
            Ready::Seen(least, within) => Rows::Some(past::seen_on(*least, *within, seen)),
        }
    }

    /// The rows of which it is true, living or not.
    fn rows_of(&self, seen: &Seen<'_>) -> Bits {
        match self.rows(seen) {
            Rows::None => Bits::none(seen.chunk().rows()),
            Rows::All => Bits::all(seen.chunk().rows()),
            Rows::Some(rows) => rows,
        }
    }

    /// Those of which it was true, and that there were then.
    fn rows_at(&self, then: &Seen<'_>) -> Bits {
        let mut rows = self.rows_of(then);
        then.existing(&mut rows);
        rows
    }

    /// The same, to be asked of single rows at single moments of a time that begins and ends so.
    fn walker<'s>(&'s self, first: &Seen<'s>, last: &Seen<'s>) -> Walker<'s> {
        let each = |tests: &'s [Ready<'_>]| tests.iter().map(|test| test.walker(first, last)).collect();
        match self {
            Ready::All(tests) => Walker::All(each(tests)),
            Ready::Any(tests) => Walker::Any(each(tests)),
            Ready::Not(test) => Walker::Not(Box::new(test.walker(first, last))),
            Ready::Condition(condition) => Walker::of(condition, first, last),
            Ready::Beside(time, order, moment) => {
                let ends = (self.rows_of(first), self.rows_of(last));
                match turning::beside(time, *order, moment, first) {
                    Some(beside) => Walker::Beside(Box::new(beside), ends),
                    None => Walker::Any(Vec::new()),
                }
            }
            constant => Walker::Rows(constant.rows_of(&first.present())),
        }
    }
}

/// One side of an `and` or an `or`, as far as it can be known without looking at rows.
enum Side<'s> {
    Fixed(bool),
    Codes(Held<'s>, CodeSet),
    Rows(Bits),
}

impl<'s> Side<'s> {
    fn of(condition: &Condition, seen: &Seen<'s>) -> Side<'s> {
        if seen.is_late() {
            return Side::Fixed(false);
        }
        match &condition.test {
            Test::Changed(changed) => return Side::Rows(past::changed(&condition.field, changed, seen)),
            Test::Moved(moved) => return Side::Rows(past::moved(&condition.field, moved, seen)),
            _ => {}
        }
        if condition.field == Field::Project {
            return Side::Fixed(match &condition.test {
                Test::Exists | Test::Is(Kind::String) => true,
                Test::Project(project) => *project == seen.project,
                _ => false,
            });
        }
        if let Some(rows) = had(seen, &condition.field, &[condition]) {
            return Side::Rows(rows);
        }
        if let (Some(past), Some(moment), true) =
            (seen.past(), seen.moment, condition::is_of_members(&condition.test))
        {
            let now = Ready::Condition(condition).rows_of(&seen.present());
            let wanted = |members: &Symbols| condition::members(members, &condition.test);
            return Side::Rows(past.held(&condition.field, now, moment.at, wanted));
        }
        let Some(column) = seen.column(&condition.field) else { return Side::Fixed(false) };
        match condition::select(&column, seen.chunk().rows(), condition) {
            Selected::Rows(rows) => Side::Rows(rows),
            Selected::Codes(codes) if codes.is_empty() => Side::Fixed(false),
            Selected::Codes(codes) => Side::Codes(column, codes),
        }
    }

    /// About how many of the rows it selects.
    fn estimate(&self) -> usize {
        match self {
            Side::Fixed(_) => 0,
            Side::Rows(rows) => rows.count(),
            Side::Codes(column, codes) => column.expected(codes),
        }
    }
}

fn all<'t, 'p: 't>(tests: impl IntoIterator<Item = &'t Ready<'p>>, seen: &Seen<'_>) -> Rows {
    let (mut sides, mut rest) = (Vec::new(), Vec::new());
    for test in tests {
        match test {
            Ready::Condition(condition) => match Side::of(condition, seen) {
                Side::Fixed(false) => return Rows::None,
                Side::Fixed(true) => {}
                side => sides.push((side.estimate(), side)),
            },
            other => rest.push(other),
        }
    }
    sides.sort_by_key(|(estimate, _)| *estimate);
    let mut left: Option<Bits> = None;
    for (_, side) in sides {
        let narrowed = match (left.take(), side) {
            (Some(left), side) => narrow(left, side),
            (None, Side::Codes(column, codes)) => column.select(&codes),
            (None, Side::Rows(rows)) => rows,
            (None, Side::Fixed(_)) => continue,
        };
        if narrowed.is_empty() {
            return Rows::None;
        }
        left = Some(narrowed);
    }
    for test in rest {
        match (test.rows(seen), &mut left) {
            (Rows::None, _) => return Rows::None,
            (Rows::All, _) => {}
            (Rows::Some(rows), Some(left)) => left.keep(&rows),
            (Rows::Some(rows), None) => left = Some(rows),
        }
    }
    left.map_or(Rows::All, Rows::Some)
}

/// Keeps the rows that a side selects too.
fn narrow(mut left: Bits, side: Side<'_>) -> Bits {
    match side {
        Side::Codes(column, codes) if left.count() * FEW < left.len() => {
            let mut kept = Bits::none(left.len());
            left.each(|row| {
                if codes.has(column.code(row)) {
                    kept.insert(row);
                }
            });
            kept
        }
        Side::Codes(column, codes) => {
            left.keep(&column.select(&codes));
            left
        }
        Side::Rows(rows) => {
            left.keep(&rows);
            left
        }
        Side::Fixed(_) => left,
    }
}

/// The rows whose value passed one of some conditions on one field at the moment that the part is seen at; `None` where a column
/// must be looked at.
fn had(seen: &Seen<'_>, field: &Field, conditions: &[&Condition]) -> Option<Bits> {
    let (past, moment) = (seen.past()?, seen.moment?);
    if conditions.iter().any(|condition| !is_of_value(&condition.test)) {
        return None;
    }
    past.selection(seen.chunk(), field, moment.at, |symbols| {
        let mut codes = conditions.iter().map(|condition| condition::codes(symbols, field, &condition.test));
        match (codes.next(), codes.next()) {
            (Some(only), None) => only,
            (first, second) => {
                let mut all = Bits::none(symbols.len());
                first.into_iter().chain(second).chain(codes).for_each(|codes| unite(&mut all, &codes));
                CodeSet::Some(all)
            }
        }
    })
}

/// Whether a test looks at a value alone, and not at the members of a list or at changes.
fn is_of_value(test: &Test) -> bool {
    !condition::is_of_members(test) && !matches!(test, Test::Changed(_) | Test::Moved(_))
}

fn any(tests: &[Ready<'_>], seen: &Seen<'_>) -> Rows {
    let mut found: Option<Bits> = None;
    let mut fields: Vec<(&Field, Vec<&Condition>)> = Vec::new();
    for test in tests {
        let Ready::Condition(condition) = test else {
            match test.rows(seen) {
                Rows::None => {}
                Rows::All => return Rows::All,
                Rows::Some(rows) => add(&mut found, rows),
            }
            continue;
        };
        match fields.iter_mut().find(|(field, _)| **field == condition.field) {
            Some((_, conditions)) => conditions.push(condition),
            None => fields.push((&condition.field, vec![condition])),
        }
    }
    for (field, conditions) in fields {
        match one_of(field, &conditions, seen) {
            Rows::None => {}
            Rows::All => return Rows::All,
            Rows::Some(rows) => add(&mut found, rows),
        }
    }
    found.map_or(Rows::None, Rows::Some)
}

/// The rows that one of some conditions on one field selects.
fn one_of(field: &Field, conditions: &[&Condition], seen: &Seen<'_>) -> Rows {
    if let Some(rows) = had(seen, field, conditions) {
        return Rows::Some(rows);
    }
    let mut found = None;
    let mut all: Option<(Held<'_>, Bits)> = None;
    for condition in conditions {
        match Side::of(condition, seen) {
            Side::Fixed(false) => {}
            Side::Fixed(true) => return Rows::All,
            Side::Rows(rows) => add(&mut found, rows),
            Side::Codes(column, codes) => {
                let none = Bits::none(column.symbols.len());
                unite(&mut all.get_or_insert((column, none)).1, &codes);
            }
        }
    }
    if let Some((column, codes)) = all {
        add(&mut found, column.select(&CodeSet::Some(codes)));
    }
    found.map_or(Rows::None, Rows::Some)
}

fn add(found: &mut Option<Bits>, rows: Bits) {
    match found {
        Some(found) => found.add(&rows),
        None => *found = Some(rows),
    }
}

fn unite(all: &mut Bits, codes: &CodeSet) {
    match codes {
        CodeSet::Range(range) => range.clone().for_each(|code| all.insert(code)),
        CodeSet::Some(codes) => codes.each(|code| all.insert(code)),
    }
}

/// The rows whose e-mail, name or user_id holds a text.
fn search(needle: &Needle, seen: &Seen<'_>) -> Rows {
    if seen.is_late() {
        return Rows::None;
    }
    let mut found = Bits::none(seen.chunk().rows());
    for field in [Field::Email, Field::Name, Field::UserId] {
        let Some(column) = seen.column(&field) else { continue };
        // These fields hold strings only, so that places and codes are the same.
        let codes = column::holding(&column.symbols.strings, Place::Anywhere, needle);
        if !codes.is_empty() {
            found.add(&column.select(&CodeSet::Some(codes)));
        }
    }
    Rows::Some(found)
}
