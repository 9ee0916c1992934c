//! Slices: people told apart by what they hold in a field.

use filter::{Field, Predicate, expr::Node};

use super::{Source, people};
use crate::{Bucket, Datum, Grouping, Groups};

/// The field whose values are told apart, and how many of them are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct By {
    /// The field: what it is at the moment that is asked of.
    pub field: Field,
    /// The values that most have, so many of them; the others are one.
    pub limit: usize,
}

/// People who hold the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Everybody.
    All,
    /// This value.
    Value(Datum),
    /// None of the values that are told apart.
    Other,
    /// Nothing.
    Missing,
}

/// People who hold the same, and the filter that says so.
#[derive(Clone, Debug)]
pub struct Slice {
    /// What they hold.
    pub kept: Kept,
    /// What is true of them; `None` of everybody.
    pub(crate) node: Option<Node>,
}

impl Slice {
    /// Those of a population, as they are told apart.
    pub(crate) fn of(by: Option<&By>, population: &Predicate, source: &impl Source) -> Vec<Slice> {
        let groups = |by: &By| source.groups(population, &Grouping::Value(by.field.clone()), by.limit);
        Slice::all(by.map(|by| (by, groups(by))))
    }

    /// Everybody, and where they are told apart, those of each value that is listed, all others, and those without any.
    pub(crate) fn all(by: Option<(&By, Groups)>) -> Vec<Slice> {
        let mut slices = vec![Slice { kept: Kept::All, node: None }];
        let Some((By { field, .. }, groups)) = by else { return slices };
        let values: Vec<Datum> = groups.rows.iter().filter_map(|(bucket, _)| whole(bucket)).collect();
        let others = groups.rows.len() > values.len() || groups.other.is_some();
        slices.extend(Slice::each(field, &values, others, groups.missing.is_some()));
        slices
    }

    /// The same of those who held something at one moment or another: the values that most have now, then others that were held,
    /// up to so many.
    pub(crate) fn ever(By { field, limit }: &By, groups: &Groups, held: Vec<Datum>) -> Vec<Slice> {
        let mut values: Vec<Datum> = groups.rows.iter().filter_map(|(bucket, _)| whole(bucket)).collect();
        for value in held {
            if values.len() < *limit && !values.contains(&value) {
                values.extend(whole(&Bucket::Value(value)));
            }
        }
        let all = Slice { kept: Kept::All, node: None };
        [all].into_iter().chain(Slice::each(field, &values, true, true)).collect()
    }

    fn each(field: &Field, values: &[Datum], others: bool, missing: bool) -> Vec<Slice> {
        let known: Vec<Node> = values.iter().map(|value| people::is(field, value)).collect();
        let rest = || {
            let unknown = known.iter().cloned().map(people::not);
            people::both(people::exists(field), unknown)
        };
        let value = |(value, node): (&Datum, &Node)| Slice {
            kept: Kept::Value(value.clone()),
            node: Some(node.clone()),
        };
        let mut slices: Vec<Slice> = values.iter().zip(&known).map(value).collect();
        slices.extend(others.then(|| Slice { kept: Kept::Other, node: Some(rest()) }));
        let none = || Slice { kept: Kept::Missing, node: Some(people::not(people::exists(field))) };
        slices.extend(missing.then(none));
        slices
    }

    /// How long what is true of its people is, as filters write it.
    pub(crate) fn length(&self) -> usize {
        self.node.as_ref().map_or(0, |node| node.value.to_string().len())
    }
}

/// The value of a group; what is not shown whole is among the others.
fn whole(bucket: &Bucket) -> Option<Datum> {
    match bucket {
        Bucket::Value(value) => Some(value.clone()).filter(Datum::is_whole),
        Bucket::Period(_) | Bucket::From(_) => None,
    }
}
