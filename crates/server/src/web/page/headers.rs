//! What every page tells the browser: run nothing but our own files, show us in nobody's frame.

use std::convert::Infallible;

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, Method, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::http::{App, Code, Problem, headers};

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Adds the headers to every answer.
pub async fn layer(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    add(response.headers_mut());
    response
}

/// Adds the headers, unless the handler chose its own.
pub(crate) fn add(headers: &mut HeaderMap) {
    headers::add(
        headers,
        [(header::CONTENT_SECURITY_POLICY, POLICY), (header::REFERRER_POLICY, "same-origin")],
    );
}

/// Refuses what may change something and comes from another site.
pub async fn same_origin(State(app): State<App>, request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    match reads {
        true => next.run(request).await,
        false => match from_here(&app, request.headers(), "This form was sent from another site.") {
            Ok(()) => next.run(request).await,
            Err(problem) => problem.into_response(),
        },
    }
}

/// Refuses what a page of another site sent.
pub(crate) fn from_here(app: &App, headers: &HeaderMap, refusal: &str) -> Result<(), Problem> {
    if is_ours(headers, &app.config.public_url()) {
        return Ok(());
    }
    Err(Problem::new(Code::Forbidden, refusal).hint(
        "Open the page here, and send it again. Behind a proxy, set --public-url to the address that people use.",
    ))
}

/// Whether the member looks at a page by themselves. What a page notes of that it notes then only: a browser that fetches ahead,
/// a HEAD, and a link or a picture on somebody else's page are no look of theirs.
pub struct OwnLook(pub(crate) bool);

impl<S: Sync> FromRequestParts<S> for OwnLook {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(OwnLook(is_own_look(&parts.method, &parts.headers)))
    }
}

fn is_own_look(method: &Method, headers: &HeaderMap) -> bool {
    let says = |name: &str, word: &str| {
        headers.get(name).is_some_and(|value| value.to_str().is_ok_and(|value| value.contains(word)))
    };
    let ahead = ["sec-purpose", "purpose", "x-purpose", "x-moz"];
    let is_ahead = ahead.iter().any(|name| says(name, "prefetch") || says(name, "preview"));
    let is_others = says("sec-fetch-site", "cross-site") || says("sec-fetch-site", "same-site");
    method == Method::GET && !is_ahead && !is_others
}

/// Whether a page of ours sent it, as Sec-Fetch-Site says; or, where a browser is too old to send that, Origin, which proves
/// less: what it names need not be the page. Who sends neither is no browser, and has no cookie but its own.
fn is_ours(headers: &HeaderMap, public: &str) -> bool {
    let named =
        |name: &str| headers.get(name).map(|value| value.as_bytes()).filter(|value| !value.is_empty());
    match (named("sec-fetch-site"), named("origin")) {
        (Some(site), _) => matches!(site, b"same-origin" | b"none"),
        // A proxy may hand on another Host than the one that the browser sees.
        (None, Some(origin)) => origin == public.as_bytes() || is_of(origin, named("host")),
        (None, None) => true,
    }
}

/// Whether an origin is of a host.
fn is_of(origin: &[u8], host: Option<&[u8]>) -> bool {
    let named = origin.strip_prefix(b"https://").or_else(|| origin.strip_prefix(b"http://"));
    named.is_some() && named == host
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn only_a_look_of_the_members_own_is_noted() {
        for (method, header, own) in [
            (Method::GET, ("accept", "text/html"), true),
            (Method::GET, ("sec-fetch-site", "same-origin"), true),
            (Method::GET, ("sec-fetch-site", "none"), true),
            (Method::GET, ("hx-boosted", "true"), true),
            (Method::GET, ("sec-fetch-site", "same-site"), false),
            (Method::GET, ("sec-fetch-site", "cross-site"), false),
            (Method::GET, ("sec-purpose", "prefetch;prerender"), false),
            (Method::GET, ("x-moz", "prefetch"), false),
            (Method::HEAD, ("sec-fetch-site", "same-origin"), false),
        ] {
            let headers = HeaderMap::from_iter([(
                HeaderName::from_static(header.0),
                HeaderValue::from_static(header.1),
            )]);
            assert_eq!(is_own_look(&method, &headers), own, "{method} {header:?}");
        }
    }

    #[test]
    fn a_form_is_ours_by_sec_fetch_site_or_else_by_origin() {
        let ours = "https://crm.example.com";
        let rows: [(&[(&'static str, &str)], bool); 14] = [
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("sec-fetch-site", "none")], true),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("sec-fetch-site", "cross-site")], false),
            (&[("sec-fetch-site", "anything")], false),
            (&[("sec-fetch-site", "cross-site"), ("origin", ours)], false),
            (&[("sec-fetch-site", "same-site"), ("origin", "http://10.0.0.1:7878")], false),
            (&[("origin", ours)], true),
            (&[("sec-fetch-site", ""), ("origin", ours)], true),
            (&[("origin", "http://10.0.0.1:7878")], true),
            (&[("origin", "https://evil.example")], false),
            (&[("origin", "null")], false),
            (&[("origin", "10.0.0.1:7878")], false),
            (&[], true),
        ];
        for (sent, is) in rows {
            let mut headers = HeaderMap::new();
            headers.insert("host", HeaderValue::from_static("10.0.0.1:7878"));
            for (name, value) in sent {
                headers.insert(*name, value.parse().unwrap());
            }
            assert_eq!(is_ours(&headers, ours), is, "{sent:?}");
        }
    }
}
