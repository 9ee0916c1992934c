//! How the numbers or the dates of a field are spread: bars between round edges, each a link to its people, and from and to.
//! What is counted are the groups of a question, without what the filter itself says of the field.

use std::time::Duration;

use bigdecimal::BigDecimal;
use filter::{
    Expr, Field,
    calendar::day_of,
    expr::{Clause, Comparison, Condition, DateLiteral, Literal, Node, Period, Test},
    value::{Kind, moment},
};
use index::{Aggregate, Datum, Extreme, Facet, Function, Grouping, Part, Question, Shape};
use jiff::{civil::Date, tz::TimeZone};

use super::{
    address::Address,
    edges::{Bar, PERIODS, bars, day, grouping},
    narrow::{Chosen, Own},
};
use crate::{
    http::App,
    model::{Formats, now},
    store::{
        View,
        query::{self, Answer, Engine, Error, Held, Query},
    },
};

/// Fields of params whose spread is drawn at once.
const FIELDS: usize = 8;
/// From the database each costs as much as a page: so many fields, and times.
const FEW: (usize, usize) = (3, 1);
/// With fewer different numbers their list says more.
const SEVERAL: u64 = 5;
/// The times of a relationship that are worth a line of their own.
const TIMES: [Field; 3] = [Field::FirstSeen, Field::LastActivity, Field::FirstPaid];

/// How long it may take to count them: the rail stands without.
const PATIENCE: Duration = Duration::from_secs(10);

/// The bars of a field.
pub(super) struct Spread {
    pub(super) field: Field,
    pub(super) bars: Vec<Bar>,
    /// The relationships that have a number or a date there.
    pub(super) counted: u64,
    /// The latest day of dates.
    pub(super) latest: Option<Date>,
    formats: Formats,
}

/// A bar as it is drawn.
pub(super) struct BarView {
    pub(super) x: usize,
    /// Its height, in percent of the highest.
    pub(super) height: u64,
    pub(super) y: u64,
    pub(super) title: String,
    pub(super) from: String,
    pub(super) to: String,
    /// Narrows to it.
    pub(super) link: String,
    /// Whether it lies in the filter's own range.
    pub(super) on: bool,
}

/// The bars of a field beside what the filter says of it.
pub(super) struct SpreadView {
    pub(super) bars: Vec<BarView>,
    /// The field, as the form names it.
    pub(super) field: String,
    /// What the form holds: the filter's own range.
    pub(super) from: String,
    pub(super) to: String,
    pub(super) is_date: bool,
    /// The least and the greatest.
    pub(super) ends: Option<(String, String)>,
    /// Ranges that are often wanted.
    pub(super) ready: Vec<Ready>,
}

/// A range that is often wanted.
pub(super) struct Ready {
    pub(super) name: &'static str,
    pub(super) condition: String,
    /// Whether the filter says it.
    pub(super) on: bool,
    /// Narrows to it, or says nothing of it any more.
    pub(super) link: String,
}

impl SpreadView {
    /// The width of the drawing.
    pub(super) fn width(&self) -> usize {
        self.bars.len() * 10
    }
}

/// The spreads of a rail: of its widest numbers and dates, and of the times of each relationship.
pub(super) async fn load(
    app: &App,
    view: &View,
    (address, held): (&Address, &Held),
    facets: &[Facet],
    formats: Formats,
) -> Result<Vec<Spread>, Error> {
    let filter = filter::parse(&address.filter).unwrap_or_else(|_| Expr::new(None));
    let (fields, times) = match query::engine(&app.store, view) {
        Engine::Index => (FIELDS, TIMES.len()),
        Engine::Sql => FEW,
    };
    let params = facets.iter().filter(|facet| is_spread(facet)).take(fields).map(|facet| facet.field.clone());
    let times = TIMES.into_iter().take(times).filter(|_| address.rail_q.is_empty());
    let fields: Vec<Field> = params.chain(times).collect();
    let ask = Ask { app, view, address, held, filter: &filter, formats };
    let ends = ask.ends(facets, &fields).await?;
    let by = |(field, ends): (&Field, Option<Ends>)| between(field, ends?, facets);
    ask.spreads(fields.iter().zip(ends).filter_map(by).collect()).await
}

/// How a field is grouped between its least and its greatest value, and its latest day.
fn between(field: &Field, (min, max): Ends, facets: &[Facet]) -> Option<(Field, Grouping, Option<Date>)> {
    Some((field.clone(), grouping(field, &min, &max, is_whole(facets, field))?, day(&max)))
}

/// The least and the greatest value.
type Ends = (Extreme, Extreme);

