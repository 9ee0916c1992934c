//! `/v1/segments`: filters with a name.

use axum::{Json, extract::State, http::StatusCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    http::{
        App, Code, Problem,
        auth::{Reader, Secret},
        body,
        extract::Path,
        fields,
        problem::FieldError,
    },
    model::{Slug, now},
    store::segment::{self, Draft, Segment},
};

/// The longest name of a segment, in characters.
const NAME_MAX: usize = 200;

/// A segment's body, which has room for the longest filter and what stands beside it.
type SegmentBody = body::Json<{ 256 << 10 }>;

/// What a segment is to be.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SegmentIn {
    /// Its name, as `in segment "power users"` says it.
    #[schema(
        required,
        nullable = false,
        min_length = 1,
        max_length = 200,
        format = "name",
        example = "power users"
    )]
    name: Option<String>,
    /// A sentence of the filter language.
    #[schema(required, nullable = false, format = "filter", example = "params.mrr >= 29")]
    filter: Option<String>,
    /// Its name in addresses; made from the name when left out. It stays as it was made.
    #[schema(pattern = "^[a-z]([a-z0-9-]{0,62}[a-z0-9])?$")]
    slug: Option<String>,
}

/// What a segment is to become: its slug stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "a schema: SegmentIn is read, and says what to do about a slug")]
struct SegmentChangeIn {
    /// Its name.
    #[schema(min_length = 1, max_length = 200, format = "name")]
    name: String,
    /// A sentence of the filter language.
    #[schema(format = "filter")]
    filter: String,
}

/// A segment.
#[derive(Debug, Serialize, ToSchema)]
pub struct SegmentOut {
    slug: String,
    name: String,
    /// The filter in its strict form.
    filter: String,
    /// The slug of the project that it speaks of; null for the whole account's.
    project: Option<String>,
    /// The filter in English.
    description: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// Segments, by slug.
#[derive(Debug, Serialize, ToSchema)]
pub struct SegmentsOut {
    segments: Vec<SegmentOut>,
}

/// Lists the segments: a project's key sees those of its project, an account key all of them.
#[utoipa::path(get, path = "/v1/segments", tag = "segments", security(("key" = [])),
    responses((status = 200, body = SegmentsOut, description = "Those that the key sees")))]
pub async fn list_segments(State(app): State<App>, reader: Reader) -> Result<Json<SegmentsOut>, Problem> {
    let segments = segment::list(&app.store, &reader.view()).await?;
    Ok(Json(SegmentsOut { segments: segments.into_iter().map(SegmentOut::from).collect() }))
}

/// Shows a segment.
#[utoipa::path(get, path = "/v1/segments/{slug}", tag = "segments", security(("key" = [])),
    params(("slug" = String, Path, description = "The segment's name in addresses", example = "power-users")),
    responses((status = 200, body = SegmentOut, description = "The segment")))]
pub async fn show_segment(
    State(app): State<App>,
    reader: Reader,
    Path(slug): Path<String>,
) -> Result<Json<SegmentOut>, Problem> {
    let segment = segment::find(&app.store, &reader.view(), &known(&slug)?).await?;
    Ok(Json(segment.into()))
}

/// Saves a filter as a segment of the key's project.
#[utoipa::path(post, path = "/v1/segments", tag = "segments", security(("key" = [])),
    request_body(content = SegmentIn, example = json!({ "name": "Power users", "filter": "params.mrr >= 29" })),
    responses((status = 201, body = SegmentOut, description = "It is saved")),
    extensions(("x-problems" = json!(["invalid_filter", "conflict", "outcome_unknown"]))))]
pub async fn create_segment(
    State(app): State<App>,
    secret: Secret,
    body: SegmentBody,
) -> Result<(StatusCode, Json<SegmentOut>), Problem> {
    let draft = draft(fields::body(&body.typed()?)?, None)?;
    let segment = segment::create(&app.store, &secret.view(), &draft, now()).await?;
    Ok((StatusCode::CREATED, Json(segment.into())))
}

