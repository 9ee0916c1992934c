//! Who is calling: extractors that yield a key or refuse. A handler cannot forget them, for they carry the account.

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::{header, request::Parts},
};

use jiff::Timestamp;

use super::{App, Code, Problem};
use crate::{
    model::{self, KeyId, KeyKind, Project, ProjectId, now},
    store::{
        AccountId, View,
        key::{self, Found, Key},
    },
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

/// A key that may read, and goes on reading: it is looked up again and again.
pub struct Lasting {
    /// Who reads.
    pub reader: Reader,
    /// The key itself.
    pub secret: model::Secret,
}

/// An account key: it sees all projects.
#[derive(Clone, Copy, Debug)]
pub struct Wide(AccountId);

/// A key of a project, and what it writes to.
#[derive(Clone, Copy, Debug)]
pub struct ProjectKey {
    /// The account.
    pub account: AccountId,
    /// The project that is written to.
    pub project: ProjectId,
    /// The key itself: changes and idempotency keys refer to it.
    pub id: KeyId,
    /// Whether the project is archived.
    pub archived: bool,
}

/// The project's secret key: it may write everything, and delete.
#[derive(Clone, Copy, Debug)]
pub struct Secret(pub ProjectKey);

/// Who may send calls. The two are told apart by their type, so that what only one may do or learn has to be written down.
#[derive(Clone, Copy, Debug)]
pub enum Writer {
    /// The project's secret key.
    Secret(ProjectKey),
    /// A publishable key, which every visitor's browser holds: it may only add, and learns nothing.
    Browser(ProjectKey),
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
        let key = match key::find(&app.store, &secret, now()).await? {
            Found::Live(key) => key,
            Found::Stopped(at) => return Err(stopped(at)),
            Found::Nothing => return Err(unknown(&secret)),
        };
        app.rates.with_key(&key, parts)?;
        Ok(AnyKey(key))
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

impl FromRequestParts<App> for Lasting {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let reader = Reader::from_request_parts(parts, app).await?;
        Ok(Lasting { reader, secret: bearer(parts)? })
    }
}

impl Wide {
    /// What the key may see.
    pub fn view(&self) -> View {
        View::account(self.0)
    }
}

impl FromRequestParts<App> for Wide {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let AnyKey(key) = <AnyKey as FromRequestParts<App>>::from_request_parts(parts, app).await?;
        match key.kind {
            KeyKind::Account => Ok(Wide(key.account)),
            kind => Err(refuse(kind, "set projects side by side", "an account key")),
        }
    }
}

impl Secret {
    /// The project, as what its segments and customers are looked up in.
    pub fn view(&self) -> View {
        View::project(self.0.account, self.0.project)
    }
}

impl Writer {
    /// The key, whichever it is.
    pub fn key(&self) -> ProjectKey {
        match self {
            Writer::Secret(key) | Writer::Browser(key) => *key,
        }
    }
}

impl FromRequestParts<App> for Secret {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        match of_project(parts, app).await? {
            (KeyKind::Secret, Some(key)) => Ok(Secret(key)),
            (kind, _) => Err(refuse(kind, "do this", "the project's secret key, on your server")),
        }
    }
}

impl FromRequestParts<App> for Writer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        match of_project(parts, app).await? {
            (_, Some(key)) if key.archived => Err(archived()),
            (KeyKind::Secret, Some(key)) => Ok(Writer::Secret(key)),
            (KeyKind::Publishable, Some(key)) => Ok(Writer::Browser(key)),
            (kind, _) => Err(refuse(kind, "write", "the project's secret key")),
        }
    }
}

/// The kind of the key, and the key with its project if it has one.
async fn of_project(parts: &mut Parts, app: &App) -> Result<(KeyKind, Option<ProjectKey>), Problem> {
    let AnyKey(Key { account, project, kind, id, archived, .. }) =
        <AnyKey as FromRequestParts<App>>::from_request_parts(parts, app).await?;
    Ok((kind, project.map(|project| ProjectKey { account, project, id, archived })))
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
fn bearer(parts: &Parts) -> Result<model::Secret, Problem> {
    let Some(header) = parts.headers.get(header::AUTHORIZATION) else {
        return Err(Problem::new(Code::Unauthorized, "No API key was sent.")
            .hint("Send the header Authorization: Bearer tcrm_proj_…"));
    };
    let text = header.to_str().unwrap_or_default().trim();
    let token = text.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    token.and_then(|(_, token)| model::Secret::parse(token.trim())).ok_or_else(|| {
        Problem::new(Code::Unauthorized, "That is not an API key: its form or its checksum is wrong.")
            .hint("Copy the whole key, from tcrm_ to its last letter, and send it as Authorization: Bearer tcrm_proj_…")
    })
}

fn unknown(secret: &model::Secret) -> Problem {
    let detail = format!("The key {} is not known here, or was revoked.", secret.visible());
    Problem::new(Code::Unauthorized, detail).hint("Make a new key under Settings, Projects.")
}

/// A key that was replaced, after its overlap.
fn stopped(at: Timestamp) -> Problem {
    let detail =
        format!("This key stopped on {} after it was rotated.", at.strftime("%-d %B %Y at %H:%M UTC"));
    Problem::new(Code::Unauthorized, detail)
        .hint("Send the key that took its place, or make a new one under Settings, Projects.")
}

/// Refuses to write to an archived project.
pub fn refuse_archived(project: &Project) -> Result<(), Problem> {
    if project.archived { Err(archived()) } else { Ok(()) }
}

/// What is said to whoever writes to an archived project.
pub fn archived() -> Problem {
    Problem::new(Code::Forbidden, "This project is archived: it can be read, and nothing is written to it.")
        .hint("Unarchive it under Settings, Projects, or with `tinycrm project unarchive`.")
}

fn refuse(kind: KeyKind, act: &str, instead: &str) -> Problem {
    Problem::new(Code::Forbidden, format!("A key of kind {kind} may not {act} here."))
        .hint(format!("Use {instead}."))
}
