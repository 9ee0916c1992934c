//! Account keys, which read across projects; and the label and the end of any key.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect},
};
use serde::Deserialize;

use crate::{
    http::{
        App, Problem,
        extract::{Form, Path},
    },
    model::{KeyId, KeyKind, Overlap, now},
    store::key::{self, KeyInfo, Standing},
    web::{
        frame::Frame,
        page::{Page, name::named},
        session::{Admin, saved},
    },
};

#[derive(Template)]
#[template(path = "settings/keys.html")]
pub(crate) struct KeysPage {
    frame: Frame,
    keys: Vec<KeyInfo>,
    made: Option<Made>,
}

/// A new key, whole.
pub(crate) struct Made {
    pub(crate) kind: KeyKind,
    pub(crate) secret: String,
    /// What it replaces, and for how long that works on.
    pub(crate) instead: Option<(String, Overlap)>,
}

/// `GET /keys`.
pub async fn list_keys(State(app): State<App>, frame: Frame) -> Result<impl IntoResponse, Problem> {
    keys_page(&app, frame, None).await
}

pub(crate) async fn keys_page(
    app: &App,
    frame: Frame,
    made: Option<Made>,
) -> Result<Page<KeysPage>, Problem> {
    let mut keys = key::list(&app.store, frame.member.account).await?;
    keys.retain(|key| key.kind == KeyKind::Account);
    Ok(Page(KeysPage { frame, keys, made }))
}

/// What the form of a new account key sends.
#[derive(Deserialize)]
pub struct AccountKeyForm {
    #[serde(default)]
    label: String,
}

/// `POST /keys`: makes an account key and shows it, this once.
pub async fn create_account_key(
    State(app): State<App>,
    Admin(member): Admin,
    frame: Frame,
    Form(form): Form<AccountKeyForm>,
) -> Result<impl IntoResponse, Problem> {
    let label = named(&form.label, "")?;
    let (_, secret) = key::create(&app.store, member.account, None, KeyKind::Account, &label, now()).await?;
    let made = Made { kind: KeyKind::Account, secret: secret.reveal().to_owned(), instead: None };
    keys_page(&app, frame, Some(made)).await
}

/// Where to return to.
#[derive(Deserialize)]
pub struct RevokeForm {
    #[serde(default)]
    next: String,
}

/// `POST /keys/{id}/revoke`.
pub async fn revoke_key(
    State(app): State<App>,
    Admin(member): Admin,
    Path(id): Path<KeyId>,
    Form(form): Form<RevokeForm>,
) -> Result<Redirect, Problem> {
    key::revoke(&app.store, member.account, id, now()).await?;
    Ok(saved(&form.next, "revoked"))
}

/// A key's label, and where to return to.
#[derive(Deserialize)]
pub struct LabelForm {
    #[serde(default)]
    label: String,
    #[serde(default)]
    next: String,
}

/// `POST /keys/{id}/label`.
pub async fn set_label(
    State(app): State<App>,
    Admin(member): Admin,
    Path(id): Path<KeyId>,
    Form(form): Form<LabelForm>,
) -> Result<Redirect, Problem> {
    let label = named(&form.label, "")?;
    key::relabel(&app.store, member.account, id, &label).await?;
    Ok(saved(&form.next, "label"))
}
