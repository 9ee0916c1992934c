//! E-mail addresses in the one form that identifies a customer: in lower case, composed (NFC), and with the letters of the
//! domain instead of its punycode. What is stored is in this form, and what filters ask for is brought into it.

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// What marks a label of a domain as punycode.
const PUNYCODE: &str = "xn--";

/// The address in its form. What is no address comes back in lower case.
///
/// ```
/// assert_eq!(filter::email::normalised(" Ada@XN--Mnchen-3ya.example"), "ada@münchen.example");
/// ```
pub fn normalised(address: &str) -> String {
    let address = lower(address);
    match address.rsplit_once('@') {
        Some((local, of)) => format!("{local}@{}", domain(of)),
        None => address,
    }
}

/// A domain in its form.
pub fn domain(domain: &str) -> String {
    let domain = lower(domain);
    if domain.is_ascii() && !domain.contains(PUNYCODE) {
        return domain;
    }
    match idna::domain_to_unicode(&domain) {
        (unicode, Ok(())) => unicode,
        _ => domain,
    }
}

/// A domain in punycode, as mail servers know it; `None` where there is no such form.
pub fn punycode(domain: &str) -> Option<String> {
    idna::domain_to_ascii(domain).ok()
}

/// Every form under which a normalised address may be stored: older rows may hold punycode.
pub fn forms(address: &str) -> Vec<String> {
    let other = address.rsplit_once('@').into_iter().flat_map(|(local, domain)| {
        domain_forms(domain).into_iter().skip(1).map(move |domain| format!("{local}@{domain}"))
    });
    [address.to_owned()].into_iter().chain(other).collect()
}

/// Every form under which a normalised domain may be stored.
pub fn domain_forms(domain: &str) -> Vec<String> {
    let other = (!domain.is_ascii()).then(|| punycode(domain)).flatten();
    [domain.to_owned()].into_iter().chain(other.filter(|other| other != domain)).collect()
}

/// Whether a character is a mark, which belongs to the letter before it.
pub fn is_mark(c: char) -> bool {
    is_combining_mark(c)
}

fn lower(text: &str) -> String {
    let lower = text.trim().to_lowercase();
    if lower.is_ascii() { lower } else { lower.nfc().collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_an_address_is_one() {
        for (written, address) in [
            ("Ada@Example.com", "ada@example.com"),
            ("user@xn--mnchen-3ya.example", "user@münchen.example"),
            ("user@MÜNCHEN.example", "user@münchen.example"),
            ("user@mu\u{308}nchen.example", "user@münchen.example"),
            ("jose\u{301}@x.com", "josé@x.com"),
            ("a@xn--strae-oqa.de", "a@straße.de"),
            ("a@例え。テスト", "a@例え.テスト"),
            // No punycode, whatever it looks like.
            ("a@xn--ü.de", "a@xn--ü.de"),
            ("a@xn--99999999999.de", "a@xn--99999999999.de"),
            ("xn--mnchen-3ya@x.com", "xn--mnchen-3ya@x.com"),
            ("no address", "no address"),
        ] {
            assert_eq!(normalised(written), address, "{written}");
            assert_eq!(normalised(address), address, "{address}");
        }
    }

    #[test]
    fn an_address_has_the_forms_that_may_be_stored() {
        assert_eq!(forms("a@münchen.example"), ["a@münchen.example", "a@xn--mnchen-3ya.example"]);
        assert_eq!(domain_forms("münchen.example"), ["münchen.example", "xn--mnchen-3ya.example"]);
        assert_eq!(forms("a@x.com"), ["a@x.com"]);
        assert_eq!(forms("josé@x.com"), ["josé@x.com"]);
        assert_eq!(forms("münchen"), ["münchen"], "it is no address");
    }
}
