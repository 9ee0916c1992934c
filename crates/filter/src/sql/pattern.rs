//! Needles as regular expressions of Postgres: each character becomes the class of all its cases, so that the database's
//! locale has no say.

use std::sync::LazyLock;

use crate::expr::Place;
use crate::fold::{self, Needle};

/// A pattern that matches every accent of a text that is decomposed.
pub(super) static ACCENTS: LazyLock<String> = LazyLock::new(|| {
    let mut pattern = String::from("[");
    let mut accents = ('\0'..=char::MAX).filter(|c| fold::is_accent(*c)).peekable();
    while let Some(first) = accents.next() {
        let mut last = first;
        while let Some(next) = accents.next_if(|next| *next as u32 == last as u32 + 1) {
            last = next;
        }
        pattern.extend([first, '-', last]);
    }
    pattern + "]+"
});

/// A pattern that matches text which holds the needle there.
pub(super) fn pattern(place: Place, needle: &Needle) -> String {
    let mut pattern = String::from(if place == Place::Start { "^" } else { "" });
    for c in needle.folded().chars() {
        push(&mut pattern, c);
    }
    if place == Place::End {
        pattern.push('$');
    }
    pattern
}

/// One character in all its cases. Only letters have any, so a class never holds a character that is special in one.
fn push(pattern: &mut String, c: char) {
    let cases = fold::class(c);
    if cases.len() > 1 {
        pattern.push('[');
        pattern.extend(cases);
        pattern.push(']');
        return;
    }
    if c.is_ascii() && !c.is_ascii_alphanumeric() {
        pattern.push('\\');
    }
    pattern.push(c);
}
