//! Conversion: how many came from a beginning to an end, and how long it took them.
//!
//! A rate within some days is of those whose days are over, who came to the end and who did not alike; the others are told
//! apart. The curve says what such a rate cannot: it has everybody in it for as long as there was something to see. Days have
//! 24 hours, and each one's are counted from the own beginning. Whoever came to the end before the beginning is told apart and
//! is in nothing else.

use filter::{
    Expr, Field,
    calendar::DAY,
    expr::{Comparison, Node, Start},
    value::Instant,
};

use super::{
    By, Cell, Error, Ground, Kept, People, Place, Rate, Slice, Source, people,
    stats::{Exits, Median, Row, life_table, median},
};

/// The most days of a window, and of the curve.
pub const DAYS_MAX: u32 = 1_000;
/// The most windows.
pub const WITHIN_MAX: usize = 10;

/// How many filters a point of the curve has.
const POINT: usize = 3;

/// From a beginning to an end.
#[derive(Clone, Debug)]
pub struct Conversion {
    /// The beginning.
    pub from: Start,
    /// The end.
    pub to: Start,
    /// So many days people have to come to the end: from 1 to [`DAYS_MAX`], ascending, [`WITHIN_MAX`] at most.
    pub within: Vec<u32>,
    /// So many days the curve follows people: from 1 to [`DAYS_MAX`].
    pub days: u32,
    /// Whose values are told apart.
    pub by: Option<By>,
}

/// The table.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Everybody, then those of each value.
    pub groups: Vec<Group>,
    /// Relationships that match and have no beginning; `None` where each has one.
    pub outside: Option<People>,
}

/// How people who hold the same came to the end.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// What they hold.
    pub kept: Kept,
    /// Who has a beginning, but for those who came to the end before it.
    pub entered: People,
    /// Who of them has come to the end by now, however long it took.
    pub converted: People,
    /// Who came to the end before the beginning.
    pub before: People,
    /// A rate for each number of days that was asked for.
    pub within: Vec<Within>,
    /// Day by day: those on which somebody came to the end, or was seen for the last time on the way there.
    pub curve: Vec<Point>,
    /// The days by which half have come to the end, as the curve has it: none where it ends before that.
    pub median: Median,
}

/// Who came to the end within some days.
#[derive(Clone, Debug, PartialEq)]
pub struct Within {
    /// How many days, of 24 hours.
    pub days: u32,
    /// Those whose days are over, and who of them came to the end before they were: less than so many days after the beginning.
    pub over: Cell,
    /// Those whose days are not over, and who of them has come to the end already. No rate follows from these.
    pub running: Cell,
}

/// A day of the curve: what holds once so many whole days have passed.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// The row of the life table; its time is a number of whole days.
    pub row: Row,
    /// Who is at risk: those who were neither at the end nor out of sight before.
    pub at_risk: Expr,
    /// Who came to the end on this day.
    pub events: Expr,
    /// Who has not come to the end and is on this day now.
    pub censored: Expr,
}

/// Some people of the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spot {
    pub(crate) slice: usize,
    pub(crate) who: Who,
}

/// Which people.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Who {
    Entered,
    Converted,
    Before,
    /// Whose days of that window are over.
    Over {
        window: usize,
        /// Whether those who came to the end in them are counted, and not all.
        some: bool,
    },
    /// Whose days of that window are not over.
    Running {
        window: usize,
        /// Whether those who have come to the end are counted, and not all.
        some: bool,
    },
    /// Who came to the end on a day.
    Events(u32),
    /// Who is on a day, and not at the end.
    Censored(u32),
    /// Who was neither at the end nor out of sight before a day.
    AtRisk(u32),
}

/// The table before it is counted.
pub(crate) struct Plan<'q> {
    pub(crate) question: &'q Conversion,
    pub(crate) slices: Vec<Slice>,
    pub(crate) now: Instant,
    outside: Option<People>,
}

/// Those who have a time of their own; `None` where each has.
fn known(time: &Start) -> Option<Node> {
    match time {
        Start::Field(Field::FirstSeen) => None,
        Start::Field(field) => Some(people::exists(field)),
        Start::First(filter) => Some(people::was_once((**filter).clone())),
    }
}

/// The filter of those whose time has come.
pub(crate) fn come(time: &Start) -> Expr {
    Expr::new(known(time))
}

/// Those whose time has not come.
fn open(time: &Start) -> Node {
    people::not(known(time).unwrap_or_else(|| people::exists(&Field::FirstSeen)))
}

impl Conversion {
    /// Those who have a beginning.
    pub(crate) fn population(&self, ground: &Ground<'_>) -> Expr {
        ground.all(known(&self.from))
    }

    /// The table's cells, with the values that are told apart.
    pub(crate) fn plan<'q>(&'q self, ground: &Ground<'_>, source: &impl Source) -> Result<Plan<'q>, Error> {
        for (place, time) in [(Place::From, &self.from), (Place::To, &self.to)] {
            // Asked as a first time, so that what is wrong is said of one.
            let told = people::is_at(time, Comparison::LessOrEqual, ground.now.into());
            ground.checked(place, &Expr::new(Some(told)))?;
        }
        let population = ground.checked(Place::Filter, &self.population(ground))?;
        let slices = Slice::of(self.by.as_ref(), &population, source);
        let outside = known(&self.from).map(|known| {
            let people = ground.all([people::not(known)]);
            let count = ground.checked(Place::Filter, &people).map(|predicate| source.count(&predicate));
            Ok(People { count: count?, people })
        });
        let plan = Plan { question: self, slices, now: ground.now.into(), outside: outside.transpose()? };
        plan.check(ground)?;
        Ok(plan)
    }
}

