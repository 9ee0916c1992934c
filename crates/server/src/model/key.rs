//! API keys: their kinds, their text form and what is stored of them.
//!
//! A key is `prefix + 30 base-62 digits (178 random bits) + 6 base-62 digits (CRC-32 of all before)`: a scanner can
//! find a leaked one, and a mistyped one is refused without a look-up.

use std::{fmt, str::FromStr};

use jiff::SignedDuration;
use rand::RngExt;
use sha2::{Digest, Sha256};

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const RANDOM: usize = 30;
const CHECK: usize = 6;
/// How many random digits may be shown.
const SHOWN: usize = 4;

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum KeyKind {
    /// Writes and reads one project.
    Secret,
    /// Reads one project.
    Read,
    /// Only writes one project, from browsers.
    Publishable,
    /// Only reads, across all projects of the account.
    Account,
}

impl KeyKind {
    /// Every kind.
    pub const ALL: [KeyKind; 4] = [KeyKind::Secret, KeyKind::Read, KeyKind::Publishable, KeyKind::Account];

    /// The kind as stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            KeyKind::Secret => "secret",
            KeyKind::Read => "read",
            KeyKind::Publishable => "publishable",
            KeyKind::Account => "account",
        }
    }

    /// What its keys begin with.
    pub fn prefix(self) -> &'static str {
        match self {
            KeyKind::Secret => "tcrm_proj_",
            KeyKind::Read => "tcrm_read_",
            KeyKind::Publishable => "tcrm_pub_",
            KeyKind::Account => "tcrm_acct_",
        }
    }

    /// Whether it may read customers.
    pub fn reads(self) -> bool {
        self != KeyKind::Publishable
    }

    /// Whether it may write customers.
    pub fn writes(self) -> bool {
        matches!(self, KeyKind::Secret | KeyKind::Publishable)
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for KeyKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| {
            format!("{text:?} is not a kind of key; there are secret, read, publishable and account")
        })
    }
}

/// For how long a key that was replaced works beside the new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlap {
    /// An hour.
    Hour,
    /// A day.
    Day,
    /// Seven days.
    Week,
    /// Thirty days.
    Month,
}

impl Overlap {
    /// Every overlap, the shortest first.
    pub const ALL: [Overlap; 4] = [Overlap::Hour, Overlap::Day, Overlap::Week, Overlap::Month];

    /// How long it is.
    pub fn duration(self) -> SignedDuration {
        SignedDuration::from_hours(match self {
            Overlap::Hour => 1,
            Overlap::Day => 24,
            Overlap::Week => 24 * 7,
            Overlap::Month => 24 * 30,
        })
    }

    /// As forms and flags write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Overlap::Hour => "1h",
            Overlap::Day => "1d",
            Overlap::Week => "7d",
            Overlap::Month => "30d",
        }
    }

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Overlap::Hour => "1 hour",
            Overlap::Day => "1 day",
            Overlap::Week => "7 days",
            Overlap::Month => "30 days",
        }
    }
}

impl fmt::Display for Overlap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Overlap {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|overlap| overlap.as_str() == text);
        found.ok_or_else(|| format!("{text:?} is no overlap; there are 1h, 1d, 7d and 30d"))
    }
}

/// A key's text. Printed once, never stored; `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// A new random key of a kind.
    pub fn new(kind: KeyKind) -> Self {
        let mut rng = rand::rng();
        let mut text = kind.prefix().to_owned();
        text.extend((0..RANDOM).map(|_| char::from(DIGITS[rng.random_range(0..DIGITS.len())])));
        let check = checksum(&text);
        Self(text + &check)
    }

    /// Reads a key from a header; `None` when its form or checksum shows that no server ever made it.
    pub fn parse(text: &str) -> Option<Self> {
        let kind = KeyKind::ALL.into_iter().find(|kind| text.starts_with(kind.prefix()))?;
        if text.len() != kind.prefix().len() + RANDOM + CHECK || !text.is_ascii() {
            return None;
        }
        let (body, check) = text.split_at(text.len() - CHECK);
        (checksum(body) == check).then(|| Self(text.to_owned()))
    }

    /// The whole key. It is shown when the key is made and never again.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is stored: the SHA-256. Keys carry 178 random bits, so no salt is needed.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }

    /// What may be shown later: the prefix and the first digits.
    pub fn visible(&self) -> String {
        let length = self.0.len() - RANDOM - CHECK + SHOWN;
        format!("{}…", &self.0[..length])
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({})", self.visible())
    }
}

/// The CRC-32 of a text as six base-62 digits, highest first.
fn checksum(text: &str) -> String {
    let mut rest = crc32fast::hash(text.as_bytes()) as usize;
    let mut digits = [b'0'; CHECK];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[rest % DIGITS.len()];
        rest /= DIGITS.len();
    }
    digits.iter().copied().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_back() {
        for kind in KeyKind::ALL {
            let secret = Secret::new(kind);
            assert_eq!(Secret::parse(secret.reveal()), Some(secret.clone()));
            assert_ne!(Secret::new(kind), secret);
            assert!(secret.reveal().starts_with(kind.prefix()));
        }
    }

    #[test]
    fn a_mistyped_key_is_refused_without_a_look_up() {
        let secret = Secret::new(KeyKind::Secret);
        let mut letters: Vec<char> = secret.reveal().chars().collect();
        letters[15] = if letters[15] == 'a' { 'b' } else { 'a' };
        assert_eq!(Secret::parse(&letters.iter().collect::<String>()), None);
        for text in ["", "tcrm_proj_", "tcrm_proj_é", "Bearer x", "tcrm_proj_demo"] {
            assert_eq!(Secret::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn debug_hides_the_key() {
        let secret = Secret::new(KeyKind::Read);
        assert!(!format!("{secret:?}").contains(secret.reveal()));
    }
}
