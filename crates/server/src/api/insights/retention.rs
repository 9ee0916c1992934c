//! `/v1/insights/retention`: who stays.

#![allow(unused_qualifications, reason = "utoipa names the parameters' type by a path")]

use axum::{Json, extract::State};
use filter::{Field, calendar::Unit};
use index::insight::retention::{Answer, Cohort, Group, PERIODS_MAX, Period, Retained, Total};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Asked, CellOut, HeadOut, InsightBody, KeptOut, Words, answer, by, field, parsed, reading, said, unit,
};
use crate::{
    api::query::within,
    http::{
        App, Problem,
        auth::Reader,
        fields::{self, QueryString},
        problem::FieldError,
    },
    store::query::insight::{Ask, Insight, RetentionAsk},
};

/// The units that there are.
const UNITS: [Unit; 3] = [Unit::Day, Unit::Week, Unit::Month];

/// Who is told of, by when they began. Everything may be left out.
#[derive(Debug, Default, Deserialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RetentionIn {
    /// A sentence of the filter language: who is told of; empty is everybody.
    #[schema(format = "filter", example = "")]
    #[param(format = "filter")]
    filter: Option<String>,
    /// Only this project, by its slug. A project's key sees its own in any case.
    project: Option<String>,
    /// Across all test projects instead of all others.
    test: Option<bool>,
    /// The moment that everything is asked of, as in a query.
    #[schema(format = "moment", example = "2026-03-01")]
    #[param(format = "moment", example = "2026-03-01")]
    as_of: Option<String>,
    /// day, week (which it is when left out) or month, in the account's zone; weeks begin on Monday.
    #[schema(value_type = Option<UnitIn>)]
    #[param(value_type = Option<UnitIn>, inline)]
    unit: Option<String>,
    /// When they began: `first_seen`, or a path that holds dates.
    #[schema(format = "field", example = "first_seen")]
    #[param(format = "field", example = "first_seen")]
    began: Option<String>,
    /// A period: the units that it touches are the cohorts, at most 200. Left out: the last twelve.
    #[schema(format = "period", example = "last 26 weeks")]
    #[param(format = "period", example = "last 26 weeks")]
    cohorts: Option<String>,
    /// How many periods follow the one in which they began, 1 to 1000; 12 when left out.
    #[schema(minimum = 1, maximum = 1000)]
    #[param(minimum = 1, maximum = 1000)]
    periods: Option<u64>,
    /// Who counts as retained: `seen` in the period, or a filter that is true at its end. Left out: `seen`, or, where activity is
    /// not known of any whole period yet, `status = paid`.
    #[schema(format = "filter", example = "status = paid")]
    #[param(format = "filter", example = "status = paid")]
    retained: Option<String>,
    /// A field or path whose values, as they are now, are told apart.
    #[schema(format = "field", example = "params.source")]
    #[param(format = "field", example = "params.source")]
    by: Option<String>,
    /// How many values are, 1 to 50 (8 when left out): those that most have. The rest are `other`.
    #[schema(minimum = 1, maximum = 50)]
    #[param(minimum = 1, maximum = 50)]
    limit: Option<u64>,
    /// Waits until the account has reached this version, as a write has answered it.
    min_version: Option<i64>,
}

/// What time is cut into.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "a schema: Unit has the names that are read")]
enum UnitIn {
    Day,
    Week,
    Month,
}

/// Who stayed, of one version.
#[derive(Debug, Serialize, ToSchema)]
pub struct RetentionOut {
    #[serde(flatten)]
    head: HeadOut,
    /// day, week or month.
    unit: &'static str,
    /// When they began.
    began: String,
    /// Who counts as retained: `seen`, or a filter that was true at the end of a period.
    retained: String,
    /// Whether that was not asked for: left out, it is `seen`, or `status = paid` where activity is not known of any whole period.
    retained_by_default: bool,
    /// Everybody, then those of each value.
    groups: Vec<StayingOut>,
    /// Relationships that match and did not begin in one of the cohorts.
    outside: u64,
}

/// The cohorts of people who hold the same.
#[derive(Debug, Serialize, ToSchema)]
struct StayingOut {
    #[serde(flatten)]
    kept: KeptOut,
    /// The oldest cohort first.
    cohorts: Vec<CohortOut>,
    /// All cohorts together, period by period: people are pooled, percentages are not averaged.
    totals: Vec<TotalOut>,
}

/// People who began in the same unit.
#[derive(Debug, Serialize, ToSchema)]
struct CohortOut {
    /// What the unit is called: `2026-03`; days and weeks by their first day.
    label: String,
    /// Its first day.
    #[schema(format = Date)]
    from: String,
    /// Its last day.
    #[schema(format = Date)]
    to: String,
    /// How many they are.
    size: u64,
    /// Lists them.
    filter: String,
    /// The period in which they began, 0, and those after it that have begun.
    periods: Vec<PeriodOut>,
}

/// A period of a cohort.
#[derive(Debug, Serialize, ToSchema)]
struct PeriodOut {
    /// How many units after the cohort's own.
    period: usize,
    /// Its first day.
    #[schema(format = Date)]
    from: String,
    /// Its last day.
    #[schema(format = Date)]
    to: String,
    /// `over`; `running`: not over yet, so no rate and not in the totals; `unknown`: from before activity, or history, is known.
    state: &'static str,
    /// Who stayed; null where that is unknown.
    retained: Option<CellOut>,
}

/// A period of all cohorts of which it is over and known.
#[derive(Debug, Serialize, ToSchema)]
struct TotalOut {
    /// How many units after the cohorts' own.
    period: usize,
    /// How many cohorts these are.
    cohorts: usize,
    /// Who stayed; null without any cohort.
    retained: Option<CellOut>,
}

