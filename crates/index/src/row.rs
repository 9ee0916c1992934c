//! A relationship on its way into the index.

use filter::{Document, Status};
use jiff::Timestamp;
use serde_json::{Map, Value};
use uuid::Uuid;

/// A customer in a project, as it is after a batch. It owns what a [`Document`] borrows.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The project.
    pub project: Uuid,
    /// The customer.
    pub customer: Uuid,
    /// The customer's e-mail, normalised.
    pub email: String,
    /// The app's own id of the customer.
    pub user_id: Option<String>,
    /// The name last given in this project.
    pub name: Option<String>,
    /// The payment status.
    pub status: Option<Status>,
    /// When the status became what it is.
    pub status_since: Option<Timestamp>,
    /// When the customer first paid.
    pub first_paid: Option<Timestamp>,
    /// The earliest time at which the customer was seen.
    pub first_seen: Timestamp,
    /// The latest time at which the customer was seen.
    pub last_activity: Option<Timestamp>,
    /// When an import was received that told what the customer holds without saying since when.
    pub imported: Option<Timestamp>,
    /// The free-form values.
    pub params: Map<String, Value>,
}

impl Row {
    /// The row of a customer that a document describes; its params come beside it, to be moved.
    pub fn of(customer: Uuid, document: &Document<'_>, params: Map<String, Value>) -> Row {
        Row {
            project: document.project,
            customer,
            email: document.email.to_owned(),
            user_id: document.user_id.map(str::to_owned),
            name: document.name.map(str::to_owned),
            status: document.status,
            status_since: document.status_since,
            first_paid: document.first_paid,
            first_seen: document.first_seen,
            last_activity: document.last_activity,
            imported: document.imported,
            params,
        }
    }

    /// The row as filters see it; `test` says whether its project is a test project.
    pub fn document(&self, test: bool) -> Document<'_> {
        Document {
            project: self.project,
            test,
            email: &self.email,
            user_id: self.user_id.as_deref(),
            name: self.name.as_deref(),
            status: self.status,
            status_since: self.status_since,
            first_paid: self.first_paid,
            first_seen: self.first_seen,
            last_activity: self.last_activity,
            imported: self.imported,
            params: &self.params,
            history: None,
        }
    }
}