impl Plan<'_> {
    /// Refuses what the longest of the filters has no room for, and all of them together.
    fn check(&self, ground: &Ground<'_>) -> Result<(), Error> {
        let slice =
            self.slices.iter().max_by_key(|slice| slice.length()).and_then(|slice| slice.node.clone());
        let windows = 0..self.question.within.len();
        let mut parts: Vec<_> = windows.map(|window| self.nodes(Who::Over { window, some: true })).collect();
        let last = self.question.days;
        let others = [Who::Entered, Who::Events(last), Who::Censored(last), Who::AtRisk(last)];
        parts.extend(others.map(|who| self.nodes(who)));
        let length = |part: &Vec<Node>| people::all(part.clone()).to_string().len();
        let part = parts.iter().map(length).max().unwrap_or(0);
        let filters = last as usize * POINT + self.question.within.len() * 4 + 3;
        let own = |slice: &Slice| ground.filter.to_string().len() + slice.length();
        ground.room(self.slices.iter().map(|slice| (own(slice) + part) * filters).sum())?;
        parts
            .into_iter()
            .try_for_each(|part| ground.lists(&ground.all(slice.iter().cloned().chain(part))).map(|_| ()))
    }

    /// What is true of some people, besides what is true of all.
    fn nodes(&self, who: Who) -> Vec<Node> {
        use Comparison::{Greater, GreaterOrEqual, Less, LessOrEqual};
        let Conversion { from, to, within, .. } = self.question;
        let days_ago = |days: u32| Instant(self.now.0 - i64::from(days) * DAY);
        let (over, running) = (
            |days| people::is_at(from, LessOrEqual, days_ago(days)),
            |days| people::is_at(from, Greater, days_ago(days)),
        );
        let came = |within: u32| people::is_after(to, Less, from, within);
        let reached = |after: u32| people::is_after(to, GreaterOrEqual, from, after);
        let entered = || known(from).into_iter().chain([people::not(came(0))]);
        match who {
            Who::Entered => entered().collect(),
            Who::Converted => vec![reached(0)],
            Who::Before => vec![came(0)],
            Who::Over { window, some: false } => entered().chain([over(within[window])]).collect(),
            Who::Over { window, some: true } => vec![reached(0), came(within[window]), over(within[window])],
            Who::Running { window, some: false } => entered().chain([running(within[window])]).collect(),
            Who::Running { window, some: true } => vec![reached(0), running(within[window])],
            Who::Events(day) => vec![reached(day), came(day + 1)],
            Who::AtRisk(0) => entered().collect(),
            Who::AtRisk(day) => {
                let waits = people::both(over(day), [open(to)]);
                people::any(vec![reached(day), waits]).into_iter().collect()
            }
            Who::Censored(day) => {
                let begun = (day > 0).then(|| over(day));
                begun.into_iter().chain([running(day + 1), open(to)]).collect()
            }
        }
    }

    /// The answer, with how many people there are at each place.
    pub(crate) fn answer(
        self,
        ground: &Ground<'_>,
        count: impl Fn(Spot, &dyn Fn() -> Expr) -> u64,
    ) -> Answer {
        let groups = (0..self.slices.len()).map(|slice| self.group(ground, slice, &count)).collect();
        Answer { groups, outside: self.outside }
    }

    fn group(
        &self,
        ground: &Ground<'_>,
        slice: usize,
        count: &impl Fn(Spot, &dyn Fn() -> Expr) -> u64,
    ) -> Group {
        let own = &self.slices[slice];
        let people = |nodes: Vec<Node>| ground.all(own.node.clone().into_iter().chain(nodes));
        let number = |who| count(Spot { slice, who }, &|| people(self.nodes(who)));
        let told = |who| People { count: number(who), people: people(self.nodes(who)) };
        let cell = |who: fn(usize, bool) -> Who, window| {
            let [some, all] = [true, false].map(|some| told(who(window, some)));
            let rate = Rate { some: some.count, all: all.count };
            Cell { rate, some: some.people, all: all.people }
        };
        let entered = told(Who::Entered);
        let windows = self.question.within.iter().enumerate();
        let within = windows.map(|(window, days)| Within {
            days: *days,
            over: cell(|window, some| Who::Over { window, some }, window),
            running: cell(|window, some| Who::Running { window, some }, window),
        });
        let rows = self.rows(entered.count, number);
        let median = median(&rows);
        let point = |row: Row| {
            let day = row.time as u32;
            let of = |who| people(self.nodes(who));
            Point {
                row,
                at_risk: of(Who::AtRisk(day)),
                events: of(Who::Events(day)),
                censored: of(Who::Censored(day)),
            }
        };
        Group {
            kept: own.kept.clone(),
            converted: told(Who::Converted),
            before: told(Who::Before),
            within: within.collect(),
            curve: rows.into_iter().map(point).collect(),
            entered,
            median,
        }
    }

    /// The rows of the life table within the days of the curve: whoever is left after them is seen until their end.
    fn rows(&self, entered: u64, number: impl Fn(Who) -> u64) -> Vec<Row> {
        let days = self.question.days;
        let mut exits: Vec<Exits> = (0..days)
            .map(|day| Exits {
                time: day.into(),
                events: number(Who::Events(day)),
                censored: number(Who::Censored(day)),
            })
            .collect();
        let left: u64 = exits.iter().map(|exit| exit.events + exit.censored).sum();
        let after = Exits { time: days.into(), events: 0, censored: entered - left };
        exits.push(after);
        let mut rows = life_table(exits);
        rows.retain(|row| row.time < days.into());
        rows
    }
}
