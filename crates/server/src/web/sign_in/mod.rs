//! Signing in, by a single-use link or by e-mail and password, and signing out, here or everywhere.

mod browser;
pub mod password;

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use crate::{
    http::{
        App, Code, Problem,
        client::ClientAddress,
        extract::{Form, Path, Query},
    },
    model::{Email, now},
    store::{self, member},
    web::{
        frame::theme::Theme,
        page::Page,
        session::{self, SignedIn, safe_next},
    },
};

#[derive(Template)]
#[template(path = "sign_in/form.html")]
struct SignInPage {
    theme: Theme,
    next: String,
    email: String,
    wrong: bool,
}

#[derive(Template)]
#[template(path = "sign_in/link.html")]
struct LinkPage {
    theme: Theme,
    next: String,
}

/// Where to go afterwards.
#[derive(Deserialize)]
pub struct NextQuery {
    #[serde(default)]
    next: String,
}

/// `GET /sign-in`.
pub async fn show_sign_in(
    theme: Theme,
    Query(query): Query<NextQuery>,
    signed_in: Result<SignedIn, Response>,
) -> Response {
    if signed_in.is_ok() {
        return Redirect::to(safe_next(&query.next)).into_response();
    }
    Page(SignInPage { theme, next: query.next, email: String::new(), wrong: false }).into_response()
}

/// What the sign-in form sends.
#[derive(Deserialize)]
pub struct SignInForm {
    email: String,
    password: String,
    #[serde(default)]
    next: String,
}

/// `POST /sign-in`. Unknown e-mails get the same answer after the same work as wrong passwords.
pub async fn sign_in(
    State(app): State<App>,
    theme: Theme,
    address: ClientAddress,
    headers: HeaderMap,
    Form(form): Form<SignInForm>,
) -> Result<Response, Problem> {
    match authenticate(&app, address, &headers, &form).await? {
        Some(token) => session::change_to(&app, &token, &headers, &form.next).await,
        None => {
            let page = SignInPage { theme, next: form.next, email: form.email, wrong: true };
            Ok((StatusCode::UNAUTHORIZED, Page(page)).into_response())
        }
    }
}

/// A session of whoever that e-mail and password are of.
async fn authenticate(
    app: &App,
    address: ClientAddress,
    headers: &HeaderMap,
    form: &SignInForm,
) -> Result<Option<String>, Problem> {
    app.sign_in.address(address)?;
    let Ok(email) = Email::parse(&form.email) else { return Ok(None) };
    if !store::session::is_known(&app.store, &email, address.network()).await? {
        app.sign_in.member(&email)?;
    }
    if let Some(member) = member::authenticate(&app.store, &email, &form.password).await?
        && let Some(token) = store::session::begin(&app.store, &member, now()).await?
    {
        enter(app, &member, &token, Whence { address, headers, by: "password" }).await?;
        return Ok(Some(token));
    }
    tracing::warn!(address = %address.0, "a sign-in was refused");
    Ok(None)
}

/// Where somebody comes from, and how.
struct Whence<'a> {
    address: ClientAddress,
    headers: &'a HeaderMap,
    by: &'static str,
}

/// Notes that somebody has come in, and from where.
async fn enter(app: &App, member: &member::Member, token: &str, whence: Whence<'_>) -> Result<(), Problem> {
    let Whence { address, headers, by } = whence;
    tracing::info!(member = %member.id, address = %address.0, by, "signed in");
    store::session::note(&app.store, token, &browser::of(headers), address.network()).await?;
    Ok(store::session::remember(&app.store, member.id, address.network(), now()).await?)
}

/// `GET /sign-in/{token}`: a button, because a scanner that follows links must not use this one up.
pub async fn show_link(theme: Theme, Query(query): Query<NextQuery>) -> impl IntoResponse {
    Page(LinkPage { theme, next: query.next })
}

/// `POST /sign-in/{token}`.
pub async fn redeem_link(
    State(app): State<App>,
    Path(token): Path<String>,
    address: ClientAddress,
    headers: HeaderMap,
    Form(form): Form<NextQuery>,
) -> Result<Response, Problem> {
    app.sign_in.address(address)?;
    let (member, token) = store::session::redeem(&app.store, &token, now()).await?.ok_or_else(used)?;
    enter(&app, &member, &token, Whence { address, headers: &headers, by: "link" }).await?;
    session::change_to(&app, &token, &headers, after_link(&member, &form.next)).await
}

/// Whoever needed a link may have lost the password, so a new one is offered, unless they were on their way to a page.
fn after_link<'a>(member: &member::Member, next: &'a str) -> &'a str {
    match safe_next(next) {
        next if member.has_password() && next != "/" => next,
        _ => "/password",
    }
}

fn used() -> Problem {
    Problem::new(Code::NotFound, "This sign-in link was used already, or has expired.")
        .hint("Sign in with e-mail and password, or ask for a new link: an owner makes one under Settings, Members.")
}

/// `POST /sign-out-everywhere`: every session of the member ends, this one too.
pub async fn sign_out_everywhere(
    State(app): State<App>,
    SignedIn(member): SignedIn,
) -> Result<Response, Problem> {
    member::sign_out(&app.store, member.account, member.id).await?;
    Ok(session::left(&app))
}

/// `POST /sign-out`.
pub async fn sign_out(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    session::end(&app, &headers).await
}
