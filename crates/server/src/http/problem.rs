//! Errors on the wire: RFC 9457 `application/problem+json`, from one table of codes.
//!
//! Use [`Problem::new`] where a handler refuses something; `?` turns a [`store::Error`] into the right problem. A fault
//! of ours is logged with its cause and told to the caller only as `internal` with its `request_id`.

mod field;

use std::time::Duration;

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
pub use field::{FieldError, Place};
use serde::Serialize;

use crate::{
    config::Bytes,
    model::{Fault, Reason, Refusal},
    store::{
        self,
        index::OUTSIDE,
        query::{self, Absent, CursorError, InsightError, SeriesError},
    },
};

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal, $status:ident;)*) => {
        /// Every error code of the API: its name, its status and its documentation are declared here and nowhere else.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[doc = $doc])+ $variant,)* }

        impl Code {
            /// Every code, for the documentation and its test.
            pub const ALL: &[Code] = &[$(Code::$variant,)*];

            /// The code on the wire.
            pub fn name(self) -> &'static str {
                match self { $(Code::$variant => $name,)* }
            }

            /// The HTTP status that goes with it.
            pub fn status(self) -> StatusCode {
                match self { $(Code::$variant => StatusCode::$status,)* }
            }

            /// What it means, in a sentence: the problem's `title`.
            pub fn title(self) -> &'static str {
                match self { $(Code::$variant => concat!($($doc,)+).trim_ascii(),)* }
            }
        }
    };
}

codes! {
    /// The body is not valid JSON.
    InvalidJson = "invalid_json", BAD_REQUEST;
    /// The request is malformed: its query string, a header or its form.
    InvalidRequest = "invalid_request", BAD_REQUEST;
    /// Fields of the body are missing, unknown or out of their limits.
    InvalidFields = "invalid_fields", UNPROCESSABLE_ENTITY;
    /// The body is nested too deep.
    TooDeep = "too_deep", BAD_REQUEST;
    /// A `user_id` such as `undefined` or `0` stands for nobody: it would make strangers one person.
    PlaceholderUserId = "placeholder_user_id", UNPROCESSABLE_ENTITY;
    /// A `user_id` alone that nobody in the project has: identify them once with their e-mail.
    UnknownUser = "unknown_user", UNPROCESSABLE_ENTITY;
    /// The new e-mail belongs to another customer of the project.
    EmailTaken = "email_taken", CONFLICT;
    /// The params of the customer would grow over 1 MiB.
    ParamsTooLarge = "params_too_large", UNPROCESSABLE_ENTITY;
    /// The database alone refuses to store it.
    Unstorable = "unstorable", UNPROCESSABLE_ENTITY;
    /// The idempotency key was used for another request.
    IdempotencyMismatch = "idempotency_mismatch", UNPROCESSABLE_ENTITY;
    /// A request with the same idempotency key is still being answered.
    IdempotencyInFlight = "idempotency_in_flight", CONFLICT;
    /// The file cannot be imported as it is, or not with these parameters.
    InvalidFile = "invalid_file", UNPROCESSABLE_ENTITY;
    /// The filter could not be understood.
    InvalidFilter = "invalid_filter", UNPROCESSABLE_ENTITY;
    /// That is not a cursor that this server has made.
    InvalidCursor = "invalid_cursor", UNPROCESSABLE_ENTITY;
    /// The cursor belongs to another query: another filter, order or project.
    CursorMismatch = "cursor_mismatch", UNPROCESSABLE_ENTITY;
    /// The query took longer than 30 seconds and was stopped.
    QueryTooSlow = "query_too_slow", UNPROCESSABLE_ENTITY;
    /// The account did not reach `min_version` in time: try again after `Retry-After`.
    VersionNotReached = "version_not_reached", SERVICE_UNAVAILABLE;
    /// Only the index answers that, and it does not just now: ask again after `Retry-After`, a query also without `engine`.
    IndexNotReady = "index_not_ready", SERVICE_UNAVAILABLE;
    /// No API key was sent, or it is not one of this server's, or it was revoked, or it has stopped after it was rotated.
    Unauthorized = "unauthorized", UNAUTHORIZED;
    /// This kind of key, or this role, may not do that; or the project is archived, and this would write to it.
    Forbidden = "forbidden", FORBIDDEN;
    /// Nothing is there.
    NotFound = "not_found", NOT_FOUND;
    /// The address exists, but not for this method.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED;
    /// It exists already, or contradicts what exists.
    Conflict = "conflict", CONFLICT;
    /// The body is too large.
    TooLarge = "too_large", PAYLOAD_TOO_LARGE;
    /// The body came too slowly.
    Timeout = "timeout", REQUEST_TIMEOUT;
    /// The body's type is not one that this address reads.
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE;
    /// Too many requests: wait as long as `Retry-After` says.
    TooManyRequests = "too_many_requests", TOO_MANY_REQUESTS;
    /// The database does not answer just now: try again after `Retry-After`. Nothing was stored.
    Unavailable = "unavailable", SERVICE_UNAVAILABLE;
    /// The database was lost while it stored this, so it may be stored or not: send it again with the same `Idempotency-Key`.
    OutcomeUnknown = "outcome_unknown", SERVICE_UNAVAILABLE;
    /// The server has no room for the file: its disk is full, or the folder for it (`TMPDIR`) cannot be written to.
    NoRoom = "no_room", INSUFFICIENT_STORAGE;
    /// As much of this is under way as there may be: try again after `Retry-After`. Nothing was stored.
    Busy = "busy", SERVICE_UNAVAILABLE;
    /// The index is still being loaded: try again after `Retry-After`. Queries are answered by the database meanwhile.
    IndexLoading = "index_loading", SERVICE_UNAVAILABLE;
    /// A fault of the server; its log has the cause under the `request_id`.
    Internal = "internal", INTERNAL_SERVER_ERROR;
}

