//! The values of fields as they stand on the wire, and how many have them: aggregates, groups and facets.

use filter::Status;
use index::{
    Bucket, Datum, Extreme, Facet, FacetValue, Group, Grouping, Groups, Lifted, Shape, Total, number,
};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// An aggregate. `counted + skipped + missing` is the number of relationships it speaks of.
#[derive(Debug, Serialize, ToSchema)]
pub struct AggregateOut {
    /// As it was asked for, in its strict form.
    aggregate: String,
    /// An exact number, or a date for min and max; null when nothing was counted (a sum is 0).
    pub(super) value: Value,
    /// Relationships whose value went in.
    counted: u64,
    /// Relationships that have a value of another type there.
    skipped: u64,
    /// Relationships that have nothing there.
    missing: u64,
}

/// Groups; the counts of rows, other, skipped and missing add up to the relationships.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct GroupsOut {
    /// What was grouped by, in its strict form.
    by: String,
    /// The largest groups: by count, then by value.
    rows: Vec<GroupOut>,
    /// How many groups there are, listed or not.
    distinct: u64,
    /// The groups that are not listed, together.
    other: Option<GroupOut>,
    /// Values that are no date (for a period) or no number (for a bucket).
    skipped: Option<GroupOut>,
    /// Relationships without the field.
    missing: Option<GroupOut>,
}

/// A group.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct GroupOut {
    /// The value; `(array)` and `(object)` stand for all arrays and objects, a period for its name, a bucket for its lower
    /// end. Absent on other, skipped and missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Value>,
    /// number, string, boolean, null, array, object, time, period or bucket.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    /// The first day of a period.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    /// The upper end of a bucket, which it does not hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<Value>,
    /// Relationships in it.
    count: u64,
    /// Its part of all that match, from 0 to 1.
    share: f64,
    /// How many are free, trial, paid, churned.
    by_status: ByStatus,
    /// The aggregates over it, in the order asked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    aggregates: Vec<AggregateOut>,
}

/// Relationships by status.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ByStatus {
    free: u64,
    trial: u64,
    paid: u64,
    churned: u64,
}

/// What a field holds.
#[derive(Debug, Serialize, ToSchema)]
pub struct FacetOut {
    /// The field, in its strict form.
    field: String,
    /// Relationships that have it.
    coverage: u64,
    /// How many hold each type.
    #[schema(value_type = Object)]
    types: Map<String, Value>,
    /// Distinct scalars, members of arrays included; null where there are more than 1,000, which nobody counts.
    distinct: Option<u64>,
    /// The values with most relationships; absent where there are more than 1,000. Where the facet is lifted, the values that the
    /// left out conditions name are there in any case, after the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    values: Option<Vec<ValueOut>>,
    /// From where to where the values go, where there are more than 1,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<RangeOut>,
    /// There with `lift_own`, where the filter has conditions of its own on the field: they are left out here.
    #[serde(skip_serializing_if = "Option::is_none")]
    lifted: Option<LiftedOut>,
}

/// What a facet speaks of that is counted without the filter's own conditions on it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LiftedOut {
    /// The filter without them, in its strict form.
    filter: String,
    /// Relationships that match it.
    relationships: u64,
}

/// A value of a facet.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ValueOut {
    value: Value,
    /// number, string, boolean or null.
    #[serde(rename = "type")]
    kind: &'static str,
    /// A member of an array: `has` finds it, `=` does not.
    member: bool,
    /// Relationships that have it.
    count: u64,
}

/// A range of numbers or dates; empty for other texts.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RangeOut {
    min: Value,
    max: Value,
    /// Ten bins of equal width; each holds its lower end, the last one its upper end too.
    histogram: Vec<BinOut>,
}

/// A bin of a histogram.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BinOut {
    from: Value,
    to: Value,
    count: u64,
}

impl AggregateOut {
    /// An aggregate, as it was asked for, with what it came to.
    pub(in crate::api) fn new(aggregate: String, total: &Total) -> AggregateOut {
        let Total { value, counted, skipped, missing } = total;
        let value = value.as_ref().map_or(Value::Null, extreme);
        AggregateOut { aggregate, value, counted: *counted, skipped: *skipped, missing: *missing }
    }
}

impl GroupsOut {
    /// The groups, with the names of the aggregates over each.
    pub(in crate::api) fn new(by: &Grouping, groups: &Groups, names: &[String]) -> GroupsOut {
        let rest = [&groups.other, &groups.skipped, &groups.missing];
        let listed = groups.rows.iter().map(|(_, group)| group);
        let all: u64 = listed.chain(rest.into_iter().flatten()).map(|group| group.count).sum();
        let plain = |group: &Option<Group>| group.as_ref().map(|group| GroupOut::new(group, all, names));
        GroupsOut {
            by: by.to_string(),
            rows: groups
                .rows
                .iter()
                .map(|(bucket, group)| GroupOut::of(by, bucket, group, all, names))
                .collect(),
            distinct: groups.distinct,
            other: plain(&groups.other),
            skipped: plain(&groups.skipped),
            missing: plain(&groups.missing),
        }
    }
}

