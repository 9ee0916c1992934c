//! How the pages of insights write shares, units of the calendar and who holds what.

use bigdecimal::BigDecimal;
use filter::calendar::Unit;
use index::insight::{Kept, Rate, stats::Interval};
use jiff::civil::Date;

use crate::web::page::{format, value::Shown};

/// Of this share of chance at most is something said to be more than chance.
pub(super) const CHANCE: f64 = 0.05;
/// The words for small numbers, as sentences have them.
const NUMBERS: [&str; 13] =
    ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];

/// A share of 1 as `38.1%`.
pub(super) fn percent(share: f64) -> String {
    let text = format!("{:.1}%", share * 100.0);
    match text.as_str() {
        "0.0%" if share == 0.0 => "0%".to_owned(),
        "100.0%" if share == 1.0 => "100%".to_owned(),
        _ => text.replace('-', "−"),
    }
}

/// The share of a rate, or a dash of nobody.
pub(super) fn share(rate: Rate) -> String {
    rate.share().map_or_else(|| "–".to_owned(), percent)
}

/// The 95% interval of a rate: `35.9% to 39.2%`.
pub(super) fn interval(rate: Rate) -> String {
    rate.interval().map_or_else(String::new, |interval| between(interval.low, interval.high))
}

/// The same where there is little room: `35.9–39.2`.
pub(super) fn ends(rate: Rate) -> String {
    let shown = |interval: Interval| format!("{:.1}–{:.1}", interval.low * 100.0, interval.high * 100.0);
    rate.interval().map_or_else(String::new, shown)
}

/// A share on an axis: `25%`.
pub(super) fn mark(share: f64) -> String {
    let rounded = (share * 1000.0).round() / 10.0;
    format!("{rounded}%").replace('-', "−")
}

/// From one share to another.
pub(super) fn between(low: f64, high: f64) -> String {
    format!("{} to {}", percent(low), percent(high))
}

/// A difference of two shares: `+13.2`, in points of a hundred.
pub(super) fn points(difference: f64) -> String {
    format!("{:+.1}", difference * 100.0).replace('-', "−")
}

/// The counts of a rate: `12 of 40`.
pub(super) fn counts(rate: Rate) -> String {
    format!("{} of {}", format::count(rate.some), format::count(rate.all))
}

/// A rate with all that belongs to it.
pub(super) fn whole(rate: Rate) -> String {
    let counts = counts(rate);
    if rate.all == 0 {
        return counts;
    }
    let small = if rate.is_small() { "; fewer than 30 say little" } else { "" };
    format!("{counts}: {}, 95% interval {}{small}", share(rate), interval(rate))
}

/// Which of ten shades a share has: the darkest is `most`.
pub(super) fn shade(share: f64, most: f64) -> u8 {
    let part = if most > 0.0 { share / most } else { 0.0 };
    (part * 9.0).round().clamp(0.0, 9.0) as u8
}

/// A number of units in words: `four weeks`.
pub(super) fn units(number: usize, unit: Unit) -> String {
    let many = if number == 1 { "" } else { "s" };
    let word = NUMBERS.get(number).map_or_else(|| number.to_string(), |word| (*word).to_owned());
    format!("{word} {}{many}", unit.as_str())
}

/// When a unit was, in a sentence: `in the week of 5 October`.
pub(super) fn when(unit: Unit, first: Date, today: Date) -> String {
    match unit {
        Unit::Day => format!("on {}", long(first, today)),
        Unit::Week => format!("in the week of {}", long(first, today)),
        Unit::Month => format!("in {}", first.strftime("%B %Y")),
        Unit::Quarter | Unit::Year => format!("in {}", unit.label(first)),
    }
}

