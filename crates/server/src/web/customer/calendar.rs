//! Days of activity as a calendar: a column a week, a cell a day. It is drawn in pixels and not scaled, so that its letters
//! are as large as others.

use filter::calendar::Unit;
use jiff::{ToSpan, civil::Date};

/// Weeks that are shown at once: the present one and those before it; as many again are a click away.
const WEEKS: i64 = 26;
/// The side of a cell, and the same with the gap beside it.
const SIDE: i64 = 9;
const STEP: i64 = 11;
/// The room of the weekdays on the left, and of the months above.
const LEFT: i64 = 30;
const TOP: i64 = 20;
/// Weeks that the name of a month needs.
const NAME: i64 = 3;

/// The days of activity of some weeks.
pub(super) struct Calendar {
    /// The first day that is drawn.
    pub(super) from: Date,
    pub(super) width: i64,
    pub(super) height: i64,
    /// Where days are, active or not: the first week and the last may be shorter.
    pub(super) ground: Vec<Block>,
    /// Where the active days are.
    pub(super) days: Vec<Cell>,
    /// Where months begin.
    pub(super) months: Vec<(i64, String)>,
    /// The names of some rows, so that the others can be told.
    pub(super) weekdays: [(i64, &'static str); 3],
}

/// Cells beside and below each other.
pub(super) struct Block {
    pub(super) x: i64,
    pub(super) y: i64,
    pub(super) width: i64,
    pub(super) height: i64,
}

/// An active day.
pub(super) struct Cell {
    pub(super) x: i64,
    pub(super) y: i64,
    pub(super) date: Date,
}

impl Calendar {
    /// The calendar from the day on which somebody was first seen, and what is older than 26 weeks, where that has a day.
    pub(super) fn of(days: &[Date], first_seen: Date, today: Date) -> (Calendar, Option<Calendar>) {
        // An import may tell of days that are older than what else is known.
        let first = days.iter().copied().chain([first_seen, today]).min().unwrap_or(today);
        let recent = Unit::Week.first(today).saturating_sub((WEEKS - 1).weeks());
        let shown = Calendar::between(days, first.max(recent), today);
        let before = (first < recent).then(|| {
            let from = first.max(recent.saturating_sub(WEEKS.weeks()));
            Calendar::between(days, from, recent.saturating_sub(1.day()))
        });
        (shown, before.filter(|before| !before.days.is_empty()))
    }

    fn between(days: &[Date], from: Date, to: Date) -> Calendar {
        let monday = Unit::Week.first(from);
        let place = |date: Date| monday.until(date).map_or(0, |span| i64::from(span.get_days()));
        let weeks = place(to) / 7 + 1;
        let shown = days.iter().filter(|date| (from..=to).contains(date));
        let cell = |date: &Date| {
            let place = place(*date);
            Cell { x: column(place / 7), y: row(place % 7), date: *date }
        };
        Calendar {
            from,
            width: column(weeks),
            height: row(7),
            ground: ground(place(from), place(to)),
            days: shown.map(cell).collect(),
            months: months(from, monday, weeks),
            weekdays: [(0, "Mon"), (2, "Wed"), (4, "Fri")].map(|(day, name)| (row(day) + SIDE, name)),
        }
    }
}

fn column(week: i64) -> i64 {
    LEFT + week * STEP
}

fn row(day: i64) -> i64 {
    TOP + day * STEP
}

/// The days between two places, as whole weeks with a part of one before and after.
fn ground(from: i64, to: i64) -> Vec<Block> {
    let block = |week, weeks, day, days| Block {
        x: column(week),
        y: row(day),
        width: weeks * STEP,
        height: days * STEP,
    };
    let last = to / 7;
    if last == 0 {
        return vec![block(0, 1, from, to - from + 1)];
    }
    let mut ground = vec![block(0, 1, from, 7 - from), block(last, 1, 0, to % 7 + 1)];
    if last > 1 {
        ground.push(block(1, last - 1, 0, 7));
    }
    ground
}

/// Where months begin, and the name of the first, where there is room before the next.
fn months(from: Date, monday: Date, weeks: i64) -> Vec<(i64, String)> {
    let name = |date: Date| date.strftime("%b").to_string();
    let begins: Vec<(i64, Date)> = (1..weeks)
        .map(|week| (week, monday.saturating_add(week.weeks())))
        .filter(|(_, monday)| monday.day() <= 7)
        .collect();
    let first = begins.first().is_none_or(|(week, _)| *week >= NAME).then_some((0, from));
    first.into_iter().chain(begins).map(|(week, date)| (column(week), name(date))).collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn places(calendar: &Calendar) -> Vec<(i64, i64)> {
        calendar.days.iter().map(|cell| ((cell.x - LEFT) / STEP, (cell.y - TOP) / STEP)).collect()
    }

    /// How many cells are drawn.
    fn cells(calendar: &Calendar) -> i64 {
        calendar.ground.iter().map(|block| block.width / STEP * (block.height / STEP)).sum()
    }

    #[test]
    fn it_begins_on_the_first_day_and_ends_today() {
        let (first, today) = (date(2026, 3, 11), date(2026, 3, 26)); // a Wednesday, a Thursday
        let days = [first, date(2026, 3, 15), today, date(2026, 3, 27)];
        let (calendar, before) = Calendar::of(&days, first, today);
        assert_eq!(places(&calendar), [(0, 2), (0, 6), (2, 3)], "and nothing of tomorrow");
        assert_eq!((calendar.from, cells(&calendar)), (first, 16));
        assert_eq!(calendar.width, LEFT + 3 * STEP);
        assert!(before.is_none());
        let (calendar, _) = Calendar::of(&[today], today, today);
        assert_eq!((places(&calendar), cells(&calendar)), (vec![(0, 3)], 1));
    }

    #[test]
    fn at_most_26_weeks_are_shown_and_as_many_are_a_click_away() {
        let today = date(2026, 3, 29); // a Sunday
        let days = [date(2025, 3, 20), date(2025, 9, 28), date(2025, 9, 29), today];
        let (calendar, before) = Calendar::of(&days, date(2024, 1, 1), today);
        assert_eq!((calendar.from, places(&calendar)), (date(2025, 9, 29), vec![(0, 0), (25, 6)]));
        assert_eq!(cells(&calendar), 26 * 7);
        let before = before.unwrap();
        assert_eq!((before.from, places(&before)), (date(2025, 3, 31), vec![(25, 6)]));
        assert_eq!(cells(&before), 26 * 7);
        let (_, before) = Calendar::of(&[today], date(2024, 1, 1), today);
        assert!(before.is_none(), "an empty half year is not offered");
    }

    #[test]
    fn days_before_the_first_call_are_drawn_too() {
        let (told, today) = (date(2026, 3, 2), date(2026, 3, 26));
        assert_eq!(Calendar::of(&[told], date(2026, 3, 20), today).0.from, told);
    }

    #[test]
    fn months_have_names_that_do_not_touch() {
        let named = |first, today| -> Vec<String> {
            let months = Calendar::of(&[], first, today).0.months;
            assert!(months.windows(2).all(|pair| pair[1].0 - pair[0].0 >= NAME * STEP), "{months:?}");
            months.into_iter().map(|(_, name)| name).collect()
        };
        assert_eq!(named(date(2026, 3, 11), date(2026, 3, 26)), ["Mar"]);
        assert_eq!(named(date(2026, 1, 28), date(2026, 3, 26)), ["Feb", "Mar"]);
        assert_eq!(
            named(date(2020, 1, 1), date(2026, 3, 29)),
            ["Oct", "Nov", "Dec", "Jan", "Feb", "Mar"],
            "September's last days have no room"
        );
    }
}
