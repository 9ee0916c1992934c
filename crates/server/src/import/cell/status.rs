//! Statuses in the words of other systems.

use std::{collections::BTreeMap, str::FromStr};

use filter::Status;

/// From the file's words to ours; what is not named is taken in lower case.
#[derive(Clone, Debug, Default)]
pub(crate) struct Statuses {
    words: BTreeMap<String, String>,
}

impl Statuses {
    pub(crate) fn new(pairs: &[(String, String)]) -> Statuses {
        Statuses { words: pairs.iter().map(|(from, to)| (from.to_lowercase(), to.clone())).collect() }
    }

    /// A word of the file in our words. A word that has none stays, and is refused as an unknown status.
    pub(crate) fn translate(&self, word: &str) -> String {
        let lower = word.trim().to_lowercase();
        self.words.get(&lower).cloned().unwrap_or(lower)
    }

    /// Whether a word of the file is a status, as it is or by translation.
    pub(crate) fn know(&self, word: &str) -> bool {
        Status::from_str(&self.translate(word)).is_ok()
    }
}

/// Pairs that translate words which are no statuses: to what is probable, and to free where nothing is.
pub(crate) fn proposal<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let pair = |word: &str| {
        let status = Status::guess(word).unwrap_or(Status::Free);
        format!("{}={status}", word.to_lowercase())
    };
    words.map(pair).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_translated_in_any_case() {
        let statuses = Statuses::new(&[("Active".to_owned(), "paid".to_owned())]);
        assert_eq!(statuses.translate(" ACTIVE "), "paid");
        assert_eq!(statuses.translate("Paid "), "paid");
        assert!(statuses.know("active") && statuses.know("Trial") && !statuses.know("enabled"));
        assert_eq!(
            proposal(["Active", "canceled", "enabled"].into_iter()),
            "active=paid,canceled=churned,enabled=free"
        );
    }
}
