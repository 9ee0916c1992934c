//! `/v1/insights/referrals`: what came by each code, who carries it, and what his chain has brought.

#![allow(unused_qualifications, reason = "utoipa names the parameters' type by a path")]

use axum::{Json, extract::State};
use filter::Field;
use index::insight::referrals::{
    Amount, Answer, Brought, CODES_MAX, Carriers, Chain, Code, Order, Referrals, Sum, Unlisted,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::{
    Asked, HeadOut, InsightBody, KeptOut, PeopleOut, RateOut, Words, answer, field, reading, said, spellings,
};
use crate::{
    api::query::{datum, decimal, kind, within},
    http::{
        App, Problem,
        auth::Reader,
        fields::{self, QueryString},
        problem::FieldError,
    },
    store::query::insight::{Ask, Insight, ReferralsAsk},
};

/// How many codes are told one by one, where nobody says.
const CODES: u64 = 20;

/// The path of a code, and what is told of those who came by it. Only the path is needed.
#[derive(Debug, Default, Deserialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReferralsIn {
    /// The path of the code that somebody came by: a string, a number or a boolean. It is needed.
    #[schema(required, nullable = false, format = "field", example = "params.referred_by")]
    #[param(required, nullable = false, format = "field", example = "params.referred_by")]
    path: Option<String>,
    /// A sentence of the filter language: who is counted; empty is everybody.
    #[schema(format = "filter", example = "")]
    #[param(format = "filter")]
    filter: Option<String>,
    /// The path of a number that is added up. Left out: `params.mrr`, where somebody has it; an empty text: nothing is.
    #[schema(format = "field", example = "params.mrr")]
    #[param(format = "field", example = "params.mrr")]
    sum: Option<String>,
    /// The path of the currency: each is told by itself. Left out: `params.currency`, where somebody has it.
    #[schema(format = "field", example = "params.currency")]
    #[param(format = "field", example = "params.currency")]
    currency: Option<String>,
    /// The path in which a customer carries a code of his own, or `user_id`. Left out, it is found, which the answer says.
    #[schema(format = "field", example = "params.referral_code")]
    #[param(format = "field", example = "params.referral_code")]
    carries: Option<String>,
    /// Which codes come first: `paid` (which it is when left out), those by which most came who pay; `sign_ups`, those by which most
    /// came.
    #[schema(value_type = Option<OrderIn>)]
    #[param(value_type = Option<OrderIn>, inline)]
    order: Option<String>,
    /// How many codes are told one by one, 1 to 1,000 (20 when left out): the first. The rest are `other`.
    #[schema(minimum = 1, maximum = 1000)]
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u64>,
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

/// Which codes come first.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "a schema: names are read as they are")]
enum OrderIn {
    Paid,
    SignUps,
}

/// What came by each code, of one version.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReferralsOut {
    #[serde(flatten)]
    head: HeadOut,
    /// The path of the code.
    path: String,
    /// The path of what is added up; null where nothing is.
    sum: Option<String>,
    /// Where codes are carried; null where that was not found.
    carries: Option<String>,
    /// Whether that was found rather than named.
    carries_found: bool,
    /// What the numbers do not say.
    notes: Vec<String>,
    /// How many codes there are, those that are not listed too.
    distinct: u64,
    /// All who came by a code.
    all: BroughtOut,
    /// Code by code: the most sign-ups first, then in their order.
    codes: Vec<CodeOut>,
    /// All who came by another code; null where there is none.
    other: Option<BroughtOut>,
    /// Those whose value there is no code: null, an array or an object.
    odd: PeopleOut,
    /// Those without a code.
    without: PeopleOut,
}

/// A code.
#[derive(Debug, Serialize, ToSchema)]
struct CodeOut {
    /// The code.
    code: Value,
    /// string, number or boolean.
    #[serde(rename = "type")]
    kind: &'static str,
    /// Those who came by it.
    #[serde(flatten)]
    brought: BroughtOut,
    /// Who carries it; null where nobody knows where codes are carried.
    carriers: Option<CarriersOut>,
    /// Those who came by it, by the codes that those carry, and so on, each once; null likewise.
    chain: Option<ChainOut>,
}

