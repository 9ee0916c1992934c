//! Sessions: where members are signed in. Each member sees and ends their own; owners those of others too.

use std::cmp::Reverse;

use askama::Template;
use axum::{
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};

use crate::{
    http::{App, Problem, extract::Path},
    model::{MemberId, Role, SessionId, now},
    store::session::{self, Session},
    web::{
        frame::Frame,
        page::Page,
        session::{SignedIn, left, token},
    },
};

#[derive(Template)]
#[template(path = "settings/sessions.html")]
struct SessionsPage {
    frame: Frame,
    own: Vec<Session>,
    /// Those of the other members, for owners.
    others: Vec<Session>,
}

/// `GET /sessions`.
pub async fn list_sessions(
    State(app): State<App>,
    frame: Frame,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    let token = token(&app, &headers).unwrap_or_default();
    let only = only(frame.member.role, frame.member.id);
    let mut all = session::list(&app.store, frame.member.account, only, token, now()).await?;
    all.sort_by_key(|session| (!session.is_current, Reverse(session.used_at)));
    let (own, others) = all.into_iter().partition(|session| session.member == frame.member.id);
    Ok(Page(SessionsPage { frame, own, others }))
}

/// Whose sessions somebody may see and end: owners everybody's, others their own.
fn only(role: Role, member: MemberId) -> Option<MemberId> {
    (role < Role::Owner).then_some(member)
}

/// `POST /sessions/{id}/end`. Whoever ends the one that they are in is signed out.
pub async fn end_session(
    State(app): State<App>,
    SignedIn(member): SignedIn,
    headers: HeaderMap,
    Path(id): Path<SessionId>,
) -> Result<Response, Problem> {
    let only = only(member.role, member.id);
    session::end_one(&app.store, member.account, only, id).await?;
    tracing::info!(by = %member.id, session = %id, "a session was ended");
    let token = token(&app, &headers).unwrap_or_default();
    match session::find(&app.store, token, now()).await? {
        Some(_) => Ok(Redirect::to("/sessions?saved=ended").into_response()),
        None => Ok(left(&app)),
    }
}

/// `POST /end-other-sessions`: all of the member but the one that they are in.
pub async fn end_other_sessions(
    State(app): State<App>,
    SignedIn(member): SignedIn,
    headers: HeaderMap,
) -> Result<Redirect, Problem> {
    let token = token(&app, &headers).unwrap_or_default();
    session::end_others(&app.store, member.id, token).await?;
    tracing::info!(member = %member.id, "a member ended their other sessions");
    Ok(Redirect::to("/sessions?saved=others-ended"))
}
