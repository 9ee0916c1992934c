//! Insights: numbers that a founder can act on, each a pure function of rows, their history and a question.
//!
//! An insight is a table of **cells**, and a cell is defined by the filter that lists its people: its number is how many
//! relationships that filter finds. The [`reference`](crate::reference) asks those filters one by one; the index counts all
//! cells in a pass. What is computed of the counts (rates, intervals, curves) is in one place for both.

pub mod breakdown;
pub mod cell;
pub mod changes;
pub mod conversion;
pub mod landmark;
pub mod lift;
pub mod movements;
pub mod overlap;
pub mod people;
pub mod referrals;
pub mod retention;
mod slice;
pub(crate) mod span;
pub mod stats;

use std::fmt;

use filter::{Expr, Field, Predicate, TEXT_BYTES_MAX, expr::Node, value::Instant};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use uuid::Uuid;

pub use cell::{Cell, People};
pub use slice::{By, Kept, Slice};
pub use stats::Rate;

use crate::{Datum, Grouping, Groups};

/// The most bytes that the filters of one answer take together.
pub const FILTERS_MAX: usize = 16 << 20;

/// Of whom an insight speaks, and when it is asked.
#[derive(Clone, Copy)]
pub struct Ground<'a> {
    /// Who is told of, as it was written.
    pub filter: &'a Expr,
    /// The projects whose relationships are rows.
    pub homes: &'a [Home],
    /// The account's zone: days begin and end in it.
    pub zone: &'a TimeZone,
    /// The moment that it is asked of: the present, or one of the past.
    pub now: Timestamp,
    /// Since when history is kept; `None` where all of it is.
    pub horizon: Option<Timestamp>,
    /// Checks a filter as one that is asked at that moment.
    pub check: &'a dyn Fn(&Expr) -> Result<Predicate, filter::Error>,
}

/// A project, and since when it is known who was seen there.
#[derive(Clone, Debug)]
pub struct Home {
    /// Its id.
    pub id: Uuid,
    /// Its slug, by which filters name it.
    pub slug: String,
    /// The first day of which activity is known; `None` before it is told of any.
    pub seen_since: Option<Date>,
}

/// What answers single questions: the index, or the reference.
pub trait Source {
    /// How many relationships match.
    fn count(&self, predicate: &Predicate) -> u64;
    /// The groups of those that match: so many are listed.
    fn groups(&self, predicate: &Predicate, by: &Grouping, limit: usize) -> Groups;
    /// The first values, so many of them, that a field holds in some row, or held once, in their order.
    fn held(&self, field: &Field, most: usize) -> Vec<Datum>;
    /// The latest time that a field holds in those that match.
    fn latest(&self, predicate: &Predicate, field: &Field) -> Option<Instant>;
    /// Paths that hold some of these texts, and the user_id if it does: how many of them are held there by one customer each.
    fn own(&self, texts: &[&str]) -> Vec<(Field, u64)>;
}

impl Ground<'_> {
    /// The filter of those who are told of and of whom all of these are true.
    pub(crate) fn all(&self, nodes: impl IntoIterator<Item = Node>) -> Expr {
        people::all(self.filter.root.clone().into_iter().chain(nodes))
    }

    /// Refuses an answer whose filters would take so many bytes together.
    pub(crate) fn room(&self, bytes: usize) -> Result<(), Error> {
        if bytes > FILTERS_MAX { Err(Error::TooLarge(bytes)) } else { Ok(()) }
    }

    /// How many bytes a filter has that lists people. Refuses one that nobody could ask: for what it says, or for its length.
    pub(crate) fn lists(&self, people: &Expr) -> Result<usize, Error> {
        self.checked(Place::Filter, people)?;
        let bytes = people.to_string().len();
        if bytes > TEXT_BYTES_MAX { Err(Error::TooLong(bytes)) } else { Ok(bytes) }
    }

    /// The filter as it is asked.
    pub(crate) fn checked(&self, of: Place, expr: &Expr) -> Result<Predicate, Error> {
        (self.check)(expr).map_err(|error| Error::Filter(of, error))
    }
}

/// The part of a question that something is said of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Who is told of.
    Filter,
    /// Who counts as retained.
    Retained,
    /// What has become of them.
    Outcome,
    /// When something begins.
    From,
    /// When it ends.
    To,
    /// Who was there at a landmark.
    There,
    /// While what is true a number counts.
    While,
    /// The number that counts.
    Path,
    /// In which time people began.
    Cohorts,
    /// Of which time it is told.
    Period,
    /// Where currencies stand.
    Currency,
    /// What is compared.
    Fields,
    /// The number that is told beside how many people there are.
    Number,
}

