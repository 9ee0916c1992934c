//! Case folding, Unicode's simple one: character by character, the same in every language and on every database. And what
//! searches leave out besides: accents.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};
use unicode_normalization::char::{canonical_combining_class, decompose_compatible};

use crate::expr::Place;

/// A text to look for inside others regardless of case; for a search, of accents too.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Needle {
    written: String,
    folded: String,
    search: bool,
}

impl Needle {
    /// The most characters of a needle.
    pub const CHARS_MAX: usize = 1_000;

    /// A text that `contains`, `starts with` and `ends with` look for.
    pub fn new(written: &str) -> Needle {
        Needle { written: written.to_owned(), folded: fold(written), search: false }
    }

    /// A text that `search` looks for.
    pub fn search(written: &str) -> Needle {
        Needle { written: written.to_owned(), folded: fold(&plain(written)), search: true }
    }

    /// The text as it was written.
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// The text as others are compared with it.
    pub fn folded(&self) -> &str {
        &self.folded
    }

    /// Whether a text holds it there.
    pub fn is_in(&self, text: &str, place: Place) -> bool {
        let text = if self.search { fold(&plain(text)) } else { fold(text) };
        match place {
            Place::Anywhere => text.contains(&self.folded),
            Place::Start => text.starts_with(&self.folded),
            Place::End => text.ends_with(&self.folded),
        }
    }
}

/// The text without accents, however they are composed: each character taken apart (Unicode's compatibility decomposition)
/// without the marks that sit on another. Vowel signs, which are letters of their scripts, stay.
pub fn plain(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        decompose_compatible(c, |part| {
            if !is_accent(part) {
                plain.push(part);
            }
        });
    }
    plain
}

/// Whether a character is an accent or another mark that sits on a letter: one that Unicode gives a combining class.
pub fn is_accent(c: char) -> bool {
    canonical_combining_class(c) != 0
}

/// The text with each character replaced by the one that stands for all of its cases.
pub fn fold(text: &str) -> String {
    text.chars().map(representative).collect()
}

/// All characters that equal `c` but for case, in order of code point; `c` itself at least.
pub fn class(c: char) -> Vec<char> {
    let mut class = ClassUnicode::new([ClassUnicodeRange::new(c, c)]);
    class.try_case_fold_simple().expect("the dependency is built with its case folding tables");
    class.iter().flat_map(|range| range.start()..=range.end()).collect()
}

/// The least character of the class.
fn representative(c: char) -> char {
    if c.is_ascii() && !c.is_ascii_alphabetic() {
        return c;
    }
    REPRESENTATIVES.get(&c).copied().unwrap_or(c)
}

/// Of every character that has other cases; none lies beyond the first two planes. Looking each up in the class tables
/// would cost an allocation a character.
static REPRESENTATIVES: LazyLock<HashMap<char, char>> = LazyLock::new(|| {
    let cased = |c: &char| !c.to_lowercase().eq([*c]) || !c.to_uppercase().eq([*c]);
    ('\0'..='\u{1ffff}').filter(cased).flat_map(|c| class(c).into_iter().map(move |member| (member, c))).fold(
        HashMap::new(),
        |mut representatives, (member, c)| {
            let least = representatives.entry(member).or_insert(c);
            *least = c.min(*least);
            representatives
        },
    )
});
