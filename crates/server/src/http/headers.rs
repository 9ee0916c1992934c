//! What every answer tells the browser: its type is what it says, it is not kept, and nothing of it is run or framed.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};

/// Adds the headers to every answer.
pub async fn layer(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    add(
        response.headers_mut(),
        [
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::CACHE_CONTROL, "no-store"),
            (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        ],
    );
    response
}

/// Adds headers, except those that the handler chose itself.
pub fn add<const N: usize>(headers: &mut HeaderMap, more: [(HeaderName, &'static str); N]) {
    for (name, value) in more {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}
