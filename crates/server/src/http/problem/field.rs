//! What is wrong with a field of a request, and where in a text of the filter language.

use serde::Serialize;

/// One of several things wrong with a body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct FieldError {
    /// A JSON pointer (RFC 6901) to the field, e.g. `/params/mrr`.
    pub pointer: String,
    /// What was found, what is expected, what to do.
    pub detail: String,
    /// What to do, of a text of the filter language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Where in such a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

impl FieldError {
    /// What is wrong with a field.
    pub fn new(pointer: impl Into<String>, detail: impl Into<String>) -> FieldError {
        FieldError { pointer: pointer.into(), detail: detail.into(), hint: None, place: None }
    }

    /// What is wrong with a field that holds a text of the filter language: what, where in the text, what to do.
    pub fn of_text(pointer: impl Into<String>, error: &filter::Error) -> FieldError {
        let (hint, place) = (error.hint.clone(), Some(Place::of(error)));
        FieldError { hint, place, ..FieldError::new(pointer, error.message.clone()) }
    }
}

/// Where in a filter something is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Place {
    /// First byte of the words.
    pub start: usize,
    /// The byte after them.
    pub end: usize,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Length in characters.
    pub length: usize,
    /// Words that were probably meant.
    pub candidates: Vec<String>,
}

impl Place {
    /// Where an error is.
    pub(super) fn of(error: &filter::Error) -> Place {
        let filter::Error { span, line, column, length, candidates, .. } = error.clone();
        Place { start: span.start, end: span.end, line, column, length, candidates }
    }
}
