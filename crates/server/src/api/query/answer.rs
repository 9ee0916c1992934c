//! Answers as they stand on the wire.

use filter::Status;
use index::{Bucket, Datum, Extreme, Facet, FacetValue, Group, Grouping, Groups, Shape, Total, number};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::{
    model::CustomerId,
    store::query::{Answer, CustomerRow, Fallback, Query, Relationship, Warning},
};

/// The answer to a query: what was selected, of one version.
#[derive(Debug, Serialize, ToSchema)]
pub struct AnswerOut {
    /// The account's version that was answered from.
    version: i64,
    /// What answered: `index`, or `sql` while the index cannot.
    engine: &'static str,
    /// Why the index did not answer: `loading` (it is being loaded), `memory` (the account does not fit into its memory),
    /// `busy` (writes overtook the query again and again).
    #[serde(skip_serializing_if = "Option::is_none")]
    fallback: Option<&'static str>,
    /// How long it took, in milliseconds.
    took_ms: f64,
    /// What `now` in the filter meant.
    #[schema(value_type = String, format = DateTime)]
    now: Timestamp,
    /// The filter in its strict form.
    filter: String,
    /// Customers that match.
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    /// Relationships that match: a customer has one per project. Groups, facets and aggregates speak of these.
    #[serde(skip_serializing_if = "Option::is_none")]
    relationships: Option<u64>,
    /// A page of customers.
    #[serde(skip_serializing_if = "Option::is_none")]
    customers: Option<Vec<CustomerOut>>,
    /// The cursor of the next page; null on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    next: Option<Value>,
    /// The aggregates, in the order asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    aggregates: Option<Vec<AggregateOut>>,
    /// The groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<GroupsOut>,
    /// The facets: named fields first, then the widest paths.
    #[serde(skip_serializing_if = "Option::is_none")]
    facets: Option<Vec<FacetOut>>,
    /// What you may have meant otherwise.
    warnings: Vec<WarningOut>,
}

/// A customer of a page.
#[derive(Debug, Serialize, ToSchema)]
pub struct CustomerOut {
    id: CustomerId,
    email: String,
    /// The name given last.
    name: Option<String>,
    /// The customer's relationships that match.
    relationships: Vec<RelationshipOut>,
}

/// A customer in a project.
#[derive(Debug, Serialize, ToSchema)]
pub struct RelationshipOut {
    /// The project's slug.
    project: String,
    user_id: Option<String>,
    name: Option<String>,
    /// free, trial, paid or churned.
    status: &'static str,
    #[schema(value_type = String, format = DateTime)]
    status_since: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    first_paid: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    first_seen: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    last_activity: Timestamp,
    /// The free-form values, exactly as they were sent.
    #[schema(value_type = Object)]
    params: Map<String, Value>,
}

/// An aggregate. `counted + skipped + missing` is the number of relationships it speaks of.
#[derive(Debug, Serialize, ToSchema)]
pub struct AggregateOut {
    /// As it was asked for, in its strict form.
    aggregate: String,
    /// An exact number, or a date for min and max; null when nothing was counted (a sum is 0).
    value: Value,
    /// Relationships whose value went in.
    counted: u64,
    /// Relationships that have a value of another type there.
    skipped: u64,
    /// Relationships that have nothing there.
    missing: u64,
}

/// Groups; the counts of rows, other, skipped and missing add up to the relationships.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct GroupsOut {
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
    /// The values with most relationships; absent where there are more than 1,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    values: Option<Vec<ValueOut>>,
    /// From where to where the values go, where there are more than 1,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<RangeOut>,
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

/// Something you may have meant otherwise.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WarningOut {
    /// unknown_path, case_differs, type_differs, includes_missing, date_form, nothing_found, only_test_projects or is_alias.
    code: &'static str,
    /// The part of the question it is about: filter, aggregates, group_by, sort, facets or columns.
    #[serde(rename = "in")]
    place: &'static str,
    /// That part: the filter as it was written, anything else in its strict form.
    text: String,
    /// The words of the text it is about: first byte and the byte after the last.
    span: SpanOut,
    detail: String,
    /// What to write in place of those words.
    fix: Option<String>,
}

/// A place in a text.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SpanOut {
    start: usize,
    end: usize,
}

