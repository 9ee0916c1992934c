//! What happens, as it happens, for pages: the stream of `/v1/events` by the member's session. One connection serves all
//! pages of a browser; `static/live.js` sees to that.

use axum::{extract::State, http::HeaderMap, response::Response};
use serde::Deserialize;

use crate::{
    http::{
        App, Problem,
        client::ClientAddress,
        events::{self, Audience, Pass},
        extract::Query as UrlQuery,
    },
    store::View,
    web::{
        page::headers,
        session::{self, SignedIn},
    },
};

/// What a page asks for.
#[derive(Default, Deserialize)]
pub struct Asked {
    /// The version that the page shows, or has heard of.
    last_event_id: Option<i64>,
}

/// `GET /events`. A page of another site, which could hold the member's streams, gets none.
pub async fn stream_events(
    State(app): State<App>,
    SignedIn(member): SignedIn,
    address: ClientAddress,
    sent: HeaderMap,
    UrlQuery(asked): UrlQuery<Asked>,
) -> Result<Response, Problem> {
    headers::from_here(&app, &sent, "A page of another site asked for this stream.")?;
    let pass = Pass::Session(session::token(&app, &sent).unwrap_or_default().to_owned());
    let audience = Audience { view: View::account(member.account), pass, address };
    let from = events::last_event_id(&sent)?.or(asked.last_event_id);
    events::respond(&app, audience, from).await
}
