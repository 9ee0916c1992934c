//! Questions about the past, typed: moments and periods become instants that history can answer.

use std::fmt;
use std::ops::Bound;

use jiff::civil::Date;

use super::Checker;
use super::condition::{FIRST, negated, order, out_of_calendar, tests};
use crate::calendar::{DAY, Unit, day_of};
use crate::error::{Checked, Fault};
use crate::expr::{self, Comparison, DateLiteral, Literal, Period};
use crate::field::{self, Field, FieldKind};
use crate::predicate::{
    Changed, Condition, First, Moved, Node, Now, Operator, Own, Side, Start, Stretch, Test, When,
};
use crate::span::{Span, Spanned};
use crate::value::Instant;

/// What asks about the past, so that nothing inside of it does.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Asks {
    /// `was (…)`
    Was,
    /// `first (…)`
    First,
}

impl fmt::Display for Asks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Asks::Was => "was",
            Asks::First => "first",
        })
    }
}

impl Asks {
    /// Why another cannot stand inside.
    fn nested(self, inner: Asks) -> String {
        let other = if self == inner { "other " } else { "" };
        format!("{self} asks about the past already, so no {other}{inner} can stand inside")
    }

    /// What a segment does that cannot stand inside, if this is said of it.
    pub(super) fn refuses(self, message: &str) -> Option<&'static str> {
        match message {
            SEARCHES => Some("searches"),
            _ => {
                let mut asks = [Asks::Was, Asks::First].into_iter();
                asks.any(|inner| message == self.nested(inner)).then_some("asks about the past itself")
            }
        }
    }
}

/// Why no search can stand inside of `first (…)`.
const SEARCHES: &str = "a search asks who somebody is, which is known of the present only";

/// The furthest that a time is moved, a hundred years in microseconds: all databases and calendars reach as far.
const SHIFT_MAX: i64 = 36_525 * DAY;

/// So much elapsed time in microseconds; `None` of units that are not equally long, and beyond all numbers.
fn micros(shift: expr::Elapsed) -> Option<i64> {
    let unit = match shift.step {
        expr::Step::Minute => DAY / 24 / 60,
        expr::Step::Hour => DAY / 24,
        expr::Step::Calendar(Unit::Day) => DAY,
        expr::Step::Calendar(Unit::Week) => 7 * DAY,
        expr::Step::Calendar(Unit::Month | Unit::Quarter | Unit::Year) => return None,
    };
    i64::from(shift.amount).checked_mul(if shift.back { -unit } else { unit })
}

