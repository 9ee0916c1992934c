//! The numbers above the table: how many customers there are, how many of them pay, try and left, and what those who pay come
//! to; each with the last thirty days behind it. Numbers, lines and rows are of one snapshot.

use bigdecimal::{BigDecimal, Zero};
use filter::{Expr, Field, Status};
use index::{Bucket, Datum, Extreme, Groups, Total, number};
use jiff::civil::Date;

use super::{Choice, address::Address, ask::Found, facets::label, money, narrow, share, table};
use crate::{
    model::Formats,
    store::query::{Count, Point},
    web::page::{
        format,
        trend::{Change, DAYS, Drawn, Line, Told},
    },
};

/// A number with what stands around it.
pub(crate) struct Card {
    /// What is counted.
    pub(crate) name: String,
    /// What else could be summed; empty where nothing is.
    pub(crate) choices: Vec<Choice>,
    /// The number, as people read it, and exactly where that is another.
    pub(crate) value: String,
    pub(crate) exact: String,
    /// What it is in.
    pub(crate) currency: String,
    /// Of whom it speaks; empty where that is plain.
    pub(crate) of: String,
    /// Narrows to its people; empty where there are none, or they are shown already.
    pub(crate) link: String,
    pub(crate) line: Option<Line>,
    pub(crate) change: Option<Change>,
}

/// What is counted at one moment.
struct Numbers {
    count: Count,
    by_status: [u64; Status::ALL.len()],
    /// The sum over those who pay, and over how many; `None` where it is not told apart.
    paying: Option<(BigDecimal, u64)>,
}

impl Numbers {
    fn of(count: Count, groups: Option<&Groups>) -> Numbers {
        let rows = || groups.into_iter().flat_map(|groups| &groups.rows);
        let further = groups.into_iter().flat_map(|groups| [&groups.other, &groups.skipped, &groups.missing]);
        let mut by_status = [0; Status::ALL.len()];
        for group in rows().map(|(_, group)| group).chain(further.flatten()) {
            by_status.iter_mut().zip(group.by_status).for_each(|(sum, count)| *sum += count);
        }
        let paid = Bucket::Value(Datum::String(Status::Paid.as_str().to_owned()));
        let group = rows().find(|(bucket, _)| *bucket == paid).map(|(_, group)| group);
        let nobody = (by_status[Status::Paid as usize] == 0).then(|| (BigDecimal::zero(), 0));
        let paying = group.and_then(|group| group.totals.first()).map(summed).or(nobody);
        Numbers { count, by_status, paying }
    }

    fn status(&self, status: Status) -> u64 {
        self.by_status[status as usize]
    }

    fn sum(&self) -> Option<BigDecimal> {
        self.paying.as_ref().map(|(sum, _)| sum.clone())
    }

    fn average(&self) -> Option<BigDecimal> {
        let (sum, counted) = self.paying.as_ref().filter(|(_, counted)| *counted > 0)?;
        Some(number::average(sum, *counted))
    }
}

fn summed(total: &Total) -> (BigDecimal, u64) {
    match &total.value {
        Some(Extreme::Number(sum)) => (sum.clone(), total.counted),
        _ => (BigDecimal::zero(), 0),
    }
}

/// The cards of a page.
pub(super) struct Strip<'a> {
    address: &'a Address,
    filter: &'a Expr,
    found: &'a Found,
    formats: Formats,
    now: Numbers,
    /// The numbers at the end of each day, oldest first.
    days: Vec<Numbers>,
    /// Those of the day that is compared with.
    then: Option<(Date, Numbers)>,
}