/// A unit's name in a table: `5 Oct`, `Oct 2026`.
pub(super) fn short(unit: Unit, first: Date, today: Date) -> String {
    match unit {
        Unit::Day | Unit::Week if first.year() == today.year() => first.strftime("%-d %b").to_string(),
        Unit::Day | Unit::Week => first.strftime("%-d %b %Y").to_string(),
        Unit::Month => first.strftime("%b %Y").to_string(),
        Unit::Quarter => format!("Q{} {}", (first.month() + 2) / 3, first.year()),
        Unit::Year => unit.label(first),
    }
}

/// A unit's name below a drawing, in two lines.
pub(super) fn column(unit: Unit, first: Date) -> String {
    let form = match unit {
        Unit::Day | Unit::Week => "%-d\n%b",
        Unit::Month => "%b\n%Y",
        Unit::Quarter => return format!("Q{}\n{}", (first.month() + 2) / 3, first.year()),
        Unit::Year => "%Y",
    };
    first.strftime(form).to_string()
}

/// A number on an axis: `12,000`, `0.5`.
pub(super) fn tick(number: f64) -> String {
    let rounded = (number * 1e6).round() / 1e6;
    format::group(&rounded.to_string())
}

/// A sum with so many decimals.
pub(super) fn written(sum: &BigDecimal, places: i64) -> String {
    format::group(&sum.round(places).with_scale(places).to_plain_string())
}

/// A sum as drawings measure it.
pub(super) fn float(sum: &BigDecimal) -> f64 {
    index::number::plain(sum).parse().unwrap_or_default()
}

fn long(day: Date, today: Date) -> String {
    let form = if day.year() == today.year() { "%-d %B" } else { "%-d %B %Y" };
    day.strftime(form).to_string()
}

/// What people hold who are told apart from others.
pub(super) fn held(kept: &Kept) -> String {
    match kept {
        Kept::All => "Everybody".to_owned(),
        Kept::Value(value) => Shown::datum(value).text,
        Kept::Other => "(others)".to_owned(),
        Kept::Missing => "(none)".to_owned(),
    }
}

/// The name of a currency; empty where there are none.
pub(super) fn currency(kept: &Kept) -> String {
    if *kept == Kept::All { String::new() } else { held(kept) }
}

/// A group in a file, where a value may be called anything: what it is, and its value.
pub(super) fn group(kept: &Kept) -> [String; 2] {
    let (what, value) = match kept {
        Kept::All => ("all", String::new()),
        Kept::Value(_) => ("value", held(kept)),
        Kept::Other => ("other", String::new()),
        Kept::Missing => ("missing", String::new()),
    };
    [what.to_owned(), value]
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn shares_say_all_or_nothing_only_where_it_is_so() {
        for (share, shown) in [
            (0.0, "0%"),
            (0.0001, "0.0%"),
            (0.381, "38.1%"),
            (0.9999, "100.0%"),
            (1.0, "100%"),
            (-0.05, "−5.0%"),
        ] {
            assert_eq!(percent(share), shown);
        }
        assert_eq!(whole(Rate { some: 0, all: 0 }), "0 of 0");
        assert_eq!([points(0.1318), points(-0.05)], ["+13.2", "−5.0"]);
        assert!(
            whole(Rate { some: 2, all: 3 }).starts_with("2 of 3: 66.7%, 95% interval 20.8% to 93.9%; fewer")
        );
    }

    #[test]
    fn units_are_named_as_one_says_them() {
        let (first, today) = (date(2026, 10, 5), date(2026, 11, 27));
        assert_eq!(when(Unit::Week, first, today), "in the week of 5 October");
        assert_eq!(when(Unit::Day, date(2025, 10, 5), today), "on 5 October 2025");
        assert_eq!(when(Unit::Month, first, today), "in October 2026");
        assert_eq!((units(1, Unit::Week), units(4, Unit::Month)), ("one week".into(), "four months".into()));
        assert_eq!(units(26, Unit::Week), "26 weeks");
    }

    #[test]
    fn shades_are_ten() {
        assert_eq!([0.0, 0.25, 0.5, 1.0].map(|share| shade(share, 0.5)), [0, 5, 9, 9]);
        assert_eq!(shade(0.3, 0.0), 0);
    }
}
