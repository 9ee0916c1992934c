//! What a page says when the store does not answer a query.

use crate::{
    http::{Code, Problem},
    store::query::Error,
};

/// The problem of a query; a filter that is not understood is shown in the filter's box where there is one.
pub(super) fn refuse(error: Error) -> Problem {
    match error {
        Error::Filter(error) => {
            let hint = error.hint.clone();
            let problem = Problem::new(Code::InvalidFilter, error.message);
            hint.into_iter().fold(problem, Problem::hint)
        }
        Error::NoSuchProject(slug) => Problem::new(Code::NotFound, format!("There is no project {slug:?}.")),
        Error::Cursor(error) => Problem::new(Code::InvalidRequest, error.to_string())
            .hint("The link was cut off or altered. Begin at the first page."),
        slow @ (Error::TooSlow | Error::VersionNotReached { .. }) => {
            Problem::new(Code::Unavailable, slow.to_string()).hint("Narrow the filter, or try again.")
        }
        Error::Store(error) => error.into(),
    }
}
