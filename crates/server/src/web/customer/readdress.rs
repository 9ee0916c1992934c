//! A customer under another e-mail: what that comes to, then the move.

use askama::Template;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use crate::{
    http::{
        App, Problem,
        extract::{Form, Path, Query},
    },
    model::{CustomerId, Email, Source},
    store::{
        self, AccountId, View,
        customer::{self, Person},
        write,
    },
    web::{
        frame::Frame,
        page::{Page, format},
        session::Admin,
    },
};

#[derive(Template)]
#[template(path = "customer/move.html")]
struct MovePage {
    frame: Frame,
    person: Person,
    /// The new e-mail, as it was written.
    email: String,
    outlook: Outlook,
}

/// What becomes of an e-mail that is given.
enum Outlook {
    /// None is given.
    Unasked,
    /// Nobody has it: all of the customer moves there.
    Free(Email),
    /// Somebody has it: the two may be one person.
    Taken(Email),
    /// It cannot be, and why.
    Wrong(String),
}

impl MovePage {
    fn wrong(&self) -> Option<&str> {
        match &self.outlook {
            Outlook::Wrong(wrong) => Some(wrong),
            _ => None,
        }
    }
}

/// What the forms send: the new e-mail.
#[derive(Default, Deserialize)]
pub struct MoveForm {
    #[serde(default)]
    email: String,
}

/// `GET /customers/{id}/move`: asks for the e-mail, and says what the move comes to.
pub async fn show_move(
    State(app): State<App>,
    Admin(_): Admin,
    frame: Frame,
    Path(id): Path<CustomerId>,
    Query(form): Query<MoveForm>,
) -> Result<Response, Problem> {
    let person = customer::load(&app.store, &View::account(frame.member.account), id).await?;
    let outlook = outlook(&app, frame.member.account, &person, &form.email).await?;
    Ok(move_page(frame, person, form, outlook))
}

/// `POST /customers/{id}/move`: the customer has the new e-mail, in every project. Whoever has it already is not touched.
pub async fn move_customer(
    State(app): State<App>,
    Admin(member): Admin,
    frame: Frame,
    Path(id): Path<CustomerId>,
    Form(form): Form<MoveForm>,
) -> Result<Response, Problem> {
    let person = customer::load(&app.store, &View::account(member.account), id).await?;
    let outlook = outlook(&app, member.account, &person, &form.email).await?;
    let (Outlook::Free(new), Ok(old)) = (&outlook, Email::parse(&person.email)) else {
        return Ok(move_page(frame, person, form, outlook));
    };
    match write::move_customer(&app.store, member.account, &old, new, Source::Member(member.id)).await {
        Ok(_) => Ok(to_page(new).into_response()),
        Err(store::Error::Conflict(why)) => Ok(move_page(frame, person, form, Outlook::Wrong(why))),
        Err(error) => Err(error.into()),
    }
}

/// To the page of who has moved there.
fn to_page(email: &Email) -> Redirect {
    Redirect::to(&format!("/customers/{}?done=moved", utf8_percent_encode(email.as_str(), NON_ALPHANUMERIC)))
}

async fn outlook(app: &App, account: AccountId, person: &Person, email: &str) -> Result<Outlook, Problem> {
    if email.trim().is_empty() {
        return Ok(Outlook::Unasked);
    }
    let email = match Email::parse(email) {
        Ok(email) => email,
        Err(error) => return Ok(Outlook::Wrong(error.to_string())),
    };
    match customer::at(&app.store, account, email.as_str()).await {
        Ok(id) if id == person.id => {
            Ok(Outlook::Wrong(format!("{email} is an address of {} already", person.email)))
        }
        Ok(_) => Ok(Outlook::Taken(email)),
        Err(store::Error::Conflict(_)) => Ok(Outlook::Free(email)),
        Err(error) => Err(error.into()),
    }
}

fn move_page(frame: Frame, person: Person, form: MoveForm, outlook: Outlook) -> Response {
    let (status, outlook) = match outlook {
        Outlook::Wrong(wrong) => (StatusCode::UNPROCESSABLE_ENTITY, Outlook::Wrong(format::capital(&wrong))),
        other => (StatusCode::OK, other),
    };
    (status, Page(MovePage { frame: frame.about(person.projects()), person, email: form.email, outlook }))
        .into_response()
}
