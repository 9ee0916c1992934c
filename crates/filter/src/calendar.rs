//! The calendar: its units, and which instants a civil day is made of where the zone's clocks go back or jump.

use jiff::civil::Date;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Span, ToSpan as _};

use crate::value::Instant;

/// A day of each one's own, in microseconds: 24 hours.
pub const DAY: i64 = 24 * 60 * 60 * 1_000_000;

/// A unit of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unit {
    /// A civil day.
    Day,
    /// Monday to Sunday.
    Week,
    /// A month.
    Month,
    /// Three months, from January.
    Quarter,
    /// A year.
    Year,
}

impl Unit {
    /// Every unit, short to long.
    pub const ALL: [Unit; 5] = [Unit::Day, Unit::Week, Unit::Month, Unit::Quarter, Unit::Year];

    /// Its name in texts, for one of it.
    pub fn as_str(self) -> &'static str {
        match self {
            Unit::Day => "day",
            Unit::Week => "week",
            Unit::Month => "month",
            Unit::Quarter => "quarter",
            Unit::Year => "year",
        }
    }

    /// The first day of the unit that holds a day.
    pub fn first(self, day: Date) -> Date {
        match self {
            Unit::Day => day,
            Unit::Week => day.saturating_sub(i64::from(day.weekday().to_monday_zero_offset()).days()),
            Unit::Month => day.first_of_month(),
            Unit::Quarter => Date::constant(day.year(), (day.month() - 1) / 3 * 3 + 1, 1),
            Unit::Year => day.first_of_year(),
        }
    }

    /// The last day of the unit that holds a day; where the calendar ends within it, the last day that there is.
    pub fn last(self, day: Date) -> Date {
        self.next(day).and_then(|next| next.yesterday().ok()).unwrap_or(Date::MAX)
    }

    /// The first days of all units from the one that holds a day, as far as the calendar goes.
    pub fn firsts(self, day: Date) -> impl Iterator<Item = Date> {
        std::iter::successors(Some(self.first(day)), move |first| self.next(*first))
    }

    /// The first day of the unit after the one that holds a day; `None` where the calendar ends.
    pub fn next(self, day: Date) -> Option<Date> {
        self.shift(self.first(day), 1)
    }

    /// The first day of the unit before the one that holds a day; `None` where the calendar begins.
    pub fn previous(self, day: Date) -> Option<Date> {
        self.shift(self.first(day), -1)
    }

    /// The day that many units later; a month's last day stands in for days that it lacks. `None` outside of the
    /// calendar.
    pub fn shift(self, day: Date, amount: i64) -> Option<Date> {
        let none = Span::new();
        let span = match self {
            Unit::Day => none.try_days(amount),
            Unit::Week => none.try_weeks(amount),
            Unit::Month => none.try_months(amount),
            Unit::Quarter => none.try_months(amount.checked_mul(3)?),
            Unit::Year => none.try_years(amount),
        };
        day.checked_add(span.ok()?).ok()
    }

    /// What the unit that begins with `first` is called: `2026`, `2026-Q1`, `2026-03`; weeks by their Monday.
    pub fn label(self, first: Date) -> String {
        let (year, month) = (first.year(), first.month());
        match self {
            Unit::Day | Unit::Week => first.to_string(),
            Unit::Month => format!("{year:04}-{month:02}"),
            Unit::Quarter => format!("{year:04}-Q{}", (month + 2) / 3),
            Unit::Year => format!("{year:04}"),
        }
    }
}

/// The first instant of a civil day in a zone: what lies before it belongs to the day before. Where clocks jump over
/// midnight, that is the jump; where they show midnight twice, the first time. A day that they jump over as a whole
/// begins where the next one does, and has no instant.
pub fn first_instant(day: Date, zone: &TimeZone) -> Instant {
    let midnight = day.at(0, 0, 0, 0);
    match zone.to_ambiguous_timestamp(midnight).offset() {
        AmbiguousOffset::Unambiguous { offset } => Instant::at(midnight, offset),
        AmbiguousOffset::Fold { before, .. } => Instant::at(midnight, before),
        AmbiguousOffset::Gap { before, after } => {
            let just_before = Instant::at(midnight, after).timestamp();
            let jump = zone.following(just_before).next();
            jump.map_or(Instant::at(midnight, before), |jump| Instant::from(jump.timestamp()))
        }
    }
}

