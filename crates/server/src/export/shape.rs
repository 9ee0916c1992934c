//! How JSON says a relationship, a change and days of activity: answers of the API and the export of one person say the same.

use jiff::{Timestamp, civil::Date};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    model::change,
    store::{customer::Entry, query::Relationship},
};

/// A customer in a project.
#[derive(Debug, Serialize, ToSchema)]
pub struct RelationshipOut {
    /// The project's slug.
    project: String,
    user_id: Option<String>,
    name: Option<String>,
    /// free, trial, paid or churned; null only in the past, before anything told of it.
    status: Option<&'static str>,
    #[schema(value_type = Option<String>, format = DateTime)]
    status_since: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    first_paid: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    first_seen: Timestamp,
    /// As of a past moment that is not later than it: exactly. Else the end of the last day of activity before that moment.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_activity: Option<Timestamp>,
    /// When an import was received that told what they hold without saying since when; null of everybody else. The same as of any
    /// moment.
    #[schema(value_type = Option<String>, format = DateTime)]
    imported: Option<Timestamp>,
    /// The free-form values, exactly as they were sent.
    #[schema(value_type = Object)]
    params: Map<String, Value>,
}

/// The days of activity in a project.
#[derive(Debug, Serialize, ToSchema)]
pub struct ActivityOut {
    project: String,
    /// `YYYY-MM-DD`, oldest first.
    days: Vec<String>,
}

/// What one call altered.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangeOut {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    project: String,
    /// How `at` is known: caller, first_seen (of an import without dates) or receipt.
    dated_by: &'static str,
    /// Whether the relationship began with it.
    created: bool,
    /// Whether it was written afterwards, from what was left of a time that kept less.
    inferred: bool,
    /// secret_key, publishable_key, member, act, import or connector.
    source: &'static str,
    /// The key, the member or the run of the import.
    source_id: Option<Uuid>,
    /// The connector's name.
    source_name: Option<&'static str>,
    /// status, name, user_id and e-mail: before and after; an absent side was missing. A value over 64 KiB is told as
    /// before_large or after_large: its type, bytes and sha256.
    #[schema(value_type = Object)]
    fields: Value,
    /// The same for each key of params.
    #[schema(value_type = Object)]
    params: Value,
    /// Names of which something later was known already, and stayed.
    stale: Vec<String>,
}

impl RelationshipOut {
    /// A relationship in the project of that slug.
    pub fn new(project: String, relationship: Relationship) -> RelationshipOut {
        RelationshipOut {
            project,
            user_id: relationship.user_id,
            name: relationship.name,
            status: relationship.status.map(filter::Status::as_str),
            status_since: relationship.status_since,
            first_paid: relationship.first_paid,
            first_seen: relationship.first_seen,
            last_activity: relationship.last_activity,
            imported: relationship.imported,
            params: relationship.params,
        }
    }
}

impl ActivityOut {
    /// The days in the project of that slug.
    pub fn new(project: String, days: &[Date]) -> ActivityOut {
        ActivityOut { project, days: days.iter().map(ToString::to_string).collect() }
    }
}

impl ChangeOut {
    /// A change in the project of that slug.
    pub fn new(project: String, entry: &Entry) -> ChangeOut {
        let Entry { change, source, inferred, .. } = entry;
        ChangeOut {
            at: change.at,
            project,
            dated_by: change.dated_by.as_str(),
            created: change.created,
            inferred: *inferred,
            source: source.kind(),
            source_id: source.id(),
            source_name: source.name(),
            fields: change::to_json(&change.fields),
            params: change::to_json(&change.params),
            stale: change.stale.clone(),
        }
    }
}