impl Code {
    /// Whether the same request may be answered a moment later: such an answer says `Retry-After`.
    pub fn may_pass(self) -> bool {
        matches!(
            self,
            Code::TooManyRequests
                | Code::Unavailable
                | Code::OutcomeUnknown
                | Code::Busy
                | Code::IdempotencyInFlight
                | Code::IndexLoading
                | Code::VersionNotReached
                | Code::IndexNotReady
        )
    }
}

/// All that a caller is told of a fault of ours.
pub(super) const FAULT: &str = "Something went wrong on the server's side; its log says what.";

/// How long whatever may pass is given, where nobody knows better.
const MOMENT: Duration = Duration::from_secs(1);

/// An error on its way to the caller.
#[derive(Clone, Debug)]
pub struct Problem {
    /// Which error it is.
    pub code: Code,
    /// What happened to this request.
    pub detail: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// All that is wrong with the body.
    pub errors: Vec<FieldError>,
    /// Where in the filter.
    pub place: Option<Place>,
    /// After how long the same request may be answered; a moment, where the code says that it may.
    pub retry_after: Option<Duration>,
}

impl Problem {
    /// A problem with what happened, said for this request.
    pub fn new(code: Code, detail: impl Into<String>) -> Problem {
        Problem {
            code,
            detail: detail.into(),
            hint: None,
            errors: Vec::new(),
            place: None,
            retry_after: code.may_pass().then_some(MOMENT),
        }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Problem {
        Problem { hint: Some(hint.into()), ..self }
    }

    /// Says after how long the same request may be answered.
    #[must_use]
    pub fn retry_after(self, after: Duration) -> Problem {
        Problem { retry_after: Some(after), ..self }
    }

    /// Several fields are wrong: all of them are listed.
    pub fn fields(errors: Vec<FieldError>) -> Problem {
        let (detail, hint) = match errors.as_slice() {
            [one] => (one.detail.clone(), one.hint.clone()),
            many => (format!("{} fields are wrong", many.len()), None),
        };
        Problem { errors, hint, ..Problem::new(Code::InvalidFields, detail) }
    }

    /// An answer was kept under this idempotency key for a request that was read differently: by another version of the server.
    pub fn other_receipt() -> Problem {
        Problem::new(
            Code::IdempotencyMismatch,
            "This Idempotency-Key was used for a request that was read differently.",
        )
        .hint("Use a new key.")
    }

    /// A 500: the cause goes to the log, not to the caller.
    pub fn internal(cause: &dyn std::error::Error) -> Problem {
        tracing::error!(cause = %cause, "internal error");
        Problem::new(Code::Internal, FAULT)
    }

    /// The body as JSON, with the request's id.
    pub fn to_json(&self, request_id: &str) -> serde_json::Value {
        let out = ProblemOut {
            kind: format!("/errors#{}", self.code.name()),
            title: self.code.title(),
            status: self.code.status().as_u16(),
            code: self.code.name(),
            detail: &self.detail,
            request_id,
            hint: self.hint.as_deref(),
            errors: &self.errors,
            place: self.place.as_ref(),
        };
        serde_json::to_value(out).unwrap_or_default()
    }
}

/// A problem as it stands on the wire (RFC 9457).
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub struct ProblemOut<'a> {
    /// Where the code is explained.
    #[serde(rename = "type")]
    kind: String,
    /// What the code means.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// Which error it is.
    code: &'static str,
    /// What happened to this request.
    detail: &'a str,
    /// The request's id, which the server's log has too.
    request_id: &'a str,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
    /// All that is wrong with the body.
    #[serde(skip_serializing_if = "<[FieldError]>::is_empty")]
    errors: &'a [FieldError],
    /// Where in the filter.
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<&'a Place>,
}

