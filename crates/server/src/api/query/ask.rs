//! What a query may ask for, as it stands on the wire.

use std::str::FromStr;

use filter::{Field, calendar::Unit};
use index::{Facets, Grouping, Part, Question};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::{
    http::{
        Problem,
        fields::{self, Reading},
        problem::FieldError,
    },
    store::query::{Engine, Query},
};

/// The most customers in a page.
const LIMIT_MAX: u64 = 1_000;
/// The most groups in an answer.
const GROUPS_MAX: u64 = 1_000;
/// The most aggregates of one question, and the most fields of its facets.
const LIST_MAX: usize = 50;

/// A question about customers. Everything may be left out.
#[derive(Debug, Default, Deserialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct QueryIn {
    /// A sentence of the filter language; empty is everybody.
    #[schema(format = "filter", example = "params.plan = \"pro\" and params.trial_ends in next 7 days")]
    #[param(format = "filter", example = "params.plan = \"pro\"")]
    filter: Option<String>,
    /// Only this project, by its slug. A project's key sees its own in any case.
    project: Option<String>,
    /// Across all test projects instead of all others.
    test: Option<bool>,
    /// The moment that everything is asked of: `2026-03-01` (the end of that day), `30 days ago`, `2026-03-01T09:00Z`. Left out: now.
    #[schema(format = "moment", example = "2026-03-01")]
    #[param(format = "moment", example = "2026-03-01")]
    as_of: Option<String>,
    /// Parts of the answer: count, customers, aggregates, groups, facets. Left out: count and customers. What is asked for
    /// below, as aggregates, groups or facets, is answered in any case.
    #[schema(value_type = Option<Vec<PartIn>>)]
    #[param(value_type = Option<Vec<PartIn>>, inline)]
    select: Option<Vec<String>>,
    /// A field or path; `-` in front sorts downwards. Left out: `-last_activity`.
    #[schema(format = "sort", example = "-params.mrr")]
    #[param(format = "sort", example = "-params.mrr")]
    sort: Option<String>,
    /// Customers in a page, 1 to 1000; 50 when left out.
    #[schema(minimum = 1, maximum = 1000)]
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u64>,
    /// `next` of the answer before.
    #[schema(format = "cursor")]
    #[param(format = "cursor")]
    cursor: Option<String>,
    /// sum, avg, min, max or median of a path.
    #[schema(value_type = Option<Vec<AggregateIn>>, max_items = 50, example = json!(["sum(params.mrr)"]))]
    #[param(value_type = Option<Vec<AggregateIn>>, inline, max_items = 50)]
    aggregates: Option<Vec<String>>,
    /// A field or path, `day|week|month|quarter|year(path)` or `bucket(path, 10)`.
    #[schema(format = "grouping", example = "params.source")]
    #[param(format = "grouping", example = "params.source")]
    group_by: Option<String>,
    /// Groups in the answer, 1 to 1000 (which it is when left out); the rest are one row, `other`.
    #[schema(minimum = 1, maximum = 1000)]
    #[param(minimum = 1, maximum = 1000)]
    group_limit: Option<u64>,
    /// `auto` for the widest paths, or a list of fields and paths.
    #[param(value_type = Option<Vec<FacetIn>>, inline, max_items = 50)]
    #[schema(example = "auto")]
    facets: Option<OneOrMany>,
    /// Counts each facet without the filter's own conditions on its field: with `params.plan = "pro"` it says how many
    /// would be in every other plan.
    lift_own: Option<bool>,
    /// Fields and paths that you show beside the answer: a warning says if nobody has one.
    #[schema(value_type = Option<Vec<FieldIn>>, max_items = 50)]
    #[param(value_type = Option<Vec<FieldIn>>, inline, max_items = 50)]
    columns: Option<Vec<String>>,
    /// Waits until the account has reached this version, as a write has answered it.
    min_version: Option<i64>,
    /// `index` or `sql`: only this one answers, for tests. Both answer the same.
    #[schema(value_type = Option<EngineIn>)]
    #[param(value_type = Option<EngineIn>, inline)]
    engine: Option<String>,
}

/// A part of an answer.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "a schema: index::Part has the names that are read")]
enum PartIn {
    Count,
    Customers,
    Aggregates,
    Groups,
    Facets,
}

/// What answers.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "a schema")]
pub(in crate::api) enum EngineIn {
    Index,
    Sql,
}

