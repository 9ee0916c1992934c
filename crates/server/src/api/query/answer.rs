//! Answers as they stand on the wire.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::values::{AggregateOut, FacetOut, GroupsOut};
use crate::{
    export::RelationshipOut,
    model::CustomerId,
    store::query::{Answer, CustomerRow, Fallback, Query, Warning},
};

/// The answer to a query: what was selected, of one version.
#[derive(Debug, Serialize, ToSchema)]
pub struct AnswerOut {
    /// The account's version that was answered from.
    version: i64,
    /// What answered: `index`, or `sql` while the index cannot.
    engine: &'static str,
    /// Why the index did not answer: `loading` (it is being loaded), `memory` (the account does not fit into its memory, or could not be read),
    /// `busy` (writes overtook the query again and again), `past` (it does not know what was asked of the past).
    #[serde(skip_serializing_if = "Option::is_none")]
    fallback: Option<&'static str>,
    /// How long it took, in milliseconds.
    took_ms: f64,
    /// What `now` in the filter meant.
    #[schema(value_type = String, format = DateTime)]
    now: Timestamp,
    /// The moment that all of it is of; left out where that is the present.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    as_of: Option<Timestamp>,
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

/// Something you may have meant otherwise.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WarningOut {
    /// unknown_path, case_differs, unknown_value, type_differs, includes_missing, date_form, nothing_found, only_test_projects,
    /// is_alias, past_unknown or asks_present.
    code: &'static str,
    /// The part of the question it is about: filter, aggregates, group_by, sort, facets or columns; of an insight also retained,
    /// outcome, from, to, there or while.
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
            as_of: answer.as_of,
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

pub(in crate::api) fn milliseconds(took: std::time::Duration) -> f64 {
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
