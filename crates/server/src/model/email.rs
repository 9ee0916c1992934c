//! E-mail addresses in the one form that identifies a customer.

use email_address::{EmailAddress, Options};
use filter::email;

/// The longest address that SMTP can carry (RFC 5321, 4.5.3.1.3).
pub const EMAIL_MAX: usize = 254;

/// A valid address in the form that `filter::email` gives it: `Ada@X.com` and `ada@x.com` are one customer, and so are
/// `ada@münchen.example` and its punycode.
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
        let email = email::normalised(text);
        let length = email.chars().count();
        if length > EMAIL_MAX {
            return Err(EmailError::TooLong(length));
        }
        if is_address(&email) {
            Ok(Self(email))
        } else {
            Err(EmailError::Invalid(text.chars().take(EMAIL_MAX).collect()))
        }
    }

    /// Every form under which it may be stored: an earlier version did not know that they are one.
    pub fn forms(&self) -> Vec<String> {
        email::forms(&self.0)
    }

    /// The normalised address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a normalised text is an address. A domain is judged by its punycode, which the limits of its labels speak of.
fn is_address(email: &str) -> bool {
    let options = Options::default().with_required_tld().without_display_text().without_domain_literal();
    if email.is_ascii() {
        return EmailAddress::parse_with_options(email, options).is_ok() && !email.contains(is_space);
    }
    let Some((local, domain)) = email.rsplit_once('@') else { return false };
    let Some(domain) = email::punycode(domain) else { return false };
    // The marks of many scripts belong to their letters, which is all that the library asks for.
    let letters: String = local.chars().map(|c| if email::is_mark(c) { 'x' } else { c }).collect();
    let begins = local.chars().next().is_some_and(|first| !email::is_mark(first));
    let address = format!("{letters}@{domain}");
    begins && !email.contains(is_space) && EmailAddress::parse_with_options(&address, options).is_ok()
}

fn is_space(c: char) -> bool {
    c.is_control() || c.is_whitespace()
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
    fn addresses_of_every_script_are_addresses() {
        for (text, address) in [
            ("Émile@Example.com", "émile@example.com"),
            ("jose\u{301}@x.com", "josé@x.com"),
            ("संपर्क@डाटामेल.भारत", "संपर्क@डाटामेल.भारत"),
            ("राम.कुमार@example.com", "राम.कुमार@example.com"),
            ("ติดต่อ@ตัวอย่าง.ไทย", "ติดต่อ@ตัวอย่าง.ไทย"),
            ("用户@例子.广告", "用户@例子.广告"),
            ("почта@пример.рф", "почта@пример.рф"),
            ("שלום@דוגמה.קום", "שלום@דוגמה.קום"),
            ("user@MÜNCHEN.example", "user@münchen.example"),
            ("User@xn--mnchen-3ya.example", "user@münchen.example"),
        ] {
            assert_eq!(Email::parse(text).as_ref().map(Email::as_str), Ok(address), "{text}");
            assert_eq!(Email::parse(address).as_ref().map(Email::as_str), Ok(address), "{address}");
        }
        assert_eq!(Email::parse("a@münchen.example").unwrap().forms().len(), 2);
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
            "\u{301}a@x.com",
            "é",
            "é@",
            "@münchen.example",
            "a b@münchen.example",
            "a\u{3000}b@münchen.example",
            "a@münchen",
            "a@\u{301}x.com",
            "é@-x.com",
        ] {
            assert!(Email::parse(text).is_err(), "{text:?}");
        }
        assert!(matches!(Email::parse(&format!("{}@x.com", "a".repeat(250))), Err(EmailError::TooLong(256))));
    }
}
