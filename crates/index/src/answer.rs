//! Answers, as every engine gives them.

use bigdecimal::BigDecimal;
use filter::{
    Field, Status,
    value::{Instant, Kind},
};
use jiff::civil::Date;
use uuid::Uuid;

use crate::Datum;

/// The reference's answer to a whole question.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// Customers with at least one relationship that matches.
    pub count: u64,
    /// Relationships that match.
    pub relationships: u64,
    /// The first customers, in order.
    pub customers: Vec<Uuid>,
    /// One per aggregate, in the order asked.
    pub aggregates: Vec<Total>,
    /// The groups, when a grouping was asked for.
    pub groups: Option<Groups>,
    /// The facets.
    pub facets: Vec<Facet>,
}

/// An aggregate's value. `counted + skipped + missing` is the number of relationships.
#[derive(Clone, Debug, PartialEq)]
pub struct Total {
    /// The value; `None` when nothing was counted (a sum is 0 then).
    pub value: Option<Extreme>,
    /// Relationships whose value went in.
    pub counted: u64,
    /// Relationships that have a value of another type.
    pub skipped: u64,
    /// Relationships that have no value.
    pub missing: u64,
}

/// The value of an aggregate.
#[derive(Clone, Debug, PartialEq)]
pub enum Extreme {
    /// A number.
    Number(BigDecimal),
    /// A date-only string, as `min` and `max` find.
    Day(Date),
    /// A date-time.
    Instant(Instant),
}

/// What relationships have in common in one group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bucket {
    /// A type and value.
    Value(Datum),
    /// The calendar unit that begins with this day.
    Period(Date),
    /// The interval from this number, of the grouping's width.
    From(BigDecimal),
}

/// A group.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Relationships in it.
    pub count: u64,
    /// How many of them are free, trial, paid, churned.
    pub by_status: [u64; Status::ALL.len()],
    /// The aggregates over them, in the order asked.
    pub totals: Vec<Total>,
}

/// All groups; their counts add up to the number of relationships.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Groups {
    /// The largest groups, by count, then by value.
    pub rows: Vec<(Bucket, Group)>,
    /// How many groups there are, listed or not.
    pub distinct: u64,
    /// The groups that are not listed, together.
    pub other: Option<Group>,
    /// Values that have no bucket: no date for a period, no number for an interval.
    pub skipped: Option<Group>,
    /// Relationships without the field.
    pub missing: Option<Group>,
}

/// What a field holds under the present filter.
#[derive(Clone, Debug, PartialEq)]
pub struct Facet {
    /// The field.
    pub field: Field,
    /// Relationships that have it.
    pub coverage: u64,
    /// How many of them hold each kind; times count as strings.
    pub kinds: Vec<(Kind, u64)>,
    /// Distinct scalars, values and members of arrays apart; `None` where there are more than [`crate::WIDE`], which
    /// nobody counts.
    pub distinct: Option<u64>,
    /// The values or the range.
    pub shape: Shape,
    /// Said where the filter's own conditions on the field are left out.
    pub lifted: Option<Lifted>,
}

impl Facet {
    /// Whether there is a value in it, or one that the filter names.
    pub(crate) fn lists(&self) -> bool {
        self.distinct != Some(0) || self.lifted.as_ref().is_some_and(|lifted| !lifted.rest.is_empty())
    }
}

/// A facet without the filter's own conditions on its field.
#[derive(Clone, Debug, PartialEq)]
pub struct Lifted {
    /// The filter without them, in its strict form.
    pub filter: String,
    /// Relationships that match it, of which the facet speaks.
    pub relationships: u64,
    /// The values that the conditions name and [`Shape::Values`] does not list, also those that nobody has.
    pub rest: Vec<FacetValue>,
}

/// What a facet shows.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// The values with most relationships, most first, then by value.
    Values(Vec<FacetValue>),
    /// The least and the greatest, where there are too many values to list, and ten bins of numbers between them.
    Range {
        /// The least number, or date where there is no number.
        min: Option<Extreme>,
        /// The greatest.
        max: Option<Extreme>,
        /// Ten bins of equal width from min to max; empty for dates, and where min is max.
        bins: Vec<Bin>,
    },
}

/// A value of a facet.
#[derive(Clone, Debug, PartialEq)]
pub struct FacetValue {
    /// The scalar.
    pub value: Datum,
    /// It is a member of an array: `has` finds it, `=` does not.
    pub member: bool,
    /// Relationships that have it.
    pub count: u64,
}

/// A bin of a histogram: it holds its lower end; the last one holds its upper end too.
#[derive(Clone, Debug, PartialEq)]
pub struct Bin {
    /// From where.
    pub from: BigDecimal,
    /// Up to where.
    pub to: BigDecimal,
    /// Numbers in it.
    pub count: u64,
}

impl Bin {
    /// How many bins a histogram has.
    pub const COUNT: u32 = 10;

    /// The empty bins from one number up to a greater one; their ends are exact.
    pub fn between(min: &BigDecimal, max: &BigDecimal) -> Vec<Bin> {
        let width = (max - min) * BigDecimal::new(1.into(), 1);
        let end = |place: u32| (min + &width * BigDecimal::from(place)).normalized();
        (0..Self::COUNT).map(|place| Bin { from: end(place), to: end(place + 1), count: 0 }).collect()
    }
}
