//! Who is looking: the session's cookie, and extractors that yield the member or send the visitor to sign in.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, Method, header, request::Parts},
    response::{AppendHeaders, IntoResponse, Redirect, Response},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{
    http::{App, Code, Problem},
    model::{Role, now},
    store::{
        member::Member,
        session::{self, SESSION},
    },
};

/// Somebody who is signed in: may look, filter and export.
pub struct SignedIn(pub Member);

/// An admin or owner: may also make projects and keys, and delete.
pub struct Admin(pub Member);

/// An owner: may also manage members.
pub struct Owner(pub Member);

impl FromRequestParts<App> for SignedIn {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let found = match token(app, &parts.headers) {
            Some(token) => session::find(&app.store, token, now()).await.map_err(refuse)?,
            None => None,
        };
        found.map(SignedIn).ok_or_else(|| to_sign_in(parts))
    }
}

impl FromRequestParts<App> for Admin {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        with_role(parts, app, Role::Admin).await.map(Admin)
    }
}

impl FromRequestParts<App> for Owner {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        with_role(parts, app, Role::Owner).await.map(Owner)
    }
}

async fn with_role(parts: &mut Parts, app: &App, role: Role) -> Result<Member, Response> {
    let SignedIn(member) = SignedIn::from_request_parts(parts, app).await?;
    if member.role >= role {
        return Ok(member);
    }
    let detail = format!("Only an {role} may do this; {} is {}.", member.email, with_article(member.role));
    Err(Problem::new(Code::Forbidden, detail).hint("Ask an owner of the account.").into_response())
}

fn with_article(role: Role) -> String {
    let article = if role == Role::Viewer { "a" } else { "an" };
    format!("{article} {role}")
}

fn refuse(error: crate::store::Error) -> Response {
    Problem::from(error).into_response()
}

/// To the sign-in page, and back here afterwards. A part that htmx asked for becomes a whole page.
fn to_sign_in(parts: &Parts) -> Response {
    let here = parts.uri.path_and_query().map_or("/", |p| p.as_str());
    let next = if parts.method == Method::GET { here } else { "/" };
    let place = format!("/sign-in?next={}", utf8_percent_encode(next, NON_ALPHANUMERIC));
    match HeaderValue::from_str(&place) {
        Ok(value) if parts.headers.contains_key("hx-request") => [("hx-redirect", value)].into_response(),
        _ => Redirect::to(&place).into_response(),
    }
}

/// Where to go after signing in: a path of this site, never another one's address.
pub(crate) fn safe_next(next: &str) -> &str {
    let own = next.starts_with('/') && !next[1..].starts_with(['/', '\\']);
    if own && !next.chars().any(char::is_control) { next } else { "/" }
}

/// Back to where a form stands, which says what was done.
pub(crate) fn saved(next: &str, what: &str) -> Redirect {
    let (path, _) = next.split_once('?').unwrap_or((next, ""));
    Redirect::to(&format!("{}?saved={what}", safe_next(path)))
}

/// Goes on with a new session; what was signed in before in this browser ends.
pub(crate) async fn change_to(
    app: &App,
    new: &str,
    headers: &HeaderMap,
    next: &str,
) -> Result<Response, Problem> {
    if let Some(before) = token(app, headers) {
        session::end(&app.store, before).await?;
    }
    let cookie = set_cookie(app, new, SESSION.as_secs());
    Ok((AppendHeaders([(header::SET_COOKIE, cookie)]), Redirect::to(safe_next(next))).into_response())
}

/// Ends the session and forgets its cookie.
pub(crate) async fn end(app: &App, headers: &HeaderMap) -> Result<Response, Problem> {
    if let Some(token) = token(app, headers) {
        session::end(&app.store, token).await?;
    }
    Ok(left(app))
}

/// To the sign-in page, without the cookie of a session that has ended.
pub(crate) fn left(app: &App) -> Response {
    let cookie = set_cookie(app, "", 0);
    (AppendHeaders([(header::SET_COOKIE, cookie)]), Redirect::to("/sign-in")).into_response()
}

/// Whether the session's password may be replaced without saying the present one: a link has just been used.
pub(crate) async fn replaces_password(app: &App, headers: &HeaderMap) -> Result<bool, Problem> {
    match token(app, headers) {
        Some(token) => Ok(session::replaces_password(&app.store, token, now()).await?),
        None => Ok(false),
    }
}

fn set_cookie(app: &App, token: &str, seconds: i64) -> String {
    let secure = if https(app) { "; Secure" } else { "" };
    format!("{}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}", name(app))
}

/// The session's token, as the browser sent it.
pub(crate) fn token<'a>(app: &App, headers: &'a HeaderMap) -> Option<&'a str> {
    cookie(headers, name(app)).filter(|token| !token.is_empty())
}

/// The `__Host-` prefix keeps sub-domains from setting the cookie; browsers accept it over https only.
fn name(app: &App) -> &'static str {
    if https(app) { "__Host-tinycrm" } else { "tinycrm" }
}

/// Whether browsers speak https with us.
pub(crate) fn https(app: &App) -> bool {
    app.config.public_url().starts_with("https:")
}

/// A cookie's value.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let values = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = values.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn next_never_leaves_the_site() {
        for good in ["/", "/customers?filter=plan%20%3D%20pro", "/customers/a@b.c"] {
            assert_eq!(safe_next(good), good);
        }
        for bad in
            ["", "//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "/a\nb"]
        {
            assert_eq!(safe_next(bad), "/", "{bad:?}");
        }
    }

    #[test]
    fn cookies_are_found_by_their_whole_name() {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, "xtinycrm=a; tinycrm=b;theme=dark".parse().unwrap());
        assert_eq!(cookie(&headers, "tinycrm"), Some("b"));
        assert_eq!(cookie(&headers, "theme"), Some("dark"));
        assert_eq!(cookie(&headers, "__Host-tinycrm"), None);
    }
}
