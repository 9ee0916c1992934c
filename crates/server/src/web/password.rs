//! Choosing a password: first after a sign-in link, later from the settings.

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use super::{page::Page, session, session::SignedIn, theme::Theme};
use crate::{
    http::{App, Problem, client::ClientAddress, extract::Form},
    model::Email,
    store::member::{self, Member},
};

/// Shorter passwords are guessed.
const SHORTEST: usize = 10;
/// Longer ones only cost time to hash.
const LONGEST: usize = 1_000;

#[derive(Template)]
#[template(path = "sign_in/password.html")]
struct PasswordPage {
    theme: Theme,
    member: Member,
    wrong: Option<String>,
}

/// `GET /password`.
pub async fn show_password(theme: Theme, SignedIn(member): SignedIn) -> impl IntoResponse {
    Page(PasswordPage { theme, member, wrong: None })
}

/// What the form sends; the present password only if there is one.
#[derive(Deserialize)]
pub struct PasswordForm {
    #[serde(default)]
    present: String,
    password: String,
}

/// `POST /password`: every other session of the member ends.
pub async fn set_password(
    State(app): State<App>,
    theme: Theme,
    SignedIn(member): SignedIn,
    address: ClientAddress,
    headers: HeaderMap,
    Form(form): Form<PasswordForm>,
) -> Result<Response, Problem> {
    app.sign_in.address(address)?;
    let _turn = app.sign_in.hashing().await;
    let wrong = match refuse(&member, &form.password) {
        None if !may_change(&app, &member, &form.present).await? => {
            Some("That is not your present password.".to_owned())
        }
        wrong => wrong,
    };
    if wrong.is_some() {
        let page = Page(PasswordPage { theme, member, wrong });
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    member::set_password(&app.store, &member, &form.password).await?;
    session::begin(&app, &member, &headers, "/").await
}

/// Whoever has a password must say it to change it.
async fn may_change(app: &App, member: &Member, present: &str) -> Result<bool, Problem> {
    match Email::parse(&member.email) {
        Ok(email) if member.has_password => {
            Ok(member::authenticate(&app.store, &email, present).await?.is_some())
        }
        _ => Ok(true),
    }
}

/// Why a password is no good.
fn refuse(member: &Member, password: &str) -> Option<String> {
    let length = password.chars().count();
    let first = password.chars().next();
    if length < SHORTEST {
        Some(format!("A password has at least {SHORTEST} characters; this one has {length}."))
    } else if length > LONGEST {
        Some(format!("A password has at most {LONGEST} characters; this one has {length}."))
    } else if password.to_lowercase() == member.email || password.chars().all(|c| Some(c) == first) {
        Some("That is the first thing that somebody would try. Choose another.".to_owned())
    } else {
        None
    }
}
