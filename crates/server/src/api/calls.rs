//! The one way in for calls: who sends them, what makes them happen once, and how much of what was stored is told.

use std::time::Duration;

use axum::{
    Json,
    extract::{FromRequest, FromRequestParts, Request},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::time::Instant;
use utoipa::{IntoParams, ToSchema};

use crate::{
    heavy::heavy,
    http::{
        App, Problem,
        auth::Writer,
        body::{self, Held},
        client::ClientAddress,
        idempotency::Idempotency,
        rate::Counted,
    },
    model::{Call, ImportId, Refusal, Source, body::Terms, json as reader, now},
    store::{
        catalogue,
        write::{Once, Outcome, Receipt},
    },
};

/// The largest body of one call, after decompression.
pub(super) const CALL_MAX: usize = 1 << 20;

/// The largest body of a browser: its key is everybody's.
const BROWSER_MAX: usize = 256 << 10;

/// A body that takes milliseconds to read.
const LARGE: usize = 64 << 10;

/// Time must not tell a browser what its calls met: it is answered at the ticks of a clock that strikes after so long, and
/// so much longer for every call, which is more than a call takes.
const BROWSER_WAIT: Duration = Duration::from_millis(50);
const BROWSER_CALL: Duration = Duration::from_millis(1);

/// When the clock that began with so many calls strikes next.
fn tick(begin: Instant, calls: usize) -> Instant {
    let tick = BROWSER_WAIT + BROWSER_CALL * u32::try_from(calls).unwrap_or(u32::MAX);
    let ticks = begin.elapsed().div_duration_f64(tick).ceil().max(1.0);
    begin + tick.mul_f64(ticks)
}

/// A request to store calls, of at most `MAX` bytes.
pub struct Calls<const MAX: usize> {
    /// Who sends them.
    pub writer: Writer,
    bytes: Held,
    once: Option<Once>,
    address: ClientAddress,
    counted: Counted,
}

/// What the sender may know of what was stored.
pub(super) enum Told {
    /// A secret key is told everything.
    All(Receipt),
    /// A browser is told that it was heard.
    Heard,
}

impl<const MAX: usize> FromRequest<App> for Calls<MAX> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let writer = Writer::from_request_parts(&mut parts, app).await?;
        let Ok(address) = ClientAddress::from_request_parts(&mut parts, app).await;
        let counted = Counted::of(&parts);
        let idempotency = Idempotency::from_request_parts(&mut parts, app).await?;
        let max = if matches!(writer, Writer::Browser(_)) { BROWSER_MAX } else { MAX };
        let body = body::Json::<MAX>::read(Request::from_parts(parts, body), app, max).await?;
        let bytes = match writer {
            Writer::Secret(_) => body.typed()?,
            // `navigator.sendBeacon` cannot name the type without asking first.
            Writer::Browser(_) => body.bytes,
        };
        let once = idempotency.once(writer.key().id, &bytes);
        Ok(Calls { writer, bytes, once, address, counted })
    }
}

impl<const MAX: usize> Calls<MAX> {
    /// Reads the body, valid JSON throughout; a large one so that nobody else waits for it.
    pub(super) fn read<T>(&self, read: impl FnOnce(&RawValue) -> Result<T, Problem>) -> Result<T, Problem> {
        let read = || read(reader::raw(&self.bytes)?);
        if self.bytes.len() > LARGE { heavy(read) } else { read() }
    }

    /// What the calls are read against.
    pub(super) fn terms(&self) -> Terms {
        Terms { now: now(), publishable: matches!(self.writer, Writer::Browser(_)), live: true }
    }

    /// Reads the only call of a body.
    pub(super) fn one(
        &self,
        app: &App,
        read: fn(&RawValue, Terms) -> Result<Call, Refusal>,
    ) -> Result<Call, Problem> {
        self.count(app, 1)?;
        self.read(|raw| self.admit(app, read(raw, self.terms())?))
    }

    /// Counts what a browser has sent, also what cannot be read, before any of it uses something up.
    pub(super) fn count(&self, app: &App, calls: usize) -> Result<(), Problem> {
        match self.writer {
            Writer::Secret(_) => Ok(()),
            Writer::Browser(_) => app.rates.of_browser(self.address, calls, &self.counted),
        }
    }

    /// Lets a call pass that was read, unless a browser names more new keys of params than it may.
    pub(super) fn admit(&self, app: &App, call: Call) -> Result<Call, Problem> {
        if let Writer::Browser(key) = self.writer {
            let known = catalogue::known(&app.store, key.account, key.project);
            app.new_paths.admit(key.id, &call, now(), known)?;
        }
        Ok(call)
    }

    /// Hands the calls that were read to the writer, those of an import under its id, and waits until they are committed.
    pub(super) async fn store(
        self,
        app: &App,
        import: Option<ImportId>,
        calls: Vec<Call>,
    ) -> Result<Told, Problem> {
        let key = self.writer.key();
        let source = match (self.writer, import) {
            (Writer::Browser(_), _) => return self.hear(app, calls).await,
            (Writer::Secret(_), Some(run)) => Source::Import(Some(run)),
            (Writer::Secret(_), None) => Source::Secret(key.id),
        };
        Ok(Told::All(app.writer.submit(key.account, key.project, source, calls, self.once).await?))
    }

    /// The same for a browser, which is told at a tick that it was heard.
    async fn hear(self, app: &App, calls: Vec<Call>) -> Result<Told, Problem> {
        let (key, count, begin) = (self.writer.key(), calls.len(), Instant::now());
        let source = Source::Publishable(key.id);
        let stored = app.writer.submit(key.account, key.project, source, calls, self.once).await;
        tokio::time::sleep_until(tick(begin, count)).await;
        stored?;
        Ok(Told::Heard)
    }
}

/// The outcome of the only call.
pub(super) fn only(receipt: Receipt) -> Result<(i64, Outcome), Problem> {
    let outcome = receipt.outcomes.into_iter().next().ok_or_else(Problem::other_receipt)?;
    Ok((receipt.version, outcome))
}

/// All that a browser is told of a call, whatever became of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeardOut {
    ok: bool,
}

/// That a call was heard.
pub(super) fn heard() -> Response {
    (StatusCode::ACCEPTED, Json(HeardOut { ok: true })).into_response()
}

/// The header that makes a request happen once; [`Idempotency`] reads it.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "a schema")]
pub(super) struct IdempotencyIn {
    /// The same key and body have one effect and one answer, for 24 hours: a new UUID for each request does well.
    #[param(
        rename = "Idempotency-Key",
        min_length = 1,
        max_length = 255,
        pattern = r"^[\t -~]*[!-~][\t -~]*$"
    )]
    idempotency_key: Option<String>,
}
