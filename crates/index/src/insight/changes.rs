//! What changed: what has become of people in a time. Each kind is defined here, by the filter that lists its people; when it
//! was, and what was so before and after, follows from their history.
//!
//! | kind | the filter | when |
//! |---|---|---|
//! | new | `first_seen in P` | `first_seen` |
//! | upgraded | `first_paid in P` | `first_paid`: they paid for the first time |
//! | churned | `status changed to "churned" in P` | the last time that it did |
//! | back | `status changed from "churned" to "paid" in P` | the last time that it did |
//! | trial_ends | `status = "trial" and params.trial_ends in P` | what the path says; of a day, its first instant |
//! | value_up | `status = "paid" and params.mrr increased in P` | the last change of the number in P |
//! | value_down | the same with `decreased` | the same |
//!
//! P are whole days of the account's zone. Somebody is told of once for each project and kind.

use filter::{
    Expr, Field, Predicate, Status,
    calendar::{first_instant, last_instant},
    expr::{Direction, Node, Side},
    value::{Instant, Moment},
};
use jiff::{ToSpan as _, civil::Date};
use uuid::Uuid;

use super::{Error, Ground, People, Place, people};
use crate::Datum;

/// What may become of people. The order is that of what happened at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// They were seen for the first time.
    New,
    /// They paid for the first time.
    Upgraded,
    /// They left.
    Churned,
    /// Who had left pays again.
    Back,
    /// Their trial ends, and they are on it still.
    TrialEnds,
    /// Who pays has more of a number.
    ValueUp,
    /// Who pays has less of it.
    ValueDown,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 7] = [
        Kind::New,
        Kind::Upgraded,
        Kind::Churned,
        Kind::Back,
        Kind::TrialEnds,
        Kind::ValueUp,
        Kind::ValueDown,
    ];

    /// Its name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::New => "new",
            Kind::Upgraded => "upgraded",
            Kind::Churned => "churned",
            Kind::Back => "back",
            Kind::TrialEnds => "trial_ends",
            Kind::ValueUp => "value_up",
            Kind::ValueDown => "value_down",
        }
    }
}

/// A question for what has become of people.
#[derive(Clone, Debug)]
pub struct Changes {
    /// Of which kinds, each once.
    pub kinds: Vec<Kind>,
    /// From the first to the last day.
    pub period: (Date, Date),
    /// The path of the number that goes up and down.
    pub value: Field,
    /// The path that says when a trial ends.
    pub trial_ends: Field,
    /// Only what comes after this one.
    pub after: Option<Mark>,
    /// How many are listed.
    pub limit: usize,
}

/// Where a change stands in the list: newest first, then by kind, project and customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// When it was, or will be.
    pub at: Instant,
    /// What has become of them.
    pub kind: Kind,
    /// In which project.
    pub project: Uuid,
    /// Of whom.
    pub customer: Uuid,
}

impl Mark {
    /// What the list is ordered by.
    pub(crate) fn key(&self) -> (std::cmp::Reverse<Instant>, Kind, Uuid, Uuid) {
        (std::cmp::Reverse(self.at), self.kind, self.project, self.customer)
    }
}

/// What has become of somebody.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Where it stands in the list.
    pub mark: Mark,
    /// What was so before: the status, or the number. `None` where there was none.
    pub before: Option<Datum>,
    /// What is so since: the status, the number, or what the path of the trial's end says.
    pub after: Option<Datum>,
}

/// Of how many people one thing has become.
#[derive(Clone, Debug, PartialEq)]
pub struct Count {
    /// Which.
    pub kind: Kind,
    /// How many, and the filter that lists them.
    pub people: People,
    /// In each project in which there are any, in the order of the projects.
    pub projects: Vec<(Uuid, u64)>,
}

/// What has become of people.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// How many there are of each kind.
    pub counts: Vec<Count>,
    /// The newest, or those after the one that was named.
    pub changes: Vec<Change>,
    /// Whether there are more.
    pub more: bool,
}

