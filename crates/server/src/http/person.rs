//! One person on the wire: all that is held of them as a JSON file, streamed. API and pages answer with the same function.

use axum::{
    body::Body,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};

use super::{App, Problem, export::VERSION};
use crate::{
    export,
    store::{View, dossier},
};

/// Begins the export of whoever is named. A fault on the way cuts the answer off, so that it cannot be taken for a whole one.
pub async fn respond(app: &App, view: &View, who: &str) -> Result<Response, Problem> {
    let dossier = dossier::open(&app.store, view, who).await?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        // The name of the file tells nobody who it is about.
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"customer.json\"")),
        (VERSION, HeaderValue::from(dossier.head.version)),
    ];
    Ok((headers, Body::from_stream(export::person(dossier))).into_response())
}
