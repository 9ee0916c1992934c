//! A year of days as a calendar: a column a week, a cell a day.

use filter::calendar::Unit;
use jiff::{ToSpan, civil::Date};

/// Columns: the present week and the 52 before it.
const WEEKS: i64 = 53;
/// The side of a cell and of the gap beside it, in units of the drawing.
const STEP: i64 = 10;

/// The days of activity of the last year.
pub(super) struct Calendar {
    /// Where the active days are.
    pub(super) days: Vec<Cell>,
    /// Where months begin.
    pub(super) months: Vec<(i64, String)>,
}

/// An active day.
pub(super) struct Cell {
    pub(super) x: i64,
    pub(super) y: i64,
    pub(super) date: Date,
}

impl Calendar {
    /// The calendar that ends with the week of a day.
    pub(super) fn of(days: &[Date], today: Date) -> Calendar {
        let first = Unit::Week.first(today).saturating_sub((WEEKS - 1).weeks());
        let cell = |date: &Date| {
            let offset = i64::from(first.until(*date).ok()?.get_days());
            (*date <= today && (0..WEEKS * 7).contains(&offset)).then(|| Cell {
                x: offset / 7 * STEP,
                y: offset % 7 * STEP,
                date: *date,
            })
        };
        let weeks = (0..WEEKS).map(|week| (week, first.saturating_add(week.weeks())));
        let begins = weeks.filter(|(_, monday)| monday.day() <= 7);
        Calendar {
            days: days.iter().filter_map(cell).collect(),
            months: begins.map(|(week, monday)| (week * STEP, monday.strftime("%b").to_string())).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_year_ends_today() {
        let today = date(2026, 3, 29); // a Sunday
        let days = [date(2025, 3, 23), date(2025, 3, 24), date(2026, 3, 23), today, date(2026, 3, 30)];
        let cells: Vec<_> = Calendar::of(&days, today).days.iter().map(|cell| (cell.x, cell.y)).collect();
        assert_eq!(cells, [(0, 0), (520, 0), (520, 60)]);
        assert!(matches!(Calendar::of(&days, today).months.len(), 12 | 13));
    }
}