/// Whether most of what a facet holds are numbers, or dates.
fn is_spread(facet: &Facet) -> bool {
    let of_kind = |kind| facet.kinds.iter().find(|(own, _)| *own == kind).map_or(0, |(_, count)| *count);
    let is_most = |count: u64| count * 2 > facet.coverage;
    let is_several = facet.distinct.is_none_or(|distinct| distinct > SEVERAL);
    let has_dates = match &facet.shape {
        Shape::Range { min, .. } => matches!(min, Some(Extreme::Day(_) | Extreme::Instant(_))),
        Shape::Values(values) => {
            let is_date = |value: &Datum| matches!(value, Datum::String(text) if moment(text).is_some());
            !values.is_empty()
                && values.iter().all(|value| value.value == Datum::Null || is_date(&value.value))
        }
    };
    is_several && (is_most(of_kind(Kind::Number)) || is_most(of_kind(Kind::String)) && has_dates)
}

/// Whether all that a facet lists are whole numbers: then no bar is narrower.
fn is_whole(facets: &[Facet], field: &Field) -> bool {
    let facet = facets.iter().find(|facet| facet.field == *field);
    facet.is_some_and(|facet| match &facet.shape {
        Shape::Values(values) => {
            values.iter().all(|value| !matches!(&value.value, Datum::Number(number) if !number.is_integer()))
        }
        Shape::Range { .. } => false,
    })
}

/// What is asked of the store.
struct Ask<'a> {
    app: &'a App,
    view: &'a View,
    address: &'a Address,
    held: &'a Held,
    filter: &'a Expr,
    formats: Formats,
}

impl Ask<'_> {
    /// A question about those of whom the filter is true without what it says of a field.
    fn query(&self, field: &Field, question: Question) -> Query {
        let (_, rest) = self.filter.own(field);
        let (filter, rows) = (Expr::all(rest).to_string(), self.address.rows());
        Query { filter, rows, as_of: self.address.as_of(), question, ..Query::default() }
    }

    /// The least and the greatest value of each field, as far as that was not too slow.
    async fn ends(&self, facets: &[Facet], fields: &[Field]) -> Result<Vec<Option<Ends>>, Error> {
        let known = |field: &Field| match &facets.iter().find(|facet| facet.field == *field)?.shape {
            Shape::Range { min, max, .. } => Some(min.clone().zip(max.clone())),
            Shape::Values(_) => None,
        };
        let question = |field: &Field| {
            let aggregates = [Function::Min, Function::Max];
            let aggregates = aggregates.map(|function| Aggregate { function, field: field.clone() }).to_vec();
            Question { select: vec![Part::Aggregates], aggregates, ..Question::default() }
        };
        let unknown = fields.iter().filter(|field| known(field).is_none());
        let queries: Vec<Query> = unknown.map(|field| self.query(field, question(field))).collect();
        let mut answers = self.beside(&queries).await?.into_iter();
        let mut asked = || {
            let mut values = answers.next().flatten()?.aggregates.into_iter().map(|(_, total)| total.value);
            values.next().flatten().zip(values.next().flatten())
        };
        Ok(fields.iter().map(|field| known(field).unwrap_or_else(&mut asked)).collect())
    }

    /// The bars of fields, each with how it is put into them and its latest day.
    async fn spreads(&self, by: Vec<(Field, Grouping, Option<Date>)>) -> Result<Vec<Spread>, Error> {
        let question = |by: &Grouping| Question {
            select: vec![Part::Groups],
            group_by: Some(by.clone()),
            group_limit: PERIODS * 2,
            bare: true,
            ..Question::default()
        };
        let queries: Vec<Query> = by.iter().map(|(field, by, _)| self.query(field, question(by))).collect();
        let answers = self.beside(&queries).await?;
        let spread = |((field, by, latest), answer): ((Field, Grouping, Option<Date>), Option<Answer>)| {
            let groups = answer?.groups.unwrap_or_default();
            let bars = bars(&by, &groups.rows, self.formats);
            let counted: u64 = groups.rows.iter().map(|(_, group)| group.count).sum();
            let is_all = groups.other.is_none_or(|other| other.count == 0);
            (is_all && !bars.is_empty()).then_some(Spread {
                field,
                bars,
                counted,
                latest,
                formats: self.formats,
            })
        };
        Ok(by.into_iter().zip(answers).filter_map(spread).collect())
    }

    /// The answers of what the page was answered from; none where it was too slow.
    async fn beside(&self, queries: &[Query]) -> Result<Vec<Option<Answer>>, Error> {
        let answers = self.app.beside(self.view, queries, self.held, PATIENCE).await?;
        let in_time = |answer: Result<Answer, Error>| match answer {
            Err(Error::TooSlow) => Ok(None),
            answer => answer.map(Some),
        };
        answers.into_iter().map(in_time).collect()
    }
}

