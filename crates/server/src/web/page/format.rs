//! How pages write numbers and times: in the formats of their account.

use std::{borrow::Borrow, fmt::Display};

use jiff::{
    Timestamp,
    civil::{Date, Time},
    tz::TimeZone,
};

use crate::model::{Dates, Formats};

/// Numbers.
impl Formats {
    /// A whole number in groups of three: `12,345`.
    pub fn count(self, number: impl Display) -> String {
        self.group(&number.to_string())
    }

    /// Groups the whole digits of a decimal number; its decimals stay as they are.
    pub fn group(self, number: &str) -> String {
        let (sign, rest) = number.strip_prefix('-').map_or(("", number), |rest| ("−", rest));
        let (whole, decimals) = rest.split_once('.').unwrap_or((rest, ""));
        if !whole.bytes().all(|byte| byte.is_ascii_digit()) {
            return number.to_owned();
        }
        let (between, point) = self.numbers.marks();
        let mut grouped = String::from(sign);
        for (i, digit) in whole.chars().enumerate() {
            if i > 0 && (whole.len() - i).is_multiple_of(3) {
                grouped.push(between);
            }
            grouped.push(digit);
        }
        if !decimals.is_empty() {
            grouped.push(point);
            grouped.push_str(decimals);
        }
        grouped
    }

    /// A decimal number as Rust writes it, without groups: shares and ratios, with what stands around their digits.
    pub fn decimal(self, number: &str) -> String {
        let (_, point) = self.numbers.marks();
        number.replace('-', "−").replace('.', point.encode_utf8(&mut [0; 4]))
    }

    /// A number that somebody has stored: in groups from five whole digits on, for most of four are years.
    pub fn value(self, number: &str) -> String {
        let whole = number.trim_start_matches('-').split('.').next().unwrap_or_default();
        if whole.len() > 4 { self.group(number) } else { self.decimal(number) }
    }

    /// `5 people`, `1 person`.
    pub fn of(self, number: impl Display, one: &str, many: &str) -> String {
        let number = number.to_string();
        format!("{} {}", self.group(&number), if number == "1" { one } else { many })
    }
}

/// Times.
impl Formats {
    /// A day: `12 Mar 2026`.
    pub fn date(self, day: impl Borrow<Date>) -> String {
        let form = match self.dates {
            Dates::MonthName => "%-d %b %Y",
            Dates::Iso => "%Y-%m-%d",
            Dates::MonthFirst => "%m/%d/%Y",
            Dates::DayFirst => "%d.%m.%Y",
        };
        day.borrow().strftime(form).to_string()
    }

    /// A day of a year that everybody knows: `12 Mar`.
    pub fn short(self, day: Date) -> String {
        let form = match self.dates {
            Dates::MonthName => "%-d %b",
            Dates::Iso => "%m-%d",
            Dates::MonthFirst => "%m/%d",
            Dates::DayFirst => "%d.%m.",
        };
        day.strftime(form).to_string()
    }

    /// The same in two lines where it has two words.
    pub fn lines(self, day: Date) -> String {
        self.short(day).replace(' ', "\n")
    }

    /// A day in a sentence, without its year where that is this one: `12 March`.
    pub fn long(self, day: Date, today: Date) -> String {
        match self.dates {
            Dates::MonthName if day.year() == today.year() => day.strftime("%-d %B").to_string(),
            Dates::MonthName => day.strftime("%-d %B %Y").to_string(),
            _ => self.date(day),
        }
    }

    /// A day in UTC; the element's title has the instant.
    pub fn day(self, at: &Timestamp) -> String {
        self.day_in(at, &TimeZone::UTC)
    }

    /// A day of the zone; the element's title has the instant.
    pub fn day_in(self, at: &Timestamp, zone: &TimeZone) -> String {
        self.date(at.to_zoned(zone.clone()).date())
    }

    /// A moment of the zone: `12 Mar 2026, 14:03`.
    pub fn minute(self, at: Timestamp, zone: &TimeZone) -> String {
        let zoned = at.to_zoned(zone.clone());
        format!("{}, {}", self.date(zoned.date()), zoned.strftime("%H:%M"))
    }

    /// A date of the zone, with the time where it is not the day's first.
    pub fn civil(self, at: Timestamp, zone: &TimeZone) -> String {
        let is_midnight = at.to_zoned(zone.clone()).time() == Time::midnight();
        if is_midnight { self.day_in(&at, zone) } else { self.minute(at, zone) }
    }

    /// A moment to the second, and where that is: `12 Mar 2026, 14:03:22 Europe/Berlin`.
    pub fn exact(self, at: &Timestamp, zone: &TimeZone) -> String {
        let place = zone.iana_name().unwrap_or("UTC");
        let zoned = at.to_zoned(zone.clone());
        format!("{}, {} {place}", self.date(zoned.date()), zoned.strftime("%H:%M:%S"))
    }

    /// How long ago: `now`, `5 min ago`, `3 h ago`, `2 days ago`, then the day.
    pub fn ago(self, at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
        let minutes = now.duration_since(at).as_mins();
        match minutes {
            ..1 => "now".to_owned(),
            1..60 => format!("{minutes} min ago"),
            60..1_440 => format!("{} h ago", minutes / 60),
            1_440..43_200 => format!("{} ago", self.of(minutes / 1_440, "day", "days")),
            _ => self.day_in(&at, zone),
        }
    }

