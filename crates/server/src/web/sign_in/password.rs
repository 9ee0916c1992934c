//! Choosing a password: first after a sign-in link, where an owner without an address also gives theirs, later from the
//! settings. Whoever has one says it first, unless they came by a link just now, because it is lost.

use std::{collections::HashSet, sync::LazyLock};

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use super::browser;
use crate::{
    http::{App, Problem, client::ClientAddress, extract::Form},
    model::{Email, now},
    store::{
        self,
        member::{self, Member},
    },
    web::{
        frame::theme::Theme,
        page::Page,
        session::{self, SignedIn},
    },
};

/// Shorter passwords are guessed.
const SHORTEST: usize = 10;
/// Longer ones only cost time to hash.
const LONGEST: usize = 1_000;

/// The 4,000 commonest of ten characters and more among ten million that had leaked, which Mark Burnett gave to the public.
static COMMON: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!("common_passwords.txt").lines().collect());
/// Words that are guessed first here.
const OURS: [&str; 3] = ["tinycrm", "customer", "password"];
/// What a password has beside such words, at least.
const OF_ONES_OWN: usize = 5;

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
    Ok(member.has_password() && !session::replaces_password(app, headers).await?)
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
    let guarded = is_guarded(&app, &member, &headers).await?;
    match change(&app, member.clone(), guarded, &form).await? {
        Ok(member) => begin(&app, &member, address, &headers).await,
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
    Ok(Ok(member::set_password(&app.store, &member, &form.password).await?))
}

/// A new session in the place of the one that ended with the password. Whose password was changed again meanwhile signs in.
async fn begin(
    app: &App,
    member: &Member,
    address: ClientAddress,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    match store::session::begin(&app.store, member, now()).await? {
        Some(token) => {
            store::session::note(&app.store, &token, &browser::of(headers), address.network()).await?;
            session::change_to(app, &token, headers, "/").await
        }
        None => Ok(session::left(app)),
    }
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
    } else if password.chars().all(|c| Some(c) == first) || is_guessed(email, &password.to_lowercase()) {
        Some("That is the first thing that somebody would try. Choose another.".to_owned())
    } else {
        None
    }
}

/// Whether a password is common, or little more than our name or the member's address.
fn is_guessed(email: &str, password: &str) -> bool {
    let own = email.split(|c: char| !c.is_alphanumeric()).filter(|word| word.chars().count() > 3);
    let rest = own.chain(OURS).fold(password.replace(email, ""), |rest, word| rest.replace(word, ""));
    COMMON.contains(password) || rest.chars().count() < OF_ONES_OWN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_guessed_first_is_refused() {
        assert_eq!(COMMON.len(), 4_000);
        for password in [
            "short",
            "aaaaaaaaaaaa",
            "qwertyuiop",
            "QwertyUiop",
            "password123",
            "ada.lovelace@example.com",
            "Lovelace1815",
            "tinycrm2026",
            "example-tinycrm!",
        ] {
            assert!(refuse("ada.lovelace@example.com", password).is_some(), "{password}");
        }
        for password in ["correct horse battery", "tinycrm is mine, 1815", "lovelace-counts", "ünïcödé wörds"]
        {
            assert_eq!(refuse("ada.lovelace@example.com", password), None, "{password}");
        }
    }
}
