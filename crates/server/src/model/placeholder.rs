//! Ids that are nobody's: what programs write where they have none. Kept, they would make strangers one person.

use std::borrow::Cow;

/// Words that stand for nobody in any case.
const ANY_CASE: [&str; 34] = [
    "",
    "undefined",
    "null",
    "(null)",
    "<null>",
    "none",
    "<none>",
    "(none)",
    "nil",
    "<nil>",
    "nan",
    "n/a",
    "#n/a",
    "n.a.",
    "not available",
    "not set",
    "(not set)",
    "true",
    "false",
    "[object object]",
    "[object undefined]",
    "[object null]",
    "anonymous",
    "anonymoususer",
    "anon",
    "guest",
    "unknown",
    "id",
    "email",
    "user_id",
    "userid",
    "distinct_id",
    "distinctid",
    "not_authenticated",
];

/// Whether a `user_id` names nobody: `undefined`, `null`, `NaN`, `0`, `[object Object]`, `anonymous`, blanks and the like.
///
/// The list began as the one that PostHog refuses.
pub fn is_placeholder(user_id: &str) -> bool {
    // Most ids hold none, and are looked at as they stand: every call comes by here.
    let seen = match user_id.chars().any(is_invisible) {
        true => Cow::Owned(user_id.chars().filter(|c| !is_invisible(*c)).collect()),
        false => Cow::Borrowed(user_id),
    };
    let bare = seen.trim_matches(|c: char| c.is_whitespace() || c.is_control() || "\"'`“”„‘’«»".contains(c));
    let is_word = ANY_CASE.iter().any(|word| bare.eq_ignore_ascii_case(word));
    // R and spreadsheets write NA; a lower-case na may be somebody's handle.
    is_word || bare == "NA" || is_zero(bare) || is_ruled(bare) || is_unfilled(bare)
}

/// Letters that nobody sees: they make one word of another that looks the same.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{115f}' | '\u{1160}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}'
        | '\u{3164}' | '\u{feff}')
}

/// A place that was to be filled: `{{user.id}}`, `${user_id}`, `<user_id>`, `%USER_ID%`; and what programs print of nothing.
fn is_unfilled(text: &str) -> bool {
    let inside =
        |before: &str, after: &str| text.len() > 2 && text.starts_with(before) && text.ends_with(after);
    matches!(text, "{}" | "[]")
        || inside("{{", "}}")
        || inside("${", "}")
        || inside("<", ">")
        || inside("%", "%")
}

/// `0`, `-1`, `0.0`, and the id that is all zeros: `00000000-0000-0000-0000-000000000000`.
fn is_zero(text: &str) -> bool {
    let zeros = text.contains('0') && text.chars().all(|c| matches!(c, '0' | '-' | '.'));
    zeros || text == "-1"
}

/// A line instead of an id: `-`, `--`, `___`, `…`, `?`.
fn is_ruled(text: &str) -> bool {
    text.chars().all(|c| matches!(c, '-' | '–' | '—' | '_' | '.' | '…' | '?' | '*' | '#'))
}

#[cfg(test)]
mod tests {
    use super::is_placeholder;

    #[test]
    fn what_programs_write_for_nobody_is_nobody() {
        for nobody in [
            "\u{200b}null",
            "nu\u{ad}ll",
            "NULL\u{feff}",
            "“null”",
            "{{user.id}}",
            "${user_id}",
            "<user_id>",
            "{}",
            "",
            " ",
            "\u{a0}",
            "undefined",
            "null",
            "NULL",
            "None",
            "nil",
            "NaN",
            "N/A",
            "#N/A",
            "NA",
            "0",
            "00",
            "0.0",
            "-1",
            "[object Object]",
            "anonymous",
            "Anonymous",
            "guest",
            "true",
            "FALSE",
            "\"\"",
            "'null'",
            "-",
            "?",
            " undefined ",
            "distinct_id",
            "not_authenticated",
            "00000000-0000-0000-0000-000000000000",
        ] {
            assert!(is_placeholder(nobody), "{nobody:?}");
        }
    }

    #[test]
    fn what_may_be_somebody_is_somebody() {
        for somebody in ["1", "42", "na", "Nan Goldin", "u_0", "nobody", "10", "-2", "a", "no", "0x0", "7.0"]
        {
            assert!(!is_placeholder(somebody), "{somebody:?}");
        }
    }
}
