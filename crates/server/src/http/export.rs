//! Exports on the wire: a filter's rows as CSV or NDJSON, streamed. API and pages answer with the same function.

use std::io;

use axum::{
    body::{Body, Bytes},
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};
use filter::Field;
use futures_util::{StreamExt, TryStreamExt, stream::iter};
use index::{Part, Question};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

use super::{App, Problem, fields, problem::FieldError};
use crate::{
    export::{self, Column, Line, Table},
    store::{
        self, View,
        export::{Export, ExportRow, Frame},
        query::{Query, Warning},
    },
};

/// Paths in a table of all columns.
const PATHS_MAX: usize = 200;
/// Columns that are looked at for names that nobody has.
const WARNED_MAX: usize = 50;
/// Columns that may be named.
const COLUMNS_MAX: usize = 1_000;

/// What is exported, and how.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExportIn {
    /// A sentence of the filter language; left out, everybody is exported.
    #[param(format = "filter", example = "params.plan = \"pro\"")]
    pub filter: Option<String>,
    /// Only this project, by its slug. A project's key sees its own in any case.
    pub project: Option<String>,
    /// Across all test projects instead of all others.
    pub test: Option<bool>,
    /// csv (which it is when left out) or ndjson.
    pub format: Option<Format>,
    /// The columns of a CSV: fields and paths separated by commas; `params` is what has no column. `all`, or left out: the fields, the 200 widest paths, and
    /// one column of JSON with the rest of params.
    #[param(format = "columns", example = "email,params.plan")]
    pub columns: Option<String>,
    /// The order, as a query takes it: a field or path, `-` in front sorts downwards. Left out: `-last_activity`. The rows of a
    /// customer in several projects stand together, where the first of them does.
    #[param(format = "sort", example = "-params.mrr")]
    pub sort: Option<String>,
    /// The moment that everything is asked of: `2026-03-01` (the end of that day), `30 days ago`, `2026-03-01T09:00Z`. Left
    /// out: now. Each line says of which moment it is (`tinycrm_as_of`, the first column or member), and no import takes it.
    #[param(format = "moment", example = "2026-03-01")]
    pub as_of: Option<String>,
    /// Goes on after this cursor, in a new snapshot and without a header: the last one that has arrived.
    #[param(format = "cursor")]
    pub after: Option<String>,
    /// Tells cursors: every hundredth line has one (`cursor`, the last column or member), and a last line that holds nothing
    /// else has the cursor `end`.
    pub cursors: Option<bool>,
    /// Begins a CSV with a byte order mark, by which spreadsheets know UTF-8.
    pub bom: Option<bool>,
}

/// The form of an export.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = ExportFormat)]
pub enum Format {
    /// A table with a header.
    #[default]
    Csv,
    /// A JSON object a line, with params exactly as they are stored.
    Ndjson,
}

/// Lines that are told apart by cursors: one of so many has one.
const BETWEEN: u64 = 100;
/// What tells a spreadsheet that the text is UTF-8.
const BOM: &str = "\u{feff}";
/// The response header with the account's version that the whole answer is of.
pub const VERSION: HeaderName = HeaderName::from_static("tinycrm-version");
/// The one with the moment of the past that all of it is of.
pub const AS_OF: HeaderName = HeaderName::from_static("tinycrm-as-of");

/// Turns rows into bytes.
struct Writer {
    /// The table; without one the lines are NDJSON.
    table: Option<Table>,
    frame: Frame,
    projects: Vec<String>,
    cursors: bool,
    as_of: Option<Timestamp>,
    /// Lines so far.
    count: u64,
}

impl Writer {
    /// What comes before the lines: nothing, where they go on with a file.
    fn head(&self, ask: &ExportIn) -> Result<Vec<u8>, Problem> {
        let Some(table) = self.table.as_ref().filter(|_| ask.after.is_none()) else { return Ok(Vec::new()) };
        let head = table.head().map_err(|error| Problem::internal(&error))?;
        let bom = if ask.bom == Some(true) { BOM } else { "" };
        Ok([bom.as_bytes(), &head].concat())
    }

    fn rows(&mut self, rows: &[ExportRow]) -> io::Result<Vec<u8>> {
        let cursors: Vec<Option<String>> = rows.iter().map(|row| self.cursor(row)).collect();
        let lines: Result<Vec<_>, _> =
            rows.iter().map(|row| Line::of(row, &self.frame, &self.projects)).collect();
        let lines = lines.map_err(io::Error::other)?.into_iter().zip(cursors.iter().map(Option::as_deref));
        match &self.table {
            Some(table) => Ok(table.rows(lines)),
            None => export::lines(lines, self.as_of),
        }
    }

