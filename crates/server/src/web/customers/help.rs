//! What the filter's box asks while somebody types: the colours of the words, and what could stand at the cursor.

use std::time::Duration;

use askama::Template;
use axum::{extract::State, response::IntoResponse};
use filter::{Completion, CompletionKind, Expr, Field, Span, Spanned, expr::Clause};
use index::{Datum, Facet, Facets, Part, Question, Shape};
use serde::Deserialize;

use super::{
    address::Address,
    facets::{kinds, label},
    filter_box::{Ink, ink},
    known::{self, Age},
    narrow, pills,
};
use crate::{
    http::{App, Problem, extract::Query as UrlQuery},
    store::{
        self, Account, View,
        member::Member,
        project,
        query::{self, Engine, Query},
        recent, segment,
    },
    web::{page::Page, session::SignedIn},
};

/// Options that are offered at once: every operator, for one.
const OPTIONS: usize = 18;
/// How long segments may be counted while somebody types.
const PATIENCE: Duration = Duration::from_secs(1);

#[derive(Template)]
#[template(path = "customers/help.html")]
struct HelpPart {
    ink: Vec<Ink>,
    options: Vec<Choice>,
    /// The bytes of the half-typed word.
    from: usize,
    to: usize,
}

/// A word that could stand at the cursor.
#[derive(Clone)]
struct Choice {
    word: String,
    /// What tells it from others: how many have it.
    note: String,
}

/// Where the cursor is, in bytes.
#[derive(Deserialize)]
pub struct At {
    #[serde(default)]
    at: usize,
}

/// `GET /customers/help`.
pub async fn show_help(
    State(app): State<App>,
    SignedIn(member): SignedIn,
    UrlQuery(address): UrlQuery<Address>,
    UrlQuery(At { at }): UrlQuery<At>,
) -> Result<impl IntoResponse, Problem> {
    let account = store::account(&app.store, member.account).await?;
    let text = &address.filter;
    let completion = filter::complete(text, at.min(text.len()));
    let (from, to) = completion.as_ref().map_or((at, at), |c| (c.span.start, c.span.end));
    let options = match completion {
        Some(_) if text.trim().is_empty() => begin(&app, &member, &account, &address).await?,
        Some(completion) => options(&app, &account, &address, &completion).await?,
        None => Vec::new(),
    };
    Ok(Page(HelpPart { ink: ink(text), options, from, to }))
}

/// What an empty box offers: what the member has asked last, and then what a filter begins with.
async fn begin(
    app: &App,
    member: &Member,
    account: &Account,
    address: &Address,
) -> Result<Vec<Choice>, Problem> {
    let choice = |word: String| Choice { word, note: "recent".to_owned() };
    let mut all: Vec<Choice> = recent::list(&app.store, member).await?.into_iter().map(choice).collect();
    let completion = Completion { span: Span::new(0, 0), kind: CompletionKind::Field };
    let blank = address.filtered("");
    all.extend(options(app, account, &blank, &completion).await?);
    Ok(all)
}

async fn options(
    app: &App,
    account: &Account,
    address: &Address,
    completion: &Completion,
) -> Result<Vec<Choice>, Problem> {
    let mut all = known(app, account, address, &completion.kind).await?;
    all.extend(
        completion.kind.words().into_iter().map(|word| Choice { word: word.to_owned(), note: String::new() }),
    );
    let typed = completion.span.of(&address.filter).to_lowercase();
    let bare = |word: &str| word.trim_matches('"').to_lowercase();
    all.retain(|choice| {
        let path = label_of(&choice.word);
        bare(&choice.word).contains(&typed) || path.to_lowercase().contains(&typed)
    });
    // What begins as typed comes first; otherwise the order is by how many have it.
    all.sort_by_key(|choice| !bare(label_of(&choice.word)).starts_with(&typed));
    all.retain(|choice| choice.word.to_lowercase() != typed || choice.word == "not");
    all.truncate(OPTIONS);
    Ok(all)
}

fn label_of(word: &str) -> &str {
    word.strip_prefix("params.").unwrap_or(word)
}

