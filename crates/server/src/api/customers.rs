//! `/v1/customers/{id}`: one person, by id, e-mail or an app's own id.

#![allow(unused_qualifications, reason = "utoipa names the parameters' type by a path")]

use axum::{Json, extract::State, response::Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    export::{ActivityOut, ChangeOut, DossierOut, RelationshipOut},
    http::{
        App, Problem,
        auth::{Reader, Secret},
        extract::Path,
        fields::{QueryString, Reading},
        person,
    },
    model::{CustomerId, ProjectId},
    store::{
        Error, View,
        customer::{self, CHANGES, Person, Timeline},
        erase, project,
    },
};

/// Which part of the timeline.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CustomerIn {
    /// `next` of the answer before: the changes before those.
    #[param(format = "cursor")]
    cursor: Option<String>,
}

/// A person: every relationship that the key may see, and what was changed.
#[derive(Debug, Serialize, ToSchema)]
pub struct PersonOut {
    id: CustomerId,
    email: String,
    /// Other addresses that have been merged with it: calls find the person under them too. A project's key sees those that its
    /// project was told.
    aliases: Vec<String>,
    /// The name given last.
    name: Option<String>,
    /// One per project, oldest project first.
    relationships: Vec<RelationshipOut>,
    /// The days on which the person was seen, per project.
    activity: Vec<ActivityOut>,
    /// What calls have altered, newest first.
    changes: Vec<ChangeOut>,
    /// The cursor of older changes; null when there are none.
    next: Option<String>,
}

/// Shows one person.
///
/// A project's key sees its own relationship only, an account key all of them.
#[utoipa::path(get, path = "/v1/customers/{who}", tag = "customers", security(("key" = [])),
    params(("who" = String, Path, description = "The customer's id, an e-mail, or the app's own user_id", example = "ada@example.com"), CustomerIn),
    responses((status = 200, body = PersonOut, description = "The person, as the key may see them")),
    extensions(("x-problems" = json!(["invalid_cursor"]))))]
pub async fn show_customer(
    State(app): State<App>,
    reader: Reader,
    Path(who): Path<String>,
    address: QueryString,
) -> Result<Json<PersonOut>, Problem> {
    let CustomerIn { cursor } = address.read(|_| Reading::Text)?;
    let cursor = cursor.as_deref().map(str::parse).transpose()?;
    let view = reader.view();
    let id = customer::find(&app.store, &view, &who).await?;
    let person = customer::load(&app.store, &view, id).await?;
    let timeline = customer::timeline(&app.store, &view, id, cursor, CHANGES).await?;
    let slugs = slugs(&app, &view).await?;
    Ok(Json(PersonOut::new(person, timeline, &slugs)))
}

/// Exports one person: all that is held of them, as one document, streamed.
///
/// Relationships, the whole history, days of activity, and what imports have kept that names them. A project's key sees its
/// project's part, an account key all of it. What others wrote of them in the same row or note of an import stands there too.
/// Of who is no customer there is what imports have kept, if they have.
#[utoipa::path(get, path = "/v1/customers/{who}/export", tag = "customers", security(("key" = [])),
    params(("who" = String, Path, description = "The customer's id, an e-mail, or the app's own user_id", example = "ada@example.com")),
    responses((status = 200, body = DossierOut, description = "The person, as the key may see them")),
    extensions(("x-problems" = json!(["query_too_slow", "busy"]))))]
pub async fn export_customer(
    State(app): State<App>,
    reader: Reader,
    Path(who): Path<String>,
) -> Result<Response, Problem> {
    person::respond(&app, &reader.view(), &who).await
}

/// The answer of `DELETE /v1/customers/{who}`.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeletedOut {
    ok: bool,
    /// The account's version without the customer.
    version: i64,
}

/// Removes a customer from the key's project.
///
/// Params, history and activity in this project go with it, and rows of imports into it that were not taken; the customer itself
/// goes with the last project. Who is no customer and named by such rows is forgotten there.
#[utoipa::path(delete, path = "/v1/customers/{who}", tag = "customers", security(("key" = [])),
    params(("who" = String, Path, description = "The customer's id, an e-mail, or the app's own user_id", example = "ada@example.com")),
    responses((status = 200, body = DeletedOut, description = "They are gone from the project")),
    extensions(("x-problems" = json!(["outcome_unknown"]))))]
pub async fn delete_customer(
    State(app): State<App>,
    secret: Secret,
    Path(who): Path<String>,
) -> Result<Json<DeletedOut>, Problem> {
    let view = secret.view();
    let version = match customer::find(&app.store, &view, &who).await {
        Ok(customer) => erase::relationship(&app.store, view.account, secret.0.project, customer).await?,
        Err(Error::Missing(_)) => erase::stranger(&app.store, view.account, secret.0.project, &who).await?,
        Err(error) => return Err(error.into()),
    };
    Ok(Json(DeletedOut { ok: true, version }))
}

async fn slugs(app: &App, view: &View) -> Result<Vec<(ProjectId, String)>, Problem> {
    let projects = project::list(&app.store, view.account).await?;
    Ok(projects.into_iter().map(|project| (project.id, project.slug.to_string())).collect())
}

impl PersonOut {
    pub(crate) fn new(
        person: Person,
        Timeline { changes, next }: Timeline,
        slugs: &[(ProjectId, String)],
    ) -> PersonOut {
        let slug = |id: ProjectId| {
            let known = slugs.iter().find(|(project, _)| *project == id);
            known.map(|(_, slug)| slug.clone()).unwrap_or_default()
        };
        let next = next.map(|place| place.to_string());
        let Person { id, email, aliases, name, relationships, activity } = person;
        let days = relationships.iter().zip(&activity);
        let activity = days.map(|(one, days)| ActivityOut::new(slug(one.project), days)).collect();
        let relationships =
            relationships.into_iter().map(|one| RelationshipOut::new(slug(one.project), one)).collect();
        let changes = changes.iter().map(|entry| ChangeOut::new(slug(entry.place.project), entry)).collect();
        PersonOut { id, email, aliases, name, relationships, activity, changes, next }
    }
}
