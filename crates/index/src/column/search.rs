//! Finding strings that hold, begin with or end with a text regardless of case.
//!
//! All strings of a column lie end to end, so plain ASCII is searched for in one sweep over the buffer: as it is where there are
//! no capitals, else by the byte that occurs least. Strings with other characters are few; they are folded and looked at one by
//! one, because a `k` may be a Kelvin sign.

use filter::{expr::Place, fold::Needle};
use memchr::{memchr2, memmem};

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

/// Sweeps over the buffer, where a folded needle may stand in capitals.
fn sweep(strings: &Strings, needle: &[u8], found: &mut Bits) {
    let text = strings.text().as_bytes();
    if strings.has_capitals() {
        let (offset, rare) = rarest(needle);
        mark(strings, needle.len(), found, |from| caseless(&text[from..], needle, (offset, rare)));
    } else {
        let small = needle.to_ascii_lowercase();
        let finder = memmem::Finder::new(&small);
        mark(strings, needle.len(), found, |from| finder.find(&text[from..]));
    }
}

/// Marks the strings that hold a needle of so many bytes; `next` says how far from a byte of the buffer the next one stands.
fn mark(strings: &Strings, length: usize, found: &mut Bits, next: impl Fn(usize) -> Option<usize>) {
    let (mut from, mut place) = (0, 0);
    while let Some(ahead) = next(from) {
        let start = from + ahead;
        place = strings.holder(start, place);
        let end = strings.range(place).end;
        // A match across two strings is none; after one within a string, the rest of the string needs no look.
        let is_within = start + length <= end;
        if is_within {
            found.insert(place);
        }
        from = if is_within { end } else { start + 1 };
    }
}

/// Where a needle stands first in a text, regardless of case: its rarest byte, which stands at an offset, is looked for, and the
/// text around it looked at.
fn caseless(text: &[u8], needle: &[u8], (offset, rare): (usize, u8)) -> Option<usize> {
    let mut from = offset;
    loop {
        let ahead = memchr2(rare.to_ascii_lowercase(), rare.to_ascii_uppercase(), text.get(from..)?)?;
        let start = from + ahead - offset;
        if text.get(start..start + needle.len())?.eq_ignore_ascii_case(needle) {
            return Some(start);
        }
        from += ahead + 1;
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
        let without_capitals: Vec<&str> = texts
            .iter()
            .copied()
            .filter(|text| !text.bytes().any(|byte| byte.is_ascii_uppercase()))
            .collect();
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
            for texts in [&texts, &without_capitals] {
                let strings = Strings::new(texts.iter().copied());
                for at in [Place::Anywhere, Place::Start, Place::End] {
                    check(&strings, at, &Needle::new(needle));
                }
                check(&strings, Place::Anywhere, &Needle::search(needle));
            }
        }
    }

    fn check(strings: &Strings, at: Place, needle: &Needle) {
        let all = strings.iter().enumerate();
        let expected: Vec<usize> =
            all.filter(|(_, text)| needle.is_in(text, at)).map(|(place, _)| place).collect();
        assert_eq!(holding(strings, at, needle).iter().collect::<Vec<_>>(), expected, "{needle:?} {at:?}");
    }
}
