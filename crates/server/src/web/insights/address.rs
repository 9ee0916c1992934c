//! What the address of a page that asks a question of the API holds: the words of its question, as the API has them. Each link
//! of the page is the present address with some of them changed.

use axum::{extract::FromRequestParts, http::request::Parts};
use jiff::civil::Date;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::de::DeserializeOwned;

use crate::{
    api::insights::reading,
    http::{
        App, Problem,
        fields::{QueryString, Reading},
    },
    web::{customers, frame::Frame},
};

/// The words of whom it is asked, which all insights have.
const SCOPE: [&str; 4] = ["project", "test", "filter", "as_of"];

/// The address of a page.
#[derive(Clone, Debug, Default)]
pub struct Address {
    path: String,
    words: QueryString,
    /// A word, and what it says where it is left out.
    default: Option<(&'static str, &'static str)>,
}

impl Address {
    /// What a word says; empty where it is left out.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.words.pairs().find(|(word, _)| *word == name).map_or("", |(_, text)| text)
    }

    /// The address without today: it asks of the present.
    pub(super) fn dated(mut self, today: Date) -> Address {
        if self.past().is_some_and(|day| day == today) {
            self.words = self.words.with("as_of", "");
        }
        self
    }

    /// The address of all projects together, test projects where one of them is named.
    pub(super) fn wide(mut self, frame: &Frame) -> Address {
        let is_test = frame.project(self.get("project")).is_some_and(|project| project.test);
        self.words = self.words.with("project", "");
        if is_test {
            self.words = self.words.with("test", "1");
        }
        self
    }

    /// The day at whose end everything is asked; none of the present, or where that is no day.
    pub(super) fn past(&self) -> Option<Date> {
        self.get("as_of").parse().ok()
    }

    /// The question that the words ask.
    pub(crate) fn read<A: DeserializeOwned>(&self) -> Result<A, Problem> {
        self.read_as(reading)
    }

    /// The same where words are read in another way.
    pub(crate) fn read_as<A: DeserializeOwned>(&self, reading: fn(&str) -> Reading) -> Result<A, Problem> {
        let left_out = self.default.filter(|(name, _)| self.get(name).is_empty());
        let words =
            left_out.map_or_else(|| self.words.clone(), |(name, text)| self.words.clone().with(name, text));
        words.read(reading)
    }

    /// The same, where a word that is left out is read as if it said something.
    pub(crate) fn or(self, name: &'static str, text: &'static str) -> Address {
        Address { default: Some((name, text)), ..self }
    }

    /// The page with some words changed; an empty one is left out.
    pub(crate) fn with(&self, changed: &[(&str, &str)]) -> String {
        let kept = self.words.pairs().filter(|(name, _)| !changed.iter().any(|(other, _)| other == name));
        link(&self.path, kept.chain(changed.iter().copied()))
    }

    /// The same question as a file.
    pub(crate) fn file(&self) -> String {
        link(&format!("{}.csv", self.path), self.words.pairs())
    }

    /// Another insight about the same people.
    pub(crate) fn beside(&self, path: &str) -> String {
        link(path, self.words.pairs().filter(|(name, _)| SCOPE.contains(name)))
    }

    /// What a form must carry besides its own fields.
    pub(crate) fn except(&self, own: &[&str]) -> Vec<(String, String)> {
        let others = self.words.pairs().filter(|(name, _)| !own.contains(name));
        others.map(|(name, text)| (name.to_owned(), text.to_owned())).collect()
    }

    /// The customers of whom it is asked.
    pub(crate) fn customers(&self) -> customers::address::Address {
        let word = |name| self.get(name).to_owned();
        customers::address::Address {
            project: word("project"),
            test: word("test"),
            filter: word("filter"),
            as_of: word("as_of"),
            ..Default::default()
        }
    }

    /// Those of them whom a filter of the answer lists.
    pub(crate) fn people(&self, filter: &filter::Expr) -> String {
        self.customers().filtered(filter.to_string()).link()
    }
}

/// A link to a path with words that say something.
fn link<'w>(path: &str, words: impl Iterator<Item = (&'w str, &'w str)>) -> String {
    let encoded = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
    let said = words.filter(|(_, text)| !text.is_empty());
    let pairs: Vec<String> =
        said.map(|(name, text)| format!("{}={}", encoded(name), encoded(text))).collect();
    if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) }
}

impl FromRequestParts<App> for Address {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let words = QueryString::from_request_parts(parts, app).await?.said();
        let path = parts.uri.path().trim_end_matches('/').to_owned();
        Ok(Address { path, words, default: None })
    }
}
