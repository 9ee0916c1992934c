//! `/v1/insights/breakdown`: people told apart by any two fields, and what a number of theirs comes to.

#![allow(unused_qualifications, reason = "utoipa names the parameters' type by a path")]

use axum::{Json, extract::State};
use filter::Field;
use index::{
    Aggregate, Function,
    insight::{
        By,
        breakdown::{Answer, Breakdown, Cell, Number},
    },
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::{
    Asked, HeadOut, InsightBody, KeptOut, VALUES_MAX, Words, answer, field, reading, said, spellings,
};
use crate::{
    api::query::{decimal, within},
    http::{
        App, Problem,
        auth::Reader,
        fields::{self, QueryString},
        problem::FieldError,
    },
    store::query::insight::{Ask, Insight},
};

/// Values that have a line of their own, where nobody says how many.
const ROWS: u64 = 15;
/// Values that have a column of their own.
const COLUMNS: usize = 7;

/// What is computed of a number.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "a schema: `function` reads the words")]
enum HowIn {
    Sum,
    Avg,
}

/// By what people are told apart. Everything may be left out.
#[derive(Debug, Default, Deserialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BreakdownIn {
    /// A sentence of the filter language: who is told of; empty is everybody.
    #[schema(format = "filter", example = "")]
    #[param(format = "filter")]
    filter: Option<String>,
    /// The field or path whose values are lines (`status` when left out).
    #[schema(format = "field", example = "status")]
    #[param(format = "field", example = "status")]
    by: Option<String>,
    /// How many values are, 1 to 50 (15 when left out): those that most have. The rest are `other`.
    #[schema(minimum = 1, maximum = 50)]
    #[param(minimum = 1, maximum = 50)]
    limit: Option<u64>,
    /// The field or path whose values are columns, the seven that most have; without one there are lines alone.
    #[schema(format = "field", example = "params.plan")]
    #[param(format = "field", example = "params.plan")]
    across: Option<String>,
    /// The path of a number that is told beside how many people there are.
    #[schema(format = "field", example = "params.mrr")]
    #[param(format = "field", example = "params.mrr")]
    number: Option<String>,
    /// `sum` of the number, which it is when left out, or `avg`; only with `number`.
    #[schema(value_type = Option<HowIn>)]
    #[param(value_type = Option<HowIn>, inline)]
    how: Option<String>,
    /// The path of the currency: each is told by itself. Left out: `params.currency`, where somebody has it.
    #[schema(format = "field", example = "params.currency")]
    #[param(format = "field", example = "params.currency")]
    currency: Option<String>,
    /// Only this project, by its slug. A project's key sees its own in any case.
    project: Option<String>,
    /// Across all test projects instead of all others.
    test: Option<bool>,
    /// The moment that everything is asked of, as in a query.
    #[schema(format = "moment", example = "2026-03-01")]
    #[param(format = "moment", example = "2026-03-01")]
    as_of: Option<String>,
    /// Waits until the account has reached this version, as a write has answered it.
    min_version: Option<i64>,
}

/// People told apart, of one version.
#[derive(Debug, Serialize, ToSchema)]
pub struct BreakdownOut {
    #[serde(flatten)]
    head: HeadOut,
    /// The field whose values are lines.
    by: String,
    /// The field whose values are columns; null where there is none.
    across: Option<String>,
    /// What is computed of a number, as `sum(params.mrr)`; null where none is told.
    number: Option<String>,
    /// What the numbers do not say.
    notes: Vec<String>,
    /// The lines: everybody first, then the values that most have, all others, and those without any.
    rows: Vec<BreakdownLineOut>,
}

/// People who hold the same in `by`.
#[derive(Debug, Serialize, ToSchema)]
struct BreakdownLineOut {
    #[serde(flatten)]
    kept: KeptOut,
    /// The columns of `across`, in the same order in each line: all of the line first.
    cells: Vec<BreakdownCellOut>,
}

/// Those of a line who hold the same in `across`.
#[derive(Debug, Serialize, ToSchema)]
struct BreakdownCellOut {
    #[serde(flatten)]
    kept: KeptOut,
    /// How many relationships.
    count: u64,
    /// Lists them: `/v1/query` finds as many, `as_of` the same moment.
    filter: String,
    /// What their numbers come to, of each currency in which somebody has one; left out where no number is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    numbers: Option<Vec<BreakdownNumberOut>>,
}

/// What the numbers of some people come to, of one currency.
#[derive(Debug, Serialize, ToSchema)]
struct BreakdownNumberOut {
    /// Of which; `all` where no path says which there are.
    currency: KeptOut,
    /// The sum, exact; or the average.
    #[schema(value_type = f64)]
    value: Value,
    /// How many relationships have a number.
    count: u64,
    /// Lists them.
    filter: String,
}

/// Tells people apart by any two fields, and what a number of theirs comes to.
///
/// Each cell is what a query of its filter finds. The columns of a line add up to it, for people and for sums.
#[utoipa::path(post, path = "/v1/insights/breakdown", tag = "insights", security(("key" = [])),
    request_body(content = Option<BreakdownIn>, example = json!({ "by": "status", "across": "params.plan", "number": "params.mrr" })),
    responses((status = 200, body = BreakdownOut, description = "The table, of one version")),
    extensions(("x-problems" = json!(["not_found", "invalid_filter", "query_too_slow", "version_not_reached", "index_not_ready"]))))]
