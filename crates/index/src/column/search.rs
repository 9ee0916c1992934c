//! Finding strings that hold, begin with or end with a text regardless of case.
//!
//! All strings of a column lie end to end, so plain ASCII is searched for in one sweep over the buffer, by the bytes that
//! occur least. Strings with other characters are few; they are folded and looked at one by one, because a `k` may be a
//! Kelvin sign.

use filter::{expr::Place, fold::Needle};
use memchr::memchr2_iter;

use super::strings::Strings;
use crate::bits::Bits;

/// The places of the strings that hold a needle at a place.
pub(crate) fn holding(strings: &Strings, at: Place, needle: &Needle) -> Bits {
    let mut found = Bits::none(strings.len());
    let folded = needle.folded();
    if folded.is_empty() {
        found.invert();
        return found;
    }
    // A needle that folds to more than ASCII is in no ASCII string.
    if folded.is_ascii() {
        match at {
            Place::Anywhere => sweep(strings, folded.as_bytes(), &mut found),
            Place::Start | Place::End => edges(strings, at, folded.as_bytes(), &mut found),
        }
    }
    for place in strings.foreign() {
        let place = *place as usize;
        if needle.is_in(strings.get(place), at) {
            found.insert(place);
        }
    }
    found
}

/// Looks at the beginning or the end of every string.
fn edges(strings: &Strings, at: Place, needle: &[u8], found: &mut Bits) {
    for (place, text) in strings.iter().enumerate() {
        let edge = match at {
            Place::End => text.len().checked_sub(needle.len()).map(|start| &text.as_bytes()[start..]),
            Place::Start | Place::Anywhere => text.as_bytes().get(..needle.len()),
        };
        if edge.is_some_and(|edge| edge.eq_ignore_ascii_case(needle)) {
            found.insert(place);
        }
    }
}

/// Sweeps over the buffer for the needle's rarest byte and looks around each.
fn sweep(strings: &Strings, needle: &[u8], found: &mut Bits) {
    let (offset, rare) = rarest(needle);
    let text = strings.text().as_bytes();
    let mut beyond = 0;
    for hit in memchr2_iter(rare.to_ascii_lowercase(), rare.to_ascii_uppercase(), text) {
        let Some(start) = hit.checked_sub(offset).filter(|start| *start >= beyond) else { continue };
        let Some(here) = text.get(start..start + needle.len()) else { break };
        if !here.eq_ignore_ascii_case(needle) {
            continue;
        }
        let place = strings.holder(start);
        let end = strings.range(place).end;
        // A match across two strings is none; after one within a string, the rest of the string needs no look.
        if start + needle.len() <= end {
            found.insert(place);
            beyond = end;
        }
    }
}

/// The byte of a needle that occurs least in texts of this kind, and where it stands.
fn rarest(needle: &[u8]) -> (usize, u8) {
    /// Bytes of e-mails, names and addresses by how common they are, most common first.
    const COMMON: &[u8] = b"eaoinrsmlt.@cudhgpy0bk1fv2wj-3_ 945678zxq";
    let rank = |byte: u8| {
        let place = COMMON.iter().position(|common| *common == byte.to_ascii_lowercase());
        place.unwrap_or(COMMON.len())
    };
    let ranked = needle.iter().copied().enumerate().max_by_key(|(_, byte)| rank(*byte));
    ranked.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_found_as_their_folded_forms_say() {
        let mut texts = vec![
            "",
            "a",
            "ab",
            "abab",
            "ada@acme.com",
            "ADA@ACME.COM",
            "bob@acme.co",
            "\u{212a}elvin",
            "kelvin",
            "Stra\u{df}e",
            "\u{17f}ie",
            "sie",
            "m@acm",
            "e.com",
            "Jos\u{e9} Acme.com",
            "Jose\u{301} Acme.com",
            "\u{fb01}sh",
            "com",
            "mmm",
            "mm",
        ];
        texts.sort_unstable();
        let strings = Strings::new(texts.iter().copied());
        for needle in [
            "",
            "a",
            "AB",
            "acme.com",
            "me.com",
            "kel",
            "K",
            "s",
            "\u{e9} a",
            "stra\u{df}",
            "jose a",
            "\u{301}",
            "fish",
            "mm",
            "com",
            "zz",
        ] {
            for at in [Place::Anywhere, Place::Start, Place::End] {
                check(&strings, at, &Needle::new(needle));
            }
            check(&strings, Place::Anywhere, &Needle::search(needle));
        }
    }

    fn check(strings: &Strings, at: Place, needle: &Needle) {
        let all = strings.iter().enumerate();
        let expected: Vec<usize> =
            all.filter(|(_, text)| needle.is_in(text, at)).map(|(place, _)| place).collect();
        assert_eq!(holding(strings, at, needle).iter().collect::<Vec<_>>(), expected, "{needle:?} {at:?}");
    }
}
