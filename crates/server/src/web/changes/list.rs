//! What has become of each, as a line of a list: who, where, when, before and after.

use filter::Field;
use index::{
    Datum,
    insight::changes::{Change, Kind},
};

use crate::{
    model::{CustomerId, ProjectId},
    store::query::insight::changes::Person,
    web::{
        customers::{money, table::Chip},
        frame::Frame,
        page::value::Shown,
    },
};

/// What has become of somebody.
pub(crate) struct Became {
    /// What, in a word or two.
    pub(crate) word: String,
    /// The same as the API names it: the class of its colour.
    pub(crate) kind: &'static str,
    /// The customer's page.
    pub(crate) link: String,
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) project: Option<Chip>,
    pub(crate) before: Option<Shown>,
    pub(crate) after: Option<Shown>,
    /// Whether these are statuses.
    pub(crate) is_status: bool,
    /// When, as people write it, to the second, and as machines read it.
    pub(crate) at: String,
    pub(crate) exact: String,
    pub(crate) instant: String,
}

/// The lines of changes with their people.
pub(crate) fn became(frame: &Frame, value: &Field, changes: &[Change], people: Vec<Person>) -> Vec<Became> {
    let shown = |side: &Option<Datum>| side.as_ref().map(|value| Shown::datum(value, frame.formats()));
    let line = |(change, person): (&Change, Person)| {
        let Change { mark, before, after } = change;
        let project = frame.project_of(ProjectId(mark.project));
        let at = mark.at.timestamp();
        Became {
            word: word(mark.kind, value),
            kind: mark.kind.as_str(),
            link: format!("/customers/{}", CustomerId(mark.customer)),
            email: person.email,
            name: person.name.unwrap_or_default(),
            project: project.map(Chip::of),
            before: shown(before),
            after: shown(after),
            is_status: matches!(mark.kind, Kind::New | Kind::Upgraded | Kind::Churned | Kind::Back),
            at: frame.formats().civil(at, &frame.account.zone),
            exact: frame.formats().exact(&at, &frame.account.zone),
            instant: at.to_string(),
        }
    };
    changes.iter().zip(people).map(line).collect()
}

/// What a kind is called.
pub(super) fn word(kind: Kind, value: &Field) -> String {
    match kind {
        Kind::New => "New".to_owned(),
        Kind::Upgraded => "Upgraded".to_owned(),
        Kind::Churned => "Left".to_owned(),
        Kind::Back => "Came back".to_owned(),
        Kind::TrialEnds => "Trial ends".to_owned(),
        Kind::ValueUp => format!("{} up", money::spoken(value)),
        Kind::ValueDown => format!("{} down", money::spoken(value)),
    }
}