/// The problem travels in the response's extensions; [`super::request_id::layer`] writes the body, where it knows the
/// request's id, and pages turn it into HTML.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.code.status();
        if let Some(after) = self.retry_after {
            // Whole seconds, and never too few.
            let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        if self.code == Code::Unauthorized {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<store::Error> for Problem {
    fn from(error: store::Error) -> Problem {
        match error {
            store::Error::Unavailable(cause) => {
                tracing::warn!(cause, "database not available");
                Problem::new(Code::Unavailable, "The database does not answer just now.")
                    .hint("Nothing was stored. Send the same request again in a moment.")
            }
            store::Error::Unknown(cause) => {
                tracing::warn!(cause, "the database was lost while it stored something");
                Problem::new(Code::OutcomeUnknown, "The database was lost while it stored this: it may be stored or not.")
                    .hint("With an Idempotency-Key, send the same request again under the same key: it is done once. Without one, look first whether it was done: what is sent again may be done twice.")
            }
            store::Error::Busy => {
                Problem::new(Code::TooManyRequests, "Writes come faster than they can be stored.")
                    .hint("Nothing was stored. Send the same request again after Retry-After.")
            }
            store::Error::Crowded(what) => {
                Problem::new(Code::Busy, format!("As many {what} are under way as there may be."))
                    .hint("Send the same request again when one of them has ended.")
            }
            store::Error::Share(what) => Problem::new(
                Code::TooManyRequests,
                format!("As many {what} of this key or account are under way as one may have."),
            )
            .hint("Send the same request again when one of them has ended."),
            store::Error::InFlight => Problem::new(
                Code::IdempotencyInFlight,
                "A request with this Idempotency-Key is still being answered.",
            )
            .hint("Send the same request again after Retry-After to get its answer."),
            store::Error::KeyReused => {
                Problem::new(Code::IdempotencyMismatch, "This Idempotency-Key was used for another request.")
                    .hint("Use a new key for each request, and the same key only to repeat one.")
            }
            store::Error::Conflict(what) => Problem::new(Code::Conflict, what),
            store::Error::Missing(what) => Problem::new(Code::NotFound, format!("No such {what}.")),
            other if other.is_of_data() => {
                // The message may hold the value, and so somebody's data.
                let state = other.sql_state().map_or("", |state| state.code());
                tracing::warn!(state, "the database refused a value");
                let detail = "The database alone refuses a value: a character U+0000, or a number or date out of its range.";
                Problem::new(Code::Unstorable, detail).hint("Send the request without it.")
            }
            other => Problem::internal(&other),
        }
    }
}

/// What a call was refused for.
impl From<Refusal> for Problem {
    fn from(Refusal { reason, detail, faults }: Refusal) -> Problem {
        let code = match reason {
            Reason::InvalidJson => Code::InvalidJson,
            Reason::TooDeep => Code::TooDeep,
            Reason::InvalidFields => Code::InvalidFields,
            Reason::PlaceholderUserId => Code::PlaceholderUserId,
            Reason::UnknownUser => Code::UnknownUser,
            Reason::EmailTaken => Code::EmailTaken,
            Reason::ParamsTooLarge => Code::ParamsTooLarge,
            Reason::Unstorable => Code::Unstorable,
        };
        let errors =
            faults.into_iter().map(|Fault { pointer, detail }| FieldError::new(pointer, detail)).collect();
        Problem { errors, ..Problem::new(code, detail) }
    }
}

impl From<filter::Error> for Problem {
    fn from(error: filter::Error) -> Problem {
        let place = Place::of(&error);
        Problem { place: Some(place), hint: error.hint, ..Problem::new(Code::InvalidFilter, error.message) }
    }
}

/// A cursor of any list: where it is read, and where its list is told apart from others.
impl From<CursorError> for Problem {
    fn from(error: CursorError) -> Problem {
        match error {
            CursorError::Invalid => Problem::new(Code::InvalidCursor, "That is not a cursor.")
                .hint("Send next of the answer before, as it is."),
            CursorError::Mismatch => {
                Problem::new(Code::CursorMismatch, "The cursor belongs to another query.")
                    .hint("Send the same filter, project and sort with it, or begin without a cursor.")
            }
        }
    }
}

impl From<SeriesError> for Problem {
    fn from(error: SeriesError) -> Problem {
        let detail = error.to_string();
        match error {
            SeriesError::Period(error) => Problem::fields(vec![FieldError::of_text("/period", &error)]),
            SeriesError::Forgotten { .. } => Problem::fields(vec![FieldError::new("/period", detail)]),
            SeriesError::TooMany => {
                let detail = format!("{detail}; take longer steps or a shorter period");
                Problem::fields(vec![FieldError::new("/period", detail)])
            }
            SeriesError::TooSlow { done, of } => {
                let detail = format!(
                    "The series took longer than 30 seconds: {done} of its {of} points were answered."
                );
                Problem::new(Code::QueryTooSlow, detail)
                    .hint("Ask for fewer points or narrow the filter: Postgres answers each point by itself.")
            }
        }
    }
}

/// What to do so that insights can be told.
fn with_memory(absent: Absent) -> String {
    match absent {
        Absent::Loading => "Try again in a moment.".to_owned(),
        Absent::TooLarge(needs) => {
            let most = Bytes(needs.bytes.div_ceil(1 << 20).saturating_mul(1 << 20));
            let of = if needs.past { "with its history" } else { "without its history, which comes on top" };
            format!("Start the server with more --index-memory: this account takes about {most} of it {of}.")
        }
        Absent::Unread => "The server's log says why; it is tried again.".to_owned(),
    }
}

impl From<InsightError> for Problem {
    fn from(error: InsightError) -> Problem {
        match error {
            InsightError::Period(name, error) | InsightError::Filter(name, error) => {
                Problem::fields(vec![FieldError::of_text(format!("/{name}"), &error)])
            }
            InsightError::Refused(name, detail) => {
                let pointer = name.map(|name| format!("/{name}")).unwrap_or_default();
                Problem::fields(vec![FieldError::new(pointer, detail)])
            }
            InsightError::NotInMemory(absent) => {
                let detail = format!("Insights are told from memory, and {absent}.");
                let problem = Problem::new(Code::IndexNotReady, detail).hint(with_memory(absent));
                match absent {
                    Absent::TooLarge(_) | Absent::Unread => problem.retry_after(OUTSIDE),
                    Absent::Loading => problem,
                }
            }
        }
    }
}

impl From<query::Error> for Problem {
    fn from(error: query::Error) -> Problem {
        let detail = error.to_string();
        match error {
            query::Error::Filter(error) => error.into(),
            query::Error::Moment(error) => Problem::fields(vec![FieldError::of_text("/as_of", &error)]),
            query::Error::Series(error) => error.into(),
            query::Error::Insight(error) => error.into(),
            query::Error::Store(error) => error.into(),
            query::Error::NoSuchProject(slug) => {
                Problem::new(Code::NotFound, format!("There is no project {slug:?} here."))
                    .hint("GET /v1/projects lists those that the key sees.")
            }
            query::Error::Cursor(error) => error.into(),
            query::Error::TooSlow => {
                Problem::new(Code::QueryTooSlow, "The query took longer than 30 seconds.")
                    .hint("Narrow the filter, or select less: facets and groups cost most.")
            }
            query::Error::IndexNotReady(fallback) => {
                Problem::new(Code::IndexNotReady, format!("The index does not answer: {fallback}."))
                    .hint("Leave engine out: Postgres answers the same meanwhile.")
            }
            query::Error::VersionNotReached { .. } => Problem::new(Code::VersionNotReached, detail)
                .hint("Send a version that a write has answered, and try again in a moment."),
        }
    }
}
