//! `/v1/changes`: what has become of people in a time, newest first.

#![allow(unused_qualifications, reason = "utoipa names the parameters' type by a path")]

use axum::{Json, extract::State};
use filter::Field;
use index::{
    Datum,
    insight::changes::{Change, Count, Kind},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    insights::{HeadOut, Words, field, said},
    query::{datum, within},
};
use crate::{
    http::{
        App, Problem,
        auth::Reader,
        fields::{self, QueryString, Reading},
        problem::FieldError,
    },
    model::{CustomerId, Source},
    store::query::insight::{
        Ask, Insight,
        changes::{ChangesAsk, Found, Person},
    },
};

/// Changes in an answer.
const LIMIT: u64 = 50;
const LIMIT_MAX: u64 = 200;
/// When, where nobody says.
const PERIOD: &str = "last 7 days";

/// Of whom, of what, and when. Everything may be left out.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ChangesIn {
    /// A sentence of the filter language: who they are now; empty is everybody.
    #[param(format = "filter", example = "params.plan = \"pro\"")]
    filter: Option<String>,
    /// Only this project, by its slug. A project's key sees its own in any case.
    project: Option<String>,
    /// Across all test projects instead of all others.
    test: Option<bool>,
    /// The moment that everything is asked of, as in a query. Left out: now.
    #[param(format = "moment", example = "2026-03-01")]
    as_of: Option<String>,
    /// Which kinds; all when left out.
    #[param(value_type = Option<Vec<ChangeKindIn>>, inline)]
    kinds: Option<Vec<String>>,
    /// A period as filters write it, of whole days: `yesterday .. today`, `last month`. Left out: `last 7 days`.
    #[param(format = "period", example = "last 7 days")]
    period: Option<String>,
    /// The path of the number that goes up and down; `params.mrr` when left out.
    #[param(format = "path", example = "params.mrr")]
    value: Option<String>,
    /// The path that says when a trial ends; `params.trial_ends` when left out.
    #[param(format = "path", example = "params.trial_ends")]
    trial_ends: Option<String>,
    /// Changes in an answer, 1 to 200; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u64>,
    /// `next` of the answer before: the changes after those. The rest of the question stays as it was.
    #[param(format = "cursor")]
    cursor: Option<String>,
    /// Waits until the account has reached this version, as a write has answered it.
    min_version: Option<i64>,
}

/// What may become of people.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "a schema: Kind has the names that are read")]
enum ChangeKindIn {
    New,
    Upgraded,
    Churned,
    Back,
    TrialEnds,
    ValueUp,
    ValueDown,
}

/// What has become of people, of one version.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangesOut {
    #[serde(flatten)]
    head: HeadOut,
    /// The first day of the period, in the account's zone.
    #[schema(format = Date)]
    from: String,
    /// The last one: today at the latest.
    #[schema(format = Date)]
    to: String,
    /// How many there are of each kind, in the order of `kinds`.
    counts: Vec<KindCountOut>,
    /// Whom, newest first: once for each project and kind.
    changes: Vec<BecameOut>,
    /// The cursor of those before; null when there are none.
    next: Option<String>,
}

/// Of how many people one thing has become.
#[derive(Debug, Serialize, ToSchema)]
struct KindCountOut {
    /// new, upgraded, churned, back, trial_ends, value_up or value_down.
    kind: &'static str,
    /// How many: customers of a project each.
    count: u64,
    /// Lists them: `/v1/query` finds as many relationships, `as_of` the same moment.
    filter: String,
    /// How many in each project that has any.
    projects: Vec<ProjectCountOut>,
}

/// How many in a project.
#[derive(Debug, Serialize, ToSchema)]
struct ProjectCountOut {
    /// Its slug.
    project: String,
    count: u64,
}

/// What has become of somebody.
#[derive(Debug, Serialize, ToSchema)]
struct BecameOut {
    /// new, upgraded, churned, back, trial_ends, value_up or value_down.
    kind: &'static str,
    /// When it was; of a trial, when it ends.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// In which project.
    project: String,
    /// Of whom.
    customer: CustomerId,
    email: String,
    /// The name given there.
    name: Option<String>,
    /// The status before, or the number before the period; null where there was none.
    before: Value,
    /// The status since, the number now, or what says when the trial ends.
    after: Value,
    /// Who wrote it; null where the log does not say.
    by: Option<SourceOut>,
}

/// Who wrote a change.
#[derive(Debug, Serialize, ToSchema)]
struct SourceOut {
    /// secret_key, publishable_key, member, act, import or connector.
    source: &'static str,
    /// The id of the key, the member or the run of an import.
    #[schema(value_type = Option<String>, format = Uuid)]
    source_id: Option<Uuid>,
    /// The name of the connector.
    source_name: Option<&'static str>,
}

/// Tells what has become of people in a time.
///
/// Who is new, has upgraded, left or come back, whose trial ends, and of whose number there is more or less: newest first, with
/// when, before and after, and counts by kind, each with the filter that lists its people.
#[utoipa::path(get, path = "/v1/changes", tag = "insights", security(("key" = [])), params(ChangesIn),
    responses((status = 200, body = ChangesOut, description = "Who, newest first, and how many of each kind")),
    extensions(("x-problems" = json!(["not_found", "invalid_filter", "invalid_cursor", "cursor_mismatch", "query_too_slow",
        "version_not_reached", "index_not_ready"]))))]