    fn cursor(&mut self, row: &ExportRow) -> Option<String> {
        self.count += 1;
        (self.cursors && self.count.is_multiple_of(BETWEEN)).then(|| self.frame.cursor(row))
    }

    /// What comes after the lines.
    fn end(&self) -> io::Result<Vec<u8>> {
        match &self.table {
            Some(table) => Ok(table.end()?),
            None if self.cursors => Ok(export::end()),
            None => Ok(Vec::new()),
        }
    }
}

/// Begins an export. What is wrong is told now; a fault on the way cuts the answer off, so that it cannot be taken for
/// a whole one.
pub async fn respond(app: &App, view: &View, ask: ExportIn) -> Result<Response, Problem> {
    let query = query(&ask)?;
    fields::seen(app, view, &query.rows).await?;
    let mut export = store::export::open(&app.store, view, &query).await?;
    let format = ask.format.unwrap_or_default();
    let cursors = ask.cursors == Some(true);
    let table = match format {
        Format::Csv => Some(table(&mut export, ask.columns.as_deref(), cursors).await?),
        Format::Ndjson => None,
    };
    let warnings = warnings(app, view, &query, &ask).await?;
    let headers = headers(format, &export);
    let (frame, as_of) = (export.frame(), export.as_of());
    let table = table.map(|table| table.with_as_of(as_of));
    let members = table.as_ref().and_then(Table::members);
    let mut writer = Writer { table, projects: frame.projects(), frame, cursors, as_of, count: 0 };
    let head = writer.head(&ask)?;
    let pages = export.pages(cursors, members).map_ok(Some).map_err(io::Error::other).chain(iter([Ok(None)]));
    let body = pages.map(move |page| match page? {
        Some(rows) => writer.rows(&rows),
        None => writer.end(),
    });
    let body = iter([Ok(head)]).chain(body).map_ok(Bytes::from);
    let mut answer = Body::from_stream(body).into_response();
    answer.headers_mut().extend(headers);
    answer.headers_mut().extend(warnings.map(|warnings| (WARNINGS, in_ascii(&warnings))));
    Ok(answer)
}

/// What the answer is, of which version, and of which moment where that is past.
fn headers(format: Format, export: &Export) -> impl Iterator<Item = (HeaderName, HeaderValue)> + use<> {
    let (kind, extension) = match format {
        Format::Csv => ("text/csv; charset=utf-8", "csv"),
        Format::Ndjson => ("application/x-ndjson", "ndjson"),
    };
    let day = export.day().map_or_else(String::new, |day| format!("-as-of-{day}"));
    let name = format!("attachment; filename=\"customers{day}.{extension}\"");
    let name = HeaderValue::try_from(name).unwrap_or(HeaderValue::from_static("attachment"));
    let as_of = export.as_of().and_then(|moment| HeaderValue::try_from(moment.to_string()).ok());
    let fixed = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_DISPOSITION, name),
        (VERSION, HeaderValue::from(export.version())),
    ];
    fixed.into_iter().chain(as_of.map(|moment| (AS_OF, moment)))
}

/// What may have been meant otherwise, as a header: a JSON array in ASCII.
const WARNINGS: HeaderName = HeaderName::from_static("tinycrm-warnings");

/// The most bytes of them.
const WARNINGS_MAX: usize = 2 << 10;

fn in_ascii(warnings: &[Warning]) -> HeaderValue {
    let warning = |warning: &Warning| {
        let span = json!({ "start": warning.span.start, "end": warning.span.end });
        json!({ "code": warning.code.as_str(), "in": warning.subject.as_str(), "text": warning.text, "span": span,
                "detail": warning.detail, "fix": warning.fix })
    };
    // Proxies pass headers of a few KiB.
    let mut room = WARNINGS_MAX;
    let fits = |warning: &Value| {
        room =
            room.saturating_sub(warning.to_string().chars().map(|c| if c.is_ascii() { 1 } else { 6 }).sum());
        room > 0
    };
    let json = Value::from_iter(warnings.iter().map(warning).take_while(fits)).to_string();
    let mut ascii = String::with_capacity(json.len());
    for unit in json.encode_utf16() {
        match u8::try_from(unit).ok().filter(u8::is_ascii_graphic) {
            Some(byte) => ascii.push(char::from(byte)),
            None if unit == u16::from(b' ') => ascii.push(' '),
            None => ascii.push_str(&format!("\\u{unit:04x}")),
        }
    }
    HeaderValue::try_from(ascii).unwrap_or(HeaderValue::from_static("[]"))
}

