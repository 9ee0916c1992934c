//! `/v1/insights/overlap`: how many customers projects have in common.

#![allow(unused_qualifications, reason = "utoipa names the parameters' type by a path")]

use axum::{Json, extract::State};
use index::insight::overlap::{Answer, Pair, Project};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Asked, CellOut, HeadOut, InsightBody, PeopleOut, Words, answer, reading, rounded};
use crate::{
    http::{
        App, Problem,
        auth::Wide,
        fields::{self, QueryString},
    },
    store::query::insight::{Ask, Insight, OverlapAsk},
};

/// Who is told of. Everything may be left out.
#[derive(Debug, Default, Deserialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OverlapIn {
    /// A sentence of the filter language, asked in each project; empty is everybody.
    #[schema(format = "filter", example = "")]
    #[param(format = "filter")]
    filter: Option<String>,
    /// Test projects instead of all others.
    test: Option<bool>,
    /// The moment that everything is asked of, as in a query.
    #[schema(format = "moment", example = "2026-03-01")]
    #[param(format = "moment", example = "2026-03-01")]
    as_of: Option<String>,
    /// Waits until the account has reached this version, as a write has answered it.
    min_version: Option<i64>,
}

/// Projects by projects, of one version. Customers are counted: who is in two projects is one.
#[derive(Debug, Serialize, ToSchema)]
pub struct OverlapOut {
    #[serde(flatten)]
    head: HeadOut,
    /// Each project by itself.
    projects: Vec<SideOut>,
    /// Each two of them, once.
    pairs: Vec<PairOut>,
}

/// A project.
#[derive(Debug, Serialize, ToSchema)]
struct SideOut {
    /// Its slug.
    project: String,
    /// Its customers.
    customers: PeopleOut,
    /// Those who pay there.
    paid: PeopleOut,
}

/// Two projects.
#[derive(Debug, Serialize, ToSchema)]
struct PairOut {
    /// The slug of one.
    first: String,
    /// The slug of the other.
    second: String,
    /// Customers of both, of those of the first.
    of_first: CellOut,
    /// The same people, of those of the second.
    of_second: CellOut,
    /// Those who pay in both.
    paid: PeopleOut,
    /// How many are customers of one of them at least.
    either: u64,
    /// Customers of both, as a share of these (Jaccard's index); null of nobody.
    jaccard: Option<f64>,
}

/// Tells how many customers projects have in common, and how many pay in both.
///
/// It takes an account's key: a project's sees its own project only.
#[utoipa::path(post, path = "/v1/insights/overlap", tag = "insights", security(("key" = [])),
    request_body(content = Option<OverlapIn>, example = json!({ "filter": "status = paid" })),
    responses((status = 200, body = OverlapOut, description = "Projects by projects, of one version")),
    extensions(("x-problems" = json!(["not_found", "invalid_filter", "query_too_slow", "version_not_reached", "index_not_ready"]))))]
pub async fn overlap(
    State(app): State<App>,
    wide: Wide,
    body: InsightBody,
) -> Result<Json<OverlapOut>, Problem> {
    answer(&app, &wide.view(), fields::body::<OverlapIn>(&body.typed()?)?).await
}

/// Tells how many customers projects have in common, asked in the address.
///
/// Takes the same parameters.
#[utoipa::path(get, path = "/v1/insights/overlap", tag = "insights", security(("key" = [])), params(OverlapIn),
    responses((status = 200, body = OverlapOut, description = "Projects by projects, of one version")),
    extensions(("x-problems" = json!(["not_found", "invalid_filter", "query_too_slow", "version_not_reached", "index_not_ready"]))))]
pub async fn overlap_by_address(
    State(app): State<App>,
    wide: Wide,
    address: QueryString,
) -> Result<Json<OverlapOut>, Problem> {
    answer(&app, &wide.view(), address.read::<OverlapIn>(reading)?).await
}

impl Asked for OverlapIn {
    type Question = OverlapAsk;
    type Out = OverlapOut;

    fn check(self) -> Result<(Ask, OverlapAsk), Problem> {
        let OverlapIn { filter, test, as_of, min_version } = self;
        let words = Words { filter, project: None, test, as_of, min_version };
        Ok((words.ask(Vec::new(), Vec::new())?, OverlapAsk))
    }

    fn told(_: &OverlapAsk, insight: &Insight<Answer>) -> OverlapOut {
        let Answer { projects, pairs } = &insight.answer;
        let pairs = pairs.iter().map(|pair| PairOut::new(projects, pair));
        OverlapOut {
            head: HeadOut::new(insight),
            projects: projects.iter().map(SideOut::from).collect(),
            pairs: pairs.collect(),
        }
    }
}

impl From<&Project> for SideOut {
    fn from(project: &Project) -> SideOut {
        SideOut {
            project: project.slug.clone(),
            customers: (&project.customers).into(),
            paid: (&project.paid).into(),
        }
    }
}

impl PairOut {
    fn new(projects: &[Project], pair: &Pair) -> PairOut {
        PairOut {
            first: projects[pair.first].slug.clone(),
            second: projects[pair.second].slug.clone(),
            of_first: CellOut::of(&pair.of_first, true),
            of_second: CellOut::of(&pair.of_second, true),
            paid: (&pair.paid).into(),
            either: pair.either,
            jaccard: pair.jaccard().map(rounded),
        }
    }
}
