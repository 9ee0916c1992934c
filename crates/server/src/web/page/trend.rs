//! A number's last days: as a line, and what has become of it since, good or bad. And how amounts are written.

use bigdecimal::{BigDecimal, RoundingMode, ToPrimitive, Zero};
use index::number;
use jiff::civil::Date;

use crate::model::Formats;

/// The days that a line goes back.
pub(crate) const DAYS: i64 = 30;
/// The drawing of a line, in pixels, and the room around it for the dot at its end.
const WIDTH: f64 = 84.0;
const HEIGHT: f64 = 26.0;
const ROOM: f64 = 3.0;

/// The last thirty days as a line.
pub(crate) struct Line {
    pub(crate) points: String,
    /// Its end.
    pub(crate) x: String,
    pub(crate) y: String,
    /// The same in words.
    pub(crate) told: String,
}

/// What became of a number since the line began.
pub(crate) struct Change {
    pub(crate) told: String,
    /// By how much exactly; empty where nothing has changed.
    pub(crate) exact: String,
    /// `up`, `down` or `same`.
    pub(crate) arrow: &'static str,
    /// `good`, `bad` or `same`.
    pub(crate) tone: &'static str,
    /// Since when, and what it was then where the line does not say it.
    pub(crate) since: String,
}

/// How a number is written.
#[derive(Clone, Copy)]
pub(crate) struct Told {
    formats: Formats,
    how: fn(Formats, &BigDecimal) -> String,
}

impl Told {
    /// In these formats, as a count, an amount or one with cents.
    pub(crate) fn new(formats: Formats, how: fn(Formats, &BigDecimal) -> String) -> Told {
        Told { formats, how }
    }

    fn write(self, number: &BigDecimal) -> String {
        (self.how)(self.formats, number)
    }
}

/// What is known of the days before.
#[derive(Default)]
pub(crate) struct Drawn {
    pub(crate) line: Option<Line>,
    pub(crate) change: Option<Change>,
}

impl Drawn {
    /// What is told of a number by what it was in the last days, oldest first.
    pub(crate) fn new(
        (name, days): (&str, i64),
        series: &[BigDecimal],
        more_is_good: bool,
        told: Told,
    ) -> Drawn {
        let (Some(first), Some(last)) = (series.first(), series.last()) else { return Drawn::default() };
        let since = format!("in {days} days");
        let words = format!("{name} {since}: from {} to {}", told.write(first), told.write(last));
        let change = Change { since, ..change(first, last, more_is_good, told) };
        Drawn { line: Some(line(series, words)), change: Some(change) }
    }

    /// The change since a day before or after, instead of that since the line began.
    pub(crate) fn against(
        self,
        (day, then): (Date, &BigDecimal),
        now: &BigDecimal,
        more_is_good: bool,
        told: Told,
    ) -> Drawn {
        let since = format!("since {}, when it was {}", told.formats.date(day), told.write(then));
        Drawn { change: Some(Change { since, ..change(then, now, more_is_good, told) }), ..self }
    }
}

/// A line from the lowest to the highest number; in the middle where they are all the same.
fn line(series: &[BigDecimal], told: String) -> Line {
    let numbers: Vec<f64> = series.iter().map(|number| number.to_f64().unwrap_or(0.0)).collect();
    let (low, high) = numbers.iter().fold((f64::MAX, f64::MIN), |(low, high), n| (low.min(*n), high.max(*n)));
    let steps = (numbers.len() - 1).max(1) as f64;
    let place = |(step, number): (usize, &f64)| {
        let up = if high > low { (number - low) / (high - low) } else { 0.5 };
        let x = ROOM + step as f64 / steps * (WIDTH - 2.0 * ROOM);
        (format!("{x:.1}"), format!("{:.1}", HEIGHT - ROOM - up * (HEIGHT - 2.0 * ROOM)))
    };
    let places: Vec<(String, String)> = numbers.iter().enumerate().map(place).collect();
    let points = places.iter().map(|(x, y)| format!("{x},{y}")).collect::<Vec<_>>().join(" ");
    let (x, y) = places.last().cloned().unwrap_or_default();
    Line { points, x, y, told }
}