pub async fn list_changes(
    State(app): State<App>,
    reader: Reader,
    address: QueryString,
) -> Result<Json<ChangesOut>, Problem> {
    let (ask, question) = address.read::<ChangesIn>(ChangesIn::reading)?.check()?;
    fields::seen(&app, &reader.view(), &ask.rows).await?;
    let (insight, people) = app.changes(&reader.view(), &ask, &question).await?;
    Ok(Json(ChangesOut::new(&insight, people)))
}

impl ChangesIn {
    /// How each is written in an address.
    pub(crate) fn reading(name: &str) -> Reading {
        match name {
            "kinds" => Reading::List,
            "limit" | "min_version" => Reading::Number,
            "test" => Reading::Flag,
            _ => Reading::Text,
        }
    }

    /// Checks everything but the filter and the period, which need the account's words; names all that is wrong.
    pub(crate) fn check(self) -> Result<(Ask, ChangesAsk), Problem> {
        let mut wrong = Vec::new();
        let kinds = kinds(self.kinds, &mut wrong);
        let [value, trial_ends] =
            [(self.value, "/value", "params.mrr"), (self.trial_ends, "/trial_ends", "params.trial_ends")]
                .map(|(text, pointer, usual)| path(text, pointer, usual, &mut wrong));
        let limit = within(self.limit, LIMIT, LIMIT_MAX, "/limit", &mut wrong);
        let named: Vec<Field> = [&value, &trial_ends]
            .into_iter()
            .filter(|(_, named)| *named)
            .map(|(field, _)| field.clone())
            .collect();
        let period = said(self.period).unwrap_or_else(|| PERIOD.to_owned());
        let cursor = self.cursor.filter(|cursor| !cursor.is_empty());
        let words = Words {
            filter: self.filter,
            project: self.project,
            test: self.test,
            as_of: self.as_of,
            min_version: self.min_version,
        };
        let ask = words.ask(named, wrong)?;
        let question = ChangesAsk { kinds, period, value: value.0, trial_ends: trial_ends.0, limit };
        Ok((Ask { cursor, ..ask }, question))
    }
}

/// The kinds that are named, each once and in their order; all where none is.
fn kinds(names: Option<Vec<String>>, wrong: &mut Vec<FieldError>) -> Vec<Kind> {
    let names = names.unwrap_or_default();
    let all = Kind::ALL.map(Kind::as_str);
    for (place, name) in names.iter().enumerate().filter(|(_, name)| !all.contains(&name.as_str())) {
        let known = all.map(str::to_owned);
        let meant = filter::similar(name, &known).first().map(|kind| format!("did you mean {kind}?"));
        let detail = format!("{name:?} is no kind of change; there are {}", all.join(", "));
        wrong.push(FieldError { hint: meant, ..FieldError::new(format!("/kinds/{place}"), detail) });
    }
    let is_named = |kind: &Kind| names.is_empty() || names.iter().any(|name| name == kind.as_str());
    Kind::ALL.into_iter().filter(is_named).collect()
}

/// A path in params, and whether somebody named it.
fn path(text: Option<String>, pointer: &str, usual: &str, wrong: &mut Vec<FieldError>) -> (Field, bool) {
    let text = said(text);
    let named = text.is_some();
    let field = field(Some(text.unwrap_or_else(|| usual.to_owned())), pointer, wrong);
    if let Some(other) = field.as_ref().filter(|field| field.path().is_none()) {
        wrong.push(FieldError::new(pointer, format!("{other} is no path in params; name one, as {usual}")));
    }
    (field.unwrap_or(Field::Status), named)
}

impl ChangesOut {
    fn new(insight: &Insight<Found>, people: Vec<Person>) -> ChangesOut {
        let Found { days, slugs, answer, next } = &insight.answer;
        let slug = |project: Uuid| {
            let known = slugs.iter().find(|(id, _)| *id == project);
            known.map(|(_, slug)| slug.clone()).unwrap_or_default()
        };
        let changes = answer.changes.iter().zip(people);
        ChangesOut {
            head: HeadOut::new(insight),
            from: days.0.to_string(),
            to: days.1.to_string(),
            counts: answer.counts.iter().map(|count| KindCountOut::new(count, slug)).collect(),
            changes: changes.map(|(change, person)| BecameOut::new(change, person, slug)).collect(),
            next: next.clone(),
        }
    }
}

impl KindCountOut {
    fn new(count: &Count, slug: impl Fn(Uuid) -> String) -> KindCountOut {
        let project = |(id, count): &(Uuid, u64)| ProjectCountOut { project: slug(*id), count: *count };
        KindCountOut {
            kind: count.kind.as_str(),
            count: count.people.count,
            filter: count.people.people.to_string(),
            projects: count.projects.iter().map(project).collect(),
        }
    }
}

impl BecameOut {
    fn new(change: &Change, person: Person, slug: impl Fn(Uuid) -> String) -> BecameOut {
        let side = |side: &Option<Datum>| side.as_ref().map_or(Value::Null, datum);
        BecameOut {
            kind: change.mark.kind.as_str(),
            at: change.mark.at.timestamp(),
            project: slug(change.mark.project),
            customer: CustomerId(change.mark.customer),
            email: person.email,
            name: person.name,
            before: side(&change.before),
            after: side(&change.after),
            by: person.source.map(SourceOut::from),
        }
    }
}

impl From<Source> for SourceOut {
    fn from(source: Source) -> SourceOut {
        SourceOut { source: source.kind(), source_id: source.id(), source_name: source.name() }
    }
}