impl Spread {
    /// As it is drawn: what is chosen is marked, and each bar leads to its people and no others.
    pub(super) fn view(&self, address: &Address, filter: &Expr) -> SpreadView {
        let own = Own::of(filter, &self.field);
        let range = Range::of(&filter.own(&self.field).0);
        let is_date = self.bars.first().is_some_and(|bar| bar.from.parse::<Date>().is_ok());
        let most = self.bars.iter().map(|bar| bar.count).max().unwrap_or(1).max(1);
        let link = |filter: Option<String>| {
            filter.map_or_else(String::new, |filter| address.filtered(filter).link())
        };
        let bar = |(place, bar): (usize, &Bar)| {
            let height = (bar.count * 100).div_ceil(most);
            BarView {
                x: place * 10,
                height,
                y: 100 - height,
                title: format!(
                    "{}: {}",
                    bar.name,
                    self.formats.of(bar.count, "relationship", "relationships")
                ),
                link: link(own.only(&bar.condition)),
                on: range.holds(bar, is_date),
                from: bar.from.clone(),
                to: bar.to.clone(),
            }
        };
        let bars: Vec<BarView> = self.bars.iter().enumerate().map(bar).collect();
        let ends = self.bars.first().zip(self.bars.last());
        let ends = ends.map(|(first, last)| (first.from.clone(), last.to.clone()));
        let ready = if is_date { self.ready(address, &own, &link) } else { Vec::new() };
        let Range { from, to, .. } = range;
        SpreadView { bars, field: self.field.to_string(), from, to, is_date, ends, ready }
    }

    /// Of dates that lie ahead, as trials end, those that come; of others those that were last.
    fn ready(&self, address: &Address, own: &Own, link: &dyn Fn(Option<String>) -> String) -> Vec<Ready> {
        let field = &self.field;
        let today = address.as_of.parse().unwrap_or_else(|_| day_of(now(), &TimeZone::UTC));
        let choices = match self.latest.is_some_and(|latest| latest > today) {
            true => [
                ("next 7 days", "in next 7 days"),
                ("next 30 days", "in next 30 days"),
                ("this month", "in this month"),
                ("over", "< today"),
            ],
            false => [
                ("last 7 days", "in last 7 days"),
                ("last 30 days", "in last 30 days"),
                ("this month", "in this month"),
                ("older", "< today - 30d"),
            ],
        };
        let choice = |(name, test): (&'static str, &str)| {
            let condition = format!("{field} {test}");
            let on = own.says(&condition) == Some(Chosen::In);
            let filter = if on { own.without(&condition) } else { own.only(&condition) };
            Ready { name, on, link: link(filter), condition }
        };
        choices.into_iter().map(choice).collect()
    }
}

/// The range that conditions say of their field: from and to, empty where it is open.
#[derive(Default)]
struct Range {
    from: String,
    to: String,
    /// Whether it ends before `to`.
    is_below: bool,
}

impl Range {
    fn of(own: &[Node]) -> Range {
        let mut range = Range::default();
        for part in own {
            let Clause::Condition(Condition { test, .. }) = &part.value else { continue };
            match test {
                Test::Compare(Comparison::Greater | Comparison::GreaterOrEqual, value) => {
                    range.from = end(&value.value);
                }
                Test::Compare(comparison @ (Comparison::Less | Comparison::LessOrEqual), value) => {
                    range.to = end(&value.value);
                    range.is_below = *comparison == Comparison::Less;
                }
                Test::During { negated: false, period } => {
                    if let Period::Between(first, last) = &period.value {
                        (range.from, range.to) = (end(&Literal::Date(*first)), end(&Literal::Date(*last)));
                    }
                }
                _ => {}
            }
        }
        range
    }

    /// Whether some of a bar lies in it; dates end with their bar's last day, numbers before the next bar.
    fn holds(&self, bar: &Bar, is_date: bool) -> bool {
        let is_less = |a: &str, b: &str| match (a.parse::<BigDecimal>(), b.parse::<BigDecimal>()) {
            (Ok(a), Ok(b)) => a < b,
            _ => a < b,
        };
        let is_before = if is_date { is_less(&bar.to, &self.from) } else { !is_less(&self.from, &bar.to) };
        let is_after =
            if self.is_below { !is_less(&bar.from, &self.to) } else { is_less(&self.to, &bar.from) };
        (!self.from.is_empty() || !self.to.is_empty())
            && (self.from.is_empty() || !is_before)
            && (self.to.is_empty() || !is_after)
    }
}

/// A number or a day as a form holds it; what is counted from now has no place there.
fn end(literal: &Literal) -> String {
    match literal {
        Literal::Number(_) | Literal::Date(DateLiteral::Day(_)) => literal.to_string(),
        _ => String::new(),
    }
}