fn change(first: &BigDecimal, last: &BigDecimal, more_is_good: bool, told: Told) -> Change {
    let (by, since) = (last - first, String::new());
    if by.is_zero() {
        return Change {
            told: "no change".to_owned(),
            exact: String::new(),
            arrow: "same",
            tone: "same",
            since,
        };
    }
    let is_more = by > BigDecimal::zero();
    let percent = match first.is_zero() {
        true => String::new(),
        false => {
            let share = (&by * BigDecimal::from(100) / first).abs();
            let share = share.with_scale_round(1, RoundingMode::HalfUp).to_plain_string();
            format!(" ({}%)", told.formats.group(&share))
        }
    };
    let (sign, by) = (if is_more { "+" } else { "−" }, by.abs());
    Change {
        told: format!("{sign}{}{percent}", brief(&by, told)),
        exact: format!("{sign}{}{percent}", told.formats.whole(&by)),
        arrow: if is_more { "up" } else { "down" },
        tone: if is_more == more_is_good { "good" } else { "bad" },
        since,
    }
}

/// Without decimals from a hundred on: nobody looks for them in a difference.
fn brief(by: &BigDecimal, told: Told) -> String {
    let is_large = by.to_f64().is_some_and(|by| by >= 100.0);
    if is_large { told.formats.whole(&by.with_scale_round(0, RoundingMode::HalfUp)) } else { told.write(by) }
}

/// Amounts.
impl Formats {
    /// All of a number.
    pub(crate) fn whole(self, number: &BigDecimal) -> String {
        self.group(&number::plain(number))
    }

    /// All of a number where two decimals do not say it; else empty.
    pub(crate) fn beyond_cents(self, number: &BigDecimal) -> String {
        let is_told = *number == number.with_scale_round(2, RoundingMode::HalfUp);
        if is_told { String::new() } else { self.whole(number) }
    }

    /// With two decimals, where there are any.
    pub(crate) fn amount(self, number: &BigDecimal) -> String {
        if number.is_integer() { self.whole(number) } else { self.cents(number) }
    }

    /// With two decimals.
    pub(crate) fn cents(self, number: &BigDecimal) -> String {
        self.group(&number.with_scale_round(2, RoundingMode::HalfUp).to_plain_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> BigDecimal {
        text.parse().unwrap()
    }

    #[test]
    fn a_change_has_a_direction_and_is_good_or_bad() {
        for (first, last, good, told, arrow, tone) in [
            ("100", "108", true, "+8 (8.0%)", "up", "good"),
            ("100", "92.5", true, "−7.50 (7.5%)", "down", "bad"),
            ("4", "6", false, "+2 (50.0%)", "up", "bad"),
            ("6", "4", false, "−2 (33.3%)", "down", "good"),
            ("0", "5", true, "+5", "up", "good"),
            ("5", "5", true, "no change", "same", "same"),
        ] {
            let change =
                change(&number(first), &number(last), good, Told::new(Formats::default(), Formats::amount));
            assert_eq!(
                (change.told.as_str(), change.arrow, change.tone),
                (told, arrow, tone),
                "{first} {last}"
            );
        }
    }

    #[test]
    fn a_line_goes_from_the_lowest_to_the_highest_and_ends_in_its_dot() {
        let drawn = line(&["0", "5", "10"].map(number), String::new());
        assert_eq!(drawn.points, "3.0,23.0 42.0,13.0 81.0,3.0");
        assert_eq!((drawn.x.as_str(), drawn.y.as_str()), ("81.0", "3.0"));
        assert_eq!(line(&["7"].map(number), String::new()).points, "3.0,13.0", "one day");
    }

    #[test]
    fn amounts_have_two_decimals_or_none() {
        let amount = |text: &str| Formats::default().amount(&number(text));
        assert_eq!((amount("4918.43"), amount("29.00")), ("4,918.43".into(), "29".into()));
        assert_eq!(
            (amount("1234.5"), Formats::default().cents(&number("23.0913"))),
            ("1,234.50".into(), "23.09".into())
        );
    }
}
