//! What a member has just edited, and its undoing: the old value is written where the new one still stands.

use std::collections::BTreeMap;

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    Asked, Done, customer_page,
    timeline::{Diff, diff},
    written::{Told, Written, to_page, write},
};
use crate::{
    http::{
        App, Code, Problem,
        extract::{Form, Path},
    },
    model::{CustomerId, Edit, Kept, Project, Sides, back, held},
    store::{
        View,
        customer::{self, Entry},
    },
    web::{frame::Frame, page::Page, session::Admin},
};

/// An edit, as the page says it.
pub(super) struct Edited {
    pub(super) project: Project,
    pub(super) version: i64,
    pub(super) diffs: Vec<Diff>,
    /// Whether it can be undone: a value that is too long for the log cannot, nor can a first name.
    pub(super) can_undo: bool,
}

/// Which edit it is.
#[derive(Deserialize)]
pub struct UndoForm {
    project: String,
    version: i64,
}

/// `POST /customers/{id}/undo`: what was before an edit is so again, where nobody has changed it since.
pub async fn undo(
    State(app): State<App>,
    Admin(member): Admin,
    frame: Frame,
    Path(id): Path<CustomerId>,
    Form(UndoForm { project, version }): Form<UndoForm>,
) -> Result<Response, Problem> {
    let entry = entry(&app, &frame, id, &project, version).await?;
    let entry = entry.ok_or_else(|| Problem::new(Code::NotFound, "That edit is not in the history."))?;
    let person = customer::load(&app.store, &View::account(member.account), id).await?;
    let told = before(&entry).ok_or_else(|| Problem::new(Code::Conflict, CANNOT))?;
    match write(&app, &member, entry.place.project, &person, told).await? {
        Written::Stored(version) => Ok(to_page(id, &project, version).into_response()),
        Written::Same => Ok(Done::Same.redirect(id).into_response()),
        Written::Refused(why) => Err(Problem::new(Code::Conflict, why)),
        Written::Meanwhile => {
            let mut page = customer_page(&app, frame, id, Asked::default()).await?;
            page.wrong = Some("It was changed since: nothing was undone. What it is now stands below.");
            Ok((StatusCode::CONFLICT, Page(page)).into_response())
        }
    }
}

/// Why an edit cannot be undone.
const CANNOT: &str = "What was before is not known word for word, or cannot be taken away again.";

/// The member's own edit in a project with a version.
async fn entry(
    app: &App,
    frame: &Frame,
    id: CustomerId,
    project: &str,
    version: i64,
) -> Result<Option<Entry>, Problem> {
    let (account, member) = (frame.member.account, frame.member.id);
    let Some(project) = frame.project(project) else { return Ok(None) };
    Ok(customer::entered_by(&app.store, (account, id, project.id), version, member).await?)
}

/// What the page says of an edit that has just been.
pub(super) async fn edited(
    app: &App,
    frame: &Frame,
    id: CustomerId,
    asked: &Asked,
) -> Result<Option<Edited>, Problem> {
    let (Some(version), "edited") = (asked.version, asked.done.as_str()) else { return Ok(None) };
    let entry = entry(app, frame, id, &asked.project, version).await?;
    let project = frame.project(&asked.project).cloned();
    Ok(entry.zip(project).map(|(entry, project)| {
        let (fields, params) = (&entry.change.fields, &entry.change.params);
        let fields = fields.iter().map(|(name, sides)| diff(name, sides, frame.formats()));
        let diffs =
            fields.chain(params.iter().map(|(key, sides)| diff(key, sides, frame.formats()))).collect();
        Edited { project, version, diffs, can_undo: before(&entry).is_some() }
    }))
}

/// The fields of the `identify` that says what was before, and the names with the marks of what is after; `None` where that
/// cannot be said.
fn before(entry: &Entry) -> Option<Told> {
    let (mut fields, mut params, mut unset) = (Map::new(), Map::new(), Vec::new());
    let mut seen = BTreeMap::new();
    let mut hold = |name: String, sides: &Sides| seen.insert(name, held(sides));
    for (name, sides) in &entry.change.fields {
        if !["name", "status"].contains(name) {
            return None;
        }
        let Some(Kept::Whole(before)) = &sides.before else { return None };
        fields.insert((*name).to_owned(), before.clone());
        hold((*name).to_owned(), sides);
    }
    for (key, sides) in &entry.change.params {
        match back(sides)? {
            Edit::Set(before) => drop(params.insert(key.clone(), before)),
            _ => unset.push(key.as_str()),
        }
        hold(format!("params.{key}"), sides);
    }
    fields.insert("params".to_owned(), Value::Object(params));
    fields.insert("unset".to_owned(), json!(unset));
    Some(Told { fields, held: seen })
}
