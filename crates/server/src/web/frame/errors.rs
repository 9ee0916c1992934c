//! Problems as pages, for browsers; apps get them as JSON. Who is signed in keeps what stands around a page, and every such
//! page holds `#view`: a link that brings one in place of a view shows it there.

use askama::Template;
use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, Method, header, request::Parts},
    middleware::Next,
    response::{Html, IntoResponse, Response},
};

use super::{Frame, theme::Theme};
use crate::{
    http::{App, Code, Problem, request_id::RequestId},
    web::page::headers,
};

#[derive(Template)]
#[template(path = "frame/error.html")]
struct ErrorPage<'a> {
    frame: Frame,
    problem: &'a Problem,
    request_id: &'a str,
}

#[derive(Template)]
#[template(path = "frame/error_alone.html")]
struct AlonePage<'a> {
    theme: Theme,
    problem: &'a Problem,
    request_id: &'a str,
}

impl ErrorPage<'_> {
    fn title(&self) -> &'static str {
        title(self.problem)
    }
}

impl AlonePage<'_> {
    fn title(&self) -> &'static str {
        title(self.problem)
    }
}

fn title(problem: &Problem) -> &'static str {
    match problem.code {
        Code::NotFound => "Nothing is here",
        Code::Forbidden => "Not allowed",
        Code::TooManyRequests => "Too many attempts",
        Code::Unavailable => "The database does not answer just now",
        Code::OutcomeUnknown => "It may be stored or not",
        Code::IndexNotReady => "This cannot be told just now",
        Code::Internal => "Something went wrong",
        _ => "That did not work",
    }
}

/// Turns the problem of a browser's request into a page.
pub async fn layer(State(app): State<App>, request: Request, next: Next) -> Response {
    if !wants_page(request.uri().path(), request.headers()) {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let mut asked = parts.clone();
    let mut response = next.run(Request::from_parts(parts, body)).await;
    let Some(mut problem) = response.extensions_mut().remove::<Problem>() else { return response };
    if asked.method == Method::POST && problem.code == Code::Unavailable {
        // A form may do several things, one after the other.
        problem.hint = Some("Look whether it was done before you do it again.".to_owned());
    }
    match page(&app, &mut asked, &problem).await {
        Ok(html) => {
            let (parts, body) = Html(html).into_response().into_parts();
            *response.body_mut() = body;
            response.headers_mut().extend(parts.headers);
            response.headers_mut().remove(header::WWW_AUTHENTICATE);
            headers::add(response.headers_mut());
        }
        // The problem itself still reaches the browser, as JSON.
        Err(_) => drop(response.extensions_mut().insert(problem)),
    }
    response
}

/// The problem in the frame of who is signed in; alone for strangers, and where the frame cannot be had.
async fn page(app: &App, asked: &mut Parts, problem: &Problem) -> askama::Result<String> {
    let id = asked.extensions.get::<RequestId>().map_or_else(String::new, |id| id.0.clone());
    // Whoever asks too often must cost nothing, and a database that does not answer is not waited for again.
    let may_frame = !matches!(problem.code, Code::TooManyRequests | Code::Unavailable);
    if may_frame && let Ok(frame) = Frame::from_request_parts(asked, app).await {
        return ErrorPage { frame, problem, request_id: &id }.render();
    }
    let Ok(theme) = Theme::from_request_parts(asked, app).await;
    AlonePage { theme, problem, request_id: &id }.render()
}

/// Browsers say that they take pages; htmx, which takes parts of them, says who it is instead.
fn wants_page(path: &str, headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    (accept.contains("text/html") || headers.contains_key("hx-request")) && !path.starts_with("/v1/")
}
