//! How the account's pages write numbers and dates, and what its money is in.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use super::account_page;
use crate::{
    http::{App, Code, Problem, extract::Form},
    model::{Currency, Dates, Formats, Numbers},
    store,
    web::{
        frame::Frame,
        session::{Admin, saved},
    },
};

/// What may be chosen: the name, what it looks like, and whether it is so now.
pub(super) type Choices = Vec<(&'static str, String, bool)>;

/// The ways to write numbers.
pub(super) fn numbers(frame: &Frame, chosen: Formats) -> Choices {
    let choice = |numbers: Numbers| {
        let formats = Formats { numbers, ..frame.formats() };
        (numbers.as_str(), formats.group("1234.56"), numbers == chosen.numbers)
    };
    Numbers::ALL.map(choice).into()
}

/// The ways to write dates.
pub(super) fn dates(frame: &Frame, chosen: Formats) -> Choices {
    let choice = |dates: Dates| {
        let formats = Formats { dates, ..frame.formats() };
        (dates.as_str(), formats.date(frame.today()), dates == chosen.dates)
    };
    Dates::ALL.map(choice).into()
}

/// What the form of the formats sends.
#[derive(Deserialize)]
pub struct FormatsForm {
    numbers: String,
    dates: String,
    currency: String,
}

/// The form of the formats as it is shown.
pub(super) struct Draft {
    pub(super) chosen: Formats,
    /// The currency as it was typed.
    pub(super) currency: String,
    /// Why it was refused.
    pub(super) wrong: Option<Problem>,
}

impl Draft {
    /// What is so now.
    pub(super) fn of(now: Formats) -> Draft {
        let currency = now.currency.map_or("", Currency::as_str).to_owned();
        Draft { chosen: now, currency, wrong: None }
    }
}

impl FormatsForm {
    /// The form again, with what was chosen in it and why it cannot be.
    fn again(self, now: Formats, wrong: Problem) -> Draft {
        let numbers = Numbers::named(&self.numbers).unwrap_or(now.numbers);
        let dates = Dates::named(&self.dates).unwrap_or(now.dates);
        Draft { chosen: Formats { numbers, dates, ..now }, currency: self.currency, wrong: Some(wrong) }
    }

    fn read(&self) -> Result<Formats, Problem> {
        let unknown = |what: &str, text: &str| {
            Problem::new(Code::InvalidFields, format!("There is no {what} {text:?}."))
        };
        let numbers = Numbers::named(&self.numbers);
        let dates = Dates::named(&self.dates);
        Ok(Formats {
            numbers: numbers.ok_or_else(|| unknown("number format", &self.numbers))?,
            dates: dates.ok_or_else(|| unknown("date format", &self.dates))?,
            currency: match self.currency.trim() {
                "" => None,
                code => Some(Currency::of(code).ok_or_else(|| {
                    unknown("currency", code).hint("Write its code of ISO 4217, as in EUR, or nothing.")
                })?),
            },
        })
    }
}

/// `POST /settings/formats`.
pub async fn set_formats(
    State(app): State<App>,
    Admin(member): Admin,
    frame: Frame,
    Form(form): Form<FormatsForm>,
) -> Result<Response, Problem> {
    let formats = match form.read() {
        Ok(formats) => formats,
        Err(wrong) => {
            let draft = form.again(frame.formats(), wrong);
            return Ok(
                (StatusCode::UNPROCESSABLE_ENTITY, account_page(&app, frame, draft).await?).into_response()
            );
        }
    };
    store::set_formats(&app.store, member.account, formats).await?;
    Ok(saved("/settings", "formats").into_response())
}