/// What may have been meant otherwise by the columns and the order, as a query tells it. What goes on after a cut has been
/// told.
async fn warnings(
    app: &App,
    view: &View,
    query: &Query,
    ask: &ExportIn,
) -> Result<Option<Vec<Warning>>, Problem> {
    let columns = named_fields(ask.columns.as_deref());
    let sort = query.question.sort.clone();
    let is_sorted = sort.field.path().is_some();
    if ask.after.is_some() || columns.is_empty() && !is_sorted {
        return Ok(None);
    }
    // The first customer in order tells whether anybody has what they are sorted by.
    let select = if is_sorted { vec![Part::Customers] } else { Vec::new() };
    let question = Question { select, sort, limit: 1, ..Question::default() };
    let (rows, as_of) = (query.rows.clone(), query.as_of.clone());
    let query = Query { rows, columns, question, as_of, ..Query::default() };
    Ok(Some(app.query(view, &query).await?.warnings).filter(|warnings| !warnings.is_empty()))
}

/// The columns that were named, but for those that are no fields.
fn named_fields(columns: Option<&str>) -> Vec<Field> {
    let columns = columns.filter(|columns| !columns.trim().eq_ignore_ascii_case("all"));
    let texts = columns.into_iter().flat_map(index::list);
    texts.filter_map(|text| filter::parse_field(text).ok()).take(WARNED_MAX).collect()
}

/// The table of an export: the named columns, or all.
async fn table(export: &mut Export, columns: Option<&str>, cursors: bool) -> Result<Table, Problem> {
    let columns = match columns.map(str::trim).filter(|columns| !columns.eq_ignore_ascii_case("all")) {
        Some(columns) => named(columns)?,
        None => {
            let paths = export.widest(PATHS_MAX).await?.into_iter().map(Field::Params).map(Column::Field);
            Column::built_in(export.is_wide()).chain(paths).chain([Column::Rest]).collect()
        }
    };
    Ok(Table::new(columns).with_cursors(cursors))
}

fn named(columns: &str) -> Result<Vec<Column>, Problem> {
    let mut named = Vec::new();
    let mut wrong = Vec::new();
    for (place, text) in index::list(columns).enumerate() {
        match Column::read(text) {
            Ok(column) => named.push(column),
            Err(error) => wrong.push(FieldError::of_text(format!("/columns/{place}"), &error)),
        }
    }
    if wrong.is_empty() && (named.is_empty() || named.len() > COLUMNS_MAX) {
        let detail = format!("name 1 to {COLUMNS_MAX} columns, or all");
        wrong.push(FieldError::new("/columns", detail));
    }
    if wrong.is_empty() { Ok(named) } else { Err(Problem::fields(wrong)) }
}

/// What the store is asked: the rows, their order, and where they begin. Everything that is wrong is told at once.
fn query(ask: &ExportIn) -> Result<Query, Problem> {
    let mut wrong = Vec::new();
    let mut told = |pointer: &str, detail: &str| wrong.push(FieldError::new(pointer, detail));
    if ask.format == Some(Format::Ndjson) && ask.columns.is_some() {
        told("/columns", "NDJSON has no columns: each line holds everything; leave them out");
    }
    if ask.format == Some(Format::Ndjson) && ask.bom.is_some() {
        told("/bom", "only a CSV for a spreadsheet has a BOM; leave it out");
    }
    let rows = fields::rows(ask.project.clone(), ask.test).map_err(|error| wrong.push(error)).ok();
    let sort = ask.sort.as_deref().map(str::parse).transpose();
    let sort = sort.map_err(|error| wrong.push(FieldError::of_text("/sort", &error))).ok().flatten();
    let Some(rows) = rows.filter(|_| wrong.is_empty()) else { return Err(Problem::fields(wrong)) };
    let question = Question { sort: sort.unwrap_or_default(), ..Question::default() };
    let (filter, cursor) = (ask.filter.clone().unwrap_or_default(), ask.after.clone());
    let as_of = ask.as_of.clone();
    Ok(Query { filter, rows, question, as_of, cursor, ..Query::default() })
}
