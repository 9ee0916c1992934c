//! The account: its time zone, how long its history is kept, whom it ignores, and the member's own password.

pub mod keys;
pub mod members;

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect},
};
use serde::Deserialize;

use crate::{
    http::{App, Code, Problem, extract::Form},
    model::{NoPattern, Pattern},
    store::{
        self, erase,
        extent::{self, Extent},
        history::{self, History, MONTHS_MAX},
        ignored::{self, Entry},
    },
    web::{
        frame::Frame,
        page::{Page, format::of},
        session::Admin,
    },
};

#[derive(Template)]
#[template(path = "settings/account.html")]
struct AccountPage {
    frame: Frame,
    zones: Vec<String>,
    history: History,
    extent: Extent,
    ignored: Vec<Entry>,
}

impl AccountPage {
    fn zone(&self) -> &str {
        self.frame.account.zone.iana_name().unwrap_or("UTC")
    }

    /// The first day of which everything is known; `None` when there is no customer yet.
    fn since(&self) -> Option<String> {
        let since = self.extent.since?.to_zoned(self.frame.account.zone.clone());
        Some(since.strftime("%-d %B %Y").to_string())
    }

    /// How many changes there are, and what they weigh with the days of activity.
    fn weight(&self) -> String {
        let about = if self.extent.is_exact { "" } else { "about " };
        format!("{about}{}, {}", of(self.extent.changes, "change", "changes"), self.extent.size())
    }
}

/// `GET /settings`.
pub async fn show_settings(State(app): State<App>, frame: Frame) -> Result<impl IntoResponse, Problem> {
    let zones = jiff::tz::db().available().map(|name| name.to_string()).collect();
    let extent = extent::load(&app.store, frame.member.account).await?;
    let ignored = ignored::list(&app.store, frame.member.account).await?;
    Ok(Page(AccountPage { frame, zones, history: extent.history, extent, ignored }))
}

/// What the form of the history sends.
#[derive(Deserialize)]
pub struct HistoryForm {
    months: String,
}

/// `POST /settings/history`.
pub async fn set_history(
    State(app): State<App>,
    Admin(member): Admin,
    Form(form): Form<HistoryForm>,
) -> Result<Redirect, Problem> {
    let months = form.months.trim().parse().ok().filter(|months| (0..=MONTHS_MAX).contains(months));
    let months = months.ok_or_else(|| {
        Problem::new(Code::InvalidFields, format!("{:?} is no number of months.", form.months))
            .hint(format!("History is kept for 1 to {MONTHS_MAX} months, or for ever with 0."))
    })?;
    history::keep(&app.store, member.account, months).await?;
    Ok(Redirect::to("/settings"))
}

/// What the forms of the list of who is ignored send.
#[derive(Deserialize)]
pub struct IgnoredForm {
    pattern: String,
}

impl IgnoredForm {
    fn read(&self) -> Result<Pattern, Problem> {
        self.pattern.parse().map_err(|fault: NoPattern| {
            Problem::new(Code::InvalidFields, format!("{fault}."))
                .hint("Write an address, @my-company.com, or *.my-company.com.")
        })
    }
}

/// `POST /settings/ignored`: an address or a domain does not count from now on.
pub async fn ignore(
    State(app): State<App>,
    Admin(member): Admin,
    Form(form): Form<IgnoredForm>,
) -> Result<Redirect, Problem> {
    ignored::add(&app.store, member.account, &form.read()?).await?;
    Ok(Redirect::to("/settings#ignored"))
}

/// `POST /settings/ignored/remove`: it counts again.
pub async fn stop_ignoring(
    State(app): State<App>,
    Admin(member): Admin,
    Form(form): Form<IgnoredForm>,
) -> Result<Redirect, Problem> {
    ignored::remove(&app.store, member.account, &form.read()?).await?;
    Ok(Redirect::to("/settings#ignored"))
}

/// `POST /settings/ignored/erase`: those who are there already are erased.
pub async fn erase_ignored(
    State(app): State<App>,
    Admin(member): Admin,
    Form(form): Form<IgnoredForm>,
) -> Result<Redirect, Problem> {
    erase::ignored(&app.store, member.account, &form.read()?).await?;
    Ok(Redirect::to("/settings#ignored"))
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
