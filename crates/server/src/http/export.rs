//! Exports on the wire: a filter's rows as CSV or NDJSON, streamed. API and pages answer with the same function.

use axum::{
    body::{Body, Bytes},
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};
use filter::Field;
use futures_util::{StreamExt, TryStreamExt};
use index::Question;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

use super::{App, Problem, problem::FieldError};
use crate::{
    export::{self, Column, Line, Table},
    store::{
        self, Rows, View,
        export::{Export, ExportRow},
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
    pub filter: Option<String>,
    /// Only this project, by its slug. A project's key sees its own in any case.
    pub project: Option<String>,
    /// Across all test projects instead of all others.
    pub test: Option<bool>,
    /// csv (which it is when left out) or ndjson.
    pub format: Option<Format>,
    /// The columns of a CSV: fields and paths separated by commas. `all`, or left out: the fields, the 200 widest paths, and
    /// one column of JSON with the rest of params.
    pub columns: Option<String>,
}

/// The form of an export.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// A table with a header.
    #[default]
    Csv,
    /// A JSON object a line, with params exactly as they are stored.
    Ndjson,
}

/// Turns rows into bytes.
struct Writer {
    /// The table; without one the lines are NDJSON.
    table: Option<Table>,
    projects: Vec<String>,
}

impl Writer {
    fn head(&self) -> Result<Vec<u8>, Problem> {
        let head = self.table.as_ref().map(Table::head).transpose();
        Ok(head.map_err(|error| Problem::internal(&error))?.unwrap_or_default())
    }

    fn rows(&self, rows: &[ExportRow]) -> std::io::Result<Vec<u8>> {
        let lines: Result<Vec<Line<'_>>, _> = rows.iter().map(|row| Line::of(row, &self.projects)).collect();
        let lines = lines.map_err(std::io::Error::other)?.into_iter();
        match &self.table {
            Some(table) => table.rows(lines),
            None => export::lines(lines),
        }
    }
}

/// Begins an export. What is wrong is told now; a fault on the way cuts the answer off, so that it cannot be taken for
/// a whole one.
pub async fn respond(app: &App, view: &View, ask: ExportIn) -> Result<Response, Problem> {
    let rows = rows(&ask)?;
    let format = ask.format.unwrap_or_default();
    let export =
        store::export::open(&app.store, view, ask.filter.as_deref().unwrap_or_default(), &rows).await?;
    let table = match format {
        Format::Csv => Some(table(&export, ask.columns.as_deref()).await?),
        Format::Ndjson => None,
    };
    let warnings = match named_fields(ask.columns.as_deref()) {
        columns if columns.is_empty() => None,
        columns => {
            let question = Question { select: Vec::new(), ..Question::default() };
            let query = Query { rows, columns, question, ..Query::default() };
            Some(app.query(view, &query).await?.warnings).filter(|warnings| !warnings.is_empty())
        }
    };
    let writer = Writer { table, projects: export.projects() };
    let head = futures_util::stream::iter([Ok(Bytes::from(writer.head()?))]);
    let body =
        export.pages().map_err(std::io::Error::other).map(move |page| writer.rows(&page?).map(Bytes::from));
    let (kind, name) = match format {
        Format::Csv => ("text/csv; charset=utf-8", "attachment; filename=\"customers.csv\""),
        Format::Ndjson => ("application/x-ndjson", "attachment; filename=\"customers.ndjson\""),
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static(name)),
    ];
    let mut answer = (headers, Body::from_stream(head.chain(body))).into_response();
    answer.headers_mut().extend(warnings.map(|warnings| (WARNINGS, in_ascii(&warnings))));
    Ok(answer)
}

/// What may have been meant otherwise, as a header: a JSON array in ASCII.
const WARNINGS: HeaderName = HeaderName::from_static("tinycrm-warnings");

fn in_ascii(warnings: &[Warning]) -> HeaderValue {
    let warning = |warning: &Warning| {
        let span = json!({ "start": warning.span.start, "end": warning.span.end });
        json!({ "code": warning.code.as_str(), "in": warning.subject.as_str(), "text": warning.text, "span": span,
                "detail": warning.detail, "fix": warning.fix })
    };
    let json = Value::from_iter(warnings.iter().map(warning)).to_string();
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

/// The columns that were named, but for those that are no fields.
fn named_fields(columns: Option<&str>) -> Vec<Field> {
    let columns = columns.filter(|columns| !columns.trim().eq_ignore_ascii_case("all"));
    let texts = columns.into_iter().flat_map(index::list);
    texts.filter_map(|text| filter::parse_field(text).ok()).take(WARNED_MAX).collect()
}

/// The table of an export: the named columns, or all.
async fn table(export: &Export, columns: Option<&str>) -> Result<Table, Problem> {
    match columns.map(str::trim).filter(|columns| !columns.eq_ignore_ascii_case("all")) {
        Some(columns) => Ok(Table::new(named(columns)?)),
        None => {
            let paths =
                export.widest(PATHS_MAX).await?.into_iter().map(|path| Column::Field(Field::Params(path)));
            Ok(Table::new(Column::built_in(export.is_wide()).chain(paths).chain([Column::Rest]).collect()))
        }
    }
}

fn named(columns: &str) -> Result<Vec<Column>, Problem> {
    let mut fields = Vec::new();
    let mut wrong = Vec::new();
    for (place, text) in index::list(columns).enumerate() {
        match filter::parse_field(text) {
            Ok(field) => fields.push(Column::Field(field)),
            Err(error) => {
                let hint = error.hint.map(|hint| format!("; {hint}")).unwrap_or_default();
                let detail = format!("{}{hint}", error.message);
                wrong.push(FieldError { pointer: format!("/columns/{place}"), detail });
            }
        }
    }
    if wrong.is_empty() && (fields.is_empty() || fields.len() > COLUMNS_MAX) {
        let detail = format!("name 1 to {COLUMNS_MAX} columns, or all");
        wrong.push(FieldError { pointer: "/columns".to_owned(), detail });
    }
    if wrong.is_empty() { Ok(fields) } else { Err(Problem::fields(wrong)) }
}

fn rows(ask: &ExportIn) -> Result<Rows, Problem> {
    let wrong = |pointer: &str, detail: &str| {
        Err(Problem::fields(vec![FieldError { pointer: pointer.to_owned(), detail: detail.to_owned() }]))
    };
    if ask.format == Some(Format::Ndjson) && ask.columns.is_some() {
        return wrong("/columns", "NDJSON has no columns: each line holds everything; leave them out");
    }
    match (&ask.project, ask.test) {
        (Some(_), Some(true)) => wrong("/test", "a project is named already; leave one of the two out"),
        (Some(slug), _) => Ok(Rows::Project(slug.clone())),
        (None, Some(true)) => Ok(Rows::Test),
        (None, _) => Ok(Rows::Live),
    }
}