/// The last instant of a civil day in a zone: just before the next one begins.
pub fn last_instant(day: Date, zone: &TimeZone) -> Instant {
    let next =
        day.tomorrow().map_or_else(|_| first_instant(day, zone).0 + DAY, |next| first_instant(next, zone).0);
    Instant(next - 1)
}

/// The civil day of an instant in a zone: the last one that had begun. Where clocks go back over midnight, the hour that
/// is lived twice belongs to the later day, so that days are intervals.
pub fn day_of(instant: impl Into<Instant>, zone: &TimeZone) -> Date {
    let instant = instant.into();
    let shown = instant.shown(zone).date();
    match shown.tomorrow() {
        Ok(next) if first_instant(next, zone) <= instant => next,
        _ => shown,
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn at(text: &str) -> Instant {
        Instant::from(text.parse::<Timestamp>().unwrap())
    }

    #[test]
    fn units_begin_follow_each_other_and_are_named() {
        let day: Date = "2026-03-29".parse().unwrap();
        let named = Unit::ALL.map(|unit| unit.label(unit.first(day)));
        assert_eq!(named, ["2026-03-29", "2026-03-23", "2026-03", "2026-Q1", "2026"]);
        let next = Unit::ALL.map(|unit| unit.label(unit.next(day).unwrap()));
        assert_eq!(next, ["2026-03-30", "2026-03-30", "2026-04", "2026-Q2", "2027"]);
        let last = Unit::ALL.map(|unit| unit.last(day).to_string());
        assert_eq!(last, ["2026-03-29", "2026-03-29", "2026-03-31", "2026-03-31", "2026-12-31"]);
        let firsts: Vec<String> = Unit::Month.firsts(day).take(3).map(|first| first.to_string()).collect();
        assert_eq!(firsts, ["2026-03-01", "2026-04-01", "2026-05-01"]);
        let previous = Unit::ALL.map(|unit| unit.label(unit.previous(day).unwrap()));
        assert_eq!(previous, ["2026-03-28", "2026-03-16", "2026-02", "2025-Q4", "2025"]);
        let first: Date = "0001-01-01".parse().unwrap();
        assert_eq!(Unit::Week.label(Unit::Week.first(first)), "0001-01-01", "a Monday, as it happens");
        assert_eq!((Unit::Year.next(Date::MAX), Unit::Year.previous(Date::MIN)), (None, None));
        assert_eq!((Unit::Year.last(Date::MAX), Unit::Month.firsts(Date::MAX).count()), (Date::MAX, 1));
    }

    #[test]
    fn a_day_begins_with_the_first_instant_that_clocks_show_of_it() {
        for (zone, day, first) in [
            ("Europe/Berlin", "2026-03-29", "2026-03-28T23:00:00Z"),
            // Toronto's jumped from 23:30 to 00:30: the day lacks its first half hour.
            ("America/Toronto", "1919-03-31", "1919-03-31T04:30:00Z"),
            // São Paulo's jumped from midnight to 01:00.
            ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z"),
            // Havana's go back from 01:00 to midnight, which is there twice.
            ("America/Havana", "2025-11-02", "2025-11-02T04:00:00Z"),
            // Samoa had no 30th: it begins and ends with the 31st.
            ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z"),
            ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z"),
        ] {
            let zone_named = TimeZone::get(zone).unwrap();
            let day: Date = day.parse().unwrap();
            assert_eq!(first_instant(day, &zone_named), at(first), "{zone} {day}");
            let eve = day.yesterday().unwrap();
            assert_eq!(last_instant(eve, &zone_named), Instant(at(first).0 - 1), "{zone} {eve}");
            let before = Instant(at(first).0 - 1);
            assert!(
                day_of(before, &zone_named) < day && day_of(at(first), &zone_named) >= day,
                "{zone} {day}"
            );
        }
    }

    #[test]
    fn days_are_intervals_where_clocks_go_back_over_midnight() {
        // St John's went back from 00:01 on 2006-10-29 to 23:01 on the 28th.
        let zone = TimeZone::get("America/St_Johns").unwrap();
        for (instant, day) in [
            ("2006-10-29T02:29:59Z", "2006-10-28"),
            ("2006-10-29T02:30:00Z", "2006-10-29"),
            ("2006-10-29T02:45:00Z", "2006-10-29"),
            ("2006-10-29T03:30:00Z", "2006-10-29"),
        ] {
            assert_eq!(day_of(at(instant), &zone).to_string(), day, "{instant}");
        }
    }
}
