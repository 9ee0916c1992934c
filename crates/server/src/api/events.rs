//! `/v1/events`: what happens, as it happens.

#![allow(unused_qualifications, reason = "utoipa names the parameters' type by a path")]

use axum::{extract::State, http::HeaderMap, response::Response};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::http::{
    App, Problem,
    auth::Lasting,
    client::ClientAddress,
    events::{self, Audience, EventOut, Pass},
    fields::{QueryString, Reading},
};

/// Of what, and since when. Everything may be left out.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventsIn {
    /// Only this project, by its slug. A project's key hears of its own in any case.
    project: Option<String>,
    /// The `id` of the last event that was heard: what has happened since is told first. The header `Last-Event-ID`, which browsers
    /// send when they come back, says the same and goes before it. Left out: what happens from now on.
    last_event_id: Option<i64>,
}

/// Streams how many customers come, change and go, as they do: server-sent events.
///
/// An event `change` says how many, in which projects, between two versions; what happens within a quarter of a second is one
/// event. An event `reset` says that this cannot be told since the version that the stream was resumed from: look anew. Of whom
/// and of what they never tell. Each has the account's version as its `id`, by which a stream is resumed. Every 15 seconds a
/// comment says that the stream is there. It ends when its key is revoked, its project deleted, or the server stops.
#[utoipa::path(get, path = "/v1/events", tag = "query", security(("key" = [])), params(EventsIn),
    responses((status = 200, body = EventOut, content_type = "text/event-stream",
        description = "Events `change` and `reset`, each with such an object in one line of `data`")),
    extensions(("x-problems" = json!(["not_found", "busy"]))))]
pub async fn stream_events(
    State(app): State<App>,
    Lasting { reader, secret }: Lasting,
    address: ClientAddress,
    headers: HeaderMap,
    query: QueryString,
) -> Result<Response, Problem> {
    let asked: EventsIn =
        query.read(|name| if name == "last_event_id" { Reading::Number } else { Reading::Text })?;
    let from = events::last_event_id(&headers)?.or(asked.last_event_id);
    let view = events::narrowed(&app, reader.view(), asked.project.as_deref()).await?;
    events::respond(&app, Audience { view, pass: Pass::Key(secret), address }, from).await
}
