//! The account: its time zone, how it writes numbers and dates, how long its history is kept, whom it ignores, and the member's own password.

pub mod formats;
pub mod history;
pub mod keys;
pub mod members;
pub mod sessions;

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use filter::calendar::day_of;
use serde::Deserialize;

use crate::{
    http::{App, Code, Problem, extract::Form},
    model::{Currency, NoPattern, Pattern, now},
    store::{
        self, erase,
        extent::{self, Extent},
        history::History,
        ignored::{self, Entry},
    },
    web::{
        frame::Frame,
        page::{Page, name::named},
        session::{Admin, saved},
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
    /// The form of the formats.
    draft: formats::Draft,
}

impl AccountPage {
    fn zone(&self) -> &str {
        self.frame.account.zone.iana_name().unwrap_or("UTC")
    }

    /// The ways to write numbers, by what they look like.
    fn numbers(&self) -> formats::Choices {
        formats::numbers(&self.frame, self.draft.chosen)
    }

    /// The ways to write dates, by today.
    fn dates(&self) -> formats::Choices {
        formats::dates(&self.frame, self.draft.chosen)
    }

    /// The code of its currency; empty where it has none.
    fn currency(&self) -> &str {
        self.frame.formats().currency.map_or("", Currency::as_str)
    }

    fn currencies(&self) -> impl Iterator<Item = &'static str> {
        Currency::all().map(Currency::as_str)
    }

    /// The time and the day in its zone.
    fn clock(&self) -> String {
        now().to_zoned(self.frame.account.zone.clone()).strftime("%H:%M on %A").to_string()
    }

    /// The first day of which everything is known; `None` when there is no customer yet.
    fn since(&self) -> Option<String> {
        let since = day_of(self.extent.since?, &self.frame.account.zone);
        Some(self.frame.formats().long(since, self.frame.today()))
    }

    /// How many changes there are, and what they weigh with the days of activity.
    fn weight(&self) -> String {
        let about = if self.extent.is_exact { "" } else { "about " };
        format!(
            "{about}{}, {}",
            self.frame.formats().of(self.extent.changes, "change", "changes"),
            self.extent.size()
        )
    }
}

/// `GET /settings`.
pub async fn show_settings(State(app): State<App>, frame: Frame) -> Result<impl IntoResponse, Problem> {
    let draft = formats::Draft::of(frame.formats());
    account_page(&app, frame, draft).await
}

/// The page of the account, with the form of its formats.
async fn account_page(app: &App, frame: Frame, draft: formats::Draft) -> Result<Response, Problem> {
    let extent = extent::load(&app.store, frame.member.account).await?;
    let ignored = ignored::list(&app.store, frame.member.account).await?;
    Ok(Page(AccountPage { frame, zones: zones(), history: extent.history, extent, ignored, draft })
        .into_response())
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
    Ok(Redirect::to("/settings?saved=ignored#ignored"))
}

/// `POST /settings/ignored/remove`: it counts again.
pub async fn stop_ignoring(
    State(app): State<App>,
    Admin(member): Admin,
    Form(form): Form<IgnoredForm>,
) -> Result<Redirect, Problem> {
    ignored::remove(&app.store, member.account, &form.read()?).await?;
    Ok(Redirect::to("/settings?saved=stored-again#ignored"))
}

/// `POST /settings/ignored/erase`: those who are there already are erased.
pub async fn erase_ignored(
    State(app): State<App>,
    Admin(member): Admin,
    Form(form): Form<IgnoredForm>,
) -> Result<Redirect, Problem> {
    erase::ignored(&app.store, member.account, &form.read()?).await?;
    Ok(Redirect::to("/settings?saved=erased#ignored"))
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
            let known = zones();
            let detail = format!("There is no time zone {:?}.", form.zone.trim());
            Problem::new(Code::InvalidFields, detail).hint(nearest(form.zone.trim(), &known))
        }
        other => other.into(),
    })?;
    Ok(saved("/settings", "zone"))
}

/// Every time zone that there is.
fn zones() -> Vec<String> {
    jiff::tz::db().available().map(|name| name.to_string()).collect()
}

/// The zone that was probably meant: by its city alone, or with a slip.
fn nearest(written: &str, known: &[String]) -> String {
    let plain = |name: &str| name.to_lowercase().replace(['_', '-'], " ");
    let city = |name: &&String| plain(name.rsplit('/').next().unwrap_or(name)) == plain(written);
    match known.iter().find(city).or(filter::similar(written, known).first()) {
        Some(name) => format!("Did you mean {name}?"),
        None => "Use a name of the IANA database, as in Europe/Berlin.".to_owned(),
    }
}

/// What the form of the account's name sends.
#[derive(Deserialize)]
pub struct NameForm {
    name: String,
}

/// `POST /settings/name`.
pub async fn set_name(
    State(app): State<App>,
    Admin(member): Admin,
    frame: Frame,
    Form(form): Form<NameForm>,
) -> Result<Redirect, Problem> {
    let name = named(&form.name, &frame.account.name)?;
    store::rename_account(&app.store, member.account, &name).await?;
    Ok(saved("/settings", "name"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_found_by_its_city_or_with_a_slip() {
        let known = zones();
        for (written, hint) in [
            ("Berlin", "Did you mean Europe/Berlin?"),
            ("new york", "Did you mean America/New_York?"),
            ("Europe/Berln", "Did you mean Europe/Berlin?"),
            ("the moon", "Use a name of the IANA database, as in Europe/Berlin."),
        ] {
            assert_eq!(nearest(written, &known), hint, "{written}");
        }
    }
}
