//! What `serve --welcome` prepares for a new account, and what `serve` says when it is ready.

use server::{
    http::sdk,
    model::{Secret, Slug},
    store::{self, AccountId, Store},
};

use super::{demo::fill, project::make};
use crate::{
    demo::{self, Recipe},
    failure::Failure,
};

/// The project that the visitor's own app gets.
const OWN: &str = "my-app";

/// Fills the demo and makes the visitor's project, unless the account has a project of its own; returns its key.
///
/// The visitor's project comes last, so that a start that was cut off begins anew.
pub async fn prepare(store: &Store, account: AccountId, recipe: Recipe) -> Result<Option<Secret>, Failure> {
    let projects = store::project::list(store, account).await?;
    if projects.iter().any(|project| !demo::is_demo(project)) {
        return Ok(None);
    }
    demo::remove(store, account).await?;
    fill(store, account, recipe).await?;
    let slug: Slug = OWN.parse().map_err(|e| Failure::new(format!("{e}")))?;
    let (_, key) = make(store, account, &slug, "My app", false).await?;
    Ok(Some(key))
}

/// Where the server is; how to get in; the first call.
pub fn text(url: &str, link: Option<&str>, key: Option<&Secret>) -> String {
    let mut text = format!("\nTinyCRM is ready.\n\n  Dashboard  {url}\n");
    if let Some(link) = link {
        text += &format!("  Sign in    {link}  (works once)\n");
    }
    if let Some(key) = key.map(Secret::reveal) {
        text += &format!(
            "\nThe project {OWN} is yours. Its secret key is shown this once:\n\n  {key}\n\n\
             Paste this into another terminal, then look at the dashboard:\n\n  \
             curl {url}/v1/identify -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' \
             -d '{{\"email\": \"ada@example.com\", \"name\": \"Ada\", \"status\": \"trial\", \
             \"params\": {{\"plan\": \"pro\", \"mrr\": 29}}}}'\n\n\
             Or from your code, with a client of this server:\n\n  {}\n  {}\n",
            sdk::npm_install(url),
            sdk::pip_install(url),
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use server::model::KeyKind;

    use super::*;

    #[test]
    fn the_welcome_says_where_how_and_what_first() {
        let key = Secret::new(KeyKind::Secret);
        let text = text("http://127.0.0.1:7878", Some("http://127.0.0.1:7878/sign-in/abc"), Some(&key));
        insta::assert_snapshot!(text.replace(key.reveal(), "tcrm_proj_…"));
    }

    #[test]
    fn a_later_start_says_only_where() {
        assert_eq!(
            text("http://127.0.0.1:7878", None, None),
            "\nTinyCRM is ready.\n\n  Dashboard  http://127.0.0.1:7878\n"
        );
    }
}
