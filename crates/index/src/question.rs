//! A question: everything that one query asks of the relationships that match its filter.

use std::str::FromStr;

use filter::{Error, Expr, Field, Lift, Predicate};

use crate::{
    Aggregate, Datum, Facet, Grouping, Sort,
    text::{self, Hint},
};

/// A path with more distinct values than this shows a range instead of values.
pub const WIDE: u64 = 1_000;
/// `auto` shows this many paths by their values, and as many by their range.
pub const FACET_PATHS: usize = 50;
/// A facet lists this many values.
pub const FACET_VALUES: usize = 20;
/// Longer strings are counted as values of a facet and not listed.
pub const FACET_TEXT: usize = 256;
/// Strings of groups are told apart in full and shown up to here.
pub const GROUP_TEXT: usize = 1_000;

/// A part of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// How many customers, and how many relationships.
    Count,
    /// The customers themselves, one page of them.
    Customers,
    /// The aggregates over all that match.
    Aggregates,
    /// One row per group.
    Groups,
    /// Which keys there are and their top values.
    Facets,
}

impl Part {
    /// Every part.
    pub const ALL: [Part; 5] = [Part::Count, Part::Customers, Part::Aggregates, Part::Groups, Part::Facets];

    /// Its name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Part::Count => "count",
            Part::Customers => "customers",
            Part::Aggregates => "aggregates",
            Part::Groups => "groups",
            Part::Facets => "facets",
        }
    }
}

/// How far facets go.
#[derive(Clone, Copy, Debug)]
pub struct Reach {
    /// So many of the widest paths have few values, and as many have many.
    pub paths: usize,
    /// Few are so many distinct values at most.
    pub few: u64,
    /// So many values of each are listed.
    pub values: usize,
}

/// That of a query.
impl Default for Reach {
    fn default() -> Self {
        Reach { paths: FACET_PATHS, few: WIDE, values: FACET_VALUES }
    }
}

/// The fields whose values are counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facets {
    /// The widest paths, [`FACET_PATHS`] at most.
    pub auto: bool,
    /// Fields that were named.
    pub fields: Vec<Field>,
}

impl Facets {
    /// The widest paths.
    pub fn auto() -> Facets {
        Facets { auto: true, fields: Vec::new() }
    }

    /// Adds `auto` or a field.
    pub fn add(&mut self, text: &str) -> Result<(), Error> {
        if text.trim().eq_ignore_ascii_case("auto") {
            self.auto = true;
            return Ok(());
        }
        let field = text::field_at(text, 0, text)?;
        if field.is_time() {
            return Err(text::error(
                text,
                text::whole(text),
                format!("{field} holds times, nearly all of them different"),
            )
            .hint(format!("group_by month({field}) counts them by month")));
        }
        if !self.fields.contains(&field) {
            self.fields.push(field);
        }
        Ok(())
    }

    /// The facets in the order of an answer: the named ones as they were asked for, the widest paths, and what is left of those
    /// that are lifted, where it lists anything. A lifted one stands in the place of the plain one.
    pub fn arrange(&self, named: &[Facet], widest: Vec<Facet>, mut lifted: Vec<Facet>) -> Vec<Facet> {
        let mut take = |field: &Field| {
            let place = lifted.iter().position(|facet| facet.field == *field);
            place.map(|place| lifted.remove(place))
        };
        let plain = |field: &Field| named.iter().find(|facet| facet.field == *field).cloned();
        let mut arranged: Vec<Facet> =
            self.fields.iter().filter_map(|field| take(field).or_else(|| plain(field))).collect();
        let others = widest.into_iter().filter(|facet| !self.fields.contains(&facet.field));
        arranged.extend(others.map(|facet| take(&facet.field).unwrap_or(facet)));
        arranged.extend(lifted.into_iter().filter(Facet::lists));
        arranged
    }
}

/// `auto`, or fields separated by commas.
impl FromStr for Facets {
    type Err = Error;

    fn from_str(list: &str) -> Result<Self, Error> {
        let mut facets = Facets::default();
        for part in text::list(list) {
            facets.add(part)?;
        }
        Ok(facets)
    }
}

/// What is asked of the relationships that match.
#[derive(Clone, Debug)]
pub struct Question {
    /// Which parts are wanted; nothing else is computed.
    pub select: Vec<Part>,
    /// The order of the customers.
    pub sort: Sort,
    /// How many customers make a page.
    pub limit: usize,
    /// Computed over all that match, and for each group.
    pub aggregates: Vec<Aggregate>,
    /// How to group.
    pub group_by: Option<Grouping>,
    /// How many groups are listed; the rest are one row, `other`.
    pub group_limit: usize,
    /// Which groups are listed, by their values and in this order, also where nobody is in them; without it those are that most
    /// relationships are in.
    pub listed: Option<Vec<Datum>>,
    /// Groups need only tell how many relationships they have: nobody asks of which status, and it may say that they have none.
    pub bare: bool,
    /// Whose values are counted.
    pub facets: Facets,
    /// The facets among them that are counted without the filter's own conditions on them.
    pub lifts: Vec<Lift>,
}

impl Question {
    /// Whether a part is wanted.
    pub fn wants(&self, part: Part) -> bool {
        self.select.contains(&part)
    }

    /// The same, whose facets are counted without the conditions that the filter itself has on them. Of paths that nobody has named
    /// there are [`FACET_PATHS`] at most.
    pub fn lifted(mut self, expr: &Expr, predicate: &Predicate) -> Question {
        let (facets, mut unnamed) = (&self.facets, 0);
        self.lifts = Lift::all(expr, predicate, |field| {
            let named = facets.fields.contains(field);
            let is_path = facets.auto && field.path().is_some();
            unnamed += usize::from(is_path && !named);
            named || is_path && unnamed <= FACET_PATHS
        });
        self
    }

    /// The fields that it names.
    pub fn fields(&self) -> impl Iterator<Item = &Field> {
        let sort = self.wants(Part::Customers).then_some(&self.sort.field);
        let aggregates = self.aggregates.iter().map(|aggregate| &aggregate.field);
        let group = self.group_by.as_ref().map(Grouping::field);
        sort.into_iter().chain(aggregates).chain(group).chain(&self.facets.fields)
    }
}

/// A count and the first fifty customers.
impl Default for Question {
    fn default() -> Self {
        Question {
            select: vec![Part::Count, Part::Customers],
            sort: Sort::default(),
            limit: 50,
            aggregates: Vec::new(),
            group_by: None,
            group_limit: 1_000,
            listed: None,
            bare: false,
            facets: Facets::default(),
            lifts: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facets_are_auto_or_fields() {
        let facets: Facets = "auto, status, plan, params.\"a,b\", plan".parse().unwrap();
        assert!(facets.auto);
        let fields: Vec<String> = facets.fields.iter().map(Field::to_string).collect();
        assert_eq!(fields, ["status", "params.plan", "params.\"a,b\""]);
        let error = "first_seen".parse::<Facets>().unwrap_err();
        assert_eq!(error.hint.as_deref(), Some("group_by month(first_seen) counts them by month"));
    }
}
