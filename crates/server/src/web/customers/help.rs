//! What the filter's box asks while somebody types: the colours of the words, and what could stand at the cursor.

use askama::Template;
use axum::{extract::State, response::IntoResponse};
use filter::{Completion, CompletionKind, Field};
use index::{Facet, Facets, Part, Question, Shape};
use serde::Deserialize;

use super::{
    address::Address,
    facets::label,
    filter_box::{Ink, ink},
    known::{self, Age},
    narrow,
};
use crate::{
    http::{App, Problem, extract::Query as UrlQuery},
    store::{AccountId, View, project, query::Query},
    web::{
        page::{Page, format},
        session::SignedIn,
    },
};

/// Options that are offered at once: every operator, for one.
const OPTIONS: usize = 18;

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
    let text = &address.filter;
    let completion = filter::complete(text, at.min(text.len()));
    let (from, to) = completion.as_ref().map_or((at, at), |c| (c.span.start, c.span.end));
    let options = match completion {
        Some(completion) => options(&app, member.account, &address, &completion).await?,
        None => Vec::new(),
    };
    Ok(Page(HelpPart { ink: ink(text), options, from, to }))
}

async fn options(
    app: &App,
    account: AccountId,
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
    account: AccountId,
    address: &Address,
    kind: &CompletionKind,
) -> Result<Vec<Choice>, Problem> {
    match kind {
        CompletionKind::Field => paths(app, account, address).await,
        CompletionKind::Value(field) if !field.is_time() && *field != Field::Status => {
            values(app, account, address, field).await
        }
        CompletionKind::Project => {
            let projects = project::list(&app.store, account).await?;
            let choice =
                |p: &crate::model::Project| Choice { word: p.slug.to_string(), note: p.name.clone() };
            Ok(projects.iter().map(choice).collect())
        }
        _ => Ok(Vec::new()),
    }
}

/// The paths of a view, widest first.
async fn paths(app: &App, account: AccountId, address: &Address) -> Result<Vec<Choice>, Problem> {
    let view = View::account(account);
    let known = known::facets(app, &view, address.rows(), ("", None), Age::Minute).await?;
    let paths = known.facets.iter().filter(|facet| facet.field.path().is_some());
    let choice =
        |facet: &Facet| Choice { word: facet.field.to_string(), note: format::count(facet.coverage) };
    Ok(paths.map(choice).collect())
}

async fn values(
    app: &App,
    account: AccountId,
    address: &Address,
    field: &Field,
) -> Result<Vec<Choice>, Problem> {
    let facets = Facets { auto: false, fields: vec![field.clone()] };
    let question = Question { select: vec![Part::Facets], facets, ..Question::default() };
    let query = Query { rows: address.rows(), question, ..Query::default() };
    let answer = app.query(&View::account(account), &query).await?;
    let Some(Facet { shape: Shape::Values(values), .. }) = answer.facets.first() else {
        return Ok(Vec::new());
    };
    let literal = |value: &index::FacetValue| {
        let condition = narrow::condition(field, &value.value, false)?;
        let word = condition.strip_prefix(&format!("{field} = "))?.to_owned();
        Some(Choice { word, note: format::count(value.count) })
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
