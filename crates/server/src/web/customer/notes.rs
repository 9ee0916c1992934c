//! What members note of a person: written, edited by who wrote it, taken away.

use axum::{extract::State, response::Redirect};
use serde::Deserialize;

use crate::{
    http::{
        App, Code, Problem,
        extract::{Form, Path},
    },
    model::{CustomerId, NoteId, now},
    store::note::{self, TEXT_MAX},
    web::session::Admin,
};

/// What the forms send.
#[derive(Deserialize)]
pub struct NoteForm {
    #[serde(default)]
    text: String,
}

impl NoteForm {
    /// The text, if it can be noted.
    fn text(&self) -> Result<String, Problem> {
        // Browsers send lines with a carriage return that nobody wrote.
        let text = self.text.replace("\r\n", "\n").trim().to_owned();
        let length = text.chars().count();
        let wrong = match length {
            0 => "A note needs a text.".to_owned(),
            _ if text.contains('\0') => {
                "The text holds the character U+0000, which cannot be stored.".to_owned()
            }
            _ if length > TEXT_MAX => {
                format!("A note has at most {TEXT_MAX} characters; this one has {length}.")
            }
            _ => return Ok(text),
        };
        Err(Problem::new(Code::InvalidFields, wrong).hint("Go back: the text is still there."))
    }
}

/// To the notes of the customer.
fn to_notes(id: CustomerId) -> Redirect {
    Redirect::to(&format!("/customers/{id}#notes"))
}

/// `POST /customers/{id}/notes`.
pub async fn add_note(
    State(app): State<App>,
    Admin(member): Admin,
    Path(id): Path<CustomerId>,
    Form(form): Form<NoteForm>,
) -> Result<Redirect, Problem> {
    note::add(&app.store, member.account, id, member.id, &form.text()?, now()).await?;
    Ok(to_notes(id))
}

/// `POST /notes/{id}`: the member's own, written anew.
pub async fn edit_note(
    State(app): State<App>,
    Admin(member): Admin,
    Path(id): Path<NoteId>,
    Form(form): Form<NoteForm>,
) -> Result<Redirect, Problem> {
    let text = form.text()?;
    Ok(to_notes(note::edit(&app.store, member.account, id, member.id, &text, now()).await?))
}

/// `POST /notes/{id}/delete`.
pub async fn delete_note(
    State(app): State<App>,
    Admin(member): Admin,
    Path(id): Path<NoteId>,
) -> Result<Redirect, Problem> {
    Ok(to_notes(note::delete(&app.store, member.account, id).await?))
}
