//! The payment status of a customer in a project.

use std::fmt;
use std::str::FromStr;

use crate::error::is_slip;

/// Where a customer stands with a product. Ordered from the first to the last stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Uses the product without paying; what a new relationship is unless told otherwise.
    Free,
    /// Tries a paid plan.
    Trial,
    /// Pays.
    Paid,
    /// Has stopped paying.
    Churned,
}

/// What words mean for whoever sells: those of billing providers, and of languages in which people name a status.
const WORDS: [(Status, &[&str]); 4] = [
    (
        Status::Free,
        &[
            "freemium",
            "none",
            "lead",
            "signup",
            "registered",
            "incomplete",
            "gratis",
            "kostenlos",
            "gratuit",
            "gratuito",
            "basic",
            "unsubscribed",
            "prospect",
        ],
    ),
    (
        Status::Trial,
        &[
            "trialing",
            "trialling",
            "in_trial",
            "on_trial",
            "trial_period",
            "trialer",
            "testphase",
            "probezeit",
            "testing",
            "test",
            "essai",
            "prueba",
            "prova",
            "proefperiode",
            "evaluation",
        ],
    ),
    (
        Status::Paid,
        &[
            "active",
            "past_due",
            "paying",
            "subscribed",
            "premium",
            "customer",
            "aktiv",
            "bezahlt",
            "zahlend",
            "actif",
            "payé",
            "paye",
            "payant",
            "activo",
            "pagado",
            "attivo",
            "pagato",
            "actief",
            "betaald",
            "ativo",
            "pago",
            "aktywny",
            "overdue",
            "überfällig",
            "non_renewing",
            "renewed",
            "succeeded",
            "completed",
            "live",
        ],
    ),
    (
        Status::Churned,
        &[
            "canceled",
            "cancelled",
            "expired",
            "ended",
            "inactive",
            "incomplete_expired",
            "lapsed",
            "unpaid",
            "paused",
            "deleted",
            "archived",
            "refunded",
            "terminated",
            "stopped",
            "suspended",
            "closed",
            "lost",
            "gekündigt",
            "gekuendigt",
            "beendet",
            "abgelaufen",
            "inaktiv",
            "storniert",
            "résilié",
            "resilie",
            "annulé",
            "expiré",
            "inactif",
            "cancelado",
            "vencido",
            "inactivo",
            "annullato",
            "disdetto",
            "scaduto",
            "opgezegd",
            "verlopen",
            "anulowany",
        ],
    ),
];

/// The word is not one of the four.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a status is free, trial, paid or churned")]
pub struct UnknownStatus;

impl Status {
    /// Every status, in order.
    pub const ALL: [Status; 4] = [Status::Free, Status::Trial, Status::Paid, Status::Churned];

    /// The word that is stored, sent and written in filters.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Free => "free",
            Status::Trial => "trial",
            Status::Paid => "paid",
            Status::Churned => "churned",
        }
    }

    /// What another word probably means: those of billing providers and of some languages, in any case, and slips of the finger.
    pub fn guess(word: &str) -> Option<Status> {
        let word = word.trim().to_lowercase();
        let is = |status: Status| status.as_str() == word;
        let listed = WORDS.iter().find(|(status, words)| is(*status) || words.contains(&word.as_str()));
        let is_near = |known: &&str| word.len() >= NEAR_MIN && is_slip(&word, known);
        let near = || WORDS.iter().find(|(_, words)| words.iter().any(is_near));
        let known = |found: Option<&(Status, &[&str])>| found.map(|(status, _)| *status);
        let own = || Status::ALL.into_iter().find(|status| word.len() > 2 && is_slip(&word, status.as_str()));
        known(listed).or_else(own).or_else(|| known(near()))
    }
}

/// Shorter words are a slip away from too many others.
const NEAR_MIN: usize = 5;

impl FromStr for Status {
    type Err = UnknownStatus;

    fn from_str(word: &str) -> Result<Status, UnknownStatus> {
        Status::ALL.into_iter().find(|status| status.as_str() == word).ok_or(UnknownStatus)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_other_systems_are_guessed() {
        use Status::{Churned, Free, Paid, Trial};
        for (word, status) in [
            ("Paid", Some(Paid)),
            ("past_due", Some(Paid)),
            ("unpaid", Some(Churned)),
            ("incomplete", Some(Free)),
            ("incomplete_expired", Some(Churned)),
            (" Trialing ", Some(Trial)),
            ("gekündigt", Some(Churned)),
            ("churnd", Some(Churned)),
            ("enabled", None),
        ] {
            assert_eq!(Status::guess(word), status, "{word}");
        }
    }

    #[test]
    fn a_word_means_one_status() {
        let words: Vec<&str> = WORDS.iter().flat_map(|(_, words)| *words).copied().collect();
        for (place, word) in words.iter().enumerate() {
            assert!(!words[..place].contains(word), "{word} stands twice");
        }
    }
}