/// The filter with a range of a field instead of what it says of it; without one it says nothing of it any more. A range that
/// was drawn over bars ends before its last edge. `None` where the words are neither numbers nor days.
pub(super) fn ranged(filter: &Expr, field: &str, (from, to): (&str, &str), is_drawn: bool) -> Option<String> {
    let field = filter::parse_field(field).ok()?;
    let (from, to) = (from.trim(), to.trim());
    let own = Own::of(filter, &field);
    let is_day = |text: &str| text.is_empty() || text.parse::<Date>().is_ok();
    let is_end = |text: &str| text.is_empty() || text.parse::<serde_json::Number>().is_ok();
    // Ends the wrong way round mean the range between them.
    let number = |text: &str| text.parse::<BigDecimal>().ok();
    let is_turned = match (from.parse::<Date>(), to.parse::<Date>()) {
        (Ok(first), Ok(last)) => first > last,
        _ => number(from).zip(number(to)).is_some_and(|(from, to)| from > to),
    };
    let (from, to) = if is_turned { (to, from) } else { (from, to) };
    let condition = match (from.is_empty(), to.is_empty()) {
        (true, true) => return Some(own.nothing()),
        (false, false) if is_day(from) && is_day(to) => format!("{field} in {from} .. {to}"),
        _ if is_day(from) && is_day(to) || is_end(from) && is_end(to) => {
            let below = if is_drawn { "<" } else { "<=" };
            let sides = [(">=", from), (below, to)].into_iter().filter(|(_, end)| !end.is_empty());
            let sides = sides.map(|(operator, end)| format!("{field} {operator} {end}"));
            sides.collect::<Vec<_>>().join(" and ")
        }
        _ => return None,
    };
    own.only(&condition)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_takes_the_place_of_what_was_said_of_its_field() {
        let ranged = |filter: &str, field: &str, from: &str, to: &str, is_drawn| {
            ranged(&filter::parse(filter).unwrap(), field, (from, to), is_drawn)
        };
        for (filter, from, to, is_drawn, expected) in [
            ("", "10", "20", false, Some("params.mrr >= 10 and params.mrr <= 20")),
            ("", "20", "9.5", false, Some("params.mrr >= 9.5 and params.mrr <= 20")),
            ("", "2026-03-31", "2026-03-01", false, Some("params.mrr in 2026-03-01 .. 2026-03-31")),
            ("", "10", "20", true, Some("params.mrr >= 10 and params.mrr < 20")),
            (
                "mrr > 5 and plan = pro",
                "1",
                "2",
                false,
                Some("params.plan = \"pro\" and params.mrr >= 1 and params.mrr <= 2"),
            ),
            ("mrr > 5 and plan = pro", "", "20", false, Some("params.plan = \"pro\" and params.mrr <= 20")),
            (
                "mrr > 5 and plan = pro",
                "-1.5",
                "",
                false,
                Some("params.plan = \"pro\" and params.mrr >= -1.5"),
            ),
            ("mrr > 5 and plan = pro", "", " ", false, Some("params.plan = \"pro\"")),
            ("", "2026-01-01", "2026-01-31", true, Some("params.mrr in 2026-01-01 .. 2026-01-31")),
            ("", "2026-01-01", "", false, Some("params.mrr >= 2026-01-01")),
            ("", "1 or plan = x", "", false, None),
            ("", "ten", "20", false, None),
            ("", "2026-01-01", "20", false, None),
        ] {
            assert_eq!(ranged(filter, "mrr", from, to, is_drawn).as_deref(), expected, "{from} to {to}");
        }
        assert_eq!(ranged("", "", "1", "2", false), None);
    }

    #[test]
    fn bars_within_the_range_are_marked() {
        let bar = |from: &str, to: &str| Bar {
            name: String::new(),
            from: from.to_owned(),
            to: to.to_owned(),
            count: 1,
            condition: String::new(),
        };
        for ((a, b), filter, expected) in [
            (("0", "10"), "x exists", false),
            (("0", "10"), "x >= 10", false),
            (("10", "20"), "x >= 10", true),
            (("10", "20"), "x >= 15 and x <= 16", true),
            (("100", "200"), "x > 20 and x < 90", false),
            (("10", "20"), "x <= 10", true),
            (("10", "20"), "x < 10", false),
            (("10", "20"), "x <= 9", false),
            (("2026-01-01", "2026-01-31"), "x >= 2026-01-31", true),
            (("2026-01-01", "2026-01-31"), "x in 2026-02-01 .. 2026-02-28", false),
            (("2026-01-01", "2026-01-31"), "x in 2025-02-01 .. 2026-01-01", true),
        ] {
            let filter = filter::parse(filter).unwrap();
            let own: Vec<Node> = filter.parts().into_iter().cloned().collect();
            assert_eq!(Range::of(&own).holds(&bar(a, b), a.len() > 4), expected, "{a} to {b} in {filter}");
        }
    }
}
