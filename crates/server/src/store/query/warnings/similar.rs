//! Fields that were probably meant by one that nobody has.

use filter::{Field, Path};

use crate::model::elsewhere;

/// What other systems call fields that everybody has here, beside the names that a column of an import may have: there
/// `state` is a part of a country.
static ELSEWHERE: [(&str, Field); 3] =
    [("state", Field::Status), ("updated", Field::LastActivity), ("updated_at", Field::LastActivity)];

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
    let here = ELSEWHERE.iter().filter(|(other, _)| other.eq_ignore_ascii_case(&name));
    let here = here.map(|(_, field)| field.clone());
    let named = elsewhere::field(&name).and_then(|field| filter::parse_field(field).ok());
    inside.chain(alike).chain(here).chain(named).collect()
}
