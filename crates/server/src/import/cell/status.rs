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

/// What a word of another system probably means. Words that are put together mean what all do that mean something.
pub(crate) fn meant(word: &str) -> Option<Status> {
    let word = word.trim().to_lowercase();
    let whole: String = word.chars().map(|c| if c == ' ' || c == '-' { '_' } else { c }).collect();
    Status::guess(&whole).or_else(|| {
        let parts = word.split(|c: char| !c.is_alphanumeric());
        let mut statuses = parts.filter_map(Status::guess);
        let first = statuses.next()?;
        statuses.all(|other| other == first).then_some(first)
    })
}

/// Pairs that translate words which are no statuses: to what is probable, and to free where nothing is.
pub(crate) fn proposal<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let pair = |word: &str| format!("{}={}", word.to_lowercase(), meant(word).unwrap_or(Status::Free));
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

    #[test]
    fn words_of_other_systems_mean_something() {
        use Status::{Churned, Free, Paid, Trial};
        for (word, status) in [
            ("past_due", Some(Paid)),
            ("Past due", Some(Paid)),
            ("unpaid", Some(Churned)),
            ("incomplete", Some(Free)),
            ("incomplete_expired", Some(Churned)),
            ("trialing", Some(Trial)),
            ("active:paid", Some(Paid)),
            ("Active - monthly", Some(Paid)),
            ("subscription.canceled", Some(Churned)),
            ("Gekündigt", Some(Churned)),
            ("aktiv", Some(Paid)),
            ("actif", Some(Paid)),
            ("Testphase", Some(Trial)),
            ("active, canceled", None),
            ("enabled", None),
            ("", None),
        ] {
            assert_eq!(meant(word), status, "{word}");
        }
    }
}
