//! Imports: a file is chosen, looked at until it is read as it is meant, and brought in.

pub mod file;
mod proposals;
pub mod run;

use std::pin::pin;

use askama::Template;
use axum::{
    body::Bytes,
    extract::{Request, State},
    response::{IntoResponse, Redirect},
};
use futures_util::{Stream, stream};
use serde::Deserialize;

use crate::{
    api::{imports::looking, upload},
    http::{App, Code, Problem, extract::Query as UrlQuery, multipart::Multipart},
    import::{FILE_MAX, NAME_MAX, Report, Spooled, Waiting},
    model::Project,
    store::{AccountId, View, import as stored},
    web::{frame::Frame, page::Page, projects, session::Admin},
};

/// The most bytes that can be pasted instead of a file.
const PASTED_MAX: usize = 1 << 20;

#[derive(Template)]
#[template(path = "imports/list.html")]
struct ImportsPage {
    frame: Frame,
    /// The slug of the project that is chosen at first.
    chosen: String,
    runs: Vec<(Report, Project)>,
}

/// What the address of the list says.
#[derive(Deserialize)]
pub struct Chosen {
    #[serde(default)]
    project: String,
}

/// `GET /imports`: the form for another file, and the imports of before.
pub async fn list_imports(
    State(app): State<App>,
    frame: Frame,
    UrlQuery(Chosen { project: chosen }): UrlQuery<Chosen>,
) -> Result<impl IntoResponse, Problem> {
    let imports = stored::list(&app.store, &View::account(frame.member.account)).await?;
    let run = |import: stored::Import| {
        let project = frame.project_of(import.project)?;
        Some((app.imports.summary(&import, project), project.clone()))
    };
    let runs = imports.into_iter().filter_map(run).collect();
    Ok(Page(ImportsPage { frame, chosen, runs }))
}

/// `POST /imports`: takes a file in, looks at it and leads to what it was taken for. Nothing is imported yet.
pub async fn take_file(
    State(app): State<App>,
    Admin(member): Admin,
    request: Request,
) -> Result<Redirect, Problem> {
    let sent = Sent::read(&app, member.account, request).await?;
    let project = projects::find(&app, member.account, &sent.project).await?;
    let (name, spooled) = sent.file.ok_or_else(nothing)?;
    let waiting = looking(move || Waiting::of(member.account, &project, name, spooled)).await?;
    let id = app.imports.keep(waiting).id;
    Ok(Redirect::to(&format!("/imports/files/{id}")))
}

/// What the form sends.
#[derive(Default)]
struct Sent {
    project: String,
    file: Option<(String, Spooled)>,
}

impl Sent {
    async fn read(app: &App, account: AccountId, request: Request) -> Result<Sent, Problem> {
        let mut form = Multipart::of(request).ok_or_else(nothing)?;
        let mut sent = Sent::default();
        while let Some(part) = form.part().await? {
            match (part.name.as_str(), part.file) {
                ("project", _) => sent.project = form.text(NAME_MAX).await?,
                ("file", Some(name)) if !name.is_empty() => {
                    let chunks = pin!(chunks(&mut form));
                    let spooled = upload::keep(&app.imports, account, FILE_MAX, chunks).await?;
                    sent.file = Some((short(&name), spooled));
                }
                ("text", _) => {
                    let text = form.text(PASTED_MAX).await?;
                    if sent.file.is_none() && !text.trim().is_empty() {
                        let chunks = stream::iter([Ok(Bytes::from(text))]);
                        let spooled = upload::keep(&app.imports, account, FILE_MAX, chunks).await?;
                        sent.file = Some(("pasted".to_owned(), spooled));
                    }
                }
                _ => {}
            }
        }
        Ok(sent)
    }
}

/// The present part of a form, piece by piece.
fn chunks(form: &mut Multipart) -> impl Stream<Item = Result<Bytes, Problem>> {
    stream::try_unfold(form, |form| async { Ok(form.chunk().await?.map(|chunk| (chunk, form))) })
}

/// A file's name, without the folders that old browsers send and no longer than it can be.
fn short(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default().replace('\0', "");
    name.chars().take(NAME_MAX).collect()
}

fn nothing() -> Problem {
    Problem::new(Code::InvalidFields, "No file came.").hint("Choose a file, or paste its rows.")
}
