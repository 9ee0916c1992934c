//! What a command says when it cannot do its work: one line what, one line what to do.

use std::{fmt, io, process::ExitCode};

use server::store;

/// Why a command failed.
#[derive(Debug)]
pub struct Failure {
    what: String,
    hint: Option<String>,
    code: u8,
}

impl Failure {
    /// Something went wrong: exit code 1.
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), hint: None, code: 1 }
    }

    /// The command was called wrongly: exit code 2.
    pub fn usage(what: impl Into<String>) -> Self {
        Self { code: 2, ..Self::new(what) }
    }

    /// The reader of our output went away, as `| head` does: no error, and nothing to say.
    fn quiet() -> Self {
        Self { what: String::new(), hint: None, code: 0 }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// Whether there is nothing to say: the reader went away.
    pub fn is_quiet(&self) -> bool {
        self.code == 0
    }

    /// The exit code of the command.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.what)?;
        self.hint.as_ref().map_or(Ok(()), |hint| write!(f, "\nhint: {hint}"))
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::quiet(),
            _ => Self::new(error.to_string()),
        }
    }
}

impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Self {
        let hint = match &error {
            store::Error::Unavailable(_) => "Start it with `tinycrm serve`, or name it with --database-url.",
            store::Error::Unknown(_) => "Look whether it was done before you do it again.",
            store::Error::Database(_) => {
                "This is a fault of TinyCRM, or of its database: see the server's log."
            }
            // Its text begins with what is in conflict, which is written as it is written.
            store::Error::Conflict(what) => return Self::new(what.clone()),
            _ => return Self::new(sentence(&error.to_string())),
        };
        Self::new(sentence(&error.to_string())).hint(hint)
    }
}

impl From<store::query::Error> for Failure {
    fn from(error: store::query::Error) -> Self {
        match error {
            store::query::Error::Store(error) => error.into(),
            other => Self::new(sentence(&other.to_string())),
        }
    }
}

impl From<server::import::Fault> for Failure {
    fn from(server::import::Fault { detail, hint }: server::import::Fault) -> Self {
        Self { hint, ..Self::new(detail) }
    }
}

impl From<server::embedded::Error> for Failure {
    fn from(error: server::embedded::Error) -> Self {
        // These say what to do themselves.
        Self::new(sentence(&error.to_string()))
    }
}

impl From<server::Error> for Failure {
    fn from(error: server::Error) -> Self {
        match error {
            server::Error::Store(error) => error.into(),
            server::Error::Listen(address, flag, error) => {
                Self::new(format!("Cannot listen on {address}: {error}."))
                    .hint(format!("Stop what listens there, or choose another address with {flag}."))
            }
        }
    }
}

/// A message with a capital letter and a full stop.
pub fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    let stop = if text.ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{first}{}{stop}", letters.as_str())
}
