//! Which part of the history is looked at: it stands in the address, and the links to older changes keep it.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::day::Day;
use crate::{
    model::{CustomerId, ProjectId},
    store::customer::Which,
    web::frame::Frame,
};

/// What is asked of the history. What is empty asks nothing.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Chosen {
    pub(super) kind: String,
    /// The slug of the project.
    #[serde(rename = "in")]
    pub(super) project: String,
    /// A key of params or a field, as filters or the history name it.
    pub(super) name: String,
    pub(super) source: String,
    pub(super) text: String,
}

impl Chosen {
    /// The kinds of changes, with their labels, and whether each is chosen.
    pub(super) fn kinds(&self) -> [(&'static str, &'static str, bool); 6] {
        [
            ("created", "Created"),
            ("status", "Status"),
            ("params", "Values"),
            ("name", "Name"),
            ("address", "Address"),
            ("late", "Told late"),
        ]
        .map(|(name, label)| (name, label, self.kind == name))
    }

    /// Who may have written them.
    pub(super) fn sources(&self) -> [(&'static str, &'static str, bool); 6] {
        [
            ("secret_key", "API keys"),
            ("publishable_key", "Browsers"),
            ("member", "Members"),
            ("act", "Acts on many"),
            ("import", "Imports"),
            ("connector", "Connectors"),
        ]
        .map(|(name, label)| (name, label, self.source == name))
    }

    /// Whether anything is asked.
    pub(super) fn any(&self) -> bool {
        self.pairs().next().is_some()
    }

    /// The question as the store takes it. A project that is not there has nothing.
    pub(super) fn which(&self, frame: &Frame) -> Which {
        // Postgres has no text with U+0000, so nothing is found.
        let said = |text: &str| Some(text.trim().replace('\0', "\u{fffd}")).filter(|text| !text.is_empty());
        let name = said(&self.name).map(|name| name.strip_prefix("params.").unwrap_or(&name).to_owned());
        Which {
            kind: said(&self.kind),
            project: said(&self.project)
                .map(|slug| frame.project(&slug).map_or_else(ProjectId::new, |project| project.id)),
            name,
            source: said(&self.source),
            text: said(&self.text),
        }
    }

    /// The page of a customer on a day from a cursor on, with the same asked.
    pub(super) fn link(&self, customer: CustomerId, cursor: &str, day: Day) -> String {
        let encoded = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
        let day = day.text();
        let day = Some(("as_of", day.as_str())).filter(|(_, day)| !day.is_empty());
        let kept =
            day.into_iter().chain(self.pairs()).map(|(name, value)| format!("&{name}={}", encoded(value)));
        format!("/customers/{customer}?cursor={cursor}{}#history", kept.collect::<String>())
    }

    /// What the address says of it.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let pairs = [
            ("kind", &self.kind),
            ("in", &self.project),
            ("name", &self.name),
            ("source", &self.source),
            ("text", &self.text),
        ];
        pairs.into_iter().map(|(name, value)| (name, value.as_str())).filter(|(_, value)| !value.is_empty())
    }
}
