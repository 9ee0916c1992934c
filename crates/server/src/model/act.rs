//! What a member does to many customers at once, as what is kept, as a call, and in English.

use filter::Status;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json, value::to_raw_value};

use super::{
    ActId, Call, Identify, Reason, Refusal,
    body::{self, Terms},
    now,
};

/// What is done to each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum What {
    /// A key of the params becomes a value.
    Set {
        /// The key.
        key: String,
        /// The value.
        value: Value,
    },
    /// A key of the params goes.
    Unset {
        /// The key.
        key: String,
    },
    /// The status becomes another.
    Status {
        /// The status.
        status: String,
    },
    /// A value comes into an array, unless it is in it.
    Add {
        /// The key of the array.
        key: String,
        /// The value.
        value: Value,
    },
    /// A value leaves an array.
    Remove {
        /// The key of the array.
        key: String,
        /// The value.
        value: Value,
    },
    /// The person disappears from every project.
    Erase,
    /// What another act wrote becomes what it was before, where it is still what that wrote.
    Undo {
        /// That act.
        act: ActId,
    },
}

impl What {
    /// What it writes to a customer whom nobody has named yet. Refused as any call is; an erasure writes
    /// nothing, and what an undoing writes is in the log.
    pub fn call(&self) -> Result<Identify, Refusal> {
        let fields = match self {
            What::Set { key, value } => json!({ "params": { key: value } }),
            What::Unset { key } => json!({ "unset": [key] }),
            What::Status { status } => json!({ "status": status }),
            What::Add { key, value } => json!({ "add": { key: value } }),
            What::Remove { key, value } => json!({ "remove": { key: value } }),
            What::Erase | What::Undo { .. } => json!({}),
        };
        let mut body = json!({ "email": "somebody@example.com" });
        if let (Value::Object(body), Value::Object(fields)) = (&mut body, fields) {
            body.extend(fields);
        }
        let unread = || Refusal::new(Reason::InvalidFields, "the value has no JSON text");
        let raw = to_raw_value(&body).map_err(|_| unread())?;
        match body::identify(&raw, Terms { now: now(), publishable: false, live: false })? {
            Call::Identify(call) => Ok(*call),
            Call::Ping(_) => Err(unread()),
        }
    }

    /// What it does, as an order: `Set plan to "pro"`.
    pub fn order(&self) -> String {
        match self {
            What::Set { key, value } => format!("Set {key} to {value}"),
            What::Unset { key } => format!("Remove {key}"),
            What::Status { status } => format!("Set the status to {status}"),
            What::Add { key, value } => format!("Add {value} to {key}"),
            What::Remove { key, value } => format!("Take {value} out of {key}"),
            What::Erase => "Erase".to_owned(),
            What::Undo { .. } => "Undo".to_owned(),
        }
    }

    /// Whether what it did can be taken back.
    pub fn can_be_undone(&self) -> bool {
        *self != What::Erase
    }

    /// The status of that name.
    pub fn status(name: &str) -> Option<What> {
        let known = Status::ALL.into_iter().find(|status| status.as_str() == name)?;
        Some(What::Status { status: known.as_str().to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_back_and_is_a_call() {
        let (key, value) = ("plan".to_owned(), json!("pro"));
        for (what, order) in [
            (What::Set { key: key.clone(), value: value.clone() }, "Set plan to \"pro\""),
            (What::Unset { key: key.clone() }, "Remove plan"),
            (What::status("paid").unwrap(), "Set the status to paid"),
            (What::Add { key: key.clone(), value: value.clone() }, "Add \"pro\" to plan"),
            (What::Remove { key, value }, "Take \"pro\" out of plan"),
        ] {
            let kept = serde_json::to_value(&what).unwrap();
            assert_eq!(serde_json::from_value::<What>(kept).unwrap(), what);
            let call = what.call().unwrap();
            assert_eq!((call.live, what.order().as_str()), (false, order));
            assert_eq!(call.edits.len() + usize::from(call.status.is_some()), 1);
        }
        assert_eq!(What::status("gone"), None);
        assert!(What::Unset { key: "\0".to_owned() }.call().is_err(), "it is judged as any call is");
    }
}
