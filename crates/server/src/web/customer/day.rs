//! The day at whose end a person is looked at: it stands in the address, and the links of the page keep it.

use jiff::{Timestamp, civil::Date};

use crate::{
    http::{App, Problem},
    model::{CustomerId, Formats},
    store::{
        View,
        customer::{self, Person},
        query::Error,
        then::{Then, then},
    },
    web::{customers::address::Address, frame::Frame, page::format},
};

/// A day of the past, or now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Day(Option<Date>);

/// What is known of a person at its end.
pub(super) struct Known {
    pub(super) person: Person,
    /// The moment; `None` where it is now.
    pub(super) moment: Option<Timestamp>,
    /// Why nothing is known of them: history does not reach back so far.
    pub(super) untold: Option<String>,
}

impl Day {
    /// The day that an address says; one that is not over is now.
    pub(super) fn read(as_of: &str, today: Date) -> Result<Day, Problem> {
        let address = Address { as_of: as_of.to_owned(), ..Address::default() };
        address.past(today).map(Day)
    }

    pub(super) fn is_past(self) -> bool {
        self.0.is_some()
    }

    /// As people write it; nothing of now.
    pub(super) fn words(self, formats: Formats) -> Option<String> {
        self.0.map(|day| formats.date(day))
    }

    /// As questions name it; nothing of now.
    pub(super) fn asked(self) -> Option<String> {
        self.0.map(|day| day.to_string())
    }

    /// As addresses write it; empty is now.
    pub(super) fn text(self) -> String {
        self.asked().unwrap_or_default()
    }

    /// The day, or today.
    pub(super) fn date(self, frame: &Frame) -> Date {
        self.0.unwrap_or_else(|| frame.today())
    }

    /// All customers of that day: of a project by its slug, or of all.
    pub(super) fn customers(self, project: &str) -> Address {
        Address { project: project.to_owned(), as_of: self.text(), ..Address::default() }
    }

    /// A path as of that day.
    pub(super) fn at(self, path: &str) -> String {
        self.customers("").at(path)
    }

    /// The person as they were.
    pub(super) async fn known(self, app: &App, view: &View, id: CustomerId) -> Result<Known, Problem> {
        if self.0.is_none() {
            let person = customer::load(&app.store, view, id).await?;
            return Ok(Known { person, moment: None, untold: None });
        }
        match then(&app.store, view, id, &self.text()).await {
            Ok(Then { moment, person }) => Ok(Known { person, moment, untold: None }),
            Err(Error::Moment(error)) => {
                let person = customer::load(&app.store, view, id).await?;
                let person = Person { name: None, relationships: Vec::new(), activity: Vec::new(), ..person };
                Ok(Known { person, moment: None, untold: Some(format::sentence(&error.message)) })
            }
            Err(error) => Err(error.into()),
        }
    }
}
