//! One person as the API tells them, to be copied.

use askama::Template;
use axum::{extract::State, response::IntoResponse};

use crate::{
    api::customers::PersonOut,
    http::{App, Problem, extract::Path},
    store::{
        View,
        customer::{self, CHANGES},
    },
    web::{frame::Frame, page::Page},
};

#[derive(Template)]
#[template(path = "customer/whole.html")]
struct WholePage {
    frame: Frame,
    email: String,
    json: String,
}

/// `GET /customers/{who}/json`: what `GET /v1/customers/{who}` answers to an account key, on a page.
pub async fn show_whole(
    State(app): State<App>,
    frame: Frame,
    Path(who): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    let view = View::account(frame.member.account);
    let id = customer::find(&app.store, &view, &who).await?;
    let person = customer::load(&app.store, &view, id).await?;
    let frame = frame.about(person.projects());
    let timeline = customer::timeline(&app.store, &view, id, None, CHANGES).await?;
    let slugs: Vec<_> = frame.projects.iter().map(|(one, _)| (one.id, one.slug.to_string())).collect();
    let email = person.email.clone();
    let json = serde_json::to_string_pretty(&PersonOut::new(person, timeline, &slugs));
    let json = json.map_err(|error| Problem::internal(&error))?;
    Ok(Page(WholePage { frame, email, json }))
}
