//! `/v1/insights/conversion`: how many came from a beginning to an end, and how long it took them.

#![allow(unused_qualifications, reason = "utoipa names the parameters' type by a path")]

use axum::{Json, extract::State};
use filter::{Field, expr::Start};
use index::insight::conversion::{Answer, Conversion, DAYS_MAX, Group, Point, WITHIN_MAX, Within};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Asked, CellOut, HeadOut, InsightBody, KeptOut, PeopleOut, Words, answer, by, parsed, reading, rounded,
    said,
};
use crate::{
    api::query::within as whole,
    http::{
        App, Problem,
        auth::Reader,
        fields::{self, QueryString},
        problem::FieldError,
    },
    store::query::insight::{Ask, Insight},
};

/// How many days people have to come to the end, where nobody says.
const WITHIN: [u64; 3] = [7, 30, 90];
/// How many days the curve has, where nobody says.
const DAYS: u64 = 90;

/// From what to what, and of whom. Everything may be left out.
#[derive(Debug, Default, Deserialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ConversionIn {
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
    /// The beginning: `first_seen` (which it is when left out), `first_paid`, or a filter: the first time that it was true.
    #[schema(format = "beginning", example = "first_seen")]
    #[param(format = "beginning", example = "first_seen")]
    from: Option<String>,
    /// The end: `first_paid` (which it is when left out), `first_seen`, or a filter: the first time that it was true.
    #[schema(format = "end", example = "params.plan = pro")]
    #[param(format = "end", example = "params.plan = pro")]
    to: Option<String>,
    /// So many days of 24 hours people have to come to the end: at most ten numbers from 1 to 1000; 7, 30 and 90 when left out.
    #[schema(value_type = Option<Vec<DaysIn>>, max_items = 10, example = json!([7, 30, 90]))]
    #[param(value_type = Option<Vec<DaysIn>>, inline, max_items = 10)]
    within: Option<Vec<u64>>,
    /// So many days the curve follows people, 1 to 1000; 90 when left out.
    #[schema(minimum = 1, maximum = 1000)]
    #[param(minimum = 1, maximum = 1000)]
    days: Option<u64>,
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

/// A number of days.
#[derive(ToSchema)]
#[schema(minimum = 1, maximum = 1000)]
#[expect(dead_code, reason = "a schema: numbers are read, and checked one by one")]
struct DaysIn(u64);

/// How many came to the end, of one version.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConversionOut {
    #[serde(flatten)]
    head: HeadOut,
    /// The beginning: a field, or the filter that was true for the first time.
    from: String,
    /// The end.
    to: String,
    /// So many days the curve follows people.
    days: u32,
    /// Everybody, then those of each value.
    groups: Vec<ConvertingOut>,
    /// Relationships that match and have no beginning; null where each has one.
    outside: Option<PeopleOut>,
}

/// How people who hold the same came to the end.
#[derive(Debug, Serialize, ToSchema)]
struct ConvertingOut {
    #[serde(flatten)]
    kept: KeptOut,
    /// Who has a beginning, but for those of `before`.
    entered: PeopleOut,
    /// Who of them has come to the end by now, however long it took. Over `entered` this is no rate: many have only begun.
    converted: PeopleOut,
    /// Who came to the end before the beginning. They are told here and in nothing else.
    before: PeopleOut,
    /// A rate for each number of days that was asked for.
    within: Vec<WithinOut>,
    /// How many days it took half of them.
    median: MedianOut,
    /// The curve (Kaplan and Meier's): the days on which somebody came to the end, or is now on the way.
    curve: Vec<CurveOut>,
}

/// Who came to the end within some days.
#[derive(Debug, Serialize, ToSchema)]
struct WithinOut {
    /// How many days, of 24 hours, from each one's own beginning.
    days: u32,
    /// Of those whose days are over, who came to the end before they were.
    over: CellOut,
    /// Of those whose days are not over, who has come to the end already. That is no rate.
    running: CellOut,
}

/// How many days it took half of them; null where the curve ends before that.
#[derive(Debug, Serialize, ToSchema)]
struct MedianOut {
    /// The first day on which half or more have come to the end, as the curve has it.
    days: Option<u64>,
    /// The first on which the upper end of its interval has.
    low: Option<u64>,
    /// The first on which the lower end has; often there is none.
    high: Option<u64>,
}

/// A day of the curve.
#[derive(Debug, Serialize, ToSchema)]
struct CurveOut {
    /// How many whole days have passed since each one's beginning.
    day: u64,
    /// Who had not come to the end before, and was there to be seen.
    at_risk: PeopleOut,
    /// Who came to the end on it.
    converted: PeopleOut,
    /// Who is on it now, and has not come to the end.
    censored: PeopleOut,
    /// The estimate of those who have come to the end by the end of it, from 0 to 1.
    share: f64,
    /// The lower end of its 95% interval (Greenwood's, log-log).
    low: f64,
    /// The upper end.
    high: f64,
}

/// Tells how many came from a beginning to an end, and how long it took them.
///
/// A rate within some days is of those whose days are over; the others are told apart. The curve has everybody in it for as long
/// as there was something to see.
#[utoipa::path(post, path = "/v1/insights/conversion", tag = "insights", security(("key" = [])),
    request_body(content = Option<ConversionIn>, example = json!({ "within": [14], "by": "params.source" })),
    responses((status = 200, body = ConversionOut, description = "Who came to the end, of one version")),
    extensions(("x-problems" = json!(["not_found", "invalid_filter", "query_too_slow", "version_not_reached", "index_not_ready"]))))]
pub async fn conversion(
    State(app): State<App>,
    reader: Reader,
    body: InsightBody,
) -> Result<Json<ConversionOut>, Problem> {
    answer(&app, &reader.view(), fields::body::<ConversionIn>(&body.typed()?)?).await
}