pub async fn breakdown(
    State(app): State<App>,
    reader: Reader,
    body: InsightBody,
) -> Result<Json<BreakdownOut>, Problem> {
    answer(&app, &reader.view(), fields::body::<BreakdownIn>(&body.typed()?)?).await
}

/// Tells people apart by any two fields, asked in the address.
///
/// Takes the same parameters.
#[utoipa::path(get, path = "/v1/insights/breakdown", tag = "insights", security(("key" = [])), params(BreakdownIn),
    responses((status = 200, body = BreakdownOut, description = "The table, of one version")),
    extensions(("x-problems" = json!(["not_found", "invalid_filter", "query_too_slow", "version_not_reached", "index_not_ready"]))))]
pub async fn breakdown_by_address(
    State(app): State<App>,
    reader: Reader,
    address: QueryString,
) -> Result<Json<BreakdownOut>, Problem> {
    answer(&app, &reader.view(), address.read::<BreakdownIn>(reading)?).await
}

impl Asked for BreakdownIn {
    type Question = Breakdown;
    type Out = BreakdownOut;

    fn check(self) -> Result<(Ask, Breakdown), Problem> {
        let mut wrong = Vec::new();
        let limit = within(self.limit, ROWS, VALUES_MAX, "/limit", &mut wrong);
        let by = told_apart(self.by, "/by", limit, &mut wrong);
        let across = told_apart(self.across, "/across", COLUMNS, &mut wrong);
        let function = function(self.how, self.number.as_ref(), &mut wrong);
        let number = field(self.number, "/number", &mut wrong).filter(|field| is_path(field, &mut wrong));
        let currency = field(self.currency, "/currency", &mut wrong);
        let fields = [by.as_ref(), across.as_ref()].into_iter().flatten().map(|by| &by.field);
        let fields = fields.chain(&number).chain(&currency).cloned().collect();
        let number = number.map(|field| Aggregate { function, field });
        let by = by.unwrap_or(By { field: Field::Status, limit });
        let BreakdownIn { filter, project, test, as_of, min_version, .. } = self;
        let ask = Words { filter, project, test, as_of, min_version }.ask(fields, wrong)?;
        Ok((ask, Breakdown { by, across, number, currency }))
    }

    fn told(question: &Breakdown, insight: &Insight<Answer>) -> BreakdownOut {
        let answer = &insight.answer;
        let has_number = question.number.is_some();
        let line = |(row, kept): (usize, _)| BreakdownLineOut {
            kept: KeptOut::from(kept),
            cells: (0..answer.columns.len())
                .map(|column| BreakdownCellOut::new(answer, (row, column), has_number))
                .collect(),
        };
        BreakdownOut {
            head: HeadOut::new(insight),
            by: question.by.field.to_string(),
            across: question.across.as_ref().map(|by| by.field.to_string()),
            number: question.number.as_ref().map(Aggregate::to_string),
            notes: spellings(answer.currencies.iter()).into_iter().collect(),
            rows: answer.rows.iter().enumerate().map(line).collect(),
        }
    }
}

impl BreakdownCellOut {
    fn new(answer: &Answer, (row, column): (usize, usize), has_number: bool) -> BreakdownCellOut {
        let Cell { count, people, numbers } = answer.cell(row, column);
        let number = |number: &Number| BreakdownNumberOut {
            currency: (&answer.currencies[number.currency]).into(),
            value: decimal(&number.value),
            count: number.count,
            filter: number.people.to_string(),
        };
        BreakdownCellOut {
            kept: (&answer.columns[column]).into(),
            count: *count,
            filter: people.to_string(),
            numbers: has_number.then(|| numbers.iter().map(number).collect()),
        }
    }
}

/// A field whose values are told apart.
fn told_apart(text: Option<String>, pointer: &str, limit: usize, wrong: &mut Vec<FieldError>) -> Option<By> {
    let field = field(text, pointer, wrong)?;
    if field.is_time() {
        wrong.push(FieldError::new(pointer, format!("{field} holds times, nearly all of them different")));
    }
    Some(By { field, limit })
}

fn is_path(field: &Field, wrong: &mut Vec<FieldError>) -> bool {
    if field.path().is_none() {
        wrong.push(FieldError::new(
            "/number",
            format!("{field} holds no numbers; name a path, as params.mrr"),
        ));
    }
    field.path().is_some()
}

/// What is computed of a number.
fn function(how: Option<String>, number: Option<&String>, wrong: &mut Vec<FieldError>) -> Function {
    let how = said(how);
    if how.is_some() && said(number.cloned()).is_none() {
        wrong.push(FieldError::new("/how", "it is of a number: name one too, as params.mrr"));
    }
    match how.as_deref() {
        None | Some("sum") => Function::Sum,
        Some("avg") => Function::Avg,
        Some(other) => {
            wrong.push(FieldError::new("/how", format!("{other:?} is not told; there are sum and avg")));
            Function::Sum
        }
    }
}
