//! What is said of columns and keys by their names: what they may be, and what a name says that is not heeded.

use jiff::{Timestamp, tz::TimeZone};

use crate::{
    import::{
        cell::value::Type,
        column::{
            columns::{Columns, Part, Target},
            field,
        },
        look::about::Note,
        rejects::is_rejects,
    },
    model::flag::flag,
};

/// A day in winter and one in summer: a zone that is UTC on both is UTC.
const DAYS: [Timestamp; 2] = [Timestamp::constant(1_767_225_600, 0), Timestamp::constant(1_782_864_000, 0)];

/// A column or key, and what it becomes.
pub(crate) struct Named<'a> {
    pub(crate) name: &'a str,
    pub(crate) target: Target,
    pub(crate) kind: Type,
    /// Whether `--map` says what it becomes.
    pub(crate) is_mapped: bool,
}

impl<'a> From<&'a Part> for Named<'a> {
    fn from(Part { name, target, kind, is_mapped, .. }: &'a Part) -> Named<'a> {
        Named { name, target: target.clone(), kind: kind.clone(), is_mapped: *is_mapped }
    }
}

/// What columns may be that are named in no way of ours, and zones in their names.
pub(crate) fn of_names(all: &[Named<'_>]) -> Vec<Note> {
    let mut notes = Vec::new();
    let have =
        |field: &str| all.iter().any(|one| matches!(one.target, Target::Field(other) if other == field));
    let params = || all.iter().filter(|one| !one.is_mapped && matches!(one.target, Target::Param(_)));
    let mut asked = Vec::new();
    for Named { name, target, .. } in params() {
        let Some(field) = field::elsewhere(name).filter(|field| !have(field) && !asked.contains(field))
        else {
            continue;
        };
        asked.push(field);
        notes.push(
            Note::new(format!("The column {name} becomes {target}. Perhaps it is the {field}."))
                .hint(format!("If so, add {}", flag("map", &format!("{name}={field}")))),
        );
    }
    let named = |letters: &str| params().find(|one| field::letters(one.name) == letters);
    if let (Some(first), Some(last), false) =
        (named("firstname"), named("lastname"), have("name") || asked.contains(&"name"))
    {
        notes.push(of_two_names(first.name, last.name));
    }
    notes.extend(all.iter().filter_map(of_zone));
    notes
}

fn of_two_names(first: &str, last: &str) -> Note {
    Note::new(format!("There is no name, but {first} and {last}."))
        .hint(format!("To make a name of them add {}", flag("map", &format!("{first}+{last}=name"))))
}

/// A zone in the name of a column of times: it is not read in it.
fn of_zone(one: &Named<'_>) -> Option<Note> {
    let is_time = match (&one.kind, &one.target) {
        (Type::Unix, _) | (_, Target::Nothing) => false,
        (Type::Date(format), _) => !["%z", "%:z", "%Q", "%s"].iter().any(|part| format.contains(part)),
        (_, target) => matches!(target, Target::Field(field) if field::is_time(field)),
    };
    let zone =
        one.name.split(|c: char| c.is_whitespace() || "()[],;:".contains(c)).find(|word| is_zone(word));
    zone.filter(|_| is_time).map(|zone| {
        Note::new(format!(
            "The column {} names the zone {zone}, which is not heeded: times without a zone of their own are read as UTC.",
            one.name
        ))
        .hint("If hours matter, export it in UTC, or with the offset in each cell as in 2026-03-01T09:00:00+01:00")
    })
}

/// Whether a word is a zone as the IANA names them, and not UTC.
fn is_zone(word: &str) -> bool {
    let zone = word.contains('/').then(|| TimeZone::get(word).ok()).flatten();
    zone.is_some_and(|zone| DAYS.iter().any(|day| zone.to_offset(*day).seconds() != 0))
}

/// The column of reasons in a file of rejected rows.
pub(crate) fn of_reason(columns: &Columns) -> Option<Note> {
    let first = columns.parts.first().filter(|_| is_rejects(&columns.header))?;
    (first.target == Target::Nothing && !first.is_mapped).then(|| {
        Note::new("The first column, reason, is taken for the reasons of an earlier import and left out.")
            .hint(format!("To import it add {}", flag("map", "reason=params.reason")))
    })
}