/// How it is known when something was, and what was before and after.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Told<'q> {
    /// It was at this time of theirs; the status is told.
    At(&'q Field),
    /// It is at the date that this path holds.
    On(&'q Field),
    /// It was the last change that the filter asks for; the value of this field is told.
    Turned(&'q Field),
    /// It was the last change of this path; its values before the first day and after the last one are told.
    Moved(&'q Field),
}

impl Told<'_> {
    /// The field by which it is known.
    pub(crate) fn field(&self) -> &Field {
        let (Told::At(field) | Told::On(field) | Told::Turned(field) | Told::Moved(field)) = self;
        field
    }
}

/// One kind, ready to be asked.
pub(crate) struct Asked<'q> {
    pub(crate) kind: Kind,
    pub(crate) people: Expr,
    pub(crate) predicate: Predicate,
    pub(crate) told: Told<'q>,
}

impl Changes {
    /// The kinds, each with its filter.
    pub(crate) fn asked<'q>(&'q self, ground: &Ground<'_>) -> Result<Vec<Asked<'q>>, Error> {
        self.check(ground)?;
        let asked = |kind: &Kind| {
            let people = ground.all(self.nodes(*kind));
            ground.lists(&people)?;
            let predicate = ground.checked(Place::Filter, &people)?;
            Ok(Asked { kind: *kind, people, predicate, told: self.told(*kind) })
        };
        self.kinds.iter().map(asked).collect()
    }

    /// What is true of those of whom this has become, besides what is asked of all.
    fn nodes(&self, kind: Kind) -> Vec<Node> {
        let (first, last) = self.period;
        let during = |field: &Field| people::during(field, first, last);
        let turned = |from: Option<Status>, to| {
            let side = |status: Status| Side::Value(filter::expr::Literal::Text(status.as_str().to_owned()));
            people::changed(&Field::Status, [from.map(side), Some(side(to))], people::days(first, last))
        };
        let moved = |direction| people::moved(&self.value, direction, people::days(first, last));
        match kind {
            Kind::New => vec![during(&Field::FirstSeen)],
            Kind::Upgraded => vec![during(&Field::FirstPaid)],
            Kind::Churned => vec![turned(None, Status::Churned)],
            Kind::Back => vec![turned(Some(Status::Churned), Status::Paid)],
            Kind::TrialEnds => vec![people::has_status(Status::Trial), during(&self.trial_ends)],
            Kind::ValueUp => vec![people::has_status(Status::Paid), moved(Direction::Increased)],
            Kind::ValueDown => vec![people::has_status(Status::Paid), moved(Direction::Decreased)],
        }
    }

    fn told(&self, kind: Kind) -> Told<'_> {
        match kind {
            Kind::New => Told::At(&Field::FirstSeen),
            Kind::Upgraded => Told::At(&Field::FirstPaid),
            Kind::Churned | Kind::Back => Told::Turned(&Field::Status),
            Kind::TrialEnds => Told::On(&self.trial_ends),
            Kind::ValueUp | Kind::ValueDown => Told::Moved(&self.value),
        }
    }

    /// Refuses days of which nothing is known any more.
    fn check(&self, ground: &Ground<'_>) -> Result<(), Error> {
        let (first, last) = self.period;
        if last < first {
            return Err(Error::Reversed(Place::Period));
        }
        let Some(horizon) = ground.horizon else { return Ok(()) };
        let is_known = |first: Date| first_instant(first, ground.zone) > horizon.into();
        if is_known(first) {
            return Ok(());
        }
        let mut day = filter::calendar::day_of(horizon, ground.zone);
        while !is_known(day) {
            day = day.saturating_add(1.day());
        }
        Err(Error::BeforeHorizon(horizon, day))
    }

    /// The instant before the first day, and the last one of the last, or that which is asked of where it is not over.
    pub(crate) fn ends(&self, ground: &Ground<'_>) -> (Instant, Instant) {
        let (first, last) = self.period;
        let end = last_instant(last, ground.zone).min(ground.now.into());
        (Instant(first_instant(first, ground.zone).0 - 1), end)
    }
}

/// The instant that a value says, if it is a date: of a day, its first one.
pub(crate) fn instant(value: &Datum, ground: &Ground<'_>) -> Option<Instant> {
    Some(match value.moment()? {
        Moment::Day(day) => first_instant(day, ground.zone),
        Moment::Instant(instant) => instant,
    })
}
