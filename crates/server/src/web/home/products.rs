//! The numbers of everybody together, and of each product by itself.

use bigdecimal::{BigDecimal, Zero};
use filter::Status;
use index::{Extreme, Group, Total};

use super::ask::{Found, Money, Number, TOLD};
use crate::{
    model::{Formats, Project},
    web::{
        customers::{
            address::Address,
            strip::{Card, card},
        },
        page::{
            format,
            trend::{Change, DAYS, Drawn, Line, Told},
        },
    },
};

/// What stands for a number that was too slow, and what is said of it.
const UNTOLD: &str = "–";
pub(super) const TOO_SLOW: &str = "too slow now";

/// A product.
pub(super) struct Product {
    pub(super) name: String,
    pub(super) colour: String,
    pub(super) link: String,
    /// Customers, then those of each status that is told.
    pub(super) counts: Vec<Cell>,
    /// What those who pay come to, in each currency.
    pub(super) sums: Vec<Cell>,
    /// The last thirty days of those who pay.
    pub(super) line: Option<Line>,
}

/// A number with its people.
pub(super) struct Cell {
    pub(super) label: String,
    pub(super) value: String,
    /// All of it, where the value is rounded; else empty.
    pub(super) exact: String,
    /// What it is in.
    pub(super) currency: String,
    /// Its people; empty where there are none.
    pub(super) link: String,
    pub(super) change: Option<Change>,
    /// Whether it was too slow.
    pub(super) is_slow: bool,
}

impl Cell {
    /// A number that was too slow.
    fn untold(label: &str, currency: &str) -> Cell {
        Cell {
            label: label.to_owned(),
            value: UNTOLD.to_owned(),
            exact: String::new(),
            currency: currency.to_owned(),
            link: String::new(),
            change: None,
            is_slow: true,
        }
    }
}

/// The cards of everybody together. They count people.
pub(super) fn together(address: &Address, found: &Found, formats: Formats) -> Vec<Card> {
    let (whole, amount) = (Told::new(formats, Formats::whole), Told::new(formats, Formats::amount));
    let link = |filter: &str, count| if count > 0 { address.filtered(filter).link() } else { String::new() };
    let people = |number: &Number, name: &str, more_is_good| {
        let Some(count) = number.people() else { return untold(name, "") };
        let days: Vec<BigDecimal> = number.days.iter().map(|day| day.count.customers.into()).collect();
        let drawn = Drawn::new((name, DAYS), &days, more_is_good, whole);
        Card { link: link(&number.filter, count), ..card(name, formats.count(count), drawn) }
    };
    let mut cards = vec![people(&found.everybody, "People", true)];
    for (status, number) in TOLD.iter().zip(&found.statuses) {
        cards.push(people(number, &format::capital(status.as_str()), *status != Status::Churned));
    }
    let name = found.spoken();
    for money in &found.sums {
        let number = &money.number;
        let Some(now) = &number.now else {
            cards.push(untold(&name, &money.currency));
            continue;
        };
        let sum = now.aggregates.first().map_or_else(BigDecimal::zero, |(_, total)| summed(total));
        let days: Vec<BigDecimal> =
            number.days.iter().map(|day| day.totals.first().map_or_else(BigDecimal::zero, summed)).collect();
        let count = now.count.unwrap_or_default().customers;
        cards.push(Card {
            exact: formats.whole(&sum),
            currency: found.currency(money, formats),
            of: format!("of {}", formats.of(count, "person who pays", "people who pay")),
            link: link(&number.filter, count),
            ..card(&name, formats.amount(&sum), Drawn::new((&name, DAYS), &days, true, amount))
        });
    }
    cards
}

/// The card of a number that was too slow.
fn untold(name: &str, currency: &str) -> Card {
    let card = card(name, UNTOLD.to_owned(), Drawn::default());
    Card { of: TOO_SLOW.to_owned(), currency: currency.to_owned(), ..card }
}

/// A product's row.
pub(super) fn product(address: &Address, project: &Project, found: &Found, formats: Formats) -> Product {
    let own = Address { project: project.slug.to_string(), test: String::new(), ..address.clone() };
    let row = Row { own: &own, project, found, formats };
    let everybody = &found.everybody;
    let customers = row.count(everybody, "", "Customers", true, |group| group.count);
    let mut line = None;
    let mut counts = vec![customers.0];
    for status in TOLD {
        let (filter, name) = (format!("status = \"{}\"", status.as_str()), format::capital(status.as_str()));
        let is_good = status != Status::Churned;
        let of = |group: &Group| group.by_status[status as usize];
        let (cell, drawn) = row.count(everybody, &filter, &name, is_good, of);
        counts.push(cell);
        if status == Status::Paid {
            line = drawn;
        }
    }
    Product {
        name: project.name.clone(),
        colour: project.colour.clone(),
        link: own.link(),
        counts,
        sums: found.sums.iter().filter_map(|money| row.sum(money)).collect(),
        line,
    }
}

/// A product while its numbers are told.
struct Row<'a> {
    own: &'a Address,
    project: &'a Project,
    found: &'a Found,
    formats: Formats,
}

impl Row<'_> {
    fn count(
        &self,
        number: &Number,
        filter: &str,
        name: &str,
        more_is_good: bool,
        of: impl Fn(&Group) -> u64,
    ) -> (Cell, Option<Line>) {
        if number.now.is_none() {
            return (Cell::untold(name, ""), None);
        }
        let count = number.of(self.project).map_or(0, &of);
        let days = number.days_of(self.project).map(|group| group.map_or(0, &of).into());
        let days: Vec<BigDecimal> = days.collect();
        let drawn = Drawn::new((name, DAYS), &days, more_is_good, Told::new(self.formats, Formats::whole));
        let cell = Cell {
            label: name.to_owned(),
            value: self.formats.count(count),
            exact: String::new(),
            currency: String::new(),
            link: if count > 0 { self.own.filtered(filter).link() } else { String::new() },
            change: drawn.change,
            is_slow: false,
        };
        (cell, drawn.line)
    }

    /// What those who pay in a currency come to; none where nobody does and nobody did.
    fn sum(&self, money: &Money) -> Option<Cell> {
        let (number, name) = (&money.number, &self.found.spoken());
        if number.now.is_none() {
            return Some(Cell::untold(name, &money.currency));
        }
        let of = |group: Option<&Group>| {
            group.and_then(|group| group.totals.first()).map_or_else(BigDecimal::zero, summed)
        };
        let group = number.of(self.project);
        let count = group.map_or(0, |group| group.count);
        let days: Vec<BigDecimal> = number.days_of(self.project).map(of).collect();
        if count == 0 && days.iter().all(BigDecimal::is_zero) {
            return None;
        }
        let drawn = Drawn::new((name, DAYS), &days, true, Told::new(self.formats, Formats::amount));
        Some(Cell {
            label: name.to_owned(),
            value: self.formats.amount(&of(group)),
            exact: self.formats.beyond_cents(&of(group)),
            currency: self.found.currency(money, self.formats),
            link: if count > 0 { self.own.filtered(number.filter.as_str()).link() } else { String::new() },
            change: drawn.change,
            is_slow: false,
        })
    }
}

/// A sum; of nobody it is 0.
fn summed(total: &Total) -> BigDecimal {
    match &total.value {
        Some(Extreme::Number(sum)) => sum.clone(),
        _ => BigDecimal::zero(),
    }
}
