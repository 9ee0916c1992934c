//! Addresses and domains that do not count: colleagues, test accounts. Nothing is stored of them.

use std::{collections::HashSet, fmt, str::FromStr};

use filter::{email::domain_forms, quoted};

use super::Email;

/// What stands before the name of a domain where its subdomains are meant.
const SUBDOMAINS: &str = "@*.";

/// An address, a domain, or the subdomains of one, in the form in which it is kept: `test@x.com`, `@x.com`, `@*.x.com`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pattern(String);

/// That a text is none of them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is neither an address, as in test@my-company.com, nor a domain, as in @my-company.com, or *.my-company.com for its subdomains"
)]
pub struct NoPattern(String);

impl Pattern {
    /// The text of it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The filter that finds whom it ignores. `ends with` takes σ and ς for one letter; otherwise it is what
    /// [`Ignored::has`] says of an address in its form, and finds the other forms under which one may be stored too.
    pub fn filter(&self) -> String {
        if let Some(parent) = self.0.strip_prefix(SUBDOMAINS) {
            let ends = |parent: &String| format!("domain ends with {}", quoted(&format!(".{parent}")));
            return domain_forms(parent).iter().map(ends).collect::<Vec<_>>().join(" or ");
        }
        match self.0.strip_prefix('@') {
            Some(domain) => format!("domain = {}", quoted(domain)),
            None => format!("email = {}", quoted(&self.0)),
        }
    }

    /// One that was kept.
    pub(crate) fn kept(text: &str) -> Pattern {
        Pattern(text.to_owned())
    }
}

impl FromStr for Pattern {
    type Err = NoPattern;