/// Changes the name and the filter of a segment.
#[utoipa::path(put, path = "/v1/segments/{slug}", tag = "segments", security(("key" = [])),
    params(("slug" = String, Path, description = "The segment's name in addresses", example = "power-users")),
    request_body(content = SegmentChangeIn, example = json!({ "name": "Power users", "filter": "params.mrr >= 29" })),
    responses((status = 200, body = SegmentOut, description = "It is saved")),
    extensions(("x-problems" = json!(["invalid_filter", "conflict", "outcome_unknown"]))))]
pub async fn update_segment(
    State(app): State<App>,
    secret: Secret,
    Path(slug): Path<String>,
    body: SegmentBody,
) -> Result<Json<SegmentOut>, Problem> {
    let draft = draft(fields::body(&body.typed()?)?, Some(known(&slug)?))?;
    let segment = segment::update(&app.store, &secret.view(), &draft, now()).await?;
    Ok(Json(segment.into()))
}

/// Deletes a segment. Filters that name it are errors from then on.
#[utoipa::path(delete, path = "/v1/segments/{slug}", tag = "segments", security(("key" = [])),
    params(("slug" = String, Path, description = "The segment's name in addresses", example = "power-users")),
    responses((status = 204, description = "It is gone")),
    extensions(("x-problems" = json!(["outcome_unknown"]))))]
pub async fn delete_segment(
    State(app): State<App>,
    secret: Secret,
    Path(slug): Path<String>,
) -> Result<StatusCode, Problem> {
    segment::delete(&app.store, &secret.view(), &known(&slug)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The slug that an address names; a text that cannot be one names no segment.
fn known(slug: &str) -> Result<Slug, Problem> {
    slug.parse().map_err(|_| Problem::new(Code::NotFound, "No such segment."))
}

/// Checks the fields; names all that are wrong.
fn draft(segment: SegmentIn, slug: Option<Slug>) -> Result<Draft, Problem> {
    let mut wrong = Vec::new();
    let mut error = |name: &str, detail: String| wrong.push(FieldError::new(fields::pointer(name), detail));
    let name = segment.name.as_deref().map(str::trim).unwrap_or_default();
    let length = name.chars().count();
    if length == 0 || length > NAME_MAX || name.contains(char::is_control) {
        error("name", format!("a segment has a name of 1 to {NAME_MAX} characters, as in \"power users\""));
    }
    if segment.filter.is_none() {
        error("filter", "a segment has a filter, as in \"params.mrr >= 29\"".to_owned());
    }
    let slug = match (slug, &segment.slug) {
        (Some(slug), None) => Some(slug),
        (Some(_), Some(_)) => {
            error("slug", "the slug stays as it was made; leave it out".to_owned());
            None
        }
        (None, Some(text)) => {
            text.parse().map_err(|found: crate::model::SlugError| error("slug", found.to_string())).ok()
        }
        (None, None) => Slug::nearest(name).or_else(|| {
            error("slug", "no slug can be made from that name; choose one, as in \"power-users\"".to_owned());
            None
        }),
    };
    match (slug, segment.filter) {
        (Some(slug), Some(filter)) if wrong.is_empty() => {
            Ok(Draft { slug, name: name.to_owned(), filter, project: None })
        }
        _ => Err(Problem::fields(wrong)),
    }
}

impl From<Segment> for SegmentOut {
    fn from(segment: Segment) -> Self {
        // A segment that was saved reads back; should the language ever lose a word, its text still shows.
        let description =
            filter::parse(&segment.filter).map(|expr| filter::describe(&expr)).unwrap_or_default();
        let Segment { slug, name, filter, project_slug: project, created_at, .. } = segment;
        SegmentOut { slug: slug.to_string(), name, filter, project, description, created_at }
    }
}
