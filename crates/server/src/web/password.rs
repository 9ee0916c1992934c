//! Choosing a password: first after a sign-in link, where an owner without an address also gives theirs, later from the
//! settings. Whoever has one says it first, unless they came by a link just now, because it is lost.

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
    store::{
        self,
        member::{self, Member},
    },
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
    /// Whether the present password has to be said.
    guarded: bool,
    /// The address that an owner without one has just given.
    email: String,
    wrong: Option<String>,
}

/// `GET /password`.
pub async fn show_password(
    State(app): State<App>,
    theme: Theme,
    SignedIn(member): SignedIn,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    let guarded = is_guarded(&app, &member, &headers).await?;
    Ok(Page(PasswordPage { theme, member, guarded, email: String::new(), wrong: None }))
}

async fn is_guarded(app: &App, member: &Member, headers: &HeaderMap) -> Result<bool, Problem> {
    Ok(member.has_password && !session::replaces_password(app, headers).await?)
}

/// What the form sends; the present password only if it is asked for, the address matters if there is none yet.
#[derive(Deserialize)]
pub struct PasswordForm {
    #[serde(default)]
    email: String,
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
    let guarded = is_guarded(&app, &member, &headers).await?;
    match change(&app, member.clone(), guarded, &form).await? {
        Ok(member) => session::begin(&app, &member, &headers, "/").await,
        Err(wrong) => {
            let page = Page(PasswordPage { theme, member, guarded, email: form.email, wrong: Some(wrong) });
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}

/// Sets the password and, for an owner without an address, that. Says what is wrong instead.
async fn change(
    app: &App,
    member: Member,
    guarded: bool,
    form: &PasswordForm,
) -> Result<Result<Member, String>, Problem> {
    let email = match Email::parse(&form.email) {
        _ if !member.is_unnamed() => None,
        Ok(email) if email.as_str() != member::UNNAMED => Some(email),
        Ok(_) => return Ok(Err("That address is nobody's. Write your own.".to_owned())),
        Err(error) => return Ok(Err(format!("That is no e-mail address: {error}."))),
    };
    let named = email.as_ref().map_or(member.email.as_str(), Email::as_str);
    if let Some(wrong) = refuse(named, &form.password) {
        return Ok(Err(wrong));
    }
    if guarded && !is_right(app, &member, &form.present).await? {
        return Ok(Err("That is not your present password.".to_owned()));
    }
    let member = match email {
        Some(email) => match member::set_email(&app.store, member, &email).await {
            Err(store::Error::Conflict(_)) => return Ok(Err(format!("{email} is another member."))),
            set => set?,
        },
        None => member,
    };
    member::set_password(&app.store, &member, &form.password).await?;
    Ok(Ok(member))
}

async fn is_right(app: &App, member: &Member, present: &str) -> Result<bool, Problem> {
    let Ok(email) = Email::parse(&member.email) else { return Ok(false) };
    Ok(member::authenticate(&app.store, &email, present).await?.is_some())
}

/// Why a password is no good.
fn refuse(email: &str, password: &str) -> Option<String> {
    let length = password.chars().count();
    let first = password.chars().next();
    if length < SHORTEST {
        Some(format!("A password has at least {SHORTEST} characters; this one has {length}."))
    } else if length > LONGEST {
        Some(format!("A password has at most {LONGEST} characters; this one has {length}."))
    } else if password.to_lowercase() == email || password.chars().all(|c| Some(c) == first) {
        Some("That is the first thing that somebody would try. Choose another.".to_owned())
    } else {
        None
    }
}