/// Tells who stays: of those who began in a day, week or month, how many were there in each one after it.
///
/// Period k is the k-th calendar unit after the one in which a cohort began; who was away may be back. Period 0 is what happened
/// in that unit itself, not 100%. A period that is not over for the whole cohort, or from before activity was recorded, is no rate and in
/// no total.
#[utoipa::path(post, path = "/v1/insights/retention", tag = "insights", security(("key" = [])),
    request_body(content = Option<RetentionIn>, example = json!({ "unit": "week", "cohorts": "last 12 weeks", "by": "params.source" })),
    responses((status = 200, body = RetentionOut, description = "Who stayed, of one version")),
    extensions(("x-problems" = json!(["not_found", "invalid_filter", "query_too_slow", "version_not_reached", "index_not_ready"]))))]
pub async fn retention(
    State(app): State<App>,
    reader: Reader,
    body: InsightBody,
) -> Result<Json<RetentionOut>, Problem> {
    answer(&app, &reader.view(), fields::body::<RetentionIn>(&body.typed()?)?).await
}

/// Tells who stays, asked in the address.
///
/// Takes the same parameters.
#[utoipa::path(get, path = "/v1/insights/retention", tag = "insights", security(("key" = [])), params(RetentionIn),
    responses((status = 200, body = RetentionOut, description = "Who stayed, of one version")),
    extensions(("x-problems" = json!(["not_found", "invalid_filter", "query_too_slow", "version_not_reached", "index_not_ready"]))))]
pub async fn retention_by_address(
    State(app): State<App>,
    reader: Reader,
    address: QueryString,
) -> Result<Json<RetentionOut>, Problem> {
    answer(&app, &reader.view(), address.read::<RetentionIn>(reading)?).await
}

impl Asked for RetentionIn {
    type Question = RetentionAsk;
    type Out = RetentionOut;

    fn check(self) -> Result<(Ask, RetentionAsk), Problem> {
        let mut wrong = Vec::new();
        let unit = unit(self.unit, &UNITS, Unit::Week, &mut wrong);
        let began = began(self.began, &mut wrong);
        let by = by(self.by, self.limit, &mut wrong);
        let periods = within(self.periods, 12, PERIODS_MAX as u64, "/periods", &mut wrong);
        let retained = retained(said(self.retained), &mut wrong);
        let fields = by.iter().map(|by| by.field.clone()).chain([began.clone()]).collect();
        let RetentionIn { filter, project, test, as_of, min_version, cohorts, .. } = self;
        let ask = Words { filter, project, test, as_of, min_version }.ask(fields, wrong)?;
        let ask = Ask { dates: vec![began.clone()], ..ask };
        Ok((ask, RetentionAsk { unit, began, cohorts: said(cohorts), periods, retained, by }))
    }

    fn told(question: &RetentionAsk, insight: &Insight<Answer>) -> RetentionOut {
        let Answer { retained, groups, outside } = &insight.answer;
        RetentionOut {
            head: HeadOut::new(insight),
            unit: question.unit.as_str(),
            began: question.began.to_string(),
            retained: match retained {
                Retained::Seen => "seen".to_owned(),
                Retained::While(filter) => filter.to_string(),
            },
            retained_by_default: question.retained.is_none(),
            groups: groups.iter().map(|group| StayingOut::new(question.unit, group)).collect(),
            outside: *outside,
        }
    }
}

/// When somebody began: a field that holds dates.
fn began(text: Option<String>, wrong: &mut Vec<FieldError>) -> Field {
    let began = field(text, "/began", wrong).unwrap_or(Field::FirstSeen);
    if !began.is_time() && began.path().is_none() {
        wrong.push(FieldError::new(
            "/began",
            format!("{began} holds no dates; name first_seen, or a path that does"),
        ));
    }
    began
}

/// Who counts as retained: `seen`, or a filter.
fn retained(text: Option<String>, wrong: &mut Vec<FieldError>) -> Option<Retained> {
    match text {
        None => None,
        Some(word) if word.trim().eq_ignore_ascii_case("seen") => Some(Retained::Seen),
        text => parsed(text, "/retained", wrong).map(|expr| Retained::While(Box::new(expr))),
    }
}

impl StayingOut {
    fn new(unit: Unit, group: &Group) -> StayingOut {
        let Group { kept, cohorts, totals } = group;
        StayingOut {
            kept: kept.into(),
            cohorts: cohorts.iter().map(|cohort| CohortOut::new(unit, cohort)).collect(),
            totals: totals.iter().enumerate().map(TotalOut::new).collect(),
        }
    }
}

impl CohortOut {
    fn new(unit: Unit, cohort: &Cohort) -> CohortOut {
        CohortOut {
            label: unit.label(cohort.first),
            from: cohort.first.to_string(),
            to: cohort.last.to_string(),
            size: cohort.size,
            filter: cohort.people.to_string(),
            periods: cohort.periods.iter().enumerate().map(PeriodOut::new).collect(),
        }
    }
}

impl PeriodOut {
    fn new((number, period): (usize, &Period)) -> PeriodOut {
        let state = match &period.cell {
            None => "unknown",
            Some(_) if period.is_over => "over",
            Some(_) => "running",
        };
        PeriodOut {
            period: number,
            from: period.first.to_string(),
            to: period.last.to_string(),
            state,
            retained: period.cell.as_ref().map(|cell| CellOut::of(cell, period.is_over)),
        }
    }
}

impl TotalOut {
    fn new((period, total): (usize, &Total)) -> TotalOut {
        let retained = total.cell.as_ref().map(|cell| CellOut::of(cell, true));
        TotalOut { period, cohorts: total.cohorts, retained }
    }
}
