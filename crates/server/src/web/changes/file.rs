//! What changed as a file: all of it, in the order of the page.

use axum::{extract::State, response::Response};
use index::{Datum, insight::changes::Change};

use super::question;
use crate::{
    http::{App, Code, Problem},
    model::Formats,
    store::{
        View,
        query::insight::{
            Ask, Insight,
            changes::{ChangesAsk, Found, Person},
        },
    },
    web::{
        insights::{address::Address, sheet::Sheet},
        page::value::Shown,
        session::SignedIn,
    },
};

/// Lines that are asked for at once.
const AT_ONCE: usize = 2_000;
/// Lines of a file.
const LINES_MAX: usize = 100_000;

/// `GET /changes.csv`.
pub async fn export_changes(
    State(app): State<App>,
    SignedIn(member): SignedIn,
    address: Address,
) -> Result<Response, Problem> {
    let (ask, question) = question(&address)?;
    let view = View::account(member.account);
    let ask = Ask { cursor: None, ..ask };
    sheet(&app, &view, ask, ChangesAsk { limit: AT_ONCE, ..question }).await?.answer()
}

async fn sheet(app: &App, view: &View, mut ask: Ask, question: ChangesAsk) -> Result<Sheet, Problem> {
    let head = ["kind", "at", "project", "email", "name", "before", "after"];
    let mut sheet = Sheet::new("changes", &head);
    for _ in 0..LINES_MAX / AT_ONCE {
        let (insight, people) = app.changes(view, &ask, &question).await?;
        let changes = insight.answer.answer.changes.iter().zip(people);
        changes.for_each(|(change, person)| sheet.push(line(&insight, change, person)));
        match insight.answer.next {
            Some(next) => ask.cursor = Some(next),
            None => return Ok(sheet),
        }
    }
    let detail = format!("More than {LINES_MAX} changes are too many for one file.");
    Err(Problem::new(Code::InvalidRequest, detail).hint("Choose fewer days, one kind or one project."))
}

fn line(insight: &Insight<Found>, change: &Change, person: Person) -> Vec<String> {
    let Change { mark, before, after } = change;
    let slug = insight.answer.slugs.iter().find(|(id, _)| *id == mark.project);
    let [before, after] = [before, after].map(|side| side.as_ref().map_or_else(String::new, text));
    vec![
        mark.kind.as_str().to_owned(),
        mark.at.timestamp().to_string(),
        slug.map(|(_, slug)| slug.clone()).unwrap_or_default(),
        person.email,
        person.name.unwrap_or_default(),
        before,
        after,
    ]
}

/// A status, a number, or what says when a trial ends.
fn text(side: &Datum) -> String {
    match side {
        Datum::String(text) => text.clone(),
        Datum::Number(number) => index::number::plain(number),
        other => Shown::datum(other, Formats::default()).text,
    }
}
