//! A place in a text, shown: the line, and carets under the words.

/// The line of `text` that the bytes `start..end` are in, indented, with carets under them. A place at the end of the
/// text gets a caret after it.
pub fn under(text: &str, start: usize, end: usize) -> String {
    let start = floor(text, start);
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let line = text[line_start..].lines().next().unwrap_or_default();
    let blank = |c: char| if c == '\t' { '\t' } else { ' ' };
    let margin: String = text[line_start..start].chars().map(blank).collect();
    let words = &text[start..floor(text, end).clamp(start, line_start + line.len().max(start - line_start))];
    format!("  {line}\n  {margin}{}", "^".repeat(words.chars().count().max(1)))
}

/// The nearest place at or before a byte that begins a character.
fn floor(text: &str, byte: usize) -> usize {
    (0..=byte.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carets_stand_under_the_words() {
        for (text, start, end, expected) in [
            ("plan is pro", 5, 7, "  plan is pro\n       ^^"),
            ("plan =", 6, 6, "  plan =\n        ^"),
            ("", 0, 0, "  \n  ^"),
            ("name = \"Zoë\" an x", 14, 16, "  name = \"Zoë\" an x\n               ^^"),
            ("a = 1 and\nb is 2", 12, 14, "  b is 2\n    ^^"),
            ("a = (\nb", 4, 7, "  a = (\n      ^"),
            ("x", 90, 99, "  x\n   ^"),
        ] {
            assert_eq!(under(text, start, end), expected, "{text:?}");
        }
    }
}
