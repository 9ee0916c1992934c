//! One person in short, as the panel beside the table shows them.

use askama::Template;
use axum::{
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use filter::calendar::day_of;
use serde::Deserialize;

use super::{
    day::{Day, Known},
    tree::{Branch, tree},
};
use crate::{
    http::{
        App, Problem,
        extract::{Path, Query},
    },
    model::{Project, now},
    store::{
        self, Account, View,
        customer::{self, Person},
        project,
        query::Relationship,
    },
    web::{customers::address::Address, page::Page, session::SignedIn},
};

/// Lines of a project's params; the page has the others.
const LINES: usize = 12;

#[derive(Template)]
#[template(path = "customer/peek.html")]
struct PeekPart {
    day: Day,
    person: Person,
    /// Why nothing is known of the day.
    untold: Option<String>,
    cards: Vec<Peeked>,
    account: Account,
}

/// A project of the person.
struct Peeked {
    project: Project,
    relationship: Relationship,
    tree: Vec<Branch>,
    /// How many lines are not shown.
    more: usize,
}

/// On which day.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct PeekForm {
    as_of: String,
}

impl PeekPart {
    /// The person's page, now or on the day.
    fn whole(&self) -> String {
        self.day.at(&format!("/customers/{}", self.person.id))
    }
}

/// `GET /customers/{id, e-mail or user_id}/peek`. It is a part of a page: whoever asks for it alone gets the page of the person.
pub async fn peek(
    State(app): State<App>,
    SignedIn(member): SignedIn,
    headers: HeaderMap,
    Path(who): Path<String>,
    Query(PeekForm { as_of }): Query<PeekForm>,
) -> Result<Response, Problem> {
    let view = View::account(member.account);
    let id = customer::find(&app.store, &view, &who).await?;
    if !headers.contains_key("hx-request") {
        let page = Address { as_of, ..Address::default() }.at(&format!("/customers/{id}"));
        return Ok(Redirect::to(&page).into_response());
    }
    let projects = project::list(&app.store, member.account).await?;
    let account = store::account(&app.store, member.account).await?;
    let day = Day::read(&as_of, day_of(now(), &account.zone))?;
    let Known { person, untold, .. } = day.known(&app, &view, id).await?;
    let cards = person.relationships.iter().filter_map(|one| peeked(&projects, one, day)).collect();
    Ok(Page(PeekPart { day, person, untold, cards, account }).into_response())
}

fn peeked(projects: &[Project], relationship: &Relationship, day: Day) -> Option<Peeked> {
    let project = projects.iter().find(|project| project.id == relationship.project)?.clone();
    let (mut tree, more) = tree(&day.customers(project.slug.as_str()), &relationship.params);
    let more = more + tree.len().saturating_sub(LINES);
    tree.truncate(LINES);
    Some(Peeked { project, relationship: relationship.clone(), tree, more })
}
