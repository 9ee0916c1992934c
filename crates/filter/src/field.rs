//! What a condition asks about: the built-in fields of a relationship, and paths inside its params.

use std::fmt;

use crate::error::{Checked, Error, Fault};
use crate::path::{self, Path};
use crate::span::Span;

/// A field of a relationship.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// The customer's e-mail, normalised.
    Email,
    /// The part of the e-mail after the `@`.
    Domain,
    /// The name last given in this project.
    Name,
    /// The app's own id of the customer.
    UserId,
    /// The project of the relationship.
    Project,
    /// The payment status.
    Status,
    /// When the status became what it is.
    StatusSince,
    /// When the customer first paid.
    FirstPaid,
    /// The earliest time at which the customer was seen.
    FirstSeen,
    /// The latest time at which the customer was seen.
    LastActivity,
    /// A place inside params.
    Params(Path),
}

/// Every built-in field and its name in the language.
const BUILT_IN: [(&str, Field); 10] = [
    ("email", Field::Email),
    ("domain", Field::Domain),
    ("name", Field::Name),
    ("user_id", Field::UserId),
    ("project", Field::Project),
    ("status", Field::Status),
    ("status_since", Field::StatusSince),
    ("first_paid", Field::FirstPaid),
    ("first_seen", Field::FirstSeen),
    ("last_activity", Field::LastActivity),
];

/// Names that people use for built-in fields; printing replaces them.
const ALIASES: [(&str, Field); 1] = [("last_seen", Field::LastActivity)];

impl Field {
    /// The names of the built-in fields, in the order of the documentation.
    pub fn names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// The built-in field of that name in any case, or of a name that people use for it.
    pub(crate) fn built_in(name: &str) -> Option<Field> {
        let mut known = BUILT_IN.iter().chain(&ALIASES);
        known.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, field)| field.clone())
    }

    /// Whether the field holds a point in time.
    pub fn is_time(&self) -> bool {
        matches!(self, Field::StatusSince | Field::FirstPaid | Field::FirstSeen | Field::LastActivity)
    }

    /// Whether the field holds text of the customer or the relationship.
    pub fn is_text(&self) -> bool {
        matches!(self, Field::Email | Field::Domain | Field::Name | Field::UserId)
    }

    /// The path, for a field inside params.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Field::Params(path) => Some(path),
            _ => None,
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Field::Params(path) => write!(f, "params.{path}"),
            built_in => {
                let (name, _) =
                    BUILT_IN.iter().find(|(_, field)| field == built_in).expect("every field is listed");
                f.write_str(name)
            }
        }
    }
}

/// Reads a field as sorting, grouping and aggregates name it, as leniently as filters do: `plan` means `params.plan`,
/// a built-in field wins, `last_seen` is `last_activity`.
///
/// ```
/// assert_eq!(filter::parse_field("plan").unwrap().to_string(), "params.plan");
/// assert_eq!(filter::parse_field("last_seen").unwrap().to_string(), "last_activity");
/// assert!(filter::parse_field("params.").is_err());
/// ```
pub fn parse_field(text: &str) -> Result<Field, Error> {
    let trimmed = text.trim();
    let start = text.len() - text.trim_start().len();
    let span = Span::new(start, start + trimmed.len());
    let read = || {
        if trimmed.is_empty() {
            return Err(
                Fault::new(span, "expected a field, found nothing").hint("for example status or params.plan")
            );
        }
        resolve(span, trimmed)
    };
    read().map_err(|fault| fault.locate(text))
}

/// The field that a word names. The word may hold quoted keys.
pub(crate) fn resolve(span: Span, word: &str) -> Checked<Field> {
    let mut keys = path::keys(span, word)?;
    let first = keys.remove(0);
    if !first.quoted && first.name.eq_ignore_ascii_case("params") {
        if keys.is_empty() {
            return Err(Fault::new(span, "params needs a key").hint("for example params.plan"));
        }
        return Ok(Field::Params(path::limited(span, keys)?));
    }
    match Field::built_in(&first.name) {
        Some(field) if !first.quoted && keys.is_empty() => Ok(field),
        Some(field) if !first.quoted => {
            Err(Fault::new(span, format!("{field} has no keys inside")).hint(format!("write params.{word}")))
        }
        _ => {
            keys.insert(0, first);
            Ok(Field::Params(path::limited(span, keys)?))
        }
    }
}
