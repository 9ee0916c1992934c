//! Why a file is not imported at all, in words of the flags.

/// A file, or flags, that no row can be read with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Fault {
    /// What was found, and what was expected.
    pub detail: String,
    /// What to do. Flags in it can be pasted into a shell.
    pub hint: Option<String>,
}

impl Fault {
    /// A fault without a hint.
    pub fn new(detail: impl Into<String>) -> Fault {
        Fault { detail: detail.into(), hint: None }
    }

    /// Says what to do.
    pub fn hint(self, hint: impl Into<String>) -> Fault {
        Fault { hint: Some(hint.into()), ..self }
    }
}
