//! A key is replaced by a new one, and both work for a while: apps change over one by one, and none of them stands still.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use super::project_page;
use crate::{
    http::{
        App, Code, Problem,
        extract::{Form, Path},
        rotations::MOMENT,
    },
    model::{KeyId, Overlap, Secret, now},
    store::{
        key::{self, KeyInfo},
        member::Member,
        project,
    },
    web::{
        frame::{Frame, theme::Theme},
        session::Admin,
        settings::keys::{Made, keys_page},
    },
};

/// For how long the old key works on.
#[derive(Deserialize)]
pub struct RotateForm {
    overlap: String,
}

/// The key as it was and the new one; to the same form, sent again in a moment, the one that it has made.
async fn rotated(
    app: &App,
    member: &Member,
    id: KeyId,
    overlap: Overlap,
) -> Result<(KeyInfo, Secret), Problem> {
    let mut rotations = app.rotations.lock().await;
    if let Some(made) = rotations.find(id, member.id) {
        let keys = key::list(&app.store, member.account).await?;
        if let Some(old) = keys.into_iter().find(|key| key.id == id) {
            return Ok((old, made));
        }
    }
    let (old, _, secret) = key::rotate(&app.store, member.account, id, overlap, now()).await?;
    tracing::info!(by = %member.id, key = %id, %overlap, "a key was rotated");
    rotations.keep(id, member.id, &secret);
    let kept = app.rotations.clone();
    tokio::spawn(async move {
        tokio::time::sleep(MOMENT).await;
        kept.lock().await.forget();
    });
    Ok((old, secret))
}

/// `POST /keys/{id}/rotate`: makes a key of the same kind and label and shows it, this once; the old one stops by itself.
pub async fn rotate_key(
    State(app): State<App>,
    Admin(member): Admin,
    theme: Theme,
    Path(id): Path<KeyId>,
    Form(form): Form<RotateForm>,
) -> Result<Response, Problem> {
    let overlap: Overlap = form.overlap.parse().map_err(|fault| Problem::new(Code::InvalidFields, fault))?;
    let (old, secret) = rotated(&app, &member, id, overlap).await?;
    let instead = Some((old.prefix, overlap));
    let made = Some(Made { kind: old.kind, secret: secret.reveal().to_owned(), instead });
    let Some(of) = old.project else {
        let frame = Frame::load(&app, member, theme, "/keys".to_owned()).await?;
        return Ok(keys_page(&app, frame, made).await?.into_response());
    };
    let slug = project::by_id(&app.store, member.account, of).await?.slug;
    let frame = Frame::load(&app, member, theme, format!("/projects/{slug}")).await?;
    Ok(project_page(&app, frame, slug.as_str(), made).await?.into_response())
}
