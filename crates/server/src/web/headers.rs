//! What every page tells the browser: run nothing but our own files, show us in nobody's frame.

use axum::{
    extract::Request,
    http::{HeaderMap, header},
    middleware::Next,
    response::Response,
};
use tower_http::csrf::CsrfLayer;

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
pub(super) fn add(headers: &mut HeaderMap) {
    headers::add(
        headers,
        [(header::CONTENT_SECURITY_POLICY, POLICY), (header::REFERRER_POLICY, "same-origin")],
    );
}

/// Refuses unsafe requests that come from other sites: by Sec-Fetch-Site, or by Origin where a browser sends none.
pub fn same_origin(
    app: &App,
) -> CsrfLayer<impl Fn(tower_http::csrf::ProtectionError) -> Response + Clone + use<>> {
    let layer = CsrfLayer::new();
    let public = app.config.public_url();
    // A proxy may hand on another Host than the one that the browser sees.
    let layer = layer.clone().add_trusted_origin(&public).unwrap_or(layer);
    layer.with_rejection_response(|_| {
        let problem = Problem::new(Code::Forbidden, "This form was sent from another site.");
        axum::response::IntoResponse::into_response(
            problem.hint("Open the page here, and send it again. Behind a proxy, set --public-url to the address that people use."),
        )
    })
}
