//! What every page tells the browser: run nothing but our own files, show us in nobody's frame.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, header},
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
    use axum::http::HeaderValue;

    use super::*;

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
