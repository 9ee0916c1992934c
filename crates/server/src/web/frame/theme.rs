//! Light, dark, or as the system says. Kept in a cookie, so that the page comes in the right colours at once.

use std::convert::Infallible;

use axum::{
    extract::{FromRequestParts, State},
    http::{
        HeaderMap, Uri,
        header::{REFERER, SET_COOKIE},
        request::Parts,
    },
    response::{IntoResponse, Redirect},
};
use serde::Deserialize;

use crate::{
    http::{App, extract::Form},
    web::session::{cookie, https, safe_next},
};

/// The cookie's name; over https with the prefix that keeps other hosts from setting it.
fn name(app: &App) -> &'static str {
    if https(app) { "__Host-theme" } else { "theme" }
}

/// The colours that the visitor chose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// As the system says.
    #[default]
    Auto,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Theme {
    /// The value of the page's `data-theme`.
    pub fn as_str(self) -> &'static str {
        match self {
            Theme::Auto => "auto",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    /// What the toggle offers next.
    pub fn next(self) -> Theme {
        match self {
            Theme::Auto => Theme::Dark,
            Theme::Dark => Theme::Light,
            Theme::Light => Theme::Auto,
        }
    }
}

impl FromRequestParts<App> for Theme {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        Ok(match cookie(&parts.headers, name(app)) {
            Some("light") => Theme::Light,
            Some("dark") => Theme::Dark,
            _ => Theme::Auto,
        })
    }
}

/// The form of the toggle.
#[derive(Deserialize)]
pub struct ThemeForm {
    theme: Theme,
}

/// `POST /theme`: back to where the toggle was, which htmx may have changed since the page came.
pub async fn set_theme(
    State(app): State<App>,
    headers: HeaderMap,
    Form(form): Form<ThemeForm>,
) -> impl IntoResponse {
    let secure = if https(&app) { "; Secure" } else { "" };
    let (name, theme) = (name(&app), form.theme.as_str());
    let value = format!("{name}={theme}; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly{secure}");
    ([(SET_COOKIE, value)], Redirect::to(safe_next(referrer(&headers).as_deref().unwrap_or("/"))))
}

/// The path and query of the page that the form was on.
fn referrer(headers: &HeaderMap) -> Option<String> {
    let url: Uri = headers.get(REFERER)?.to_str().ok()?.parse().ok()?;
    Some(url.path_and_query()?.as_str().to_owned())
}
