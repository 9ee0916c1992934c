//! `/v1/insights/movements`: what came to a sum, and what left it.

#![allow(unused_qualifications, reason = "utoipa names the parameters' type by a path")]

use axum::{Json, extract::State};
use filter::{Field, calendar::Unit};
use index::insight::{
    movements::{Amount, Answer, Churn, Currency, Group, Step},
    people,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::{
    Asked, HeadOut, InsightBody, KeptOut, PeopleOut, Words, answer, by, field, parsed, reading, rounded,
    said, spellings, unit,
};
use crate::{
    api::query::decimal,
    http::{
        App, Problem,
        auth::Reader,
        fields::{self, QueryString},
    },
    store::query::insight::{Ask, Insight, MovementsAsk},
};

/// The units that there are.
const UNITS: [Unit; 4] = [Unit::Day, Unit::Week, Unit::Month, Unit::Quarter];

/// A number, and while what is true it counts. Everything may be left out.
#[derive(Debug, Default, Deserialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MovementsIn {
    /// A sentence of the filter language: who is told of; empty is everybody.
    #[schema(format = "filter", example = "")]
    #[param(format = "filter")]
    filter: Option<String>,
    /// The path of the number; `params.mrr` when left out. What is no number, or not above 0, counts as 0.
    #[schema(format = "field", example = "params.mrr")]
    #[param(format = "field", example = "params.mrr")]
    path: Option<String>,
    /// While this filter is true the number counts; `status = paid` when left out.
    #[schema(format = "held", example = "status = paid")]
    #[param(format = "held", example = "status = paid")]
    r#while: Option<String>,
    /// day, week, month (which it is when left out) or quarter, in the account's zone; weeks begin on Monday.
    #[schema(value_type = Option<crate::api::series::StepIn>)]
    #[param(value_type = Option<crate::api::series::StepIn>, inline)]
    unit: Option<String>,
    /// A period as filters write it: the units that it touches are told. Left out: the last twelve.
    #[schema(format = "period", example = "last 12 months")]
    #[param(format = "period", example = "last 12 months")]
    period: Option<String>,
    /// A field or path whose values are told apart: as they are now, or with `then` as they were.
    #[schema(format = "field", example = "params.plan")]
    #[param(format = "field", example = "params.plan")]
    by: Option<String>,
    /// Tells the values of `by` apart as they were at both ends of a unit: who holds another at its end has `left` the one and
    /// `entered` the other.
    then: Option<bool>,
    /// How many values are, 1 to 50 (8 when left out): those that most have. The rest are `other`.
    #[schema(minimum = 1, maximum = 50)]
    #[param(minimum = 1, maximum = 50)]
    limit: Option<u64>,
    /// The path of the currency: each is told by itself, and money is of the currency that it was of then. Left out: `params.currency`, where somebody has it.
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

/// What moved a sum, of one version.
#[derive(Debug, Serialize, ToSchema)]
pub struct MovementsOut {
    #[serde(flatten)]
    head: HeadOut,
    /// The path of the number.
    path: String,
    /// While this was true it counted.
    r#while: String,
    /// day, week, month or quarter.
    unit: &'static str,
    /// What the numbers do not say.
    notes: Vec<String>,
    /// Each by itself: they are never added up. One, of all, where no path says which they are. In those that are left out there
    /// was nothing.
    currencies: Vec<CurrencyOut>,
}

/// The sums of one currency.
#[derive(Debug, Serialize, ToSchema)]
struct CurrencyOut {
    #[serde(flatten)]
    kept: KeptOut,
    /// Everybody, then those of each value of whom there was something.
    groups: Vec<MovedOut>,
}

/// The sums of people who hold the same.
#[derive(Debug, Serialize, ToSchema)]
struct MovedOut {
    #[serde(flatten)]
    kept: KeptOut,
    /// The oldest first.
    steps: Vec<MovementOut>,
}

/// A unit: opening + new + expansion + reactivated + entered + imported - contraction - churned - left = closing, exactly.
#[derive(Debug, Serialize, ToSchema)]
struct MovementOut {
    /// What the unit is called: `2026-03`, `2026-Q1`; days and weeks by their first day.
    label: String,
    /// Its first day.
    #[schema(format = Date)]
    from: String,
    /// Its last day.
    #[schema(format = Date)]
    to: String,
    /// Whether it is over; if not, its closing is what is so now.
    over: bool,
    /// What there was at the last instant before it.
    opening: AmountOut,
    /// What came of those who had never been above 0.
    new: AmountOut,
    /// By how much more those have who had some.
    expansion: AmountOut,
    /// What came of those who had been above 0 before, and had none.
    reactivated: AmountOut,
    /// By how much less those have who still have some.
    contraction: AmountOut,
    /// What those had who have none any more.
    churned: AmountOut,
    /// What those have who had it in another currency, or with `then` in another group; left out where nobody could.
    #[serde(skip_serializing_if = "Option::is_none")]
    entered: Option<AmountOut>,
    /// What those had who have it in another currency, or with `then` in another group; left out where nobody could.
    #[serde(skip_serializing_if = "Option::is_none")]
    left: Option<AmountOut>,
    /// What those have of whom an import told in it without saying since when they have it: before, they count as having nothing.
    /// Neither gain nor loss; left out where nobody was imported so since the first opening.
    #[serde(skip_serializing_if = "Option::is_none")]
    imported: Option<AmountOut>,
    /// What there is at its last instant.
    closing: AmountOut,
    /// Those of whom the filter is true at its end though their value is no number or below 0: it counts as 0.
    odd: PeopleOut,
    /// Gross retention: the lesser of both ends of each person, over the opening; null where that is 0.
    gross_retention: Option<f64>,
    /// Net retention: what those have at the end who were there at the opening, over it.
    net_retention: Option<f64>,
    /// Of the people of the opening, those who churned.
    churn_rate: Option<f64>,
    /// The lower end of its 95% interval (Wilson's).
    churn_low: Option<f64>,
    /// The upper end.
    churn_high: Option<f64>,
    /// What came (new, reactivated, expansion, entered) over what went (contraction, churned, left); null without losses.
    quick_ratio: Option<f64>,
}

/// A sum, and whose it is.
#[derive(Debug, Serialize, ToSchema)]
struct AmountOut {
    /// Exact, and not negative: losses are told by what they are.
    #[schema(value_type = f64)]
    sum: Value,
    /// How many relationships.
    count: u64,
    /// Lists them.
    filter: String,
}

/// Tells what moved a sum, by default the revenue of those who pay, in each unit of a period.
///
/// The movements are net: both ends of a unit are compared, person by person, and what went up and down in between leaves nothing.
/// They close exactly, in decimals.
#[utoipa::path(post, path = "/v1/insights/movements", tag = "insights", security(("key" = [])),
    request_body(content = Option<MovementsIn>, example = json!({ "unit": "month", "period": "last 12 months", "by": "params.plan" })),
    responses((status = 200, body = MovementsOut, description = "The movements, of one version")),
    extensions(("x-problems" = json!(["not_found", "invalid_filter", "query_too_slow", "version_not_reached", "index_not_ready"]))))]
