//! A project's first screen: the call that it waits for, until the first customer is there.

use askama::Template;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};

use super::{find, missing};
use crate::{
    http::{App, Problem, extract::Path},
    model::{KeyKind, Project, now},
    store::{
        AccountId,
        key::{self, KeyInfo, Standing},
    },
    web::{frame::Frame, page::Page, session::Admin},
};

#[derive(Template)]
#[template(path = "projects/start.html")]
pub(super) struct StartPage {
    frame: Frame,
    project: Project,
    /// The project's key, whole, when it was made just now.
    key: Option<String>,
    /// Else what may be shown of the newest one that works.
    hint: Option<String>,
    url: String,
}

impl StartPage {
    fn shown_key(&self) -> &str {
        self.key.as_deref().or(self.hint.as_deref()).unwrap_or("tcrm_proj_…")
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
    let hint = hint(&app, &project, frame.member.account).await?;
    Ok(Page(StartPage { frame, project, key: None, hint, url }).into_response())
}

/// What may be shown of the newest key that writes to a project.
async fn hint(app: &App, project: &Project, account: AccountId) -> Result<Option<String>, Problem> {
    let keys = key::list(&app.store, account).await?;
    let works = |key: &KeyInfo| key.kind == KeyKind::Secret && key.standing(now()) == Standing::Live;
    let own = keys.into_iter().find(|key| key.project == Some(project.id) && works(key));
    Ok(own.map(|key| key.prefix))
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

/// The call with a new secret key in it, which is shown this once.
pub(super) async fn start_page(
    app: &App,
    frame: Frame,
    project: Project,
) -> Result<Page<StartPage>, Problem> {
    let account = frame.member.account;
    let (_, secret) =
        key::create(&app.store, account, Some(project.id), KeyKind::Secret, "server", now()).await?;
    let url = app.config.public_url();
    Ok(Page(StartPage { frame, project, key: Some(secret.reveal().to_owned()), hint: None, url }))
}

/// `GET /projects/{slug}/arrived`: 204 until the first customer is there, then where to see them.
pub async fn show_arrived(frame: Frame, Path(slug): Path<String>) -> Result<Response, Problem> {
    let found = frame.projects.iter().find(|(project, _)| project.slug.as_str() == slug);
    match found.ok_or_else(|| missing(&slug))? {
        (_, 0) => Ok(StatusCode::NO_CONTENT.into_response()),
        _ => Ok([("hx-redirect", format!("/customers?project={slug}"))].into_response()),
    }
}
