//! What somebody looked at before they wrote: it must still be so, or the call is left.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{CustomerId, Kept, Relationship};

/// What a call's writer has seen of a relationship that there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Whose it is.
    pub customer: CustomerId,
    /// Names (`name`, `status`, `params.KEY`) with the [`mark`] of what they held; `None` where it was missing.
    pub held: BTreeMap<String, Option<String>>,
}

/// What tells a value from every other: the hash of its JSON text.
pub fn mark(value: &Value) -> String {
    mark_of(&Kept::digest(value))
}

/// The same of a value as the log keeps it.
pub fn mark_of(kept: &Kept) -> String {
    match kept {
        Kept::Whole(value) => mark(value),
        Kept::Digest(digest) => digest["sha256"].as_str().unwrap_or_default().to_owned(),
    }
}

impl Seen {
    /// That a customer is in the project, whatever is so of them there.
    pub fn known(customer: CustomerId) -> Seen {
        Seen { customer, held: BTreeMap::new() }
    }

    /// Whether all of it is still so.
    pub fn holds(&self, found: Option<CustomerId>, row: Option<&Relationship>) -> bool {
        let same = |row: &Relationship| {
            self.held.iter().all(|(name, held)| row.value(name).as_ref().map(mark) == *held)
        };
        found == Some(self.customer) && row.is_some_and(same)
    }
}

impl Relationship {
    /// What a name of the log holds: `name`, `status` or `params.KEY`.
    fn value(&self, name: &str) -> Option<Value> {
        match name {
            "name" => self.name.as_deref().map(Value::from),
            "status" => Some(Value::from(self.status.as_str())),
            other => self.params.get(other.strip_prefix("params.")?).cloned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;

    #[test]
    fn it_holds_only_where_nothing_has_changed() {
        let (ada, bill) = (CustomerId::new(), CustomerId::new());
        let mut row = Relationship::new(Timestamp::UNIX_EPOCH);
        row.params.insert("mrr".to_owned(), json!(29));
        let seen = |name: &str, held: Option<Value>| Seen {
            customer: ada,
            held: BTreeMap::from([(name.to_owned(), held.as_ref().map(mark))]),
        };
        for (name, held, holds) in [
            ("params.mrr", Some(json!(29)), true),
            ("params.mrr", Some(json!("29")), false),
            ("params.mrr", None, false),
            ("params.plan", None, true),
            ("status", Some(json!("free")), true),
            ("name", None, true),
            ("name", Some(json!("")), false),
        ] {
            let seen = seen(name, held);
            assert_eq!(seen.holds(Some(ada), Some(&row)), holds, "{seen:?}");
            assert!(!seen.holds(Some(bill), Some(&row)), "of another");
            assert!(!seen.holds(Some(ada), None), "who is gone is not made anew");
        }
    }
}
