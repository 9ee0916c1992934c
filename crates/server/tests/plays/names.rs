//! Any text as what names somebody or something: a key, an address, a customer, a pattern, a slug, a cursor.

use server::{
    model::{Email, Ignored, Pattern, Secret, Slug, is_placeholder},
    store::{
        customer::{Place, Who},
        query::canonical_cursor,
    },
};

/// Plays the bytes as each of them: what is read is written, and read again as the same.
pub(crate) fn play(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    is_placeholder(text);
    if let Some(secret) = Secret::parse(text) {
        assert_eq!(secret.reveal(), text);
        assert!(!format!("{secret:?}{}", secret.visible()).contains(text));
    }
    if let Ok(email) = Email::parse(text) {
        assert_eq!(Email::parse(email.as_str()).as_ref(), Ok(&email), "{text:?}");
        for form in email.forms() {
            assert_eq!(Email::parse(&form).as_ref(), Ok(&email), "{text:?} has the form {form:?}");
        }
    }
    match Who::parse(text) {
        Who::UserId(id) => assert_eq!(id, text),
        Who::Id(_) | Who::Email(_) => {}
    }
    if let Ok(pattern) = text.parse::<Pattern>() {
        assert_eq!(pattern.as_str().parse().as_ref(), Ok(&pattern), "{text:?}");
        filter::parse(&pattern.filter()).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        let _ = [pattern].into_iter().collect::<Ignored>().has(text);
    }
    if let Some(slug) = Slug::nearest(text) {
        assert_eq!(slug.as_str().parse().as_ref(), Ok(&slug), "{text:?}");
    }
    if let Ok(place) = text.parse::<Place>() {
        assert_eq!(place.to_string().parse(), Ok(place), "{text:?}");
    }
    if let Ok(written) = canonical_cursor(text) {
        assert_eq!(canonical_cursor(&written), Ok(written.clone()), "{text:?}");
    }
}
