//! Calendar units: which day a unit begins with, and what it is called.

use jiff::{ToSpan, civil::Date};

/// A unit by which dates are grouped.
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

    /// Its name in texts.
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
            // The first days of the year 1 have no Monday before them: the week begins with the calendar.
            Unit::Week => {
                day.checked_sub(i64::from(day.weekday().to_monday_zero_offset()).days()).unwrap_or(Date::MIN)
            }
            Unit::Month => day.first_of_month(),
            Unit::Quarter => Date::constant(day.year(), (day.month() - 1) / 3 * 3 + 1, 1),
            Unit::Year => day.first_of_year(),
        }
    }
}

/// What the unit that begins with `first` is called: `2026`, `2026-Q1`, `2026-03`; weeks by their Monday.
pub fn label(unit: Unit, first: Date) -> String {
    let (year, month) = (first.year(), first.month());
    match unit {
        Unit::Day | Unit::Week => first.to_string(),
        Unit::Month => format!("{year:04}-{month:02}"),
        Unit::Quarter => format!("{year:04}-Q{}", (month + 2) / 3),
        Unit::Year => format!("{year:04}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_begin_and_are_named() {
        let day: Date = "2026-03-29".parse().unwrap();
        let named = Unit::ALL.map(|unit| label(unit, unit.first(day)));
        assert_eq!(named, ["2026-03-29", "2026-03-23", "2026-03", "2026-Q1", "2026"]);
        let first: Date = "0001-01-01".parse().unwrap();
        assert_eq!(label(Unit::Week, Unit::Week.first(first)), "0001-01-01", "a Monday, as it happens");
    }
}
