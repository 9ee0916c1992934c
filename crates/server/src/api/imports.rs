//! `/v1/imports`: a file of customers, imported; how that stands; and the rows that were not taken.

#![allow(unused_qualifications, reason = "utoipa names the parameters' type by a path")]

use std::{str::FromStr, time::Duration};

use axum::{
    Json,
    body::{Body, Bytes},
    extract::{Request, State},
    http::{Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::upload;
use crate::{
    http::{
        App, Code, Problem,
        auth::{AnyKey, ProjectKey, Reader, Secret, archived},
        extract::Path,
        fields::{QueryString, Reading},
        problem::FieldError,
    },
    import::{Fault, Job, NAME_MAX, Options, Rejects, Report, Spooled, renamed, translated, typed},
    model::{ImportId, KeyKind, Project},
    store::{
        AccountId, Error, View,
        import::{self as stored, Import},
        project,
    },
};

/// How long an answer is held back for an import that may end soon.
const WAIT: u64 = 20;
/// The longest that a caller may ask it to be held back.
const WAIT_MAX: u64 = 60;
/// What rejected rows of a table are sent as.
pub(crate) const CSV: &str = "text/csv; charset=utf-8";
/// Rejected rows that are read at a time.
const PAGE: i64 = 1_000;

/// How a file is read: the flags of `tinycrm import` under the same names.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct ImportIn {
    /// The file's name, which hints at what it is: at most 255 characters.
    #[param(max_length = 255, example = "users.csv")]
    name: Option<String>,
    /// Read the file and say what would be done; write nothing.
    dry_run: Option<bool>,
    /// Seconds to wait for the end before answering, at most 60; 20 when left out.
    wait: Option<u64>,
    /// csv, ndjson, json or xlsx; found by looking when left out.
    format: Option<String>,
    /// What stands between the cells of a CSV: a character, or tab.
    delimiter: Option<String>,
    /// How its bytes are characters, e.g. windows-1252.
    encoding: Option<String>,
    /// The sheet of an Excel file; the first that has rows when left out.
    sheet: Option<String>,
    /// `COLUMN=TYPE`, may be repeated: string, number, boolean, json, list, money, percent, unix, date:FORMAT.
    #[serde(rename = "type")]
    types: Option<Vec<String>>,
    /// `COLUMN=NAME`, may be repeated: makes a column a field, or a param of another name; an empty name leaves it out.
    map: Option<Vec<String>>,
    /// `THEIRS=OURS`, may be repeated: the file's statuses as free, trial, paid and churned.
    status_map: Option<Vec<String>>,
    /// Set params only where they are missing.
    only_missing: Option<bool>,
    /// Mark the customers as seen at the dates of their rows.
    seen: Option<bool>,
    /// Leave out the rows before this line of the file.
    resume_from: Option<u64>,
}

/// The latest runs, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportsOut {
    imports: Vec<Report>,
}

/// Imports a file into the key's project: CSV, NDJSON, JSON or XLSX, as it is, perhaps compressed. Each row is one identify
/// call, but for what an import does not do: it marks nobody as seen, and dates what rows tell of the past.
///
/// The same file sent again with the same parameters goes on where an import of it was cut off; each row is written once.
#[utoipa::path(post, path = "/v1/imports", tag = "imports", security(("key" = [])), params(ImportIn),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "The file"),
    responses((status = 200, body = Report, description = "It has ended, or was a dry run"),
        (status = 202, body = Report, description = "It goes on: Location says where to ask")),
    extensions(("x-problems" = json!(["invalid_file", "unsupported_media_type", "conflict", "no_room", "outcome_unknown"]))))]
pub async fn create_import(
    State(app): State<App>,
    Secret(key): Secret,
    address: QueryString,
    request: Request,
) -> Result<Response, Problem> {
    let project = project(&app, key).await?;
    let ask = Ask::read(address)?;
    let spooled = upload::take(&app.imports, key.account, request).await?;
    let job = job(spooled, &ask, &project).await?;
    if ask.dry_run {
        let report = app.imports.dry_run(key.account, &project, &ask.name, job).await?;
        return Ok(Json(report).into_response());
    }
    let import = app.imports.begin(key.account, &project, &ask.name, job).await?;
    app.imports.wait(import.id, ask.wait).await;
    answer(&app, key.account, &import, &project).await
}

