//! The account: its time zone, and the member's own password.

use askama::Template;
use axum::{
    Form,
    extract::State,
    response::{IntoResponse, Redirect},
};
use serde::Deserialize;

use super::{frame::Frame, page::Page, session::Admin};
use crate::{
    http::{App, Code, Problem},
    store,
};

#[derive(Template)]
#[template(path = "settings/account.html")]
struct AccountPage {
    frame: Frame,
    zones: Vec<String>,
}

impl AccountPage {
    fn zone(&self) -> &str {
        self.frame.account.zone.iana_name().unwrap_or("UTC")
    }
}

/// `GET /settings`.
pub async fn show_settings(frame: Frame) -> impl IntoResponse {
    let zones = jiff::tz::db().available().map(|name| name.to_string()).collect();
    Page(AccountPage { frame, zones })
}

/// What the form of the time zone sends.
#[derive(Deserialize)]
pub struct ZoneForm {
    zone: String,
}

/// `POST /settings/zone`.
pub async fn set_zone(
    State(app): State<App>,
    Admin(member): Admin,
    Form(form): Form<ZoneForm>,
) -> Result<Redirect, Problem> {
    store::set_zone(&app.store, member.account, form.zone.trim()).await.map_err(|error| match error {
        store::Error::Missing(_) => {
            Problem::new(Code::InvalidFields, format!("There is no time zone {:?}.", form.zone))
                .hint("Use a name of the IANA database, as in Europe/Berlin.")
        }
        other => other.into(),
    })?;
    Ok(Redirect::to("/settings"))
}
