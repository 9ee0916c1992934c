//! Fields that were probably meant by one that nobody has.

use filter::{Field, Path};

/// What other systems call fields that everybody has here.
static ELSEWHERE: [(&str, Field); 14] = [
    ("created", Field::FirstSeen),
    ("created_at", Field::FirstSeen),
    ("createdat", Field::FirstSeen),
    ("signup", Field::FirstSeen),
    ("signed_up", Field::FirstSeen),
    ("signed_up_at", Field::FirstSeen),
    ("joined", Field::FirstSeen),
    ("last_login", Field::LastActivity),
    ("last_active", Field::LastActivity),
    ("updated", Field::LastActivity),
    ("updated_at", Field::LastActivity),
    ("e-mail", Field::Email),
    ("mail", Field::Email),
    ("state", Field::Status),
];

/// The fields that look like one that nobody has, best first: a key inside an object, keys and fields spelt alike, and what
/// another system calls so.
pub(super) fn fields(unknown: &Field, paths: &[Path]) -> Vec<Field> {
    let Some(written) = unknown.path() else { return Vec::new() };
    let name = written.to_string();
    let is_last = |path: &&Path| {
        let last = path.keys().last().zip(written.keys().last());
        path.keys().len() > written.keys().len() && last.is_some_and(|(a, b)| a.eq_ignore_ascii_case(b))
    };
    let inside = paths.iter().filter(is_last).map(|path| Field::Params(path.clone()));
    let known: Vec<(String, Field)> = paths
        .iter()
        .map(|path| (path.to_string(), Field::Params(path.clone())))
        .chain(Field::built_in().map(|field| (field.to_string(), field.clone())))
        .collect();
    let names: Vec<String> = known.iter().map(|(name, _)| name.clone()).collect();
    let alike = filter::similar(&name, &names).into_iter();
    let alike =
        alike.filter_map(|near| known.iter().find(|(name, _)| *name == near).map(|(_, field)| field.clone()));
    let elsewhere = ELSEWHERE.iter().filter(|(other, _)| other.eq_ignore_ascii_case(&name));
    let elsewhere = elsewhere.map(|(_, field)| field.clone());
    inside.chain(alike).chain(elsewhere).collect()
}