    /// How long until then: `in 5 min`, `in 3 h`, `in 6 days`; `now` where it has passed.
    pub fn ahead(self, at: Timestamp, now: Timestamp) -> String {
        let minutes = (at.duration_since(now).as_secs() + 59) / 60;
        match minutes {
            ..1 => "now".to_owned(),
            1..60 => format!("in {minutes} min"),
            60..2_160 => format!("in {} h", (minutes + 30) / 60),
            _ => format!("in {}", self.of((minutes + 720) / 1_440, "day", "days")),
        }
    }
}

/// A word with its first letter in capitals.
pub fn capital(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    first + letters.as_str()
}

/// A detail as a sentence; only of details that begin with no name, whose case would be another's.
pub fn sentence(detail: &str) -> String {
    capital(detail) + "."
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::model::Numbers;

    const ENGLISH: Formats =
        Formats { numbers: Numbers::CommaPoint, dates: Dates::MonthName, currency: None };

    #[test]
    fn times() {
        let now: Timestamp = "2026-03-29T12:00:00Z".parse().unwrap();
        for (at, shown) in [
            ("2026-03-29T12:04:00Z", "now"),
            ("2026-03-29T11:15:00Z", "45 min ago"),
            ("2026-03-29T09:59:00Z", "2 h ago"),
            ("2026-03-28T11:00:00Z", "1 day ago"),
            ("2026-01-02T12:00:00Z", "2 Jan 2026"),
        ] {
            assert_eq!(ENGLISH.ago(at.parse().unwrap(), now, &TimeZone::UTC), shown);
        }
    }

    #[test]
    fn what_is_ahead() {
        let now: Timestamp = "2026-03-29T12:00:00Z".parse().unwrap();
        for (at, shown) in [
            ("2026-03-29T12:00:00Z", "now"),
            ("2026-03-29T12:00:01Z", "in 1 min"),
            ("2026-03-29T12:59:00Z", "in 59 min"),
            ("2026-03-30T11:40:00Z", "in 24 h"),
            ("2026-04-05T11:59:00Z", "in 7 days"),
            ("2026-04-04T12:00:00Z", "in 6 days"),
        ] {
            assert_eq!(ENGLISH.ahead(at.parse().unwrap(), now), shown);
        }
    }

    #[test]
    fn each_format_of_numbers() {
        let numbers = ["0", "999", "1234567", "-1234.50", "0.5", "(array)"];
        for (format, shown) in [
            (Numbers::CommaPoint, ["0", "999", "1,234,567", "−1,234.50", "0.5", "(array)"]),
            (Numbers::PointComma, ["0", "999", "1.234.567", "−1.234,50", "0,5", "(array)"]),
            (
                Numbers::SpaceComma,
                ["0", "999", "1\u{202f}234\u{202f}567", "−1\u{202f}234,50", "0,5", "(array)"],
            ),
            (Numbers::ApostrophePoint, ["0", "999", "1’234’567", "−1’234.50", "0.5", "(array)"]),
        ] {
            let formats = Formats { numbers: format, ..ENGLISH };
            assert_eq!(numbers.map(|number| formats.group(number)), shown, "{format:?}");
        }
    }

    #[test]
    fn stored_numbers_shares_and_words() {
        let german = Formats { numbers: Numbers::PointComma, ..ENGLISH };
        for (number, english, other) in [
            ("2030", "2030", "2030"),
            ("-1234.50", "−1234.50", "−1234,50"),
            ("12345.5", "12,345.5", "12.345,5"),
            ("(array)", "(array)", "(array)"),
        ] {
            assert_eq!([ENGLISH.value(number), german.value(number)], [english, other]);
        }
        assert_eq!([ENGLISH.decimal("-38.1%"), german.decimal("-38.1%")], ["−38.1%", "−38,1%"]);
        assert_eq!(german.of(1, "customer", "customers"), "1 customer");
        assert_eq!(german.of(1_200, "customer", "customers"), "1.200 customers");
    }

    #[test]
    fn each_format_of_dates() {
        let day = date(2026, 3, 9);
        let at: Timestamp = "2026-03-09T23:04:05Z".parse().unwrap();
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        for (dates, written, short, long, exact) in [
            (Dates::MonthName, "9 Mar 2026", "9 Mar", "9 March", "10 Mar 2026, 00:04:05 Europe/Berlin"),
            (Dates::Iso, "2026-03-09", "03-09", "2026-03-09", "2026-03-10, 00:04:05 Europe/Berlin"),
            (Dates::MonthFirst, "03/09/2026", "03/09", "03/09/2026", "03/10/2026, 00:04:05 Europe/Berlin"),
            (Dates::DayFirst, "09.03.2026", "09.03.", "09.03.2026", "10.03.2026, 00:04:05 Europe/Berlin"),
        ] {
            let formats = Formats { dates, ..ENGLISH };
            assert_eq!(formats.date(day), written);
            assert_eq!(formats.short(day), short);
            assert_eq!(formats.long(day, date(2026, 12, 1)), long);
            assert_eq!(formats.exact(&at, &berlin), exact);
            let midnight: Timestamp = "2026-03-08T23:00:00Z".parse().unwrap();
            assert_eq!(formats.civil(midnight, &berlin), written, "a day's first moment is that day");
            assert_eq!(formats.civil(at, &TimeZone::UTC), format!("{written}, 23:04"));
        }
        assert_eq!(ENGLISH.long(day, date(2027, 1, 1)), "9 March 2026");
        assert_eq!(ENGLISH.lines(day), "9\nMar");
    }
}
