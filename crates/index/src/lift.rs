//! What a facet that is lifted lists beside its top values: what the filter's own conditions on it name.

use std::cmp::Reverse;

use filter::predicate::{Condition, Scalar, Test};
use uuid::Uuid;

use crate::{Datum, FacetValue, Shape};

/// The value that a condition names; projects are told by their slugs.
pub fn value(condition: &Condition, slug: impl FnOnce(&Uuid) -> Option<String>) -> Option<Datum> {
    match &condition.test {
        Test::Equals(scalar) | Test::Has(scalar) => Some(datum(scalar)),
        Test::Project(project) => slug(project).map(Datum::String),
        _ => None,
    }
}

fn datum(scalar: &Scalar) -> Datum {
    match scalar {
        Scalar::Text(text) => Datum::String(text.clone()),
        Scalar::Number(number) => Datum::Number(number.exact.normalized()),
        Scalar::Boolean(false) => Datum::False,
        Scalar::Boolean(true) => Datum::True,
        Scalar::Null => Datum::Null,
    }
}

/// The values that a facet does not list already, as it lists values: those that most have first.
pub fn unlisted(shape: &Shape, named: impl IntoIterator<Item = FacetValue>) -> Vec<FacetValue> {
    let listed = match shape {
        Shape::Values(values) => values.as_slice(),
        Shape::Range { .. } => &[],
    };
    let is = |a: &FacetValue, b: &FacetValue| a.member == b.member && a.value == b.value;
    let unlisted = named.into_iter().filter(|value| !listed.iter().any(|other| is(other, value)));
    let mut rest: Vec<FacetValue> = unlisted.collect();
    rest.sort_by(|a, b| (Reverse(a.count), &a.value, a.member).cmp(&(Reverse(b.count), &b.value, b.member)));
    rest.dedup_by(|a, b| is(a, b));
    rest
}
