//! One relationship as filters see it.

use jiff::Timestamp;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::history::History;
use crate::status::Status;

/// A customer in one project, with everything that a filter can ask about. Borrowed: the store and the index build it
/// from whatever they hold.
#[derive(Clone, Copy, Debug)]
pub struct Document<'a> {
    /// The project.
    pub project: Uuid,
    /// Whether the project is a test project or archived: account-wide segments leave it out.
    pub test: bool,
    /// The customer's e-mail, normalised.
    pub email: &'a str,
    /// The app's own id of the customer.
    pub user_id: Option<&'a str>,
    /// The name last given in this project.
    pub name: Option<&'a str>,
    /// The payment status; missing in the past only, before anything told of it.
    pub status: Option<Status>,
    /// When the status became what it is; missing where the status is.
    pub status_since: Option<Timestamp>,
    /// When the customer first paid.
    pub first_paid: Option<Timestamp>,
    /// The earliest time at which the customer was seen.
    pub first_seen: Timestamp,
    /// The latest time at which the customer was seen.
    ///
    /// Missing in the past only, before the first day of activity that is known.
    pub last_activity: Option<Timestamp>,
    /// When an import was received that told what the customer holds without saying since when; missing of everybody else. It is
    /// the same in the past.
    pub imported: Option<Timestamp>,
    /// The free-form values.
    pub params: &'a Map<String, Value>,
    /// What it was; without it nothing has ever changed.
    pub history: Option<&'a History>,
}

impl<'a> Document<'a> {
    /// The part of the e-mail after the last `@`.
    pub fn domain(&self) -> &'a str {
        self.email.rsplit('@').next().unwrap_or_default()
    }
}