impl GroupOut {
    fn new(group: &Group, all: u64, names: &[String]) -> GroupOut {
        let [free, trial, paid, churned] = group.by_status;
        let totals = names.iter().cloned().zip(&group.totals);
        GroupOut {
            value: None,
            kind: None,
            from: None,
            to: None,
            count: group.count,
            share: share(group.count, all),
            by_status: ByStatus { free, trial, paid, churned },
            aggregates: totals.map(|(name, total)| AggregateOut::new(name, total)).collect(),
        }
    }

    fn of(by: &Grouping, bucket: &Bucket, group: &Group, all: u64, names: &[String]) -> GroupOut {
        let plain = GroupOut::new(group, all, names);
        match (bucket, by) {
            (Bucket::Value(value), _) => {
                GroupOut { value: Some(datum(value)), kind: Some(kind(value)), ..plain }
            }
            (Bucket::Period(first), Grouping::Period(unit, _)) => GroupOut {
                value: Some(Value::from(unit.label(*first))),
                kind: Some("period"),
                from: Some(first.to_string()),
                ..plain
            },
            (Bucket::From(from), Grouping::Bucket(_, width)) => GroupOut {
                value: Some(decimal(from)),
                kind: Some("bucket"),
                to: Some(decimal(&(from + width))),
                ..plain
            },
            (Bucket::Period(_) | Bucket::From(_), _) => plain,
        }
    }
}

/// A part of all, to six places.
fn share(count: u64, all: u64) -> f64 {
    let share = if all == 0 { 0.0 } else { count as f64 / all as f64 };
    (share * 1e6).round() / 1e6
}

impl From<Facet> for FacetOut {
    fn from(facet: Facet) -> Self {
        let types = facet.kinds.iter().map(|(kind, count)| (kind.to_string(), Value::from(*count))).collect();
        let (lifted, rest) = match facet.lifted {
            Some(Lifted { filter, relationships, rest }) => (Some(LiftedOut { filter, relationships }), rest),
            None => (None, Vec::new()),
        };
        let list = |values: &[FacetValue]| values.iter().chain(&rest).map(ValueOut::from).collect();
        let (values, range) = match facet.shape {
            Shape::Values(values) => (Some(list(&values)), None),
            Shape::Range { min, max, bins } => {
                let end = |end: Option<Extreme>| end.as_ref().map_or(Value::Null, extreme);
                let bin = |bin: &index::Bin| BinOut {
                    from: decimal(&bin.from),
                    to: decimal(&bin.to),
                    count: bin.count,
                };
                let histogram = bins.iter().map(bin).collect();
                let values = (!rest.is_empty()).then(|| list(&[]));
                (values, Some(RangeOut { min: end(min), max: end(max), histogram }))
            }
        };
        FacetOut {
            field: facet.field.to_string(),
            coverage: facet.coverage,
            types,
            distinct: facet.distinct,
            values,
            range,
            lifted,
        }
    }
}

impl From<&FacetValue> for ValueOut {
    fn from(value: &FacetValue) -> Self {
        let FacetValue { value, member, count } = value;
        ValueOut { value: datum(value), kind: kind(value), member: *member, count: *count }
    }
}

/// A value as JSON. Arrays and objects are told by their kind only.
pub(in crate::api) fn datum(datum: &Datum) -> Value {
    match datum {
        Datum::Number(number) => decimal(number),
        Datum::String(text) => Value::from(text.as_str()),
        Datum::False => Value::from(false),
        Datum::True => Value::from(true),
        Datum::Null => Value::Null,
        Datum::Array => Value::from("(array)"),
        Datum::Object => Value::from("(object)"),
        Datum::Time(time) => Value::from(time.to_string()),
    }
}

/// The kind of a value, in words.
pub(in crate::api) fn kind(datum: &Datum) -> &'static str {
    datum.kind().map_or("time", filter::value::Kind::as_str)
}

/// An exact number, without an exponent or trailing zeros.
pub(in crate::api) fn decimal(exact: &bigdecimal::BigDecimal) -> Value {
    let plain = number::plain(exact);
    plain.parse().map_or(Value::from(plain), Value::Number)
}

fn extreme(extreme: &Extreme) -> Value {
    match extreme {
        Extreme::Number(number) => decimal(number),
        Extreme::Day(day) => Value::from(day.to_string()),
        Extreme::Instant(instant) => Value::from(instant.timestamp().to_string()),
    }
}

const _: () = assert!(Status::ALL.len() == 4, "ByStatus has a field per status");
