//! The payment status of a customer in a project.

use std::fmt;
use std::str::FromStr;

use crate::error::is_slip;

/// Where a customer stands with a product. Ordered from the first to the last stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Uses the product without paying; what a new relationship is unless told otherwise.
    Free,
    /// Tries a paid plan.
    Trial,
    /// Pays.
    Paid,
    /// Has stopped paying.
    Churned,
}

/// The word is not one of the four.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a status is free, trial, paid or churned")]
pub struct UnknownStatus;

impl Status {
    /// Every status, in order.
    pub const ALL: [Status; 4] = [Status::Free, Status::Trial, Status::Paid, Status::Churned];

    /// The word that is stored, sent and written in filters.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Free => "free",
            Status::Trial => "trial",
            Status::Paid => "paid",
            Status::Churned => "churned",
        }
    }

    /// What another word probably means: the vocabularies of billing providers, and other cases and spellings.
    pub fn guess(word: &str) -> Option<Status> {
        let word = word.trim().to_lowercase();
        match word.as_str() {
            "free" | "freemium" | "none" | "lead" | "signup" | "registered" => Some(Status::Free),
            "trial" | "trialing" | "trialling" | "in_trial" | "on_trial" | "trial_period" => {
                Some(Status::Trial)
            }
            "paid" | "active" | "past_due" | "paying" | "subscribed" | "premium" | "customer" | "unpaid" => {
                Some(Status::Paid)
            }
            "churned" | "canceled" | "cancelled" | "expired" | "ended" | "inactive"
            | "incomplete_expired" | "lapsed" => Some(Status::Churned),
            _ => closest(&word),
        }
    }
}

/// The status that differs from the word by a slip of the finger.
fn closest(word: &str) -> Option<Status> {
    Status::ALL.into_iter().find(|status| word.len() > 2 && is_slip(word, status.as_str()))
}

impl FromStr for Status {
    type Err = UnknownStatus;

    fn from_str(word: &str) -> Result<Status, UnknownStatus> {
        Status::ALL.into_iter().find(|status| status.as_str() == word).ok_or(UnknownStatus)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
