//! The names that forms give to projects, keys and segments.

use crate::http::{Code, Problem};

/// The longest name and label.
const NAME_MAX: usize = 100;

/// A name or label: trimmed, or `otherwise` when empty.
pub(crate) fn named(text: &str, otherwise: &str) -> Result<String, Problem> {
    match text.trim() {
        "" => Ok(otherwise.to_owned()),
        name if name.chars().count() > NAME_MAX => {
            let detail =
                format!("A name has at most {NAME_MAX} characters; this one has {}.", name.chars().count());
            Err(Problem::new(Code::InvalidFields, detail).hint("Choose a shorter one."))
        }
        name => Ok(name.to_owned()),
    }
}
