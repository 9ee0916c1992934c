//! What a page proposes for a file: the flags of its notes, and columns that are named nearly as a param that the project has.

use std::collections::HashMap;

use filter::Field;

use crate::{
    import::{About, Waiting},
    model::flag::{self, Piece},
};

/// The flags that can be set by a button.
const KNOWN: [&str; 3] = ["map", "type", "status-map"];

/// A flag and its value.
pub(super) type Proposal = (String, String);

/// Columns that become a param of their own, beside one that differs from it in case and signs alone: the column, what it becomes,
/// the param that is there, and the flag that maps it.
pub(super) fn near(about: &About, params: &[Field]) -> Vec<(String, String, String, Proposal)> {
    let keys: Vec<(String, String)> = params
        .iter()
        .filter_map(|field| match field.path()?.keys() {
            [key] => Some((letters(key), field.to_string())),
            _ => None,
        })
        .collect();
    let columns = about.columns.iter().filter(|column| column.becomes.starts_with("params."));
    columns
        .filter(|column| params.iter().all(|field| field.to_string() != column.becomes))
        .filter_map(|column| {
            let own = letters(&column.name);
            let (_, meant) = keys.iter().find(|(key, _)| *key == own && !own.is_empty())?;
            let map = ("map".to_owned(), format!("{}={meant}", column.name));
            Some((column.name.clone(), column.becomes.clone(), meant.clone(), map))
        })
        .collect()
}

/// The letters and digits of a name.
fn letters(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// All that can be accepted at once: of each column what is proposed, unless several things are.
pub(super) fn all(waiting: &Waiting, near: impl Iterator<Item = Proposal>) -> Vec<Proposal> {
    let hints = waiting.looked.iter().flat_map(|about| &about.notes).filter_map(|note| note.hint.as_deref());
    let flags = hints.flat_map(flag::pieces).filter_map(|piece| match piece {
        Piece::Flag(name, value) if KNOWN.contains(&name.as_str()) => Some((name, value)),
        _ => None,
    });
    let mut proposals: Vec<Proposal> = Vec::new();
    for proposal in flags.chain(near) {
        if !proposals.contains(&proposal) {
            proposals.push(proposal);
        }
    }
    let mut of_column: HashMap<(String, String), usize> = HashMap::new();
    let column = |(name, value): &Proposal| {
        (name.clone(), value.rsplit_once('=').map_or(value.as_str(), |(column, _)| column).to_owned())
    };
    proposals.iter().for_each(|proposal| *of_column.entry(column(proposal)).or_default() += 1);
    proposals.retain(|proposal| of_column[&column(proposal)] == 1);
    proposals
}
