//! What can go wrong between the server and its database.

use deadpool_postgres::PoolError;
use tokio_postgres::error::SqlState;

/// A failure of the store. It knows nothing of HTTP; `http::problem` gives each its status.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database does not answer, or is starting, stopping, full or read-only, and nothing was stored: the caller should come
    /// back.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The database was lost while it stored something: whether it has is not known.
    #[error("the database was lost, and whether it has stored this is not known: {0}")]
    Unknown(String),
    /// More is waiting than can be written soon: the caller should come back.
    #[error("too much is waiting to be written")]
    Busy,
    /// As many of these are under way as there may be: the caller should come back.
    #[error("too many {0} are under way")]
    Crowded(&'static str),
    /// Whoever asks has as many of these under way as one may have: the caller should come back.
    #[error("too many {0} of one account or project are under way")]
    Share(&'static str),
    /// A request under the same idempotency key is still being answered.
    #[error("a request with this idempotency key is under way")]
    InFlight,
    /// The idempotency key was used for another request.
    #[error("this idempotency key was used for another request")]
    KeyReused,
    /// Something that must be unique exists already; the text says what.
    #[error("{0}")]
    Conflict(String),
    /// What was named does not exist (in this account).
    #[error("{0} does not exist")]
    Missing(&'static str),
    /// The settings of the connection make no sense.
    #[error("{0}")]
    Config(String),
    /// Migrations that were edited, or that this version does not know.
    #[error("{0}")]
    Migration(String),
    /// The transaction that a call was in failed.
    #[error("the batch failed: {0}")]
    Batch(String),
    /// A statement failed: a fault of this program, or data that Postgres alone refuses.
    #[error("database error: {}", describe(.0))]
    Database(#[source] tokio_postgres::Error),
}

impl Error {
    /// The same failure for another caller of the same transaction.
    pub(in crate::store) fn for_another(&self) -> Error {
        match self {
            Error::Unavailable(cause) => Error::Unavailable(cause.clone()),
            Error::Unknown(cause) => Error::Unknown(cause.clone()),
            Error::Missing(what) => Error::Missing(what),
            other if other.is_aftermath() => Error::Unavailable(other.to_string()),
            other => Error::Batch(other.to_string()),
        }
    }

    /// The failure of a statement that stores on its own, or of a commit: if the connection was lost, it may have been done.
    pub(in crate::store) fn of_write(error: tokio_postgres::Error) -> Error {
        Error::from(error).midway()
    }

    /// The failure of work that may have been done in part.
    pub fn midway(self) -> Error {
        match self {
            Error::Unavailable(cause) => Error::Unknown(cause),
            other => other,
        }
    }

    /// Whether Postgres refused the data itself, so that the same statement without some row would succeed: data
    /// exceptions, constraints, limits.
    pub(in crate::store) fn is_poison(&self) -> bool {
        self.sql_state().is_some_and(|state| matches!(&state.code()[..2], "22" | "23" | "54"))
    }

    /// Whether a statement failed because one before it in the transaction had: of statements that are sent together, the
    /// one behind may be heard first.
    pub(in crate::store) fn is_aftermath(&self) -> bool {
        self.sql_state() == Some(&SqlState::IN_FAILED_SQL_TRANSACTION)
    }

    /// Whether Postgres refused a value itself: a data exception.
    pub fn is_of_data(&self) -> bool {
        self.sql_state().is_some_and(|state| state.code().starts_with("22"))
    }

    /// The SQLSTATE when Postgres answered with an error.
    pub fn sql_state(&self) -> Option<&SqlState> {
        match self {
            Error::Database(error) => error.code(),
            _ => None,
        }
    }
}

/// Of what only reads, and of what is committed later.
impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        let away = match error.code() {
            Some(&SqlState::READ_ONLY_SQL_TRANSACTION) => true,
            Some(code) => matches!(&code.code()[..2], "08" | "53" | "57"),
            None => {
                error.is_closed()
                    || std::error::Error::source(&error).is_some_and(|s| s.is::<std::io::Error>())
            }
        };
        if away { Error::Unavailable(describe(&error)) } else { Error::Database(error) }
    }
}

impl From<PoolError> for Error {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => match Error::from(error) {
                Error::Database(error) => Error::Unavailable(describe(&error)),
                other => other,
            },
            PoolError::Timeout(_) => Error::Unavailable("every connection is busy".to_owned()),
            other => Error::Unavailable(other.to_string()),
        }
    }
}

/// The message with its cause: `tokio_postgres` alone prints only "db error".
fn describe(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(db) => format!("{} ({})", db.message(), db.code().code()),
        None => match std::error::Error::source(error) {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        },
    }
}