pub async fn movements(
    State(app): State<App>,
    reader: Reader,
    body: InsightBody,
) -> Result<Json<MovementsOut>, Problem> {
    answer(&app, &reader.view(), fields::body::<MovementsIn>(&body.typed()?)?).await
}

/// Tells what moved a sum, asked in the address.
///
/// Takes the same parameters.
#[utoipa::path(get, path = "/v1/insights/movements", tag = "insights", security(("key" = [])), params(MovementsIn),
    responses((status = 200, body = MovementsOut, description = "The movements, of one version")),
    extensions(("x-problems" = json!(["not_found", "invalid_filter", "query_too_slow", "version_not_reached", "index_not_ready"]))))]
pub async fn movements_by_address(
    State(app): State<App>,
    reader: Reader,
    address: QueryString,
) -> Result<Json<MovementsOut>, Problem> {
    answer(&app, &reader.view(), address.read::<MovementsIn>(reading)?).await
}

impl Asked for MovementsIn {
    type Question = MovementsAsk;
    type Out = MovementsOut;

    fn check(self) -> Result<(Ask, MovementsAsk), Problem> {
        let mut wrong = Vec::new();
        let unit = unit(self.unit, &UNITS, Unit::Month, &mut wrong);
        let path = said(self.path).unwrap_or_else(|| "params.mrr".to_owned());
        let path = field(Some(path), "/path", &mut wrong).unwrap_or(Field::Status);
        let by = by(self.by, self.limit, &mut wrong);
        let holds = parsed(self.r#while, "/while", &mut wrong).unwrap_or_else(people::paying);
        let currency = field(self.currency, "/currency", &mut wrong);
        let fields =
            by.iter().map(|by| by.field.clone()).chain([path.clone()]).chain(currency.clone()).collect();
        let MovementsIn { filter, project, test, as_of, min_version, period, then, .. } = self;
        let ask = Words { filter, project, test, as_of, min_version }.ask(fields, wrong)?;
        let (period, then) = (said(period), then.unwrap_or(false));
        Ok((ask, MovementsAsk { path, holds, unit, period, by, then, currency }))
    }

    fn told(question: &MovementsAsk, insight: &Insight<Answer>) -> MovementsOut {
        let MovementsAsk { path, holds, unit, .. } = question;
        let currencies = &insight.answer.currencies;
        MovementsOut {
            head: HeadOut::new(insight),
            path: path.to_string(),
            r#while: holds.to_string(),
            unit: unit.as_str(),
            notes: spellings(currencies.iter().map(|currency| &currency.kept)).into_iter().collect(),
            currencies: currencies.iter().map(|currency| CurrencyOut::new(*unit, currency)).collect(),
        }
    }
}

impl CurrencyOut {
    fn new(unit: Unit, currency: &Currency) -> CurrencyOut {
        let group = |group: &Group| MovedOut {
            kept: (&group.kept).into(),
            steps: group.steps.iter().map(|step| MovementOut::new(unit, step)).collect(),
        };
        CurrencyOut { kept: (&currency.kept).into(), groups: currency.groups.iter().map(group).collect() }
    }
}

impl MovementOut {
    fn new(unit: Unit, step: &Step) -> MovementOut {
        let churn = step.rates.churn;
        MovementOut {
            label: unit.label(step.first),
            from: step.first.to_string(),
            to: step.last.to_string(),
            over: step.is_over,
            opening: (&step.opening).into(),
            new: (&step.new).into(),
            expansion: (&step.expansion).into(),
            reactivated: (&step.reactivated).into(),
            contraction: (&step.contraction).into(),
            churned: (&step.churned).into(),
            entered: step.entered.as_ref().map(AmountOut::from),
            left: step.left.as_ref().map(AmountOut::from),
            imported: step.imported.as_ref().map(AmountOut::from),
            closing: (&step.closing).into(),
            odd: (&step.odd).into(),
            gross_retention: step.rates.gross.map(rounded),
            net_retention: step.rates.net.map(rounded),
            churn_rate: churn.and_then(|Churn { rate, .. }| rate.share()).map(rounded),
            churn_low: churn.map(|churn| rounded(churn.interval.low)),
            churn_high: churn.map(|churn| rounded(churn.interval.high)),
            quick_ratio: step.rates.quick.map(rounded),
        }
    }
}

impl From<&Amount> for AmountOut {
    fn from(amount: &Amount) -> AmountOut {
        let PeopleOut { count, filter } = (&amount.people).into();
        AmountOut { sum: decimal(&amount.sum), count, filter }
    }
}