impl AnswerOut {
    /// The answer to a query.
    pub(super) fn new(query: &Query, answer: Answer) -> AnswerOut {
        let question = &query.question;
        let slug = |id| answer.slugs.get(&id).cloned().unwrap_or_default();
        let groups = answer.groups.zip(question.group_by.as_ref());
        let aggregates = answer.aggregates;
        let names: Vec<String> = question.aggregates.iter().map(ToString::to_string).collect();
        AnswerOut {
            version: answer.version,
            engine: answer.engine.as_str(),
            fallback: answer.fallback.map(Fallback::as_str),
            took_ms: milliseconds(answer.took),
            now: answer.now,
            filter: answer.filter,
            count: answer.count.map(|count| count.customers),
            relationships: answer.count.map(|count| count.relationships),
            next: answer.customers.as_ref().map(|page| page.next.clone().map_or(Value::Null, Value::from)),
            customers: answer
                .customers
                .map(|page| page.rows.into_iter().map(|row| CustomerOut::new(row, slug)).collect()),
            aggregates: question.wants(index::Part::Aggregates).then(|| {
                aggregates
                    .iter()
                    .map(|(aggregate, total)| AggregateOut::new(aggregate.to_string(), total))
                    .collect()
            }),
            groups: groups.map(|(groups, by)| GroupsOut::new(by, &groups, &names)),
            facets: question
                .wants(index::Part::Facets)
                .then(|| answer.facets.into_iter().map(FacetOut::from).collect()),
            warnings: answer.warnings.into_iter().map(WarningOut::from).collect(),
        }
    }

    /// The one number that the answer comes down to.
    pub(super) fn number(&self) -> String {
        match self.aggregates.as_deref() {
            Some([only]) => only.value.as_str().map_or_else(|| only.value.to_string(), str::to_owned),
            _ => self.count.unwrap_or(0).to_string(),
        }
    }
}

fn milliseconds(took: std::time::Duration) -> f64 {
    (took.as_secs_f64() * 1_000_000.0).round() / 1_000.0
}

impl CustomerOut {
    fn new(row: CustomerRow, slug: impl Fn(crate::model::ProjectId) -> String) -> CustomerOut {
        let CustomerRow { id, email, name, relationships } = row;
        let relationships = relationships
            .into_iter()
            .map(|relationship| RelationshipOut::new(slug(relationship.project), relationship))
            .collect();
        CustomerOut { id, email, name, relationships }
    }
}

impl RelationshipOut {
    /// A relationship in the project of that slug.
    pub fn new(project: String, relationship: Relationship) -> RelationshipOut {
        RelationshipOut {
            project,
            user_id: relationship.user_id,
            name: relationship.name,
            status: relationship.status.as_str(),
            status_since: relationship.status_since,
            first_paid: relationship.first_paid,
            first_seen: relationship.first_seen,
            last_activity: relationship.last_activity,
            params: relationship.params,
        }
    }
}

impl AggregateOut {
    fn new(aggregate: String, total: &Total) -> AggregateOut {
        let Total { value, counted, skipped, missing } = total;
        let value = value.as_ref().map_or(Value::Null, extreme);
        AggregateOut { aggregate, value, counted: *counted, skipped: *skipped, missing: *missing }
    }
}

impl GroupsOut {
    fn new(by: &Grouping, groups: &Groups, names: &[String]) -> GroupsOut {
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
        let (values, range) = match facet.shape {
            Shape::Values(values) => (Some(values.iter().map(ValueOut::from).collect()), None),
            Shape::Range { min, max, bins } => {
                let end = |end: Option<Extreme>| end.as_ref().map_or(Value::Null, extreme);
                let bin = |bin: &index::Bin| BinOut {
                    from: decimal(&bin.from),
                    to: decimal(&bin.to),
                    count: bin.count,
                };
                let histogram = bins.iter().map(bin).collect();
                (None, Some(RangeOut { min: end(min), max: end(max), histogram }))
            }
        };
        FacetOut {
            field: facet.field.to_string(),
            coverage: facet.coverage,
            types,
            distinct: facet.distinct,
            values,
            range,
        }
    }
}

impl From<&FacetValue> for ValueOut {
    fn from(value: &FacetValue) -> Self {
        let FacetValue { value, member, count } = value;
        ValueOut { value: datum(value), kind: kind(value), member: *member, count: *count }
    }
}

impl From<Warning> for WarningOut {
    fn from(warning: Warning) -> Self {
        let span = SpanOut { start: warning.span.start, end: warning.span.end };
        WarningOut {
            code: warning.code.as_str(),
            place: warning.subject.as_str(),
            text: warning.text,
            span,
            detail: warning.detail,
            fix: warning.fix,
        }
    }
}

/// A value as JSON. Arrays and objects are told by their kind only.
fn datum(datum: &Datum) -> Value {
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

fn kind(datum: &Datum) -> &'static str {
    datum.kind().map_or("time", filter::value::Kind::as_str)
}

/// An exact number, without an exponent or trailing zeros.
fn decimal(exact: &bigdecimal::BigDecimal) -> Value {
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
