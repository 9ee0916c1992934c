//! Who is calling: extractors that yield a key or refuse. A handler cannot forget them, for they carry the account.

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::{header, request::Parts},
};

use super::{App, Code, Problem};
use crate::{
    model::{KeyKind, ProjectId, Secret},
    store::{AccountId, View, key, key::Key},
};

/// Any live key.
pub struct AnyKey(pub Key);

/// A key that may read: its project, or the account.
#[derive(Clone, Copy, Debug)]
pub struct Reader {
    /// The account.
    pub account: AccountId,
    /// The only project that it sees; `None` sees them all.
    pub project: Option<ProjectId>,
}

/// A key that may write: its project and how far it is trusted.
#[derive(Clone, Copy, Debug)]
pub struct Writer {
    /// The account.
    pub account: AccountId,
    /// The project that is written to.
    pub project: ProjectId,
    /// The key itself: changes and idempotency keys refer to it.
    pub key: crate::model::KeyId,
    /// A browser's key: it may only add, and learns nothing.
    pub publishable: bool,
}

impl Reader {
    /// What the key may see.
    pub fn view(&self) -> View {
        View { account: self.account, project: self.project }
    }
}

impl FromRequestParts<App> for AnyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let secret = bearer(parts)?;
        let key = key::find(&app.store, &secret).await?;
        key.map(AnyKey).ok_or_else(|| {
            Problem::new(
                Code::Unauthorized,
                format!("The key {} is not known here, or was revoked.", secret.visible()),
            )
            .hint("Make a new key under Settings, Projects.")
        })
    }
}

impl FromRequestParts<App> for Reader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let AnyKey(key) = <AnyKey as FromRequestParts<App>>::from_request_parts(parts, app).await?;
        if key.kind.reads() {
            Ok(Reader { account: key.account, project: key.project })
        } else {
            Err(refuse(key.kind, "read", "a secret, read or account key"))
        }
    }
}

impl FromRequestParts<App> for Writer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let AnyKey(key) = <AnyKey as FromRequestParts<App>>::from_request_parts(parts, app).await?;
        match key.project {
            Some(project) if key.kind.writes() => Ok(Writer {
                account: key.account,
                project,
                key: key.id,
                publishable: key.kind == KeyKind::Publishable,
            }),
            _ => Err(refuse(key.kind, "write", "the project's secret key")),
        }
    }
}

impl OptionalFromRequestParts<App> for AnyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Option<Self>, Problem> {
        if !parts.headers.contains_key(header::AUTHORIZATION) {
            return Ok(None);
        }
        <AnyKey as FromRequestParts<App>>::from_request_parts(parts, app).await.map(Some)
    }
}

/// The key of `Authorization: Bearer …`, checked for form and checksum only.
fn bearer(parts: &Parts) -> Result<Secret, Problem> {
    let Some(header) = parts.headers.get(header::AUTHORIZATION) else {
        return Err(Problem::new(Code::Unauthorized, "No API key was sent.")
            .hint("Send the header Authorization: Bearer tcrm_proj_…"));
    };
    let text = header.to_str().unwrap_or_default().trim();
    let token = text.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    token.and_then(|(_, token)| Secret::parse(token.trim())).ok_or_else(|| {
        Problem::new(Code::Unauthorized, "That is not an API key: its form or its checksum is wrong.")
            .hint("Copy the whole key, from tcrm_ to its last letter, and send it as Authorization: Bearer tcrm_proj_…")
    })
}

fn refuse(kind: KeyKind, act: &str, instead: &str) -> Problem {
    Problem::new(Code::Forbidden, format!("A key of kind {kind} may not {act} here."))
        .hint(format!("Use {instead}."))
}
