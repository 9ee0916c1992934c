//! E-mail addresses in the one form that identifies a customer.

use email_address::{EmailAddress, Options};

/// The longest address that SMTP can carry (RFC 5321, 4.5.3.1.3).
pub const EMAIL_MAX: usize = 254;

/// A valid address, trimmed and lower-cased: `Ada@X.com` and `ada@x.com` are one customer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Email(String);

/// Why a text is no e-mail address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmailError {
    /// Longer than SMTP can carry.
    #[error("an e-mail address has at most {EMAIL_MAX} characters, this one has {0}")]
    TooLong(usize),
    /// Not `local@domain`.
    #[error("{0:?} is not an e-mail address")]
    Invalid(String),
}

impl Email {
    /// Reads an address; what it returns is normalised.
    pub fn parse(text: &str) -> Result<Self, EmailError> {
        let email = text.trim().to_lowercase();
        let length = email.chars().count();
        if length > EMAIL_MAX {
            return Err(EmailError::TooLong(length));
        }
        let options = Options::default().with_required_tld().without_display_text().without_domain_literal();
        match EmailAddress::parse_with_options(&email, options) {
            Ok(_) if !email.contains(|c: char| c.is_control() || c.is_whitespace()) => Ok(Self(email)),
            _ => Err(EmailError::Invalid(text.chars().take(EMAIL_MAX).collect())),
        }
    }

    /// The normalised address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Email {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_normalised() {
        assert_eq!(Email::parse("  Ada@X.com ").unwrap().as_str(), "ada@x.com");
        assert_eq!(Email::parse("ada+tag@sub.example.co.uk").unwrap().as_str(), "ada+tag@sub.example.co.uk");
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            "ada",
            "ada@",
            "@x.com",
            "a b@x.com",
            "ada@x",
            "Ada <ada@x.com>",
            "a@b@x.com",
            "a\u{0}@x.com",
        ] {
            assert!(Email::parse(text).is_err(), "{text:?}");
        }
        assert!(matches!(Email::parse(&format!("{}@x.com", "a".repeat(250))), Err(EmailError::TooLong(256))));
    }
}
