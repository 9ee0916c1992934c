//! A customer in a project, as the write path holds it.

use std::collections::BTreeSet;

use filter::Status;
use jiff::{Timestamp, civil::Date};
use serde_json::{Map, Value};

use super::Standing;

/// The row of a relationship, without its ids.
#[derive(Clone, Debug, PartialEq)]
pub struct Relationship {
    /// The app's own id of the customer.
    pub user_id: Option<String>,
    /// The name last given in this project.
    pub name: Option<String>,
    /// The payment status.
    pub status: Status,
    /// When the status became what it is.
    pub status_since: Timestamp,
    /// The earliest time at which a call said `paid`.
    pub first_paid: Option<Timestamp>,
    /// The free-form values.
    pub params: Map<String, Value>,
    /// Keys that only publishable calls have set.
    pub open_keys: BTreeSet<String>,
    /// The earliest time at which the customer was seen.
    pub first_seen: Timestamp,
    /// The latest.
    pub last_activity: Timestamp,
    /// When an import was received that told what the customer holds without saying since when: by that it is dated, not by its
    /// birth.
    pub imported: Option<Timestamp>,
    /// The latest day of activity that is marked, in the zone of when it was marked.
    pub last_day: Option<Date>,
    /// The date of the call that created the relationship.
    pub began: Timestamp,
    /// The latest date of a change: only a call that is older can be late.
    pub last_change: Timestamp,
}

impl Relationship {
    /// Somebody seen for the first time: free, and nothing else is known.
    pub fn new(at: Timestamp) -> Relationship {
        Relationship {
            user_id: None,
            name: None,
            status: Status::Free,
            status_since: at,
            first_paid: None,
            params: Map::new(),
            open_keys: BTreeSet::new(),
            first_seen: at,
            last_activity: at,
            imported: None,
            last_day: None,
            began: at,
            last_change: at,
        }
    }

    /// How the status stands.
    pub fn standing(&self) -> Standing {
        Standing { status: self.status, status_since: self.status_since, first_paid: self.first_paid }
    }

    /// Takes in how the status stands.
    pub fn stand(&mut self, Standing { status, status_since, first_paid }: Standing) {
        (self.status, self.status_since, self.first_paid) = (status, status_since, first_paid);
    }

    /// Marks that the customer was seen.
    pub fn see(&mut self, at: Timestamp) {
        self.first_seen = self.first_seen.min(at);
        self.last_activity = self.last_activity.max(at);
    }
}
