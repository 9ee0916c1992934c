//! How the account's pages write numbers and dates, and what its money is in.

use axum::{extract::State, response::Redirect};
use serde::Deserialize;

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
pub(super) fn numbers(frame: &Frame) -> Choices {
    let choice = |numbers: Numbers| {
        let formats = Formats { numbers, ..frame.formats() };
        (numbers.as_str(), formats.group("1234.56"), formats == frame.formats())
    };
    Numbers::ALL.map(choice).into()
}

/// The ways to write dates.
pub(super) fn dates(frame: &Frame) -> Choices {
    let choice = |dates: Dates| {
        let formats = Formats { dates, ..frame.formats() };
        (dates.as_str(), formats.date(frame.today()), formats == frame.formats())
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

impl FormatsForm {
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
    Form(form): Form<FormatsForm>,
) -> Result<Redirect, Problem> {
    store::set_formats(&app.store, member.account, form.read()?).await?;
    Ok(saved("/settings", "formats"))
}
