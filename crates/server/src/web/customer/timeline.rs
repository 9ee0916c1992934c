//! What calls have altered, newest first: each key before and after, by whom, and how its date is known.

use jiff::{Timestamp, tz::TimeZone};

use crate::{
    model::{DatedBy, Formats, Kept, Project, Sides, Source},
    store::{author::Authors, customer::Entry},
    web::{frame::Frame, page::value::Shown},
};

/// Keys of one change.
const DIFFS: usize = 50;

/// What one call altered.
pub(super) struct ChangeView {
    pub(super) at: Timestamp,
    pub(super) clock: String,
    /// The same to the second.
    pub(super) exact: String,
    /// Whether the relationship began with it.
    pub(super) created: bool,
    pub(super) project: Option<Project>,
    pub(super) source: String,
    /// Where more is told of the source.
    pub(super) link: Option<String>,
    /// What is to be said of its date.
    pub(super) dated: &'static str,
    pub(super) diffs: Vec<Diff>,
    /// How many other keys it altered.
    pub(super) more: usize,
    pub(super) stale: String,
}

/// A key before and after; nothing is a key that was missing.
pub(super) struct Diff {
    pub(super) key: String,
    pub(super) before: Option<Shown>,
    pub(super) after: Option<Shown>,
}

/// A change as the page shows it.
pub(super) fn change_view(frame: &Frame, zone: &TimeZone, authors: &Authors, entry: &Entry) -> ChangeView {
    let Entry { change, source, .. } = entry;
    let formats = frame.formats();
    let (fields, params) = (&change.fields, &change.params);
    let fields = fields.iter().map(|(name, sides)| diff(name, sides, formats));
    ChangeView {
        at: change.at,
        created: change.created,
        clock: frame.formats().minute(change.at, zone),
        exact: frame.formats().exact(&change.at, zone),
        project: frame.project_of(entry.place.project).cloned(),
        source: by(*source, authors),
        link: match source {
            Source::Act(act) => Some(format!("/acts/{act}")),
            Source::Import(Some(run)) if authors.contains_key(&run.0) => Some(format!("/imports/{run}")),
            _ => None,
        },
        dated: match change.dated_by {
            _ if entry.inferred => "reconstructed by an upgrade",
            DatedBy::FirstSeen => "dated by first_seen",
            DatedBy::Caller | DatedBy::Receipt => "",
        },
        diffs: fields
            .chain(params.iter().map(|(key, sides)| diff(key, sides, formats)).take(DIFFS))
            .collect(),
        more: params.len().saturating_sub(DIFFS),
        stale: change.stale.iter().take(DIFFS).map(String::as_str).collect::<Vec<_>>().join(", "),
    }
}

/// Who it was: the key's label, the member's e-mail, the file's name, as long as they are there.
fn by(source: Source, authors: &Authors) -> String {
    let name = source.id().and_then(|id| authors.get(&id)).filter(|name| !name.is_empty());
    match (source, name) {
        (Source::Secret(_), Some(label)) => format!("the key {label:?}"),
        (Source::Secret(_), None) => "an API key".to_owned(),
        (Source::Publishable(_), Some(label)) => format!("a browser, with the key {label:?}"),
        (Source::Publishable(_), None) => "a browser".to_owned(),
        (Source::Member(_), Some(email)) => email.clone(),
        (Source::Member(_), None) => "a member who has left".to_owned(),
        (Source::Act(_), Some(email)) => format!("{email}, to many at once"),
        (Source::Act(_), None) => "a member, to many at once".to_owned(),
        (Source::Import(_), Some(file)) => format!("the import of {file}"),
        (Source::Import(_), None) => "an import".to_owned(),
        (Source::Connector(_), _) => source.name().unwrap_or("a connector").to_owned(),
    }
}

/// A key before and after.
pub(super) fn diff(key: &str, sides: &Sides, formats: Formats) -> Diff {
    let shown = |side: &Option<Kept>| side.as_ref().map(|kept| Shown::kept(kept, formats));
    Diff { key: key.to_owned(), before: shown(&sides.before), after: shown(&sides.after) }
}
