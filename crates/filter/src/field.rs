//! What a condition asks about: the built-in fields of a relationship, and paths inside its params.

use std::fmt;

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use crate::document::Document;
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
    /// When an import was received that told what the customer holds without saying since when.
    Imported,
    /// A place inside params.
    Params(Path),
}

/// What the values of a field are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FieldKind {
    /// Text.
    Text,
    /// Points in time.
    Time,
    /// Payment statuses.
    Status,
    /// Projects.
    Project,
    /// Whatever JSON can say: inside params.
    Json,
}

/// What a document holds in a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Content<'d> {
    /// A text, or the word of a status.
    Text(&'d str),
    /// A point in time.
    Time(Timestamp),
    /// A project.
    Project(Uuid),
    /// A value inside params.
    Json(&'d Value),
}

/// Where the database keeps a field.
#[derive(Clone, Copy)]
pub(crate) enum Column {
    /// In a column of `customer`.
    Customer(&'static str),
    /// In a column of `relationship`.
    Relationship(&'static str),
}

/// All that is to be known of a built-in field, but for where a document holds it: that is in [`Field::read`].
struct BuiltIn {
    field: Field,
    /// What the language, JSON and CSV call it.
    name: &'static str,
    kind: FieldKind,
    column: Column,
    /// What stands above its values on a page.
    label: &'static str,
    /// What a sentence calls it.
    spoken: &'static str,
    /// Whether a relationship may lack it.
    optional: bool,
}

/// The built-in fields, in the order of the documentation.
static BUILT_IN: [BuiltIn; 11] = {
    use Column::{Customer, Relationship};
    use Field::*;
    use FieldKind::Text;
    [
        built_in(Email, "email", Text, Customer("email"), "Customer", "e-mail"),
        built_in(Domain, "domain", Text, Customer("email"), "domain", "e-mail domain"),
        built_in(Name, "name", Text, Relationship("name"), "Name", "name").optional(),
        built_in(UserId, "user_id", Text, Relationship("user_id"), "user_id", "user id").optional(),
        built_in(Project, "project", FieldKind::Project, Relationship("project_id"), "project", "project"),
        built_in(Status, "status", FieldKind::Status, Relationship("status"), "Status", "status"),
        time(StatusSince, "status_since", "status_since"),
        time(FirstPaid, "first_paid", "first_paid").optional(),
        time(FirstSeen, "first_seen", "first_seen"),
        time(LastActivity, "last_activity", "Last seen"),
        time(Imported, "imported", "Imported").optional(),
    ]
};

const fn built_in(
    field: Field,
    name: &'static str,
    kind: FieldKind,
    column: Column,
    label: &'static str,
    spoken: &'static str,
) -> BuiltIn {
    BuiltIn { field, name, kind, column, label, spoken, optional: false }
}

/// A time field, which has one name in the language, in the database and in sentences.
const fn time(field: Field, name: &'static str, label: &'static str) -> BuiltIn {
    built_in(field, name, FieldKind::Time, Column::Relationship(name), label, name)
}

impl BuiltIn {
    const fn optional(mut self) -> BuiltIn {
        self.optional = true;
        self
    }
}

/// Names that people use for built-in fields; printing replaces them.
const ALIASES: [(&str, Field); 1] = [("last_seen", Field::LastActivity)];

impl Field {
    /// The built-in fields, in the order of the documentation.
    pub fn built_in() -> impl Iterator<Item = &'static Field> {
        BUILT_IN.iter().map(|built_in| &built_in.field)
    }

    /// The names of the built-in fields, in the same order.
    pub fn names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|built_in| built_in.name)
    }

    /// The built-in field of that name in any case, or of a name that people use for it.
    pub(crate) fn named(name: &str) -> Option<Field> {
        let aliases = ALIASES.iter().map(|(alias, field)| (*alias, field));
        let mut known = BUILT_IN.iter().map(|built_in| (built_in.name, &built_in.field)).chain(aliases);
        known.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, field)| field.clone())
    }

    /// Its row of the table; `None` for paths.
    fn entry(&self) -> Option<&'static BuiltIn> {
        BUILT_IN.iter().find(|built_in| built_in.field == *self)
    }

    /// What a document holds in the field; `None` when it is missing.
    #[inline]
    pub fn read<'d>(&self, document: &Document<'d>) -> Option<Content<'d>> {
        match self {
            Field::Email => Some(Content::Text(document.email)),
            Field::Domain => Some(Content::Text(document.domain())),
            Field::Name => document.name.map(Content::Text),
            Field::UserId => document.user_id.map(Content::Text),
            Field::Project => Some(Content::Project(document.project)),
            Field::Status => document.status.map(|status| Content::Text(status.as_str())),
            Field::StatusSince => document.status_since.map(Content::Time),
            Field::FirstPaid => document.first_paid.map(Content::Time),
            Field::FirstSeen => Some(Content::Time(document.first_seen)),
            Field::LastActivity => document.last_activity.map(Content::Time),
            Field::Imported => document.imported.map(Content::Time),
            Field::Params(path) => path.find(document.params).map(Content::Json),
        }
    }

    /// What its values are.
    pub fn kind(&self) -> FieldKind {
        self.entry().map_or(FieldKind::Json, |built_in| built_in.kind)
    }

    /// Whether the field holds a point in time.
    pub fn is_time(&self) -> bool {
        self.kind() == FieldKind::Time
    }

    /// Whether a relationship may lack it.
    pub fn is_optional(&self) -> bool {
        self.entry().is_none_or(|built_in| built_in.optional)
    }

    /// What stands above its values on a page: paths without their `params.`.
    pub fn label(&self) -> String {
        match self {
            Field::Params(path) => path.to_string(),
            built_in => built_in.entry().map_or("", |entry| entry.label).to_owned(),
        }
    }

    /// What a sentence calls it.
    pub(crate) fn spoken(&self) -> String {
        match self {
            Field::Params(path) => path.to_string(),
            built_in => built_in.entry().map_or("", |entry| entry.spoken).to_owned(),
        }
    }

    /// Where the database keeps it; `None` for paths, which are all in `params`.
    pub(crate) fn column(&self) -> Option<Column> {
        self.entry().map(|built_in| built_in.column)
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
            built_in => f.write_str(built_in.entry().map_or("", |entry| entry.name)),
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
    match Field::named(&first.name) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_field_is_in_the_table_under_its_name() {
        for field in Field::built_in() {
            let name = field.to_string();
            assert_eq!(parse_field(&name).unwrap(), *field, "{name}");
            assert!(
                field.path().is_none() && field.column().is_some() && !field.label().is_empty(),
                "{name}"
            );
        }
        let words = |field: &str| {
            let field = parse_field(field).unwrap();
            (field.kind(), field.label(), field.spoken(), field.is_optional())
        };
        assert_eq!(words("plan"), (FieldKind::Json, "plan".to_owned(), "plan".to_owned(), true));
        assert_eq!(words("email"), (FieldKind::Text, "Customer".to_owned(), "e-mail".to_owned(), false));
    }
}