/// People who came by codes, and who of them pays.
#[derive(Debug, Serialize, ToSchema)]
struct BroughtOut {
    /// Who pays, of those who came.
    #[serde(flatten)]
    rate: RateOut,
    /// Lists who pays; null where no filter holds all codes.
    filter: Option<String>,
    /// Lists all who came; null likewise.
    of_filter: Option<String>,
    /// Why there are no filters, where there are none: `long` (a filter holds fewer codes) or `full` (those before took the room
    /// of the answer).
    #[serde(skip_serializing_if = "Option::is_none")]
    unlisted: Option<&'static str>,
    /// What their numbers add up to, currency by currency; those in which nobody of them has one are left out.
    sums: Vec<SumOut>,
}

/// Numbers of one currency.
#[derive(Debug, Serialize, ToSchema)]
struct SumOut {
    #[serde(flatten)]
    currency: KeptOut,
    /// Of all who came.
    all: TotalledOut,
    /// Of those who pay.
    paid: TotalledOut,
}

/// What the numbers of some people add up to.
#[derive(Debug, Serialize, ToSchema)]
struct TotalledOut {
    /// The exact sum.
    #[schema(value_type = f64)]
    sum: Value,
    /// How many have a number.
    count: u64,
    /// Lists them; null where no filter holds all codes.
    filter: Option<String>,
}

/// Who carries a code.
#[derive(Debug, Serialize, ToSchema)]
struct CarriersOut {
    /// How many relationships.
    count: u64,
    /// Lists them; null where no filter can ask for such a code there, so that nobody carries it.
    filter: Option<String>,
    /// Who it is, where it is one customer.
    customer: Option<CarrierOut>,
}

/// A customer who carries a code.
#[derive(Debug, Serialize, ToSchema)]
struct CarrierOut {
    /// The id.
    id: uuid::Uuid,
    /// The e-mail.
    email: String,
}

/// Those whom a code has brought in the end.
#[derive(Debug, Serialize, ToSchema)]
struct ChainOut {
    /// By how many codes they came.
    codes: u64,
    /// How many steps the longest way has: 1 is of those who came by the code itself.
    depth: u64,
    #[serde(flatten)]
    brought: BroughtOut,
}

/// Tells what came by each code: sign-ups, who pays, what their numbers add up to, who carries the code, and what his chain has brought.
#[utoipa::path(post, path = "/v1/insights/referrals", tag = "insights", security(("key" = [])),
    request_body(content = ReferralsIn, example = json!({ "path": "params.referred_by", "carries": "params.referral_code" })),
    responses((status = 200, body = ReferralsOut, description = "The codes, of one version")),
    extensions(("x-problems" = json!(["not_found", "invalid_filter", "query_too_slow", "version_not_reached", "index_not_ready"]))))]
pub async fn referrals(
    State(app): State<App>,
    reader: Reader,
    body: InsightBody,
) -> Result<Json<ReferralsOut>, Problem> {
    answer(&app, &reader.view(), fields::body::<ReferralsIn>(&body.typed()?)?).await
}

/// Tells what came by each code, asked in the address.
///
/// Takes the same parameters.
#[utoipa::path(get, path = "/v1/insights/referrals", tag = "insights", security(("key" = [])), params(ReferralsIn),
    responses((status = 200, body = ReferralsOut, description = "The codes, of one version")),
    extensions(("x-problems" = json!(["not_found", "invalid_filter", "query_too_slow", "version_not_reached", "index_not_ready"]))))]
pub async fn referrals_by_address(
    State(app): State<App>,
    reader: Reader,
    address: QueryString,
) -> Result<Json<ReferralsOut>, Problem> {
    answer(&app, &reader.view(), address.read::<ReferralsIn>(reading)?).await
}

/// The order of a name.
fn ordered(name: Option<String>, wrong: &mut Vec<FieldError>) -> Order {
    match said(name).as_deref() {
        None | Some("paid") => Order::Paid,
        Some("sign_ups") => Order::SignUps,
        Some(other) => {
            let detail = format!("{other:?} is no order; there are paid and sign_ups");
            wrong.push(FieldError::new("/order", detail));
            Order::Paid
        }
    }
}

impl Asked for ReferralsIn {
    type Question = ReferralsAsk;
    type Out = ReferralsOut;