/// Lists the latest imports that the key sees, newest first.
#[utoipa::path(get, path = "/v1/imports", tag = "imports", security(("key" = [])),
    responses((status = 200, body = ImportsOut, description = "Those that the key sees")))]
pub async fn list_imports(State(app): State<App>, reader: Reader) -> Result<Json<ImportsOut>, Problem> {
    let projects = project::list(&app.store, reader.account).await?;
    let imports = stored::list(&app.store, &reader.view()).await?;
    let report = |import: Import| {
        let project = projects.iter().find(|project| project.id == import.project)?;
        Some(app.imports.summary(&import, project))
    };
    Ok(Json(ImportsOut { imports: imports.into_iter().filter_map(report).collect() }))
}

/// Says how an import stands.
#[utoipa::path(get, path = "/v1/imports/{id}", tag = "imports", security(("key" = [])), params(("id" = ImportId, Path, description = "The import's id")),
    responses((status = 200, body = Report, description = "The import")),
    extensions(("x-problems" = json!(["outcome_unknown"]))))]
pub async fn show_import(
    State(app): State<App>,
    AnyKey(key): AnyKey,
    reader: Reader,
    method: Method,
    Path(id): Path<ImportId>,
) -> Result<Json<Report>, Problem> {
    let import = stored::find(&app.store, &reader.view(), id).await?;
    let project = project::by_id(&app.store, reader.account, import.project).await?;
    // A HEAD hears nothing of it.
    if key.kind == KeyKind::Secret && method == Method::GET {
        app.imports.tell(reader.account, &import).await?;
    }
    Ok(Json(app.imports.report(reader.account, &import, &project).await?))
}

/// The rows of an import that were not taken, as they stood in the file, each with its reason in a first column: mended, the
/// answer can be imported as it is. Kept for 30 days.
#[utoipa::path(get, path = "/v1/imports/{id}/rejected", tag = "imports", security(("key" = [])), params(("id" = ImportId, Path, description = "The import's id")),
    responses((status = 200, content((String = "text/csv"), (String = "application/x-ndjson")), description = "The rows")))]
pub async fn list_rejected(
    State(app): State<App>,
    reader: Reader,
    Path(id): Path<ImportId>,
) -> Result<Response, Problem> {
    let import = stored::find(&app.store, &reader.view(), id).await?;
    file_of_rejected(app, reader.account, import)
}

/// The rejected rows of an import as a file of its kind.
pub(crate) fn file_of_rejected(app: App, account: AccountId, import: Import) -> Result<Response, Problem> {
    let rejects: Rejects =
        serde_json::from_value(import.rejects).map_err(|error| Problem::internal(&error))?;
    let kind = match rejects {
        Rejects::Table { .. } => CSV,
        Rejects::Objects => "application/x-ndjson",
    };
    let body = Body::from_stream(rejected(app, (account, import.id), rejects));
    Ok(([(header::CONTENT_TYPE, kind)], body).into_response())
}

/// What is asked for.
struct Ask {
    name: String,
    dry_run: bool,
    wait: Duration,
    options: Options,
}

impl Ask {
    fn read(address: QueryString) -> Result<Ask, Problem> {
        let asked: ImportIn = address.read(|name| match name {
            "dry_run" | "only_missing" | "seen" => Reading::Flag,
            "wait" | "resume_from" => Reading::Number,
            "type" | "map" => Reading::Each,
            "status_map" => Reading::List,
            _ => Reading::Text,
        })?;
        let mut wrong = Vec::new();
        let options = Options {
            format: one(&mut wrong, "format", asked.format),
            delimiter: one(&mut wrong, "delimiter", asked.delimiter),
            encoding: one(&mut wrong, "encoding", asked.encoding),
            types: pairs(&mut wrong, "type", asked.types, typed),
            map: pairs(&mut wrong, "map", asked.map, renamed),
            status_map: pairs(&mut wrong, "status_map", asked.status_map, translated),
            only_missing: asked.only_missing.unwrap_or_default(),
            sheet: asked.sheet,
            seen: asked.seen.unwrap_or_default(),
            resume_from: asked.resume_from,
        };
        let wait = asked.wait.unwrap_or(WAIT);
        if wait > WAIT_MAX {
            let detail =
                format!("an answer is held back for at most {WAIT_MAX} seconds; ask again at its Location");
            wrong.push(FieldError::new("/wait", detail));
        }
        let name = asked.name.map_or_else(|| "file".to_owned(), |name| name.replace('\0', ""));
        if name.chars().nth(NAME_MAX).is_some() {
            wrong.push(FieldError::new(
                "/name",
                format!("the name of a file has at most {NAME_MAX} characters"),
            ));
        }
        if !wrong.is_empty() {
            return Err(Problem::fields(wrong));
        }
        Ok(Ask { name, dry_run: asked.dry_run.unwrap_or_default(), wait: Duration::from_secs(wait), options })
    }
}

