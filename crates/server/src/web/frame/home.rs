//! The address itself: leads to the customers, to the demo's when there are no others, or to the first project.

use axum::response::Redirect;

use super::Frame;

/// `GET /`.
pub async fn home(frame: Frame) -> Redirect {
    let empty = frame.live().all(|(_, count)| *count == 0);
    let place = match (frame.live().next(), frame.test().next()) {
        (_, Some(_)) if empty => "/customers?test=1".to_owned(),
        (Some((project, _)), None) if empty => format!("/projects/{}/start", project.slug),
        (None, None) => "/new-project".to_owned(),
        _ => "/customers".to_owned(),
    };
    Redirect::to(&place)
}