impl<'a> Strip<'a> {
    pub(super) fn new(
        address: &'a Address,
        filter: &'a Expr,
        found: &'a Found,
        formats: Formats,
    ) -> Strip<'a> {
        let answer = &found.answer;
        let points = found.trend.iter().flat_map(|trend| &trend.points);
        let day = |point: &Point| Numbers::of(point.count, point.groups.as_ref());
        let now = Numbers::of(answer.count.unwrap_or_default(), answer.groups.as_ref());
        let then = found.then.as_ref();
        let then = then.and_then(|(date, told)| Some((*date, day(told.points.first()?))));
        Strip { address, filter, found, formats, now, days: points.map(day).collect(), then }
    }

    pub(super) fn cards(&self) -> Vec<Card> {
        let mut cards = vec![self.customers()];
        cards.extend([Status::Paid, Status::Trial, Status::Churned].map(|status| self.status(status)));
        cards.extend(self.found.sum.iter().flat_map(|field| self.money(field)));
        cards
    }

    fn customers(&self) -> Card {
        let Count { customers, relationships } = self.now.count;
        let of = match self.is_apart() {
            false => String::new(),
            true => format!("{}, once per project", self.formats.count(relationships)),
        };
        let drawn = self.drawn("Customers", |day| Some(day.count.customers.into()), true, Formats::whole);
        Card { of, ..card("Customers", self.formats.count(customers), drawn) }
    }

    /// Whether somebody is in several projects, and counts in each.
    fn is_apart(&self) -> bool {
        self.now.count.relationships != self.now.count.customers
    }

    fn status(&self, status: Status) -> Card {
        let (count, whole_) = (self.now.status(status), self.now.count.relationships);
        let name = format::capital(status.as_str());
        let is_good = status != Status::Churned;
        let drawn = self.drawn(&name, |day| Some(day.status(status).into()), is_good, Formats::whole);
        let of = match whole_ {
            0 => String::new(),
            _ if self.is_apart() => {
                format!("{}, once per project", self.formats.decimal(&share(count, whole_)))
            }
            _ => {
                let share = self.formats.decimal(&share(count, whole_));
                format!("{share} of {}", self.formats.count(whole_))
            }
        };
        let condition = narrow::condition(&Field::Status, &Datum::String(status.as_str().to_owned()), false);
        Card { of, link: self.narrowed(count, condition), ..card(&name, self.formats.count(count), drawn) }
    }

    /// The sum of a field over those who pay, and how much that is for each.
    fn money(&self, field: &Field) -> Vec<Card> {
        let (sum, counted) = self.now.paying.clone().unwrap_or_default();
        let name = money::spoken(field);
        let people = self.formats.of(counted, "paying customer", "paying customers");
        let link = self.narrowed(counted, Some(money::summed_of(field)));
        let currency = match self.found.currencies.as_deref() {
            Some([]) => String::new(),
            Some([told]) => money::currency(self.formats, field, told.as_deref(), true),
            Some(several) => return vec![self.mixed(field, &name, several)],
            None => return vec![self.mixed(field, &name, &[])],
        };
        let total = self.drawn(&name, Numbers::sum, true, Formats::amount);
        let sum = Card {
            choices: self.choices(field),
            exact: self.formats.whole(&sum),
            currency: currency.clone(),
            of: format!("of {people}"),
            link: link.clone(),
            ..card(&name, self.formats.amount(&sum), total)
        };
        let average = self.now.average();
        let shown = average.as_ref().map_or_else(|| "–".to_owned(), |average| self.formats.cents(average));
        let each = Card {
            exact: average.as_ref().map_or_else(String::new, |average| self.formats.whole(average)),
            currency: if average.is_some() { currency } else { String::new() },
            of: "for each of them".to_owned(),
            link,
            ..card(
                &format!("Average {name}"),
                shown,
                self.drawn(&name, Numbers::average, true, Formats::cents),
            )
        };
        vec![sum, each]
    }

    /// Money of several currencies is never added: each is a click away. Without any nobody can tell which there are.
    fn mixed(&self, field: &Field, name: &str, currencies: &[Option<String>]) -> Card {
        let choice = |told: &Option<String>| {
            let told = told.as_deref();
            let filter = money::is_in(told).and_then(|condition| narrow::with(self.filter, &condition));
            let label = money::currency(self.formats, field, told, false);
            Choice {
                label: if label.is_empty() { "without a currency".to_owned() } else { label },
                link: self.address.filtered(filter.unwrap_or_default()).link(),
                on: false,
            }
        };
        let mut choices = self.choices(field);
        choices.extend(currencies.iter().map(choice));
        let told = currencies.iter().flatten().count();
        let of = match currencies.len() {
            0 => "its currencies are not known".to_owned(),
            all if all > told => {
                format!(
                    "in {}, and without one: choose",
                    self.formats.of(told as u64, "currency", "currencies")
                )
            }
            _ => format!("in {told} currencies: choose one"),
        };
        Card { choices, of, ..card(name, "–".to_owned(), Drawn::default()) }
    }

    fn choices(&self, field: &Field) -> Vec<Choice> {
        let choice = |other: &Field| Choice {
            label: label(other),
            link: Address { sum: other.to_string(), ..self.address.clone() }.link(),
            on: other == field,
        };
        table::numeric(&self.found.seen).map(choice).collect()
    }

    fn narrowed(&self, count: u64, condition: Option<String>) -> String {
        let condition = condition.filter(|condition| count > 0 && !narrow::holds(self.filter, condition));
        let filter = condition.and_then(|condition| narrow::with(self.filter, &condition));
        filter.map_or_else(String::new, |filter| self.address.filtered(filter).link())
    }

    /// What is told of a number by its days.
    fn drawn(
        &self,
        name: &str,
        of: impl Fn(&Numbers) -> Option<BigDecimal>,
        more_is_good: bool,
        how: fn(Formats, &BigDecimal) -> String,
    ) -> Drawn {
        let told = Told::new(self.formats, how);
        let drawn = Drawn::new((name, DAYS), &self.series(&of), more_is_good, told);
        match &self.then {
            Some((day, then)) => match of(then).zip(of(&self.now)) {
                Some((then, now)) => drawn.against((*day, &then), &now, more_is_good, told),
                None => Drawn { change: None, ..drawn },
            },
            None => drawn,
        }
    }

    /// A number at the end of each day; nothing where it is not known of one that follows.
    fn series(&self, of: impl Fn(&Numbers) -> Option<BigDecimal>) -> Vec<BigDecimal> {
        let known = self.days.iter().rev().map_while(of);
        let mut series: Vec<BigDecimal> = known.collect();
        series.reverse();
        if series.len() == self.days.len() { series } else { Vec::new() }
    }
}

/// A card that says a number and leads nowhere yet.
pub(crate) fn card(name: &str, value: String, drawn: Drawn) -> Card {
    Card {
        name: name.to_owned(),
        choices: Vec::new(),
        value,
        exact: String::new(),
        currency: String::new(),
        of: String::new(),
        link: String::new(),
        line: drawn.line,
        change: drawn.change,
    }
}
