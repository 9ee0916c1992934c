//! Projects: one product of the account each.

use std::{fmt, str::FromStr};

use super::ProjectId;

/// The palette's colours; the stylesheet gives each its light and dark value.
pub const COLOURS: [&str; 8] = ["violet", "blue", "teal", "green", "amber", "orange", "red", "pink"];

/// One product of the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// Its id; keys and rows refer to it.
    pub id: ProjectId,
    /// Its name in URLs and filters.
    pub slug: Slug,
    /// Its name on pages.
    pub name: String,
    /// One of [`COLOURS`].
    pub colour: String,
    /// A test project is left out of account-wide views and can be reset.
    pub test: bool,
    /// An archived project keeps everything, is written to no more, and is left out where projects are taken together.
    pub archived: bool,
}

impl Project {
    /// Whether it counts where all projects that are no test projects are taken together.
    pub fn is_live(&self) -> bool {
        !self.test && !self.archived
    }
}

/// A name in URLs and filters: 1 to 64 lower-case letters, digits and inner hyphens, starting with a letter.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slug(String);

/// Why a text is no slug.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a slug: use 1 to 64 lower-case letters, digits and hyphens, beginning with a letter, as in my-app"
)]
pub struct SlugError(String);

impl Slug {
    /// The text of the slug.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The nearest slug to a free text, e.g. a project's name; `None` when nothing of it can stay.
    pub fn nearest(text: &str) -> Option<Self> {
        let lower = text.to_lowercase();
        let words: Vec<&str> =
            lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
        let joined: String =
            words.join("-").chars().skip_while(|c| !c.is_ascii_lowercase()).take(64).collect();
        joined.trim_end_matches('-').parse().ok()
    }
}

impl FromStr for Slug {
    type Err = SlugError;

    fn from_str(text: &str) -> Result<Self, SlugError> {
        let letters = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        let begins = text.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
        if letters && begins && text.len() <= 64 && !text.ends_with('-') {
            Ok(Self(text.to_owned()))
        } else {
            Err(SlugError(text.chars().take(80).collect()))
        }
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs() {
        for good in ["a", "my-app", "a1", "newsletter"] {
            assert!(good.parse::<Slug>().is_ok(), "{good:?}");
        }
        for bad in ["", "1a", "-a", "a-", "A", "a b", "a_b", "é", &"a".repeat(65)] {
            assert!(bad.parse::<Slug>().is_err(), "{bad:?}");
        }
        assert_eq!(Slug::nearest("My Great App!").unwrap().as_str(), "my-great-app");
        assert_eq!(Slug::nearest("2048 Game").unwrap().as_str(), "game");
        assert_eq!(Slug::nearest("日本"), None);
    }
}
