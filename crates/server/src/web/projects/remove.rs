//! Test projects are emptied and deleted by a click; others never.

use axum::{extract::State, response::Redirect};

use super::find;
use crate::{
    http::{App, Code, Problem, extract::Path},
    model::Project,
    store::{AccountId, erase, project},
    web::session::Admin,
};

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
