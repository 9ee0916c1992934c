//! One person as one JSON document, written as it is read: all that an account holds of them.

use std::{io, pin::pin};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, TryStreamExt, stream::iter};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::shape::{ActivityOut, ChangeOut, RelationshipOut};
use crate::{
    model::{CustomerId, ImportId, ProjectId},
    store::{
        customer::RefusedKey,
        dossier::{Dossier, Head, Item},
        import::Mention,
        note::Note,
    },
};

/// All that is held of a person.
#[derive(ToSchema)]
#[expect(dead_code, reason = "a schema: the document is written part by part")]
pub struct DossierOut {
    /// The account's version that all of it is of.
    version: i64,
    /// When it was read.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Null where nobody is a customer: then `imports` alone tells of them.
    id: Option<CustomerId>,
    /// Null where an app's id was asked for that no customer has.
    email: Option<String>,
    /// Other addresses that have been merged with it. A project's key sees those that its project was told.
    aliases: Vec<String>,
    /// What apps called them before a merge.
    user_ids: Vec<UserIdOut>,
    /// What is about them on the list of who is ignored; told to account keys only.
    ignored: Vec<String>,
    /// Merges that can still be undone, for which both people are kept as they were; told to account keys only.
    merges: Vec<MergeOut>,
    /// The days on which the person was seen, per project.
    activity: Vec<ActivityOut>,
    /// One per project, oldest project first.
    relationships: Vec<RelationshipOut>,
    /// Keys that a browser tried to set in vain.
    refused: Vec<RefusedOut>,
    /// What members have noted of them, oldest first; told to account keys only.
    notes: Vec<NoteOut>,
    /// Rows of imports that were not taken and name them, and what was noted of a file that does.
    imports: Vec<MentionOut>,
    /// The whole history, oldest first.
    changes: Vec<ChangeOut>,
}

/// An id from before a merge.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UserIdOut {
    project: String,
    user_id: String,
}

/// A merge of two people.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MergeOut {
    /// The address that became an alias.
    alias: String,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

/// A key that a browser tried to set in vain.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RefusedOut {
    project: String,
    key: String,
    times: i64,
    #[schema(value_type = String, format = DateTime)]
    last_at: Timestamp,
}

/// What a member has noted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NoteOut {
    text: String,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// When it was edited last.
    #[schema(value_type = Option<String>, format = DateTime)]
    edited: Option<Timestamp>,
    /// The e-mail of who wrote it; null where they have left.
    by: Option<String>,
}

/// What an import has kept that names somebody.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MentionOut {
    import: ImportId,
    project: String,
    /// The file's name.
    file: String,
    /// Of a row: on which line it begins.
    line: Option<i64>,
    /// Why the row was not taken, or what was noted of the file.
    detail: String,
    /// The row as it stands in the file: its cells as a JSON array, or its JSON.
    raw: Option<String>,
}

/// The lists that are written as they are read, in this order.
const LISTS: [&str; 5] = ["relationships", "refused", "notes", "imports", "changes"];

/// The document in pieces, of which none is much longer than the longest change.
pub fn person(dossier: Dossier) -> impl Stream<Item = io::Result<Bytes>> + Send {
    let mut writer = Writer { slugs: dossier.head.projects.clone(), list: 0, empty: true };
    let head = head(&dossier.head);
    let pages = dossier.items().map_ok(Some).map_err(io::Error::other).chain(iter([Ok(None)]));
    let rest = pages.map(move |page| match page? {
        Some(items) => writer.items(items),
        None => Ok(writer.end()),
    });
    iter([head]).chain(rest).map_ok(Bytes::from)
}

/// Writes the whole document.
pub async fn write_person(dossier: Dossier, out: &mut impl io::Write) -> io::Result<()> {
    let mut pieces = pin!(person(dossier));
    while let Some(piece) = pieces.try_next().await? {
        out.write_all(&piece)?;
    }
    Ok(())
}

/// All that is short, and the beginning of the first list.
fn head(head: &Head) -> io::Result<Vec<u8>> {
    let slug = |id| slug(&head.projects, id);
    let user_id =
        |(project, user_id): &(_, String)| UserIdOut { project: slug(*project), user_id: user_id.clone() };
    let merge = |(alias, at): &(String, _)| MergeOut { alias: alias.clone(), at: *at };
    let days = |(project, days): &(_, Vec<_>)| ActivityOut::new(slug(*project), days);
    let short = json!({
        "version": head.version,
        "at": head.at,
        "id": head.id,
        "email": head.email,
        "aliases": head.aliases,
        "user_ids": head.user_ids.iter().map(user_id).collect::<Vec<_>>(),
        "ignored": head.ignored.iter().map(|pattern| pattern.as_str()).collect::<Vec<_>>(),
        "merges": head.merges.iter().map(merge).collect::<Vec<_>>(),
        "activity": head.activity.iter().map(days).collect::<Vec<_>>(),
    });
    let mut out = serde_json::to_vec(&short)?;
    out.pop();
    out.extend_from_slice(format!(",\"{}\":[", LISTS[0]).as_bytes());
    Ok(out)
}

/// Writes the lists.
struct Writer {
    slugs: Vec<(ProjectId, String)>,
    /// The list that is open.
    list: usize,
    /// Whether it is empty so far.
    empty: bool,
}

impl Writer {
    fn items(&mut self, items: Vec<Item>) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        for item in items {
            let slug = |id| slug(&self.slugs, id);
            match item {
                Item::Relationship(one) => {
                    let one = RelationshipOut::new(slug(one.project), *one);
                    self.put(&mut out, 0, &one)?;
                }
                Item::Refused(RefusedKey { project, key, times, last_at }) => {
                    let one = RefusedOut { project: slug(project), key, times, last_at };
                    self.put(&mut out, 1, &one)?;
                }
                Item::Note(Note { text, at, edited, email, .. }) => {
                    let one = NoteOut { text, at, edited, by: email };
                    self.put(&mut out, 2, &one)?;
                }
                Item::Mention(Mention { import, project, file, line, detail, raw }) => {
                    let one = MentionOut { import, project: slug(project), file, line, detail, raw };
                    self.put(&mut out, 3, &one)?;
                }
                Item::Change(entry) => {
                    let one = ChangeOut::new(slug(entry.place.project), &entry);
                    self.put(&mut out, 4, &one)?;
                }
            }
        }
        Ok(out)
    }

    fn put(&mut self, out: &mut Vec<u8>, list: usize, one: &impl Serialize) -> io::Result<()> {
        self.open(out, list);
        if !std::mem::take(&mut self.empty) {
            out.push(b',');
        }
        Ok(serde_json::to_writer(out, one)?)
    }

    /// Goes on to a list: those before it have ended.
    fn open(&mut self, out: &mut Vec<u8>, list: usize) {
        while self.list < list {
            self.list += 1;
            self.empty = true;
            out.extend_from_slice(format!("],\"{}\":[", LISTS[self.list]).as_bytes());
        }
    }

    fn end(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        self.open(&mut out, LISTS.len() - 1);
        out.extend_from_slice(b"]}\n");
        out
    }
}

fn slug(slugs: &[(ProjectId, String)], id: ProjectId) -> String {
    let known = slugs.iter().find(|(project, _)| *project == id);
    known.map(|(_, slug)| slug.clone()).unwrap_or_default()
}
