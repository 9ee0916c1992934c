//! A project's name and colour, and whether it is archived.

use axum::{extract::State, response::Redirect};
use serde::Deserialize;

use super::find;
use crate::{
    http::{
        App, Code, Problem,
        extract::{Form, Path},
    },
    model::COLOURS,
    store::project,
    web::{
        page::name::named,
        session::{Admin, saved},
    },
};

/// What the form of a project sends.
#[derive(Deserialize)]
pub struct EditForm {
    name: String,
    colour: String,
}

impl EditForm {
    fn colour(&self) -> Result<&'static str, Problem> {
        COLOURS.into_iter().find(|colour| *colour == self.colour).ok_or_else(|| {
            Problem::new(Code::InvalidFields, format!("{:?} is no colour of a project.", self.colour))
                .hint(format!("There are {}.", COLOURS.join(", ")))
        })
    }
}

/// `POST /projects/{slug}/edit`: another name and colour; the slug stays.
pub async fn edit_project(
    State(app): State<App>,
    Admin(member): Admin,
    Path(slug): Path<String>,
    Form(form): Form<EditForm>,
) -> Result<Redirect, Problem> {
    let project = find(&app, member.account, &slug).await?;
    let name = named(&form.name, project.slug.as_str())?;
    project::rename(&app.store, member.account, project.id, &name, form.colour()?).await?;
    Ok(saved(&format!("/projects/{}", project.slug), "project"))
}

/// `POST /projects/{slug}/archive`: it keeps everything, and nothing is written to it any more.
pub async fn archive_project(
    State(app): State<App>,
    Admin(member): Admin,
    Path(slug): Path<String>,
) -> Result<Redirect, Problem> {
    let project = find(&app, member.account, &slug).await?;
    project::set_archived(&app.store, member.account, project.id, true).await?;
    tracing::info!(by = %member.id, project = %project.id, "a project was archived");
    Ok(saved(&format!("/projects/{}", project.slug), "archived"))
}

/// `POST /projects/{slug}/unarchive`: its keys write again, and it is seen with the others.
pub async fn unarchive_project(
    State(app): State<App>,
    Admin(member): Admin,
    Path(slug): Path<String>,
) -> Result<Redirect, Problem> {
    let project = find(&app, member.account, &slug).await?;
    project::set_archived(&app.store, member.account, project.id, false).await?;
    tracing::info!(by = %member.id, project = %project.id, "a project was unarchived");
    Ok(saved(&format!("/projects/{}", project.slug), "unarchived"))
}
