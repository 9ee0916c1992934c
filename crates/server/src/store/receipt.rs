//! What a request to write is answered: one outcome a call, and the version that has them all.

use serde::{Deserialize, Serialize};

use crate::model::{CustomerId, KeyId, Refusal};

/// What became of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was stored.
    Identified(Identified),
    /// It was heard, and whoever it spoke of marked if they exist.
    Pinged,
    /// It is about somebody whom the account ignores: nothing of it was stored.
    Ignored,
    /// It was to be stored only where something is so, and it is not: nothing of it was.
    Left,
    /// Stored state refused it; nothing of it was stored.
    Refused(Refusal),
}

/// What an `identify` did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identified {
    /// Whom it was about.
    pub customer: CustomerId,
    /// Whether the customer is new in the project.
    pub created: bool,
    /// Whether anything but the activity differs from before.
    pub changed: bool,
    /// Names of which something later is known, and stays.
    pub stale: Vec<String>,
}

/// The answer to a request: committed under `version`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The account's version that has it all.
    pub version: i64,
    /// One a call, in the order of the calls.
    pub outcomes: Vec<Outcome>,
}

/// What makes a request happen once, however often it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Once {
    /// The API key; two keys never share an idempotency key.
    pub scope: KeyId,
    /// The caller's `Idempotency-Key`, hashed.
    pub key: String,
    /// A keyed hash of the request: another one under the same key is refused.
    pub request: [u8; 32],
}