/// Tells how many came to an end, asked in the address.
///
/// Takes the same parameters; lists are separated by commas.
#[utoipa::path(get, path = "/v1/insights/conversion", tag = "insights", security(("key" = [])), params(ConversionIn),
    responses((status = 200, body = ConversionOut, description = "Who came to the end, of one version")),
    extensions(("x-problems" = json!(["not_found", "invalid_filter", "query_too_slow", "version_not_reached", "index_not_ready"]))))]
pub async fn conversion_by_address(
    State(app): State<App>,
    reader: Reader,
    address: QueryString,
) -> Result<Json<ConversionOut>, Problem> {
    answer(&app, &reader.view(), address.read::<ConversionIn>(reading)?).await
}

impl Asked for ConversionIn {
    type Question = Conversion;
    type Out = ConversionOut;

    fn check(self) -> Result<(Ask, Conversion), Problem> {
        let mut wrong = Vec::new();
        let from = start(self.from, Field::FirstSeen, "/from", &mut wrong);
        let to = start(self.to, Field::FirstPaid, "/to", &mut wrong);
        // What is no beginning, or no end, is the same as nothing.
        if from.is_some() && from == to {
            wrong.push(FieldError::new("/to", "it is the beginning; name another end".to_owned()));
        }
        let within = windows(self.within, &mut wrong);
        let days = whole(self.days, DAYS, DAYS_MAX.into(), "/days", &mut wrong) as u32;
        let by = by(self.by, self.limit, &mut wrong);
        let fields = by.iter().map(|by| by.field.clone()).collect();
        let ConversionIn { filter, project, test, as_of, min_version, .. } = self;
        let ask = Words { filter, project, test, as_of, min_version }.ask(fields, wrong)?;
        let from = from.unwrap_or(Start::Field(Field::FirstSeen));
        let to = to.unwrap_or(Start::Field(Field::FirstPaid));
        Ok((ask, Conversion { from, to, within, days, by }))
    }

    fn told(question: &Conversion, insight: &Insight<Answer>) -> ConversionOut {
        let Answer { groups, outside } = &insight.answer;
        ConversionOut {
            head: HeadOut::new(insight),
            from: said_of(&question.from),
            to: said_of(&question.to),
            days: question.days,
            groups: groups.iter().map(ConvertingOut::from).collect(),
            outside: outside.as_ref().map(PeopleOut::from),
        }
    }
}

/// A time of each one's own: a field that says one, or the first time that a filter was true; unless it is none.
fn start(text: Option<String>, default: Field, pointer: &str, wrong: &mut Vec<FieldError>) -> Option<Start> {
    let Some(text) = said(text) else { return Some(Start::Field(default)) };
    let named = text.trim();
    if let Some(field) =
        [Field::FirstSeen, Field::FirstPaid].into_iter().find(|field| field.to_string() == named)
    {
        return Some(Start::Field(field));
    }
    if let Some(field) = filter::parse_field(named).ok().filter(Field::is_time) {
        let detail = format!(
            "{field} moves on; write first_seen, first_paid, or a filter: the first time that it was true"
        );
        wrong.push(FieldError::new(pointer, detail));
        return None;
    }
    let filter = parsed(Some(text), pointer, wrong)?.root?;
    Some(Start::First(Box::new(filter)))
}

/// The field or the filter that a time was asked by.
fn said_of(start: &Start) -> String {
    match start {
        Start::Field(field) => field.to_string(),
        Start::First(filter) => filter.value.to_string(),
    }
}

/// Numbers of days, in their order and each once.
fn windows(within: Option<Vec<u64>>, wrong: &mut Vec<FieldError>) -> Vec<u32> {
    let mut within = within.filter(|within| !within.is_empty()).unwrap_or_else(|| WITHIN.to_vec());
    if within.len() > WITHIN_MAX {
        let detail = format!("{} are too many; at most {WITHIN_MAX} are told", within.len());
        wrong.push(FieldError::new("/within", detail));
        within.truncate(WITHIN_MAX);
    }
    let days = within.iter().enumerate().map(|(place, days)| {
        whole(Some(*days), *days, DAYS_MAX.into(), &format!("/within/{place}"), wrong) as u32
    });
    let mut days: Vec<u32> = days.collect();
    days.sort_unstable();
    days.dedup();
    days
}

impl From<&Group> for ConvertingOut {
    fn from(group: &Group) -> ConvertingOut {
        let Group { kept, entered, converted, before, within, curve, median } = group;
        ConvertingOut {
            kept: kept.into(),
            entered: entered.into(),
            converted: converted.into(),
            before: before.into(),
            within: within.iter().map(WithinOut::from).collect(),
            median: MedianOut { days: median.time, low: median.low, high: median.high },
            curve: curve.iter().map(CurveOut::from).collect(),
        }
    }
}

impl From<&Within> for WithinOut {
    fn from(within: &Within) -> WithinOut {
        let (over, running) = (CellOut::of(&within.over, true), CellOut::of(&within.running, false));
        WithinOut { days: within.days, over, running }
    }
}

impl From<&Point> for CurveOut {
    fn from(Point { row, at_risk, events, censored }: &Point) -> CurveOut {
        let people = |count, filter: &filter::Expr| PeopleOut { count, filter: filter.to_string() };
        CurveOut {
            day: row.time,
            at_risk: people(row.at_risk, at_risk),
            converted: people(row.events, events),
            censored: people(row.censored, censored),
            share: rounded(row.converted),
            low: rounded(row.converted_interval.low),
            high: rounded(row.converted_interval.high),
        }
    }
}