impl Checker<'_> {
    pub(super) fn was(
        &mut self,
        span: Span,
        filter: &expr::Node,
        when: &expr::When,
        depth: usize,
    ) -> Checked<Node> {
        self.count(span, 1)?;
        self.refuse_nested(span, Asks::Was)?;
        let when = match when {
            expr::When::Ever => When::Within(self.ever()),
            expr::When::Own(time) => When::Own {
                time: self.own(None, time, depth)?,
                since: self.ever().from,
                now: Now(self.scope.now.into()),
            },
            expr::When::On(moment) => When::At(self.past_moment(moment)?),
            expr::When::In(period) => When::Within(self.past_period(period)?),
        };
        let node = Box::new(self.asked(Asks::Was, filter, depth)?);
        Ok(Node::Was { span, when, node })
    }

    /// What stands inside of `was (…)` or `first (…)`.
    fn asked(&mut self, by: Asks, filter: &expr::Node, depth: usize) -> Checked<Node> {
        self.past = Some(by);
        let node = self.node(filter, depth + 1);
        self.past = None;
        node
    }

    fn refuse_nested(&self, span: Span, inner: Asks) -> Checked<()> {
        let Some(outer) = self.past else { return Ok(()) };
        Err(Fault::new(span, outer.nested(inner)).hint(match (outer, inner) {
            (Asks::Was, Asks::Was) => "join them: was (…) and was (…)",
            (Asks::First, Asks::First) => "compare them: first (…) < first (…)",
            (Asks::Was, Asks::First) => "take it out: was (…) and first (…) < 2026-03-29",
            (Asks::First, Asks::Was) => "take it out: first (…) < 2026-03-29 and was (…)",
        }))
    }

    /// Refuses a search inside of `first (…)`, which a word alone is: a key was meant.
    pub(super) fn refuse_search(&self, span: Span, text: &str) -> Checked<()> {
        if self.past != Some(Asks::First) {
            return Ok(());
        }
        let fault = Fault::new(span, SEARCHES);
        let is_key = field::resolve(span, text).is_ok_and(|field| field.path().is_some());
        let key = if is_key { text } else { "plan" };
        Err(fault.hint(format!("write {key} exists or {key} = …")))
    }

    /// What is asked of the first time that a filter was true.
    pub(super) fn first(
        &mut self,
        span: Span,
        filter: &expr::Node,
        test: &expr::Test,
        depth: usize,
    ) -> Checked<Node> {
        let first = Box::new(self.first_time(span, filter, depth)?);
        let (not, test) = match test {
            expr::Test::Compare(comparison, literal) => {
                let test = self.time(FIRST, *comparison, literal, Some(*comparison))?;
                (*comparison == Comparison::NotEqual, test)
            }
            expr::Test::Own(comparison, time) => {
                let test = Test::Own(order(*comparison), self.own(None, time, depth)?);
                (*comparison == Comparison::NotEqual, test)
            }
            expr::Test::During { negated, period } => (*negated, Test::During(self.period(period)?)),
            _ => {
                let fault = Fault::new(span, "a first time is compared, or asked whether it is in a period");
                return Err(fault.hint("whether there is one asks was (…)"));
            }
        };
        Ok(negated(not, Node::First { span, first, test }))
    }

    fn first_time(&mut self, span: Span, filter: &expr::Node, depth: usize) -> Checked<First> {
        self.count(span, 1)?;
        self.refuse_nested(span, Asks::First)?;
        Ok(First { within: self.ever(), node: self.asked(Asks::First, filter, depth)? })
    }

    /// A time of the relationship's own, held against a field or by itself.
    pub(super) fn own(
        &mut self,
        left: Option<&Spanned<Field>>,
        time: &Spanned<expr::Own>,
        depth: usize,
    ) -> Checked<Own> {
        let own = &time.value;
        let right = match &own.from {
            expr::Start::Field(field) => Some(field),
            expr::Start::First(_) => None,
        };
        let mut fields = left.map(|left| &left.value).into_iter().chain(right);
        if let Some(field) = fields.find(|field| !field.is_time()) {
            let fault =
                Fault::new(time.span, format!("{field} is no time field, so nothing is counted from it"));
            return Err(fault.hint(
                "the time fields are first_seen, first_paid, status_since, last_activity and imported",
            ));
        }
        let shift = own.shift.map_or(Some(0), micros).filter(|shift| shift.abs() <= SHIFT_MAX);
        let Some(shift) = shift else {
            return Err(Fault::new(time.span, format!("{own} is more than a hundred years away"))
                .hint("count at most 36525d"));
        };
        let from = match &own.from {
            expr::Start::Field(field) => Start::Field(field.clone()),
            expr::Start::First(filter) => Start::First(Box::new(self.first_time(time.span, filter, depth)?)),
        };
        Ok(Own { from, shift })
    }

    pub(super) fn seen(&mut self, span: Span, least: u32, period: &Spanned<Period>) -> Checked<Node> {
        self.count(span, 1)?;
        if has_clock(&period.value) {
            let fault = Fault::new(period.span, "seen is known by days, and this period has a time of day");
            return Err(fault.hint(format!("ask for days, or write last_activity in {}", period.value)));
        }
        let within = self.past_period(period)?;
        let days = self.period(period)?.days_in();
        if i64::from(least) > days {
            let day = if days == 1 { "day" } else { "days" };
            let fault = Fault::new(
                span,
                format!("this period has {days} {day}, so nobody is seen on {least} of them"),
            );
            return Err(fault.hint("ask for fewer days, or for a longer period"));
        }
        Ok(Node::Seen { span, least, within })
    }

    pub(super) fn changed(
        &mut self,
        span: Span,
        field: &Spanned<Field>,
        [from, to]: [&Option<Spanned<expr::Side>>; 2],
        period: Option<&Spanned<Period>>,
    ) -> Checked<Node> {
        has_changes(field)?;
        let mut side =
            |side: &Option<Spanned<expr::Side>>| side.as_ref().map(|side| self.side(field, side)).transpose();
        let (from, to) = (side(from)?, side(to)?);
        let mut within = period.map_or_else(|| Ok(self.ever()), |period| self.past_period(period))?;
        // What something was before the horizon is not known, so nor is whether it changed there.
        within.from = within.from.max(self.horizon().map_or(within.from, |horizon| Instant(horizon.0 + 1)));
        let test = Test::Changed(Changed { from, to, within });
        Ok(past(span, field, Operator::Changed, test))
    }

    fn side(&mut self, field: &Spanned<Field>, side: &Spanned<expr::Side>) -> Checked<Side> {
        let expr::Side::Value(literal) = &side.value else { return Ok(Side::Missing) };
        let literal: Spanned<Literal> = Spanned::new(side.span, literal.clone());
        let test = self.compared(field, Comparison::Equal, &literal, None)?;
        Ok(Side::Any(tests(&field.value, test)))
    }

    pub(super) fn moved(
        &mut self,
        span: Span,
        field: &Spanned<Field>,
        direction: expr::Direction,
        period: &Spanned<Period>,
    ) -> Checked<Node> {
        if field.kind() != FieldKind::Json {
            let fault = Fault::new(
                field.span,
                format!("{} is no number, so it never {}", field.value, direction.as_str()),
            );
            return Err(fault.hint(format!("write params.mrr {} in {}", direction.as_str(), period.value)));
        }
        let Stretch { from, until } = self.past_period(period)?;
        let before = Instant(from.0 - 1).max(self.horizon().unwrap_or(Instant(i64::MIN)));
        let test = Test::Moved(Moved { direction, before, after: until });
        Ok(past(span, field, Operator::Moved(direction), test))
    }

    /// All that history holds.
    fn ever(&self) -> Stretch {
        Stretch { from: self.horizon().unwrap_or(Instant(i64::MIN)), until: Instant(i64::MAX) }
    }

    fn horizon(&self) -> Option<Instant> {
        self.scope.horizon.map(Instant::from)
    }

    /// The instant that a date means as a moment of the past: of a day its last. What it is now it still is then.
    pub(super) fn past_moment(&self, moment: &Spanned<DateLiteral>) -> Checked<Instant> {
        let out = || out_of_calendar(moment.span, &moment.value.to_string());
        let range = self.clock.compared(Comparison::Equal, moment.value).ok_or_else(out)?;
        let Stretch { from, until } = Stretch::of(&range.instants);
        self.known(moment.span, from, until)?;
        Ok(until)
    }

    /// The first and the last day of a period that has begun.
    pub(super) fn past_days(&self, period: &Spanned<Period>) -> Checked<(Date, Date)> {
        let today = self.today();
        self.has_begun(period)?;
        let range = self.period(period)?;
        let (Bound::Included(first), Bound::Included(last)) = range.days else { return Ok((today, today)) };
        if first > today {
            return Err(self.in_future(period.span));
        }
        Ok((first, last.min(today)))
    }

    /// The instants of a period of the past. What of it is yet to come holds nothing.
    fn past_period(&self, period: &Spanned<Period>) -> Checked<Stretch> {
        self.has_begun(period)?;
        let within = Stretch::of(&self.period(period)?.instants);
        self.known(period.span, within.from, within.from)?;
        Ok(within)
    }

    /// Refuses what is yet to come, also where a part of this day belongs to it: `next 7 days`, and a beginning after its end
    /// because it is after now.
    fn has_begun(&self, period: &Spanned<Period>) -> Checked<()> {
        let later = match period.value {
            Period::Next(..) => true,
            Period::Between(from, _) => {
                let begins = self.clock.compared(Comparison::Equal, from);
                begins.is_some_and(|range| Stretch::of(&range.instants).from > Instant::from(self.scope.now))
            }
            _ => false,
        };
        if later { Err(self.in_future(period.span)) } else { Ok(()) }
    }

    /// What lies after the moment that is asked of.
    fn in_future(&self, span: Span) -> Box<Fault> {
        Fault::new(span, "this lies in the future, which has no history")
            .hint(format!("this is asked of {}: ask about that day or one before", self.today()))
    }

    /// The day that is asked of.
    pub(super) fn today(&self) -> Date {
        day_of(self.scope.now, &self.scope.zone)
    }

    /// Whether history can tell of a time: it has begun, by `from`, and the end of what was asked of is not before the horizon.
    fn known(&self, span: Span, from: Instant, asked: Instant) -> Checked<()> {
        let now = Instant::from(self.scope.now);
        if from > now {
            return Err(self.in_future(span));
        }
        match self.horizon() {
            Some(horizon) if asked < horizon => {
                let (since, day) = (horizon, self.clock.day_after(horizon));
                let fault = Fault::new(span, format!("history is kept since {since}, and this is before"));
                Err(fault.hint(format!("ask about {day} or later")))
            }
            _ => Ok(()),
        }
    }
}

fn past(span: Span, field: &Spanned<Field>, operator: Operator, test: Test) -> Node {
    Node::Condition(Condition { span, field: field.value.clone(), test, operator, literal: None })
}

/// Refuses fields of which the log keeps no changes.
fn has_changes(field: &Spanned<Field>) -> Checked<()> {
    match field.value {
        Field::Params(_) | Field::Status | Field::Name | Field::UserId | Field::Email => Ok(()),
        _ => {
            let fault = Fault::new(field.span, format!("no changes are kept of {}", field.value));
            Err(fault.hint("changes are kept of status, name, user_id, email and params"))
        }
    }
}

/// Whether a period begins or ends within a day.
fn has_clock(period: &Period) -> bool {
    let clock = |date: &DateLiteral| match date {
        DateLiteral::Instant(_) | DateLiteral::Now => true,
        DateLiteral::Shifted { from, step, .. } => {
            *from == expr::Origin::Now || !matches!(step, expr::Step::Calendar(_))
        }
        _ => false,
    };
    match period {
        Period::Last(_, step) | Period::Next(_, step) => !matches!(step, expr::Step::Calendar(_)),
        Period::Calendar(..) => false,
        Period::Between(from, to) => clock(from) || clock(to),
    }
}
