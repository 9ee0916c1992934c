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

use super::session::{cookie, safe_next};
use crate::http::{App, extract::Form};

const NAME: &str = "theme";

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

impl<S: Sync> FromRequestParts<S> for Theme {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(match cookie(&parts.headers, NAME) {
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
    let secure = if app.config.public_url().starts_with("https:") { "; Secure" } else { "" };
    let value =
        format!("{NAME}={}; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly{secure}", form.theme.as_str());
    ([(SET_COOKIE, value)], Redirect::to(safe_next(referrer(&headers).as_deref().unwrap_or("/"))))
}

/// The path and query of the page that the form was on.
fn referrer(headers: &HeaderMap) -> Option<String> {
    let url: Uri = headers.get(REFERER)?.to_str().ok()?.parse().ok()?;
    Some(url.path_and_query()?.as_str().to_owned())
}
