//! `/v1/projects`: the products that a key can see.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    http::{App, Problem, auth::Reader},
    model::{Project, ProjectId},
    store::project,
};

/// A project on the wire.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProjectOut {
    id: ProjectId,
    slug: String,
    name: String,
    colour: String,
    test: bool,
    /// An archived project is read as ever, and left out where projects are taken together; writing to it is refused.
    archived: bool,
}

/// The answer of `GET /v1/projects`.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProjectsOut {
    projects: Vec<ProjectOut>,
}

impl From<Project> for ProjectOut {
    fn from(project: Project) -> Self {
        let Project { id, slug, name, colour, test, archived } = project;
        ProjectOut { id, slug: slug.to_string(), name, colour, test, archived }
    }
}

/// Lists the projects: all of them for an account key, its own for a project's key.
#[utoipa::path(get, path = "/v1/projects", tag = "projects", security(("key" = [])),
    responses((status = 200, body = ProjectsOut, description = "Those that the key sees")))]
pub async fn list_projects(State(app): State<App>, reader: Reader) -> Result<Json<ProjectsOut>, Problem> {
    let all = project::list(&app.store, reader.account).await?;
    let seen = all.into_iter().filter(|p| reader.project.is_none_or(|id| id == p.id));
    Ok(Json(ProjectsOut { projects: seen.map(ProjectOut::from).collect() }))
}
