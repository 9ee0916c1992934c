//! Projects and their keys: made here, and shown here.

pub mod edit;
pub mod remove;
pub mod rotate;
pub mod start;
mod used;

use std::collections::HashMap;

use askama::Template;
use axum::{extract::State, response::IntoResponse};
use serde::Deserialize;

use used::{Seen, Use};

use crate::{
    http::{
        App, Code, Problem,
        extract::{Form, Path},
    },
    model::{COLOURS, KeyKind, Overlap, Project, Slug, SlugError, now},
    store::{
        AccountId,
        key::{self, KeyInfo, Standing},
        project,
    },
    web::{
        frame::{Frame, theme::Theme},
        page::{Page, name::named},
        session::Admin,
        settings::keys::Made,
    },
};

#[derive(Template)]
#[template(path = "projects/list.html")]
struct ProjectsPage {
    frame: Frame,
    uses: HashMap<String, Use>,
}

impl ProjectsPage {
    fn used(&self, project: &Project) -> Use {
        self.uses.get(project.slug.as_str()).copied().unwrap_or_default()
    }
}

/// `GET /projects`.
pub async fn list_projects(State(app): State<App>, frame: Frame) -> Result<impl IntoResponse, Problem> {
    let uses = used::uses(&app, &frame).await?;
    Ok(Page(ProjectsPage { frame, uses }))
}

#[derive(Template)]
#[template(path = "projects/new.html")]
struct NewProjectPage {
    frame: Frame,
}

/// `GET /new-project`.
pub async fn show_new_project(frame: Frame) -> impl IntoResponse {
    Page(NewProjectPage { frame })
}

/// What the form of a new project sends.
#[derive(Deserialize)]
pub struct ProjectForm {
    name: String,
    #[serde(default)]
    slug: String,
    #[serde(default)]
    test: bool,
}

/// `POST /projects`: makes the project with its first key, and shows the call to paste.
pub async fn create_project(
    State(app): State<App>,
    Admin(member): Admin,
    theme: Theme,
    Form(form): Form<ProjectForm>,
) -> Result<impl IntoResponse, Problem> {
    let slug = slug(&form)?;
    let name = named(&form.name, slug.as_str())?;
    let project = project::create(&app.store, member.account, &slug, &name, form.test, now()).await?;
    let frame = Frame::load(&app, member, theme, format!("/projects/{slug}/start")).await?;
    start::start_page(&app, frame, project).await
}

/// The slug that was typed, or the nearest to the name.
fn slug(form: &ProjectForm) -> Result<Slug, Problem> {
    let typed = form.slug.trim();
    if !typed.is_empty() {
        return typed.parse().map_err(|e: SlugError| Problem::new(Code::InvalidFields, e.to_string()));
    }
    Slug::nearest(&form.name).ok_or_else(|| {
        Problem::new(Code::InvalidFields, format!("No slug can be made of the name {:?}.", form.name))
            .hint("Type one: lower-case letters, digits and hyphens, as in my-app.")
    })
}

#[derive(Template)]
#[template(path = "projects/show.html")]
pub(super) struct ProjectPage {
    frame: Frame,
    project: Project,
    keys: Vec<KeyInfo>,
    /// A key that was made just now: the only time that it is shown.
    made: Option<Made>,
}

impl ProjectPage {
    fn colours(&self) -> [&'static str; 8] {
        COLOURS
    }

    /// How many customers it has.
    fn customers(&self) -> u64 {
        let own = self.frame.projects.iter().find(|(project, _)| project.id == self.project.id);
        own.map_or(0, |(_, count)| *count)
    }

    fn kinds(&self) -> [(KeyKind, &'static str); 3] {
        [
            (KeyKind::Secret, "Writes and reads this project. For your server."),
            (KeyKind::Read, "Reads this project. For scripts and reports."),
            (KeyKind::Publishable, "Only adds, and learns nothing back. For browsers and apps."),
        ]
    }
}

/// `GET /projects/{slug}`.
pub async fn show_project(
    State(app): State<App>,
    frame: Frame,
    Path(slug): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    project_page(&app, frame, &slug, None).await
}

pub(super) async fn project_page(
    app: &App,
    frame: Frame,
    slug: &str,
    made: Option<Made>,
) -> Result<Page<ProjectPage>, Problem> {
    let project = find(app, frame.member.account, slug).await?;
    let mut keys = key::list(&app.store, frame.member.account).await?;
    keys.retain(|key| key.project == Some(project.id));
    Ok(Page(ProjectPage { frame, project, keys, made }))
}

/// The project of a slug.
pub(crate) async fn find(app: &App, account: AccountId, slug: &str) -> Result<Project, Problem> {
    let slug: Slug = slug.parse().map_err(|_| missing(slug))?;
    Ok(project::find(&app.store, account, &slug).await?)
}

/// What the form of a new key sends.
#[derive(Deserialize)]
pub struct KeyForm {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    label: String,
}

/// `POST /projects/{slug}`: makes a key and shows it, this once.
pub async fn create_project_key(
    State(app): State<App>,
    Admin(member): Admin,
    frame: Frame,
    Path(slug): Path<String>,
    Form(form): Form<KeyForm>,
) -> Result<impl IntoResponse, Problem> {
    let kind: KeyKind = form.kind.parse().map_err(|e| Problem::new(Code::InvalidFields, e))?;
    if kind == KeyKind::Account {
        return Err(Problem::new(Code::InvalidFields, "An account key belongs to no project.")
            .hint("Make it under Settings, Account keys."));
    }
    let project = find(&app, member.account, &slug).await?;
    let label = named(&form.label, "")?;
    let (_, secret) = key::create(&app.store, member.account, Some(project.id), kind, &label, now()).await?;
    let made = Made { kind, secret: secret.reveal().to_owned(), instead: None };
    project_page(&app, frame, &slug, Some(made)).await
}

fn missing(slug: &str) -> Problem {
    Problem::new(Code::NotFound, format!("There is no project {slug:?}."))
}
