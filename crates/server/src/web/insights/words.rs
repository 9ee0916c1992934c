//! How the pages of insights write shares, units of the calendar and who holds what.

use bigdecimal::BigDecimal;
use filter::{Field, calendar::Unit};
use index::insight::{Kept, Rate, stats::Interval};
use jiff::civil::Date;

use super::address::Address;
use crate::{
    model::Formats,
    web::{customers::money, frame::Frame, page::value::Shown},
};

/// Of this share of chance at most is something said to be more than chance.
pub(super) const CHANCE: f64 = 0.05;
/// The words for small numbers, as sentences have them.
const NUMBERS: [&str; 13] =
    ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];

/// What a page is written with.
#[derive(Clone, Copy)]
pub(super) struct Pen<'a> {
    /// Where it is: all links lead on from there.
    pub(super) address: &'a Address,
    /// How its account writes numbers and dates.
    pub(super) formats: Formats,
    /// The day that it is: of this year's days the year is left out.
    pub(super) today: Date,
}

impl<'a> Pen<'a> {
    /// Those of a page at an address.
    pub(super) fn of(frame: &Frame, address: &'a Address) -> Pen<'a> {
        Pen { address, formats: frame.formats(), today: frame.today() }
    }

    /// The link to the people whom a filter of the answer lists.
    pub(super) fn people(self, filter: &filter::Expr) -> String {
        self.address.people(filter)
    }

    /// A share of 1 as `38.1%`.
    pub(super) fn percent(self, share: f64) -> String {
        let text = format!("{:.1}%", share * 100.0);
        match text.as_str() {
            "0.0%" if share == 0.0 => "0%".to_owned(),
            "100.0%" if share == 1.0 => "100%".to_owned(),
            _ => self.formats.decimal(&text),
        }
    }

    /// The share of a rate, or a dash of nobody.
    pub(super) fn share(self, rate: Rate) -> String {
        rate.share().map_or_else(|| "–".to_owned(), |share| self.percent(share))
    }

    /// The 95% interval of a rate: `35.9% to 39.2%`.
    pub(super) fn interval(self, rate: Rate) -> String {
        rate.interval().map_or_else(String::new, |interval| self.between(interval.low, interval.high))
    }

    /// The same where there is little room: `35.9–39.2`.
    pub(super) fn ends(self, rate: Rate) -> String {
        let end = |end: f64| self.formats.decimal(&format!("{:.1}", end * 100.0));
        let shown = |interval: Interval| format!("{}–{}", end(interval.low), end(interval.high));
        rate.interval().map_or_else(String::new, shown)
    }

    /// A share on an axis: `25%`.
    pub(super) fn mark(self, share: f64) -> String {
        let rounded = (share * 1000.0).round() / 10.0;
        self.formats.decimal(&format!("{rounded}%"))
    }

    /// From one share to another.
    pub(super) fn between(self, low: f64, high: f64) -> String {
        format!("{} to {}", self.percent(low), self.percent(high))
    }

    /// A difference of two shares: `+13.2`, in points of a hundred.
    pub(super) fn points(self, difference: f64) -> String {
        self.formats.decimal(&format!("{:+.1}", difference * 100.0))
    }

    /// The counts of a rate: `12 of 40`.
    pub(super) fn counts(self, rate: Rate) -> String {
        format!("{} of {}", self.formats.count(rate.some), self.formats.count(rate.all))
    }

    /// A rate with all that belongs to it.
    pub(super) fn whole(self, rate: Rate) -> String {
        let counts = self.counts(rate);
        if rate.all == 0 {
            return counts;
        }
        let small = if rate.is_small() { "; fewer than 30 say little" } else { "" };
        format!("{counts}: {}, 95% interval {}{small}", self.share(rate), self.interval(rate))
    }

    /// When a unit was, in a sentence: `in the week of 5 October`.
    pub(super) fn when(self, unit: Unit, first: Date) -> String {
        match unit {
            Unit::Day => format!("on {}", self.formats.long(first, self.today)),
            Unit::Week => format!("in the week of {}", self.formats.long(first, self.today)),
            Unit::Month => format!("in {}", first.strftime("%B %Y")),
            Unit::Quarter | Unit::Year => format!("in {}", unit.label(first)),
        }
    }

    /// A unit's name in a table: `5 Oct`, `Oct 2026`.
    pub(super) fn short(self, unit: Unit, first: Date) -> String {
        match unit {
            Unit::Day | Unit::Week if first.year() == self.today.year() => self.formats.short(first),
            Unit::Day | Unit::Week => self.formats.date(first),
            Unit::Month => first.strftime("%b %Y").to_string(),
            Unit::Quarter => format!("Q{} {}", (first.month() + 2) / 3, first.year()),
            Unit::Year => unit.label(first),
        }
    }

    /// A unit's name below a drawing, in two lines.
    pub(super) fn column(self, unit: Unit, first: Date) -> String {
        let form = match unit {
            Unit::Day | Unit::Week => return self.formats.lines(first),
            Unit::Month => "%b\n%Y",
            Unit::Quarter => return format!("Q{}\n{}", (first.month() + 2) / 3, first.year()),
            Unit::Year => "%Y",
        };
        first.strftime(form).to_string()
    }

    /// A number on an axis: `12,000`, `0.5`.
    pub(super) fn tick(self, number: f64) -> String {
        let rounded = (number * 1e6).round() / 1e6;
        self.formats.group(&rounded.to_string())
    }

    /// A sum with so many decimals.
    pub(super) fn written(self, sum: &BigDecimal, places: i64) -> String {
        self.formats.group(&sum.round(places).with_scale(places).to_plain_string())
    }

    /// What the numbers in a field are in; empty where there are no currencies.
    pub(super) fn currency(self, kept: &Kept, field: &Field) -> String {
        let own = |is_alone| money::currency(self.formats, field, None, is_alone);
        match kept {
            Kept::All => own(true),
            Kept::Missing if !own(false).is_empty() => own(false),
            told => self.held(told),
        }
    }

    /// What people hold who are told apart from others.
    pub(super) fn held(self, kept: &Kept) -> String {
        held(kept, self.formats)
    }
}

fn held(kept: &Kept, formats: Formats) -> String {
    match kept {
        Kept::All => "Everybody".to_owned(),
        Kept::Value(value) => Shown::datum(value, formats).text,
        Kept::Other => "(others)".to_owned(),
        Kept::Missing => "(none)".to_owned(),
    }
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

/// A sum as drawings measure it.
pub(super) fn float(sum: &BigDecimal) -> f64 {
    index::number::plain(sum).parse().unwrap_or_default()
}

/// A currency in a file; empty where there are none.
pub(super) fn currency(kept: &Kept) -> String {
    match kept {
        Kept::All => String::new(),
        told => held(told, Formats::default()),
    }
}

/// A group in a file, where a value may be called anything: what it is, and its value.
pub(super) fn group(kept: &Kept) -> [String; 2] {
    let (what, value) = match kept {
        Kept::All => ("all", String::new()),
        Kept::Value(_) => ("value", held(kept, Formats::default())),
        Kept::Other => ("other", String::new()),
        Kept::Missing => ("missing", String::new()),
    };
    [what.to_owned(), value]
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::model::{Currency, Dates, Numbers};

    const TODAY: Date = date(2026, 11, 27);

    fn pen(address: &Address, formats: Formats) -> Pen<'_> {
        Pen { address, formats, today: TODAY }
    }

    #[test]
    fn shares_say_all_or_nothing_only_where_it_is_so() {
        let address = Address::default();
        let pen = pen(&address, Formats::default());
        for (share, shown) in [
            (0.0, "0%"),
            (0.0001, "0.0%"),
            (0.381, "38.1%"),
            (0.9999, "100.0%"),
            (1.0, "100%"),
            (-0.05, "−5.0%"),
        ] {
            assert_eq!(pen.percent(share), shown);
        }
        assert_eq!(pen.whole(Rate { some: 0, all: 0 }), "0 of 0");
        assert_eq!([pen.points(0.1318), pen.points(-0.05)], ["+13.2", "−5.0"]);
        assert!(
            pen.whole(Rate { some: 2, all: 3 })
                .starts_with("2 of 3: 66.7%, 95% interval 20.8% to 93.9%; fewer")
        );
    }

    #[test]
    fn units_are_named_as_one_says_them() {
        let (first, address) = (date(2026, 10, 5), Address::default());
        let pen = pen(&address, Formats::default());
        assert_eq!(pen.when(Unit::Week, first), "in the week of 5 October");
        assert_eq!(pen.when(Unit::Day, date(2025, 10, 5)), "on 5 October 2025");
        assert_eq!(pen.when(Unit::Month, first), "in October 2026");
        assert_eq!((units(1, Unit::Week), units(4, Unit::Month)), ("one week".into(), "four months".into()));
        assert_eq!(units(26, Unit::Week), "26 weeks");
    }

    #[test]
    fn an_account_has_its_own_marks_dates_and_currency() {
        let (first, address) = (date(2026, 10, 5), Address::default());
        let german =
            Formats { numbers: Numbers::PointComma, dates: Dates::DayFirst, currency: Currency::of("EUR") };
        let pen = pen(&address, german);
        assert_eq!([pen.percent(0.381), pen.points(-0.05), pen.mark(0.025)], ["38,1%", "−5,0", "2,5%"]);
        assert_eq!([pen.tick(12_000.0), pen.tick(0.5)], ["12.000", "0,5"]);
        assert_eq!(pen.written(&"-1234.5".parse().unwrap(), 2), "−1.234,50");
        assert_eq!(pen.ends(Rate { some: 2, all: 3 }), "20,8–93,9");
        assert_eq!(pen.when(Unit::Week, first), "in the week of 05.10.2026");
        assert_eq!([pen.short(Unit::Week, first), pen.column(Unit::Week, first)], ["05.10.", "05.10."]);
        assert_eq!(pen.short(Unit::Month, first), "Oct 2026");
        let (mrr, seats) = (filter::parse_field("mrr").unwrap(), filter::parse_field("seats").unwrap());
        assert_eq!([pen.currency(&Kept::All, &mrr), pen.currency(&Kept::All, &seats)], ["EUR", ""]);
        assert_eq!(pen.currency(&Kept::Missing, &mrr), "EUR (none told)");
        assert_eq!(pen.currency(&Kept::Missing, &seats), "(none)");
    }

    #[test]
    fn shades_are_ten() {
        assert_eq!([0.0, 0.25, 0.5, 1.0].map(|share| shade(share, 0.5)), [0, 5, 9, 9]);
        assert_eq!(shade(0.3, 0.0), 0);
    }
}