impl Place {
    /// Its name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Place::Filter => "filter",
            Place::Retained => "retained",
            Place::Outcome => "outcome",
            Place::From => "from",
            Place::To => "to",
            Place::There => "there",
            Place::While => "while",
            Place::Path => "path",
            Place::Cohorts => "cohorts",
            Place::Period => "period",
            Place::Currency => "currency",
            Place::Fields => "fields",
            Place::Number => "number",
        }
    }
}

/// Why an insight is not told.
#[derive(Clone, Debug, PartialEq)]
pub enum Error {
    /// A filter makes no sense there.
    Filter(Place, filter::Error),
    /// The first unit has not begun.
    NotBegun(Place),
    /// There are more projects than are set side by side.
    TooManyProjects,
    /// There are more cohorts than are told.
    TooManyCohorts,
    /// A field that is named has more values than are compared.
    Values(Field),
    /// A field that is named holds times, which are not told apart one by one.
    Time(Field),
    /// Those who are told of hold something in a field whose numbers are asked for, and nobody a number.
    NoNumbers(Field),
    /// The last day is before the first.
    Reversed(Place),
    /// There are more steps than so many, or steps of all values together.
    TooManySteps(usize),
    /// There are more currencies than are told.
    TooManyCurrencies,
    /// The filter of a cell would have so many bytes: nobody could ask it.
    TooLong(usize),
    /// The filters of all cells together would take so many bytes.
    TooLarge(usize),
    /// What was before the first step is not known: history is kept since an instant, and a unit's first day is the first that
    /// can be asked of.
    BeforeHorizon(Timestamp, Date),
}

impl Error {
    /// The part of the question that it is said of; `None` where it is said of all of it.
    pub fn place(&self) -> Option<Place> {
        match self {
            Error::Filter(place, _) | Error::NotBegun(place) | Error::Reversed(place) => Some(*place),
            Error::TooManyCohorts => Some(Place::Cohorts),
            Error::TooManySteps(_) | Error::BeforeHorizon(..) => Some(Place::Period),
            Error::TooManyCurrencies => Some(Place::Currency),
            Error::Values(_) | Error::Time(_) => Some(Place::Fields),
            Error::NoNumbers(_) => Some(Place::Number),
            Error::TooManyProjects | Error::TooLong(_) | Error::TooLarge(_) => None,
        }
    }
}

/// There are more of something than so many.
fn too_many(f: &mut fmt::Formatter<'_>, most: usize, what: &str) -> fmt::Result {
    write!(f, "there are more than {most} {what}")
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Filter(_, error) => error.fmt(f),
            Error::Values(field) => {
                write!(f, "{field} has more than {} values, too many to be compared", lift::VALUES_MAX)
            }
            Error::Time(field) => write!(f, "{field} holds times, which are not compared one by one"),
            Error::NoNumbers(field) => {
                write!(
                    f,
                    "{field} holds no numbers of those who are told of; name a path that does, as params.mrr"
                )
            }
            Error::NotBegun(_) => f.write_str("the first unit has not begun"),
            Error::Reversed(_) => f.write_str("the last day is before the first"),
            Error::TooManyProjects => too_many(f, overlap::PROJECTS_MAX, "projects to be set side by side"),
            Error::TooManyCohorts => {
                too_many(f, retention::COHORTS_MAX, "cohorts; take a longer unit or a shorter period")
            }
            Error::TooManySteps(most) => {
                too_many(f, *most, "steps; take a longer unit, a shorter period or fewer values")
            }
            Error::TooManyCurrencies => too_many(f, movements::CURRENCIES_MAX, "currencies"),
            Error::TooLong(bytes) => write!(
                f,
                "a filter of this answer would have {bytes} bytes, of {TEXT_BYTES_MAX} that can be asked; keep long filters as \
                 segments"
            ),
            Error::TooLarge(bytes) => write!(
                f,
                "the filters of this answer would take {} MiB, of {} that there are; ask for fewer units, values or \
                 fields, or keep long filters as segments",
                bytes.div_ceil(1 << 20),
                FILTERS_MAX >> 20
            ),
            Error::BeforeHorizon(since, first) => {
                write!(f, "history is kept since {since}, so {first} is the first day that can be asked of")
            }
        }
    }
}

impl std::error::Error for Error {}