/// `sum`, `avg`, `min`, `max` or `median` of a path.
#[derive(ToSchema)]
#[schema(format = "aggregate", min_length = 1)]
#[expect(dead_code, reason = "a schema")]
pub(in crate::api) struct AggregateIn(String);

/// A field or a path.
#[derive(ToSchema)]
#[schema(format = "field", min_length = 1)]
#[expect(dead_code, reason = "a schema")]
pub(in crate::api) struct FieldIn(String);

/// A field, a path, or `auto`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(format = "facet", min_length = 1)]
#[serde(transparent)]
pub(super) struct FacetIn(String);

/// `"auto"` or `["status", "auto"]`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged, expecting = "expected \"auto\" or a list of fields")]
pub(super) enum OneOrMany {
    One(FacetIn),
    Many(Vec<FacetIn>),
}

impl QueryIn {
    /// How the fields are written in an address.
    pub(super) fn reading(name: &str) -> Reading {
        match name {
            "select" | "aggregates" | "facets" | "columns" => Reading::List,
            "limit" | "group_limit" | "min_version" => Reading::Number,
            "test" | "lift_own" => Reading::Flag,
            _ => Reading::Text,
        }
    }

    /// Checks everything but the filter, which needs the account's words; names all that is wrong.
    pub(super) fn check(self) -> Result<Query, Problem> {
        let mut wrong = Vec::new();
        let aggregates: Vec<_> =
            list(self.aggregates.as_deref().unwrap_or_default(), "/aggregates", &mut wrong);
        let group_by = self.group_by.as_deref().and_then(|text| one(text, "/group_by", &mut wrong));
        let sort = self.sort.as_deref().and_then(|text| one(text, "/sort", &mut wrong)).unwrap_or_default();
        let facets = self.facets(&mut wrong);
        let columns = self.columns(&mut wrong);
        let select = self.select(group_by.is_some(), &mut wrong);
        let limit = within(self.limit, 50, LIMIT_MAX, "/limit", &mut wrong);
        let group_limit = within(self.group_limit, GROUPS_MAX, GROUPS_MAX, "/group_limit", &mut wrong);
        let engine = engine(self.engine.as_deref(), &mut wrong);
        let rows =
            fields::rows(self.project, self.test).map_err(|error| wrong.push(error)).unwrap_or_default();
        if !wrong.is_empty() {
            return Err(Problem::fields(wrong));
        }
        Ok(Query {
            filter: self.filter.unwrap_or_default(),
            rows,
            question: Question {
                select,
                sort,
                limit,
                aggregates,
                group_by,
                group_limit,
                facets,
                ..Question::default()
            },
            as_of: self.as_of,
            columns,
            dates: Vec::new(),
            cursor: self.cursor.filter(|cursor| !cursor.is_empty()),
            told: String::new(),
            min_version: self.min_version.unwrap_or(0),
            lift_own: self.lift_own.unwrap_or(false),
            engine,
        })
    }

    fn columns(&self, wrong: &mut Vec<FieldError>) -> Vec<Field> {
        let texts = self.columns.as_deref().unwrap_or_default();
        too_many(texts.len(), "/columns", wrong);
        let mut columns = Vec::new();
        for (place, text) in texts.iter().enumerate().take(LIST_MAX) {
            match filter::parse_field(text) {
                Ok(field) => columns.push(field),
                Err(found) => wrong.push(FieldError::of_text(format!("/columns/{place}"), &found)),
            }
        }
        columns
    }

    fn facets(&self, wrong: &mut Vec<FieldError>) -> Facets {
        let texts = match &self.facets {
            None => &[],
            Some(OneOrMany::One(text)) => std::slice::from_ref(text),
            Some(OneOrMany::Many(texts)) => texts.as_slice(),
        };
        let mut facets = Facets::default();
        too_many(texts.len(), "/facets", wrong);
        for (place, text) in texts.iter().enumerate().take(LIST_MAX) {
            if let Err(found) = facets.add(&text.0) {
                wrong.push(FieldError::of_text(format!("/facets/{place}"), &found));
            }
        }
        facets
    }