    fn check(self) -> Result<(Ask, ReferralsAsk), Problem> {
        let mut wrong = Vec::new();
        let ReferralsIn { path, sum, currency, carries, order, limit, .. } = self;
        let ReferralsIn { filter, project, test, as_of, min_version, .. } = self;
        let path = said(path);
        if path.is_none() {
            let detail = "a path is needed: that of the code somebody came by, as params.referred_by";
            wrong.push(FieldError::new("/path", detail.to_owned()));
        }
        let path = inside(path, "/path", false, &mut wrong);
        // Here alone an empty word says something: that nothing is added up.
        let no_sum = sum.as_ref().is_some_and(|sum| sum.trim().is_empty());
        let sum = inside(sum, "/sum", false, &mut wrong);
        let carries = inside(carries, "/carries", true, &mut wrong);
        let currency = field(currency, "/currency", &mut wrong);
        let order = ordered(order, &mut wrong);
        let limit = within(limit, CODES, CODES_MAX as u64, "/limit", &mut wrong);
        let fields = [&path, &sum, &carries, &currency].into_iter().flatten().cloned().collect();
        let ask = Words { filter, project, test, as_of, min_version }.ask(fields, wrong)?;
        let path = path.unwrap_or(Field::Status);
        Ok((ask, ReferralsAsk { path, sum, no_sum, currency, carries, order, limit }))
    }

    fn told(_: &ReferralsAsk, insight: &Insight<(Referrals, Answer)>) -> ReferralsOut {
        let (Referrals { path, sum, .. }, answer) = &insight.answer;
        let brought = |brought: &Brought| BroughtOut::new(brought, answer);
        let notes = spellings(answer.currencies.iter()).filter(|_| sum.is_some());
        ReferralsOut {
            head: HeadOut::new(insight),
            path: path.to_string(),
            sum: sum.as_ref().map(Field::to_string),
            carries: answer.carries.as_ref().map(|carries| carries.field.to_string()),
            carries_found: answer.carries.as_ref().is_some_and(|carries| carries.is_found),
            notes: notes.into_iter().collect(),
            distinct: answer.distinct,
            all: brought(&answer.all),
            codes: answer.codes.iter().map(|code| CodeOut::new(code, answer)).collect(),
            other: answer.other.as_ref().map(brought),
            odd: (&answer.odd).into(),
            without: (&answer.without).into(),
        }
    }
}

/// A path inside params; where ids are taken too, the user_id.
fn inside(text: Option<String>, pointer: &str, ids: bool, wrong: &mut Vec<FieldError>) -> Option<Field> {
    let field = field(text, pointer, wrong)?;
    if field.path().is_some() || ids && field == Field::UserId {
        return Some(field);
    }
    let or = if ids { ", or user_id" } else { "" };
    wrong.push(FieldError::new(pointer, format!("{field} is no path in params; name one{or}")));
    None
}

impl CodeOut {
    fn new(code: &Code, answer: &Answer) -> CodeOut {
        CodeOut {
            code: datum(&code.code),
            kind: kind(&code.code),
            brought: BroughtOut::new(&code.brought, answer),
            carriers: code.carriers.as_ref().map(CarriersOut::from),
            chain: code.chain.as_ref().map(|chain| ChainOut::new(chain, answer)),
        }
    }
}

impl ChainOut {
    fn new(chain: &Chain, answer: &Answer) -> ChainOut {
        let Chain { codes, depth, ref brought } = *chain;
        ChainOut { codes, depth, brought: BroughtOut::new(brought, answer) }
    }
}

impl From<&Carriers> for CarriersOut {
    fn from(carriers: &Carriers) -> CarriersOut {
        let customer = carriers.customer.clone();
        CarriersOut {
            count: carriers.count,
            filter: carriers.people.as_ref().map(ToString::to_string),
            customer: customer.map(|customer| CarrierOut { id: customer.id, email: customer.email }),
        }
    }
}

impl BroughtOut {
    fn new(brought: &Brought, answer: &Answer) -> BroughtOut {
        let Brought { paid, paid_people, people, sums, unlisted } = brought;
        let sum = |amount: &Amount| SumOut {
            currency: (&answer.currencies[amount.currency]).into(),
            all: (&amount.all).into(),
            paid: (&amount.paid).into(),
        };
        BroughtOut {
            rate: RateOut::of(*paid, true),
            filter: paid_people.as_ref().map(ToString::to_string),
            of_filter: people.as_ref().map(ToString::to_string),
            unlisted: unlisted.map(|why| match why {
                Unlisted::Long => "long",
                Unlisted::Full => "full",
            }),
            sums: sums.iter().map(sum).collect(),
        }
    }
}

impl From<&Sum> for TotalledOut {
    fn from(sum: &Sum) -> TotalledOut {
        let filter = sum.people.as_ref().map(ToString::to_string);
        TotalledOut { sum: decimal(&sum.sum), count: sum.count, filter }
    }
}
