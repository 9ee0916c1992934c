//! The fields of a call that a column can be.

use crate::model::elsewhere;
pub(crate) use crate::model::elsewhere::letters;

/// The fields of a call that a column can be.
pub const FIELDS: [&str; 9] = [
    "email",
    "user_id",
    "name",
    "status",
    "timestamp",
    "first_seen",
    "first_paid",
    "status_since",
    "last_activity",
];

/// What `--map` may call them too.
const ALSO: [(&str, &str); 6] = [
    ("paid_since", "first_paid"),
    ("churned_at", "status_since"),
    ("canceled_at", "status_since"),
    ("cancelled_at", "status_since"),
    ("last_login", "last_activity"),
    ("last_seen", "last_activity"),
];

/// Fields of the filter language that no import can set.
const NOT_TAKEN: [&str; 3] = ["project", "domain", "imported"];

/// The field of exactly this name, in any case.
pub(crate) fn named(name: &str) -> Option<&'static str> {
    FIELDS.into_iter().find(|field| field.eq_ignore_ascii_case(name))
}

/// The field that `--map` means, also by a name that it may have there.
pub(crate) fn meant(name: &str) -> Option<&'static str> {
    let also = || ALSO.iter().find(|(also, _)| also.eq_ignore_ascii_case(name)).map(|(_, field)| *field);
    named(name).or_else(also)
}

/// Whether its values are points in time.
pub(crate) fn is_time(field: &str) -> bool {
    FIELDS[4..].contains(&field)
}

/// The field that a column is in other systems.
pub(crate) fn elsewhere(name: &str) -> Option<&'static str> {
    let letters = letters(name);
    if let Some(field) = FIELDS.into_iter().find(|field| self::letters(field) == letters) {
        return Some(field);
    }
    elsewhere::field(name)
}

/// Why a name that `--map` gives cannot be one of a param: it looks like a field and is none.
pub(crate) fn mistaken(name: &str) -> Option<String> {
    let bare = name.to_lowercase();
    if NOT_TAKEN.contains(&bare.as_str()) {
        return Some(format!("{name} is a field that an import does not set"));
    }
    let letters = letters(name);
    let near = |field: &str| {
        let other = self::letters(field);
        other == letters || other.len() > 7 && filter::is_slip(&other, &letters)
    };
    let fields = FIELDS.into_iter().chain(ALSO.iter().map(|(also, _)| *also));
    fields
        .into_iter()
        .find(|field| near(field))
        .map(|field| format!("{name} is no field; {field} is probably meant"))
}

/// The names of all fields, for messages.
pub(crate) fn names() -> String {
    FIELDS.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_other_systems_are_known() {
        for (name, field) in [
            ("E-Mail", "email"),
            ("Email Address", "email"),
            ("User ID", "user_id"),
            ("userId (metadata)", "user_id"),
            ("Created (UTC)", "first_seen"),
            ("Last Activity Date (GMT+1)", "last_activity"),
            ("churned_at", "status_since"),
            ("Full Name", "name"),
        ] {
            assert_eq!(elsewhere(name), Some(field), "{name}");
        }
        for name in ["plan", "E-mail 1 - Label", "Company name", "mrr", "id"] {
            assert_eq!(elsewhere(name), None, "{name}");
        }
    }

    #[test]
    fn a_field_that_is_none_is_found() {
        for name in ["userid", "e-mail", "First Seen", "frist_seen", "project", "statussince", "paid-since"] {
            assert!(meant(name).is_none() && mistaken(name).is_some(), "{name}");
        }
        for name in ["stats", "names", "plan", "id", "params.user-id", "paid"] {
            assert_eq!(mistaken(name), None, "{name}");
        }
        assert_eq!(meant("Last_Login"), Some("last_activity"));
    }
}
