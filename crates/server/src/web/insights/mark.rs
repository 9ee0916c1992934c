//! A mark: a number that links to its people, and a bar that is as long as it says.

use filter::Expr;
use index::insight::{Cell, People};

use super::words::Pen;

/// A number with its people.
pub(super) struct Mark {
    pub(super) text: String,
    /// All that belongs to it.
    pub(super) title: String,
    /// Its people; empty where no filter lists them.
    pub(super) link: String,
    /// Whether it is of fewer people than say much.
    pub(super) is_small: bool,
}

impl Mark {
    /// So many people.
    pub(super) fn people(pen: Pen<'_>, People { count, people }: &People) -> Mark {
        Mark::count(pen, *count, Some(people))
    }

    /// So many people, listed by a filter where there is one.
    pub(super) fn count(pen: Pen<'_>, count: u64, people: Option<&Expr>) -> Mark {
        Mark {
            text: pen.formats.count(count),
            title: pen.formats.of(count, "person", "people"),
            link: people.map_or_else(String::new, |people| pen.people(people)),
            is_small: false,
        }
    }

    /// The word that goes with so many: `1 pays`, `2 pay`.
    pub(super) fn with(&self, one: &'static str, many: &'static str) -> &'static str {
        if self.text.split(' ').next() == Some("1") { one } else { many }
    }

    /// The share of a cell, which leads to those who are counted.
    pub(super) fn share(pen: Pen<'_>, Cell { rate, some, .. }: &Cell) -> Mark {
        Mark {
            text: pen.share(*rate),
            title: pen.whole(*rate),
            link: pen.people(some),
            is_small: rate.is_small(),
        }
    }
}

/// A bar of so many hundredths of the room that there is.
pub(super) struct Bar {
    pub(super) length: f64,
    pub(super) colour: &'static str,
    pub(super) mark: Mark,
}

impl Bar {
    /// As long as a number is of the greatest; whatever is above 0 can be seen.
    pub(super) fn new(number: f64, most: f64, colour: &'static str, mark: Mark) -> Bar {
        let part = if most > 0.0 { (number / most * 100.0).clamp(0.0, 100.0) } else { 0.0 };
        let length = if part > 0.0 { super::chart::tenth(part.max(0.5)) } else { 0.0 };
        Bar { length, colour, mark }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_long_as_their_numbers_and_the_least_can_be_seen() {
        let length = |number, most| {
            let mark =
                Mark { text: String::new(), title: String::new(), link: String::new(), is_small: false };
            Bar::new(number, most, "", mark).length
        };
        assert_eq!([length(1.0, 3.0), length(3.0, 3.0), length(0.001, 3.0)], [33.3, 100.0, 0.5]);
        assert_eq!([length(0.0, 3.0), length(0.0, 0.0), length(-1.0, 3.0)], [0.0; 3]);
    }
}
