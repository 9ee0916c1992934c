//! What may be wrong with some rows of a file.

use std::collections::BTreeMap;

/// So many words of one status column are kept.
const WORDS_MAX: usize = 20;

/// What may be wrong with some rows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Oddities {
    /// Rows whose `user_id` is nobody's, and the first such.
    pub(crate) placeholders: u64,
    pub(crate) placeholder: Option<String>,
    /// Rows that name nobody, and the line of the first.
    pub(crate) nobody: u64,
    pub(crate) nobody_line: Option<u64>,
    /// Rows with a cell over many lines: how many, the first one's line, and over how many lines.
    pub(crate) long: u64,
    pub(crate) long_line: Option<(u64, u64)>,
    /// Cells under no name.
    pub(crate) nameless: u64,
    /// Words of statuses that are none of ours.
    pub(crate) statuses: BTreeMap<String, u64>,
    /// Rows with yet other such words.
    pub(crate) more_statuses: u64,
}

impl Oddities {
    /// Takes in a word that is no status of ours.
    pub(crate) fn word(&mut self, word: &str) {
        let word = word.trim().to_lowercase();
        if self.statuses.len() < WORDS_MAX || self.statuses.contains_key(&word) {
            *self.statuses.entry(word).or_default() += 1;
        } else {
            self.more_statuses += 1;
        }
    }

    /// Takes in a `user_id` that is nobody's.
    pub(crate) fn placeholder(&mut self, user_id: Option<String>) {
        self.placeholders += 1;
        self.placeholder = self.placeholder.take().or(user_id);
    }
}
