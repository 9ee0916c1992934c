//! Projects and their keys: made here, shown here, and the call that a new project waits for.

use askama::Template;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use super::{frame::Frame, page::Page, session::Admin, theme::Theme};
use crate::{
    http::{
        App, Code, Problem,
        extract::{Form, Path},
    },
    model::{KeyKind, Project, Slug, now},
    store::{
        AccountId, erase,
        key::{self, KeyInfo},
        project,
    },
};

/// The longest name and label.
const NAME_MAX: usize = 100;

#[derive(Template)]
#[template(path = "projects/list.html")]
struct ProjectsPage {
    frame: Frame,
}

/// `GET /projects`.
pub async fn list_projects(frame: Frame) -> impl IntoResponse {
    Page(ProjectsPage { frame })
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
    start_page(&app, frame, project).await
}

/// The slug that was typed, or the nearest to the name.
fn slug(form: &ProjectForm) -> Result<Slug, Problem> {
    let typed = form.slug.trim();
    if !typed.is_empty() {
        return typed
            .parse()
            .map_err(|e: crate::model::SlugError| Problem::new(Code::InvalidFields, e.to_string()));
    }
    Slug::nearest(&form.name).ok_or_else(|| {
        Problem::new(Code::InvalidFields, format!("No slug can be made of the name {:?}.", form.name))
            .hint("Type one: lower-case letters, digits and hyphens, as in my-app.")
    })
}

/// A name or label: trimmed, or `otherwise` when empty.
pub(super) fn named(text: &str, otherwise: &str) -> Result<String, Problem> {
    match text.trim() {
        "" => Ok(otherwise.to_owned()),
        name if name.chars().count() > NAME_MAX => {
            let detail =
                format!("A name has at most {NAME_MAX} characters; this one has {}.", name.chars().count());
            Err(Problem::new(Code::InvalidFields, detail).hint("Choose a shorter one."))
        }
        name => Ok(name.to_owned()),
    }
}

#[derive(Template)]
#[template(path = "projects/show.html")]
struct ProjectPage {
    frame: Frame,
    project: Project,
    keys: Vec<KeyInfo>,
    /// A key that was made just now: the only time that it is shown.
    made: Option<Made>,
}

/// A new key, whole.
pub(super) struct Made {
    pub(super) kind: KeyKind,
    pub(super) secret: String,
}

impl ProjectPage {
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

async fn project_page(
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

pub(super) async fn find(app: &App, account: AccountId, slug: &str) -> Result<Project, Problem> {
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
    let made = Made { kind, secret: secret.reveal().to_owned() };
    project_page(&app, frame, &slug, Some(made)).await
}

#[derive(Template)]
#[template(path = "projects/start.html")]
struct StartPage {
    frame: Frame,
    project: Project,
    /// The project's key, whole, when it was made just now.
    key: Option<String>,
    url: String,
}

impl StartPage {
    fn shown_key(&self) -> &str {
        self.key.as_deref().unwrap_or("tcrm_proj_…")
    }

    fn arrived(&self) -> bool {
        self.frame.projects.iter().any(|(project, count)| project.id == self.project.id && *count > 0)
    }
}

/// `GET /projects/{slug}/start`: the call to paste. htmx asks again until the first customer is there.
pub async fn show_start(
    State(app): State<App>,
    frame: Frame,
    Path(slug): Path<String>,
) -> Result<Response, Problem> {
    let project = find(&app, frame.member.account, &slug).await?;
    let url = app.config.public_url();
    Ok(Page(StartPage { frame, project, key: None, url }).into_response())
}

/// `POST /projects/{slug}/start`: the same with a new secret key in it.
pub async fn start_with_key(
    State(app): State<App>,
    Admin(member): Admin,
    frame: Frame,
    Path(slug): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    let project = find(&app, member.account, &slug).await?;
    start_page(&app, frame, project).await
}

async fn start_page(app: &App, frame: Frame, project: Project) -> Result<Page<StartPage>, Problem> {
    let account = frame.member.account;
    let (_, secret) =
        key::create(&app.store, account, Some(project.id), KeyKind::Secret, "server", now()).await?;
    let url = app.config.public_url();
    Ok(Page(StartPage { frame, project, key: Some(secret.reveal().to_owned()), url }))
}

/// `GET /projects/{slug}/arrived`: 204 until the first customer is there, then where to see them.
pub async fn show_arrived(frame: Frame, Path(slug): Path<String>) -> Result<Response, Problem> {
    let found = frame.projects.iter().find(|(project, _)| project.slug.as_str() == slug);
    match found.ok_or_else(|| missing(&slug))? {
        (_, 0) => Ok(StatusCode::NO_CONTENT.into_response()),
        _ => Ok([("hx-redirect", format!("/customers?project={slug}"))].into_response()),
    }
}

fn missing(slug: &str) -> Problem {
    Problem::new(Code::NotFound, format!("There is no project {slug:?}."))
}

/// `POST /projects/{slug}/reset`: the customers of a test project go; its keys stay.
pub async fn reset_project(
    State(app): State<App>,
    Admin(member): Admin,
    Path(slug): Path<String>,
) -> Result<Redirect, Problem> {
    let project = find(&app, member.account, &slug).await?;
    erase::reset(&app.store, member.account, &project).await?;
    Ok(Redirect::to(&format!("/projects/{}", project.slug)))
}

/// `POST /projects/{slug}/delete`: a test project goes with its customers and keys.
pub async fn delete_project(
    State(app): State<App>,
    Admin(member): Admin,
    Path(slug): Path<String>,
) -> Result<Redirect, Problem> {
    let project = find(&app, member.account, &slug).await?;
    delete(&app, member.account, &project).await?;
    Ok(Redirect::to("/projects"))
}

/// `POST /remove-test-projects`: every test project goes.
pub async fn remove_test_projects(State(app): State<App>, Admin(member): Admin) -> Result<Redirect, Problem> {
    let projects = project::list(&app.store, member.account).await?;
    for project in projects.iter().filter(|project| project.test) {
        delete(&app, member.account, project).await?;
    }
    Ok(Redirect::to("/"))
}

/// Only test projects are deleted by a click.
async fn delete(app: &App, account: AccountId, project: &Project) -> Result<(), Problem> {
    if !project.test {
        let detail = format!("{} is not a test project: only those are deleted here.", project.slug);
        return Err(Problem::new(Code::Conflict, detail));
    }
    erase::project(&app.store, account, project.id).await?;
    Ok(())
}