fn one<T: FromStr<Err = String>>(wrong: &mut Vec<FieldError>, name: &str, text: Option<String>) -> Option<T> {
    text.and_then(|text| match text.parse() {
        Ok(value) => Some(value),
        Err(detail) => {
            wrong.push(FieldError::new(format!("/{name}"), detail));
            None
        }
    })
}

fn pairs<T>(
    wrong: &mut Vec<FieldError>,
    name: &str,
    texts: Option<Vec<String>>,
    read: fn(&str) -> Result<T, String>,
) -> Vec<T> {
    let mut all = Vec::new();
    for (place, text) in texts.into_iter().flatten().enumerate() {
        match read(&text) {
            Ok(pair) => all.push(pair),
            Err(detail) => wrong.push(FieldError::new(format!("/{name}/{place}"), detail)),
        }
    }
    all
}

async fn project(app: &App, key: ProjectKey) -> Result<Project, Problem> {
    if key.archived {
        return Err(archived());
    }
    Ok(project::by_id(&app.store, key.account, key.project).await?)
}

/// Looks at the file.
async fn job(spooled: Spooled, ask: &Ask, project: &Project) -> Result<Job, Problem> {
    let (name, slug, options) = (ask.name.clone(), project.slug.clone(), ask.options.clone());
    Ok(looking(move || Job::of(spooled, &name, &slug, &options)).await??)
}

/// Does what reads a whole file, which for a large one takes seconds, where nobody waits for it.
pub(crate) async fn looking<T: Send + 'static>(
    read: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Fault> {
    tokio::task::spawn_blocking(read).await.map_err(|panic| {
        tracing::error!(%panic, "the reader of a file gave up");
        Fault::new("The file cannot be read: it says things of itself that cannot be.")
            .hint("Save it anew, or as CSV.")
    })
}

/// The report of an import: 200 when it has ended, else 202 and where to ask.
async fn answer(
    app: &App,
    account: AccountId,
    begun: &Import,
    project: &Project,
) -> Result<Response, Problem> {
    let id = begun.id;
    let told = async {
        let import = stored::find(&app.store, &View { account, project: Some(project.id) }, id).await?;
        app.imports.tell(account, &import).await?;
        Ok((import.finished_at.is_some(), app.imports.report(account, &import, project).await?))
    };
    // It goes on, whether or not anybody can be told.
    let (ended, report) = told.await.map_err(Error::midway)?;
    let report = Json(Report { went_on_after: begun.goes_on_after(), ..report });
    Ok(match ended {
        true => report.into_response(),
        false => {
            (StatusCode::ACCEPTED, [(header::LOCATION, format!("/v1/imports/{id}"))], report).into_response()
        }
    })
}

/// The rejected rows of an import as a file, page by page.
fn rejected(
    app: App,
    (account, id): (AccountId, ImportId),
    rejects: Rejects,
) -> impl Stream<Item = Result<Bytes, Error>> + Send {
    let head = stream::iter([Ok(Bytes::from(rejects.head()))]);
    let pages = stream::try_unfold((app, rejects, 0), move |(app, rejects, after)| async move {
        let rows = stored::rejected(&app.store, account, id, after, PAGE).await?;
        let Some(last) = rows.last() else { return Ok(None) };
        let last = last.record;
        let page: Vec<u8> = rows.iter().flat_map(|row| rejects.line(row)).collect();
        Ok(Some((Bytes::from(page), (app, rejects, last))))
    });
    head.chain(pages.into_stream())
}

impl From<Fault> for Problem {
    fn from(Fault { detail, hint }: Fault) -> Problem {
        Problem { hint, ..Problem::new(Code::InvalidFile, detail) }
    }
}
