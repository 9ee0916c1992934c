//! Case folding, Unicode's simple one: character by character, the same in every language and on every database.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

/// A text to look for inside others regardless of case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Needle {
    written: String,
    folded: String,
}

impl Needle {
    /// The most characters of a needle.
    pub const CHARS_MAX: usize = 1_000;

    pub(crate) fn new(written: &str) -> Needle {
        Needle { written: written.to_owned(), folded: fold(written) }
    }

    /// The text as it was written.
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// The text folded, to be compared with [`fold`]ed text.
    pub fn folded(&self) -> &str {
        &self.folded
    }
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