    /// Reads what people write: a domain with or without its `@`.
    fn from_str(text: &str) -> Result<Pattern, NoPattern> {
        let fault = || NoPattern(text.chars().take(super::EMAIL_MAX).collect());
        let text = text.trim();
        // A star is a letter that addresses may have, but who writes one here means many.
        if let Some(email) = Email::parse(text).ok().filter(|_| !text.contains('*')) {
            return Ok(Pattern(email.as_str().to_owned()));
        }
        let name = text.strip_prefix("*@").or_else(|| text.strip_prefix('@')).unwrap_or(text);
        let (sign, name) = name.strip_prefix("*.").map_or(("@", name), |name| (SUBDOMAINS, name));
        // A domain is what makes an address of any name before it, and is in the form that it has there.
        let email = Email::parse(&format!("a@{name}")).map_err(|_| fault())?;
        Ok(Pattern(format!("{sign}{}", domain(email.as_str()))))
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Those of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ignored(HashSet<Pattern>);

impl Ignored {
    /// Whether nobody is ignored.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a pattern is among them.
    pub fn contains(&self, pattern: &Pattern) -> bool {
        self.0.contains(pattern)
    }

    /// Whether a normalised address is ignored.
    pub fn has(&self, address: &str) -> bool {
        if self.is_empty() {
            return false;
        }
        let has = |text: String| self.0.contains(&Pattern(text));
        let domain = domain(address);
        let parents = domain.match_indices('.').map(|(dot, _)| &domain[dot + 1..]);
        has(address.to_owned())
            || has(format!("@{domain}"))
            || parents.into_iter().any(|parent| has(format!("{SUBDOMAINS}{parent}")))
    }
}

impl FromIterator<Pattern> for Ignored {
    fn from_iter<I: IntoIterator<Item = Pattern>>(patterns: I) -> Ignored {
        Ignored(patterns.into_iter().collect())
    }
}

fn domain(address: &str) -> &str {
    address.rsplit_once('@').map_or("", |(_, domain)| domain)
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*, sample::select};

    use super::*;

    #[test]
    fn patterns_are_read_as_people_write_them() {
        for (text, pattern) in [
            (" Test@X.com ", "test@x.com"),
            ("@My-Company.com", "@my-company.com"),
            ("my-company.com", "@my-company.com"),
            ("*@my-company.com", "@my-company.com"),
            ("*.my-company.com", "@*.my-company.com"),
            ("@*.my-company.com", "@*.my-company.com"),
            ("@xn--mnchen-3ya.example", "@münchen.example"),
        ] {
            assert_eq!(text.parse::<Pattern>().as_ref().map(Pattern::as_str), Ok(pattern), "{text}");
            assert_eq!(pattern.parse::<Pattern>().as_ref().map(Pattern::as_str), Ok(pattern), "{pattern}");
        }
        for text in ["", "@", "*", "com", "@com", "a b@x.com", "te*@x.com", "@x.*", "a@b@x.com"] {
            assert!(text.parse::<Pattern>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_domain_is_that_domain_and_a_star_its_subdomains() {
        let ignored: Ignored =
            ["test@x.com", "@y.com", "*.z.com"].map(|text| text.parse().unwrap()).into_iter().collect();
        for (address, is) in [
            ("test@x.com", true),
            ("best@x.com", false),
            ("a@y.com", true),
            ("a@my.com", false),
            ("a@sub.y.com", false),
            ("a@z.com", false),
            ("a@sub.z.com", true),
            ("a@deep.sub.z.com", true),
            ("a@subz.com", false),
        ] {
            assert_eq!(ignored.has(address), is, "{address}");
        }
        assert!(!Ignored::default().has("test@x.com"));
    }

    /// Whether the filter of a pattern finds an address as it is stored.
    fn finds(pattern: &Pattern, address: &str) -> bool {
        let (expr, now) = (filter::parse(&pattern.filter()).unwrap(), jiff::Timestamp::UNIX_EPOCH);
        let scope = filter::Scope {
            now,
            horizon: None,
            zone: jiff::tz::TimeZone::UTC,
            names: &Nobody,
            account_wide: true,
        };
        let document = filter::Document {
            project: uuid::Uuid::nil(),
            test: false,
            email: address,
            user_id: None,
            name: None,
            status: Some(filter::Status::Free),
            status_since: Some(now),
            first_paid: None,
            first_seen: now,
            last_activity: Some(now),
            imported: None,
            params: &serde_json::Map::new(),
            history: None,
        };
        filter::eval(&filter::check(&expr, &scope).unwrap(), &[document], 0)
    }

    struct Nobody;

    impl filter::Names for Nobody {
        fn project(&self, _: &str) -> Option<uuid::Uuid> {
            None
        }

        fn projects(&self) -> Vec<String> {
            Vec::new()
        }

        fn segment(&self, _: &str, _: Option<&filter::Segment>) -> Option<filter::Segment> {
            None
        }

        fn segments(&self) -> Vec<String> {
            Vec::new()
        }
    }

    /// Names that end alike, hold signs of the language and of patterns, or have two forms.
    const LABELS: [&str; 9] = ["x", "my-x", "y", "*", "%", "com", "münchen", "xn--mnchen-3ya", "straße"];
    const LOCALS: [&str; 6] = ["ada", "a'da", "*", "%", "_da", "josé"];

    proptest! {
        #[test]
        fn a_pattern_finds_whom_it_ignores(
            local in select(&LOCALS[..]),
            labels in vec(select(&LABELS[..]), 1..4),
            sign in select(&["", "@", "@*."][..]),
            own in vec(select(&LABELS[..]), 1..4),
        ) {
            let address = format!("{local}@{}.com", labels.join("."));
            let pattern = match sign {
                "" => format!("{local}@{}.com", own.join(".")),
                sign => format!("{sign}{}.com", own.join(".")),
            };
            if let (Ok(address), Ok(pattern)) = (Email::parse(&address), pattern.parse::<Pattern>()) {
                let is = Ignored::from_iter([pattern.clone()]).has(address.as_str());
                for form in address.forms() {
                    prop_assert_eq!(finds(&pattern, &form), is, "{} {}", pattern, form);
                }
            }
        }
    }
}
