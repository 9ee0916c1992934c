//! Turns what a filter says about time into ranges, once per query, in the account's zone.

use std::ops::Bound::{Excluded, Included, Unbounded};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::calendar::{Unit, day_of, first_instant, last_instant};
use crate::expr::{Comparison, DateLiteral, Origin, Period, Step, Turn};
use crate::predicate::Range;
use crate::value::{Instant, Moment};

/// The present moment somewhere.
pub(crate) struct Clock {
    zone: TimeZone,
    now: Timestamp,
    today: Date,
}

impl Clock {
    pub(crate) fn new(now: Timestamp, zone: TimeZone) -> Clock {
        let today = day_of(now, &zone);
        Clock { zone, now, today }
    }

    /// The times that compare so with the date; `None` outside of the years 0001-9999.
    pub(crate) fn compared(&self, comparison: Comparison, date: DateLiteral) -> Option<Range> {
        let Stretch { from, until, first, last } = self.stretch(self.moment(date)?);
        let (instants, days) = match comparison {
            Comparison::Equal | Comparison::NotEqual => {
                ((Included(from), Excluded(until)), (Included(first), Included(last)))
            }
            Comparison::Less => ((Unbounded, Excluded(from)), (Unbounded, Excluded(first))),
            Comparison::LessOrEqual => ((Unbounded, Excluded(until)), (Unbounded, Included(last))),
            Comparison::Greater => ((Included(until), Unbounded), (Excluded(last), Unbounded)),
            Comparison::GreaterOrEqual => ((Included(from), Unbounded), (Included(first), Unbounded)),
        };
        Some(Range { instants, days })
    }

    /// The times within a period; `None` outside of the years 0001-9999.
    pub(crate) fn during(&self, period: Period) -> Option<Range> {
        let (from, to) = self.ends(period)?;
        let (from, to) = (self.stretch(from), self.stretch(to));
        Some(Range {
            instants: (Included(from.from), Excluded(to.until)),
            days: (Included(from.first), Included(to.last)),
        })
    }

    /// Whether the first date begins after the second; `None` outside of the years 0001-9999.
    pub(crate) fn is_reversed(&self, from: DateLiteral, to: DateLiteral) -> Option<bool> {
        Some(self.stretch(self.moment(from)?).from > self.stretch(self.moment(to)?).from)
    }

    /// The first day that begins at an instant or later.
    pub(crate) fn day_after(&self, instant: Instant) -> Date {
        let day = day_of(instant, &self.zone);
        if first_instant(day, &self.zone) >= instant { day } else { day.tomorrow().unwrap_or(day) }
    }

    /// The first and the last moment of a period, both of which belong to it.
    fn ends(&self, period: Period) -> Option<(Moment, Moment)> {
        let now = Moment::Instant(Instant::from(self.now));
        match period {
            Period::Last(amount, step @ (Step::Minute | Step::Hour)) => {
                Some((self.shifted(Origin::Now, -i64::from(amount), step)?, now))
            }
            Period::Next(amount, step @ (Step::Minute | Step::Hour)) => {
                Some((now, self.shifted(Origin::Now, i64::from(amount), step)?))
            }
            Period::Last(amount, Step::Calendar(unit)) => {
                let before = shift(self.today, -i64::from(amount), unit)?;
                Some((day(before.tomorrow().ok()?)?, Moment::Day(self.today)))
            }
            Period::Next(amount, Step::Calendar(unit)) => {
                let after = shift(self.today, i64::from(amount), unit)?;
                Some((Moment::Day(self.today), day(after.yesterday().ok()?)?))
            }
            Period::Calendar(turn, unit) => {
                let first = match turn {
                    Turn::Last => unit.previous(self.today)?,
                    Turn::This => unit.first(self.today),
                    Turn::Next => unit.next(self.today)?,
                };
                let next = unit.next(first)?;
                Some((day(first)?, day(next.yesterday().ok()?)?))
            }
            Period::Between(from, to) => Some((self.moment(from)?, self.moment(to)?)),
        }
    }

    /// The day or the instant that a literal names.
    fn moment(&self, date: DateLiteral) -> Option<Moment> {
        match date {
            DateLiteral::Day(date) => day(date),
            DateLiteral::Instant(instant) => Some(Moment::Instant(instant)),
            DateLiteral::Yesterday => day(self.today.yesterday().ok()?),
            DateLiteral::Today => day(self.today),
            DateLiteral::Tomorrow => day(self.today.tomorrow().ok()?),
            DateLiteral::Now => Some(Moment::Instant(Instant::from(self.now))),
            DateLiteral::Shifted { from, back, amount, step } => {
                let amount = i64::from(amount);
                self.shifted(from, if back { -amount } else { amount }, step)
            }
        }
    }

    /// `now - 14d` is the same time of day fourteen days ago; `today - 14d` is a day, `today + 6h` an instant.
    fn shifted(&self, from: Origin, amount: i64, step: Step) -> Option<Moment> {
        let elapsed = |from: Instant, minutes: i64| {
            let shifted = Instant(from.0.checked_add(amount.checked_mul(minutes * 60_000_000)?)?);
            shifted.is_printable().then_some(Moment::Instant(shifted))
        };
        match (from, step) {
            (Origin::Now, Step::Minute) => elapsed(Instant::from(self.now), 1),
            (Origin::Now, Step::Hour) => elapsed(Instant::from(self.now), 60),
            (Origin::Today, Step::Minute) => elapsed(first_instant(self.today, &self.zone), 1),
            (Origin::Today, Step::Hour) => elapsed(first_instant(self.today, &self.zone), 60),
            (Origin::Today, Step::Calendar(unit)) => day(shift(self.today, amount, unit)?),
            (Origin::Now, Step::Calendar(unit)) => {
                let now = self.zone.to_datetime(self.now);
                let then = shift(now.date(), amount, unit)?.to_datetime(now.time());
                let instant = Instant::from(self.zone.to_timestamp(then).ok()?);
                instant.is_printable().then_some(Moment::Instant(instant))
            }
        }
    }

    fn stretch(&self, moment: Moment) -> Stretch {
        match moment {
            Moment::Day(day) => {
                let from = first_instant(day, &self.zone);
                let until = Instant(last_instant(day, &self.zone).0 + 1);
                Stretch { from, until, first: day, last: day }
            }
            Moment::Instant(instant) => {
                let day = day_of(instant, &self.zone);
                Stretch { from: instant, until: Instant(instant.0 + 1), first: day, last: day }
            }
        }
    }
}

/// A moment spelled out: as instants (the end excluded) and as days (both included).
struct Stretch {
    from: Instant,
    until: Instant,
    first: Date,
    last: Date,
}

/// The day as a moment, if it can be written.
fn day(date: Date) -> Option<Moment> {
    (date.year() >= 1).then_some(Moment::Day(date))
}

/// The day that many units later, if it can be written.
fn shift(date: Date, amount: i64, unit: Unit) -> Option<Date> {
    unit.shift(date, amount).filter(|date| date.year() >= 1)
}