/// The account's own words: its paths, values and projects.
async fn known(
    app: &App,
    account: &Account,
    address: &Address,
    kind: &CompletionKind,
) -> Result<Vec<Choice>, Problem> {
    match kind {
        CompletionKind::Field => paths(app, account, address).await,
        CompletionKind::Segment => segments(app, account, address).await,
        CompletionKind::Value(field) if !field.is_time() && *field != Field::Status => {
            values(app, account, address, field).await
        }
        CompletionKind::Project => {
            let projects = project::list(&app.store, account.id).await?;
            let choice =
                |p: &crate::model::Project| Choice { word: p.slug.to_string(), note: p.name.clone() };
            Ok(projects.iter().map(choice).collect())
        }
        _ => Ok(Vec::new()),
    }
}

/// The paths of a view, widest first.
async fn paths(app: &App, account: &Account, address: &Address) -> Result<Vec<Choice>, Problem> {
    let view = View::account(account.id);
    let known = known::facets(app, &view, address.rows(), ("", None), Age::Minute).await?;
    let paths = known.facets.iter().filter(|facet| facet.field.path().is_some());
    let choice = |facet: &Facet| Choice {
        word: shortest(&facet.field),
        note: format!("{} · {}", kinds(facet), account.formats.count(facet.coverage)),
    };
    Ok(paths.map(choice).collect())
}

/// A path as short as it can be written: without `params.`, where it is read as the same.
fn shortest(field: &Field) -> String {
    let short = label(field);
    let reads = |filter: &str| {
        filter::parse(filter).is_ok_and(|read| {
            read == filter::parse(&format!("{field} exists")).unwrap_or_else(|_| Expr::new(None))
        })
    };
    if reads(&format!("{short} exists")) { short } else { field.to_string() }
}

/// The segments by name, with how many are in each where that is in memory.
async fn segments(app: &App, account: &Account, address: &Address) -> Result<Vec<Choice>, Problem> {
    let view = View::account(account.id);
    let is_cheap = query::engine(&app.store, &view) == Engine::Index;
    let mut segments = segment::list(&app.store, &view).await?;
    segments.truncate(OPTIONS);
    let mut choices = Vec::with_capacity(segments.len());
    let mut queries = Vec::with_capacity(segments.len());
    for segment in segments {
        let name = Spanned::new(Span::default(), segment.slug.to_string());
        let filter = Expr::new(Some(Spanned::new(Span::default(), Clause::InSegment(name)))).to_string();
        let word = filter.trim_start_matches("in segment ").to_owned();
        let question = Question { select: vec![Part::Count], ..Question::default() };
        queries.push(Query { filter, rows: address.rows(), question, ..Query::default() });
        choices.push(Choice { word, note: segment.name });
    }
    if is_cheap {
        let together = app.together(&view, &queries, &[], PATIENCE).await?;
        for (choice, answer) in choices.iter_mut().zip(together.answers) {
            // One that has no meaning any more, or takes too long, is told by its name alone.
            let Some(count) = answer.ok().and_then(|answer| answer.count) else { continue };
            choice.note = format!("{} · {}", choice.note, account.formats.count(count.customers));
        }
    }
    Ok(choices)
}

async fn values(
    app: &App,
    account: &Account,
    address: &Address,
    field: &Field,
) -> Result<Vec<Choice>, Problem> {
    let facets = Facets { auto: false, fields: vec![field.clone()] };
    let question = Question { select: vec![Part::Facets], facets, ..Question::default() };
    let query = Query { rows: address.rows(), question, ..Query::default() };
    let answer = app.query(&View::account(account.id), &query).await?;
    let Some(Facet { shape: Shape::Values(values), .. }) = answer.facets.first() else {
        return Ok(Vec::new());
    };
    let literal = |value: &index::FacetValue| {
        let condition = narrow::condition(field, &value.value, false)?;
        let strict = condition.strip_prefix(&format!("{field} = "))?.to_owned();
        let word = match &value.value {
            Datum::String(text) => pills::bare_text(text),
            _ => strict,
        };
        Some(Choice { word, note: account.formats.count(value.count) })
    };
    Ok(values.iter().filter_map(literal).collect())
}

impl Choice {
    /// The word as it is shown: paths without their `params.`.
    fn shown(&self) -> String {
        filter::parse_field(&self.word).map_or_else(
            |_| self.word.clone(),
            |field| match field {
                Field::Params(_) if self.word.starts_with("params.") => label(&field),
                _ => self.word.clone(),
            },
        )
    }
}
