//! CSV: a column per field and path, and one with the rest of params.

use std::{borrow::Cow, collections::BTreeMap, io};

use filter::{Content, Document, Field, Path};
use serde_json::{Map, Value};

use super::cell::{Cell, Members, harmless};
use crate::{
    http::{Problem, problem::FieldError},
    store::export::{Export, ExportRow},
};

/// Paths in a table of all columns.
const PATHS_MAX: usize = 200;
/// Columns that may be named.
const COLUMNS_MAX: usize = 1_000;

/// What stands in each column.
pub(super) struct Table {
    columns: Vec<Field>,
    /// Which places of params go to which column.
    places: Places,
    /// Whether a last column holds what no other does.
    rest: bool,
    projects: Vec<String>,
}

/// A place inside params: the column of the value itself, and the places inside it.
#[derive(Default)]
struct Places {
    column: Option<usize>,
    inner: BTreeMap<String, Places>,
}

/// The table of an export: the named columns, or all.
pub(super) async fn table(export: &Export, columns: Option<&str>) -> Result<Table, Problem> {
    match columns.map(str::trim).filter(|columns| !columns.eq_ignore_ascii_case("all")) {
        Some(named) => Ok(Table::new(export, self::named(named)?, false)),
        None => {
            let paths = export.widest(PATHS_MAX).await?;
            let fields = built_in().filter(|field| export.is_wide() || *field != Field::Project);
            Ok(Table::new(export, fields.chain(paths.into_iter().map(Field::Params)).collect(), true))
        }
    }
}

fn built_in() -> impl Iterator<Item = Field> {
    Field::built_in().filter(|field| **field != Field::Domain).cloned() // it is part of the e-mail
}

fn named(columns: &str) -> Result<Vec<Field>, Problem> {
    let mut fields = Vec::new();
    let mut wrong = Vec::new();
    for (place, text) in index::list(columns).enumerate() {
        match filter::parse_field(text) {
            Ok(field) => fields.push(field),
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

impl Table {
    fn new(export: &Export, columns: Vec<Field>, rest: bool) -> Table {
        let mut places = Places::default();
        for (column, path) in columns.iter().enumerate().filter_map(|(at, field)| Some((at, field.path()?))) {
            places.add(path, column);
        }
        Table { columns, places, rest, projects: export.projects() }
    }

    /// The header.
    pub(super) fn head(&self) -> csv::Result<Vec<u8>> {
        let mut out = csv::Writer::from_writer(Vec::new());
        let names: Vec<String> = self.columns.iter().map(ToString::to_string).collect();
        let rest = self.rest.then_some("params");
        out.write_record(
            names.iter().map(|name| harmless(name)).chain(rest.map(Cow::Borrowed)).map(to_bytes),
        )?;
        finish(out)
    }

    /// A line per row.
    pub(super) fn rows(&self, rows: &[ExportRow]) -> io::Result<Vec<u8>> {
        let mut out = csv::Writer::from_writer(Vec::with_capacity(rows.len() * 256));
        for row in rows {
            let document = row.document().map_err(io::Error::other)?;
            let mut cells: Vec<Cell<'_>> =
                self.columns.iter().map(|field| self.built_in(row, &document, field)).collect();
            let params = row.params().map_err(io::Error::other)?;
            let rest = self.spread(&self.places, params, &mut cells);
            for cell in &cells {
                out.write_field(cell.shown().as_bytes())?;
            }
            if self.rest {
                let rest = if rest.is_empty() { String::new() } else { Value::Object(rest).to_string() };
                out.write_field(rest)?;
            }
            out.write_record(None::<&[u8]>)?;
        }
        Ok(finish(out)?)
    }

    /// The cell of a built-in field; those of paths are filled from the text of the params.
    fn built_in<'a>(&'a self, row: &ExportRow, document: &Document<'a>, field: &Field) -> Cell<'a> {
        match field.read(document) {
            Some(Content::Text(text)) => Cell::Text(Cow::Borrowed(text)),
            Some(Content::Time(time)) => Cell::Text(Cow::Owned(time.to_string())),
            Some(Content::Project(_)) => {
                let slug = self.projects.get(row.project()).map(String::as_str).unwrap_or_default();
                Cell::Text(Cow::Borrowed(slug))
            }
            Some(Content::Json(_)) | None => Cell::Empty,
        }
    }

    /// Puts an object's values into their cells; what has none is returned, if the table has a place for it.
    fn spread<'a>(&self, places: &Places, json: &'a str, cells: &mut [Cell<'a>]) -> Map<String, Value> {
        let mut rest = Map::new();
        for (key, value) in Members::of(json).0 {
            let place = places.inner.get(key.as_ref());
            let object = value.get().starts_with('{') && value.get() != "{}";
            if let Some(column) = place.and_then(|place| place.column).filter(|_| !(object && self.rest)) {
                cells[column] = Cell::of(value);
            } else if !object && self.rest {
                rest.extend(serde_json::from_str(value.get()).ok().map(|value| (key.into_owned(), value)));
                continue;
            }
            if object {
                let empty = Places::default();
                let inner = self.spread(place.unwrap_or(&empty), value.get(), cells);
                if !inner.is_empty() {
                    rest.insert(key.into_owned(), Value::Object(inner));
                }
            }
        }
        rest
    }
}

impl Places {
    fn add(&mut self, path: &Path, column: usize) {
        let mut place = self;
        for key in path.keys() {
            place = place.inner.entry(key.clone()).or_default();
        }
        place.column = Some(column);
    }
}

fn to_bytes(text: Cow<'_, str>) -> Vec<u8> {
    text.into_owned().into_bytes()
}

fn finish(out: csv::Writer<Vec<u8>>) -> csv::Result<Vec<u8>> {
    out.into_inner().map_err(|error| error.into_error().into())
}