    fn select(&self, grouped: bool, wrong: &mut Vec<FieldError>) -> Vec<Part> {
        let asked = [
            (Part::Aggregates, self.aggregates.is_some()),
            (Part::Groups, self.group_by.is_some()),
            (Part::Facets, self.facets.is_some()),
        ];
        // Who names a sum and not its part wants the sum: it is never dropped in silence.
        let besides = asked.into_iter().filter(|(_, asked)| *asked).map(|(part, _)| part);
        let Some(names) = &self.select else {
            return [Part::Count, Part::Customers].into_iter().chain(besides).collect();
        };
        let mut parts = Vec::new();
        for (place, name) in names.iter().enumerate() {
            let pointer = format!("/select/{place}");
            match Part::ALL.into_iter().find(|part| part.as_str() == name) {
                Some(Part::Groups) if !grouped => {
                    wrong.push(FieldError::new(
                        &pointer,
                        "groups need group_by, as in \"group_by\": \"params.source\"".to_owned(),
                    ));
                }
                Some(part) => parts.push(part),
                None => {
                    let known = Part::ALL.map(Part::as_str).join(", ");
                    wrong.push(FieldError::new(
                        &pointer,
                        format!("{name:?} is no part of an answer; there are {known}"),
                    ));
                }
            }
        }
        let is_used =
            |part: &Part| parts.contains(part) || *part == Part::Aggregates && parts.contains(&Part::Groups);
        let besides: Vec<Part> = besides.filter(|part| !is_used(part)).collect();
        parts.extend(besides);
        parts
    }
}

fn one<T: FromStr<Err = filter::Error>>(text: &str, pointer: &str, wrong: &mut Vec<FieldError>) -> Option<T> {
    text.parse().map_err(|found| wrong.push(FieldError::of_text(pointer, &found))).ok()
}

/// Reads each text of a list.
pub(in crate::api) fn list<T: FromStr<Err = filter::Error>>(
    texts: &[String],
    pointer: &str,
    wrong: &mut Vec<FieldError>,
) -> Vec<T> {
    too_many(texts.len(), pointer, wrong);
    let each = texts.iter().enumerate().take(LIST_MAX);
    each.filter_map(|(place, text)| one(text, &format!("{pointer}/{place}"), wrong)).collect()
}

fn too_many(count: usize, pointer: &str, wrong: &mut Vec<FieldError>) {
    if count > LIST_MAX {
        wrong.push(FieldError::new(
            pointer,
            format!("{count} are too many; at most {LIST_MAX} are answered at once"),
        ));
    }
}

/// A number that is in its range; what it is when left out.
pub(in crate::api) fn within(
    number: Option<u64>,
    default: u64,
    max: u64,
    pointer: &str,
    wrong: &mut Vec<FieldError>,
) -> usize {
    let number = number.unwrap_or(default);
    if !(1..=max).contains(&number) {
        let name = pointer.split('/').nth(1).unwrap_or_default();
        wrong.push(FieldError::new(pointer, format!("{name}: {number} is out of range; write 1 to {max}")));
    }
    number.min(max) as usize
}

/// A field by its name: periods and buckets of one are no values to tell apart.
pub(in crate::api) fn field(text: &str, pointer: &str, wrong: &mut Vec<FieldError>) -> Option<Field> {
    match one(text, pointer, wrong)? {
        Grouping::Value(field) => Some(field),
        other => {
            wrong.push(FieldError::new(pointer, format!("{other} is no field; name one, as params.plan")));
            None
        }
    }
}

/// A unit of the calendar by its name, called what it is for: a unit or a step.
pub(in crate::api) fn unit(
    name: Option<&str>,
    what: &str,
    known: &[Unit],
    default: Unit,
    wrong: &mut Vec<FieldError>,
) -> Unit {
    let Some(name) = name else { return default };
    let unit = known.iter().find(|unit| unit.as_str() == name);
    if unit.is_none() {
        let known: Vec<&str> = known.iter().map(|unit| unit.as_str()).collect();
        let detail = format!("{name:?} is no {what}; there are {}", known.join(", "));
        wrong.push(FieldError::new(format!("/{what}"), detail));
    }
    unit.copied().unwrap_or(default)
}

/// The engine of a name.
pub(in crate::api) fn engine(name: Option<&str>, wrong: &mut Vec<FieldError>) -> Option<Engine> {
    let name = name?;
    let engine = [Engine::Index, Engine::Sql].into_iter().find(|engine| engine.as_str() == name);
    if engine.is_none() {
        wrong.push(FieldError::new("/engine", format!("{name:?} is no engine; there are index and sql")));
    }
    engine
}
