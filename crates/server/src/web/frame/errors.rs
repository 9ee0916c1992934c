//! Problems as pages, for browsers; apps get them as JSON.

use askama::Template;
use axum::{
    extract::Request,
    http::{HeaderMap, Method, header},
    middleware::Next,
    response::{Html, Response},
};

use super::theme::Theme;
use crate::{
    http::{Code, Problem, request_id::RequestId},
    web::page::headers,
};

#[derive(Template)]
#[template(path = "frame/error.html")]
struct ErrorPage<'a> {
    theme: Theme,
    problem: &'a Problem,
    request_id: &'a str,
}

impl ErrorPage<'_> {
    fn title(&self) -> &'static str {
        match self.problem.code {
            Code::NotFound => "Nothing is here",
            Code::Forbidden => "Not allowed",
            Code::TooManyRequests => "Too many attempts",
            Code::Unavailable => "The database does not answer just now",
            Code::OutcomeUnknown => "It may be stored or not",
            Code::Internal => "Something went wrong",
            _ => "That did not work",
        }
    }
}

/// Turns the problem of a browser's request into a page.
pub async fn layer(theme: Theme, request: Request, next: Next) -> Response {
    let writes = request.method() == Method::POST;
    let page = wants_page(request.uri().path(), request.headers());
    let id = request.extensions().get::<RequestId>().map_or_else(String::new, |id| id.0.clone());
    let mut response = next.run(request).await;
    if !page {
        return response;
    }
    let Some(mut problem) = response.extensions_mut().remove::<Problem>() else { return response };
    if writes && problem.code == Code::Unavailable {
        // A form may do several things, one after the other.
        problem.hint = Some("Look whether it was done before you do it again.".to_owned());
    }
    match (ErrorPage { theme, problem: &problem, request_id: &id }).render() {
        Ok(html) => {
            let (parts, body) = axum::response::IntoResponse::into_response(Html(html)).into_parts();
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

fn wants_page(path: &str, headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accept.contains("text/html") && !path.starts_with("/v1/")
}
