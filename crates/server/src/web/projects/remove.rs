//! Test projects are emptied and deleted by a click; others are deleted by whoever writes their slug.

use axum::{extract::State, response::Redirect};
use serde::Deserialize;

use super::find;
use crate::{
    http::{
        App, Code, Problem,
        extract::{Form, Path},
    },
    model::Project,
    store::{erase, project},
    web::session::{Admin, saved},
};

/// `POST /projects/{slug}/reset`: the customers of a test project go; its keys stay.
pub async fn reset_project(
    State(app): State<App>,
    Admin(member): Admin,
    Path(slug): Path<String>,
) -> Result<Redirect, Problem> {
    let project = find(&app, member.account, &slug).await?;
    erase::reset(&app.store, member.account, &project).await?;
    Ok(saved(&format!("/projects/{}", project.slug), "emptied"))
}

/// The slug, written once more by whoever means it; a test project needs none.
#[derive(Deserialize)]
pub struct DeleteForm {
    #[serde(default)]
    confirm: String,
}

/// `POST /projects/{slug}/delete`: the project goes with its customers, their history and its keys.
pub async fn delete_project(
    State(app): State<App>,
    Admin(member): Admin,
    Path(slug): Path<String>,
    Form(form): Form<DeleteForm>,
) -> Result<Redirect, Problem> {
    let project = find(&app, member.account, &slug).await?;
    if !project.test && form.confirm.trim() != project.slug.as_str() {
        return Err(unconfirmed(&project, &form.confirm));
    }
    erase::project(&app.store, member.account, project.id).await?;
    tracing::info!(by = %member.id, project = %project.id, "a project was deleted");
    Ok(saved("/projects", "deleted"))
}

/// `POST /remove-test-projects`: every test project goes, but for those that were put away.
pub async fn remove_test_projects(State(app): State<App>, Admin(member): Admin) -> Result<Redirect, Problem> {
    let projects = project::list(&app.store, member.account).await?;
    for project in projects.iter().filter(|project| project.test && !project.archived) {
        erase::project(&app.store, member.account, project.id).await?;
    }
    Ok(Redirect::to("/"))
}

fn unconfirmed(project: &Project, written: &str) -> Problem {
    let detail =
        format!("{} was not deleted: its slug was not written, but {:?}.", project.slug, written.trim());
    Problem::new(Code::Conflict, detail)
        .hint(format!("Write {} to delete it with all its customers; this cannot be undone.", project.slug))
}
