//! Turns what a filter says about time into ranges, once per query, in the account's zone.

use std::ops::Bound::{Excluded, Included, Unbounded};

use jiff::civil::{Date, Weekday};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan as _};

use crate::expr::{Comparison, DateLiteral, Origin, Period, Turn, Unit};
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
        let today = zone.to_datetime(now).date();
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

    /// The first and the last moment of a period, both of which belong to it.
    fn ends(&self, period: Period) -> Option<(Moment, Moment)> {
        let now = Moment::Instant(Instant::from(self.now));
        match period {
            Period::Last(amount, unit @ (Unit::Minute | Unit::Hour)) => {
                Some((self.shifted(Origin::Now, -i64::from(amount), unit)?, now))
            }
            Period::Next(amount, unit @ (Unit::Minute | Unit::Hour)) => {
                Some((now, self.shifted(Origin::Now, i64::from(amount), unit)?))
            }
            Period::Last(amount, unit) => {
                let before = shift(self.today, -i64::from(amount), unit)?;
                Some((day(before.tomorrow().ok()?)?, Moment::Day(self.today)))
            }
            Period::Next(amount, unit) => {
                let after = shift(self.today, i64::from(amount), unit)?;
                Some((Moment::Day(self.today), day(after.yesterday().ok()?)?))
            }
            Period::Calendar(turn, unit) => {
                let turns = match turn {
                    Turn::Last => -1,
                    Turn::This => 0,
                    Turn::Next => 1,
                };
                let first = shift(start_of_unit(self.today, unit)?, turns, unit)?;
                let next = shift(first, 1, unit)?;
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
            DateLiteral::Shifted { from, back, amount, unit } => {
                let amount = i64::from(amount);
                self.shifted(from, if back { -amount } else { amount }, unit)
            }
        }
    }

    /// `now - 14d` is the same time of day fourteen days ago; `today - 14d` is a day, `today + 6h` an instant.
    fn shifted(&self, from: Origin, amount: i64, unit: Unit) -> Option<Moment> {
        let elapsed = |from: Instant, minutes: i64| {
            let shifted = Instant(from.0.checked_add(amount.checked_mul(minutes * 60_000_000)?)?);
            shifted.is_printable().then_some(Moment::Instant(shifted))
        };
        match (from, unit) {
            (Origin::Now, Unit::Minute) => elapsed(Instant::from(self.now), 1),
            (Origin::Now, Unit::Hour) => elapsed(Instant::from(self.now), 60),
            (Origin::Today, Unit::Minute) => elapsed(self.start_of(self.today), 1),
            (Origin::Today, Unit::Hour) => elapsed(self.start_of(self.today), 60),
            (Origin::Today, _) => day(shift(self.today, amount, unit)?),
            (Origin::Now, _) => {
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
                let from = self.start_of(day);
                let day_long = |from: Instant| Instant(from.0 + 24 * 60 * 60 * 1_000_000);
                let until = day.tomorrow().map_or(day_long(from), |next| self.start_of(next));
                Stretch { from, until, first: day, last: day }
            }
            Moment::Instant(instant) => {
                let day = instant.day(&self.zone);
                Stretch { from: instant, until: Instant(instant.0 + 1), first: day, last: day }
            }
        }
    }

    /// The first instant of a civil day. Clocks may jump over midnight, or over the whole day, or show it twice.
    fn start_of(&self, day: Date) -> Instant {
        let midnight = day.at(0, 0, 0, 0);
        match self.zone.to_ambiguous_timestamp(midnight).offset() {
            AmbiguousOffset::Unambiguous { offset } => Instant::at(midnight, offset),
            AmbiguousOffset::Fold { before, .. } => Instant::at(midnight, before),
            AmbiguousOffset::Gap { before, after } => {
                let just_before = Instant::at(midnight, after).timestamp();
                let jump = self.zone.following(just_before).next();
                jump.map_or(Instant::at(midnight, before), |jump| Instant::from(jump.timestamp()))
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

/// The day that many units later; a month's last day stands in for days that it lacks.
fn shift(date: Date, amount: i64, unit: Unit) -> Option<Date> {
    let span = match unit {
        Unit::Day => 0.days().try_days(amount),
        Unit::Week => 0.days().try_weeks(amount),
        Unit::Month => 0.days().try_months(amount),
        Unit::Quarter => 0.days().try_months(amount.checked_mul(3)?),
        Unit::Year => 0.days().try_years(amount),
        Unit::Minute | Unit::Hour => return None,
    };
    let shifted = date.checked_add(span.ok()?).ok()?;
    (shifted.year() >= 1).then_some(shifted)
}

/// The first day of the calendar unit that the day lies in.
fn start_of_unit(date: Date, unit: Unit) -> Option<Date> {
    match unit {
        Unit::Minute | Unit::Hour => None,
        Unit::Day => Some(date),
        Unit::Week => date.checked_sub(i64::from(date.weekday().since(Weekday::Monday)).days()).ok(),
        Unit::Month => Some(date.first_of_month()),
        Unit::Quarter => Date::new(date.year(), (date.month() - 1) / 3 * 3 + 1, 1).ok(),
        Unit::Year => Some(date.first_of_year()),
    }
}
