//! One person in short, as the panel beside the table shows them.

use askama::Template;
use axum::{
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use jiff::tz::TimeZone;

use super::tree::{Branch, tree};
use crate::{
    http::{App, Problem, extract::Path},
    model::Project,
    store::{
        self, View,
        customer::{self, Person},
        project,
        query::Relationship,
    },
    web::{page::Page, session::SignedIn},
};

/// Lines of a project's params; the page has the others.
const LINES: usize = 12;

#[derive(Template)]
#[template(path = "customer/peek.html")]
struct PeekPart {
    person: Person,
    cards: Vec<Peeked>,
    zone: TimeZone,
}

/// A project of the person.
struct Peeked {
    project: Project,
    relationship: Relationship,
    tree: Vec<Branch>,
    /// How many lines are not shown.
    more: usize,
}

/// `GET /customers/{id, e-mail or user_id}/peek`. It is a part of a page: whoever asks for it alone gets the page of the person.
pub async fn peek(
    State(app): State<App>,
    SignedIn(member): SignedIn,
    headers: HeaderMap,
    Path(who): Path<String>,
) -> Result<Response, Problem> {
    let view = View::account(member.account);
    let id = customer::find(&app.store, &view, &who).await?;
    if !headers.contains_key("hx-request") {
        return Ok(Redirect::to(&format!("/customers/{id}")).into_response());
    }
    let person = customer::load(&app.store, &view, id).await?;
    let projects = project::list(&app.store, member.account).await?;
    let zone = store::account(&app.store, member.account).await?.zone;
    let cards = person.relationships.iter().filter_map(|one| peeked(&projects, one)).collect();
    Ok(Page(PeekPart { person, cards, zone }).into_response())
}

fn peeked(projects: &[Project], relationship: &Relationship) -> Option<Peeked> {
    let project = projects.iter().find(|project| project.id == relationship.project)?.clone();
    let (mut tree, more) = tree(&project, &relationship.params);
    let more = more + tree.len().saturating_sub(LINES);
    tree.truncate(LINES);
    Some(Peeked { project, relationship: relationship.clone(), tree, more })
}
